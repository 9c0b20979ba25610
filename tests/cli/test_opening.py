"""Opening the screen on a link, and ending it from outside, even where its exception is swallowed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKOUT
from tuimail.cli.run import run

SWALLOWS = """
import contextlib, signal, sys
from tuimail.cli import opening
opening.ENDING_S = 0.2
opening.end_by_signal()
with contextlib.suppress(BaseException):
    print("ready", flush=True)
    while True:
        signal.pause()
print("swallowed", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_although_its_exception_was_swallowed(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", SWALLOWS], cwd=CHECKOUT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        assert child.stdout.readline() == b"swallowed\n"
        assert child.wait(30) == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_stays_ignored(number: int) -> None:
    program = (
        f"import signal; signal.signal({int(number)}, signal.SIG_IGN); from tuimail.cli.opening import end_by_signal; "
        f"end_by_signal(); signal.raise_signal({int(number)}); print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"alive\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["mailto:bob@b.example", "list"], "mailto:bob@b.example"),
        (["list", "mailto:bob@b.example"], "takes no command"),
        (["mailto:" + "x" * 200_000], "too long"),
        (["mailto:bob@b.example?subject=Hi"], "needs a terminal"),
        (["--demo", "MAILTO:bob@b.example"], "needs a terminal"),
    ],
)
def test_a_link_opens_the_screen_and_nothing_else(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "TERM": "xterm"}
    try:
        code = run(argv, environ)
    except SystemExit as exc:  # argparse
        code = int(str(exc.code))
    assert code == 2
    assert said in capsys.readouterr().err
