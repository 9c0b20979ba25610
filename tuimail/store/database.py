"""One connection to one SQLite file in WAL mode: statements, transactions, durability.

What lives here: opening with private modes, the transaction, the reading snapshot.
What must not: any table's name but `meta`; the schema is in `migrations`.

The file is never opened by anything but SQLite while it may be in use: closing any
descriptor of a file drops all POSIX locks that this process holds on it
(https://sqlite.org/howtocorrupt.html 2.2).
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tuimail.errors import ReadOnly
from tuimail.store import scrub
from tuimail.store.border import corrupt, read_only, translate

SqlRow = tuple[Any, ...]
"""A row as SQLite gives it: a border, so the types are the schema's promise."""

BUSY_TIMEOUT_S: Final = 5.0
CHUNK: Final = 500
"""Values bound in one IN list; older builds of SQLite allow 999."""
_CHECKPOINT_PAGES: Final = 4000
"""16 MB of WAL between checkpoints: each one syncs, and a first sync writes a lot."""
_WRITER_CACHE_KIB: Final = 8192
"""Four times the default: a writer touches a page in each of six trees for a row."""
_WAL_LIMIT_OCTETS: Final = 64 << 20
_BROKEN: Final = (sqlite3.Error, UnicodeDecodeError)
_UNBINDABLE: Final = (UnicodeEncodeError, OverflowError)
_NONSENSE: Final = (TypeError, LookupError, ValueError, OverflowError)
"""What Python says of rows that the schema does not allow."""


