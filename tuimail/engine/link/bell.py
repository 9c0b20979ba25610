"""A bell that any thread may ring, and that wakes a thread out of a wait for descriptors.

It carries no words: who rings it first writes down what for, under the lock of
whoever owns the bell.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Sequence


class Bell:
    """A pipe that is readable from `ring` to `hush`."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._lock = threading.Lock()

    def __del__(self) -> None:
        self.close()

    def fileno(self) -> int:
        """For whoever waits on a socket at the same time."""
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
        rang = bool(readable_of([self._reading], timeout_s))
        self.hush()
        return rang

    def close(self) -> None:
        """Give the pipe back."""
        with self._lock:
            for descriptor in (self._reading, self._writing):
                if descriptor >= 0:
                    os.close(descriptor)
            self._reading = self._writing = -1


def readable_of(descriptors: Sequence[int], timeout_s: float | None) -> set[int]:
    """Those that can be read (or have ended) before the time is over. poll, because select stops at 1024."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)}
