"""Moves, copies, removals, filing and mailboxes reach the server, in each of its disguises."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.engine import acting_house as acting
from tests.engine.conftest import KINDS, Demo
from tests.engine.house import ACCOUNT, House
from tuimail.actions import Move
from tuimail.demo.imap import capabilities
from tuimail.engine.protocol import ActionRefused, PendingChanged, TreeChanged, Wake
from tuimail.model import EnvelopeId

Houses = Callable[..., House]
ALL_KINDS = {**KINDS, "gmail": capabilities.GMAIL}


@pytest.fixture(params=["full", "condstore", "outlook", "gmail", "bare"])
def small(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """A server with the mail that is acted on, in each of its disguises."""
    server = Demo.start(samples=False, capabilities=ALL_KINDS[request.param])
    acting.fill(server)
    yield server
    server.stop()


@pytest.fixture
def plain() -> Iterator[Demo]:
    """The same with all it can do."""
    server = Demo.start(samples=False)
    acting.fill(server)
    yield server
    server.stop()


def test_everything_that_was_wished_offline_is_done_by_one_sync(small: Demo, house_of: Houses) -> None:
    house = house_of(small)
    house.sync()
    acting.make_wishes(house)
    assert house.sync() == {ACCOUNT: ""}
    assert acting.waiting(house) == []
    assert house.ears.all(ActionRefused) == [] or "UIDPLUS" not in small.capabilities
    acting.check_done(small)
    acting.check_agreed(house, small, hides_deleted="UIDPLUS" not in small.capabilities)
    assert house.sync() == {ACCOUNT: ""}
    acting.check_agreed(house, small, hides_deleted="UIDPLUS" not in small.capabilities)


def test_everything_is_done_soon_while_somebody_watches(small: Demo, house_of: Houses) -> None:
    house = house_of(small)
    house.sync()
    with house.office() as office:
        acting.make_wishes(house)
        since = house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: not acting.waiting(house))
        house.ears.wait_for(PendingChanged, since=since)
        house.ears.wait_for(TreeChanged, since=since)
    acting.check_done(small)


def test_a_moved_message_keeps_its_row(small: Demo, house_of: Houses) -> None:
    house = house_of(small)
    house.sync()
    before = house.with_subject("moved")
    acting.do(house, acting.move(house, "moved", "Other"))
    assert house.with_subject("moved", "Other") == before
    house.sync()
    assert house.with_subject("moved", "Other") == before
    envelope = house.store.envelopes.envelope(before)
    assert envelope is not None
    assert envelope.uid is not None


def test_undone_after_the_server_did_it_everything_is_as_it_was(small: Demo, house_of: Houses) -> None:
    house = house_of(small)
    house.sync()
    before = acting.contents(small.store)
    acting.do(house, acting.move(house, "moved", "Other"))
    house.sync()
    assert acting.contents(small.store) != before
    assert house.store.deeds.undo(at=2) is not None
    assert house.sync() == {ACCOUNT: ""}
    assert acting.contents(small.store) == before
    acting.check_agreed(house, small, hides_deleted="UIDPLUS" not in small.capabilities)


def test_many_moves_are_bounded_commands(plain: Demo, house_of: Houses) -> None:
    for number in range(2400):
        plain.deliver(acting.letter(f"n{number}"))
    house = house_of(plain)
    house.sync()
    rows = house.store.envelopes.window(house.mailbox().id, 0, 2400).rows[::2]
    to = house.mailbox("Other").id
    moves = [Move(ACCOUNT, acting.target(house, EnvelopeId(row.id)), to) for row in rows]
    acting.do(house, *moves)
    before = len(plain.log)
    assert house.sync() == {ACCOUNT: ""}
    told = [line for line in plain.log[before:] if line.startswith("UID MOVE")]
    assert len(told) == 3
    assert all(len(line) < 7500 for line in told)
    assert len([line for line in plain.log[before:] if line.startswith("STATUS")]) <= 6
    assert len(plain.store.mailbox("Other").messages) == 1201
    acting.check_agreed(house, plain)
