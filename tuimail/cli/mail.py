"""`mailboxes`, `list`, `flag`: what is read from the store alone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from tuimail.cli.cli import Cli
from tuimail.cli.listed import (
    FLAG_WORDS,
    Listed,
    chosen_mailboxes,
    envelope_of,
    envelope_values,
    flag_names,
    print_listed,
)
from tuimail.cli.output import Cell, Column, Text
from tuimail.cli.parser import CLEAR, message_id
from tuimail.cli.times import iso
from tuimail.errors import UsageError
from tuimail.model import Flag, Mailbox

FORBIDDEN_IN_KEYWORDS = set('(){ %*"\\]')
"""RFC 9051 9, flag-keyword: an atom."""


# --- mailboxes ------------------------------------------------------------------


def mailboxes(cli: Cli) -> int:
    """Print the mailboxes."""
    account = cli.account(cli.options.account).name if cli.options.account else None
    with cli.store() as store:
        found = store.mailboxes.all(account)
    if cli.out.as_json:
        cli.out.json([mailbox_values(mailbox) for mailbox in found])
        return 0
    if not found:
        cli.out.note("No mailbox is known yet. `tuimail sync` looks for them.")
        return 0
    several = len({mailbox.account for mailbox in found}) > 1
    columns = [
        Column("MAILBOX", flexible=True), Column("FOR"), Column("UNREAD", right=True), Column("TOTAL", right=True),
        Column("", flexible=True),
    ]  # fmt: skip
    rows = [_mailbox_row(mailbox) for mailbox in found]
    if several:
        columns.insert(0, Column("ACCOUNT"))
        rows = [(mailbox.account, *row) for mailbox, row in zip(found, rows, strict=True)]
    cli.out.table(columns, rows)
    return 0


def mailbox_values(mailbox: Mailbox) -> dict[str, object]:
    """A mailbox as JSON shows it."""
    return {
        "id": mailbox.id,
        "account": mailbox.account,
        "name": mailbox.name,
        "role": str(mailbox.role),
        "selectable": mailbox.selectable,
        "subscribed": mailbox.subscribed,
        "total": mailbox.total,
        "unread": mailbox.unread,
        "server_total": mailbox.server_total,
        "server_unread": mailbox.server_unread,
        "synced_at": iso(mailbox.synced_at),
        "complete": mailbox.complete,
        "error": mailbox.error,
    }


def _mailbox_row(mailbox: Mailbox) -> tuple[Text, ...]:
    total = mailbox.total if mailbox.server_total is None or mailbox.complete else mailbox.server_total
    unread = mailbox.unread if mailbox.server_unread is None or mailbox.complete else mailbox.server_unread
    state = mailbox.error
    if not state and mailbox.selectable and mailbox.synced_at is None:
        state = "not loaded yet"
    elif not state and mailbox.selectable and mailbox.total < total:
        state = f"{mailbox.total:,} of them are here"
    return (
        Cell(mailbox.name, "bold" if unread else ""),
        str(mailbox.role),
        f"{unread:,}" if unread else "",
        f"{total:,}" if mailbox.selectable else "",
        Cell(state, "bad" if mailbox.error else "dim"),
    )


# --- list -------------------------------------------------------------------------


def list_messages(cli: Cli) -> int:
    """Print the newest messages of the inboxes or of one mailbox, or what a view shows."""
    options = cli.options
    if options.view or options.threads or options.reverse or options.sort != "date":
        from tuimail.cli.views import list_view  # 4 ms that a plain list does not wait for

        return list_view(cli)
    with cli.store() as store:
        chosen = chosen_mailboxes(cli, store)
        listed: list[Listed] = []
        for mailbox in chosen:
            rows = store.envelopes.window(mailbox.id, 0, cli.options.limit).rows
            listed += [Listed(row, mailbox) for row in rows]
        listed.sort(key=lambda each: (each.row.sort_at, each.row.id), reverse=True)
        print_listed(cli, store, listed[: cli.options.limit], several=len(chosen) > 1)
    if not listed and not cli.out.as_json:
        names = ", ".join(mailbox.name for mailbox in chosen)
        loaded = all(mailbox.synced_at is not None for mailbox in chosen)
        cli.out.note(f"{names} is empty." if loaded else f"{names} is not loaded yet. `tuimail sync` fetches it.")
    return 0


# --- flag ---------------------------------------------------------------------------


class FlagWishes(NamedTuple):
    """What `flag` was asked to do."""

    ids: tuple[int, ...]
    add: int
    remove: int
    add_keywords: tuple[str, ...]
    remove_keywords: tuple[str, ...]


def flag(cli: Cli) -> int:
    """Change flags of messages: here at once, on the server when it can be reached."""
    from tuimail.wishes.acting import change_flags  # deferred: 12 ms that `list` does not pay

    wishes = read_wishes(cli.options.words)
    with cli.store(write=True) as store:
        ids = [envelope_of(store, envelope_id).id for envelope_id in wishes.ids]
        change_flags(
            store, ids, at=int(time.time()), add=wishes.add, remove=wishes.remove, add_keywords=wishes.add_keywords,
            remove_keywords=wishes.remove_keywords,
        )  # fmt: skip
        changed = [envelope_of(store, envelope_id) for envelope_id in ids]
    wake_engine(cli)
    if cli.out.as_json:
        cli.out.json([envelope_values(envelope) for envelope in changed])
        return 0
    for envelope in changed:
        names = [*flag_names(envelope.flags), *envelope.keywords.split()]
        cli.out.line(f"{envelope.id}  {' '.join(names) or 'no flags'}")
    return 0


def read_wishes(words: Iterable[str]) -> FlagWishes:
    """IDs and changes out of the words of `flag`; raises UsageError."""
    ids: list[int] = []
    add = remove = Flag.NONE
    add_keywords: list[str] = []
    remove_keywords: list[str] = []
    for word in words:
        number = message_id(word)
        if number is not None:
            ids.append(number)
        elif word[:1] in ("+", CLEAR):
            name = word[1:].removeprefix("\\")
            bit = FLAG_WORDS.get(name.casefold())
            if bit is None:
                _check_keyword(name)
                (add_keywords if word[0] == "+" else remove_keywords).append(name)
            elif word[0] == "+":
                add |= bit
            else:
                remove |= bit
        else:
            raise UsageError(
                f"{word} is neither the number of a message nor a change such as +seen or -flagged.",
                "It is, for example: tuimail flag 17 +seen -flagged",
            )
    if not ids or not (add or remove or add_keywords or remove_keywords):
        missing = "a change such as +seen" if ids else "the number of a message"
        raise UsageError(f"There is {missing} missing.", "It is, for example: tuimail flag 17 +seen -flagged")
    both = add & remove or set(add_keywords) & set(remove_keywords)
    if both:
        raise UsageError("The same flag cannot be set and cleared at once.", "Leave one of both out.")
    return FlagWishes(tuple(dict.fromkeys(ids)), add, remove, tuple(add_keywords), tuple(remove_keywords))


def _check_keyword(name: str) -> None:
    good = name.isascii() and name.isprintable() and not FORBIDDEN_IN_KEYWORDS & set(name)
    if not name or not good or len(name) > 64:
        raise UsageError(
            f"{name!r} cannot be a keyword.",
            "Keywords are at most 64 ASCII characters, without spaces, quotes and brackets.",
        )


def wake_engine(cli: Cli) -> None:
    """Tell an engine that runs; without one, the change waits for the next sync."""
    from tuimail.engine.office import Office, engine_runs  # deferred: 15 ms that `list` does not pay
    from tuimail.engine.protocol import Wake

    if not engine_runs(cli.paths):
        cli.out.note("It will be told to the server with the next `tuimail sync`, or when `tuimail` runs.")
        return
    office = Office.join(cli.paths, on_notice=lambda notice: None, watch=False, start=False)
    try:
        if office.wait_ready(2.0):
            office.send(Wake())
    finally:
        office.close()
