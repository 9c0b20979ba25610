"""POP3 through the real program: `tuimail sync` with an engine process of its own, and what it leaves to be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pop_house import ACCOUNT, PopHouse
from tests.faults.drop_server import Drop, DropServer, arrived
from tests.faults.mails import small_ones
from tests.faults.promise import assert_settled

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def runtime(short_directory: Path) -> Path:
    """Where the engine's socket lies: unix sockets allow 107 octets, and pytest's directories take most of them."""
    directory = short_directory / "pop"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


@pytest.fixture
def house(tmp_path: Path) -> Iterator[PopHouse]:
    """On a server with a few messages."""
    server = DropServer(Drop(small_ones()))
    made = PopHouse(tmp_path / "house", server)
    made.paths.config_file.chmod(0o600)
    yield made
    made.close()
    server.stop()


def tuimail(house: PopHouse, runtime: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    options = ["--data-dir", str(house.paths.data), "--config", str(house.paths.config_file)]
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    return subprocess.run(
        [sys.executable, "-m", "tuimail", *options, *words], cwd=ROOT, env=environ, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip


def test_a_sync_downloads_everything_and_it_can_be_read_and_flagged(house: PopHouse, runtime: Path) -> None:
    said = tuimail(house, runtime, "sync")
    assert said.returncode == 0, said.stderr
    assert isinstance(house.server, DropServer)
    house.server.drained()
    assert_settled(house.server.drop, small_ones(), house.store, ACCOUNT, house.paths.maildir)
    listed = json.loads(tuimail(house, runtime, "list", "--json").stdout)
    dots = next(message["id"] for message in listed if message["subject"] == "Letter 2")
    shown = json.loads(tuimail(house, runtime, "show", str(dots), "--raw", "--json").stdout)
    (message,) = shown if isinstance(shown, list) else [shown]
    assert message["raw"].encode("latin-1") == arrived(small_ones()[b"dots"])
    assert "end" in tuimail(house, runtime, "show", str(dots)).stdout
    assert tuimail(house, runtime, "flag", str(dots), "+flagged").returncode == 0
    assert tuimail(house, runtime, "sync").returncode == 0
    assert sum(file.name.endswith(":2,F") for file in house.files()) == 1
