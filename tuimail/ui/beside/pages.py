"""Rows of a mailbox, read a page at a time and kept while they are fresh.

Pure but for the `read` it is given. A mailbox of a million messages costs as much as
one of fifty: only pages that were looked at are here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from tuimail.model import Row, Window

PAGE_ROWS = 128
_MAX_PAGES = 48


class Pages:
    """A cache of windows over one mailbox, dropped as a whole when its revision changes."""

    def __init__(self, read: Callable[[int, int], Window]) -> None:
        self._read = read
        self._pages: OrderedDict[int, tuple[Row, ...]] = OrderedDict()
        self.total = 0
        self.revision = -1
        self.read_at = 0
        """Counts how often all was forgotten."""

    def row(self, position: int) -> Row | None:
        """The row at `position`, 0 is the newest; None beyond the end."""
        if not 0 <= position < self.total:
            return None
        page = self.page(position // PAGE_ROWS)
        offset = position % PAGE_ROWS
        return page[offset] if offset < len(page) else None

    def page(self, number: int) -> tuple[Row, ...]:
        """The rows of a page, from here or from the store."""
        found = self._pages.get(number)
        if found is not None:
            self._pages.move_to_end(number)
            return found
        return self._load(number).rows

    @property
    def stand(self) -> tuple[int, int]:
        """Revision and total: as long as they stay, so do all rows."""
        return self.revision, self.total

    def refresh(self, position: int = 0) -> bool:
        """Forget everything and read the page of `position` again; whether anything had changed."""
        before = self.stand
        self._pages.clear()
        self.read_at += 1
        self._load(position // PAGE_ROWS)
        return self.stand != before

    def _load(self, number: int) -> Window:
        window = self._read(number * PAGE_ROWS, PAGE_ROWS)
        if window.revision != self.revision:
            # Pages of two revisions side by side would show a message twice, or not at all.
            self._pages.clear()
        self.revision = window.revision
        self.total = window.total
        self._pages[number] = window.rows
        while len(self._pages) > _MAX_PAGES:
            self._pages.popitem(last=False)
        return window
