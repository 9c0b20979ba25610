"""A whole message inside, or ahead of, another one: forwarded as attachment, or bounced.

Its octets are changed as little as the standards allow: line ends become CR LF, blind
copies are taken out, and what is not 7-bit is encoded where it stands (RFC 2046 5.2.1,
RFC 6152 3: what a relay would do to it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuimail.mime.decoding.charset import decode_unnamed
from tuimail.mime.parts.parse import ParsedMessage, parse_message
from tuimail.mime.writing.flowing import MAX_LINE_OCTETS, base64_lines
from tuimail.mime.writing.typed import Entry
from tuimail.mime.writing.wording import address_atoms, date_atoms, field, id_atoms, text_atoms
from tuimail.model import Part

_BARE_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_MBOX_LINES = re.compile(rb"\A(?:From [^\r\n]*+(?:\r\n?|\n|\Z))++")
_BLIND = re.compile(rb"^(?:resent-)?bcc[ \t]*:[^\n]*\n(?:[ \t][^\n]*(?:\n|\Z))*", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(rb"^content-transfer-encoding[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:[^\n]*\n)(?:[ \t][^\n]*\n)*)", re.MULTILINE)
_END = b"\r\n\r\n"


def normal_lines(raw: bytes) -> bytes:
    """The message with CR LF at every line end and at its end, without an mbox line before it and without NUL."""
    raw = _MBOX_LINES.sub(b"", raw.replace(b"\0", b""))
    raw = _BARE_LF.sub(b"\r\n", _BARE_CR.sub(b"\r\n", raw))
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def without_blind_copies(raw: bytes) -> bytes:
    """The message without its Bcc fields: whom it went to secretly is not passed on."""
    raw = normal_lines(raw)
    end = _head_end(raw)
    return _BLIND.sub(b"", raw[:end]) + raw[end:]


def as_message(raw: bytes) -> bytes | None:
    """The message in 7-bit lines of at most 998 octets; None when that cannot be done to it.

    Changed only where it must be: parts that are 8-bit get an encoding, header fields that
    are become encoded words.
    """
    raw = normal_lines(raw)
    if _is_tame(raw):
        return raw
    parsed = parse_message(raw)
    changes = list(_changes(raw, parsed))
    pieces: list[bytes] = []
    done = 0
    for start, end, octets in sorted(changes):
        if start < done:
            return None  # overlapping parts of a broken message
        pieces += [raw[done:start], octets]
        done = end
    told = b"".join([*pieces, raw[done:]])
    return told if _is_tame(told) else None


def resent(
    raw: bytes, *, from_: Sequence[Entry], to: Sequence[Entry], message_id: str, now: datetime
) -> bytes:
    """The message as it is passed on: Resent fields ahead of it, its octets kept (RFC 5322 3.6.6)."""
    return b"".join([
        field("Resent-From", address_atoms(from_)),
        field("Resent-To", address_atoms(to)),
        field("Resent-Date", date_atoms(now)),
        field("Resent-Message-ID", id_atoms(message_id)[:1]),
        without_blind_copies(raw),
    ])


def _head_end(raw: bytes) -> int:
    """Where the header fields end, their last line end included."""
    if raw.startswith(b"\r\n"):
        return 0
    found = raw.find(_END)
    return len(raw) if found < 0 else found + 2


def _is_tame(octets: bytes) -> bool:
    return octets.isascii() and all(len(line) <= MAX_LINE_OCTETS for line in octets.split(b"\r\n"))


def _changes(raw: bytes, parsed: ParsedMessage) -> Iterator[tuple[int, int, bytes]]:
    """Stretches to be replaced: start, end, octets."""
    for part in parsed.root.walk():
        span, head = parsed.spans.get(part.section), parsed.heads.get(part.section)
        if span is None or head is None:
            continue
        start, end = span
        is_container = bool(part.children)
        body = raw[start:end]
        recode = not is_container and not _is_tame(body)
        header = raw[head:start]
        if recode or not _is_tame(header) or (is_container and b"8bit" in header.lower()):
            yield head, start, _header(header, part, recode=recode, is_container=is_container)
        if recode:
            # The line break before a boundary is not the part's own.
            yield start, end, base64_lines(body).removesuffix(b"\r\n") if end < len(raw) else base64_lines(body)


def _header(header: bytes, part: Part, *, recode: bool, is_container: bool) -> bytes:
    """The fields of a part with its new encoding, their text in encoded words where it was raw."""
    end = _head_end(header) if _END in header or header.startswith(b"\r\n") else len(header)
    fields, rest = header[:end], header[end:]
    if recode or is_container:
        fields = _ENCODING.sub(b"", fields)
    fields = _FIELD.sub(lambda found: found.group() if _is_tame(found.group()) else _worded(found), fields)
    if recode:
        fields += b"Content-Transfer-Encoding: base64\r\n"
    return fields + rest


def _worded(found: re.Match[bytes]) -> bytes:
    name = found.group(1).decode("ascii")
    value = " ".join(decode_unnamed(found.group(2)).split())
    try:
        return field(name, text_atoms(value))
    except ValueError:
        return found.group()  # no field at all: the message cannot be made 7-bit
