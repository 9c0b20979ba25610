"""SEARCH keys: from words to a predicate over messages (RFC 3501 6.4.4, RFC 7162 3.1.5)."""

from __future__ import annotations

import base64
import binascii
import email.header
import email.utils
import quopri
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from tuimail.demo.imap.structure import Part, parse_message
from tuimail.demo.imap.syntax import BadSyntax, Token, Word, parse_date, pick_from_set
from tuimail.demo.mailstore import Message

Predicate = Callable[[int, Message], bool]
"""Sequence number and message."""

_FLAG_KEYS = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}
_DATE_KEYS = ("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE")
_HEADER_KEYS = ("BCC", "CC", "FROM", "SUBJECT", "TO")


@dataclass(slots=True)
class _Words:
    """The tokens that are still to be read."""

    tokens: Sequence[Token]
    uids: Sequence[int]
    position: int = 0
    uses_modseq: bool = False

    def next(self) -> Token:
        if self.position >= len(self.tokens):
            raise BadSyntax("a search key lacks its argument")
        self.position += 1
        return self.tokens[self.position - 1]

    def value(self) -> bytes:
        token = self.next()
        if not isinstance(token, Word):
            raise BadSyntax("a parenthesis is out of place")
        return token.value

    def text(self) -> str:
        return self.value().decode("utf-8", "replace").casefold()

    def number(self) -> int:
        value = self.value()
        if not value.isdigit():
            raise BadSyntax("not a number")
        return int(value)


def parse_search(tokens: Sequence[Token], uids: Sequence[int]) -> tuple[Predicate, bool]:
    """The predicate of a SEARCH, and whether MODSEQ is among its keys.

    uids: those of the selected mailbox, ascending; `*` means the last of them.
    """
    stream = _Words(tokens, uids)
    keys = []
    while stream.position < len(tokens):
        keys.append(_key(stream))
    if not keys:
        raise BadSyntax("nothing to search for")
    return _all(keys), stream.uses_modseq


def _all(keys: Sequence[Predicate]) -> Predicate:
    return lambda sequence, message: all(key(sequence, message) for key in keys)


def _key(stream: _Words) -> Predicate:
    token = stream.next()
    if isinstance(token, list):
        inner, uses_modseq = parse_search(token, stream.uids)
        stream.uses_modseq |= uses_modseq
        return inner
    name = token.upper
    if name[:1].isdigit() or name.startswith("*"):
        sequences = frozenset(pick_from_set(token.value, range(1, len(stream.uids) + 1)))
        return lambda sequence, _message: sequence in sequences
    if name in _FLAG_KEYS or name.removeprefix("UN") in _FLAG_KEYS:
        return _flag(_FLAG_KEYS[name.removeprefix("UN")], name in _FLAG_KEYS)
    if name in _DATE_KEYS:
        return _date(name, parse_date(stream.value()))
    if name in _HEADER_KEYS:
        return _header(name, stream.text())
    return _other(name, stream)


def _other(name: str, stream: _Words) -> Predicate:
    match name:
        case "ALL":
            return lambda _sequence, _message: True
        case "NOT":
            negated = _key(stream)
            return lambda sequence, message: not negated(sequence, message)
        case "OR":
            left, right = _key(stream), _key(stream)
            return lambda sequence, message: left(sequence, message) or right(sequence, message)
        case "UID":
            uids = frozenset(pick_from_set(stream.value(), stream.uids))
            return lambda _sequence, message: message.uid in uids
        case "KEYWORD" | "UNKEYWORD":
            return _flag(stream.value().decode("latin-1"), name == "KEYWORD")
        case "HEADER":
            return _header(stream.value().decode("latin-1"), stream.text())
        case "BODY" | "TEXT":
            return _text(stream.text(), with_header=name == "TEXT")
        case "LARGER":
            above = stream.number()
            return lambda _sequence, message: len(message.raw) > above
        case "SMALLER":
            below = stream.number()
            return lambda _sequence, message: len(message.raw) < below
        case "MODSEQ":
            return _modseq(stream)
        case "NEW" | "RECENT":
            return lambda _sequence, _message: False
        case "OLD":
            return lambda _sequence, _message: True
    raise BadSyntax("an unknown search key")


def _flag(flag: str, wanted: bool) -> Predicate:
    lower = flag.lower()
    return lambda _sequence, message: any(held.lower() == lower for held in message.flags) == wanted


def _modseq(stream: _Words) -> Predicate:
    stream.uses_modseq = True
    if isinstance(token := stream.next(), Word) and token.quoted:
        stream.next()  # RFC 7162 3.1.5: an entry name and type, which only say which flag's modseq is meant
        token = stream.next()
    if not isinstance(token, Word) or not token.value.isdigit():
        raise BadSyntax("not a modification sequence")
    lowest = int(token.value)
    return lambda _sequence, message: message.modseq >= lowest


def _date(name: str, wanted: date) -> Predicate:
    sent = name.startswith("SENT")
    comparison = name.removeprefix("SENT")

    def matches(_sequence: int, message: Message) -> bool:
        day = _sent_day(message) if sent else message.internal_date.date()
        if comparison == "BEFORE":
            return day < wanted
        return day == wanted if comparison == "ON" else day >= wanted

    return matches


def _sent_day(message: Message) -> date:
    value = parse_message(message.raw).header(b"Date") or b""
    try:
        return email.utils.parsedate_to_datetime(value.decode("latin-1")).date()
    except (ValueError, TypeError, IndexError):
        return message.internal_date.date()


def _header(name: str, text: str) -> Predicate:
    lower = name.lower().encode("latin-1", "replace")

    def matches(_sequence: int, message: Message) -> bool:
        fields = parse_message(message.raw).fields
        return any(field.name.lower() == lower and text in decoded_words(field.value) for field in fields)

    return matches


def _text(text: str, *, with_header: bool) -> Predicate:
    def matches(_sequence: int, message: Message) -> bool:
        tree = parse_message(message.raw)
        if with_header and any(text in decoded_words(field.value) for field in tree.fields):
            return True
        leaves = (part for part in tree.walk() if part.main.lower() == b"text" and not part.children)
        return any(text in _decoded_text(part) for part in leaves)

    return matches


def decoded_words(value: bytes) -> str:
    """A header value for comparison: encoded words decoded, case folded."""
    text = value.decode("utf-8", "replace")
    try:
        pieces = email.header.decode_header(text)
        return "".join(p if isinstance(p, str) else p.decode(c or "latin-1", "replace") for p, c in pieces).casefold()
    except (ValueError, LookupError, email.errors.HeaderParseError):
        return text.casefold()


def _decoded_text(part: Part) -> str:
    encoding = (part.header(b"Content-Transfer-Encoding") or b"").strip().lower()
    octets = part.body_octets
    try:
        if encoding == b"base64":
            octets = base64.b64decode(octets)
        elif encoding == b"quoted-printable":
            octets = quopri.decodestring(octets)
    except binascii.Error:
        return ""
    charset = next((value for name, value in part.parameters if name.lower() == b"charset"), b"utf-8")
    try:
        return octets.decode(charset.decode("latin-1"), "replace").casefold()
    except LookupError:
        return octets.decode("latin-1").casefold()
