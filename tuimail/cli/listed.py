"""How messages and their mailboxes are named and printed, whichever command found them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tuimail.cli.cli import Cli, one_of
from tuimail.cli.output import Cell, Column, Text, nearest
from tuimail.cli.times import iso, local
from tuimail.errors import UsageError, Vanished
from tuimail.model import BodyState, Envelope, EnvelopeId, Flag, Mailbox, Role, Row
from tuimail.store import Store

FLAG_WORDS = {
    "seen": Flag.SEEN,
    "answered": Flag.ANSWERED,
    "flagged": Flag.FLAGGED,
    "deleted": Flag.DELETED,
    "draft": Flag.DRAFT,
}


class Listed(NamedTuple):
    """A row of a list, and the mailbox it stands in."""

    row: Row
    mailbox: Mailbox


def envelope_values(envelope: Envelope) -> dict[str, object]:
    """An envelope as JSON shows it."""
    return {
        "id": envelope.id,
        "account": envelope.account,
        "mailbox": envelope.mailbox,
        "uid": envelope.uid,
        "uidl": envelope.uidl,
        "message_id": envelope.message_id,
        "from": envelope.from_,
        "to": envelope.to,
        "cc": envelope.cc,
        "subject": envelope.subject,
        "date": iso(envelope.sort_at),
        "size_octets": envelope.size_octets,
        "flags": [*flag_names(envelope.flags), *envelope.keywords.split()],
        "has_attachments": envelope.has_attachments,
        "thread_id": envelope.thread_id,
        "body": envelope.body.name.lower(),
    }


def _listed_values(envelope: Envelope, row: Row) -> dict[str, object]:
    values = envelope_values(envelope)
    if row.thread is not None:
        people = [name or "me" for name in row.thread.names]
        values["thread"] = {"count": row.thread.messages, "unread": row.thread.unread, "people": people}
    return values


def flag_names(bits: int) -> list[str]:
    """The words of system flags: `seen`, `flagged`."""
    return [word for word, flag in FLAG_WORDS.items() if bits & flag]


def envelope_of(store: Store, envelope_id: int) -> Envelope:
    """The message of this number; raises Vanished."""
    envelope = store.envelopes.envelope(EnvelopeId(envelope_id))
    if envelope is None:
        raise Vanished(f"There is no message {envelope_id}.", "`tuimail list` prints the messages there are.")
    return envelope


def named_mailboxes(known: Sequence[Mailbox], wanted: str) -> list[Mailbox]:
    """Those that are meant: by the whole name, by what they are for, by the last part of the name."""
    name = one_of(wanted, [mailbox.name for mailbox in known])
    found = [mailbox for mailbox in known if mailbox.name == name]
    found = found or [mailbox for mailbox in known if mailbox.role and mailbox.role == wanted.casefold()]
    return found or [mailbox for mailbox in known if mailbox.leaf.casefold() == wanted.casefold()]


def meant_mailboxes(known: Sequence[Mailbox], wanted: str) -> list[Mailbox]:
    """As `named_mailboxes`, else as searches and the journal write it: ACCOUNT/MAILBOX."""
    of, _, name = wanted.partition("/")
    found = named_mailboxes(known, wanted)
    return found or named_mailboxes([mailbox for mailbox in known if mailbox.account == of], name)


def chosen_mailboxes(cli: Cli, store: Store) -> list[Mailbox]:
    """The mailbox that the options name, else the inboxes; raises UsageError and Vanished."""
    account = cli.account(cli.options.account).name if cli.options.account else None
    known = store.mailboxes.all(account)
    wanted = cli.options.mailbox
    if wanted is None:
        found = [mailbox for mailbox in known if mailbox.role is Role.INBOX]
        if not found:
            raise Vanished("No inbox is known yet.", "`tuimail sync` looks for it.")
        return found
    found = meant_mailboxes(known, wanted)
    if not found:
        names = dict.fromkeys(mailbox.name for mailbox in known)
        hint = nearest(wanted, names) or "`tuimail mailboxes` prints their names."
        raise UsageError(f"There is no mailbox {wanted}.", hint)
    return found


def print_listed(cli: Cli, store: Store, listed: Sequence[Listed], *, several: bool) -> None:
    """Rows, with their mailboxes when they are of `several`. A row for a conversation says who and how many."""
    if cli.out.as_json:
        cli.out.json([_listed_values(envelope, each.row) for each in listed
                      if (envelope := store.envelopes.envelope(each.row.id))])  # fmt: skip
        return
    if not listed:
        return
    columns = [
        Column("ID", right=True), Column(""), Column("DATE"), Column("FROM", flexible=True),
        Column("SUBJECT", flexible=True),
    ]  # fmt: skip
    rows = [_row(each.row) for each in listed]
    if several:
        columns.insert(3, Column("MAILBOX", flexible=True))
        accounts = len({each.mailbox.account for each in listed}) > 1
        for row, each in zip(rows, listed, strict=True):
            row.insert(3, f"{each.mailbox.account}/{each.mailbox.name}" if accounts else each.mailbox.name)
    cli.out.table(columns, rows)


def _row(row: Row) -> list[Text]:
    unread = not row.flags & Flag.SEEN
    style = "bold" if unread else ""
    marks = "".join((
        "N" if unread else " ",
        "*" if row.flags & Flag.FLAGGED else " ",
        "r" if row.flags & Flag.ANSWERED else " ",
        "@" if row.has_attachments else " ",
        " " if row.body == BodyState.ABSENT else "=",
    ))  # fmt: skip
    return [
        str(row.id),
        Cell(marks, "accent"),
        local(row.sort_at),
        Cell(row.sender or "(nobody)", style),
        Cell(row.subject or "(no subject)", style),
    ]
