"""Messages that are shown elsewhere than their server has them, because moves wait to be told.

What lives here: where each message is shown, which is always fold(where its server has
it, moves that wait), and what becomes of it when the server moved it. A row that is
shown elsewhere has its uid in the table `away` and none in its envelope, so that it can
neither be taken for a message of the mailbox that shows it, nor be fetched twice from
the one that has it. What must not: which actions wait (`pending`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tuimail.model import Flag, MailboxId
from tuimail.store.database import Database
from tuimail.store.lists.order import Order

HIDDEN: Final = MailboxId(0)
"""The mailbox that no account has and nobody sees."""
_SELECT: Final = (
    "SELECT envelope.id, envelope.mailbox_id, envelope.uid, place, flags, away.mailbox_id, away.uid, maker,"
    " away.envelope_id IS NOT NULL FROM envelope LEFT JOIN away ON away.envelope_id = envelope.id"
    " WHERE envelope.id IN ({keys})"
)
_SEEN: Final = int(Flag.SEEN)


class Arrival(NamedTuple):
    """Where a server has a message now."""

    envelope_id: int
    mailbox_id: int
    uid: int | None
    """None: it did not say; the message is recognised when it is listed."""
    loose: bool = False
    """It was filed by us: size and arrival may be others than we think."""


class _Change(NamedTuple):
    envelope_id: int
    shown_before: int
    shown: int
    place: int
    unread: int
    mailbox_id: int
    """Where the server has it."""
    uid: int | None
    maker: int | None
    is_away: bool


class Away:
    """Where messages are shown, and where they are."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order

    def refold(self, envelope_ids: Iterable[int]) -> set[MailboxId]:
        """Show these messages where they belong, in the current transaction; mailboxes that changed."""
        changes = self.changes(envelope_ids)
        self._write(changes)
        removed: dict[int, list[_Change]] = defaultdict(list)
        added: dict[int, list[_Change]] = defaultdict(list)
        for change in changes:
            if change.shown != change.shown_before:
                removed[change.shown_before].append(change)
                added[change.shown].append(change)
        for mailbox_id in {*removed, *added}:
            gone, come = removed.get(mailbox_id, []), added.get(mailbox_id, [])
            self._order.shift(
                MailboxId(mailbox_id),
                added=[one.place for one in come], removed=[one.place for one in gone],
                unread=sum(one.unread for one in come) - sum(one.unread for one in gone),
            )
        return {MailboxId(mailbox_id) for mailbox_id in {*removed, *added}}

    def changes(self, envelope_ids: Iterable[int]) -> list[_Change]:
        """What is not as it should be with these messages; nothing is written."""
        rows = self._database.rows_of(_SELECT, envelope_ids)
        wishes = self._wishes([row[0] for row in rows])
        waiting = self._waiting_makers({row[7] for row in rows if row[7] is not None})
        found = []
        for envelope_id, shown_before, uid, place, flags, there, uid_there, maker, was_away in rows:
            mailbox_id, uid_now = (there, uid_there) if was_away else (shown_before, uid)
            shown = mailbox_id
            for _, to in wishes.get(envelope_id, ()):
                shown = to
                if to == HIDDEN:
                    break
            if maker is not None and maker not in waiting:
                shown = HIDDEN
            is_away = maker is not None or shown != mailbox_id
            if (shown, is_away) != (shown_before, bool(was_away)):
                found.append(_Change(
                    envelope_id, shown_before, shown, place, 0 if flags & _SEEN else 1, mailbox_id, uid_now, maker,
                    is_away,
                ))
        return found

    def arrive(self, arrivals: Sequence[Arrival]) -> None:
        """Servers have these messages there now; in the current transaction. To be followed by `refold`.

        A row that a sync made for the same message meanwhile must be gone (`removal.remove_twins`).
        """
        if not arrivals:
            return
        self._database.many(
            "INSERT OR REPLACE INTO away (envelope_id, mailbox_id, uid, maker) VALUES (?, ?, ?, NULL)",
            ((one.envelope_id, one.mailbox_id, one.uid) for one in arrivals),
        )
        self._database.many(
            "UPDATE envelope SET uid = NULL, modseq = NULL WHERE id = ?", ((one.envelope_id,) for one in arrivals)
        )
        self._database.many("DELETE FROM limbo WHERE envelope_id = ?", ((one.envelope_id,) for one in arrivals))
        self._database.many(
            "INSERT INTO limbo (envelope_id, mailbox_id, message_id, loose)"
            # Mail that lies here has no uid, and nobody lists it.
            " SELECT id, ?1, message_id, ? FROM header WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM folder WHERE mailbox_id = ?1)",
            ((one.mailbox_id, one.loose, one.envelope_id) for one in arrivals if one.uid is None),
        )

    def recognise(self, envelope_id: int, uid: int) -> None:
        """The uid of a message where its server has it, in the current transaction."""
        if not self._database.run("UPDATE away SET uid = ? WHERE envelope_id = ?", (uid, envelope_id)):
            self._database.run("UPDATE envelope SET uid = ? WHERE id = ?", (uid, envelope_id))

    def _wishes(self, envelope_ids: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
        """Moves that wait, as (number, mailbox), oldest first, by message."""
        wishes: dict[int, list[tuple[int, int]]] = {}
        for number, envelope_id, to in self._database.rows_of(
            "SELECT id, envelope_id, coalesce(to_id, 0) FROM pending WHERE envelope_id IN ({keys}) AND state = 0"
            " AND kind IN ('move', 'expunge') ORDER BY id",
            envelope_ids,
        ):
            wishes.setdefault(envelope_id, []).append((number, to))
        return wishes

    def _waiting_makers(self, makers: set[int]) -> set[int]:
        return {row[0] for row in self._database.rows_of(
            "SELECT id FROM pending WHERE id IN ({keys}) AND state = 0", makers
        )}

    def _write(self, changes: Sequence[_Change]) -> None:
        self._database.many(
            "UPDATE envelope SET uid = NULL WHERE id = ? AND uid IS NOT NULL",
            ((one.envelope_id,) for one in changes if one.is_away),
        )
        self._database.many(
            "INSERT OR REPLACE INTO away (envelope_id, mailbox_id, uid, maker) VALUES (?, ?, ?, ?)",
            ((one.envelope_id, one.mailbox_id, one.uid, one.maker) for one in changes if one.is_away),
        )
        self._database.many(
            "DELETE FROM away WHERE envelope_id = ?", ((one.envelope_id,) for one in changes if not one.is_away)
        )
        self._database.many(
            "UPDATE envelope SET mailbox_id = ?, uid = ? WHERE id = ?",
            ((one.shown, None if one.is_away else one.uid, one.envelope_id) for one in changes),
        )
