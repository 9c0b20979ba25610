"""Times and sizes as a person reads them.

Pure: the moment `now` comes in as seconds since 1970 UTC, the zone is the one of
the process (TZ). Names of days and months are English, whatever the locale.
"""

from __future__ import annotations

import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_LATEST = 253_402_300_000
"""The end of the year 9999: what `time.localtime` surely takes."""


def short_date(at: int, now: float) -> str:
    """At most six cells: `09:12` today, `Wed` within a week, `12 Mar` within the year, else `2024`."""
    then = _local(at)
    today = _local(now)
    if then[:3] == today[:3]:
        return f"{then.tm_hour:02}:{then.tm_min:02}"
    if at <= now and days_between(at, now) < 7:
        return _DAYS[then.tm_wday]
    if then.tm_year == today.tm_year:
        return f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}"
    return str(then.tm_year)


def day_heading(at: float, now: float) -> str:
    """Over the messages of a day: `Today`, `Yesterday`, `Monday 16 November`, with the year when it is another one."""
    then, today = _local(at), _local(now)
    if then[:3] == today[:3]:
        return "Today"
    if days_between(at, now) == 1:
        return "Yesterday"
    named = f"{_LONG_DAYS[then.tm_wday]} {then.tm_mday} {_LONG_MONTHS[then.tm_mon - 1]}"
    return named if then.tm_year == today.tm_year else f"{named} {then.tm_year}"


def time_of_day(at: float) -> str:
    """`09:12`."""
    then = _local(at)
    return f"{then.tm_hour:02}:{then.tm_min:02}"


def full_date(at: int) -> str:
    """`Thu 12 Mar 2026, 09:12`."""
    then = _local(at)
    day, month = _DAYS[then.tm_wday], _MONTHS[then.tm_mon - 1]
    return f"{day} {then.tm_mday} {month} {then.tm_year}, {then.tm_hour:02}:{then.tm_min:02}"


def day_date(at: int) -> str:
    """`12 Mar 2026`."""
    then = _local(at)
    return f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]} {then.tm_year}"


def clock_time(at: int, now: float) -> str:
    """`12:04` for a moment of today, else the short date: `Wed`."""
    return short_date(at, now)


def days_between(earlier: float, later: float) -> int:
    """Midnights between two moments, in local time."""
    return _day_number(later) - _day_number(earlier)


def short_size(size_octets: int) -> str:
    """At most four cells: `812`, `1.2k`, `84k`, `1.2M`, `25M`."""
    if size_octets < 1000:
        return str(max(0, size_octets))
    value = float(size_octets)
    for unit in "kMGT":
        value /= 1000
        if value < 9.95:
            return f"{value:.1f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
    return "huge"


def long_size(size_octets: int) -> str:
    """`812 bytes`, `84 kB`, `1.2 MB`."""
    if size_octets < 1000:
        return f"{max(0, size_octets)} bytes"
    short = short_size(size_octets)
    return f"{short[:-1]} {short[-1]}B" if short != "huge" else short


def counted(number: int) -> str:
    """`12,480`."""
    return f"{number:,}"


def _local(at: float) -> time.struct_time:
    return time.localtime(min(max(at, 0), _LATEST))


def _day_number(at: float) -> int:
    """Days since year 1 of the local date; by the calendar, so that clock changes do not matter."""
    then = _local(at)
    year = then.tm_year - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + then.tm_yday
