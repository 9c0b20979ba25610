"""Peers that misbehave on purpose: a server that plays a script, and a proxy that cuts or spoils a real session.

Both run in threads over blocking sockets on 127.0.0.1 and a free port, and never sleep: a delay is an event that the
test sets. Everything ends at `stop()`. No mail is known here beyond how a command line of IMAP, POP3 or SMTP is cut
into words.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
JOIN_TIMEOUT_S = 10.0
_LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}\r?\n$")


class PeerGone(ConnectionError):
    """The client closed the connection, or the test is over."""


class Peer:
    """One accepted connection, as a script sees it."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        """`stopped` is set when the test is over."""
        self._connection = connection
        self._stopped = stopped
        self._buffer = b""
        self.received: list[bytes] = []
        """Every line that was read, with its line end."""

    # -- reading --------------------------------------------------------------------------------------------------

    def line(self) -> bytes:
        """The next line without its line end; PeerGone when there is none."""
        while b"\n" not in self._buffer:
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\n")
        self.received.append(line + b"\n")
        return line.removesuffix(b"\r")

    def octets(self, count: int) -> bytes:
        """Exactly so many octets."""
        while len(self._buffer) < count:
            self._fill()
        octets, self._buffer = self._buffer[:count], self._buffer[count:]
        return octets

    def command(self) -> tuple[str, str]:
        """Tag and the rest of an IMAP command; literals are asked for and put into the text."""
        text = self.line()
        while (match := _LITERAL.search(text + b"\n")) is not None:
            if not match[2]:
                self.send(b"+ go ahead\r\n")
            text = text[: match.start()] + self.octets(int(match[1])) + self.line()
        tag, _, rest = text.decode("utf-8", "replace").partition(" ")
        return tag, rest

    def expect(self, verb: str) -> str:
        """The tag of the next command, which must begin with `verb`."""
        tag, rest = self.command()
        if not rest.upper().startswith(verb.upper()):
            raise AssertionError(f"expected {verb}, got {rest.split(' ')[0]}")
        return tag

    def _fill(self) -> None:
        try:
            chunk = self._connection.recv(65536)
        except OSError as exc:
            raise PeerGone from exc
        if not chunk:
            raise PeerGone
        self._buffer += chunk

    # -- writing --------------------------------------------------------------------------------------------------

    def send(self, octets: bytes) -> None:
        """Write octets as they are."""
        try:
            self._connection.sendall(octets)
        except OSError as exc:
            raise PeerGone from exc

    def lines(self, *lines: str) -> None:
        """Write lines with CRLF."""
        self.send("".join(f"{line}\r\n" for line in lines).encode("utf-8"))

    def trickle(self, octets: bytes, gate: threading.Semaphore) -> None:
        """Write one octet for each release of the gate."""
        for octet in octets:
            gate.acquire()
            if self._stopped.is_set():
                raise PeerGone
            self.send(bytes([octet]))

    # -- waiting and ending ---------------------------------------------------------------------------------------

    def hold(self, event: threading.Event) -> None:
        """Say nothing until the test sets the event."""
        while not event.wait(0.02):
            if self._stopped.is_set():
                raise PeerGone

    def silence(self) -> None:
        """Read everything, say nothing, until the client leaves or the test is over."""
        while True:
            self._buffer = b""
            self._fill()

    def close(self) -> None:
        """An orderly end."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def reset(self) -> None:
        """An end by RST, as a crash or a firewall makes it."""
        reset(self._connection)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on under TLS; what was read too much stays in the buffer, as a careless server has it."""
        self._connection = context.wrap_socket(self._connection, server_side=True)


Script = Callable[[Peer], None]


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    with contextlib.suppress(OSError):  # closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class _Listener:
    """A listening socket with a thread for each connection."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0))
        self.host = HOST
        self.port: int = self._listening.getsockname()[1]
        self.stopped = threading.Event()
        self.connections = 0
        """How many were accepted so far."""
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name=f"{type(self).__name__}-accept", daemon=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if self.stopped.is_set():
                    connection.close()
                    return
                number = self.connections
                self.connections += 1
            self.keep(connection)
            self.run_in_thread(partial(self.serve, connection, number))

    def serve(self, connection: socket.socket, number: int) -> None:
        """Play one connection, the `number`th from 0."""
        raise NotImplementedError

    def keep(self, connection: socket.socket) -> None:
        """Close this socket when the test is over; what is written goes out at once, or each line waits for an ACK."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.append(connection)

    def run_in_thread(self, work: Callable[[], None]) -> threading.Thread:
        """Start a thread that `stop` waits for."""
        thread = threading.Thread(target=work, name=f"{type(self).__name__}-{self.port}", daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()
        return thread

    def stop(self) -> None:
        """Close everything and wait for the threads; harmless when called twice."""
        self.stopped.set()
        with contextlib.suppress(OSError):  # closing alone does not wake an accept everywhere
            socket.create_connection((HOST, self.port), JOIN_TIMEOUT_S).close()
        close_quietly(self._listening)
        with self._lock:
            threads, sockets = list(self._threads), list(self._open)
        for connection in sockets:
            close_quietly(connection)
        for thread in [self._accepting, *threads]:
            if thread is not threading.current_thread():
                thread.join(JOIN_TIMEOUT_S)

    def drop_all(self) -> None:
        """Cut every open connection with RST; new ones are welcome."""
        with self._lock:
            sockets, self._open = self._open, []
        for connection in sockets:
            close_quietly(connection)

    def __enter__(self) -> Self:
        """Already running."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def close_quietly(connection: socket.socket) -> None:
    """Wake whoever is blocked on this socket, and close it."""
    with contextlib.suppress(OSError):  # not connected, or closed already: then nobody waits on it
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class ScriptedServer(_Listener):
    """A server that plays the first script to the first connection, and so on; the last one serves all further ones."""

    def __init__(self, *scripts: Script, context: ssl.SSLContext | None = None) -> None:
        """context: TLS from the first octet."""
        super().__init__()
        self._scripts = scripts
        self._context = context
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        """What went wrong in scripts, an unexpected command for instance; tests look at it after `stop`."""
        self._accepting.start()

    def serve(self, connection: socket.socket, number: int) -> None:
        """Play one script."""
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self.keep(connection)
            peer = Peer(connection, self.stopped)
            self.peers.append(peer)
            self._scripts[min(number, len(self._scripts) - 1)](peer)
            peer.close()
        except (PeerGone, ssl.SSLError, OSError):
            return
        except Exception as exc:  # noqa: BLE001  the top of a thread: the test reads it from `failures`
            self.failures.append(exc)
        finally:
            connection.close()


