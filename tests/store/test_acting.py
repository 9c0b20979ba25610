"""Moves, copies, filed mail and mailboxes that wait: what is shown, what the server is told, and what a no undoes."""

from __future__ import annotations

import pytest

from tests.store.making import START, WORK, change, incoming, several, subjects, target, uid_of
from tuimail.actions import (
    Append,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    Move,
    RenameMailbox,
    SetFlags,
    Subscribe,
    Target,
)
from tuimail.errors import UsageError, Vanished
from tuimail.model import AccountName, EnvelopeId, Flag, Mailbox, MailboxId, RawId, Role
from tuimail.store import Store
from tuimail.store.acting.pending import Done1
from tuimail.store.mailboxes import ListedMailbox, SyncPoint

ONE, TWO = EnvelopeId(1), EnvelopeId(2)
HOME = AccountName("home")


def named(store: Store, name: str) -> Mailbox:
    """A mailbox that is shown."""
    found = store.mailboxes.find(WORK, name)
    assert found is not None
    return found


@pytest.fixture
def lists(store: Store, inbox: MailboxId) -> MailboxId:
    """Two messages in the inbox, and another mailbox; both are synced."""
    store.envelopes.ingest(inbox, several([1, 2]))
    found = named(store, "Lists").id
    for mailbox_id in (inbox, found):
        store.mailboxes.set_sync_point(mailbox_id, SyncPoint(7, 3, None, 1))
    return found


def move(store: Store, to: MailboxId, envelope_id: EnvelopeId = ONE) -> None:
    assert store.deeds.do([Move(WORK, target(store, envelope_id), to)], "Moved", at=5) is not None


# --- moves ----------------------------------------------------------------------


