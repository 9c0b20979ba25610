"""The one border to SQLite's and the system's errors, translated into `StoreError`.

What lives here: which error of SQLite or of a file means what for a person, and what
they can do; and making names of files durable. What must not: SQL.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final

from tuimail.errors import Corrupt, DiskFull, Locked, ReadOnly, StoreError

_PRIMARY_CODE: Final = 0xFF
"""The low byte of an extended result code (https://sqlite.org/rescode.html)."""


def translate(exc: sqlite3.Error | UnicodeError, file: Path) -> StoreError:
    """What an error of SQLite about `file` means."""
    code = getattr(exc, "sqlite_errorcode", None)
    if code is None:
        return _without_code(exc, file)
    match code & _PRIMARY_CODE:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return locked(file)
        case sqlite3.SQLITE_FULL:
            return disk_full(file.parent)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_FORMAT:
            return corrupt(file)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH | sqlite3.SQLITE_CANTOPEN:
            return read_only(file)
        case sqlite3.SQLITE_IOERR:
            return disk_full(file.parent) if _is_full(file.parent) else _unreadable(exc, file)
        case sqlite3.SQLITE_CONSTRAINT | sqlite3.SQLITE_MISMATCH | sqlite3.SQLITE_SCHEMA | sqlite3.SQLITE_ERROR:
            # Our statements are tested against our schema: when they fail, the file is not what it was.
            return corrupt(file, str(exc))
        case _:
            return _unreadable(exc, file)


def _without_code(exc: Exception, file: Path) -> StoreError:
    """Python's own complaints: text that is no UTF-8, a closed connection, a wrong thread."""
    if isinstance(exc, sqlite3.OperationalError | sqlite3.DatabaseError) and "decode" in str(exc).lower():
        return corrupt(file, "text that is not UTF-8")
    return _unreadable(exc, file)


def translate_os(exc: OSError, place: Path, advice: str = "Choose another folder.") -> StoreError:
    """What an error of the file system about `place` means; `advice` helps where it is not a full disk."""
    match exc.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return disk_full(place)
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return ReadOnly(f"{place} cannot be written: {exc.strerror}.", advice)
        case _:
            return StoreError(f"{place} cannot be used: {exc.strerror or exc}.", advice)


def corrupt(file: Path, why: str = "") -> Corrupt:
    """The database is damaged."""
    return Corrupt(
        f"The mail store {file} is damaged{': ' + why if why else ''}.",
        "`tuimail doctor` puts it aside and begins a new one; mail is fetched from the servers again.",
    )


def locked(file: Path) -> Locked:
    """Another process held the write lock for longer than we wait."""
    return Locked(f"The mail store {file} is busy.", "Another tuimail is writing; try again in a moment.")


def disk_full(place: Path) -> DiskFull:
    """No space, no quota, or a file larger than allowed."""
    return DiskFull(f"The disk that holds {place} is full.", "Free some space; nothing that was stored is lost.")


def read_only(file: Path) -> ReadOnly:
    """The file or its directory cannot be written (WAL needs both, even to read)."""
    return ReadOnly(
        f"The mail store {file} cannot be opened for writing.",
        "Check the permissions of its folder, or choose another place with --data-dir.",
    )


def _unreadable(exc: Exception, file: Path) -> StoreError:
    return StoreError(f"The mail store {file} could not be used: {exc}.", "Try again; `tuimail doctor` looks closer.")


def _is_full(directory: Path) -> bool:
    """Whether less than a megabyte is left: SQLite calls a full disk an I/O error in places."""
    try:
        space = os.statvfs(directory)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < 1 << 20


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
