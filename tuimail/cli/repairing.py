"""`doctor --repair`: put right what can be put right in the store.

Nothing is ever deleted: counters are counted anew, and a damaged store is moved aside,
so that the next sync fills a fresh one from the server.
"""

from __future__ import annotations

from tuimail import store as store_room
from tuimail.cli.cli import Cli
from tuimail.engine.office import engine_runs
from tuimail.errors import Corrupt, UsageError


def repair(cli: Cli) -> list[str]:
    """Repair the store; what was done, in sentences. Raises UsageError while an engine is at work."""
    if not cli.paths.mail_db.exists():
        return []
    if engine_runs(cli.paths):
        raise UsageError("The mail engine is at work on this store.", "Close tuimail, and try again in a few seconds.")
    try:
        with store_room.Store.open(cli.paths) as store:
            if not store.check():
                return []
            store.repair_counters()
            if not store.check():
                return ["Counters in the store were wrong and were counted anew."]
    except Corrupt:
        pass
    moved = store_room.set_aside(cli.paths)
    return [f"The damaged store was moved to {moved}; `tuimail sync` fills a new one from the server."]
