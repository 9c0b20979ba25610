"""Flags of messages: what the server said, what waits, and what is therefore shown.

What lives here: the server's columns, and the effective ones that are always
fold(server, pending). What must not: how actions are kept (`pending`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tuimail.model import EnvelopeId, Flag, MailboxId
from tuimail.store import scrub
from tuimail.store.database import Database, SqlRow, chunks

FLAG_BITS: Final = 31
"""Those of `Flag`; a column must agree with what Python counts by."""
_STEP: Final = 2000
_SEEN: Final = int(Flag.SEEN)
"""A plain number: `&` with a `Flag` makes a `Flag`, which takes a microsecond."""


class FlagChange(NamedTuple):
    """What a server said of one message's flags."""

    uid: int
    flags: int
    """`Flag` bits."""
    keywords: str
    """Space separated, sorted."""
    modseq: int | None


_Update = tuple[int, str, int, str, int | None, int]
"""Effective flags and keywords, the server's, modseq, id."""


class Flags:
    """Server and effective flags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def server_flags(self, mailbox_id: MailboxId, lowest: int, highest: int | None) -> dict[int, tuple[int, str]]:
        """What the server last said, by uid: bits and keywords, for the comparison with what it says now."""
        asked = (mailbox_id, lowest, 1 << 32 if highest is None else highest)
        rows = self._database.rows(
            "SELECT uid, server_flags, server_keywords FROM envelope"
            " WHERE mailbox_id = ? AND uid BETWEEN ? AND ?",
            asked,
        )
        rows += self._database.rows(
            "SELECT away.uid, server_flags, server_keywords FROM away JOIN envelope ON envelope.id = envelope_id"
            " WHERE away.mailbox_id = ? AND away.uid BETWEEN ? AND ?",
            asked,
        )
        known = {uid: (flags, keywords) for uid, flags, keywords in rows}
        for (uid,) in self._database.rows(
            "SELECT uid FROM left_behind WHERE mailbox_id = ? AND uid BETWEEN ? AND ?", asked
        ):
            known[uid] = (-1, "")  # whatever it says now is looked at
        return known

    def set_flags(self, mailbox_id: MailboxId, changes: Iterable[tuple[int, int, str, int | None]]) -> int:
        """Take over what the server said, wishes kept on top; how many messages changed.

        Unknown uids are passed over. A couple of thousand a transaction.
        """
        changed = 0
        for step in chunks(changes, _STEP):
            with self._database.transaction():
                changed += self._take(mailbox_id, {change[0]: FlagChange(*change) for change in step})
                self._take_back(mailbox_id, step)
        return changed

    def _take_back(self, mailbox_id: MailboxId, changes: Iterable[tuple[int, int, str, int | None]]) -> None:
        """What was left behind and is no longer marked as deleted is mail again: the next sync brings it."""
        if self._database.row("SELECT 1 FROM left_behind WHERE mailbox_id = ? LIMIT 1", (mailbox_id,)):
            self._database.many(
                "DELETE FROM left_behind WHERE mailbox_id = ? AND uid = ?",
                ((mailbox_id, change[0]) for change in changes if not change[1] & Flag.DELETED),
            )

    def refold_all(self, envelope_ids: Iterable[int]) -> int:
        """As `refold`, for messages of any mailboxes."""
        mailboxes: dict[MailboxId, list[EnvelopeId]] = {}
        for identity, mailbox_id in self._database.rows_of(
            "SELECT id, mailbox_id FROM envelope WHERE id IN ({keys})", envelope_ids
        ):
            mailboxes.setdefault(MailboxId(mailbox_id), []).append(EnvelopeId(identity))
        return sum(self.refold(mailbox_id, ids) for mailbox_id, ids in mailboxes.items())

    def refold(self, mailbox_id: MailboxId, envelope_ids: Iterable[EnvelopeId]) -> int:
        """Compute the effective flags of these messages anew, in the current transaction."""
        rows = self._database.rows_of(
            "SELECT id, flags, keywords, server_flags, server_keywords FROM envelope"
            " WHERE +mailbox_id = ? AND id IN ({keys})",
            set(envelope_ids), (mailbox_id,),
        )
        waiting = self._waiting(row[0] for row in rows)
        updates = []
        unread = 0
        for identity, flags, keywords, server_flags, server_keywords in rows:
            shown = _fold(server_flags, server_keywords, waiting.get(identity, ()))
            if shown != (flags, keywords):
                updates.append((*shown, identity))
                unread += _unread(shown[0]) - _unread(flags)
        self._database.many("UPDATE envelope SET flags = ?, keywords = ? WHERE id = ?", updates)
        if updates:
            self._bump(mailbox_id, unread)
        return len(updates)

    def _take(self, mailbox_id: MailboxId, changes: dict[int, FlagChange]) -> int:
        rows = self._database.rows_of(
            "SELECT id, uid, flags, keywords, server_flags, server_keywords, modseq, mailbox_id FROM envelope"
            " WHERE mailbox_id = ? AND uid IN ({keys})",
            changes, (mailbox_id,),
        )
        rows += self._database.rows_of(
            "SELECT id, away.uid, flags, keywords, server_flags, server_keywords, modseq, envelope.mailbox_id"
            " FROM away JOIN envelope ON envelope.id = envelope_id"
            " WHERE away.mailbox_id = ? AND away.uid IN ({keys})",
            changes, (mailbox_id,),
        )
        waiting = self._waiting(row[0] for row in rows)
        changed = 0
        unread: dict[int, int] = {}
        updates = []
        for row in rows:
            update = _update(row, changes[row[1]], waiting.get(row[0], ()))
            if update is None:
                continue
            updates.append(update)
            if update[:4] != tuple(row[2:6]):
                changed += 1
                unread[row[7]] = unread.get(row[7], 0) + _unread(update[0]) - _unread(row[2])
        self._database.many(
            "UPDATE envelope SET flags = ?, keywords = ?, server_flags = ?, server_keywords = ?, modseq = ?"
            " WHERE id = ?",
            updates,
        )
        described = [row[0] for row in rows if row[0] in waiting]
        self._database.many("UPDATE pending SET told = 1 WHERE envelope_id = ?", ((key,) for key in described))
        for shown_in, by in unread.items():
            self._bump(MailboxId(shown_in), by)
        return changed

    def _waiting(self, envelope_ids: Iterable[int]) -> dict[int, list[str]]:
        """The actions that wait for these messages, as JSON, oldest first, by message."""
        waiting: dict[int, list[str]] = {}
        if not self._database.row("SELECT 1 FROM pending LIMIT 1"):
            return waiting
        for envelope_id, action in self._database.rows_of(
            "SELECT envelope_id, action FROM pending WHERE envelope_id IN ({keys}) AND state = 0"
            " AND kind = 'set_flags' ORDER BY id",
            envelope_ids,
        ):
            waiting.setdefault(envelope_id, []).append(action)
        return waiting

    def _bump(self, mailbox_id: MailboxId, unread: int) -> None:
        self._database.run(
            "UPDATE mailbox SET unread = unread + ?, revision = revision + 1 WHERE id = ?", (unread, mailbox_id)
        )


def _update(row: SqlRow, change: FlagChange, waiting: Sequence[str]) -> _Update | None:
    """The columns of a message after the server spoke; None when all is as it was."""
    server_flags, server_keywords = change.flags & FLAG_BITS, scrub.text(change.keywords)
    modseq = row[6] if change.modseq is None else scrub.number(change.modseq)
    if (server_flags, server_keywords, modseq) == (row[4], row[5], row[6]):
        return None
    flags, keywords = _fold(server_flags, server_keywords, waiting)
    return flags, keywords, server_flags, server_keywords, modseq, row[0]


def _fold(server_flags: int, server_keywords: str, waiting: Sequence[str]) -> tuple[int, str]:
    """What is shown: bits, and keywords in one sorted string."""
    if not waiting:
        return server_flags, server_keywords
    from tuimail.actions import Flags as Folded  # json: 3 ms that the first frame does not wait for
    from tuimail.actions import fold_texts

    shown = fold_texts(Folded(server_flags, frozenset(server_keywords.split())), waiting)
    return shown.bits, " ".join(sorted(shown.keywords))


def _unread(flags: int) -> int:
    return 0 if flags & _SEEN else 1
