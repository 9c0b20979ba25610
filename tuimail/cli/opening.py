"""Opening the screen: the first frame from the store, then Textual over it.

The only place outside `tuimail.ui` that starts Textual.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType
from typing import NoReturn

from tuimail.errors import ConfigError, UsageError
from tuimail.paths import Paths

ENDING_S = 5.0
HOW_TO_BEGIN = "Set one up with `tuimail account add`, or look around with `tuimail --demo`."


def open_screen(paths: Paths, environ: Mapping[str, str], *, demo: bool = False, mailto: str = "") -> int:
    """Open the screen on the mail of these places, with a `mailto:` link on the composer; the exit code.

    Raises UsageError without a terminal, ConfigError for a configuration that has
    mistakes or names no account: nothing is drawn then.
    """
    need_terminal(environ)
    if not paths.config_file.exists():
        raise ConfigError("There is no account yet.", HOW_TO_BEGIN)
    paths.make()
    from tuimail.ui.start import first_frame  # here and not above: `tuimail` without a terminal does not need it

    painted = first_frame.paint(paths, demo=demo)
    try:
        start_engine(paths)
        from tuimail import config  # deferred: 13 ms that the first frame does not wait for

        settings = config.load(paths.config_file)
        if not settings.accounts:
            raise ConfigError("There is no account yet.", HOW_TO_BEGIN)
        end_by_signal()
        from tuimail.ui.app import run  # deferred: 200 ms of Textual, after the first frame is on the screen
    except BaseException:
        if painted:
            painted.abandon()
        raise
    return run(paths, settings, demo=demo, mailto=mailto, painted=painted) or 0


def start_engine(paths: Paths) -> None:
    """Let the engine start while Textual is loaded, instead of after it."""
    from tuimail.engine.link.spawn import spawn  # deferred: subprocess, 9 ms
    from tuimail.engine.office import engine_runs  # deferred: the first frame does not wait for it

    with contextlib.suppress(OSError):  # the screen tries again, and says so when it cannot
        if not engine_runs(paths):
            spawn(paths, watch=True)


def need_terminal(environ: Mapping[str, str]) -> None:
    """Raise UsageError where no screen can be drawn."""
    seen = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if not seen:
        raise UsageError(
            "The screen needs a terminal, and standard input or output is none.",
            "Run it in a terminal, or use a command such as `tuimail list`.",
        )
    if environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        raise UsageError(
            "The screen cannot be drawn on this terminal (TERM is dumb or not set).",
            "Set TERM to what the terminal is, such as xterm-256color, or use a command such as `tuimail list`.",
        )


def end_by_signal() -> None:
    """Let SIGTERM and SIGHUP end the program in order, so that the terminal is given back.

    An exception that is raised just anywhere can be swallowed (in a finalizer, say); a
    program whose terminal is gone must not stay for that.
    """

    def end(number: int, _: FrameType | None) -> NoReturn:
        patience = threading.Timer(ENDING_S, os._exit, (128 + number,))
        patience.daemon = True
        patience.start()
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def terminal_size() -> os.terminal_size | None:
    """The terminal's size, or None without one."""
    try:
        return os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
