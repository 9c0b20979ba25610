"""A program on a pseudo-terminal: what it writes, as bytes and as a screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte


def app_environ(home: Path) -> dict[str, str]:
    """For an app on a terminal whose home is `home`."""
    return {
        "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TZ": "UTC",
        "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "TEXTUAL_ANIMATIONS": "none",
    }  # fmt: skip


def set_size(fd: int, width: int, height: int) -> None:
    """Make a terminal so large."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def read_from(fd: int, wanted: bytes, within_s: float = 20.0) -> bytes:
    """Read until `wanted` was written."""
    output = bytearray()
    deadline = time.monotonic() + within_s
    while wanted not in output:
        left = deadline - time.monotonic()
        assert left > 0, f"{wanted!r} was not written in time"
        if select.select([fd], [], [], left)[0]:
            output += os.read(fd, 65536)
    return bytes(output)


class Terminal:
    """Runs a program in a session of its own, and reads what it writes."""

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], *, width: int = 120, height: int = 32
    ) -> None:
        self.output = bytearray()
        self.first_output_at: float | None = None
        self.exit_code: int | None = None
        self.screen: Any = pyte.Screen(width, height)  # pyte has no types
        self._stream: Any = pyte.ByteStream(self.screen)
        self.started_at = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:  # the child
            os.execve(argv[0], list(argv), dict(environ))
        set_size(self._fd, width, height)

    def read_until(self, wanted: Callable[[], bool], *, within_s: float = 20.0) -> None:
        """Read until `wanted()` holds; raises AssertionError with the screen when it does not in time."""
        deadline = time.monotonic() + within_s
        while not wanted():
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(min(left, 0.5)):
                assert wanted(), "not seen in time:\n" + "\n".join(self.lines())
                return

    def read_for(self, seconds: float) -> None:
        """Read whatever comes for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self._read(left):
                return

    def read_until_quiet(self, seconds: float, *, within_s: float = 10.0) -> None:
        """Read until nothing comes for so long."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if not select.select([self._fd], [], [], seconds)[0] or not self._read(0):
                return

    def _read(self, wait_s: float) -> bool:
        """One read; False when the program has ended."""
        if not select.select([self._fd], [], [], wait_s)[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux says EIO when the other side is gone
            return False
        if not data:
            return False
        if self.first_output_at is None:
            self.first_output_at = time.monotonic()
        self.output += data
        self._stream.feed(_for_pyte(data))
        return True

    def lines(self) -> list[str]:
        """The screen as text."""
        return [line.rstrip() for line in self.screen.display]

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen."""
        return any(text in line for line in self.screen.display)

    def fileno(self) -> int:
        """Our side of the terminal."""
        return self._fd

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._fd, keys.encode())

    def has_ended(self, within_s: float) -> bool:
        """Read until the program ends; False when it does not in time."""
        deadline = time.monotonic() + within_s
        while self.exit_code is None and time.monotonic() < deadline:
            self._read(0.1)
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._drain()
                self.pid, self.exit_code = 0, os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def wait(self, within_s: float = 10.0) -> int:
        """Read to the end; the exit code."""
        if self.has_ended(within_s):
            assert self.exit_code is not None
            return self.exit_code
        raise AssertionError("it did not end:\n" + "\n".join(self.lines()))

    def _drain(self) -> None:
        while select.select([self._fd], [], [], 0.05)[0]:
            if not self._read(0.05):
                return

    def close(self) -> None:
        """End the program if it still runs."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        os.close(self._fd)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _for_pyte(data: bytes) -> bytes:
    """pyte does not know the private sequences that end in `u` (kitty's keyboard) and would print them."""
    return data.replace(b"\x1b[>25u", b"").replace(b"\x1b[<u", b"")
