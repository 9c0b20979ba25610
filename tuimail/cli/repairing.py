"""`doctor --repair` and `--rebuild`: put right what can be put right in the store.

Nothing is ever deleted: counters are counted anew, and a damaged store is moved aside once
a new one was made, from the mail files, which are the truth of every account whose mail
lies here, and from what can still be read of the old one.
"""

from __future__ import annotations

import functools

from tuimail import store as store_room
from tuimail.cli.cli import Cli
from tuimail.cli.output import count_words
from tuimail.config import Protocol
from tuimail.engine.local.describe import describe
from tuimail.engine.office import engine_runs
from tuimail.errors import Corrupt, UsageError
from tuimail.store.maildirs.rebuild import KnownAccount, rebuild


def repair(cli: Cli) -> list[str]:
    """Repair the store; what was done, in sentences. Raises UsageError while an engine is at work."""
    if not cli.paths.has_store:
        return []
    _need_rest(cli)
    try:
        with store_room.Store.open(cli.paths) as store:
            if not store.check():
                return []
            store.repair_counters()
            if not store.check():
                return ["Counters in the store were wrong and were counted anew."]
    except Corrupt:
        pass
    return rebuild_store(cli)  # drafts, mail on its way out and waiting actions are in no server and in no mail file


def rebuild_store(cli: Cli) -> list[str]:
    """Make mail.db again from the Maildirs; what was done, in sentences. Raises UsageError while an engine runs."""
    _need_rest(cli)
    accounts = [
        KnownAccount(
            account.name,
            account.address,
            account.receive.protocol,
            account.receive.path if account.receive.protocol is Protocol.MAILDIR else None,
            functools.partial(describe, hold=account.receive.quarantine),
        )
        for account in cli.some_config().accounts.values()
    ]
    done = rebuild(
        cli.paths, accounts, functools.partial(describe, hold=True),
        progress=lambda count: cli.out.progress(f"Reading mail: {count:,}"),
    )  # fmt: skip
    cli.out.progress("")
    said = [f"mail.db was made again from the mail files: {count_words(done.messages, 'message')}."]
    if done.put_aside is not None:
        said.append(f"The old one is {done.put_aside}; nothing in it was changed.")
    carried = [
        count_words(count, *words) for count, words in (
            (done.carried.drafts, ("draft",)),
            (done.carried.outbox, ("message on its way out", "messages on their way out")),
            (done.carried.pending, ("waiting action",)),
        ) if count
    ]  # fmt: skip
    if carried:
        said.append(f"Carried over from the old one: {', '.join(carried)}.")
    if any(account.protocol == Protocol.IMAP for account in accounts):
        said.append("Mail of IMAP accounts is fetched again by `tuimail sync`.")
    return [*said, *done.findings]


def _need_rest(cli: Cli) -> None:
    if engine_runs(cli.paths):
        raise UsageError("The mail engine is at work on this store.", "Close tuimail, and try again in a few seconds.")
