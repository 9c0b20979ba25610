"""Small files of lines beside an account's mail: what cannot be read out of the mail itself.

What lives here: appending one JSON object a line, durably, and reading them all. What
must not: what they mean. Only appended to, so that no crash takes what was there; a
line that a crash cut off is passed over. mail.db can be made again with their help.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tuimail.paths import make_private
from tuimail.store.maildirs.maildir import bordered, sync_directory

_APPEND: Final = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_LINE: Final = 1 << 16


def append(file: Path, lines: Iterable[Mapping[str, object]]) -> None:
    """Add lines, and bring them to the disk before returning. Raises StoreError."""
    text = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    if not text:
        return
    make_private(file.parent)
    with bordered(file):
        is_new = not file.exists()
        descriptor = os.open(file, _APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                text = b"\n" + text  # a crash cut the last line off
            view = memoryview(text)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_directory(file.parent)


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
