"""Ending from outside, on a real terminal: in order where that can be, and for certain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.seed import seed
from tests.ui.terminal import Terminal, app_environ, read_from, set_size
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.remembered import Remembered

pytestmark = pytest.mark.pty

HANGS = """
import asyncio, os, signal, sys, time
from tuimail.ui.start import ending
async def main():
    ending.heed(lambda code: print("asked", code, flush=True) or time.sleep(60), None)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(60)
ending.PATIENCE_S = 0.1
asyncio.run(main())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory whose store has mail in it."""
    seed(places(tmp_path))
    return tmp_path


def places(home: Path) -> Paths:
    """The places that `run_app` uses."""
    environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    return Paths.from_environment(environ, data_dir=f"{home}/data", config=f"{home}/c.toml")


def argv(home: Path) -> list[str]:
    """The app over that store."""
    return [sys.executable, "-m", "tests.ui.run_app", str(home)]


def cursor_remembered(home: Path) -> int:
    """Where the next start will put the cursor."""
    with Store.open(places(home)) as store:
        place = Remembered(store).place()
    return place.cursor if place is not None else -1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_screen_in_order(home: Path, number: signal.Signals) -> None:
    with Terminal(argv(home), app_environ(home)) as terminal:
        before = termios.tcgetattr(terminal.fileno())
        terminal.read_until(lambda: terminal.shows("all keys") and terminal.shows("Compiler review"))
        assert termios.tcgetattr(terminal.fileno()) != before
        terminal.press("jjj")
        terminal.read_until(lambda: terminal.shows("taro@example.jp"))
        os.kill(terminal.pid, number)
        assert terminal.wait() == 128 + number
        assert b"\x1b[?1049l" in terminal.output
        assert b"Traceback" not in terminal.output
        assert termios.tcgetattr(terminal.fileno()) == before
    assert cursor_remembered(home) == 3


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    """Both sides of a terminal that controls nobody, so that nobody gets a SIGHUP when it goes."""
    master, slave = os.openpty()
    set_size(master, 120, 32)
    yield master, slave
    for fd in (master, slave):
        try:
            os.close(fd)
        except OSError:
            continue


def test_a_terminal_that_goes_without_a_word_ends_the_program(home: Path, pair: tuple[int, int]) -> None:
    master, slave = pair
    with subprocess.Popen(
        argv(home), env=app_environ(home), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as child:
        try:
            os.close(slave)
            read_from(master, b"all keys")
            os.write(master, b"jj")
            read_from(master, b"exemple.example")
            os.close(master)
            assert child.wait(20) in (128 + signal.SIGHUP, 120), "120: Python could not flush what nobody reads"
        finally:
            child.kill()
    assert cursor_remembered(home) == 2


def test_an_app_that_hangs_is_ended_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], cwd=Path(__file__).parents[2], capture_output=True, timeout=30)
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stdout == b"asked 143\n"


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    ignoring = f"signal.signal({int(signal.SIGTERM)}, signal.SIG_IGN)\nimport threading\n"
    program = "import signal\n" + ignoring + HANGS.replace("asyncio.sleep(60)", "asyncio.sleep(0)")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (0, b"")
