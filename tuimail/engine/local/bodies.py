"""What somebody wants to see of mail that lies here: text, header, parts, out of the message's file.

Nothing is fetched. Parts that are held in quarantine are refused, whatever asks for them.
"""

from __future__ import annotations

from tuimail.config.values import POP3_DEMANDED_OCTETS
from tuimail.engine.desk import Desk
from tuimail.engine.imap.bodies import READABLE, Bodies
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.protocol import MailboxChanged, PartArrived
from tuimail.errors import NotDownloaded, TooLarge, Vanished
from tuimail.mime.decoding import transfer
from tuimail.mime.parts import parse
from tuimail.mime.reading import whole
from tuimail.model import BodyState, Envelope, EnvelopeId, Section
from tuimail.store import Store


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

    def make_text(self, envelope_id: EnvelopeId) -> None:
        """Keep the readable text of a message, before anybody opens it; made on another core where there is one."""
        envelope = self._store.envelopes.envelope(envelope_id)
        if envelope is not None and envelope.body is BodyState.WHOLE:
            self._text(envelope, Section("text"), beside=True)

    def _text(self, envelope: Envelope, kind: Section, *, beside: bool = False) -> None:
        if self._store.parts.text(envelope.id, kind) is not None:
            return
        if envelope.body is BodyState.ABSENT and not self._store.local.is_local(envelope.id):
            raise NotDownloaded("Only the header of this message is here.", "It is fetched now.")
        raw = self._store.local.raw(envelope.id)
        if beside and (made := self._desk.examiner.text(raw, kind)) is not None:
            self._store.parts.put_text(envelope.id, kind, made)
        else:
            root, got, prefer, is_cut = whole.parts_to_read(raw, kind)
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