def test_a_moved_message_is_shown_there_and_known_here(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    move(store, lists)
    assert subjects(store, lists) == ["Compiler review 1"]
    assert subjects(store, inbox) == ["Compiler review 2"]
    assert list(store.envelopes.uids(inbox)) == [1, 2]
    assert uid_of(store, ONE) == (None, 7)
    there = store.envelopes.there(ONE)
    assert there is not None
    assert (there.mailbox, there.uid, there.uid_validity) == ("INBOX", 1, 7)
    assert store.envelopes.ingest(inbox, several([1])).new == 0


def test_flags_that_the_server_tells_reach_the_message_where_it_is_shown(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    move(store, lists)
    assert store.envelopes.set_flags(inbox, [(1, Flag.SEEN, "k", None)]) == 1
    assert named(store, "Lists").unread == 0
    assert store.envelopes.rows([ONE])[0].keywords == "k"
    assert store.envelopes.server_flags(inbox)[1] == (Flag.SEEN, "k")


def test_the_server_is_told_of_a_message_where_it_has_it(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    move(store, lists)
    store.pending.add([change(store, ONE, add=Flag.SEEN)], at=6)
    ((number, first),) = store.pending.due(WORK)
    assert isinstance(first, Move)
    assert (first.target.mailbox_id, first.target.uid) == (inbox, 1)
    store.pending.done([number], [Done1(number, 40, 7)])
    assert uid_of(store, ONE) == (40, 7)
    ((_, second),) = store.pending.due(WORK)
    assert isinstance(second, SetFlags)
    assert (second.target.mailbox_id, second.target.uid) == (lists, 40)
    assert list(store.envelopes.uids(inbox)) == [2]


def test_a_uid_of_another_numbering_is_not_believed(store: Store, lists: MailboxId) -> None:
    move(store, lists)
    ((number, _),) = store.pending.due(WORK)
    store.pending.done([number], [Done1(number, 40, 8)])
    assert uid_of(store, ONE) == (None, 7)
    store.envelopes.ingest(lists, [incoming(1)._replace(uid=9)])
    assert uid_of(store, ONE) == (9, 7)


def test_a_row_that_a_sync_made_meanwhile_gives_way(store: Store, lists: MailboxId) -> None:
    move(store, lists)
    ((number, _),) = store.pending.due(WORK)
    store.envelopes.ingest(lists, [incoming(1)._replace(uid=40, flags=int(Flag.FLAGGED))])
    twin = store.envelopes.by_uid(lists, 40)
    assert twin is not None
    store.pending.add([change(store, twin, add=Flag.SEEN)], at=6)
    store.pending.done([number], [Done1(number, 40, 7)])
    assert store.envelopes.by_uid(lists, 40) == ONE
    assert store.envelopes.envelope(twin) is None
    assert store.envelopes.rows([ONE])[0].flags == Flag.FLAGGED | Flag.SEEN


def test_a_message_that_vanished_before_anybody_was_told_is_gone(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    move(store, lists)
    store.envelopes.vanish(inbox, [1])
    assert subjects(store, lists) == []
    assert store.pending.journal() == []


def test_a_message_that_vanished_after_the_server_was_told_waits_in_its_new_place(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    move(store, lists)
    store.pending.due(WORK)
    store.envelopes.vanish(inbox, range(1, 2))
    assert subjects(store, lists) == ["Compiler review 1"]
    store.envelopes.ingest(lists, [incoming(1)._replace(uid=40)])
    assert uid_of(store, ONE) == (40, 7)
    assert store.pending.journal() == []


def test_undo_of_what_may_have_been_told_moves_it_back(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    move(store, lists)
    ((number, _),) = store.pending.due(WORK)
    assert store.deeds.undo(at=6) is not None
    assert subjects(store, inbox) == ["Compiler review 2", "Compiler review 1"]
    assert [line.words for line in store.pending.journal()] == [
        "move to Lists: Compiler review 1", "move to INBOX: Compiler review 1",
    ]  # fmt: skip
    store.pending.done([number], [Done1(number, 40, 7)])
    assert len(subjects(store, inbox)) == 2
    ((back, action),) = store.pending.due(WORK)
    assert (action.account, isinstance(action, Move)) == (WORK, True)
    store.pending.done([back], [Done1(back, 3, 7)])
    assert uid_of(store, ONE) == (3, 7)


def test_undo_of_what_was_refused_in_the_end_needs_nobody(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    move(store, lists)
    ((number, _),) = store.pending.due(WORK)
    store.deeds.undo(at=6)
    store.pending.fail([number], "No.")
    assert store.pending.due(WORK) == []
    assert [line.state for line in store.pending.journal()] == ["failed"]
    assert len(subjects(store, inbox)) == 2


def test_mail_goes_to_mailboxes_of_its_own_account_only(store: Store, lists: MailboxId) -> None:
    store.accounts.sync_names([(WORK, "", "imap"), (HOME, "", "imap")])
    store.mailboxes.apply_listing(HOME, [ListedMailbox("INBOX", "/", Role.INBOX)])
    with pytest.raises(UsageError):
        move(store, store.mailboxes.all(HOME)[0].id)
    assert store.deeds.recent() == []


def test_a_mailbox_that_goes_gives_back_what_was_to_come(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    move(store, lists)
    store.mailboxes.apply_listing(WORK, [ListedMailbox("INBOX", "/", Role.INBOX), ListedMailbox("Sent", "/")])
    assert len(subjects(store, inbox)) == 2
    assert uid_of(store, ONE) == (1, 7)
    (line,) = store.pending.journal()
    assert (line.state, line.sentence) == ("failed", "The mailbox that it was to go to is no longer there.")


def test_a_mailbox_that_goes_takes_what_was_to_leave_it(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    store.envelopes.ingest(lists, [incoming(9)])
    (third,) = [one for one, _ in store.envelopes.newest([lists])]
    move(store, inbox, third)
    store.mailboxes.apply_listing(WORK, [ListedMailbox("INBOX", "/", Role.INBOX), ListedMailbox("Sent", "/")])
    assert len(subjects(store, inbox)) == 2
    assert store.pending.journal() == []


def test_what_is_put_off_holds_back_what_follows_for_the_same_message(store: Store, lists: MailboxId) -> None:
    move(store, lists)
    store.pending.add([change(store, ONE, add=Flag.SEEN), change(store, TWO, add=Flag.SEEN)], at=6)
    ((number, _), _) = store.pending.due(WORK)
    store.pending.put_off([number], 1 << 40, "Later.")
    due = store.pending.due(WORK)
    assert [action.target.envelope_id for _, action in due if isinstance(action, SetFlags)] == [TWO]
    assert store.pending.journal()[0].sentence == "Later."


# --- copies, filing, deleting for good --------------------------------------------


def test_a_copy_has_its_text_at_once_and_gets_the_uid_it_is_told(store: Store, lists: MailboxId) -> None:
    store.parts.put(ONE, "1", b"text")
    store.deeds.do([Copy(WORK, target(store, ONE), lists)], "Copied", at=5)
    (copy,) = [one for one, _ in store.envelopes.newest([lists])]
    assert store.parts.get(copy, "1") == b"text"
    store.pending.add([change(store, copy, add=Flag.SEEN)], at=6)
    ((number, action),) = store.pending.due(WORK)
    assert isinstance(action, Copy)
    store.pending.done([number], [Done1(number, 40, 7)])
    assert uid_of(store, copy) == (40, 7)
    ((_, flagged),) = store.pending.due(WORK)
    assert isinstance(flagged, SetFlags)
    assert flagged.target.uid == 40


def test_a_copy_goes_with_a_message_that_vanished(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    store.deeds.do([Copy(WORK, target(store, ONE), lists)], "Copied", at=5)
    store.envelopes.vanish(inbox, [1])
    assert subjects(store, lists) == []
    assert store.pending.journal() == []


def test_filed_mail_is_recognised_though_the_server_changed_its_size(store: Store, lists: MailboxId) -> None:
    raw = store.raws.keep(b"Subject: x\r\n\r\n")
    store.deeds.file(WORK, lists, incoming(50)._replace(uid=0, structure=b""), raw, flags=int(Flag.SEEN), at=5)
    assert subjects(store, lists) == ["Compiler review 50"]
    ((number, action),) = store.pending.due(WORK)
    assert isinstance(action, Append)
    assert store.raws.read(action.raw) == b"Subject: x\r\n\r\n"
    store.pending.done([number])
    with pytest.raises(Vanished):
        store.raws.read(raw)
    came = incoming(50)._replace(uid=3, size_octets=9999, received_at=START, flags=int(Flag.SEEN))
    assert store.envelopes.ingest(lists, [came]).new == 0
    envelope = store.envelopes.envelope(store.envelopes.by_uid(lists, 3) or ONE)
    assert envelope is not None
    assert (envelope.size_octets, envelope.received_at, envelope.structure) == (9999, START, came.structure)


def test_what_could_not_be_filed_is_kept_until_it_is_dropped(store: Store, lists: MailboxId) -> None:
    raw = store.raws.share(store.raws.keep(b"x"))
    number = store.deeds.file(WORK, lists, incoming(50)._replace(uid=0), raw, at=5)
    store.pending.fail([number], "No.")
    assert subjects(store, lists) == []
    store.pending.retry([number])
    assert subjects(store, lists) == ["Compiler review 50"]
    store.pending.drop([number])
    assert subjects(store, lists) == []
    assert store.raws.size(raw) == 1
    store.raws.drop(raw)
    assert store.raws.size(raw) == 0


def test_octets_without_a_row_are_filed_and_survive_the_mailbox(store: Store, lists: MailboxId) -> None:
    nobody = Target(EnvelopeId(0), lists, None, None, "")
    (number,) = store.pending.add([Append(WORK, nobody, store.raws.keep(b"draft"))], at=5)
    store.mailboxes.apply_listing(WORK, [ListedMailbox("INBOX", "/", Role.INBOX), ListedMailbox("Sent", "/")])
    (line,) = store.pending.journal()
    assert (line.id, line.state) == (number, "failed")
    assert store.raws.size(RawId(1)) == 5


def test_what_follows_something_waits_for_it_and_fails_with_it(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    raw = store.raws.keep(b"x")
    nobody = Target(EnvelopeId(0), lists, None, None, "")
    store.deeds.do(
        [Append(WORK, nobody, raw), Expunge(WORK, target(store, ONE))], "Moved", at=5, after={1: 0}
    )
    assert subjects(store, inbox) == ["Compiler review 2"]
    ((number, action),) = store.pending.due(WORK)
    assert isinstance(action, Append)
    store.pending.fail([number], "No.")
    assert len(subjects(store, inbox)) == 2
    store.pending.retry([number])
    ((number, _),) = store.pending.due(WORK)
    store.pending.done([number])
    ((last, action),) = store.pending.due(WORK)
    assert isinstance(action, Expunge)
    store.pending.done([last])
    assert store.envelopes.envelope(ONE) is None


def test_nothing_is_removed_when_what_it_followed_is_dropped(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    nobody = Target(EnvelopeId(0), lists, None, None, "")
    raw = store.raws.keep(b"x")
    store.deeds.do([Append(WORK, nobody, raw), Expunge(WORK, target(store, ONE))], "Moved", at=5, after={1: 0})
    store.pending.drop([store.pending.journal()[0].id])
    assert store.pending.journal() == []
    assert len(subjects(store, inbox)) == 2


def test_the_last_twenty_deeds_can_be_undone(store: Store, lists: MailboxId) -> None:
    for number in range(25):
        star = change(store, ONE, add=Flag.FLAGGED) if number % 2 == 0 else change(store, ONE, remove=Flag.FLAGGED)
        store.deeds.do([star], f"{number}", at=number)
    words = []
    while (undone := store.deeds.undo(at=99)) is not None:
        words.append(undone.words)
    assert words == [str(number) for number in range(24, 4, -1)]


# --- mailboxes --------------------------------------------------------------------


def listing(*names: str) -> list[ListedMailbox]:
    return [ListedMailbox(name, "/", Role.INBOX if name == "INBOX" else Role.NONE) for name in names]


def test_a_new_mailbox_is_shown_and_taken_over_when_it_is_listed(store: Store, lists: MailboxId) -> None:
    store.deeds.do([CreateMailbox(WORK, MailboxId(0), "Lists/looms")], "Made", at=5)
    made = named(store, "Lists/looms")
    assert made.name_there is None
    store.mailboxes.apply_listing(WORK, listing("INBOX", "Sent", "Lists"))
    assert named(store, "Lists/looms").id == made.id
    move(store, made.id)
    ((number, action),) = store.pending.due(WORK)
    assert isinstance(action, CreateMailbox)
    store.pending.done([number])
    assert named(store, "Lists/looms").name_there == "Lists/looms"
    store.mailboxes.apply_listing(WORK, listing("INBOX", "Sent", "Lists", "Lists/looms"))
    assert named(store, "Lists/looms").id == made.id
    assert len(store.pending.due(WORK)) == 1


def test_a_mailbox_that_cannot_be_made_takes_back_what_was_put_into_it(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    store.deeds.do([CreateMailbox(WORK, MailboxId(0), "New")], "Made", at=5)
    move(store, named(store, "New").id)
    ((number, _),) = store.pending.due(WORK)
    store.pending.fail([number], "No.")
    assert store.mailboxes.find(WORK, "New") is None
    assert [line.words for line in store.pending.journal()] == [
        "make the mailbox New", "move to a mailbox that was not made: Compiler review 1",
    ]  # fmt: skip
    assert len(subjects(store, inbox)) == 2
    assert [line.state for line in store.pending.journal()] == ["failed", "failed"]
    store.pending.retry([number])
    assert len(subjects(store, inbox)) == 1
    store.pending.drop([number])
    assert store.pending.journal() == []
    assert len(subjects(store, inbox)) == 2


def test_a_rename_is_shown_below_too_and_taken_back_exactly(store: Store, lists: MailboxId) -> None:
    names = ("INBOX", "Sent", "Lists", "Lists/a", "Lists/a/b", "Listsmith")
    store.mailboxes.apply_listing(WORK, listing(*names))
    before = store.mailboxes.all(WORK)
    store.deeds.do([RenameMailbox(WORK, lists, "Lists", "Old")], "Renamed", at=5)
    assert {one.name for one in store.mailboxes.all(WORK)} == {"INBOX", "Sent", "Old", "Old/a", "Old/a/b", "Listsmith"}
    assert named(store, "Old/a").name_there == "Lists/a"
    store.mailboxes.apply_listing(WORK, listing(*names))
    assert named(store, "Old").id == lists
    ((number, action),) = store.pending.due(WORK)
    store.pending.fail([number], "No.")
    assert [(one.id, one.name, one.server_name) for one in store.mailboxes.all(WORK)] == [
        (one.id, one.name, one.server_name) for one in before
    ]
    store.pending.retry([number])
    store.pending.done([number])
    assert isinstance(action, RenameMailbox)
    assert not store.mailboxes.apply_listing(WORK, listing("INBOX", "Sent", "Old", "Old/a", "Old/a/b", "Listsmith"))
    assert named(store, "Old").id == lists


def test_a_name_that_somebody_else_took_meanwhile_stays_theirs(store: Store, lists: MailboxId) -> None:
    store.deeds.do([RenameMailbox(WORK, lists, "Lists", "New")], "Renamed", at=5)
    store.mailboxes.apply_listing(WORK, listing("INBOX", "Sent", "Lists", "New"))
    assert named(store, "Lists").id == lists
    assert named(store, "New").id != lists


def test_a_deleted_mailbox_is_hidden_with_its_mail_and_comes_back_when_refused(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    store.envelopes.ingest(lists, [incoming(9)])
    store.deeds.do([DeleteMailbox(WORK, lists, "Lists")], "Deleted", at=5)
    assert store.mailboxes.find(WORK, "Lists") is None
    assert [one.subject for one in store.envelopes.recent()] == ["Compiler review 2", "Compiler review 1"]
    store.mailboxes.apply_listing(WORK, listing("INBOX", "Sent", "Lists"))
    assert store.mailboxes.find(WORK, "Lists") is None
    ((number, action),) = store.pending.due(WORK)
    assert isinstance(action, DeleteMailbox)
    assert action.name == "Lists"
    store.pending.fail([number], "No.")
    assert named(store, "Lists").total == 1
    store.pending.retry([number])
    store.pending.done([number])
    assert store.mailboxes.get(lists) is None


def test_a_mailbox_is_told_of_only_after_what_was_asked_before(
    store: Store, inbox: MailboxId, lists: MailboxId
) -> None:
    store.envelopes.ingest(lists, [incoming(9)])
    (third,) = [one for one, _ in store.envelopes.newest([lists])]
    move(store, inbox, third)
    store.deeds.do([DeleteMailbox(WORK, lists, "Lists")], "Deleted", at=5)
    assert [line.mailbox for line in store.pending.journal()] == ["Lists", "Lists"]
    ((number, action),) = store.pending.due(WORK)
    assert isinstance(action, Move)
    store.pending.done([number], [Done1(number, 3, 7)])
    ((_, last),) = store.pending.due(WORK)
    assert isinstance(last, DeleteMailbox)


def test_a_subscription_is_shown_at_once_and_stays_once_it_is_done(store: Store, lists: MailboxId) -> None:
    store.deeds.do([Subscribe(WORK, lists, "Lists", False)], "Unsubscribed", at=5)
    assert not named(store, "Lists").subscribed
    ((number, _),) = store.pending.due(WORK)
    store.pending.fail([number], "No.")
    assert named(store, "Lists").subscribed
    store.pending.retry([number])
    store.pending.done([number])
    assert not named(store, "Lists").subscribed


def test_an_account_that_is_removed_leaves_nothing(store: Store, lists: MailboxId) -> None:
    move(store, lists)
    store.deeds.do([Copy(WORK, target(store, TWO), lists), Expunge(WORK, target(store, TWO))], "x", at=5)
    store.deeds.file(WORK, lists, incoming(50)._replace(uid=0), store.raws.keep(b"x"), at=5)
    store.accounts.remove(WORK)
    assert store.pending.journal() == []
    counts = store._database.row(
        "SELECT (SELECT count(*) FROM envelope), (SELECT count(*) FROM away), (SELECT count(*) FROM raw)"
    )
    assert counts == (0, 0, 0)


def test_what_was_given_up_is_no_deed_that_could_be_undone(store: Store, inbox: MailboxId, lists: MailboxId) -> None:
    move(store, lists)
    stars = [change(store, ONE, add=Flag.FLAGGED), change(store, TWO, add=Flag.FLAGGED)]
    assert store.deeds.do(stars, "Starred 2 messages", at=6) is not None
    numbers = sorted(line.id for line in store.pending.journal())
    assert len(numbers) == 3
    store.pending.drop(numbers[:2])
    assert [deed.state for deed in store.deeds.recent()] == ["done", "given up"]
    undone = store.deeds.undo(at=7)
    assert undone is not None
    assert (undone.words, undone.turned, undone.left) == ("Starred 2 messages", 1, 0)
    assert store.deeds.undo(at=8) is None
    assert store.pending.count(WORK) == 0
    assert [deed.state for deed in store.deeds.recent()] == ["undone", "given up"]
    assert len(subjects(store, inbox)) == 2
