"""COMPRESS=DEFLATE (RFC 4978): raw DEFLATE in both directions, never more than a block at once.

A few octets can inflate to gigabytes, so the output is handed out in blocks and the
channel counts it against the command's budget.
"""

from __future__ import annotations

import zlib

BLOCK_OCTETS = 256 * 1024


class Deflate:
    """Both halves of the compression of one connection."""

    def __init__(self) -> None:
        """A fresh pair; neither side has sent anything yet."""
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._full = False

    @property
    def more(self) -> bool:
        """Whether `feed(b"")` can give octets without anything new from the other side."""
        return self._full

    def feed(self, octets: bytes) -> bytes:
        """What the other side said, up to a block; zlib.error when it is not DEFLATE."""
        waiting = self._inflate.unconsumed_tail
        block = self._inflate.decompress(waiting + octets if waiting else octets, BLOCK_OCTETS)
        # A full block may have left output inside zlib even with no input left over.
        self._full = len(block) == BLOCK_OCTETS or bool(self._inflate.unconsumed_tail)
        return block

    def pack(self, octets: bytes) -> bytes:
        """What we say, complete up to here."""
        return self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    @property
    def ended(self) -> bool:
        """The other side closed its stream: nothing can follow."""
        return self._inflate.eof
