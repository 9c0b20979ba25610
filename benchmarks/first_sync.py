"""First sync of a mailbox, then a sync with nothing changed: tuimail, mbsync, neomutt, raw bytes.

    python -m benchmarks.first_sync [--counts 10000 100000] [--runs 3] [--whole]

Headers: tuimail against neomutt (all headers into its cache) and against the floor, a
bare socket that asks for the same octets and drops them. Whole mail (`--whole`, with
`offline = "all"`): tuimail against mbsync.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.terminal import Terminal
from tests.servers.dovecot import DovecotUser

FIELDS = (
    b"FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE "
    b"BODY.PEEK[HEADER.FIELDS (FROM TO CC REPLY-TO SUBJECT DATE MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID)]"
)


def raw_floor(user: DovecotUser, items: bytes) -> float:
    """Seconds for the server to hand out `items` of every message to a bare socket."""
    start = time.perf_counter()
    with socket.create_connection((user.server.host, user.server.imap_port), 30) as sock:
        sock.sendall(f'a LOGIN {user.name} "{user.password}"\r\nb SELECT INBOX\r\n'.encode())
        sock.sendall(b"c UID FETCH 1:* (" + items + b")\r\n")
        tail = b""
        while b"\r\nc OK" not in tail:
            data = sock.recv(1 << 20)
            if not data:
                break
            tail = tail[-64:] + data
    return time.perf_counter() - start


def run_command(peer: peers.Peer, *more: str) -> float:
    """Wall seconds of a program that ends by itself."""
    start = time.perf_counter()
    done = subprocess.run([*peer.argv, *more], env=peer.environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{peer.name}: {done.stderr[-500:]}")
    return time.perf_counter() - start


def neomutt_fills_its_cache(user: DovecotUser, home: Path, newest: str) -> float | None:
    """Seconds until neomutt shows the index for the first time (it has fetched all headers then)."""
    peer = peers.neomutt(user, home)
    if peer is None:
        return None
    terminal = Terminal(peer.argv, peer.environ)
    try:
        return terminal.wait_text(newest, 300)
    finally:
        terminal.close()


def headers(count: int, runs: int, base: Path, *, small: bool) -> None:
    """One row a program for `count` messages."""
    with corpus.served(count, small=small) as (_, user):
        first: list[float | None] = []
        again: list[float | None] = []
        first_theirs: list[float | None] = []
        floors: list[float | None] = []
        for run in range(runs):
            home = base / f"{count}-{run}"
            ours = peers.tuimail(user, home / "tuimail")
            first.append(run_command(ours, "sync"))
            again.append(run_command(ours, "sync"))
            first_theirs.append(neomutt_fills_its_cache(user, home / "neomutt", f"#{count - 1:07d}"))
            floors.append(raw_floor(user, FIELDS))
            shutil.rmtree(home, ignore_errors=True)
        mine = figures.median(first)
        figures.table(
            f"First sync of {count:,} headers",
            ["program", "median", "tuimail is"],
            [
                ["tuimail sync (process start to end)", figures.seconds(mine), "1"],
                ["neomutt, all headers", figures.seconds(figures.median(first_theirs)),
                 figures.ratio(mine, figures.median(first_theirs))],
                ["the same octets over a bare socket", figures.seconds(figures.median(floors)),
                 figures.ratio(mine, figures.median(floors))],
                ["tuimail sync, nothing changed", figures.seconds(figures.median(again)), ""],
            ],
        )


def whole(count: int, runs: int, base: Path) -> None:
    """Whole mail, durable, against mbsync."""
    with corpus.served(count) as (_, user):
        mine: list[float | None] = []
        again: list[float | None] = []
        theirs: list[float | None] = []
        theirs_again: list[float | None] = []
        floors: list[float | None] = []
        for run in range(runs):
            home = base / f"w{count}-{run}"
            ours = peers.tuimail(user, home / "tuimail", offline="all")
            mine.append(run_command(ours, "sync"))
            again.append(run_command(ours, "sync"))
            other = peers.mbsync(user, home / "mbsync")
            if other is not None:
                theirs.append(run_command(other))
                theirs_again.append(run_command(other))
            floors.append(raw_floor(user, b"BODY.PEEK[]"))
            shutil.rmtree(home, ignore_errors=True)
        ours_s = figures.median(mine)
        figures.table(
            f"{count:,} messages with their text kept for offline",
            ["program", "first", "tuimail is", "nothing changed", "tuimail is"],
            [
                ["tuimail sync, offline = all", figures.seconds(ours_s), "1", figures.seconds(figures.median(again)),
                 "1"],
                ["mbsync, whole mail", figures.seconds(figures.median(theirs)),
                 figures.ratio(ours_s, figures.median(theirs)), figures.seconds(figures.median(theirs_again)),
                 figures.ratio(figures.median(again), figures.median(theirs_again))],
                ["whole mail over a bare socket", figures.seconds(figures.median(floors)),
                 figures.ratio(ours_s, figures.median(floors)), "", ""],
            ],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--whole", type=int, nargs="*", default=[])
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as base:
        for count in options.counts:
            headers(count, options.runs, Path(base), small=True)
        for count in options.whole:
            whole(count, options.runs, Path(base))


if __name__ == "__main__":
    main()
