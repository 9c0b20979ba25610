"""What a list shows: any slice of a mailbox, at once, however many messages there are.

What lives here: reading rows by position, positions of rows, the next unread one, the
newest ones, a simple search in the newest. What must not: changing anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from tuimail.model import EnvelopeId, MailboxId, Row, Window
from tuimail.store.database import Database, SqlRow
from tuimail.store.lists.order import LOW_BITS, TOP, Order, Stretches

SHOWN_CHARACTERS: Final = 500
"""Of a sender or subject in a row: no screen is wider, and a header may hold 16 KiB."""
SEARCHED: Final = 5000
"""How many of the newest messages `find_text` looks at."""
_SLICE: Final = 250

COLUMNS: Final = (
    f"id, place >> {LOW_BITS}, flags, keywords, substr(sender, 1, {SHOWN_CHARACTERS}),"
    f" substr(subject, 1, {SHOWN_CHARACTERS}), size_octets, has_attachments, body, thread_id, mailbox_id"
)
_DOWN: Final = (
    f"SELECT {COLUMNS} FROM envelope WHERE mailbox_id = ? AND place < ?"
    " ORDER BY place DESC, id DESC LIMIT ? OFFSET ?"
)
_UP: Final = (
    f"SELECT {COLUMNS} FROM envelope WHERE mailbox_id = ? AND place >= ?"
    " ORDER BY place, id LIMIT ? OFFSET ?"
)


class Found(NamedTuple):
    """A message that a search found, and where it lies."""

    row: Row
    mailbox_id: MailboxId
    account: str
    mailbox: str


class Windows:
    """Reading lists."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order

    def window(self, mailbox_id: MailboxId, start: int, count: int) -> Window:
        """Rows `start` to `start + count`, newest first; fewer, or none, beyond the end."""
        start = max(0, start)
        with self._database.snapshot():
            revision, stretches = self._stretches(mailbox_id)
            if start >= stretches.total or count <= 0:
                return Window(start, (), stretches.total, revision)
            rows = self._slice(mailbox_id, stretches, start, count)
        return Window(start, tuple(map(row_of, rows)), stretches.total, revision)

    def position(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> int | None:
        """Where a message stands, 0 is the newest; None when it is not in the mailbox."""
        with self._database.snapshot():
            found = self._database.row(
                "SELECT place FROM envelope WHERE id = ? AND mailbox_id = ?", (envelope_id, mailbox_id)
            )
            if found is None:
                return None
            _, stretches = self._stretches(mailbox_id)
            return self._position(mailbox_id, stretches, found[0], envelope_id)

    def next_unread(self, mailbox_id: MailboxId, after_position: int) -> int | None:
        """The position of the next older unread message; -1 begins with the newest; None when there is none."""
        with self._database.snapshot():
            _, stretches = self._stretches(mailbox_id)
            place, identity = TOP, 0
            if after_position >= 0:
                if after_position >= stretches.total:
                    return None
                (identity, *_), = self._slice(mailbox_id, stretches, after_position, 1)
                row = self._database.row("SELECT place FROM envelope WHERE id = ?", (identity,))
                place = row[0] if row else TOP
            found = self._database.row(
                "SELECT place, id FROM envelope WHERE mailbox_id = ? AND flags & 1 = 0 AND place <= ?"
                " AND (place < ? OR id < ?) ORDER BY place DESC, id DESC LIMIT 1",
                (mailbox_id, place, place, identity),
            )
            return self._position(mailbox_id, stretches, *found) if found else None

    def unread_ids(self, mailbox_id: MailboxId, limit: int) -> list[EnvelopeId]:
        """Unread messages, newest first."""
        return self._database.column(
            "SELECT id FROM envelope WHERE mailbox_id = ? AND flags & 1 = 0 ORDER BY place DESC, id DESC LIMIT ?",
            (mailbox_id, limit),
        )

    def rows(self, ids: Sequence[EnvelopeId]) -> list[Row]:
        """The rows of these messages, in the same order; those that are gone are left out."""
        found = {row[0]: row for row in self._database.rows_of(
            f"SELECT {COLUMNS} FROM envelope WHERE id IN ({{keys}}) AND +mailbox_id <> 0", ids
        )}
        return [row_of(found[identity]) for identity in ids if identity in found]

    def newest(self, mailbox_ids: Sequence[MailboxId]) -> Iterator[tuple[EnvelopeId, MailboxId]]:
        """Messages of several mailboxes, newest first, read as far as they are asked for."""
        each = [
            self._database.each(
                "SELECT place, id, mailbox_id FROM envelope WHERE mailbox_id = ? ORDER BY place DESC, id DESC",
                (mailbox_id,),
            )
            for mailbox_id in mailbox_ids
        ]
        merged: Iterable[SqlRow] = heapq.merge(*each, reverse=True)
        return ((EnvelopeId(identity), MailboxId(mailbox_id)) for _, identity, mailbox_id in merged)

    def find_text(self, words: str, limit: int) -> list[Found]:
        """Messages among the newest whose sender or subject holds every word, in any case; newest first."""
        wanted = words.casefold().split()
        found: list[Found] = []
        with self._database.snapshot():
            places = {row[0]: (row[1], row[2]) for row in self._database.rows(
                "SELECT mailbox.id, account.name, mailbox.name FROM mailbox JOIN account ON account.id = account_id"
                " WHERE NOT hidden"
            )}
            newest = islice(self.newest(list(places)), SEARCHED)
            while len(found) < limit and (ids := dict(islice(newest, _SLICE))):
                for row in self.rows(list(ids)):
                    text = f"{row.sender}\n{row.subject}".casefold()
                    if all(word in text for word in wanted):
                        found.append(Found(row, ids[row.id], *places[ids[row.id]]))
        return found[:limit]

    def _stretches(self, mailbox_id: MailboxId) -> tuple[int, Stretches]:
        row = self._database.row("SELECT revision, order_revision FROM mailbox WHERE id = ?", (mailbox_id,))
        if row is None:
            return -1, Stretches.of(())
        return row[0], self._order.stretches(mailbox_id, row[1])

    def _slice(self, mailbox_id: MailboxId, stretches: Stretches, start: int, count: int) -> list[SqlRow]:
        """Rows from a position that exists."""
        spot = stretches.spot(start)
        if spot.offset <= spot.total // 2:
            return self._database.rows(_DOWN, (mailbox_id, spot.above, count, spot.offset))
        here = spot.total - spot.offset
        from_end = max(0, here - count)
        rows = self._database.rows(_UP, (mailbox_id, spot.lowest, here - from_end, from_end))[::-1]
        if len(rows) < count:
            rows += self._database.rows(_DOWN, (mailbox_id, spot.lowest, count - len(rows), 0))
        return rows

    def _position(self, mailbox_id: MailboxId, stretches: Stretches, place: int, identity: int) -> int:
        index = stretches.index_of(place)
        row = self._database.row(
            "SELECT count(*) FROM envelope WHERE mailbox_id = ? AND place >= ? AND place < ? AND (place > ? OR id > ?)",
            (mailbox_id, place, stretches.above(index), place, identity),
        )
        return stretches.newer_than(index) + (row[0] if row else 0)


def row_of(row: SqlRow) -> Row:
    """The columns `COLUMNS` as a Row."""
    identity, sort_at, flags, keywords, sender, subject, size, has_attachments, body, thread_id, mailbox_id = row
    return Row(
        identity, sort_at, flags, keywords, sender, subject, size, has_attachments == 1, body, thread_id, mailbox_id
    )
