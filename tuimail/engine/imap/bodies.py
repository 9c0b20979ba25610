"""Bodies and parts, fetched in steps: each `yield` is a moment at which something more urgent may cut in.

Text: the structure says which parts a person reads; they come in slices, are decoded,
converted to readable text and stored. Attachments: staged slices that an interrupted
fetch resumes. Nothing here decides what comes first; `lane` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from tuimail.engine.desk import Desk
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.local.holding import hold, is_held_back, refuse_examined
from tuimail.engine.protocol import TEXT, MailboxChanged, PartArrived, PartProgress
from tuimail.errors import MessageProblem, NotDownloaded, TooLarge, Vanished
from tuimail.mime.decoding import transfer
from tuimail.mime.html import fallback as html_fallback
from tuimail.mime.parts import structure
from tuimail.mime.parts.choice import telling
from tuimail.mime.reading import readable
from tuimail.mime.reading.whole import CUT, MAX_TEXT_OCTETS
from tuimail.model import BodyState, Envelope, EnvelopeId, Part, ReadableText, Section, Uid
from tuimail.net.imap.session import ImapSession
from tuimail.store import Store

SLICE_OCTETS: Final = 64 * 1024
READABLE: Final = ("text", "plain", "html")

Steps = Iterator[None]

_Fetched = TypeVar("_Fetched")


class Bodies:
    """Fetches what somebody wants into the store."""

    def __init__(self, connection: OnDemand, store: Store, desk: Desk) -> None:
        self._connection = connection
        self._store = store
        self._desk = desk

    def want(self, envelope_id: EnvelopeId, section: Section) -> Steps:
        """The steps after which the section is in the store and `PartArrived` was said.

        Raises MessageProblem with a sentence for a person, ConnectionProblem when it is
        worth another try.
        """
        envelope = self._store.envelopes.envelope(envelope_id)
        if envelope is None:
            raise Vanished("This message is no longer there.")
        if section in READABLE:
            yield from self.text_steps(envelope, section)
        elif section in ("", "HEADER"):
            yield from self._raw(envelope, section)
        else:
            yield from self._attachment(envelope, section)
        self._desk.tell(PartArrived(envelope_id, section))

    # --- readable text ----------------------------------------------------------

    def text_steps(self, envelope: Envelope, kind: Section = TEXT) -> Steps:
        """The steps after which the readable text is in the store."""
        if self._store.parts.text(envelope.id, kind) is not None:
            return
        root = self._structure(envelope)
        yield
        prefer, wanted = telling(root, kind)
        total = sum(min(part.size_octets, MAX_TEXT_OCTETS) for part in wanted)
        got: list[tuple[Part, bytes]] = []
        is_cut = False
        done = 0
        for part in wanted:
            octets = self._store.parts.get(envelope.id, part.section)
            if octets is None:
                encoded = bytearray()
                for piece in self._slices(envelope, part.section, 0, MAX_TEXT_OCTETS):
                    encoded += piece
                    self._progress(envelope, kind, done + len(encoded), total)
                    yield
                done += len(encoded)
                octets = transfer.decode_transfer(bytes(encoded), part.encoding)
                if len(encoded) >= MAX_TEXT_OCTETS:
                    is_cut = True
                else:
                    self._store.parts.put(envelope.id, part.section, octets)
            got.append((part, octets))
        self.store_text(envelope.id, kind, root, got, prefer, is_cut=is_cut)
        if envelope.body is BodyState.ABSENT:
            self._store.envelopes.set_body_state(envelope.id, BodyState.TEXT)
            self._desk.tell(MailboxChanged(envelope.mailbox_id))

    def store_text(
        self,
        envelope_id: EnvelopeId,
        kind: str,
        root: Part,
        got: Sequence[tuple[Part, bytes]],
        prefer: str,
        *,
        is_cut: bool = False,
    ) -> None:
        """Convert the parts and keep the result; never fails on account of what they hold."""
        text = self._convert(root, got, prefer)
        if is_cut:
            text = replace(text, notes=(*text.notes, CUT))
        self._store.parts.put_text(envelope_id, kind, readable.to_json(text))

    def _convert(self, root: Part, got: Sequence[tuple[Part, bytes]], prefer: str) -> ReadableText:
        if all(part.content_type != "text/html" for part, _ in got):
            return readable.readable_of(got, prefer, root=root)
        answer = self._desk.converter.readable(got, prefer, root)
        if answer is not None:
            try:
                return readable.from_json(answer)
            except ValueError:
                self._desk.log.write("convert.garbled")
        return readable.readable_of(got, prefer, root=root, convert_html=_without_layout)

    def _structure(self, envelope: Envelope) -> Part:
        raw = envelope.structure
        if not raw:
            raw = self._fetched(envelope, lambda session, uid: session.fetch_structure(uid))[0]
        root = structure.parse_bodystructure(raw)
        if root is None:
            raise MessageProblem("The server does not tell how this message is built.", "Save the whole message.")
        return root

    # --- bytes ------------------------------------------------------------------

    def _raw(self, envelope: Envelope, section: Section) -> Steps:
        """The whole message, or its header block, as they are."""
        if self._store.parts.info(envelope.id, section) is not None:
            return
        self._store.local.refuse_held(envelope.id, section)
        yield from self._stage(envelope, section, section, envelope.size_octets if section == "" else 0)
        self._store.parts.finish(envelope.id, section)
        if section == "":
            self._store.envelopes.set_body_state(envelope.id, BodyState.WHOLE)

    def _attachment(self, envelope: Envelope, section: Section) -> Steps:
        if self._store.parts.info(envelope.id, section) is not None:
            return
        root = self._structure(envelope)
        part = next((part for part in root.walk() if part.section == section), None)
        if part is None:
            raise NotDownloaded("This message has no such part.")
        refuse_examined(self._store, envelope.id, section)
        staged = Section(f"{section}<")
        yield from self._stage(envelope, section, staged, part.size_octets)
        encoded = self._store.parts.staged(envelope.id, staged)
        octets = transfer.decode_transfer(encoded, part.encoding)
        if is_held_back(self._desk, root, section):
            hold(self._store, self._desk, envelope, part, octets)
        self._store.parts.put(envelope.id, section, octets, real_type=self._desk.converter.real_type(octets))
        self._store.local.refuse_held(envelope.id, section)

    def _stage(self, envelope: Envelope, section: Section, staged: Section, total: int) -> Steps:
        start = self._store.parts.begin(envelope.id, staged, total)
        limit = envelope.size_octets + envelope.size_octets // 5 + (1 << 20)
        done = start
        for piece in self._slices(envelope, section, start, limit):
            self._store.parts.append(envelope.id, staged, piece)
            done += len(piece)
            self._progress(envelope, section, done, max(total, done))
            yield
        if done >= limit:
            raise TooLarge("The server sends more than this message holds.")

    def _slices(self, envelope: Envelope, section: Section, start: int, limit: int) -> Iterator[bytes]:
        """The octets from `start` on, slice by slice, as transferred."""
        offset = start
        while offset < limit:
            piece = self._slice(envelope, section, offset)
            if piece:
                yield piece
            offset += len(piece)
            if len(piece) < SLICE_OCTETS:
                return

    def _slice(self, envelope: Envelope, section: Section, offset: int) -> bytes:
        return self._fetched(envelope, lambda session, uid: session.fetch_slice(uid, section, offset, SLICE_OCTETS))

    def _fetched(self, envelope: Envelope, fetch: Callable[[ImapSession, Uid], _Fetched | None]) -> _Fetched:
        """What `fetch` brings of a message, which may be moved under our hands: then it is looked for again."""
        session, uid = self._connection.session_for(envelope.id)
        fetched = fetch(session, uid)
        if fetched is None:
            session, uid_now = self._connection.session_for(envelope.id)
            fetched = fetch(session, uid_now) if uid_now != uid else None
        if fetched is None:
            raise Vanished("This message is no longer on the server.")
        return fetched

    def _progress(self, envelope: Envelope, section: Section, done: int, total: int) -> None:
        self._desk.tell(PartProgress(envelope.id, section, done, max(done, total)))


def _without_layout(markup: str, first_link: int) -> ReadableText:
    return html_fallback.fallback_readable(markup, first_link=first_link)
