"""Bodies fetched ahead of reading, newest first, as far back as `offline` says.

Messages come many to a command, whole, with the attachments in them; of large ones that are
mostly attachments only the text. While a batch comes, the child takes the one before it
apart, on another core. Every step is short, because somebody may want something: the
batches are as large as the way to the server is fast.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tuimail.engine.children.apart import Apart
from tuimail.engine.children.examine import Examiner
from tuimail.engine.desk import Desk
from tuimail.engine.imap.bodies import Bodies, Steps
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.local.holding import is_held_back
from tuimail.engine.protocol import TEXT, MailboxChanged, Progress
from tuimail.errors import ConnectionProblem, MessageProblem, ProtocolViolation, ServerRefused
from tuimail.mime.parts import parse
from tuimail.mime.parts.choice import telling
from tuimail.mime.parts.structure import attachments, parse_bodystructure
from tuimail.model import BodyState, EnvelopeId, MailboxId
from tuimail.net.imap.session import compress_uids
from tuimail.store import Store
from tuimail.store.envelopes import Bodiless
from tuimail.store.packing import Packed
from tuimail.store.upkeep import PARTS_OCTETS

DAY_S: Final = 86_400
LOOKED_UP: Final = 2000
SMALL_OCTETS: Final = 96 * 1024
"""Messages up to this come whole; larger ones where that is mostly text, and the server is near."""
BATCH_OCTETS: Final = 192 * 1024
"""The first batch."""
BESIDE_OCTETS: Final = 64 * 1024
"""Less is taken apart here: a child takes longer to start."""
MAX_BATCH_OCTETS: Final = 2 << 20
BATCH_MESSAGES: Final = 100
SHORT_S: Final = 0.06
"""A batch that came faster may be followed by one of twice its size,"""
LONG_S: Final = 0.2
"""and one that took longer by one of half its size: whoever opens a message waits for no more than one."""
LOOK_S: Final = 0.02
"""While the child is at work, it is looked so often whether somebody wants something."""
MAX_FAILED: Final = 1000
MAX_TRIES: Final = 2
"""How often a message is asked for whose batch was cut."""


class Pace:
    """How many octets are asked for at once."""

    def __init__(self) -> None:
        self.octets = BATCH_OCTETS

    def took(self, octets: int, seconds: float) -> None:
        """A batch of so many octets came in so many seconds."""
        if seconds > LONG_S:
            self.slow_down()
        elif seconds < SHORT_S and octets * 2 > self.octets:
            self.octets = min(MAX_BATCH_OCTETS, self.octets * 2)

    def slow_down(self) -> None:
        """It took long, or came to nothing."""
        self.octets = max(SMALL_OCTETS, self.octets // 2)


class _Taken:
    """A batch of whole messages that is being taken apart beside us, if it is worth it."""

    def __init__(self, batch: Sequence[tuple[Bodiless, bytes]], examiner: Examiner, *, without_files: bool) -> None:
        self.batch = batch
        self.parts: Sequence[Apart] = [None] * len(batch)
        """None for what the child did not do."""
        self._thread: threading.Thread | None = None
        if sum(len(raw) for _, raw in batch) >= BESIDE_OCTETS:
            self._thread = threading.Thread(target=self._ask, args=(examiner, without_files), name="apart", daemon=True)
            self._thread.start()

    def _ask(self, examiner: Examiner, without_files: bool) -> None:
        self.parts = examiner.parts([raw for _, raw in self.batch], without_files=without_files) or self.parts

    def is_done(self, patience_s: float) -> bool:
        """Whether nothing is left to wait for, after so long at most."""
        if self._thread is None:
            return True
        self._thread.join(patience_s)
        return not self._thread.is_alive()


class Ahead:
    """What `offline` asks for, in steps."""

    def __init__(self, bodies: Bodies, connection: OnDemand, store: Store, desk: Desk) -> None:
        self._bodies = bodies
        self._connection = connection
        self._store = store
        self._desk = desk
        self._pace = Pace()
        self._tries: dict[EnvelopeId, int] = {}
        """Of messages that were asked for and did not come: they are left alone for the rest of this run."""

    def steps(self) -> Steps:
        """Fetch until nothing is wanting; raises ConnectionProblem."""
        done = 0
        if self._store.parts.stored_octets() > PARTS_OCTETS * 9 // 10:
            return  # What is fetched now would only push out what was fetched before.
        while wanting := self._wanting():
            total = done + len(wanting)
            before: _Taken | None = None
            for batch in batches(wanting, lambda: self._pace.octets):
                if len(batch) == 1 and batch[0].size_octets > SMALL_OCTETS and not self._comes_whole(batch[0]):
                    yield from self._text_of(batch[0])
                else:
                    taken = self._fetch(batch)
                    yield
                    yield from self._keep(before)
                    before = taken
                done += len(batch)
                mailbox_id = batch[0].mailbox_id
                self._desk.tell(MailboxChanged(mailbox_id))
                self._desk.tell(Progress(self._desk.name, mailbox_id, "bodies", done, total))
                yield
            yield from self._keep(before)
            self._desk.tell(MailboxChanged(wanting[-1].mailbox_id))
        if self._store.parts.stored_octets() > PARTS_OCTETS:  # it looks at every part; `upkeep` does so once a day
            self._store.parts.evict(PARTS_OCTETS)

    def _wanting(self) -> list[Bodiless]:
        days = self._desk.account.receive.offline_days
        given_up = sum(tries >= MAX_TRIES for tries in self._tries.values())
        if days == 0 or given_up > MAX_FAILED:
            return []
        since = None if days is None else int(self._desk.clock.wall()) - days * DAY_S
        found = self._store.envelopes.wanting_bodies(self._desk.name, since, LOOKED_UP + given_up)
        return [one for one in found if self._tries.get(one.id, 0) < MAX_TRIES]

    def _comes_whole(self, message: Bodiless) -> bool:
        """Whether a large message is worth it: most of it is text, and the next batch may be as large."""
        envelope = self._store.envelopes.envelope(message.id)
        root = parse_bodystructure(envelope.structure) if envelope is not None and envelope.structure else None
        if root is None or message.size_octets > self._pace.octets:
            return False
        return sum(part.size_octets for part in telling(root, TEXT)[1]) * 2 > message.size_octets

    def _text_of(self, message: Bodiless) -> Steps:
        envelope = self._store.envelopes.envelope(message.id)
        if envelope is None:
            return
        try:
            yield from self._bodies.text_steps(envelope)
        except (MessageProblem, ServerRefused):
            self._tries[message.id] = MAX_TRIES

    # --- whole messages -----------------------------------------------------------

    def _fetch(self, batch: Sequence[Bodiless]) -> _Taken | None:
        """Ask for a batch and hand what came to the child."""
        mailbox_id, uid_validity = batch[0].mailbox_id, batch[0].uid_validity
        uids = self._store.envelopes.uids_of(mailbox_id, uid_validity, [one.id for one in batch])
        by_uid = {int(one.uid): one for one in batch if uids.get(one.id) == one.uid}  # the others were moved meanwhile
        fetched: list[tuple[int, bytes]] = []
        began_at = self._desk.clock.monotonic()
        try:
            if by_uid:
                session = self._connection.session_in(mailbox_id, uid_validity)
                fetched = list(session.fetch_whole(compress_uids(by_uid)))
        except (MessageProblem, ServerRefused):
            pass  # nothing came
        except (ConnectionProblem, ProtocolViolation):
            self._pace.slow_down()
            self._tries.update((one.id, self._tries.get(one.id, 0) + 1) for one in batch)
            raise
        self._pace.took(sum(len(raw) for _, raw in fetched), self._desk.clock.monotonic() - began_at)
        came = [(by_uid[uid], raw) for uid, raw in fetched if uid in by_uid]
        # Whoever was not answered is not asked for again in this run.
        missing = {one.id for one in batch} - {one.id for one, _ in came}
        self._tries.update(dict.fromkeys(missing, MAX_TRIES))
        without_files = self._desk.account.receive.quarantine  # they are fetched, and held, when somebody asks
        return _Taken(came, self._desk.examiner, without_files=without_files) if came else None

    def _keep(self, taken: _Taken | None) -> Steps:
        """Wait for the child, and keep what it made of the messages."""
        if taken is None:
            return
        while not taken.is_done(LOOK_S):
            yield
        whole: list[tuple[EnvelopeId, Sequence[Packed]]] = []
        for (message, raw), parts in zip(taken.batch, taken.parts, strict=True):
            if parts is not None:
                whole.append((message.id, parts))
                continue
            self._take(message.id, raw)
            self._done_with(message.mailbox_id, [message.id])
            yield
        if whole:
            self._store.parts.put_packed(whole)
            self._done_with(taken.batch[0][0].mailbox_id, [envelope_id for envelope_id, _ in whole])

    def _done_with(self, mailbox_id: MailboxId, ids: Sequence[EnvelopeId]) -> None:
        self._store.envelopes.set_body_states(mailbox_id, ids, BodyState.TEXT)
        for envelope_id in ids:
            self._tries.pop(envelope_id, None)

    def _take(self, envelope_id: EnvelopeId, raw: bytes) -> None:
        """Keep the decoded parts of a whole message, and its readable text, without the child."""
        parsed = parse.parse_message(raw)
        leaves = {
            part.section: octets
            for part, octets in parse.leaves(raw, parsed)
            if not is_held_back(self._desk, parsed.root, part.section)
        }
        files = {part.section for part in attachments(parsed.root)}
        self._store.parts.put_all(envelope_id, {at: octets for at, octets in leaves.items() if at not in files})
        for section in files & leaves.keys():
            octets = leaves[section]
            self._store.parts.put(envelope_id, section, octets, real_type=self._desk.converter.real_type(octets))
        prefer, wanted = telling(parsed.root, TEXT)
        got = [(part, leaves.get(part.section, b"")) for part in wanted]
        self._bodies.store_text(envelope_id, TEXT, parsed.root, got, prefer)


def batches(wanting: Sequence[Bodiless], room: Callable[[], int]) -> Iterator[list[Bodiless]]:
    """Neighbours of one mailbox that fit one command of `room()` octets; a large message is alone."""
    batch: list[Bodiless] = []
    octets = 0
    for message in wanting:
        is_large = message.size_octets > SMALL_OCTETS
        if batch and (
            is_large
            or message.mailbox_id != batch[0].mailbox_id
            or len(batch) >= BATCH_MESSAGES
            or octets + message.size_octets > room()
        ):
            yield batch
            batch, octets = [], 0
        batch.append(message)
        octets += message.size_octets
        if is_large:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch
