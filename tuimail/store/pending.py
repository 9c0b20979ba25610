"""Actions that a server has not confirmed, and their effect on what is shown.

What lives here: keeping actions durably, in order, in one transaction with the
effective flags. What must not: sending them (`engine.imap.replay`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tuimail.actions import Action, MessageAction, fold, from_json, to_json
from tuimail.actions import Flags as Folded
from tuimail.errors import UsageError
from tuimail.model import AccountName, EnvelopeId, MailboxId, PendingId, Uid, UidValidity
from tuimail.store.database import Database, SqlRow
from tuimail.store.flags import Flags

_SELECT: Final = (
    "SELECT pending.id, action, pending.envelope_id, envelope.mailbox_id, uid, uid_validity, message_id"
    " FROM pending JOIN envelope ON envelope.id = pending.envelope_id JOIN header ON header.id = envelope.id"
    " JOIN mailbox ON mailbox.id = envelope.mailbox_id"
)


class Pending:
    """The actions that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._flags = Flags(database)

    def add(self, actions: Sequence[Action], *, at: int) -> list[PendingId]:
        """Keep actions, and show their effect, in one durable transaction; their ids.

        An action on a message or account that is gone is passed over.
        """
        added: list[PendingId] = []
        touched: dict[MailboxId, set[EnvelopeId]] = {}
        with self._database.transaction(durable=True):
            for action in actions:
                if not isinstance(action, MessageAction):
                    continue
                row = self._database.row(
                    "SELECT account_id, mailbox_id FROM envelope JOIN mailbox ON mailbox.id = mailbox_id"
                    " JOIN account ON account.id = account_id WHERE envelope.id = ? AND account.name = ?",
                    (action.target.envelope_id, action.account),
                )
                if row is None:
                    continue
                added.append(PendingId(self._database.insert(
                    "INSERT INTO pending (account_id, mailbox_id, envelope_id, action, added_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (*row, action.target.envelope_id, to_json(action), at),
                )))
                touched.setdefault(MailboxId(row[1]), set()).add(action.target.envelope_id)
            for mailbox_id, envelope_ids in touched.items():
                self._flags.refold(mailbox_id, envelope_ids)
        return added

    def due(self, account: AccountName, limit: int = 500) -> list[tuple[PendingId, MessageAction]]:
        """Actions to tell the server, oldest first.

        The target names the message as it is known now: mail that was recognised after
        UIDVALIDITY changed bears its new uid, mail in limbo none.
        """
        rows = self._database.rows(
            f"{_SELECT} WHERE pending.account_id = (SELECT id FROM account WHERE name = ?)"
            " ORDER BY pending.id LIMIT ?",
            (account, limit),
        )
        if self._database.row("SELECT 1 FROM pending WHERE told = 1 LIMIT 1"):
            with self._database.transaction():
                self._database.many("UPDATE pending SET told = 0 WHERE id = ?", ((row[0],) for row in rows))
        return _readable_rows(rows)

    def done(self, ids: Iterable[PendingId]) -> None:
        """The server did these. To be called after `set_flags` of what it said then.

        When it said nothing of a message since `due`, the action becomes what the server has.
        """
        with self._database.transaction(durable=True):
            rows = self._rows(ids)
            for identity, action in _readable_rows(rows):
                if not self._database.row("SELECT 1 FROM pending WHERE id = ? AND told = 1", (identity,)):
                    self._lay(action)
            self._drop(rows)

    def refuse(self, ids: Iterable[PendingId], sentence: str) -> None:
        """The server refused these: they are dropped, and what it has is shown again. `sentence` says why."""
        with self._database.transaction(durable=True):
            self._drop(self._rows(ids))

    def count(self, account: AccountName) -> int:
        """How many actions of an account wait."""
        row = self._database.row(
            "SELECT count(*) FROM pending WHERE account_id = (SELECT id FROM account WHERE name = ?)", (account,)
        )
        return int(row[0]) if row else 0

    def all(self) -> list[tuple[PendingId, MessageAction]]:
        """Everything that waits, oldest first."""
        return _readable_rows(self._database.rows(f"{_SELECT} ORDER BY pending.id"))

    def _rows(self, ids: Iterable[PendingId]) -> list[SqlRow]:
        return sorted(self._database.rows_of(f"{_SELECT} WHERE pending.id IN ({{keys}})", ids))

    def _drop(self, rows: Sequence[SqlRow]) -> None:
        self._database.many("DELETE FROM pending WHERE id = ?", ((row[0],) for row in rows))
        touched: dict[MailboxId, set[EnvelopeId]] = {}
        for row in rows:
            touched.setdefault(MailboxId(row[3]), set()).add(EnvelopeId(row[2]))
        for mailbox_id, envelope_ids in touched.items():
            self._flags.refold(mailbox_id, envelope_ids)

    def _lay(self, action: MessageAction) -> None:
        """The server carried an action out without a word: it is what the server has now."""
        row = self._database.row(
            "SELECT server_flags, server_keywords FROM envelope WHERE id = ?", (action.target.envelope_id,)
        )
        if row is not None:
            has = fold(Folded(row[0], frozenset(row[1].split())), [action])
            self._database.run(
                "UPDATE envelope SET server_flags = ?, server_keywords = ? WHERE id = ?",
                (has.bits, " ".join(sorted(has.keywords)), action.target.envelope_id),
            )


def readable(waiting: Iterable[str]) -> list[Action]:
    """Actions from JSON; what cannot be read has no effect."""
    actions = []
    for text in waiting:
        try:
            actions.append(from_json(text))
        except UsageError:
            continue
    return actions


def _readable_rows(rows: Iterable[SqlRow]) -> list[tuple[PendingId, MessageAction]]:
    found = []
    for identity, text, _, mailbox_id, uid, uid_validity, message_id in rows:
        for action in readable([text]):
            if not isinstance(action, MessageAction):
                continue
            target = action.target._replace(
                mailbox_id=MailboxId(mailbox_id),
                uid=None if uid is None else Uid(uid),
                uid_validity=None if uid_validity is None else UidValidity(uid_validity),
                message_id=message_id,
            )
            found.append((PendingId(identity), replace(action, target=target)))
    return found
