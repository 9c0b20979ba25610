"""What a query says, as a tree of values, and the mistakes in it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as column

from tuimail.model import MailboxId


class Reach(enum.Enum):
    """What of a word in the mail a word of the query must be."""

    USUAL = "usual"
    """The whole word; where no message has it, its beginning; where none has that, any part of it."""
    WHOLE = "whole"
    TYPED = "typed"
    """The beginning of a word that is still being typed; where no message has that, any part of a word."""
    BEGINNING = "beginning"
    INSIDE = "inside"


class Is(enum.StrEnum):
    """States of a message."""

    UNREAD = "unread"
    READ = "read"
    STARRED = "starred"
    ANSWERED = "answered"
    DRAFT = "draft"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand side by side, in one field or in any."""

    field: str
    """`from`, `to`, `cc`, `subject`, `list`, `body`, `filename`, `type`; empty for any."""
    words: tuple[str, ...]
    """Folded, as the index has them; at least one."""
    reach: Reach
    """Of the last one; those before it are whole."""
    text: str = column(default="", compare=False)
    """As typed, for servers: they fold case and nothing else."""


@dataclass(frozen=True, slots=True)
class State:
    """Messages that are read, starred, held and so on."""

    state: Is


@dataclass(frozen=True, slots=True)
class HasAttachment:
    """Messages with a file."""


@dataclass(frozen=True, slots=True)
class Within:
    """Messages in these mailboxes."""

    mailbox_ids: frozenset[MailboxId]


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages from `first` up to but not including `end`, in seconds since 1970 UTC; None for no bound."""

    first: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Size:
    """Messages of more than `above` and less than `below` octets; None for no bound."""

    above: int | None
    below: int | None


@dataclass(frozen=True, slots=True)
class Thread:
    """Messages of one conversation."""

    thread_id: int


@dataclass(frozen=True, slots=True)
class Not:
    """Everything else."""

    child: Node


@dataclass(frozen=True, slots=True)
class All:
    """What fits every child."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """What fits at least one child."""

    children: tuple[Node, ...]


Leaf = Words | State | HasAttachment | Within | Sent | Size | Thread
Node = Leaf | Not | All | Any


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a query that makes no sense; the rest of it is looked for all the same."""

    start: int
    """Characters of the query before it."""
    end: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read."""

    text: str
    tree: Node | None
    """None when there is nothing to look for."""
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownMailbox:
    """A mailbox that `in:` can mean."""

    id: MailboxId
    account: str
    name: str
    """Full name."""
    leaf: str
    role: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is there to be named: mailboxes, accounts, people."""

    mailboxes: tuple[KnownMailbox, ...] = ()
    accounts: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    """Addresses that completion proposes, each with its name, the likeliest first."""


def leaves(tree: Node | None) -> Iterator[tuple[Leaf, bool]]:
    """All leaves from left to right, and whether messages shall have them (False below a `Not`)."""
    waiting: list[tuple[Node, bool]] = [(tree, True)] if tree is not None else []
    while waiting:
        node, wanted = waiting.pop()
        match node:
            case Not(child):
                waiting.append((child, not wanted))
            case All(children) | Any(children):
                waiting.extend((child, wanted) for child in reversed(children))
            case _:
                yield node, wanted
