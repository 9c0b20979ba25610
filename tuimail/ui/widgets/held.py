"""The two panes of the quarantine: the list of attachments, and what is known of one.

What lives here: drawing, the cursor, the mouse. What must not: deciding anything about
an attachment, which is the screen's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.mime.clean import cell_width
from tuimail.model import Held, HeldState
from tuimail.ui.layout import clamp
from tuimail.ui.lines.held_filter import STATES, Filter
from tuimail.ui.lines.held_lines import LINES_PER_ROW, Inside, details, held_row, title_line
from tuimail.ui.lines.mailbox_pages import centred
from tuimail.ui.lines.rows import Runs
from tuimail.ui.widgets.lines import LineView, LineWidget


class HeldList(LineView):
    """Attachments, two lines each."""

    @dataclass
    class Moved(Message):
        """The cursor is on another one; None when there is none."""

        held: Held | None

    @dataclass
    class Chosen(Message):
        """A double click: look closer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._held: Sequence[Held] = ()
        self._empty: list[Runs] = []
        self._now = 0.0
        self.cursor = 0

    @property
    def current(self) -> Held | None:
        """The one under the cursor."""
        return self._held[self.cursor] if 0 <= self.cursor < len(self._held) else None

    def show(self, held: Sequence[Held], empty: list[Runs], now: float) -> None:
        """Show these; the cursor stays on the same one while it is there, else at its place."""
        before = self.current
        self._held, self._empty, self._now = held, empty, now
        keys = [each.key for each in held]
        at = keys.index(before.key) if before is not None and before.key in keys else self.cursor
        self.cursor = clamp(at, 0, max(0, len(held) - 1))
        self._lay_out()
        if self.current != before:
            self.post_message(self.Moved(self.current))

    def move_to(self, index: int) -> None:
        """Put the cursor there."""
        index = clamp(index, 0, max(0, len(self._held) - 1))
        if index != self.cursor:
            self.cursor = index
            self._keep_cursor()
            self.refresh()
            self.post_message(self.Moved(self.current))

    def _keep_cursor(self) -> None:
        self.keep_visible(self.cursor * LINES_PER_ROW + 1)
        self.keep_visible(self.cursor * LINES_PER_ROW)

    def _lay_out(self) -> None:
        self.virtual_size = Size(max(1, self.size.width), len(self._held) * LINES_PER_ROW)
        self._keep_cursor()
        self.refresh()

    def on_resize(self) -> None:
        """Another width or height."""
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        if not self._held:
            return self._empty_line(y, width)
        index, line = divmod(y + self.top_line, LINES_PER_ROW)
        if index >= len(self._held):
            return self.palette.strip([], width)
        at_cursor = index == self.cursor
        runs = held_row(self._held[index], width, self._now, cursor=at_cursor)[line]
        return self.palette.strip(runs, width, "cursor" if at_cursor else "")

    def _empty_line(self, y: int, width: int) -> Strip:
        page = centred(self._empty, width)
        at = y - max(0, (self.page_lines - len(page)) // 3)
        return self.palette.strip(page[at] if 0 <= at < len(page) else [], width)

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one looks closer."""
        index = (int(event.y) + self.top_line) // LINES_PER_ROW
        if 0 <= index < len(self._held):
            self.move_to(index)
            if event.chain == 2:
                self.post_message(self.Chosen())


class HeldTitle(LineWidget):
    """How many there are of each state; each can be clicked. At the right end, which verdict."""

    @dataclass
    class StateChosen(Message):
        """A state was clicked; None for all."""

        state: HeldState | None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._held: Sequence[Held] = ()
        self._filter = Filter()

    def show(self, held: Sequence[Held], wanted: Filter) -> None:
        """Show these."""
        self._held, self._filter = held, wanted
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """The line."""
        return title_line(self._held, self._filter, width)

    def on_click(self, event: events.Click) -> None:
        """A click on a state shows it."""
        at = 0
        runs = self.line_runs(0, self.size.width)
        words = {"all" if state is None else state.value: state for state in STATES}
        for run in runs:
            at += cell_width(run.text)
            if event.x < at:
                word = run.text.strip().partition(" ")[0]
                if word in words and run.role != "title":
                    self.post_message(self.StateChosen(words[word]))
                return


class HeldDetails(LineView, can_focus=False):
    """Everything known of one attachment; scrolls."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._held: Held | None = None
        self._inside = Inside()
        self._lines: list[Runs] = []

    def show(self, held: Held | None, inside: Inside) -> None:
        """Show this one, from its top when it is another than before."""
        is_other = held is None or self._held is None or held.key != self._held.key
        self._held, self._inside = held, inside
        self._lay_out()
        if is_other:
            self.scroll_line_to(0)

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        self._lines = details(self._held, self._inside, width) if self._held is not None else []
        self.virtual_size = Size(max(1, width), len(self._lines))
        self.refresh()

    def on_resize(self) -> None:
        """Lines are broken anew."""
        self._lay_out()

    def page(self, step: int) -> None:
        """Pages down, or up when negative."""
        self.scroll_line_to(self.top_line + step * max(1, self.page_lines - 2))

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        index = y + self.top_line
        return self.palette.strip(self._lines[index] if index < len(self._lines) else [], width)
