"""`tuimail --demo`: the screen on the embedded server, in a throw-away directory.

A child process owns server, directory, password and engine (`demo_server`); this one
only opens the screen. The child ends when the pipe to it closes, however this process
ended, and takes everything with it.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import tuimail
from tuimail.cli.opening import end_by_signal, need_terminal, open_screen
from tuimail.errors import EngineGone
from tuimail.paths import Paths

START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0

_TRAMPOLINE = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from tuimail.cli.demo_server import main; sys.exit(main())"
)


def open_demo(environ: Mapping[str, str], *, mailto: str = "") -> int:
    """Open the screen on a sample mailbox; the exit code."""
    need_terminal(environ)
    end_by_signal()
    with demo_process() as child:
        import tuimail.ui.app  # noqa: F401 - 200 ms, while the server starts on the other core

        return open_screen(read_places(child), environ, demo=True, mailto=mailto)


@contextmanager
def demo_process() -> Iterator[subprocess.Popen[bytes]]:
    """The demo's child process, starting; it and all that it made are gone afterwards."""
    root = Path(tuimail.__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", _TRAMPOLINE, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl+C in the terminal is not for it
    )
    try:
        yield child
    finally:
        _end(child)


def read_places(child: subprocess.Popen[bytes]) -> Paths:
    """What the child says on its first line, once the server listens; raises EngineGone."""
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    readable, _, _ = select.select([child.stdout], [], [], START_DEADLINE_S)
    line = child.stdout.readline() if readable else b""
    try:
        words = json.loads(line)
    except ValueError as exc:
        raise EngineGone(
            "The demo server did not start.", "`python -m tuimail.demo` starts it by itself and shows why."
        ) from exc
    return Paths(*(Path(words[field.name]) for field in fields(Paths)))


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close the pipe, which ends it; kill it when that takes too long."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    try:
        child.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