def imap_login(peer: Peer, capabilities: str = "IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+") -> None:
    """Greet with these capabilities and let anybody in; returns after the OK of the login."""
    peer.lines(f"* OK [CAPABILITY {capabilities}] ready")
    while True:
        tag, rest = peer.command()
        verb = rest.split(" ")[0].upper()
        if verb == "CAPABILITY":
            peer.lines(f"* CAPABILITY {capabilities}")
        elif verb == "AUTHENTICATE" and rest.count(" ") == 1:
            peer.lines("+ ")
            peer.line()
        elif verb == "ID":
            peer.lines("* ID NIL")
        peer.lines(f"{tag} OK done")
        if verb in ("LOGIN", "AUTHENTICATE"):
            return


class Fault(Enum):
    """What happens in place of an answer."""

    NO = "no"
    BAD = "bad"
    BYE = "bye"
    GARBAGE = "garbage"
    CLOSE = "close"
    SILENCE = "silence"


GARBAGE = b"\x00\xff\x1b]0;x\x07 )(}{ 99999999999999999999 FETCH ((((\r\n* FETCH\r\n* 1 FETCH (UID\r\n"


@dataclass(slots=True)
class _Cut:
    """Where to cut; counted over all connections together."""

    server_octets: int | None = None
    client_octets: int | None = None


