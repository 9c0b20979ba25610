"""Header fields as octets: folded, encoded, and never more than one field for one value.

Every value passes `typed.one_line` or is made of checked pieces, so that a line break in
it can start no other field (CVE-2024-6923 is the standard library's way to get this
wrong). RFC 5322 2.2.3, RFC 2047, RFC 2231, RFC 6532.

What must not live here: which fields a message has (`compose`).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from tuimail.mime.writing.typed import Entry, one_line

MAX_LINE = 76
MAX_PAYLOAD = 50
"""Encoded characters in one encoded word: with a name of twelve letters before it, it fits a line."""
MAX_ATOM = 200
"""A longer word without a space is encoded, since it could not be folded."""
MAX_QUOTED = 60
MAX_TEXT_CHARACTERS = 4_000
"""Of a subject or a name; what readers keep is 16 KiB, encoded words take up to nine octets for a character."""
MAX_REFERENCES = 40
MAX_ID_CHARACTERS = 400

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_IN_WORD = re.compile(rb"[A-Za-z0-9!*+/-]")
_ID = re.compile(r"<[!-;=?-~]+>")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,120}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`|~-]+\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,60}\Z")


def field(name: str, atoms: Iterable[str]) -> bytes:
    """`Name: a b c` in lines of 76, broken between atoms only. Raises ValueError for what is no field name."""
    if not _NAME.match(name):
        raise ValueError(name)
    lines: list[str] = []
    line = f"{name}:"
    is_fresh = True
    for atom in atoms:
        if len(line) + 1 + len(atom) > MAX_LINE and not is_fresh:
            lines.append(line)
            line = ""
        line = f"{line} {atom}"
        is_fresh = False
    return "\r\n".join([*lines, line, ""]).encode("utf-8", "replace")


def text_atoms(text: str) -> list[str]:
    """The atoms of free text, such as a subject: as it is where it is plain, else in encoded words."""
    text = " ".join(one_line(text)[:MAX_TEXT_CHARACTERS].split(" "))
    words = [word for word in text.split(" ") if word]
    if text.isascii() and "=?" not in text and all(len(word) <= MAX_ATOM for word in words):
        return words
    return list(_encoded(" ".join(words)))


def address_atoms(people: Sequence[Entry]) -> list[str]:
    """The atoms of a list of addresses; a person without a usable address has only a name there."""
    atoms: list[str] = []
    for number, person in enumerate(people, 1):
        one = phrase_atoms(person.name)
        if person.address:
            one.append(f"<{person.address}>" if one else person.address)
        elif one:
            one[-1] += ":;"  # RFC 5322 3.4: a group without members is the one way to write a name alone
        if one:
            one[-1] += "," if number < len(people) else ""
            atoms += one
    return atoms


def phrase_atoms(name: str) -> list[str]:
    """The atoms of a display name (RFC 5322 3.2.5, RFC 2047 5 (3))."""
    name = " ".join(word for word in one_line(name)[:MAX_TEXT_CHARACTERS].split(" ") if word)
    if not name:
        return []
    if name.isascii() and "=?" not in name and len(name) <= MAX_QUOTED:
        if _PLAIN_PHRASE.match(name):
            return name.split(" ")
        return ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"']
    return list(_encoded(name))


def _encoded(text: str) -> Iterator[str]:
    """Encoded words of whole characters; B where that is shorter (RFC 2047 4)."""
    octets = text.encode("utf-8", "replace")
    plain = len(_IN_WORD.findall(octets)) + octets.count(b" ")
    as_q = plain + 3 * (len(octets) - plain) <= (len(octets) + 2) // 3 * 4
    waiting = b""
    length = 0
    for character in text:
        more = character.encode("utf-8", "replace")
        cost = _q_length(more) if as_q else len(more)
        if length + cost > (MAX_PAYLOAD if as_q else MAX_PAYLOAD // 4 * 3):
            yield _word(waiting, as_q=as_q)
            waiting, length = b"", 0
        waiting += more
        length += cost
    yield _word(waiting, as_q=as_q)


def _q_length(octets: bytes) -> int:
    return 1 if octets == b" " or _IN_WORD.fullmatch(octets) else 3 * len(octets)


def _word(octets: bytes, *, as_q: bool) -> str:
    if not as_q:
        return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode('ascii')}?="
    coded = "".join(
        "_" if octet == 32 else chr(octet) if _IN_WORD.match(bytes([octet])) else f"={octet:02X}" for octet in octets
    )
    return f"=?utf-8?q?{coded}?="


def id_atoms(ids: str) -> list[str]:
    """Message-IDs, each once, the first and the newest kept where there are too many (RFC 5322 3.6.4)."""
    found = list(dict.fromkeys(each for each in _ID.findall(ids) if len(each) <= MAX_ID_CHARACTERS))
    if len(found) > MAX_REFERENCES:
        found = [found[0], *found[1 - MAX_REFERENCES :]]
    return found


def date_atoms(now: datetime) -> list[str]:
    """A date with its zone (RFC 5322 3.3), in English whatever the locale is."""
    offset = now.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    day = f"{_DAYS[now.weekday()]}, {now.day} {_MONTHS[now.month - 1]} {now.year:04}"
    return [*day.split(" "), f"{now.hour:02}:{now.minute:02}:{now.second:02}", zone]


def content_type(declared: str) -> str:
    """A type that a file may have on its way: a container that we did not build is octets."""
    kind = one_line(declared).lower()
    if not _TYPE.match(kind) or (kind.startswith(("multipart/", "message/")) and kind != "message/rfc822"):
        return "application/octet-stream"
    return kind


def parameter(name: str, value: str) -> list[str]:
    """`; name=value` as atoms, each after the first with its own semicolon before it; by RFC 2231 where it must.

    Empty for an empty value.
    """
    value = one_line(value)
    if not value:
        return []
    if _TOKEN.match(value) and len(value) <= MAX_QUOTED:
        return [f"{name}={value}"]
    if value.isascii() and "=?" not in value and len(value) <= MAX_QUOTED:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{name}="{escaped}"']
    pieces: list[str] = []
    piece = "utf-8''"
    for character in value:
        coded = quote(character, safe="")
        if len(piece) + len(coded) > MAX_PAYLOAD:
            pieces.append(piece)
            piece = ""
        piece += coded
    pieces.append(piece)
    if len(pieces) == 1:
        return [f"{name}*={piece}"]
    return [f"{name}*{number}*={piece}" for number, piece in enumerate(pieces)]


def with_parameters(value: str, parameters: Sequence[str]) -> list[str]:
    """The atoms of `value; a=1; b=2`."""
    atoms = [value, *parameters]
    return [f"{atom};" for atom in atoms[:-1]] + atoms[-1:]
