"""Where a row stands in its mailbox: positions from places, and places from positions.

What lives here: the order key `place`, and the stretches that count rows so that no
read ever walks far. What must not: what a row shows.

A mailbox is a sequence by `place`, newest (largest) first. It is cut into stretches of
at most `LONGEST` rows; each knows its smallest place and its number of rows. A position
is a sum over stretches and a walk inside one, from its nearer end. Cutting by rows and
not by days makes every mailbox alike: a million messages of one second, or ten a year.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from tuimail.model import MailboxId
from tuimail.store.database import Database

LOW_BITS: Final = 28
_LOW_MASK: Final = (1 << LOW_BITS) - 1
FARTHEST_S: Final = (1 << 35) - 2
"""Seconds from 1970 that a place can hold, either way, and stay below TOP: the year 3058."""
LONGEST: Final = 4096
"""Rows in a stretch before it is cut."""
_CUT: Final = LONGEST // 2
BOTTOM: Final = -(1 << 63)
"""The smallest place of the lowest stretch, so that every place has one."""
TOP: Final = (1 << 63) - 1


def place_of(sort_at: int, tie: int) -> int:
    """The order key: seconds, then `tie` (the uid, else the id) among those of one second."""
    return max(-FARTHEST_S, min(sort_at, FARTHEST_S)) << LOW_BITS | tie & _LOW_MASK


class Spot(NamedTuple):
    """A position inside a stretch."""

    lowest: int
    """The stretch holds places from here ..."""
    above: int
    """... to here, which is not in it."""
    offset: int
    """Rows of the stretch that are newer."""
    total: int
    """Rows of the stretch."""


class Stretches(NamedTuple):
    """All stretches of a mailbox, oldest first. No dataclass: that takes a millisecond to make."""

    lowest: Sequence[int]
    """Ascending, begins with BOTTOM."""
    totals: Sequence[int]
    starts: Sequence[int]
    """Rows in all older stretches; one more than there are stretches, so it ends with the sum."""

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int]]) -> Stretches:
        """From (lowest, total), oldest first."""
        lowest = [row[0] for row in rows]
        totals = [row[1] for row in rows]
        if not lowest or lowest[0] != BOTTOM:
            lowest.insert(0, BOTTOM)
            totals.insert(0, 0)
        return cls(lowest, totals, [0, *accumulate(totals)])

    @property
    def total(self) -> int:
        """Rows in the mailbox."""
        return self.starts[-1]

    def index_of(self, place: int) -> int:
        """The stretch that a place belongs to."""
        return bisect_right(self.lowest, place) - 1

    def above(self, index: int) -> int:
        """The first place that is too new for a stretch."""
        return self.lowest[index + 1] if index + 1 < len(self.lowest) else TOP

    def newer_than(self, index: int) -> int:
        """Rows in all newer stretches."""
        return self.total - self.starts[index + 1]

    def spot(self, position: int) -> Spot:
        """Where position 0 (newest) to total - 1 is."""
        from_oldest = self.total - 1 - position
        index = bisect_right(self.starts, from_oldest) - 1
        return Spot(self.lowest[index], self.above(index), position - self.newer_than(index), self.totals[index])


class Order:
    """The stretches of all mailboxes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, tuple[tuple[int, int], Stretches]] = {}

    def stretches(self, mailbox_id: MailboxId, order_revision: int) -> Stretches:
        """The stretches at a revision, which must be the one of the current snapshot."""
        stamp = (order_revision, self._database.rollbacks)
        known = self._known.get(mailbox_id)
        if known is not None and known[0] == stamp:
            return known[1]
        read = Stretches.of(self._database.rows(
            "SELECT lowest, total FROM stretch WHERE mailbox_id = ? ORDER BY lowest", (mailbox_id,)
        ))
        self._known[mailbox_id] = (stamp, read)
        return read

    def shift(
        self, mailbox_id: MailboxId, *, added: Iterable[int] = (), removed: Iterable[int] = (), unread: int = 0
    ) -> None:
        """Rows with these places came and went; `unread` is by how many the counter changes.

        In the transaction that changes the rows, after they changed.
        """
        row = self._database.row("SELECT order_revision FROM mailbox WHERE id = ?", (mailbox_id,))
        revision = row[0] if row else 0
        old = self.stretches(mailbox_id, revision)
        changes = Counter(map(old.index_of, added))
        changes.subtract(map(old.index_of, removed))
        new = self._write(mailbox_id, old, {index: by for index, by in changes.items() if by})
        self._database.run(
            "UPDATE mailbox SET total = total + ?, unread = unread + ?, revision = revision + 1,"
            " order_revision = order_revision + 1 WHERE id = ?",
            (new.total - old.total, unread, mailbox_id),
        )
        self._known[mailbox_id] = ((revision + 1, self._database.rollbacks), new)

    def recount(self, mailbox_id: MailboxId) -> Stretches:
        """Stretches counted anew from the rows, not written."""
        places = self._database.column("SELECT place FROM envelope WHERE mailbox_id = ? ORDER BY place", (mailbox_id,))
        return Stretches.of(_cut(BOTTOM, places))

    def rewrite(self, mailbox_id: MailboxId) -> None:
        """Put what `recount` finds in place of what is there."""
        new = self.recount(mailbox_id)
        self._database.run("DELETE FROM stretch WHERE mailbox_id = ?", (mailbox_id,))
        self._put(mailbox_id, list(zip(new.lowest, new.totals, strict=True)))
        self._known.pop(mailbox_id, None)

    def _write(self, mailbox_id: MailboxId, old: Stretches, changes: dict[int, int]) -> Stretches:
        rows: list[tuple[int, int]] = []
        put: list[tuple[int, int]] = []
        gone: list[int] = []
        for index, lowest in enumerate(old.lowest):
            total = old.totals[index] + changes.get(index, 0)
            if index not in changes:
                rows.append((lowest, total))
            elif total <= 0 and lowest != BOTTOM:
                gone.append(lowest)
            else:
                parts = [(lowest, total)] if total <= LONGEST else self._split(mailbox_id, lowest, old.above(index))
                rows += parts
                put += parts
        self._put(mailbox_id, put)
        self._database.many(
            "DELETE FROM stretch WHERE mailbox_id = ? AND lowest = ?", ((mailbox_id, lowest) for lowest in gone)
        )
        return Stretches.of(rows)

    def _split(self, mailbox_id: MailboxId, lowest: int, above: int) -> list[tuple[int, int]]:
        places = self._database.column(
            "SELECT place FROM envelope WHERE mailbox_id = ? AND place >= ? AND place < ? ORDER BY place",
            (mailbox_id, lowest, above),
        )
        return _cut(lowest, places)

    def _put(self, mailbox_id: MailboxId, rows: Iterable[tuple[int, int]]) -> None:
        self._database.many(
            "INSERT OR REPLACE INTO stretch (mailbox_id, lowest, total) VALUES (?, ?, ?)",
            ((mailbox_id, lowest, total) for lowest, total in rows),
        )


def _cut(lowest: int, places: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending places as stretches of about half the longest; equal places stay together."""
    if len(places) <= LONGEST:
        return [(lowest, len(places))]
    firsts = [(lowest, 0)]
    for start in range(_CUT, len(places) - _CUT // 2, _CUT):
        place = places[start]
        if place > firsts[-1][0]:
            firsts.append((place, bisect_left(places, place)))
    ends = [index for _, index in firsts[1:]] + [len(places)]
    return [(place, end - begin) for (place, begin), end in zip(firsts, ends, strict=True)]
