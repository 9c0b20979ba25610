"""Values that SQLite cannot hold are mended, not refused: a lone surrogate, a number beyond 64 bits.

Callers give decoded, sane values; this is the second line, because one odd message must
never stop a sync.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LARGEST: Final = (1 << 63) - 1


def text(value: str) -> str:
    """The same text with NUL and lone surrogates as U+FFFD; the same object when there are none."""
    if value.isascii():
        return value.replace("\0", "\ufffd") if "\0" in value else value
    try:
        value.encode()
    except UnicodeEncodeError:
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\0", "\ufffd")


def number(value: int) -> int:
    """The nearest number that fits 64 bits."""
    return max(-_LARGEST, min(value, _LARGEST))


def values(row: Iterable[object]) -> tuple[object, ...]:
    """A whole row of values, each mended."""
    return tuple(
        text(value) if isinstance(value, str) else number(value) if isinstance(value, int) else value for value in row
    )
