"""The life of a POP3 account: check, download, delete what is due, and come back later.

One thread an account, beside the lane that serves what is here (`local_lane`). A session
is short: POP3 locks the drop, and shows nothing that came after the login.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Final

from tuimail.config import AccountConfig
from tuimail.engine.at_store import keep_at_it
from tuimail.engine.desk import Asked, Desk, Orders
from tuimail.engine.imap import plan
from tuimail.engine.imap.loop import FAULT_S, STORE_TROUBLE_S, in_words, spoken_time
from tuimail.engine.local.arrivals import Arrivals
from tuimail.engine.local.describe import describe
from tuimail.engine.local.lane import LocalLane
from tuimail.engine.pop.download import Learned
from tuimail.engine.pop.session import PopRound
from tuimail.engine.protocol import MailboxChanged, PasswordWanted, StatusChanged, SyncEnded, TreeChanged
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
from tuimail.model import AccountStatus, EnvelopeId, MailboxId, Role, Section
from tuimail.net.pop.session import PopSession
from tuimail.store import Store

CHECK_S: Final = 300.0
"""How often the drop is looked at while somebody watches."""
BUSY_S: Final = 60.0
"""How soon again when another session has it, or the server asks for patience."""


class PopAtWork:
    """Everything that happens for one POP3 account. All methods return at once."""

    def __init__(self, desk: Desk, ended: Callable[[str, list[str], str], None]) -> None:
        """`ended` takes the account's name, tickets of `SyncNow`, and a sentence."""
        self._desk = desk
        self._orders = Orders()
        self._lane = LocalLane(desk, self._demand)
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
    def config(self) -> AccountConfig:
        """As it was when the account began to work."""
        return self._desk.account

    @property
    def busy(self) -> bool:
        """Whether it works on something that was asked for."""
        return self._loop.busy or self._lane.busy or self._arrivals.busy

    def watch(self, watching: bool) -> None:
        """Look at the drop now and then, or only when asked."""
        self._orders.watch(watching)

    def wake(self) -> None:
        """Actions wait; the server need not hear of them at once."""
        self._lane.wake()

    def show(self, mailbox: MailboxId | None) -> None:
        """This mailbox is on the screen; None for none of this account."""
        self._orders.show(mailbox)

    def sync(self, ticket: str) -> None:
        """Do everything that is due, and end the ticket."""
        self._lane.wake()
        self._orders.ask(ticket=ticket)

    def credential(self, secret: str) -> None:
        """A person typed the password."""
        self._desk.secrets.type(secret)
        self._orders.ask(try_again=True)

    def want(self, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        """Somebody looks at this."""
        self._lane.want(envelope_id, section, urgent=urgent)

    def unwant(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Nobody does any longer."""
        self._lane.unwant(envelope_id, section)

    def try_again(self) -> None:
        """A person changed something."""
        self._orders.ask(try_again=True)

    def renew(self) -> None:
        """The machine slept: the connection is suspect."""
        self._orders.ask(renew=True)
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
        self._active = False
        self._must_scan = True
        self._due_at = 0.0
        self._earliest_at = 0.0
        """No login before this, by the server's wish."""
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
        return self._active or bool(self._tickets) or bool(self._demands) or self._orders.waiting

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
            trouble=self._untold_trouble, broken=self._serve_broken,
        )

    def _once(self, store: Store) -> None:
        """Wait until a check is due, then one session."""
        try:
            if self._must_scan:
                # Taken first: what was asked before a failure must not cut the pause after it short.
                self._receive(self._orders.take())
                self._scan(store)
            self._wait()
            if self._orders.stopping:
                return
            self._active = True
            self._check(store)
        except (TrustError, ConfigError, UsageError) as exc:
            self._stop_for_a_person(store, exc)
        except ServerRefused as exc:
            self._back_off(store, exc, at_least_s=BUSY_S if exc.retry else 0.0)
        except (ConnectionProblem, ProtocolViolation) as exc:
            if not self._orders.peek().renew:
                self._back_off(store, exc)
        except StoreError as exc:
            self._desk.log.fault("account.store", exc, account=self._desk.name)
            self._must_scan = True
            self._troubled(store, AccountStatus.OFFLINE, f"{exc.sentence} {exc.advice}".strip())
            self._sleep(STORE_TROUBLE_S)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must not end the account
            self._desk.log.fault("account.fault", exc, account=self._desk.name)
            self._must_scan = True
            self._troubled(store, AccountStatus.OFFLINE, "Something went wrong inside tuimail. It is tried again.")
            self._sleep(FAULT_S)
        finally:
            self._active = False

    def _wait(self) -> None:
        """Until somebody needs a check, and the server allows one."""
        while not self._orders.stopping:
            asked = self._orders.take()
            self._receive(asked)
            now = self._desk.clock.monotonic()
            if asked.try_again or asked.renew:
                self._due_at = now
            due_at = self._due_at if self._orders.watching else float("inf")
            if self._tickets or self._demands:
                due_at = now
                if self._earliest_at > now:
                    self._put_off(self._earliest_at - now)
                    continue
            due_at = max(due_at, self._earliest_at)
            if due_at <= now:
                return
            self._desk.offline = ""
            self._rest(None if due_at == float("inf") else due_at - now)

    def _put_off(self, seconds: float) -> None:
        """The server wants to be left alone for so long (LOGIN-DELAY, RFC 2449 6.5): say so to those who wait."""
        sentence = f"The server wants to be asked less often. The next check is in {spoken_time(seconds)}."
        self._demands.clear()
        self._lane.gave_up(f"Not downloaded. {sentence}")
        self._give_up_tickets(sentence)

    def _check(self, store: Store) -> None:
        """One session, from dial to QUIT."""
        self._set_status(store, AccountStatus.CONNECTING, "")
        tickets = list(self._tickets)
        self._take_demands(store)
        session = self._session = self._dial()
        try:
            self._desk.offline = ""
            self._set_status(store, AccountStatus.SYNCING, "")
            self._arrivals.is_downloading = True
            outcome = PopRound(
                session, store, self._desk, self._learned,
                filed=self._filed, stopping=lambda: self._orders.stopping,
            ).run()  # fmt: skip
        finally:
            self._arrivals.is_downloading = False
            self._session = None
            session.close()
        now = self._desk.clock.monotonic()
        self._failures = 0
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
        self._set_status(store, AccountStatus.ONLINE if watching else AccountStatus.OFFLINE, sentence)
        self._desk.tell(MailboxChanged(inbox))
        self._lane.gave_up("The server did not give this message out.")
        self._tickets = self._tickets[len(tickets) :]
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

    # --- trouble ----------------------------------------------------------------------

    def _back_off(self, store: Store, error: MailError, *, at_least_s: float = 0.0) -> None:
        self._failures += 1
        chance = random.random()  # noqa: S311 - it spreads clients and hides nothing
        pause_s = max(at_least_s, plan.back_off_s(self._failures, chance))
        self._desk.log.write(
            "account.trouble", account=self._desk.name, error=type(error).__name__, again_in=round(pause_s)
        )
        self._troubled(store, AccountStatus.OFFLINE, f"{in_words(error)} Trying again in {spoken_time(pause_s)}.")
        self._sleep(pause_s)
        self._due_at = self._desk.clock.monotonic()

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
        self._lane.gave_up(f"Not downloaded. {sentence}")
        self._give_up_tickets(sentence)

    def _untold_trouble(self, error: StoreError) -> None:
        """The status cannot be kept in the store, so whoever listens is told, once."""
        self._must_scan = True
        self._desk.offline = error.sentence
        self._receive(self._orders.take())
        if self._told != error.sentence:
            self._told = error.sentence
            self._desk.tell(SyncEnded(self._desk.name, f"{error.sentence} {error.advice}".strip()))
        self._lane.gave_up(f"Not downloaded. {error.sentence}")
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
            self._rest(None)

    # --- small things -----------------------------------------------------------------

    def _rest(self, seconds: float | None) -> None:
        """Sleep until the bell rings. `take` may have hushed the ring that said: end."""
        if not self._orders.stopping:
            self._orders.bell.wait(seconds)

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

    def _set_status(self, store: Store, status: AccountStatus, sentence: str) -> None:
        store.accounts.set_status(self._desk.name, status, sentence, at=int(self._desk.clock.wall()))
        self._told = ""
        self._desk.tell(StatusChanged(self._desk.name))
