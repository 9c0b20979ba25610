"""Files give back what lies free in them, a few pages a step.

No lock is ever held for long so; a `VACUUM` holds one for minutes and needs the space
twice. A file that was made before it could do so stays as large as it was and fills what
is free with new mail. What must not live here: when (`upkeep`).
"""

from __future__ import annotations

from typing import Final

from tuimail.store.database import Database

SPARE_OCTETS: Final = 16 << 20
"""So much may lie free in a file whatever its size,"""
SPARE_SHARE: Final = 4
"""and this share of it: new mail soon fills it."""
_STEP_PAGES: Final = 256


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
