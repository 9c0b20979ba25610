"""The life of an account: connect, work, watch, and come back after every kind of trouble.

One thread an account. A problem of the way to the server is tried again by itself, with
a back-off; a problem of trust (certificate, login) waits for a person.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Final

from tuimail.config import Protocol
from tuimail.engine.at_store import keep_at_it
from tuimail.engine.desk import Asked, Desk, Orders
from tuimail.engine.imap import plan
from tuimail.engine.imap.rounds import POLL_S, Leave, Rounds
from tuimail.engine.imap.session import dial
from tuimail.engine.imap.setbacks import Setbacks
from tuimail.engine.imap.watcher import InboxWatcher
from tuimail.engine.protocol import PasswordWanted, StatusChanged, SyncEnded
from tuimail.errors import (
    AuthError,
    ConfigError,
    ConnectionProblem,
    MailError,
    ProtocolViolation,
    ServerRefused,
    StoreError,
    TrustError,
    UsageError,
)
from tuimail.mime.clean import clean_line
from tuimail.model import AccountStatus
from tuimail.net.imap.session import ImapSession
from tuimail.store import Store

STORE_TROUBLE_S: Final = 30.0
"""A full disk is looked at again so often."""
FAULT_S: Final = 300.0


class AccountLoop:
    """Keeps one account in step with its server."""

    def __init__(
        self,
        desk: Desk,
        orders: Orders,
        *,
        synced: Callable[[list[str], str], None],
        ended: Callable[[list[str], str], None],
        upload: Callable[[], None],
        online: Callable[[], None],
    ) -> None:
        """`synced` takes tickets whose headers and actions are done, `ended` those that came to nothing.

        `upload`: large messages wait to be put into mailboxes. `online`: there is a connection (again).
        """
        self._desk = desk
        self._orders = orders
        self._synced = synced
        self._ended = ended
        self._upload = upload
        self._online = online
        self._setbacks = Setbacks()
        self._session: ImapSession | None = None
        self._watcher = InboxWatcher(desk, orders.look)
        self._active = False
        self._status = AccountStatus.NEVER
        self._tickets: list[str] = []
        self._failures = 0
        self._told = ""
        """Trouble that was only said, because it could not be written down."""
        self._thread = threading.Thread(target=self._run, name=f"account {desk.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    @property
    def busy(self) -> bool:
        """Whether somebody's request is being worked on."""
        return self._active or bool(self._tickets) or self._orders.waiting

    def renew(self) -> None:
        """Give the connection up and make a new one: the machine slept. From any thread."""
        self._orders.ask(renew=True)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection under whoever waits on it. From any thread."""
        session = self._session
        if session is not None:
            session.close()
        self._watcher.watch(None)
        if self._orders.stopping:
            self._watcher.stop()

    # --- the loop ---------------------------------------------------------------

    def _run(self) -> None:
        keep_at_it(
            self._desk, "account", self._once, stopping=lambda: self._orders.stopping,
            trouble=self._untold_trouble, broken=self._serve_broken,
        )

    def _once(self, store: Store) -> None:
        """Wait until somebody needs the account, then one connection from dial to its end."""
        while not self._wanted() and not self._orders.waiting:
            self._active = False
            self._desk.offline = ""
            self._orders.bell.wait(None)
            if self._orders.stopping:
                return
        self._receive(self._orders.take())
        self._active = True
        try:
            self._connected(store)
        except Leave:
            self._left(store)
        except (TrustError, ConfigError, UsageError) as exc:
            self._stop_for_a_person(store, exc)
        except (ConnectionProblem, ProtocolViolation, ServerRefused) as exc:
            if not self._orders.peek().renew:
                self._back_off(store, exc)
        except StoreError as exc:
            self._desk.log.fault("account.store", exc, account=self._desk.name)
            self._troubled(store, AccountStatus.OFFLINE, f"{exc.sentence} {exc.advice}".strip())
            self._sleep(STORE_TROUBLE_S)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must not end the account
            self._desk.log.fault("account.fault", exc, account=self._desk.name)
            self._troubled(store, AccountStatus.OFFLINE, "Something went wrong inside tuimail. It is tried again.")
            self._sleep(FAULT_S)

    def _connected(self, store: Store) -> None:
        self._set_status(store, AccountStatus.CONNECTING, "")
        session = self._session = dial(self._desk)
        try:
            self._desk.offline = ""
            self._online()
            rounds = Rounds(
                session, store, self._desk, self._orders, wanted=self._wanted, watch_inbox=self._watcher.watch,
                upload=self._upload, setbacks=self._setbacks,
            )
            while True:
                self._round(store, rounds)
                self._failures = 0
                if not self._wanted():
                    raise Leave
                self._active = False
                rounds.watch(self._desk.clock.monotonic() + POLL_S)
                if self._orders.stopping or not (self._wanted() or self._orders.waiting):
                    raise Leave
                self._active = True
                asked = self._orders.take()
                self._receive(asked)
                if asked.renew:
                    raise Leave
        finally:
            self._session = None
            self._watcher.watch(None)
            session.close()

    def _round(self, store: Store, rounds: Rounds) -> None:
        self._set_status(store, AccountStatus.SYNCING, "")
        tickets = list(self._tickets)
        fault = rounds.round(thorough=bool(tickets))
        store.accounts.set_synced(self._desk.name, int(self._desk.clock.wall()))
        self._set_status(store, AccountStatus.ONLINE, rounds.remark)
        self._tickets = self._tickets[len(tickets) :]
        self._synced(tickets, fault)

    # --- trouble ----------------------------------------------------------------

    def _back_off(self, store: Store, error: MailError) -> None:
        self._failures += 1
        pause_s = plan.back_off_s(self._failures, random.random())  # noqa: S311 - it spreads clients and hides nothing
        self._desk.log.write(
            "account.trouble", account=self._desk.name, error=type(error).__name__, again_in=round(pause_s)
        )
        self._troubled(store, AccountStatus.OFFLINE, f"{in_words(error)} Trying again in {spoken_time(pause_s)}.")
        self._sleep(pause_s)

    def _stop_for_a_person(self, store: Store, error: MailError) -> None:
        self._desk.log.write("account.stopped", account=self._desk.name, error=type(error).__name__)
        needs_password = isinstance(error, AuthError)
        status = AccountStatus.NEEDS_PASSWORD if needs_password else AccountStatus.FAILED
        self._troubled(store, status, error.sentence)
        if needs_password:
            self._desk.tell(PasswordWanted(self._desk.name, error.sentence))
        self._active = False
        while not (self._orders.stopping or self._orders.peek().try_again):
            self._orders.bell.wait(None)

    def _troubled(self, store: Store, status: AccountStatus, sentence: str) -> None:
        self._desk.offline = sentence
        self._set_status(store, status, sentence)
        self._give_up_tickets(sentence)

    def _untold_trouble(self, error: StoreError) -> None:
        """The status cannot be kept in the store, so whoever listens is told, once."""
        self._desk.offline = error.sentence
        self._receive(self._orders.take())
        if self._told != error.sentence:
            self._told = error.sentence
            self._desk.tell(SyncEnded(self._desk.name, f"{error.sentence} {error.advice}".strip()))
        self._give_up_tickets(error.sentence)
        self._sleep(STORE_TROUBLE_S)

    def _give_up_tickets(self, sentence: str) -> None:
        tickets, self._tickets = self._tickets, []
        if tickets:
            self._ended(tickets, sentence)

    def _serve_broken(self, sentence: str) -> None:
        """The store cannot be opened: say so to everybody who asks."""
        self._desk.offline = sentence
        while not self._orders.stopping:
            self._receive(self._orders.take())
            self._give_up_tickets(sentence)
            self._orders.bell.wait(None)

    # --- small things -----------------------------------------------------------

    def _wanted(self) -> bool:
        """Whether anybody needs a connection just now."""
        return not self._orders.stopping and (self._orders.watching or bool(self._tickets))

    def _receive(self, asked: Asked) -> None:
        self._tickets += asked.tickets

    def _sleep(self, seconds: float) -> None:
        """A pause that a person or a woken machine ends."""
        until = self._desk.clock.monotonic() + seconds
        while (left := until - self._desk.clock.monotonic()) > 0 and not self._orders.stopping:
            asked = self._orders.peek()
            if asked.try_again or asked.renew or asked.knock:
                return
            self._active = False
            self._orders.bell.wait(left)

    def _left(self, store: Store) -> None:
        """A connection ended in good order: to make a new one, or because nobody needs it any longer."""
        if self._orders.watching and not self._orders.stopping:
            self._set_status(store, AccountStatus.CONNECTING, "")
        elif self._status is not AccountStatus.ONLINE:
            self._set_status(store, AccountStatus.OFFLINE, "")  # Left in the middle of something.

    def _set_status(self, store: Store, status: AccountStatus, sentence: str) -> None:
        self._status = status
        store.accounts.set_status(self._desk.name, status, sentence, at=int(self._desk.clock.wall()))
        self._told = ""
        self._desk.tell(StatusChanged(self._desk.name))


def is_imap(desk: Desk) -> bool:
    """Whether this loop knows the account's protocol."""
    return desk.account.receive.protocol is Protocol.IMAP


def in_words(error: MailError) -> str:
    """The sentence of an error, with the server's words where it refused."""
    if isinstance(error, ServerRefused) and error.words:
        return f"{error.sentence} The server says: {clean_line(error.words, 200)}."
    return error.sentence


def spoken_time(seconds: float) -> str:
    """`30 s` or `5 min`."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
