"""The message list: any number of rows, drawn as they are seen.

It holds a cursor that stays on its message, a selection, and nothing else; rows come
from `ui.beside.pages` over a store window. A cursor move repaints two lines. What must not
live here: flags, opening, anything that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from tuimail.model import EnvelopeId, Window
from tuimail.ui.beside.pages import PAGE_ROWS, Pages
from tuimail.ui.keys import LIST, bindings
from tuimail.ui.layout import clamp
from tuimail.ui.lines.day_page import HEADING
from tuimail.ui.lines.rows import Shape
from tuimail.ui.widgets.rows_view import RowsView

MAX_SELECTED = 10_000
"""More are never selected by one key: a change of so many is one transaction."""


class MessageList(RowsView, can_focus=True):
    """Messages of one mailbox, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LIST)]

    @dataclass
    class CursorMoved(Message):
        """The cursor is on another message, or on none."""

        envelope_id: EnvelopeId | None
        by_person: bool
        """False when rows came or the mailbox changed."""

    class SelectionChanged(Message):
        """More or fewer messages are selected."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        open_message: Callable[[], None],
        leave: Callable[[], None],
        id: str | None = None,
    ) -> None:
        """`open_message` and `leave` move the focus; called and not posted, so that the next key finds it moved."""
        super().__init__(clock, id=id)
        self._open_message = open_message
        self._leave = leave
        self._position_of: Callable[[EnvelopeId], int | None] = lambda _: None
        self.cursor_id: EnvelopeId | None = None
        self._range_from = 0
        self._wanted_top = -1
        """First visible position as soon as there is a layout; -1 for none."""
        self.unfold: Callable[[], bool] = lambda: False
        """Opens the conversation under the cursor in the list; False when there is none that is closed."""

    # --- what is shown ---------------------------------------------------------

    def show(
        self,
        read: Callable[[int, int], Window],
        position_of: Callable[[EnvelopeId], int | None],
        *,
        cursor: int = 0,
        top: int = 0,
        by_date: bool = True,
    ) -> None:
        """Show another mailbox. `read(start, count)` gives windows; `position_of` finds a message again."""
        self._pages = Pages(read)
        self._is_by_date = by_date
        self._position_of = position_of
        self.selected.clear()
        self._pages.refresh(cursor)
        self.cursor = clamp(cursor, 0, self._pages.total - 1)
        self._range_from = self.cursor
        self._resized()
        self._wanted_top = clamp(top, 0, max(0, self._pages.total - 1))
        self._go_to_wanted_top()
        self._take_cursor_id(by_person=False, always=True)

    def show_nothing(self) -> None:
        """There is no mailbox to show."""
        self.show(lambda start, _: Window(start, (), 0, 0), lambda _: None)

    def reload(self) -> None:
        """Read the rows again; the cursor stays on its message, and the page where it was.

        At the very top the page stays at the top instead, so that new mail is seen.
        """
        top_line, before, stand = self.top_line, self.cursor, self._pages.stand
        seen = self._seen()
        if self._pages.stand != stand:  # a page was read just now: that is not what is on the screen
            seen = []
        self._pages.refresh(before)
        if self._pages.stand == stand:
            return
        found = self._position_of(self.cursor_id) if self.cursor_id is not None else None
        self.cursor = clamp(before if found is None else found, 0, self._pages.total - 1)
        self._range_from = clamp(self._range_from + self.cursor - before, 0, max(0, self._pages.total - 1))
        self._count_lines()
        if top_line >= self.row_height:  # by lines: the page may begin amid a row
            self.scroll_line_to(top_line + (self.cursor - before) * self.row_height)
        self._keep_cursor_visible()
        self._refresh_unlike(seen)
        self._take_cursor_id(by_person=False)

    def reshape(self, shape: Shape) -> None:
        """Draw rows otherwise; the page keeps its first one."""
        top = self.top_position
        self.shape = shape
        self._resized()
        self._put_top(top)
        self._keep_cursor_visible()

    def _go_to_wanted_top(self) -> None:
        """Put the page where it is wanted; before the first layout that must wait."""
        if self.size.height:
            self._put_top(self._wanted_top)
            self._keep_cursor_visible()
            self._wanted_top = -1

    def on_resize(self) -> None:
        """Another width or height."""
        height = self._shaped_for
        top = self.top_line // height
        self._resized()
        if self._wanted_top >= 0:
            self._go_to_wanted_top()
        else:
            if self.row_height != height:  # the rows have another shape: the page keeps its first one
                self._put_top(top)
            self._keep_cursor_visible()

    def watch_has_focus(self, value: bool) -> None:
        """The cursor's ground tells where the keys go."""
        super().watch_has_focus(value)
        self._refresh_row(self.cursor)

    # --- the cursor ------------------------------------------------------------

    def move_to(self, position: int, *, by_person: bool = True) -> None:
        """Put the cursor on a row, as near as there is one."""
        position = clamp(position, 0, self.total - 1)
        if position == self.cursor and self.cursor_id is not None:
            return
        before, self.cursor = self.cursor, position
        self._refresh_row(before)
        self._refresh_row(position)
        self._keep_cursor_visible(margin=2)
        self._take_cursor_id(by_person=by_person)

    def _take_cursor_id(self, *, by_person: bool, always: bool = False) -> None:
        row = self._pages.row(self.cursor)
        found = row.id if row is not None else None
        if found != self.cursor_id or always:
            self.cursor_id = found
            self.post_message(self.CursorMoved(found, by_person))

    def action_list_next(self) -> None:
        """One message down."""
        self.move_to(self.cursor + 1)

    def action_list_previous(self) -> None:
        """One message up."""
        self.move_to(self.cursor - 1)

    def action_list_half_down(self) -> None:
        """Half a page down."""
        self._page(self.page_rows // 2)

    def action_list_half_up(self) -> None:
        """Half a page up."""
        self._page(-(self.page_rows // 2))

    def action_list_page_down(self) -> None:
        """A page down, one line kept."""
        self._page(self.page_rows - 1)

    def action_list_page_up(self) -> None:
        """A page up, one line kept."""
        self._page(1 - self.page_rows)

    def _page(self, rows: int) -> None:
        rows = rows or 1
        self._put_top(clamp(self.top_position + rows, 0, max(0, self.total - self.page_rows)))
        self.move_to(self.cursor + rows)

    def action_list_top(self) -> None:
        """The newest message."""
        self.move_to(0)

    def action_list_bottom(self) -> None:
        """The oldest message."""
        self.move_to(self.total - 1)

    def action_list_open(self) -> None:
        """Read the message under the cursor."""
        if self.cursor_id is not None:
            self._open_message()

    def action_list_into(self) -> None:
        """Open the conversation under the cursor in the list; of one that is open, the message."""
        if not self.unfold():
            self.action_list_open()

    def action_list_back(self) -> None:
        """To the folder tree."""
        self._leave()

    # --- the selection ---------------------------------------------------------

    def action_list_select(self) -> None:
        """Select the message or take it out, and go on to the next."""
        if self.cursor_id is None:
            return
        self._range_from = self.cursor
        self.selected ^= {self.cursor_id}
        self._selection_changed()
        self.move_to(self.cursor + 1)

    def action_list_select_range(self) -> None:
        """Select all from the last selected message to the cursor."""
        self.select_between(self._range_from, self.cursor)

    def action_list_select_all(self) -> None:
        """Select all messages of the mailbox (at most `MAX_SELECTED`), or none."""
        if len(self.selected) >= min(self.total, MAX_SELECTED):
            self.clear_selection()
        else:
            self.select_between(0, self.total - 1)
            if self.total > MAX_SELECTED:
                self.notify(
                    f"The newest {MAX_SELECTED:,} of {self.total:,} messages are selected.", markup=False, timeout=5
                )

    def select_between(self, one: int, other: int) -> None:
        """Select all rows from position `one` to `other`, in any order."""
        low, high = min(one, other), max(one, other)
        high = min(high, low + MAX_SELECTED - 1, self.total - 1)
        for number in range(low // PAGE_ROWS, high // PAGE_ROWS + 1):
            first = number * PAGE_ROWS
            rows = self._pages.page(number)[max(0, low - first) : high - first + 1]
            self.selected.update(row.id for row in rows)
        self._selection_changed()

    def select(self, ids: Iterable[EnvelopeId]) -> None:
        """Select these too."""
        self.selected.update(ids)
        self._selection_changed()

    def deselect(self, ids: Iterable[EnvelopeId]) -> None:
        """Select these no longer."""
        left = self.selected.difference(ids)
        if left != self.selected:
            self.selected = left
            self._selection_changed()

    def clear_selection(self) -> None:
        """Select nothing."""
        if self.selected:
            self.selected = set()
            self._selection_changed()

    def _selection_changed(self) -> None:
        self.refresh()
        self.post_message(self.SelectionChanged())

    # --- the mouse -------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Click: cursor. Twice: open. On the mark, right, or with ctrl: select. With shift: a range."""
        position, part = self._line_at(int(event.y))
        if not 0 <= position < self.total or part == HEADING:
            return
        if event.shift:
            self.select_between(self.cursor, position)
        self.move_to(position)
        if event.button == 3 or event.ctrl or event.x < 2:
            self._range_from = position
            if self.cursor_id is not None:
                self.selected ^= {self.cursor_id}
                self._selection_changed()
        elif event.chain == 2 and not event.shift:
            self.action_list_open()
