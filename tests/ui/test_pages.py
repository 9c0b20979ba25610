"""Pages of rows: read when seen, dropped when the mailbox changed."""

from __future__ import annotations

from tests.ui.values import row
from tuimail.model import Window
from tuimail.ui.beside.pages import PAGE_ROWS, Pages


class Source:
    """A mailbox of which every read is counted."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.revision = 1
        self.reads: list[int] = []

    def read(self, start: int, count: int) -> Window:
        self.reads.append(start)
        rows = tuple(row(self.total - n) for n in range(start, min(start + count, self.total)))
        return Window(start, rows, self.total, self.revision)


def test_a_million_rows_cost_as_many_reads_as_pages_were_seen() -> None:
    source = Source(1_000_000)
    pages = Pages(source.read)
    pages.refresh()
    for position in (0, 1, 127, 999_999, 999_998, 500_000):
        found = pages.row(position)
        assert found is not None
        assert found.id == 1_000_000 - position
    assert len(source.reads) == 3


def test_no_page_of_an_older_revision_stays_beside_a_newer_one() -> None:
    source = Source(1000)
    pages = Pages(source.read)
    pages.refresh()
    source.total, source.revision = 1001, 2
    found = pages.row(PAGE_ROWS * 2)
    assert found is not None
    assert pages.total == 1001
    newest = pages.row(0)
    assert newest is not None
    assert newest.id == 1001


def test_beyond_the_end_there_is_no_row() -> None:
    pages = Pages(Source(3).read)
    pages.refresh()
    assert pages.row(3) is None
    assert pages.row(-1) is None
