"""After a message was sent: its copy into Sent, and the mark on what it answered.

Both are waiting actions like any other, with a life of their own: whatever becomes of
them, the message is not sent again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tuimail.actions import Append, CreateMailbox, SetFlags, Target
from tuimail.config import Protocol
from tuimail.engine.desk import Desk
from tuimail.engine.send.plan import saves_sent
from tuimail.model import EnvelopeId, Flag, MailboxId, Role
from tuimail.store import Store
from tuimail.store.writing.sending import Sent

NAME: Final = "Sent"
"""Of the mailbox that is made where an account has none for the purpose."""
NO_ROW: Final = EnvelopeId(0)
"""The copy is listed once it is there: until then it can be seen in the outbox."""
UNKNOWN_MAILBOXES: Final = "Sent. Its copy is put into Sent once the mailboxes of the account are known."


class Filed(NamedTuple):
    """What could be done about copies."""

    added: bool
    """Actions wait now that did not before."""
    waits: bool
    """Some have no mailbox to go to yet."""


def file_sent(store: Store, desk: Desk, *, at: int) -> Filed:
    """Bring what was sent on its way into Sent."""
    made = [_file(store, desk, sent, at) for sent in store.sending.unfiled(desk.name) if sent.filing is None]
    return Filed(any(made), None in made)


def _file(store: Store, desk: Desk, sent: Sent, at: int) -> bool | None:
    """One message: its copy and its mark in one transaction, so that a crash makes neither twice.

    Whether actions wait for it now; None when it must wait for its mailbox.
    """
    if sent.raw is None or sent.is_rest or not saves_sent(desk.account):
        with store.transaction(durable=True):
            marked = _mark(store, sent, at)
            store.sending.filed(sent.id)
        return marked
    with store.transaction(durable=True):
        mailbox = _sent_mailbox(store, desk, at)
        if mailbox is None:
            store.sending.say(sent.id, UNKNOWN_MAILBOXES)
            return None
        _mark(store, sent, at)
        copy = Append(
            desk.name, Target(NO_ROW, mailbox, None, None, sent.message_id), sent.raw, flags=int(Flag.SEEN),
            received_at=sent.sent_at,
        )  # fmt: skip
        for pending_id in store.pending.add([copy], at=at):
            store.sending.filing(sent.id, pending_id)
        store.sending.unsay(sent.id, UNKNOWN_MAILBOXES)
    return True


def _sent_mailbox(store: Store, desk: Desk, at: int) -> MailboxId | None:
    """Where copies go; made when there is none. None while the mailboxes of the account are not known."""
    if desk.account.receive.protocol is not Protocol.IMAP:
        return store.local.folders.special(desk.name, Role.SENT)
    mailbox = store.mailboxes.with_role(desk.name, Role.SENT) or store.mailboxes.find(desk.name, NAME)
    if mailbox is not None:
        return mailbox.id
    if not store.mailboxes.all(desk.name):
        return None
    store.pending.add([CreateMailbox(desk.name, MailboxId(0), NAME)], at=at)
    made = store.mailboxes.find(desk.name, NAME)
    return made.id if made is not None else None


def _mark(store: Store, sent: Sent, at: int) -> bool:
    """Mark the message that was answered or passed on, where it still is; whether an action waits for that."""
    envelope = store.envelopes.envelope(sent.answers) if sent.answers is not None and sent.answer_flag else None
    if envelope is None:
        return False
    target = Target(envelope.id, envelope.mailbox_id, envelope.uid, envelope.uid_validity, envelope.message_id)
    if sent.answer_flag.lower() == "\\answered":
        action = SetFlags(envelope.account, target, add=int(Flag.ANSWERED))
    else:
        action = SetFlags(envelope.account, target, add_keywords=(sent.answer_flag,))
    return bool(store.pending.add([action], at=at))
