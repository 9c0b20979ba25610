"""A query cut into pieces: words, quoted words, brackets, signs; each with its place in the text."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_FIELD: Final = re.compile(r"([A-Za-z]{1,20}):")
_BARE: Final = re.compile(r'[^\s()"]+')
_OPERATORS: Final = frozenset(("AND", "OR", "NOT"))


class Kind(enum.Enum):
    """What a piece is."""

    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    WORD = "word"
    QUOTED = "quoted"


class Piece(NamedTuple):
    """A piece of a query."""

    kind: Kind
    start: int
    end: int
    text: str
    """Of a word or quoted words, without field and quotes."""
    field: str = ""
    """As typed, without the colon; also of an opening bracket."""
    has_star: bool = False
    """Quoted words that end in `"*`."""
    is_open: bool = False
    """A quote that was never closed."""


def pieces(text: str) -> Iterator[Piece]:
    """The pieces from left to right."""
    at = 0
    while at < len(text):
        character = text[at]
        if character.isspace():
            at += 1
        elif character == ")":
            yield Piece(Kind.CLOSE, at, at + 1, ")")
            at += 1
        elif character == "-" and _is_sign(text, at):
            yield Piece(Kind.NOT, at, at + 1, "-")
            at += 1
        else:
            piece = _atom(text, at)
            yield piece
            at = piece.end


def _is_sign(text: str, at: int) -> bool:
    return at + 1 < len(text) and not text[at + 1].isspace() and text[at + 1] != ")"


def _atom(text: str, start: int) -> Piece:
    """A word, quoted words or an opening bracket, with its field."""
    match = _FIELD.match(text, start)
    field, at = (match[1], match.end()) if match else ("", start)
    if text.startswith("(", at):
        return Piece(Kind.OPEN, start, at + 1, "(", field)
    if text.startswith('"', at):
        return _quoted(text, start, at + 1, field)
    bare = _BARE.match(text, at)
    end = bare.end() if bare else at
    words = text[at:end]
    if not field and words in _OPERATORS:
        return Piece(Kind(words), start, end, words)
    return Piece(Kind.WORD, start, end, words, field)


def _quoted(text: str, start: int, first: int, field: str) -> Piece:
    closing = text.find('"', first)
    if closing < 0:
        return Piece(Kind.QUOTED, start, len(text), text[first:], field, is_open=True)
    has_star = text.startswith("*", closing + 1)
    return Piece(Kind.QUOTED, start, closing + 1 + has_star, text[first:closing], field, has_star)
