"""Mailboxes in one file: the mboxrd format, read and written octet for octet.

What lives here: the format (http://qmail.org/man/man5/mbox.html, "mboxrd"): messages
after a `From ` line, an empty line after each, and one `>` more before each line of a
message that looks like such a line. What must not: the store. Nothing is held in memory
but a piece of a message, whatever the file holds.

Exact means that what was written is read again octet for octet. Two things that the
format cannot say stand at the end of the `From ` line, where other programs do not look:
the flags, and that a message does not end with a line end.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Generator, Iterator
from time import gmtime
from typing import BinaryIO, Final, NamedTuple

from tuimail.errors import UsageError

BLOCK_OCTETS: Final = 1 << 20
_LONG_LINE: Final = 1 << 16
"""A line that is longer is not waited for."""
_QUOTE: Final = re.compile(rb"^(>*From )", re.MULTILINE)
_LOOKS: Final = re.compile(rb"^(>*)From [^\n]*\n?", re.MULTILINE)
_MAY_BECOME: Final = re.compile(rb">*(?:F|Fr|Fro|From)?")
_RUN: Final = re.compile(rb">*")
_DATED: Final = re.compile(
    rb"From .*?\b([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s+(?:[A-Za-z]+\s+|[+-]\d{4}\s+)?(\d{4})\b"
)
_MARK: Final = re.compile(rb" tuimail:([A-Za-z]*)(-?)\s*$")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class FromLine(NamedTuple):
    """What a `From ` line says."""

    received_at: int | None
    """Seconds since 1970 UTC; None when there is no date that can be read."""
    letters: str
    """Flags as in Maildir names, when we wrote them."""
    is_open: bool
    """The message does not end with a line end."""
    has_cr: bool
    """The file ends its lines with CR LF."""


class MboxMessage(NamedTuple):
    """One message of a file: its pieces must be taken before the next message is."""

    about: FromLine
    pieces: Iterator[bytes]


def written(raw: bytes, *, sender: str, received_at: int, letters: str = "") -> Iterator[bytes]:
    """A message as it stands in an mbox file, in pieces."""
    is_open = not raw.endswith(b"\n")
    address = "".join(character for character in sender if character.isascii() and character.isprintable())
    address = address.replace(" ", "")[:200] or "MAILER-DAEMON"
    when = gmtime(max(0, min(received_at, (1 << 35) - 1)))
    date = (
        f"{_DAYS[when.tm_wday]} {_MONTHS[when.tm_mon - 1]} {when.tm_mday:2} {when.tm_hour:02}:{when.tm_min:02}:"
        f"{when.tm_sec:02} {when.tm_year:04}"
    )
    mark = f" tuimail:{letters}{'-' if is_open else ''}" if letters or is_open else ""
    yield f"From {address} {date}{mark}\n".encode()
    yield _QUOTE.sub(rb">\1", raw)
    yield b"\n\n" if is_open else b"\n"


class Mbox:
    """Reads a file once, from its beginning."""

    def __init__(self, file: BinaryIO, *, block_octets: int = BLOCK_OCTETS) -> None:
        self._file = file
        self._block_octets = block_octets
        self.read_octets = 0
        """How far it is read, for a progress bar."""

    def messages(self) -> Iterator[MboxMessage]:
        """All messages, in order. Raises UsageError when the file does not begin as an mbox does, OSError."""
        events = self._events()
        waiting = next(events, None)
        while waiting is not None:
            is_from, line = waiting
            if not is_from:
                raise UsageError("This file is no mbox: it does not begin with a From line.", "Choose another file.")
            about = _about(line)
            following: list[tuple[bool, bytes]] = []
            pieces = _Pieces(events, about, following)
            yield MboxMessage(about, iter(pieces))
            for _ in pieces:  # whatever the caller left
                pass
            waiting = following[0] if following else None

    def _events(self) -> Iterator[tuple[bool, bytes]]:
        """`From ` lines (True) and octets of messages (False), unquoted, in order."""
        lines = _Lines()
        while True:
            block = self._file.read(self._block_octets)
            self.read_octets += len(block)
            yield from lines.feed(block, is_last=not block)
            if not block:
                return


class _Pieces:
    """The octets of one message; the empty line that the format puts behind it is left out."""

    def __init__(
        self, events: Iterator[tuple[bool, bytes]], about: FromLine, following: list[tuple[bool, bytes]]
    ) -> None:
        self._events = events
        self._about = about
        self._following = following
        self._taken = self._take()

    def __iter__(self) -> Iterator[bytes]:
        return self._taken

    def _take(self) -> Iterator[bytes]:
        held = b""
        for is_from, octets in self._events:
            if is_from:
                self._following.append((is_from, octets))
                break
            held += octets
            if len(held) > 4:
                yield held[:-4]
                held = held[-4:]
        if rest := self._without_separator(held):
            yield rest

    def _without_separator(self, held: bytes) -> bytes:
        if self._about.has_cr and (held.endswith(b"\n\r\n") or held == b"\r\n"):
            held = held[:-2]
        elif held.endswith(b"\n\n") or held == b"\n":
            held = held[:-1]
        return held[:-1] if self._about.is_open and held.endswith(b"\n") else held


class _Lines:
    """Finds the lines that matter in blocks of any size, without ever holding a long one."""

    def __init__(self) -> None:
        self._carry = b""
        self._before = b"\n\n"
        """The last octets that were passed on; a file begins as after an empty line."""
        self._is_inside = False
        """In the middle of a line that is passed on as it comes."""
        self._owes = False
        """A long run of `>` at the begin of a line was passed on, but for one."""

    def feed(self, block: bytes, *, is_last: bool) -> Iterator[tuple[bool, bytes]]:
        data, self._carry = self._carry + block, b""
        if self._owes:
            data = yield from self._end_run(data, is_last)
        if self._is_inside:
            data = yield from self._end_line(data)
        if not data or self._owes:
            return
        end = len(data) if is_last else data.rfind(b"\n") + 1
        yield from self._whole_lines(data[:end])
        rest = data[end:]
        if len(rest) <= _LONG_LINE or (len(rest) <= 2 * _LONG_LINE and _MAY_BECOME.fullmatch(rest)):
            self._carry = rest
        else:
            yield from self._long_line(rest)

    def _whole_lines(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        done = 0
        for found in _LOOKS.finditer(data):
            start, end = found.span()
            if found.group(1):
                yield from self._pass(data[done:start])
                done = start + 1
            elif self._separates(data, start, found.group()):
                yield from self._pass(data[done:start])
                yield True, found.group()
                self._before = b"\n"
                done = end
        yield from self._pass(data[done:])

    def _separates(self, data: bytes, start: int, line: bytes) -> bool:
        """Files of other programs hold lines of letters that begin so: they are no separators."""
        before = (self._before + data[max(0, start - 4) : start])[-4:] if start < 4 else data[start - 4 : start]
        return before.endswith((b"\n\n", b"\n\r\n")) or _DATED.match(line) is not None

    def _long_line(self, rest: bytes) -> Iterator[tuple[bool, bytes]]:
        """The begin of a line that has no end yet."""
        if not rest.strip(b">"):
            self._owes = True
            yield from self._pass(rest[:-1])
            return
        self._is_inside = True
        run = _RUN.match(rest)
        if run is not None and run.end() and rest.startswith(b"From ", run.end()):
            rest = rest[1:]
        yield from self._pass(rest)

    def _end_run(self, data: bytes, is_last: bool) -> Generator[tuple[bool, bytes], None, bytes]:
        rest = data.lstrip(b">")
        yield from self._pass(b">" * (len(data) - len(rest)))
        if not is_last and len(rest) < 5 and b"From ".startswith(rest):
            self._carry = rest
            return b""
        self._owes = False
        self._is_inside = True
        if not rest.startswith(b"From "):
            yield from self._pass(b">")
        return rest

    def _end_line(self, data: bytes) -> Generator[tuple[bool, bytes], None, bytes]:
        end = data.find(b"\n") + 1
        self._is_inside = not end
        yield from self._pass(data[:end] if end else data)
        return data[end:] if end else b""

    def _pass(self, octets: bytes) -> Iterator[tuple[bool, bytes]]:
        if octets:
            self._before = (self._before + octets[-4:])[-4:]
            yield False, octets


def _about(line: bytes) -> FromLine:
    mark = _MARK.search(line)
    dated = _DATED.match(line[:500])
    received_at = None
    if dated is not None:
        month, day, hour, minute, second, year = (group.decode() if group else "0" for group in dated.groups())
        if month in _MONTHS:
            received_at = timegm(
                (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), 0, 0, 0)
            )
    return FromLine(
        received_at, mark.group(1).decode() if mark else "", bool(mark and mark.group(2)), line.endswith(b"\r\n")
    )
