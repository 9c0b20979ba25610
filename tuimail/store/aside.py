"""Damaged files are put aside, never deleted: somebody may still get mail out of them."""

from __future__ import annotations

import errno
import os
from itertools import count
from pathlib import Path
from typing import Final

from tuimail.store.border import translate_os

COMPANIONS: Final = ("-wal", "-shm", "-journal")
"""Files beside a database that belong to it."""


def move_aside(file: Path) -> Path:
    """Rename a database and its companions to the first free `NAME.damaged-N`; its new place.

    The companions go first: a fresh database must never find an old WAL. Raises StoreError.
    """
    for number in count(1):
        target = file.with_name(f"{file.name}.damaged-{number}")
        if any(os.path.lexists(f"{target}{suffix}") for suffix in ("", *COMPANIONS)):
            continue
        try:
            for suffix in COMPANIONS:
                _rename(f"{file}{suffix}", f"{target}{suffix}")
            _rename(os.fspath(file), os.fspath(target))
        except OSError as exc:
            raise translate_os(exc, file.parent) from exc
        return target
    raise AssertionError("count() ended")


def remove(file: Path) -> None:
    """Delete a cache and its companions. Raises StoreError."""
    try:
        for suffix in (*COMPANIONS, ""):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
    except OSError as exc:
        raise translate_os(exc, file.parent) from exc


def _rename(old: str, new: str) -> None:
    try:
        os.rename(old, new)  # noqa: PTH104 - names with suffixes, not paths
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise
