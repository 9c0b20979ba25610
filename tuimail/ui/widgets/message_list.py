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
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.model import EnvelopeId, MailboxId, Row, Window
from tuimail.ui.beside.pages import PAGE_ROWS, Pages
from tuimail.ui.keys import LIST, bindings
from tuimail.ui.layout import clamp
from tuimail.ui.lines.mailbox_pages import centred
from tuimail.ui.lines.rows import Runs, Shape, lines_per_row, row_lines
from tuimail.ui.lines.when import days_between
from tuimail.ui.widgets.lines import LineView

MAX_SELECTED = 10_000
"""More are never selected by one key: a change of so many is one transaction."""


class MessageList(LineView, can_focus=True):
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
        super().__init__(id=id)
        self._clock = clock
        self._open_message = open_message
        self._leave = leave
        self._pages = Pages(_nothing)
        self._position_of: Callable[[EnvelopeId], int | None] = lambda _: None
        self._lines: LRUCache[tuple[object, ...], Strip] = LRUCache(512)
        self.cursor = 0
        """Position in the list, 0 is the newest message."""
        self.cursor_id: EnvelopeId | None = None
        self.selected: set[EnvelopeId] = set()
        self._range_from = 0
        self._shaped_for = 1
        """The `row_height` that the scroll offset was made for."""
        self._wanted_top = -1
        """First visible position as soon as there is a layout; -1 for none."""
        self._message: list[Runs] = []
        self.where: Callable[[MailboxId], str] | None = None
        """What a row says of its mailbox; None: there is only one."""
        self.snippet: Callable[[EnvelopeId], str] = lambda _: ""
        """The beginning of a message's text, where it is here."""
        self.shape = Shape()
        self.muted: frozenset[int] = frozenset()
        """Conversations whose new messages come in read."""

    # --- what is shown ---------------------------------------------------------

    @property
    def total(self) -> int:
        """Messages in the list."""
        return self._pages.total

    @property
    def row_height(self) -> int:
        """Lines of one row."""
        return lines_per_row(self.scrollable_content_region.width, self.shape)

    @property
    def top_position(self) -> int:
        """The first row on the page."""
        return self.top_line // self.row_height

    @property
    def page_rows(self) -> int:
        """Whole rows on a page."""
        return max(1, self.page_lines // self.row_height)

    def row_at(self, position: int) -> Row | None:
        """The row at a position; None beyond the end."""
        return self._pages.row(position)

    def show(
        self,
        read: Callable[[int, int], Window],
        position_of: Callable[[EnvelopeId], int | None],
        *,
        cursor: int = 0,
        top: int = 0,
    ) -> None:
        """Show another mailbox. `read(start, count)` gives windows; `position_of` finds a message again."""
        self._pages = Pages(read)
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
        self.show(_nothing, lambda _: None)

    def reload(self) -> None:
        """Read the rows again; the cursor stays on its message, and the page where it was.

        At the very top the page stays at the top instead, so that new mail is seen.
        """
        top, before = self.top_position, self.cursor
        if not self._pages.refresh(before):
            return
        found = self._position_of(self.cursor_id) if self.cursor_id is not None else None
        self.cursor = clamp(before if found is None else found, 0, self._pages.total - 1)
        self._range_from = clamp(self._range_from + self.cursor - before, 0, max(0, self._pages.total - 1))
        self._resized()
        if top:
            self._put_top(top + self.cursor - before)
        self._keep_cursor_visible()
        self._take_cursor_id(by_person=False)

    def tell(self, message: list[Runs]) -> None:
        """What stands in the middle of the pane while there are no rows."""
        if message != self._message:
            self._message = message
            if not self.total:
                self.refresh()

    def forget_dates(self) -> None:
        """A new day began."""
        self._lines.clear()
        self.refresh()

    def _resized(self) -> None:
        if self.shape.is_roomy:  # a text may have arrived, of which a line shows the beginning
            self._lines.clear()
        self._shaped_for = self.row_height
        self.virtual_size = Size(self.scrollable_content_region.width, self._pages.total * self.row_height)
        self.refresh()

    # --- drawing ---------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        if not self._pages.total:
            return self._message_line(y, width)
        position, part = divmod(y + self.top_line, self.row_height)
        row = self._pages.row(position)
        if row is None:
            return self.palette.strip([], width)
        at_cursor = position == self.cursor
        is_selected = row.id in self.selected
        ground = "selected" if is_selected else ""
        if at_cursor:
            ground = "cursor" if self.has_focus else "cursor-blurred"
        now = self._clock()
        new_day = self.shape.by_day and self._begins_day(position, row)
        key = (row, part, at_cursor, ground, width, int(now // 86400), new_day, self.shape)
        line = self._lines.get(key)
        if line is None:
            runs = row_lines(
                row, width, now, cursor=at_cursor, selected=is_selected, shape=self.shape, new_day=new_day,
                where=self.where(row.mailbox_id) if self.where is not None else "",
                snippet=self.snippet(row.id) if part and self.shape.is_roomy else "",
                muted=row.thread_id in self.muted,
            )  # fmt: skip
            line = self._lines[key] = self.palette.strip(runs[part], width, ground)
        return line

    def _begins_day(self, position: int, row: Row) -> bool:
        above = self._pages.row(position - 1)
        return above is None or days_between(row.sort_at, above.sort_at) != 0

    def reshape(self, shape: Shape) -> None:
        """Draw rows otherwise; the page keeps its first one."""
        top = self.top_position
        self.shape = shape
        self._resized()
        self._put_top(top)
        self._keep_cursor_visible()

    def _message_line(self, y: int, width: int) -> Strip:
        lines = centred(self._message, width)
        index = y - max(0, (self.size.height - len(lines)) // 3)
        return self.palette.strip(lines[index] if 0 <= index < len(lines) else [], width)

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self._lines.clear()

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

    def _put_top(self, position: int) -> None:
        """Make a row the first one on the page."""
        self.scroll_line_to(position * self.row_height)

    def _keep_cursor_visible(self, margin: int = 0) -> None:
        height = self.row_height
        self.keep_visible(self.cursor * height, margin * height)
        self.keep_visible((self.cursor + 1) * height - 1, margin * height)

    def _refresh_row(self, position: int) -> None:
        self.refresh_lines(position * self.row_height, self.row_height)

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
        position = (int(event.y) + self.top_line) // self.row_height
        if not 0 <= position < self.total:
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


def _nothing(start: int, count: int) -> Window:
    return Window(start, (), 0, 0)
