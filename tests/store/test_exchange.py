"""Import and export: what goes out comes in again octet for octet, with flags and dates."""

from __future__ import annotations

import hashlib
import mailbox as standard
from pathlib import Path

import pytest

from tests.store.making import START, several
from tests.store.posting import POP, deliver, describe, files_of, listed, mailbox, message, with_pop
from tuimail.errors import UsageError
from tuimail.model import AccountName, Flag, MailboxId
from tuimail.store import Store
from tuimail.store.mailboxes import ListedMailbox
from tuimail.store.maildirs.exchange import export_maildir, export_mbox, import_maildir, import_mbox

ODD = [
    message(1), message(2, ending=b"\n"), message(3, attachment=b"AAAA"), b"Subject: no end", b"", b"\n", b"\r\n\r\n",
    b"From me\nFrom you\n>From him\n\n", b"\xff\x00\n" * 10, b"x" * 100_000,
]
OTHER = AccountName("other")


@pytest.fixture
def inbox(store: Store) -> MailboxId:
    found = with_pop(store)
    ids = deliver(store, [(None, raw) for raw in ODD])
    store.local.set_flags(ids[2], int(Flag.SEEN | Flag.FLAGGED), "")
    with_pop(store, OTHER)
    return found


def contents(store: Store, mailbox_id: MailboxId) -> list[tuple[bytes, int, int | None]]:
    found = []
    for identity in listed(store, mailbox_id):
        envelope = store.envelopes.envelope(identity)
        assert envelope is not None
        found.append((store.local.raw(identity), envelope.flags, envelope.received_at))
    return sorted(found, key=repr)


def test_an_mbox_that_was_exported_is_imported_as_it_was(store: Store, inbox: MailboxId, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    done = export_mbox(store, [inbox], tmp_path / "out.mbox", progress=lambda now, all: told.append((now, all)))
    assert (done.messages, done.findings, told[-1]) == (len(ODD), (), (len(ODD), len(ODD)))
    with pytest.raises(UsageError, match="exists"):
        export_mbox(store, [inbox], tmp_path / "out.mbox")
    there = mailbox(store, "Archive", OTHER)
    size = (tmp_path / "out.mbox").stat().st_size
    back = import_mbox(store, there, tmp_path / "out.mbox", describe, progress=lambda *now: told.append(now))
    assert (back.messages, back.findings, told[-1]) == (len(ODD), (), (size, size))
    assert contents(store, there) == contents(store, inbox)
    export_mbox(store, [there], tmp_path / "again.mbox")
    assert sorted((tmp_path / "again.mbox").read_bytes()) == sorted((tmp_path / "out.mbox").read_bytes())


def test_a_maildir_that_was_exported_is_imported_as_it_was(store: Store, inbox: MailboxId, tmp_path: Path) -> None:
    lists = store.local.folders.create(POP, "Lists/été")
    store.local.move(listed(store, inbox)[:3], lists)
    target = tmp_path / "out"
    assert export_maildir(store, [inbox, lists], target).messages == len(ODD)
    assert len(standard.Maildir(target, create=False)) == len(ODD) - 3
    with pytest.raises(UsageError, match="exists"):
        export_maildir(store, [inbox], target)
    told: list[tuple[int, int]] = []
    digest = {path: hashlib.sha256(path.read_bytes()).digest() for path in files_of(target)}
    back = import_maildir(
        store, OTHER, target, describe, below="Old", progress=lambda now, all: told.append((now, all))
    )
    assert (back.messages, back.findings, told[-1]) == (len(ODD), (), (len(ODD), len(ODD)))
    assert contents(store, mailbox(store, "Old", OTHER)) == contents(store, inbox)
    assert contents(store, mailbox(store, "Old/Lists/été", OTHER)) == contents(store, lists)
    assert digest == {path: hashlib.sha256(path.read_bytes()).digest() for path in files_of(target)}


def test_what_is_imported_is_held_like_anything_else(store: Store, inbox: MailboxId, tmp_path: Path) -> None:
    export_mbox(store, [inbox], tmp_path / "out.mbox")
    import_mbox(store, mailbox(store, "INBOX", OTHER), tmp_path / "out.mbox", describe)
    assert store.quarantine.count(OTHER) == store.quarantine.count(POP) == 1


def test_flags_of_other_programs_come_along(store: Store, inbox: MailboxId, tmp_path: Path) -> None:
    made = standard.mbox(tmp_path / "in.mbox")
    one = standard.mboxMessage(b"Subject: x\n\nStatus: A is what the body says\n")
    one.set_flags("RAF")
    made.add(one)
    made.close()
    there = mailbox(store, "Archive", OTHER)
    import_mbox(store, there, tmp_path / "in.mbox", describe)
    ((_, flags, received_at),) = contents(store, there)
    assert flags == Flag.SEEN | Flag.ANSWERED | Flag.FLAGGED
    assert received_at is not None
    assert received_at > START


def test_a_file_that_is_no_mbox_is_refused_and_nothing_stays(store: Store, inbox: MailboxId, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no").write_bytes(b"PK\x03\x04" * 1000)
    there = mailbox(store, "Archive", OTHER)
    with pytest.raises(UsageError, match="no mbox"):
        import_mbox(store, there, tmp_path / "no", describe)
    with pytest.raises(UsageError, match="no Maildir"):
        import_maildir(store, OTHER, tmp_path / "empty", describe)
    assert listed(store, there) == []
    assert files_of(store.local.where.root(OTHER)) == []


def test_messages_that_are_not_here_are_told_of(store: Store, inbox: MailboxId, tmp_path: Path) -> None:
    work = AccountName("work")
    store.accounts.sync_names([(POP, "", "pop3"), (OTHER, "", "pop3"), (work, "", "imap")])
    store.mailboxes.apply_listing(work, [ListedMailbox("INBOX", "/")])
    there = mailbox(store, "INBOX", work)
    store.envelopes.ingest(there, several([1, 2]))
    whole = store.envelopes.by_uid(there, 2)
    assert whole is not None
    store.parts.put(whole, "", b"Subject: fetched whole\n\n")
    done = export_mbox(store, [there], tmp_path / "out.mbox")
    assert done.messages == 1
    assert len(done.findings) == 1
    assert "not downloaded" in done.findings[0]
