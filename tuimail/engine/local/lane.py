"""The thread that serves mail that lies here: wants and waiting actions.

Nothing in it waits for a server. A want for a message of which only the header is here is
passed on (`demand`), and answered once the message came, or did not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tuimail.actions import Action, Copy, MessageAction, Move
from tuimail.actions import describe as describe_action
from tuimail.engine.at_store import OUR_FAULT, keep_at_it
from tuimail.engine.desk import Desk
from tuimail.engine.link.bell import Bell
from tuimail.engine.local.bodies import LocalBodies
from tuimail.engine.local.describe import describe
from tuimail.engine.protocol import (
    ActionRefused,
    MailboxChanged,
    PartFailed,
    PendingChanged,
    StatusChanged,
    TreeChanged,
)
from tuimail.engine.wants import BROKEN, Jobs, Rank
from tuimail.errors import MailError, NotDownloaded, StoreError
from tuimail.model import EnvelopeId, MailboxId, PendingId, Section
from tuimail.store import Store

RETRY_S: Final = 30.0
"""After a full disk."""
HOUSEKEEPING_S: Final = 60.0


class LocalLane:
    """Works off what is wanted of one account's own mail. Any thread asks, one works."""

    def __init__(self, desk: Desk, demand: Callable[[EnvelopeId], bool] | None = None) -> None:
        """`demand`: fetch the whole of a message; False when that cannot be tried just now."""
        self._desk = desk
        self._demand = demand
        self._bell = Bell()
        self._jobs = Jobs()
        self._lock = threading.Lock()
        self._awaited: dict[tuple[EnvelopeId, Section], bool] = {}
        """Wants that wait for a message to come whole, and whether they are urgent."""
        self._woken = True
        self._stopping = False
        self._at_work = False
        self._broken = ""
        self._thread = threading.Thread(target=self._run, name=f"local {desk.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to end."""
        self._stopping = True
        self._bell.ring()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def want(self, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        """Have it in the store, soon."""
        if self._broken:
            self._desk.tell(PartFailed(envelope_id, section, self._broken))
            return
        self._jobs.add(envelope_id, section, Rank.URGENT if urgent else Rank.NEIGHBOUR)
        self._bell.ring()

    def unwant(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Nobody waits for it any longer."""
        self._jobs.remove(envelope_id, section)
        with self._lock:
            self._awaited.pop((envelope_id, section), None)

    def wake(self) -> None:
        """Actions wait."""
        self._woken = True
        self._bell.ring()

    def arrived(self, envelope_ids: Iterable[EnvelopeId]) -> None:
        """These messages are here now: whoever waits gets them."""
        came = set(envelope_ids)
        with self._lock:
            awaited = [(key, urgent) for key, urgent in self._awaited.items() if key[0] in came]
            for key, _ in awaited:
                del self._awaited[key]
        for (envelope_id, section), urgent in awaited:
            self._jobs.add(envelope_id, section, Rank.URGENT if urgent else Rank.NEIGHBOUR)
        self._bell.ring()

    def gave_up(self, sentence: str) -> None:
        """Nothing more comes for now: whoever still waits is told why."""
        with self._lock:
            awaited, self._awaited = self._awaited, {}
        for (envelope_id, section), urgent in awaited.items():
            if urgent:
                self._desk.tell(PartFailed(envelope_id, section, sentence))

    @property
    def busy(self) -> bool:
        """Whether somebody waits."""
        return self._at_work or self._woken or self._jobs.pick() is not None

    # --- the thread ---------------------------------------------------------------

    def _run(self) -> None:
        keep_at_it(
            self._desk, "local", self._with_store, stopping=lambda: self._stopping,
            trouble=self._store_trouble, broken=self._break,
        )
        self._at_work = self._woken = False

    def _with_store(self, store: Store) -> None:
        self._woken = True  # what came while the store could not be used
        bodies = LocalBodies(store, self._desk)
        while not self._stopping:
            self._once(store, bodies)

    def _store_trouble(self, error: StoreError) -> None:
        """The store cannot be used just now: say so to whoever waits, and try again when somebody asks, or later."""
        self._give_up_jobs(error.sentence)
        self._at_work = self._woken = False
        self._bell.wait(RETRY_S)

    def _break(self, sentence: str) -> None:
        self._broken = BROKEN if sentence == OUR_FAULT else sentence
        self._give_up_jobs(self._broken)
        self._at_work = self._woken = False
        while not self._stopping:
            self._bell.wait(None)

    def _give_up_jobs(self, sentence: str) -> None:
        while (job := self._jobs.pick()) is not None:
            self._fail(job.envelope_id, job.section, sentence)

    def _once(self, store: Store, bodies: LocalBodies) -> None:
        """The most pressing thing there is to do, or a wait for one."""
        self._at_work = True
        try:
            job = self._jobs.pick()
            if job is not None and job.rank is Rank.URGENT:
                self._serve(bodies, job.envelope_id, job.section, urgent=True)
            elif self._woken:
                self._woken = False
                self._act(store)
            elif job is not None:
                self._serve(bodies, job.envelope_id, job.section, urgent=False)
            else:
                self._at_work = False
                self._bell.wait(HOUSEKEEPING_S)
        except StoreError as exc:
            self._desk.log.fault("local.store", exc, account=self._desk.name)
            self._at_work = self._woken = False
            self._bell.wait(RETRY_S)
            self._woken = True

    def _serve(self, bodies: LocalBodies, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        self._jobs.remove(envelope_id, section)
        try:
            bodies.serve(envelope_id, section)
        except NotDownloaded as exc:
            with self._lock:
                self._awaited[envelope_id, section] = urgent
            if not urgent or self._demand is None or not self._demand(envelope_id):
                with self._lock:
                    self._awaited.pop((envelope_id, section), None)
                self._fail(envelope_id, section, self._desk.offline or f"{exc.sentence} {exc.advice}".strip())
        except MailError as exc:
            self._fail(envelope_id, section, f"{exc.sentence} {exc.advice}".strip())
        except Exception as exc:  # noqa: BLE001 - one message must not end the lane
            self._desk.log.fault("local.body", exc, account=self._desk.name, envelope=envelope_id)
            self._fail(envelope_id, section, "This message cannot be shown; save it whole to look into it.")

    def _fail(self, envelope_id: EnvelopeId, section: Section, sentence: str) -> None:
        self._jobs.remove(envelope_id, section)
        self._desk.tell(PartFailed(envelope_id, section, sentence))

    def _act(self, store: Store) -> None:
        """Carry out some of what waits: there is nobody to ask. The rest comes next, unless somebody wants to read."""
        due = store.pending.due(self._desk.name)
        if not due:
            return
        hold = self._desk.account.receive.quarantine
        carried = store.local.carry_out(due, lambda raw: describe(raw, hold=hold))
        store.pending.done(carried.done)
        self._refuse(store, dict(due), carried.failed)
        self._woken |= bool(carried.done or carried.failed)
        self._tell(action for _, action in due)

    def _refuse(
        self, store: Store, asked: Mapping[PendingId, Action], failed: Iterable[tuple[PendingId, str]]
    ) -> None:
        """What failed is rolled back, and told, once for each reason."""
        reasons: dict[str, list[PendingId]] = {}
        for pending_id, sentence in failed:
            reasons.setdefault(sentence, []).append(pending_id)
        for sentence, ids in reasons.items():
            store.pending.fail(ids, sentence)
            action = asked[ids[0]]
            mailbox_id = action.target.mailbox_id if isinstance(action, MessageAction) else action.mailbox_id
            said = f"Not done ({describe_action(action)}): {sentence}"
            self._desk.tell(ActionRefused(self._desk.name, mailbox_id, said))

    def _tell(self, actions: Iterable[Action]) -> None:
        """Say what changed."""
        touched: set[MailboxId] = set()
        trees = False
        for action in actions:
            if isinstance(action, MessageAction):
                touched.add(action.target.mailbox_id)
                if isinstance(action, Move | Copy):
                    touched.add(action.to)
            else:
                trees = True
        for mailbox_id in touched:
            self._desk.tell(MailboxChanged(mailbox_id))
        if trees:
            self._desk.tell(TreeChanged(self._desk.name))
        self._desk.tell(PendingChanged(self._desk.name))
        self._desk.tell(StatusChanged(self._desk.name))
