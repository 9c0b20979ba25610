"""The grammar of IMAP: words of a command, sequence sets, dates, strings and mailbox names, both ways.

Pure functions over bytes; nothing here knows a mailbox or a connection (RFC 3501 section 9).
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MAX_UID = 2**32 - 1

_ATOM_END = frozenset(b' ()"{\r\n')


class BadSyntax(ValueError):
    """The client's words do not follow the grammar; the text goes into the BAD answer."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command: an atom, or a quoted string or literal."""

    value: bytes
    quoted: bool = False

    @property
    def upper(self) -> str:
        """The word as a keyword."""
        return self.value.decode("latin-1").upper()


Token = Word | list["Token"]


def parse_command(chunks: Sequence[bytes]) -> list[Token]:
    """The words of one command; a parenthesis becomes a list.

    chunks: text, literal, text, literal, ..., text; each text that a literal follows ends with its `{n}` already cut
    off.
    """
    stack: list[list[Token]] = [[]]
    for index, chunk in enumerate(chunks):
        if index % 2:
            stack[-1].append(Word(chunk, quoted=True))
        else:
            _parse_text(chunk, stack)
    if len(stack) != 1:
        raise BadSyntax("a parenthesis is not closed")
    return stack[0]


def _parse_text(text: bytes, stack: list[list[Token]]) -> None:
    position = 0
    while position < len(text):
        octet = text[position : position + 1]
        if octet == b" ":
            position += 1
        elif octet == b"(":
            if len(stack) > 50:
                raise BadSyntax("too many parentheses")
            stack.append([])
            position += 1
        elif octet == b")":
            if len(stack) < 2:
                raise BadSyntax("a parenthesis was never opened")
            closed = stack.pop()
            stack[-1].append(closed)
            position += 1
        elif octet == b'"':
            value, position = _quoted_string(text, position + 1)
            stack[-1].append(Word(value, quoted=True))
        else:
            end = _atom_end(text, position)
            stack[-1].append(Word(text[position:end]))
            position = end


def _quoted_string(text: bytes, position: int) -> tuple[bytes, int]:
    value = bytearray()
    while position < len(text):
        octet = text[position]
        if octet == 0x22:
            return bytes(value), position + 1
        if octet == 0x5C:
            position += 1
            if position == len(text):
                break
            octet = text[position]
        value.append(octet)
        position += 1
    raise BadSyntax("a quoted string is not closed")


def _atom_end(text: bytes, start: int) -> int:
    """Where the atom ends; `BODY[HEADER.FIELDS (a b)]<0.9>` is one atom."""
    position = start
    while position < len(text) and text[position] not in _ATOM_END:
        if text[position] == 0x5B and (close := text.find(b"]", position)) >= 0:
            position = close
        position += 1
    if position == start or re.search(rb"[\x00-\x1f\x7f-\xff]", text[start:position]):
        raise BadSyntax("an unexpected character")
    return position


def words(tokens: Sequence[Token]) -> list[Word]:
    """The tokens when all of them are words, else BadSyntax."""
    found = []
    for token in tokens:
        if not isinstance(token, Word):
            raise BadSyntax("a parenthesis is out of place")
        found.append(token)
    return found


def quoted(value: bytes) -> bytes:
    """A quoted string, or a literal where RFC 3501 allows no quoted string."""
    if len(value) > 1000 or re.search(rb"[\x00\r\n\x80-\xff]", value):
        return b"{%d}\r\n%s" % (len(value), value)
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def nstring(value: bytes | None) -> bytes:
    """NIL, a quoted string or a literal."""
    return b"NIL" if value is None else quoted(value)


def literal(value: bytes) -> bytes:
    """A literal in any case, as servers send bodies."""
    return b"{%d}\r\n%s" % (len(value), value)


