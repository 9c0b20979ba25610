"""The boundary between what a sender chose and what a terminal is given.

Every string that leaves the model for a person goes through one of these functions:
no control character (but newline, where lines are meant), no direction override, no
zero-width character, no lone surrogate comes out. What must not live here: anything
about mail syntax, files or widgets.

Unicode general categories are named as in UAX #44: Cc control, Cf format, Cs
surrogate, Zl and Zp separators.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

REPLACEMENT = "\ufffd"
ELLIPSIS = "…"
MAX_MARKS = 8
"""Combining marks kept on one base character; more is a tower over the neighbours."""

MAX_STEM_OCTETS = 200
MAX_EXTENSION_OCTETS = 16
TAB_CELLS = 8

_FIRST_MARK = "\u0300"
"""No printable character below it is wide, combining or invisible."""

_TO_MARK = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
_TO_SPACE = (
    "\t\r\x0b\x0c\x85"
    "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"  # Zs: spaces that are told from a space only by padding
    "\u115f\u1160\u3164\uffa0\u2800"  # Hangul fillers and the empty Braille cell: letters that show nothing
)
_TO_NOTHING = (
    # Cf as of Unicode 16, the separators, and what else is drawn as nothing (Default_Ignorable_Code_Point)
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_MARK_RUN = (
    # A superset of the blocks with combining marks, without the large scripts that have none.
    "[\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u20d0-\u20ff\u2cef-\u2cf1\u2d7f-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\uabff\ufb1e\ufe20-\ufe2f\U000101fd-\U0001ffff]{9,}"
)
_SEQUENCE = (
    "(?:\x1b\\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI, ECMA-48 5.4
    "|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c\n]{0,400}(?:\x07|\x1b\\\\|\x9c)"  # OSC with its terminator
)

_WIDE_MARKS = "\u302a\u302b\u302c\u302d\u302e\u302f\u3099\u309a"
"""East Asian Wide by their block, but they stand on the character before."""

_PATH_MARKS = "[/\\\\\u2044\u2215\u29f5\u29f8\ufe68\uff0f\uff3c]"
_FORBIDDEN = '[\ufffd:*?"<>|]'
_RESERVED = r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?:\.|$)"
_EXTENSION = r"\.[^. ]{1,16}\Z"


class _Patterns(NamedTuple):
    odd: re.Pattern[str]
    marked: re.Pattern[str]
    spaced: re.Pattern[str]
    dropped: re.Pattern[str]
    sequence: re.Pattern[str]
    mark_run: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """Compiled when the first text needs it: 3 ms that a first frame of plain names does not pay."""
    return _Patterns(
        odd=re.compile(f"[{_TO_MARK}{_TO_SPACE}{_TO_NOTHING}]"),
        marked=re.compile(f"[{_TO_MARK}]"),
        spaced=re.compile(f"[{_TO_SPACE}]"),
        dropped=re.compile(f"[{_TO_NOTHING}]"),
        sequence=re.compile(_SEQUENCE),
        mark_run=re.compile(_MARK_RUN),
    )


def clean_line(text: str, limit: int = 500) -> str:
    """One line that a terminal can be given, at most `limit` characters.

    Controls and surrogates become U+FFFD, newlines, tabs and odd spaces a space, and
    format characters (direction, zero width, tags) vanish.
    """
    if not text.isprintable() or not (text.isascii() or max(text) < _FIRST_MARK):
        text = _clean(text[: limit * 4].replace("\n", " "))
    if len(text) > limit:
        return text[: max(limit - 1, 0)] + ELLIPSIS
    return text


def clean_text(text: str) -> str:
    """Lines that a terminal can be given: as `clean_line`, but newlines stay and tabs are expanded."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = text.replace("\r", "\n")
    if "\t" in text:
        text = "\n".join(line.expandtabs(TAB_CELLS) if "\t" in line else line for line in text.split("\n"))
    return _clean(text)


def _clean(text: str) -> str:
    patterns = _patterns()
    if patterns.odd.search(text):
        if "\x1b" in text or "\x9b" in text or "\x9d" in text:
            text = patterns.sequence.sub(REPLACEMENT, text)
        text = patterns.spaced.sub(" ", patterns.marked.sub(REPLACEMENT, text))
        text = patterns.dropped.sub("", text)
    if patterns.mark_run.search(text):
        text = patterns.mark_run.sub(_thin_marks, text)
    return text


def _thin_marks(found: re.Match[str]) -> str:
    """The run without the marks beyond the eighth on one base."""
    kept: list[str] = []
    marks = 0
    for character in found.group():
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me", "Mc") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def without_leading_marks(text: str) -> str:
    """The text from its first character that is no combining mark: for pieces that are put together later."""
    start = 0
    while start < len(text) and text[start] >= _FIRST_MARK and unicodedata.category(text[start]) in ("Mn", "Me"):
        start += 1
    return text[start:]


def cell_width(text: str) -> int:
    """How many terminal cells the (cleaned) text takes: 0, 1 or 2 a character (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if character < _FIRST_MARK:
        return 1
    if character in _WIDE_MARKS:
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        # Skin tones join the emoji before them.
        return 0 if "\U0001f3fb" <= character <= "\U0001f3ff" else 2
    if unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    return 1


def safe_filename(name: str, fallback: str = "attachment") -> str:
    """A file name to propose: one component, at most 200 + 16 octets, its extension kept.

    No path, control, hidden or direction character, leading dot or dash, trailing dot
    or space, nor a name that some system reserves. Never empty.
    """
    cleaned = clean_line(name, 4_000)
    last = re.split(_PATH_MARKS, cleaned)[-1] or re.sub(_PATH_MARKS, " ", cleaned)
    last = " ".join(re.sub(_FORBIDDEN, "_", last).split())
    last = last.lstrip(".-~ ").rstrip(". ")
    if not last.strip("_. "):
        last = fallback
    if re.match(_RESERVED, last):
        last = "_" + last
    found = re.search(_EXTENSION, last)
    extension = found.group() if found and found.start() else ""
    stem = last[: -len(extension)] if extension else last
    return _cut_octets(stem, MAX_STEM_OCTETS).rstrip() + _cut_octets(extension, MAX_EXTENSION_OCTETS).rstrip(". ")


def _cut_octets(text: str, limit: int) -> str:
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def elide_middle(name: str, width_cells: int) -> str:
    """The name in so many cells, its middle left out, so that the extension always shows."""
    if cell_width(name) <= width_cells:
        return name
    if width_cells <= 1:
        return ELLIPSIS[:width_cells]
    found = re.search(_EXTENSION, name)
    room = width_cells - 1
    extension_cells = cell_width(found.group()) if found else 0
    tail_cells = min(room, max(extension_cells, min(extension_cells + room // 4, room // 2)))
    tail = _last_cells(name, tail_cells)
    return _first_cells(name, room - cell_width(tail)) + ELLIPSIS + tail


def _first_cells(text: str, width_cells: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _character_width(character)
        if taken > width_cells:
            return text[:index]
    return text


def _last_cells(text: str, width_cells: int) -> str:
    taken = 0
    for index in range(len(text) - 1, -1, -1):
        taken += _character_width(text[index])
        if taken > width_cells:
            return text[index + 1 :]
    return text
