"""People of address books beside those of the store: vCard files, and a command that is asked.

Everything here reads files or waits for a process: it belongs in a thread. Nobody's
mistake in an address book is an error of the program: what cannot be read is left out,
and said once in `Book.notes`.
"""

from __future__ import annotations

import os
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tuimail.config import ComposeConfig
from tuimail.mime.clean import clean_line
from tuimail.mime.writing.typed import folded, normal, shown
from tuimail.mime.writing.vcard import MAX_OCTETS, read_vcards
from tuimail.model import Address
from tuimail.store import Store
from tuimail.store.writing.people import folded_words, matches

MAX_FILES = 20_000
MAX_PEOPLE = 50_000
PATIENCE_S = 3.0
MAX_ANSWER_OCTETS = 256 * 1024
MAX_ANSWERS = 200
RECENT_S = 90 * 86_400
"""So long after somebody was written to, they come before the address book."""


@dataclass(frozen=True, slots=True)
class Book:
    """An address book, read once."""

    people: tuple[Address, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be read, in sentences."""

    def find(self, prefix: str, limit: int = 50) -> list[Address]:
        """Whose name or address has words that begin so."""
        wanted = folded_words(prefix)
        found: list[Address] = []
        for person in self.people if wanted else ():
            if matches(wanted, person.name, person.address):
                found.append(person)
                if len(found) == limit:
                    break
        return found


class Suggestion(NamedTuple):
    """A recipient to propose."""

    name: str
    address: str
    why: str
    """In two or three words: `wrote to 12 times`, `address book`, `wrote to you`."""

    @property
    def value(self) -> str:
        """`Ada Byron <ada@example.org>`, as it goes into the field."""
        return shown(self.name, self.address)


def complete(
    store: Store, prefix: str, limit: int = 10, *, book: Book | None = None, asked: Sequence[Address] = (), now: int
) -> list[Suggestion]:
    """Recipients for what was typed: written to lately, then address books, then written to, then heard from.

    `asked`: what `ask` answered for the same prefix. Names are cleaned.
    """
    known = store.people.complete(prefix, limit * 3)
    ranked: list[tuple[int, Suggestion]] = []
    for person in known:
        name = clean_line(person.name, 200)
        if person.written:
            why = "wrote to once" if person.written == 1 else f"wrote to {person.written} times"
            rank = 0 if person.written_at > now - RECENT_S else 2
        else:
            why, rank = "wrote to you", 3
        ranked.append((rank, Suggestion(name, person.address, why)))
    booked = [*(book.find(prefix) if book is not None else ()), *asked]
    ranked += [(1, Suggestion(clean_line(each.name, 200), each.address, "address book")) for each in booked]
    return _best(ranked, limit)


def _best(ranked: Iterable[tuple[int, Suggestion]], limit: int) -> list[Suggestion]:
    """The first of each address; one whose name only another source knows gets it."""
    names: dict[str, str] = {}
    best: dict[str, Suggestion] = {}
    for _, suggestion in sorted(ranked, key=lambda pair: pair[0]):
        key = folded(suggestion.address)
        best.setdefault(key, suggestion)
        if suggestion.name:
            names.setdefault(key, suggestion.name)
    return [each._replace(name=each.name or names.get(key, "")) for key, each in list(best.items())[:limit]]


# --- vCard files ---------------------------------------------------------------------


def read_book(compose: ComposeConfig) -> Book:
    """All vCards of the directory (or file) that is configured; links to directories are not followed."""
    place = compose.vcard_dir
    if place is None:
        return Book()
    people: dict[tuple[str, str], Address] = {}
    notes: list[str] = []
    try:
        files = sorted(_files(place)) if place.is_dir() else [place]
    except OSError as exc:
        return Book((), (f"The address book {place} cannot be read: {exc.strerror or exc}.",))
    unread = 0
    for file in files:
        try:
            octets = _small(file)
        except OSError:
            unread += 1
            continue
        for person in read_vcards(octets):
            people.setdefault((folded(person.address), person.name), person)
        if len(people) >= MAX_PEOPLE:
            notes.append(f"The address book {place} is too large; only some of it was read.")
            break
    if unread:
        notes.append(f"{unread} of {len(files)} files of the address book {place} cannot be read.")
    return Book(tuple(people.values())[:MAX_PEOPLE], tuple(notes))


def _files(place: Path) -> list[Path]:
    found: list[Path] = []
    for directory, below, names in os.walk(place):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += [Path(directory, name) for name in names if name.lower().endswith((".vcf", ".vcard"))]
        if len(found) >= MAX_FILES:
            break
    return found[:MAX_FILES]


def _small(file: Path) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no file")
        return stream.read(MAX_OCTETS)


# --- a command -------------------------------------------------------------------------


def ask(command: Sequence[str], typed: str, *, patience_s: float = PATIENCE_S) -> list[Address]:
    """What an address book command says of a few letters; nothing when it fails or takes too long.

    No shell: what was typed is one argument. A line is an address, a tab, a name, and
    what follows another tab is left out.
    """
    typed = clean_line(typed, 200).strip()
    if not command or not typed or typed.startswith("-"):
        return []
    words = [word.replace("%s", typed) for word in command]
    if words == list(command):
        words.append(typed)
    return _answers(_output(words, patience_s))


def _output(words: Sequence[str], patience_s: float) -> bytes:
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )
    except (OSError, ValueError):
        return b""
    taken = bytearray()
    until = time.monotonic() + patience_s
    with process, selectors.DefaultSelector() as waiting:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        waiting.register(process.stdout, selectors.EVENT_READ)
        while len(taken) < MAX_ANSWER_OCTETS:
            if not waiting.select(max(until - time.monotonic(), 0)):
                taken.clear()  # too late: half an answer is none
                break
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            taken += piece
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return bytes(taken[:MAX_ANSWER_OCTETS])


def _answers(octets: bytes) -> list[Address]:
    found: list[Address] = []
    for line in octets.decode("utf-8", "replace").split("\n"):
        fields = line.rstrip("\r").split("\t")
        if len(fields) < 2 and not normal(fields[0].strip()):
            continue  # the heading that abook and others print first
        address = normal(fields[0].strip())
        if address:
            found.append(Address(clean_line(fields[1], 200).strip() if len(fields) > 1 else "", address))
        if len(found) == MAX_ANSWERS:
            break
    return found
