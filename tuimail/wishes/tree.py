"""Mailboxes that are made, renamed, deleted and subscribed, on servers and on this computer.

What lives here: which names can be, and what goes with a mailbox. Each function takes an
open Store, acts in one durable transaction, and returns None when there was nothing to
do; `acting` is the door. What must not: servers and folders.
"""

from __future__ import annotations

from tuimail.actions import DeleteMailbox, Move, RenameMailbox, Subscribe
from tuimail.errors import NeedsYes, UsageError
from tuimail.model import AccountName, EnvelopeId, Mailbox, MailboxId, Role
from tuimail.store import Store
from tuimail.store.maildirs.folder_names import check_name
from tuimail.wishes.deed import Done, Making, messages_of


def mailbox_create(
    store: Store, account: AccountName, name: str, parent: MailboxId | None = None, *, at: int
) -> Done | None:
    """Make a mailbox; `name` is the full one, or below `parent`. Raises UsageError."""
    with store.transaction(durable=True):
        deed = Making(store)
        full = _full_name(deed, account, name, parent)
        if store.mailboxes.find(account, full) is not None:
            raise UsageError(f"There is a mailbox {full} already.", "Choose another name.")
        deed.places.named(account, full)
        deed.actions, deed.places.making = deed.places.making, []
        return deed.do(f"Made the mailbox {full}", at=at)


def mailbox_made(store: Store, account: AccountName, name: str, *, at: int) -> MailboxId:
    """The mailbox of that full name, made when there is none. Raises UsageError."""
    known = store.mailboxes.find(account, name.strip())
    if known is None:
        mailbox_create(store, account, name, at=at)
        known = store.mailboxes.find(account, _full_name(Making(store), account, name, None))
    if known is None:
        raise UsageError(f"The mailbox {name} cannot be made.", "Choose another name.")
    return known.id


def mailbox_rename(store: Store, mailbox_id: MailboxId, name: str, *, at: int) -> Done | None:
    """Give a mailbox, and all below it, another full name. Raises UsageError."""
    with store.transaction(durable=True):
        deed = Making(store)
        mailbox = deed.places.of(mailbox_id)
        _refuse_purpose(deed, mailbox)
        full = _full_name(deed, mailbox.account, name, None)
        if full == mailbox.name:
            return None
        if mailbox.delimiter and full.startswith(f"{mailbox.name}{mailbox.delimiter}"):
            raise UsageError("A mailbox cannot lie in itself.", "Choose another name.")
        if store.mailboxes.find(mailbox.account, full) is not None:
            raise UsageError(f"There is a mailbox {full} already.", "Choose another name.")
        deed.actions.append(RenameMailbox(mailbox.account, mailbox.id, mailbox.name, full))
        return deed.do(f"Renamed {mailbox.name} to {full}", at=at)


def mailbox_delete(store: Store, mailbox_id: MailboxId, *, at: int, sure: bool = False) -> Done | None:
    """Delete a mailbox; its messages go to the trash before. Raises NeedsYes when nobody is `sure`, UsageError."""
    with store.transaction(durable=True):
        deed = Making(store)
        mailbox = deed.places.of(mailbox_id)
        _refuse_purpose(deed, mailbox)
        if mailbox.role is Role.TRASH:
            raise UsageError("The trash itself stays.", "Empty it instead.")
        count = max(mailbox.total, mailbox.server_total or 0)
        if not sure:
            what = f" Its {messages_of(count)} {'goes' if count == 1 else 'go'} to the trash." if count else ""
            raise NeedsYes(
                f"Delete the mailbox {mailbox.name}?{what} Once the server has done it, this cannot be undone.", count
            )
        ids = [EnvelopeId(identity) for identity, _ in store.envelopes.newest([mailbox.id])]
        if ids:
            trash = deed.places.with_role(mailbox.account, Role.TRASH)
            deed.actions += [Move(one.account, one.target, trash) for one in store.deeds.messages(ids)]
        deed.actions.append(DeleteMailbox(mailbox.account, mailbox.id, mailbox.name))
        return deed.do(f"Deleted the mailbox {mailbox.name}", at=at)


def subscribe(store: Store, mailbox_id: MailboxId, subscribed: bool = True, *, at: int) -> Done | None:
    """Subscribe to a mailbox, or no longer. Raises UsageError."""
    with store.transaction(durable=True):
        deed = Making(store)
        mailbox = deed.places.of(mailbox_id)
        if mailbox.subscribed == subscribed:
            return None
        deed.actions.append(Subscribe(mailbox.account, mailbox.id, mailbox.name, subscribed))
        return deed.do(f"{'Subscribed to' if subscribed else 'Unsubscribed from'} {mailbox.name}", at=at)


def _full_name(deed: Making, account: AccountName, name: str, parent: MailboxId | None) -> str:
    """A name that can be. Raises UsageError."""
    if deed.places.is_local(account):
        name = check_name(name)
    name = name.strip()
    if not name:
        raise UsageError("A mailbox needs a name.", "Type one, for example Receipts.")
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in name):
        raise UsageError("A mailbox's name cannot hold control characters.", "Choose another name.")
    if parent is None:
        return name
    above = deed.places.of(parent)
    if not above.delimiter:
        raise UsageError(f"Nothing can lie below {above.name} on this server.", "Make it at the top.")
    return f"{above.name}{above.delimiter}{name}"


def _refuse_purpose(deed: Making, mailbox: Mailbox) -> None:
    """The inbox stays, and on this computer every mailbox with a purpose does."""
    if mailbox.role is Role.INBOX or (mailbox.role is not Role.NONE and deed.places.is_local(mailbox.account)):
        raise UsageError(f"{mailbox.name} has a purpose of its own and stays.", "Make another mailbox instead.")
