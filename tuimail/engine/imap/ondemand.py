"""The second connection of an account: made when something is wanted, closed when nothing was for minutes."""

from __future__ import annotations

import threading
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.imap.session import dial
from tuimail.errors import ConnectionProblem, NotDownloaded, ProtocolViolation, ServerRefused, Vanished
from tuimail.model import EnvelopeId, MailboxId, Uid
from tuimail.net.imap.session import ImapSession
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

    def session_for(self, envelope_id: EnvelopeId) -> tuple[ImapSession, Uid]:
        """A session, and the uid that means this message in it, wherever the server has it now.

        Raises Vanished, NotDownloaded, ConnectionProblem.
        """
        there = self._store.envelopes.there(envelope_id)
        if there is None:
            raise Vanished("This message is no longer there.")
        if there.uid is None:
            raise NotDownloaded("This message is just being found again on the server.", "Try again in a moment.")
        return self.session_in(there.mailbox_id, there.uid_validity), there.uid

    def session_in(self, mailbox_id: MailboxId, uid_validity: int | None) -> ImapSession:
        """A session in which uids mean what they did under that uid_validity; raises as `session_for`."""
        if self._desk.offline:
            raise NotDownloaded(f"Not downloaded. {self._desk.offline}", "Open it again once you are online.")
        session = self._living()
        if self._mailbox != mailbox_id:
            mailbox = self._store.mailboxes.get(mailbox_id)
            if mailbox is None or mailbox.name_there is None:
                raise Vanished("The mailbox of this message is no longer there.")
            self._mailbox = None
            selected = session.select(mailbox.name_there, readonly=True)
            self._mailbox, self._uid_validity = mailbox_id, selected.uid_validity
        if self._uid_validity != uid_validity:
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
