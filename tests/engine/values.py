"""Plain values that many tests of the engine need."""

from __future__ import annotations

from tuimail.actions import SetFlags, Target
from tuimail.model import AccountName, EnvelopeId, Mailbox, MailboxId, Role, Uid, UidValidity

ACCOUNT = AccountName("work")


def mailbox(number: int, role: Role = Role.NONE, *, selectable: bool = True) -> Mailbox:
    """A mailbox that was never looked into."""
    return Mailbox(
        id=MailboxId(number), account=ACCOUNT, name=f"Box {number}", delimiter="/", role=role, selectable=selectable,
        subscribed=True, total=0, unread=0, server_total=None, server_unread=None, synced_at=None, complete=False,
        error="", revision=0,
    )  # fmt: skip


def set_flags(envelope: int, *, add: int = 0, remove: int = 0, mailbox_id: int = 1, keywords: str = "") -> SetFlags:
    """An action on a message whose uid is its envelope's number."""
    target = Target(EnvelopeId(envelope), MailboxId(mailbox_id), Uid(envelope), UidValidity(9), f"<{envelope}@x>")
    return SetFlags(ACCOUNT, target, add=add, remove=remove, add_keywords=tuple(keywords.split()))
