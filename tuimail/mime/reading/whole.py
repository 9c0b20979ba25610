"""The readable text of a message whose octets are all here.

Pure, but it may take seconds: whoever cannot wait lets a child process do it.
"""

from __future__ import annotations

from dataclasses import replace

from tuimail.mime.decoding import transfer
from tuimail.mime.parts import parse
from tuimail.mime.parts.choice import telling
from tuimail.mime.reading import readable
from tuimail.model import Part, ReadableText

MAX_TEXT_OCTETS = 4 << 20
"""Of one text part, as transferred; what is beyond is left out, and said."""
CUT = "The rest of this text is too long to be shown; save the whole message to read it."


def text_of(raw: bytes, kind: str) -> ReadableText:
    """What a person reads of a message; `kind` is `text`, `plain` or `html`. Never raises on account of the octets."""
    root, got, prefer, is_cut = parts_to_read(raw, kind)
    text = readable.readable_of(got, prefer, root=root)
    return replace(text, notes=(*text.notes, CUT)) if is_cut else text


def parts_to_read(raw: bytes, kind: str) -> tuple[Part, list[tuple[Part, bytes]], str, bool]:
    """The structure, the text parts with their decoded octets, which telling that is, and whether any was cut."""
    parsed = parse.parse_message(raw)
    prefer, wanted = telling(parsed.root, kind)
    got, is_cut = [], False
    for part in wanted:
        start, end = parsed.spans[part.section]
        is_cut = is_cut or end - start > MAX_TEXT_OCTETS
        got.append((part, transfer.decode_transfer(raw[start : min(end, start + MAX_TEXT_OCTETS)], part.encoding)))
    return parsed.root, got, prefer, is_cut
