"""The names in archives other than ZIP, as far as their headers stand open in the sample.

RAR 4 and 5 (rarlab.com/technote.htm), tar (POSIX.1-2017 pax), cabinet (MS-CAB), 7z
(7zFormat.txt: only whether it is encrypted, its names are packed) and ISO 9660. Never
raises, never unpacks; counts and octets are bounded.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tuimail.mime.examining.verdicts import Sample

MAX_NAMES = 10_000
MAX_NAME_OCTETS = 1_024

_RAR_4 = b"Rar!\x1a\x07\x00"
_RAR_5 = b"Rar!\x1a\x07\x01\x00"
_SEVEN = b"7z\xbc\xaf\x27\x1c"
_AES = b"\x06\xf1\x07\x01"
"""The id of 7zAES among the coders of a header."""
_RAR_4_BLOCK = struct.Struct("<HBHH")
_RAR_4_FILE = struct.Struct("<LLBLLBBHL")
_CAB_FILE = struct.Struct("<LLHHHH")
_ISO_NAME = re.compile(rb"([A-Z0-9_-]{1,31}\.[A-Z0-9_]{1,8});1")
_JOLIET_NAME = re.compile(rb"((?:\0[\x20-\x7e]){1,60}\0\.(?:\0[a-zA-Z0-9]){1,8})(?:\0;\x001)?")
_ISO_OCTETS = 256 * 1024


class Names(NamedTuple):
    """What an archive's headers give away."""

    names: tuple[str, ...]
    """Hostile, as they stand there."""
    is_encrypted: bool
    is_complete: bool
    """Every name is here."""


NOTHING = Names((), is_encrypted=False, is_complete=False)


def names_in(sample: Sample) -> Names | None:
    """The names in an archive; None when it is none of those that are known here."""
    head = sample.head
    if head.startswith(_RAR_5):
        return _rar_5(sample)
    if head.startswith(_RAR_4):
        return _rar_4(sample)
    if head.startswith(_SEVEN):
        return _seven(sample)
    if head.startswith(b"MSCF"):
        return _cabinet(sample)
    if head[257:262] == b"ustar":
        return _tar(sample)
    if head[0x8001:0x8006] == b"CD001":
        return _iso(sample)
    return None


def _text(octets: bytes) -> str:
    return octets[:MAX_NAME_OCTETS].decode("utf-8", "replace")


def _rar_4(sample: Sample) -> Names:
    names: list[str] = []
    is_encrypted = False
    at = len(_RAR_4)
    while len(names) < MAX_NAMES and (block := sample.cut(at, _RAR_4_BLOCK.size)):
        if len(block) < _RAR_4_BLOCK.size:
            break
        _, kind, flags, size = _RAR_4_BLOCK.unpack(block)
        if size < _RAR_4_BLOCK.size or not 0x72 <= kind <= 0x7B:
            break
        if kind == 0x73 and flags & 0x0080:
            return Names((), is_encrypted=True, is_complete=False)
        if kind == 0x7B:
            return Names(tuple(names), is_encrypted, is_complete=True)
        follows = 0
        body = sample.cut(at + _RAR_4_BLOCK.size, size - _RAR_4_BLOCK.size) or b""
        if (kind == 0x74 or flags & 0x8000) and len(body) >= 4:
            follows = struct.unpack_from("<L", body)[0]
        if kind == 0x74 and len(body) >= _RAR_4_FILE.size:
            is_encrypted |= bool(flags & 0x04)
            length = _RAR_4_FILE.unpack_from(body)[7]
            start = _RAR_4_FILE.size
            if flags & 0x0100:
                follows += struct.unpack_from("<L", body.ljust(start + 4, b"\0"), start)[0] << 32
                start += 8
            names.append(_text(body[start : start + length].split(b"\0")[0]))
        at += size + follows
    return Names(tuple(names), is_encrypted, is_complete=at >= sample.size_octets)


