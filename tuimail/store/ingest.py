"""New messages come in: batches of headers as a server told them.

What lives here: the telling apart of new, known and
renumbered messages, and the fast insertion of the new ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Final, NamedTuple

from tuimail.model import BodyState, EnvelopeId, Flag, MailboxId
from tuimail.store.database import Database
from tuimail.store.flags import FLAG_BITS, Flags
from tuimail.store.incoming import Incoming
from tuimail.store.lists.order import Order, place_of
from tuimail.store.renumbering import Renumbering

_HIGHEST_UID: Final = (1 << 32) - 1
_SEEN: Final = int(Flag.SEEN)
"""A plain number: `&` with a `Flag` makes a `Flag`, which takes a microsecond."""
_FUTURE_S: Final = 86400
"""A Date so far after the arrival is a lie, not a time zone."""


class Ingested(NamedTuple):
    """What became of a batch."""

    new: int
    updated: int
    """Already here: flags changed, or a new uid was matched."""
    new_unseen: int
    """New ones that are not seen."""


_ENVELOPE: Final = (
    "INSERT INTO envelope (id, mailbox_id, uid, place, flags, keywords, server_flags, server_keywords, modseq,"
    " size_octets, has_attachments, thread_id, stamp, sender, subject, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HEADER: Final = (
    "INSERT INTO header (id, sent_at, received_at, message_id, in_reply_to, message_references, from_line, reply_to,"
    " to_line, cc, list_id, structure, uidl) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''))"
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
            known = self._known(mailbox_id, coming)
            again = [coming.pop(uid) for uid in known]
            self._renumbering.complete(mailbox_id, again)
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

    def _known(self, mailbox_id: MailboxId, coming: dict[int, Incoming]) -> set[int]:
        """Which of these uids are here already."""
        known: set[int] = set()
        for table in ("envelope", "away", "left_behind"):
            if coming and self._database.row(
                f"SELECT 1 FROM {table} WHERE mailbox_id = ? AND uid BETWEEN ? AND ? LIMIT 1",
                (mailbox_id, min(coming), max(coming)),
            ):  # at a first sync nothing needs to be looked up one by one
                known.update(row[0] for row in self._database.rows_of(
                    f"SELECT uid FROM {table} WHERE mailbox_id = ? AND uid IN ({{keys}})", coming, (mailbox_id,)
                ))
        return known

    def insert_local(
        self, mailbox_id: MailboxId, new: Sequence[Incoming], body: BodyState, uidls: Sequence[str | None] = ()
    ) -> list[EnvelopeId]:
        """Insert messages that no IMAP server knows, in the current transaction; their ids, in order.

        `uidls`: what each is called on a POP3 server; empty when none is.
        """
        first = self._take_ids(len(new))
        self._insert(
            mailbox_id, [message if not message.uid else message._replace(uid=0) for message in new], body, first, uidls
        )
        return [EnvelopeId(identity) for identity in range(first, first + len(new))]

    def _insert(
        self, mailbox_id: MailboxId, new: Sequence[Incoming], body: BodyState = BodyState.ABSENT, first: int = 0,
        uidls: Sequence[str | None] = (),
    ) -> int:
        places = self._write(mailbox_id, new, first or self._take_ids(len(new)), body, uidls)
        unseen = sum(1 for message in new if not int(message.flags) & _SEEN)
        self._order.shift(mailbox_id, added=places, unread=unseen)
        return unseen

    def _write(
        self, mailbox_id: MailboxId, new: Sequence[Incoming], first: int, body: BodyState, uidls: Sequence[str | None]
    ) -> list[int]:
        """Insert both rows of each message; their places."""
        now = int(self._clock())
        stamp = int.from_bytes(os.urandom(5))
        state = int(body)
        places: list[int] = []
        envelopes: list[tuple[object, ...]] = []
        header_rows: list[tuple[object, ...]] = []
        # One pass, plain locals and plain integers: this loop runs once for each message of a first sync.
        # sqlite3 takes exact int, str, float and bytearray as they are; bool, bytes and None it tries to adapt
        # first, which takes as long as inserting the row.
        for identity, (message, uidl) in enumerate(zip(new, uidls or repeat(None), strict=False), first):
            (
                uid, told_flags, keywords, modseq, received_at, size_octets, structure, has_attachments, from_, sender,
                reply_to, to, cc, subject, sent_at, message_id, in_reply_to, references, list_id, thread_id,
            ) = message
            place = place_of(sort_at(sent_at, received_at, now), uid or identity)
            flags = int(told_flags) & FLAG_BITS
            places.append(place)
            envelopes.append((
                identity, mailbox_id, uid or None, place, flags, keywords, flags, keywords, modseq, size_octets,
                int(has_attachments), thread_id, stamp, sender, subject, state,
            ))
            header_rows.append((
                identity, sent_at, received_at, message_id, in_reply_to, references, from_, reply_to, to, cc, list_id,
                bytearray(structure), uidl or "",
            ))
        self._database.many(_ENVELOPE, envelopes)
        self._database.many(_HEADER, header_rows)
        return places

    def _take_ids(self, count: int) -> int:
        """The first of `count` ids that were never used and never will be again."""
        row = self._database.row("SELECT value FROM meta WHERE key = 'next_envelope_id'")
        first = int(row[0]) if row else 1
        self._database.run("UPDATE meta SET value = ? WHERE key = 'next_envelope_id'", (first + count,))
        return first


def sort_at(sent_at: int | None, received_at: int | None, now: int) -> int:
    """The Date header, or the arrival when that is missing or in the future."""
    arrived = now if received_at is None else received_at
    return arrived if sent_at is None or sent_at > arrived + _FUTURE_S else sent_at
