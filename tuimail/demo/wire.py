"""One client connection of the embedded server: lines and counted octets in, octets out, TLS and DEFLATE on the way.

The three protocols share it. It knows no commands; limits are here because a test may send anything.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib

LINE_LIMIT_OCTETS = 1_000_000
CHUNK_OCTETS = 65_536


class WireClosed(ConnectionError):
    """The client went away, or sent a line without end."""


class Wire:
    """Buffered reading with lookahead, and writing that waits for a slow client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take over both ends of a connection."""
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self._inflate: zlib._Decompress | None = None
        self._deflate: zlib._Compress | None = None

    @property
    def secure(self) -> bool:
        """True under TLS."""
        return self._writer.get_extra_info("ssl_object") is not None

    @property
    def compressed(self) -> bool:
        """True after `start_deflate`."""
        return self._deflate is not None

    async def line(self) -> bytes:
        """The next line without its CRLF (a bare LF ends one too)."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > LINE_LIMIT_OCTETS:
                raise WireClosed("line too long")
            await self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    async def crlf_line(self) -> bytes:
        """The next line without its CRLF; a CR or LF that stands alone is part of it."""
        searched = 0
        while (end := self._buffer.find(b"\r\n", searched)) < 0:
            searched = max(0, len(self._buffer) - 1)
            if searched > LINE_LIMIT_OCTETS:
                raise WireClosed("line too long")
            await self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def octets(self, count: int) -> bytes:
        """Exactly `count` octets."""
        while len(self._buffer) < count:
            await self._fill()
        found = bytes(self._buffer[:count])
        del self._buffer[:count]
        return found

    async def send(self, octets: bytes) -> None:
        """Write, and wait while the client is slow to read."""
        if self._deflate is not None:
            octets = self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._writer.write(octets)
        await self._writer.drain()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on under TLS. What the client sent before it in the clear is dropped (CVE-2011-0411)."""
        self._buffer.clear()
        await self._writer.start_tls(context)

    def start_deflate(self) -> None:
        """Go on with raw DEFLATE in both directions (RFC 4978)."""
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        early = bytes(self._buffer)
        self._buffer[:] = self._inflate.decompress(early)

    async def close(self) -> None:
        """Close without waiting for the client to agree."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (OSError, ssl.SSLError):
            return

    async def _fill(self) -> None:
        chunk = await self._reader.read(CHUNK_OCTETS)
        if not chunk:
            raise WireClosed("connection closed by the client")
        self._buffer += self._inflate.decompress(chunk) if self._inflate is not None else chunk
