"""What grows with a mailbox and what does not: the same things from a thousand messages to a million.

    python -m benchmarks.growth [--counts 1000 10000 100000 1000000] [--beside 0] [--directory DIR] [--draw FILE]

tuimail alone, over stores that were filled without a server; its server cannot be reached.
`--beside` adds a last column: the largest inbox with so many messages in each of Sent and
Archive too. First what is asked of the store, in this process; then the whole program on a
pty, the sizes in turn. Of large mailboxes only the newest messages are in the index of words
(`INDEXED`), and the engine goes on with it while the program is timed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import curves, figures, peers, pop
from benchmarks.keys import SWITCH, TOP, press
from benchmarks.seed import seed_store
from benchmarks.terminal import Terminal, resident_mb
from tuimail.engine.finding.indexing import steps
from tuimail.model import AccountName, Mailbox, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Sort, ViewSpec
from tuimail.wishes import acting
from tuimail.wishes.finding import find

ACCOUNT: Final = AccountName("bench")
INDEXED: Final = 100_000
"""So many of the newest messages are indexed before a search is timed."""
STEP: Final = 400
SHOWN: Final = 50
ARCHIVED: Final = 100
TODAY: Final = 1_790_000_000
WORD: Final = "engine"
"""In an eighth of the subjects."""
PROGRAM: Final = ("launch to the list", "switch mailbox", "cursor key", "memory of the screen", "memory of the engine")


class Size(NamedTuple):
    """A store of some size, and what was measured in it."""

    label: str
    inbox: int
    total: int
    peer: peers.Peer
    seen: dict[str, list[float]]

    def note(self, what: str, value: float | None) -> None:
        """Keep a figure."""
        if value is not None:
            self.seen.setdefault(what, []).append(value)

    def median(self, what: str) -> float | None:
        """Of what was kept."""
        return statistics.median(self.seen[what]) if what in self.seen else None


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def of(work: Callable[[], object], times: int = 15) -> float:
    """The median of some times, after one that warms."""
    work()
    return statistics.median(timed(work) for _ in range(times))


def ask_store(size: Size, runs: int) -> None:
    """What a screen asks of the store."""
    paths = Paths.from_environment(size.peer.environ)
    with Store.open(paths) as store:
        inbox = store.mailboxes.with_role(ACCOUNT, Role.INBOX)
        assert inbox is not None
        size.note("octets a message", paths.mail_db.stat().st_size / size.total)
        for where, start in (("top", 0), ("middle", size.inbox // 2), ("end", size.inbox - SHOWN)):
            size.note(f"50 rows, {where}", of(lambda start=start: store.envelopes.window(inbox.id, start, SHOWN)))  # type: ignore[misc]
        for _ in range(runs):
            archive(size, store, inbox)
            make_view(size, store, inbox)
        size.note(f"{INDEXED:,} newest indexed", timed(lambda: index(store)))
        size.note("search, common word", of(lambda: find(store, WORD, now=time.time())))


def archive(size: Size, store: Store, inbox: Mailbox) -> None:
    """Messages out of the middle of the list, durable, and back."""
    ids = [row.id for row in store.envelopes.window(inbox.id, size.inbox // 2, ARCHIVED).rows]
    size.note(f"archive {ARCHIVED}", timed(lambda: acting.archive(store, ids, at=TODAY)))
    acting.undo(store, at=TODAY)


def make_view(size: Size, store: Store, inbox: Mailbox) -> None:
    """The whole mailbox in another order: what a screen waits for beside its work."""
    began = time.perf_counter()
    made = store.views.make(ViewSpec(mailbox_id=inbox.id, sort=Sort.SENDER), TODAY)
    size.note("sorted by sender", time.perf_counter() - began)
    made.file.unlink()


def index(store: Store) -> None:
    """As the engine does it, without its rests; the newest come first."""
    done = store.search_index.coverage().done
    for _ in islice(steps(store, STEP, sweep=False), max(0, INDEXED - done) // STEP):
        pass


def run_program(size: Size) -> None:
    """From the shell to the list, to another mailbox and back, and some steps down."""
    newest = f"#{size.inbox - 1:07d}"
    terminal = Terminal(size.peer.argv, size.peer.environ)
    try:
        size.note(PROGRAM[0], terminal.wait_text(newest, 60))
        terminal.wait_quiet(1.5, 20)
        for turn in range(4):
            terminal.type(SWITCH["tuimail"][turn % 2])
            terminal.wait_quiet(0.5, 5)
            moment = terminal.type(b"\r")
            terminal.wait_quiet(0.7, 10)
            if turn % 2:
                back = terminal.first_moment(lambda screen: newest in screen, 2, moment)
                size.note(PROGRAM[1], None if back is None else back - moment)
        terminal.type(TOP["tuimail"])
        terminal.wait_quiet(0.5, 5)
        for seconds in press(terminal, b"j", 15):
            size.note(PROGRAM[2], seconds)
        size.note(PROGRAM[3], terminal.memory_mb())
        others = [pid for pid in pop._processes_of(size.peer.environ["HOME"]) if pid != terminal.process.pid]
        size.note(PROGRAM[4], max((resident_mb(pid) for pid in others), default=None))
    finally:
        terminal.close()
        pop.wait_until_alone(size.peer)


def spelled(what: str, value: float | None) -> str:
    """A figure with its unit."""
    if value is None:
        return "not seen"
    if what.startswith("memory"):
        return f"{value:.0f} MB"
    if what.startswith("octets"):
        return f"{value:,.0f}"
    return f"{value * 1000:.2f} ms" if value < 0.01 else figures.seconds(value)


def report(sizes: list[Size], draw: Path | None) -> None:
    """A table, a row for each thing, and the curves."""
    rows, lines = [], []
    for what in sizes[0].seen:
        found = [size.median(what) for size in sizes]
        rows.append([what, *(spelled(what, value) for value in found), figures.ratio(found[-1], found[0])])
        if found[0] and not what.endswith("indexed") and what not in ("50 rows, top", "50 rows, end"):
            points = [
                (float(size.total), value / found[0]) for size, value in zip(sizes, found, strict=True) if value
            ]
            lines.append(curves.Line(what, points))
    figures.table("By the size of the mailbox", ["", *(size.label for size in sizes), "last : first"], rows)
    if draw is not None:
        draw.write_text(curves.drawn("Cost, as a multiple of that with a thousand messages", lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--beside", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--directory", type=Path, help="keep the stores there, or use those that are there")
    parser.add_argument("--draw", type=Path, help="where the curves go, as SVG")
    options = parser.parse_args()
    print(f"{figures.machine()}; load {figures.load()}", flush=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm", ignore_cleanup_errors=True) as temporary:
        base = options.directory or Path(temporary)
        sizes = [
            Size(f"{count:,}", count, count, seed_store(base / str(count), count), {}) for count in options.counts
        ]
        if options.beside:
            count, beside = options.counts[-1], options.beside
            peer = seed_store(base / f"{count}+{beside}", count, beside)
            total = count + 2 * beside
            sizes.append(Size(f"{count:,} of {total:,}", count, total, peer, {}))
        for size in sizes:
            ask_store(size, options.runs)
        for _ in range(options.runs):
            for size in sizes:
                run_program(size)
    report(sizes, options.draw)
    print(f"load {figures.load()}")


if __name__ == "__main__":
    main()
