"""Accounts as the store knows them: name, place in the list, and what their engine is doing."""

from __future__ import annotations

from collections.abc import Iterable

from tuimail.model import Account, AccountId, AccountName, AccountStatus
from tuimail.store.database import Database, SqlRow
from tuimail.store.lists.order import Order

_SELECT = (
    "SELECT id, name, address, protocol, status, sentence, since, synced_at,"
    " (SELECT count(*) FROM pending WHERE account_id = account.id AND state = 0) FROM account"
)


class Accounts:
    """The accounts of the store."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order

    def sync_names(self, accounts: Iterable[tuple[AccountName, str, str]]) -> None:
        """Take over (name, address, protocol) of the configuration, in its order.

        Accounts that are not named are kept. Writes only when something differs.
        """
        wanted = [(name, place, address, protocol) for place, (name, address, protocol) in enumerate(accounts)]
        known = set(self._database.rows("SELECT name, place, address, protocol FROM account"))
        if known.issuperset(wanted):
            return
        with self._database.transaction():
            for row in wanted:
                self._database.run(
                    "INSERT INTO account (name, place, address, protocol) VALUES (?, ?, ?, ?) ON CONFLICT (name)"
                    " DO UPDATE SET place = excluded.place, address = excluded.address, protocol = excluded.protocol",
                    row,
                )

    def all(self) -> list[Account]:
        """All accounts, as configured."""
        return [_account(row) for row in self._database.rows(f"{_SELECT} ORDER BY place, name")]

    def get(self, name: AccountName) -> Account | None:
        """One account, None when the store does not know it."""
        row = self._database.row(f"{_SELECT} WHERE name = ?", (name,))
        return _account(row) if row else None

    def remove(self, name: AccountName) -> None:
        """Forget an account with its mailboxes, messages and waiting actions. Files of local mail stay."""
        with self._database.transaction(durable=True):
            row = self._database.row("SELECT id FROM account WHERE name = ?", (name,))
            if row is None:
                return
            self._database.run("UPDATE mailbox SET account_id = NULL WHERE account_id = ?", row)
            self._end_actions(row[0])
            for table in ("uidl", "doomed", "root"):
                self._database.run(f"DELETE FROM {table} WHERE account_id = ?", row)
            self._database.run("DELETE FROM account WHERE id = ?", row)
        from tuimail.store.removal import purge  # 1 ms that the first frame does not wait for

        purge(self._database, self._order)

    def _end_actions(self, account_id: int) -> None:
        """Nothing of it is told any more; what was to follow in other accounts does not happen."""
        from tuimail.store.acting.away import Away  # as below
        from tuimail.store.removal import let_go

        let_go(self._database, self._database.column(
            "SELECT raw_id FROM pending WHERE account_id = ? AND raw_id IS NOT NULL", (account_id,)
        ))
        self._database.run("DELETE FROM pending WHERE account_id = ?", (account_id,))
        orphans = self._database.rows(
            "SELECT id, envelope_id FROM pending"
            " WHERE after_id IS NOT NULL AND after_id NOT IN (SELECT id FROM pending)"
        )
        self._database.many("DELETE FROM pending WHERE id = ?", ((row[0],) for row in orphans))
        Away(self._database, self._order).refold({row[1] for row in orphans if row[1] is not None})

    def set_status(self, name: AccountName, status: AccountStatus, sentence: str, *, at: int) -> None:
        """What the account's engine is doing; `at` is kept as the beginning when the status is a new one."""
        with self._database.transaction():
            self._database.run(
                "UPDATE account SET since = CASE WHEN status = ? THEN since ELSE ? END, status = ?, sentence = ?"
                " WHERE name = ?",
                (status, at, status, sentence, name),
            )

    def set_synced(self, name: AccountName, at: int) -> None:
        """A complete sync ended."""
        with self._database.transaction():
            self._database.run("UPDATE account SET synced_at = ? WHERE name = ?", (at, name))


def _account(row: SqlRow) -> Account:
    identity, name, address, protocol, status, sentence, since, synced_at, pending = row
    return Account(
        id=AccountId(identity),
        name=AccountName(name),
        address=address,
        protocol=protocol,
        status=AccountStatus(status) if status in AccountStatus._value2member_map_ else AccountStatus.NEVER,
        sentence=sentence,
        since=since,
        synced_at=synced_at,
        pending=pending,
    )
