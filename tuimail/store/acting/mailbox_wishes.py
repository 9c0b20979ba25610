"""Mailboxes as a person wants them: made, renamed, deleted and subscribed before their server knows.

What lives here: what the tree shows, which is always fold(what the server listed, wishes
that wait), and what becomes of it when the server carried one out. What it has itself is
kept in `mailbox_there` as long as that differs. What must not: which actions wait (`pending`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tuimail.actions import Action, CreateMailbox, DeleteMailbox, RenameMailbox, Subscribe, readable
from tuimail.store.database import Database

KINDS: Final = ("create_mailbox", "rename_mailbox", "delete_mailbox", "subscribe")


@dataclass(slots=True)
class _Shown:
    """A mailbox while the wishes are laid over it."""

    name: str
    subscribed: int
    hidden: int
    delimiter: str
    there: str | None
    """What the server calls it; None: it does not have it."""
    subscribed_there: int
    before: tuple[str, int, int]
    had_row: bool


class MailboxWishes:
    """What the tree shows of an account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def below(self, mailbox_id: int) -> list[int]:
        """A mailbox and all below it, by the names that are shown."""
        row = self._database.row("SELECT account_id, name, delimiter FROM mailbox WHERE id = ?", (mailbox_id,))
        if row is None:
            return []
        account_id, name, delimiter = row
        return [
            identity for identity, other in self._database.rows(
                "SELECT id, name FROM mailbox WHERE account_id = ?", (account_id,)
            ) if identity == mailbox_id or (delimiter and other.startswith(f"{name}{delimiter}"))
        ]

    def new(self, account_id: int, name: str) -> int:
        """A row for a mailbox that its server does not have, in the current transaction; 0 when there is one."""
        if self._database.row("SELECT 1 FROM mailbox WHERE account_id = ? AND name = ?", (account_id, name)):
            return 0
        row = self._database.row(
            "SELECT delimiter FROM mailbox WHERE account_id = ? AND delimiter <> '' LIMIT 1", (account_id,)
        )
        identity = self._database.insert(
            "INSERT INTO mailbox (account_id, name, delimiter, filled_down_to, synced_at) VALUES (?, ?, ?, NULL, NULL)",
            (account_id, name, row[0] if row else ""),
        )
        self._database.run("INSERT INTO mailbox_there VALUES (?, NULL, 0)", (identity,))
        return identity

    def refold(self, account_id: int) -> bool:
        """Show the mailboxes of an account as its wishes want them, in the current transaction; whether any changed."""
        wishes = self._waiting(account_id)
        if not wishes and not self._database.row("SELECT 1 FROM mailbox_there LIMIT 1"):
            return False
        shown = self._listed(account_id)
        for wish in wishes:
            _lay(shown, wish)
        _keep_apart(shown)
        return self._write(shown)

    def step_back(self, account_id: int, listed: set[str]) -> None:
        """Show what the server has itself, so that its list can be taken in; in the current transaction.

        `refold` is to follow. A mailbox that we are to make and that is listed already is there.
        """
        differing = {identity: one for identity, one in self._listed(account_id).items() if one.had_row}
        for identity, mailbox in differing.items():
            if mailbox.there is None and mailbox.before[0] in listed:
                mailbox.there = mailbox.before[0]
                self._set_there(identity, mailbox.there)
        self._database.many(
            "UPDATE mailbox SET name = ? WHERE id = ?", ((f"\x01{identity}", identity) for identity in differing)
        )
        self._database.many(
            "UPDATE mailbox SET name = coalesce(?, name), subscribed = ? WHERE id = ?",
            ((one.there, one.subscribed_there, identity) for identity, one in differing.items()),
        )
        self._database.run(
            "DELETE FROM mailbox_there WHERE name IS NOT NULL"
            " AND mailbox_id IN (SELECT id FROM mailbox WHERE account_id = ?)", (account_id,)
        )

    def done(self, action: Action) -> None:
        """The server carried one out, in the current transaction; `refold` follows. A deletion is the caller's."""
        match action:
            case CreateMailbox():
                self._set_there(action.mailbox_id, action.name)
            case RenameMailbox():
                row = self._database.row("SELECT account_id, delimiter FROM mailbox WHERE id = ?", (action.mailbox_id,))
                if row is None:
                    return
                prefix = f"{action.name}{row[1]}"
                for identity, mailbox in self._listed(row[0]).items():
                    if mailbox.there == action.name:
                        self._set_there(identity, action.new_name)
                    elif row[1] and mailbox.there is not None and mailbox.there.startswith(prefix):
                        self._set_there(identity, f"{action.new_name}{mailbox.there[len(action.name):]}")
            case Subscribe():
                self._set_there(action.mailbox_id, None)
                self._database.run(
                    "UPDATE mailbox_there SET subscribed_there = ? WHERE mailbox_id = ?",
                    (int(action.subscribed), action.mailbox_id),
                )

    def name_there(self, mailbox_id: int) -> str | None:
        """What the server calls a mailbox now; None when it does not have it."""
        row = self._database.row(
            "SELECT mailbox_there.mailbox_id IS NULL, mailbox.name, mailbox_there.name FROM mailbox"
            " LEFT JOIN mailbox_there ON mailbox_there.mailbox_id = mailbox.id WHERE mailbox.id = ?",
            (mailbox_id,),
        )
        return None if row is None else row[1] if row[0] else row[2]

    def _set_there(self, mailbox_id: int, name: str | None) -> None:
        self._database.run(
            "INSERT OR IGNORE INTO mailbox_there SELECT id, name, subscribed FROM mailbox WHERE id = ?", (mailbox_id,)
        )
        if name is not None:
            self._database.run("UPDATE mailbox_there SET name = ? WHERE mailbox_id = ?", (name, mailbox_id))

    def _waiting(self, account_id: int) -> list[Action]:
        return readable(self._database.column(
            "SELECT action FROM pending WHERE account_id = ? AND state = 0 AND envelope_id IS NULL"
            " AND kind IN ('create_mailbox', 'rename_mailbox', 'delete_mailbox', 'subscribe') ORDER BY id",
            (account_id,),
        ))

    def _listed(self, account_id: int) -> dict[int, _Shown]:
        """The mailboxes as the server has them."""
        found = {}
        for identity, name, subscribed, hidden, delimiter, has_row, there, subscribed_there in self._database.rows(
            "SELECT mailbox.id, mailbox.name, mailbox.subscribed, hidden, delimiter,"
            " mailbox_there.mailbox_id IS NOT NULL, mailbox_there.name, mailbox_there.subscribed_there FROM mailbox"
            " LEFT JOIN mailbox_there ON mailbox_there.mailbox_id = mailbox.id WHERE account_id = ?",
            (account_id,),
        ):
            there, subscribed_there = (there, subscribed_there) if has_row else (name, subscribed)
            found[identity] = _Shown(
                name if there is None else there, subscribed_there, int(there is None), delimiter, there,
                subscribed_there, (name, subscribed, hidden), bool(has_row),
            )
        return found

    def _write(self, shown: dict[int, _Shown]) -> bool:
        changed = {
            identity: one for identity, one in shown.items() if one.before != (one.name, one.subscribed, one.hidden)
        }
        # Names are unique: all that change step aside first.
        self._database.many(
            "UPDATE mailbox SET name = ? WHERE id = ?", ((f"\x01{identity}", identity) for identity in changed)
        )
        self._database.many(
            "UPDATE mailbox SET name = ?, subscribed = ?, hidden = ?, revision = revision + 1 WHERE id = ?",
            ((one.name, one.subscribed, one.hidden, identity) for identity, one in changed.items()),
        )
        for identity, one in shown.items():
            differs = (one.name, one.subscribed) != (one.there, one.subscribed_there)
            if differs:
                self._database.run(
                    "INSERT OR REPLACE INTO mailbox_there VALUES (?, ?, ?)", (identity, one.there, one.subscribed_there)
                )
            elif one.had_row:
                self._database.run("DELETE FROM mailbox_there WHERE mailbox_id = ?", (identity,))
        return bool(changed)


