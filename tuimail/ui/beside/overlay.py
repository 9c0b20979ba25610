"""What a person just did, laid over the rows that the store still gives.

An action is written beside the loop (`lane`), and the row must change with the key: so
until it is written, windows are read through this. What must not live here: writing,
and anything that lasts: a wish is lifted as soon as the store has it or has refused it.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tuimail.model import EnvelopeId, Row, Window
from tuimail.store import Store
from tuimail.ui.beside.listing import Listing

MOST_HIDDEN = 100
"""Each hidden row costs a look-up; the rows of a larger move go when it is written, a moment later."""
_GENERATION = 1 << 44
"""Revisions of the store stay below; a wish that comes or goes makes another revision."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One action under way."""

    ids: frozenset[EnvelopeId]
    add: int = 0
    """`Flag` bits."""
    remove: int = 0
    hides: bool = False
    """The rows leave their mailbox."""


class Overlay:
    """The wishes that are not written yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wishes: list[Wish] = []
        self._generation = 0
        self._hidden: tuple[tuple[object, ...], list[int]] = ((), [])
        """Positions of hidden rows, ascending, with what they were computed for."""

    def set_flags(self, ids: Collection[EnvelopeId], *, add: int = 0, remove: int = 0) -> Wish:
        """Show flags as they will be."""
        return self._lay(Wish(frozenset(ids), add=add, remove=remove))

    def hide(self, ids: Collection[EnvelopeId]) -> Wish:
        """Show the list without these. Too many are left in it."""
        return self._lay(Wish(frozenset(ids) if len(ids) <= MOST_HIDDEN else frozenset(), hides=True))

    def lift(self, wish: Wish) -> None:
        """It is written, or never will be."""
        self._wishes.remove(wish)
        self._generation += 1

    def window(self, listing: Listing, start: int, count: int) -> Window:
        """As `listing.window`, wishes laid over."""
        if not self._wishes:
            window = listing.window(start, count)
            return window._replace(revision=self._revision(window))
        hidden = self._positions(listing)
        window = listing.window(_base(start, hidden), count + len(hidden))
        gone = self._gone()
        rows = tuple(self.laid(row) for row in window.rows if row.id not in gone)[:count]
        return Window(start, rows, max(0, window.total - len(hidden)), self._revision(window))

    def position(self, listing: Listing, envelope_id: EnvelopeId) -> int | None:
        """As `listing.position`; for a hidden one, that of the row which took its place."""
        found = listing.position(envelope_id)
        if found is None or not self._wishes:
            return found
        return found - bisect.bisect_left(self._positions(listing), found)

    def rows(self, ids: Sequence[EnvelopeId]) -> list[Row]:
        """As `envelopes.rows`, wishes laid over."""
        return [self.laid(row) for row in self._store.envelopes.rows(ids)]

    def _lay(self, wish: Wish) -> Wish:
        self._wishes.append(wish)
        self._generation += 1
        return wish

    def _revision(self, window: Window) -> int:
        return window.revision + self._generation * _GENERATION if self._generation else window.revision

    def _gone(self) -> set[EnvelopeId]:
        return {envelope_id for wish in self._wishes if wish.hides for envelope_id in wish.ids}

    def _positions(self, listing: Listing) -> list[int]:
        computed_for = (listing.spec, listing.revision, self._generation)
        if self._hidden[0] != computed_for:
            found = {listing.position(envelope_id) for envelope_id in self._gone()}
            self._hidden = (computed_for, sorted(place for place in found if place is not None))
        return self._hidden[1]

    def laid(self, row: Row) -> Row:
        """A row with its flags as they will be."""
        flags = row.flags
        for wish in self._wishes:
            if row.id in wish.ids and (wish.add or wish.remove):
                flags = (flags | wish.add) & ~wish.remove
        return row if flags == row.flags else row._replace(flags=flags)


def _base(start: int, hidden: list[int]) -> int:
    """The position in the store of what is shown at `start`.

    >>> _base(2, [0, 3])
    4
    """
    for place in hidden:
        if place <= start:
            start += 1
    return start
