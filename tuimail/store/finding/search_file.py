"""The file behind search: search.db, made when it is missing, thrown away when it is damaged.

What lives here: opening and giving up. What must not: what the rows mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tuimail.errors import Corrupt, StoreError
from tuimail.store.aside import remove
from tuimail.store.database import BUSY_TIMEOUT_S, Database
from tuimail.store.migrations import SCHEMA_DIRECTORY, statements

SEARCH_VERSION: Final = 1
"""Any other is thrown away and made anew."""
_SCRIPT: Final = SCHEMA_DIRECTORY / "search.sql"
_LARGEST_CHECKED_OCTETS: Final = 1 << 30


class SearchFile:
    """search.db as one thread has it open."""

    def __init__(self, file: Path, patience_s: float = BUSY_TIMEOUT_S) -> None:
        self.file = file
        self._patience_s = patience_s
        self._opened: Database | None = None
        self._inode = 0
        self.was_damaged = False
        """It was found damaged and removed by this object."""
        self.opened = 0
        """How often it was opened: another time may be another file."""

    def existing(self) -> Database | None:
        """The file for reading; None when there is none that can be read."""
        if self._opened is not None and self._is_mine():
            return self._opened
        self.close()
        if not self.file.exists():
            return None
        try:
            opened = self._open()
            if self._version(opened) == SEARCH_VERSION:
                return opened
        except Corrupt:
            self.condemn()
        self.close()
        return None

    def made(self, newest_id: int) -> Database:
        """The file for writing, made when it is missing, damaged or of another version. Raises StoreError.

        `newest_id`: messages up to here are old, if it is made now.
        """
        opened = self.existing()
        if opened is not None:
            return opened
        remove(self.file)
        opened = self._open()
        opened.run("PRAGMA journal_mode=WAL")
        with opened.transaction():
            for statement in statements(_SCRIPT.read_text(encoding="utf-8")):
                opened.run(statement)
            opened.run(
                "INSERT INTO progress VALUES (1, ?, ?, 9223372036854775807, NULL, 0, 0, 0, 0, ?)",
                (newest_id, newest_id, int(self.was_damaged)),
            )
            opened.run(f"PRAGMA user_version={SEARCH_VERSION}")
        return opened

    def octets(self) -> int:
        """How large the file is, 0 when there is none."""
        try:
            return self.file.stat().st_size
        except OSError:
            return 0

    def look_closely(self) -> None:
        """Read the whole file once, unless it is huge; a damaged one is removed."""
        opened = self.existing()
        try:
            if opened is None or self.file.stat().st_size > _LARGEST_CHECKED_OCTETS:
                return
            if opened.column("PRAGMA quick_check(1)") != ["ok"]:
                self.condemn()
        except Corrupt:
            self.condemn()
        except OSError:
            return

    def condemn(self) -> None:
        """It is damaged: remove it, unless another process has made a new one already."""
        is_mine = self._is_mine()
        self.close()
        if is_mine:
            self.was_damaged = True
            remove(self.file)

    def close(self) -> None:
        """Give the file up."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            try:
                opened.close()
            except StoreError:
                return  # it is a cache, and may be damaged

    def _open(self) -> Database:
        self._opened = Database.open(self.file, self._patience_s)
        self.opened += 1
        self._inode = self._current_inode()
        return self._opened

    def _version(self, opened: Database) -> int:
        row = opened.row("SELECT user_version FROM pragma_user_version")
        return int(row[0]) if row else 0

    def _is_mine(self) -> bool:
        return self._inode == self._current_inode() != 0

    def _current_inode(self) -> int:
        try:
            return self.file.stat().st_ino
        except OSError:
            return 0
