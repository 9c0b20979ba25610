"""The engine's real process, from start to end."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, PATIENCE_S, Ears, House, server_state
from tuimail.engine import protocol
from tuimail.engine.link import spawn
from tuimail.engine.office import Office, engine_runs
from tuimail.engine.protocol import EngineChanged, PartArrived, Want, encode
from tuimail.errors import EngineGone

Houses = Callable[..., House]


@contextmanager
def joined(house: House, ears: Ears | None = None, *, watch: bool = True, start: bool = True) -> Iterator[Office]:
    office = Office.join(house.paths, on_notice=ears or house.ears, watch=watch, start=start)
    try:
        yield office
    finally:
        office.close()


def wait_for_end(house: House) -> None:
    """Wait until no engine holds the lock."""
    house.ears.wait_until(lambda: not engine_runs(house.paths))


@pytest.fixture
def house(full: Demo, house_of: Houses) -> Iterator[House]:
    """A house whose engine's process is gone at the end."""
    made = house_of(full)
    yield made
    with joined(made, start=False) as office:
        if engine_runs(made.paths) and office.wait_ready(PATIENCE_S):
            office.send(protocol.Stop())
            made.ears.wait_until(lambda: not engine_runs(made.paths))


def test_an_engine_is_started_syncs_and_serves_a_body(house: House, full: Demo) -> None:
    with joined(house) as office:
        assert office.wait_sync(timeout_s=PATIENCE_S) == {ACCOUNT: ""}
        assert house.state() == server_state(full)
        office.send(Want(house.newest()))
        house.ears.wait_for(PartArrived)
        assert office.engine_pid not in (0, os.getpid())


