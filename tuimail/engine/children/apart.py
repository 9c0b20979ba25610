"""What the child says of messages that it took apart: their parts, ready to be kept, in one answer.

Both sides need this. An answer is the length of a header, the header (JSON: for each message a
list of its parts, null for one that could not be taken apart), and the octets of all parts. The
octets that were looked at were a stranger's, so nothing in an answer is believed unseen.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from typing import Final

from tuimail.store.packing import READABLE, Packed

TEXT: Final = f"{READABLE}text"
_LENGTH: Final = struct.Struct(">I")
_SECTION: Final = re.compile(r"[1-9]\d{0,5}(?:\.[1-9]\d{0,5}){0,99}\Z")
_TYPE: Final = re.compile(r"[!-~]{0,100}\Z")
_MAX_SIZE: Final = 1 << 30

Apart = list[Packed] | None
"""The parts of one message; None when it could not be taken apart."""


def framed(messages: Sequence[Apart]) -> bytes:
    """The answer."""
    told = [None if parts is None else [_told(part) for part in parts] for parts in messages]
    header = json.dumps(told, separators=(",", ":")).encode("ascii")
    return b"".join((_LENGTH.pack(len(header)), header, *(part.octets for parts in messages for part in parts or ())))


def _told(part: Packed) -> list[object]:
    return [part.section, part.size_octets, part.is_deflated, part.real_type, len(part.octets)]


def unframed(answer: bytes, count: int) -> list[Apart] | None:
    """What an answer says of `count` messages; None when it is not such an answer."""
    try:
        (length,) = _LENGTH.unpack_from(answer)
        at = _LENGTH.size + length
        told = json.loads(answer[_LENGTH.size : at])
        messages: list[Apart] = []
        for parts in told:
            found: list[Packed] = []
            for section, size_octets, is_deflated, real_type, stored_octets in parts or ():
                found.append(_checked(section, size_octets, is_deflated, real_type, answer[at : at + stored_octets]))
                at += stored_octets
            is_whole = len({part.section for part in found}) == len(found) and any(part[0] == TEXT for part in found)
            messages.append(found if is_whole else None)
    except (ValueError, TypeError, KeyError, RecursionError, struct.error):
        return None
    return messages if len(messages) == count and at == len(answer) else None


def _checked(section: str, size_octets: int, is_deflated: bool, real_type: str, octets: bytes) -> Packed:
    """Raises ValueError or TypeError for what cannot be a part."""
    if section != TEXT and not _SECTION.match(section):
        raise ValueError("no such section")
    if type(size_octets) is not int or not 0 <= size_octets <= _MAX_SIZE or type(is_deflated) is not bool:
        raise TypeError
    if not _TYPE.match(real_type) or (not is_deflated and len(octets) != size_octets):
        raise ValueError("no such part")
    return Packed(section, size_octets, is_deflated, real_type, octets)
