"""Values for tests of the UI: rows, mailboxes, accounts, with what matters named."""

from __future__ import annotations

from tuimail.model import (
    Account,
    AccountId,
    AccountName,
    AccountStatus,
    EnvelopeId,
    Mailbox,
    MailboxId,
    Role,
    Row,
)

NOW = 1_773_306_720
"""Thu 12 Mar 2026, 09:12 UTC."""


def row(
    id: int = 1,
    *,
    sort_at: int = NOW,
    flags: int = 0,
    sender: str = "Grace Hopper",
    subject: str = "Compiler review",
    size_octets: int = 1234,
    has_attachments: bool = False,
    body: int = 0,
) -> Row:
    """One line of a list."""
    return Row(EnvelopeId(id), sort_at, int(flags), "", sender, subject, size_octets, has_attachments, body, id)


def account(
    name: str = "work",
    *,
    status: AccountStatus = AccountStatus.ONLINE,
    sentence: str = "",
    synced_at: int | None = NOW,
    pending: int = 0,
) -> Account:
    """One account."""
    return Account(
        AccountId(1), AccountName(name), "ada@example.org", "imap", status, sentence, NOW - 3600, synced_at, pending
    )


def mailbox(
    id: int = 1,
    *,
    account: str = "work",
    name: str = "Projects",
    delimiter: str = "/",
    role: Role = Role.NONE,
    total: int = 0,
    unread: int = 0,
    selectable: bool = True,
    synced_at: int | None = NOW,
    error: str = "",
    complete: bool = True,
) -> Mailbox:
    """One mailbox."""
    return Mailbox(
        id=MailboxId(id), account=AccountName(account), name=name, delimiter=delimiter, role=role,
        selectable=selectable, subscribed=True, total=total, unread=unread, server_total=None, server_unread=None,
        synced_at=synced_at, complete=complete, error=error, revision=1,
    )  # fmt: skip
