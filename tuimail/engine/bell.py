"""A bell that any thread may ring, and that wakes a thread out of `select`.

It carries no words: who rings it first writes down what for, under the lock of
whoever owns the bell.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading


class Bell:
    """A pipe that is readable from `ring` to `hush`."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """For `select`, and for whoever waits on a socket at the same time."""
        return self._reading

    def ring(self) -> None:
        """Wake the owner; ringing twice is as good as once. A closed bell stays silent."""
        with self._lock, contextlib.suppress(OSError):
            if self._writing >= 0:
                os.write(self._writing, b"!")

    def hush(self) -> None:
        """Make it quiet again. Call it before looking at what was asked, or news is lost."""
        with contextlib.suppress(OSError):
            while os.read(self._reading, 4096):
                pass

    def wait(self, timeout_s: float | None) -> bool:
        """Sleep until it rings; False when the time passed first. Hushes it."""
        readable, _, _ = select.select([self._reading], [], [], timeout_s)
        self.hush()
        return bool(readable)

    def close(self) -> None:
        """Give the pipe back."""
        with self._lock:
            for descriptor in (self._reading, self._writing):
                if descriptor >= 0:
                    os.close(descriptor)
            self._reading = self._writing = -1
