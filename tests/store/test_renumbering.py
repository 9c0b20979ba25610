"""UIDVALIDITY changed: who is recognised keeps id, body and wishes; nobody is doubled."""

from __future__ import annotations

from tests.store.making import START, WORK, change, incoming, several, subjects
from tuimail.model import BodyState, EnvelopeId, Flag, MailboxId
from tuimail.store import Store
from tuimail.store.envelopes import Ingested
from tuimail.store.mailboxes import SyncPoint


def ids(store: Store, inbox: MailboxId) -> dict[str, int]:
    return {row.subject: row.id for row in store.envelopes.window(inbox, 0, 1000).rows}


def test_messages_stay_listed_while_they_wait(store: Store, inbox: MailboxId) -> None:
    store.mailboxes.set_sync_point(inbox, SyncPoint(1, 9, 9, 1))
    store.envelopes.ingest(inbox, several([1, 2]))
    store.envelopes.begin_renumbering(inbox)
    assert len(subjects(store, inbox)) == 2
    assert list(store.envelopes.uids(inbox)) == []
    assert store.mailboxes.sync_point(inbox) == SyncPoint(uid_validity=1)


def test_who_is_recognised_keeps_id_body_and_wishes(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    store.pending.add([change(store, EnvelopeId(2), add=Flag.SEEN)], at=1)
    store.envelopes.set_body_state(EnvelopeId(2), BodyState.TEXT)
    store.parts.put(EnvelopeId(2), "1", b"text")
    before = ids(store, inbox)
    store.envelopes.begin_renumbering(inbox)
    told = [message._replace(uid=message.uid + 100, flags=4) for message in several([2, 3, 4])]
    assert store.envelopes.ingest(inbox, told) == Ingested(1, 2, 1)
    assert store.envelopes.end_renumbering(inbox) == 1
    after = ids(store, inbox)
    assert list(after) == ["Compiler review 4", "Compiler review 3", "Compiler review 2"]
    assert after["Compiler review 2"] == before["Compiler review 2"]
    assert store.envelopes.rows([EnvelopeId(2)])[0].flags == Flag.FLAGGED | Flag.SEEN
    assert store.parts.get(EnvelopeId(2), "1") == b"text"
    assert list(store.envelopes.uids(inbox)) == [102, 103, 104]


def test_copies_are_recognised_one_by_one(store: Store, inbox: MailboxId) -> None:
    copies = [incoming(uid, message_id="<same>", received_at=START, size_octets=5, sent_at=START) for uid in (1, 2, 3)]
    store.envelopes.ingest(inbox, copies)
    store.envelopes.begin_renumbering(inbox)
    told = [message._replace(uid=message.uid + 10) for message in copies[:2]]
    assert store.envelopes.ingest(inbox, told) == Ingested(0, 2, 0)
    assert store.envelopes.end_renumbering(inbox) == 1
    assert list(store.envelopes.uids(inbox)) == [11, 12]


def test_another_size_or_arrival_is_another_message(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2]))
    store.envelopes.begin_renumbering(inbox)
    told = [incoming(1, size_octets=9), incoming(2, received_at=START)]
    assert store.envelopes.ingest(inbox, told) == Ingested(2, 0, 2)
    assert store.envelopes.end_renumbering(inbox) == 2


def test_without_a_message_id_subject_sender_and_date_must_agree(store: Store, inbox: MailboxId) -> None:
    first = incoming(1, message_id="", subject="a\ud800")
    store.envelopes.ingest(inbox, [first])
    store.envelopes.begin_renumbering(inbox)
    assert store.envelopes.ingest(inbox, [first._replace(uid=11, subject="b")]).new == 1
    assert store.envelopes.ingest(inbox, [first._replace(uid=12)]) == Ingested(0, 1, 0)
    assert store.envelopes.end_renumbering(inbox) == 0


def test_it_may_begin_again_before_it_ended(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2]))
    store.envelopes.begin_renumbering(inbox)
    store.envelopes.ingest(inbox, [incoming(1)._replace(uid=11)])
    store.envelopes.begin_renumbering(inbox)
    assert list(store.envelopes.uids(inbox)) == []
    told = [message._replace(uid=message.uid + 20) for message in several([1, 2])]
    assert store.envelopes.ingest(inbox, told) == Ingested(0, 2, 0)
    assert store.envelopes.end_renumbering(inbox) == 0
    assert len(subjects(store, inbox)) == 2


def test_ending_what_never_began_removes_nothing(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    assert store.envelopes.end_renumbering(inbox) == 0
    assert len(subjects(store, inbox)) == 1


def test_another_mailbox_is_left_alone(store: Store, inbox: MailboxId) -> None:
    lists = store.mailboxes.find(WORK, "Lists")
    assert lists is not None
    store.envelopes.ingest(inbox, several([1]))
    store.envelopes.ingest(lists.id, several([1]))
    store.envelopes.begin_renumbering(inbox)
    store.envelopes.end_renumbering(inbox)
    assert list(store.envelopes.uids(lists.id)) == [1]
    assert subjects(store, inbox) == []
