"""The text that is written: misspelt words, how deep a line is quoted, where an answer begins.

Pure. A list of words is looked for by `ui.beside.dictionary`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_PROSE = re.compile(r"\S*(?:[@/\\_<>#=]|://|\.\w)\S*")
"""Addresses, paths, names of programs: nobody spells those by a dictionary."""
_SHORTEST = 3


def misspelt(line: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where words stand that are in no dictionary; `words` are lower case."""
    skipped = [match.span() for match in _NO_PROSE.finditer(line)]
    found = []
    for match in _WORD.finditer(line):
        start, end = match.span()
        if end - start >= _SHORTEST and not any(first <= start < last for first, last in skipped):
            word = match.group()
            if not _is_name(word) and not _is_known(word.lower(), words):
                found.append((start, end))
    return found


def _is_name(word: str) -> bool:
    """Capitals: a name, a shape such as `TextArea`, or the beginning of a sentence that is a name."""
    return word != word.lower() and word != word.capitalize()


def _is_known(word: str, words: Collection[str]) -> bool:
    word = word.replace("’", "'")
    return word in words or (word.endswith("'s") and word[:-2] in words)


def quote_depth(line: str) -> int:
    """How many `>` a line begins with (RFC 3676 4.5); spaces between them are people's habit.

    >>> quote_depth("> > old"), quote_depth("new")
    (2, 0)
    """
    depth = 0
    for character in line:
        if character == ">":
            depth += 1
        elif character != " " or not depth:
            break
    return depth


def with_room(body: str) -> tuple[str, int]:
    """An answer that was just begun, with an empty line to write on, and which line that is.

    Below the quote and above the signature; at the top where nothing is quoted there.

    >>> with_room("Ada wrote:\\n> old\\n\\n-- \\nGrace\\n")
    ('Ada wrote:\\n> old\\n\\n\\n\\n-- \\nGrace\\n', 3)
    """
    lines = body.split("\n")
    if not lines[0] or (len(lines) > 1 and not quote_depth(lines[0]) and not quote_depth(lines[1])):
        return body, 0
    last = 0
    while last + 1 < len(lines) and quote_depth(lines[last + 1]):
        last += 1
    if not quote_depth(lines[last]):
        return body, 0
    rest = lines[last + 1 :]
    while rest and not rest[0].strip():
        rest.pop(0)
    return "\n".join([*lines[: last + 1], "", "", *(["", *rest] if rest else [])]), last + 2
