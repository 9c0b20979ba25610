"""The engine's process: one for a data directory, on a unix socket, for as long as it is needed.

The lock is an flock on a file of the data directory, so a process that was killed
leaves nothing behind that blocks the next one. The process ends when its last client
left, when its data directory vanished, or when it is told to.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gc
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from tuimail.engine.log import Log
from tuimail.errors import MailError
from tuimail.paths import Paths

GRACE_S: Final = 3.0
"""So long without a client, and it ends: another command often follows at once."""
FIRST_CLIENT_S: Final = 5.0
"""So long for the client that started it."""
LOCK_WAIT_S: Final = 10.0
"""So long for an engine that is just ending."""
LINGER_S: Final = 20.0
"""So much longer while actions of a client that left are being told to a server."""
ALREADY_RUNS: Final = 3
OPEN_FILES: Final = 1024
NICER: Final = 5
"""The screen goes first: a key must not wait for the parsing of mail. What the engine starts is as nice."""
GARBAGE: Final = 50_000
"""So many new objects before cycles are looked for; Python's own 700 suits small programs."""
SEND_LINGER_S: Final = 900.0
"""The same while a message is on its way out, or waits out the time in which it can be taken back."""


def main(arguments: Sequence[str]) -> int:
    """Run the engine until nobody needs it; the exit status."""
    paths, is_watched = _options(arguments)
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.nice(NICER)
    try:
        paths.make()
        lock = take_lock(paths)
    except (MailError, OSError):
        return 1
    if lock is None:
        return ALREADY_RUNS
    _allow_files()
    log = Log(paths.log_file)
    started_at = time.monotonic()
    log.write("engine.started")
    house = House(paths, lock, log, is_watched=is_watched)
    gc.freeze()  # modules live as long as we do, and
    gc.set_threshold(GARBAGE, 20, 20)  # rows by the thousand are no cycles: an eighth of a first sync went to looking
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, house.on_signal)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        reason = house.live()
    except Exception as exc:  # noqa: BLE001 - the top of the process
        log.fault("engine.fault", exc)
        reason = "fault"
    log.write("engine.ended", reason=reason, seconds=round(time.monotonic() - started_at))
    # Threads may sit in a system call of a dead connection; what they held is safe in the store.
    os._exit(0)


def _allow_files() -> None:
    """As many open files as a download of large batches needs; some systems begin with 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def take_lock(paths: Paths) -> int | None:
    """The lock's descriptor; None when a living engine holds it."""
    descriptor = os.open(paths.engine_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _answers(paths) or time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.05)
        else:
            return descriptor


class House:
    """Socket, clients and engine of one process."""

    def __init__(self, paths: Paths, lock: int, log: Log, *, is_watched: bool) -> None:
        """`is_watched`: a client that wants everything fresh is on its way."""
        self._paths = paths
        self._lock = lock
        self._log = log
        self._is_watched = is_watched
        self._ending = threading.Event()
        self._reason = "stopped"
        self._listener, self._address = _listen(paths)
        # Deferred: 200 ms, in which clients can connect already and no second engine is started.
        from tuimail.engine.dispatch import Engine
        from tuimail.engine.link.clients import Clients

        self._clients = Clients(self._on_request_stop, log)
        self._engine = Engine(paths, tell=self._clients.tell, log=log)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """SIGTERM: end in good order."""
        self._end(f"signal {number}")

    def live(self) -> str:
        """Serve until it is time to end; why it ended."""
        self._engine.start()
        self._engine.watch(self._is_watched)
        self._clients.serve(self._listener, self._engine)
        alone_since = time.monotonic() + FIRST_CLIENT_S - GRACE_S
        while not self._ending.wait(0.25):
            now = time.monotonic()
            if self._clients.count:
                alone_since = now
            elif now - alone_since > GRACE_S and not self._is_needed(now - alone_since):
                self._end("nobody left")
            if not self._holds_lock():
                self._end("the data directory vanished")
            self._keep_address()
        with contextlib.suppress(OSError):
            self._paths.engine_socket.unlink()
        self._listener.close()
        self._clients.close()
        self._engine.close()
        return self._reason

    def _is_needed(self, alone_s: float) -> bool:
        """Whether it is worth staying though nobody is connected: something is being done, above all sent."""
        return self._engine.busy and (alone_s <= LINGER_S or (self._engine.sending and alone_s <= SEND_LINGER_S))

    def _on_request_stop(self) -> None:
        self._end("a client asked")

    def _end(self, reason: str) -> None:
        self._reason = reason
        self._ending.set()

    def _holds_lock(self) -> bool:
        """Whether the locked file is still the one in the data directory."""
        try:
            return _same(self._paths.engine_lock, os.fstat(self._lock))
        except OSError:
            return False

    def _keep_address(self) -> None:
        """Bind anew when somebody tidied the runtime directory away."""
        try:
            if _same(self._paths.engine_socket, self._address):
                return
        except OSError:
            pass
        try:
            self._paths.make()
            listener, self._address = _listen(self._paths)
        except (MailError, OSError):
            return
        old, self._listener = self._listener, listener
        self._clients.serve(listener, self._engine)
        old.close()


def _same(file: Path, known: os.stat_result) -> bool:
    found = file.stat()
    return (found.st_dev, found.st_ino) == (known.st_dev, known.st_ino)


def _listen(paths: Paths) -> tuple[socket.socket, os.stat_result]:
    """A listening socket, 0600, in place of whatever a dead engine left there."""
    with contextlib.suppress(FileNotFoundError):
        paths.engine_socket.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(paths.engine_socket))
    paths.engine_socket.chmod(0o600)
    listener.listen(16)
    return listener, paths.engine_socket.stat()


def _answers(paths: Paths) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(paths.engine_socket))
        except OSError:
            return False
        return True


def _options(arguments: Sequence[str]) -> tuple[Paths, bool]:
    parser = argparse.ArgumentParser(prog="tuimail-engine")
    parser.add_argument("--data-dir", required=True, type=Path)
    parser.add_argument("--config", required=True, type=Path)
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--runtime-dir", type=Path)
    parser.add_argument("--watch", action="store_true")
    options = parser.parse_args(arguments)
    usual = Paths.from_environment(os.environ, data_dir=str(options.data_dir), config=str(options.config))
    paths = Paths(
        config_file=usual.config_file,
        data=usual.data,
        state=options.state_dir or usual.state,
        runtime=options.runtime_dir or usual.runtime,
    )
    return paths, options.watch


