"""The names in a ZIP archive, from its central directory alone (APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16).

Nothing is unpacked and nothing is believed: the directory is read within limits, and
what in it contradicts itself is told. The standard library's zipfile reads everything
into memory first and raises; this never raises.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from tuimail.mime.examining.verdicts import Sample

MAX_ENTRIES = 10_000
MAX_DIRECTORY_OCTETS = 1024 * 1024
MAX_NAME_OCTETS = 1_024
MAX_LOCAL_LOOKED_AT = 50

END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")

END_MARK = b"PK\x05\x06"
END_64_MARK = b"PK\x06\x06"
LOCATOR_64_MARK = b"PK\x06\x07"
CENTRAL_MARK = b"PK\x01\x02"
LOCAL_MARK = b"PK\x03\x04"
MAX_COMMENT_OCTETS = 65_535

_ENCRYPTED = 0x0001 | 0x0040
_UTF8 = 0x0800
_HIDDEN_DIRECTORY = 0x2000
_UNIX = 3
_SYMLINK = 0o120000
_TYPE_BITS = 0o170000
_IN_EXTRA = 0xFFFFFFFF


class Entry(NamedTuple):
    """One file or directory in an archive."""

    name: str
    """As it stands there; hostile."""
    is_encrypted: bool
    is_symlink: bool
    packed_octets: int
    unpacked_octets: int
    """As claimed."""
    offset: int
    """Of its local header in the sample's whole."""
    name_octets: int
    """Of the name as it stands there."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the central directory says."""

    entries: tuple[Entry, ...]
    """At most MAX_ENTRIES."""
    claimed: int
    """How many entries the archive says it has."""
    is_complete: bool
    """Every entry was read."""
    is_readable: bool
    """There is a central directory where the archive says."""
    is_encrypted: bool = False
    """The directory itself is encrypted, or some entry is."""
    has_overlaps: bool = False
    """Entries share octets."""
    has_two_ends: bool = False
    """There are two directories; programs may choose differently."""
    names_differ: bool = False
    """A file has another name in front of its octets than in the directory."""
    starts_at: int = 0
    """Octets before the archive itself begins."""


class _Directory(NamedTuple):
    claimed: int
    octets: int
    offset: int
    ends_at: int
    """Where the records that end the archive begin."""


UNREADABLE = Listing((), 0, is_complete=False, is_readable=False)


def looks_like_zip(sample: Sample) -> bool:
    """Whether a ZIP reader would open it: by its first octets, or by its end."""
    return sample.head.startswith((LOCAL_MARK, END_MARK, b"PK\x07\x08")) or bool(_ends(sample))


def listing(sample: Sample) -> Listing:
    """The names in the archive, and what is odd about its directory. Never raises."""
    ends = _ends(sample)
    directory = _directory(sample, ends[0]) if ends else None
    if directory is None:
        return UNREADABLE
    starts_at = max(directory.ends_at - directory.octets - directory.offset, 0)
    octets = _directory_octets(sample, directory)
    if octets is None:
        return UNREADABLE
    entries, is_encrypted = _entries(octets, starts_at)
    return Listing(
        entries=tuple(entries),
        claimed=directory.claimed,
        is_complete=len(entries) == directory.claimed,
        is_readable=bool(entries) or directory.claimed == 0,
        is_encrypted=is_encrypted or any(entry.is_encrypted for entry in entries),
        has_overlaps=_overlap(entries, directory.ends_at - directory.octets),
        has_two_ends=len(ends) > 1,
        names_differ=_names_differ(sample, entries),
        starts_at=starts_at,
    )


def _ends(sample: Sample) -> list[int]:
    """Offsets of end records whose comment reaches the last octet, the last one first; at most two."""
    end, base = sample.end, sample.end_offset
    lowest = max(len(end) - END.size - MAX_COMMENT_OCTETS, 0)
    found: list[int] = []
    at = end.rfind(END_MARK, lowest)
    while at >= 0 and len(found) < 2:
        if at + END.size <= len(end):
            comment = END.unpack_from(end, at)[-1]
            if at + END.size + comment == len(end) or (not found and at + END.size + comment < len(end) <= at + 4_096):
                found.append(base + at)
        at = end.rfind(END_MARK, lowest, at + len(END_MARK) - 1)
    return found


def _directory(sample: Sample, at: int) -> _Directory | None:
    record = sample.cut(at, END.size)
    if record is None or len(record) < END.size:
        return None
    _, disk, _, _, claimed, octets, offset, _ = END.unpack(record)
    ends_at = at
    if disk == 0xFFFF or claimed == 0xFFFF or octets == _IN_EXTRA or offset == _IN_EXTRA:
        wide = _directory_64(sample, at)
        if wide is not None:
            return wide
    return _Directory(claimed, octets, offset, ends_at) if octets <= ends_at else None


