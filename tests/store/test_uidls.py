"""What is known of messages on a POP3 server: nothing is fetched twice, nothing is deleted by mistake."""

from __future__ import annotations

import pytest

from tests.store.posting import POP, deliver, describe, message, with_pop
from tuimail.model import AccountName, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.maildirs.uidls import Uidl, UidlState, key_of


@pytest.fixture
def inbox(store: Store) -> MailboxId:
    return with_pop(store)


def states(store: Store) -> dict[bytes, tuple[UidlState, int | None]]:
    return {uidl: (row.state, row.gone_at) for uidl, row in store.local.uidls.all(POP).items()}


def test_unknown_ones_are_listed_and_end_when_a_complete_listing_lacks_them(store: Store, inbox: MailboxId) -> None:
    uidls = store.local.uidls
    listed = uidls.note_listing(POP, {b"a": 10, b"b": 20, b"\xff odd \x00": None}, at=1, complete=True)
    assert listed[b"b"] == Uidl(b"b", key_of(POP, b"b"), UidlState.LISTED, None, 20, None, None, 1, None, 1, None)
    uidls.note_listing(POP, {b"a": 10}, at=2, complete=False)
    assert len(states(store)) == 3
    uidls.note_listing(POP, {b"a": 10}, at=3, complete=True)
    assert states(store) == {b"a": (UidlState.LISTED, None)}


def test_what_is_stored_is_known_again_after_a_listing_that_lacked_it(store: Store, inbox: MailboxId) -> None:
    deliver(store, [(b"a", message(1)), (b"b", message(2))])
    uidls = store.local.uidls
    uidls.note_listing(POP, {}, at=5, complete=True)
    assert states(store) == {b"a": (UidlState.STORED, 5), b"b": (UidlState.STORED, 5)}
    uidls.note_listing(POP, {}, at=6, complete=True)
    assert states(store)[b"a"] == (UidlState.STORED, 5)
    assert uidls.deletable(POP) == []
    listed = uidls.note_listing(POP, {b"a": 1}, at=7, complete=True)
    assert (listed[b"a"].state, listed[b"a"].gone_at) == (UidlState.STORED, None)
    assert [row.uidl for row in uidls.deletable(POP)] == [b"a"]
    assert uidls.prune(POP, gone_before=100) == 0


def test_a_deletion_is_wanted_sent_and_true_when_it_is_no_longer_listed(store: Store, inbox: MailboxId) -> None:
    (identity,) = deliver(store, [(b"a", message(1))])
    uidls = store.local.uidls
    store.local.delete([identity])
    store.local.expunge([identity], on_server=True)
    uidls.note_listing(POP, {b"a": 1}, at=1, complete=True)
    assert [(row.uidl, row.state) for row in uidls.deletable(POP)] == [(b"a", UidlState.DELETE_WANTED)]
    uidls.set_state(POP, [b"a", b"unknown"], UidlState.DELE_SENT, at=2)
    uidls.note_listing(POP, {b"a": 1}, at=3, complete=True)  # QUIT never came through
    assert [(row.uidl, row.state) for row in uidls.deletable(POP)] == [(b"a", UidlState.DELE_SENT)]
    uidls.note_listing(POP, {}, at=4, complete=True)
    assert uidls.deletable(POP) == []
    assert uidls.prune(POP, gone_before=4) == 0
    assert uidls.prune(POP, gone_before=5) == 1
    assert states(store) == {}


def test_mail_of_a_server_that_renumbers_is_known_by_its_content(store: Store, inbox: MailboxId) -> None:
    (identity,) = deliver(store, [(b"old", message(1))])
    row = store.local.uidls.get(POP, b"old")
    assert row is not None
    assert row.sha256 is not None
    assert store.local.uidls.same_content(POP, sha256=row.sha256) == [row]
    assert store.local.uidls.same_content(POP, top_sha256=row.top_sha256) == [row]
    assert store.local.uidls.same_content(POP, sha256=b"x") == []
    store.local.uidls.note_listing(POP, {b"new": 1}, at=2, complete=True)
    store.local.uidls.rename(POP, [(b"old", b"new")], at=3)
    assert states(store) == {b"new": (UidlState.STORED, None)}
    envelope = store.envelopes.envelope(identity)
    assert envelope is not None
    assert envelope.uidl == "new"
    assert deliver(store, [(b"new", message(1))]) == [identity]


def test_accounts_do_not_know_each_other(store: Store, inbox: MailboxId) -> None:
    other = AccountName("other")
    with_pop(store, other)
    (one,) = deliver(store, [(b"1", message(1))])
    (two,) = deliver(store, [(b"1", message(1))], other)
    assert one != two
    assert store.local.uidls.note_listing(other, {b"1": 1}, at=1, complete=True)[b"1"].envelope_id == two
    assert store.local.uidls.note_listing(AccountName("none"), {b"1": 1}, at=1, complete=True) == {}
    store.accounts.remove(other)
    assert store.local.uidls.all(other) == {}
    assert len(states(store)) == 1


def test_a_removed_account_leaves_its_files(store: Store, inbox: MailboxId, paths: Paths) -> None:
    deliver(store, [(b"a", message(1))])
    store.accounts.remove(POP)
    assert len(list((paths.maildir / "pop" / "new").iterdir())) == 1
    assert store.check() == []
    with_pop(store)
    assert store.local.scan(POP, describe).new
    assert store.local.uidls.note_listing(POP, {b"a": 1}, at=1, complete=True)[b"a"].state is UidlState.STORED


def test_a_large_maildrop_is_noted(store: Store, inbox: MailboxId) -> None:
    listed: dict[bytes, int | None] = {b"%070d" % number: 1 for number in range(20_000)}
    assert len(store.local.uidls.note_listing(POP, listed, at=1, complete=True)) == 20_000
    assert len(store.local.uidls.note_listing(POP, listed, at=2, complete=True)) == 20_000
    store.local.uidls.note_listing(POP, {}, at=3, complete=True)
    assert states(store) == {}
