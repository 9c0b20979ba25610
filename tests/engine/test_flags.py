"""Flags go to the server and come from it; what is refused is rolled back and told."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House, server_state
from tuimail.actions import SetFlags, Target
from tuimail.engine.protocol import ActionRefused, MailboxChanged, StatusChanged, Wake
from tuimail.model import EnvelopeId, Flag

Houses = Callable[..., House]


def wish(house: House, envelope_id: EnvelopeId, *, add: int = 0, remove: int = 0, keywords: str = "") -> None:
    """Do what the UI does: the action is durable before anybody is told."""
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    target = Target(envelope.id, envelope.mailbox_id, envelope.uid, envelope.uid_validity, envelope.message_id)
    action = SetFlags(ACCOUNT, target, add=add, remove=remove, add_keywords=tuple(keywords.split()))
    house.store.pending.add([action], at=1)


def flags_on_server(demo: Demo, house: House, envelope_id: EnvelopeId) -> frozenset[str]:
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    assert envelope.uid is not None
    message = demo.store.mailbox(envelope.mailbox).find(envelope.uid)
    assert message is not None
    return message.flags


def shown_flags(house: House, envelope_id: EnvelopeId) -> int:
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    return envelope.flags


def test_a_star_is_on_the_server_soon_after_it_was_set(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    demo.deliver(b"Subject: mine\r\nMessage-ID: <mine@x>\r\n\r\n")
    house.sync()
    with house.office() as office:
        envelope_id = house.with_subject("mine")
        wish(house, envelope_id, add=Flag.FLAGGED | Flag.SEEN, keywords="$todo")
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.store.pending.count(ACCOUNT) == 0)
        assert {"\\Flagged", "\\Seen", "$todo"} <= flags_on_server(demo, house, envelope_id)
        wish(house, envelope_id, remove=Flag.SEEN)
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.store.pending.count(ACCOUNT) == 0)
        assert "\\Seen" not in flags_on_server(demo, house, envelope_id)
    assert house.state() == server_state(demo)


def test_wishes_made_offline_are_told_with_the_next_sync(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    demo.go_offline()
    rows = house.store.envelopes.window(house.mailbox().id, 0, 30).rows
    for row in rows:
        wish(house, row.id, add=Flag.FLAGGED)
    assert house.sync()[ACCOUNT] != ""
    assert house.store.pending.count(ACCOUNT) == 30
    demo.go_online()
    before = len(demo.log)
    assert house.sync() == {ACCOUNT: ""}
    assert house.store.pending.count(ACCOUNT) == 0
    assert all("\\Flagged" in flags_on_server(demo, house, row.id) for row in rows)
    assert len([line for line in demo.log[before:] if "UID STORE" in line]) == 1
    assert house.state() == server_state(demo)


def test_a_refused_change_is_rolled_back_and_told(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    demo.refusals["STORE"] = "NO [LIMIT] not \x1b[31mtoday"
    demo.refusals["UID STORE"] = "NO [LIMIT] not \x1b[31mtoday"
    envelope_id = house.newest()
    before = shown_flags(house, envelope_id)
    wish(house, envelope_id, add=Flag.FLAGGED)
    assert shown_flags(house, envelope_id) == before | Flag.FLAGGED
    with house.office() as office:
        house.ask(office, Wake())
        refused = house.ears.wait_for(ActionRefused)
    assert shown_flags(house, envelope_id) == before
    assert "star" in refused.sentence
    assert "today" in refused.sentence
    assert "\x1b" not in refused.sentence
    assert house.store.pending.count(ACCOUNT) == 0
    assert MailboxChanged(house.mailbox().id) in house.ears.heard


def test_a_change_by_somebody_else_keeps_a_wish_that_still_waits(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    envelope_id = house.newest()
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    assert envelope.uid is not None
    wish(house, envelope_id, add=Flag.FLAGGED)
    inbox = demo.store.mailbox("INBOX")
    message = inbox.find(envelope.uid)
    assert message is not None
    inbox.set_flags(message, ["\\Answered"])
    assert house.sync() == {ACCOUNT: ""}
    assert message.flags == {"\\Answered", "\\Flagged"}
    assert shown_flags(house, envelope_id) == Flag.ANSWERED | Flag.FLAGGED


def test_a_wish_never_hits_another_message_after_renumbering(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    envelope_id = house.newest()
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    wish(house, envelope_id, add=Flag.FLAGGED)
    inbox = demo.store.mailbox("INBOX")
    starred = {message.raw for message in inbox.messages if "\\Flagged" in message.flags}
    wanted = next(message.raw for message in inbox.messages if message.uid == envelope.uid)
    inbox.renew_uid_validity(reverse=True)
    house.sync()
    house.sync()
    now = {message.raw for message in inbox.messages if "\\Flagged" in message.flags}
    assert now == starred | {wanted}
    assert house.state() == server_state(demo)


def test_a_wish_for_a_message_that_is_gone_is_forgotten_quietly(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    envelope_id = house.newest()
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    assert envelope.uid is not None
    wish(house, envelope_id, add=Flag.FLAGGED)
    demo.store.mailbox("INBOX").expunge([envelope.uid])
    assert house.sync() == {ACCOUNT: ""}
    assert house.store.pending.count(ACCOUNT) == 0
    assert house.state() == server_state(demo)


def test_the_account_tells_how_much_still_waits(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.sync()
    wish(house, house.newest(), add=Flag.FLAGGED)
    account = house.store.accounts.get(ACCOUNT)
    assert account is not None
    assert account.pending == 1
    with house.office(watch=False) as office:
        since = house.ask(office, Wake())
        house.ears.wait_until(lambda: house.store.pending.count(ACCOUNT) == 0)
        house.ears.wait_for(StatusChanged, since=since)