def _directory_64(sample: Sample, at: int) -> _Directory | None:
    """ZIP64: the locator stands before the end record and says where the wide one is."""
    located = sample.cut(at - LOCATOR_64.size, LOCATOR_64.size)
    if located is None or not located.startswith(LOCATOR_64_MARK):
        return None
    offset = LOCATOR_64.unpack(located)[2]
    # What stands in front of the archive shifts it; then the record is just before its locator.
    for place in (offset, at - LOCATOR_64.size - END_64.size):
        record = sample.cut(place, END_64.size)
        if record is not None and len(record) == END_64.size and record.startswith(END_64_MARK):
            *_, claimed, octets, start = END_64.unpack(record)
            return _Directory(claimed, octets, start, place) if octets <= place else None
    return None


def _directory_octets(sample: Sample, directory: _Directory) -> bytes | None:
    """The directory; of one that is larger than the sample's end, what of it is there."""
    start = directory.ends_at - directory.octets
    octets = sample.cut(start, min(directory.octets, MAX_DIRECTORY_OCTETS))
    if octets is None and start < sample.end_offset < directory.ends_at:
        rest = sample.end[: directory.ends_at - sample.end_offset]
        octets = rest[max(rest.find(CENTRAL_MARK), 0) :]
    return octets


def _entries(octets: bytes, starts_at: int) -> tuple[list[Entry], bool]:
    """The entries, and whether the directory itself is encrypted."""
    entries: list[Entry] = []
    is_encrypted = False
    at = 0
    while len(entries) < MAX_ENTRIES and at + CENTRAL.size <= len(octets):
        (mark, made_by, _, flags, _, _, _, _, packed, unpacked, name_octets, extra_octets, comment_octets, _, _,
         attributes, offset) = CENTRAL.unpack_from(octets, at)  # fmt: skip
        if mark != CENTRAL_MARK:
            break
        name_at = at + CENTRAL.size
        name = octets[name_at : name_at + min(name_octets, MAX_NAME_OCTETS)]
        extra = octets[name_at + name_octets : name_at + name_octets + extra_octets]
        if _IN_EXTRA in (packed, unpacked, offset):
            packed, unpacked, offset = _wide_numbers(extra, packed, unpacked, offset)
        is_encrypted |= bool(flags & _HIDDEN_DIRECTORY)
        is_symlink = made_by >> 8 == _UNIX and (attributes >> 16) & _TYPE_BITS == _SYMLINK
        text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        entries.append(
            Entry(text, bool(flags & _ENCRYPTED), is_symlink, packed, unpacked, starts_at + offset, name_octets)
        )
        at = name_at + name_octets + extra_octets + comment_octets
    return entries, is_encrypted


def _wide_numbers(extra: bytes, packed: int, unpacked: int, offset: int) -> tuple[int, int, int]:
    """APPNOTE 4.5.3: the numbers that did not fit follow in this order, only those."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        at += 4 + size
        if kind != 1:
            continue
        numbers = [number for (number,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
        if unpacked == _IN_EXTRA and numbers:
            unpacked = numbers.pop(0)
        if packed == _IN_EXTRA and numbers:
            packed = numbers.pop(0)
        if offset == _IN_EXTRA and numbers:
            offset = numbers.pop(0)
        break
    return packed, unpacked, offset


def _overlap(entries: list[Entry], directory_at: int) -> bool:
    """Whether the octets of entries overlap, or reach into the directory: how the densest bombs are made."""
    reached = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < reached:
            return True
        # The extra field in front of the octets is not known without reading it: the least it can be.
        reached = entry.offset + LOCAL.size + entry.name_octets + entry.packed_octets
    return reached > directory_at


def _names_differ(sample: Sample, entries: list[Entry]) -> bool:
    for entry in entries[:MAX_LOCAL_LOOKED_AT]:
        local = sample.cut(entry.offset, LOCAL.size + entry.name_octets)
        if local is None or len(local) < LOCAL.size or not local.startswith(LOCAL_MARK):
            continue
        *_, name_octets, _ = LOCAL.unpack_from(local)
        flags = LOCAL.unpack_from(local)[2]
        if flags & _HIDDEN_DIRECTORY:
            continue
        text = local[LOCAL.size :][:MAX_NAME_OCTETS].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        if name_octets != entry.name_octets or text != entry.name:
            return True
    return False
