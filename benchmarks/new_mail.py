"""From a message that comes into the inbox on the server to its row on the screen: tuimail and aerc.

    python -m benchmarks.new_mail [--count 10000] [--messages 12]

Another client puts messages into INBOX with APPEND, one after the other. The clock begins when
the server has said that it has one. tuimail and aerc are told by IDLE; neomutt looks by itself only
after its `timeout`, or at a key, which is its nature and not a race: it is left out.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.terminal import Terminal
from tests.servers.dovecot import DovecotUser


def arrivals(peer: peers.Peer, user: DovecotUser, newest: str, first: int, count: int) -> list[float | None]:
    """Seconds from the server's OK to the row, for each message; None where it did not come in 20 s."""
    terminal = Terminal(peer.argv, peer.environ)
    found: list[float | None] = []
    try:
        terminal.wait_text(newest, 120)
        terminal.wait_quiet(2.0, 60)
        time.sleep(3.0)
        pauses = random.Random(first)
        connection = user.imap()
        for number in range(first, first + count):
            time.sleep(pauses.uniform(0.5, 2.0))
            sign = f"#{number:07d}"
            connection.append("INBOX", "", "", corpus.message(number, small=True))
            there = time.perf_counter()
            seen = terminal.first_moment(lambda screen, sign=sign: sign in screen, 20.0)  # type: ignore[misc]
            found.append(None if seen is None else max(0.0, seen - there))
        connection.logout()
    finally:
        terminal.close()
    return found


def main() -> None:
    """Both programs, in turn, on one server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=12)
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), f"load {figures.load()}", sep="; ")
    rows = []
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm", ignore_cleanup_errors=True) as base,
        corpus.served(options.count, small=True) as (_, user),
    ):
        first = options.count
        for peer in (peers.tuimail(user, Path(base) / "t"), peers.aerc(user, Path(base) / "a")):
            if peer is None:
                continue
            found = arrivals(peer, user, f"#{first - 1:07d}", first, options.messages)
            first += options.messages
            seen = sorted(one for one in found if one is not None)
            rows.append([
                peer.version, f"{len(seen)} of {len(found)}", figures.seconds(seen[0] if seen else None),
                figures.seconds(figures.median(found)), figures.seconds(seen[-1] if seen else None),
            ])
    figures.table(
        f"New mail, inbox of {options.count:,}, from the server to the screen",
        ["program", "seen", "least", "median", "most"], rows,
    )


if __name__ == "__main__":
    main()
