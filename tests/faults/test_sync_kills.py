"""`tuimail sync` of a POP3 account, killed at any system call that writes, syncs, renames or sends.

Two kinds of deaths: of the one process that made the call, so that the others go on, start
the engine anew and say how it went; and of the whole program, as when a machine is reset.
Each kill is seen to have happened: the sweep ends with the first number that no run reaches.
Every oracle of `promise` is asked, and what the program said is compared with what is there.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.engine.pop_house import PopHouse
from tests.faults.drop_server import Drop, DropServer
from tests.faults.mails import small_ones
from tests.faults.promise import assert_promise, assert_settled, stored_by_uidl
from tests.faults.runner import ACCOUNT, Sessions
from tuimail.engine.office import Office, engine_runs
from tuimail.engine.protocol import Stop
from tuimail.errors import MailError
from tuimail.paths import Paths

ROOT = Path(__file__).parent.parent.parent
SOURCE = Path(__file__).with_name("dying.c")
MOST_CALLS = 5_000
PARTS = 8
"""Into so many tests the whole sweep is cut."""

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


class Death(NamedTuple):
    """Where somebody dies."""

    at: int
    everybody: bool = False
    name: str = ""
    """Calls of this name are counted, and no others; empty for all."""
    holds: str = ""
    """Calls whose octets hold this are counted, and no others; empty for all."""


class Said(NamedTuple):
    """What became of a run."""

    code: int
    out: str
    err: str
    killed: str
    """The call that killed, as its number, its name and its process; empty when no run got there."""


class Victim:
    """A data directory, a server, and the program between them."""

    def __init__(self, directory: Path, runtime: Path, shim: Path, server: DropServer) -> None:
        self._directory = directory
        self._runtime = runtime
        self._shim = shim
        self.server = server
        self._template = directory / "template"
        PopHouse(self._template, server).close()
        (self._template / "config.toml").chmod(0o600)
        server.drop = Drop()
        assert not isinstance(Sessions(self._template, server).run(), MailError)
        self.house = directory / "house"

    @property
    def paths(self) -> Paths:
        """Of the house, as the program finds them."""
        environ = {"XDG_RUNTIME_DIR": str(self._runtime), "XDG_STATE_HOME": str(self.house / "state"), "HOME": "/"}
        usual = Paths.from_environment(environ)
        return Paths(self.house / "config.toml", self.house / "data", usual.state, usual.runtime)

    def sync(self, death: Death) -> Said:
        """One `tuimail sync` with mail on the server; nothing of it runs any longer afterwards."""
        shutil.rmtree(self.house, ignore_errors=True)
        shutil.copytree(self._template, self.house)
        self.server.drop = Drop(small_ones())
        board, log = self._directory / "board", self._directory / "killed"
        board.write_bytes(bytes(4096))
        log.unlink(missing_ok=True)
        environ = {
            **os.environ, "XDG_RUNTIME_DIR": str(self._runtime), "XDG_STATE_HOME": str(self.house / "state"),
            "PYTHONDONTWRITEBYTECODE": "1", "LD_PRELOAD": str(self._shim), "DYING_BOARD": str(board),
            "DYING_AT": str(death.at), "DYING_NAME": death.name, "DYING_HOLDS": death.holds,
            "DYING_ALL": str(int(death.everybody)), "DYING_LOG": str(log),
        }  # fmt: skip
        options = ["--data-dir", str(self.house / "data"), "--config", str(self.house / "config.toml")]
        done = subprocess.run(
            [sys.executable, "-m", "tuimail", *options, "sync"], cwd=ROOT, env=environ, capture_output=True,
            text=True, timeout=60, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        self._end()
        killed = log.read_text() if log.exists() else ""
        assert (struct.unpack_from("ii", board.read_bytes())[1] == death.at) is bool(killed)
        return Said(done.returncode, done.stdout, done.stderr, killed.strip())

    def _end(self) -> None:
        """Have the engine end that may run still, and wait for it and for the server."""
        if engine_runs(self.paths):
            office = Office.join(self.paths, on_notice=lambda _: None, watch=False, start=False)
            if office.wait_ready(10.0):
                office.send(Stop())
            with subprocess.Popen(["flock", str(self.paths.engine_lock), "true"]) as waiting:
                waiting.wait(30)
            office.close()
        self.server.drained()

    def assert_unharmed(self, said: Said) -> None:
        """Every oracle, and a clean session afterwards."""
        drop, mails = self.server.drop, small_ones()
        sessions = Sessions(self.house, self.server)
        with sessions.store() as store:
            here = set(stored_by_uidl(store, ACCOUNT))
            store.local.open_account(ACCOUNT)
            assert_promise(drop, mails, store, ACCOUNT)
        self._assert_true(said, here)
        healed = sessions.run()
        assert not isinstance(healed, MailError), healed
        with sessions.store() as store:
            assert_promise(drop, mails, store, ACCOUNT)
            assert_settled(drop, mails, store, ACCOUNT, sessions.maildir)
        before = len(drop.heard)
        sessions.run()
        assert not {"RETR", "DELE", "TOP"} & {line.split(" ")[0] for line in drop.heard[before:]}

    def _assert_true(self, said: Said, here: set[bytes]) -> None:
        """O8: what was said is so. A program that was killed says nothing."""
        assert "Traceback" not in said.out + said.err
        if said.code < 0:
            assert said.killed
            return
        lines = (said.out + said.err).strip().splitlines()
        assert lines, "nothing was said"
        assert said.killed or said.code == 0, lines
        if said.code == 0:
            found = re.fullmatch(r"pop: done(?:, (\d+) new messages?)?", lines[0])
            assert found, lines
            assert here == set(small_ones()), "said to be done, and is not"
            assert not self.server.drop.messages, "said to be done, and mail is on the server"
            assert int(found[1] or 0) <= len(here)
        else:
            assert re.match(r"(pop|tuimail): \S.*\.$", lines[0]), lines


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What kills, compiled."""
    file = tmp_path_factory.mktemp("shim") / "dying.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(file), str(SOURCE), "-ldl"], check=True, timeout=60)
    return file


