"""Actions against a real Dovecot, judged by the sha256 of every message that it has afterwards."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.engine import acting_house as acting
from tests.engine.house import ACCOUNT, House
from tests.fakes.scripted import FaultProxy
from tests.servers.dovecot import PLAIN_CAPABILITIES, Dovecot, DovecotUser, available

Houses = Callable[..., House]
WITHOUT_MOVE = PLAIN_CAPABILITIES.replace(" MOVE", "")
WITHOUT_BOTH = WITHOUT_MOVE.replace(" UIDPLUS", "")


@pytest.fixture(scope="module")
def poor_ones(short_directory: Path) -> Iterator[dict[str, Dovecot]]:
    """Servers that hide what others offer."""
    reason = available()
    if reason:
        pytest.skip(reason)
    made = {
        "by_copy": Dovecot.start(short_directory / "bycopy", capabilities=WITHOUT_MOVE),
        "no_uidplus": Dovecot.start(short_directory / "nouidplus", capabilities=WITHOUT_BOTH),
    }
    yield made
    for server in made.values():
        server.stop()


@pytest.fixture(params=["dovecot", "plain_dovecot", "by_copy", "no_uidplus"])
def user(request: pytest.FixtureRequest, poor_ones: dict[str, Dovecot]) -> DovecotUser:
    """A fresh user with the mail that is acted on."""
    server = poor_ones.get(request.param) or request.getfixturevalue(request.param)
    fresh: DovecotUser = server.new_user("act")
    for name in acting.NAMES:
        flags = ["\\Deleted"] if name == "bystander" else []
        fresh.append(acting.letter(name, message_id=name != "copied"), flags=flags)
    fresh.append(acting.letter("resident"), "Other", ["\\Seen"])
    fresh.append(acting.letter("old"), "Old")
    hands = fresh.imap()
    for name in ("Other", "Old"):
        hands.subscribe(name)
    hands.logout()
    return fresh


def house_for(house_of: Houses, user: DovecotUser, port: int | None = None) -> House:
    server = SimpleNamespace(
        host=user.server.host, port=user.server.imap_port, user=user.name, password=user.password
    )
    return house_of(server, port=port)


def contents(user: DovecotUser) -> acting.Contents:
    """By mailbox, those left out that are marked as deleted."""
    return {
        name: Counter(digest for flags, digest in messages.values() if "\\Deleted" not in flags)
        for name, messages in user.state().items()
    }


def check(user: DovecotUser, house: House) -> None:
    acting.check_contents(contents(user))
    bystander = acting.sha(acting.letter("bystander"))
    inbox = user.state()["INBOX"].values()
    assert [flags for flags, digest in inbox if digest == bystander] == [frozenset({"\\Deleted"})]
    here = {
        mailbox: Counter(message_id for flags, message_id in told.values() if "\\deleted" not in flags)
        for mailbox, told in house.state().items()
    }
    assert {mailbox: counted.total() for mailbox, counted in here.items()} == {
        mailbox: counted.total() for mailbox, counted in contents(user).items()
    }
    assert house.store.check() == []


def test_dovecot_does_everything_that_was_wished(user: DovecotUser, house_of: Houses) -> None:
    house = house_for(house_of, user)
    house.sync()
    acting.make_wishes(house)
    assert house.sync() == {ACCOUNT: ""}
    assert acting.waiting(house) == []
    check(user, house)
    assert house.sync() == {ACCOUNT: ""}
    check(user, house)


def cut_at(user: DovecotUser, house_of: Houses, share: float, *, from_server: bool) -> None:
    with FaultProxy(user.server.imap_port) as proxy:
        house = house_for(house_of, user, proxy.port)
        house.sync()
        acting.make_wishes(house)
        at = int(share * (6000 if from_server else 1800))
        proxy.cut_after(**{"server_octets" if from_server else "client_octets": at})
        house.sync()
        proxy.heal()
        assert house.sync() == {ACCOUNT: ""}
        assert acting.waiting(house) == []
        check(user, house)


@pytest.mark.parametrize("from_server", [True, False])
def test_a_cut_session_with_dovecot_is_completed(user: DovecotUser, house_of: Houses, from_server: bool) -> None:
    cut_at(user, house_of, random.Random(user.name).uniform(0.3, 1.0), from_server=from_server)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("share", [number / 100 for number in range(20, 100)])
@pytest.mark.parametrize("from_server", [True, False])
def test_a_session_with_dovecot_cut_in_many_places_is_completed(
    user: DovecotUser, house_of: Houses, from_server: bool, share: float
) -> None:
    cut_at(user, house_of, share, from_server=from_server)


def test_dovecot_renumbers_while_actions_wait(user: DovecotUser, house_of: Houses) -> None:
    house = house_for(house_of, user)
    house.sync()
    acting.make_wishes(house)
    user.server.doveadm("mailbox", "update", "-u", user.name, "--uid-validity", "77", "INBOX")
    house.sync()
    assert house.sync() == {ACCOUNT: ""}
    assert acting.waiting(house) == []
    check(user, house)


def test_mail_that_vanished_from_dovecot_hurts_nobody(user: DovecotUser, house_of: Houses) -> None:
    house = house_for(house_of, user)
    house.sync()
    acting.do(house, acting.move(house, "moved", "Other"), acting.move(house, "flagged", "Other"))
    acting.do(house, acting.copy(house, "copied", "Other"), acting.copy(house, "chained", "Other"))
    for subject in ("moved", "copied"):
        user.doveadm("expunge", "mailbox", "INBOX", "HEADER", "Subject", subject)
    house.sync()
    assert acting.waiting(house) == []
    other = contents(user)["Other"]
    assert other == Counter(acting.sha(acting.letter(name)) for name in ("resident", "flagged", "chained"))
    assert house.sync() == {ACCOUNT: ""}
    assert house.store.check() == []
    assert len(house.state()["Other"]) == 3
