"""The real program over one data directory: killed in the middle of a first sync, and opened twice."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from tests.demo_account import stop_engine
from tests.engine.conftest import Demo
from tests.engine.house import State, server_state
from tests.ui.terminal import Terminal, app_environ
from tuimail.demo.imap import capabilities
from tuimail.model import Flag
from tuimail.paths import Paths
from tuimail.store import Store

pytestmark = pytest.mark.pty

MESSAGES = 1500
NEWEST = f"Report {MESSAGES}"
PATIENCE_S = 30.0
HEADERS_AND_TEXTS = 32
"""So many commands make a first sync."""

Engine = Literal["ends by itself", "is stopped", "is killed too"]


def small(number: int, subject: str) -> bytes:
    """A message of a few lines."""
    return (
        f"From: Grace <grace@navy.example>\r\nTo: ada@example.org\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@navy.example>\r\nDate: Thu, 5 Nov 2026 09:12:00 +0000\r\n\r\nAll quiet.\r\n"
    ).encode()


def deliver(server: Demo, number: int, subject: str) -> None:
    """Let a message arrive; the higher its number, the newer."""
    flags = [name for every, name in ((3, "\\Seen"), (7, "\\Flagged"), (11, "$Later")) if number % every == 0]
    arrived = datetime(2026, 11, 5, 9, tzinfo=UTC) + timedelta(seconds=number)
    server.deliver(small(number, subject), flags=flags, internal_date=arrived)


@pytest.fixture
def server() -> Iterator[Demo]:
    """A server with one full INBOX, without compression: in one process with the test it is slow enough."""
    with Demo.start(samples=False, capabilities=capabilities.FULL - {"COMPRESS=DEFLATE"}) as server:
        for number in range(1, MESSAGES + 1):
            deliver(server, number, f"Report {number}")
        yield server


@pytest.fixture
def home(short_directory: Path) -> Iterator[Path]:
    """A home with a short path, in which no engine stays."""
    directory = Path(tempfile.mkdtemp(dir=short_directory))
    yield directory
    stop_engine(places(directory))


def environ(home: Path) -> dict[str, str]:
    """Of the program."""
    keyring = "keyring.backends.fail.Keyring"
    return {**app_environ(home), "XDG_RUNTIME_DIR": str(home), "PYTHON_KEYRING_BACKEND": keyring}


def places(home: Path) -> Paths:
    """Where the program keeps things."""
    return Paths.from_environment(environ(home))


def configure(home: Path, server: Demo) -> None:
    """Write an account into the configuration."""
    file = places(home).config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"""\
[accounts.demo]
address = "ada@example.org"
[accounts.demo.receive]
protocol = "imap"
host = "{server.host}"
port = {server.imap_port}
security = "none"
user = "{server.user}"
password_command = ["echo", "{server.password}"]
""")
    file.chmod(0o600)


def open_screen(home: Path) -> Terminal:
    """The program as it is."""
    return Terminal([sys.executable, "-m", "tuimail"], environ(home))


def engines(home: Path) -> list[int]:
    """The engines' processes for this home."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = file.read_bytes().decode(errors="replace")
            found += [int(file.parent.name)] if "tuimail.engine.process" in words and str(home) in words else []
    return found


def wait_for_end(pids: list[int]) -> None:
    """Wait until processes that are not our children have ended."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(descriptor):
            assert select.select([descriptor], [], [], PATIENCE_S)[0], f"the engine {pid} still runs"


def stored_state(paths: Paths) -> State:
    """What the store has, in the words of `server_state`."""
    found: State = {}
    with Store.open(paths) as store:
        for mailbox in store.mailboxes.all():
            if mailbox.account != "demo" or not mailbox.selectable:
                continue
            flags = store.envelopes.server_flags(mailbox.id, 1, 2**32 - 1)
            messages = found.setdefault(mailbox.name, {})
            for row in store.envelopes.window(mailbox.id, 0, 1_000_000).rows:
                envelope = store.envelopes.envelope(row.id)
                assert envelope is not None
                assert envelope.uid is not None, "a row is still in limbo"
                assert int(envelope.uid) not in messages, "a message is there twice"
                bits, keywords = flags[envelope.uid]
                names = {f"\\{flag.name}".lower() for flag in Flag if flag and bits & flag}
                words = frozenset(names | set(keywords.lower().split()))
                messages[int(envelope.uid)] = (words, envelope.message_id)
    return found


def kill_and_look(home: Path, server: Demo, commands: int, more_s: float, engine: Engine) -> None:
    """Kill the screen so long after so many commands of a first sync, and look at everything that must hold then."""
    configure(home, server)
    paths = places(home)
    wanted = len(server.log) + commands
    with open_screen(home) as terminal:
        deadline = time.monotonic() + PATIENCE_S
        while len(server.log) < wanted:
            terminal.read_for(0.005)
            assert time.monotonic() < deadline, f"{commands} commands never came"
        terminal.read_for(more_s)
        left = engines(home)
        os.kill(terminal.pid, signal.SIGKILL)
        code = terminal.wait()
        assert code == -signal.SIGKILL, bytes(terminal.output[-3000:])
    if engine == "is killed too":
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    elif engine == "is stopped":
        stop_engine(paths)
    wait_for_end(left)
    with Store.open(paths) as store:
        assert store.check() == []
    done = subprocess.run(
        [sys.executable, "-m", "tuimail", "sync"], env=environ(home), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    with Store.open(paths) as store:
        assert store.check() == []
    assert stored_state(paths) == server_state(server)
    with open_screen(home) as terminal:
        terminal.read_until(lambda: terminal.shows(NEWEST))
        terminal.press("q")
        assert terminal.wait() == 0
        assert b"Traceback" not in terminal.output


@pytest.mark.parametrize(
    ("commands", "engine"),
    [
        pytest.param(7, "is killed too", id="while new headers come"),
        pytest.param(9, "is stopped", id="while old headers come"),
        pytest.param(26, "ends by itself", id="while texts come"),
    ],
)
def test_a_screen_that_is_killed_loses_and_doubles_nothing(
    commands: int, engine: Engine, home: Path, server: Demo
) -> None:
    kill_and_look(home, server, commands, 0.0, engine)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5))
def test_a_screen_that_is_killed_ten_times_at_random_loses_and_doubles_nothing(
    seed: int, short_directory: Path, server: Demo
) -> None:
    moments = random.Random(seed)
    endings: tuple[Engine, ...] = ("is killed too", "is stopped", "is killed too", "is stopped", "ends by itself")
    for turn in range(10):
        home = Path(tempfile.mkdtemp(dir=short_directory))
        commands = moments.randint(1, 10 if turn % 2 else HEADERS_AND_TEXTS)
        try:
            kill_and_look(home, server, commands, moments.uniform(0.0, 0.08), endings[turn % len(endings)])
        finally:
            stop_engine(places(home))


def test_two_screens_share_one_engine_and_one_may_leave(home: Path, server: Demo) -> None:
    configure(home, server)
    with open_screen(home) as first, open_screen(home) as second:
        first.read_until(lambda: first.shows(NEWEST), within_s=PATIENCE_S)
        second.read_until(lambda: second.shows(NEWEST), within_s=PATIENCE_S)
        (engine,) = engines(home)
        first.press("q")
        assert first.wait() == 0
        deliver(server, MESSAGES + 1, "Who stayed")
        second.read_until(lambda: second.shows("Who stayed"), within_s=PATIENCE_S)
        assert engines(home) == [engine]
        second.press("q")
        assert second.wait() == 0
    for terminal in (first, second):
        assert b"Traceback" not in terminal.output
