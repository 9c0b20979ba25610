"""What keeps the store small by itself: old records go, and files give back what they no longer need.

What lives here: what is due, in steps of a few milliseconds. What must not: when they are
taken, for the thread of the index takes them while nobody waits, and how a file gives back
what is free (`spare`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from tuimail.store.database import Database
from tuimail.store.spare import SPARE_OCTETS, give_back

if TYPE_CHECKING:
    from tuimail.store.parts import Parts
    from tuimail.store.writing.drafts import Drafts
    from tuimail.store.writing.outbox import Outbox

DAY_S: Final = 86_400
PARTS_OCTETS: Final = 4 << 30
"""What message parts may take; those not read for longest go first."""
_KEPT_AT: Final = "SELECT value FROM meta WHERE key = 'kept_up_at'"
_NOTE: Final = "INSERT INTO meta VALUES ('kept_up_at', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


class Upkeep:
    """Steps that keep mail.db and parts.db small. Used by one thread."""

    def __init__(
        self, database: Database, parts: Parts, drafts: Callable[[], Drafts], outbox: Callable[[], Outbox]
    ) -> None:
        self._database = database
        self._parts = parts
        self._drafts = drafts
        self._outbox = outbox

    def is_due(self, *, at: int) -> bool:
        """Whether a day went by since the last time, or the clock was turned back."""
        row = self._database.row(_KEPT_AT)
        return row is None or not 0 <= at - int(row[0]) < DAY_S

    def steps(self, *, at: int, parts_octets: int = PARTS_OCTETS, spare_octets: int = SPARE_OCTETS) -> Iterator[None]:
        """Everything, step by step; when it is cut, the next time does the rest. Raises StoreError."""
        with self._database.transaction():
            self._drafts().forget_old(at=at)
            self._outbox().forget_old(at=at)
        yield
        self._parts.evict(parts_octets)
        yield
        while give_back(self._database, spare_octets):
            yield
        while self._parts.give_back(spare_octets):
            yield
        with self._database.transaction():
            self._database.run(_NOTE, (at,))
