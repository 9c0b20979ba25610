"""A query as servers are asked: IMAP's SEARCH (RFC 9051 6.4.4), and Gmail's own language.

Servers compare parts of words and fold case; accents, types of files and conversations they
do not know. What stands beside the words and is known here (flags, sizes, dates) is not
asked: `beside` gives it, to be compared with the rows of what was found.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from tuimail.query.tree import All, Any, Is, Node, Not, Reach, Sent, Size, State, Words

_KEYS: Final = {
    "": "TEXT", "from": "FROM", "to": "TO", "cc": "CC", "subject": "SUBJECT", "body": "BODY", "list": "HEADER List-Id",
}
_FLAGS: Final = {
    Is.UNREAD: "UNSEEN", Is.READ: "SEEN", Is.STARRED: "FLAGGED", Is.ANSWERED: "ANSWERED", Is.DRAFT: "DRAFT",
}
_GMAIL_FIELDS: Final = {"": "", "body": "", "from": "from:", "to": "to:", "cc": "cc:", "subject": "subject:",
                        "list": "list:", "filename": "filename:", "type": "filename:"}  # fmt: skip
_GMAIL_STATES: Final = {Is.UNREAD: "is:unread", Is.READ: "is:read", Is.STARRED: "is:starred", Is.DRAFT: "in:drafts"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY_S: Final = 86400
Criteria = list[str | bytes]
"""Syntax as text, values as octets."""


class NotAsked(ValueError):
    """Servers cannot be asked for this."""


def split(tree: Node) -> tuple[list[Node], Node | None]:
    """What servers are asked for, all of it, and what is compared here with what they find."""
    asked: list[Node] = []
    beside: list[Node] = []
    for child in tree.children if isinstance(tree, All) else (tree,):
        try:
            imap([child])
        except NotAsked:
            beside.append(child)
            continue
        (beside if isinstance(child, State | Size) else asked).append(child)
        if isinstance(child, Sent):
            beside.append(child)  # servers know days, and those of another zone
    return asked, All(tuple(beside)) if beside else None


def imap(asked: Sequence[Node]) -> Criteria:
    """The keys of a SEARCH; raises NotAsked."""
    criteria: Criteria = []
    for node in asked:
        criteria += _key(node)
    return criteria or ["ALL"]


def gmail(asked: Sequence[Node]) -> bytes:
    """The value of X-GM-RAW; raises NotAsked."""
    return " ".join(_gmail(node) for node in asked).encode()


def _key(node: Node) -> Criteria:
    """One key. Brackets are not used, since quoted values and literals stand between the words."""
    match node:
        case Words(field) if field in _KEYS:
            return [_KEYS[field], _value(node)]
        case State(state) if state in _FLAGS:
            return [_FLAGS[state]]
        case Size(above, below):
            return ["LARGER" if below is None else "SMALLER", str(above if below is None else below)]
        case Sent(first, end):
            return [*(["SENTSINCE", _day(first - _DAY_S)] if first is not None else []),
                    *(["SENTBEFORE", _day(end + 2 * _DAY_S)] if end is not None else [])]
        case Not(child):
            if isinstance(child, Sent):
                raise NotAsked
            return ["NOT", *_key(child)]
        case Any(children):
            return _either([_one(child) for child in children])
        case All():
            return _one(node)
        case _:
            raise NotAsked


def _one(node: Node) -> Criteria:
    """As a single key: `a b` is what is not (not a or not b)."""
    if isinstance(node, All):
        return ["NOT", *_either([["NOT", *_one(child)] for child in node.children])]
    if isinstance(node, Sent):
        raise NotAsked
    return _key(node)


def _either(keys: list[Criteria]) -> Criteria:
    """OR takes two: `OR a OR b c`."""
    joined = keys[-1]
    for key in reversed(keys[:-1]):
        joined = ["OR", *key, *joined]
    return joined


def _value(words: Words) -> bytes:
    text = "".join(character for character in words.text if character.isprintable())
    if not text:
        raise NotAsked
    return text.encode("utf-8", "replace")


def _day(moment: int) -> str:
    """`23-Nov-2026`, whatever the locale."""
    try:
        day = time.gmtime(moment)
    except (OverflowError, ValueError, OSError) as exc:
        raise NotAsked from exc
    if not 1 <= day.tm_year <= 9999:
        raise NotAsked
    return f"{day.tm_mday}-{_MONTHS[day.tm_mon - 1]}-{day.tm_year:04}"


def _gmail(node: Node) -> str:
    match node:
        case Words(field) if field in _GMAIL_FIELDS:
            text = _value(node).decode().replace('"', " ").strip()
            is_plain = node.reach is not Reach.WHOLE and text.replace("@", "").replace(".", "").isalnum()
            return _GMAIL_FIELDS[field] + (text if is_plain else f'"{text}"')
        case State(state) if state in _GMAIL_STATES:
            return _GMAIL_STATES[state]
        case Sent(first, end):
            parts = [f"after:{first}"] if first is not None else []
            return " ".join([*parts, f"before:{end}"] if end is not None else parts)
        case Not(child):
            return f"-({_gmail(child)})"
        case Any(children):
            return "(" + " OR ".join(_gmail(child) for child in children) + ")"
        case All(children):
            return "(" + " ".join(_gmail(child) for child in children) + ")"
        case _:
            raise NotAsked
