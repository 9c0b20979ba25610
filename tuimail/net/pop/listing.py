"""LIST and UIDL, read as they come: a line at a time out of blocks, never the whole answer in memory. Pure.

Nothing a listing says can raise anything but ProtocolViolation: what is merely odd (ids twice, ids that are
not allowed, numbers without one) is reported for the engine to judge.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import NoReturn

from tuimail.net.pop.values import Listing, PopLimits

_NUMBER = re.compile(rb"0*([1-9]\d{0,9})")
_SIZE = re.compile(rb"\d{1,18}")
_LEGAL_ID = re.compile(rb"[\x21-\x7e]{1,70}")

Violated = Callable[[str], NoReturn]
"""Ends the session with a ProtocolViolation of these words."""


class _LineReader(ABC):
    """A sink that cuts blocks into lines at CRLF."""

    def __init__(self, limits: PopLimits, violated: Violated) -> None:
        self._limits = limits
        self._violated = violated
        self._rest = b""
        self._count = 0

    def __call__(self, octets: bytes) -> None:
        lines = (self._rest + octets).split(b"\r\n")
        self._rest = lines.pop()
        if len(self._rest) > self._limits.line_octets:
            self._violated("sent a line that is too long")
        self._count += len(lines)
        if self._count > self._limits.messages:
            self._violated(f"lists more than {self._limits.messages:,} messages")
        for line in lines:
            self.take(line)

    @abstractmethod
    def take(self, line: bytes) -> None:
        """One line without its end."""

    def _numbered(self, line: bytes) -> tuple[int, bytes]:
        """The message number in front, and what follows it."""
        word, _, rest = line.lstrip(b" ").partition(b" ")
        match = _NUMBER.fullmatch(word)
        if match is None or len(line) > self._limits.line_octets:
            self._violated("sent a listing that cannot be read")
        return int(match[1]), rest


class SizeReader(_LineReader):
    """The answer to LIST."""

    def __init__(self, limits: PopLimits, violated: Violated) -> None:
        """Empty."""
        super().__init__(limits, violated)
        self.sizes: dict[int, int] = {}
        self.contradicted: set[int] = set()

    def take(self, line: bytes) -> None:
        """`number octets`, and whatever a server adds (RFC 1939 5)."""
        number, rest = self._numbered(line)
        word = rest.strip(b" ").partition(b" ")[0]
        if not _SIZE.fullmatch(word):
            self._violated("sent a listing that cannot be read")
        octets = int(word)
        if self.sizes.setdefault(number, octets) != octets:
            self.contradicted.add(number)


class IdReader(_LineReader):
    """The answer to UIDL."""

    def __init__(self, limits: PopLimits, violated: Violated) -> None:
        """Empty."""
        super().__init__(limits, violated)
        self.ids: dict[int, bytes] = {}
        self.contradicted: set[int] = set()

    def take(self, line: bytes) -> None:
        """`number unique-id`; an id that is not allowed is kept as it came."""
        number, unique_id = self._numbered(line)
        if self.ids.setdefault(number, unique_id) != unique_id:
            self.contradicted.add(number)


def listing(promised: int, sizes: SizeReader, ids: IdReader | None) -> Listing:
    """Put the answers of STAT, LIST and UIDL side by side; ids of numbers that LIST does not know are dropped."""
    contradicted = sizes.contradicted | (ids.contradicted if ids is not None else set())
    if ids is None:
        return Listing(sizes.sizes, None, {}, frozenset(), frozenset(contradicted), promised)
    legal: dict[int, bytes] = {}
    illegal: dict[int, bytes] = {}
    for number in sizes.sizes:
        unique_id = ids.ids.get(number)
        if unique_id is None or number in ids.contradicted:
            continue
        # Some servers put more than one space between number and id.
        unique_id = unique_id.strip(b" ")
        (legal if _LEGAL_ID.fullmatch(unique_id) else illegal)[number] = unique_id
    borne = Counter(legal.values()) if len(set(legal.values())) < len(legal) else Counter()
    twice = frozenset(unique_id for unique_id, count in borne.items() if count > 1)
    return Listing(sizes.sizes, legal, illegal, twice, frozenset(contradicted), promised)
