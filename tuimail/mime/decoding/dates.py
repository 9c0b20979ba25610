"""Dates of mail (RFC 5322 3.3 and 4.3) as seconds since 1970 UTC.

Arithmetic on the proleptic Gregorian calendar and nothing else: no clock, no local
zone, and no exception, whatever the numbers are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType

_MONTHS = MappingProxyType(
    {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
     "dec": 12}
)  # fmt: skip
_ZONES = MappingProxyType(
    {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -18000, "edt": -14400, "cst": -21600, "cdt": -18000,
     "mst": -25200, "mdt": -21600, "pst": -28800, "pdt": -25200, "cet": 3600, "cest": 7200, "bst": 3600,
     "jst": 32400, "msk": 10800}
)  # fmt: skip
"""Seconds east of UTC; other letters mean nothing reliable and count as UTC (RFC 5322 4.3)."""

_CLOCK = r"([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2}))?(?:[.,][0-9]{1,9})?"
_USUAL = re.compile(
    rf"\s*(?:[A-Za-z]{{2,9}}\.?\s*,?\s*)?([0-9]{{1,2}})[\s-]+([A-Za-z]{{3}})[A-Za-z]{{0,6}}\.?,?[\s-]+([0-9]{{2,4}}),?"
    rf"(?:\s+{_CLOCK}\s*([AaPp][Mm])?)?\s*(?:([+-])([0-9]+)(?::([0-9]{{2}}))?|([A-Za-z]{{1,5}}))?"
)
_ASCTIME = re.compile(
    rf"\s*(?:[A-Za-z]{{3,9}},?\s+)?([A-Za-z]{{3}})[A-Za-z]{{0,6}}\s+([0-9]{{1,2}}),?\s+{_CLOCK}\s+"
    r"(?:([A-Za-z]{1,5})\s+)?([0-9]{4})(?:\s*([+-])([0-9]{4}))?"
)
_ISO = re.compile(
    rf"\s*([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:[T\s]+{_CLOCK})?\s*(?:([+-])([0-9]{{2}}):?([0-9]{{2}})|Z)?"
)
# What nearly every mailer writes; the day and the zone repeat, and are computed once.
_EXACT = re.compile(
    r"(?:[A-Za-z]{3}, +)?([0-9]{1,2} [A-Za-z]{3} [0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-][0-9]{4})"
    r"(?: \([A-Za-z ]*+\))?\Z"
)


def parse_date(value: str) -> int | None:
    """Seconds since 1970 UTC; None when it is absent or names no possible instant."""
    if found := _EXACT.match(value):
        day, hour, minute, second, zone = found.groups()
        if hour <= "24" and minute <= "59" and second <= "60":
            midnight = _midnight(day, zone)
            return None if midnight is None else midnight + int(hour) * 3600 + int(minute) * 60 + int(second)
    return _parse_unusual(value[:200])


@lru_cache(maxsize=8192)
def _midnight(day: str, zone: str) -> int | None:
    return _parse_unusual(f"{day} 00:00:00 {zone}")


def _parse_unusual(value: str) -> int | None:
    if found := _USUAL.match(value):
        day, month, year, hour, minute, second, half, sign, offset, colon, zone = found.groups()
        zone_s = _zone(sign, offset + colon if colon else offset, zone)
        return _instant(_full_year(year), _MONTHS.get(month.lower(), 0), day, _hour(hour, half), minute, second, zone_s)
    if found := _ISO.match(value):
        year, month, day, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
        zone_s = _zone(sign, f"{zone_hours}{zone_minutes}" if sign else None, None)
        return _instant(int(year), int(month), day, hour, minute, second, zone_s)
    if found := _ASCTIME.match(value):
        month, day, hour, minute, second, zone, year, sign, offset = found.groups()
        return _instant(
            int(year), _MONTHS.get(month.lower(), 0), day, hour, minute, second, _zone(sign, offset, zone)
        )
    return None


def _full_year(year: str) -> int:
    number = int(year)
    if len(year) == 2:
        return number + (2000 if number < 50 else 1900)  # RFC 5322 4.3
    return number + 1900 if len(year) == 3 else number


def _hour(hour: str | None, half: str | None) -> str | None:
    if hour is None or half is None:
        return hour
    return str(int(hour) % 12 + (12 if half in ("PM", "pm", "Pm", "pM") else 0))


def _zone(sign: str | None, offset: str | None, letters: str | None) -> int | None:
    """Seconds east of UTC; None for an offset that no place on earth has."""
    if sign is None or offset is None:
        return _ZONES.get(letters.lower(), 0) if letters else 0
    if len(offset) > 4:
        return None
    hours, minutes = divmod(int(offset), 100)
    if len(offset) <= 2:
        hours, minutes = int(offset), 0
    if hours > 23 or minutes > 59:
        return None
    seconds = hours * 3600 + minutes * 60
    return -seconds if sign == "-" else seconds


def _instant(
    year: int, month: int, day: str, hour: str | None, minute: str | None, second: str | None, zone_s: int | None
) -> int | None:
    day_number = int(day)
    hours = int(hour) if hour else 0
    minutes = int(minute) if minute else 0
    seconds = int(second) if second else 0
    # In the last year of the calendar a zone could lead out of it.
    if zone_s is None or not (1 <= month <= 12 and 1 <= day_number <= 31 and 1900 <= year <= 9998):
        return None
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    # Days from the civil calendar, years beginning in March (H. Hinnant, chrono-Compatible Low-Level Date Algorithms).
    shifted = year - (month <= 2)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day_number - 1
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + day_of_year - 719468
    return days * 86400 + hours * 3600 + minutes * 60 + seconds - zone_s
