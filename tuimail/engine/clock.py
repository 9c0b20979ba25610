"""The two clocks of a machine, as one value that a test can move.

The wall clock goes on while the machine sleeps, the monotonic one stands still: when
they drift apart, the machine was suspended (or its clock was set), and every
connection is suspect.
"""

from __future__ import annotations

import time
from typing import Protocol

JUMP_S = 30.0
"""Further apart than this, and the machine slept."""


class Clock(Protocol):
    """Reads the time."""

    def wall(self) -> float:
        """Seconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back, stands still in a suspend."""


class SystemClock:
    """The clocks of this machine."""

    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()


class JumpDetector:
    """Tells once when wall and monotonic time drifted apart."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.wall() - clock.monotonic()

    def jumped(self) -> bool:
        """Whether more than `JUMP_S` got lost or won since the last call."""
        offset = self._clock.wall() - self._clock.monotonic()
        jump, self._offset = abs(offset - self._offset), offset
        return jump > JUMP_S
