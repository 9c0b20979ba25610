"""Which lines a page has in a list with a heading for each day.

A page is laid out from its first row, so that no day outside of it is ever asked for: how many
headings lie above the row at position 700,000 of a million need not be known. The first line always
names the day of the first row, also where that day began above the page. Pure; Textual's list and
the first frame use the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tuimail.model import Row
from tuimail.ui.lines.cells import fit
from tuimail.ui.lines.rows import Run, Runs
from tuimail.ui.lines.when import day_heading, days_between

RowAt = Callable[[int], Row | None]
"""The row at a position, None beyond both ends."""
HEADING: Final = -1


class DayLine(NamedTuple):
    """One line of a page."""

    position: int
    """Of its row; of a heading the first row below it."""
    part: int
    """Which line of the row; HEADING for the day above it."""


def fits_days(lines: int, height: int) -> bool:
    """Whether a page is high enough for headings: one, and two rows of `height` lines."""
    return lines >= 1 + 2 * height


def day_lines(top: int, lines: int, height: int, row_at: RowAt) -> list[DayLine]:
    """The lines of a page that begins with the row at `top`; fewer at the end of the list."""
    found: list[DayLine] = []
    position, above = top, None
    while len(found) < lines and (row := row_at(position)) is not None:
        if above is None or days_between(above.stands_at, row.stands_at):
            found.append(DayLine(position, HEADING))
        found += [DayLine(position, part) for part in range(height)]
        position, above = position + 1, row
    return found[:lines]


def first_top(last: int, lines: int, height: int, row_at: RowAt) -> int:
    """The first row of the page whose last whole row is `last`, or of the page that holds the beginning of the list."""
    top, used, below = max(0, last), 1 + height, row_at(last)
    while top > 0 and below is not None and (row := row_at(top - 1)) is not None:
        used += height + bool(days_between(row.stands_at, below.stands_at))
        if used > lines:
            break
        top, below = top - 1, row
    return top


def whole_rows(page: list[DayLine], height: int) -> list[int]:
    """Positions of the rows that are on a page with all of their lines."""
    return [line.position for line in page if line.part == height - 1]


def heading_runs(row: Row, width: int, now: float) -> Runs:
    """The heading of the day of a row, exactly `width` cells."""
    name = f" {day_heading(row.stands_at, now)} "
    if len(name) >= width:
        return [Run(fit(name, width), "heading")]
    return [Run(name, "heading"), Run("─" * (width - len(name) - 1) + " ", "rule")]
