"""Sequence sets (RFC 9051 9, sequence-set) as text, ranges and numbers.

`"5:9,12"` is the wire's spelling of 5, 6, 7, 8, 9, 12. Pure functions; limits hold
against a server that names four billion messages in twelve octets.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from tuimail.errors import ProtocolViolation, UsageError
from tuimail.net.imap.limits import MAX_UID, MAX_UIDS

Ranges = list[tuple[int, int]]
"""Pairs (lowest, highest), both included."""

PIECE_OCTETS = 7000
"""Of a set in one command; the rest of the line stays below RFC 2683's 8000 octets."""

_SET = re.compile(r"(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?(?:,(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?)*")


def compress_uids(uids: Iterable[int]) -> str:
    """The shortest set in rising order: `[3, 1, 2, 9]` gives `1:3,9`; nothing gives an empty text."""
    return spell(to_ranges(uids))


def to_ranges(uids: Iterable[int]) -> Ranges:
    """Numbers in any order as rising, disjoint ranges."""
    ranges: Ranges = []
    low = high = 0
    for uid in sorted(set(uids)):
        if uid == high + 1 and low:
            high = uid
            continue
        if low:
            ranges.append((low, high))
        low = high = uid
    if low:
        ranges.append((low, high))
    return ranges


def spell(ranges: Iterable[tuple[int, int]]) -> str:
    """Ranges as the wire spells them."""
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges)


def expand(text: str, limit: int = MAX_UIDS) -> list[int]:
    """Every number of a set without `*`; ProtocolViolation when there are more than `limit`."""
    return expand_ranges(parse_ranges(text.encode("ascii", "replace")), limit)


def expand_ranges(ranges: Sequence[tuple[int, int]], limit: int = MAX_UIDS) -> list[int]:
    """Every number of the ranges; ProtocolViolation when there are more than `limit`."""
    if sum(high - low + 1 for low, high in ranges) > limit:
        raise ProtocolViolation("The server named more messages than a mailbox can hold.")
    return list(chain.from_iterable(range(low, high + 1) for low, high in ranges))


def parse_ranges(octets: bytes) -> Ranges:
    """A server's uid-set (no `*`) as ranges in its order, each rising; ProtocolViolation for anything else."""
    ranges: Ranges = []
    for piece in octets.split(b","):
        low, colon, high = piece.partition(b":")
        first = _uid(low)
        last = _uid(high) if colon else first
        ranges.append((first, last) if first <= last else (last, first))
    return ranges


def _uid(digits: bytes) -> int:
    if digits.isdigit() and len(digits) <= 10 and 0 < (uid := int(digits)) <= MAX_UID:
        return uid
    raise ProtocolViolation("The server sent a list of messages that cannot be read.")


def check_set(text: str) -> str:
    """The set itself; UsageError when it is empty or not a set."""
    if not _SET.fullmatch(text):
        raise UsageError("That is not a set of messages.")
    return text


def split_set(text: str, limit_octets: int = PIECE_OCTETS) -> Iterator[str]:
    """A checked set in pieces that fit a command line, in its order."""
    check_set(text)
    start = 0
    while len(text) - start > limit_octets:
        cut = text.rfind(",", start, start + limit_octets)
        yield text[start:cut]
        start = cut + 1
    yield text[start:]


class Asked:
    """The uids of a request, each of which is answered once.

    Small sets are a plain set that empties; large or open ones are ranges and what was seen.
    """

    _SMALL = 20_000

    def __init__(self, text: str) -> None:
        """From a checked set; `n:*` asks for n and everything above, and `*` alone for anything."""
        ranges: Ranges = []
        for piece in text.split(","):
            first, _, last = piece.partition(":")
            # RFC 9051 9: `559:*` always includes the last message, even when its uid is lower.
            ends = (1, MAX_UID) if "*" in (first, last) else (int(first), int(last or first))
            ranges.append((min(ends), max(ends)))
        total = sum(high - low + 1 for low, high in ranges)
        self._left = set(chain.from_iterable(range(a, b + 1) for a, b in ranges)) if total <= self._SMALL else None
        merged: Ranges = []
        for low, high in sorted(ranges):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        self._ranges = merged
        self._lows = [low for low, _ in merged]
        self._seen: set[int] = set()

    def take(self, uid: int) -> bool:
        """True the first time an asked uid comes; False for a repetition and for one nobody asked for."""
        if self._left is not None:
            if uid in self._left:
                self._left.remove(uid)
                return True
            return False
        if uid in self._seen or uid not in self:
            return False
        self._seen.add(uid)
        return True

    def __contains__(self, uid: int) -> bool:
        at = bisect_right(self._lows, uid) - 1
        return at >= 0 and uid <= self._ranges[at][1]

    def count(self) -> int:
        """How many uids were asked for at most."""
        return sum(high - low + 1 for low, high in self._ranges)
