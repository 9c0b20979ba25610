"""When news is taken from the engine to the screen: keys first.

During a first sync the engine has news twenty times a second, and each look at the store
and each paint takes time in which no key is heard. What must not live here: what the
news says, timers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

NEWS_EVERY_S: Final = 0.25
"""No oftener, however fast they come."""
AFTER_KEY_S: Final = 0.1
"""Not while keys come that fast one after another,"""
SOON_S: Final = 0.03
"""No oftener where a person looks at something that is still empty."""
AT_MOST_S: Final = 0.5
"""but news waits no longer than so."""


class Pace:
    """Says how long news waits. `clock`: steady, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken_at = self._key_at = float("-inf")
        self._waits_since: float | None = None

    def key(self) -> None:
        """A key was pressed."""
        self._key_at = self._clock()

    def taken(self) -> None:
        """All news was taken."""
        self._taken_at = self._clock()
        self._waits_since = None

    def wait_s(self, *, is_waited_for: bool = False) -> float:
        """How long the news that is here waits; 0: take it now."""
        now = self._clock()
        if is_waited_for:
            return max(0.0, self._taken_at + SOON_S - now)
        if self._waits_since is None:
            self._waits_since = now
        after_key = min(self._key_at + AFTER_KEY_S, self._waits_since + AT_MOST_S)
        return max(0.0, self._taken_at + NEWS_EVERY_S - now, after_key - now)
