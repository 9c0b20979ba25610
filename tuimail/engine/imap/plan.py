"""What to do next, decided from plain values: no socket, no store, no clock.

`diff` compares the uids of both sides, `is_current` tells whether a mailbox needs a look
at all, `order` which mailbox comes first, `chunks` how much at a time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from tuimail.model import ROLE_ORDER, Mailbox, MailboxId, Role

FIRST_CHUNK: Final = 200
"""One screen and more, so that a first look waits for little."""
CHUNK: Final = 1500
FLAGS_CHUNK: Final = 10_000
PROOF_ROWS: Final = 1000
PROOF_SHARE: Final = 0.25


class Difference(NamedTuple):
    """How two sets of uids differ."""

    missing: list[int]
    """On the server and not here, newest first."""
    gone: list[int]
    """Here and no longer on the server, ascending."""


def diff(local: Iterable[int], server: Iterable[int]) -> Difference:
    """What to fetch and what to forget so that the local uids become the server's."""
    here = set(local)
    if not here:
        return Difference(sorted(set(server), reverse=True), [])
    there = set(server)
    return Difference(sorted(there - here, reverse=True), sorted(here - there))


def chunks(uids: Sequence[int], first: int = FIRST_CHUNK, size: int = CHUNK) -> Iterator[Sequence[int]]:
    """The uids in their order, a small piece first."""
    start, length = 0, first
    while start < len(uids):
        yield uids[start : start + length]
        start, length = start + length, size


def inside(uids: Sequence[int], ranges: Iterable[tuple[int, int]]) -> list[int]:
    """Those of the ascending uids that lie in any of the ranges (ends included, either order)."""
    found: set[int] = set()
    for low, high in ranges:
        if low > high:  # RFC 9051 9: seq-range, the order of the ends is of no meaning
            low, high = high, low
        found.update(uids[bisect_left(uids, low) : bisect_right(uids, high)])
    return sorted(found)


def needs_proof(gone: int, known: int) -> bool:
    """Whether so many vanished messages are only believed after a SEARCH.

    Some servers answer QRESYNC with VANISHED for mail that is still there.
    """
    return gone > PROOF_ROWS or (gone > 10 and gone > known * PROOF_SHARE)


class Numbers(NamedTuple):
    """What STATUS or LIST-STATUS says of a mailbox; None where the server did not."""

    uid_validity: int | None
    uid_next: int | None
    highest_modseq: int | None
    total: int | None
    unread: int | None


class Known(NamedTuple):
    """What the store knows of the same mailbox."""

    uid_validity: int | None
    uid_next: int | None
    highest_modseq: int | None
    total: int
    unread: int
    complete: bool


def is_current(server: Numbers, known: Known, *, trust_counts: bool) -> bool:
    """Whether nothing changed since the last sync, so that the mailbox need not be selected.

    A server without mod-sequences cannot tell that a star was set: its counts are only
    trusted when `trust_counts` says so.
    """
    if not known.complete or server.uid_validity is None or server.uid_next is None:
        return False
    if (server.uid_validity, server.uid_next) != (known.uid_validity, known.uid_next):
        return False
    if server.total != known.total:
        return False
    if server.highest_modseq is not None and server.highest_modseq == known.highest_modseq:
        return True
    return server.highest_modseq is None and trust_counts and server.unread == known.unread


def order(mailboxes: Sequence[Mailbox], shown: MailboxId | None) -> list[Mailbox]:
    """The mailboxes that can be selected, the most wanted first: shown, inbox, then the tree's order.

    All Mail, Junk and Trash come last: they are large, and rarely looked at.
    """
    late = (Role.ALL, Role.FLAGGED, Role.JUNK, Role.TRASH)

    def urgency(mailbox: Mailbox) -> tuple[bool, bool, bool, int]:
        return (
            mailbox.id != shown,
            mailbox.role is not Role.INBOX,
            mailbox.role in late,
            ROLE_ORDER.index(mailbox.role),
        )

    return sorted((mailbox for mailbox in mailboxes if mailbox.selectable), key=urgency)