class Database:
    """A connection. Used by one thread."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self.file = file
        self.rollbacks = 0
        """How many transactions were undone: what was remembered since may be untrue."""
        self._depth = 0
        self._is_durable = False
        self._owes_flush = False
        self._ready_to_write = False

    @classmethod
    def open(cls, file: Path, patience_s: float = BUSY_TIMEOUT_S) -> Database:
        """A connection to `file`, which is made (mode 0600) when it is missing; raises StoreError.

        `patience_s`: it waits so long for a lock of somebody else.
        """
        _make_private_file(file)
        try:
            connection = sqlite3.connect(file, timeout=patience_s, isolation_level=None, cached_statements=256)
        except sqlite3.Error as exc:
            raise translate(exc, file) from exc
        return cls(connection, file)

    def close(self) -> None:
        """Give the file up; the last one to do so folds the WAL into it."""
        try:
            self._connection.close()
        except sqlite3.Error as exc:
            raise translate(exc, self.file) from exc

    # --- statements -----------------------------------------------------------

    def row(self, sql: str, values: Sequence[object] = ()) -> SqlRow | None:
        """The first row of the answer, None when there is none."""
        try:
            row: SqlRow | None = self._execute(sql, values).fetchone()
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc
        return row

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[SqlRow]:
        """All rows of the answer."""
        try:
            return self._execute(sql, values).fetchall()
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc

    def column(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """The only column of all rows."""
        try:
            return list(chain.from_iterable(self._execute(sql, values)))
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc

    def numbers(self, sql: str, values: Sequence[object] = ()) -> array[int]:
        """The only column of all rows, 0 to 2**32-1 each."""
        try:
            return array("I", chain.from_iterable(self._execute(sql, values)))
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc
        except (TypeError, OverflowError) as exc:
            raise corrupt(self.file, "a uid that is none") from exc

    def each(self, sql: str, values: Sequence[object] = ()) -> Iterator[SqlRow]:
        """Rows one by one, for answers that are rarely read to the end."""
        try:
            for row in self._execute(sql, values):  # noqa: UP028 - `yield from` would close the cursor of a closed file
                yield row
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc

    def rows_of(self, sql: str, keys: Iterable[object], before: Sequence[object] = ()) -> list[SqlRow]:
        """Rows for many keys: `{keys}` in `sql` becomes the list of an IN, chunk by chunk."""
        found: list[SqlRow] = []
        for chunk in chunks(keys, CHUNK):
            found += self.rows(sql.format(keys=",".join("?" * len(chunk))), (*before, *chunk))
        return found

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Carry out one statement; how many rows it changed."""
        try:
            return self._execute(sql, values).rowcount
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc

    def insert(self, sql: str, values: Sequence[object] = ()) -> int:
        """Insert one row; its rowid."""
        try:
            return self._execute(sql, values).lastrowid or 0
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc

    def many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Carry out one statement for each tuple of values, inside a transaction."""
        rows = list(values)
        if not rows:
            return
        try:
            self._connection.execute("SAVEPOINT many")
            try:
                self._connection.executemany(sql, rows)
            except _UNBINDABLE:
                self._connection.execute("ROLLBACK TO many")
                self._connection.executemany(sql, map(scrub.values, rows))
            self._connection.execute("RELEASE many")
        except _BROKEN as exc:
            raise translate(exc, self.file) from exc

    def _execute(self, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except _UNBINDABLE:
            # One odd header must not stop a sync: a surrogate becomes U+FFFD, and it is tried once more.
            return self._connection.execute(sql, scrub.values(values))

    # --- transactions ---------------------------------------------------------

    @property
    def is_writing(self) -> bool:
        """Whether a transaction is under way."""
        return self._depth > 0

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All or nothing; holds the write lock. Inside another one it is part of that.

        `durable`: survives a power loss (FULL). Otherwise the last commits may be lost
        then, never torn: right for what a server can tell again (NORMAL in WAL).
        Raises StoreError.
        """
        if self._depth:
            self._owes_flush |= durable and not self._is_durable
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._begin(durable)
        try:
            yield
            self.run("COMMIT")
        except _NONSENSE as exc:
            self._undo()
            self._blame(exc)
            raise
        except BaseException:
            self._undo()
            raise
        finally:
            self._depth = 0
        if self._owes_flush:
            self._owes_flush = False
            self._flush()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several reads that see one state."""
        if self._is_inside():
            yield
            return
        self.run("BEGIN")
        try:
            yield
        except _NONSENSE as exc:
            self._blame(exc)
            raise
        finally:
            if self._is_inside():  # a damaged file may have ended it
                self.run("COMMIT")

    def _blame(self, exc: Exception) -> None:
        """Raise Corrupt when rows made no sense because the file is damaged, and not by our own mistake."""
        if self.column("PRAGMA integrity_check(1)") != ["ok"]:
            raise corrupt(self.file) from exc

    def _is_inside(self) -> bool:
        return self._connection.in_transaction

    def _begin(self, durable: bool) -> None:
        if not self._ready_to_write:
            self.run(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
            self.run(f"PRAGMA journal_size_limit={_WAL_LIMIT_OCTETS}")
            self.run(f"PRAGMA cache_size=-{_WRITER_CACHE_KIB}")
            self.run("PRAGMA synchronous=NORMAL")
            self._ready_to_write = True
        if durable != self._is_durable:
            self.run("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=NORMAL")
            self._is_durable = durable
        self._owes_flush = False
        self.run("BEGIN IMMEDIATE")
        self._depth = 1

    def _undo(self) -> None:
        self.rollbacks += 1
        self._owes_flush = False
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # What went wrong first is on its way up; SQLite undoes the rest when the file is opened next.
            return

    def _flush(self) -> None:
        """A commit in FULL syncs the WAL, and with it every commit before."""
        with self.transaction(durable=True):
            self.run("UPDATE meta SET value = value + 1 WHERE key = 'flushes'")

    # --- the file -------------------------------------------------------------

    def interrupt(self) -> None:
        """Stop the statement that another thread is carrying out here: it raises StoreError. From any thread."""
        try:
            self._connection.interrupt()
        except sqlite3.Error:
            return  # closed meanwhile

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` values, in order."""
    chunk: list[Any] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _make_private_file(file: Path) -> None:
    """Make `file` with mode 0600, or take it back to that; -wal and -shm follow its mode."""
    name = os.fspath(file)
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116 - the first frame waits for this; Path costs three times as much
    except FileNotFoundError:
        _create(name, file)
        return
    except OSError as exc:
        raise read_only(file) from exc
    if mode & 0o077:
        _quietly(lambda: file.chmod(0o600))


def _create(name: str, file: Path) -> None:
    try:
        # O_EXCL: a file that somebody else made meanwhile is not opened (and closed) by us.
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as exc:
        raise ReadOnly(
            f"{file} cannot be made: {exc.strerror or exc}.",
            "Check the permissions of its folder, or choose another place with --data-dir.",
        ) from exc
    _quietly(lambda: file.chmod(0o600))


def _quietly(change: Callable[[], None]) -> None:
    """Modes are a courtesy on file systems that have none; the directory is 0700 anyway."""
    try:
        change()
    except OSError:
        return
