"""Local mailboxes: the folders of a Maildir as a tree, making, renaming and deleting them.

What lives here: which folders there are on the disk and which rows they have. What must
not: the messages in them (`scanning`, `local`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from tuimail.errors import StoreError, UsageError
from tuimail.model import AccountName, MailboxId, Role
from tuimail.paths import make_private
from tuimail.store.border import sync_directory
from tuimail.store.database import Database
from tuimail.store.lists.order import Order
from tuimail.store.maildirs.folder_names import DELIMITER, INBOX, SPECIAL, check_name, directory_of, name_of, role_of
from tuimail.store.maildirs.maildir import Maildir, bordered, printable
from tuimail.store.maildirs.where import Where

_DEEPEST: Final = 12
_MOST: Final = 5000
"""Folders of one account; what is beyond is not listed."""
_PARTS: Final = {"cur", "new", "tmp"}


class Folders:
    """The folders of all local accounts."""

    def __init__(self, database: Database, order: Order, where: Where) -> None:
        self._database = database
        self._order = order
        self._where = where

    def open_account(self, account: AccountName, root: Path | None = None) -> list[str]:
        """Have an account's Maildir in the tree; findings in sentences.

        Without `root` it is our own and is made, with its special mailboxes; a Maildir of
        other programs must be there, and nothing is made in it.
        Raises UsageError when there is none, StoreError.
        """
        with self._database.transaction():
            self._database.run(
                "INSERT INTO root (account_id, directory) SELECT id, ? FROM account WHERE name = ?"
                " ON CONFLICT DO UPDATE SET directory = excluded.directory",
                (os.fsencode(root.absolute()) if root is not None else b"", account),
            )
        if root is not None and not root.is_dir():
            raise UsageError(f"There is no Maildir {printable(root)}.", "Check the path of this account.")
        if root is None:
            self._make(account)
        return self.discover(account)

    def discover(self, account: AccountName) -> list[str]:
        """Take the folders that are on the disk into the tree, and those that are not out of it; findings.

        Raises StoreError when the root cannot be read, or is empty as a disk that is not
        mounted leaves it: then nothing is taken out.
        """
        root = self._where.root(account)
        with bordered(root):
            found, odd = folders_below(root)
        known = {row[1]: MailboxId(row[0]) for row in self._database.rows(
            "SELECT mailbox_id, directory FROM folder JOIN mailbox ON mailbox.id = mailbox_id"
            " WHERE account_id = (SELECT id FROM account WHERE name = ?)",
            (account,),
        )}
        if known and (not found or (b"" in known and b"" not in found)) and any(map(self._has_mail, known.values())):
            raise StoreError(
                f"{printable(root)} is no Maildir just now; its mail stays listed.", "Check that its disk is there."
            )
        new = [directory for directory in found if directory not in known]
        if new:
            with self._database.transaction():
                for directory in new:
                    self._add(account, directory)
        for directory, mailbox_id in known.items():
            if directory not in found and not self._has_mail(mailbox_id):
                self._remove(mailbox_id)
        return odd

    def special(self, account: AccountName, role: Role) -> MailboxId:
        """The mailbox that serves a purpose, made when the account has none. Raises StoreError."""
        row = self._database.row(
            "SELECT mailbox.id FROM mailbox JOIN folder ON folder.mailbox_id = mailbox.id WHERE role = ?"
            " AND account_id = (SELECT id FROM account WHERE name = ?) ORDER BY mailbox.id",
            (str(role), account),
        )
        if row is not None:
            return MailboxId(row[0])
        return self._create(account, next(name for name, special in SPECIAL.items() if special is role))

    def create(self, account: AccountName, name: str) -> MailboxId:
        """Make a mailbox. Raises UsageError when the name is taken or impossible, StoreError."""
        name = check_name(name)
        if self._id_of(account, name) is not None:
            raise UsageError(f"There is a mailbox {name} already.", "Choose another name.")
        return self._create(account, name)

    def rename(self, mailbox_id: MailboxId, name: str) -> None:
        """Give a mailbox, and those below it, another name. Raises UsageError, Vanished, StoreError."""
        name = check_name(name)
        _, account = self._where.account_of(mailbox_id)
        old = self._ordinary(mailbox_id)
        if self._id_of(account, name) not in {None, mailbox_id}:
            raise UsageError(f"There is a mailbox {name} already.", "Choose another name.")
        if f"{name}{DELIMITER}".startswith(f"{old}{DELIMITER}") and name != old:
            raise UsageError("A mailbox cannot lie in itself.", "Choose another name.")
        if not self._where.folder(mailbox_id).startswith(b"."):
            raise UsageError("This folder belongs to another program.", "Rename it there.")
        renames = []
        for identity, mailbox in self._database.rows(
            "SELECT mailbox.id, name FROM mailbox JOIN folder ON folder.mailbox_id = mailbox.id"
            " WHERE account_id = (SELECT account_id FROM mailbox WHERE id = ?)",
            (mailbox_id,),
        ):
            if identity == mailbox_id or mailbox.startswith(f"{old}{DELIMITER}"):
                renames.append((MailboxId(identity), name + mailbox[len(old) :]))
        for identity, new_name in renames:
            self._rename(account, identity, new_name)

    def delete(self, mailbox_id: MailboxId) -> None:
        """Delete an empty mailbox. Raises UsageError when there is mail in it, or a special purpose; StoreError.

        Whoever wants to delete one with mail deletes or moves the mail first, having asked.
        """
        name = self._ordinary(mailbox_id)
        _, account = self._where.account_of(mailbox_id)
        maildir = self._where.maildir(mailbox_id)
        if self._has_mail(mailbox_id) or maildir.entries()[0]:
            raise UsageError(f"There is mail in {name}.", "Move or delete it first.")
        if not self._where.folder(mailbox_id).startswith(b"."):
            raise UsageError("This folder belongs to another program.", "Delete it there.")
        remove_directory(maildir.directory)
        with suppress(OSError):
            sync_directory(self._where.root(account))
        self._remove(mailbox_id)

    # --- the disk -------------------------------------------------------------

    def _make(self, account: AccountName) -> None:
        root = self._where.root(account)
        make_private(root.parent)
        for name in SPECIAL:
            directory = directory_of(name)
            Maildir(root / os.fsdecode(directory)).make(is_folder=bool(directory))

    def _create(self, account: AccountName, name: str) -> MailboxId:
        directory = directory_of(name)
        Maildir(self._where.root(account) / os.fsdecode(directory)).make(is_folder=True)
        with self._database.transaction():
            return self._add(account, directory)

    def make_folder(self, mailbox_id: MailboxId, account: AccountName, name: str) -> None:
        """The folder of a mailbox that has a row already; nothing when it is there. Raises StoreError."""
        directory = directory_of(name)
        Maildir(self._where.root(account) / os.fsdecode(directory)).make(is_folder=True)
        with self._database.transaction():
            self._database.run(
                "INSERT OR IGNORE INTO folder (mailbox_id, directory) VALUES (?, ?)", (mailbox_id, directory)
            )
            self._database.run(
                "UPDATE mailbox SET delimiter = ?, filled_down_to = 1, synced_at = 0 WHERE id = ?",
                (DELIMITER, mailbox_id),
            )

    def _rename(self, account: AccountName, mailbox_id: MailboxId, name: str) -> None:
        self.rename_folder(account, mailbox_id, name)
        with self._database.transaction():
            self._database.run(
                "UPDATE mailbox SET name = ?, revision = revision + 1 WHERE id = ?", (name, mailbox_id)
            )

    def rename_folder(self, account: AccountName, mailbox_id: MailboxId, name: str) -> None:
        """Where a mailbox lies, not what it is called. Raises UsageError, StoreError.

        The folder first: when its row does not follow, the next scan finds the same mail under the new name.
        """
        root = self._where.root(account)
        old, new = self._where.folder(mailbox_id), directory_of(name)
        if old != new:
            target = root / os.fsdecode(new)
            if target.exists():
                raise UsageError(f"There is a folder {printable(target)} already.", "Choose another name.")
            with bordered(root):
                (root / os.fsdecode(old)).rename(target)
                sync_directory(root)
        with self._database.transaction():
            self._database.run("UPDATE folder SET directory = ? WHERE mailbox_id = ?", (new, mailbox_id))

    # --- rows -----------------------------------------------------------------

    def _add(self, account: AccountName, directory: bytes) -> MailboxId:
        name = name_of(directory)
        role = role_of(name)
        taken = self._database.column(
            "SELECT role FROM mailbox WHERE account_id = (SELECT id FROM account WHERE name = ?)", (account,)
        )
        unmade = self._database.row(
            "SELECT mailbox.id FROM mailbox JOIN mailbox_there ON mailbox_there.mailbox_id = mailbox.id"
            " WHERE account_id = (SELECT id FROM account WHERE name = ?) AND mailbox.name = ?"
            " AND mailbox_there.name IS NULL AND mailbox.id NOT IN (SELECT mailbox_id FROM folder)",
            (account, name),
        )
        if unmade is not None:  # a crash came between folder and row
            self._database.run("INSERT INTO folder (mailbox_id, directory) VALUES (?, ?)", (unmade[0], directory))
            return MailboxId(unmade[0])
        while self._id_of(account, name) is not None:
            name += "~"  # two folders of one name, as `.a.b` and `a/b`
        mailbox_id = self._database.insert(
            "INSERT INTO mailbox (account_id, name, delimiter, role, filled_down_to, synced_at)"
            " SELECT id, ?, ?, ?, 1, 0 FROM account WHERE name = ?",
            (name, DELIMITER, "" if str(role) in taken else str(role), account),
        )
        self._database.run(
            "INSERT INTO folder (mailbox_id, directory) VALUES (?, ?)", (mailbox_id, directory)
        )
        return MailboxId(mailbox_id)

    def _remove(self, mailbox_id: MailboxId) -> None:
        with self._database.transaction():
            self._database.run("UPDATE mailbox SET account_id = NULL WHERE id = ?", (mailbox_id,))
        from tuimail.store.removal import purge  # as everywhere: loaded when something goes

        purge(self._database, self._order)

    def _id_of(self, account: AccountName, name: str) -> MailboxId | None:
        row = self._database.row(
            "SELECT id FROM mailbox WHERE account_id = (SELECT id FROM account WHERE name = ?)"
            " AND (name = ? OR name = 'INBOX' AND upper(?) = 'INBOX')",
            (account, name, name),
        )
        return MailboxId(row[0]) if row else None

    def _has_mail(self, mailbox_id: MailboxId) -> bool:
        return self._database.row("SELECT 1 FROM envelope WHERE mailbox_id = ? LIMIT 1", (mailbox_id,)) is not None

    def _ordinary(self, mailbox_id: MailboxId) -> str:
        """The name of a mailbox that may be changed."""
        row = self._database.row("SELECT name, role FROM mailbox WHERE id = ?", (mailbox_id,))
        if row is None:
            raise UsageError("This mailbox is no longer there.")
        if row[0] == INBOX or (row[0] in SPECIAL and row[1]):
            raise UsageError(f"{row[0]} has a purpose of its own and stays.", "Make another mailbox instead.")
        return str(row[0])


def folders_below(root: Path) -> tuple[list[bytes], list[str]]:
    """Every Maildir at and below a root, as directories below it, and what is passed over. Raises OSError."""
    found: list[bytes] = []
    odd: list[str] = []
    if Maildir(root).exists():
        found.append(b"")
    for directory, relative in _directories(root, odd):
        if Maildir(directory).exists():
            found.append(relative)
        if len(found) >= _MOST:
            odd.append(f"There are more than {_MOST:,} folders in {printable(root)}; the rest is not shown.")
            break
    return found, odd


def _directories(root: Path, odd: list[str]) -> Iterator[tuple[Path, bytes]]:
    """Directories that may be folders: `.Name` below the root, nested ones anywhere."""
    waiting: list[tuple[Path, bytes, int]] = [(root, b"", 0)]
    while waiting:
        parent, below, depth = waiting.pop()
        try:
            with os.scandir(parent) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as exc:
            if parent == root:
                raise
            odd.append(f"{printable(parent)} cannot be read: {exc.strerror}.")
            continue
        for child in children:
            is_hidden = child.name.startswith(".")
            if child.name in _PARTS or (is_hidden and (depth or child.name in {".", ".."})):
                continue
            if child.is_symlink():
                if not is_hidden and child.is_dir():
                    odd.append(f"{printable(child.path)} is a link; it is not followed.")
                continue
            if not child.is_dir(follow_symlinks=False):
                continue
            relative = (below + b"/" if below else b"") + os.fsencode(child.name)
            yield Path(child.path), relative
            if not is_hidden and depth < _DEEPEST:
                waiting.append((Path(child.path), relative, depth + 1))


def remove_directory(directory: Path) -> None:
    """Remove a Maildir without mail. Raises StoreError when there is anything else in it."""
    with bordered(directory):
        for name in ("maildirfolder", "dovecot-uidlist", "dovecot.index.log", "dovecot.index.cache", "dovecot.index"):
            (directory / name).unlink(missing_ok=True)
        for name in ("tmp", "new", "cur"):
            with suppress(FileNotFoundError):
                (directory / name).rmdir()
        try:
            directory.rmdir()
        except OSError as exc:
            Maildir(directory).make(is_folder=True)
            raise StoreError(
                f"{printable(directory)} holds files of another program.", "Delete the folder there."
            ) from exc
