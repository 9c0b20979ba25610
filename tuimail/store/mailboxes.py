"""Mailboxes: the tree that a server listed, their counters, and how far each is synced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tuimail.model import ROLE_ORDER, AccountName, Mailbox, MailboxId, Role
from tuimail.store import scrub
from tuimail.store.database import Database, SqlRow
from tuimail.store.lists.order import Order

if TYPE_CHECKING:
    from tuimail.store.acting.mailbox_wishes import MailboxWishes


class ListedMailbox(NamedTuple):
    """What a server said of one mailbox, in LIST and STATUS."""

    name: str
    delimiter: str = ""
    role: Role = Role.NONE
    selectable: bool = True
    subscribed: bool = True
    server_total: int | None = None
    """None: not said; what was known stays."""
    server_unread: int | None = None
    uid_validity: int | None = None
    uid_next: int | None = None
    highest_modseq: int | None = None


class SyncPoint(NamedTuple):
    """How far a mailbox is known here."""

    uid_validity: int | None = None
    uid_next: int | None = None
    highest_modseq: int | None = None
    """Up to 2**63-1 (RFC 7162 7)."""
    filled_down_to: int | None = None
    """All uids from here on are known; None: nothing yet, 1: everything."""


_SELECT = (
    "SELECT mailbox.id, account.name, mailbox.name, delimiter, role, selectable, subscribed, total, unread,"
    " server_total, server_unread, mailbox.synced_at, filled_down_to, error, revision,"
    " CASE WHEN mailbox_there.mailbox_id IS NULL THEN '' ELSE mailbox_there.name END"
    " FROM mailbox JOIN account ON account.id = mailbox.account_id"
    " LEFT JOIN mailbox_there ON mailbox_there.mailbox_id = mailbox.id"
)
_LISTED = "name, delimiter, role, selectable, subscribed, server_total, server_unread"
_RANKS = {str(role): rank for rank, role in enumerate(ROLE_ORDER)}


class Mailboxes:
    """The mailboxes of the store."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order

    def all(self, account: AccountName | None = None) -> list[Mailbox]:
        """All mailboxes in tree order: accounts as configured, special ones first, then by name."""
        where, values = (" AND account.name = ?", (account,)) if account is not None else ("", ())
        rows = self._database.rows(f"{_SELECT} WHERE NOT hidden{where} ORDER BY account.place", values)
        found = [_mailbox(row) for row in rows]
        places: dict[str, int] = {}
        for mailbox in found:
            places.setdefault(mailbox.account, len(places))
        found.sort(key=lambda mailbox: (places[mailbox.account], _RANKS[mailbox.role], mailbox.name.casefold()))
        return found

    def get(self, mailbox_id: MailboxId) -> Mailbox | None:
        """One mailbox, None when it is gone."""
        row = self._database.row(f"{_SELECT} WHERE mailbox.id = ?", (mailbox_id,))
        return _mailbox(row) if row else None

    def find(self, account: AccountName, name: str) -> Mailbox | None:
        """The mailbox of that full name; INBOX is the same in any case (RFC 9051 5.1)."""
        where = "NOT hidden AND account.name = ? AND mailbox.name = ?"
        if name.upper() == "INBOX":
            where += " COLLATE NOCASE"
        row = self._database.row(f"{_SELECT} WHERE {where}", (account, name))
        return _mailbox(row) if row else None

    def with_role(self, account: AccountName, role: Role) -> Mailbox | None:
        """The mailbox that serves a purpose, None when the account has none."""
        row = self._database.row(
            f"{_SELECT} WHERE account.name = ? AND role = ? AND NOT hidden ORDER BY mailbox.id", (account, str(role))
        )
        return _mailbox(row) if row else None

    def revision(self, mailbox_id: MailboxId) -> int:
        """Changes whenever anything in the mailbox changed; -1 when it is gone."""
        row = self._database.row("SELECT revision FROM mailbox WHERE id = ?", (mailbox_id,))
        return int(row[0]) if row else -1

    def apply_listing(self, account: AccountName, listed: Sequence[ListedMailbox]) -> bool:
        """Make the account's mailboxes those that the server listed; True when anything changed.

        Those that are absent are removed with their messages. Sync points stay as they
        are: what STATUS said of uids is news, not what is known here.
        """
        changed = False
        with self._database.transaction():
            owner = self._database.row("SELECT id FROM account WHERE name = ?", (account,))
            if owner is None:
                return False
            wanted = {(name := scrub.text(mailbox.name)): mailbox._replace(name=name) for mailbox in listed}
            wishes = self._step_back(owner[0], wanted)
            known = {row[1]: row for row in self._database.rows(
                f"SELECT id, {_LISTED} FROM mailbox WHERE account_id = ?", owner
            )}
            for name, mailbox in wanted.items():
                changed |= self._take(owner[0], known.get(name), mailbox)
            unmade = set(self._database.column("SELECT mailbox_id FROM mailbox_there WHERE name IS NULL"))
            absent = [row[0] for name, row in known.items() if name not in wanted and row[0] not in unmade]
            if absent:
                from tuimail.store.removal import cut_off  # 1 ms that the first frame does not wait for

                cut_off(self._database, self._order, absent)
            if wishes is not None:
                wishes.refold(owner[0])
        if absent:
            from tuimail.store.removal import purge  # as above

            purge(self._database, self._order)
        return changed or bool(absent)

    def _step_back(self, account_id: int, wanted: Iterable[str]) -> MailboxWishes | None:
        """Show mailboxes as the server has them while its list is taken in; None when no wish waits."""
        if not self._database.row("SELECT 1 FROM mailbox_there LIMIT 1"):
            return None
        from tuimail.store.acting.mailbox_wishes import (
            MailboxWishes,  # json: 3 ms that the first frame does not wait for
        )

        wishes = MailboxWishes(self._database)
        wishes.step_back(account_id, set(wanted))
        return wishes

    def set_server_counts(self, mailbox_id: MailboxId, total: int | None, unread: int | None) -> None:
        """What the server says it holds; None leaves a count as it was."""
        self._change(
            "server_total = coalesce(?, server_total), server_unread = coalesce(?, server_unread)",
            (total, unread), mailbox_id,
        )

    def set_error(self, mailbox_id: MailboxId, sentence: str) -> None:
        """Why the mailbox cannot be read; empty when it can."""
        self._change("error = ?, revision = revision + 1", (sentence,), mailbox_id)

    def set_synced(self, mailbox_id: MailboxId, at: int) -> None:
        """The mailbox was looked into, and had no error."""
        self._change("synced_at = ?, error = '', revision = revision + 1", (at,), mailbox_id)

    def sync_point(self, mailbox_id: MailboxId) -> SyncPoint:
        """How far the mailbox is known; all None when nothing is."""
        row = self._database.row(
            "SELECT uid_validity, uid_next, highest_modseq, filled_down_to FROM mailbox WHERE id = ?", (mailbox_id,)
        )
        return SyncPoint(*row) if row else SyncPoint()

    def set_sync_point(self, mailbox_id: MailboxId, point: SyncPoint) -> None:
        """Remember how far the mailbox is known; in the transaction of what was learned."""
        self._change(
            "uid_validity = ?, uid_next = ?, highest_modseq = ?, filled_down_to = ?, revision = revision + 1",
            tuple(point), mailbox_id,
        )

    def _change(self, assignments: str, values: Iterable[object], mailbox_id: MailboxId) -> None:
        with self._database.transaction():
            self._database.run(f"UPDATE mailbox SET {assignments} WHERE id = ?", (*values, mailbox_id))

    def _take(self, account_id: int, known: SqlRow | None, listed: ListedMailbox) -> bool:
        wanted = (
            listed.name, listed.delimiter, str(listed.role), int(listed.selectable), int(listed.subscribed),
            listed.server_total, listed.server_unread,
        )
        if known is None:
            self._database.run(
                f"INSERT INTO mailbox (account_id, {_LISTED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (account_id, *wanted)
            )
            return True
        identity, *before = known
        after = [old if new is None else new for old, new in zip(before, wanted, strict=True)]
        if before == after:
            return False
        self._database.run(
            "UPDATE mailbox SET name = ?, delimiter = ?, role = ?, selectable = ?, subscribed = ?,"
            " server_total = ?, server_unread = ?, revision = revision + 1 WHERE id = ?",
            (*after, identity),
        )
        return True


def _mailbox(row: SqlRow) -> Mailbox:
    (
        identity, account, name, delimiter, role, selectable, subscribed, total, unread,
        server_total, server_unread, synced_at, filled_down_to, error, revision, server_name,
    ) = row
    return Mailbox(
        id=MailboxId(identity),
        account=AccountName(account),
        name=name,
        delimiter=delimiter,
        role=Role(role) if role in _RANKS else Role.NONE,
        selectable=bool(selectable),
        subscribed=bool(subscribed),
        total=total,
        unread=unread,
        server_total=server_total,
        server_unread=server_unread,
        synced_at=synced_at,
        complete=filled_down_to == 1,
        error=error,
        revision=revision,
        server_name=server_name,
    )
