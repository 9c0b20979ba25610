"""An engine in a process of its own that syncs once and is killed at a commit: DIRECTORY NUMBER before|after.

Counted are the commits of the account's own thread, which tells actions. Prints how many
there were when nothing killed it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tuimail.engine.inprocess import InProcessOffice
from tuimail.paths import Paths
from tuimail.store.database import Database


def kill_at(number: int, moment: str) -> Callable[[], int]:
    """Have this process killed around its nth commit; a function that tells how many there were."""
    counted = 0
    really = Database.run

    def run(self: Database, sql: str, values: Sequence[object] = ()) -> int:
        nonlocal counted
        if sql != "COMMIT" or not threading.current_thread().name.startswith("account"):
            return really(self, sql, values)
        counted += 1
        if counted == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        changed = really(self, sql, values)
        if counted == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return changed

    Database.run = run  # type: ignore[method-assign] # the fault itself
    return lambda: counted


def main() -> int:
    """0 when nothing killed it."""
    directory, number, moment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    counted = kill_at(number, moment)
    paths = Paths(directory / "config.toml", directory / "data", directory / "state", directory / "run")
    office = InProcessOffice.join(paths, on_notice=lambda _: None, watch=False)
    office.wait_sync(timeout_s=60)
    office.close()
    sys.stdout.write(f"{counted()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
