"""Views at a million: making them, their first rows, windows at any depth, and memory.

    python -m benchmarks.views [--rows 1000000] [--directory DIR]

Fills two accounts with `rows` messages in each of three mailboxes (two inboxes and an
archive, conversations of up to eight), then makes each view once as a screen does. The
floor is a window of the same size in a mailbox by date, which needs no view. Memory is
that of a process that holds a view and its page cache and goes to 2,000 places in it.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import figures
from benchmarks.seed import BATCH, incoming
from tuimail.model import AccountName, Role, Window
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Opened, Scope, Sort, ViewSpec, Which
from tuimail.store.mailboxes import ListedMailbox, SyncPoint
from tuimail.ui.beside.listing import MailboxListing, ViewListing
from tuimail.ui.beside.pages import PAGE_ROWS, Pages

LOOKS = 300
SHOWN = 50
TODAY = 1_790_000_000


def main() -> int:
    """Fill, make, read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--directory", help="keep the store there, or use the one that is there")
    options = parser.parse_args()
    print(f"{figures.machine()}, SQLite {sqlite3.sqlite_version}, 3 x {options.rows:,} messages")
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(options.directory or temporary)
        paths = Paths.from_environment({"HOME": str(base), "XDG_RUNTIME_DIR": str(base)}, data_dir=str(base))
        if not paths.mail_db.exists():
            fill(paths, options.rows)
        with Store.open(paths) as store:
            measure(store)
            remember(store)
    return 0


def fill(paths: Paths, rows: int) -> None:
    """Two accounts; one has an archive as large as its inbox."""
    paths.make()
    with Store.open(paths) as store:
        store.accounts.sync_names([(AccountName(name), f"ada@{name}.example", "imap") for name in ("one", "two")])
        for name, listed in (("one", ("INBOX", "Archive")), ("two", ("INBOX",))):
            store.mailboxes.apply_listing(AccountName(name), [
                ListedMailbox(each, "/", Role.INBOX if each == "INBOX" else Role.ARCHIVE) for each in listed
            ])  # fmt: skip
        for mailbox in store.mailboxes.all():
            began_at = time.perf_counter()
            for start in range(0, rows, BATCH):
                store.envelopes.ingest(mailbox.id, [
                    incoming(number)._replace(
                        thread_id=number // 8 * 8 if number % 3 else number, sender=f"Person {number * 7919 % 50_000}"
                    )
                    for number in range(start, min(start + BATCH, rows))
                ])  # fmt: skip
            store.mailboxes.set_sync_point(mailbox.id, SyncPoint(1, rows + 1, None, 1))
            store.mailboxes.set_synced(mailbox.id, TODAY)
            print(f"filled {mailbox.account}/{mailbox.name} in {time.perf_counter() - began_at:.0f} s")


def measure(store: Store) -> None:
    """A line for each view."""
    inbox = next(mailbox for mailbox in store.mailboxes.all() if mailbox.role is Role.INBOX)
    print(f"{'':28} {'rows':>10} {'first rows':>10} {'made in':>9} {'file':>6} {'window of 50':>22} {'position':>9}")
    plain = MailboxListing(store, inbox.id)
    total = plain.window(0, 1).total
    print(f"{'a mailbox by date':28} {total:>10,} {'':10} {'':9} {'':6} {looks(plain.window, total):>22}")
    mailbox_specs = [(f"one mailbox by {sort}", ViewSpec(mailbox_id=inbox.id, sort=sort)) for sort in Sort]
    mailbox_specs[0] = ("one mailbox, oldest first", ViewSpec(mailbox_id=inbox.id, is_reversed=True))
    for label, spec in [
        *mailbox_specs,
        ("one mailbox, threads", ViewSpec(mailbox_id=inbox.id, is_threaded=True)),
        ("one mailbox, two words", ViewSpec(mailbox_id=inbox.id, words="person 12")),
        ("all inboxes", ViewSpec(Scope.INBOXES)),
        ("all inboxes, threads", ViewSpec(Scope.INBOXES, is_threaded=True)),
        ("all inboxes by sender", ViewSpec(Scope.INBOXES, sort=Sort.SENDER)),
        ("all mail", ViewSpec(Scope.ALL)),
        ("unread", ViewSpec(Scope.ALL, which=Which.UNREAD)),
        ("starred", ViewSpec(Scope.ALL, which=Which.STARRED)),
    ]:
        measure_one(store, label, spec)


def measure_one(store: Store, label: str, spec: ViewSpec) -> None:
    """Make it once, read it often."""
    began_at = time.perf_counter()
    listing = ViewListing(store, spec, TODAY)
    first_ms = (time.perf_counter() - began_at) * 1000
    began_at = time.perf_counter()
    made = store.views.make(spec, TODAY)
    made_s = time.perf_counter() - began_at
    octets = made.file.stat().st_size
    listing.take(Opened(made))
    ids = [row.id for row in listing.window(listing.total // 2, SHOWN).rows]
    began_at = time.perf_counter()
    for one in ids:
        listing.position(one)
    position = f"{(time.perf_counter() - began_at) * 1000 / len(ids):.2f} ms" if ids else ""
    first = f"{first_ms:.1f} ms" if spec.has_head else "waits"
    print(
        f"{label:28} {listing.total:>10,} {first:>10} {made_s:>7.2f} s {octets >> 20:>3} MB"
        f" {looks(listing.window, listing.total):>22} {position:>9}"
    )
    listing.close()


def looks(window: Callable[[int, int], Window], total: int) -> str:
    """Median and 99th percentile of windows at random depths."""
    rng = random.Random(1)
    times = []
    for _ in range(LOOKS):
        start = rng.randrange(max(1, total - SHOWN))
        began_at = time.perf_counter()
        window(start, SHOWN)
        times.append((time.perf_counter() - began_at) * 1000)
    times.sort()
    return f"{statistics.median(times):.2f} ms (p99 {times[-LOOKS // 100 - 1]:.2f})"


def remember(store: Store) -> None:
    """How much memory a list takes, however long it is."""
    for label, is_threaded in (("all mail", False), ("all mail, threads", True)):
        spec = ViewSpec(Scope.ALL, is_threaded=is_threaded)
        listing = ViewListing(store, spec, TODAY)
        listing.take(Opened(store.views.make(spec, TODAY)))
        pages = Pages(listing.window)
        pages.refresh()
        before, rng = resident_kib(), random.Random(2)
        for _ in range(2000):
            pages.page(rng.randrange(max(1, pages.total // PAGE_ROWS)))
        print(f"memory, {label}, {pages.total:,} rows: {before >> 10} MB, after 2,000 places {resident_kib() >> 10} MB")
        listing.close()
    print(f"most ever: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


def resident_kib() -> int:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() >> 10


if __name__ == "__main__":
    sys.exit(main())
