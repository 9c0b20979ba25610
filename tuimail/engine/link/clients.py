"""The clients of the engine's process: greetings, requests in, notices out.

Two threads a client: one reads, one writes, so that a client that does not read its
notices holds up nobody. Notices that wait for a slow client are folded, since each is
only a hint to read the store.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import Final

from tuimail.engine.dispatch import Engine
from tuimail.engine.link.wire import LineReader, read_greeting, read_words
from tuimail.engine.log import Log
from tuimail.engine.protocol import (
    PROTOCOL_VERSION,
    Credential,
    Hello,
    IndexChanged,
    MailboxChanged,
    Notice,
    PartProgress,
    Progress,
    Reload,
    Request,
    SearchServer,
    Show,
    StatusChanged,
    Stop,
    SyncNow,
    TreeChanged,
    Unwant,
    Wake,
    Want,
    Welcome,
    encode,
)
from tuimail.errors import MailError, ProtocolViolation

MAX_WAITING: Final = 5000
"""Notices for one client; more, and it is taken for stuck and let go."""
GREETING_S: Final = 10.0
MAX_CLIENTS: Final = 64

_REQUESTS = (Hello, Wake, Want, Unwant, Show, SyncNow, Credential, Reload, SearchServer, Stop)


class Outbox:
    """Notices that wait for one client, oldest first, folded where the newest says it all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, Notice] = {}
        self._closed = False
        self._number = 0

    def put(self, notice: Notice) -> bool:
        """False when far too many wait."""
        with self._changed:
            self._waiting[self._key(notice)] = notice
            self._changed.notify()
            return len(self._waiting) <= MAX_WAITING

    def take(self) -> list[Notice] | None:
        """Wait for notices; None once it was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            taken = list(self._waiting.values())
            self._waiting.clear()
            return taken

    def close(self) -> None:
        """Let the writer end."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _key(self, notice: Notice) -> object:
        match notice:
            case MailboxChanged() | TreeChanged() | StatusChanged():
                return notice
            case Progress():
                return (Progress, notice.account, notice.mailbox_id, notice.job)
            case IndexChanged():
                return IndexChanged
            case PartProgress():
                return (PartProgress, notice.envelope_id, notice.section)
            case _:
                self._number += 1
                return self._number


class Clients:
    """Everybody who is connected."""

    def __init__(self, on_stop: Callable[[], None], log: Log) -> None:
        self._on_stop = on_stop
        self._log = log
        self._lock = threading.Lock()
        self._outboxes: dict[socket.socket, Outbox] = {}
        self._watching: set[socket.socket] = set()

    @property
    def count(self) -> int:
        """How many are here."""
        return len(self._outboxes)

    def serve(self, listener: socket.socket, engine: Engine) -> None:
        """Accept clients of this listener, in a thread that ends with it."""
        threading.Thread(target=self._accept, args=(listener, engine), name="door", daemon=True).start()

    def tell(self, notice: Notice) -> None:
        """Say it to everybody. Never blocks."""
        with self._lock:
            everybody = list(self._outboxes.items())
        for connection, outbox in everybody:
            if not outbox.put(notice):
                self._log.write("client.stuck")
                _shut(connection)

    def close(self) -> None:
        """Let everybody go."""
        with self._lock:
            everybody = list(self._outboxes.items())
        for connection, outbox in everybody:
            outbox.close()
            _shut(connection)

    def _accept(self, listener: socket.socket, engine: Engine) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self.count >= MAX_CLIENTS or not _is_ours(connection):
                connection.close()
                continue
            threading.Thread(target=self._attend, args=(connection, engine), name="client", daemon=True).start()

    def _attend(self, connection: socket.socket, engine: Engine) -> None:
        outbox = Outbox()
        try:
            connection.settimeout(GREETING_S)
            reader = LineReader(connection)
            hello = read_greeting(reader.first_line())
            outbox.put(Welcome(PROTOCOL_VERSION, os.getpid()))
            self._admit(connection, outbox, engine, watch=hello.watch and hello.version == PROTOCOL_VERSION)
            connection.settimeout(None)
            threading.Thread(target=_write, args=(connection, outbox), name="client notices", daemon=True).start()
            while True:
                for word in read_words(reader.lines()):
                    self._hear(word, engine)
        except (MailError, OSError) as exc:
            if isinstance(exc, ProtocolViolation):
                self._log.write("client.garbled")
        finally:
            self._dismiss(connection, engine)
            outbox.close()
            _shut(connection)
            connection.close()

    def _hear(self, word: Request | Notice, engine: Engine) -> None:
        if isinstance(word, Stop):
            self._on_stop()
        elif isinstance(word, _REQUESTS):
            engine.handle(word)

    def _admit(self, connection: socket.socket, outbox: Outbox, engine: Engine, *, watch: bool) -> None:
        with self._lock:
            self._outboxes[connection] = outbox
            if watch:
                self._watching.add(connection)
            watching = bool(self._watching)
        engine.watch(watching)

    def _dismiss(self, connection: socket.socket, engine: Engine) -> None:
        with self._lock:
            self._outboxes.pop(connection, None)
            self._watching.discard(connection)
            watching = bool(self._watching)
        engine.watch(watching)


def _write(connection: socket.socket, outbox: Outbox) -> None:
    while (notices := outbox.take()) is not None:
        try:
            connection.sendall(b"".join(encode(notice) for notice in notices))
        except OSError:
            _shut(connection)
            return


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _is_ours(connection: socket.socket) -> bool:
    """Whether the same user is at the other end; the directory is private, this is the second bolt."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    got = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", got)
    return bool(uid == os.getuid())
