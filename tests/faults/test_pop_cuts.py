"""A POP3 session that is cut, spoiled or silenced anywhere loses, tears and doubles nothing, and the next one heals."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.drop_server import Drop, DropServer
from tests.faults.mails import hard_ones, letter, small_ones
from tests.faults.promise import assert_promise, assert_settled
from tests.faults.runner import ACCOUNT, Sessions
from tests.store.posting import files_of
from tuimail.engine.pop.download import Learned
from tuimail.errors import MailError
from tuimail.net.pop.session import PopLimits
from tuimail.store.maildirs.uidls import UidlState

VERBS = ("greeting", "CAPA", "PASS", "STAT", "LIST", "UIDL", "TOP", "RETR", "DELE", "QUIT")
FAULTS = ("err", "garbage", "close", "reset", "silence", b"+OK\r\n", b"")
PARTS = 24
"""Into so many tests the whole sweep is cut."""


@pytest.fixture
def server() -> Iterator[DropServer]:
    """With an empty drop."""
    server = DropServer(Drop())
    yield server
    server.stop()


def server_octets(directory: Path, server: DropServer, mails: dict[bytes, bytes]) -> int:
    """How many octets a server sends in an undisturbed session."""
    server.drop = Drop(dict(mails))
    assert not isinstance(Sessions(directory / "measure", server).run(), MailError)
    return server.drop.sent


def assert_survives(directory: Path, server: DropServer, mails: dict[bytes, bytes], drop: Drop) -> None:
    """One disturbed session, then a clean one, then one that has nothing to do."""
    shutil.rmtree(directory, ignore_errors=True)
    server.drop = drop
    sessions = Sessions(directory, server)
    sessions.run()
    with sessions.store() as store:
        assert_promise(drop, mails, store, ACCOUNT)
    drop.faults.clear()
    drop.cut_after = None
    sessions.limits = PopLimits()  # nobody is silent any more, however slow the machine is
    said = sessions.run()
    assert not isinstance(said, MailError), said
    with sessions.store() as store:
        assert_promise(drop, mails, store, ACCOUNT)
        assert_settled(drop, mails, store, ACCOUNT, sessions.maildir)
    before = len(drop.heard)
    sessions.run()
    assert not {"RETR", "DELE", "TOP"} & {line.split(" ")[0] for line in drop.heard[before:]}


def sweep(directory: Path, server: DropServer, mails: dict[bytes, bytes], points: Iterable[int]) -> None:
    """Cut after each of these octets."""
    for point in points:
        try:
            assert_survives(directory / "cut", server, mails, Drop(dict(mails), cut_after=point))
        except AssertionError as exc:
            raise AssertionError(f"cut after {point} octets: {exc}") from exc


def test_a_session_cut_at_some_octets_loses_nothing(tmp_path: Path, server: DropServer) -> None:
    mails = small_ones()
    total = server_octets(tmp_path, server, mails)
    sweep(tmp_path, server, mails, [*range(0, total, total // 30), total - 1])


def test_a_session_cut_around_the_ends_of_lines_loses_nothing(tmp_path: Path, server: DropServer) -> None:
    mails = {b"dots": letter(2, b".\r\n..\r\n.a\r\n.\r\n"), b"one": letter(1)}
    total = server_octets(tmp_path, server, mails)
    sweep(tmp_path, server, mails, range(total - 60, total))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_session_cut_at_any_octet_loses_nothing(tmp_path: Path, server: DropServer, part: int) -> None:
    mails = small_ones()
    sweep(tmp_path, server, mails, range(part, server_octets(tmp_path, server, mails), PARTS))


class CutAgain:
    """One data directory that sees one cut session after another, for as long as none leaves anything in it."""

    def __init__(self, directory: Path, server: DropServer, mails: dict[bytes, bytes]) -> None:
        self._directory = directory
        self._server = server
        self._mails = mails
        self._sessions = Sessions(directory, server)
        shutil.rmtree(directory, ignore_errors=True)
        server.drop = Drop()
        assert not isinstance(self._sessions.run(), MailError)
        self._store = self._sessions.store()

    def cut(self, point: int) -> bool:
        """One session, cut after so many octets; False when it left something, here or on the server."""
        drop = self._server.drop = Drop(dict(self._mails), cut_after=point)
        self._sessions.learned = Learned()
        said = self._sessions.session_with(self._store)
        rows = self._store.local.uidls.all(ACCOUNT).values()
        return (
            isinstance(said, MailError)
            and drop.messages == self._mails
            and all(row.state is UidlState.LISTED for row in rows)
            and not any(files_of(self._sessions.maildir / ACCOUNT))
        )

    def heal(self) -> None:
        """After all these sessions, a clean one."""
        drop = self._server.drop = Drop(dict(self._mails))
        self.close()
        said = self._sessions.run()
        assert not isinstance(said, MailError), said
        with self._sessions.store() as store:
            assert_promise(drop, self._mails, store, ACCOUNT)
            assert_settled(drop, self._mails, store, ACCOUNT, self._sessions.maildir)

    def close(self) -> None:
        """Give the store up."""
        self._store.close()


def sweep_fast(directory: Path, server: DropServer, mails: dict[bytes, bytes], points: Sequence[int]) -> int:
    """As `sweep` over rising points; how many left nothing: these share a directory, five hundred at a time."""
    fast = 0
    while fast < len(points):
        house = CutAgain(directory / "again", server, mails)
        untouched = 0
        for point in points[fast : fast + 500]:
            if not house.cut(point):
                break
            untouched += 1
        fast += untouched
        if untouched < 500:
            house.close()
            break
        house.heal()
    sweep(directory, server, mails, points[fast:])
    return fast


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory, where there is one: a sync of nothing costs nothing there."""
    place = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(prefix="tuimail", dir=place if os.access(place, os.W_OK) else None))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def test_a_session_with_a_large_message_cut_at_some_octets_loses_nothing(memory: Path, server: DropServer) -> None:
    mails = hard_ones()
    total = server_octets(memory, server, mails)
    points = [*range(0, total, 3511), total - 1]
    assert 50 < sweep_fast(memory, server, mails, points) < len(points)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_session_with_a_large_message_cut_at_any_octet_loses_nothing(
    memory: Path, server: DropServer, part: int
) -> None:
    mails = hard_ones()
    points = range(part, server_octets(memory, server, mails), PARTS)
    assert sweep_fast(memory, server, mails, points) > 8_000


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_session_spoiled_at_a_command_loses_nothing(
    tmp_path: Path, server: DropServer, verb: str, fault: str | bytes
) -> None:
    mails = small_ones()
    assert_survives(tmp_path / "spoiled", server, mails, Drop(dict(mails), faults={verb: fault}))


@pytest.mark.parametrize("fault", ["close:once", "garbage:once", "reset:once", "err:once"])
def test_a_session_spoiled_at_the_first_message_brings_the_others_next_time(
    tmp_path: Path, server: DropServer, fault: str
) -> None:
    mails = small_ones()
    assert_survives(tmp_path / "spoiled", server, mails, Drop(dict(mails), faults={"RETR": fault}))
