"""The verbs: what a person asks to be done to mail, as values.

An action is durable before it is shown (`store.pending`), and is told to a server
later. `fold` lays actions that wait over what the server last said; it is pure, so
that dropping a refused action and folding again is the whole rollback.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

from tuimail.errors import UsageError
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, Uid, UidValidity


class Target(NamedTuple):
    """The message an action is about, by every name it has.

    Checked again before the action runs: a uid counts only under its uid_validity,
    and the Message-ID must agree where both sides have one.
    """

    envelope_id: EnvelopeId
    mailbox_id: MailboxId
    uid: Uid | None
    uid_validity: UidValidity | None
    message_id: str


@dataclass(frozen=True, slots=True)
class SetFlags:
    """Add and remove flags and keywords of one message."""

    account: AccountName
    target: Target
    add: int = 0
    """`Flag` bits."""
    remove: int = 0
    add_keywords: tuple[str, ...] = ()
    remove_keywords: tuple[str, ...] = ()


Action = SetFlags
"""All actions. It grows to a union with Move, Copy, Delete, Append, Submit."""

_KINDS: dict[str, type[SetFlags]] = {"set_flags": SetFlags}


class Flags(NamedTuple):
    """The flags of a message."""

    bits: int
    """`Flag` bits."""
    keywords: frozenset[str]


def fold(server: Flags, waiting: Iterable[Action]) -> Flags:
    """What is shown: the server's flags with the waiting actions laid over, oldest first."""
    bits, keywords = server
    for action in waiting:
        bits = (bits | action.add) & ~action.remove
        keywords = (keywords | set(action.add_keywords)) - set(action.remove_keywords)
    return Flags(bits, frozenset(keywords))


def to_json(action: Action) -> str:
    """One line of JSON, with the kind of the action in `kind`."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(action, cls))
    return json.dumps({"kind": kind, **asdict(action)}, separators=(",", ":"))


def from_json(text: str) -> Action:
    """The action that `to_json` wrote; raises UsageError for anything else."""
    try:
        fields = json.loads(text)
        cls = _KINDS[fields.pop("kind")]
        target = Target(*fields.pop("target"))
        for name in ("add_keywords", "remove_keywords"):
            fields[name] = tuple(fields[name])
        return cls(target=target, **fields)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError("A waiting action cannot be read.") from exc


def describe(action: Action) -> str:
    """A few words for a person: `star`, `mark as seen`."""
    words = []
    names = {
        Flag.SEEN: ("mark as seen", "mark as unread"),
        Flag.FLAGGED: ("star", "unstar"),
        Flag.ANSWERED: ("mark as answered", "mark as not answered"),
        Flag.DELETED: ("mark as deleted", "undelete"),
        Flag.DRAFT: ("mark as draft", "mark as no draft"),
    }
    for flag, (adding, removing) in names.items():
        if action.add & flag:
            words.append(adding)
        if action.remove & flag:
            words.append(removing)
    words += [f"add {keyword}" for keyword in action.add_keywords]
    words += [f"remove {keyword}" for keyword in action.remove_keywords]
    return ", ".join(words) or "change nothing"
