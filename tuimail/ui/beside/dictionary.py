"""Words that are spelt right, from a list on this computer, for marks in the composer.

What lives here: finding and reading a list; called in a thread. What must not: Textual, and
what counts as a word (`ui.lines.prose`). Plain lists, a word a line, are for any language.
Dictionaries of hunspell hold stems, whose endings `prose` knows for English alone: others
would mark half of a text, so they are not taken by themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

OFF = "off"
LISTS = ("/usr/share/dict/words", "/usr/dict/words")
STEMS = ("/usr/share/hunspell", "/usr/share/myspell/dicts", "/usr/share/myspell")
MAX_OCTETS = 16_000_000
MAX_WORDS = 400_000
FEWEST = 1000
"""A list of fewer is none."""


def find_words(wish: str, environ: Mapping[str, str]) -> frozenset[str]:
    """The words, in lower case; none when there is no list, or it cannot be read.

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


def read_words(place: Path) -> frozenset[str]:
    """The words of a file; a flag of hunspell behind a slash is left out."""
    try:
        with open(place, "rb", opener=_no_waiting) as stream:
            text = stream.read(MAX_OCTETS).decode("utf-8", "replace")
    except OSError:
        return frozenset()
    words: set[str] = set()
    for line in text.splitlines():
        word = line.partition("/")[0].strip().lower()
        if word and not word[0].isdigit():
            words.add(word)
        if len(words) >= MAX_WORDS:
            break
    return frozenset(words)


def _no_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