@pytest.fixture
def victim(tmp_path: Path, short_directory: Path, shim: Path) -> Iterator[Callable[[], Victim]]:
    """Makes a victim."""
    servers: list[DropServer] = []

    def make() -> Victim:
        servers.append(DropServer(Drop()))
        runtime = short_directory / "kills"
        runtime.mkdir(mode=0o700, exist_ok=True)
        return Victim(tmp_path, runtime, shim, servers[-1])

    yield make
    for server in servers:
        server.stop()


@pytest.mark.parametrize(
    "death",
    [
        Death(3, name="rename"),
        Death(1, name="send", holds="DELE "),
        Death(1, name="send", holds="QUIT", everybody=True),
    ],
    ids=["rename", "delete", "reset"],
)
def test_a_sync_killed_where_it_counts_loses_nothing(victim: Callable[[], Victim], death: Death) -> None:
    one = victim()
    said = one.sync(death)
    assert said.killed, "the call was never reached"
    one.assert_unharmed(said)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("everybody", [False, True], ids=["one", "all"])
@pytest.mark.parametrize("part", range(PARTS))
def test_a_sync_killed_at_any_system_call_loses_nothing(
    victim: Callable[[], Victim], part: int, everybody: bool
) -> None:
    one = victim()
    killed: Counter[str] = Counter()
    for number in range(1 + part, MOST_CALLS, PARTS):
        said = one.sync(Death(number, everybody=everybody))
        try:
            one.assert_unharmed(said)
        except AssertionError as exc:
            raise AssertionError(f"killed at {said.killed}, said {said.out}{said.err}: {exc}") from exc
        if not said.killed:
            break
        killed[said.killed.split(" ")[1]] += 1
    else:
        pytest.fail("the sweep has no end")
    print(part, everybody, dict(killed))
    assert killed.total() > 10
