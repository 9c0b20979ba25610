"""Key to the changed row: star and archive; and whether a key is heard while ten thousand are archived.

    python -m benchmarks.rows [--count 10000] [--times 20]

From outside on a pty, each program with a Dovecot of its own. The clock starts with the
key, or with Enter after a typed command, and stops when the row on the screen shows it: its star,
its mark of deletion (neomutt), or that it is gone. How long the server takes is in
`benchmarks.acting`.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks import corpus, figures, peers
from benchmarks.keys import TOP
from benchmarks.terminal import Terminal

LIST_CELLS = 72
"""What stands further right is tuimail's reader, where the subject is too."""
Keys = tuple[bytes, bytes]
"""What is typed before the clock starts, and what starts it."""


class Ways(NamedTuple):
    """The keys of one program, and how its row tells that they worked. A row that is gone is empty."""

    star: Keys
    starred: Callable[[str], bool]
    archive: Keys
    archived: Callable[[str], bool]
    step: bytes = b"j"
    """To the next row after a star; neomutt goes there by itself."""


WAYS = {
    "tuimail": Ways((b"", b"s"), lambda row: "★" in row, (b"", b"e"), lambda row: not row),
    "neomutt": Ways(
        (b"", b"F"), lambda row: "!" in row, (b"s\x15=Archive", b"\r"),
        lambda row: re.search(r"\d+ +\w?D[ !]", row) is not None, b"",
    ),
    "aerc": Ways((b":flag -t", b"\r"), lambda row: "!" in row, (b":mv Archive", b"\r"), lambda row: not row),
}  # fmt: skip


def row_of(screen: str, number: int) -> str:
    """The list's row of a message, with the line above where rows have two; empty when it is not on the screen."""
    mark = f"#{number:07d}"
    above = ""
    for line in screen.splitlines()[1:]:
        found = line.find(mark)
        if 0 <= found < LIST_CELLS:
            line = line[: found + len(mark)]
            return _without_tree(above[:LIST_CELLS]) + _without_tree(line) if "│" in line else line
        above = line
    return ""


def _without_tree(line: str) -> str:
    return line.partition("│")[2]


def timed(terminal: Terminal, keys: Keys, number: int, holds: Callable[[str], bool]) -> float | None:
    """Seconds from the key to a row that says so."""
    if keys[0]:
        terminal.type(keys[0])
        terminal.wait_quiet(0.3, 3)
    moment = terminal.type(keys[1])
    terminal.wait_quiet(0.6, 10)  # emulating at the same time would delay what is timed
    seen = terminal.first_moment(lambda screen: holds(row_of(screen, number)), 3, moment)
    return None if seen is None else seen - moment


def row_changes(peer: peers.Peer, newest: int, times: int) -> dict[str, list[float]]:
    """Star the newest messages, one after another, then archive them."""
    ways = WAYS[peer.name]
    found: dict[str, list[float]] = {"star": [], "archive": []}
    terminal = Terminal(peer.argv, peer.environ)
    try:
        terminal.wait_text(f"#{newest:07d}", 120)
        terminal.wait_quiet(2.0, 60)
        for name, keys, holds in (("star", ways.star, ways.starred), ("archive", ways.archive, ways.archived)):
            for turn in range(times):
                seconds = timed(terminal, keys, newest - turn, holds)
                if seconds is not None:
                    found[name].append(seconds)
                if name == "star" and ways.step:
                    terminal.type(ways.step)
                terminal.wait_quiet(0.5, 5)
            terminal.type(TOP[peer.name])
            terminal.wait_quiet(0.5, 5)
    finally:
        terminal.close()
    return found


def heard_meanwhile(peer: peers.Peer, newest: int) -> tuple[float, list[float]]:
    """Archive everything in tuimail: when the list is empty, and how long cursor keys took to be painted until then."""
    terminal = Terminal(peer.argv, peer.environ)
    try:
        terminal.wait_text(f"#{newest:07d}", 120)
        terminal.wait_quiet(4.0, 120)
        terminal.type(b"*")
        terminal.wait_quiet(1.0, 20)
        moment = terminal.type(b"e")
        painted = []
        for turn in range(4):
            time.sleep(0.05)
            seconds = terminal.painted_after(terminal.type(b"k" if turn % 2 else b"j"), 10)
            painted += [] if seconds is None else [seconds]
        terminal.wait_quiet(2.0, 60)
        gone = terminal.first_moment(lambda screen: not row_of(screen, newest), 5, moment)
        return (0.0 if gone is None else gone - moment), painted
    finally:
        terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    medians: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm", ignore_cleanup_errors=True) as base:
        for make in (peers.tuimail, peers.neomutt, peers.aerc):
            with corpus.served(options.count, small=True, archived=1) as (_, user):
                peer = make(user, Path(base) / make.__name__)
                if peer is not None:
                    for name, seen in row_changes(peer, options.count - 1, options.times).items():
                        if seen:
                            medians[name, peer.name] = statistics.median(seen)
        with corpus.served(options.count, small=True) as (_, user):
            gone, painted = heard_meanwhile(peers.tuimail(user, Path(base) / "everything"), options.count - 1)
    rows = [
        [name, program, figures.seconds(value), figures.ratio(medians.get((name, "tuimail")), value)]
        for (name, program), value in sorted(medians.items(), key=lambda item: item[0][0])
    ]
    figures.table(
        f"Key to the changed row, {options.count:,} messages", ["what", "program", "median", "tuimail is"], rows
    )
    print(f"All {options.count:,} archived: the list is empty after {figures.seconds(gone)};", end=" ")
    print("cursor keys meanwhile are painted after", ", ".join(map(figures.seconds, painted)))


if __name__ == "__main__":
    main()
