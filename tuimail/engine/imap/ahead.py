"""Bodies fetched ahead of reading, newest first, as far back as `offline` says.

Small messages come several to a command, whole, with the small attachments in them;
of large ones only the text. Every step is short, because somebody may want something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.imap.bodies import Bodies, Steps
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.local.holding import is_held_back
from tuimail.engine.protocol import TEXT, MailboxChanged, Progress
from tuimail.errors import MessageProblem, ServerRefused
from tuimail.mime.parts import parse
from tuimail.mime.parts.choice import telling
from tuimail.mime.parts.structure import attachments
from tuimail.model import BodyState, Envelope, EnvelopeId, MailboxId
from tuimail.net.imap.session import compress_uids
from tuimail.store import Store
from tuimail.store.upkeep import PARTS_OCTETS

DAY_S: Final = 86_400
LOOKED_UP: Final = 200
SMALL_OCTETS: Final = 96 * 1024
BATCH_OCTETS: Final = 192 * 1024
BATCH_MESSAGES: Final = 20
MAX_FAILED: Final = 1000


class Ahead:
    """What `offline` asks for, in steps."""

    def __init__(self, bodies: Bodies, connection: OnDemand, store: Store, desk: Desk) -> None:
        self._bodies = bodies
        self._connection = connection
        self._store = store
        self._desk = desk
        self._failed: set[EnvelopeId] = set()

    def steps(self) -> Steps:
        """Fetch until nothing is wanting; raises ConnectionProblem."""
        done = 0
        if self._store.parts.stored_octets() > PARTS_OCTETS * 9 // 10:
            return  # What is fetched now would only push out what was fetched before.
        while wanting := self._wanting():
            total = done + len(wanting)
            for batch in batches(wanting):
                if len(batch) == 1 and batch[0].size_octets > SMALL_OCTETS:
                    yield from self._text_of(batch[0])
                else:
                    self._whole(batch)
                done += len(batch)
                mailbox_id = batch[0].mailbox_id
                self._desk.tell(MailboxChanged(mailbox_id))
                self._desk.tell(Progress(self._desk.name, mailbox_id, "bodies", done, total))
                yield
        self._store.parts.evict(PARTS_OCTETS)

    def _wanting(self) -> list[Envelope]:
        days = self._desk.account.receive.offline_days
        if days == 0 or len(self._failed) > MAX_FAILED:
            return []
        since = None if days is None else int(self._desk.clock.wall()) - days * DAY_S
        found = self._store.envelopes.wanting_bodies(self._desk.name, since, LOOKED_UP + len(self._failed))
        ids = (found_id for found_id, _, _ in found if found_id not in self._failed)
        envelopes = (self._store.envelopes.envelope(found_id) for found_id in ids)
        return [envelope for envelope in envelopes if envelope is not None and envelope.uid is not None]

    def _text_of(self, envelope: Envelope) -> Steps:
        try:
            yield from self._bodies.text_steps(envelope)
        except (MessageProblem, ServerRefused):
            self._failed.add(envelope.id)

    def _whole(self, batch: Sequence[Envelope]) -> None:
        by_uid = self._where_they_were(batch)
        # Whoever is not answered, or cannot be taken in, is not asked for again in this run.
        self._failed.update(envelope.id for envelope in by_uid.values())
        if not by_uid:
            return
        try:
            session = self._connection.session_in(batch[0].mailbox_id, batch[0].uid_validity)
            fetched = list(session.fetch_whole(compress_uids(by_uid)))
        except (MessageProblem, ServerRefused):
            return
        taken = []
        for uid, raw in fetched:
            envelope = by_uid.get(uid)
            if envelope is not None:
                self._take(envelope, raw)
                taken.append(envelope.id)
        with self._store.transaction():
            for envelope_id in taken:
                self._store.envelopes.set_body_state(envelope_id, BodyState.TEXT)
        self._failed.difference_update(taken)

    def _where_they_were(self, batch: Sequence[Envelope]) -> dict[int, Envelope]:
        """The messages of a batch that were not moved since it was put together, by uid."""
        found = {}
        for envelope in batch:
            there = self._store.envelopes.there(envelope.id)
            if there is not None and there.uid is not None and (
                there.mailbox_id, there.uid, there.uid_validity
            ) == (batch[0].mailbox_id, envelope.uid, batch[0].uid_validity):
                found[int(there.uid)] = envelope
        return found

    def _take(self, envelope: Envelope, raw: bytes) -> None:
        """Keep the decoded parts of a whole message, and its readable text."""
        parsed = parse.parse_message(raw)
        leaves = {
            part.section: octets
            for part, octets in parse.leaves(raw, parsed)
            if not is_held_back(self._desk, parsed.root, part.section)  # fetched, and held, when somebody asks
        }
        files = {part.section for part in attachments(parsed.root)}
        self._store.parts.put_all(envelope.id, {at: octets for at, octets in leaves.items() if at not in files})
        for section in files & leaves.keys():
            octets = leaves[section]
            self._store.parts.put(envelope.id, section, octets, real_type=self._desk.converter.real_type(octets))
        prefer, wanted = telling(parsed.root, TEXT)
        got = [(part, leaves.get(part.section, b"")) for part in wanted]
        self._bodies.store_text(envelope.id, TEXT, parsed.root, got, prefer)


def batches(envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Neighbours of one mailbox that fit one command; a large message is alone."""
    batch: list[Envelope] = []
    octets = 0
    mailbox: MailboxId | None = None
    for envelope in envelopes:
        fits = (
            envelope.mailbox_id == mailbox
            and len(batch) < BATCH_MESSAGES
            and octets + envelope.size_octets <= BATCH_OCTETS
            and envelope.size_octets <= SMALL_OCTETS
        )
        if batch and not fits:
            yield batch
            batch, octets = [], 0
        batch.append(envelope)
        octets += envelope.size_octets
        mailbox = envelope.mailbox_id
        if envelope.size_octets > SMALL_OCTETS:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch
