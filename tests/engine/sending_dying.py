"""One sync of one data directory in a process of its own that is killed at its n-th commit.

    python -m tests.engine.sending_dying DIRECTORY N

`kill -9` to itself, before the commit: what was committed before is on the disk, and nothing else. N 0 never kills.
Ends with 0 when the sync ended first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tuimail.engine.inprocess import InProcessOffice
from tuimail.paths import Paths
from tuimail.store.database import Database


def main(arguments: Sequence[str]) -> int:
    directory, last = Path(arguments[0]), int(arguments[1])
    paths = Paths(
        config_file=directory / "config.toml", data=directory / "data", state=directory / "state",
        runtime=directory / "run",
    )  # fmt: skip
    _die_at(last)
    office = InProcessOffice.join(paths, on_notice=lambda notice: None, watch=False)
    office.wait_sync(timeout_s=60)
    office.close()
    return 0


def _die_at(last: int) -> None:
    """Count commits of every sender's thread: the steps of a message are all of them there."""
    count = 0
    lock = threading.Lock()
    execute = Database._execute

    def counting(self: Database, sql: str, values: Sequence[object]) -> object:
        nonlocal count
        if sql == "COMMIT" and threading.current_thread().name.startswith("sender "):
            with lock:
                count += 1
                if count == last:
                    os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, sql, values)

    Database._execute = counting  # type: ignore[method-assign,assignment]  # a process of its own, for this alone


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
