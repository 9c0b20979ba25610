"""A POP3 server with one drop that can be told to lie, break, cut and renumber; blocking sockets, one thread a client.

Deletes only at QUIT (RFC 1939 6), one session at a time unless told. Nothing in it is shared with the code under test.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.fakes.scripted import close_quietly, reset

CAPABILITIES = ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")
GARBAGE = b"\x00\xff\x1b]0;x\x07 +OK -ERR 99999999999 . \r\n* what\r\n"


class Gone(ConnectionError):
    """The client left, or the fault says that we do."""


@dataclass
class Drop:
    """What lies on the server, and how it behaves."""

    messages: dict[bytes, bytes] = field(default_factory=dict)
    """uidl to octets, in order; several may bear one uidl through `shown`."""
    shown: dict[bytes, bytes] = field(default_factory=dict)
    """What UIDL says in place of the true uidl."""
    capabilities: tuple[str, ...] = CAPABILITIES
    size_of: Callable[[bytes], int] = len
    """What LIST says of a message."""
    faults: dict[str, str | bytes] = field(default_factory=dict)
    """Verb to `err`, `garbage`, `close`, `silence`, or octets to answer. `once` behind a colon: `err:once`."""
    cut_after: int | None = None
    """So many octets of ours, over all connections, then the connection ends; once."""
    cuts: Callable[[], int | None] | None = None
    """Asked at each connection for where to cut it."""
    is_exclusive: bool = False
    heard: list[str] = field(default_factory=list)
    """Command lines of all sessions, without passwords."""
    sessions: int = 0
    retrieved: dict[bytes, int] = field(default_factory=dict)
    """How often each message was asked for."""
    carried: dict[bytes, int] = field(default_factory=dict)
    """How often each message went over the wire to its last octet."""
    sent: int = 0
    """Octets of ours so far."""

    def start(self) -> dict[bytes, bytes]:
        """What lies here now, to be compared later."""
        return dict(self.messages)


class DropServer:
    """Serves a drop on a free port of 127.0.0.1."""

    host = "127.0.0.1"
    pop3_user = "ada"
    password = "secret"

    def __init__(self, drop: Drop) -> None:
        self.drop = drop
        self._listening = socket.create_server((self.host, 0))
        self.pop3_port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._busy = threading.Lock()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """End all connections."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            socket.create_connection((self.host, self.pop3_port), 5).close()
        close_quietly(self._listening)
        with self._lock:
            sockets = list(self._open)
        for one in sockets:
            close_quietly(one)
        for thread in [self._accepting, *self._threads]:
            thread.join(10)

    def drained(self) -> None:
        """Wait until every session is over, so that what a QUIT deletes is deleted."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self._stopped.is_set():
                client.close()
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = _Session(self.drop, client, self._busy)
            thread = threading.Thread(target=self._serve, args=(session, client), daemon=True)
            with self._lock:
                self._open.add(client)
                self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _serve(self, session: _Session, client: socket.socket) -> None:
        try:
            session.run()
        except (Gone, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(client)
            close_quietly(client)

    def __enter__(self) -> DropServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Session:
    """One connection."""

    def __init__(self, drop: Drop, client: socket.socket, busy: threading.Lock) -> None:
        self._drop = drop
        self._client = client
        self._busy = busy
        self._holds = False
        self._left = drop.cuts() if drop.cuts is not None else None
        self._buffer = b""
        self._out = bytearray()
        self._queued = self._gone = 0
        self._ends: list[tuple[int, bytes]] = []
        """Where in the stream each message that was retrieved ends."""
        self._messages: list[tuple[bytes, bytes]] = []
        self._marked: set[int] = set()

    def run(self) -> None:
        self._drop.sessions += 1
        try:
            self._say(self._faulty("greeting") or b"+OK ready\r\n")
            while True:
                if not self._one(self._line()):
                    self._flush()
                    return
        finally:
            if self._holds:
                self._busy.release()

    # --- octets -------------------------------------------------------------------

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            self._flush()  # pipelined answers go out together, as a real server's do
            chunk = self._client.recv(65536)
            if not chunk:
                raise Gone
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def _say(self, octets: bytes, uidl: bytes = b"") -> None:
        self._out += octets
        self._queued += len(octets)
        if uidl:
            self._ends.append((self._queued, uidl))
        if len(self._out) > 1 << 16:
            self._flush()

    def _flush(self) -> None:
        octets, self._out = bytes(self._out), bytearray()
        if not octets:
            return
        left = self._left if self._left is not None else self._drop.cut_after
        cut = left is not None and left <= len(octets)
        piece = octets[:left] if left is not None else octets
        self._drop.sent += len(piece)
        self._gone += len(piece)
        while self._ends and self._ends[0][0] <= self._gone:
            _, uidl = self._ends.pop(0)
            self._drop.carried[uidl] = self._drop.carried.get(uidl, 0) + 1
        with contextlib.suppress(OSError):
            self._client.sendall(piece)
        if cut:
            if self._left is None:
                self._drop.cut_after = None
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_WR)
            # Whatever it still says is heard, so that no reset throws our last octets away.
            with contextlib.suppress(OSError):
                self._client.settimeout(5)
                while self._client.recv(65536):
                    pass
            raise Gone
        if self._left is not None:
            self._left -= len(octets)
        elif self._drop.cut_after is not None:
            self._drop.cut_after -= len(octets)

    # --- commands -----------------------------------------------------------------

    def _faulty(self, verb: str) -> bytes | None:
        fault = self._drop.faults.get(verb)
        if fault is None:
            return None
        if isinstance(fault, bytes):
            return fault
        kind, _, once = fault.partition(":")
        if once:
            del self._drop.faults[verb]
        match kind:
            case "err":
                return b"-ERR not today\r\n"
            case "garbage":
                return GARBAGE
            case "close":
                self._flush()
                raise Gone
            case "reset":
                self._flush()
                reset(self._client)
                raise Gone
            case _:
                self._flush()
                while self._client.recv(65536):
                    pass
                raise Gone

    def _one(self, line: str) -> bool:
        verb, *words = line.split(" ")
        verb = verb.upper()
        self._drop.heard.append(verb if verb in ("PASS", "AUTH", "USER") else line)
        uidl = b""
        if verb == "RETR":
            number = int(words[0])
            if 0 < number <= len(self._messages):
                uidl = self._messages[number - 1][0]
                self._drop.retrieved[uidl] = self._drop.retrieved.get(uidl, 0) + 1
        if (answer := self._faulty(verb)) is not None:
            self._say(answer)
            return verb != "QUIT"
        self._say(self._answer(verb, words), uidl)
        return verb != "QUIT"

    def _answer(self, verb: str, words: list[str]) -> bytes:
        match verb:
            case "CAPA":
                return b"+OK\r\n" + b"".join(f"{word}\r\n".encode() for word in self._drop.capabilities) + b".\r\n"
            case "PASS" | "AUTH":
                return self._enter()
            case "STAT":
                there = self._there()
                return b"+OK %d %d\r\n" % (len(there), sum(self._drop.size_of(raw) for _, _, raw in there))
            case "LIST":
                return self._rows((n, str(self._drop.size_of(raw)).encode()) for n, _, raw in self._there())
            case "UIDL" if "UIDL" in self._drop.capabilities:
                return self._rows((n, self._drop.shown.get(uidl, uidl)) for n, uidl, _ in self._there())
            case "RETR":
                return self._message(int(words[0]), None)
            case "TOP" if "TOP" in self._drop.capabilities:
                return self._message(int(words[0]), int(words[1]))
            case "DELE":
                self._marked.add(int(words[0]))
                return b"+OK\r\n"
            case "QUIT":
                for number in self._marked:
                    self._drop.messages.pop(self._messages[number - 1][0], None)
                return b"+OK bye\r\n"
            case "USER" | "NOOP" | "RSET":
                return b"+OK\r\n"
        return b"-ERR unknown\r\n"

    def _enter(self) -> bytes:
        if self._drop.is_exclusive:
            if not self._busy.acquire(blocking=False):
                return b"-ERR [IN-USE] another session has it\r\n"
            self._holds = True
        self._messages = list(self._drop.messages.items())
        return b"+OK\r\n"

    def _there(self) -> list[tuple[int, bytes, bytes]]:
        return [(n, uidl, raw) for n, (uidl, raw) in enumerate(self._messages, 1) if n not in self._marked]

    def _rows(self, rows: Iterable[tuple[int, bytes]]) -> bytes:
        return b"+OK\r\n" + b"".join(b"%d %b\r\n" % row for row in rows) + b".\r\n"

    def _message(self, number: int, lines: int | None) -> bytes:
        if not 0 < number <= len(self._messages) or number in self._marked:
            return b"-ERR no such message\r\n"
        raw = self._messages[number - 1][1]
        if lines is not None:
            head, empty, body = raw.partition(b"\r\n\r\n")
            raw = head + empty + b"".join(body.splitlines(keepends=True)[:lines])
        return b"+OK\r\n" + stuffed(raw)


def stuffed(raw: bytes) -> bytes:
    """A body as it travels (RFC 1939 3)."""
    lines = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    return lines + (b"" if raw.endswith(b"\r\n") or not raw else b"\r\n") + b".\r\n"


def arrived(raw: bytes) -> bytes:
    """The octets that a client has after a whole RETR."""
    return raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
