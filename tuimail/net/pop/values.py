"""What a POP3 session hands out, and its ceilings: plain values, nothing decoded for show.

The engine turns them into the store's values; net and store do not know each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tuimail.errors import ServerRefused
from tuimail.net.imap.limits import KIBI, MEBI

Sink = Callable[[bytes], object]
"""Takes the octets of one message, piece by piece; what it raises ends the session."""

RETRY_CODES = frozenset({"IN-USE", "LOGIN-DELAY", "SYS/TEMP"})
"""Response codes (RFC 2449 8, RFC 3206) after which trying again later helps by itself."""


@dataclass(frozen=True, slots=True)
class PopLimits:
    """The ceilings; every time is in seconds, from the first octet of a command on."""

    command_s: float = 120.0
    silence_s: float = 45.0
    """Longest time without any octet while an answer is due."""
    listing_s: float = 600.0
    slowest_octets_s: int = 2 * KIBI
    """A message has `command_s`, and one more second for each so many octets that LIST promised."""
    line_octets: int = 4 * KIBI
    """One status line, or one line of a listing."""
    listing_octets: int = 48 * MEBI
    messages: int = 500_000
    capability_lines: int = 200
    top_octets: int = MEBI
    message_octets: int = 256 * MEBI
    """A message is read up to here when the caller names no limit."""
    window: int = 100
    """Commands in flight at once, where PIPELINING is offered."""
    window_octets: int = 8 * MEBI
    """Octets in flight at once, by what LIST promised."""
    batch: int = 400
    """DELE commands sent in one go: they and their answers fit into the sockets' buffers."""


class Wanted(NamedTuple):
    """One message to retrieve."""

    number: int
    expected_octets: int | None
    """From LIST; None when unknown."""


class Retrieved(NamedTuple):
    """One message came whole: its end was seen."""

    number: int
    octets: int
    """As given to the sink: with CRLF line ends, dots unstuffed, the last line end included."""
    expected_octets: int | None
    complete: bool = True
    """False only beside `refused`."""
    refused: ServerRefused | None = None
    """The server's -ERR to this one message; no sink was opened."""

    @property
    def agrees(self) -> bool:
        """Whether the octets are those that LIST promised (also without a line end that had to be added)."""
        return self.complete and sizes_agree(self.octets, self.expected_octets)


def sizes_agree(octets: int, expected_octets: int | None) -> bool:
    """RFC 1939 3: a message without a last line end gets one on the way, which few servers count."""
    return expected_octets is None or octets in (expected_octets, expected_octets + 2)


class Stat(NamedTuple):
    """The drop as STAT tells it."""

    messages: int
    octets: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in the drop, by number. Numbers hold for this session only."""

    sizes: dict[int, int]
    """Octets by message number, in the order listed; some servers count only roughly."""
    uidls: dict[int, bytes] | None
    """Unique ids by message number; None when the server has none. Only legal ones stand here."""
    illegal: dict[int, bytes]
    """What was sent in place of a legal id (1 to 70 of 0x21 to 0x7E, RFC 1939 7), as it came."""
    duplicates: frozenset[bytes]
    """Ids that more than one message bears."""
    contradicted: frozenset[int]
    """Numbers listed twice with different sizes or ids. The first size stands; an id is not kept."""
    promised: int
    """The count of STAT."""

    @property
    def whole(self) -> bool:
        """True when STAT, LIST and UIDL agree on what lies there: only then is a missing id really gone."""
        if self.contradicted or self.promised != len(self.sizes):
            return False
        return self.uidls is None or len(self.uidls) + len(self.illegal) == len(self.sizes)

    @property
    def without_uidl(self) -> list[int]:
        """Numbers that have no legal id, in the order listed."""
        uidls = self.uidls or {}
        return [number for number in self.sizes if number not in uidls]
