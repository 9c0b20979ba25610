"""Readable text flowed into lines of the screen, a little at a time.

A body of 100,000 lines, or one line of a megabyte, must show its first page at once,
so nothing here ever walks the whole text in one go: `Flow.extend` goes on from where
it stopped, as far as it is asked. What is remembered of a screen line is only where
it begins (eight octets). Pure: no colours, no Textual, no clock; the caller says when
to stop.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tuimail.model import LineKind, TextLine
from tuimail.ui.lines.cells import char_width, cut, fit
from tuimail.ui.lines.rows import Run, Runs

FOLD = 0xFFFFFFFF
"""As the offset of a screen line: it stands for a folded quote."""

_LONG_QUOTE = 6
"""Quotes of more lines than this are folded at first."""
_MAX_QUOTE_BARS = 4
_STEP = 64
"""Screen lines between two looks at the clock of the caller."""


class Quote(NamedTuple):
    """A block of quoted lines: `first` to `end` (not included) of the source."""

    first: int
    end: int


class Piece(NamedTuple):
    """One line of the screen: which source line, and which characters of it."""

    line: int
    start: int
    end: int
    """FOLD in `start` means a folded quote; then `end` is the number of its lines."""


def quotes_of(lines: Sequence[TextLine]) -> list[Quote]:
    """The blocks of consecutive quoted lines; blank lines between two quoted ones belong to the block."""
    found: list[Quote] = []
    first = -1
    last = -1
    for index, line in enumerate(lines):
        if line.quote_depth:
            if first < 0:
                first = index
            last = index
        elif first >= 0 and line.text.strip():
            found.append(Quote(first, last + 1))
            first = -1
    if first >= 0:
        found.append(Quote(first, last + 1))
    return found


def folded_at_first(lines: Sequence[TextLine]) -> set[int]:
    """The first lines of the quotes that are hidden until asked for.

    Long ones; and the one that ends the message unless it is the message.
    """
    blocks = quotes_of(lines)
    folded = {block.first for block in blocks if block.end - block.first > _LONG_QUOTE}
    if len(blocks) == 1 and blocks[0].first == 0:
        return set()
    return folded


class Flow:
    """The screen lines of a text at one width, found as far as they were asked for."""

    def __init__(self, lines: Sequence[TextLine], width: int, folded: frozenset[int] = frozenset()) -> None:
        self.lines = lines
        self.width = max(8, width)
        self.folded = folded
        self._quote_end = {block.first: block.end for block in quotes_of(lines)} if folded else {}
        self._line_of = array("I")
        self._start_of = array("I")
        self._next_line = 0
        self._next_start = 0

    def __len__(self) -> int:
        return len(self._line_of)

    @property
    def complete(self) -> bool:
        """Every screen line is known."""
        return self._next_line >= len(self.lines)

    @property
    def progress(self) -> float:
        """Share of the source lines that were walked, 0 to 1."""
        return self._next_line / len(self.lines) if self.lines else 1.0

    def extend(self, until: int, go_on: Callable[[], bool] = lambda: True) -> None:
        """Find screen lines until there are `until` of them, the text ends, or `go_on()` says no."""
        while len(self._line_of) < until and not self.complete:
            for _ in range(min(_STEP, until - len(self._line_of))):
                self._step()
            if not go_on():
                return

    def extend_to_line(self, line: int, go_on: Callable[[], bool] = lambda: True) -> None:
        """Find screen lines until source line `line` is reached."""
        while self._next_line <= line and not self.complete:
            for _ in range(_STEP):
                self._step()
            if not go_on():
                return

    def piece(self, index: int) -> Piece:
        """Screen line `index`, which must be known."""
        line, start = self._line_of[index], self._start_of[index]
        if start == FOLD:
            return Piece(line, FOLD, self._quote_end[line] - line)
        following = index + 1
        if following < len(self._line_of):
            end = self._start_of[following] if self._line_of[following] == line else len(self.lines[line].text)
        else:
            end = self._next_start if self._next_line == line else len(self.lines[line].text)
        return Piece(line, start, end)

    def first_piece_of(self, line: int) -> int:
        """The screen line on which source line `line` begins; the last known one when it is further on."""
        low, high = 0, len(self._line_of)
        while low < high:
            middle = (low + high) // 2
            if self._line_of[middle] < line:
                low = middle + 1
            else:
                high = middle
        return min(low, max(0, len(self._line_of) - 1))

    def _step(self) -> None:
        """Find one screen line, if there is one more."""
        line, start = self._next_line, self._next_start
        if line >= len(self.lines):
            return
        if start == 0 and line in self.folded and line in self._quote_end:
            self._line_of.append(line)
            self._start_of.append(FOLD)
            self._next_line = self._quote_end[line]
            return
        self._line_of.append(line)
        self._start_of.append(start)
        text_line = self.lines[line]
        end = break_at(text_line.text, start, text_width(text_line, self.width, start), hard=is_hard(text_line))
        if end >= len(text_line.text):
            self._next_line, self._next_start = line + 1, 0
        else:
            self._next_start = end


def is_hard(line: TextLine) -> bool:
    """Whether a line is cut at the edge instead of at a space."""
    return line.kind == LineKind.CODE


def text_width(line: TextLine, width: int, start: int) -> int:
    """Cells for the text of a screen line beside quote bars and hanging indent."""
    room = width - 2 * min(line.quote_depth, _MAX_QUOTE_BARS)
    if start:
        room -= min(line.indent_cells, width // 3)
    return max(4, room)


def break_at(text: str, start: int, width: int, *, hard: bool = False) -> int:
    """Where the screen line that begins at `start` ends: the offset of the next one's first character.

    Breaks after a space where there is one, between wide characters, else anywhere.
    Looks at no more characters than can fit.
    """
    window = text[start : start + width + 1]
    if window.isascii():
        if len(window) <= width:
            return start + len(window)
        end = width
    else:
        window = text[start : start + 4 * width + 9]
        end = len(cut(window, width))
        if end >= len(window):
            return start + end
        end = max(1, end)
    if window[end] == " ":
        return _skip_spaces(text, start + end)
    if hard:
        return start + end
    space = window.rfind(" ", 1, end)
    wide = _last_wide(window, end) if not window.isascii() else 0
    if max(space + 1, wide) > 0 and (space > 0 or wide > 0):
        best = max(space + 1 if space > 0 else 0, wide)
        if window[:best].strip():
            return start + best
    return start + end


def _skip_spaces(text: str, offset: int) -> int:
    """After at most a few spaces at the break, so that the next line does not begin with one."""
    for _ in range(8):
        if offset < len(text) and text[offset] == " ":
            offset += 1
        else:
            break
    return offset


_NOT_AT_START = "、。，．：；？！）］｝」』】〉》〕”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"


def _last_wide(window: str, end: int) -> int:
    """The last place at or before `end` where a line may break beside a wide character, or 0."""
    for offset in range(end, max(0, end - 40), -1):
        before = window[offset - 1]
        after = window[offset] if offset < len(window) else " "
        if after in _NOT_AT_START or unicodedata.combining(after):
            continue
        if char_width(before) == 2 or char_width(after) == 2:
            return offset
        if before == " ":
            return 0
    return 0


def piece_runs(flow: Flow, piece: Piece, width: int) -> Runs:
    """A screen line as runs; exactly `width` cells."""
    line = flow.lines[piece.line]
    if piece.start == FOLD:
        return _fill([Run(f"▸ {piece.end} quoted lines", "muted")], width)
    if line.kind == LineKind.RULE:
        return _fill([Run("─" * min(width, flow.width), "rule")], width)
    bars = min(line.quote_depth, _MAX_QUOTE_BARS)
    runs = [Run("│ ", f"quote-{depth}") for depth in range(1, bars + 1)]
    if piece.start and line.indent_cells:
        runs.append(Run(" " * min(line.indent_cells, flow.width // 3), "text"))
    runs += _spans(line, piece, _base_role(line, bars))
    return _fill(runs, width)


def _base_role(line: TextLine, bars: int) -> str:
    if bars:
        return f"quote-{bars}"
    return {
        LineKind.HEADING: "heading",
        LineKind.CODE: "code",
        LineKind.SIGNATURE: "signature",
        LineKind.NOTE: "note",
    }.get(LineKind(line.kind) if line.kind in _KINDS else LineKind.TEXT, "text")


_KINDS = frozenset(kind.value for kind in LineKind)
_SPAN_ROLES = {"link": "link", "bold": "bold", "italic": "italic", "code": "code", "warning": "warning"}


def _spans(line: TextLine, piece: Piece, base: str) -> Runs:
    """The characters of a piece, cut where a span begins or ends."""
    text = line.text
    runs: Runs = []
    at = piece.start
    for span in line.spans:
        if span.end <= at:
            continue
        if span.start >= piece.end:
            break
        if span.start > at:
            runs.append(Run(text[at : span.start], base))
            at = span.start
        end = min(span.end, piece.end)
        runs.append(Run(text[at:end], _SPAN_ROLES.get(span.kind, base)))
        at = end
    if at < piece.end:
        runs.append(Run(text[at : piece.end], base))
    return runs


def _fill(runs: Runs, width: int) -> Runs:
    """Runs in exactly `width` cells: the rest is blank, what hangs over (a trailing space) is cut."""
    filled: Runs = []
    left = width
    for run in runs:
        shown = cut(run.text, left)
        if shown:
            filled.append(Run(shown, run.role))
        left -= len(shown) if shown.isascii() else sum(map(char_width, shown))
    if left > 0:
        filled.append(Run(fit("", left), "text"))
    return filled
