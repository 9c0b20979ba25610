"""Days and spans of time as people type them, in the time zone of the process."""

from __future__ import annotations

import calendar
import re
import time
from typing import Final, NamedTuple

_DAY: Final = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_AGE: Final = re.compile(r"(\d{1,5})(h|d|w|m|y)")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)


class Stretch(NamedTuple):
    """A stretch of time in seconds since 1970 UTC: from `first` up to but not including `end`."""

    first: int
    end: int


class NoDate(ValueError):
    """Why something is no date, in a sentence."""


def read(value: str, now: float) -> Stretch:
    """The stretch that a date or a span back from now means; raises NoDate.

    `2026-11-23`, `2026-11`, `2026`, `today`, `yesterday`, `monday` (the last one, today
    included), `3d`, `2w`, `6m`, `1y`, `12h` (from then until now).
    """
    word = value.strip().lower()
    try:
        return _named(word, now) or _age(word, now) or _day(word)
    except (OverflowError, ValueError, OSError) as exc:
        if isinstance(exc, NoDate):
            raise
        raise NoDate("That is too far away.") from exc


def _named(word: str, now: float) -> Stretch | None:
    today = time.localtime(now)
    if word in ("today", "yesterday"):
        return _of_days(today.tm_year, today.tm_mon, today.tm_mday - (word == "yesterday"), 1)
    if len(word) >= 3:
        for number, name in enumerate(_WEEKDAYS):
            if name.startswith(word):
                return _of_days(today.tm_year, today.tm_mon, today.tm_mday - (today.tm_wday - number) % 7, 1)
    return None


def _age(word: str, now: float) -> Stretch | None:
    match = _AGE.fullmatch(word)
    if match is None:
        return None
    count, unit = int(match[1]), match[2]
    if unit == "h":
        return Stretch(int(now) - count * 3600, int(now))
    then = time.localtime(now)
    year, month, day = then.tm_year, then.tm_mon, then.tm_mday
    if unit in "dw":
        day -= count * (7 if unit == "w" else 1)
    else:
        months = year * 12 + month - 1 - count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        if year < 1:
            raise NoDate("That is too far away.")
        day = min(day, calendar.monthrange(year, month + 1)[1])
        month += 1
    clock = (then.tm_hour, then.tm_min, then.tm_sec)
    return Stretch(int(time.mktime((year, month, day, *clock, 0, 0, -1))), int(now))


def _day(word: str) -> Stretch:
    match = _DAY.fullmatch(word)
    if match is None:
        raise NoDate("This is no date; write 2026-11-23, 2026-11, 2026, today, monday, 3d, 2w, 6m or 1y.")
    year = int(match[1])
    if year < 1:
        raise NoDate("There is no year 0.")
    if match[2] is None:
        return _stretch((year, 1, 1), (year + 1, 1, 1))
    month = int(match[2])
    if not 1 <= month <= 12:
        raise NoDate(f"There is no month {month}.")
    if match[3] is None:
        return _stretch((year, month, 1), (year + month // 12, month % 12 + 1, 1))
    day = int(match[3])
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        raise NoDate(f"{_MONTHS[month - 1]} {year} has {days} days.")
    return _of_days(year, month, day, 1)


def _of_days(year: int, month: int, day: int, count: int) -> Stretch:
    return _stretch((year, month, day), (year, month, day + count))


def _stretch(first: tuple[int, int, int], end: tuple[int, int, int]) -> Stretch:
    """Midnights in local time; mktime knows summer time, and takes days beyond the end of a month."""
    return Stretch(*(int(time.mktime((*day, 0, 0, 0, 0, 0, -1))) for day in (first, end)))
