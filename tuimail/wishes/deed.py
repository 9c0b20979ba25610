"""One deed in the making: actions that are kept together, and turned back together.

What lives here: the value that every wish returns, and the collecting of its actions.
What must not: what a wish means (`acting`, `tree`).
"""

from __future__ import annotations

from typing import NamedTuple

from tuimail.actions import Action
from tuimail.model import AccountName, DeedId, EnvelopeId
from tuimail.store import Store
from tuimail.wishes.places import Places


class Done(NamedTuple):
    """What was done."""

    deed: DeedId
    sentence: str
    """For a person, in the past tense, counted: `Archived 3 messages.`"""
    accounts: tuple[AccountName, ...]
    """Whom to wake."""


class Making:
    """Actions of one deed; `do` inside the transaction that made its rows."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.places = Places(store)
        self.actions: list[Action] = []
        self.after: dict[int, int] = {}
        """The number of an action to that of the one it waits for."""
        self.count = 0
        """Messages that go elsewhere."""
        self.copied: list[tuple[EnvelopeId, EnvelopeId]] = []

    def do(self, words: str, *, at: int) -> Done | None:
        """Keep everything, what has to be made first; None when there is nothing to do."""
        making = self.places.making
        if not self.actions:
            return None
        actions = [*making, *self.actions]
        after = {number + len(making): first + len(making) for number, first in self.after.items()}
        deed = self.store.deeds.do(actions, words, at=at, after=after)
        if deed is None:
            return None
        return Done(deed, f"{words}.", tuple(dict.fromkeys(action.account for action in actions)))

    def copy_bodies(self) -> None:
        """Give copies in other accounts what is here of their messages; after the transaction."""
        for source, copy in self.copied:
            self.store.parts.copy(source, copy)


def messages_of(count: int) -> str:
    """`1 message`, `1,200 messages`."""
    return "1 message" if count == 1 else f"{count:,} messages"
