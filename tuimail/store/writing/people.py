"""People who were written to or who wrote: learnt from the mail, asked for while a recipient is typed.

What lives here: counting them in small steps beside everything else, and finding some by
the beginning of a name or address. What must not: address books (`wishes.address_book`),
and what is done with them.

Nothing is learnt while mail comes in: `learn` goes through the headers afterwards, so
many at a time, and remembers how far it came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from tuimail.model import Address, Role
from tuimail.store.database import Database, SqlRow
from tuimail.store.lists.order import LOW_BITS

STEP: Final = 1_000
"""Messages in one step of `learn`: about 20 ms."""
MAX_RECIPIENTS: Final = 50
"""A message to more of them says little about any."""
MAX_FOUND: Final = 250
"""Rows that one question looks at, of each kind."""
MAX_WORDS: Final = 24
MAX_WORD_CHARACTERS: Final = 60
_LAST: Final = "\U0010ffff"
_PIECES: Final = re.compile(r"[^\W_]+")
_ROBOT: Final = re.compile(r"no-?_?reply|do-?not-?reply|mailer-daemon|postmaster@|bounce", re.IGNORECASE)
_SELECT: Final = "id, address, name, written, written_at, heard, heard_at"


class Person(NamedTuple):
    """Somebody who is known."""

    address: str
    name: str
    """May be empty."""
    written: int
    """How often they were written to, about."""
    written_at: int
    """When last, seconds since 1970 UTC; 0 for never."""
    heard: int
    heard_at: int


class _Seen(NamedTuple):
    address: str
    name: str
    written: int
    written_at: int
    heard: int
    heard_at: int


class Reader(Protocol):
    """Takes an address header apart."""

    def __call__(self, value: str, /) -> Iterable[Address]: ...


class People:
    """Everybody who is known from mail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- asking ---------------------------------------------------------------

    def complete(self, prefix: str, limit: int = 10) -> list[Person]:
        """People whose name or address has a word that begins so, for every word of `prefix`.

        Those who were written to come first, the last first; then those who wrote.
        """
        wanted = folded_words(prefix)
        if not wanted:
            return []
        longest = max(wanted, key=len)
        found: list[SqlRow] = []
        for known in (1, 0):
            rows = self._by_word(known, longest)
            found += rows
            if len(rows) == MAX_FOUND:  # more begin so than are looked at: the newest must be among them
                found += self._newest(known)
        people: dict[int, Person] = {}
        for identity, *rest in found:
            person = Person(*rest)
            if identity not in people and matches(wanted, person.name, person.address):
                people[identity] = person
        best = sorted(people.values(), key=lambda each: (each.written_at, each.heard_at, each.heard), reverse=True)
        return best[:limit]

    def domains_written_to(self, limit: int = 2_000) -> frozenset[str]:
        """The domains, in lower case, of those who were written to."""
        return frozenset(
            key.rpartition("@")[2]
            for key in self._database.column(
                "SELECT key FROM person WHERE written > 0 ORDER BY written_at DESC LIMIT ?", (limit,)
            )
        )

    def get(self, address: str) -> Person | None:
        """Somebody by address, None when nobody knows them."""
        row = self._database.row(f"SELECT {_SELECT} FROM person WHERE key = ?", (key_of(address),))
        return Person(*row[1:]) if row is not None else None

    def _by_word(self, known: int, word: str) -> list[SqlRow]:
        return self._database.rows(
            f"SELECT {_SELECT} FROM person WHERE id IN (SELECT DISTINCT person_id FROM person_word"
            " WHERE known = ? AND word >= ? AND word < ? LIMIT ?)",
            (known, word, word + _LAST, MAX_FOUND),
        )

    def _newest(self, known: int) -> list[SqlRow]:
        which = "WHERE written > 0 ORDER BY written_at" if known else "ORDER BY heard_at"
        return self._database.rows(f"SELECT {_SELECT} FROM person {which} DESC LIMIT ?", (MAX_FOUND,))

    # --- learning -------------------------------------------------------------

    def note(self, addresses: Iterable[Address], *, wrote_to: bool, at: int) -> None:
        """These people were written to, or wrote, just now."""
        self._count(
            _Seen(each.address, each.name, int(wrote_to), at * wrote_to, int(not wrote_to), at * (not wrote_to))
            for each in addresses
        )

    def forget(self, address: str) -> None:
        """Do not propose this address any longer, until it is seen again."""
        with self._database.transaction():
            row = self._database.row("SELECT id FROM person WHERE key = ?", (key_of(address),))
            if row is not None:
                self._database.run("DELETE FROM person_word WHERE known IN (0, 1) AND person_id = ?", row)
                self._database.run("DELETE FROM person WHERE id = ?", row)

    def learn(self, read: Reader, step: int = STEP) -> bool:
        """Count the people of the next messages; whether there may be more. One transaction.

        `read` takes a header value apart. Junk, Trash and Drafts teach nothing; mail in Sent says who was written to.
        """
        row = self._database.row("SELECT value FROM meta WHERE key = 'people_learnt'")
        learnt = int(row[0]) if row is not None else 0
        rows = self._database.rows(
            f"SELECT header.id, from_line, to_line, cc, role, envelope.place >> {LOW_BITS}"
            " FROM header JOIN envelope ON envelope.id = header.id JOIN mailbox ON mailbox.id = mailbox_id"
            " WHERE header.id > ? ORDER BY header.id LIMIT ?",
            (learnt, step),
        )
        if not rows:
            return False
        with self._database.transaction():
            self._count(seen for row in rows for seen in _seen_in(row, read))
            self._database.run("UPDATE meta SET value = ? WHERE key = 'people_learnt'", (rows[-1][0],))
        return len(rows) == step

    def _count(self, seen: Iterable[_Seen]) -> None:
        """Add up what was seen, then write each person once."""
        summed: dict[str, _Seen] = {}
        for one in seen:
            key = key_of(one.address)
            if not key or _ROBOT.search(key):
                continue
            before = summed.get(key)
            summed[key] = _added(before, one) if before is not None else one
        if not summed:
            return
        with self._database.transaction():
            known = {
                row[0]: row[1:]
                for row in self._database.rows_of(f"SELECT key, {_SELECT} FROM person WHERE key IN ({{keys}})", summed)
            }
            for key, one in summed.items():
                self._write(key, one, known.get(key))

    def _write(self, key: str, seen: _Seen, row: SqlRow | None) -> None:
        if row is None:
            identity = self._database.insert(
                "INSERT INTO person (key, address, name, written, written_at, heard, heard_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, *seen),
            )
            self._index(identity, seen.name, seen.address, int(seen.written > 0))
            return
        identity, *rest = row
        before = _Seen(*rest)
        now = _added(before, seen)
        self._database.run(
            "UPDATE person SET address = ?, name = ?, written = ?, written_at = ?, heard = ?, heard_at = ?"
            " WHERE id = ?",
            (*now, identity),
        )
        if now.name != before.name or (now.written > 0) != (before.written > 0):
            words = [(int(before.written > 0), word, identity) for word in words_of(before.name, before.address)]
            self._database.many("DELETE FROM person_word WHERE known = ? AND word = ? AND person_id = ?", words)
            self._index(identity, now.name, now.address, int(now.written > 0))

    def _index(self, identity: int, name: str, address: str, known: int) -> None:
        self._database.many(
            "INSERT OR IGNORE INTO person_word VALUES (?, ?, ?)",
            [(known, word, identity) for word in words_of(name, address)],
        )


