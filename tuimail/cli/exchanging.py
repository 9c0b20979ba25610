"""`import` and `export`: mail from and to Maildirs and mbox files, octet for octet."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path

from tuimail.cli.accounts import tell_engine
from tuimail.cli.cli import Cli
from tuimail.cli.listed import meant_mailboxes, named_mailboxes
from tuimail.cli.output import Printer, count_words, nearest, size_words
from tuimail.config import AccountConfig, Protocol
from tuimail.engine.local.describe import describe
from tuimail.errors import UsageError
from tuimail.model import Mailbox, MailboxId
from tuimail.store import Store
from tuimail.store.maildirs.exchange import Exchanged, export_maildir, export_mbox, import_maildir, import_mbox

BAR_CELLS = 24
EVERY_S = 0.1
IMPORTED = "Imported"
"""Where the messages of an mbox file go when nobody says."""
LOCAL = (Protocol.POP3, Protocol.MAILDIR)


def import_mail(cli: Cli) -> int:
    """Take a Maildir or an mbox file into local mailboxes."""
    path = Path(cli.options.path).expanduser().absolute()
    if not path.exists():
        raise UsageError(f"There is no {path}.", "Name a Maildir (a directory) or an mbox file.")
    account = _local_account(cli)
    root = account.receive.path if account.receive.protocol is Protocol.MAILDIR else None
    known = functools.partial(describe, hold=account.receive.quarantine)
    with cli.store(write=True) as store:
        store.accounts.sync_names(
            (each.name, each.address, each.receive.protocol) for each in cli.config.accounts.values()
        )
        store.local.open_account(account.name, root)
        bar = Bar(cli.out, "Importing", "messages" if path.is_dir() else "octets")
        if path.is_dir():
            below = cli.options.mailbox or ""
            done = import_maildir(store, account.name, path, known, below=below, progress=bar.step)
            where = below or "the mailboxes of the same names"
        else:
            where = cli.options.mailbox or IMPORTED
            mailbox_id = _mailbox_for(store, account, where)
            done = import_mbox(store, mailbox_id, path, known, progress=bar.step)
        bar.end()
    tell_engine(cli)
    return _told(cli, done, f"Imported {{}} into {where} of {account.name}.", account=account.name, mailbox=where)


def export_mail(cli: Cli) -> int:
    """Write mailboxes to a new Maildir or to one mbox file."""
    options = cli.options
    path = Path(options.maildir or options.mbox).expanduser().absolute()
    with cli.store() as store:
        mailboxes = _mailboxes(cli, store)
        bar = Bar(cli.out, "Exporting", "messages")
        ids = [mailbox.id for mailbox in mailboxes]
        if options.maildir:
            done = export_maildir(store, ids, path, progress=bar.step)
        else:
            done = export_mbox(store, ids, path, overwrite=options.overwrite, progress=bar.step)
        bar.end()
    return _told(cli, done, f"Exported {{}} to {path}.", path=str(path), mailboxes=[each.name for each in mailboxes])


class Bar:
    """A progress bar on the line where a person looks; nothing elsewhere."""

    def __init__(self, out: Printer, doing: str, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._doing = doing
        self._unit = unit
        self._clock = clock
        self._drawn_at = float("-inf")

    def step(self, done: int, total: int) -> None:
        """So much of so much."""
        now = self._clock()
        if now - self._drawn_at < EVERY_S and done < total:
            return
        self._drawn_at = now
        self._out.progress(bar_line(self._doing, self._unit, done, total))

    def end(self) -> None:
        """Take it away."""
        self._out.progress("")


def bar_line(doing: str, unit: str, done: int, total: int) -> str:
    """`Importing ━━━━━━────── 40 %  1,204 of 3,010 messages`.

    >>> bar_line("Exporting", "messages", 1, 2)
    'Exporting ━━━━━━━━━━━━────────────  50 %  1 of 2 messages'
    """
    share = min(1.0, done / total) if total > 0 else 1.0
    full = int(share * BAR_CELLS)
    far = f"{size_words(done)} of {size_words(total)}" if unit == "octets" else f"{done:,} of {total:,} {unit}"
    return f"{doing} {'━' * full}{'─' * (BAR_CELLS - full)} {share * 100:3.0f} %  {far}"


def _local_account(cli: Cli) -> AccountConfig:
    """The account that mail is taken into: the one that is named, or the only one whose mail lies here."""
    if cli.options.account:
        account = cli.account(cli.options.account)
        if account.receive.protocol not in LOCAL:
            raise UsageError(f"The mail of {account.name} lies on a server.", "Import into a pop3 or maildir account.")
        return account
    here = [each for each in cli.some_config().accounts.values() if each.receive.protocol in LOCAL]
    if len(here) == 1:
        return here[0]
    if here:
        raise UsageError("Into which account?", "Name one: --account " + " or ".join(each.name for each in here))
    raise UsageError(
        "There is no account whose mail lies here.", "`tuimail account add --protocol maildir --path DIR` makes one."
    )


def _mailbox_for(store: Store, account: AccountConfig, name: str) -> MailboxId:
    found = named_mailboxes(store.mailboxes.all(account.name), name)
    return found[0].id if found else store.local.folders.create(account.name, name)


def _mailboxes(cli: Cli, store: Store) -> list[Mailbox]:
    """What is exported: one mailbox, or all of an account."""
    options = cli.options
    accounts = [cli.account(options.account).name] if options.account else list(cli.some_config().accounts)
    if len(accounts) > 1:
        raise UsageError("Of which account?", "Name one: --account " + " or ".join(accounts))
    found = [each for each in store.mailboxes.all(accounts[0]) if each.selectable]
    if not options.mailbox:
        return found
    chosen = meant_mailboxes(found, options.mailbox)
    if not chosen:
        hint = nearest(options.mailbox, [each.name for each in found]) or "`tuimail mailboxes` prints their names."
        raise UsageError(f"There is no mailbox {options.mailbox}.", hint)
    return chosen[:1]


def _told(cli: Cli, done: Exchanged, sentence: str, **values: object) -> int:
    """Say what was done, and each thing that was passed over; 1 when there was any."""
    if cli.out.as_json:
        cli.out.json({**values, "messages": done.messages, "findings": list(done.findings)})
    else:
        cli.out.line(sentence.replace("{}", count_words(done.messages, "message")))
        for finding in done.findings:
            cli.out.note(finding)
    return 1 if done.findings else 0
