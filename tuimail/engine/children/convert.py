"""Hostile bytes are converted and sniffed in a child process with a clock and a ceiling.

One warm child serves all accounts. It gets a request, and two seconds; then the caller
is told None, for which there is a plain fallback. `converting` is what the child does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuimail.engine.children.child import START_S, Child, command_for
from tuimail.engine.log import Log
from tuimail.model import Part

TIMEOUT_S: Final = 2.0
MAX_SNIFFED_OCTETS: Final = 1 << 20


class Converter:
    """Asks the child. Safe to use from several threads, one at a time."""

    def __init__(
        self, log: Log, *, timeout_s: float = TIMEOUT_S, start_s: float = START_S, command: Sequence[str] | None = None
    ) -> None:
        command = command or command_for("tuimail.engine.children.converting")
        self._child = Child(log, "convert", command, timeout_s=timeout_s, start_s=start_s)

    def warm(self) -> None:
        """Start the child now, without waiting for it: the first HTML will not wait for it either."""
        self._child.warm()

    def readable(self, parts: Sequence[tuple[Part, bytes]], prefer: str, root: Part) -> bytes | None:
        """`ReadableText` as JSON; None when the child failed."""
        return self._child.ask("readable", list(parts), root, prefer)

    def real_type(self, octets: bytes) -> str:
        """What libmagic sees in the first octets; empty when it cannot tell."""
        answer = self._child.ask("type", octets[:MAX_SNIFFED_OCTETS])
        return "" if answer in (None, b"-") else answer.decode("ascii", "replace")

    def close(self) -> None:
        """End the child."""
        self._child.close()

    @property
    def pid(self) -> int:
        """The child's process, 0 while there is none."""
        return self._child.pid
