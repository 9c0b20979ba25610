"""Large messages on their way into a mailbox, over a connection of their own.

A copy of sent mail with 25 MB in it takes minutes; flags, moves and new mail do not wait
for it. The thread begins when there is something to do, and its connection ends with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tuimail.engine.desk import Desk, Orders
from tuimail.engine.imap.replay import Replay, Share
from tuimail.engine.imap.session import dial
from tuimail.engine.imap.setbacks import Setbacks
from tuimail.engine.link.bell import Bell
from tuimail.errors import MailError
from tuimail.net.imap.session import ImapSession
from tuimail.store import Store

PAUSE_S: Final = 60.0
"""After trouble with the way to the server."""


class Uploads:
    """Works off large appends of one account. Any thread asks, one works."""

    def __init__(
        self, desk: Desk, orders: Orders, then: Callable[[list[str], str], None]
    ) -> None:
        """`orders`: of the account's loop, which goes on once something was settled. `then` gets tickets after that."""
        self._desk = desk
        self._orders = orders
        self._then = then
        self._bell = Bell()
        self._lock = threading.Lock()
        self._asked = False
        self._working = False
        self._tickets: list[tuple[list[str], str]] = []
        self._stopping = False
        self._session: ImapSession | None = None
        self._setbacks = Setbacks()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Large messages wait."""
        with self._lock:
            self._asked = True
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._run, name=f"uploads {self._desk.name}", daemon=True)
                self._thread.start()
        self._bell.ring()

    def pass_on(self, tickets: list[str], fault: str) -> None:
        """Give tickets on; while something is on its way up, only after another round that follows it."""
        with self._lock:
            if self._asked or self._working:
                self._tickets.append((tickets, fault))
                return
        self._then(tickets, fault)

    def stop(self) -> None:
        """End, without waiting for an answer that is on its way."""
        self._stopping = True
        self._hang_up()
        self._bell.ring()

    def renew(self) -> None:
        """The connection is suspect."""
        self._hang_up()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    @property
    def busy(self) -> bool:
        """Whether something is on its way up."""
        return self._asked or self._working or bool(self._tickets)

    # --- the thread -----------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                self._working, self._asked = self._asked, False
            fault = self._work() if self._working else ""
            with self._lock:
                self._working = False
                tickets, self._tickets = ([], self._tickets) if self._asked else (self._tickets, [])
            for names, said in tickets:
                self._end(names, said or fault)
            if fault and not self._stopping:
                self._asked_again_later()
            elif not self._asked:
                self._bell.wait(None)

    def _end(self, tickets: list[str], fault: str) -> None:
        if fault:
            self._then(tickets, fault)
            return
        for ticket in tickets:
            self._orders.ask(ticket=ticket)

    def _work(self) -> str:
        """Tell what waits; a sentence when that did not go well."""
        try:
            with Store.open(self._desk.paths) as store:
                session = self._session = dial(self._desk)
                try:
                    replay = Replay(session, store, self._desk, self._setbacks, Share.LARGE)
                    if replay.run(stubborn=True):
                        for mailbox_id in replay.to_look_at:
                            self._orders.look(mailbox_id)
                        self._orders.ask(wake=True)
                finally:
                    self._session = None
                    session.logout()
        except MailError as exc:
            self._desk.log.write("upload.trouble", account=self._desk.name, error=type(exc).__name__)
            return exc.sentence
        except Exception as exc:  # noqa: BLE001 - the top of the thread
            self._desk.log.fault("upload.fault", exc, account=self._desk.name)
            return "A large message could not be put into its mailbox; it is tried again."
        return ""

    def _asked_again_later(self) -> None:
        """Wait for a while, or until somebody asks."""
        self._bell.wait(PAUSE_S)
        with self._lock:
            self._asked = True

    def _hang_up(self) -> None:
        session = self._session
        if session is not None:
            session.close()
