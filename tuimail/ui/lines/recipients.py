"""A line of recipients while it is being typed: which one the cursor is in, and putting another there.

Pure. What must not live here: what counts as an address (`mime.decoding.addresses`), or who is
proposed.
"""

from __future__ import annotations

from typing import NamedTuple

SEPARATORS = ",;"
"""The semicolon is no separator of RFC 5322, but people type it; it becomes a comma."""


class Token(NamedTuple):
    """The recipient under the cursor."""

    start: int
    """Of its first character that is no space."""
    end: int
    text: str
    """From `start` to the cursor: what completion looks for."""


def token_at(line: str, cursor: int) -> Token:
    """The recipient that the cursor is in.

    >>> token_at("Ada <ada@example.org>, gr", 25).text
    'gr'
    """
    start, end = 0, len(line)
    for at in _separators(line):
        if at < cursor:
            start = at + 1
        else:
            end = at
            break
    while start < min(cursor, end) and line[start] == " ":
        start += 1
    return Token(start, end, line[start:cursor])


def with_recipient(line: str, cursor: int, recipient: str) -> tuple[str, int]:
    """The line with `recipient` in the place of the one under the cursor, and the cursor behind it.

    >>> with_recipient("gr", 2, "Grace <grace@navy.example>")
    ('Grace <grace@navy.example>, ', 28)
    """
    token = token_at(line, cursor)
    rest = line[token.end :].lstrip(SEPARATORS + " ")
    head = line[: token.start].rstrip()
    before = f"{head} {recipient}, " if head else f"{recipient}, "
    return before + rest, len(before)


def recipients_of(line: str) -> list[str]:
    """What stands between the separators, without spaces and without what is empty."""
    found, start = [], 0
    for at in [*_separators(line), len(line)]:
        part = line[start:at].strip()
        if part:
            found.append(part)
        start = at + 1
    return found


def joined(recipients: list[str]) -> str:
    """One line of several recipients."""
    return ", ".join(recipients)


def looks_complete(text: str) -> bool:
    """Whether somebody typed a whole address, so that Enter must not take another one."""
    local, at, domain = text.strip().rpartition("@")
    return bool(local and at) and "." in domain.strip(">").strip(".")


def _separators(line: str) -> list[int]:
    """Where one recipient ends: commas outside of quotes, comments and angle brackets."""
    found: list[int] = []
    quoted = escaped = False
    angle = comment = 0
    for at, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or comment):
            escaped = True
        elif character == '"' and not comment:
            quoted = not quoted
        elif quoted:
            continue
        elif character == "(":
            comment += 1
        elif character == ")":
            comment = max(0, comment - 1)
        elif character == "<":
            angle = 1
        elif character == ">":
            angle = 0
        elif character in SEPARATORS and not angle and not comment:
            found.append(at)
    return found
