"""Reading and filling a large mailbox: windows at any depth, positions, ingest.

    python -m benchmarks.window [--rows 1000000] [--second-apart 300] [--directory DIR]

The floor is what SQLite alone needs: for a window, the same 50 rows selected by their
keys over a bare connection; for ingest, the same rows put into the same two tables
without indexes. `--second-apart 0` puts all messages into one second.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import figures
from tuimail.model import AccountName, EnvelopeId, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.lists.window import COLUMNS
from tuimail.store.mailboxes import ListedMailbox

BATCH = 1000
COUNT = 50
NEWEST = 1_700_000_000
ACCOUNT = AccountName("bench")
_NARROW = f"INSERT INTO narrow VALUES (NULL{', ?' * 14})"  # noqa: S608 - only marks
_WIDE = f"INSERT INTO wide VALUES (NULL{', ?' * 11})"  # noqa: S608 - only marks
STRUCTURE = b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 1200 30 NIL NIL NIL NIL)' * 3


def main() -> int:
    """Fill a store, then read it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--second-apart", type=int, default=300)
    parser.add_argument("--directory", help="keep the store there")
    options = parser.parse_args()
    print(f"{figures.machine()}, SQLite {sqlite3.sqlite_version}, {options.rows:,} rows")
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(options.directory or temporary)
        paths = Paths.from_environment({"HOME": str(base), "XDG_RUNTIME_DIR": str(base)}, data_dir=str(base / "data"))
        inbox = fill(paths, options.rows, options.second_apart)
        read(paths, inbox, options.rows)
        change(paths, inbox, options.rows)
    return 0


def message(uid: int, sent_at: int) -> Incoming:
    """A message of usual size."""
    return Incoming(
        uid=uid, flags=uid % 3 != 0, keywords="", modseq=uid, received_at=sent_at + 2, size_octets=8000 + uid % 1000,
        structure=STRUCTURE, has_attachments=uid % 9 == 0, from_=f"Grace Hopper {uid % 500} <grace@navy.example>",
        sender=f"Grace Hopper {uid % 500}", reply_to="", to="Ada Byron <ada@example.org>, Alan <alan@example.net>",
        cc="", subject=f"Re: Compiler review, Thursday {uid}", sent_at=sent_at,
        message_id=f"<{uid}.1a2b3c@navy.example>", in_reply_to=f"<{uid - 1}.1a2b3c@navy.example>",
        references=f"<{uid - 2}.1a2b3c@navy.example> <{uid - 1}.1a2b3c@navy.example>", list_id="",
        thread_id=uid // 4 * 7919,
    )


def batches(rows: int, second_apart: int) -> Iterator[list[Incoming]]:
    """Newest first, as a first sync brings them."""
    for highest in range(rows, 0, -BATCH):
        lowest = max(0, highest - BATCH)
        yield [message(uid, NEWEST - (rows - uid) * second_apart) for uid in range(lowest + 1, highest + 1)]


def fill(paths: Paths, rows: int, second_apart: int) -> MailboxId:
    """Ingest everything; the mailbox."""
    with Store.open(paths) as store:
        store.accounts.sync_names([(ACCOUNT, "ada@example.org", "imap")])
        store.mailboxes.apply_listing(ACCOUNT, [ListedMailbox("INBOX", "/", Role.INBOX)])
        (mailbox,) = store.mailboxes.all()
        spent = 0.0
        slowest = 0.0
        floor = floor_of_ingest(paths.data / "floor.db", rows=min(rows, 100_000), second_apart=second_apart)
        for batch in batches(rows, second_apart):
            start = time.perf_counter()
            store.envelopes.ingest(mailbox.id, batch)
            taken = time.perf_counter() - start
            spent += taken
            slowest = max(slowest, taken)
    size = paths.mail_db.stat().st_size
    figures.table(
        "Ingest",
        ["rows", "rows/s", "floor rows/s", "ratio of time", "slowest batch", "octets a row"],
        [[
            f"{rows:,}", f"{rows / spent:,.0f}", f"{floor:,.0f}", figures.ratio(floor, rows / spent),
            figures.seconds(slowest), f"{size / rows:.0f}",
        ]],
    )
    return mailbox.id


