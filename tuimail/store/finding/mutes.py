"""Muted conversations: what comes in for them is read already.

What lives here: muting, and quieting what came since (which ones: `conversations`). It is kept by the name that a
conversation had when it was muted; `kin` tells which one that is a part of by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuimail.actions import SetFlags, Target
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId
from tuimail.store.acting.pending import Pending
from tuimail.store.database import Database
from tuimail.store.finding.conversations import MUTED

_NEW: Final = (
    "SELECT envelope.id, account.name, mailbox_id, uid, uid_validity, message_id FROM envelope"
    " JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id"
    " JOIN header ON header.id = envelope.id"
    f" JOIN ({MUTED}) AS quiet ON quiet.owner_id = mailbox.account_id AND quiet.thread_id = envelope.thread_id"
    " WHERE envelope.id > ? AND envelope.id <= ? AND flags & 1 = 0"
)


class Mutes:
    """The muted conversations of all accounts."""

    def __init__(self, database: Database, pending: Pending) -> None:
        self._database = database
        self._pending = pending

    def toggle(self, envelope_ids: Sequence[EnvelopeId]) -> bool:
        """Mute the conversations of these messages, or none of them any longer when all are; whether they are now."""
        with self._database.transaction():
            wanted = {(row[0], row[1]) for row in self._database.rows_of(
                "SELECT mailbox.account_id, envelope.thread_id FROM envelope JOIN mailbox ON mailbox.id = mailbox_id"
                " WHERE envelope.id IN ({keys}) AND account_id IS NOT NULL",
                envelope_ids,
            )}
            muted = {(row[0], row[1]) for row in self._database.rows(MUTED)}
            if wanted <= muted:
                names = self._database.rows(
                    "SELECT muted.account_id, coalesce(kin.thread_id, muted.thread_id), muted.thread_id FROM muted"
                    " LEFT JOIN kin ON kin.account_id = muted.account_id AND message_key = muted.thread_id"
                )
                self._database.many(
                    "DELETE FROM muted WHERE account_id = ? AND thread_id = ?",
                    ((account_id, name) for account_id, thread_id, name in names if (account_id, thread_id) in wanted),
                )
                return False
            self._database.many("INSERT OR IGNORE INTO muted (account_id, thread_id) VALUES (?, ?)", wanted - muted)
        return True

    def quiet(self, *, at: int) -> frozenset[MailboxId]:
        """Mark what came for muted conversations since the last call as read; mailboxes in which something changed.

        After they were joined (`threads.catch_up`). The servers are told as of any other change.
        """
        with self._database.transaction():
            marks: dict[str, int] = dict(self._database.rows(
                "SELECT key, value FROM meta WHERE key IN ('threaded', 'quieted')"
            ))
            upto = marks.get("threaded", 0)
            since = marks.get("quieted", upto)
            if upto == marks.get("quieted"):
                return frozenset()
            rows = self._database.rows(_NEW, (since, upto)) if upto > since else []
            self._pending.add(
                [
                    SetFlags(AccountName(account), Target(EnvelopeId(one), mailbox_id, uid, validity, message_id),
                             add=int(Flag.SEEN))
                    for one, account, mailbox_id, uid, validity, message_id in rows
                ],
                at=at,
            )  # fmt: skip
            self._database.run(
                "INSERT INTO meta (key, value) VALUES ('quieted', ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (upto,),
            )
        return frozenset(MailboxId(row[2]) for row in rows)
