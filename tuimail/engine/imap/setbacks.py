"""Actions during which connections ended: counted, so that one that ends every connection does not stop the mail.

Kept in memory by the account's loop from one connection to the next. Values only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from tuimail.model import PendingId

WARY: Final = 3
"""After so many connections an action is told only at the end of a round, when all mail is here."""
HOPELESS: Final = 8
"""After so many it counts as refused."""


class Setbacks:
    """How many connections ended while an action was told."""

    def __init__(self) -> None:
        self._telling: frozenset[PendingId] = frozenset()
        self._counts: Counter[PendingId] = Counter()

    def came_back(self) -> None:
        """There is a new connection: what was being told when the last one ended may be why."""
        self._counts.update(self._telling)
        self._telling = frozenset()

    def begins(self, ids: Iterable[PendingId]) -> None:
        """These are being told."""
        self._telling = frozenset(ids)

    def ended(self, ids: Iterable[PendingId]) -> None:
        """The server answered."""
        self._telling = frozenset()
        for pending_id in ids:
            self._counts.pop(pending_id, None)

    def avoids(self, pending_id: PendingId, *, stubborn: bool) -> bool:
        """Whether it had better wait for the end of the round."""
        return not stubborn and self._counts[pending_id] >= WARY

    def hopeless(self, ids: Iterable[PendingId]) -> bool:
        """Whether one of them ended too many connections."""
        return any(self._counts[pending_id] >= HOPELESS for pending_id in ids)
