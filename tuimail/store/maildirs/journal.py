"""Small files of lines beside an account's mail: what cannot be read out of the mail itself.

What lives here: appending one JSON object a line, durably, reading them all, and writing
a file that grew anew, shorter. What must not: what they mean. Only appended to, or replaced
whole, so that no crash takes what was there; a line that a crash cut off is passed over.
mail.db can be made again with their help.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tuimail.paths import make_private
from tuimail.store.border import sync_directory
from tuimail.store.maildirs.maildir import bordered

_APPEND: Final = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_LINE: Final = 1 << 16
SMALL_OCTETS: Final = 1 << 18
"""No file of fewer is written anew; a larger one is each time it has doubled."""


def append(
    file: Path, lines: Iterable[Mapping[str, object]],
    shorten: Callable[[Iterator[dict[str, object]]], Iterable[Mapping[str, object]]] | None = None,
) -> None:
    """Add lines, and bring them to the disk before returning. Raises StoreError.

    When the file has doubled, what `shorten` makes of all its lines takes its place.
    """
    text = _text(lines)
    if not text:
        return
    with _locked(file) as descriptor:
        before = os.fstat(descriptor).st_size
        _append(file, descriptor, text)
        after = os.fstat(descriptor).st_size
        if shorten is not None and after >= SMALL_OCTETS and before.bit_length() != after.bit_length():
            _replace(file, _text(shorten(read(file))))


def _text(lines: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    """The file for appending, by nobody else: not even to one that was replaced meanwhile."""
    make_private(file.parent)
    with bordered(file):
        while True:
            descriptor = os.open(file, _APPEND, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.path.lexists(file) and os.path.samestat(os.fstat(descriptor), file.stat()):
                    yield descriptor
                    return
            finally:
                os.close(descriptor)


def _append(file: Path, descriptor: int, text: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        text = b"\n" + text  # a crash cut the last line off
    _write(descriptor, text)
    if not size:
        sync_directory(file.parent)


def _replace(file: Path, text: bytes) -> None:
    new = file.with_name(f"{file.name}.new")
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _write(descriptor, text)
    finally:
        os.close(descriptor)
    new.rename(file)
    sync_directory(file.parent)


def _write(descriptor: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def read(file: Path) -> Iterator[dict[str, object]]:
    """All whole lines, oldest first; none when there is no file. Raises StoreError."""
    with bordered(file):
        try:
            opened = file.open("rb")
        except FileNotFoundError:
            return
        with opened:
            while line := opened.readline(_LONGEST_LINE):
                try:
                    values = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(values, dict):
                    yield values
