"""An engine that tells actions is killed at any of its commits: nothing is lost or doubled, and one sync heals it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import acting_house as acting
from tests.engine.conftest import KINDS, Demo
from tests.engine.house import ACCOUNT, House

ROOT = Path(__file__).parent.parent.parent
SERVERS = {
    "full": KINDS["full"],
    "by_copy": KINDS["full"] - {"MOVE"},
    "bare": KINDS["bare"],
}


def engine(directory: Path, number: int, moment: str) -> subprocess.CompletedProcess[str]:
    """One sync in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.one_acting_session", str(directory), str(number), moment],
        cwd=ROOT, capture_output=True, text=True, timeout=90,
    )


@pytest.fixture(params=list(SERVERS))
def kind(request: pytest.FixtureRequest) -> frozenset[str]:
    """What the server can do."""
    return SERVERS[request.param]


def check_kill(directory: Path, kind: frozenset[str], number: int, moment: str) -> int | None:
    """Kill the engine at a commit, then let one sync end; how many commits there were, None when it was killed."""
    shutil.rmtree(directory, ignore_errors=True)
    with Demo.start(samples=False, capabilities=kind) as server:
        acting.fill(server)
        house = House(directory, server)
        try:
            house.sync()
            acting.make_wishes(house)
            said = engine(directory, number, moment)
            assert said.returncode in (0, -9), said.stderr
            assert house.store.check() == []
            acting.check_harmless(server, midway="MOVE" not in kind)
            assert house.sync() == {ACCOUNT: ""}
            assert acting.waiting(house) == []
            acting.check_done(server)
            acting.check_agreed(house, server, hides_deleted="UIDPLUS" not in kind)
            return int(said.stdout) if said.returncode == 0 else None
        finally:
            house.close()


def commits(directory: Path, kind: frozenset[str]) -> int:
    """Of a session that nothing disturbs."""
    counted = check_kill(directory, kind, 0, "after")
    assert counted is not None
    assert counted > 20
    return counted


def test_a_kill_at_some_commits_loses_and_doubles_nothing(tmp_path: Path, kind: frozenset[str]) -> None:
    counted = commits(tmp_path / "house", kind)
    for number, moment in ((counted // 4, "before"), (counted // 3, "after"), (counted // 2, "before")):
        assert check_kill(tmp_path / "house", kind, number, moment) is None


def every(counted: int) -> Iterator[tuple[int, str]]:
    return ((number, moment) for number in range(1, counted + 1) for moment in ("before", "after"))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_kill_at_any_commit_loses_and_doubles_nothing(tmp_path: Path, kind: frozenset[str]) -> None:
    for number, moment in every(commits(tmp_path / "house", kind)):
        check_kill(tmp_path / "house", kind, number, moment)
