"""What somebody wants to see of mail that lies here: text, header, parts, out of the message's file.

Nothing is fetched. Parts that are held in quarantine are refused, whatever asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from tuimail.config.values import POP3_DEMANDED_OCTETS
from tuimail.engine.children.examine import MAX_MESSAGE_OCTETS
from tuimail.engine.desk import Desk
from tuimail.engine.imap.bodies import READABLE, Bodies
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.protocol import MailboxChanged, PartArrived
from tuimail.errors import MessageProblem, NotDownloaded, TooLarge, Vanished
from tuimail.mime.decoding import transfer
from tuimail.mime.parts import parse
from tuimail.mime.reading import whole
from tuimail.model import BodyState, Envelope, EnvelopeId, Section
from tuimail.store import Store

BATCH_OCTETS: Final = 1 << 20
"""Of messages that are read in the child at once."""


class LocalBodies:
    """Answers wants of one account from its Maildir."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        # Only its converting and storing is used: there is no connection to be had here.
        self._bodies = Bodies(OnDemand(desk, store), store, desk)

    def serve(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Put the section into the store and say so.

        Raises MessageProblem (NotDownloaded for a preview that can be fetched, QuarantineRefused), StoreError.
        """
        envelope = self._store.envelopes.envelope(envelope_id)
        if envelope is None:
            raise Vanished("This message is no longer there.")
        try:
            self._serve(envelope, section)
        except NotDownloaded as exc:
            if envelope.size_octets <= POP3_DEMANDED_OCTETS:
                raise
            size, most = envelope.size_octets, POP3_DEMANDED_OCTETS
            raise TooLarge(
                f"This message has {size:,} octets; more than {most:,} are not fetched.",
                "It stays on the server: another mail program, or the provider's web page, may show it.",
            ) from exc

    def _serve(self, envelope: Envelope, section: Section) -> None:
        envelope_id = envelope.id
        if section in READABLE:
            self._text(envelope, section)
        elif section == "HEADER":
            self._store.parts.put(envelope_id, section, parse.header_block(self._store.local.raw(envelope_id)))
        elif section == "":
            self._store.local.raw(envelope_id)  # it lies in its file: whoever asked reads it there
        else:
            self._part(envelope_id, section)
        self._desk.tell(PartArrived(envelope_id, section))

    def make_texts(self, envelope_ids: Iterable[EnvelopeId]) -> None:
        """Keep the readable texts of messages, before anybody opens them; made on another core where there is one."""
        batch: list[tuple[EnvelopeId, bytes]] = []
        for envelope_id in envelope_ids:
            envelope = self._store.envelopes.envelope(envelope_id)
            if envelope is None or envelope.body is not BodyState.WHOLE:
                continue
            if self._store.parts.text(envelope_id, "text") is not None:
                continue
            try:
                batch.append((envelope_id, self._store.local.raw(envelope_id)))
            except MessageProblem:
                continue  # it moved or went meanwhile
            if sum(len(raw) for _, raw in batch) >= BATCH_OCTETS:
                self._make_texts(batch)
                batch = []
        self._make_texts(batch)

    def _make_texts(self, batch: Sequence[tuple[EnvelopeId, bytes]]) -> None:
        sent = [(envelope_id, raw) for envelope_id, raw in batch if len(raw) <= MAX_MESSAGE_OCTETS]
        made = self._desk.examiner.texts([raw for _, raw in sent]) if sent else None
        kept = [(one, parts) for (one, _), parts in zip(sent, made or (), strict=False) if parts is not None]
        if kept:
            self._store.parts.put_packed(kept)
        for envelope_id in {one for one, _ in batch} - {one for one, _ in kept}:
            envelope = self._store.envelopes.envelope(envelope_id)
            if envelope is not None:
                with suppress(MessageProblem):  # it moved or went meanwhile
                    self._text(envelope, Section("text"))

    def _text(self, envelope: Envelope, kind: Section) -> None:
        if self._store.parts.text(envelope.id, kind) is not None:
            return
        if envelope.body is BodyState.ABSENT and not self._store.local.is_local(envelope.id):
            raise NotDownloaded("Only the header of this message is here.", "It is fetched now.")
        root, got, prefer, is_cut = whole.parts_to_read(self._store.local.raw(envelope.id), kind)
        self._bodies.store_text(envelope.id, kind, root, got, prefer, is_cut=is_cut)
        if envelope.body is not BodyState.WHOLE:
            self._store.envelopes.set_body_state(envelope.id, BodyState.WHOLE)
            self._desk.tell(MailboxChanged(envelope.mailbox_id))

    def _part(self, envelope_id: EnvelopeId, section: Section) -> None:
        self._store.local.refuse_held(envelope_id, section)
        if self._store.parts.info(envelope_id, section) is not None:
            return
        encoded = self._store.local.part(envelope_id, section)
        octets = transfer.decode_transfer(encoded.octets, encoded.encoding)
        self._store.parts.put(envelope_id, section, octets, real_type=self._desk.converter.real_type(octets))
