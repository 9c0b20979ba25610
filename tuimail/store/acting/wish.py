"""Deeds about thousands of messages: durable at once, carried out a piece at a time.

What lives here: the pieces that were asked for and are not waiting actions yet. Each is one
short transaction, so that nobody who writes waits long; whoever comes next, in any
process, goes on where a crash ended it. What must not: what an action does (`asking`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Final

from tuimail.actions import Action, Expunge, MessageAction, Move, SetFlags, Target, from_json, to_json
from tuimail.errors import UsageError
from tuimail.store.acting.asking import Asking
from tuimail.store.database import Database, chunks
from tuimail.store.lists.order import Order

MANY: Final = 10_000
"""Actions that are carried out at once, in half a second; more are cut."""
PIECE: Final = 300
LONGEST_PAUSE_S: Final = 0.05
_TARGETS: Final = (
    "SELECT envelope.id, mailbox_id, uid, uid_validity, message_id FROM envelope JOIN header ON header.id = envelope.id"
    " JOIN mailbox ON mailbox.id = mailbox_id WHERE envelope.id IN ({keys})"
)

_SAME: Final = {
    kind: tuple(one.name for one in fields(kind) if one.name != "target") for kind in (SetFlags, Move, Expunge)
}


def can_be_cut(actions: Sequence[Action]) -> bool:
    """Whether these are many, and no message is named twice: the order of the pieces does not matter then."""
    if len(actions) <= MANY:
        return False
    named = {one.target.envelope_id for one in actions if isinstance(one, SetFlags | Move | Expunge)}
    return len(named) == len(actions)


class Wishes:
    """Pieces of deeds that are still to be carried out."""

    def __init__(
        self, database: Database, order: Order, *, clock: Callable[[], float] = time.perf_counter,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._order = order
        self._clock = clock
        self._pause = pause

    def keep(self, deed_id: int, actions: Sequence[Action], *, at: int) -> None:
        """Write these down, in the current transaction; `can_be_cut` said yes."""
        alike: dict[tuple[object, ...], tuple[MessageAction, list[int]]] = {}
        for action in actions:
            assert isinstance(action, SetFlags | Move | Expunge)  # noqa: S101 - as `can_be_cut` looked
            key = type(action), *(getattr(action, name) for name in _SAME[type(action)])
            alike.setdefault(key, (action, []))[1].append(action.target.envelope_id)
        self._database.many(
            "INSERT INTO wish (deed_id, at, action, envelopes) VALUES (?, ?, ?, ?)",
            (
                (deed_id, at, to_json(action), json.dumps(piece))
                for action, envelopes in alike.values() for piece in chunks(envelopes, PIECE)
            ),
        )

    def finish(self) -> None:
        """Carry out what is left, the oldest first; between two pieces others can write."""
        if self._database.row("SELECT 1 FROM wish LIMIT 1"):
            self.in_pieces(self._step)

    def in_pieces(self, step: Callable[[], bool]) -> None:
        """Repeat a transaction until it says that nothing is left, with room for others in between."""
        began = self._clock()
        while step():
            # As long as it took: SQLite wakes who waits now and then, and must find the lock free.
            self._pause(min(self._clock() - began, LONGEST_PAUSE_S))
            began = self._clock()

    def _step(self) -> bool:
        """One piece, in a transaction of its own; False when nothing is left."""
        with self._database.transaction(durable=True):
            row = self._database.row("SELECT id, deed_id, at, action, envelopes FROM wish ORDER BY id LIMIT 1")
            if row is None:
                return False
            wish_id, deed_id, at, text, envelopes = row
            Asking(self._database, self._order).ask(self._actions(text, json.loads(envelopes)), at=at, deed_id=deed_id)
            self._database.run("DELETE FROM wish WHERE id = ?", (wish_id,))
            return True

    def _actions(self, text: str, envelopes: Sequence[int]) -> list[Action]:
        """The actions of a piece, on those of its messages that are still there."""
        try:
            action = from_json(text)
        except UsageError:
            return []
        if not isinstance(action, MessageAction):
            return []
        targets = {row[0]: Target(*row) for row in self._database.rows_of(_TARGETS, envelopes)}
        return [replace(action, target=targets[one]) for one in envelopes if one in targets]

