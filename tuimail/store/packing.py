"""How a message part lies in parts.db: deflated where that pays.

What lives here: octets to stored octets and back. It is apart from `parts` so that a child
process that takes mail apart can pack it, too. What must not: files, SQL.
"""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

READABLE: Final = "readable:"
"""Before the kind of a readable text, where parts have their section."""
_SAMPLE_OCTETS: Final = 4096
_WORTH: Final = 0.8
"""Deflated when that takes less than so much of the space."""


class Packed(NamedTuple):
    """A part of a message, ready to be kept."""

    section: str
    """As IMAP numbers it, or `readable:` and a kind."""
    size_octets: int
    """Of the original."""
    is_deflated: bool
    real_type: str
    """What libmagic saw, may be empty."""
    octets: bytes
    """As they are kept."""


def pack(section: str, octets: bytes, real_type: str = "") -> Packed:
    """A part as it is kept."""
    stored, is_deflated = deflated(octets)
    return Packed(section, len(octets), is_deflated, real_type, stored)


def deflated(octets: bytes) -> tuple[bytes, bool]:
    """The bytes to keep, and whether they are deflated: texts are, pictures and archives do not pay."""
    sample = octets[:_SAMPLE_OCTETS]
    packed = zlib.compress(sample, 1)
    if len(packed) > len(sample) * _WORTH:
        return octets, False
    return packed if len(sample) == len(octets) else zlib.compress(octets, 1), True


def inflated(octets: bytes, size_octets: int) -> bytes | None:
    """The original, None when the bytes are damaged."""
    try:
        found = zlib.decompress(octets, bufsize=max(size_octets, 1))
    except zlib.error:
        return None
    return found if len(found) == size_octets else None
