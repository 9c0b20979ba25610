"""The top of a thread that works on the store: it opens it, and opens it again when it could not be used.

What lives here: which trouble is waited out, and which is for good. What must not: what
the thread does, and what it says to whoever waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.errors import Corrupt, StoreError, TooNew
from tuimail.store import Store

OUR_FAULT: Final = "Something went wrong inside tuimail; see its log."


def keep_at_it(
    desk: Desk,
    word: str,
    work: Callable[[Store], None],
    *,
    stopping: Callable[[], bool],
    trouble: Callable[[StoreError], None],
    broken: Callable[[str], None],
) -> None:
    """Do `work` with an open store, again and again until `stopping`. Never raises.

    `trouble`: the store could not be opened or used just now, a full disk for instance; it
    says so, waits, and returns to try again. `broken`: for good, with a sentence; it serves
    whoever asks until `stopping`. `word` names the thread in the log.
    """
    while not stopping():
        try:
            with Store.open(desk.paths) as store:
                while not stopping():
                    work(store)
        except (Corrupt, TooNew) as exc:
            desk.log.fault(f"{word}.store", exc, account=desk.name)
            broken(exc.sentence)
        except StoreError as exc:
            desk.log.fault(f"{word}.store", exc, account=desk.name)
            trouble(exc)
        except Exception as exc:  # noqa: BLE001 - the top of the thread
            desk.log.fault(f"{word}.fault", exc, account=desk.name)
            broken(OUR_FAULT)
