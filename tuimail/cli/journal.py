"""`journal list`, `retry`, `drop`: what waits for a server, and what it refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tuimail.cli.cli import Cli
from tuimail.cli.mail import wake_engine
from tuimail.cli.output import Cell, Column
from tuimail.cli.times import ago, iso
from tuimail.errors import Vanished
from tuimail.model import PendingId
from tuimail.store import Store
from tuimail.store.acting.pending import Waiting

_MOST = 100_000


def list_journal(cli: Cli) -> int:
    """Print what failed and what waits."""
    with cli.store() as store:
        lines = store.pending.journal(cli.options.limit)
    if cli.out.as_json:
        cli.out.json([values(line) for line in lines])
        return 0
    if not lines:
        cli.out.note("Nothing waits, and nothing failed.")
        return 0
    cli.out.table(
        [Column("N", right=True), Column("STATE"), Column("SINCE"), Column("WHAT", flexible=True),
         Column("WHERE", flexible=True)],
        [
            (
                str(line.id), Cell(line.state, "bad" if line.state == "failed" else ""), ago(line.added_at),
                line.words, f"{line.account}/{line.mailbox}",
            )
            for line in lines
        ],
    )  # fmt: skip
    for line in lines:
        if line.sentence:
            cli.out.line(f"{line.id}: {line.sentence}")
    return 0


def values(line: Waiting) -> dict[str, object]:
    """A line as JSON shows it."""
    return {
        "id": line.id,
        "account": line.account,
        "mailbox": line.mailbox,
        "words": line.words,
        "state": line.state,
        "sentence": line.sentence,
        "tries": line.tries,
        "added_at": iso(line.added_at),
        "deed": line.deed,
    }


def retry(cli: Cli) -> int:
    """Try these again."""
    return _act(cli, lambda store, ids: store.pending.retry(ids), "is tried again", wakes=True)


def drop(cli: Cli) -> int:
    """Forget these; what the server has is shown again."""
    return _act(cli, lambda store, ids: store.pending.drop(ids), "is forgotten", wakes=False)


def _act(cli: Cli, act: Callable[[Store, Iterable[PendingId]], None], done: str, *, wakes: bool) -> int:
    with cli.store(write=True) as store:
        known = {line.id: line for line in store.pending.journal(_MOST)}
        wanted = list(dict.fromkeys(PendingId(number) for number in cli.options.pending_ids))
        for number in wanted:
            if number not in known:
                raise Vanished(f"There is no {number} in the journal.", "`tuimail journal list` prints what there is.")
        act(store, wanted)
    if cli.out.as_json:
        cli.out.json([values(known[number]) for number in wanted])
    else:
        for number in wanted:
            cli.out.line(f"{number} {done}: {known[number].words}")
    if wakes:
        wake_engine(cli)
    return 0
