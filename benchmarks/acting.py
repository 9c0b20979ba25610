"""Ten thousand messages archived at once: tuimail against neomutt tagging and saving the same.

    python -m benchmarks.acting [--count 10000] [--runs 3]

Both begin in the state of somebody who has looked at the mailbox before, connected and
with headers cached. Until shown: tuimail from the wish to the commit after which every
list shows it; neomutt from the Enter of `;s` to the next paint of a whole index. Until
done: until another client of the server finds the inbox empty and the archive full.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks import corpus, figures, peers
from benchmarks.first_sync import run_command
from benchmarks.terminal import Terminal
from tests.servers.dovecot import DovecotUser
from tuimail.engine.office import Office
from tuimail.engine.protocol import Stop, Wake
from tuimail.model import AccountName
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.wishes import acting

ACCOUNT = AccountName("bench")
LOOK_S = 0.02
PATIENCE_S = 300.0


class Run(NamedTuple):
    """Seconds of one run; None for what was never seen."""

    shown: float | None
    done: float | None


class Eyes:
    """Another client of the server that counts."""

    def __init__(self, user: DovecotUser) -> None:
        self._connection = user.imap()

    def count(self, mailbox: str) -> int:
        """How many messages are in it."""
        _, lines = self._connection.status(mailbox, "(MESSAGES)")
        line = lines[0]
        return int(line.split(b"MESSAGES ")[1].rstrip(b")")) if isinstance(line, bytes) else -1

    def wait_moved(self, count: int) -> float | None:
        """When (perf_counter) the inbox was empty and the archive held everything."""
        until = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < until:
            if self.count("INBOX") == 0 and self.count("Archive") == count:
                return time.perf_counter()
            time.sleep(LOOK_S)
        return None

    def close(self) -> None:
        """Leave."""
        self._connection.logout()


def prepare(user: DovecotUser) -> None:
    """An archive, so that nobody has to ask for one."""
    connection = user.imap()
    connection.create("Archive")
    connection.subscribe("Archive")
    connection.logout()


def tuimail_archives(user: DovecotUser, home: Path, count: int) -> Run:
    """The wish as the UI carries it out, and the engine in a process of its own."""
    peer = peers.tuimail(user, home)
    run_command(peer, "sync")
    paths = Paths.from_environment(peer.environ)
    eyes = Eyes(user)
    office = Office.join(paths, on_notice=lambda _: None)
    try:
        office.wait_sync(timeout_s=PATIENCE_S)
        with Store.open(paths) as store:
            inbox = store.mailboxes.find(ACCOUNT, "INBOX")
            assert inbox is not None
            ids = [row.id for row in store.envelopes.window(inbox.id, 0, count).rows]
            assert len(ids) == count
            began = time.perf_counter()
            assert acting.archive(store, ids, at=int(time.time())) is not None
            shown = time.perf_counter()
            office.send(Wake(ACCOUNT))
            done = eyes.wait_moved(count)
    finally:
        office.send(Stop())
        office.close()
        eyes.close()
    return Run(shown - began, None if done is None else done - began)


def neomutt_archives(user: DovecotUser, home: Path, count: int) -> Run:
    """Tag all, save the tagged ones to the archive, and write the mailbox back."""
    peer = peers.neomutt(user, home)
    if peer is None:
        return Run(None, None)
    with (home / "neomuttrc").open("a") as settings:
        settings.write("set delete=yes\nset auto_tag=no\nset confirmcreate=no\n")
    terminal = Terminal(peer.argv, peer.environ)
    eyes = Eyes(user)
    try:
        if terminal.wait_text(f"#{count - 1:07d}", PATIENCE_S) is None:
            return Run(None, None)
        terminal.type(b"T~A\r")
        terminal.wait_quiet(1.0)
        terminal.type(b";s\x15=Archive")
        terminal.wait_quiet(0.5)
        began = terminal.type(b"\r")
        shown = terminal.first_moment(
            lambda screen: screen.count("D") > 30 and "Copying" not in screen, PATIENCE_S, began
        )
        terminal.type(b"$")
        done = eyes.wait_moved(count)
    finally:
        terminal.close()
        eyes.close()
    return Run(None if shown is None else shown - began, None if done is None else done - began)


def measure(archives: Callable[[DovecotUser, Path, int], Run], name: str, count: int, runs: int, base: Path) -> Run:
    """The medians of some runs, each on a fresh mailbox."""
    found = []
    for number in range(runs):
        with corpus.served(count, small=True) as (_, user):
            prepare(user)
            found.append(archives(user, base / f"{name}{number}", count))
        shutil.rmtree(base / f"{name}{number}", ignore_errors=True)
    return Run(figures.median([one.shown for one in found]), figures.median([one.done for one in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as base:
        ours = measure(tuimail_archives, "tuimail", options.count, options.runs, Path(base))
        theirs = measure(neomutt_archives, "neomutt", options.count, options.runs, Path(base))
    figures.table(
        f"{options.count:,} messages archived at once",
        ["program", "until shown", "until the server has done it", "tuimail is"],
        [
            ["tuimail", figures.seconds(ours.shown), figures.seconds(ours.done), "1"],
            ["neomutt, `T~A`, `;s`, `$`", figures.seconds(theirs.shown), figures.seconds(theirs.done),
             figures.ratio(ours.done, theirs.done)],
        ],
    )


if __name__ == "__main__":
    main()
