"""Lines of the reader that are selected: from where to where, and what they say.

A selection runs over lines of the screen, so that one of many lines of a long paragraph can
be meant. Its ends are places of the text, and not of the screen: they stay when the text
flows anew. Pure. What must not live here: keys, drawing.
"""

from __future__ import annotations

from typing import NamedTuple

from tuimail.model import LineKind, TextLine
from tuimail.ui.lines.wrapping import FOLD, Flow


class Place(NamedTuple):
    """A character of the text with which a line of the screen begins."""

    line: int
    start: int = 0


class Selection(NamedTuple):
    """All lines of the screen between two places, both included."""

    anchor: Place
    """Where it began."""
    cursor: Place
    """Where the keys are."""

    def rows(self, flow: Flow) -> range:
        """The lines of the screen that are selected."""
        ends = sorted((row_of(flow, self.anchor), row_of(flow, self.cursor)))
        return range(ends[0], ends[1] + 1)


def place_of(flow: Flow, row: int) -> Place:
    """The place of a line of the screen, which must be known."""
    piece = flow.piece(row)
    return Place(piece.line, 0 if piece.start == FOLD else piece.start)


def row_of(flow: Flow, place: Place) -> int:
    """The line of the screen that holds a place; the nearest known one where it is further on."""
    low, high = 0, len(flow)
    while low < high:
        middle = (low + high) // 2
        if place_of(flow, middle) <= place:
            low = middle + 1
        else:
            high = middle
    return max(0, low - 1)


def selected_text(flow: Flow, rows: range, lines: range) -> str:
    """What selected lines say, quotes with `> ` before them; of source lines outside `lines` nothing.

    Ends without a line end. A folded quote says all that is in it. What we put in by ourselves,
    such as rules and the numbers behind links, is left out.
    """
    told: dict[int, tuple[int, int]] = {}
    for row in rows:
        piece = flow.piece(row)
        if piece.start == FOLD:
            folded = range(piece.line, piece.line + piece.end)
            told |= {line: (0, len(flow.lines[line].text)) for line in folded if line in lines}
        elif piece.line in lines:
            told[piece.line] = (told.get(piece.line, (piece.start, 0))[0], piece.end)
    said = [
        ("> " * flow.lines[line].quote_depth + _said(flow.lines[line], start, end)).rstrip()
        for line, (start, end) in told.items()
        if flow.lines[line].kind != LineKind.RULE
    ]
    while said and not said[-1]:
        said.pop()
    while said and not said[0]:
        said.pop(0)
    return "\n".join(said)


def _said(line: TextLine, start: int, end: int) -> str:
    """Characters of a line without the numbers behind its links."""
    marks = [(max(start, span.end - len(f" [{span.link}]")), min(end, span.end)) for span in line.spans
             if span.link and line.text[span.start : span.end].endswith(f" [{span.link}]")]  # fmt: skip
    said = ""
    for first, last in sorted(marks):
        if first < last:
            said += line.text[start:first]
            start = last
    return said + line.text[start:end]
