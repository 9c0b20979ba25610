"""How long and how much: the ceilings of one IMAP session.

Every command has an absolute deadline and a budget of octets and lines; whoever drips,
floods or promises terabytes reaches one of them. Tests pass small ones.
"""

from __future__ import annotations

from dataclasses import dataclass

KIBI = 1024
MEBI = 1024 * 1024

MAX_UID = 2**32 - 1
"""RFC 9051 2.3.1.1."""
MAX_NUMBER = 2**63 - 1
"""RFC 9051 number64, RFC 7162 mod-sequence: what the standard allows and SQLite holds."""
MAX_COMMAND_LINE_OCTETS = 8000
"""RFC 2683 3.2.1.5: servers accept command lines of 8000 octets."""
MAX_MAILBOXES = 10_000
MAX_UIDS = 5_000_000
"""Messages in one answer of a search."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The ceilings; every time is in seconds, from the first octet of a command on."""

    command_s: float = 120.0
    stream_s: float = 600.0
    """A FETCH of many headers or whole messages."""
    silence_s: float = 30.0
    """Longest time without any octet while an answer is due."""
    idle_end_s: float = 15.0
    """From DONE to the end of IDLE."""
    octets: int = 16 * MEBI
    """One ordinary command's answer."""
    lines: int = 100_000
    line_octets: int = 8 * MEBI
    search_octets: int = 64 * MEBI
    literal_octets: int = 64 * KIBI
    """A literal where a name or a word is expected."""
    header_octets: int = 512 * KIBI
    """Header block of one message; the rest is read and dropped."""
    structure_octets: int = MEBI
    """BODYSTRUCTURE of one message; a larger one counts as unknown."""
    message_octets: int = 64 * MEBI
    """A whole message; a larger one is read and dropped."""
