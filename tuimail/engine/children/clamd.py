"""What a ClamAV daemon on this machine says of some octets: the INSTREAM command of clamd(8).

Only a Unix socket, nothing is ever sent to another machine. A daemon that is away,
slow or full is no verdict: it is noted in the log and left alone for a while.
"""

from __future__ import annotations

import re
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tuimail.engine.log import Log
from tuimail.mime.clean import clean_line

TIMEOUT_S: Final = 30.0
QUIET_S: Final = 60.0
"""A daemon that failed is not asked again so soon; a download of a thousand mails goes on."""
CHUNK_OCTETS: Final = 64 * 1024
MAX_ANSWER_OCTETS: Final = 4_096
MAX_NAME: Final = 100
OFF: Final = "off"
USUAL_SOCKETS: Final = (Path("/run/clamav/clamd.ctl"), Path("/var/run/clamav/clamd.ctl"))

_LENGTH: Final = struct.Struct(">I")
_FOUND: Final = re.compile(r"stream: (.+) FOUND")


@dataclass(frozen=True, slots=True)
class Scan:
    """An answer."""

    found: str = ""
    """The name of what was found, cleaned; empty for nothing."""
    failed: str = ""
    """Why there is no answer, in words for the log; empty when there is one."""


def find_socket(configured: str = "", usual: tuple[Path, ...] = USUAL_SOCKETS) -> Path | None:
    """The daemon's socket: the configured one, none for `off`, else the first of the usual places that is one."""
    if configured == OFF:
        return None
    if configured:
        return Path(configured)
    return next((path for path in usual if _is_socket(path)), None)


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


class Clamd:
    """Asks one daemon. Safe to use from several threads; each scan has a connection of its own."""

    def __init__(
        self, path: Path, log: Log, *, timeout_s: float = TIMEOUT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._log = log
        self._timeout_s = timeout_s
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = float("-inf")

    def scan(self, octets: bytes) -> Scan:
        """What the daemon says; never raises."""
        if self._clock() < self._quiet_until:
            return Scan(failed="left alone")
        answer = self._ask(octets)
        if answer.failed:
            self._log.write("clamd.failed", why=answer.failed, octets=len(octets))
            if answer.failed != "too large":
                with self._lock:
                    self._quiet_until = self._clock() + QUIET_S
        return answer

    def _ask(self, octets: bytes) -> Scan:
        deadline = time.monotonic() + self._timeout_s
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._timeout_s)
                connection.connect(str(self._path))
                self._send(connection, octets, deadline)
                return _understood(self._receive(connection, deadline))
        except TimeoutError:
            return Scan(failed="too slow")
        except (OSError, ValueError) as error:
            return Scan(failed=type(error).__name__)

    def _send(self, connection: socket.socket, octets: bytes, deadline: float) -> None:
        """The octets in chunks with their lengths. A daemon that has enough closes, and its answer says why."""
        view = memoryview(octets)
        try:
            connection.sendall(b"zINSTREAM\0")
            for at in range(0, len(view), CHUNK_OCTETS):
                chunk = view[at : at + CHUNK_OCTETS]
                _hurry(connection, deadline)
                connection.sendall(_LENGTH.pack(len(chunk)))
                connection.sendall(chunk)
            connection.sendall(_LENGTH.pack(0))
        except (BrokenPipeError, ConnectionResetError):
            return

    @staticmethod
    def _receive(connection: socket.socket, deadline: float) -> bytes:
        got = bytearray()
        while b"\0" not in got and len(got) < MAX_ANSWER_OCTETS:
            _hurry(connection, deadline)
            piece = connection.recv(MAX_ANSWER_OCTETS)
            if not piece:
                break
            got += piece
        return bytes(got)


def _hurry(connection: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)


def _understood(answer: bytes) -> Scan:
    text = answer.partition(b"\0")[0].decode("utf-8", "replace").strip()
    if text == "stream: OK":
        return Scan()
    if found := _FOUND.fullmatch(text):
        return Scan(found=clean_line(found.group(1), MAX_NAME))
    return Scan(failed="too large" if "size limit exceeded" in text else "no answer")
