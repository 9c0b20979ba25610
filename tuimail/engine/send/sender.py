"""One account's sender: a thread that works off what is due in the outbox.

It has a connection to the store and a session of its own, so that nothing waits for it.
The promise, in the order in which it is kept:

    SENDING is on the disk      before the message begins to go out
    `ending` is on the disk     before the octets without which no server takes it
    SENT is on the disk         at once after the server's yes

What is found SENDING later was cut off by a crash: without `ending` nobody has it, and it
waits again; with it, a person decides. Nothing is ever sent a second time without a yes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tuimail.config import AuthKind
from tuimail.engine.desk import Desk, Secrets
from tuimail.engine.protocol import MailboxChanged, OutboxChanged, PasswordWanted, Progress
from tuimail.engine.send import plan
from tuimail.engine.send.connection import Connection
from tuimail.engine.send.doubts import Doubts
from tuimail.engine.send.filing import file_sent
from tuimail.engine.send.keeping import follow
from tuimail.engine.send.orders import SendOrders
from tuimail.engine.send.plan import Next, Outcome
from tuimail.engine.standing import FAULT_S, STORE_TROUBLE_S
from tuimail.errors import AuthError, MailError, Reached, Refused, StoreError, Vanished
from tuimail.model import MailboxId, OutboxId, OutState, Role
from tuimail.net.smtp.session import Delivered, SmtpSession
from tuimail.store import Store
from tuimail.store.writing.sending import Letter

KEEP_S: Final = 20.0
"""How long a session is kept for the next message."""
SOON_S: Final = 150.0
"""What is due within this time is waited for by an engine that nobody needs any longer."""
CALM_S: Final = 5.0
"""Between two tries that only a hope for a network is the reason of."""
LONGEST_WAIT_S: Final = 300.0
PROGRESS_OCTETS: Final = 128 * 1024

class Pass(NamedTuple):
    """What one look into the outbox came to."""

    sentence: str
    """Why not everything that was due was sent; empty when it was."""
    added: bool = False
    """Copies wait to be put into Sent."""
    unfiled: bool = False
    """Copies could not be put into Sent yet, because the mailboxes of the account are not known."""


Ended = Callable[[list[str], Pass], None]
"""Takes tickets, and what they came to."""


class Sender:
    """Sends one account's messages. Any thread asks, one works."""

    def __init__(
        self, desk: Desk, orders: SendOrders, secrets: Secrets, ended: Ended, *, after: Sequence[Sender] = ()
    ) -> None:
        """`after`: who sent for this account before, and has to end first."""
        self._desk = desk
        self._after = after
        self._orders = orders
        self._ended = ended
        self._connection = Connection(desk, secrets)
        self._store: Store
        self._taken: dict[OutboxId, Delivered] = {}
        """Taken by the server, and not on our disk yet."""
        self._doubts = Doubts(desk)
        self._troubles: dict[OutboxId, str] = {}
        """What went wrong with messages since somebody last waited for a ticket: they are told once."""
        self._tickets: list[str] = []
        """Of who waits for this pass."""
        self._no_way_now = ""
        self._added = self._unfiled = False
        self._is_final = False
        self._tried_at = float("-inf")
        self._hopes = False
        self._next_at: int | None = None
        self._active = True
        self._thread = threading.Thread(target=self._run, name=f"sender {desk.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to end. A message whose last octets are out is waited for, any other is cut off."""
        self._orders.stop()
        if not self._is_final:
            self._connection.close()

    def join(self, timeout_s: float | None) -> bool:
        """Wait for its end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def renew(self) -> None:
        """The machine slept: the session is suspect, and what was due meanwhile is due."""
        if not self._is_final:
            self._connection.close()
        self._orders.ask(knock=True)

    @property
    def busy(self) -> bool:
        """Whether something is being sent, or is due so soon that it is worth waiting for."""
        soon = self._next_at is not None and self._next_at - self._desk.clock.wall() < SOON_S
        return self._active or soon or self._orders.waiting

    @property
    def is_offline(self) -> bool:
        """Whether the account cannot be reached just now, as far as its mail goes."""
        return bool(self._desk.offline)

    # --- the thread -----------------------------------------------------------------

    def _run(self) -> None:
        for sender in self._after:
            sender.join(None)
        while not self._orders.stopping:
            try:
                with Store.open(self._desk.paths) as self._store:
                    self._recover()
                    while not self._orders.stopping:
                        self._once()
            except StoreError as exc:
                self._desk.log.fault("send.store", exc, account=self._desk.name)
                self._trouble(exc.sentence, STORE_TROUBLE_S)
            except Exception as exc:  # noqa: BLE001 - the top of the thread
                self._desk.log.fault("send.fault", exc, account=self._desk.name)
                self._trouble("Something went wrong inside tuimail; see its log.", FAULT_S)
        self._connection.leave()

    def _trouble(self, sentence: str, pause_s: float) -> None:
        self._connection.close()
        self._active = False
        self._is_final = False
        tickets, self._tickets = self._tickets, []
        self._end(tickets + self._orders.take().tickets, sentence)
        if not self._orders.stopping:
            self._orders.bell.wait(pause_s)

    def _once(self) -> None:
        """Everything that is due, then a wait for more."""
        self._active = True
        asked = self._orders.take()
        self._tickets = asked.tickets
        self._no_way_now = ""
        now = int(self._desk.clock.wall())
        if asked.password:
            self._store.sending.password_came(self._desk.name, at=now)
        is_kept = asked.is_asked_by_a_person and follow(self._store, self._desk, at=now)
        if is_kept:
            self._orders.filed()
        if not self._orders.stopping:
            self._troubles |= self._doubts.look_again(self._store, everything=bool(asked.tickets))
        self._work_off(network=asked.may_have_network or self._is_hopeful(asked.knock))
        self._file()
        # Not only what this pass added: another may have sent before the ticket came.
        waits = is_kept or bool(self._store.sending.unfiled(self._desk.name))
        self._added = waits and self._store.pending.count(self._desk.name) > 0
        self._end(asked.tickets, self._told() if asked.tickets else "")
        self._tickets = []
        if not self._orders.stopping:
            self._wait()

    def _told(self) -> str:
        """What somebody who waited is told: why there was no way, and what is still so of single messages."""
        troubles, self._troubles = self._troubles, {}
        still = [
            sentence for outbox_id, sentence in troubles.items()
            if (item := self._store.outbox.get(outbox_id)) is not None and item.sentence == sentence
        ]
        return " ".join(dict.fromkeys(filter(None, [self._no_way_now, *still])))

    def _work_off(self, *, network: bool) -> None:
        """Send what is due, until nothing is, or until there is no way."""
        while not self._orders.stopping:
            due = self._store.sending.due(self._desk.name, int(self._desk.clock.wall()), network=network)
            if not due:
                return
            network = False
            for outbox_id in due:
                if self._orders.stopping or not self._send(outbox_id):
                    return
                self._file()

    def _wait(self) -> None:
        self._next_at = self._store.sending.next_at(self._desk.name)
        until_s = LONGEST_WAIT_S
        if self._next_at is not None:
            until_s = min(until_s, max(0.0, self._next_at - self._desk.clock.wall()))
        if self._hopes:
            until_s = min(until_s, max(0.0, self._calm_for_s))
        self._active = False
        if self._connection.is_open and until_s > KEEP_S:
            if not self._orders.bell.wait(KEEP_S):
                self._connection.leave()
            return
        self._orders.bell.wait(until_s)

    def _is_hopeful(self, knock: bool) -> bool:
        """Whether a network may be there again: somebody acted, or the account is online, and the last try is past."""
        self._hopes = (knock or self._hopes) and self._store.sending.waits_for_network(self._desk.name)
        if not self._hopes or self._calm_for_s > 0:
            return False
        self._hopes = False
        return True

    @property
    def _calm_for_s(self) -> float:
        return CALM_S - (self._desk.clock.monotonic() - self._tried_at)

    # --- one message ------------------------------------------------------------------

    def _send(self, outbox_id: OutboxId) -> bool:
        """One message, whatever becomes of it; False when it makes no sense to go on with the next."""
        while True:
            self._tried_at = self._desk.clock.monotonic()
            try:
                session, is_used = self._connection.session(self._store)
            except StoreError:
                raise
            except MailError as exc:
                if not self._orders.stopping:
                    self._no_way(exc)
                return False
            letter = self._store.sending.begin(outbox_id)
            if letter is None:
                return True  # cancelled, or taken back, a moment ago
            self._changed()
            try:
                self._taken[outbox_id] = self._hand_over(session, letter)
            except StoreError:
                raise
            except MailError as exc:
                if self._orders.stopping and exc.reached is Reached.NOTHING:
                    self._store.sending.back(outbox_id)  # we hung up ourselves
                    return False
                if is_used and not session.alive and _is_stale(exc):
                    self._store.sending.back(outbox_id)
                    continue  # the server had hung up on a session that waited: that says nothing of the message
                self._settle(outbox_id, exc)
                return not isinstance(exc, AuthError) and (session.alive or exc.reached is not Reached.NOTHING)
            self._record(outbox_id)
            return True

    def _hand_over(self, session: SmtpSession, letter: Letter) -> Delivered:
        told = 0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if total > PROGRESS_OCTETS and (done - told >= PROGRESS_OCTETS or done == total):
                told = done
                self._desk.tell(Progress(self._desk.name, MailboxId(0), "sending", done, total))

        def before_end(refused: Sequence[Refused]) -> None:
            if not self._store.sending.ending(letter.id, plan.refusals(refused)):
                raise Vanished("The message is not being sent any longer.")
            self._is_final = True

        try:
            return session.send(
                letter.sender, letter.recipients, letter.raw, dsn=letter.notify, progress=progress,
                before_end=before_end,
            )  # fmt: skip
        finally:
            self._is_final = False

    def _record(self, outbox_id: OutboxId) -> None:
        """The server took it: onto the disk with that, before anything else."""
        delivered = self._taken[outbox_id]
        now = int(self._desk.clock.wall())
        item = self._store.outbox.get(outbox_id)
        sentence = ""
        if item is not None:
            left = plan.left_out(plan.refusals(delivered.refused), item, now)
            sentence = left.sentence
            self._store.sending.sent(
                outbox_id, delivered.reply[:1000], left.refused, at=now, sentence=sentence, rest=left.rest
            )
        del self._taken[outbox_id]
        if sentence:
            self._troubles[outbox_id] = sentence
        self._desk.log.write("send.sent", account=self._desk.name, id=outbox_id, refused=len(delivered.refused))
        self._changed()

    def _settle(self, outbox_id: OutboxId, error: MailError) -> None:
        """What an error means for one message."""
        outcome = plan.after_error(error, self._store.sending.tries(outbox_id))
        self._desk.log.write(
            "send.trouble", account=self._desk.name, id=outbox_id, error=type(error).__name__, next=outcome.next.value
        )
        if outcome.next is Next.ASK:
            self._doubts.arise(self._store, outbox_id, outcome.sentence)
        else:
            self._put_off(outbox_id, outcome)
        item = self._store.outbox.get(outbox_id)
        if item is not None and item.sentence:
            self._troubles[outbox_id] = item.sentence

    def _put_off(self, outbox_id: OutboxId, outcome: Outcome) -> None:
        sending = self._store.sending
        if outcome.next is Next.STOP:
            sending.failed(outbox_id, outcome.sentence, outcome.refused, password=outcome.password)
        else:
            when = int(self._desk.clock.wall()) + outcome.pause_s
            sentence = f"{outcome.sentence} {plan.again_in(outcome.pause_s, network=outcome.network)}"
            sending.retry_at(outbox_id, when, sentence, outcome.refused, network=outcome.network)
        self._changed()

    def _no_way(self, error: MailError) -> None:
        """No session could be had: that is the same for everything that is due, and is found out once."""
        self._desk.log.write("send.no_way", account=self._desk.name, error=type(error).__name__)
        due = self._store.sending.due(self._desk.name, int(self._desk.clock.wall()), network=True)
        sentence = ""
        for outbox_id in due:
            outcome = plan.after_error(error, self._store.sending.tries(outbox_id))
            sentence = sentence or outcome.sentence
            self._put_off(outbox_id, outcome)
        self._no_way_now = sentence or plan.in_words(error)
        send = self._desk.account.send
        if isinstance(error, AuthError) and send is not None and send.auth is AuthKind.PASSWORD:
            self._desk.tell(PasswordWanted(self._desk.name, error.sentence, part="send"))

    def _recover(self) -> None:
        """What is SENDING now was cut off: by a crash, or by a store that could not be written."""
        for outbox_id in self._store.sending.in_state(self._desk.name, OutState.SENDING):
            if outbox_id in self._taken:
                self._record(outbox_id)
            else:
                self._doubts.recover(self._store, outbox_id)

    # --- small things ---------------------------------------------------------------------

    def _file(self) -> None:
        """Have the copies of what was sent put into Sent. Trouble here is none of the message's."""
        filed = file_sent(self._store, self._desk, at=int(self._desk.clock.wall()))
        self._unfiled = filed.waits
        if filed.added:
            self._orders.filed()
            self._changed()
            for mailbox in self._store.mailboxes.all(self._desk.name):
                if mailbox.role is Role.SENT:
                    self._desk.tell(MailboxChanged(mailbox.id))

    def _end(self, tickets: list[str], sentence: str) -> None:
        if tickets:
            self._ended(tickets, Pass(sentence, self._added, self._unfiled))

    def _changed(self) -> None:
        self._desk.tell(OutboxChanged(self._desk.name))


def _is_stale(error: MailError) -> bool:
    """Whether an error says no more than that a session which waited is over."""
    return error.reached is Reached.NOTHING or (error.retry and error.reached is Reached.ANSWERED)

