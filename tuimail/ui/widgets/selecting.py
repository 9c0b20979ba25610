"""Selecting lines in the reader, by keys and by the mouse.

What lives here: where a selection begins and how it grows. What must not: what it says
(`ui.lines.selecting`), drawing (`reader`), and what is done with it (the main screen).
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from tuimail.ui.layout import clamp
from tuimail.ui.lines.selecting import Place, Selection, place_of, row_of, selected_text
from tuimail.ui.lines.wrapping import Flow
from tuimail.ui.widgets.lines import LineView


class SelectingView(LineView):
    """A view of flowed text in which lines can be selected."""

    @dataclass
    class SelectionChanged(Message):
        """Other lines are selected, or none."""

        count: int
        """Lines of the screen."""

    class CopyWanted(Message):
        """What is selected shall go to the clipboard."""

    _flow: Flow
    _selection: Selection | None = None
    _pointed: Place | None = None
    """Where the mouse was clicked last: the next selection begins there."""
    _pressed: int | None = None
    """The line on which the mouse button went down; None while it is up."""
    _dragged = False

    # --- what is selected ------------------------------------------------------

    @property
    def is_selecting(self) -> bool:
        """Whether lines are selected."""
        return self._selection is not None

    @property
    def selected_rows(self) -> range:
        """The lines of the screen that are selected."""
        return self._selection.rows(self._flow) if self._selection is not None else range(0)

    @property
    def selection_begins_in(self) -> int | None:
        """The line of the text in which the selection began; None without one."""
        return self._selection.anchor.line if self._selection is not None else None

    def selected_text(self, lines: range | None = None) -> str:
        """What the selected lines say, only of these lines of the text where they are named."""
        return selected_text(self._flow, self.selected_rows, range(len(self._flow.lines)) if lines is None else lines)

    def end_selection(self) -> None:
        """Nothing is selected any longer."""
        if self._selection is not None:
            self._select(None)

    def select_row(self, row: int) -> None:
        """The selection reaches to this line of the screen; without one it begins there."""
        if len(self._flow):
            place = place_of(self._flow, clamp(row, 0, len(self._flow) - 1))
            self._select(Selection(self._selection.anchor if self._selection is not None else place, place))

    def _select(self, selection: Selection | None) -> None:
        self._selection = selection
        self.refresh()
        self.post_message(self.SelectionChanged(len(self.selected_rows)))

    def _step(self, lines: int) -> None:
        """The end that the keys hold moves; `lines` further must be known."""
        if self._selection is not None:
            row = clamp(row_of(self._flow, self._selection.cursor) + lines, 0, len(self._flow) - 1)
            self.select_row(row)
            self.keep_visible(row)

    # --- keys ------------------------------------------------------------------

    def action_reader_select(self) -> None:
        """Begin to select, or stop: where the mouse pointed last, else at the top of what is seen."""
        if self._selection is not None:
            self.end_selection()
            return
        seen = range(self.top_line, min(len(self._flow), self.top_line + self.page_lines))
        pointed = row_of(self._flow, self._pointed) if self._pointed is not None else -1
        first = next((row for row in seen if self._flow.lines[self._flow.piece(row).line].text.strip()), seen.start)
        self.select_row(pointed if pointed in seen else first)

    def action_reader_select_here(self) -> None:
        """The selection begins anew at the line that was reached."""
        if self._selection is None:
            self.action_reader_select()
        else:
            self._select(Selection(self._selection.cursor, self._selection.cursor))

    def action_reader_copy(self) -> None:
        """Into the clipboard."""
        self.post_message(self.CopyWanted())

    # --- the mouse -------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A drag may begin."""
        if event.button == 1:
            self._pressed, self._dragged = int(event.y) + self.top_line, False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The button is held: from where it went down to here. At the edges the text scrolls."""
        row = int(event.y) + self.top_line
        if self._pressed is None or (row == self._pressed and not self._dragged):
            return
        if not self._dragged:
            self._dragged, self._selection = True, None
            self.select_row(self._pressed)
        if not 0 <= event.y < self.page_lines:
            self.scroll_line_to(clamp(self.top_line + (1 if event.y > 0 else -1), 0, max(0, len(self._flow) - 1)))
        self.select_row(row)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The drag ends; what is selected stays so."""
        if self._pressed is not None:
            self._pressed = None
            self.release_mouse()

    def was_dragged(self, row: int) -> bool:
        """Whether a click on this line ended a drag or a selection, and means nothing else."""
        means_nothing = self._dragged or self.is_selecting
        if not self._dragged:
            self.end_selection()
        self._dragged = False
        if row < len(self._flow):
            self._pointed = place_of(self._flow, row)
        return means_nothing
