"""Waiting actions are put together into commands: decided from plain values, no socket, no store.

What asks for the same becomes one command of a bounded number of messages. What is
asked of one message keeps its order, and nothing follows a move until the move was
confirmed, because only then the message's new uid is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from tuimail.actions import (
    Action,
    Append,
    Copy,
    Expunge,
    MailboxAction,
    MessageAction,
    Move,
    SetFlags,
)
from tuimail.model import FLAG_NAMES, EnvelopeId, Flag, MailboxId, PendingId

MAX_UIDS: Final = 500
"""Of one command: its set fits a line however scattered the uids are."""
MANY_UIDS: Final = 2000
"""Of one command when they are neighbours, so that the set is short."""
MAX_RANGES: Final = 100
"""Of a set that counts as short."""

_WIRE_NAMES: Final = {
    Flag.SEEN: "\\Seen",
    Flag.ANSWERED: "\\Answered",
    Flag.FLAGGED: "\\Flagged",
    Flag.DELETED: "\\Deleted",
    Flag.DRAFT: "\\Draft",
}
assert len(_WIRE_NAMES) == len(FLAG_NAMES)  # noqa: S101 - two spellings of one table

Waiting = tuple[PendingId, Action]


class Verb(Enum):
    """What a command does to messages."""

    FLAG = "flag"
    MOVE = "move"
    COPY = "copy"
    EXPUNGE = "expunge"
    APPEND = "append"


@dataclass(frozen=True, slots=True)
class Change:
    """What is the same for a whole batch."""

    verb: Verb
    mailbox_id: MailboxId
    """Where the server has the messages; of an append, where it goes."""
    to: MailboxId | None = None
    add: tuple[str, ...] = ()
    """Flags as the wire spells them."""
    remove: tuple[str, ...] = ()


class Batch(NamedTuple):
    """Actions that are told in one command."""

    change: Change
    waiting: list[tuple[PendingId, MessageAction]]

    @property
    def ids(self) -> list[PendingId]:
        """Of the actions."""
        return [pending_id for pending_id, _ in self.waiting]


def wire_flags(bits: int, keywords: Iterable[str]) -> tuple[str, ...]:
    """Flags by their wire names."""
    return (*(name for flag, name in _WIRE_NAMES.items() if bits & flag), *sorted(keywords))


def change_of(action: MessageAction) -> Change:
    """What an action asks for."""
    here = action.target.mailbox_id
    match action:
        case SetFlags():
            add = wire_flags(action.add, action.add_keywords)
            return Change(Verb.FLAG, here, None, add, wire_flags(action.remove, action.remove_keywords))
        case Move():
            return Change(Verb.MOVE, here, action.to)
        case Copy():
            return Change(Verb.COPY, here, action.to)
        case Expunge():
            return Change(Verb.EXPUNGE, here)
        case Append():
            return Change(Verb.APPEND, here)


def batches(due: Sequence[tuple[PendingId, MessageAction]]) -> list[Batch]:
    """Actions in batches of one change that fit a command, in an order that keeps that of each message.

    Left out are actions on messages whose uid is not known, and whatever follows an action
    by which a message gets another place.
    """
    made: list[Batch] = []
    held: set[EnvelopeId] = set()
    last_for: dict[EnvelopeId, int] = {}
    for pending_id, action in due:
        change, envelope_id = change_of(action), action.target.envelope_id
        if envelope_id in held or (action.target.uid is None and change.verb is not Verb.APPEND):
            held.add(envelope_id)
            continue
        earliest = last_for.get(envelope_id, -1) + (change.verb is not Verb.FLAG)
        number = _place(made, change, max(0, earliest))
        made[number].waiting.append((pending_id, action))
        last_for[envelope_id] = number
        if envelope_id and change.verb in (Verb.MOVE, Verb.EXPUNGE, Verb.APPEND):
            held.add(envelope_id)
    return [piece for batch in made for piece in _pieces(batch)]


def pieces_of(uids: Iterable[int]) -> Iterator[list[int]]:
    """Rising uids, each once, cut so that each piece fits a command: neighbours make short sets."""
    piece: list[int] = []
    ranges = last = 0
    for uid in sorted(set(uids)):
        begins = uid != last + 1
        is_long = len(piece) >= MAX_UIDS and ranges + begins > MAX_RANGES
        if piece and (is_long or len(piece) >= MANY_UIDS):
            yield piece
            piece, ranges, begins = [], 0, True
        piece.append(uid)
        ranges += begins
        last = uid
    if piece:
        yield piece


def _place(made: list[Batch], change: Change, earliest: int) -> int:
    """The number of the batch to join, a new one when none fits."""
    if change.verb is not Verb.APPEND:
        for number in range(len(made) - 1, earliest - 1, -1):
            if made[number].change == change:
                return number
    made.append(Batch(change, []))
    return len(made) - 1


def _pieces(batch: Batch) -> Iterator[Batch]:
    """A batch cut so that each piece fits a command; moves are cut as they are told, and written down together."""
    if batch.change.verb in (Verb.MOVE, Verb.APPEND):
        yield batch
        return
    by_uid: dict[int, list[tuple[PendingId, MessageAction]]] = {}
    for waiting in batch.waiting:
        by_uid.setdefault(int(waiting[1].target.uid or 0), []).append(waiting)
    for uids in pieces_of(by_uid):
        yield Batch(batch.change, [waiting for uid in uids for waiting in by_uid[uid]])


def stretches(
    due: Iterable[Waiting],
) -> Iterator[list[tuple[PendingId, MessageAction]] | tuple[PendingId, MailboxAction]]:
    """Actions on messages in stretches, cut by each action on a mailbox, which stands for itself."""
    stretch: list[tuple[PendingId, MessageAction]] = []
    for pending_id, action in due:
        if isinstance(action, SetFlags | Move | Copy | Expunge | Append):
            stretch.append((pending_id, action))
            continue
        if stretch:
            yield stretch
            stretch = []
        yield pending_id, action
    if stretch:
        yield stretch
