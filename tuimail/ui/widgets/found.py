"""The list of what a search found, and the lines around its field.

What lives here: drawing, the cursor, the mouse. What must not: asking for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.query.completion import Suggestion
from tuimail.query.tree import Mistake
from tuimail.ui.layout import clamp
from tuimail.ui.lines.found_lines import LINES_PER_ROW, empty_page, found_row, hint_line, title_line
from tuimail.ui.lines.mailbox_pages import centred
from tuimail.ui.lines.rows import Runs
from tuimail.ui.widgets.lines import LineView, LineWidget
from tuimail.wishes.finding import Answer, Found

NEAR_END = 30
"""So many rows before the end more are asked for."""


class FoundList(LineView):
    """Messages that were found, two lines each."""

    @dataclass
    class Opened(Message):
        """A person wants to read it."""

        found: Found

    @dataclass
    class MoreWanted(Message):
        """The cursor comes near the end."""

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._answer: Answer | None = None
        self.cursor = 0

    @property
    def current(self) -> Found | None:
        """The one under the cursor."""
        found = self._answer.found if self._answer is not None else ()
        return found[self.cursor] if 0 <= self.cursor < len(found) else None

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self._answer.found) if self._answer is not None else 0

    def show(self, answer: Answer | None, *, keep: bool) -> None:
        """Show an answer. `keep`: the cursor stays on its message, else it goes to the first."""
        before = self.current
        self._answer = answer
        ids = [each.hit.row.id for each in answer.found] if answer is not None else []
        if not keep:
            self.cursor = 0
        elif before is not None and before.hit.row.id in ids:
            self.cursor = ids.index(before.hit.row.id)
        self.cursor = clamp(self.cursor, 0, max(0, len(ids) - 1))
        self._lay_out()

    def move_to(self, index: int) -> None:
        """Put the cursor there."""
        self.cursor = clamp(index, 0, max(0, self.total - 1))
        self._keep_cursor()
        self.refresh()
        if self.cursor >= self.total - NEAR_END:
            self.post_message(self.MoreWanted())

    def _keep_cursor(self) -> None:
        self.keep_visible(self.cursor * LINES_PER_ROW + 1)
        self.keep_visible(self.cursor * LINES_PER_ROW)

    def _lay_out(self) -> None:
        self.virtual_size = Size(max(1, self.size.width), self.total * LINES_PER_ROW)
        self._keep_cursor()
        self.refresh()

    def on_resize(self) -> None:
        """Another width or height."""
        self._lay_out()

    def watch_has_focus(self, value: bool) -> None:
        """The cursor looks otherwise while a person types."""
        super().watch_has_focus(value)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        if self._answer is None or not self._answer.found:
            page = centred(empty_page(self._answer), width)
            at = y - max(0, (self.page_lines - len(page)) // 3)
            return self.palette.strip(page[at] if 0 <= at < len(page) else [], width)
        index, line = divmod(y + self.top_line, LINES_PER_ROW)
        if index >= self.total:
            return self.palette.strip([], width)
        at_cursor = index == self.cursor
        ground = ("cursor" if self.has_focus else "cursor-blurred") if at_cursor else ""
        lines = found_row(self._answer.found[index], self._answer.needles, width, self._clock(), cursor=at_cursor)
        return self.palette.strip(lines[line], width, ground)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens."""
        index = (int(event.y) + self.top_line) // LINES_PER_ROW
        if 0 <= index < self.total:
            self.move_to(index)
            if event.chain == 2 and self.current is not None:
                self.post_message(self.Opened(self.current))


class SearchTitle(LineWidget):
    """How much was found, and in which order."""

    def __init__(self) -> None:
        super().__init__(id="title")
        self._runs: Callable[[int], Runs] = lambda width: []

    def show(self, answer: Answer | None, *, best: bool, asking: bool, index: str) -> None:
        """Show this."""
        self._runs = lambda width: title_line(answer, best=best, asking=asking, index=index, width=width)
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """One line."""
        return self._runs(width)


class SearchHint(LineWidget):
    """What can be typed next, or what is wrong with what was typed."""

    def __init__(self) -> None:
        super().__init__(id="hint")
        self._runs: Callable[[int], Runs] = lambda width: hint_line(None, (), 0, width)

    def show(self, answer: Answer | None, suggestions: Sequence[Suggestion], chosen: int) -> None:
        """Show this."""
        self._runs = lambda width: hint_line(answer, suggestions, chosen, width)
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """One line."""
        return self._runs(width)


class MistakeMarks(Highlighter):
    """Underlines mistakes in the field."""

    def __init__(self) -> None:
        self.mistakes: Sequence[Mistake] = ()
        self.of = ""
        """The text in which they are."""

    def highlight(self, text: Text) -> None:
        """Underline them, while the text is still the same."""
        if text.plain == self.of:
            for mistake in self.mistakes:
                text.stylize("underline bold", mistake.start, mistake.end)
