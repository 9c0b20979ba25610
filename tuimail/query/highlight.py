"""Where a text has what was looked for, and the piece of it that shows that best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tuimail.query.tree import Node, Reach, Words, leaves
from tuimail.query.words import fold, is_unspaced, spans

BEFORE: Final = 32
"""Characters of a snippet before the first hit."""
_LONGEST_LINE: Final = 4000
_IN_BODY: Final = frozenset(("", "body"))


class Needle(NamedTuple):
    """Words that are marked where they stand side by side."""

    field: str
    units: tuple[str, ...]
    """Folded words; characters of unspaced scripts one by one."""
    reach: Reach


class Snippet(NamedTuple):
    """A line that shows why a message was found."""

    text: str
    hits: tuple[tuple[int, int], ...]
    """Start and end of what is marked, ascending, never overlapping."""


NOTHING: Final = Snippet("", ())


def needles(tree: Node | None) -> tuple[Needle, ...]:
    """What a query looks for in texts; not what it leaves out."""
    return tuple(
        Needle(leaf.field, tuple(_units(leaf.words)), leaf.reach)
        for leaf, wanted in leaves(tree) if wanted and isinstance(leaf, Words)
    )


def hits(text: str, wanted: Iterable[Needle], field: str) -> tuple[tuple[int, int], ...]:
    """Start and end of everything that `wanted` marks in a text of this field."""
    found: list[tuple[int, int]] = []
    tokens = None
    for needle in wanted:
        if needle.field in ("", field):
            tokens = spans(text) if tokens is None else tokens
            found += _of(needle, tokens)
    return _merged(found)


def snippet(lines: Iterable[str], wanted: Sequence[Needle], width: int = 160) -> Snippet:
    """The first piece of a body with a hit in it, on one line; the beginning when there is none."""
    sought = [needle for needle in wanted if needle.field in _IN_BODY]
    first = ""
    for line in lines:
        line = line[:_LONGEST_LINE]
        if not first and line.strip():
            first = line
        if not sought:
            if first:
                break
            continue
        folded = fold(line)
        if any(needle.units[0] in folded for needle in sought):
            marked = hits(line, sought, "body")
            if marked:
                return _cut(line, marked, width)
    return Snippet(" ".join(first.split())[:width], ())


def _units(words: Sequence[str]) -> list[str]:
    """Pairs of unspaced characters become single ones again."""
    units: list[str] = []
    is_run = False
    for word in words:
        if not is_unspaced(word[0]):
            units.append(word)
            is_run = False
            continue
        goes_on = is_run and units[-1] == word[0]
        units += word[1:] if goes_on else word
        is_run = True
    return units


def _of(needle: Needle, tokens: Sequence[tuple[int, int, str]]) -> list[tuple[int, int]]:
    for reach in _tried(needle.reach):
        found = _places(needle.units, reach, tokens)
        if found:
            return found
    return []


def _tried(reach: Reach) -> tuple[Reach, ...]:
    if reach is Reach.USUAL:
        return Reach.WHOLE, Reach.BEGINNING, Reach.INSIDE
    return (Reach.BEGINNING, Reach.INSIDE) if reach is Reach.TYPED else (reach,)


def _places(units: Sequence[str], reach: Reach, tokens: Sequence[tuple[int, int, str]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    *before, last = units
    for index in range(len(tokens) - len(before)):
        if any(tokens[index + offset][2] != unit for offset, unit in enumerate(before)):
            continue
        start, end, word = tokens[index + len(before)]
        if word == last:
            stop = end
        elif (reach is Reach.BEGINNING and word.startswith(last)) or (reach is Reach.INSIDE and last in word):
            at = word.find(last)
            # Where folding kept the length, only the part that was typed is marked.
            fits = len(word) == end - start
            stop = start + at + len(last) if fits else end
            start = start + at if fits else start
        else:
            continue
        found.append((tokens[index][0] if before else start, stop))
    return found


def _merged(found: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _cut(line: str, marked: tuple[tuple[int, int], ...], width: int) -> Snippet:
    """About `width` characters around the first hit."""
    first = marked[0][0]
    start = max(0, first - BEFORE)
    if start:
        space = line.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    end = min(len(line), start + width)
    prefix = "…" if start else ""
    piece = line[start:end].replace("\n", " ").replace("\t", " ")
    shift = len(prefix) - start
    kept = tuple((one + shift, min(other, end) + shift) for one, other in marked if start <= one < end)
    return Snippet(prefix + piece + ("…" if end < len(line) else ""), kept)
