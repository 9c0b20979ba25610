"""What is here of a message that is answered or passed on, and what must be fetched first.

Nothing leaves quarantine through here: whoever wants octets of an attachment, or of a
message that holds some, is refused until a person released them.
"""

from __future__ import annotations

from typing import NamedTuple

from tuimail.config import Config
from tuimail.errors import NotDownloaded, QuarantineRefused, Vanished
from tuimail.mime.decoding.transfer import decode_transfer
from tuimail.mime.parts.choice import attachments
from tuimail.mime.parts.parse import header_block, parse_message, part_bytes
from tuimail.mime.parts.structure import parse_bodystructure
from tuimail.mime.reading.readable import from_json
from tuimail.mime.writing.answers import Original, original_of
from tuimail.model import Envelope, EnvelopeId, Part, ReadableText, Section
from tuimail.store import Store
from tuimail.store.holding.quarantine import PartState

TEXT = Section("text")
HEADER = Section("HEADER")
WHOLE = Section("")


class Wanted(NotDownloaded):
    """Sections that must be fetched before this can be done."""

    def __init__(self, envelope_id: EnvelopeId, sections: tuple[Section, ...]) -> None:
        super().__init__("This message is not here yet.", "Try again when it was fetched.")
        self.envelope_id = envelope_id
        self.sections = sections


class File(NamedTuple):
    """An attachment of a message, decoded."""

    filename: str
    """As its sender named it; may be empty."""
    content_type: str
    data: bytes


def envelope_of(store: Store, envelope_id: EnvelopeId) -> Envelope:
    """The message. Raises Vanished."""
    envelope = store.envelopes.envelope(envelope_id)
    if envelope is None:
        raise Vanished("This message is no longer there.", "It was moved or deleted elsewhere.")
    return envelope


def header_of(store: Store, envelope_id: EnvelopeId) -> bytes | None:
    """The header block, None when it is not here."""
    if store.local.is_local(envelope_id):
        return header_block(store.local.raw(envelope_id))
    found = store.parts.get(envelope_id, HEADER)
    if found is None and (whole := store.parts.get(envelope_id, WHOLE)) is not None:
        found = header_block(whole)
    return found


def text_of(store: Store, envelope_id: EnvelopeId, kind: Section = TEXT) -> ReadableText | None:
    """The readable text as the reader shows it, None when it is not here."""
    found = store.parts.text(envelope_id, kind)
    if found is None:
        return None
    try:
        return from_json(found)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None  # of another version; it is made anew when it is asked for


def reading_of(
    store: Store, envelope: Envelope, kind: Section = TEXT, *, make_do: bool
) -> tuple[Original, ReadableText]:
    """What an answer needs. Raises Wanted, unless `make_do`: then it is done with what is here."""
    header = header_of(store, envelope.id)
    readable = text_of(store, envelope.id, kind)
    missing = tuple(
        section for section, found in ((kind, readable), (HEADER, header)) if found is None
    )
    if missing and not make_do:
        raise Wanted(envelope.id, missing)
    return original_of(envelope, header), readable or ReadableText("note", ())


def whole_of(store: Store, config: Config, envelope: Envelope) -> bytes:
    """All octets. Raises Wanted, QuarantineRefused when it holds an attachment that nobody released."""
    refuse_unreleased(store, config, envelope)
    return _octets(store, envelope)


def _octets(store: Store, envelope: Envelope) -> bytes:
    if store.local.is_local(envelope.id):
        return store.local.raw(envelope.id)
    found = store.parts.get(envelope.id, WHOLE)
    if found is None:
        raise Wanted(envelope.id, (WHOLE,))
    return found


def refuse_unreleased(store: Store, config: Config, envelope: Envelope) -> None:
    """Raises QuarantineRefused when an attachment is held, or would be if it were fetched."""
    store.local.refuse_held(envelope.id, WHOLE)
    states = {part.section: part.state for part in store.quarantine.of_message(envelope.id)}
    waiting = [state for state in states.values() if state in (PartState.HELD, PartState.DELETING)]
    account = config.accounts.get(envelope.account)
    if account is not None and account.receive.quarantine and not store.local.is_local(envelope.id):
        waiting += [PartState.HELD for part in attached_to(envelope) if part.section not in states]
    if waiting:
        raise QuarantineRefused(
            "This message holds attachments that nobody has released.",
            "Look at them in the quarantine, and release them if you trust them.",
        )


def attached_to(envelope: Envelope) -> tuple[Part, ...]:
    """The attachments of a message, as its structure tells them."""
    root = parse_bodystructure(envelope.structure) if envelope.structure else None
    return attachments(root) if root is not None else ()


def files_of(
    store: Store, config: Config, envelope: Envelope, *, make_do: bool = False
) -> tuple[list[File], list[str]]:
    """The attachments of a message, and why others are left out, in sentences.

    Raises Wanted for what is not here, unless `make_do`: then that is left out too.
    """
    found: list[File] = []
    refused: list[str] = []
    missing: list[Section] = []
    account = config.accounts.get(envelope.account)
    guarded = account is not None and account.receive.quarantine and not store.local.is_local(envelope.id)
    known = {part.section for part in store.quarantine.of_message(envelope.id)} if guarded else set()
    for part in attached_to(envelope):
        try:
            store.local.refuse_held(envelope.id, part.section)
            if guarded and part.section not in known:
                raise QuarantineRefused("This attachment was not looked at yet.", "")
        except QuarantineRefused as exc:
            refused.append(f"{part.filename or 'An attachment'} was left out. {exc.sentence}")
            continue
        octets = _part(store, envelope, part)
        if octets is None and make_do:
            refused.append(f"{part.filename or 'An attachment'} was left out. It is not here.")
        elif octets is None:
            missing.append(part.section)
        else:
            found.append(File(part.filename, part.content_type, octets))
    if missing:
        raise Wanted(envelope.id, tuple(missing))
    return found, refused


def _part(store: Store, envelope: Envelope, part: Part) -> bytes | None:
    """The decoded octets of a part, None when they are not here."""
    if store.local.is_local(envelope.id):
        raw = store.local.raw(envelope.id)
        try:
            cut = store.local.part(envelope.id, part.section)
        except Vanished:
            return _from_whole(raw, part)
        return decode_transfer(cut.octets, cut.encoding)
    found = store.parts.get(envelope.id, part.section)
    if found is None and (whole := store.parts.get(envelope.id, WHOLE)) is not None:
        found = _from_whole(whole, part)
    return found


def _from_whole(raw: bytes, part: Part) -> bytes:
    return part_bytes(raw, parse_message(raw).root, part.section)

