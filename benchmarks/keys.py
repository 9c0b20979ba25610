"""Key to paint: cursor, page, open, switch mailbox; at rest and during a first sync.

    python -m benchmarks.keys [--count 10000] [--sync-count 100000] [--presses 60]

From outside on a pty: a key is written, the first byte painted after it is the answer.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.terminal import Terminal

KEYS: dict[str, dict[str, bytes]] = {
    "tuimail": {"cursor": b"j", "page": b"\x1b[6~", "back": b"\x1b[5~"},
    "neomutt": {"cursor": b"j", "page": b"\x1b[6~", "back": b"\x1b[5~"},
    "aerc": {"cursor": b"j", "page": b"\x06", "back": b"\x02"},
}


def press(terminal: Terminal, key: bytes, times: int) -> list[float]:
    """Seconds from each press to its first painted byte."""
    found = []
    for _ in range(times):
        moment = terminal.type(key)
        painted = terminal.painted_after(moment)
        if painted is not None:
            found.append(painted)
        time.sleep(0.05)
    return found


def at_rest(count: int, presses: int, base: Path) -> None:
    """Every program over the same cached mailbox."""
    rows = []
    with corpus.served(count, small=True) as (_, user):
        programs = [
            peers.tuimail(user, base / "tuimail"), peers.neomutt(user, base / "neomutt"),
            peers.aerc(user, base / "aerc"),
        ]
        medians: dict[tuple[str, str], float] = {}
        for peer in programs:
            if peer is None:
                continue
            terminal = Terminal(peer.argv, peer.environ)
            try:
                terminal.wait_text(f"#{count - 1:07d}", 120)
                terminal.wait_quiet(2.0, 60)
                for name in ("cursor", "page"):
                    press(terminal, KEYS[peer.name][name], 5)
                    seen = press(terminal, KEYS[peer.name][name], presses)
                    if seen:
                        medians[peer.name, name] = statistics.median(seen)
            finally:
                terminal.close()
        for (program, name), value in medians.items():
            rows.append([program, name, figures.seconds(value), figures.ratio(medians.get(("tuimail", name)), value)])
    figures.table(
        f"Key to first painted byte, {count:,} messages, at rest", ["program", "key", "median", "tuimail is"], rows
    )


def during_sync(count: int, presses: int, base: Path) -> None:
    """tuimail against itself: cursor keys while the first sync of `count` messages runs, and after it."""
    with corpus.served(count, small=True) as (_, user):
        peer = peers.tuimail(user, base / "sync")
        terminal = Terminal(peer.argv, peer.environ)
        try:
            terminal.wait_text(f"#{count - 1:07d}", 120)
            busy = press(terminal, b"j", presses)
            terminal.wait_quiet(4.0, 120)
            rest = press(terminal, b"j", presses)
        finally:
            terminal.close()
    if busy and rest:
        figures.table(
            f"Cursor key during a first sync of {count:,} and at rest after it",
            ["", "p50", "p99"],
            [
                ["during the sync", figures.seconds(statistics.median(busy)), figures.seconds(_p99(busy))],
                ["at rest", figures.seconds(statistics.median(rest)), figures.seconds(_p99(rest))],
                ["ratio", figures.ratio(statistics.median(busy), statistics.median(rest)),
                 figures.ratio(_p99(busy), _p99(rest))],
            ],
        )


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--sync-count", type=int, default=100_000)
    parser.add_argument("--presses", type=int, default=60)
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as base:
        if options.count:
            at_rest(options.count, options.presses, Path(base))
        if options.sync_count:
            during_sync(options.sync_count, options.presses, Path(base))


if __name__ == "__main__":
    main()
