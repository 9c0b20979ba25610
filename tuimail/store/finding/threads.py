"""Conversations: messages that name each other, over all mailboxes of an account.

At ingest a message gets the conversation that its own header names, without a look-up.
This joins what belongs together, afterwards and a few messages at a time: whoever calls
it does so when nobody waits. It may be cut at any moment; the next call goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple

from tuimail.model import MailboxId
from tuimail.store.database import Database, SqlRow
from tuimail.store.finding.kinship import Kinship
from tuimail.store.finding.topics import Subjects, Topics

IdsOf = Callable[[str, str, str], tuple[int, ...]]
"""Message-ID, In-Reply-To and References to the numbers of the ids in them (`mime.threads.ids_of`)."""

_NEXT: Final = (
    "SELECT envelope.id, account_id, mailbox_id, thread_id, message_id, in_reply_to, message_references, subject, place"
    " FROM envelope JOIN header ON header.id = envelope.id JOIN mailbox ON mailbox.id = mailbox_id"
    " WHERE envelope.id > ? AND account_id IS NOT NULL ORDER BY envelope.id LIMIT ?"
)


class Caught(NamedTuple):
    """What one call did."""

    looked_at: int
    """Messages; 0: nothing is left."""
    mailboxes: frozenset[MailboxId]
    """Those whose messages changed their conversations."""


class Threads:
    """The conversations of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._topics = Topics(database)

    def catch_up(self, limit: int, ids_of: IdsOf, subjects: Subjects | None = None) -> Caught:
        """Look at the next messages, at most `limit`, in one transaction. Raises StoreError.

        `subjects`: an answer that names no message is joined to what it may answer by its subject. With
        another choice than the last one all messages are looked at again.
        """
        with self._database.transaction():
            marks = self._marks(by_subject=subjects is not None)
            rows = self._database.rows(_NEXT, (marks["threaded"], limit))
            if not rows:
                return Caught(0, frozenset())
            changed: set[MailboxId] = set()
            for account_id in {row[1] for row in rows}:
                named = [(row, ids_of(*row[4:7])) for row in rows if row[1] == account_id]
                if rows[0][0] <= marks["parted"]:
                    named = self._part(named, marks["parted"])
                changed |= self._join(account_id, named, subjects)
            self._database.run("UPDATE meta SET value = ? WHERE key = 'threaded'", (rows[-1][0],))
        return Caught(len(rows), frozenset(changed))

    def _marks(self, *, by_subject: bool) -> dict[str, int]:
        """How far all messages were looked at; from the beginning when subjects began or ceased to count."""
        marks: dict[str, int] = dict(self._database.rows(
            "SELECT key, value FROM meta WHERE key IN ('threaded', 'by_subject', 'parted')"
        ))
        if bool(marks["by_subject"]) != by_subject:
            # What subjects joined cannot be told from what ids joined: all is found anew.
            marks |= {"parted": 0 if by_subject else marks["threaded"], "threaded": 0, "by_subject": int(by_subject)}
            self._database.many("UPDATE meta SET value = ? WHERE key = ?", ((marks[key], key) for key in marks))
            if not by_subject:
                self._topics.forget()
                self._database.run("DELETE FROM kin")
        return marks

    def _part(
        self, named: Sequence[tuple[SqlRow, tuple[int, ...]]], upto: int
    ) -> list[tuple[SqlRow, tuple[int, ...]]]:
        """The messages, each up to that id with the conversation that its own header names."""
        found, parted = [], []
        for row, ids in named:
            if row[0] <= upto:
                own = ids[0] if ids else -row[0]
                parted.append((own, row[0]))
                row = (*row[:3], own, *row[4:])
            found.append((row, ids))
        self._database.many("UPDATE envelope SET thread_id = ? WHERE id = ?", parted)
        self._note({MailboxId(row[2]) for row, _ in found})
        return found

    def _by_subject(
        self, account_id: int, named: Sequence[tuple[SqlRow, tuple[int, ...]]], subjects: Subjects | None
    ) -> list[tuple[int, int]]:
        """Pairs of conversations that belong together by a subject."""
        if subjects is None:
            return []
        rows = [(row[0], row[7], row[5], row[6], row[8]) for row, _ in named]
        noted = self._topics.note(account_id, rows, subjects)
        own = self._database.row("SELECT address FROM account WHERE id = ?", (account_id,))
        return list(self._topics.pairs(noted, own[0] if own else "", subjects))

    def _join(
        self, account_id: int, named: Sequence[tuple[SqlRow, tuple[int, ...]]], subjects: Subjects | None
    ) -> set[MailboxId]:
        """Tie the ids of these messages together; the mailboxes in which something changed by it."""
        alike = self._by_subject(account_id, named, subjects)
        keys = {key for row, ids in named for key in (*ids, row[3])} | {key for pair in alike for key in pair}
        known = self._database.rows_of(
            "SELECT message_key, thread_id FROM kin WHERE account_id = ? AND message_key IN ({keys})",
            keys, (account_id,),
        )  # fmt: skip
        kinship = Kinship((row[0], row[1]) for row in known)
        for row, ids in named:
            kinship.tie(ids, row[3])
        for one, other in alike:
            kinship.tie((one,), other)
        unions = kinship.unions()
        inhabited = {row[0] for row in self._database.rows_of(
            "SELECT DISTINCT thread_id FROM envelope WHERE thread_id IN ({keys})", chain.from_iterable(unions)
        )}  # fmt: skip
        for union in unions:
            if len(rivals := union & inhabited) > 1:
                kinship.name_after(max(rivals, key=self._weight))
        changed = self._rename(account_id, kinship)
        moved = [(kinship.find(row[3]), row[0]) for row, _ in named if kinship.find(row[3]) != row[3]]
        self._database.many("UPDATE envelope SET thread_id = ? WHERE id = ?", moved)
        moved_ids = {envelope_id for _, envelope_id in moved}
        changed |= {MailboxId(row[2]) for row, _ in named if row[0] in moved_ids}
        self._note(changed)
        return changed

    def _weight(self, thread_id: int) -> int:
        """Messages in a conversation: the largest keeps its name, or whoever ties many together would be slow."""
        row = self._database.row(
            "SELECT count(*) FROM (SELECT 1 FROM envelope WHERE thread_id = ? LIMIT 1000)", (thread_id,)
        )
        return row[0] if row else 0

    def _rename(self, account_id: int, kinship: Kinship) -> set[MailboxId]:
        """Write down what was joined: for ids, for the ids that they stand for, for messages seen before."""
        before: dict[int, int] = dict(self._database.rows_of(
            "SELECT message_key, thread_id FROM kin WHERE account_id = ? AND message_key IN ({keys})",
            [key for key, _ in kinship.conversations()], (account_id,),
        ))
        self._database.many(
            "INSERT INTO kin (account_id, message_key, thread_id) VALUES (?, ?, ?)"
            " ON CONFLICT (account_id, message_key) DO UPDATE SET thread_id = excluded.thread_id",
            ((account_id, key, root) for key, root in kinship.conversations() if before.get(key) != root),
        )
        parts = list(kinship.joined)
        stood_for = self._database.rows_of(
            "SELECT DISTINCT thread_id FROM kin WHERE account_id = ? AND thread_id IN ({keys})", parts, (account_id,)
        )
        self._database.many(
            "UPDATE kin SET thread_id = ? WHERE account_id = ? AND thread_id = ?",
            ((kinship.find(row[0]), account_id, row[0]) for row in stood_for),
        )
        touched = self._database.rows_of(
            "SELECT envelope.id, mailbox_id, thread_id FROM envelope JOIN mailbox ON mailbox.id = mailbox_id"
            " WHERE account_id = ? AND thread_id IN ({keys})",
            parts, (account_id,),
        )  # fmt: skip
        self._database.many(
            "UPDATE envelope SET thread_id = ? WHERE id = ?", ((kinship.find(row[2]), row[0]) for row in touched)
        )
        return {MailboxId(row[1]) for row in touched}

    def _note(self, mailbox_ids: Iterable[MailboxId]) -> None:
        self._database.many(
            "UPDATE mailbox SET revision = revision + 1 WHERE id = ?", ((mailbox_id,) for mailbox_id in mailbox_ids)
        )
