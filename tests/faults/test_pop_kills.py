"""An engine is killed, or its disk fails, at any system call of a POP3 session: the promise holds, and it heals."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.drop_server import Drop, DropServer
from tests.faults.mails import small_ones
from tests.faults.promise import assert_promise, assert_settled
from tests.faults.runner import ACCOUNT, Sessions
from tuimail.errors import MailError

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "sendto", "rename", "unlink", "ftruncate")
"""Everything that writes, syncs, renames or sends."""
ROOT = Path(__file__).parent.parent.parent
PARTS = 8

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture
def server() -> Iterator[DropServer]:
    """With an empty drop."""
    server = DropServer(Drop())
    yield server
    server.stop()


@pytest.fixture
def template(tmp_path: Path, server: DropServer) -> Path:
    """A data directory whose account has checked an empty drop once."""
    assert not isinstance(Sessions(tmp_path / "template", server).run(), MailError)
    return tmp_path / "template"


def traced(directory: Path, server: DropServer, *options: str, inline: bool = True) -> subprocess.CompletedProcess[str]:
    """One session under strace."""
    command = [
        # Not --seccomp-bpf: with it strace 6.1 injects errors, but no signals.
        "strace", "-f", "-y", "-s", "64", "-o", f"{directory}.trace",
        "-e", f"trace={','.join(CALLS)}", *options,
        sys.executable, "-m", "tests.faults.one_session", str(directory), server.host, str(server.pop3_port),
        *(["inline"] if inline else []),
    ]  # fmt: skip
    try:
        # No bytecode is written, so that the calls are the same ones every time.
        quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=60)
    finally:
        server.drained()


def calls_of(trace: Path) -> list[tuple[str, str]]:
    """Name and the rest of each call, in order of their beginning."""
    found = re.findall(r"^\d+ +(\w+)\((.*)$", trace.read_text(errors="replace"), re.MULTILINE)
    return [(name, rest) for name, rest in found if name in CALLS]


def count_calls(directory: Path, server: DropServer, template: Path) -> Counter[str]:
    """How often each call is made in an undisturbed session."""
    shutil.copytree(template, directory)
    server.drop = Drop(small_ones())
    said = traced(directory, server)
    assert said.returncode == 0, said.stderr
    return Counter(name for name, _ in calls_of(Path(f"{directory}.trace")))


def assert_heals(
    directory: Path, server: DropServer, template: Path, inject: str, *, inline: bool = True
) -> subprocess.CompletedProcess[str]:
    """One session with a fault, then a clean one in the same data directory; how the first one ended."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(template, directory)
    mails = small_ones()
    drop = server.drop = Drop(dict(mails))
    said = traced(directory, server, "-e", f"inject={inject}", inline=inline)
    sessions = Sessions(directory, server)
    with sessions.store() as store:
        store.local.open_account(ACCOUNT)
        assert_promise(drop, mails, store, ACCOUNT)
    healed = sessions.run()
    assert not isinstance(healed, MailError), f"{inject}: {healed}"
    with sessions.store() as store:
        assert_promise(drop, mails, store, ACCOUNT)
        assert_settled(drop, mails, store, ACCOUNT, sessions.maildir)
    before = len(drop.heard)
    sessions.run()
    assert not {"RETR", "DELE", "TOP"} & {line.split(" ")[0] for line in drop.heard[before:]}, inject
    return said


def was_killed(said: subprocess.CompletedProcess[str]) -> bool:
    """Whether a session came to no end."""
    return said.returncode in (-9, 137)


def assert_killed(directory: Path, server: DropServer, template: Path, name: str, number: int) -> None:
    """As `assert_heals`, and the kill really happened."""
    said = assert_heals(directory, server, template, f"{name}:signal=KILL:when={number}")
    assert was_killed(said), f"{name} {number} was never reached"


def assert_failed(directory: Path, server: DropServer, template: Path, inject: str) -> None:
    """As `assert_heals`, and the call really failed."""
    assert_heals(directory, server, template, inject)
    assert "(INJECTED)" in Path(f"{directory}.trace").read_text(errors="replace"), f"{inject} was never reached"


def points(counts: Counter[str]) -> list[tuple[str, int]]:
    """Every call of a session."""
    return [(name, number) for name in CALLS for number in range(1, counts[name] + 1)]


