"""The file behind `parts`: made when it is missing, made anew when it is damaged, kept small.

What lives here: opening parts.db, giving it up, and dropping rows. What must not: what
the bytes mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from tuimail.errors import Corrupt
from tuimail.model import BodyState
from tuimail.store.aside import move_aside, remove
from tuimail.store.database import Database, chunks
from tuimail.store.migrations import SCHEMA_DIRECTORY, statements

PARTS_VERSION: Final = 1
"""Any other is thrown away: what is in it can be fetched again."""
_SCRIPT: Final = SCHEMA_DIRECTORY / "parts.sql"
_STEP: Final = 200
_NOT_A_FILE: Final = "AND NOT EXISTS (SELECT 1 FROM file WHERE envelope_id = envelope.id)"
"""Mail that lies here as a file is whole, whatever this cache loses."""
T = TypeVar("T")


class Cache:
    """parts.db, opened when it is first needed."""

    def __init__(self, mail: Database, file: Path, *, write: bool = True) -> None:
        self._mail = mail
        self._file = file
        self._write = write
        self._opened: Database | None = None
        self._inode = 0

    def attempt(self, act: Callable[[Database], T], otherwise: T) -> T:
        """Act on the file; when it is damaged, on a new one. `otherwise` when there is none to act on."""
        for _ in range(2):
            cache = self._database()
            if cache is None:
                return otherwise
            try:
                return act(cache)
            except Corrupt:
                self._give_up()
        return otherwise

    def close(self) -> None:
        """Give the file up."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.close()

    def _database(self) -> Database | None:
        if self._opened is not None:
            return self._opened
        if not self._write and not self._file.exists():
            return None
        try:
            return self._open()
        except Corrupt:
            self._give_up()
        return self._open() if self._write else None

    def _open(self) -> Database:
        self._opened = opened = Database.open(self._file)
        self._inode = self._current_inode()
        row = opened.row("SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version")
        version, tables = row if row else (0, 0)
        if version == PARTS_VERSION:
            return opened
        if not self._write:
            raise Corrupt("The cache of parts was made by another version.")
        if tables:
            self.close()
            remove(self._file)
            self._opened = opened = Database.open(self._file)
            self._inode = self._current_inode()
        self._make(opened)
        return opened

    def _make(self, cache: Database) -> None:
        cache.run("PRAGMA auto_vacuum=INCREMENTAL")  # heard only as long as the file is empty; see `spare`
        cache.run("PRAGMA journal_mode=WAL")
        with cache.transaction():
            if cache.row("SELECT 1 FROM sqlite_master LIMIT 1"):
                return  # another process was faster
            for statement in statements(_SCRIPT.read_text(encoding="utf-8")):
                cache.run(statement)
            cache.run(f"PRAGMA user_version={PARTS_VERSION}")
        # Whatever was in the file before this one is gone.
        if self._mail.row(f"SELECT 1 FROM envelope WHERE body <> 0 {_NOT_A_FILE} LIMIT 1"):
            with self._mail.transaction():
                self._mail.run(f"UPDATE envelope SET body = 0 WHERE body <> 0 {_NOT_A_FILE}")
                self._mail.run("UPDATE mailbox SET revision = revision + 1")

    def _give_up(self) -> None:
        """Close the damaged file and put it aside, unless another process has done so."""
        self.close()
        if self._write and self._inode == self._current_inode():
            remove(self._file.with_name(f"{self._file.name}.damaged-1"))
            move_aside(self._file)

    def _current_inode(self) -> int:
        try:
            return self._file.stat().st_ino
        except OSError:
            return 0


def forget(cache: Database, where: str, values: Sequence[object]) -> None:
    """Delete parts, in the current transaction."""
    cache.run(
        "UPDATE budget SET stored_octets = stored_octets"
        f" - (SELECT coalesce(sum(stored_octets), 0) FROM part WHERE {where})",
        values,
    )
    cache.run(f"DELETE FROM part WHERE {where}", values)


def drop_orphans(cache: Database, mail: Database) -> None:
    """Delete parts and slices of messages that are no longer in the store."""
    kept = cache.rows("SELECT envelope_id, stamp FROM part UNION SELECT envelope_id, stamp FROM staging")
    for chunk in chunks(kept, _STEP):
        known = set(mail.rows_of("SELECT id, stamp FROM envelope WHERE id IN ({keys})", [row[0] for row in chunk]))
        with cache.transaction():
            for row in chunk:
                if row in known:
                    continue
                forget(cache, "envelope_id = ? AND stamp = ?", row)
                cache.run(
                    "DELETE FROM slice WHERE envelope_id = ? AND EXISTS (SELECT 1 FROM staging"
                    " WHERE staging.envelope_id = slice.envelope_id AND staging.section = slice.section"
                    " AND stamp = ?)",
                    row,
                )
                cache.run("DELETE FROM staging WHERE envelope_id = ? AND stamp = ?", row)


def drop_oldest(cache: Database, mail: Database, budget_octets: int) -> int:
    """Delete up to a couple of hundred parts, those not read for longest first; how many."""
    with cache.transaction():
        row = cache.row("SELECT stored_octets FROM budget")
        excess = (row[0] if row else 0) - budget_octets
        dropped = []
        for identity, envelope_id, stamp, octets in cache.rows(
            "SELECT id, envelope_id, stamp, stored_octets FROM part ORDER BY used, id LIMIT ?", (_STEP,)
        ):
            if excess <= 0:
                break
            dropped.append((identity, envelope_id, stamp))
            excess -= octets
        for identity, _, _ in dropped:
            forget(cache, "id = ?", (identity,))
        left = cache.rows_of(
            "SELECT envelope_id, stamp, section FROM part WHERE envelope_id IN ({keys})"
            " AND section IN ('', 'readable:text')",
            {row[1] for row in dropped},
        )
    _lower_states(mail, {(row[1], row[2]) for row in dropped}, left)
    return len(dropped)


def _lower_states(mail: Database, touched: Iterable[tuple[int, int]], left: Iterable[Sequence[object]]) -> None:
    """A message whose parts went is no longer here as far as it was."""
    states: dict[tuple[object, ...], BodyState] = {}
    for envelope_id, stamp, section in left:
        state = BodyState.WHOLE if section == "" else BodyState.TEXT
        states[envelope_id, stamp] = max(state, states.get((envelope_id, stamp), BodyState.ABSENT))
    with mail.transaction():
        for envelope_id, stamp in touched:
            state = states.get((envelope_id, stamp), BodyState.ABSENT)
            if mail.run(
                f"UPDATE envelope SET body = ? WHERE id = ? AND stamp = ? AND body > ? {_NOT_A_FILE}",
                (int(state), envelope_id, stamp, int(state)),
            ):
                mail.run(
                    "UPDATE mailbox SET revision = revision + 1"
                    " WHERE id = (SELECT mailbox_id FROM envelope WHERE id = ?)",
                    (envelope_id,),
                )
