"""A sync again, headers synced before: nothing changed, and 1 % changed; tuimail and mbsync; memory of the engine.

    python -m benchmarks.again [--counts 10000 100000] [--runs 3] [--base DIR]

`engine there`: the engine still runs from the command before, as it does under the
screen. The other figures include starting it. mbsync holds whole mail and is told of the
same changes: flags of one message in a hundred.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers, pop
from benchmarks.first_sync import run_command
from tests.servers.dovecot import DovecotUser

LOOK_EVERY_S = 0.05


def first_sync_peak(peer: peers.Peer) -> float:
    """Peak memory, in octets, of the largest process of a first sync."""
    process = subprocess.Popen([*peer.argv, "sync"], env=peer.environ, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max([peak, *map(pop._high_water_octets, pop._processes_of(peer.environ["HOME"]))])
        time.sleep(LOOK_EVERY_S)
    return float(peak)


def change_one_in_a_hundred(user: DovecotUser, count: int, seed: int) -> None:
    """Toggle a flag on a hundredth of the messages."""
    picked = sorted(random.Random(seed).sample(range(1, count + 1), count // 100))
    connection = user.imap()
    try:
        connection.select("INBOX")
        for start in range(0, len(picked), 200):
            uids = ",".join(map(str, picked[start : start + 200]))
            connection.uid("STORE", uids, "+FLAGS" if seed % 2 else "-FLAGS", "(\\Flagged)")
    finally:
        connection.logout()


def measure(count: int, runs: int, base: Path) -> None:
    """One table for `count` messages."""
    columns: dict[str, list[float | None]] = {name: [] for name in ("cold", "there", "theirs", "cold1", "theirs1")}
    with corpus.served(count, small=True) as (_, user):
        home = base / str(count)
        ours = peers.tuimail(user, home / "tuimail")
        peak = first_sync_peak(ours)
        other = peers.mbsync(user, home / "mbsync")
        if other is not None:
            run_command(other)
        pop.wait_until_alone(ours)
        for run in range(runs):
            columns["cold"].append(run_command(ours, "sync"))
            columns["there"].append(run_command(ours, "sync"))
            columns["theirs"].append(run_command(other) if other is not None else None)
            pop.wait_until_alone(ours)
            change_one_in_a_hundred(user, count, run + 1)
            columns["cold1"].append(run_command(ours, "sync"))
            columns["theirs1"].append(run_command(other) if other is not None else None)
            pop.wait_until_alone(ours)
        cold, there, theirs, cold1, theirs1 = (figures.median(column) for column in columns.values())
        shutil.rmtree(home, ignore_errors=True)
    figures.table(
        f"A sync again of {count:,} headers",
        ["program", "nothing changed", "tuimail is", "1 % changed", "tuimail is", "peak of the first sync"],
        [
            ["tuimail sync, engine there", figures.seconds(there), "1", "", "", f"{peak / 1e6:.0f} MB"],
            ["tuimail sync, engine started", figures.seconds(cold), figures.ratio(there, cold), figures.seconds(cold1),
             "1", ""],
            ["mbsync", figures.seconds(theirs), figures.ratio(there, theirs), figures.seconds(theirs1),
             figures.ratio(cold1, theirs1), ""],
        ],
    )


def main() -> None:
    """Run for each count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm"), help="where mail is written")
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="again-", dir=options.base))
    print(f"{figures.machine()}; {figures.dovecot_version()}", flush=True)
    try:
        for count in options.counts:
            measure(count, options.runs, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
