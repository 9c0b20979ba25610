"""The list of what a search found, and the lines around its field.

What lives here: drawing, the cursor, the selection, the mouse. What must not: asking for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.model import EnvelopeId, Row
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

    class SelectionChanged(Message):
        """More or fewer messages are selected."""

    def __init__(
        self, clock: Callable[[], float], laid: Callable[[Row], Row] = lambda row: row, *, id: str | None = None
    ) -> None:
        """`laid`: a row as it will be, once what was done to it is written."""
        super().__init__(id=id)
        self._clock = clock
        self._laid = laid
        self._answer: Answer | None = None
        self.cursor = 0
        self.selected: set[EnvelopeId] = set()
        """Also some that are not shown yet."""
        self._range_from = 0

    @property
    def current(self) -> Found | None:
        """The one under the cursor."""
        found = self._answer.found if self._answer is not None else ()
        return found[self.cursor] if 0 <= self.cursor < len(found) else None

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self._answer.found) if self._answer is not None else 0

    @property
    def ids(self) -> list[EnvelopeId]:
        """All that is shown."""
        return [each.hit.row.id for each in self._answer.found] if self._answer is not None else []

    def show(self, answer: Answer | None, *, keep: bool) -> None:
        """Show an answer. `keep`: cursor and selection stay on their messages, else the cursor goes to the first."""
        before, place = self.current, self.cursor
        self._answer = answer
        ids = self.ids
        if not keep:
            self.cursor = 0
            self.clear_selection()
        elif before is not None and before.hit.row.id in ids:
            self.cursor = ids.index(before.hit.row.id)
        self.cursor = clamp(self.cursor, 0, max(0, len(ids) - 1))
        self._range_from = clamp(self._range_from + self.cursor - place, 0, max(0, len(ids) - 1)) if keep else 0
        if self.selected and (answer is None or answer.after is None) and not self.selected.issubset(ids):
            self.selected.intersection_update(ids)  # the others are no longer found
            self._selection_changed()
        self._lay_out()

    def move_to(self, index: int) -> None:
        """Put the cursor there."""
        self.cursor = clamp(index, 0, max(0, self.total - 1))
        self._keep_cursor()
        self.refresh()
        if self.cursor >= self.total - NEAR_END:
            self.post_message(self.MoreWanted())

    # --- the selection ---------------------------------------------------------

    def toggle(self) -> None:
        """Select the message under the cursor, or take it out."""
        if self.current is not None:
            self._range_from = self.cursor
            self.selected ^= {self.current.hit.row.id}
            self._selection_changed()

    def select_range(self) -> None:
        """Select all from the last selected message to the cursor."""
        low, high = sorted((self._range_from, self.cursor))
        self.select(self.ids[low : high + 1])

    def select(self, ids: Iterable[EnvelopeId]) -> None:
        """Select these too."""
        self.selected.update(ids)
        self._selection_changed()

    def clear_selection(self) -> None:
        """Select nothing."""
        if self.selected:
            self.selected = set()
            self._selection_changed()

    def _selection_changed(self) -> None:
        self.refresh()
        self.post_message(self.SelectionChanged())

    # --- drawing ---------------------------------------------------------------

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
        found = self._answer.found[index]
        found = found._replace(hit=found.hit._replace(row=self._laid(found.hit.row)))
        at_cursor, is_selected = index == self.cursor, found.hit.row.id in self.selected
        ground = "selected" if is_selected else ""
        if at_cursor:
            ground = "cursor" if self.has_focus else "cursor-blurred"
        now = self._clock()
        lines = found_row(found, self._answer.needles, width, now, cursor=at_cursor, selected=is_selected)
        return self.palette.strip(lines[line], width, ground)

    def on_click(self, event: events.Click) -> None:
        """Click: cursor. Twice: open. On the mark, right, or with ctrl: select. With shift: a range."""
        index = (int(event.y) + self.top_line) // LINES_PER_ROW
        if not 0 <= index < self.total:
            return
        if event.shift:
            self._range_from = self.cursor
            self.move_to(index)
            self.select_range()
            return
        self.move_to(index)
        if event.button == 3 or event.ctrl or event.x < 2:
            self.toggle()
        elif event.chain == 2 and self.current is not None:
            self.post_message(self.Opened(self.current))


class SearchTitle(LineWidget):
    """How much was found, and in which order."""

    def __init__(self) -> None:
        super().__init__(id="title")
        self._runs: Callable[[int], Runs] = lambda width: []

    def show(self, answer: Answer | None, *, best: bool, asking: bool, index: str, selected: int) -> None:
        """Show this."""
        self._runs = lambda width: title_line(
            answer, best=best, asking=asking, index=index, selected=selected, width=width
        )
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