@dataclass(slots=True)
class _Splitter:
    """Finds the command lines in what a client sends; literals are skipped."""

    buffer: bytes = b""
    literal_left: int = 0
    in_command: bool = False

    def feed(self, octets: bytes) -> list[tuple[bytes, bool]]:
        """(octets, is the first line of a command) in order; an incomplete line waits."""
        self.buffer += octets
        found: list[tuple[bytes, bool]] = []
        while self.buffer:
            if self.literal_left:
                piece, self.buffer = self.buffer[: self.literal_left], self.buffer[self.literal_left :]
                self.literal_left -= len(piece)
                found.append((piece, False))
                continue
            line, newline, rest = self.buffer.partition(b"\n")
            if not newline:
                break
            self.buffer = rest
            found.append((line + newline, not self.in_command))
            literal = _LITERAL.search(line + newline)
            self.literal_left = int(literal[1]) if literal else 0
            self.in_command = literal is not None
        return found


@dataclass(slots=True, eq=False)
class _Link:
    """One client and its connection to the real server."""

    client: socket.socket
    server: socket.socket
    muted: bool = False
    """The client hears nothing any more."""
    opaque: bool = False
    """TLS runs inside: there are no lines to look at."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class FaultProxy(_Listener):
    """Stands between a client and a real server: counts, records, cuts at an exact octet, spoils single commands."""

    def __init__(self, port: int, *, host: str = HOST, verb_at: int = 1, opaque: bool = False) -> None:
        """verb_at: which word of a command line is the verb, 1 for IMAP (after the tag), 0 for POP3 and SMTP.

        opaque: TLS from the first octet, so that only counting and cutting work; after STARTTLS it is so by itself.
        """
        super().__init__()
        self._opaque = opaque
        self._target = (host, port)
        self._verb_at = verb_at
        self._cut = _Cut()
        self._counting = threading.Lock()
        self._faults: dict[str, Fault | bytes] = {}
        self._once: set[str] = set()
        self.to_client_octets = 0
        self.to_server_octets = 0
        self.was_cut = threading.Event()
        self.was_spoiled = threading.Event()
        """Set when a command met its fault."""
        self.commands: list[str] = []
        """Every command line that the client sent, with tag, without its line end. Logins stand here whole."""
        self.transcript: list[tuple[str, bytes]] = []
        """("C" or "S", octets) in the order they passed."""
        self._accepting.start()

    def cut_after(self, *, server_octets: int | None = None, client_octets: int | None = None) -> None:
        """Pass exactly so many more octets in a direction, counted over all connections, then cut that connection.

        Works once; later connections are left alone. 0 cuts when the first octet comes, and does not pass it.
        """
        with self._counting:
            self.was_cut.clear()
            self._cut = _Cut(server_octets, client_octets)

    def spoil(self, verb: str, fault: Fault | bytes, *, once: bool = False) -> None:
        """Answer this verb ourselves and do not pass it on; `UID FETCH` is a verb of its own.

        Bytes are sent as they are, with `{tag}` filled in.
        """
        self._faults[verb.upper()] = fault
        if once:
            self._once.add(verb.upper())

    def heal(self) -> None:
        """No faults and no cut any more."""
        self._faults.clear()
        self._once.clear()
        self.cut_after()

    def serve(self, connection: socket.socket, number: int) -> None:
        """Pump both ways until one side ends."""
        try:
            server = socket.create_connection(self._target)
        except OSError:
            connection.close()
            return
        self.keep(server)
        link = _Link(connection, server, opaque=self._opaque)
        pumping = self.run_in_thread(lambda: self._pump_to_client(link))
        self._pump_to_server(link)
        pumping.join(JOIN_TIMEOUT_S)

    def _pump_to_client(self, link: _Link) -> None:
        while chunk := _receive(link.server):
            with self._counting:
                passed, cut = _take(chunk, self._cut.server_octets)
                if self._cut.server_octets is not None:
                    self._cut = _Cut() if cut else _Cut(self._cut.server_octets - len(passed))
                self.to_client_octets += len(passed)
                self.transcript.append(("S", passed))
            with link.lock:
                sent = link.muted or _send(link.client, passed)
            if cut:
                # Half an end towards the client, so that the octets before the cut arrive: a reset may throw them away.
                self.was_cut.set()
                with contextlib.suppress(OSError):
                    link.client.shutdown(socket.SHUT_WR)
                reset(link.server)
                return
            if not sent:
                break
        close_quietly(link.client)
        close_quietly(link.server)

    def _pump_to_server(self, link: _Link) -> None:
        splitter = _Splitter()
        while chunk := _receive(link.client):
            with self._counting:
                passed, cut = _take(chunk, self._cut.client_octets)
                if self._cut.client_octets is not None:
                    self._cut = _Cut() if cut else _Cut(None, self._cut.client_octets - len(passed))
                self.to_server_octets += len(passed)
                self.transcript.append(("C", passed))
            alive = self._pass_commands(link, splitter, passed)
            if cut:
                _send(link.server, splitter.buffer)
                self.was_cut.set()
                break
            if not alive:
                break
        close_quietly(link.server)
        close_quietly(link.client)

    def _pass_commands(self, link: _Link, splitter: _Splitter, chunk: bytes) -> bool:
        """Forward what is not spoiled; False when the connection ends."""
        if link.opaque:
            return _send(link.server, chunk)
        for octets, starts_command in splitter.feed(chunk):
            if starts_command:
                self.commands.append(octets.decode("latin-1").rstrip("\r\n"))
                words = octets.upper().split()
                link.opaque |= words[self._verb_at : self._verb_at + 1] in ([b"STARTTLS"], [b"STLS"])
                fault = self._fault_for(octets)
                if fault is not None:
                    self.was_spoiled.set()
                    if not self._play(link, fault, octets):
                        return False
                    continue
            if not _send(link.server, octets):
                return False
        return True

    def _fault_for(self, line: bytes) -> Fault | bytes | None:
        words = line.decode("latin-1").upper().split()[self._verb_at :]
        for verb in (" ".join(words[:2]), " ".join(words[:1])):
            if verb in self._faults:
                fault = self._faults[verb]
                if verb in self._once:
                    self._once.discard(verb)
                    del self._faults[verb]
                return fault
        return None

    def _play(self, link: _Link, fault: Fault | bytes, line: bytes) -> bool:
        tag = line.split(b" ")[0].strip() if self._verb_at else b""
        if isinstance(fault, bytes):
            return self._answer(link, fault.replace(b"{tag}", tag))
        match fault:
            case Fault.NO | Fault.BAD:
                words = tag + b" " + fault.name.encode() if self._verb_at else b"-ERR" if fault is Fault.NO else b"500"
                return self._answer(link, words + b" not today\r\n")
            case Fault.BYE:
                self._answer(link, b"* BYE shutting down\r\n")
                return False
            case Fault.GARBAGE:
                return self._answer(link, GARBAGE)
            case Fault.CLOSE:
                return False
            case Fault.SILENCE:
                with link.lock:
                    link.muted = True
                return True

    def _answer(self, link: _Link, octets: bytes) -> bool:
        with link.lock:
            self.transcript.append(("S", octets))
            return _send(link.client, octets)


def _take(chunk: bytes, left: int | None) -> tuple[bytes, bool]:
    """What of a chunk may pass, and whether the cut comes after it."""
    return (chunk, False) if left is None else (chunk[:left], len(chunk) >= left)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _send(connection: socket.socket, octets: bytes) -> bool:
    try:
        connection.sendall(octets)
    except OSError:
        return False
    return True


def play(lines: Sequence[str]) -> Script:
    """A script that sends these lines at once and then is silent: enough for greetings that go wrong."""

    def script(peer: Peer) -> None:
        peer.lines(*lines)
        peer.silence()

    return script
