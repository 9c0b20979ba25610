"""Where local mail lies: the root of an account, the Maildir of a mailbox, the file of a message."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tuimail.errors import NotDownloaded, Vanished
from tuimail.model import AccountName, EnvelopeId, MailboxId
from tuimail.store.database import Database
from tuimail.store.maildirs.folder_names import account_directory
from tuimail.store.maildirs.maildir import Maildir, Names


class Whereabouts(NamedTuple):
    """The file of a message, as it was last seen."""

    envelope_id: EnvelopeId
    mailbox_id: MailboxId
    account: AccountName
    account_id: int
    key: str
    name: str
    """Below its Maildir."""
    sha256: bytes | None


class Where:
    """From rows to paths."""

    def __init__(self, database: Database, own: Path) -> None:
        self._database = database
        self._own = own
        self.names = Names()

    def own_directory(self, account: AccountName) -> Path:
        """Our own directory for an account's local mail, and what is written down beside it."""
        return self._own / account_directory(account)

    def root(self, account: AccountName) -> Path:
        """The root of an account's Maildir."""
        row = self._database.row(
            "SELECT directory FROM root JOIN account ON account.id = account_id WHERE name = ?", (account,)
        )
        return Path(os.fsdecode(row[0])) if row and row[0] else self.own_directory(account)

    def is_own(self, account: AccountName) -> bool:
        """Whether the Maildir is ours, and not one that other programs made."""
        return self.root(account) == self.own_directory(account)

    def account_of(self, mailbox_id: MailboxId) -> tuple[int, AccountName]:
        """Whose mailbox it is. Raises Vanished."""
        row = self._database.row(
            "SELECT account.id, account.name FROM mailbox JOIN account ON account.id = account_id"
            " WHERE mailbox.id = ?",
            (mailbox_id,),
        )
        if row is None:
            raise Vanished("This mailbox is no longer there.")
        return row[0], AccountName(row[1])

    def maildir(self, mailbox_id: MailboxId) -> Maildir:
        """The Maildir of a mailbox. Raises Vanished when the mailbox is gone or lies on a server."""
        _, account = self.account_of(mailbox_id)
        row = self._database.row("SELECT directory FROM folder WHERE mailbox_id = ?", (mailbox_id,))
        if row is None:
            raise Vanished("This mailbox is not on this computer.")
        return Maildir(self.root(account) / os.fsdecode(row[0]), self.names)

    def folder(self, mailbox_id: MailboxId) -> bytes:
        """The folder of a mailbox below its root."""
        row = self._database.row("SELECT directory FROM folder WHERE mailbox_id = ?", (mailbox_id,))
        return bytes(row[0]) if row else b""

    def file(self, envelope_id: EnvelopeId) -> Whereabouts:
        """The file of a message. Raises Vanished, or NotDownloaded when there is none here."""
        found = self.files([envelope_id])
        if found:
            return found[0]
        if self._database.row("SELECT 1 FROM envelope WHERE id = ?", (envelope_id,)):
            raise NotDownloaded("This message is not downloaded yet.", "Connect, and try again.")
        raise Vanished("This message is no longer there.")

    def files(self, envelope_ids: Sequence[EnvelopeId]) -> list[Whereabouts]:
        """The files of these messages; those that have none are left out."""
        return [
            Whereabouts(row[0], row[1], row[2], row[3], os.fsdecode(row[4]), os.fsdecode(row[5]), row[6])
            for row in self._database.rows_of(
                "SELECT envelope_id, mailbox_id, account.name, account.id, key, file.name, sha256 FROM file"
                " JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id"
                " WHERE envelope_id IN ({keys})",
                envelope_ids,
            )
        ]

    def path(self, file: Whereabouts) -> Path:
        """Where the file of a message is now: other programs rename files when flags change. Raises Vanished."""
        maildir = self.maildir(file.mailbox_id)
        path = maildir.directory / file.name
        if path.is_file() and not path.is_symlink():
            return path
        current = maildir.find(file.key)
        if current is None:
            raise Vanished("The file of this message is no longer there.", "Another program has moved or deleted it.")
        return maildir.directory / current
