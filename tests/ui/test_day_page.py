"""Headings of days: every page of a list has them, whatever lies above it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from tests.ui.values import NOW, row
from tuimail.model import Row
from tuimail.ui.lines.day_page import HEADING, day_lines, first_top, fits_days, heading_runs, whole_rows
from tuimail.ui.lines.rows import runs_width
from tuimail.ui.lines.when import day_heading

DAY_S = 86_400


def rows_of(days: list[int]) -> list[Row]:
    """One message for each of these numbers, which are days before today, newest first."""
    return [row(number, sort_at=NOW - day * DAY_S) for number, day in enumerate(sorted(days), 1)]


def at(rows: list[Row], position: int) -> Row | None:
    """As a list gives them."""
    return rows[position] if 0 <= position < len(rows) else None


@given(
    days=some.lists(some.integers(0, 12), min_size=1, max_size=40),
    top=some.integers(0, 45),
    lines=some.integers(3, 20),
    height=some.integers(1, 2),
)
@example(days=[0, 1, 2, 3], top=0, lines=5, height=2)
def test_a_page_begins_with_a_heading_and_every_row_stands_below_its_day(
    days: list[int], top: int, lines: int, height: int
) -> None:
    rows = rows_of(days)
    page = day_lines(top, lines, height, lambda position: at(rows, position))
    assert len(page) <= lines
    if top >= len(rows):
        assert page == []
        return
    assert page[0] == (top, HEADING)
    day = -1
    for line in page:
        if line.part == HEADING:
            assert rows[line.position].sort_at != day, "no day is named twice"
            day = rows[line.position].sort_at
        assert rows[line.position].sort_at == day
    shown = [line.position for line in page if line.part == 0]
    assert shown == list(range(top, top + len(shown)))


@given(
    days=some.lists(some.integers(0, 12), min_size=1, max_size=40),
    last=some.integers(0, 39),
    lines=some.integers(5, 20),
    height=some.integers(1, 2),
)
def test_the_first_page_that_shows_a_row_is_as_high_up_as_can_be(
    days: list[int], last: int, lines: int, height: int
) -> None:
    rows = rows_of(days)
    last = min(last, len(rows) - 1)
    top = first_top(last, lines, height, lambda position: at(rows, position))

    def shown(from_top: int) -> list[int]:
        return whole_rows(day_lines(from_top, lines, height, lambda position: at(rows, position)), height)

    assert last in shown(top)
    assert top == 0 or last not in shown(top - 1)


def test_a_page_of_a_million_rows_reads_no_other_rows_than_its_own() -> None:
    asked: set[int] = set()

    def one(position: int) -> Row | None:
        asked.add(position)
        return row(position, sort_at=NOW - position * 3600)

    day_lines(700_000, 50, 1, one)
    first_top(999_999, 50, 1, one)
    assert asked <= {*range(700_000, 700_050), *range(999_940, 1_000_000)}


@pytest.mark.parametrize(
    ("days", "heading"),
    [(0, "Today"), (1, "Yesterday"), (2, "Tuesday 10 March"), (71, "Wednesday 31 December 2025")],
)
def test_a_heading_names_the_day(days: int, heading: str) -> None:
    assert day_heading(NOW - days * DAY_S, NOW) == heading


def test_a_heading_has_exactly_the_width_of_its_list() -> None:
    for width, days in itertools.product((10, 20, 28, 29, 30, 60), (0, 1, 9, 400)):
        assert runs_width(heading_runs(row(sort_at=NOW - days * DAY_S), width, NOW)) == width


def test_a_list_of_a_few_lines_has_no_room_for_headings() -> None:
    assert not fits_days(2, 1)
    assert fits_days(3, 1)
    assert not fits_days(4, 2)
