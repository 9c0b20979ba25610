"""What can be typed next: fields, their values, mailboxes, accounts, people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from tuimail.query.fields import BY_NAME, TABLE
from tuimail.query.tree import Known
from tuimail.query.words import fold

LIMIT: Final = 12
_LAST: Final = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)|([^\s()":]*))\Z')
_PLAIN: Final = re.compile(r"[\w.@/+-]+")
_OF_PEOPLE: Final = frozenset(("from", "to", "cc"))


class Suggestion(NamedTuple):
    """A way to go on."""

    start: int
    """Characters of the query before what it replaces."""
    end: int
    text: str
    help: str


def complete(text: str, cursor: int, known: Known) -> list[Suggestion]:
    """What the word before the cursor can become, the likeliest first; nothing for an empty word."""
    match = _LAST.search(text, 0, cursor)
    if match is None:
        return []
    name, quoted, bare = (match[1] or "").lower(), match[2], match[3]
    if not name:
        return _fields(match.start(3), cursor, bare) if bare else []
    if name not in BY_NAME:
        return []
    begun = quoted if quoted is not None else bare
    start = match.start(2) - 1 if quoted is not None else match.start(3)
    return [
        Suggestion(start, cursor, _quoted(value), help)
        for value, help in _fitting(begun, _values(name, known))
    ]


def _fields(start: int, cursor: int, begun: str) -> list[Suggestion]:
    sign = 1 if begun.startswith("-") else 0
    wanted = begun[sign:].lower()
    return [
        Suggestion(start + sign, cursor, f"{field.name}:", field.help)
        for field in TABLE if wanted and field.name.startswith(wanted)
    ][:LIMIT]


def _values(name: str, known: Known) -> list[tuple[str, str]]:
    if name == "in":
        return _mailboxes(known)
    if name == "account":
        return [(account, "") for account in known.accounts]
    if name in _OF_PEOPLE:
        return list(known.people)
    return [(value, "") for value in BY_NAME[name].values]


def _mailboxes(known: Known) -> list[tuple[str, str]]:
    """Roles first, then mailboxes, each by the shortest name that means only it."""
    found = {mailbox.role: f"{mailbox.role} of every account" for mailbox in known.mailboxes if mailbox.role}
    leaves = [fold(mailbox.leaf) for mailbox in known.mailboxes]
    for mailbox in known.mailboxes:
        if fold(mailbox.leaf) in found:
            continue
        is_one = leaves.count(fold(mailbox.leaf)) == 1
        name = mailbox.leaf if is_one else f"{mailbox.account}/{mailbox.name}"
        found.setdefault(name, mailbox.account)
    return list(found.items())


def _fitting(begun: str, values: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Values that begin so, then those that hold it."""
    wanted = fold(begun)
    first: list[tuple[str, str]] = []
    later: list[tuple[str, str]] = []
    for value in values:
        if not value[0].isprintable():
            continue  # a name of a server's that no field should be given
        folded = [fold(words) for words in value]
        if any(words.startswith(wanted) for words in folded):
            first.append(value)
        elif any(wanted in words for words in folded):
            later.append(value)
        if len(first) >= LIMIT:
            break
    return [value for value in (*first, *later) if value[0] != begun][:LIMIT]


def _quoted(value: str) -> str:
    """A value as it is typed: in quotation marks where it must be, and a space after it."""
    return f"{value} " if _PLAIN.fullmatch(value) else '"' + value.replace('"', "") + '" '
