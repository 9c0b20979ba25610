"""Lines of the vocabulary over a unix socket, for both ends.

The first line each way is only looked at for version and pid, so that two tuimails of
different age can still tell each other who is older.
"""

from __future__ import annotations

import json
import socket
from typing import NamedTuple

from tuimail.engine.protocol import MAX_LINE_OCTETS, Notice, Request, decode
from tuimail.errors import Dropped, ProtocolViolation


class Greeting(NamedTuple):
    """What a first line says, whatever its version."""

    word: str
    version: int
    pid: int
    watch: bool


class LineReader:
    """Cuts what a socket gives into lines of bounded length."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._waiting: list[bytes] = []

    def lines(self) -> list[bytes]:
        """Lines without their LF after one `recv`; raises Dropped at the end.

        May be empty: only a part of a line came.
        """
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            return waiting
        try:
            got = self._connection.recv(1 << 16)
        except (ConnectionError, TimeoutError) as exc:
            raise Dropped("The engine's connection broke.") from exc
        if not got:
            raise Dropped("The engine's connection was closed.")
        self._buffer += got
        *complete, rest = bytes(self._buffer).split(b"\n")
        if len(rest) > MAX_LINE_OCTETS:
            raise ProtocolViolation("The engine's connection sent a line without end.")
        self._buffer = bytearray(rest)
        return complete

    def first_line(self) -> bytes:
        """Wait for one line and keep what follows it for `lines`."""
        while True:
            found = self.lines()
            if found:
                self._waiting = found[1:]
                return found[0]

    @property
    def has_waiting(self) -> bool:
        """Whether `lines` returns without reading the socket."""
        return bool(self._waiting)


def read_greeting(line: bytes) -> Greeting:
    """The first line of a peer of any version; raises ProtocolViolation."""
    try:
        values = json.loads(line)
        return Greeting(
            str(values["word"]), int(values["version"]), int(values.get("pid", 0)), bool(values.get("watch", True))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ProtocolViolation("Something else than the engine answers on its socket.") from exc


def read_words(lines: list[bytes]) -> list[Request | Notice]:
    """What the lines say; raises ProtocolViolation."""
    return [decode(line) for line in lines]
