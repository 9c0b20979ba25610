"""The two ways by which rows leave the store: a message vanishes, a mailbox goes.

What lives here: deleting envelopes with all that hangs on them, in steps that are short
enough for others to write in between. A mailbox that goes is first cut off from its
account, which hides it, and then emptied; what a crash leaves behind is purged later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tuimail.model import Flag, MailboxId
from tuimail.store.database import CHUNK, Database, chunks
from tuimail.store.order import Order

_STEP: Final = 2000
_HANGING: Final = (
    "DELETE FROM header WHERE id IN ({keys})",
    "DELETE FROM limbo WHERE envelope_id IN ({keys})",
    "DELETE FROM pending WHERE envelope_id IN ({keys})",
    "DELETE FROM file WHERE envelope_id IN ({keys})",
    "DELETE FROM stored_part WHERE envelope_id IN ({keys})",
    "UPDATE uidl SET envelope_id = NULL WHERE envelope_id IN ({keys})",
    "DELETE FROM envelope WHERE id IN ({keys})",
)


def remove_envelopes(database: Database, order: Order, mailbox_id: MailboxId, ids: Sequence[int]) -> int:
    """Delete these messages of one mailbox, in the current transaction; how many there were."""
    found = database.rows_of(
        # The plus keeps SQLite from walking the whole mailbox in the index by mailbox.
        "SELECT id, place, flags FROM envelope WHERE +mailbox_id = ? AND id IN ({keys})", ids, (mailbox_id,)
    )
    if not found:
        return 0
    for chunk in chunks((row[0] for row in found), CHUNK):
        for sql in _HANGING:
            database.run(sql.format(keys=",".join("?" * len(chunk))), chunk)
    unread = sum(1 for row in found if not row[2] & Flag.SEEN)
    order.shift(mailbox_id, removed=[row[1] for row in found], unread=-unread)
    return len(found)


def vanish(database: Database, order: Order, mailbox_id: MailboxId, uids: Iterable[int]) -> int:
    """Delete the messages with these uids, a transaction for each couple of thousand."""
    removed = 0
    if isinstance(uids, range) and uids.step == 1:
        # A server may say 1:4294967295; only the rows that are here are looked at.
        uids = database.column(
            "SELECT uid FROM envelope WHERE mailbox_id = ? AND uid >= ? AND uid < ?",
            (mailbox_id, uids.start, uids.stop),
        )
    for step in chunks(uids, _STEP):
        with database.transaction():
            ids = database.rows_of(
                "SELECT id FROM envelope WHERE mailbox_id = ? AND uid IN ({keys})", step, (mailbox_id,)
            )
            removed += remove_envelopes(database, order, mailbox_id, [row[0] for row in ids])
    return removed


def purge(database: Database, order: Order) -> None:
    """Empty and delete mailboxes that were cut off from their account."""
    for mailbox_id in database.column("SELECT id FROM mailbox WHERE account_id IS NULL"):
        while True:
            with database.transaction():
                ids = database.column("SELECT id FROM envelope WHERE mailbox_id = ? LIMIT ?", (mailbox_id, _STEP))
                if not remove_envelopes(database, order, mailbox_id, ids):
                    database.run("DELETE FROM stretch WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("DELETE FROM pending WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("DELETE FROM folder WHERE mailbox_id = ?", (mailbox_id,))
                    database.run("DELETE FROM mailbox WHERE id = ?", (mailbox_id,))
                    break
