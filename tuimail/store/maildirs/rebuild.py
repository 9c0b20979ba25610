"""mail.db made again from the Maildirs: for when it is damaged or lost.

What lives here: the order of things. The new file is complete before it takes the place
of the old one, which is put aside and never deleted. What servers can tell again (IMAP)
is left to them; what only the old file knows is carried over as far as it can be read
(`salvage`): drafts, mail on its way out, actions that wait, keywords.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tuimail.errors import MailError
from tuimail.model import AccountName
from tuimail.paths import Paths
from tuimail.store.aside import complete, finish
from tuimail.store.aside import remove as remove_database
from tuimail.store.database import Database
from tuimail.store.maildirs.filing import Described
from tuimail.store.maildirs.salvage import Carried, Old
from tuimail.store.migrations import bring_up_to_date
from tuimail.store.store import Store


class KnownAccount(NamedTuple):
    """An account of the configuration."""

    name: AccountName
    address: str
    protocol: str
    root: Path | None = None
    """The Maildir of a `maildir` account; None for our own, and for IMAP."""
    describe: Callable[[bytes], Described] | None = None
    """What its messages say, where it differs from other accounts: whether attachments are held."""


class Rebuilt(NamedTuple):
    """What came of it."""

    messages: int
    put_aside: Path | None
    """The old file; None when there was none."""
    findings: tuple[str, ...]
    carried: Carried = Carried()


def rebuild(
    paths: Paths, accounts: Sequence[KnownAccount], describe: Callable[[bytes], Described],
    *, progress: Callable[[int], None] | None = None, clock: Callable[[], float] = time.time,
) -> Rebuilt:
    """Make mail.db again. No engine may run. `progress` is told how many messages are listed.

    Raises StoreError; then the old file is where it was.
    """
    paths.make()
    finish(paths.mail_db)
    file = paths.mail_db.with_name(f"{paths.mail_db.name}.rebuilding")
    remove_database(file)
    count = 0

    def counting(raw: bytes, describe: Callable[[bytes], Described]) -> Described:
        nonlocal count
        count += 1
        if progress is not None:
            progress(count)
        return describe(raw)

    findings: list[str] = []
    carried = Carried()
    old = _open_old(paths.mail_db, findings)
    database = Database.open(file)
    try:
        bring_up_to_date(database)
        store = Store(database, paths.parts_db, paths.maildir, write=True)
        salvage = None if old is None else store.local.salvage(
            old, [(account.name, account.protocol) for account in accounts]
        )
        if salvage is not None:
            salvage.before()
        store.accounts.sync_names((account.name, account.address, account.protocol) for account in accounts)
        for account in accounts:
            if account.protocol != "imap":
                known = partial(counting, describe=account.describe or describe)
                findings += _read_account(store, account, known, at=int(clock()))
        if salvage is not None:
            carried = salvage.after()
            store.repair_counters()
            salvage.show()
        store.repair_counters()
        messages = sum(mailbox.total for mailbox in store.mailboxes.all())
    finally:
        database.close()
        if old is not None:
            old.close()
    put_aside = complete(paths.mail_db, file)
    return Rebuilt(messages, put_aside, (*findings, *carried.findings), carried)


def _read_account(
    store: Store, account: KnownAccount, describe: Callable[[bytes], Described], *, at: int
) -> list[str]:
    """List all mail of a Maildir; what was passed over, in sentences."""
    findings: list[str] = []
    try:
        findings += store.local.open_account(account.name, account.root)
        findings += store.local.scan(account.name, describe).findings
        store.local.uidls.restore(account.name, at=at)
    except MailError as exc:
        if account.root is None:
            raise
        findings.append(f"{account.name}: {exc.sentence}")  # a Maildir of others may be on a disk that is away
    return findings


def _open_old(file: Path, findings: list[str]) -> Old | None:
    """The old file, as far as it can be read at all."""
    if not file.exists():
        return None
    old = Old.open(file)
    if old is None:
        findings.append(
            "The old mail.db cannot be read: drafts, mail on its way out and waiting actions in it"
            " were not carried over."
        )
    return old