def encode_mailbox(name: str) -> bytes:
    """A mailbox name in modified UTF-7 (RFC 3501 5.1.3)."""
    out = bytearray()
    run = ""
    for character in name + "\0":
        if " " <= character <= "~" or character == "\0":
            if run:
                encoded = base64.b64encode(run.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
                out += b"&" + encoded + b"-"
                run = ""
            if character != "\0":
                out += b"&-" if character == "&" else character.encode("ascii")
        else:
            run += character
    return bytes(out)


def decode_mailbox(name: bytes) -> str:
    """The name behind modified UTF-7; bytes above 127 are taken as UTF-8, as clients send them."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadSyntax("the mailbox name is not modified UTF-7") from exc

    def shifted(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        padded = match[1].replace(",", "/") + "=" * (-len(match[1]) % 4)
        try:
            return base64.b64decode(padded, validate=True).decode("utf-16-be")
        except (ValueError, UnicodeDecodeError) as exc:
            raise BadSyntax("the mailbox name is not modified UTF-7") from exc

    return re.sub(r"&([A-Za-z0-9+,]*)-", shifted, text)


def parse_set(text: bytes) -> list[tuple[int, int | None]]:
    """The ranges of a sequence set as (first, last) in the order given; None stands for `*`."""
    ranges: list[tuple[int, int | None]] = []
    if not re.fullmatch(rb"(\d{1,10}|\*)(:(\d{1,10}|\*))?(,(\d{1,10}|\*)(:(\d{1,10}|\*))?)*", text):
        raise BadSyntax("not a sequence set")
    for piece in text.split(b","):
        first, colon, last = piece.partition(b":")
        low = None if first == b"*" else int(first)
        high = low if not colon else None if last == b"*" else int(last)
        if low == 0 or high == 0 or (low or 0) > MAX_UID or (high or 0) > MAX_UID:
            raise BadSyntax("a number of a sequence set is out of range")
        if low is None:
            low, high = (high, None) if high is not None else (MAX_UID, None)
        ranges.append((low, high))
    return ranges


def pick_from_set(text: bytes, ascending: Sequence[int]) -> list[int]:
    """The numbers of `ascending` that the sequence set names, ascending, each once."""
    if not ascending:
        parse_set(text)
        return []
    highest = ascending[-1]
    spans: list[tuple[int, int]] = []
    for low, high in parse_set(text):
        # RFC 3501 6.4.8: n:* always includes the last message, also when n is above it.
        first, last = (min(low, highest), highest) if high is None else (min(low, high), max(low, high))
        spans.append((first, last))
    found: set[int] = set()
    for first, last in spans:
        found.update(ascending[bisect_left(ascending, first) : bisect_right(ascending, last)])
    return sorted(found)


def format_set(numbers: Iterable[int]) -> bytes:
    """The shortest sequence set for ascending numbers: `1:3,7`."""
    pieces: list[bytes] = []
    first = last = -1
    for number in numbers:
        if first >= 0 and number == last + 1:
            last = number
            continue
        if first >= 0:
            pieces.append(b"%d" % first if first == last else b"%d:%d" % (first, last))
        first = last = number
    if first >= 0:
        pieces.append(b"%d" % first if first == last else b"%d:%d" % (first, last))
    return b",".join(pieces)


def format_internal_date(when: datetime) -> bytes:
    """`"17-Jul-1996 02:44:25 -0700"` with its quotes."""
    return f'"{when.day:2d}-{MONTHS[when.month - 1]}-{when.year:04d} {when:%H:%M:%S %z}"'.encode("ascii")


def parse_internal_date(text: bytes) -> datetime:
    """The date-time of an APPEND."""
    match = re.fullmatch(
        r"\s?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-]\d{4})", text.decode("latin-1").strip()
    )
    if match is None:
        raise BadSyntax("not a date-time")
    try:
        return datetime.strptime(
            f"{match[3]}-{_month(match[2])}-{match[1]} {match[4]}:{match[5]}:{match[6]} {match[7]}",
            "%Y-%m-%d %H:%M:%S %z",
        )
    except ValueError as exc:
        raise BadSyntax("not a date-time") from exc


def parse_date(text: bytes) -> date:
    """The date of a SEARCH key: `1-Feb-1994`."""
    match = re.fullmatch(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})", text.decode("latin-1"))
    if match is None:
        raise BadSyntax("not a date")
    try:
        return date(int(match[3]), _month(match[2]), int(match[1]))
    except ValueError as exc:
        raise BadSyntax("not a date") from exc


def _month(name: str) -> int:
    try:
        return MONTHS.index(name.capitalize()) + 1
    except ValueError as exc:
        raise BadSyntax("not a month") from exc
