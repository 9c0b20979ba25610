"""Messages on their way out: every step is durable, and none starts where the message is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.dying import every_death
from tests.store.making import WORK, with_account
from tuimail.actions import Append, Target
from tuimail.errors import UsageError, Vanished
from tuimail.model import AccountName, DraftId, EnvelopeId, Flag, OutboxId, OutState
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.writing.outbox import KEPT_S

RAW = b"Message-ID: <a@example.org>\r\n\r\nhello\r\n"


def added(store: Store, draft_id: DraftId | None = None, *, at: int = 100, not_before: int = 0) -> OutboxId:
    return store.outbox.add(
        draft_id, WORK, "ada@example.org", ["grace@navy.example", "bob@example.net"], RAW, "<a@example.org>", at=at,
        not_before=not_before, to="Grace <grace@navy.example>", subject="hello",
    )  # fmt: skip


def state(store: Store, outbox_id: OutboxId) -> OutState:
    item = store.outbox.get(outbox_id)
    assert item is not None
    return item.state


def drafted(store: Store) -> DraftId:
    draft = store.drafts.begin(WORK, at=1, message_id="<a@example.org>", subject="hello")
    store.drafts.attach(draft.id, "a.txt", "text/plain", [b"abc"], at=1)
    return draft.id


def test_posting_takes_the_draft_away_and_nothing_is_posted_twice(store: Store) -> None:
    draft_id = drafted(store)
    outbox_id = added(store, draft_id)
    assert store.drafts.all() == []
    assert store.outbox.raw(outbox_id) == RAW
    with pytest.raises(Vanished):
        added(store, draft_id)
    assert [item.id for item in store.outbox.all(WORK)] == [outbox_id]
    assert store.outbox.all(AccountName("other")) == []


def test_what_was_taken_back_is_the_draft_it_was(store: Store) -> None:
    draft_id = drafted(store)
    before = store.drafts.get(draft_id)
    outbox_id = added(store, draft_id, not_before=110)
    assert store.outbox.edit(outbox_id, message_id="<new@example.org>", at=0) == draft_id
    assert store.drafts.get(draft_id) == before
    assert state(store, outbox_id) is OutState.CANCELLED
    assert store.sending.due(WORK, 1000) == []


def test_one_that_may_have_been_sent_gets_another_message_id_when_it_is_edited(store: Store) -> None:
    draft_id = drafted(store)
    outbox_id = added(store, draft_id)
    store.sending.begin(outbox_id)
    store.sending.unknown(outbox_id, "who knows")
    store.outbox.edit(outbox_id, message_id="<new@example.org>", at=5)
    draft = store.drafts.get(draft_id)
    assert draft is not None
    assert draft.message_id == "<new@example.org>"


def test_what_is_being_sent_can_be_neither_taken_back_nor_cancelled(store: Store) -> None:
    draft_id = drafted(store)
    outbox_id = added(store, draft_id)
    assert store.sending.begin(outbox_id) is not None
    with pytest.raises(UsageError):
        store.outbox.edit(outbox_id, message_id="<x>", at=5)
    assert not store.outbox.cancel(outbox_id)
    assert not store.outbox.send_now(outbox_id, at=5)
    assert not store.outbox.resolve(outbox_id, sent=True, at=5)
    assert store.sending.begin(outbox_id) is None, "nobody else begins it"
    assert state(store, outbox_id) is OutState.SENDING


def test_a_cancelled_message_is_not_begun_and_leaves_nothing(store: Store) -> None:
    outbox_id = added(store, drafted(store))
    assert store.outbox.cancel(outbox_id)
    assert store.sending.begin(outbox_id) is None
    assert store.outbox.all() == []
    with pytest.raises(Vanished):
        store.outbox.raw(outbox_id)
    assert store.outbox.all(done=True)[0].state is OutState.CANCELLED


def test_what_is_due_comes_in_order_and_not_before_its_time(store: Store) -> None:
    late, first, second = added(store, not_before=500), added(store), added(store)
    assert store.sending.due(WORK, 499) == [first, second]
    assert store.sending.due(WORK, 500) == [late, first, second]
    assert store.sending.next_at(WORK) == 0
    store.sending.retry_at(first, 900, "no network", network=True)
    store.sending.retry_at(second, 900, "busy")
    assert store.sending.due(WORK, 499, network=True) == [first]
    assert store.sending.waits_for_network(WORK)
    assert store.outbox.send_now(second, at=499)
    assert store.sending.due(WORK, 499) == [second]


def test_only_what_waits_for_a_password_is_due_when_one_is_typed(store: Store) -> None:
    refused, locked = added(store), added(store)
    for outbox_id, password in ((refused, False), (locked, True)):
        store.sending.begin(outbox_id)
        store.sending.failed(outbox_id, "no", [("bob@example.net", "550 no")], password=password)
    assert store.sending.password_came(WORK, at=7) == 1
    assert store.sending.due(WORK, 7) == [locked]
    item = store.outbox.get(refused)
    assert item is not None
    assert (item.state, item.refused, item.tries) == (OutState.FAILED, (("bob@example.net", "550 no"),), 1)


@pytest.mark.parametrize(("sent", "then"), [(True, OutState.SENT), (False, OutState.QUEUED)])
def test_a_person_decides_what_nobody_knows(store: Store, sent: bool, then: OutState) -> None:
    outbox_id = added(store)
    store.sending.begin(outbox_id)
    store.sending.ending(outbox_id)
    store.sending.unknown(outbox_id, "the line broke")
    assert store.sending.due(WORK, 10**9) == [], "not sent again by itself"
    assert store.outbox.resolve(outbox_id, sent=sent, at=5)
    assert state(store, outbox_id) is then


def test_a_message_is_filed_once_its_copy_is(store: Store) -> None:
    with_account(store)
    outbox_id = added(store, drafted(store))
    store.sending.begin(outbox_id)
    store.sending.sent(outbox_id, "250 ok", [("bob@example.net", "550 no")], at=9)
    (sent,) = store.sending.unfiled(WORK)
    assert sent.raw is not None
    mailbox = store.mailboxes.find(WORK, "Sent")
    assert mailbox is not None
    target = Target(EnvelopeId(0), mailbox.id, None, None, sent.message_id)
    (pending_id,) = store.pending.add([Append(WORK, target, sent.raw, flags=int(Flag.SEEN))], at=9)
    store.sending.filing(outbox_id, pending_id)
    assert state(store, outbox_id) is OutState.SENT
    assert store.raws.read(sent.raw) == RAW, "the action needs it"
    store.pending.fail([pending_id], "The server says: no room.")
    item = store.outbox.get(outbox_id)
    assert item is not None
    assert item.sentence.endswith("could not be put into Sent; the journal can try it again. The server says: no room.")
    store.pending.retry([pending_id])
    item = store.outbox.get(outbox_id)
    assert item is not None
    assert item.sentence == ""
    store.pending.put_off([pending_id], 99, "Later: no room.")
    item = store.outbox.get(outbox_id)
    assert item is not None
    assert item.sentence == "It was sent. Its copy is not in Sent yet, and is tried again. Later: no room."
    assert store.pending.tries([pending_id]) == 2, "it failed before"
    store.pending.done([pending_id])
    assert state(store, outbox_id) is OutState.FILED
    assert store.raws.size(sent.raw) == 0


def test_records_of_what_is_done_go_after_a_month(store: Store) -> None:
    old = added(store, at=1)
    store.outbox.cancel(old)
    added(store, at=1 + KEPT_S)
    assert store.outbox.get(old) is not None
    added(store, at=3 + KEPT_S)
    assert store.outbox.get(old) is None


def test_posting_is_whole_or_not_at_all_at_any_death(paths: Paths) -> None:
    with Store.open(paths) as store:
        draft_id = drafted(store)

    def act(step: int) -> Callable[[], None]:
        def post() -> None:
            with Store.open(paths) as store:
                if store.drafts.get(draft_id) is not None:
                    added(store, draft_id)

        return post

    for _ in every_death(act):
        with Store.open(paths) as store:
            assert len(store.drafts.all()) + len(store.outbox.all()) == 1
            for item in store.outbox.all():
                assert store.outbox.raw(item.id) == RAW


def test_the_port_that_answered_is_remembered_for_its_host(store: Store) -> None:
    store.sending.set_port(WORK, "smtp.example.org", 2525)
    store.sending.set_port(WORK, "smtp.example.org", 587)
    assert store.sending.port(WORK, "smtp.example.org") == 587
    assert store.sending.port(WORK, "other.example.org") is None
