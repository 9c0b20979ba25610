"""`mailboxes create`, `rename`, `delete`, `subscribe`: the tree is changed, here at once and on the server."""

from __future__ import annotations

import time

from tuimail.cli.acting import mailbox_of, tell, with_yes
from tuimail.cli.cli import Cli
from tuimail.errors import UsageError
from tuimail.model import AccountName, Mailbox
from tuimail.store import Store
from tuimail.wishes import acting


def create(cli: Cli) -> int:
    """Make a mailbox."""
    with cli.store(write=True) as store:
        account = _account(cli) or _only_account(store)
        done = acting.mailbox_create(store, account, cli.options.mailbox, at=int(time.time()))
    return tell(cli, done)


def rename(cli: Cli) -> int:
    """Another name."""
    with cli.store(write=True) as store:
        done = acting.mailbox_rename(store, _named(cli, store).id, cli.options.name, at=int(time.time()))
    return tell(cli, done)


def delete(cli: Cli) -> int:
    """Away with it; its messages go to the trash."""
    with cli.store(write=True) as store:
        mailbox_id = _named(cli, store).id
        done = with_yes(cli, lambda sure: acting.mailbox_delete(store, mailbox_id, at=int(time.time()), sure=sure))
    return tell(cli, done)


def subscribe(cli: Cli) -> int:
    """Subscribe, or no longer."""
    with cli.store(write=True) as store:
        mailbox = _named(cli, store)
        done = acting.subscribe(store, mailbox.id, not cli.options.off, at=int(time.time()))
    return tell(cli, done)


def _named(cli: Cli, store: Store) -> Mailbox:
    return mailbox_of(store, cli.options.mailbox, _account(cli))


def _account(cli: Cli) -> AccountName | None:
    return cli.account(cli.options.account).name if cli.options.account else None


def _only_account(store: Store) -> AccountName:
    accounts = store.accounts.all()
    if len(accounts) != 1:
        raise UsageError("There are several accounts.", "Say which: --account ACCOUNT.")
    return accounts[0].name
