"""When a message is to be sent, as a person types it: `18:30`, `tomorrow 9:00`, `2026-12-01 09:00`, `+2h`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from tuimail.errors import UsageError

EXAMPLES: Final = "Examples: 18:30, tomorrow 9:00, mon 8:00, 2026-12-01 09:00, in 2 hours, +90m, +3d."
MORNING: Final = (9, 0)
"""Where only a day is given."""
_STEP: Final = re.compile(r"(?:\+|in)(\d{1,4})(m(?:in(?:ute)?s?)?|h(?:ours?)?|d(?:ays?)?|w(?:eeks?)?)\Z")
_CLOCK: Final = re.compile(r"(\d{1,2})[:.](\d{2})\Z")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(typed: str, now: datetime) -> datetime:
    """The moment that is meant, after `now`; both in local time without a zone. Raises UsageError."""
    words = typed.strip().lower().replace("t", " ", 1).split() if _looks_iso(typed) else typed.lower().split()
    step = _STEP.match("".join(words))
    if step:
        return now + timedelta(**{_UNITS[step[2][0]]: int(step[1])})
    clock = MORNING
    if words and (told := _CLOCK.match(words[-1])):
        clock = (int(told[1]), int(told[2]))
        words.pop()
        is_clock_only = not words
    else:
        is_clock_only = False
    if not (words or is_clock_only):
        raise _unclear(typed)
    try:
        when = _day(words, now).replace(hour=clock[0], minute=clock[1], second=0, microsecond=0)
    except (ValueError, OverflowError) as exc:
        raise _unclear(typed) from exc
    if is_clock_only and when <= now:
        when += timedelta(days=1)
    if when <= now:
        raise UsageError(f"{typed} is in the past.", EXAMPLES)
    return when


def _day(words: list[str], now: datetime) -> datetime:
    match words:
        case [] | ["today"]:
            return now
        case ["tomorrow"]:
            return now + timedelta(days=1)
        case [word] if (told := _DATE.match(word)):
            return now.replace(year=int(told[1]), month=int(told[2]), day=int(told[3]))
        case [word] if word[:3] in _DAYS and len(word) >= 3:
            ahead = (_DAYS.index(word[:3]) - now.weekday()) % 7 or 7
            return now + timedelta(days=ahead)
    raise ValueError


def _looks_iso(typed: str) -> bool:
    return bool(re.match(r"\s*\d{4}-\d{2}-\d{2}[Tt]\d", typed))


def _unclear(typed: str) -> UsageError:
    return UsageError(f"“{typed[:40]}” is no time that can be understood.", EXAMPLES)
