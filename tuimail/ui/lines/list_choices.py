"""What can be chosen about a list: how it is sorted, and which date to go to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tuimail.query.dates import NoDate, read
from tuimail.ui.beside.remembered import Look
from tuimail.ui.commands import Hit
from tuimail.ui.fuzzy import match
from tuimail.ui.lines.when import day_date

SORTS = (
    ("Newest first", "date", False),
    ("Oldest first", "date", True),
    ("Sender", "sender", False),
    ("Sender, from the end", "sender", True),
    ("Subject", "subject", False),
    ("Subject, from the end", "subject", True),
    ("Largest first", "size", False),
    ("Smallest first", "size", True),
    ("Unread first", "unread", False),
    ("Read first", "unread", True),
)
USUAL_DATES = ("today", "yesterday", "monday", "1w", "1m", "6m", "1y")


class SortSource:
    """Orders of a list."""

    heading = "Sort"
    limit = 100
    is_slow = False

    def __init__(self, look: Look, choose: Callable[[Look], object]) -> None:
        self._look = look
        self._choose = choose

    def hits(self, query: str) -> list[Hit]:
        """What fits, in the order of the table."""
        found = []
        for number, (label, sort, is_reversed) in enumerate(SORTS):
            fits = match(query, label)
            if fits is None:
                continue
            look = self._look._replace(sort=sort, is_reversed=is_reversed)
            is_now = look == self._look
            found.append(Hit(
                label, "", "now" if is_now else "", "▴" if is_reversed else "▾", -float(number), fits.positions,
                partial(self._choose, look), is_current=is_now,
            ))  # fmt: skip
        return found


class DateSource:
    """Dates to go to."""

    heading = "Date"
    limit = 20
    is_slow = False

    def __init__(self, now: float, choose: Callable[[int], object]) -> None:
        """`choose` is given the end of the date, seconds since 1970 UTC."""
        self._now = now
        self._choose = choose

    def hits(self, query: str) -> list[Hit]:
        """What was typed, read as a date; else some usual ones."""
        words = query.removeprefix("last ").strip()
        if words:
            # On a Monday the last Monday was a week ago.
            return [self._hit(words, query, self._now - 86_400 if words != query else self._now)]
        return [self._hit(each, each, self._now) for each in USUAL_DATES]

    def _hit(self, words: str, label: str, now: float) -> Hit:
        try:
            stretch = read(words, now)
        except NoDate as exc:
            return Hit(str(exc), "", "", " ", 0.0, (), lambda: None)
        # A span back from now ends now: what is meant is its beginning.
        end = stretch.end if stretch.end <= self._now or stretch.first + 86_400 >= stretch.end else stretch.first
        end = stretch.first if abs(stretch.end - self._now) < 2 else end
        return Hit(label, day_date(stretch.first), "", "→", 0.0, (), partial(self._choose, end))
