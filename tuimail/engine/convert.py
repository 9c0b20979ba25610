"""Hostile bytes are converted and sniffed in a child process with a clock and a ceiling.

One warm child serves all accounts. It gets a request, and two seconds; then it is killed,
reaped and replaced, and the caller is told None, for which there is a plain fallback.
Requests are pickled (we trust ourselves), answers are bytes that nobody unpickles.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import tuimail
from tuimail.engine.log import Log
from tuimail.model import Part

TIMEOUT_S: Final = 2.0
START_S: Final = 5.0
MAX_ANSWER_OCTETS: Final = 1 << 20
MAX_SNIFFED_OCTETS: Final = 1 << 20
SERVED_BEFORE_RENEWAL: Final = 500
LENGTH: Final = struct.Struct(">I")

_TRAMPOLINE = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from tuimail.engine.converting import main; main()"
)


class Converter:
    """Asks the child. Safe to use from several threads, one at a time."""

    def __init__(
        self, log: Log, *, timeout_s: float = TIMEOUT_S, start_s: float = START_S, command: Sequence[str] | None = None
    ) -> None:
        self._log = log
        self._start_s = start_s
        self._timeout_s = timeout_s
        self._command = command or (
            sys.executable, "-P", "-c", _TRAMPOLINE, str(Path(tuimail.__file__).parent.parent),
        )  # fmt: skip
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._is_ready = False

    def warm(self) -> None:
        """Start the child now, without waiting for it: the first HTML will not wait for it either."""
        with self._lock:
            if self._child is None:
                self._start()

    def readable(self, parts: Sequence[tuple[Part, bytes]], prefer: str, root: Part) -> bytes | None:
        """`ReadableText` as JSON; None when the child failed."""
        return self._ask(("readable", (list(parts), root), prefer))

    def real_type(self, octets: bytes) -> str:
        """What libmagic sees in the first octets; empty when it cannot tell."""
        answer = self._ask(("type", octets[:MAX_SNIFFED_OCTETS], ""))
        return "" if answer in (None, b"-") else answer.decode("ascii", "replace")

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._kill()

    @property
    def pid(self) -> int:
        """The child's process, 0 while there is none."""
        return self._child.pid if self._child is not None else 0

    def _ask(self, request: tuple[str, object, str]) -> bytes | None:
        with self._lock:
            if self._served >= SERVED_BEFORE_RENEWAL:
                self._kill()
            if self._child is None:
                self._start()
            answer = None
            if self._is_ready or self._await_ready():
                answer = self._exchange(pickle.dumps(request), time.monotonic() + self._timeout_s)
            self._served += 1
            if answer is None:
                self._log.write("convert.killed", kind=request[0])
                self._kill()
            return answer

    def _start(self) -> None:
        self._child = subprocess.Popen(
            list(self._command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/"
        )
        self._served = 0
        self._is_ready = False

    def _await_ready(self) -> bool:
        """A cold start on a busy machine is not the sender's fault: it has a time of its own."""
        child = self._child
        if child is None or child.stdout is None:
            return False
        self._is_ready = _receive(child.stdout, 1, time.monotonic() + self._start_s) is not None
        return self._is_ready

    def _exchange(self, request: bytes, deadline: float) -> bytes | None:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            return None
        os.set_blocking(child.stdin.fileno(), False)
        if not _send(child.stdin, LENGTH.pack(len(request)) + request, deadline):
            return None
        head = _receive(child.stdout, LENGTH.size, deadline)
        if head is None:
            return None
        (length,) = LENGTH.unpack(head)
        if not 0 < length <= MAX_ANSWER_OCTETS:
            return None
        return _receive(child.stdout, length, deadline)

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(OSError):
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _send(pipe: IO[bytes], octets: bytes, deadline: float) -> bool:
    view = memoryview(octets)
    while view:
        if not _is_ready_for(pipe, select.POLLOUT, deadline):
            return False
        try:
            view = view[os.write(pipe.fileno(), view) :]
        except BlockingIOError:
            continue
        except OSError:
            return False
    return True


def _receive(pipe: IO[bytes], length: int, deadline: float) -> bytes | None:
    got = bytearray()
    while len(got) < length:
        if not _is_ready_for(pipe, select.POLLIN, deadline):
            return None
        piece = os.read(pipe.fileno(), min(1 << 16, length - len(got)))
        if not piece:
            return None
        got += piece
    return bytes(got)


def _is_ready_for(pipe: IO[bytes], event: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(pipe, event)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
