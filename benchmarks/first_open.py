"""From the shell to the newest messages on the screen, with nothing cached: tuimail, aerc, neomutt.

    python -m benchmarks.first_open [--counts 10000 100000] [--runs 5]

Every run begins with an empty home. tuimail and aerc show the newest screen and fetch
on (or not); neomutt fetches all headers first.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.terminal import Terminal
from tests.servers.dovecot import DovecotUser

PROGRAMS: tuple[Callable[[DovecotUser, Path], peers.Peer | None], ...] = (peers.tuimail, peers.aerc, peers.neomutt)


def open_once(peer: peers.Peer, newest: str) -> float | None:
    """Seconds until the newest message is listed."""
    terminal = Terminal(peer.argv, peer.environ)
    try:
        return terminal.wait_text(newest, 120)
    finally:
        terminal.close()


def first_open(count: int, runs: int, base: Path) -> list[list[str]]:
    """A row a program, run in turn."""
    seen: dict[str, list[float | None]] = {}
    with corpus.served(count, small=True) as (_, user):
        for run in range(runs):
            for make in PROGRAMS:
                peer = make(user, base / f"{count}-{run}")
                if peer is not None:
                    seen.setdefault(peer.version, []).append(open_once(peer, f"#{count - 1:07d}"))
                shutil.rmtree(base / f"{count}-{run}", ignore_errors=True)
    medians = {version: figures.median(values) for version, values in seen.items()}
    ours = next(iter(medians.values()))
    return [
        [f"{count:,}", version, figures.seconds(value), figures.ratio(ours, value)]
        for version, value in medians.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    rows = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as base:
        for count in options.counts:
            rows += first_open(count, options.runs, Path(base))
    figures.table(
        "First open, nothing cached, to the newest messages on the screen",
        ["messages", "program", "median", "tuimail is"], rows,
    )


if __name__ == "__main__":
    main()
