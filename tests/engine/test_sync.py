"""What a sync leaves in the store is what the server has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House, server_state
from tuimail.engine.imap import plan
from tuimail.engine.protocol import MailboxChanged, TreeChanged
from tuimail.model import AccountStatus, Role

Houses = Callable[..., House]


def test_a_first_sync_brings_exactly_what_the_server_has(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    assert house.sync() == {ACCOUNT: ""}
    assert house.state() == server_state(demo)
    assert house.store.check() == []
    account = house.store.accounts.get(ACCOUNT)
    assert account is not None
    assert account.synced_at is not None
    assert house.ears.all(TreeChanged)
    assert MailboxChanged(house.mailbox().id) in house.ears.heard
    assert house.mailbox().role is Role.INBOX
    assert all(mailbox.complete for mailbox in house.store.mailboxes.all(ACCOUNT) if mailbox.selectable)


def test_changes_of_every_kind_are_found_by_the_next_sync(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo)
    house.sync()
    inbox = demo.store.mailbox("INBOX")
    inbox.expunge([inbox.messages[0].uid, inbox.messages[3].uid])
    inbox.set_flags(inbox.messages[1], ["\\Flagged", "$todo"])
    inbox.set_flags(inbox.messages[2], [])
    demo.deliver(b"Subject: new here\r\nMessage-ID: <new@x>\r\n\r\nhello\r\n")
    sent = demo.store.mailbox("Sent")
    sent.set_flags(sent.messages[0], ["\\Flagged"])
    demo.store.create("Fresh").append(b"Subject: deep\r\n\r\n", ["\\Seen"])
    assert house.sync() == {ACCOUNT: ""}
    assert house.state() == server_state(demo)
    assert house.store.check() == []


def test_a_sync_with_nothing_new_selects_no_mailbox_where_the_server_counts_changes(
    full: Demo, house_of: Houses
) -> None:
    house = house_of(full)
    house.sync()
    before = len(full.log)
    house.sync()
    assert not [line for line in full.log[before:] if "SELECT" in line or "FETCH" in line]


def test_the_status_ends_without_a_complaint(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.sync()
    account = house.store.accounts.get(ACCOUNT)
    assert account is not None
    assert account.status in (AccountStatus.ONLINE, AccountStatus.OFFLINE)
    assert account.sentence == ""


def test_a_large_mailbox_is_filled_piece_by_piece(
    full: Demo, house_of: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "CHUNK", 6)  # what is larger gets a first look
    monkeypatch.setattr(plan, "FIRST_CHUNK", 3)
    monkeypatch.setattr(plan, "chunks", partial(plan.chunks, first=3, size=5))
    house = house_of(full)
    assert house.sync() == {ACCOUNT: ""}
    assert house.state() == server_state(full)
    assert house.store.check() == []
