"""What a word is, for the index, for queries and for highlights alike.

Case and accents are folded, so `LEFEVRE` finds `Lefèvre`, and `strasse` finds `Straße`.
Scripts that write no spaces between words (Han, Kana, Hangul, Thai, Lao, Khmer, Burmese)
are cut into pairs of neighbouring characters, so that any part of a sentence is found.
A word of the index holds letters, digits and marks only: nothing that a query of
SQLite's FTS5 could take for an operator, and no NUL or surrogate.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 64
"""Characters of a word that count: what is longer is cut in the index and in queries alike."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
)
_MARKS = (
    "\u0900-\u0963\u0966-\u0dff"  # Indic vowel signs stand inside of words
)
_PICTURES = "\u2600-\u27bf\U0001f300-\U0001faff"
_TOKEN: Final = re.compile(f"([{_UNSPACED}]+)|([{_PICTURES}])|(?:(?![{_UNSPACED}])(?:[^\\W_]|[{_MARKS}]))+")
_ASCII: Final = bytes(
    ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else ord(" ") for code in range(256)
)
"""For `bytes.translate`, which is three times as fast as a regular expression."""
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
)


def fold(text: str) -> str:
    """The text without case, accents and forms of width; not of the same length."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", decomposed)))


def words(text: str) -> list[str]:
    """The words of a text, folded, in order; characters of unspaced scripts in pairs, the last one alone."""
    if text.isascii():
        found = text.encode().translate(_ASCII).decode().split()
        return found if max(map(len, found), default=0) <= LONGEST else [word[:LONGEST] for word in found]
    found = []
    for match in _TOKEN.finditer(fold(text)):
        run = match.group(1)
        if run is None:
            found.append(match.group()[:LONGEST])
        else:
            found += [run[index : index + 2] for index in range(len(run))]
    return found


def phrase(text: str) -> tuple[list[str], bool]:
    """The words of a text that is looked for, and whether the last one may go on.

    Of a run of unspaced characters the last one is the first half of a pair in the index,
    unless the run ends there; `会議の` is looked for as `会議 議の`, and `会` as `会...`.
    """
    if text.isascii():
        return words(text), False
    found: list[str] = []
    goes_on = False
    for match in _TOKEN.finditer(fold(text)):
        run = match.group(1)
        goes_on = False
        if run is None:
            found.append(match.group()[:LONGEST])
        elif len(run) == 1:
            found.append(run)
            goes_on = True
        else:
            found += [run[index : index + 2] for index in range(len(run) - 1)]
    return found, goes_on


def spans(text: str) -> list[tuple[int, int, str]]:
    """The words of a text as it stands: start, end, folded; unspaced characters one by one."""
    return [(match.start(), match.end(), fold(match.group())) for match in _SHOWN.finditer(text)]


def is_unspaced(character: str) -> bool:
    """Whether it is of a script that writes no spaces between words."""
    return _UNSPACED_ONE.match(character) is not None


_UNSPACED_ONE: Final = re.compile(f"[{_UNSPACED}]")
_SHOWN: Final = re.compile(
    f"[{_UNSPACED}]|[{_PICTURES}]|(?:(?![{_UNSPACED}])(?:[^\\W_]|[{_MARKS}]|{_ACCENTS.pattern}))+"
)
