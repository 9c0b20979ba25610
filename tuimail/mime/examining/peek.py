"""A look at bytes that opens nothing: hex lines and readable strings, cleaned for a terminal."""

from __future__ import annotations

import re
from typing import Final

from tuimail.mime.clean import clean_line
from tuimail.mime.examining.scripts import text_of

MAX_OCTETS: Final = 64 * 1024
OCTETS_A_LINE: Final = 16
SHORTEST_STRING: Final = 4
MAX_LINE: Final = 500
MAX_LINES: Final = 20_000

_WIDE: Final = rb"(?:[\x20-\x7e]\x00){%d,}" % SHORTEST_STRING
_NARROW: Final = rb"[\t\x20-\x7e]{%d,}" % SHORTEST_STRING
_STRING: Final = re.compile(rb"(%s)|(%s)" % (_WIDE, _NARROW))
_DOTTED: Final = bytes(octet if 0x20 <= octet <= 0x7E else 0x2E for octet in range(256))


def hex_lines(octets: bytes, *, start: int = 0) -> tuple[str, ...]:
    """Lines as `00000010  25 50 44 46 ...  %PDF...` of at most MAX_OCTETS; `start` is the offset of the first.

    ASCII only: whatever an octet would do to a terminal, it is a dot here.
    """
    octets = octets[:MAX_OCTETS]
    lines = []
    for at in range(0, len(octets), OCTETS_A_LINE):
        line = octets[at : at + OCTETS_A_LINE]
        left, right = line[:8].hex(" "), line[8:].hex(" ")
        lines.append(f"{start + at:08x}  {left:<23}  {right:<23}  {line.translate(_DOTTED).decode('ascii')}")
    return tuple(lines)


def text_lines(octets: bytes) -> tuple[str, ...]:
    """The text of a file that is text, line by line; of any other the strings in it, one a line.

    UTF-8 and UTF-16 are read; every line is cleaned and cut at MAX_LINE characters.
    """
    octets = octets[:MAX_OCTETS]
    text = text_of(octets)
    if text and text.count("\ufffd") * 20 <= len(text):
        lines = re.split(r"\r\n|\r|\n", text, maxsplit=MAX_LINES)
        return tuple(clean_line(line.expandtabs(4), MAX_LINE).rstrip() for line in lines[:MAX_LINES])
    return tuple(_strings(octets))


def _strings(octets: bytes) -> list[str]:
    found: list[str] = []
    for string in _STRING.finditer(octets):
        wide, narrow = string.groups()
        text = wide.decode("utf-16-le") if wide is not None else narrow.decode("ascii")
        found.append(clean_line(text, MAX_LINE).strip())
    return [line for line in found if line]