def _rar_5(sample: Sample) -> Names:
    names: list[str] = []
    is_encrypted = False
    at = len(_RAR_5)
    while len(names) < MAX_NAMES and (start := sample.cut(at, 16)) and len(start) > 6:
        size, used = _vint(start, 4)
        header = sample.cut(at + 4 + used, size) or b""
        if not used or not header or size > 2 << 20:
            break
        kind, position = _vint(header, 0)
        flags, used_flags = _vint(header, position)
        position += used_flags
        extra, used_extra = _vint(header, position) if flags & 1 else (0, 0)
        position += used_extra
        follows, used_follows = _vint(header, position) if flags & 2 else (0, 0)
        position += used_follows
        if kind == 4:
            return Names((), is_encrypted=True, is_complete=False)
        if kind == 5:
            return Names(tuple(names), is_encrypted, is_complete=True)
        if kind == 2:
            names.append(_rar_5_name(header, position))
            is_encrypted |= _rar_5_is_encrypted(header[len(header) - extra :] if 0 < extra <= len(header) else b"")
        at += 4 + _vint(start, 4)[1] + size + follows
    return Names(tuple(names), is_encrypted, is_complete=at >= sample.size_octets)


def _rar_5_name(header: bytes, position: int) -> str:
    flags, used = _vint(header, position)
    position += used
    for _ in range(2):  # unpacked size, attributes
        position += _vint(header, position)[1]
    position += 4 * bool(flags & 2) + 4 * bool(flags & 4)  # time, checksum
    for _ in range(2):  # compression, system
        position += _vint(header, position)[1]
    length, used = _vint(header, position)
    return _text(header[position + used : position + used + length])


def _rar_5_is_encrypted(extra: bytes) -> bool:
    at = 0
    while at < len(extra):
        size, used = _vint(extra, at)
        if not used or not size:
            return False
        if _vint(extra, at + used)[0] == 1:
            return True
        at += used + size
    return False


def _vint(octets: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits an octet, and how many octets it took; (0, 0) when there is none."""
    number = 0
    for used, octet in enumerate(octets[at : at + 10], 1):
        number |= (octet & 0x7F) << (7 * (used - 1))
        if octet < 0x80:
            return number, used
    return 0, 0


def _seven(sample: Sample) -> Names:
    if len(sample.head) < 32:
        return NOTHING
    offset, size = struct.unpack_from("<QQ", sample.head, 12)
    header = sample.cut(32 + offset, min(size, 1 << 20)) or b""
    return Names((), is_encrypted=_AES in header, is_complete=False)


def _cabinet(sample: Sample) -> Names:
    head = sample.head
    if len(head) < 36:
        return NOTHING
    at, count = struct.unpack_from("<L", head, 16)[0], struct.unpack_from("<H", head, 28)[0]
    names: list[str] = []
    while len(names) < min(count, MAX_NAMES) and at + _CAB_FILE.size < len(head):
        start = at + _CAB_FILE.size
        end = head.find(b"\0", start, start + MAX_NAME_OCTETS)
        if end < 0:
            break
        names.append(_text(head[start:end]))
        at = end + 1
    return Names(tuple(names), is_encrypted=False, is_complete=len(names) == count)


def _tar(sample: Sample) -> Names:
    names: list[str] = []
    at = 0
    while len(names) < MAX_NAMES and (block := sample.cut(at, 512)) and len(block) == 512:
        if not block.strip(b"\0"):
            return Names(tuple(names), is_encrypted=False, is_complete=True)
        if block[257:262] != b"ustar":
            break
        digits = block[124:136].strip(b" \0")
        if not re.fullmatch(rb"[0-7]{1,12}", digits):
            break
        prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
        name = block[:100].split(b"\0")[0]
        names.append(_text(prefix + b"/" + name if prefix else name))
        at += 512 + (int(digits, 8) + 511) // 512 * 512
    return Names(tuple(names), is_encrypted=False, is_complete=at >= sample.size_octets > 0)


def _iso(sample: Sample) -> Names:
    """Directories lie near the front of small images; names are searched for, not followed."""
    front = sample.head[0x8000 : 0x8000 + _ISO_OCTETS]
    return Names(tuple(dict.fromkeys(_iso_names(front))), is_encrypted=False, is_complete=False)


def _iso_names(front: bytes) -> Iterator[str]:
    for found in _ISO_NAME.finditer(front):
        yield found.group(1).decode("ascii").lower()
    for found in _JOLIET_NAME.finditer(front):
        yield found.group(1).decode("utf-16-be", "replace")
