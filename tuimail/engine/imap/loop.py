"""The life of an account: connect, work, watch, and come back after every kind of trouble.

One thread an account. A problem of the way to the server is tried again by itself, with
a back-off; a problem of trust (certificate, login) waits for a person.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tuimail.config import Protocol
from tuimail.engine.at_store import keep_at_it
from tuimail.engine.desk import Desk, Orders
from tuimail.engine.imap.rounds import POLL_S, Leave, Rounds
from tuimail.engine.imap.session import dial
from tuimail.engine.imap.setbacks import Setbacks
from tuimail.engine.imap.watcher import InboxWatcher
from tuimail.engine.standing import Standing
from tuimail.errors import (
    ConfigError,
    ConnectionProblem,
    ProtocolViolation,
    ServerRefused,
    StoreError,
    TrustError,
    UsageError,
)
from tuimail.model import AccountStatus
from tuimail.net.imap.session import ImapSession
from tuimail.store import Store


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
        self._upload = upload
        self._online = online
        self._setbacks = Setbacks()
        self._session: ImapSession | None = None
        self._watcher = InboxWatcher(desk, orders.look)
        self._standing = Standing(desk, orders, ended)
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
        return self._standing.busy

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
            trouble=self._standing.untold_trouble, broken=self._standing.serve_broken,
        )

    def _once(self, store: Store) -> None:
        """Wait until somebody needs the account, then one connection from dial to its end."""
        while not self._wanted() and not self._orders.waiting:
            self._standing.active = False
            self._desk.offline = ""
            self._orders.bell.wait(None)
            if self._orders.stopping:
                return
        self._standing.receive(self._orders.take())
        self._standing.active = True
        try:
            self._connected(store)
        except Leave:
            self._left(store)
        except (TrustError, ConfigError, UsageError) as exc:
            self._standing.stop_for_a_person(store, exc)
        except (ConnectionProblem, ProtocolViolation, ServerRefused) as exc:
            if not self._orders.peek().renew:
                self._standing.back_off(store, exc)
        except StoreError as exc:
            self._standing.store_trouble(store, exc)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must not end the account
            self._standing.fault(store, exc)

    def _connected(self, store: Store) -> None:
        self._standing.set(store, AccountStatus.CONNECTING, "")
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
                self._standing.went_well()
                if not self._wanted():
                    raise Leave
                self._standing.active = False
                rounds.watch(self._desk.clock.monotonic() + POLL_S)
                if self._orders.stopping or not (self._wanted() or self._orders.waiting):
                    raise Leave
                self._standing.active = True
                asked = self._orders.take()
                self._standing.receive(asked)
                if asked.renew:
                    raise Leave
        finally:
            self._session = None
            self._watcher.watch(None)
            session.close()

    def _round(self, store: Store, rounds: Rounds) -> None:
        self._standing.set(store, AccountStatus.SYNCING, "")
        tickets = list(self._standing.tickets)
        fault = rounds.round(thorough=bool(tickets))
        store.accounts.set_synced(self._desk.name, int(self._desk.clock.wall()))
        self._standing.set(store, AccountStatus.ONLINE, rounds.remark)
        self._standing.settle(len(tickets))
        self._synced(tickets, fault)

    # --- small things -----------------------------------------------------------

    def _wanted(self) -> bool:
        """Whether anybody needs a connection just now."""
        return not self._orders.stopping and (self._orders.watching or bool(self._standing.tickets))

    def _left(self, store: Store) -> None:
        """A connection ended in good order: to make a new one, or because nobody needs it any longer."""
        if self._orders.watching and not self._orders.stopping:
            self._standing.set(store, AccountStatus.CONNECTING, "")
        elif self._standing.status is not AccountStatus.ONLINE:
            self._standing.set(store, AccountStatus.OFFLINE, "")  # Left in the middle of something.



def is_imap(desk: Desk) -> bool:
    """Whether this loop knows the account's protocol."""
    return desk.account.receive.protocol is Protocol.IMAP

