"""One session in a process of its own, to be killed or failed at a system call: DIRECTORY HOST PORT [inline].

`inline`: mail is filed by the thread that downloads it, so that the system calls come in
one order and the nth of a kind is the same one every time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from tests.faults.drop_server import DropServer
from tests.faults.runner import Sessions
from tuimail.engine.desk import Desk
from tuimail.engine.pop import session as pop_session
from tuimail.engine.pop.intake import Intake
from tuimail.errors import MailError
from tuimail.model import EnvelopeId
from tuimail.store import Store
from tuimail.store.maildirs.maildir import Arriving


class InlineIntake(Intake):
    """An intake without a thread."""

    def __init__(self, desk: Desk, filed: Callable[[Sequence[EnvelopeId]], None]) -> None:
        self._desk = desk
        self._filed = filed
        self._durable: list[bytes] = []
        self._store = Store.open(desk.paths)

    def submit(self, batch: list[Arriving], meanwhile: Callable[[], None]) -> None:
        """At once."""
        self._take(self._store.local.delivery(self._desk.name), batch)

    def settled(self, meanwhile: Callable[[], None]) -> list[bytes]:
        """All of it, or `submit` raised."""
        return self._durable

    def close(self) -> None:
        """Nothing waits."""
        self._store.close()


def main() -> int:
    """0 after a session that went well, 1 after one that failed as it should."""
    directory, host, port, *inline = sys.argv[1:]
    if inline:
        setattr(pop_session, "Intake", InlineIntake)  # noqa: B010 - a plain assignment is no type's business
    server = SimpleNamespace(
        host=host, pop3_port=int(port), pop3_user="ada", password=DropServer.password, drained=lambda: None
    )
    said = Sessions(Path(directory), cast("DropServer", server)).run()
    sys.stdout.write(f"{said}\n")
    return 1 if isinstance(said, MailError) else 0


if __name__ == "__main__":
    sys.exit(main())
