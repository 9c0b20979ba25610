"""The shape of a message that comes in, as those hand it over who can read headers."""

from __future__ import annotations

from typing import NamedTuple


class Incoming(NamedTuple):
    """One message as a server told it, decoded."""

    uid: int
    """0 for mail that lies here and on no IMAP server."""
    flags: int
    """`Flag` bits."""
    keywords: str
    """Space separated, sorted."""
    modseq: int | None
    received_at: int | None
    """INTERNALDATE, seconds since 1970 UTC."""
    size_octets: int
    structure: bytes
    """Raw BODYSTRUCTURE, empty when unknown."""
    has_attachments: bool
    from_: str
    """The raw header value, RFC 2047 decoded."""
    sender: str
    """Display name of the first author, else the address."""
    reply_to: str
    to: str
    cc: str
    subject: str
    sent_at: int | None
    """The Date header, None when absent or impossible."""
    message_id: str
    in_reply_to: str
    references: str
    list_id: str
    thread_id: int
