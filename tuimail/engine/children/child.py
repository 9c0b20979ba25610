"""A child process with a clock and a ceiling, for work on hostile bytes.

One warm child serves many requests. Each gets a time; when that is over the child is
killed, reaped and replaced, and the caller is told None. Requests are pickled (we trust
ourselves), answers are bytes that nobody unpickles. `serving` is the child's side.
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

START_S: Final = 5.0
MAX_ANSWER_OCTETS: Final = 16 << 20
SERVED_BEFORE_RENEWAL: Final = 2000
LENGTH: Final = struct.Struct(">I")

_TRAMPOLINE = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from {module} import main; main()"
)


def command_for(module: str) -> tuple[str, ...]:
    """The words that run `main()` of one of our modules in a Python of its own."""
    return (sys.executable, "-P", "-c", _TRAMPOLINE.format(module=module), str(Path(tuimail.__file__).parent.parent))


class Child:
    """Asks the child. Safe to use from several threads, one at a time."""

    def __init__(self, log: Log, word: str, command: Sequence[str], *, timeout_s: float, start_s: float) -> None:
        """`word` is what the log calls it."""
        self._log = log
        self._word = word
        self._command = command
        self._timeout_s = timeout_s
        self._start_s = start_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._is_ready = False

    def warm(self) -> None:
        """Start the child now, without waiting for it: the first request will not wait for it either."""
        with self._lock:
            if self._process is None:
                self._start()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._kill()

    @property
    def pid(self) -> int:
        """The child's process, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def ask(self, kind: str, *subject: object) -> bytes | None:
        """What the child answers; None when it failed, and then it is gone."""
        with self._lock:
            if self._served >= SERVED_BEFORE_RENEWAL:
                self._kill()
            if self._process is None:
                self._start()
            answer = None
            if self._is_ready or self._await_ready():
                answer = self._exchange(pickle.dumps((kind, *subject)), time.monotonic() + self._timeout_s)
            self._served += 1
            if answer is None:
                self._log.write(f"{self._word}.killed", kind=kind)
                self._kill()
            return answer

    def _start(self) -> None:
        self._process = subprocess.Popen(
            list(self._command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/"
        )
        self._served = 0
        self._is_ready = False

    def _await_ready(self) -> bool:
        """A cold start on a busy machine is not the sender's fault: it has a time of its own."""
        process = self._process
        if process is None or process.stdout is None:
            return False
        self._is_ready = _receive(process.stdout, 1, time.monotonic() + self._start_s) is not None
        return self._is_ready

    def _exchange(self, request: bytes, deadline: float) -> bytes | None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        os.set_blocking(process.stdin.fileno(), False)
        if not _send(process.stdin, LENGTH.pack(len(request)) + request, deadline):
            return None
        head = _receive(process.stdout, LENGTH.size, deadline)
        if head is None:
            return None
        (length,) = LENGTH.unpack(head)
        if not 0 < length <= MAX_ANSWER_OCTETS:
            return None
        return _receive(process.stdout, length, deadline)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
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
