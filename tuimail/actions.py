"""The verbs: what a person asks to be done to mail, as values.

An action is durable before it is shown (`store.acting.pending`), and is told to a server
later. `fold` lays flag changes that wait over what the server last said; it is pure,
so that dropping a refused action and folding again is the whole rollback.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from tuimail.errors import UsageError
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, RawId, Uid, UidValidity


class Target(NamedTuple):
    """The message an action is about, by every name it has.

    Checked again before the action runs: a uid counts only under its uid_validity,
    and the Message-ID must agree where both sides have one.
    """

    envelope_id: EnvelopeId
    mailbox_id: MailboxId
    """Where it was when the person acted."""
    uid: Uid | None
    uid_validity: UidValidity | None
    message_id: str


# --- about a message ----------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Move:
    """Put a message into another mailbox of its account; the row stays the same one."""

    account: AccountName
    target: Target
    to: MailboxId


@dataclass(frozen=True, slots=True)
class Copy:
    """Put a copy of a message into another mailbox of its account."""

    account: AccountName
    target: Target
    to: MailboxId
    copy_id: EnvelopeId | None = None
    """The row of the copy; None until the store made one."""


@dataclass(frozen=True, slots=True)
class Expunge:
    """Remove a message for good, and no other one (UID EXPUNGE, RFC 4315)."""

    account: AccountName
    target: Target


@dataclass(frozen=True, slots=True)
class Append:
    """Put a message whose octets are here into a mailbox: a copy of sent mail, a draft, mail of another account."""

    account: AccountName
    target: Target
    """The row that shows it meanwhile, in the mailbox it goes to; uid and uid_validity are None."""
    raw: RawId
    flags: int = 0
    keywords: tuple[str, ...] = ()
    received_at: int | None = None
    """INTERNALDATE; None lets the server take the time of arrival."""


# --- about a mailbox ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateMailbox:
    """Make a mailbox."""

    account: AccountName
    mailbox_id: MailboxId
    """The row that shows it meanwhile."""
    name: str
    """Full name, with the account's delimiter."""


@dataclass(frozen=True, slots=True)
class RenameMailbox:
    """Give a mailbox, and all below it, another name."""

    account: AccountName
    mailbox_id: MailboxId
    name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class DeleteMailbox:
    """Delete a mailbox with all mail in it."""

    account: AccountName
    mailbox_id: MailboxId
    name: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to a mailbox, or no longer (RFC 9051 6.3.7)."""

    account: AccountName
    mailbox_id: MailboxId
    name: str
    subscribed: bool = True


MessageAction = SetFlags | Move | Copy | Expunge | Append
MailboxAction = CreateMailbox | RenameMailbox | DeleteMailbox | Subscribe
Action = MessageAction | MailboxAction
"""All actions."""

_KINDS: dict[str, type[Action]] = {
    "set_flags": SetFlags,
    "move": Move,
    "copy": Copy,
    "expunge": Expunge,
    "append": Append,
    "create_mailbox": CreateMailbox,
    "rename_mailbox": RenameMailbox,
    "delete_mailbox": DeleteMailbox,
    "subscribe": Subscribe,
}
_NAMES = {cls: name for name, cls in _KINDS.items()}
_FIELDS = {cls: tuple(field.name for field in fields(cls)) for cls in _NAMES}


class Flags(NamedTuple):
    """The flags of a message."""

    bits: int
    """`Flag` bits."""
    keywords: frozenset[str]


def fold(server: Flags, waiting: Iterable[Action]) -> Flags:
    """What is shown: the server's flags with the waiting changes laid over, oldest first."""
    bits, keywords = server
    for action in waiting:
        if isinstance(action, SetFlags):
            bits = (bits | action.add) & ~action.remove
            keywords = (keywords | set(action.add_keywords)) - set(action.remove_keywords)
    return Flags(bits, frozenset(keywords))


def fold_texts(server: Flags, waiting: Iterable[str]) -> Flags:
    """As `fold`, of actions as JSON; what cannot be read has no effect.

    Only what changes flags is looked at: a hundred thousand may wait.
    """
    bits, keywords = server
    for text in waiting:
        try:
            values = json.loads(text)
            if values["kind"] == "set_flags":
                bits = (bits | values["add"]) & ~values["remove"]
                keywords = (keywords | set(values["add_keywords"])) - set(values["remove_keywords"])
        except (ValueError, KeyError, TypeError):
            continue
    return Flags(bits, keywords)


def to_json(action: Action) -> str:
    """One line of JSON, with the kind of the action in `kind`."""
    # Thousands at once: `asdict` would copy each value, which takes longer than all the rest.
    values = {name: getattr(action, name) for name in _FIELDS[type(action)]}
    return json.dumps({"kind": _NAMES[type(action)], **values}, separators=(",", ":"))


def kind_of(action: Action) -> str:
    """The word for its kind: `move`, `set_flags`."""
    return _NAMES[type(action)]


def from_json(text: str) -> Action:
    """The action that `to_json` wrote; raises UsageError for anything else."""
    try:
        values: dict[str, Any] = json.loads(text)
        cls = _KINDS[values.pop("kind")]
        if "target" in values:
            values["target"] = Target(*values["target"])
        for name in _FIELDS[cls]:
            if isinstance(values.get(name), list):
                values[name] = tuple(values[name])
        return cls(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError("A waiting action cannot be read.") from exc


def readable(waiting: Iterable[str]) -> list[Action]:
    """Actions from JSON; what cannot be read has no effect."""
    actions = []
    for text in waiting:
        try:
            actions.append(from_json(text))
        except UsageError:
            continue
    return actions


def describe(action: Action) -> str:
    """A few words for a person: `star`, `mark as seen`, `move`."""
    match action:
        case SetFlags():
            return _describe_flags(action)
        case Move():
            return "move"
        case Copy():
            return "copy"
        case Expunge():
            return "delete for good"
        case Append():
            return "file a message"
        case CreateMailbox():
            return f"make the mailbox {action.name}"
        case RenameMailbox():
            return f"rename the mailbox {action.name}"
        case DeleteMailbox():
            return f"delete the mailbox {action.name}"
        case Subscribe():
            return f"{'subscribe to' if action.subscribed else 'unsubscribe from'} the mailbox {action.name}"


def _describe_flags(action: SetFlags) -> str:
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
