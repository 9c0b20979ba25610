"""The list of the journal: entries under headings. Drawing, the cursor, the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.ui.layout import clamp
from tuimail.ui.lines.journal_lines import Entry, Line, line_runs, lines_of, title_runs
from tuimail.ui.lines.mailbox_pages import centred
from tuimail.ui.lines.rows import Run, Runs
from tuimail.ui.widgets.lines import LineView, LineWidget

EMPTY: list[Runs] = [
    [Run("Nothing waits.", "strong")],
    [Run("What you do to mail while there is no server waits here.", "muted")],
]


class JournalTitle(LineWidget):
    """How much failed, how much waits."""

    entries: Sequence[Entry] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these."""
        self.entries = entries
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """The line."""
        return title_runs(self.entries, width)


class JournalList(LineView):
    """Entries, a line each."""

    @dataclass
    class Moved(Message):
        """The cursor is on another entry; None when there is none."""

        entry: Entry | None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._entries: list[Entry] = []
        self._now = 0.0
        self.cursor = 0
        """Which entry; headings do not count."""

    @property
    def current(self) -> Entry | None:
        """The one under the cursor."""
        return self._entries[self.cursor] if 0 <= self.cursor < len(self._entries) else None

    def show(self, entries: Sequence[Entry], now: float) -> None:
        """Show these; the cursor stays on the same one while it is there, else at its place."""
        before = self.current
        self._entries, self._lines, self._now = list(entries), lines_of(entries), now
        keys = [each.key for each in entries]
        at = keys.index(before.key) if before is not None and before.key in keys else self.cursor
        self.cursor = clamp(at, 0, max(0, len(entries) - 1))
        self._lay_out()
        self.post_message(self.Moved(self.current))

    def move_to(self, index: int) -> None:
        """Put the cursor there."""
        index = clamp(index, 0, max(0, len(self._entries) - 1))
        if index != self.cursor:
            self.cursor = index
            self._keep_cursor()
            self.refresh()
            self.post_message(self.Moved(self.current))

    @property
    def count(self) -> int:
        """How many entries."""
        return len(self._entries)

    def _line_of_cursor(self) -> int:
        current = self.current
        return next((at for at, line in enumerate(self._lines) if line.entry is current), 0)

    def _keep_cursor(self) -> None:
        line = self._line_of_cursor()
        self.keep_visible(0 if self.cursor == 0 else line)
        self.keep_visible(line)

    def _lay_out(self) -> None:
        self.virtual_size = Size(max(1, self.size.width), len(self._lines))
        self._keep_cursor()
        self.refresh()

    def on_resize(self) -> None:
        """Another width or height."""
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        if not self._lines:
            page = centred(EMPTY, width)
            at = y - max(0, (self.page_lines - len(page)) // 3)
            return self.palette.strip(page[at] if 0 <= at < len(page) else [], width)
        index = y + self.top_line
        if index >= len(self._lines):
            return self.palette.strip([], width)
        line = self._lines[index]
        at_cursor = line.entry is not None and line.entry is self.current
        return self.palette.strip(
            line_runs(line, width, self._now, cursor=at_cursor), width, "cursor" if at_cursor else ""
        )

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        index = int(event.y) + self.top_line
        if 0 <= index < len(self._lines) and (entry := self._lines[index].entry) is not None:
            self.move_to(self._entries.index(entry))
