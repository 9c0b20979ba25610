"""Making, renaming and deleting local mailboxes, beside the screen.

What must not live here: Textual. Each function is called in a thread with a Store of
its own, and raises MailError with a sentence when it cannot be done.
"""

from __future__ import annotations

from tuimail.errors import UsageError
from tuimail.model import AccountName, Mailbox, MailboxId, Role
from tuimail.store import Store

_AT_ONCE = 500
"""Messages moved in one go."""


def is_local(store: Store, mailbox_id: MailboxId) -> bool:
    """Whether this mailbox lies here, so that it can be changed here."""
    return store.local.is_local_mailbox(mailbox_id)


def is_local_account(store: Store, account: AccountName) -> bool:
    """Whether an account's mailboxes lie here."""
    inbox = store.mailboxes.with_role(account, Role.INBOX)
    return inbox is not None and store.local.is_local_mailbox(inbox.id)


def make(store: Store, account: AccountName, name: str) -> MailboxId:
    """Make a mailbox; its row."""
    return store.local.folders.create(account, name)


def rename(store: Store, mailbox_id: MailboxId, name: str) -> None:
    """Give it, and those below it, another name."""
    store.local.folders.rename(mailbox_id, name)


def delete(store: Store, mailbox: Mailbox, *, mail_to_trash: bool) -> int:
    """Delete it; with `mail_to_trash` its messages go to the trash before. How many went.

    Without it a mailbox that has mail in it stays: UsageError.
    """
    moved = 0
    if mail_to_trash:
        trash = store.local.folders.special(mailbox.account, Role.TRASH)
        if trash == mailbox.id:
            raise UsageError("The trash itself stays.")
        while rows := store.envelopes.window(mailbox.id, 0, _AT_ONCE).rows:
            store.local.move([row.id for row in rows], trash)
            moved += len(rows)
    store.local.folders.delete(mailbox.id)
    return moved
