"""A moment as a person types it: `in 2 hours`, `tomorrow 8:00`, `fri 9:30`, `2026-12-24 18:00`.

Pure but for the zone of the process (TZ); `now` comes in.
"""

from __future__ import annotations

import re
import time
from typing import Final

from tuimail.errors import UsageError

DAY_S = 86_400
LONGEST_S = 366 * DAY_S
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS: Final = {"m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": DAY_S, "day": DAY_S, "week": 7 * DAY_S}
_DAY_AND_CLOCK: Final = r"(?:([a-z]{3,9}|\d{4}-\d{2}-\d{2}))?(?: ?(\d{1,2})(?::(\d{2}))?)?"
_MORNING = (8, 0)
_HELP = "Write it like `in 2 hours`, `tomorrow 8:00`, `fri 9:30`, `18:00` or `2026-12-24 18:00`."


def moment(words: str, now: float) -> int:
    """Seconds since 1970 UTC of what was typed; raises UsageError for what is no time, is over or far off."""
    text = " ".join(words.lower().replace(" at ", " ").split())
    found = _after(text, now)
    if found is None:
        found = _on_a_day(text, now)
    if found is None:
        raise UsageError("That is not a time.", _HELP)
    if found <= now:
        raise UsageError("That time is over.", _HELP)
    if found > now + LONGEST_S:
        raise UsageError("That is more than a year away.", _HELP)
    return found


def _after(text: str, now: float) -> int | None:
    """`in 2 hours`, `90 minutes`, `2h`."""
    match = re.fullmatch(r"(?:in )?(\d{1,4}|an?|half an) ?([a-z]+)", text)
    if match is None:
        return None
    unit = match.group(2)
    size = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if size is None:
        return None
    count = {"a": 1.0, "an": 1.0, "half an": 0.5}.get(match.group(1)) or float(match.group(1))
    return int(now + count * size)


def _on_a_day(text: str, now: float) -> int | None:
    """`tomorrow 8:00`, `fri 9`, `18:30`, `2026-12-24`."""
    match = re.fullmatch(_DAY_AND_CLOCK, text)
    if match is None or not text:
        return None
    day, hour, minute = match.groups()
    clock = (int(hour), int(minute or 0)) if hour is not None else (20, 0) if day == "tonight" else _MORNING
    if clock[0] > 23 or clock[1] > 59 or (day is None and minute is None):
        return None
    today = time.localtime(now)
    if day is None or day in ("today", "tonight"):
        at = _local(today.tm_year, today.tm_mon, today.tm_mday, clock)
        return at if day is not None or at > now else _local(today.tm_year, today.tm_mon, today.tm_mday + 1, clock)
    if day == "tomorrow":
        return _local(today.tm_year, today.tm_mon, today.tm_mday + 1, clock)
    if day[:3] in _DAYS and not day[0].isdigit():
        ahead = (_DAYS.index(day[:3]) - today.tm_wday) % 7
        at = _local(today.tm_year, today.tm_mon, today.tm_mday + ahead, clock)
        return at if at > now else _local(today.tm_year, today.tm_mon, today.tm_mday + ahead + 7, clock)
    if not day[0].isdigit():
        return None
    year, month, date = map(int, day.split("-"))
    if not (1 <= month <= 12 and 1 <= date <= 31):
        return None
    at = _local(year, month, date, clock)
    return at if time.localtime(at).tm_mday == date else None


def _local(year: int, month: int, day: int, clock: tuple[int, int]) -> int:
    """Days beyond the end of a month go on in the next; changes of the clock are the system's."""
    try:
        return int(time.mktime((year, month, day, clock[0], clock[1], 0, 0, 0, -1)))
    except (OverflowError, ValueError):
        return 0
