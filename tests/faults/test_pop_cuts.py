"""A POP3 session that is cut, spoiled or silenced anywhere loses, tears and doubles nothing, and the next one heals."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.faults.drop_server import Drop, DropServer
from tests.faults.mails import hard_ones, letter, small_ones
from tests.faults.promise import assert_promise, assert_settled
from tests.faults.runner import ACCOUNT, Sessions
from tuimail.errors import MailError

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


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(8))
def test_a_session_with_a_large_message_cut_anywhere_loses_nothing(
    tmp_path: Path, server: DropServer, part: int
) -> None:
    mails = hard_ones()
    total = server_octets(tmp_path, server, mails)
    # Around the block ends of a reader, and evenly in between.
    points = {*range(0, total, 1499), *(n + d for n in range(0, total, 16384) for d in (-1, 0, 1)), total - 1}
    sweep(tmp_path, server, mails, sorted(point for point in points if 0 <= point < total)[part::8])


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
