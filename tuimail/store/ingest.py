"""New messages come in: batches of headers as a server told them.

What lives here: the shape of what comes, the telling apart of new, known and
renumbered messages, and the fast insertion of the new ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tuimail.model import Flag, MailboxId
from tuimail.store.database import Database
from tuimail.store.flags import FLAG_BITS, Flags
from tuimail.store.order import Order, place_of
from tuimail.store.renumbering import Renumbering

_HIGHEST_UID: Final = (1 << 32) - 1
_FUTURE_S: Final = 86400
"""A Date so far after the arrival is a lie, not a time zone."""


class Incoming(NamedTuple):
    """One message as a server told it, decoded."""

    uid: int
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


class Ingested(NamedTuple):
    """What became of a batch."""

    new: int
    updated: int
    """Already here: flags changed, or a new uid was matched."""
    new_unseen: int
    """New ones that are not seen."""


_ENVELOPE: Final = (
    "INSERT INTO envelope (id, mailbox_id, uid, place, flags, keywords, server_flags, server_keywords, modseq,"
    " size_octets, has_attachments, thread_id, stamp, sender, subject)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HEADER: Final = (
    "INSERT INTO header (id, sent_at, received_at, message_id, in_reply_to, message_references, from_line, reply_to,"
    " to_line, cc, list_id, structure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Ingest:
    """The way in."""

    def __init__(
        self, database: Database, order: Order, renumbering: Renumbering, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._order = order
        self._flags = Flags(database)
        self._renumbering = renumbering
        self._clock = clock

    def ingest(self, mailbox_id: MailboxId, batch: Sequence[Incoming]) -> Ingested:
        """Insert what is new; a uid that is here already only gets its flags. One transaction.

        A mailbox that is gone takes nothing.
        """
        coming = {message.uid: message for message in batch if 0 < message.uid <= _HIGHEST_UID}
        with self._database.transaction():
            if not self._database.row(
                "SELECT 1 FROM mailbox WHERE id = ? AND account_id IS NOT NULL", (mailbox_id,)
            ):
                return Ingested(0, 0, 0)
            known = {row[0] for row in self._database.rows_of(
                "SELECT uid FROM envelope WHERE mailbox_id = ? AND uid IN ({keys})", coming, (mailbox_id,)
            )}
            again = [coming.pop(uid) for uid in known]
            matched = self._renumbering.match(mailbox_id, coming) if coming else []
            for message in matched:
                del coming[message.uid]
            again += matched
            updated = self._flags.set_flags(
                mailbox_id, [(message.uid, message.flags, message.keywords, message.modseq) for message in again]
            )
            new = list(coming.values())
            unseen = self._insert(mailbox_id, new) if new else 0
        return Ingested(len(new), max(updated, len(matched)), unseen)

    def _insert(self, mailbox_id: MailboxId, new: Sequence[Incoming]) -> int:
        first = self._take_ids(len(new))
        now = int(self._clock())
        places = self._write(mailbox_id, new, first, now)
        unseen = sum(1 for message in new if not message.flags & Flag.SEEN)
        self._order.shift(mailbox_id, added=places, unread=unseen)
        return unseen

    def _write(self, mailbox_id: MailboxId, new: Sequence[Incoming], first: int, now: int) -> list[int]:
        """Insert both rows of each message; their places."""
        stamp = int.from_bytes(os.urandom(5))
        ids = range(first, first + len(new))
        places = [place_of(_sort_at(message, now), message.uid) for message in new]
        self._database.many(_ENVELOPE, [
            (
                identity, mailbox_id, message.uid, place, message.flags & FLAG_BITS, message.keywords,
                message.flags & FLAG_BITS, message.keywords, message.modseq, message.size_octets,
                message.has_attachments, message.thread_id, stamp, message.sender, message.subject,
            )
            for identity, place, message in zip(ids, places, new, strict=True)
        ])
        self._database.many(_HEADER, [
            (
                identity, message.sent_at, message.received_at, message.message_id, message.in_reply_to,
                message.references, message.from_, message.reply_to, message.to, message.cc, message.list_id,
                message.structure,
            )
            for identity, message in zip(ids, new, strict=True)
        ])
        return places

    def _take_ids(self, count: int) -> int:
        """The first of `count` ids that were never used and never will be again."""
        row = self._database.row("SELECT value FROM meta WHERE key = 'next_envelope_id'")
        first = int(row[0]) if row else 1
        self._database.run("UPDATE meta SET value = ? WHERE key = 'next_envelope_id'", (first + count,))
        return first


def _sort_at(message: Incoming, now: int) -> int:
    """The Date header, or the arrival when that is missing or in the future."""
    arrived = now if message.received_at is None else message.received_at
    sent = message.sent_at
    return arrived if sent is None or sent > arrived + _FUTURE_S else sent

