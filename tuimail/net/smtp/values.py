"""What an SMTP session hands out, and its ceilings. No socket and no command is known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tuimail.errors import Refused

Progress = Callable[[int, int], None]
"""Gets octets that left, and all octets. Whatever it raises stops the upload, and nothing is taken."""

BeforeEnd = Callable[[tuple[Refused, ...]], None]
"""Called once, right before the octets that end a message, with the recipients who were refused.

Whatever it raises stops them, and nothing is taken."""


class Delivered(NamedTuple):
    """The server took the message, for everybody but `refused`."""

    reply: str
    """Its words, with the code: `250 2.0.0 Ok: queued as 4Xy`."""
    refused: tuple[Refused, ...]
    """Recipients for whom it was not taken, in the order given."""
    notifies: bool = False
    """Reports on the delivery were asked for, and the server knows how."""


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """The ceilings; times are in seconds (RFC 5321 4.5.3.2)."""

    command_s: float = 120.0
    """STARTTLS, EHLO, RSET, NOOP, DATA up to the go-ahead."""
    login_s: float = 60.0
    """Each step of a login."""
    envelope_s: float = 300.0
    """MAIL and the RCPTs that are sent with it: servers ask others about a recipient."""
    block_s: float = 180.0
    """Until the server took one more block of a message."""
    upload_s: float = 600.0
    """A whole message, and one more second for each `slowest_octets_s` of it."""
    slowest_octets_s: int = 4096
    final_s: float = 600.0
    """From the end of a message to the answer."""
    quit_s: float = 5.0
    reply_octets: int = 64 * 1024
    reply_lines: int = 128
    line_octets: int = 4096
    """RFC 5321 4.5.3.1.5 says 512; some say more."""
    window: int = 100
    """Commands that are sent ahead of their answers."""
    window_octets: int = 16 * 1024
    """Small enough for the buffers on the way: nobody may wait for the other for ever."""
    block_octets: int = 64 * 1024
    chunk_octets: int = 8 * 1024 * 1024
    """One BDAT."""
