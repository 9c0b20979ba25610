"""The life of a POP3 account: check, download, delete what is due, and come back later.

One thread an account, beside the lane that serves what is here (`local_lane`). A session
is short: POP3 locks the drop, and shows nothing that came after the login.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from tuimail.engine.at_store import keep_at_it
from tuimail.engine.desk import Desk, Orders
from tuimail.engine.local.arrivals import Arrivals
from tuimail.engine.local.at_work import LocalAtWork
from tuimail.engine.local.describe import describe
from tuimail.engine.local.lane import LocalLane
from tuimail.engine.pop.download import Learned
from tuimail.engine.pop.session import PopRound
from tuimail.engine.protocol import MailboxChanged, TreeChanged
from tuimail.engine.standing import Standing, spoken_time
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
from tuimail.model import AccountStatus, EnvelopeId, Role
from tuimail.net.pop.session import PopSession
from tuimail.store import Store

CHECK_S: Final = 300.0
"""How often the drop is looked at while somebody watches."""
BUSY_S: Final = 60.0
"""How soon again when another session has it, or the server asks for patience."""


class PopAtWork(LocalAtWork):
    """Everything that happens for one POP3 account. All methods return at once."""

    def __init__(self, desk: Desk, ended: Callable[[str, list[str], str], None]) -> None:
        """`ended` takes the account's name, tickets of `SyncNow`, and a sentence."""
        super().__init__(desk, self._demand)
        self._arrivals = Arrivals(desk, makes_text=True)
        self._loop = PopLoop(
            desk, self._orders, self._lane, self._arrivals, lambda tickets, said: ended(desk.name, tickets, said)
        )

    def start(self) -> None:
        """Begin; it connects once somebody needs it."""
        self._lane.start()
        self._arrivals.start()
        self._loop.start()

    def stop(self) -> None:
        """Begin to end."""
        self._orders.stop()
        self._lane.stop()
        self._arrivals.stop()
        self._loop.hang_up()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of all threads."""
        self._loop.join(timeout_s)
        self._lane.join(timeout_s)
        self._arrivals.join(timeout_s)

    @property
    def busy(self) -> bool:
        """Whether it works on something that was asked for."""
        return self.pressing or self._arrivals.busy

    @property
    def pressing(self) -> bool:
        """Whether somebody waits for what it does."""
        return self._loop.busy or self._lane.busy

    @property
    def looking_at(self) -> EnvelopeId | None:
        """The oldest message that came and is still to be looked at; None when all were."""
        return self._arrivals.oldest

    def credential(self, secret: str) -> None:
        """A person typed the password."""
        self._desk.secrets.type(secret)
        self._orders.ask(try_again=True)

    def renew(self) -> None:
        """The machine slept: the connection is suspect."""
        super().renew()
        self._loop.hang_up()

    def _demand(self, envelope_id: EnvelopeId) -> bool:
        return self._loop.demand(envelope_id)


class PopLoop:
    """Keeps one account's Maildir in step with its drop."""

    def __init__(
        self,
        desk: Desk,
        orders: Orders,
        lane: LocalLane,
        arrivals: Arrivals,
        ended: Callable[[list[str], str], None],
    ) -> None:
        """`ended` takes tickets of `SyncNow` and what became of them, in a sentence."""
        self._desk = desk
        self._orders = orders
        self._lane = lane
        self._arrivals = arrivals
        self._ended = ended
        self._learned = Learned()
        self._demands: list[EnvelopeId] = []
        self._session: PopSession | None = None
        self._must_scan = True
        self._due_at = 0.0
        self._earliest_at = 0.0
        """No login before this, by the server's wish."""
        self._standing = Standing(desk, orders, ended, lambda sentence: lane.gave_up(f"Not downloaded. {sentence}"))
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
        return self._standing.busy or bool(self._demands)

    def hang_up(self) -> None:
        """Close the connection under whoever waits on it; nothing is deleted then. From any thread."""
        session = self._session
        if session is not None:
            session.close()

    def demand(self, envelope_id: EnvelopeId) -> bool:
        """Fetch the whole of a previewed message, soon; False when the server cannot be reached just now."""
        if self._desk.offline:
            self._orders.ask(knock=True)
            return False
        self._demands.append(envelope_id)
        self._orders.ask(knock=True)
        return True

    # --- the loop -------------------------------------------------------------------

    def _run(self) -> None:
        keep_at_it(
            self._desk, "account", self._once, stopping=lambda: self._orders.stopping,
            trouble=self._untold_trouble, broken=self._standing.serve_broken,
        )

    def _once(self, store: Store) -> None:
        """Wait until a check is due, then one session."""
        try:
            if self._must_scan:
                # Taken first: what was asked before a failure must not cut the pause after it short.
                self._standing.receive(self._orders.take())
                self._scan(store)
            self._wait()
            if self._orders.stopping:
                return
            self._standing.active = True
            self._check(store)
        except (TrustError, ConfigError, UsageError) as exc:
            self._standing.stop_for_a_person(store, exc)
        except ServerRefused as exc:
            self._back_off(store, exc, at_least_s=BUSY_S if exc.retry else 0.0)
        except (ConnectionProblem, ProtocolViolation) as exc:
            if not self._orders.peek().renew:
                self._back_off(store, exc)
        except StoreError as exc:
            self._must_scan = True
            self._standing.store_trouble(store, exc)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must not end the account
            self._must_scan = True
            self._standing.fault(store, exc)
        finally:
            self._standing.active = False

    def _wait(self) -> None:
        """Until somebody needs a check, and the server allows one."""
        while not self._orders.stopping:
            asked = self._orders.take()
            self._standing.receive(asked)
            now = self._desk.clock.monotonic()
            if asked.try_again or asked.renew:
                self._due_at = now
            due_at = self._due_at if self._orders.watching else float("inf")
            if self._standing.tickets or self._demands:
                due_at = now
                if self._earliest_at > now:
                    self._put_off(self._earliest_at - now)
                    continue
            due_at = max(due_at, self._earliest_at)
            if due_at <= now:
                return
            self._desk.offline = ""
            self._standing.rest(None if due_at == float("inf") else due_at - now)

    def _put_off(self, seconds: float) -> None:
        """The server wants to be left alone for so long (LOGIN-DELAY, RFC 2449 6.5): say so to those who wait."""
        sentence = f"The server wants to be asked less often. The next check is in {spoken_time(seconds)}."
        self._demands.clear()
        self._lane.gave_up(f"Not downloaded. {sentence}")
        self._standing.give_up_tickets(sentence)

    def _check(self, store: Store) -> None:
        """One session, from dial to QUIT."""
        self._standing.set(store, AccountStatus.CONNECTING, "")
        tickets = list(self._standing.tickets)
        self._take_demands(store)
        session = self._session = self._dial()
        try:
            self._desk.offline = ""
            self._standing.set(store, AccountStatus.SYNCING, "")
            outcome = PopRound(
                session, store, self._desk, self._learned,
                filed=self._filed, stopping=lambda: self._orders.stopping,
            ).run()  # fmt: skip
        finally:
            self._session = None
            session.close()
        now = self._desk.clock.monotonic()
        self._standing.went_well()
        self._due_at = now + CHECK_S
        self._earliest_at = now + min(session.login_delay_s, 3600)
        self._desk.log.write(
            "pop.checked", account=self._desk.name, stored=outcome.stored, deleted=outcome.deleted
        )
        self._settle(store, tickets, " ".join(outcome.sentences))

    def _dial(self) -> PopSession:
        receive = self._desk.account.receive
        password = self._desk.secrets.password(self._desk.account)
        session = PopSession.connect(receive)
        try:
            session.login(receive.user, password, auth=receive.auth)
        except AuthError:
            self._desk.secrets.forget()
            session.close()
            raise
        except BaseException:
            session.close()
            raise
        return session

    def _filed(self, envelope_ids: Sequence[EnvelopeId]) -> None:
        """Messages are durable and listed. From the intake's thread."""
        self._lane.arrived(envelope_ids)
        self._arrivals.add(envelope_ids)

    def _settle(self, store: Store, tickets: list[str], sentence: str) -> None:
        """A session ended well."""
        at = int(self._desk.clock.wall())
        inbox = store.local.folders.special(self._desk.name, Role.INBOX)
        store.mailboxes.set_synced(inbox, at)
        store.accounts.set_synced(self._desk.name, at)
        watching = self._orders.watching and not self._orders.stopping
        self._standing.set(store, AccountStatus.ONLINE if watching else AccountStatus.OFFLINE, sentence)
        self._desk.tell(MailboxChanged(inbox))
        self._lane.gave_up("The server did not give this message out.")
        self._standing.settle(len(tickets))
        if tickets:
            self._ended(tickets, "")

    def _take_demands(self, store: Store) -> None:
        """Which uidls the demanded messages have."""
        demands, self._demands = self._demands, []
        wanted = set(demands)
        if wanted:
            rows = store.local.uidls.all(self._desk.name)
            self._learned.demanded |= {uidl for uidl, row in rows.items() if row.envelope_id in wanted}

    def _scan(self, store: Store) -> None:
        """Have the Maildir in the tree, and take in what a crash or another program left in it."""
        hold = self._desk.account.receive.quarantine
        findings = store.local.open_account(self._desk.name)
        store.local.scan(self._desk.name, lambda raw: describe(raw, hold=hold))
        self._must_scan = False
        self._desk.log.write("pop.scanned", account=self._desk.name, findings=len(findings))
        self._desk.tell(TreeChanged(self._desk.name))

    def _back_off(self, store: Store, error: MailError, *, at_least_s: float = 0.0) -> None:
        self._standing.back_off(store, error, at_least_s=at_least_s)
        self._due_at = self._desk.clock.monotonic()

    def _untold_trouble(self, error: StoreError) -> None:
        self._must_scan = True
        self._standing.untold_trouble(error)
