"""Damaged files are put aside, never deleted: somebody may still get mail out of them.

What lives here, too: a complete new file takes the place of the old one, in steps that
may be cut at any moment and are finished by whoever opens the file next.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from tuimail.paths import replacement_of
from tuimail.store.border import sync_directory, translate_os

COMPANIONS: Final = ("-wal", "-shm", "-journal")
"""Files beside a database that belong to it."""


def move_aside(file: Path) -> Path:
    """Rename a database and its companions to the first free `NAME.damaged-N`; its new place.

    The companions go first: a fresh database must never find an old WAL. Raises StoreError.
    """
    try:
        return _move(file)
    except OSError as exc:
        raise translate_os(exc, file.parent) from exc


def complete(file: Path, made: Path) -> Path | None:
    """A new database is whole and nobody writes to the old one: it takes its place; where the old one is now.

    From the first rename on, no death can bring the old one back, nor leave none.
    Raises StoreError.
    """
    try:
        made.rename(replacement_of(file))
        sync_directory(file.parent)
    except OSError as exc:
        raise translate_os(exc, file.parent) from exc
    return finish(file)


def finish(file: Path) -> Path | None:
    """Go on with what a death cut in `complete`, before the file is opened; where the old one is now, if it was there.

    One `lstat` where nothing was cut. Raises StoreError.
    """
    whole = replacement_of(file)
    if not os.path.lexists(whole):
        return None
    try:
        with _alone(file.parent):
            if not os.path.lexists(whole):
                return None  # another process was faster
            put_aside = _move(file, is_begun=True) if any(map(os.path.lexists, _all(file))) else None
            whole.rename(file)
            sync_directory(file.parent)
            return put_aside
    except OSError as exc:
        raise translate_os(exc, file.parent) from exc


def _move(file: Path, *, is_begun: bool = False) -> Path:
    """To the first free name; `is_begun`: some companions may be there already. Raises OSError."""
    for number in count(1):
        target = file.with_name(f"{file.name}.damaged-{number}")
        pairs = list(zip(_all(file), _all(target), strict=True))
        there = [old for old, new in pairs if os.path.lexists(new)]
        if os.path.lexists(target) or any(not is_begun or os.path.lexists(old) for old in there):
            continue
        for old, new in pairs:
            _rename(old, new)
        return target
    raise AssertionError("count() ended")


def _all(file: Path) -> list[str]:
    """A database and what belongs to it, in the order in which it may be taken away."""
    return [f"{file}{suffix}" for suffix in (*COMPANIONS, "")]


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove(file: Path) -> None:
    """Delete a cache and its companions. Raises StoreError."""
    try:
        for each in _all(file):
            Path(each).unlink(missing_ok=True)
    except OSError as exc:
        raise translate_os(exc, file.parent) from exc


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)  # noqa: PTH104 - names with suffixes, not paths
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise
