"""The second connection of an account: made when something is wanted, closed when nothing was for minutes."""

from __future__ import annotations

import threading
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.imap.session import dial
from tuimail.errors import ConnectionProblem, NotDownloaded, ProtocolViolation, ServerRefused, Vanished
from tuimail.model import Envelope, MailboxId
from tuimail.net.imap import ImapSession
from tuimail.store import Store

PROBE_S: Final = 10.0
UNUSED_S: Final = 300.0
STALE_S: Final = 45.0
"""Unused for so long, and it is tried with a NOOP before anybody waits on it."""


class OnDemand:
    """A session with the right mailbox selected, made and renewed as needed. One thread uses it."""

    def __init__(self, desk: Desk, store: Store) -> None:
        self._desk = desk
        self._store = store
        self._session: ImapSession | None = None
        self._mailbox: MailboxId | None = None
        self._uid_validity: int | None = None
        self._used_at = 0.0
        self._lock = threading.Lock()

    def session_for(self, envelope: Envelope) -> ImapSession:
        """A session in which the envelope's uid means this message; raises Vanished, ConnectionProblem."""
        if self._desk.offline:
            raise NotDownloaded(f"Not downloaded. {self._desk.offline}", "Open it again once you are online.")
        session = self._living()
        if self._mailbox != envelope.mailbox_id:
            mailbox = self._store.mailboxes.get(envelope.mailbox_id)
            if mailbox is None:
                raise Vanished("The mailbox of this message is no longer there.")
            self._mailbox = None
            selected = session.select(mailbox.name, readonly=True)
            self._mailbox, self._uid_validity = envelope.mailbox_id, selected.uid_validity
        if self._uid_validity != envelope.uid_validity:
            self._mailbox = None
            raise NotDownloaded("The server renumbered this mailbox.", "Open it again after the next sync.")
        self._used_at = self._desk.clock.monotonic()
        return session

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._session is not None

    def close_unused(self) -> None:
        """Hang up when nothing was wanted for a while."""
        if self._session is not None and self._desk.clock.monotonic() - self._used_at > UNUSED_S:
            self.close()

    def close(self) -> None:
        """Hang up. From any thread: whoever waits on the session gets a ConnectionProblem."""
        with self._lock:
            session, self._session = self._session, None
        self._mailbox = None
        if session is not None:
            session.close()

    def _living(self) -> ImapSession:
        session = self._session
        is_stale = self._desk.clock.monotonic() - self._used_at > STALE_S
        if session is not None and is_stale and not _answers(session):
            self.close()
            session = None
        if session is None:
            self._mailbox = None
            self._desk.converter.warm()
            session = dial(self._desk)
            with self._lock:
                self._session = session
            self._used_at = self._desk.clock.monotonic()
        return session


def _answers(session: ImapSession) -> bool:
    """Whether the other side is still there, found out within `PROBE_S`: a half-open socket says nothing by itself."""
    watchdog = threading.Timer(PROBE_S, session.close)
    watchdog.daemon = True
    watchdog.start()
    try:
        session.noop()
    except (ConnectionProblem, ProtocolViolation, ServerRefused):
        return False
    finally:
        watchdog.cancel()
    return True
