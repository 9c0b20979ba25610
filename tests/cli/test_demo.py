"""`tuimail --demo` on a real pseudo-terminal: it opens, and whatever ends it, nothing stays."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import Home
from tuimail import config
from tuimail.cli.demo import demo_process, read_places
from tuimail.cli.demo_server import listen_at, password_from, tell_password
from tuimail.engine.office import Office, engine_runs
from tuimail.model import AccountName
from tuimail.net.credentials import auth
from tuimail.paths import Paths
from tuimail.store import Store

LAST_WORDS = 30.0


@pytest.fixture
def top(short_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its throw-away directory."""
    directory = Path(tempfile.mkdtemp(dir=short_directory))
    monkeypatch.setenv("TMPDIR", str(directory))
    return directory


def start(home: Home, top: Path) -> pexpect.spawn:
    return pexpect.spawn(
        sys.executable, ["-m", "tuimail", "--demo"], env={**home.environ, "TMPDIR": str(top)}, cwd=str(home.directory),
        timeout=60, dimensions=(40, 150),
    )  # fmt: skip


def children_of(pid: int) -> list[int]:
    """Processes below this one, at any depth."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread or process that has just ended
        for task in list(Path(f"/proc/{pid}/task").iterdir()):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for child in (task / "children").read_text().split():
                    found += [int(child), *children_of(int(child))]
    return found


def running_in(top: Path) -> list[str]:
    """Command lines of processes that name the directory, such as an engine that somebody started again."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = file.read_bytes().decode(errors="replace")
            found += [words] if str(top) in words else []
    return found


def wait_for_end(pid: int) -> None:
    """Wait until a process that is not ours has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        readable, _, _ = select.select([descriptor], [], [], LAST_WORDS)
        assert readable, f"process {pid} still runs"
    finally:
        os.close(descriptor)


@pytest.mark.pty
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda child: child.send("q"), id="q"),
        pytest.param(lambda child: child.kill(signal.SIGTERM), id="SIGTERM"),
        pytest.param(lambda child: child.kill(signal.SIGHUP), id="SIGHUP"),
        pytest.param(lambda child: child.kill(signal.SIGKILL), id="SIGKILL"),
    ],
)
def test_the_demo_opens_on_its_mailbox_and_leaves_nothing(
    end: Callable[[object], object], home: Home, top: Path
) -> None:
    child = start(home, top)
    child.expect("Compiler review")
    processes = children_of(child.pid)
    assert len(processes) >= 2
    assert [path.stat().st_mode & 0o777 for path in top.iterdir()] == [0o700]
    end(child)
    child.expect(pexpect.EOF)
    child.close()
    for pid in processes:
        wait_for_end(pid)
    assert list(top.iterdir()) == []
    assert running_in(top) == []
    assert not home.paths.config_file.exists()
    assert not home.paths.data.exists()


def test_the_password_of_the_demo_is_in_no_file_and_no_command_line(top: Path) -> None:
    with demo_process() as child:
        paths = read_places(child)
        account = config.load(paths.config_file).accounts[AccountName("demo")]
        secret = auth.run_password_command(account.receive.password_command)
        assert auth.find_password(account, "send", session={}) == secret
        office = Office.join(paths, on_notice=lambda notice: None)
        assert office.wait_ready()
        office.close()
        command_lines = []
        for pid in (child.pid, *children_of(child.pid)):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                command_lines.append(Path(f"/proc/{pid}/cmdline").read_bytes())
        places = [*command_lines, *(path.read_bytes() for path in paths.data.parent.rglob("*") if path.is_file())]
        assert all(secret.encode() not in octets for octets in places)
    assert not paths.data.exists()
    assert not engine_runs(paths)


def test_accounts_that_ask_for_the_password_at_once_all_get_it(tmp_path: Path) -> None:
    telling = tmp_path / "password"
    threading.Thread(target=tell_password, args=(listen_at(telling), "analytical"), daemon=True).start()
    asking = [
        subprocess.Popen(password_from(telling), stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        for _ in range(24)
    ]
    assert {child.communicate(timeout=LAST_WORDS)[0] for child in asking} == {"analytical\n"}
    assert stat.S_IMODE(telling.stat().st_mode) == 0o600


def test_a_demo_server_that_does_not_start_is_one_sentence(
    top: Path, monkeypatch: pytest.MonkeyPatch, home: Home
) -> None:
    monkeypatch.setenv("TMPDIR", "/proc/nowhere")
    monkeypatch.setattr("tuimail.cli.demo._TRAMPOLINE", "import sys; sys.exit(1)")
    with pytest.raises(Exception, match="demo server did not start"), demo_process() as child:
        read_places(child)


def test_the_places_are_told_in_one_line_of_json(top: Path) -> None:
    with demo_process() as child:
        assert child.stdout is not None
        words = json.loads(child.stdout.readline())
        assert list(words) == [field.name for field in fields(Paths)]
        with Store.open(Paths(*map(Path, words.values()))) as store:
            assert store.check() == []