def test_socket_log_and_lock_are_for_the_owner_only(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        for file in (house.paths.engine_socket, house.paths.engine_lock, house.paths.log_file):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        assert stat.S_IMODE(house.paths.runtime.stat().st_mode) == 0o700


def test_two_clients_share_one_engine(house: House) -> None:
    ears = Ears()
    with joined(house) as first, joined(house, ears) as second:
        assert first.wait_ready(PATIENCE_S)
        assert second.wait_ready(PATIENCE_S)
        assert first.engine_pid == second.engine_pid
        assert second.wait_sync(timeout_s=PATIENCE_S) == {ACCOUNT: ""}
        first.wait_sync(timeout_s=PATIENCE_S)


def test_many_clients_at_once_start_only_one_engine(house: House) -> None:
    offices = [Office.join(house.paths, on_notice=Ears()) for _ in range(6)]
    try:
        assert all(office.wait_ready(PATIENCE_S) for office in offices)
        assert len({office.engine_pid for office in offices}) == 1
    finally:
        for office in offices:
            office.close()


def test_an_engine_that_is_just_starting_is_waited_for(house: House) -> None:
    house.paths.make()
    pid = spawn.spawn(house.paths)
    house.ears.wait_until(lambda: engine_runs(house.paths))
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        assert office.engine_pid == pid


def test_a_killed_engine_is_started_again_and_what_was_asked_is_done(house: House, full: Demo) -> None:
    with joined(house) as office:
        office.wait_sync(timeout_s=PATIENCE_S)
        killed = office.engine_pid
        os.kill(killed, signal.SIGKILL)
        house.ears.wait_for(EngineChanged, lambda told: not told.alive)
        full.deliver(b"Subject: later\r\nMessage-ID: <later@x>\r\n\r\nx\r\n")
        assert office.wait_sync(timeout_s=PATIENCE_S) == {ACCOUNT: ""}
        assert office.engine_pid != killed
        assert house.with_subject("later")


def test_the_engine_ends_when_its_last_client_left(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
    wait_for_end(house)
    assert not house.paths.engine_socket.exists()


def test_the_engine_ends_when_its_data_directory_vanished(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        pid = office.engine_pid
        house.paths.engine_lock.unlink()
        house.ears.wait_for(EngineChanged, lambda told: not told.alive)
        office.wait_ready(PATIENCE_S)
        assert office.engine_pid != pid


def test_a_client_with_a_newer_vocabulary_replaces_an_older_engine(
    house: House,
) -> None:
    with joined(house) as old:
        assert old.wait_ready(PATIENCE_S)
        old_pid = old.engine_pid
    newer = protocol.PROTOCOL_VERSION + 1
    grown = f"import tuimail.engine.protocol as p; p.PROTOCOL_VERSION = {newer}; from tuimail.engine.process"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("tuimail.engine.office.PROTOCOL_VERSION", newer)
        monkeypatch.setattr(spawn, "_TRAMPOLINE", spawn._TRAMPOLINE.replace("from tuimail.engine.process", grown))
        with joined(house) as office:
            assert office.wait_ready(PATIENCE_S)
            assert office.engine_pid != old_pid
        wait_for_end(house)


def test_a_client_with_an_older_vocabulary_says_so(house: House) -> None:
    with joined(house) as office, pytest.MonkeyPatch.context() as monkeypatch:
        assert office.wait_ready(PATIENCE_S)
        monkeypatch.setattr("tuimail.engine.office.PROTOCOL_VERSION", protocol.PROTOCOL_VERSION - 1)
        ears = Ears()
        with joined(house, ears) as older:
            told = ears.wait_for(EngineChanged, lambda told: not told.alive)
            assert "newer tuimail" in told.sentence
            assert not older.alive


def test_a_lock_left_by_a_dead_process_blocks_nobody(house: House) -> None:
    house.paths.engine_lock.write_bytes(b"")
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(str(house.paths.engine_socket))
    stale.close()
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)


def test_who_only_looks_starts_no_engine(house: House) -> None:
    with joined(house, start=False) as office:
        office.send(protocol.Wake())
        house.ears.wait_for(EngineChanged, lambda told: not told.alive)
        assert not engine_runs(house.paths)
        assert not house.paths.engine_lock.exists()


def test_an_engine_that_cannot_start_is_told_in_a_sentence(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn, "_TRAMPOLINE", "raise SystemExit(1)")
    monkeypatch.setattr("tuimail.engine.office.START_DEADLINE_S", 0.3)
    with joined(house) as office:
        house.ears.wait_for(EngineChanged, lambda told: "does not start" in told.sentence)
        with pytest.raises(EngineGone, match="does not start"):
            office.wait_sync(timeout_s=1)


def test_garbage_on_the_socket_ends_that_client_only(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
            stranger.settimeout(PATIENCE_S)
            stranger.connect(str(house.paths.engine_socket))
            stranger.sendall(encode(protocol.Hello()) + b'{"word":"Format","disk":"c"}\n')
            while stranger.recv(4096):
                pass
        assert office.wait_sync(timeout_s=PATIENCE_S) == {ACCOUNT: ""}


def test_a_removed_socket_is_bound_again(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        house.paths.engine_socket.unlink()
        house.ears.wait_until(house.paths.engine_socket.exists)
        with joined(house, Ears(), start=False) as other:
            assert other.wait_ready(PATIENCE_S)
            assert other.engine_pid == office.engine_pid


def test_sending_never_waits_for_the_engine(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        os.kill(office.engine_pid, signal.SIGSTOP)
        try:
            def send_much() -> None:
                for _ in range(5000):
                    office.send(protocol.Wake("x" * 1000))

            sender = threading.Thread(target=send_much, daemon=True)
            sender.start()
            sender.join(PATIENCE_S)
            assert not sender.is_alive()
        finally:
            os.kill(office.engine_pid, signal.SIGCONT)


def test_the_lock_is_held_while_the_engine_lives(house: House) -> None:
    with joined(house) as office:
        assert office.wait_ready(PATIENCE_S)
        with house.paths.engine_lock.open("rb") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_directory_that_cannot_be_written_is_told_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = house.directory / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(house, "paths", replace(house.paths, data=blocked / "data", runtime=blocked / "run"))
    monkeypatch.setattr("tuimail.engine.office.START_DEADLINE_S", 1000.0)
    with joined(house) as office, pytest.raises(EngineGone, match="cannot be made or written"):
        office.wait_sync()
