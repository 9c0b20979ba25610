"""Changes of flags: from messages and a key to actions in the store, and back again.

Functions over a store, so that a change of thousands can run in a thread with a store
of its own. What must not live here: widgets, and which messages are meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuimail.actions import SetFlags, Target
from tuimail.model import Envelope, EnvelopeId, Flag
from tuimail.store import Store
from tuimail.ui.lines.when import counted

MANY = 100
"""A change of more messages runs in a thread."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a key did, so that it can be told and undone."""

    actions: tuple[SetFlags, ...]
    sentence: str


def toggle(store: Store, ids: Sequence[EnvelopeId], flag: Flag, *, at: int) -> Change | None:
    """Give all messages the flag; when all have it, take it away. None when there is nothing to do."""
    envelopes = [envelope for envelope in map(store.envelopes.envelope, ids) if envelope is not None]
    lacking = [envelope for envelope in envelopes if not envelope.flags & flag]
    if lacking:
        return _apply(store, [set_flags(envelope, add=flag) for envelope in lacking], flag, added=True, at=at)
    return _apply(store, [set_flags(envelope, remove=flag) for envelope in envelopes], flag, added=False, at=at)


def mark_seen(store: Store, envelope: Envelope, *, at: int) -> bool:
    """A message was read; False when it was marked already or is gone."""
    now = store.envelopes.envelope(envelope.id)
    if now is None or now.flags & Flag.SEEN:
        return False
    store.pending.add([set_flags(now, add=Flag.SEEN)], at=at)
    return True


def undo(store: Store, change: Change, *, at: int) -> None:
    """Do the opposite of a change to the messages that are still there."""
    back: list[SetFlags] = []
    for action in change.actions:
        envelope = store.envelopes.envelope(action.target.envelope_id)
        if envelope is not None:
            back.append(set_flags(envelope, add=Flag(action.remove), remove=Flag(action.add)))
    if back:
        store.pending.add(back, at=at)


def set_flags(envelope: Envelope, *, add: Flag = Flag.NONE, remove: Flag = Flag.NONE) -> SetFlags:
    """The action for one message, with every name that it has."""
    target = Target(envelope.id, envelope.mailbox_id, envelope.uid, envelope.uid_validity, envelope.message_id)
    return SetFlags(envelope.account, target, add=int(add), remove=int(remove))


def _apply(store: Store, actions: Iterable[SetFlags], flag: Flag, *, added: bool, at: int) -> Change | None:
    done = tuple(actions)
    if not done:
        return None
    store.pending.add(done, at=at)
    return Change(done, _sentence(len(done), flag, added=added))


def _sentence(count: int, flag: Flag, *, added: bool) -> str:
    words = {
        (Flag.FLAGGED, True): "starred",
        (Flag.FLAGGED, False): "no longer starred",
        (Flag.SEEN, True): "marked as read",
        (Flag.SEEN, False): "marked as unread",
    }[flag, added]
    return f"{counted(count)} message{'' if count == 1 else 's'} {words}"


