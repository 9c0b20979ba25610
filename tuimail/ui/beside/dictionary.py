"""Words that are spelt right, from a list on this computer, for marks in the composer.

What lives here: finding and reading a list; called in a thread. What must not: Textual, what
counts as a word (`ui.lines.prose`), and how a word is made of a stem (`ui.lines.affixes`).
Plain lists, a word a line, are for any language. Dictionaries of Hunspell are taken by
themselves for English alone: where words are put together freely, half of a text would be marked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from tuimail.ui.lines.affixes import Forms, rules_of

OFF = "off"
LISTS = ("/usr/share/dict/words", "/usr/dict/words")
STEMS = ("/usr/share/hunspell", "/usr/share/myspell/dicts", "/usr/share/myspell")
MAX_OCTETS = 16_000_000
MAX_WORDS = 400_000
FEWEST = 1000
"""A list of fewer is none."""
MAX_RULES_OCTETS = 1_000_000
_CHARSET = re.compile(r"^SET[ \t]+(\S+)", re.MULTILINE)


def find_words(wish: str, environ: Mapping[str, str]) -> Collection[str]:
    """The words, in lower case, to be asked with `in`; none when there is no list, or it cannot be read.

    `wish`: the path of a list; empty to look in the usual places, `off` for none.
    """
    if wish == OFF:
        return frozenset()
    for place in [Path(wish).expanduser()] if wish else usual_places(environ):
        words = read_words(place)
        if len(words) >= FEWEST:
            return words
    return frozenset()


def usual_places(environ: Mapping[str, str]) -> list[Path]:
    """Where lists lie: dictionaries of hunspell in English first, where that is the language, then plain lists."""
    language = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    name = language.partition(".")[0]
    places = [Path(folder) / f"{name}.dic" for folder in STEMS] if name.startswith("en_") else []
    return [*places, *map(Path, LISTS)]


def read_words(place: Path) -> Collection[str]:
    """The words of a file; of a dictionary (`.dic`) with all forms that the rules beside it (`.aff`) make of them."""
    octets = _read(place, MAX_OCTETS)
    if place.suffix != ".dic":
        return frozenset(_stems(octets.decode("utf-8", "replace")))
    rules = _read(place.with_suffix(".aff"), MAX_RULES_OCTETS)
    named = _CHARSET.search(rules.decode("latin-1"))
    charset = named.group(1) if named is not None else "utf-8"
    return Forms(_stems(_decoded(octets, charset)), rules_of(_decoded(rules, charset)))


def _stems(text: str) -> dict[str, str]:
    """The words of a list in lower case, each with its flags."""
    stems: dict[str, str] = {}
    for line in text.splitlines():
        word, _, flags = line.partition("/")
        word = word.strip().lower()
        if word and not word[0].isdigit():
            stems[word] = stems.get(word, "") + flags.partition("\t")[0].partition(" ")[0]
        if len(stems) >= MAX_WORDS:
            break
    return stems


def _decoded(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")


def _read(place: Path, most_octets: int) -> bytes:
    try:
        with open(place, "rb", opener=_no_waiting) as stream:
            return stream.read(most_octets)
    except OSError:
        return b""


def _no_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
