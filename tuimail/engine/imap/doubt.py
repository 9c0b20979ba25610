"""What became of actions that were interrupted: looked up before anything is repeated.

A connection may end between a command and its answer. Before each such command the
destination's UIDNEXT was written down; what has come there since, and is like the message
that was sent there, is that message. Alike are messages of one Message-ID and size; without
a Message-ID sender, subject and date count as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tuimail.actions import Append, Copy, MessageAction, Move
from tuimail.engine.imap.ground import Ground
from tuimail.engine.imap.sync import incoming
from tuimail.errors import ServerRefused
from tuimail.model import Envelope, Mailbox, PendingId
from tuimail.net.imap.session import Selected, compress_uids
from tuimail.store.acting.pending import Begun
from tuimail.store.envelopes import Incoming

Likeness = tuple[object, ...]


class Arrived(NamedTuple):
    """What was found in a destination."""

    uid_validity: int
    uids: dict[PendingId, int]
    """Of the actions whose message is there."""


def find_arrived(
    ground: Ground,
    to: Mailbox,
    waiting: Sequence[tuple[PendingId, MessageAction]],
    begun: Mapping[PendingId, Begun],
) -> Arrived:
    """Which of these actions put their message into `to` already. What is selected afterwards is not to be relied on.

    Each arrival counts for one action. Raises ServerRefused when the mailbox cannot be opened.
    """
    selected = look_into(ground, to)
    lowest = lowest_uid([begun[pending_id] for pending_id, _ in waiting], selected.uid_validity)
    wanted: dict[Likeness, list[PendingId]] = {}
    for pending_id, action in waiting:
        envelope = ground.store.envelopes.envelope(action.target.envelope_id)
        if isinstance(action, Append) and action.target.message_id:
            wanted.setdefault((action.target.message_id,), []).append(pending_id)
        elif envelope is not None:
            wanted.setdefault(of_envelope(envelope, is_ours=isinstance(action, Append)), []).append(pending_id)
    found: dict[PendingId, int] = {}
    if not selected.exists:
        return Arrived(selected.uid_validity, found)
    is_ours = any(isinstance(action, Append) for _, action in waiting)
    for message in sorted(_candidates(ground, to, selected.uid_validity, lowest, wanted)):
        same = wanted.get(of_incoming(message, is_ours=is_ours))
        if same:
            found[same.pop(0)] = message.uid
    return Arrived(selected.uid_validity, found)


def look_into(ground: Ground, mailbox: Mailbox) -> Selected:
    """Open a mailbox to look, without touching it where the server can do that. Raises ServerRefused."""
    ground.selected = None
    name = ground.name(mailbox)
    try:
        return ground.session.select(name, readonly=True)
    except ServerRefused:
        return ground.session.select(name)


def lowest_uid(begun: Iterable[Begun], uid_validity: int) -> int | None:
    """From which uid on to look; None when that was not written down, or the mailbox was renumbered since."""
    edges = list(begun)
    if any(edge.uid_next is None or edge.uid_validity != uid_validity for edge in edges):
        return None
    return min((edge.uid_next for edge in edges if edge.uid_next is not None), default=None)


def of_envelope(envelope: Envelope, *, is_ours: bool) -> Likeness:
    """What a message here is known by. `is_ours`: we wrote its Message-ID, and servers may change its size."""
    if envelope.message_id:
        return (envelope.message_id,) if is_ours else (envelope.message_id, envelope.size_octets)
    return "", envelope.size_octets, envelope.from_, envelope.subject, envelope.sent_at


def of_incoming(message: Incoming, *, is_ours: bool) -> Likeness:
    """What a message of the server is known by."""
    if message.message_id:
        return (message.message_id,) if is_ours else (message.message_id, message.size_octets)
    return "", message.size_octets, message.from_, message.subject, message.sent_at


def with_message_id(ground: Ground, message_id: str) -> list[int]:
    """Uids of the selected mailbox that bear exactly this Message-ID."""
    uids = ground.session.find_message_id(message_id)
    return [one.uid for one in _fetched(ground, compress_uids(uids)) if one.message_id == message_id] if uids else []


def _candidates(
    ground: Ground, to: Mailbox, uid_validity: int, lowest: int | None, wanted: Mapping[Likeness, object]
) -> list[Incoming]:
    if lowest is not None:
        # RFC 9051 9: n:* always includes the last message.
        return [message for message in _fetched(ground, f"{lowest}:*") if message.uid >= lowest]
    known_validity = ground.store.mailboxes.sync_point(to.id).uid_validity
    uids: set[int] = set()
    for likeness in wanted:
        message_id = likeness[0]
        if isinstance(message_id, str) and message_id:
            uids.update(ground.session.find_message_id(message_id))
    # Nobody knows since when they are there: those that were known here before came by another way.
    unknown = [
        uid for uid in sorted(uids)
        if known_validity != uid_validity or ground.store.envelopes.by_uid(to.id, uid) is None
    ]
    return _fetched(ground, compress_uids(unknown)) if unknown else []


def _fetched(ground: Ground, uids: str) -> list[Incoming]:
    return [incoming(header) for header in ground.session.fetch_headers(uids)]


def goes_to(action: MessageAction) -> bool:
    """Whether an action puts a message somewhere, so that doing it twice would double it."""
    return isinstance(action, Move | Copy | Append)
