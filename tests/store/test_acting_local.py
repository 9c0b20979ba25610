"""Actions on mail that lies here: rows at once, files when they are carried out, and both agree afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.posting import POP, deliver, describe, files_of, listed, mailbox, message, with_pop
from tuimail.errors import UsageError
from tuimail.model import EnvelopeId, Flag, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.acting.pending import Waiting
from tuimail.store.maildirs.uidls import UidlState
from tuimail.wishes import acting


@pytest.fixture
def inbox(store: Store) -> MailboxId:
    with_pop(store)
    return mailbox(store, "INBOX")


@pytest.fixture
def root(paths: Paths) -> Path:
    return paths.maildir / "pop"


def work(store: Store) -> list[str]:
    """What the lane does, until nothing is due; why actions failed."""
    why = []
    while due := store.pending.due(POP):
        carried = store.local.carry_out(due, describe)
        store.pending.done(carried.done)
        for pending_id, sentence in carried.failed:
            store.pending.fail([pending_id], sentence)
            why.append(sentence)
    return why


def where(store: Store, root: Path, envelope_id: EnvelopeId) -> tuple[str, str]:
    """Where a row is shown, and its file is."""
    envelope = store.envelopes.envelope(envelope_id)
    assert envelope is not None
    return envelope.mailbox, store.local.path(envelope_id).relative_to(root).parts[0]


def settled(store: Store) -> bool:
    """Nothing waits, nothing is wrong, and a scan finds nothing to do."""
    scanned = store.local.scan(POP, describe)
    assert store.check() == []
    assert store.pending.journal() == []
    return not scanned.new and not scanned.findings


def test_mail_is_archived_at_once_and_its_file_follows(store: Store, inbox: MailboxId, root: Path) -> None:
    ids = deliver(store, [(b"u%d" % number, message(number)) for number in range(3)])
    done = acting.archive(store, ids[:2], at=5)
    assert done is not None
    assert done.sentence == "Archived 2 messages."
    assert where(store, root, ids[0])[0] == "Archive"
    assert store.local.path(ids[0]).is_relative_to(root / "new")
    assert work(store) == []
    assert where(store, root, ids[0]) == ("Archive", ".Archive")
    assert listed(store, inbox) == [ids[2]]
    assert settled(store)


def test_undo_brings_the_file_back(store: Store, inbox: MailboxId, root: Path) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    acting.junk(store, [identity], at=5)
    assert work(store) == []
    assert where(store, root, identity) == ("Junk", ".Junk")
    undone = acting.undo(store, at=6)
    assert undone is not None
    assert undone.sentence == "Undone: moved 1 message to junk."
    assert work(store) == []
    assert where(store, root, identity)[0] == "INBOX"
    assert store.local.path(identity).is_relative_to(root / "cur") or store.local.path(identity).is_relative_to(
        root / "new"
    )
    assert store.envelopes.rows([identity])[0].keywords == ""
    assert settled(store)


def test_a_copy_gets_a_file_of_its_own(store: Store, inbox: MailboxId, root: Path) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    acting.copy(store, [identity], at=5, to=mailbox(store, "Sent"))
    (copy,) = listed(store, mailbox(store, "Sent"))
    assert work(store) == []
    assert store.local.raw(copy) == store.local.raw(identity)
    assert len(files_of(root)) == 2
    acting.undo(store, at=6)
    assert work(store) == []
    assert listed(store, mailbox(store, "Sent")) == []
    assert len(files_of(root)) == 1
    assert settled(store)


def test_what_is_deleted_twice_is_gone_here_and_wanted_gone_there(store: Store, inbox: MailboxId, root: Path) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    acting.delete(store, [identity], at=5)
    with pytest.raises(acting.NeedsYes, match="1 message for good"):
        acting.delete(store, [identity], at=6)
    acting.delete(store, [identity], at=6, sure=True)
    assert listed(store, mailbox(store, "Trash")) == []
    assert len(files_of(root)) == 1
    assert work(store) == []
    assert files_of(root) == []
    assert store.local.uidls.all(POP)[b"u"].state is UidlState.DELETE_WANTED
    assert settled(store)


def test_an_action_that_a_crash_interrupted_is_carried_out_once(store: Store, inbox: MailboxId, root: Path) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    acting.copy(store, [identity], at=5, to=mailbox(store, "Sent"))
    acting.archive(store, [identity], at=5)
    for _ in range(3):
        store.local.carry_out(store.pending.due(POP), describe)
    assert work(store) == []
    assert where(store, root, identity) == ("Archive", ".Archive")
    assert len(files_of(root)) == 2
    assert settled(store)


def test_mail_that_is_not_downloaded_stays_where_it_is(store: Store, inbox: MailboxId) -> None:
    first, second = deliver(store, [(b"u", message(1)), (b"v", message(2))])
    preview = store.local.preview(POP, b"w", describe(message(3)), size_octets=100)
    acting.archive(store, [first, preview, second], at=5)
    assert work(store) == ["This message is not downloaded yet. Connect, and try again."]
    assert listed(store, inbox) == [preview]
    (line,) = store.pending.journal()
    assert (line.state, line.words) == ("failed", "move to Archive: Message 3")
    assert isinstance(line, Waiting)
    store.pending.drop([line.id])
    assert settled(store)


def test_mailboxes_are_made_renamed_and_deleted_with_their_folders(store: Store, inbox: MailboxId, root: Path) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    lists = acting.mailbox_made(store, POP, "Lists", at=5)
    acting.mailbox_made(store, POP, "Lists/looms", at=5)
    acting.move(store, [identity], at=5, to=lists)
    assert work(store) == []
    assert where(store, root, identity) == ("Lists", ".Lists")
    acting.mailbox_rename(store, lists, "Circles", at=6)
    assert where(store, root, identity)[0] == "Circles"
    assert work(store) == []
    assert where(store, root, identity) == ("Circles", ".Circles")
    assert (root / ".Circles.looms").is_dir()
    with pytest.raises(acting.NeedsYes, match="1 message goes"):
        acting.mailbox_delete(store, lists, at=7)
    acting.mailbox_delete(store, lists, at=7, sure=True)
    assert store.mailboxes.find(POP, "Circles") is None
    assert work(store) == []
    assert not (root / ".Circles").exists()
    assert where(store, root, identity) == ("Trash", ".Trash")
    assert settled(store)


def test_a_mailbox_with_a_purpose_stays(store: Store, inbox: MailboxId) -> None:
    for role in (Role.INBOX, Role.SENT):
        found = store.mailboxes.with_role(POP, role)
        assert found is not None
        with pytest.raises(UsageError, match="purpose of its own"):
            acting.mailbox_delete(store, found.id, at=5, sure=True)


def test_what_is_done_together_is_undone_together(store: Store, inbox: MailboxId, root: Path) -> None:
    ids = deliver(store, [(b"u%d" % number, message(number)) for number in range(3)])
    acting.set_flag(store, ids[:1], Flag.FLAGGED, at=5)
    acting.archive(store, ids, at=6, by_year=True)
    assert where(store, root, ids[0])[0].startswith("Archive/")
    assert work(store) == []
    acting.undo(store, at=7)
    assert work(store) == []
    assert listed(store, inbox) == sorted(ids, reverse=True)
    assert [deed.state for deed in store.deeds.recent()] == ["undone", "done"]
    assert store.envelopes.rows(ids[:1])[0].flags == Flag.FLAGGED
    assert settled(store)
