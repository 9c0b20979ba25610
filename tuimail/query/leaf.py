"""One word of a query, with its field, as a leaf of the tree."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tuimail.query.dates import NoDate, Stretch, read
from tuimail.query.fields import ALIKE, ATTACHMENT, BY_NAME, IN_TEXT, NO_FIELDS, STATES
from tuimail.query.lexer import Kind, Piece
from tuimail.query.tree import (
    HasAttachment,
    Known,
    Node,
    Reach,
    Sent,
    Size,
    State,
    Thread,
    Within,
    Words,
)
from tuimail.query.words import fold, phrase

_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?")
_UNITS: Final = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_MAX_ID: Final = (1 << 63) - 1
MAX_WORDS: Final = 32
"""In one phrase."""


class Refused(ValueError):
    """Why a piece makes no sense, and what is looked for instead."""

    def __init__(self, sentence: str, instead: Node | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.instead = instead


def leaf(piece: Piece, group_field: str, now: float, known: Known) -> Node | None:
    """What a piece asks for, None for nothing; raises Refused."""
    name = piece.field.lower()
    if not name:
        return _of_field(group_field, piece, now, known)
    if name in BY_NAME:
        if not piece.text.strip():
            raise Refused(f"Write after {name}: what to look for ({BY_NAME[name].help}).")
        return _of_field(name, piece, now, known)
    whole = piece._replace(text=f"{piece.field}:{piece.text}", field="")
    if not piece.text or piece.text.startswith("/") or name in NO_FIELDS:
        return _words(group_field, whole)  # `12:30`, `http://...`, `Re: lunch`: a colon and no field
    meant = ALIKE.get(name) or next(iter(difflib.get_close_matches(name, BY_NAME, 1, 0.75)), "")
    advice = f"Is it {meant}: ?" if meant else "It is looked for as words."
    raise Refused(f"There is no field {name}. {advice}", _words(group_field, whole))


def unfinished(node: Node) -> Node:
    """The same for a word that is still being typed; a single letter would begin too many."""
    if isinstance(node, Words) and node.reach is Reach.USUAL and len(node.words[-1]) > 1:
        return replace(node, reach=Reach.TYPED)
    return node


def _of_field(name: str, piece: Piece, now: float, known: Known) -> Node | None:
    if not name or name in IN_TEXT:
        return _words(name, piece)
    return _READERS[name](piece.text.strip(), now, known)


def _words(name: str, piece: Piece) -> Node | None:
    text = piece.text
    reach = Reach.WHOLE if piece.kind is Kind.QUOTED else Reach.USUAL
    if piece.kind is Kind.WORD:
        if text.startswith("*"):
            reach, text = Reach.INSIDE, text.strip("*")
        elif text.endswith("*"):
            reach, text = Reach.BEGINNING, text.rstrip("*")
    elif piece.has_star:
        reach = Reach.BEGINNING
    found, goes_on = phrase(text)
    if not found:
        if piece.kind is Kind.WORD and not piece.field:
            return None  # `Smith & Sons`
        raise Refused("There is no letter or digit in this, so nothing can be looked for.")
    if goes_on and reach is not Reach.INSIDE:
        reach = Reach.BEGINNING
    if len(found) > MAX_WORDS:
        raise Refused(f"Only the first {MAX_WORDS} words of a phrase are looked for.",
                      Words(name, tuple(found[:MAX_WORDS]), Reach.WHOLE, " ".join(text.split())))
    return Words(name, tuple(found), reach, " ".join(text.split()))


def _state(value: str, now: float, known: Known) -> Node:
    state = STATES.get(value.lower())
    if state is None:
        raise Refused(f"A message is {_either(tuple(STATES)[:6])}.")
    return State(state)


def _has(value: str, now: float, known: Known) -> Node:
    if value.lower() not in ATTACHMENT:
        raise Refused("Only has:attachment can be asked for.")
    return HasAttachment()


def _date(make: Callable[[Stretch], Sent]) -> Callable[[str, float, Known], Node]:
    def reader(value: str, now: float, known: Known) -> Node:
        try:
            return make(read(value, now))
        except NoDate as exc:
            raise Refused(str(exc)) from exc

    return reader


def _size(*, above: bool) -> Callable[[str, float, Known], Node]:
    def reader(value: str, now: float, known: Known) -> Node:
        match = _SIZE.fullmatch(value.lower())
        if match is None:
            raise Refused("This is no size; write 500, 100k, 1.5M or 2G.")
        octets = min(int(float(match[1]) * _UNITS[match[2]]), _MAX_ID)
        return Size(octets, None) if above else Size(None, octets)

    return reader


def _thread(value: str, now: float, known: Known) -> Node:
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or not -(1 << 63) <= int(value) < 1 << 63:
        raise Refused("A conversation is named by its number, as `tuimail show --json` prints it.")
    return Thread(int(value))


def _mailbox(value: str, now: float, known: Known) -> Node:
    """By role, by full name, by last part of the name, with or without `account/` before it."""
    wanted = fold(value)
    found = [
        mailbox.id for mailbox in known.mailboxes
        if wanted in (mailbox.role, fold(mailbox.name), fold(mailbox.leaf))
        or wanted in (f"{fold(mailbox.account)}/{mailbox.role}", f"{fold(mailbox.account)}/{fold(mailbox.name)}")
    ]
    if not found:
        names = {fold(name): name for mailbox in known.mailboxes for name in (mailbox.leaf, mailbox.role) if name}
        raise Refused(f"There is no mailbox called {_shown(value)}.{_perhaps(wanted, names)}", Within(frozenset()))
    return Within(frozenset(found))


def _account(value: str, now: float, known: Known) -> Node:
    wanted = fold(value)
    if wanted not in map(fold, known.accounts):
        names = {fold(name): name for name in known.accounts}
        raise Refused(f"There is no account called {_shown(value)}.{_perhaps(wanted, names)}", Within(frozenset()))
    return Within(frozenset(mailbox.id for mailbox in known.mailboxes if fold(mailbox.account) == wanted))


def _perhaps(wanted: str, names: dict[str, str]) -> str:
    alike = difflib.get_close_matches(wanted[:100], names, 1, 0.6)
    return f" Is it {names[alike[0]]}?" if alike else ""


def _shown(value: str) -> str:
    """A value as a sentence can quote it."""
    return "".join(character if character.isprintable() else "\ufffd" for character in value[:60])


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


_READERS: Final[dict[str, Callable[[str, float, Known], Node]]] = {
    "is": _state,
    "has": _has,
    "in": _mailbox,
    "account": _account,
    "before": _date(lambda stretch: Sent(None, stretch.first)),
    "after": _date(lambda stretch: Sent(stretch.first, None)),
    "during": _date(lambda stretch: Sent(*stretch)),
    "older": _date(lambda stretch: Sent(None, stretch.first)),
    "newer": _date(lambda stretch: Sent(stretch.first, None)),
    "larger": _size(above=True),
    "smaller": _size(above=False),
    "thread": _thread,
}
