"""The ways by which rows leave the store: a message vanishes, a mailbox goes.

What lives here: deleting envelopes with all that hangs on them, in steps that are short
enough for others to write in between, and what becomes of actions that wait for what
went. A mailbox that goes is first cut off from its account, which hides it, and then
emptied; what a crash leaves behind is purged later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from tuimail.model import Flag, MailboxId
from tuimail.store.acting.away import HIDDEN, Arrival, Away
from tuimail.store.database import CHUNK, Database, chunks
from tuimail.store.flags import Flags
from tuimail.store.lists.order import Order

MAILBOX_GONE: Final = "The mailbox that it was to go to is no longer there."
_STEP: Final = 2000
_HANGING: Final = (
    "DELETE FROM header WHERE id IN ({keys})",
    "DELETE FROM limbo WHERE envelope_id IN ({keys})",
    "DELETE FROM away WHERE envelope_id IN ({keys})",
    "DELETE FROM pending WHERE envelope_id IN ({keys})",
    "UPDATE pending SET copy_id = NULL WHERE copy_id IN ({keys})",
    "DELETE FROM file WHERE envelope_id IN ({keys})",
    "DELETE FROM stored_part WHERE envelope_id IN ({keys})",
    "UPDATE uidl SET envelope_id = NULL WHERE envelope_id IN ({keys})",
    "DELETE FROM envelope WHERE id IN ({keys})",
)


def remove(database: Database, order: Order, ids: Iterable[int]) -> int:
    """Delete these messages, whatever mailbox shows them, in the current transaction; how many there were."""
    mailboxes: dict[MailboxId, list[int]] = {}
    for identity, mailbox_id in database.rows_of("SELECT id, mailbox_id FROM envelope WHERE id IN ({keys})", ids):
        mailboxes.setdefault(MailboxId(mailbox_id), []).append(identity)
    return sum(remove_envelopes(database, order, mailbox_id, members) for mailbox_id, members in mailboxes.items())


def remove_envelopes(database: Database, order: Order, mailbox_id: MailboxId, ids: Sequence[int]) -> int:
    """Delete these messages of one mailbox, in the current transaction; how many there were."""
    found = database.rows_of(
        # The plus keeps SQLite from walking the whole mailbox in the index by mailbox.
        "SELECT id, place, flags FROM envelope WHERE +mailbox_id = ? AND id IN ({keys})", ids, (mailbox_id,)
    )
    if not found:
        return 0
    waits = _what_waits(database, [row[0] for row in found])
    for chunk in chunks((row[0] for row in found), CHUNK):
        for sql in _HANGING:
            database.run(sql.format(keys=",".join("?" * len(chunk))), chunk)
    unread = sum(1 for row in found if not row[2] & Flag.SEEN)
    order.shift(mailbox_id, removed=[row[1] for row in found], unread=-unread)
    if waits:
        _end_waits(database, order, waits)
    return len(found)


def _what_waits(database: Database, ids: Sequence[int]) -> list[tuple[int, int | None, int | None]]:
    """Actions that wait for these messages, with the row of a copy and the octets that they hold."""
    if not database.row("SELECT 1 FROM pending LIMIT 1"):
        return []
    return [(row[0], row[1], row[2]) for row in database.rows_of(
        "SELECT id, copy_id, raw_id FROM pending WHERE envelope_id IN ({keys})", ids
    )]


def _end_waits(database: Database, order: Order, waits: Sequence[tuple[int, int | None, int | None]]) -> None:
    """What hung on actions that went with their messages: copies that were not made, octets, what was to follow."""
    let_go(database, [raw_id for _, _, raw_id in waits if raw_id is not None])
    remove(database, order, [copy_id for _, copy_id, _ in waits if copy_id is not None])
    followers = database.rows_of(
        "SELECT id, envelope_id FROM pending WHERE after_id IN ({keys})", [number for number, _, _ in waits]
    )
    database.many("DELETE FROM pending WHERE id = ?", ((row[0],) for row in followers))
    Away(database, order).refold({row[1] for row in followers if row[1] is not None})


def let_go(database: Database, raw_ids: Iterable[int]) -> None:
    """One user less for each of these octets, in the current transaction."""
    for raw_id in raw_ids:
        database.run("UPDATE raw SET uses = uses - 1 WHERE id = ?", (raw_id,))
        database.run("DELETE FROM raw WHERE id = ? AND uses <= 0", (raw_id,))


def remove_twins(database: Database, order: Order, arrivals: Iterable[Arrival]) -> None:
    """Delete rows that a sync made meanwhile for messages that were moved, in the current transaction.

    The older row keeps its place and takes over what waits for its twin.
    """
    by_mailbox: dict[int, dict[int, int]] = defaultdict(dict)
    for one in arrivals:
        if one.uid is not None:
            by_mailbox[one.mailbox_id][one.uid] = one.envelope_id
    for mailbox_id, uids in by_mailbox.items():
        twins = [
            (uids[uid], identity) for identity, uid in database.rows_of(
                "SELECT id, uid FROM envelope WHERE mailbox_id = ? AND uid IN ({keys})", uids, (mailbox_id,)
            ) + database.rows_of(
                "SELECT envelope_id, uid FROM away WHERE mailbox_id = ? AND uid IN ({keys})", uids, (mailbox_id,)
            ) if identity != uids[uid]
        ]
        database.many("UPDATE pending SET envelope_id = ? WHERE envelope_id = ?", twins)
        database.many(
            "UPDATE envelope SET (server_flags, server_keywords) ="
            " (SELECT server_flags, server_keywords FROM envelope AS twin WHERE twin.id = ?2) WHERE id = ?1",
            twins,
        )
        remove(database, order, [identity for _, identity in twins])
        if twins:
            Flags(database).refold_all([older for older, _ in twins])


def vanish(database: Database, order: Order, mailbox_id: MailboxId, uids: Iterable[int]) -> int:
    """Delete the messages with these uids, a transaction for each couple of thousand."""
    removed = 0
    if isinstance(uids, range) and uids.step == 1:
        # A server may say 1:4294967295; only the rows that are here are looked at.
        uids = [
            uid for table in ("envelope", "away", "left_behind") for uid in database.column(
                f"SELECT uid FROM {table} WHERE mailbox_id = ? AND uid >= ? AND uid < ?",
                (mailbox_id, uids.start, uids.stop),
            )
        ]
    for step in chunks(uids, _STEP):
        with database.transaction():
            ids = database.rows_of(
                "SELECT id FROM envelope WHERE mailbox_id = ? AND uid IN ({keys})", step, (mailbox_id,)
            )
            removed += remove_envelopes(database, order, mailbox_id, [row[0] for row in ids])
            removed += _vanish_away(database, order, mailbox_id, step)
            database.many("DELETE FROM left_behind WHERE mailbox_id = ? AND uid = ?", ((mailbox_id, u) for u in step))
    return removed


def _vanish_away(database: Database, order: Order, mailbox_id: MailboxId, uids: Sequence[int]) -> int:
    """Messages that are shown elsewhere already.

    Where the server may have been told to move one, it probably did: the message waits in
    the other mailbox to be recognised. Where it was not told, somebody else took it away.
    """
    ids = [row[0] for row in database.rows_of(
        "SELECT envelope_id FROM away WHERE mailbox_id = ? AND uid IN ({keys})", uids, (mailbox_id,)
    )]
    if not ids:
        return 0
    first: dict[int, tuple[int, int]] = {}
    for number, envelope_id, kind, to_id, handed in database.rows_of(
        "SELECT id, envelope_id, kind, to_id, handed FROM pending WHERE envelope_id IN ({keys}) AND state = 0"
        " AND kind IN ('move', 'expunge') ORDER BY id DESC", ids,
    ):
        if kind == "move" and handed:
            first[envelope_id] = (number, to_id)
        else:
            first.pop(envelope_id, None)
    away = Away(database, order)
    away.arrive([Arrival(envelope_id, to, None) for envelope_id, (_, to) in first.items()])
    database.many("DELETE FROM pending WHERE id = ?", ((number,) for number, _ in first.values()))
    database.many("UPDATE pending SET after_id = NULL WHERE after_id = ?", ((number,) for number, _ in first.values()))
    away.refold(first)
    return remove(database, order, [identity for identity in ids if identity not in first])


def cut_off(database: Database, order: Order, mailbox_ids: Sequence[int]) -> None:
    """Mailboxes go, in the current transaction: they are hidden, and `purge` empties them.

    Messages that were only shown there, because a move waits, go back to where their server
    has them, and the move has failed. Messages that are on their way out of it go with it.
    """
    if not mailbox_ids:
        return
    away = Away(database, order)
    for chunk in chunks(mailbox_ids, CHUNK):
        keys = ",".join("?" * len(chunk))
        leaving = database.column(f"SELECT envelope_id FROM away WHERE maker IS NULL AND mailbox_id IN ({keys})", chunk)
        remove(database, order, leaving)
        failed = database.rows(
            "SELECT id, kind, envelope_id, copy_id FROM pending WHERE state = 0"
            f" AND kind IN ('move', 'copy', 'append') AND to_id IN ({keys})", chunk,
        )
        database.many(
            "UPDATE pending SET state = 1, sentence = ? WHERE id = ?", ((MAILBOX_GONE, row[0]) for row in failed)
        )
        # Octets that were to be filed there are kept with the action, without a row.
        database.many(
            "UPDATE pending SET envelope_id = NULL WHERE id = ?", ((row[0],) for row in failed if row[1] == "append")
        )
        remove(database, order, [row[2] for row in failed if row[1] == "append" and row[2] is not None])
        remove(database, order, [row[3] for row in failed if row[1] == "copy" and row[3] is not None])
        away.refold([row[2] for row in failed if row[1] == "move"])
        database.run(f"DELETE FROM pending WHERE kind LIKE '%mailbox' AND mailbox_id IN ({keys})", chunk)
        database.run(f"DELETE FROM pending WHERE kind = 'subscribe' AND mailbox_id IN ({keys})", chunk)
        database.run(f"DELETE FROM mailbox_there WHERE mailbox_id IN ({keys})", chunk)
        database.run(f"UPDATE mailbox SET account_id = NULL WHERE id IN ({keys})", chunk)


def purge(database: Database, order: Order) -> None:
    """Empty and delete mailboxes that were cut off from their account."""
    for mailbox_id in database.column("SELECT id FROM mailbox WHERE account_id IS NULL AND id <> ?", (HIDDEN,)):
        while True:
            with database.transaction():
                ids = database.column("SELECT id FROM envelope WHERE mailbox_id = ? LIMIT ?", (mailbox_id, _STEP))
                ids += database.column("SELECT envelope_id FROM away WHERE mailbox_id = ? LIMIT ?", (mailbox_id, _STEP))
                if not remove(database, order, ids):
                    database.run("DELETE FROM stretch WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("UPDATE pending SET mailbox_id = ? WHERE mailbox_id = ?", (HIDDEN, mailbox_id))
                    database.run("DELETE FROM mailbox_there WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("DELETE FROM left_behind WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("DELETE FROM folder WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("DELETE FROM mailbox WHERE id = ?", (mailbox_id,))
                    break
