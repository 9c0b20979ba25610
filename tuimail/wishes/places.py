"""Where mail goes: archives, trashes, mailboxes that are made when they are missing.

What lives here: names and purposes, over an open Store. What must not: which messages go
(`acting`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tuimail.actions import Action
from tuimail.errors import UsageError
from tuimail.model import AccountName, Mailbox, MailboxId, Role
from tuimail.store import Store

_NAMES: Final = {
    Role.ARCHIVE: "Archive", Role.TRASH: "Trash", Role.JUNK: "Junk", Role.DRAFTS: "Drafts", Role.SENT: "Sent",
}


class Places:
    """The mailboxes of all accounts while one deed is put together, in one transaction of the caller's.

    What has to be made is in `making`: those actions come before all others.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.by_id = {mailbox.id: mailbox for mailbox in store.mailboxes.all()}
        self.making: list[Action] = []
        self._found: dict[tuple[AccountName, str], MailboxId] = {}

    def of(self, mailbox_id: MailboxId) -> Mailbox:
        """A mailbox. Raises UsageError when it is gone."""
        mailbox = self.by_id.get(mailbox_id)
        if mailbox is None:
            raise UsageError("This mailbox is no longer there.", "Choose another one.")
        return mailbox

    def is_local(self, account: AccountName) -> bool:
        """Whether an account's mailboxes are folders on this computer."""
        known = self._store.accounts.get(account)
        return known is not None and known.protocol != "imap"

    def find(self, account: AccountName, role: Role) -> Mailbox | None:
        """The mailbox that serves a purpose, None when there is none."""
        return next((one for one in self.by_id.values() if one.account == account and one.role is role), None)

    def with_role(self, account: AccountName, role: Role) -> MailboxId:
        """The mailbox that serves a purpose, made when the account has none."""
        known = self.find(account, role)
        return known.id if known is not None else self.named(account, self._prefix(account) + _NAMES[role], role)

    def archive(self, account: AccountName) -> MailboxId:
        """Where mail is kept that is done with; on Gmail its All Mail, which takes the label of the inbox off."""
        everything, trash = self.find(account, Role.ALL), self.find(account, Role.TRASH)
        if self.find(account, Role.ARCHIVE) is None and everything is not None and trash is not None:
            return everything.id
        return self.with_role(account, Role.ARCHIVE)

    def archive_of_year(self, account: AccountName, sort_at: int) -> MailboxId:
        """The mailbox of a year below the archive, `Archive/2026`; All Mail itself where that is the archive."""
        archive = self.archive(account)
        known = self._store.mailboxes.get(archive)
        if known is None or known.role is Role.ALL:
            return archive
        year = datetime.fromtimestamp(max(sort_at, 0), UTC).year
        return self.named(account, f"{known.name}{known.delimiter or self._delimiter(account)}{year}")

    def is_archive(self, mailbox: Mailbox | None) -> bool:
        """Whether mail in it is archived already: the archive, what lies below it, All Mail."""
        if mailbox is None:
            return False
        if mailbox.role in {Role.ARCHIVE, Role.ALL}:
            return True
        archive = self.find(mailbox.account, Role.ARCHIVE)
        return archive is not None and bool(archive.delimiter) and mailbox.name.startswith(
            f"{archive.name}{archive.delimiter}"
        )

    def named(self, account: AccountName, name: str, role: Role = Role.NONE) -> MailboxId:
        """The mailbox of a full name, made when there is none."""
        if (account, name) in self._found:
            return self._found[account, name]
        known = self._store.mailboxes.find(account, name)
        if known is not None:
            mailbox_id = known.id
        else:
            action = self._store.deeds.new_mailbox(account, name, role)
            if action is None:
                raise UsageError(f"The mailbox {name} cannot be made.", "Choose another name.")
            self.making.append(action)
            mailbox_id = action.mailbox_id
        self._found[account, name] = mailbox_id
        return mailbox_id

    def _delimiter(self, account: AccountName) -> str:
        return next((one.delimiter for one in self.by_id.values() if one.account == account and one.delimiter), "/")

    def _prefix(self, account: AccountName) -> str:
        """`INBOX.` on servers that have everything below the inbox."""
        others = [one for one in self.by_id.values() if one.account == account and one.role is not Role.INBOX]
        prefix = f"INBOX{self._delimiter(account)}"
        return prefix if others and all(one.name.startswith(prefix) for one in others) else ""
