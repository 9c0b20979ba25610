"""News that the server tells by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House, MailServer, server_state
from tests.engine.test_flags import wish
from tuimail.engine.protocol import MailboxChanged, NewMail, PartArrived, Show, StatusChanged, TreeChanged, Wake, Want
from tuimail.model import AccountStatus, Flag

Houses = Callable[..., House]


def online(house: House) -> bool:
    account = house.store.accounts.get(ACCOUNT)
    return account is not None and account.status is AccountStatus.ONLINE


def count(text: str, log: list[str]) -> int:
    return sum(text in line for line in log)


def idling(demo: Demo) -> Callable[[], bool]:
    """Whether the engine waits for news, told by its commands."""
    return lambda: bool(demo.log) and "IDLE" in demo.log[-1].upper()


@pytest.fixture(params=["full", "outlook"])
def pushing(request: pytest.FixtureRequest) -> Demo:
    """A server that tells news by itself."""
    demo: Demo = request.getfixturevalue(request.param)
    return demo


def test_new_mail_is_here_without_asking(pushing: Demo, house_of: Houses) -> None:
    house = house_of(pushing)
    with house.office():
        house.ears.wait_until(lambda: online(house) and idling(pushing)())
        pushing.deliver(b"Subject: pushed\r\nMessage-ID: <pushed@x>\r\n\r\nx\r\n")
        told = house.ears.wait_for(NewMail)
        assert (told.account, told.mailbox_id, told.count) == (ACCOUNT, house.mailbox().id, 1)
        assert house.with_subject("pushed")


def test_flags_and_expunges_of_others_are_seen_while_watching(pushing: Demo, house_of: Houses) -> None:
    house = house_of(pushing)
    with house.office():
        house.ears.wait_until(lambda: online(house) and idling(pushing)())
        inbox = pushing.store.mailbox("INBOX")
        inbox.set_flags(inbox.messages[-1], ["\\Flagged", "\\Seen"])
        inbox.expunge([inbox.messages[0].uid, inbox.messages[4].uid])
        wanted = server_state(pushing)["INBOX"]
        house.ears.wait_until(lambda: house.state()["INBOX"] == wanted)
        assert house.store.check() == []


def test_the_mailbox_on_the_screen_is_watched(pushing: Demo, house_of: Houses) -> None:
    house = house_of(pushing)
    with house.office() as office:
        house.ears.wait_until(lambda: online(house) and idling(pushing)())
        sent = house.mailbox("Sent")
        before = len(pushing.log)
        house.ask(office, Show(sent.id))
        house.ears.wait_until(lambda: count("SELECT", pushing.log[before:]) > 0 and idling(pushing)())
        pushing.deliver(b"Subject: copy\r\nMessage-ID: <copy@x>\r\n\r\nx\r\n", "Sent", ["\\Seen"])
        house.ears.wait_until(lambda: "<copy@x>" in {subject for _, subject in house.state()["Sent"].values()})


def test_mail_in_a_mailbox_that_is_not_open_is_told_by_notify(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    with house.office():
        house.ears.wait_until(lambda: online(house) and idling(full)())
        full.deliver(b"Subject: filed\r\nMessage-ID: <filed@x>\r\n\r\nx\r\n", "Archive")
        house.ears.wait_for(NewMail, lambda told: told.mailbox_id == house.mailbox("Archive").id)


def test_a_new_mailbox_is_in_the_tree_by_notify(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    with house.office():
        house.ears.wait_until(lambda: online(house) and idling(full)())
        since = len(house.ears.heard)
        full.store.create("Planted").append(b"Subject: x\r\n\r\n")
        house.ears.wait_for(TreeChanged, since=since)
        house.ears.wait_until(lambda: house.mailbox("Planted").total == 1)


def test_nothing_is_said_while_nothing_happens(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.sync()
    with house.office():
        house.ears.wait_until(lambda: online(house) and idling(full)())
        assert not house.ears.all(NewMail)
        changed = [told for told in house.ears.heard if not isinstance(told, StatusChanged | TreeChanged)]
        assert len([told for told in changed if isinstance(told, MailboxChanged)]) < 40


def test_new_mail_comes_by_push_from_dovecot(any_dovecot: MailServer, house_of: Houses) -> None:
    house = house_of(any_dovecot)
    user = any_dovecot.dovecot_user  # type: ignore[attr-defined] # only this fixture's servers have one
    user.append(b"Subject: first\r\nMessage-ID: <first@x>\r\n\r\nx\r\n")
    with house.office():
        house.ears.wait_until(lambda: online(house))
        user.append(b"Subject: second\r\nMessage-ID: <second@x>\r\n\r\nx\r\n")
        house.ears.wait_for(NewMail)
        assert house.with_subject("second")


def test_new_mail_in_the_inbox_is_told_while_another_mailbox_is_open(outlook: Demo, house_of: Houses) -> None:
    house = house_of(outlook)
    with house.office() as office:
        house.ears.wait_until(lambda: online(house) and idling(outlook)())
        house.ask(office, Show(house.mailbox("Sent").id))
        house.ears.wait_until(lambda: any("EXAMINE" in line and "INBOX" in line for line in outlook.log))
        house.ears.wait_until(idling(outlook))
        outlook.deliver(b"Subject: aside\r\nMessage-ID: <aside@x>\r\n\r\nx\r\n")
        told = house.ears.wait_for(NewMail)
        assert told.mailbox_id == house.mailbox().id


def test_no_more_than_three_connections_are_made(outlook: Demo, house_of: Houses) -> None:
    house = house_of(outlook, offline="all")
    with house.office() as office:
        house.ears.wait_until(lambda: online(house) and "IDLE" in outlook.log)
        house.ask(office, Show(house.mailbox("Sent").id))
        for row in house.store.envelopes.window(house.mailbox("Sent").id, 0, 5).rows:
            house.ask(office, Want(row.id))
        house.ears.wait_until(lambda: len(house.ears.all(PartArrived)) >= 5)
        house.ears.wait_until(lambda: count("AUTHENTICATE", outlook.log) >= 3)
        since = len(house.ears.heard)
        for row in house.store.envelopes.window(house.mailbox().id, 0, 5).rows:
            house.ask(office, Want(row.id))
        house.ears.wait_until(lambda: sum(isinstance(told, PartArrived) for told in house.ears.heard[since:]) >= 5)
        assert count("AUTHENTICATE", outlook.log) == 3


def test_a_star_costs_one_command_while_its_mailbox_is_watched(pushing: Demo, house_of: Houses) -> None:
    house = house_of(pushing)
    with house.office() as office:
        house.ears.wait_until(lambda: online(house) and idling(pushing)())
        before = len(pushing.log)
        wish(house, house.newest(), add=Flag.FLAGGED)
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.store.pending.count(ACCOUNT) == 0 and idling(pushing)())
        assert [line.split(" ")[0] for line in pushing.log[before:]] == ["UID", "IDLE"]
