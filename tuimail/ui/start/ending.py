"""Ending from outside: a signal, or a terminal that has gone.

One thread stands by from the first mount to the end. It hears of signals through a pipe
and of the terminal's end from the terminal, asks the app to leave in order, and when the
app does not (its loop hangs in a write to a terminal that nobody reads, say) gives the
terminal back as well as it can and ends the process. Without it a terminal that goes
away with no SIGHUP, as after `setsid`, would leave Textual reading nothing for ever, at
full speed. What must not live here: what leaving means to the app.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

PATIENCE_S = 1.5
"""The app has so long to leave in order."""
_GONE = select.POLLHUP | select.POLLERR
_GIVE_BACK = b"\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h"
"""Keyboard, mouse, focus, paste, line wrap, the other screen, the cursor: as a shell wants them."""


def heed(leave: Callable[[int], object], tty_attributes: list[Any] | None) -> None:
    """From now on signals and the end of the terminal call `leave(exit code)` on the running loop.

    `tty_attributes`: what termios said before anything was changed. A signal that is
    ignored (`nohup`) stays ignored.
    """
    loop = asyncio.get_running_loop()
    heard, tell = os.pipe()
    os.set_blocking(tell, False)

    def end(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(OSError):  # the pipe is full: it is known already
            os.write(tell, bytes([128 + number]))  # nothing that takes a lock: this runs just anywhere

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)

    def stand_by() -> None:
        code = _wait_for_the_end(heard)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(leave, code)
        time.sleep(PATIENCE_S)
        give_back(tty_attributes)
        os._exit(code)

    threading.Thread(target=stand_by, name="ending", daemon=True).start()


def _wait_for_the_end(heard: int) -> int:
    """The exit code to leave with."""
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    for fd in _terminals():
        poll.register(fd, 0)  # its end is told although nothing was asked for
    while True:
        for fd, event in poll.poll():
            if fd == heard:
                return os.read(heard, 1)[0]
            if event & _GONE:
                return 128 + signal.SIGHUP
            poll.unregister(fd)  # a system that cannot watch terminals


def _terminals() -> set[int]:
    """What Textual reads from and writes to."""
    found = set()
    for stream in (sys.__stdin__, sys.__stderr__):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if stream is not None and os.isatty(stream.fileno()):
                found.add(stream.fileno())
    return found


def give_back(tty_attributes: list[Any] | None) -> None:
    """Put the terminal right without waiting for anything. `Any`: what termios gives."""
    for fd in _terminals():
        with contextlib.suppress(termios.error, OSError):
            if tty_attributes is not None:
                termios.tcsetattr(fd, termios.TCSANOW, tty_attributes)
            os.set_blocking(fd, False)
            try:
                os.write(fd, _GIVE_BACK)
            finally:
                os.set_blocking(fd, True)  # the shell has the same terminal
