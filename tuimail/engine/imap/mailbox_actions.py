"""Mailboxes made, renamed, deleted, subscribed to on a server, as they were here before.

An action that was interrupted may have happened: then a refusal is weighed against the
server's list.
"""

from __future__ import annotations

from tuimail.actions import CreateMailbox, DeleteMailbox, MailboxAction, RenameMailbox, Subscribe
from tuimail.engine.imap.ground import Ground
from tuimail.errors import ServerRefused
from tuimail.model import PendingId


def tell(ground: Ground, pending_id: PendingId, action: MailboxAction) -> None:
    """Tell one action, and write down that it was done. Raises ServerRefused, ConnectionProblem."""
    pending = ground.store.pending
    was_begun = pending_id in pending.begun([pending_id])
    pending.begin([pending_id], None, None)
    try:
        _carry_out(ground, action)
    except ServerRefused as exc:
        if not _is_so_already(ground, action, exc, was_begun=was_begun):
            raise
    pending.done([pending_id])


def _carry_out(ground: Ground, action: MailboxAction) -> None:
    session = ground.session
    match action:
        case CreateMailbox():
            ground.create(action.name)
        case RenameMailbox():
            ground.leave()
            session.rename(action.name, action.new_name)
        case DeleteMailbox():
            ground.leave()
            session.delete(action.name)
        case Subscribe():
            session.subscribe(action.name, subscribed=action.subscribed)


def _is_so_already(ground: Ground, action: MailboxAction, refused: ServerRefused, *, was_begun: bool) -> bool:
    """Whether the server refuses only because it has done so before."""
    if isinstance(action, CreateMailbox) and refused.code == "ALREADYEXISTS":
        return True
    if isinstance(action, DeleteMailbox) and refused.code == "NONEXISTENT":
        return True
    if isinstance(action, Subscribe) or not was_begun:
        return False
    names = {listed.name for listed in ground.session.list_mailboxes() if listed.selectable}
    match action:
        case CreateMailbox():
            return action.name in names
        case RenameMailbox():
            return action.new_name in names and action.name not in names
        case DeleteMailbox():
            return action.name not in names
