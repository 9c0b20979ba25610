r"""The FETCH reader: messages straight from the connection, as they come (RFC 9051 7.5.2).

A line that looks as common servers answer our own request is taken apart by one regular
expression; any other goes through `ItemParser`, which knows the grammar. Both are linear in
the octets. A message is known by its UID alone: what comes without one, or for a uid that
nobody asked for or that was answered already, is news and never part of an answer.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tuimail.errors import ProtocolViolation
from tuimail.model import FLAG_NAMES
from tuimail.net.imap.answers import Answer, Pieces, unescape, unreadable
from tuimail.net.imap.limits import MAX_NUMBER, MAX_UID, Limits
from tuimail.net.imap.values import FetchedFlags, FetchedHeader

HEADER_FIELDS = (
    "DATE", "FROM", "SENDER", "REPLY-TO", "TO", "CC", "SUBJECT", "MESSAGE-ID", "IN-REPLY-TO", "REFERENCES", "LIST-ID",
)  # fmt: skip
"""What a list, a thread and a search need; ENVELOPE costs a server 1.6 times as much and lacks half."""

_QUOTED_RUN = rb'[^()"{]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^()"{]*+)*+'
_RUN = re.compile(_QUOTED_RUN, re.DOTALL)
_ITEM = re.compile(rb" *([A-Za-z0-9.\-]+)(\[[^\]]*\])?(<\d{1,19}>)? ")
_NUMBER = re.compile(rb"(?:\((\d{1,19})\)|(\d{1,19}))(?=[ )]|$)")  # MODSEQ's stands in parentheses
_FLAG_LIST = re.compile(rb'\(([^()"{]*)\)')
_QUOTED = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_ATOM = re.compile(rb'[^\s()"{]+')
_LITERAL_END = re.compile(rb"~?\{\d{1,20}\+?\}$")
_DAY = re.compile(rb"([ \d]\d)-([A-Za-z]{3})-(\d{4}) ([+-])(\d\d)(\d\d)")
_MONTHS = {name: number for number, name in enumerate(
    (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
)}  # fmt: skip

# The answer to our own header request in the order in which it was asked. What stands between
# `BODYSTRUCTURE ` and the literal is taken with its quoted strings as units, so that no file
# name of a sender can pretend to be the end of the structure.
_HEADER_LINE = re.compile(
    rb"\* \d{1,10} FETCH \(UID (\d{1,10}) FLAGS \(([^()\"{]*+)\)(?: MODSEQ \((\d{1,19})\))? "
    rb'INTERNALDATE "([^"\\]*+)" RFC822\.SIZE (\d{1,19}) '
    rb'BODYSTRUCTURE ((?:[^"{]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{]*+)*+))\{(\d{1,9})\}'
)
_FLAGS_LINE = re.compile(
    rb"\* \d{1,10} FETCH \(UID (\d{1,10})(?: MODSEQ \((\d{1,19})\))? "
    rb"FLAGS \(([^()\"{]*+)\)(?: MODSEQ \((\d{1,19})\))?\)"
)


@dataclass(slots=True)
class Items:
    """What one FETCH response said; None where it did not."""

    uid: int | None = None
    flags: tuple[int, str] | None = None
    modseq: int | None = None
    received_at: int | None = None
    size_octets: int | None = None
    structure: bytes | None = None
    bodies: dict[bytes, tuple[int | None, bytes]] = field(default_factory=dict)
    """Section in capitals, `HEADER.FIELDS` without its list, to (origin, octets); `` is the whole message."""


class ItemParser:
    """FETCH items of any order, with caches for what repeats in a mailbox."""

    _CACHED = 4096

    def __init__(self, structure_limit: int = 1 << 20) -> None:
        """With empty caches."""
        self._structure_limit = structure_limit
        self._days: dict[bytes, int | None] = {}
        self._flags: dict[bytes, tuple[int, str]] = {}

    def flags(self, octets: bytes) -> tuple[int, str]:
        """The inside of a flag list as bits and sorted keywords."""
        found = self._flags.get(octets)
        if found is not None:
            return found
        bits = 0
        keywords: set[str] = set()
        for word in octets.decode("utf-8", "replace").split():
            bit = FLAG_NAMES.get(word.lower())
            if bit is not None:
                bits |= bit
            elif not word.startswith("\\"):  # \Recent and unknown system flags are nobody's wish
                keywords.add(word)
        if len(self._flags) >= self._CACHED:
            self._flags.clear()
        found = self._flags[octets] = (int(bits), " ".join(sorted(keywords)))
        return found

    def date(self, octets: bytes) -> int | None:
        """INTERNALDATE, for example `17-Jul-1996 02:44:25 -0700`, in seconds since 1970 UTC; None when impossible."""
        day = octets[:11] + octets[20:]
        if day not in self._days:
            if len(self._days) >= self._CACHED:
                self._days.clear()
            self._days[day] = _midnight(day)
        midnight = self._days[day]
        clock = octets[12:20]
        if midnight is None or len(clock) != 8 or not (digits := clock[:2] + clock[3:5] + clock[6:]).isdigit():
            return None
        return midnight + int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])

    def parse(self, pieces: Pieces) -> Items:
        """All items of a response; ProtocolViolation when it is not well formed. Of equal items the first counts."""
        cursor = _Cursor(pieces)
        items = Items()
        cursor.expect(b"(")
        while not cursor.at_close():
            name, section, origin = cursor.item()
            self._take(items, cursor, name, section, origin)
        return items

    def _take(self, items: Items, cursor: _Cursor, name: bytes, section: bytes | None, origin: int | None) -> None:
        if name == b"UID":
            uid = cursor.number(MAX_UID)
            items.uid = uid if items.uid is None else items.uid
        elif name == b"FLAGS":
            flags = self.flags(cursor.flag_list())
            items.flags = flags if items.flags is None else items.flags
        elif name == b"MODSEQ":
            items.modseq = cursor.number(MAX_NUMBER)
        elif name == b"RFC822.SIZE":
            items.size_octets = cursor.number(MAX_NUMBER)
        elif name == b"INTERNALDATE":
            items.received_at = self.date(cursor.string() or b"")
        elif name == b"BODYSTRUCTURE":
            raw = cursor.raw()
            items.structure = raw if len(raw) <= self._structure_limit else b""
        elif name in (b"BODY", b"BINARY") and section is not None:
            key = b"HEADER.FIELDS" if section.startswith(b"HEADER.FIELDS") else section
            items.bodies.setdefault(key, (origin, cursor.string() or b""))
        else:
            cursor.raw()


class _Cursor:
    """A place in the pieces of one FETCH response."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._index = 0
        self._text = pieces[0]
        self._at = 0

    def expect(self, char: bytes) -> None:
        if not self._text.startswith(char, self._at):
            raise unreadable()
        self._at += 1

    def at_close(self) -> bool:
        """Step over blanks; True at the closing parenthesis that ends the response."""
        while self._text.startswith(b" ", self._at):
            self._at += 1
        return self._text.startswith(b")", self._at)

    def item(self) -> tuple[bytes, bytes | None, int | None]:
        match = _ITEM.match(self._text, self._at)
        if match is None:
            raise unreadable()
        self._at = match.end()
        section = match[2][1:-1].upper() if match[2] is not None else None
        return match[1].upper(), section, int(match[3][1:-1]) if match[3] is not None else None

    def number(self, limit: int) -> int:
        match = _NUMBER.match(self._text, self._at)
        if match is None or (found := int(match[1] or match[2])) > limit:
            raise unreadable()
        self._at = match.end()
        return found

    def flag_list(self) -> bytes:
        match = _FLAG_LIST.match(self._text, self._at)
        if match is None:
            raise unreadable()
        self._at = match.end()
        return match[1]

    def string(self) -> bytes | None:
        """A quoted string, literal or atom; None for NIL."""
        text, at = self._text, self._at
        if text.startswith(b'"', at):
            match = _QUOTED.match(text, at)
            if match is None:
                raise unreadable()
            self._at = match.end()
            return unescape(match[1])
        if (literal := self._literal()) is not None:
            return literal
        match = _ATOM.match(text, at)
        if match is None:
            raise unreadable()
        self._at = match.end()
        return None if match[0].upper() == b"NIL" else match[0]

    def raw(self) -> bytes:
        """One value of any shape, as it stands, literals included."""
        if not self._text.startswith(b"(", self._at):
            value = self.string()
            return b"NIL" if value is None else value
        depth = 0
        parts: list[bytes] = []
        start = self._at
        while True:
            match = _RUN.match(self._text, self._at)
            self._at = match.end() if match is not None else self._at
            char = self._text[self._at : self._at + 1]
            if char == b"{":
                text, end = self._text, self._at
                literal = self._literal()
                if literal is None:
                    self._at += 1
                    continue
                # The length is spelled anew: a literal over the limit was cut.
                parts.append(text[start:end] + b"{%d}\r\n" % len(literal) + literal)
                start = 0
                continue
            if char not in (b"(", b")"):
                raise unreadable()
            self._at += 1
            depth += 1 if char == b"(" else -1
            if depth == 0:
                parts.append(self._text[start : self._at])
                return b"".join(parts)

    def _literal(self) -> bytes | None:
        """The literal that is announced here; None when there is none."""
        if self._index + 2 >= len(self._pieces) or _LITERAL_END.match(self._text, self._at) is None:
            return None
        literal = self._pieces[self._index + 1]
        self._index += 2
        self._text = self._pieces[self._index]
        self._at = 0
        return literal


