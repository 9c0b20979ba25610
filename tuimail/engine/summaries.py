"""Headers are summarised beside the fetching and storing of others, in a process of their own.

Understanding headers is a third of the work of a first sync. Another process does it on
another core, which a thread of one Python cannot. It is a bounded child, as that for
HTML; when it fails, the work is done here. `summarising` is the child's side.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from tuimail.engine.child import START_S, Child, command_for
from tuimail.engine.log import Log
from tuimail.engine.summarising import Told, tell, unpacked

TIMEOUT_S: Final = 5.0


class Summaries:
    """The child, for as long as one mailbox is filled."""

    def __init__(self, log: Log, *, command: Sequence[str] | None = None, timeout_s: float = TIMEOUT_S) -> None:
        command = command or command_for("tuimail.engine.summarising")
        self._child = Child(log, "summaries", command, timeout_s=timeout_s, start_s=START_S)

    def begin(self, blocks: Sequence[bytes]) -> Job:
        """Hand header blocks over; returns at once."""
        return Job(self._child, blocks)

    def close(self) -> None:
        """End the child."""
        self._child.close()


class Job:
    """Some header blocks that are being worked on."""

    def __init__(self, child: Child, blocks: Sequence[bytes]) -> None:
        self._child = child
        self._blocks = list(blocks)
        self._answer: bytes | None = None
        self._thread = threading.Thread(target=self._ask, name="summaries", daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._answer = self._child.ask("summaries", self._blocks)
        except OSError:
            self._answer = None  # no process to be had: `result` does the work

    def result(self) -> list[Told]:
        """What the blocks say, in their order; waits for it."""
        self._thread.join()
        found = None if self._answer is None else unpacked(self._answer, len(self._blocks))
        return list(map(tell, self._blocks)) if found is None else found
