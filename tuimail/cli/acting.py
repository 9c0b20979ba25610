"""`move`, `archive`, `delete`, `junk`, `copy`, `undo`: what is done to messages.

It counts here at once, and is told to servers by an engine: by one that runs, or with the
next `tuimail sync`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tuimail.cli.cli import Cli
from tuimail.cli.listed import envelope_of, meant_mailboxes, named_mailboxes
from tuimail.cli.mail import wake_engine
from tuimail.cli.output import nearest
from tuimail.cli.questions import Questions
from tuimail.cli.waiting import Fetcher
from tuimail.errors import NeedsYes, NotHere, UsageError
from tuimail.model import AccountName, EnvelopeId, Mailbox, MailboxId, Section
from tuimail.store import Store
from tuimail.wishes import acting
from tuimail.wishes.acting import Done

Ids = list[EnvelopeId]


def archive(cli: Cli) -> int:
    """Into the archive."""
    by_year = cli.options.by_year
    return _act(cli, lambda store, ids, at: acting.archive(store, ids, at=at, by_year=by_year))


def delete(cli: Cli) -> int:
    """Into the trash; out of it for good, having asked."""
    doing = acting.delete_for_good if cli.options.for_good else acting.delete
    return _act(cli, lambda store, ids, at: with_yes(cli, lambda sure: doing(store, ids, at=at, sure=sure)))


def junk(cli: Cli) -> int:
    """Junk, or not."""
    doing = acting.not_junk if cli.options.no_junk else acting.junk
    return _act(cli, lambda store, ids, at: doing(store, ids, at=at))


def move(cli: Cli) -> int:
    """Into a mailbox."""
    return _act(cli, lambda store, ids, at: _put(cli, store, ids, acting.move, at))


def copy(cli: Cli) -> int:
    """A copy into a mailbox."""
    return _act(cli, lambda store, ids, at: _put(cli, store, ids, acting.copy, at))


def undo(cli: Cli) -> int:
    """Turn back what was done last."""
    with cli.store(write=True) as store:
        done = acting.undo(store, at=int(time.time()))
    if done is None:
        raise UsageError("There is nothing to undo.", "The last twenty things that were done can be undone.")
    return tell(cli, done)


# --- for the other commands about acting ------------------------------------------


def tell(cli: Cli, done: Done | None) -> int:
    """Say what was done, and wake whoever tells it to servers."""
    if cli.out.as_json:
        cli.out.json({
            "deed": None if done is None else done.deed,
            "sentence": "Nothing was to be done." if done is None else done.sentence,
            "accounts": [] if done is None else list(done.accounts),
        })  # fmt: skip
    elif done is None:
        cli.out.line("Nothing was to be done.")
    else:
        cli.out.line(done.sentence)
    if done is not None:
        wake_engine(cli)
    return 0


def with_yes(cli: Cli, act: Callable[[bool], Done | None]) -> Done | None:
    """Do it; where it cannot be undone, only after a yes: --yes, or that of a person who is asked."""
    try:
        return act(bool(cli.options.yes))
    except NeedsYes as exc:
        if not cli.is_asked:
            raise UsageError(f"{exc.sentence} There is nobody to ask.", "Add --yes; nothing was done.") from exc
        if not Questions(cli.out).yes(exc.sentence, default=False):
            raise UsageError("Nothing was done.") from exc
    return act(True)


def mailbox_of(store: Store, wanted: str, account: AccountName | None) -> Mailbox:
    """The one mailbox that is meant. Raises UsageError, with those that are near."""
    known = store.mailboxes.all(account)
    found = meant_mailboxes(known, wanted)
    if len(found) == 1:
        return found[0]
    if not found:
        hint = nearest(wanted, dict.fromkeys(mailbox.name for mailbox in known))
        raise UsageError(f"There is no mailbox {wanted}.", hint or "`tuimail mailboxes` prints their names.")
    where = ", ".join(sorted({f"{mailbox.name} of {mailbox.account}" for mailbox in found}))
    raise UsageError(f"{wanted} can be several mailboxes: {where}.", "Say which: its whole name, or --account.")


# --- one after the other ------------------------------------------------------------


def _act(cli: Cli, act: Callable[[Store, Ids, int], Done | None]) -> int:
    with cli.store(write=True) as store:
        ids = [envelope_of(store, number).id for number in dict.fromkeys(cli.options.ids)]
        done = act(store, ids, int(time.time()))
    return tell(cli, done)


def _put(
    cli: Cli, store: Store, ids: Ids, doing: Callable[..., Done | None], at: int
) -> Done | None:
    """Move or copy; what has to go through us is fetched first."""
    to = _destination(cli, store, ids)
    try:
        return doing(store, ids, at=at, to=to)
    except NotHere as exc:
        _fetch(cli, store, [EnvelopeId(identity) for identity in exc.ids])
    return doing(store, ids, at=at, to=to)


def _destination(cli: Cli, store: Store, ids: Ids) -> MailboxId:
    """The mailbox that is named: of the account that is named, else of the messages' own, else of any."""
    if cli.options.account:
        return mailbox_of(store, cli.options.mailbox, cli.account(cli.options.account).name).id
    accounts = {envelope_of(store, identity).account for identity in ids}
    own = accounts.pop() if len(accounts) == 1 else None
    if own is not None and named_mailboxes(store.mailboxes.all(own), cli.options.mailbox):
        return mailbox_of(store, cli.options.mailbox, own).id
    return mailbox_of(store, cli.options.mailbox, None).id


def _fetch(cli: Cli, store: Store, ids: Sequence[EnvelopeId]) -> None:
    with Fetcher(cli, store) as fetcher:
        for identity in ids:
            fetcher.fetch(envelope_of(store, identity), Section(""))