def _midnight(day_and_zone: bytes) -> int | None:
    """Seconds since 1970 UTC of the midnight of `17-Jul-1996 -0700`."""
    match = _DAY.fullmatch(day_and_zone)
    month = _MONTHS.get(match[2].lower()) if match else None
    if match is None or month is None:
        return None
    day, year = int(match[1]), int(match[3])
    if not 1 <= day <= 31 or not 1 <= year <= 9999:
        return None
    offset_s = int(match[5]) * 3600 + int(match[6]) * 60
    return calendar.timegm((year, month, day, 0, 0, 0)) - (offset_s if match[4] == b"+" else -offset_s)


class HeaderReader:
    """Reads the answer to a header request, message by message."""

    def __init__(self, limits: Limits, fields: tuple[str, ...] = HEADER_FIELDS) -> None:
        """For requests with these header fields."""
        self._limits = limits
        self._parser = ItemParser(limits.structure_octets)
        self._section = f"BODY[HEADER.FIELDS ({' '.join(fields)})]"
        self._tail = f" {self._section} ".encode("ascii")

    def items(self, *, with_modseq: bool) -> bytes:
        """What to ask for."""
        modseq = " MODSEQ" if with_modseq else ""
        peek = self._section.replace("BODY[", "BODY.PEEK[", 1)
        return f"(UID FLAGS{modseq} INTERNALDATE RFC822.SIZE BODYSTRUCTURE {peek})".encode("ascii")

    def fast(self, line: bytes, octets: Callable[[int], bytes], next_line: Callable[[], bytes]) -> FetchedHeader | None:
        """A message that begins with `line`; None, and nothing read, when it is not of the common shape."""
        match = _HEADER_LINE.fullmatch(line)
        if match is None:
            return None
        uid, flags, modseq, date, size, structure, header_octets = match.groups()
        length = int(header_octets)
        if (
            length > self._limits.header_octets or not structure.endswith(self._tail)
            or len(structure) > self._limits.structure_octets
        ):
            return None
        header = octets(length)
        if next_line() != b")":
            raise unreadable()
        number = int(uid)
        if not 0 < number <= MAX_UID or int(size) > MAX_NUMBER:
            raise unreadable()
        bits, keywords = self._parser.flags(flags)
        return FetchedHeader(
            number, bits, keywords, int(modseq) if modseq else None, self._parser.date(date), int(size),
            structure[: -len(self._tail)], header,
        )  # fmt: skip

    def slow(self, answer: Answer) -> FetchedHeader | Items:
        """A message of any shape; the items themselves when it is not a complete answer to a header request."""
        items = self._parser.parse(answer.pieces)
        header = items.bodies.get(b"HEADER.FIELDS")
        if items.uid is None or items.uid == 0 or items.flags is None or header is None or items.size_octets is None:
            return items
        return FetchedHeader(
            items.uid, *items.flags, items.modseq, items.received_at, items.size_octets, items.structure or b"",
            header[1],
        )  # fmt: skip


