"""Key to paint: cursor, page, open, switch mailbox; at rest and during a first sync; memory.

    python -m benchmarks.keys [--count 10000] [--sync-count 100000] [--presses 60]

From outside on a pty, and every program by the same measure. Cursor and page: the last
octets of the answer, those after which letters and colours on an emulated screen stay as
they are, in the 130 ms before tuimail opens the message that the cursor rests on. Opening a
message: the text that stands only in its body is on the screen; first of messages that
were never opened, then of the same again. Switching: the other mailbox's list.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.terminal import HEIGHT, WIDTH, Terminal

OPEN: dict[str, tuple[bytes, bytes]] = {
    "tuimail": (b"\r", b"\x1b"), "neomutt": (b"\r", b"q"), "aerc": (b"\r", b":close\r"),
}
"""Open the message under the cursor, and back to the list."""
TOP = {"tuimail": b"g", "neomutt": b"=", "aerc": b"g"}
SWITCH: dict[str, tuple[bytes, bytes]] = {
    "tuimail": (b"Marchive", b"Minbox"), "neomutt": (b"c\x15=Archive", b"c\x15=INBOX"),
    "aerc": (b":cf Archive", b":cf INBOX"),
}
"""What is typed before Enter."""
KEYS: dict[str, dict[str, bytes]] = {
    "tuimail": {"cursor": b"j", "page": b"\x1b[6~", "back": b"\x1b[5~"},
    "neomutt": {"cursor": b"j", "page": b"\x1b[6~", "back": b"\x1b[5~"},
    "aerc": {"cursor": b"j", "page": b"\x06", "back": b"\x02"},
}


ANSWER_S = 0.13
"""What is painted later is another matter: tuimail opens a message on which the cursor rests for 150 ms."""


EVERYWHERE = ((0, WIDTH), (0, HEIGHT))


def list_pane(terminal: Terminal) -> tuple[tuple[int, int], tuple[int, int]]:
    """Columns and rows of tuimail's list: during a sync titles and numbers change that no key asked for."""
    edges = [x for x, letter in enumerate(terminal.screen().splitlines()[HEIGHT // 2]) if letter == "│"]
    return (edges[0] + 1, edges[1] - 1), (2, HEIGHT - 1)


def press(
    terminal: Terminal, key: bytes, times: int, seen: tuple[tuple[int, int], tuple[int, int]] = EVERYWHERE
) -> list[float]:
    """Seconds from each press to the end of its answer. Keys that changed nothing are left out."""
    terminal.wait_quiet(0.5, 5 if seen is EVERYWHERE else 0.5)
    moments = []
    for _ in range(times):
        moments.append(terminal.type(key))
        time.sleep(ANSWER_S + 0.01)
    terminal.wait_quiet(0.5, 5)
    return [found for found in terminal.answers(moments, ANSWER_S, *seen) if found is not None]


def open_messages(terminal: Terminal, program: str, newest: int, times: int) -> dict[str, list[float]]:
    """Seconds to open the newest messages for the first time down the list, and again up the list."""
    there, back = OPEN[program]
    found: dict[str, list[float]] = {"open, not cached": [], "open, cached": []}
    _settle(terminal, TOP[program])
    rows = [*range(times), *reversed(range(times - 1))]
    for place, row in enumerate(rows):
        moment = terminal.type(there)
        terminal.wait_quiet(0.5, 5)  # emulating at the same time would delay what is timed
        expected = corpus.mark(newest - row)
        seen = terminal.first_moment(lambda screen, expected=expected: expected in screen, 2, moment)  # type: ignore[misc]
        if seen is not None:
            found["open, not cached" if place < times else "open, cached"].append(seen - moment)
        _settle(terminal, back)
        if place + 1 < len(rows):
            _settle(terminal, b"j" if rows[place + 1] > row else b"k")
    return found


def switch_mailboxes(
    terminal: Terminal, program: str, newest: int, archived: int, times: int
) -> dict[str, list[float]]:
    """Seconds from Enter to the other mailbox's newest message on the screen; both were visited before."""
    found: list[float] = []
    for turn in range(2 * times + 2):
        number = newest if turn % 2 else corpus.ARCHIVED + archived - 1
        _settle(terminal, SWITCH[program][turn % 2])
        moment = terminal.type(b"\r")
        terminal.wait_quiet(0.7, 10)
        seen = terminal.first_moment(lambda screen, number=number: f"#{number:07d}" in screen, 2, moment)  # type: ignore[misc]
        if seen is not None and turn >= 2:
            found.append(seen - moment)
        terminal.wait_quiet(0.5, 10)
    return {"switch mailbox": found}


def _settle(terminal: Terminal, keys: bytes) -> None:
    terminal.type(keys)
    time.sleep(0.1)
    terminal.wait_quiet(0.3, 3)


def at_rest(count: int, presses: int, base: Path) -> None:
    """Every program over the same cached mailbox."""
    found: dict[tuple[str, str], list[float]] = {}
    archived = count // 2
    with corpus.served(count, small=True, archived=archived) as (_, user):
        for make in (peers.tuimail, peers.neomutt, peers.aerc):
            peer = make(user, base / make.__name__)
            if peer is not None:
                for name, seen in measured(peer, count - 1, archived, presses).items():
                    if seen:
                        found[name, peer.name] = seen
    medians = {key: statistics.median(seen) for key, seen in found.items()}
    rows = [
        [name, program, figures.seconds(min(seen)), figures.seconds(medians[name, program]),
         figures.seconds(_p99(seen)), figures.ratio(medians.get((name, "tuimail")), medians[name, program])]
        for (name, program), seen in sorted(found.items(), key=lambda item: item[0][0])
    ]
    figures.table(
        f"Key to paint, {count:,} messages, at rest",
        ["what", "program", "least", "median", "p99", "tuimail is (median)"],
        rows,
    )


def measured(peer: peers.Peer, newest: int, archived: int, presses: int) -> dict[str, list[float]]:
    """Everything about one program."""
    terminal = Terminal(peer.argv, peer.environ)
    try:
        terminal.wait_text(f"#{newest:07d}", 120)
        terminal.wait_quiet(2.0, 60)
        found: dict[str, list[float]] = {}
        for name in ("cursor", "page"):
            press(terminal, KEYS[peer.name][name], 5)
            found[name] = press(terminal, KEYS[peer.name][name], presses)
        if peer.name == "tuimail":
            print(f"A cursor key held at 60 a second: {held(terminal)} of 200 presses have a frame of their own.")
        found |= open_messages(terminal, peer.name, newest, 10)
        found |= switch_mailboxes(terminal, peer.name, newest, archived, 4)
        return found
    finally:
        terminal.close()


def during_sync(count: int, presses: int, base: Path) -> None:
    """tuimail against itself: cursor keys while the first sync of `count` messages runs, and after it."""
    with corpus.served(count, small=True) as (_, user):
        peer = peers.tuimail(user, base / "sync")
        terminal = Terminal(peer.argv, peer.environ)
        try:
            terminal.wait_text(f"#{count - 1:07d}", 120)
            pane = list_pane(terminal)
            busy = press(terminal, b"j", presses, pane)
            wait_for_peace(terminal, base)
            terminal.type(b"g")  # the same rows again: first those that do not scroll
            rest = press(terminal, b"j", presses, pane)
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


def wait_for_peace(terminal: Terminal, base: Path, limit_s: float = 180.0) -> None:
    """Until nothing was painted for a while, and the engine's index of words is no longer being made."""
    terminal.wait_quiet(4.0, limit_s)
    last = time.perf_counter() + limit_s
    while time.perf_counter() < last:
        before = engine_seconds(base)
        time.sleep(2)
        if engine_seconds(base) - before < 0.1:
            return


def engine_seconds(base: Path) -> float:
    """Seconds that engines of stores below `base` have computed."""
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if bytes(base) in stat.with_name("cmdline").read_bytes():
                fields = stat.read_text().rpartition(") ")[2].split()
                found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:  # it ended
            continue
    return found


def held(terminal: Terminal, times: int = 200, every_s: float = 1 / 60) -> int:
    """How many of so many presses, as fast as a keyboard repeats them, have a frame of their own."""
    terminal.type(b"g")
    pane = list_pane(terminal)
    terminal.wait_quiet(1.0, 5)
    start = time.perf_counter()
    moments = []
    for number in range(times):
        time.sleep(max(0.0, start + number * every_s - time.perf_counter()))
        moments.append(terminal.type(b"j"))
    terminal.wait_quiet(1.0, 5)
    return sum(found is not None for found in terminal.answers(moments, every_s * 2, *pane))


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
