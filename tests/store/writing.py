"""A process that writes to a store until it is done or killed: `python -m tests.store.writing DIR WHAT FIRST`.

It says a line after each batch, so that a test can kill it in the middle of the next.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.store.making import WORK, change, places, several
from tuimail.model import Flag
from tuimail.store import Store

BATCH = 200
BATCHES = 20


def main(directory: str, what: str, first: int) -> None:
    """Write batches of messages, or of actions."""
    with Store.open(places(Path(directory))) as store:
        inbox = store.mailboxes.find(WORK, "INBOX")
        assert inbox is not None
        print("ready", flush=True)
        for number in range(BATCHES):
            if what == "mail":
                start = first + number * BATCH
                store.envelopes.ingest(inbox.id, several(range(start, start + BATCH)))
                store.envelopes.vanish(inbox.id, range(start, start + 10))
            else:
                rows = store.envelopes.window(inbox.id, 0, 5).rows
                store.pending.add([change(store, row.id, add=Flag.SEEN) for row in rows[:1]], at=number)
            print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
