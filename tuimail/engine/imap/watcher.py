"""The third connection of an account: it waits for mail in the inbox while another mailbox is on the screen.

Only made where the server has IDLE and no NOTIFY. It fetches nothing: it rings, and the
account's loop looks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.imap.session import dial
from tuimail.engine.link.bell import Bell
from tuimail.errors import MailError
from tuimail.model import Mailbox, MailboxId

IDLE_S: Final = 540.0
PAUSE_S: Final = 60.0
"""After trouble; the loop's own polling goes on meanwhile."""


class InboxWatcher:
    """Watches one mailbox on demand, in a thread that is started when it is first needed."""

    def __init__(self, desk: Desk, look: Callable[[MailboxId], None]) -> None:
        self._desk = desk
        self._look = look
        self._bell = Bell()
        self._mailbox: Mailbox | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def watch(self, mailbox: Mailbox | None) -> None:
        """Watch this one from now on, or none. Returns at once."""
        known = self._mailbox.id if self._mailbox is not None else None
        if known == (mailbox.id if mailbox is not None else None):
            return
        self._mailbox = mailbox
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"inbox {self._desk.name}", daemon=True)
            self._thread.start()
        self._bell.ring()

    def stop(self) -> None:
        """End for good."""
        self._stopping = True
        self._bell.ring()

    def _run(self) -> None:
        while not self._stopping:
            mailbox = self._mailbox
            if mailbox is None:
                self._bell.wait(None)
                continue
            try:
                self._watch(mailbox)
            except MailError as exc:
                self._desk.log.write("inbox.trouble", account=self._desk.name, error=type(exc).__name__)
                self._bell.wait(PAUSE_S)
            except Exception as exc:  # noqa: BLE001 - the top of the thread
                self._desk.log.fault("inbox.fault", exc, account=self._desk.name)
                return

    def _watch(self, mailbox: Mailbox) -> None:
        session = dial(self._desk)
        try:
            session.select(mailbox.name_there or mailbox.name, readonly=True)
            self._look(mailbox.id)
            while not self._stopping and self._mailbox is not None and self._mailbox.id == mailbox.id:
                if session.idle(self._bell.fileno(), IDLE_S):
                    self._look(mailbox.id)
                self._bell.hush()
        finally:
            session.close()
