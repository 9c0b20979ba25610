"""Rows of a list, drawn as they are seen: which lines the page has, and what stands in them.

What lives here: the page over `ui.beside.pages`, headings of days, one strip a line. What must not:
keys, the mouse, the selection's rules (`message_list`).
"""

from __future__ import annotations

from collections.abc import Callable

from textual.cache import LRUCache
from textual.strip import Strip

from tuimail.model import EnvelopeId, MailboxId, Row, Window
from tuimail.ui.beside.pages import Pages
from tuimail.ui.lines.day_page import HEADING, DayLine, day_lines, first_top, fits_days, heading_runs, whole_rows
from tuimail.ui.lines.mailbox_pages import centred
from tuimail.ui.lines.rows import Runs, Shape, lines_per_row, row_lines
from tuimail.ui.widgets.lines import LineView


class RowsView(LineView):
    """Rows on a page. `MessageList` adds what moves over them."""

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._pages = Pages(_nothing)
        self._lines: LRUCache[tuple[object, ...], list[Strip]] = LRUCache(512)
        self.cursor = 0
        """Position in the list, 0 is the newest message."""
        self.selected: set[EnvelopeId] = set()
        self._shaped_for = 1
        """The `row_height` that the scroll offset was made for."""
        self._message: list[Runs] = []
        self.where: Callable[[MailboxId], str] | None = None
        """What a row says of its mailbox; None: there is only one."""
        self.snippet: Callable[[EnvelopeId], str] = lambda _: ""
        """The beginning of a message's text, where it is here."""
        self.shape = Shape()
        self._is_by_date = True
        self._days: tuple[tuple[object, ...], list[DayLine]] = ((), [])
        """The lines of the page where days have headings, and what they were laid out for."""
        self.muted: frozenset[int] = frozenset()
        """Conversations whose new messages come in read."""

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
        if self.has_days:
            return max(1, len(whole_rows(self._day_lines(), self.row_height)))
        return max(1, self.page_lines // self.row_height)

    @property
    def has_days(self) -> bool:
        """Whether days have headings: in lists that are sorted by date, where a person wants it."""
        return self.shape.by_day and self._is_by_date and fits_days(self.page_lines, self.row_height)

    def row_at(self, position: int) -> Row | None:
        """The row at a position; None beyond the end."""
        return self._pages.row(position)

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
        self._count_lines()
        self.refresh()

    def _count_lines(self) -> None:
        if self.shape.is_roomy:  # a text may have arrived, of which a line shows the beginning
            self._lines.clear()
        self._shaped_for = height = self.row_height
        lines = self._pages.total * height
        if self.has_days:
            # The page scrolls by rows: as far as until the last one is seen below its headings.
            last_top = first_top(self._pages.total - 1, self.page_lines, height, self._pages.row)
            lines = last_top * height + (self.page_lines if last_top else 0)
        self.set_size(self.scrollable_content_region.width, lines)

    def _seen(self) -> list[tuple[object, ...]]:
        """What each line of the page is drawn from."""
        drawn: list[tuple[object, ...]] = []
        for y in range(self.page_lines):
            position, part = self._line_at(y)
            drawn.append((self._pages.row(position), part, position == self.cursor))
        return drawn

    def _refresh_unlike(self, before: list[tuple[object, ...]]) -> None:
        """Draw the lines anew that are no longer as they were."""
        now = self._seen()
        if len(before) != len(now) or not self.total or self.shape.is_roomy:
            self.refresh()
            return
        top = self.top_line
        for y, (old, new) in enumerate(zip(before, now, strict=True)):
            if old != new:
                self.refresh_lines(top + y, 1)

    # --- drawing ---------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        if not self._pages.total:
            return self._message_line(y, width)
        position, part = self._line_at(y)
        row = self._pages.row(position)
        if row is None:
            return self.palette.strip([], width)
        if part == HEADING:
            return self.palette.strip(heading_runs(row, width, self._clock()), width)
        at_cursor = position == self.cursor
        is_selected = row.id in self.selected
        ground = "selected" if is_selected else ""
        if at_cursor:
            ground = "cursor" if self.has_focus else "cursor-blurred"
        now = self._clock()
        shape = self._row_shape
        key = (row, at_cursor, ground, width, int(now // 86400), shape)
        lines = self._lines.get(key)
        if lines is None:
            made = row_lines(
                row, width, now, cursor=at_cursor, selected=is_selected, shape=shape,
                where=self.where(row.mailbox_id) if self.where is not None else "",
                snippet=self.snippet(row.id) if self.shape.is_roomy else "",
                muted=row.thread_id in self.muted,
            )  # fmt: skip
            lines = self._lines[key] = [self.palette.strip(runs, width, ground) for runs in made]
        return lines[part]

    def _line_at(self, y: int) -> tuple[int, int]:
        """The row of a line of the page, and which of its lines that is; HEADING for a day."""
        if not self.has_days:
            return divmod(y + self.top_line, self.row_height)
        lines = self._day_lines()
        return lines[y] if 0 <= y < len(lines) else (-1, 0)

    @property
    def _row_shape(self) -> Shape:
        """How rows are drawn in this list: one that is not by date says the date in every row."""
        return self.shape if self.has_days == self.shape.by_day else self.shape._replace(by_day=False)

    def _day_lines(self) -> list[DayLine]:
        height, page = self.row_height, self.page_lines
        wanted = (self.top_position, page, height, self._pages.revision, self._pages.total, self._pages.read_at)
        if self._days[0] != wanted:
            self._days = wanted, day_lines(self.top_position, page, height, self._pages.row)
        return self._days[1]

    def _message_line(self, y: int, width: int) -> Strip:
        lines = centred(self._message, width)
        index = y - max(0, (self.size.height - len(lines)) // 3)
        return self.palette.strip(lines[index] if 0 <= index < len(lines) else [], width)

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self._lines.clear()

    def _put_top(self, position: int) -> None:
        """Make a row the first one on the page."""
        self.scroll_line_to(position * self.row_height)

    def _keep_cursor_visible(self, margin: int = 0) -> None:
        height = self.row_height
        if self.has_days:
            self._keep_row_visible(margin)
            return
        self.keep_visible(self.cursor * height, margin * height)
        self.keep_visible((self.cursor + 1) * height - 1, margin * height)

    def _keep_row_visible(self, margin: int) -> None:
        """The cursor's row with so many around it, where headings take lines too."""
        shown = whole_rows(self._day_lines(), self.row_height)
        margin = min(margin, max(0, len(shown) - 1) // 2)
        if self.cursor < self.top_position + margin:
            self._put_top(self.cursor - margin)
        elif not shown or self.cursor + margin > shown[-1]:
            last = min(self.cursor + margin, self.total - 1)
            self._put_top(max(self.top_position, first_top(last, self.page_lines, self.row_height, self._pages.row)))

    def _refresh_row(self, position: int) -> None:
        if not self.has_days:
            self.refresh_lines(position * self.row_height, self.row_height)
            return
        for y, line in enumerate(self._day_lines()):
            if line.position == position and line.part != HEADING:
                self.refresh_lines(self.top_line + y, 1)


def _nothing(start: int, count: int) -> Window:
    return Window(start, (), 0, 0)