def floor_of_ingest(file: Path, rows: int, second_apart: int) -> float:
    """Rows a second into two tables without indexes."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"CREATE TABLE narrow (id INTEGER PRIMARY KEY, {', '.join(f'c{n}' for n in range(14))})")
    connection.execute(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {', '.join(f'c{n}' for n in range(11))})")
    spent = 0.0
    for batch in batches(rows, second_apart):
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_NARROW, [
            (1, one.uid, one.sent_at, one.flags, one.keywords, one.flags, one.keywords, one.modseq, one.size_octets,
             one.has_attachments, one.thread_id, 7, one.sender, one.subject)
            for one in batch
        ])
        connection.executemany(_WIDE, [
            (one.sent_at, one.received_at, one.message_id, one.in_reply_to, one.references, one.from_, one.reply_to,
             one.to, one.cc, one.list_id, one.structure)
            for one in batch
        ])
        connection.execute("COMMIT")
        spent += time.perf_counter() - start
    connection.close()
    return rows / spent


def timed(act: Callable[[], object], times: int = 40) -> tuple[float, float]:
    """Median and worst of some runs, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), max(taken)


def read(paths: Paths, inbox: MailboxId, rows: int) -> None:
    """Windows and positions at several depths."""
    start = time.perf_counter()
    with Store.open(paths) as store:
        opened = time.perf_counter() - start
        store.envelopes.window(inbox, 0, COUNT)
        first = time.perf_counter() - start - opened
        floor = sqlite3.connect(paths.mail_db)
        printed = []
        for depth in sorted({0, 1000, rows // 4 + 777, rows // 2 + 1234, rows * 3 // 4 + 2048, max(0, rows - COUNT)}):
            shown = store.envelopes.window(inbox, depth, COUNT).rows
            if not shown:
                continue
            printed.append(_at_depth(store, floor, inbox, depth, [row.id for row in shown]))
        floor.close()
    figures.table(
        f"Windows of {COUNT} rows (open {figures.seconds(opened)}, first window {figures.seconds(first)})",
        ["from position", "window", "worst", "floor", "ratio", "position()"], printed,
    )


def _at_depth(
    store: Store, floor: sqlite3.Connection, inbox: MailboxId, depth: int, ids: list[EnvelopeId]
) -> list[str]:
    bare_sql = f"SELECT {COLUMNS} FROM envelope WHERE id IN ({','.join('?' * len(ids))})"  # noqa: S608 - only marks
    bare, _ = timed(lambda: floor.execute(bare_sql, ids).fetchall())
    window, worst = timed(lambda: store.envelopes.window(inbox, depth, COUNT))
    position, _ = timed(lambda: store.envelopes.position(inbox, ids[-1]))
    return [
        f"{depth:,}", microseconds(window), microseconds(worst), microseconds(bare),
        figures.ratio(window, bare), microseconds(position),
    ]


def microseconds(value: float) -> str:
    """`87 us`."""
    return f"{value * 1e6:.0f} us"


def change(paths: Paths, inbox: MailboxId, rows: int) -> None:
    """What else a sync and a screen ask for."""
    with Store.open(paths) as store:
        middle = rows // 2
        newer = [message(rows + 1 + uid, NEWEST + uid) for uid in range(10)]
        asked: list[tuple[str, Callable[[], object], int]] = [
            ("10 new messages", lambda: store.envelopes.ingest(inbox, newer), 1),
            ("a window after that", lambda: store.envelopes.window(inbox, middle, COUNT), 1),
            ("all uids", lambda: store.envelopes.uids(inbox), 3),
            ("all server flags", lambda: store.envelopes.server_flags(inbox), 1),
            ("flags of 1,000 changed", lambda: store.envelopes.set_flags(
                inbox, [(uid, 4, "", None) for uid in range(middle, middle + 1000)]
            ), 1),
            ("next unread", lambda: store.envelopes.next_unread(inbox, middle), 20),
            ("100 bodies to fetch", lambda: store.envelopes.wanting_bodies(ACCOUNT, None, 100), 20),
            ("find a word that is not there", lambda: store.envelopes.find_text("zebra", 20), 5),
            ("find a common word", lambda: store.envelopes.find_text("compiler", 20), 5),
            ("1,000 vanish", lambda: store.envelopes.vanish(inbox, range(middle, middle + 1000)), 1),
            ("renumbering begins", lambda: store.envelopes.begin_renumbering(inbox), 1),
        ]
        figures.table("Other", ["what", "time"], [
            [what, figures.seconds(timed(act, times)[0])] for what, act, times in asked
        ])


if __name__ == "__main__":
    sys.exit(main())
