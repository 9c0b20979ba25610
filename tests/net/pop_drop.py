"""A mail drop that answers POP3 without a network or a thread, and sockets that deliver what a test wants.

`Drop` is the server's half: it is given command lines and returns octets. `DropSocket` stands for a
connected socket: it hands out the drop's answers in blocks of any size and ends after any octet.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

from tuimail.config import Protocol, Receive, Security
from tuimail.net.pop.channel import PopChannel
from tuimail.net.pop.session import PopLimits, PopSession

CAPABILITIES = ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "SASL PLAIN")


def stuffed(raw: bytes) -> bytes:
    """A multi-line body as RFC 1939 3 sends it: whole lines, dots doubled, a dot at the end."""
    lines = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    return lines + (b"" if raw.endswith(b"\r\n") or not raw else b"\r\n") + b".\r\n"


def arrived(raw: bytes) -> bytes:
    """The message as a client gets it: with a last line end."""
    return raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"


class Drop:
    """Messages 1 to n, and answers by verb."""

    def __init__(self, messages: Sequence[bytes] = (), capabilities: Sequence[str] = CAPABILITIES) -> None:
        """Deletes only at QUIT."""
        self.messages = list(messages)
        self.capabilities = capabilities
        self.marked: set[int] = set()
        self.gone: set[int] = set()
        self.heard: list[str] = []
        """Command lines."""
        self.instead: dict[str, bytes] = {}
        """Answers that stand in for the real ones, by verb or by whole line; `greeting` too."""

    def greeting(self) -> bytes:
        """The first line."""
        return self.instead.get("greeting", b"+OK ready\r\n")

    def answer(self, line: str) -> bytes:
        """What comes back for a command line."""
        self.heard.append(line)
        verb, *words = line.split(" ")
        for key in (line, verb):
            if key in self.instead:
                return self.instead[key]
        if verb == "CAPA":
            return b"+OK\r\n" + stuffed("".join(f"{word}\r\n" for word in self.capabilities).encode())
        if verb in ("LIST", "UIDL"):
            return b"+OK\r\n" + stuffed(b"".join(self._row(verb, number) for number in self._numbers()))
        if verb in ("RETR", "TOP", "DELE"):
            return self._one(verb, int(words[0]))
        if verb == "STAT":
            return b"+OK %d %d\r\n" % (len(self._numbers()), sum(map(len, self.messages)))
        if verb == "QUIT":
            self.gone |= self.marked
        return b"+OK\r\n"

    def _numbers(self) -> list[int]:
        return [number for number in range(1, len(self.messages) + 1) if number not in self.marked]

    def _row(self, verb: str, number: int) -> bytes:
        return b"%d %d\r\n" % (number, len(self.messages[number - 1]) if verb == "LIST" else 7000 + number)

    def _one(self, verb: str, number: int) -> bytes:
        if number not in self._numbers():
            return b"-ERR no such message\r\n"
        if verb == "DELE":
            self.marked.add(number)
            return b"+OK\r\n"
        return b"+OK octets follow\r\n" + stuffed(self.messages[number - 1])


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        """Not at zero, so that nobody relies on it."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


class DropSocket:
    """A connected socket, as far as a channel needs one."""

    def __init__(
        self, drop: Drop, *, block: int = 65536, cut_after: int | None = None,
        on_receive: Callable[[], None] | None = None,
    ) -> None:
        """block: octets of one recv at most. cut_after: an end of the connection after so many octets."""
        self._drop = drop
        self._block = block
        self._left = cut_after
        self._on_receive = on_receive
        self._out = bytearray(drop.greeting())
        self._in = b""
        self._open = True
        self.delivered = 0

    def settimeout(self, timeout_s: float) -> None:
        """Nothing ever blocks."""

    def send(self, octets: bytes) -> int:
        """Commands; a lone line without a verb of ours is the answer to a challenge."""
        if not self._open:
            raise BrokenPipeError
        self._in += bytes(octets)
        *lines, self._in = self._in.split(b"\r\n")
        for line in lines:
            self._out += self._drop.answer(line.decode())
        return len(octets)

    def recv(self, size: int) -> bytes:
        """The next block; empty at the cut."""
        if self._on_receive is not None:
            self._on_receive()
        count = min(size, self._block)
        if self._left is not None:
            count = min(count, self._left)
            self._left -= min(count, len(self._out))
        octets = bytes(self._out[:count])
        del self._out[:count]
        if not octets and (self._left is None or self._left > 0):
            raise TimeoutError
        self.delivered += len(octets)
        return octets

    def shutdown(self, how: int) -> None:
        """For `close`."""

    def close(self) -> None:
        """No more."""
        self._open = False


def pop_receive(port: int = 110, **other: object) -> Receive:
    """A POP3 account on this machine, unencrypted unless told."""
    told = {"protocol": Protocol.POP3, "host": "127.0.0.1", "port": port, "security": Security.NONE, "user": "ada"}
    return Receive(**{**told, **other})  # type: ignore[arg-type]


@contextmanager
def session_with(
    drop: Drop, *, block: int = 65536, cut_after: int | None = None, limits: PopLimits | None = None,
    clock: Clock | None = None, on_receive: Callable[[], None] | None = None,
) -> Iterator[PopSession]:
    """A session with a drop, connected, not signed in."""
    sock = DropSocket(drop, block=block, cut_after=cut_after, on_receive=on_receive)
    time = clock or Clock()

    def opened(*_: object, **__: object) -> tuple[PopChannel, None]:
        return InMemory(cast("socket.socket", sock), "drop.example", 110, time), None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tuimail.net.pop.session.opened", opened)
        session = PopSession.connect(pop_receive(), limits=limits, clock=time)
    try:
        yield session
    finally:
        session.close()


class InMemory(PopChannel):
    """A channel over a DropSocket, which has no file descriptor to shut down."""

    def close(self) -> None:
        """As the real one, without the system call."""
        if not self.broken:
            self._gone = self._dropped()
        self._sock.close()


def keep_in(found: dict[int, bytes]) -> Callable[[int], Callable[[bytes], None]]:
    """An `open_sink` that gathers messages by number."""

    def open_sink(number: int) -> Callable[[bytes], None]:
        found[number] = b""

        def take(octets: bytes) -> None:
            found[number] += octets

        return take

    return open_sink