def _lay(shown: dict[int, _Shown], wish: Action) -> None:
    match wish:
        case CreateMailbox() if wish.mailbox_id in shown:
            mailbox = shown[wish.mailbox_id]
            if mailbox.there is None:
                mailbox.name, mailbox.hidden, mailbox.subscribed = wish.name, 0, 1
        case RenameMailbox() if wish.mailbox_id in shown:
            root = shown[wish.mailbox_id]
            old, prefix = root.name, f"{root.name}{root.delimiter}"
            for mailbox in shown.values():
                if mailbox is root or (root.delimiter and mailbox.name.startswith(prefix)):
                    mailbox.name = f"{wish.new_name}{mailbox.name[len(old):]}"
        case DeleteMailbox() if wish.mailbox_id in shown:
            shown[wish.mailbox_id].hidden = 1
        case Subscribe() if wish.mailbox_id in shown:
            shown[wish.mailbox_id].subscribed = int(wish.subscribed)


def _keep_apart(shown: dict[int, _Shown]) -> None:
    """No name twice: what is hidden steps aside, and where two want one the server's own mailbox keeps it."""
    for identity, mailbox in shown.items():
        if mailbox.hidden:
            mailbox.name = f"\x01{identity}"
    taken: set[str] = set()
    in_order = sorted(shown.items(), key=lambda item: (item[1].name != item[1].there, item[0]))
    for identity, mailbox in in_order:
        if mailbox.name in taken:
            mailbox.name = mailbox.there or f"\x01{identity}"
        if mailbox.name in taken:
            mailbox.name = f"\x01{identity}"
        taken.add(mailbox.name)
