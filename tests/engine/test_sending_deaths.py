"""kill -9 at every commit of a send, and a line cut at every octet: nothing is lost, nothing goes out twice unasked."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.engine.conftest import Demo
from tests.engine.sending_house import SendingHouse, letter
from tests.fakes.scripted import FaultProxy
from tuimail.demo.imap import capabilities
from tuimail.demo.smtp import Submission
from tuimail.engine.inprocess import InProcessOffice
from tuimail.engine.send import sender
from tuimail.model import OutboxId, OutState
from tuimail.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 2


@pytest.fixture
def demo() -> Iterator[Demo]:
    server = Demo.start(capabilities=capabilities.FULL, samples=False)
    yield server
    server.stop()


def taken(demo: Demo, name: str) -> list[bytes]:
    """What the server took, of messages whose names begin so."""
    return [one.raw for one in demo.sink.sent if f"<{name}".encode() in one.raw]


def in_sent(demo: Demo, name: str) -> list[bytes]:
    return [one.raw for one in demo.store.mailbox("Sent").messages if f"<{name}".encode() in one.raw]


def decide(house: SendingHouse, demo: Demo, ids: list[OutboxId]) -> int:
    """A person who knows says what happened to those of which nobody knows; how many there were."""
    unknown = [one for one in ids if house.is_in(one, OutState.UNKNOWN)]
    for one in unknown:
        was_sent = letter(house.item(one).subject) in taken(demo, "")
        assert house.store.outbox.resolve(one, sent=was_sent, at=int(time.time()))
    return len(unknown)


def agree(house: SendingHouse, demo: Demo, ids: list[OutboxId], name: str) -> None:
    """Everything was sent exactly once, and is in Sent exactly once."""
    wanted = sorted(letter(house.item(one).subject) for one in ids)
    assert sorted(taken(demo, name)) == wanted
    assert all(house.is_in(one, OutState.FILED) for one in ids), [house.item(one) for one in ids]
    assert sorted(in_sent(demo, name)) == wanted
    assert house.store.check() == []


def dies_at(directory: Path, demo: Demo, step: int) -> bool:
    """Send two messages by an engine that is killed at a commit, then by one that is not; whether it was killed."""
    house = SendingHouse(directory, demo, smtp_port=demo.smtp_port)
    try:
        house.sync()
        ids = [house.queue(f"step{step}.{number}") for number in range(MESSAGES)]
        command = [sys.executable, "-m", "tests.engine.sending_dying", str(directory), str(step)]
        code = subprocess.run(command, cwd=ROOT, timeout=90, check=False).returncode
        assert code in {0, -signal.SIGKILL}
        first = taken(demo, f"step{step}.")
        assert len(first) == len(set(first))
        house.sync()
        again = taken(demo, f"step{step}.")
        assert len(again) == len(set(again)), "sent twice without a yes"
        assert decide(house, demo, ids) <= 1
        house.sync()
        house.sync()
        agree(house, demo, ids, f"step{step}.")
        return code != 0
    finally:
        house.close()


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_a_death_at_a_commit_of_a_send_loses_and_doubles_nothing(tmp_path: Path, demo: Demo, step: int) -> None:
    assert dies_at(tmp_path / "house", demo, step), "it was not killed"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_death_at_every_commit_of_a_send_loses_and_doubles_nothing(tmp_path: Path, demo: Demo) -> None:
    step = 1
    while dies_at(tmp_path / f"house{step}", demo, step):
        step += 1
    assert step > 4 * MESSAGES, "SENDING, ending, SENT and the copy are commits of their own"


def dies_with_one_put_off(directory: Path, demo: Demo, step: int) -> bool:
    """As `dies_at`, for a message that the server takes for one recipient only, and a second try of the other."""
    late, name = f"late{step}@x.example", f"partly{step}"
    demo.sink.refused_recipients = {late: "450 4.2.0 come back later"}
    house = SendingHouse(directory, demo, smtp_port=demo.smtp_port)
    try:
        house.sync()
        house.queue(name, recipients=("grace@navy.example", late))
        command = [sys.executable, "-m", "tests.engine.sending_dying", str(directory), str(step)]
        codes = [subprocess.run(command, cwd=ROOT, timeout=90, check=False).returncode]
        house.sync()
        demo.sink.refused_recipients = {}
        for item in house.store.outbox.all():
            house.store.outbox.send_now(item.id, at=int(time.time()))
        codes.append(subprocess.run(command, cwd=ROOT, timeout=90, check=False).returncode)
        for _ in range(3):
            house.sync()
            for item in house.store.outbox.all():
                if item.state is OutState.UNKNOWN:
                    was_sent = set(item.recipients) & {who for one in of(demo, name) for who in one.recipients}
                    assert house.store.outbox.resolve(item.id, sent=bool(was_sent), at=int(time.time()))
        assert sorted(who for one in of(demo, name) for who in one.recipients) == ["grace@navy.example", late]
        assert house.store.outbox.all() == []
        assert len(in_sent(demo, name)) == 1
        assert house.store.check() == []
        return any(code != 0 for code in codes)
    finally:
        house.close()


def of(demo: Demo, name: str) -> list[Submission]:
    return [one for one in demo.sink.sent if f"<{name}@".encode() in one.raw]


@pytest.mark.parametrize("step", [2, 3])
def test_a_death_while_some_are_put_off_reaches_each_recipient_once(tmp_path: Path, demo: Demo, step: int) -> None:
    assert dies_with_one_put_off(tmp_path / "house", demo, step), "it was not killed"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_death_at_every_commit_while_some_are_put_off_reaches_each_once(tmp_path: Path, demo: Demo) -> None:
    step = 1
    while dies_with_one_put_off(tmp_path / f"house{step}", demo, step):
        step += 1
    assert step > 5


# --- a full disk ---


@pytest.fixture
def full_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], Callable[[], bool]]:
    """Has the disk be full at commits of the sender, from the nth on, for some tries; answers whether it was."""
    monkeypatch.setattr(sender, "STORE_TROUBLE_S", 0.01)
    execute = Database._execute
    state = {"left": 0, "fail": 0, "failed": 0}
    lock = threading.Lock()

    def filling(self: Database, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        if sql == "COMMIT" and threading.current_thread().name.startswith("sender "):
            with lock:
                state["left"] -= 1
                if state["left"] < 0 < state["fail"]:
                    state["fail"] -= 1
                    state["failed"] += 1
                    raise sqlite3.OperationalError("database or disk is full")
        return execute(self, sql, values)

    monkeypatch.setattr(Database, "_execute", filling)

    def begin(number: int, times: int) -> Callable[[], bool]:
        state.update(left=number, fail=times, failed=0)
        return lambda: state["failed"] > 0

    return begin


@pytest.mark.parametrize("times", [1, 3])
def test_a_disk_that_is_full_at_any_commit_of_a_send_loses_and_doubles_nothing(
    tmp_path: Path, demo: Demo, full_at: Callable[[int, int], Callable[[], bool]], times: int
) -> None:
    house = SendingHouse(tmp_path / "house", demo, smtp_port=demo.smtp_port)
    try:
        house.sync()
        number, was_full = 0, True
        while was_full:
            name = f"full{times}.{number}."
            outbox_id = house.queue(name)
            failed = full_at(number, times)
            with house.office(watch=False) as office:
                for _ in range(times + 3):
                    office.wait_sync(timeout_s=60)
            was_full = failed()
            full_at(0, 0)
            house.sync()
            assert not house.is_in(outbox_id, OutState.UNKNOWN), "the engine lives, and knows what was answered"
            agree(house, demo, [outbox_id], name)
            number += 1
        assert number > 4, "SENDING, ending, SENT and the copy are commits of their own"
    finally:
        house.close()


# --- cuts ---------------------------------------------------------------------------


def octets_of_a_session(house: SendingHouse, office: InProcessOffice, proxy: FaultProxy) -> tuple[int, int]:
    """How many octets one message takes, from the client and from the server."""
    before = proxy.to_server_octets, proxy.to_client_octets
    house.queue("measured")
    office.wait_sync(timeout_s=60)
    return proxy.to_server_octets - before[0], proxy.to_client_octets - before[1]


def check_cuts(tmp_path: Path, demo: Demo, choose: Callable[[range], list[int]]) -> None:
    with FaultProxy(demo.smtp_port, verb_at=0) as proxy:
        house = SendingHouse(tmp_path / "house", demo, smtp_port=proxy.port)
        try:
            with house.office(watch=False) as office:
                office.wait_sync(timeout_s=60)
            with house.office(watch=False) as office:
                sent, heard = octets_of_a_session(house, office, proxy)
            was_cut = [check_cut(house, demo, proxy, f"client{at}", client_octets=at) for at in choose(range(sent))]
            was_cut += [check_cut(house, demo, proxy, f"server{at}", server_octets=at) for at in choose(range(heard))]
            assert was_cut.count(False) <= 4, "sessions differ by the length of a name or a number, no more"
        finally:
            house.close()


def check_cut(house: SendingHouse, demo: Demo, proxy: FaultProxy, name: str, **cut: int) -> bool:
    """One message over a line that is cut once; whether it was."""
    outbox_id = house.queue(name)
    with house.office(watch=False) as office:
        proxy.cut_after(**cut)
        office.wait_sync(timeout_s=60)
        was_cut = proxy.was_cut.is_set()
        proxy.heal()
        assert len(taken(demo, f"{name}@")) <= 1
        if house.is_in(outbox_id, OutState.QUEUED):
            assert taken(demo, f"{name}@") == [], f"{name}: it was taken, and would be sent again"
        office.wait_sync(timeout_s=60)
        assert len(taken(demo, f"{name}@")) <= 1, f"{name}: sent twice without a yes"
        decide(house, demo, [outbox_id])
        office.wait_sync(timeout_s=60)
        assert taken(demo, f"{name}@") == [letter(name)], name
        assert house.is_in(outbox_id, OutState.SENT, OutState.FILED), name
        return was_cut


def test_a_line_that_is_cut_anywhere_loses_and_doubles_nothing(tmp_path: Path, demo: Demo) -> None:
    def some(octets: range) -> list[int]:
        ends = list(octets)[-12::3]
        return [*sorted(random.Random(5).sample(octets[:-12], 6)), *ends]

    check_cuts(tmp_path, demo, some)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_line_that_is_cut_at_any_octet_loses_and_doubles_nothing(tmp_path: Path, demo: Demo) -> None:
    check_cuts(tmp_path, demo, list)
