"""Messages: in, changed, found, out."""

from __future__ import annotations

from array import array
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.making import START, WORK, incoming, several, subjects
from tuimail.model import AccountName, BodyState, EnvelopeId, MailboxId
from tuimail.store import Store
from tuimail.store.envelopes import Incoming, Ingested
from tuimail.store.mailboxes import SyncPoint


def only(store: Store, inbox: MailboxId) -> EnvelopeId:
    """The id of the only message."""
    (row,) = store.envelopes.window(inbox, 0, 2).rows
    return row.id


def test_a_message_comes_out_as_it_came_in(store: Store, inbox: MailboxId) -> None:
    message = incoming(
        2**32 - 1, flags=5, keywords="$Junk a", modseq=2**63 - 1, has_attachments=True, reply_to="r", cc="c",
        in_reply_to="<i>", references="<r> <i>", list_id="<l>", thread_id=2**62, sent_at=START, received_at=START + 9,
    )
    store.mailboxes.set_sync_point(inbox, SyncPoint(uid_validity=9))
    assert store.envelopes.ingest(inbox, [message]) == Ingested(1, 0, 0)
    envelope = store.envelopes.envelope(only(store, inbox))
    assert envelope is not None
    assert asdict(envelope) == {
        "id": 1, "account": WORK, "mailbox_id": inbox, "mailbox": "INBOX", "uid": 2**32 - 1, "uid_validity": 9,
        "uidl": None, "flags": 5, "keywords": "$Junk a", "sort_at": message.sent_at, "sent_at": message.sent_at,
        "received_at": message.received_at, "size_octets": message.size_octets, "message_id": message.message_id,
        "in_reply_to": "<i>", "references": "<r> <i>", "from_": message.from_, "reply_to": "r", "to": message.to,
        "cc": "c", "subject": message.subject, "list_id": "<l>", "structure": message.structure,
        "has_attachments": True, "body": BodyState.ABSENT, "thread_id": 2**62,
    }
    (row,) = store.envelopes.rows([envelope.id])
    assert row.has_attachments is True
    assert (row.sender, row.flags, row.keywords, row.sort_at) == ("Grace Hopper", 5, "$Junk a", message.sent_at)


@pytest.mark.parametrize(
    ("sent_at", "received_at", "sort_at"),
    [
        (START, START + 50, START),
        (None, START, START),
        (START + 10 * 86400, START, START),
        (START + 3600, START, START + 3600),
        (-5, START, -5),
        (1 << 60, None, 1234),
        (None, None, 1234),
    ],
)
def test_the_date_decides_unless_it_is_missing_or_in_the_future(
    store: Store, inbox: MailboxId, sent_at: int | None, received_at: int | None, sort_at: int
) -> None:
    store.envelopes._ingest._clock = lambda: 1234.5
    store.envelopes.ingest(inbox, [incoming(1, sent_at=sent_at, received_at=received_at)])
    assert store.envelopes.window(inbox, 0, 1).rows[0].sort_at == sort_at


def test_a_uid_that_is_here_already_only_gets_its_flags(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2]))
    told = [incoming(2, flags=1, keywords="k", subject="other"), incoming(3, flags=1), incoming(1)]
    assert store.envelopes.ingest(inbox, told) == Ingested(1, 1, 0)
    assert subjects(store, inbox) == ["Compiler review 3", "Compiler review 2", "Compiler review 1"]
    assert store.envelopes.server_flags(inbox) == {1: (0, ""), 2: (1, "k"), 3: (1, "")}


def test_a_uid_told_twice_in_a_batch_is_one_message(store: Store, inbox: MailboxId) -> None:
    assert store.envelopes.ingest(inbox, [incoming(1), incoming(1, flags=1)]) == Ingested(1, 0, 0)
    assert store.envelopes.window(inbox, 0, 5).rows[0].flags == 1


def test_new_unseen_messages_are_counted(store: Store, inbox: MailboxId) -> None:
    assert store.envelopes.ingest(inbox, [incoming(1), incoming(2, flags=1), incoming(3)]).new_unseen == 2
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    assert (mailbox.total, mailbox.unread) == (3, 2)


TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
NUMBER = st.integers(-(1 << 70), 1 << 70)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(
    texts=st.lists(TEXT, min_size=11, max_size=11), numbers=st.lists(NUMBER, min_size=5, max_size=5),
    structure=st.binary(max_size=30),
)
def test_nothing_that_a_message_holds_is_refused(
    store: Store, inbox: MailboxId, texts: list[str], numbers: list[int], structure: bytes
) -> None:
    uid = abs(numbers[0])
    store.envelopes.ingest(inbox, [
        incoming(1),
        Incoming._make([
            uid, abs(numbers[1]), texts[0], numbers[2], numbers[3], abs(numbers[4]), structure, True, *texts[1:7],
            numbers[3], *texts[7:11], numbers[2],
        ]),
        incoming(2),
    ])
    assert len(subjects(store, inbox)) >= 2
    for row in store.envelopes.window(inbox, 0, 1000).rows:
        assert store.envelopes.envelope(row.id) is not None
    store.envelopes.set_flags(inbox, [(uid, 1, texts[0], numbers[2])])


def test_surrogates_and_nul_become_marks_and_the_rest_stays(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, [incoming(1, subject="a\ud83d\0é", message_id="<\udc80>"), incoming(2)])
    assert subjects(store, inbox) == ["Compiler review 2", "a\ufffd\ufffdé"]


def test_a_huge_subject_is_cut_in_lists_and_whole_in_the_envelope(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, [incoming(1, subject="x" * 16384)])
    assert subjects(store, inbox) == ["x" * 500]
    envelope = store.envelopes.envelope(only(store, inbox))
    assert envelope is not None
    assert len(envelope.subject) == 16384


