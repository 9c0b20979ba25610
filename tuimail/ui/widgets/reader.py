"""The reader: one message's text, flowed a little at a time and drawn as it is seen.

It is given lines (`ui.lines.document`) and knows nothing of stores or engines. A body of
100,000 lines shows its first page at once; the rest is flowed in slices of a few
milliseconds between keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.model import TextLine
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.keys import READER, bindings
from tuimail.ui.layout import clamp
from tuimail.ui.lines.cells import char_width
from tuimail.ui.lines.paragraphs import joined
from tuimail.ui.lines.rows import BAR, Run
from tuimail.ui.lines.selecting import row_of
from tuimail.ui.lines.wrapping import FOLD, Flow, Piece, folded_at_first, piece_runs, quotes_of
from tuimail.ui.widgets.selecting import SelectingView

MEASURE = 92
"""Text is never wider: longer lines are hard to follow."""
_SLICE_S = 0.006
_PAUSE_S = 0.012
_MARGIN = 1


class Reader(Punctual, SelectingView, can_focus=True):
    """The text of one message."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(READER)]

    @dataclass
    class LinkClicked(Message):
        """A link of the text was clicked."""

        number: int

    @dataclass
    class LineClicked(Message):
        """A line was clicked where nothing else is."""

        line: int

    class Left(Message):
        """A person goes back to the list."""

    def __init__(self, *, leave: Callable[[], None], id: str | None = None) -> None:
        super().__init__(id=id)
        self._leave = leave
        self._source: Sequence[TextLine] = ()
        self._joins = False
        self._lines: Sequence[TextLine] = ()
        self._folded: set[int] = set()
        self._flow = Flow((), 40)
        self._seek_line: int | None = None
        """A source line that is to come to the top as soon as the flow has reached it."""
        self._seek_end = False
        self._growing = False

    # --- what is shown ---------------------------------------------------------

    def show(self, lines: Sequence[TextLine], *, keep_place: bool = False, joins: bool = False) -> None:
        """Show a text from its top. `keep_place` is for the same message in another dress.

        `joins`: lines that were broken by the sender may be joined where the pane is narrower.
        """
        top = self.top_line if keep_place else 0
        if not keep_place or (self.is_selecting and lines != self._source):
            self.end_selection()
            self._pointed = None
        self._source, self._joins = lines, joins
        self._lines = self._joined()
        self._folded = folded_at_first(self._lines)
        self._seek_line, self._seek_end = None, False
        self._reflow()
        self._flow.extend(top + self.page_lines + 1, _budget())
        self.scroll_line_to(top)

    def seek(self, line: int) -> None:
        """Put a line of the text at the top, as soon as it has its place."""
        self._flow.extend_to_line(line, _budget())
        self._seek_line = line if line else None
        self._tell_size()
        self._seek()

    @property
    def flowed_completely(self) -> bool:
        """Whether every line of the text has its place."""
        return self._flow.complete

    @property
    def at_end(self) -> bool:
        """Whether the last line is visible."""
        return self._flow.complete and self.top_line + self.page_lines >= len(self._flow)

    def _joined(self) -> Sequence[TextLine]:
        return joined(self._source, self._text_width) if self._joins else self._source

    def _reflow(self) -> None:
        self._flow = Flow(self._lines, self._text_width, frozenset(self._folded))
        self._flow.extend(self.page_lines * 2, _budget())
        self._tell_size()
        self._grow_later()

    @property
    def _text_width(self) -> int:
        return max(8, min(MEASURE, self.scrollable_content_region.width - 2 * _MARGIN))

    def _tell_size(self) -> None:
        size = Size(self.scrollable_content_region.width, len(self._flow))
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh()

    def _grow_later(self) -> None:
        if not self._growing and not self._flow.complete:
            self._growing = True
            self.set_timer(_PAUSE_S, self._grow)

    def _grow(self) -> None:
        """Flow one slice more, then let keys be handled."""
        self._growing = False
        known = len(self._flow)
        self._flow.extend(known + 1_000_000, _budget())
        if self._flow.complete or len(self._flow) > 2 * self.virtual_size.height:
            # Each change of size lays the screen out anew: not for every slice.
            self.virtual_size = Size(self.scrollable_content_region.width, len(self._flow))
        if known < self.top_line + self.page_lines:
            self.refresh()
        self._seek()
        self._grow_later()

    def _seek(self) -> None:
        if self._seek_line is not None:
            found = self._flow.first_piece_of(self._seek_line)
            if self._flow.complete or found < len(self._flow) - self.page_lines:
                self._seek_line = None
                self.scroll_line_to(found)
        if self._seek_end and self._flow.complete:
            self._seek_end = False
            self.scroll_line_to(len(self._flow) - self.page_lines)
            self._step(len(self._flow))

    def _join_again(self) -> None:
        """Another width: other lines are joined, and the lines have other numbers."""
        lines = self._joined()
        if len(lines) != len(self._lines):
            self._lines = lines
            self._folded = folded_at_first(lines)
            self.end_selection()
            self._pointed = None

    def _keep_place(self) -> None:
        """Flow again, and keep the source line that is at the top there."""
        line = self._flow.piece(self.top_line).line if self.top_line < len(self._flow) else 0
        line = min(line, max(0, len(self._lines) - 1))
        self._reflow()
        self._flow.extend_to_line(line, _budget())
        self._seek_line = line if line else None
        self._tell_size()
        self._seek()

    def on_resize(self, event: events.Resize) -> None:
        """Another width: the text flows anew."""
        if self._text_width != self._flow.width:
            self._join_again()
            self._keep_place()
        else:
            self._flow.extend(self.top_line + self.page_lines + 1, _budget())
            self._tell_size()

    # --- drawing ---------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        index = y + self.top_line
        if index >= len(self._flow):
            return self.palette.strip([], width)
        runs = piece_runs(self._flow, self._flow.piece(index), max(1, width - _MARGIN))
        if index not in self.selected_rows:
            return self.palette.strip([Run(" " * _MARGIN, "text"), *runs], width)
        held = self._selection is not None and index == row_of(self._flow, self._selection.cursor)
        ground = "cursor" if held and self.has_focus else "selected"
        return self.palette.strip([Run(BAR, "bar"), *runs], width, ground)

    # --- keys ------------------------------------------------------------------

    def _by(self, lines: int) -> None:
        target = self.top_line + lines
        if lines > 0:
            self._flow.extend(target + 2 * self.page_lines + 1, _budget())
            self._tell_size()
        if self.is_selecting:
            self._seek_line, self._seek_end = None, False
            self._step(lines)
            return
        self.scroll_line_to(clamp(target, 0, max(0, len(self._flow) - self.page_lines)))
        self._seek_line, self._seek_end = None, False

    def action_reader_down(self) -> None:
        """One line down."""
        self._by(1)

    def action_reader_up(self) -> None:
        """One line up."""
        self._by(-1)

    def action_reader_half_down(self) -> None:
        """Half a page down."""
        self._by(self.page_lines // 2 or 1)

    def action_reader_half_up(self) -> None:
        """Half a page up."""
        self._by(-(self.page_lines // 2 or 1))

    def action_reader_page_down(self) -> None:
        """A page down, one line kept."""
        self._by(self.page_lines - 1 or 1)

    def action_reader_page_up(self) -> None:
        """A page up, one line kept."""
        self._by(-(self.page_lines - 1 or 1))

    def action_reader_top(self) -> None:
        """The top of the text."""
        self._by(-len(self._flow))

    def action_reader_bottom(self) -> None:
        """The end of the text, as soon as it is flowed."""
        self._seek_end = True
        self._seek()

    def action_reader_back(self) -> None:
        """Back to the list."""
        self.end_selection()
        self._leave()

    def toggle_quotes(self) -> None:
        """Unfold all quotes, or fold all again."""
        blocks = quotes_of(self._lines)
        self._folded = set() if self._folded else {block.first for block in blocks}
        self._keep_place()

    # --- the mouse -------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Click on a folded quote: unfold it. On a link: ask about it."""
        index = int(event.y) + self.top_line
        if self.was_dragged(index) or index >= len(self._flow):
            return
        piece = self._flow.piece(index)
        if piece.start == FOLD:
            self._folded.discard(piece.line)
            self._keep_place()
            return
        number = self._link_at(piece, int(event.x) - _MARGIN)
        if number:
            self.post_message(self.LinkClicked(number))
        else:
            self.post_message(self.LineClicked(piece.line))

    def _link_at(self, piece: Piece, x: int) -> int:
        """The number of the link at cell `x` of a screen line; 0 for none."""
        line = self._lines[piece.line]
        x -= 2 * min(line.quote_depth, 4)
        if piece.start:
            x -= min(line.indent_cells, self._flow.width // 3)
        for offset in range(piece.start, piece.end):
            x -= char_width(line.text[offset])
            if x < 0:
                return next((s.link for s in line.spans if s.link and s.start <= offset < s.end), 0)
        return 0


def _budget(seconds: float = _SLICE_S) -> Callable[[], bool]:
    """Says no as soon as a slice of time is used up."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end


def link_numbers(lines: Sequence[TextLine]) -> Collection[int]:
    """All link numbers in a text."""
    return {span.link for line in lines for span in line.spans if span.link}
