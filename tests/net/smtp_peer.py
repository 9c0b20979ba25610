"""A small SMTP server in one thread, which knows exactly what it took, and can fail at any place of a session.

It is scripted over `tests.fakes.scripted`. A message counts as taken when its last octet was read, before any answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.scripted import Peer, PeerGone, ScriptedServer
from tuimail.config import Security, Send
from tuimail.net.smtp.session import SmtpLimits, SmtpSession

FULL = ("PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "AUTH PLAIN")
DATA_ONLY = tuple(word for word in FULL if word != "CHUNKING")
ONE_BY_ONE = tuple(word for word in DATA_ONLY if word != "PIPELINING")

QUICK = SmtpLimits(
    command_s=0.3, login_s=0.3, envelope_s=0.3, block_s=0.3, upload_s=0.3, final_s=0.3, quit_s=0.3
)  # fmt: skip
"""For peers that never answer."""

Act = bytes | Callable[[Peer], None]
"""Octets in place of an answer, or something else to do."""


def smtp_send(
    port: int, *, security: Security = Security.NONE, ca_file: Path | None = None, host: str = "127.0.0.1",
    fallback_ports: tuple[int, ...] = (),
) -> Send:
    """An account that sends through this machine."""
    return Send(host, port, security, fallback_ports, "ada", ca_file=ca_file)


@dataclass(eq=False)
class Post:
    """The server: what it offers, where it fails, what it heard and took."""

    offers: tuple[str, ...] = FULL
    instead: dict[str, Act] = field(default_factory=dict)
    """Stage (`greeting`, a verb, `RCPT address`, or `.` for the end of a message) to what happens there."""
    heard: list[str] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    """Messages, as they are without stuffing."""
    _so_far: bytes = b""
    done: threading.Event = field(default_factory=threading.Event)
    """Set when a connection is over for the server."""

    def script(self, peer: Peer) -> None:
        """Serve one connection."""
        try:
            if self._say(peer, "greeting", b"220 ready\r\n"):
                while self._serve(peer):
                    pass
        finally:
            self.done.set()

    def _say(self, peer: Peer, stage: str, usual: bytes) -> bool:
        """Answer, or fail as told; whether the usual was said."""
        act = self.instead.get(stage)
        if act is None:
            peer.send(usual)
            return True
        if isinstance(act, bytes):
            peer.send(act)
        else:
            act(peer)
        return stage == "greeting" and isinstance(act, bytes)

    def _serve(self, peer: Peer) -> bool:
        line = peer.line().decode()
        self.heard.append(line)
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            lines = ["here", *self.offers]
            offers = "".join(f"250-{each}\r\n" for each in lines[:-1]) + f"250 {lines[-1]}\r\n"
            self._say(peer, verb, offers.encode())
        elif verb == "DATA":
            if self._say(peer, verb, b"354 go\r\n"):
                self._data(peer)
        elif verb == "BDAT":
            octets = peer.octets(int(line.split(" ")[1]))
            last = line.upper().endswith(" LAST")
            self._chunk(peer, octets, last=last)
        elif verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            self._say(peer, f"RCPT {address}" if f"RCPT {address}" in self.instead else "RCPT", b"250 ok\r\n")
        else:
            usual = {"QUIT": b"221 bye\r\n", "AUTH": b"235 in\r\n"}.get(verb, b"250 ok\r\n")
            self._say(peer, verb, usual)
        return verb != "QUIT"

    def _data(self, peer: Peer) -> None:
        octets = bytearray()
        while not (octets == b".\r\n" or octets.endswith(b"\r\n.\r\n")):
            octets += peer.octets(1)
        stuffed = b"\r\n" + bytes(octets[:-3])
        self.taken.append(stuffed.replace(b"\r\n..", b"\r\n.")[2:])
        self._answer_end(peer)

    def _chunk(self, peer: Peer, octets: bytes, *, last: bool) -> None:
        self._so_far += octets
        if not last:
            self._say(peer, "BDAT", b"250 some\r\n")
            return
        if "BDAT" in self.instead:
            self._say(peer, "BDAT", b"")
            return
        self.taken.append(self._so_far)
        self._so_far = b""
        self._answer_end(peer)

    def _answer_end(self, peer: Peer) -> None:
        # A refusal is complete only with its last line; before that nobody knows.
        act = self.instead.get(".")
        if isinstance(act, bytes) and act[:1] in b"45" and act[3:4] == b" " and act.endswith(b"\r\n"):
            self.taken.pop()
        self._say(peer, ".", b"250 2.0.0 taken as %d\r\n" % len(self.taken))


class CutPeer(Peer):
    """A peer whose connection ends after exactly so many octets in one direction."""

    def __init__(self, peer: Peer, *, to_client: int | None = None, to_server: int | None = None) -> None:
        """Take over the connection of another peer."""
        self.__dict__ = peer.__dict__
        self._to_client = to_client
        self._to_server = to_server

    def send(self, octets: bytes) -> None:
        """What still may pass."""
        if self._to_client is not None:
            octets, whole = octets[: self._to_client], len(octets)
            self._to_client -= len(octets)
            super().send(octets)
            if len(octets) < whole or not self._to_client:
                self.close()
                raise PeerGone
            return
        super().send(octets)

    def _fill(self) -> None:
        if self._to_server is None:
            super()._fill()
            return
        if self._to_server == 0:
            self.reset()
            raise PeerGone
        chunk = self._connection.recv(min(65536, self._to_server))
        if not chunk:
            raise PeerGone
        self._to_server -= len(chunk)
        self._buffer += chunk


@contextmanager
def posting(post: Post, *, limits: SmtpLimits | None = None, deadline_s: float = 10.0) -> Iterator[SmtpSession]:
    """A session with this server, not signed in."""
    with ScriptedServer(post.script) as server:
        session = SmtpSession.connect(smtp_send(server.port), limits=limits, deadline_s=deadline_s)
        try:
            yield session
        finally:
            session.close()
    assert server.failures == []
