"""Finding names by a few letters of them.

Pure. Each word of the query must be found: at the beginning of a word, inside one, or
as letters in order, in this order of worth.
"""

from __future__ import annotations

from typing import NamedTuple

_MAX_TEXT = 300


class Match(NamedTuple):
    """How well something fits, and which of its characters did."""

    score: float
    """More is better; comparable for one query only."""
    positions: tuple[int, ...]


def match(query: str, text: str) -> Match | None:
    """None when a word of `query` is not in `text`; an empty query fits everything alike.

    >>> match("inb", "Inbox").positions
    (0, 1, 2)
    """
    folded = text[:_MAX_TEXT].lower()
    if len(folded) != len(text[:_MAX_TEXT]):  # a few letters change their length: positions would be off
        folded = text[:_MAX_TEXT]
    score = 0.0
    positions: list[int] = []
    for word in query.lower().split():
        found = _word(word, folded)
        if found is None:
            return None
        score += found.score
        positions += found.positions
    return Match(score - len(folded) / 1000, tuple(sorted(set(positions))))


def _word(word: str, text: str) -> Match | None:
    best: Match | None = None
    at = text.find(word)
    while at >= 0:
        starts = at == 0 or not text[at - 1].isalnum()
        ends = at + len(word) == len(text) or not text[at + len(word)].isalnum()
        score = len(word) * (3.0 if starts else 1.5) + (2.0 if at == 0 else 0.0) + (1.0 if starts and ends else 0.0)
        if best is None or score > best.score:
            best = Match(score, tuple(range(at, at + len(word))))
        at = text.find(word, at + 1)
    return best or _letters(word, text)


def _letters(word: str, text: str) -> Match | None:
    """The letters in order; the first one begins a word, and the others are not far."""
    for start in (at for at in range(len(text)) if text[at] == word[0] and (at == 0 or not text[at - 1].isalnum())):
        positions = [start]
        for letter in word[1:]:
            positions.append(text.find(letter, positions[-1] + 1))
            if positions[-1] < 0:
                return None  # from a later start it is not there either
        if positions[-1] - start <= 6 * len(word):
            score = sum(1.0 if at == 0 or not text[at - 1].isalnum() else 0.3 for at in positions)
            return Match(score, tuple(positions))
    return None
