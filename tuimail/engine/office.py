"""The handle that the UI and the command line hold on the engine.

It starts the engine's process when none runs, speaks the vocabulary with it over a
unix socket, comes back when the connection breaks, and starts a crashed engine again.
Whoever calls it never waits: one thread does the work and calls `on_notice`.

What must not be here: anything of net, store or mime. Only light parts of the
standard library, because the UI imports this module early.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from tuimail.engine.link.bell import Bell, readable_of
from tuimail.engine.link.remembered import Remembered
from tuimail.engine.link.waiting import SyncWaiter
from tuimail.engine.link.wire import LineReader, read_greeting, read_words
from tuimail.engine.protocol import (
    PROTOCOL_VERSION,
    Credential,
    EngineChanged,
    Hello,
    Notice,
    Reload,
    Request,
    SearchServer,
    Show,
    Stop,
    SyncNow,
    Wake,
    Want,
    encode,
)
from tuimail.errors import EngineGone, MailError, ReadOnly
from tuimail.paths import Paths

START_DEADLINE_S: Final = 15.0
HANDSHAKE_DEADLINE_S: Final = 5.0
BACK_OFF_S: Final = (0.05, 0.5, 2.0, 5.0, 15.0, 30.0)
STEADY_S: Final = 30.0
"""An engine that lived so long counts as well: back-off begins anew."""


class Office:
    """A client's side of the engine."""

    def __init__(
        self,
        paths: Paths,
        on_notice: Callable[[Notice], None],
        *,
        watch: bool,
        start: bool,
    ) -> None:
        self._paths = paths
        self._on_notice = on_notice
        self._watch = watch
        self._start = start
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._bell = Bell()
        self._outgoing: list[bytes] = []
        self._remembered = Remembered()
        self._waiter = SyncWaiter()
        self._alive = False
        self._closing = False
        self._fault = ""
        self._is_hopeless = False
        """Only a person can change what keeps the engine from being reached."""
        self._engine_pid = 0
        self._thread = threading.Thread(target=self._run, name="office", daemon=True)

    @classmethod
    def join(
        cls,
        paths: Paths,
        *,
        on_notice: Callable[[Notice], None],
        watch: bool = True,
        start: bool = True,
    ) -> Office:
        """Join the engine of this data directory, starting it if none runs. Returns at once.

        `watch`: keep accounts connected while this office is open. `start` False: use an
        engine that runs, and none otherwise. `on_notice` is called from the office's thread.
        """
        office = cls(paths, on_notice, watch=watch, start=start)
        office._thread.start()
        return office

    @property
    def alive(self) -> bool:
        """Whether the engine answers."""
        return self._alive

    @property
    def engine_pid(self) -> int:
        """The engine's process, 0 while there is none."""
        return self._engine_pid if self._alive else 0

    def send(self, request: Request) -> None:
        """Tell the engine; what still matters is told again after a reconnect."""
        with self._lock:
            self._remembered.note(request)
            if self._alive:
                self._outgoing.append(encode(request))
        self._bell.ring()

    def wait_ready(self, timeout_s: float | None = None) -> bool:
        """Wait until the engine answers; False when it did not in time (by default: what a start may take)."""
        with self._ready:
            patience_s = START_DEADLINE_S if timeout_s is None else timeout_s
            self._ready.wait_for(lambda: self._alive or self._closing or self._is_hopeless, patience_s)
            return self._alive

    def wait_sync(self, account: str = "", timeout_s: float | None = None) -> dict[str, str]:
        """Do everything that is due and wait for its end: account to sentence, "" is all well.

        Raises EngineGone when there is no engine to be had, or the time passed.
        """
        if not self.wait_ready():
            raise EngineGone(self._fault or "The mail engine does not start.", "Look into `tuimail doctor`.")
        return self._waiter.wait(self.send, account, timeout_s)

    def close(self) -> None:
        """Leave. The engine ends by itself once nobody is left."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        self._bell.ring()
        if self._thread is not threading.current_thread():
            self._thread.join(2.0)
        if not self._thread.is_alive():
            self._bell.close()

    # --- the office's thread ---------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while not self._closing:
            started_at = time.monotonic()
            try:
                connection, reader = self._reach()
            except (MailError, OSError) as exc:
                self._tell_gone(str(exc))
            else:
                with connection:
                    self._serve(connection, reader)
                if time.monotonic() - started_at > STEADY_S:
                    failures = 0
            if self._closing or not self._start:
                break
            pause_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
            failures += 1
            self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._closing and (left := until - time.monotonic()) > 0:
            self._bell.wait(left)

    def _reach(self) -> tuple[socket.socket, LineReader]:
        """A connection after both greetings; starts the engine when there is none."""
        deadline = time.monotonic() + START_DEADLINE_S
        spawned_at = 0.0
        while not self._closing:
            connection = self._connect()
            if connection is not None:
                reader = LineReader(connection)
                if self._greet(connection, reader):
                    return connection, reader
                connection.close()
            elif not self._start:
                raise EngineGone("No mail engine runs.")
            elif time.monotonic() - spawned_at > HANDSHAKE_DEADLINE_S and not engine_runs(self._paths):
                self._spawn()
                spawned_at = time.monotonic()
            if time.monotonic() > deadline:
                raise EngineGone("The mail engine does not start.", "Look into `tuimail doctor`.")
            self._bell.wait(0.02)
        raise EngineGone("The office was closed.")

    def _connect(self) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(HANDSHAKE_DEADLINE_S)
        try:
            connection.connect(str(self._paths.engine_socket))
        except OSError:
            connection.close()
            return None
        return connection

    def _greet(self, connection: socket.socket, reader: LineReader) -> bool:
        """Exchange first words; False when an older engine was asked to make room."""
        try:
            connection.sendall(encode(Hello(watch=self._watch)))
            welcome = read_greeting(reader.first_line())
            if welcome.version > PROTOCOL_VERSION:
                self._is_hopeless = True
                raise EngineGone("A newer tuimail is at work on this mail.", "Start this one again.")
            if welcome.version < PROTOCOL_VERSION:
                connection.sendall(encode(Stop()))
                return False
        except MailError as exc:
            if isinstance(exc, EngineGone):
                raise
            return False
        except OSError:
            return False
        self._engine_pid = welcome.pid
        return True

    def _spawn(self) -> None:
        from tuimail.engine.link.spawn import spawn  # 9 ms of subprocess, off the caller's thread

        try:
            self._paths.make()
        except ReadOnly as exc:
            self._is_hopeless = True
            raise EngineGone(exc.sentence, exc.advice) from exc
        spawn(self._paths)

    def _serve(self, connection: socket.socket, reader: LineReader) -> None:
        with self._ready:
            self._alive = True
            self._is_hopeless = False
            self._fault = ""
            self._outgoing = [encode(request) for request in self._remembered.again()]
            self._ready.notify_all()
        self._tell(EngineChanged(True))
        try:
            while not self._closing:
                self._flush(connection)
                if not reader.has_waiting:
                    readable = readable_of([connection.fileno(), self._bell.fileno()], None)
                    if self._bell.fileno() in readable:
                        self._bell.hush()
                    if connection.fileno() not in readable:
                        continue
                for notice in read_words(reader.lines()):
                    self._hear(notice)
            self._flush(connection)
        except (MailError, OSError):
            pass
        finally:
            self._alive = False
            if not self._closing:
                self._tell_gone("The mail engine ended unexpectedly; it is started again.")

    def _flush(self, connection: socket.socket) -> None:
        with self._lock:
            outgoing, self._outgoing = self._outgoing, []
        if outgoing:
            connection.sendall(b"".join(outgoing))

    def _hear(self, word: Request | Notice) -> None:
        if isinstance(word, (Hello, Wake, Want, Show, SyncNow, Credential, Reload, SearchServer, Stop)):
            return
        with self._lock:
            self._remembered.settle(word)
        self._waiter.hear(word)
        self._tell(word)  # type: ignore[arg-type] # Unwant is the only request left, and no engine says it

    def _tell_gone(self, sentence: str) -> None:
        with self._ready:
            self._fault = sentence
            self._ready.notify_all()
        self._tell(EngineChanged(False, sentence))

    def _tell(self, notice: Notice) -> None:
        try:
            self._on_notice(notice)
        except Exception:  # noqa: BLE001 - the office must outlive a widget that is gone
            return


def engine_runs(paths: Paths) -> bool:
    """Whether some process holds the engine's lock."""
    with contextlib.suppress(OSError):
        descriptor = os.open(paths.engine_lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False
