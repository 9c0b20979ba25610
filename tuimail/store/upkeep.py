"""What keeps the store small by itself: old records go, and files give back what they no longer need.

What lives here: what is due, in steps of a few milliseconds. What must not: when they are
taken; the thread of the index takes them while nobody waits. A file gives back only what is
free in it, a few pages a step, so that no lock is ever held for long (a `VACUUM` holds one
for minutes, and needs the space twice). A store that was made before files could do so
stays as large as it was and fills what is free with new mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from tuimail.store.database import Database

if TYPE_CHECKING:
    from tuimail.store.parts import Parts
    from tuimail.store.writing.drafts import Drafts
    from tuimail.store.writing.outbox import Outbox

DAY_S: Final = 86_400
PARTS_OCTETS: Final = 4 << 30
"""What message parts may take; those not read for longest go first."""
SPARE_OCTETS: Final = 16 << 20
"""So much may lie free in a file whatever its size,"""
SPARE_SHARE: Final = 4
"""and this share of it: new mail soon fills it."""
_STEP_PAGES: Final = 256
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


def give_back(database: Database, spare_octets: int = SPARE_OCTETS) -> bool:
    """Make a file shorter by some pages if much of it is free; whether it did."""
    before = free_pages(database)
    if before <= _spared(database, spare_octets):
        return False
    database.rows(f"PRAGMA incremental_vacuum({_STEP_PAGES})")
    return free_pages(database) < before


def free_pages(database: Database) -> int:
    """Pages that hold nothing."""
    row = database.row("PRAGMA freelist_count")
    return int(row[0]) if row else 0


def _spared(database: Database, spare_octets: int) -> int:
    row = database.row("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size")
    pages, size = row if row else (0, 4096)
    return max(spare_octets // int(size), int(pages) // SPARE_SHARE)
