"""A terminal program timed from outside, on a pty.

A recorder process drains the pty and stamps each chunk as it arrives; a screen
emulator reads the recording afterwards and says when an expected text was on the
screen. The process that emulates is never the one that drains.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pyte

WIDTH, HEIGHT = 140, 40


class Terminal:
    """One program on a pty of 140 x 40."""

    def __init__(self, argv: list[str], environ: Mapping[str, str], *, cwd: Path | None = None) -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.chunks: list[tuple[float, bytes]] = []
        self._emulated = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.ByteStream(self._emulated)
        self._fed = 0
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env={**environ, "TERM": "xterm-256color"},
            start_new_session=True, cwd=cwd, preexec_fn=_own_terminal,  # noqa: PLW1509 - no lock is held
        )
        os.close(slave)
        self._master = master
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self._master], [], [], 1.0)
                if not ready:
                    if self.process.poll() is not None:
                        return
                    continue
                data = os.read(self._master, 65536)
            except OSError:
                return
            now = time.perf_counter()
            with self._arrived:
                self.chunks.append((now, data))
                self._arrived.notify_all()
            self._answer(data)

    def _answer(self, data: bytes) -> None:
        """What a terminal answers when it is asked about itself."""
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(self._master, b"\x1b[?62;22c")
        if b"\x1b[6n" in data:
            os.write(self._master, b"\x1b[1;1R")

    def type(self, keys: bytes) -> float:
        """Send keys; when they were sent."""
        now = time.perf_counter()
        os.write(self._master, keys)
        return now

    def wait_quiet(self, quiet_s: float = 0.3, limit_s: float = 30.0) -> None:
        """Until nothing has been painted for a while."""
        last = time.perf_counter() + limit_s
        while time.perf_counter() < last:
            with self._arrived:
                count = len(self.chunks)
                self._arrived.wait(quiet_s)
                if len(self.chunks) == count and count:
                    return

    def wait_text(self, text: str, limit_s: float = 60.0) -> float | None:
        """Seconds from the start until `text` was on the screen; None when it never was."""
        seen = self.first_moment(lambda screen: text in screen, limit_s)
        return None if seen is None else seen - self.started

    def first_moment(self, holds: Callable[[str], bool], limit_s: float = 60.0, since: float = 0.0) -> float | None:
        """When `holds(screen text)` became true (perf_counter), emulating the recording as it grows."""
        last = time.perf_counter() + limit_s
        while True:
            with self._arrived:
                while len(self.chunks) <= self._fed:
                    if time.perf_counter() > last or self.process.poll() is not None:
                        return None
                    self._arrived.wait(0.05)
                new = self.chunks[self._fed :]
            for stamp, data in new:
                self._fed += 1
                self._stream.feed(simple(data))
                if stamp >= since and holds("\n".join(self._emulated.display)):
                    return stamp

    def screen(self) -> str:
        """What stands on the screen now."""
        screen = pyte.Screen(WIDTH, HEIGHT)
        stream = pyte.ByteStream(screen)
        for _, data in list(self.chunks):
            stream.feed(simple(data))
        return "\n".join(screen.display)

    def answers(
        self, moments: list[float], within_s: float, columns: tuple[int, int] = (0, WIDTH),
        rows: tuple[int, int] = (0, HEIGHT),
    ) -> list[float | None]:  # fmt: skip
        """For each key: seconds to the last chunk, in so short a time after it, that changed what is seen.

        `columns` and `rows`: only there. Letters and colours count; a chunk that only moves the terminal's own
        cursor, or paints what is there already, does not. None: nothing was seen to change. Call it
        when all is over: it emulates what was recorded.
        """
        found: list[float | None] = [None] * len(moments)
        with self._arrived:
            chunks = self.chunks[self._fed :]
        self._fed += len(chunks)
        lines = [self._cells(y, columns) for y in range(HEIGHT)]
        turn = -1
        for stamp, data in chunks:
            while turn + 1 < len(moments) and moments[turn + 1] <= stamp:
                turn += 1
            self._emulated.dirty.clear()
            self._stream.feed(simple(data))
            changed = False
            for y in self._emulated.dirty:
                if not rows[0] <= y < rows[1]:
                    continue
                cells = self._cells(y, columns)
                changed, lines[y] = changed or cells != lines[y], cells
            if changed and turn >= 0 and stamp - moments[turn] <= within_s:
                found[turn] = stamp - moments[turn]
        return found

    def _cells(self, y: int, columns: tuple[int, int]) -> list[object]:
        line = self._emulated.buffer[y]
        return [line[x] for x in range(*columns)]

    def painted_after(self, moment: float, limit_s: float = 2.0) -> float | None:
        """Seconds from `moment` to the first byte painted after it; None when nothing came."""
        last = time.perf_counter() + limit_s
        with self._arrived:
            while True:
                for stamp, _ in reversed(self.chunks):
                    if stamp < moment:
                        break
                fresh = [stamp for stamp, _ in self.chunks[-200:] if stamp >= moment]
                if fresh:
                    return min(fresh) - moment
                if time.perf_counter() > last:
                    return None
                self._arrived.wait(0.05)

    def memory_mb(self) -> float:
        """Resident memory of the program, without its children."""
        return resident_mb(self.process.pid)

    def close(self) -> None:
        """End the program and everything it started in its session."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
        os.close(self._master)


def simple(data: bytes) -> bytes:
    """Without the sequences that the emulator stumbles over (private modes with intermediate bytes)."""
    return re.sub(rb"\x1b\[[<=>?][0-9;$]*[a-zA-Z]|\x1b\[[0-9;]*\$p|\x1bP.*?\x1b\\", _keep_known, data)


def _keep_known(match: re.Match[bytes]) -> bytes:
    return match[0] if re.fullmatch(rb"\x1b\[\?(25|7|1049)[hl]", match[0]) else b""


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def resident_mb(pid: int) -> float:
    """VmRSS of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
