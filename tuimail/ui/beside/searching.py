"""Searching beside the loop: one thread with a store of its own, in which a newer question makes older ones pointless.

What lives here: the thread, and values that the search screen shows. What must not:
Textual, and what a query means (`wishes.finding`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tuimail.model import EnvelopeId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.lane import Lane
from tuimail.wishes import finding
from tuimail.wishes.finding import Answer, Suggestion

PAGE = 100
"""Messages that are asked for at once."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the screen shows an answer to."""

    text: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """How a search was left, so that it can be come back to."""

    asked: Asked = Asked()
    cursor: int = 0
    top: int = 0
    from_servers: tuple[EnvelopeId, ...] = ()
    selected: frozenset[EnvelopeId] = frozenset()


class SearchDesk:
    """Asks the store in a thread. Used by one loop."""

    def __init__(self, paths: Paths, clock: Callable[[], float]) -> None:
        self._lane = Lane(paths)
        self._clock = clock
        self._number = 0

    def close(self) -> None:
        """Nobody asks any more."""
        self._number += 1
        self._lane.close(0)

    async def ask(self, asked: Asked, servers: Sequence[EnvelopeId], at_least: int = 0) -> Answer | None:
        """The first page; its last word may go on, a space ends it. None when something newer was asked meanwhile.

        `at_least`: so many messages, where there are so many.
        """
        self._number += 1
        number, now, limit = self._number, self._clock(), max(PAGE, at_least)

        def work(store: Store) -> Answer | None:
            if number != self._number:
                return None
            answer = finding.find(store, asked.text, now=now, limit=limit, best=asked.best, is_typing=True)
            return finding.merged(store, answer, servers) if servers else answer

        answer = await self._lane.run(work)
        return answer if number == self._number else None

    async def more(self, asked: Asked, before: Answer) -> Answer | None:
        """The answer with another page; None when something newer was asked meanwhile."""
        number, now, after = self._number, self._clock(), before.after
        if after is None:
            return None
        page = await self._lane.run(lambda store: finding.find(
            store, asked.text, now=now, limit=PAGE, after=after, best=asked.best, is_typing=True
        ))  # fmt: skip
        if number != self._number:
            return None
        here = {each.hit.row.id for each in before.found}
        new = tuple(each for each in page.found if each.hit.row.id not in here)
        return replace(before, found=(*before.found, *new), after=page.after)

    async def ids(self, asked: Asked, servers: Sequence[EnvelopeId], limit: int) -> list[EnvelopeId]:
        """All that it finds, not only what is shown; at most `limit`."""
        now = self._clock()
        found = await self._lane.run(
            lambda store: finding.ids_of(store, asked.text, now=now, limit=limit, is_typing=True)
        )
        return list(dict.fromkeys([*found, *servers]))[:limit]

    async def suggest(self, text: str, cursor: int) -> list[Suggestion]:
        """How the word before the cursor can go on."""
        return await self._lane.run(lambda store: finding.suggestions(store, text, cursor))

    async def save(self, name: str, query: str) -> None:
        """Keep a search under a name. Raises UsageError."""
        await self._lane.run(lambda store: finding.save(store, name, query))
