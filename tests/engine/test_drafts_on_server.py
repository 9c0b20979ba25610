"""A draft is one message in Drafts on the server, always the newest, and none once it was sent or discarded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, server_state
from tests.engine.sending_house import SENDER, SendingHouse
from tuimail import config
from tuimail.model import Draft
from tuimail.wishes import sending

AT = int(time.time())


@pytest.fixture
def house(full: Demo, tmp_path: Path) -> Iterator[SendingHouse]:
    made = SendingHouse(tmp_path / "house", full, smtp_port=full.smtp_port)
    made.sync()
    yield made
    made.close()


def drafts_on(demo: Demo, draft: Draft) -> list[bytes]:
    messages = demo.store.mailbox("Drafts").messages
    return [one.raw for one in messages if draft.message_id.encode() in one.raw]


def begun(house: SendingHouse, body: str = "first") -> Draft:
    return house.store.drafts.begin(
        ACCOUNT, at=AT, message_id="<draft@example.org>", from_=SENDER, to="grace@navy.ex", bcc="b@c.d", body=body
    )


def test_a_draft_is_one_message_on_the_server_and_always_the_newest(full: Demo, house: SendingHouse) -> None:
    draft = begun(house)
    house.sync()
    (first,) = drafts_on(full, draft)
    assert b"first" in first
    assert b"b@c.d" in first, "who opens it elsewhere goes on where it was left"
    house.store.drafts.attach(draft.id, "a.txt", "text/plain", [b"attached words"], at=AT + 1)
    house.store.drafts.save(replace(draft, body="second"), at=AT + 2)
    house.sync()
    (second,) = drafts_on(full, draft)
    assert b"second" in second
    assert b"a.txt" in second
    house.sync()
    assert drafts_on(full, draft) == [second], "nothing changed, nothing is told"
    assert house.state() == server_state(full)
    flags = [flags for flags, message_id in server_state(full)["Drafts"].values() if message_id == draft.message_id]
    assert flags == [frozenset({"\\seen", "\\draft"})]


def test_what_was_written_offline_is_told_once(full: Demo, house: SendingHouse) -> None:
    full.go_offline()
    draft = begun(house)
    for number in range(5):
        house.store.drafts.save(replace(draft, body=f"pause {number}"), at=AT + 1 + number)
        house.sync()
    assert house.store.pending.count(ACCOUNT) == 1, "older ones were taken back"
    full.go_online()
    house.sync()
    house.sync()
    (only,) = drafts_on(full, draft)
    assert b"pause 4" in only
    assert house.store.check() == []


@pytest.mark.parametrize("how", ["sent", "discarded"])
def test_a_draft_that_is_over_leaves_the_server(full: Demo, house: SendingHouse, how: str) -> None:
    draft = begun(house)
    house.store.drafts.save(replace(draft, to="grace@navy.example"), at=AT + 1)
    house.sync()
    assert len(drafts_on(full, draft)) == 1
    if how == "sent":
        sending.post(house.store, config.load(house.paths.config_file), draft.id, at=AT + 2, delay_s=0)
    else:
        house.store.drafts.discard(draft.id, at=AT + 2)
    house.sync()
    house.sync()
    assert drafts_on(full, draft) == []
    assert len(full.sink.sent) == (1 if how == "sent" else 0)
    if how == "discarded":
        house.store.drafts.restore(draft.id)
        house.sync()
        assert len(drafts_on(full, draft)) == 1
    assert house.state() == server_state(full)
