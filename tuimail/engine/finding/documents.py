"""What of a message goes into the index: its header, its text, names and types of its files, and texts among these.

What is held in quarantine is not read. Nothing here raises on account of what a message
holds: a part that cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tuimail.errors import MessageProblem
from tuimail.mime.decoding import charset, transfer
from tuimail.mime.examining import kinds
from tuimail.mime.html import fallback as html_fallback
from tuimail.mime.parts import parse, structure
from tuimail.mime.parts.choice import telling
from tuimail.mime.reading import readable
from tuimail.model import BodyState, Envelope, EnvelopeId, Part, Section
from tuimail.query.words import words
from tuimail.store import Store
from tuimail.store.finding.search_index import TYPE_SIGN, Document

MAX_HEADER: Final = 4_000
"""Characters of a header field that are indexed: five hundred recipients may stay unfound."""
MAX_TEXT: Final = 200_000
"""Characters of a message's text."""
MAX_FILE_OCTETS: Final = 64 << 10
"""Of each text-like attachment."""
MAX_FILES: Final = 10
"""Attachments of a message whose text is read."""
MAX_NAMES: Final = 50
_TEXT_LIKE: Final = frozenset(
    ("application/json", "application/xml", "application/x-yaml", "application/csv", "application/toml",
     "application/javascript", "application/sql", "application/x-sh", "application/ics", "message/rfc822")
)  # fmt: skip


class Documents:
    """Reads messages for the index, from what is here."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, envelope_ids: Iterable[EnvelopeId]) -> list[Document]:
        """The documents of these messages; those that are gone are left out. Raises StoreError."""
        found = (self._of_one(envelope_id) for envelope_id in envelope_ids)
        return [document for document in found if document is not None]

    def _of_one(self, envelope_id: EnvelopeId) -> Document | None:
        envelope = self._store.envelopes.envelope(envelope_id)
        if envelope is None:
            return None
        root = structure.parse_bodystructure(envelope.structure) if envelope.structure else None
        files = structure.attachments(root)[:MAX_NAMES] if root is not None else ()
        is_local = bool(files or envelope.body is BodyState.WHOLE) and self._store.local.is_local(envelope_id)
        text = self._text(envelope, is_local=is_local)
        attached = self._attached(envelope_id, files, is_local=is_local)
        return Document(
            envelope_id,
            envelope.sort_at,
            _indexed(envelope.from_[:MAX_HEADER]),
            _indexed(envelope.to[:MAX_HEADER]),
            _indexed(envelope.cc[:MAX_HEADER]),
            _indexed(envelope.subject[:MAX_HEADER]),
            _indexed(envelope.list_id[:MAX_HEADER]),
            _indexed("\n".join((text or "", *attached))),
            _names(files),
            has_text=text is not None,
        )

    # --- text -----------------------------------------------------------------

    def _text(self, envelope: Envelope, *, is_local: bool) -> str | None:
        """What a person reads of it, None when that is not here."""
        kept = self._store.parts.peek(envelope.id, "readable:text")
        if kept is not None:
            try:
                return readable.words_of_json(kept)[:MAX_TEXT]
            except ValueError:
                return None
        return self._from_file(envelope.id) if is_local and envelope.body is BodyState.WHOLE else None

    def _from_file(self, envelope_id: EnvelopeId) -> str | None:
        """Of a message that lies here and was never opened."""
        try:
            raw = self._store.local.raw(envelope_id)
        except MessageProblem:
            return None
        parsed = parse.parse_message(raw)
        _, wanted = telling(parsed.root, "text")
        texts = []
        for part in wanted:
            start, end = parsed.spans[part.section]
            octets = transfer.decode_transfer(raw[start : min(end, start + 4 * MAX_TEXT)], part.encoding)
            texts.append(_decoded(part, octets))
        return "\n".join(texts)[:MAX_TEXT]

    # --- attachments ----------------------------------------------------------

    def _attached(self, envelope_id: EnvelopeId, files: Iterable[Part], *, is_local: bool) -> Iterator[str]:
        """Texts among the files that are here and not held."""
        textual = [part for part in files if part.content_type.startswith("text/") or part.content_type in _TEXT_LIKE]
        for part in textual[:MAX_FILES]:
            octets = self._octets(envelope_id, part.section, is_local=is_local)
            if octets is not None and b"\0" not in octets[:1024]:
                yield _decoded(part, octets[:MAX_FILE_OCTETS])

    def _octets(self, envelope_id: EnvelopeId, section: Section, *, is_local: bool) -> bytes | None:
        try:
            self._store.local.refuse_held(envelope_id, section)
            if not is_local:
                return self._store.parts.peek(envelope_id, section)
            encoded = self._store.local.part(envelope_id, section)
        except MessageProblem:
            return None  # held, deleted, or not here
        return transfer.decode_transfer(encoded.octets[: 2 * MAX_FILE_OCTETS], encoded.encoding)


def _decoded(part: Part, octets: bytes) -> str:
    text = charset.decode_charset(octets, part.charset)
    if part.content_type == "text/html":
        return "\n".join(line.text for line in html_fallback.fallback_readable(text).lines)
    return text


def _names(files: Iterable[Part]) -> str:
    """File names, and their types: what the sender says, what the extension says, what a person calls it."""
    found: list[str] = []
    for part in files:
        found.append(_indexed(part.filename[:500]))
        extension = part.filename.rpartition(".")[2] if "." in part.filename else ""
        families = [kind.family for kind in (kinds.kind_of_type(part.content_type), kinds.kind_of_extension(extension))
                    if kind is not None]  # fmt: skip
        types = words(f"{part.content_type[:100]} {extension[:10]} {' '.join(families)}")
        found += [TYPE_SIGN + word for word in types]
    return " ".join(found)


def _indexed(text: str) -> str:
    return " ".join(words(text))