def test_every_octet_is_durable_before_the_server_is_told_to_delete(
    tmp_path: Path, server: DropServer, template: Path
) -> None:
    server.drop = Drop(small_ones())
    directory = shutil.copytree(template, tmp_path / "house")
    assert traced(directory, server, inline=False).returncode == 0
    calls = calls_of(Path(f"{directory}.trace"))
    deleting = next(n for n, (name, rest) in enumerate(calls) if name == "sendto" and "DELE " in rest)
    before = calls[:deleting]
    renamed = [n for n, (name, _) in enumerate(before) if name == "rename"]
    synced = [n for n, (name, rest) in enumerate(before) if name == "fsync" and "/tmp/" in rest.partition(">")[0]]
    assert len(renamed) == len(small_ones())
    assert len(synced) >= len(renamed)
    assert max(synced[: len(renamed)]) < min(renamed)
    folder = [n for n, (name, rest) in enumerate(before) if name == "fsync" and rest.partition(">")[0].endswith("/new")]
    assert max(folder) > max(renamed)
    logged = [n for n, (name, rest) in enumerate(before) if name == "fdatasync" and "mail.db-wal" in rest]
    assert max(logged) > max(folder)
    written = [n for n, (name, rest) in enumerate(before) if name == "pwrite64" and "mail.db-wal" in rest]
    assert max(written) < max(logged)


def test_a_kill_at_some_system_calls_loses_nothing(tmp_path: Path, server: DropServer, template: Path) -> None:
    counts = count_calls(tmp_path / "count", server, template)
    some = [(name, number) for name, number in points(counts) if name in ("rename", "sendto") or number % 17 == 3]
    for name, number in some:
        assert_killed(tmp_path / "house", server, template, name, number)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_any_system_call_loses_nothing(
    tmp_path: Path, server: DropServer, template: Path, part: int
) -> None:
    for name, number in points(count_calls(tmp_path / "count", server, template))[part::PARTS]:
        assert_killed(tmp_path / "house", server, template, name, number)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_while_two_threads_are_at_work_loses_nothing(
    tmp_path: Path, server: DropServer, template: Path, part: int
) -> None:
    """strace counts each thread by itself: a number that no thread reaches kills nobody, and all must be well."""
    killed = Counter[bool]()
    for name, number in points(count_calls(tmp_path / "count", server, template))[part::PARTS]:
        said = assert_heals(
            tmp_path / "house", server, template, f"{name}:signal=KILL:when={number}", inline=False
        )
        assert was_killed(said) or said.returncode == 0, (name, number, said.stdout, said.stderr)
        killed[was_killed(said)] += 1
    print(part, killed[True], "killed of", killed.total())
    assert killed[True] > killed[False]


FAILURES = [
    ("write", "ENOSPC"), ("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("fdatasync", "EIO"), ("rename", "ENOSPC"),
    ("rename", "EIO"), ("write", "EIO"), ("pwrite64", "EIO"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "error"), FAILURES)
def test_a_disk_that_fails_at_some_point_loses_nothing(
    tmp_path: Path, server: DropServer, template: Path, name: str, error: str
) -> None:
    count = count_calls(tmp_path / "count", server, template)[name]
    for number in sorted({1, count // 2, count - 1} - {0, -1}):
        assert_failed(tmp_path / "house", server, template, f"{name}:error={error}:when={number}+")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lasts", ["", "+"], ids=["once", "on"])
@pytest.mark.parametrize(("name", "error"), FAILURES)
def test_a_disk_that_fails_at_any_point_loses_nothing(
    tmp_path: Path, server: DropServer, template: Path, name: str, error: str, lasts: str
) -> None:
    for number in range(1, count_calls(tmp_path / "count", server, template)[name] + 1):
        assert_failed(tmp_path / "house", server, template, f"{name}:error={error}:when={number}{lasts}")


def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path, server: DropServer, template: Path) -> None:
    said = assert_heals(tmp_path / "house", server, template, "rename:error=ENOSPC:when=1+")
    assert said.returncode == 1
    assert "full" in said.stdout.lower() or "space" in said.stdout.lower()


def test_two_sessions_at_once_lose_and_double_nothing(tmp_path: Path, server: DropServer, template: Path) -> None:
    mails = small_ones()
    drop = server.drop = Drop(dict(mails))
    directory = shutil.copytree(template, tmp_path / "house")
    command = [
        sys.executable, "-m", "tests.faults.one_session", str(directory), server.host, str(server.pop3_port)
    ]  # fmt: skip
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(2)]
    for process in running:
        process.wait(60)
    server.drained()
    sessions = Sessions(directory, server)
    with sessions.store() as store:
        assert_promise(drop, mails, store, ACCOUNT)
    assert not isinstance(sessions.run(), MailError)
    with sessions.store() as store:
        assert_settled(drop, mails, store, ACCOUNT, sessions.maildir)
