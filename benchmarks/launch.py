"""From the shell to the list on the screen, with the mail cached: tuimail, neomutt, aerc, alot.

    python -m benchmarks.launch [--counts 10000 100000] [--seeded 1000 1000000] [--runs 5]

`--counts` are served by Dovecot and cached by each program before anything is timed.
`--seeded` are written straight into tuimail's store, for tuimail alone: opening must
not depend on how much there is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.seed import seed_store
from benchmarks.terminal import Terminal


def launch_once(peer: peers.Peer, text: str, limit_s: float) -> tuple[float | None, float]:
    """Seconds to `text` on the screen, and resident megabytes once it is quiet."""
    terminal = Terminal(peer.argv, peer.environ)
    try:
        seen = terminal.wait_text(text, limit_s)
        terminal.wait_quiet(0.7, 20)
        return seen, terminal.memory_mb()
    finally:
        terminal.close()


def served_counts(counts: list[int], runs: int, base: Path) -> None:
    """Every program over the same server, in turn."""
    rows = []
    for count in counts:
        with corpus.served(count, small=True) as (_, user):
            home = base / str(count)
            programs = [
                peer
                for peer in (
                    peers.tuimail(user, home / "tuimail"),
                    peers.neomutt(user, home / "neomutt"),
                    peers.aerc(user, home / "aerc"),
                    peers.alot(user, home / "alot"),
                )
                if peer is not None
            ]
            newest = f"#{count - 1:07d}"
            warm_up(programs, newest, count)
            seen: dict[str, list[float | None]] = {peer.name: [] for peer in programs}
            memory: dict[str, float] = {}
            for _ in range(runs):
                for peer in programs:
                    moment, memory[peer.name] = launch_once(peer, newest, 60)
                    seen[peer.name].append(moment)
            ours = figures.median(seen["tuimail"])
            for peer in programs:
                theirs = figures.median(seen[peer.name])
                rows.append([
                    f"{count:,}", peer.version, figures.seconds(theirs), figures.ratio(ours, theirs),
                    f"{memory[peer.name]:.0f} MB",
                ])
    figures.table(
        "Launch to the list painted, cached", ["messages", "program", "median", "tuimail is", "memory"], rows
    )


def warm_up(programs: list[peers.Peer], newest: str, count: int) -> None:
    """Let each program fill its cache: all headers where it keeps them."""
    for peer in programs:
        terminal = Terminal(peer.argv, peer.environ)
        try:
            terminal.wait_text(newest, 180)
            terminal.wait_quiet(3.0, 60 + count / 2000)
            time.sleep(min(20.0, count / 10_000))
        finally:
            terminal.close()


def seeded_counts(counts: list[int], runs: int, base: Path) -> None:
    """tuimail alone over stores of very different size; the account's server cannot be reached."""
    rows = []
    first: float | None = None
    for count in counts:
        home = base / f"seeded{count}"
        peer = seed_store(home, count)
        newest = f"#{count - 1:07d}"
        launch_once(peer, newest, 60)
        results = [launch_once(peer, newest, 60) for _ in range(runs)]
        moment = figures.median([seen for seen, _ in results])
        first = first or moment
        rows.append([
            f"{count:,}", figures.seconds(moment), figures.ratio(moment, first), f"{results[-1][1]:.0f} MB"
        ])
    figures.table("Launch by size of the store", ["messages", "median", "against the first row", "memory"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--seeded", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), f"load {figures.load()}", sep="; ")
    with tempfile.TemporaryDirectory(dir="/dev/shm", ignore_cleanup_errors=True) as base:
        if options.counts:
            served_counts(options.counts, options.runs, Path(base))
        if options.seeded:
            seeded_counts(options.seeded, options.runs, Path(base))


if __name__ == "__main__":
    main()
