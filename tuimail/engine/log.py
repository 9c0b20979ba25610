"""The engine's diary: ids, counts, octets, seconds. Never a subject, an address, a body, a secret.

One line an event, in a file of mode 0600 that is turned over once it is large. A disk
that is full silences the diary and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import traceback
from pathlib import Path

MAX_OCTETS = 1 << 20


class Log:
    """Appends lines `time word key=value ...` to a file."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, word: str, **values: object) -> None:
        """One event. Values are numbers, ids, or words of our own."""
        if self._file is None:
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        told = "".join(f" {key}={value}" for key, value in values.items())
        line = f"{stamp} {os.getpid()} {word}{told}\n".replace("\r", " ").encode("utf-8", "replace")
        with self._lock, contextlib.suppress(OSError):
            self._append(self._file, line)

    def fault(self, word: str, error: BaseException, **values: object) -> None:
        """An error by its kind and place. Its text is left out: it may quote mail."""
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        place = ">".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in frames)
        self.write(word, error=type(error).__name__, at=place, **values)

    @staticmethod
    def _append(file: Path, line: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_size > MAX_OCTETS:
                file.replace(file.with_suffix(".old.log"))
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