def test_uids_come_sorted_and_within_bounds(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([7, 2**32 - 1, 3, 5]))
    assert store.envelopes.uids(inbox) == array("I", [3, 5, 7, 2**32 - 1])
    assert list(store.envelopes.uids(inbox, 5, 7)) == [5, 7]
    assert store.envelopes.by_uid(inbox, 5) is not None
    assert store.envelopes.by_uid(inbox, 6) is None


def test_flags_that_the_server_tells_are_taken_over_and_counted(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    assert store.envelopes.set_flags(inbox, [(1, 1, "", 5), (2, 0, "", 6), (9, 1, "", 7), (3, 0, "$Junk", None)]) == 2
    assert store.envelopes.server_flags(inbox, 1, 2) == {1: (1, ""), 2: (0, "")}
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    assert mailbox.unread == 2


def test_flags_that_are_as_they_were_move_no_revision(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    before = store.mailboxes.revision(inbox)
    assert store.envelopes.set_flags(inbox, [(1, 0, "", 99)]) == 0
    assert store.mailboxes.revision(inbox) == before


def test_vanished_messages_go_and_others_stay(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several(range(1, 11)))
    assert store.envelopes.vanish(inbox, [2, 4, 99]) == 2
    assert store.envelopes.vanish(inbox, range(5, 2**32)) == 6
    assert list(store.envelopes.uids(inbox)) == [1, 3]
    assert store._database.row("SELECT count(*) FROM header") == (2,)


def test_an_id_is_never_given_twice(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2]))
    store.envelopes.vanish(inbox, [1, 2])
    store.envelopes.ingest(inbox, several([3]))
    assert only(store, inbox) == 3


def test_body_states_are_kept_and_move_the_revision(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    before = store.mailboxes.revision(inbox)
    store.envelopes.set_body_state(only(store, inbox), BodyState.WHOLE)
    assert store.envelopes.window(inbox, 0, 1).rows[0].body == BodyState.WHOLE
    assert store.mailboxes.revision(inbox) == before + 1
    store.envelopes.set_body_state(EnvelopeId(99), BodyState.TEXT)


def test_bodies_are_wanted_newest_first_over_all_mailboxes(store: Store, inbox: MailboxId) -> None:
    lists = store.mailboxes.find(WORK, "Lists")
    assert lists is not None
    store.envelopes.ingest(inbox, several([1, 3, 5]))
    store.envelopes.ingest(lists.id, several([2, 4]))
    store.envelopes.set_body_state(store.envelopes.window(inbox, 0, 1).rows[0].id, BodyState.TEXT)
    assert [row.uid for row in store.envelopes.wanting_bodies(WORK, None, 10)] == [4, 3, 2, 1]
    assert [row.uid for row in store.envelopes.wanting_bodies(WORK, START + 3 * 3600, 10)] == [4, 3]
    assert [row.uid for row in store.envelopes.wanting_bodies(WORK, None, 1)] == [4]
    assert store.envelopes.wanting_bodies(AccountName("nobody"), None, 10) == []


def test_the_newest_of_one_mailbox_of_an_account_and_of_all(store: Store, inbox: MailboxId) -> None:
    home = AccountName("home")
    store.accounts.sync_names([(WORK, "ada@example.org", "imap"), (home, "x@y", "imap")])
    lists = store.mailboxes.find(WORK, "Lists")
    assert lists is not None
    store.envelopes.ingest(inbox, several([1, 3]))
    store.envelopes.ingest(lists.id, several([2]))
    assert [envelope.uid for envelope in store.envelopes.recent(inbox, 10)] == [3, 1]
    assert [envelope.uid for envelope in store.envelopes.recent(limit=2)] == [3, 2]
    assert [envelope.mailbox for envelope in store.envelopes.recent(account=WORK)] == ["INBOX", "Lists", "INBOX"]
    assert store.envelopes.recent(account=home) == []


def test_words_are_found_in_any_case_in_sender_or_subject(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, [
        incoming(1, subject="Réunion ÉTÉ"), incoming(2, subject="100% sure_thing"), incoming(3),
    ])
    assert [found.row.subject for found in store.envelopes.find_text("été grace", 5)] == ["Réunion ÉTÉ"]
    assert [found.row.subject for found in store.envelopes.find_text("% _", 5)] == ["100% sure_thing"]
    (found, *_) = store.envelopes.find_text("hopper", 2)
    assert (found.account, found.mailbox, found.mailbox_id) == (WORK, "INBOX", inbox)
    assert len(store.envelopes.find_text("", 2)) == 2
    assert store.envelopes.find_text("nowhere", 5) == []


def test_rows_come_in_the_order_asked_for(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    ids = [EnvelopeId(2), EnvelopeId(99), EnvelopeId(3), EnvelopeId(1)]
    assert [row.id for row in store.envelopes.rows(ids)] == [2, 3, 1]


def test_windows_at_and_beyond_the_ends(store: Store, inbox: MailboxId) -> None:
    assert store.envelopes.window(inbox, 0, 10).rows == ()
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    for start, count, expected in ((0, 2, 2), (2, 5, 1), (3, 5, 0), (1000, 5, 0), (0, 0, 0), (-5, 2, 2)):
        window = store.envelopes.window(inbox, start, count)
        assert (len(window.rows), window.total, window.start) == (expected, 3, max(start, 0))
    assert store.envelopes.window(MailboxId(99), 0, 10).total == 0
    assert store.envelopes.position(inbox, EnvelopeId(99)) is None
    assert store.envelopes.next_unread(MailboxId(99), 5) is None
