"""What archive, delete, junk, move and copy mean for each account, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.store.making import START, WORK, incoming, places, several
from tests.store.posting import POP, deliver, describe, mailbox, message, with_pop
from tuimail.actions import Append, CreateMailbox, Move
from tuimail.errors import QuarantineRefused, UsageError
from tuimail.model import AccountName, BodyState, EnvelopeId, Flag, Mailbox, Role, Section
from tuimail.store import Store
from tuimail.store.mailboxes import ListedMailbox
from tuimail.wishes import acting

HOME = AccountName("home")
ORDINARY = [("INBOX", Role.INBOX), ("Trash", Role.TRASH), ("Junk", Role.JUNK), ("Archive", Role.ARCHIVE)]
GMAIL = [("INBOX", Role.INBOX), ("[Gmail]/All Mail", Role.ALL), ("[Gmail]/Trash", Role.TRASH)]
COURIER = [("INBOX", Role.INBOX), ("INBOX.Sent", Role.SENT)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(places(tmp_path)) as opened:
        yield opened
        assert opened.check() == []


def account(
    store: Store, name: AccountName, names: Sequence[tuple[str, Role]] = ORDINARY, delimiter: str = "/"
) -> list[EnvelopeId]:
    """An account with three messages in its inbox; they, newest first."""
    known = [(one.name, one.address, one.protocol) for one in store.accounts.all()]
    store.accounts.sync_names([*known, (name, "ada@example.org", "imap")])
    store.mailboxes.apply_listing(name, [ListedMailbox(each, delimiter, role) for each, role in names])
    inbox = named(store, "INBOX", name)
    store.envelopes.ingest(inbox.id, several([1, 2, 3]))
    return [one for one, _ in store.envelopes.newest([inbox.id])]


def named(store: Store, name: str, of: AccountName = WORK) -> Mailbox:
    found = store.mailboxes.find(of, name)
    assert found is not None, name
    return found


def where(store: Store, envelope_id: EnvelopeId) -> str:
    envelope = store.envelopes.envelope(envelope_id)
    return envelope.mailbox if envelope is not None else ""


def said(done: acting.Done | None) -> str:
    assert done is not None
    return done.sentence


def test_archiving_says_how_many_and_passes_over_what_is_archived(store: Store) -> None:
    ids = account(store, WORK)
    assert said(acting.archive(store, ids[:2], at=5)) == "Archived 2 messages."
    assert said(acting.archive(store, ids, at=5)) == "Archived 1 message."
    assert acting.archive(store, ids, at=5) is None
    assert [where(store, one) for one in ids] == ["Archive"] * 3


def test_the_archive_of_a_year_is_made_when_it_is_missing(store: Store) -> None:
    ids = account(store, WORK)
    store.envelopes.ingest(named(store, "INBOX").id, [incoming(9, sent_at=START - 3 * 365 * 86400)])
    acting.archive(store, [*ids, store.envelopes.by_uid(named(store, "INBOX").id, 9) or ids[0]], at=5, by_year=True)
    assert named(store, "Archive/2023").total == 3
    assert named(store, "Archive/2020").total == 1
    due = store.pending.due(WORK)
    assert [action.name for _, action in due if isinstance(action, CreateMailbox)] == ["Archive/2023", "Archive/2020"]
    assert acting.archive(store, ids, at=6, by_year=True) is None


def test_the_archive_of_gmail_is_all_mail_and_nothing_is_made(store: Store) -> None:
    ids = account(store, WORK, GMAIL)
    acting.archive(store, ids[:1], at=5, by_year=True)
    acting.delete(store, ids[1:2], at=5)
    assert where(store, ids[0]) == "[Gmail]/All Mail"
    assert where(store, ids[1]) == "[Gmail]/Trash"
    assert all(isinstance(action, Move) for _, action in store.pending.due(WORK))


def test_what_is_missing_is_made_where_the_server_has_its_mailboxes(store: Store) -> None:
    ids = account(store, WORK, COURIER, ".")
    acting.archive(store, ids[:1], at=5)
    acting.delete(store, ids[1:2], at=5)
    acting.junk(store, ids[2:], at=5)
    acting.delete(store, ids[:1], at=5)
    assert [where(store, one) for one in ids] == ["INBOX.Trash", "INBOX.Trash", "INBOX.Junk"]
    assert named(store, "INBOX.Trash").role is Role.TRASH


def test_what_lies_in_the_trash_goes_for_good_after_a_yes(store: Store) -> None:
    ids = account(store, WORK)
    acting.delete(store, ids[:1], at=5)
    with pytest.raises(acting.NeedsYes, match="Delete 1 message for good") as raised:
        acting.delete(store, ids, at=5)
    assert raised.value.count == 1
    assert where(store, ids[1]) == "INBOX"
    assert said(acting.delete(store, ids, at=5, sure=True)) == "Deleted 3 messages."
    with pytest.raises(acting.NeedsYes):
        acting.empty_trash(store, WORK, at=5)
    assert said(acting.empty_trash(store, WORK, at=5, sure=True)) == "Deleted 2 messages for good."
    assert acting.empty_trash(store, WORK, at=5, sure=True) is None
    assert store.envelopes.rows(ids) == []


def test_junk_and_not_junk_are_told_to_filters(store: Store) -> None:
    ids = account(store, WORK)
    acting.junk(store, ids[:1], at=5)
    assert (where(store, ids[0]), store.envelopes.rows(ids[:1])[0].keywords) == ("Junk", "$Junk")
    acting.not_junk(store, ids[:2], at=6)
    assert [where(store, one) for one in ids[:2]] == ["INBOX", "INBOX"]
    assert [row.keywords for row in store.envelopes.rows(ids[:2])] == ["$NotJunk", "$NotJunk"]
    acting.undo(store, at=7)
    acting.undo(store, at=7)
    assert [row.keywords for row in store.envelopes.rows(ids)] == ["", "", ""]


def test_a_flag_is_taken_away_when_all_have_it(store: Store) -> None:
    ids = account(store, WORK)
    assert said(acting.set_flag(store, ids[:1], Flag.FLAGGED, at=5)) == "Starred 1 message."
    assert said(acting.set_flag(store, ids, Flag.FLAGGED, at=5)) == "Starred 2 messages."
    assert said(acting.set_flag(store, ids, Flag.FLAGGED, at=5)) == "Took the star off 3 messages."
    assert said(acting.mark_all_read(store, named(store, "INBOX").id, at=5)) == "Marked 3 messages as read."
    assert acting.mark_all_read(store, named(store, "INBOX").id, at=5) is None
    assert said(acting.keywords(store, ids[:2], add=["later"], at=5)) == "Gave 2 messages later."
    assert said(acting.keywords(store, ids, remove=["later"], at=5)) == "Took later off 2 messages."
    assert acting.known_keywords(store) == []


def test_what_has_no_way_back_says_so_and_the_deed_before_is_next(store: Store) -> None:
    ids = account(store, WORK)
    acting.archive(store, ids[:1], at=5)
    acting.delete_for_good(store, ids[1:2], at=5, sure=True)
    while due := store.pending.due(WORK):
        store.pending.done([number for number, _ in due])
    assert said(acting.undo(store, at=6)) == "Deleted 1 message for good: that cannot be undone."
    assert said(acting.undo(store, at=6)) == "Undone: archived 1 message."
    assert acting.undo(store, at=6) is None


def test_a_trash_that_was_made_along_the_way_stays_without_a_word(store: Store) -> None:
    ids = account(store, WORK, COURIER, ".")
    acting.delete(store, ids[:1], at=5)
    while due := store.pending.due(WORK):
        store.pending.done([number for number, _ in due])
    assert said(acting.undo(store, at=6)) == "Undone: deleted 1 message."
    assert named(store, "INBOX.Trash").role is Role.TRASH


def test_ids_of_several_accounts_are_one_deed(store: Store) -> None:
    ids = [*account(store, WORK)[:1], *account(store, HOME)[:1]]
    done = acting.archive(store, ids, at=5)
    assert done is not None
    assert (done.sentence, done.accounts) == ("Archived 2 messages.", (WORK, HOME))
    acting.undo(store, at=6)
    assert [where(store, one) for one in ids] == ["INBOX", "INBOX"]


# --- across accounts --------------------------------------------------------------


def test_mail_leaves_its_account_only_once_it_has_arrived_in_another(store: Store) -> None:
    (first, *_), _ = account(store, WORK), account(store, HOME)
    to = named(store, "Archive", HOME)
    with pytest.raises(acting.NotHere) as raised:
        acting.move(store, [first], at=5, to=to.id)
    assert raised.value.ids == (first,)
    store.parts.put(first, Section(""), b"Subject: x\r\n\r\nwhole")
    store.envelopes.set_body_state(first, BodyState.WHOLE)
    assert said(acting.move(store, [first], at=5, to=to.id)) == "Moved 1 message to Archive."
    (copy,) = [one for one, _ in store.envelopes.newest([to.id])]
    assert store.parts.get(copy, Section("")) == b"Subject: x\r\n\r\nwhole"
    assert where(store, first) == "Trash"
    assert store.pending.due(WORK) == []
    ((number, append),) = store.pending.due(HOME)
    assert isinstance(append, Append)
    assert store.raws.read(append.raw) == b"Subject: x\r\n\r\nwhole"
    store.pending.done([number])
    ((_, leaving),) = store.pending.due(WORK)
    assert isinstance(leaving, Move)


def test_mail_that_did_not_arrive_is_back_where_it_was(store: Store) -> None:
    (first, *_), _ = account(store, WORK), account(store, HOME)
    store.parts.put(first, Section(""), b"whole")
    acting.move(store, [first], at=5, to=named(store, "Archive", HOME).id)
    ((number, _),) = store.pending.due(HOME)
    store.pending.fail([number], "Over quota.")
    assert where(store, first) == "INBOX"
    assert named(store, "Archive", HOME).total == 0
    store.pending.drop([number])
    assert store.pending.journal() == []


def test_undo_of_a_move_across_accounts_turns_both_back(store: Store) -> None:
    (first, *_), _ = account(store, WORK), account(store, HOME)
    store.parts.put(first, Section(""), b"whole")
    acting.move(store, [first], at=5, to=named(store, "Archive", HOME).id)
    acting.undo(store, at=6)
    assert where(store, first) == "INBOX"
    assert named(store, "Archive", HOME).total == 0
    assert store.pending.journal() == []


def test_a_copy_across_accounts_leaves_the_message_where_it_is(store: Store) -> None:
    (first, *_), _ = account(store, WORK), account(store, HOME)
    store.parts.put(first, Section(""), b"whole")
    assert said(acting.copy(store, [first], at=5, to=named(store, "INBOX", HOME).id)) == "Copied 1 message to INBOX."
    assert where(store, first) == "INBOX"
    assert named(store, "INBOX", HOME).total == 4


def test_local_mail_is_put_on_a_server_unless_something_in_it_is_held(store: Store) -> None:
    account(store, WORK)
    with_pop(store)
    plain, held = deliver(store, [(b"u", message(1)), (b"v", message(2, attachment=b"MZ" * 40))])
    to = named(store, "Archive")
    acting.move(store, [plain], at=5, to=to.id)
    assert where(store, plain) == "Trash"
    assert to.total + 1 == named(store, "Archive").total
    with pytest.raises(QuarantineRefused):
        acting.move(store, [held], at=5, to=to.id)
    assert where(store, held) == "INBOX"


def test_mail_of_a_server_is_put_into_a_local_mailbox(store: Store) -> None:
    first, *_ = account(store, WORK)
    with_pop(store)
    store.parts.put(first, Section(""), message(7))
    acting.copy(store, [first], at=5, to=mailbox(store, "Archive"))
    carried = store.local.carry_out(store.pending.due(POP), describe)
    store.pending.done(carried.done)
    (copy,) = [one for one, _ in store.envelopes.newest([mailbox(store, "Archive")])]
    assert store.local.raw(copy) == message(7)
    assert not store.local.scan(POP, describe).new


# --- mailboxes --------------------------------------------------------------------


def test_a_mailbox_needs_a_name_that_is_free_and_can_be(store: Store) -> None:
    account(store, WORK)
    for name in ("", "  ", "a\x1bb", "Trash"):
        with pytest.raises(UsageError):
            acting.mailbox_create(store, WORK, name, at=5)
    assert said(acting.mailbox_create(store, WORK, "2026", named(store, "Archive").id, at=5)) == (
        "Made the mailbox Archive/2026."
    )
    assert acting.mailbox_made(store, WORK, "Archive/2026", at=5) == named(store, "Archive/2026").id
    with pytest.raises(UsageError, match="lie in itself"):
        acting.mailbox_rename(store, named(store, "Archive").id, "Archive/2026/x", at=5)


def test_a_mailbox_that_mail_came_into_is_not_deleted_by_undo(store: Store) -> None:
    ids = account(store, WORK)
    to = acting.mailbox_made(store, WORK, "Looms", at=5)
    while due := store.pending.due(WORK):
        store.pending.done([number for number, _ in due])
    acting.move(store, ids[:1], at=5, to=to)
    store.deeds.undo(at=6, deed=store.deeds.recent()[-1].id)
    assert where(store, ids[0]) == "Looms"


def test_mail_cannot_be_put_where_no_mail_can_be(store: Store) -> None:
    (first, *_) = account(store, WORK)
    top = ListedMailbox("Top", "/", selectable=False)
    store.mailboxes.apply_listing(WORK, [ListedMailbox("INBOX", "/", Role.INBOX), top])
    with pytest.raises(UsageError, match="Top holds mailboxes only"):
        acting.move(store, [first], at=5, to=named(store, "Top").id)
    assert [one.name for one in acting.destinations(store, WORK)] == ["INBOX"]


def test_the_inbox_and_the_trash_stay(store: Store) -> None:
    account(store, WORK)
    for name in ("INBOX", "Trash"):
        with pytest.raises(UsageError):
            acting.mailbox_delete(store, named(store, name).id, at=5, sure=True)
