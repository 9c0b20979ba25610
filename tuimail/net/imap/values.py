"""What an IMAP session hands out: plain tuples, parsed and bounded, nothing decoded for show.

The engine turns them into the store's values; net and store do not know each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tuimail.model import Role
from tuimail.net.imap.uids import Ranges


class FetchedHeader(NamedTuple):
    """What a list needs of one message."""

    uid: int
    flags: int
    """`Flag` bits; Recent is dropped."""
    keywords: str
    """Space separated, sorted."""
    modseq: int | None
    received_at: int | None
    """INTERNALDATE in seconds since 1970 UTC; None when it cannot be read."""
    size_octets: int
    structure: bytes
    """Raw BODYSTRUCTURE with its literals as `{n}` CRLF octets; empty when unknown or too large."""
    header: bytes
    """The asked header fields as sent, capped."""


class FetchedFlags(NamedTuple):
    """The flags of one message."""

    uid: int
    flags: int
    keywords: str
    modseq: int | None


class FlagsAnswer(NamedTuple):
    """What a flag scan brought."""

    changed: list[FetchedFlags]
    vanished: Ranges


class Listed(NamedTuple):
    """One mailbox of a listing; numbers are None where the server did not tell them."""

    name: str
    """Decoded from modified UTF-7; what does not decode is an opaque key that encodes back."""
    delimiter: str
    """Empty for a flat name."""
    role: Role
    selectable: bool
    subscribed: bool
    server_total: int | None
    server_unread: int | None
    uid_validity: int | None
    uid_next: int | None
    highest_modseq: int | None


class StatusNews(NamedTuple):
    """STATUS of one mailbox, asked for or not."""

    name: str
    total: int | None
    unread: int | None
    uid_validity: int | None
    uid_next: int | None
    highest_modseq: int | None


class Known(NamedTuple):
    """What the store knows of a mailbox, for a SELECT with QRESYNC (RFC 7162 3.2.5)."""

    uid_validity: int
    highest_modseq: int
    uids_hint: str = ""
    """A set of uids known here, or empty for `1:*` in the server's eyes."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The answer to SELECT or EXAMINE."""

    uid_validity: int
    """0 when the server has none: nothing may be kept under its uids."""
    uid_next: int | None
    exists: int
    highest_modseq: int | None
    """None: the mailbox keeps no mod-sequences."""
    vanished: Ranges
    """Gone since `Known`; only with QRESYNC, and only when `uid_validity` is the known one."""
    changed: list[FetchedFlags]
    """Changed since `Known`, likewise."""
    permanent_flags: frozenset[str]
    r"""As spelled by the server; `\*` means that new keywords can be made."""
    read_only: bool
    resynced: bool
    """The server took the known state, so `vanished` and `changed` are the whole difference."""


@dataclass(frozen=True, slots=True)
class News:
    """What the server said unasked. It is only a reason to look, except `flags` and `vanished`."""

    exists: int | None = None
    """Messages in the selected mailbox, when the server told the number anew."""
    expunged: bool = False
    """Messages went away; `vanished` tells which ones only with QRESYNC."""
    vanished: tuple[tuple[int, int], ...] = ()
    flags: tuple[FetchedFlags, ...] = ()
    flags_unknown: bool = False
    """Flags changed on messages named by number only: scan the flags again."""
    statuses: tuple[StatusNews, ...] = ()
    mailboxes_changed: bool = False
    """Mailboxes came, went or were renamed, or the server lost count: list them again."""
    alerts: tuple[str, ...] = ()
    """Sentences that a person must see (RFC 9051 7.1 ALERT), printable."""

    def __bool__(self) -> bool:
        """Whether there is anything at all."""
        return bool(
            self.exists is not None or self.expunged or self.vanished or self.flags or self.flags_unknown
            or self.statuses or self.mailboxes_changed or self.alerts
        )


class Copied(NamedTuple):
    """COPYUID (RFC 4315): where messages went, uid by uid."""

    uid_validity: int
    source: list[int]
    target: list[int]


class Appended(NamedTuple):
    """APPENDUID (RFC 4315)."""

    uid_validity: int
    uid: int
