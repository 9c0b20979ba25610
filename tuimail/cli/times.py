"""Moments as the command line prints them."""

from __future__ import annotations

import time


def iso(at: int | None) -> str | None:
    """A moment in UTC by ISO 8601, for JSON; None for none or one that no calendar has."""
    if at is None:
        return None
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    except (OverflowError, ValueError, OSError):
        return None


def local(at: int | None) -> str:
    """A moment in local time, to the minute."""
    if at is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return "?"


def ago(at: int | None, *, now: float | None = None) -> str:
    """How long ago, in the largest unit."""
    if at is None:
        return "never"
    seconds = max((time.time() if now is None else now) - at, 0)
    for limit, unit, words in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h")):
        if seconds < limit:
            return "now" if unit == 1 and seconds < 10 else f"{seconds / unit:.0f} {words} ago"
    return local(at)[:10]