def _seen_in(row: SqlRow, read: Reader) -> Iterable[_Seen]:
    """Whom a message names."""
    _, from_line, to_line, cc, role, at = row
    if role in (Role.JUNK, Role.TRASH, Role.DRAFTS):
        return
    if role == Role.SENT:
        people = [*read(to_line), *read(cc)] if len(to_line) + len(cc) < 16_000 else []
        if len(people) <= MAX_RECIPIENTS:
            for each in people:
                yield _Seen(each.address, each.name, 1, max(at, 1), 0, 0)
        return
    for each in list(read(from_line))[:1]:
        yield _Seen(each.address, each.name, 0, 0, 1, max(at, 1))


def _added(before: _Seen, seen: _Seen) -> _Seen:
    """Both together; the newer one says how the name is spelled, if it says anything."""
    is_newer = max(seen.written_at, seen.heard_at) >= max(before.written_at, before.heard_at)
    newer, older = (seen, before) if is_newer else (before, seen)
    return _Seen(
        before.address, newer.name or older.name, before.written + seen.written,
        max(before.written_at, seen.written_at), before.heard + seen.heard, max(before.heard_at, seen.heard_at),
    )  # fmt: skip


def key_of(address: str) -> str:
    """What tells people apart; empty for what is no address."""
    address = address.strip()
    if "@" not in address or len(address) > 320 or not address.isprintable() or " " in address:
        return ""
    return address.casefold()


def fold(text: str) -> str:
    """Without case and accents: `Émile` and `EMILE` are `emile`."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text)
    return "".join(character for character in spread if not unicodedata.combining(character)).casefold()


def folded_words(text: str) -> list[str]:
    """What somebody typed, in pieces to look for; an address stays one."""
    return [word[:MAX_WORD_CHARACTERS] for word in fold(text).replace('"', " ").replace("<", " ").split()][:8]


def words_of(name: str, address: str) -> list[str]:
    """By what beginnings somebody is found: words of the name, the address, its pieces."""
    whole = fold(address)
    local, _, domain = whole.rpartition("@")
    pieces = [*_PIECES.findall(fold(name)[:200]), whole, local, domain, *_PIECES.findall(local)[1:]]
    pieces += _PIECES.findall(domain)[1:-1]
    return list(dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in pieces if word))[:MAX_WORDS]


def matches(wanted: Iterable[str], name: str, address: str) -> bool:
    """Whether every word that is wanted (see `folded_words`) begins a word of this person."""
    words = words_of(name, address)
    return all(any(word.startswith(each) for word in words) for each in wanted)