class FlagsReader:
    """Reads the answer to a flag scan, line by line."""

    def __init__(self) -> None:
        """With empty caches."""
        self._parser = ItemParser()

    def fast(self, line: bytes) -> FetchedFlags | None:
        """The flags of one line; None when it is not of the common shape."""
        match = _FLAGS_LINE.fullmatch(line)
        if match is None:
            return None
        uid, before, flags, after = match.groups()
        number = int(uid)
        if not 0 < number <= MAX_UID:
            raise unreadable()
        modseq = after or before
        bits, keywords = self._parser.flags(flags)
        return FetchedFlags(number, bits, keywords, int(modseq) if modseq else None)

    def slow(self, answer: Answer) -> FetchedFlags | None:
        """The flags of one response of any shape; None when it lacks a UID or FLAGS."""
        items = self._parser.parse(answer.pieces)
        if items.uid is None or items.uid == 0 or items.flags is None:
            return None
        return FetchedFlags(items.uid, *items.flags, items.modseq)


def body_of(items: Items, section: bytes, offset: int | None) -> bytes | None:
    """The octets of a section in a response; None when it is not in there. ProtocolViolation for another offset."""
    found = items.bodies.get(section.upper())
    if found is None:
        return None
    origin, octets = found
    # RFC 9051 7.5.2: a partial answer names its origin; some servers leave out <0>.
    if offset is not None and (origin or 0) != offset:
        raise ProtocolViolation("The server sent another slice than the one asked for.")
    return octets
