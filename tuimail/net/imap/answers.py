"""Responses of an IMAP server, taken apart: lines with literals in, small values out.

A response is a list of pieces: text, literal, text, literal, text (RFC 9051 4.3); an
ordinary one is a single text. Bounded in depth and items, iterative, and any octets
give values or ProtocolViolation, nothing else.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tuimail.errors import ProtocolViolation
from tuimail.net.imap.limits import MAX_NUMBER

Pieces = list[bytes]

Value = bytes | None | list["Value"]
"""A string, atom or literal; NIL; or a parenthesised list."""

MAX_DEPTH = 100
MAX_ITEMS = 200_000

_TOKEN = re.compile(rb' *(?:(\()|(\))|"([^"\\]*+(?:\\.[^"\\]*+)*+)"|(~?\{\d{1,20}\+?\}$)|([^\s()"{]++|\{))', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_LITERAL = re.compile(rb"\{(\d{1,20})\+?\}$")
_CODE = re.compile(rb"\[([A-Za-z0-9\-]+)(?: ([^\r\n]*?))?\](?: |$)")
# Flags with `]` stand in codes of some servers, so the code of flags ends at its last parenthesis.
_FLAGS_CODE = re.compile(rb"\[(PERMANENTFLAGS|BADCHARSET) (\(.*?\))\](?: |$)", re.IGNORECASE)


class Answer(NamedTuple):
    """One untagged response."""

    kind: str
    """Upper case: FETCH, LIST, OK, ..."""
    number: int | None
    """In front of the kind: `* 12 EXISTS`."""
    pieces: Pieces
    """What follows the kind."""

    @property
    def text(self) -> bytes:
        """The first piece: all of a response without literals."""
        return self.pieces[0]


class Status(NamedTuple):
    """OK, NO, BAD, BYE or PREAUTH, tagged or not."""

    kind: str
    code: str
    """Upper case, without brackets; empty when there is none."""
    code_text: bytes
    """What follows the code inside the brackets."""
    words: bytes


def literal_size(line: bytes) -> int | None:
    """How many octets the literal at the end of a line announces; None when there is no literal."""
    if not line.endswith(b"}"):
        return None
    match = _LITERAL.search(line)
    return int(match[1]) if match else None


def parse_status(kind: str, rest: bytes) -> Status:
    """Code and words of a status response. Missing words are tolerated."""
    match = _FLAGS_CODE.match(rest) or _CODE.match(rest)
    if match is None:
        return Status(kind, "", b"", rest)
    return Status(kind, match[1].decode("ascii").upper(), match[2] or b"", rest[match.end() :])


def parse_values(pieces: Pieces) -> list[Value]:
    """Everything in a response as values. ProtocolViolation when it is not well formed."""
    top: list[Value] = []
    stack = [top]
    items = 0
    for index in range(0, len(pieces), 2):
        text = pieces[index]
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                if not text[at:].strip():
                    break
                raise unreadable()
            at = match.end()
            items += 1
            if items > MAX_ITEMS:
                raise unreadable()
            if match[1] is not None:
                inner: list[Value] = []
                stack[-1].append(inner)
                stack.append(inner)
                if len(stack) > MAX_DEPTH:
                    raise unreadable()
            elif match[2] is not None:
                stack.pop()
                if not stack:
                    raise unreadable()
            elif match[3] is not None:
                stack[-1].append(unescape(match[3]))
            elif match[4] is not None:
                if index + 1 >= len(pieces):
                    raise unreadable()
                stack[-1].append(pieces[index + 1])
            else:
                stack[-1].append(None if match[5].upper() == b"NIL" else match[5])
    if len(stack) != 1:
        raise unreadable()
    return top


def unescape(quoted: bytes) -> bytes:
    """The inside of a quoted string without its backslashes."""
    return _ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted


def number(value: Value, limit: int = MAX_NUMBER) -> int:
    """A number of the standard's range; ProtocolViolation for anything else."""
    if isinstance(value, bytes) and value.isdigit() and len(value) <= 19 and (found := int(value)) <= limit:
        return found
    raise unreadable()


def words(value: Value) -> list[bytes]:
    """A list of plain words; ProtocolViolation for anything else."""
    if isinstance(value, list) and all(isinstance(word, bytes) for word in value):
        return [word for word in value if isinstance(word, bytes)]
    raise unreadable()


def pairs(value: Value) -> dict[str, Value]:
    """`(NAME value NAME value)` with upper-case names; the first of two equal names counts."""
    if value is None:
        return {}
    if not isinstance(value, list):
        raise unreadable()
    found: dict[str, Value] = {}
    for name, item in zip(value[::2], value[1::2], strict=False):
        if isinstance(name, bytes):
            found.setdefault(name.decode("utf-8", "replace").upper(), item)
    return found


def unreadable() -> ProtocolViolation:
    """The response is not what the standard allows."""
    return ProtocolViolation("The server sent an answer that cannot be read.")
