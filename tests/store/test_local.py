"""Local mail: durable delivery, reading, flags, moving, copying, deleting, mailboxes."""

from __future__ import annotations

import hashlib
import mailbox as standard
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.store.making import START, several
from tests.store.posting import POP, deliver, describe, files_of, listed, mailbox, message, with_pop
from tuimail.errors import NotDownloaded, QuarantineRefused, TooLarge, UsageError, Vanished
from tuimail.model import AccountName, BodyState, Flag, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store, migrations
from tuimail.store.database import Database
from tuimail.store.maildirs.uidls import UidlState


@pytest.fixture
def inbox(store: Store) -> int:
    return with_pop(store)


@pytest.fixture
def root(paths: Paths) -> Path:
    return paths.maildir / "pop"


def test_an_account_of_ours_has_its_special_mailboxes(store: Store, inbox: int, root: Path) -> None:
    roles = [(found.name, found.role) for found in store.mailboxes.all(POP)]
    assert roles == [
        ("INBOX", Role.INBOX), ("Drafts", Role.DRAFTS), ("Sent", Role.SENT), ("Archive", Role.ARCHIVE),
        ("Junk", Role.JUNK), ("Trash", Role.TRASH),
    ]
    assert all(found.complete for found in store.mailboxes.all(POP))
    assert (root / "cur").is_dir()
    assert sorted(path.name for path in root.glob(".*")) == [".Archive", ".Drafts", ".Junk", ".Sent", ".Trash"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in root.rglob("*"))


def test_what_is_delivered_is_listed_whole_and_unread(store: Store, inbox: int, root: Path) -> None:
    raws = [message(number) for number in range(3)]
    ids = deliver(store, [(b"u%d" % number, raw) for number, raw in enumerate(raws)])
    assert [store.local.raw(identity) for identity in ids] == raws
    assert sorted(listed(store, mailbox(store, "INBOX"))) == sorted(ids)
    envelope = store.envelopes.envelope(ids[1])
    assert envelope is not None
    assert (envelope.subject, envelope.uid, envelope.uidl, envelope.body) == ("Message 1", None, "u1", BodyState.WHOLE)
    assert (envelope.flags, envelope.size_octets, envelope.received_at) == (0, len(raws[1]), START)
    found = store.mailboxes.get(mailbox(store, "INBOX"))
    assert found is not None
    assert (found.total, found.unread) == (3, 3)
    known = store.local.uidls.all(POP)
    assert {(row.state, row.envelope_id) for row in known.values()} == {(UidlState.STORED, one) for one in ids}
    assert known[b"u2"].sha256 == hashlib.sha256(raws[2]).digest()
    assert all(path.parent.name == "new" for path in files_of(root))
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files_of(root))


def test_a_message_over_the_limit_is_refused_and_leaves_nothing(store: Store, inbox: int, root: Path) -> None:
    delivery = store.local.delivery(POP)
    with pytest.raises(TooLarge), delivery.begin(b"u", limit_octets=100) as arriving:  # noqa: PT012 - the second one
        arriving.write(b"x" * 60)
        arriving.write(b"x" * 60)
    assert files_of(root) == []


def test_the_same_uidl_and_octets_are_never_listed_twice(store: Store, inbox: int, root: Path) -> None:
    first = deliver(store, [(b"u", message(1))])
    again = deliver(store, [(b"u", message(1)), (b"v", message(2)), (b"v", message(2))])
    assert again[0] == first[0]
    assert again[1] == again[2]
    assert len(listed(store, mailbox(store, "INBOX"))) == len(files_of(root)) == 2


def test_a_uidl_that_comes_with_other_octets_loses_neither(store: Store, inbox: int, root: Path) -> None:
    first = deliver(store, [(b"u", message(1))])
    second = deliver(store, [(b"u", message(2))])
    assert [store.local.raw(one) for one in (*first, *second)] == [message(1), message(2)]
    row = store.local.uidls.get(POP, b"u")
    assert row is not None
    assert row.envelope_id == first[0]


def test_a_preview_becomes_the_message_under_the_same_id(store: Store, inbox: int) -> None:
    raw = message(7, attachment=b"AAAA")
    identity = store.local.preview(POP, b"big", describe(raw[:200]), size_octets=len(raw))
    envelope = store.envelopes.envelope(identity)
    assert envelope is not None
    assert (envelope.body, envelope.size_octets) == (BodyState.ABSENT, len(raw))
    with pytest.raises(NotDownloaded):
        store.local.raw(identity)
    assert store.local.preview(POP, b"big", describe(raw[:200]), size_octets=len(raw)) == identity
    assert deliver(store, [(b"big", raw)]) == [identity]
    envelope = store.envelopes.envelope(identity)
    assert envelope is not None
    assert (envelope.body, envelope.has_attachments) == (BodyState.WHOLE, True)
    assert store.local.raw(identity) == raw
    with pytest.raises(QuarantineRefused):
        store.local.part(identity, Section("2"))


def test_attachments_are_held_and_texts_are_not(store: Store, inbox: int) -> None:
    (identity,) = deliver(store, [(b"u", message(1, attachment=b"JVBERi0x"))])
    assert store.local.part(identity, Section("1")).octets == b"Hello 1."
    for section in ("2", "2.1", "2.1.3"):
        with pytest.raises(QuarantineRefused):
            store.local.part(identity, Section(section))
    with pytest.raises(Vanished):
        store.local.part(identity, Section("3"))


def test_flags_are_mirrored_in_names_and_letters_of_others_stay(store: Store, inbox: int, root: Path) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    store.local.set_flags(identity, int(Flag.SEEN | Flag.FLAGGED | Flag.ANSWERED), "work")
    (path,) = files_of(root)
    assert path.parent.name == "cur"
    assert path.name.endswith(":2,FRS")
    path.rename(path.with_name(f"{path.name[:-3]}FPRSa"))  # another program
    store.local.set_flags(identity, 0, "")
    (path,) = files_of(root)
    assert path.name.endswith(":2,Pa")
    envelope = store.envelopes.envelope(identity)
    assert envelope is not None
    assert (envelope.flags, envelope.keywords) == (0, "")
    assert store.local.raw(identity) == message(1)


def test_moving_keeps_the_id_and_the_octets(store: Store, inbox: int, root: Path) -> None:
    ids = deliver(store, [(b"u%d" % number, message(number)) for number in range(3)])
    archive = mailbox(store, "Archive")
    assert store.local.move(ids[:2], archive) == ids[:2]
    assert sorted(listed(store, archive)) == ids[:2]
    assert listed(store, mailbox(store, "INBOX")) == ids[2:]
    assert [store.local.raw(one) for one in ids] == [message(number) for number in range(3)]
    assert len(files_of(root / ".Archive")) == 2
    counts = [(found.total, found.unread) for found in store.mailboxes.all(POP) if found.total]
    assert counts == [(1, 1), (2, 2)]


def test_moving_to_another_account_leaves_the_uidl_behind(store: Store, inbox: int, paths: Paths) -> None:
    other = AccountName("other")
    there = with_pop(store, other)
    (identity,) = deliver(store, [(b"u", message(1, attachment=b"AA"))])
    assert store.local.move([identity], there) == [identity]
    assert listed(store, there) == [identity]
    assert store.local.raw(identity) == message(1, attachment=b"AA")
    assert files_of(paths.maildir / "pop") == []
    row = store.local.uidls.get(POP, b"u")
    assert row is not None
    assert (row.state, row.envelope_id) == (UidlState.STORED, None)
    with pytest.raises(QuarantineRefused):
        store.local.part(identity, Section("2"))


def test_a_copy_is_another_message_and_as_held(store: Store, inbox: int) -> None:
    (identity,) = deliver(store, [(b"u", message(1, attachment=b"AA"))])
    (copy,) = store.local.copy([identity], mailbox(store, "Archive"))
    assert copy != identity
    assert store.local.raw(copy) == store.local.raw(identity)
    envelope = store.envelopes.envelope(copy)
    assert envelope is not None
    assert (envelope.subject, envelope.uidl) == ("Message 1", None)
    with pytest.raises(QuarantineRefused):
        store.local.part(copy, Section("2"))


def test_deleting_goes_through_the_trash(store: Store, inbox: int, root: Path) -> None:
    ids = deliver(store, [(b"u", message(1)), (b"v", message(2))])
    assert store.local.delete(ids).moved == ids
    assert sorted(listed(store, mailbox(store, "Trash"))) == ids
    assert store.local.delete(ids).in_trash == ids
    assert store.local.expunge(ids[:1], on_server=True) == 1
    assert store.local.expunge(ids[1:], on_server=False) == 1
    assert files_of(root) == []
    states = {uidl: (row.state, row.envelope_id) for uidl, row in store.local.uidls.all(POP).items()}
    assert states == {b"u": (UidlState.DELETE_WANTED, None), b"v": (UidlState.STORED, None)}


def test_mailboxes_are_made_renamed_and_deleted_never_with_mail(store: Store, inbox: int, root: Path) -> None:
    lists = store.local.folders.create(POP, "Lists/été.org")
    store.local.folders.create(POP, "Lists")
    assert (root / ".Lists.&AOk-t&AOkALg-org" / "cur").is_dir()
    ids = deliver(store, [(b"u", message(1))])
    store.local.move(ids, lists)
    store.local.folders.rename(mailbox(store, "Lists"), "Old & new")
    found = store.mailboxes.get(lists)
    assert found is not None
    assert found.name == "Old & new/été.org"
    assert store.local.raw(ids[0]) == message(1)
    with pytest.raises(UsageError, match="There is mail"):
        store.local.folders.delete(lists)
    store.local.move(ids, mailbox(store, "INBOX"))
    store.local.folders.delete(lists)
    assert store.mailboxes.get(lists) is None
    with pytest.raises(UsageError):
        store.local.folders.delete(mailbox(store, "INBOX"))
    with pytest.raises(UsageError, match="already"):
        store.local.folders.create(POP, "inbox")


def test_other_programs_can_read_the_maildir(store: Store, inbox: int, root: Path) -> None:
    ids = deliver(store, [(b"u", message(1)), (b"v", message(2))])
    store.local.set_flags(ids[0], int(Flag.SEEN), "")
    store.local.move(ids[:1], mailbox(store, "Sent"))
    opened = standard.Maildir(root, create=False)
    assert sorted(opened.list_folders()) == ["Archive", "Drafts", "Junk", "Sent", "Trash"]
    assert [one["Subject"] for one in opened] == ["Message 2"]
    (sent,) = opened.get_folder("Sent")
    assert sent.get_flags() == "S"


def test_a_store_of_the_first_schema_is_brought_up_to_date(paths: Paths) -> None:
    paths.make()
    with Database.open(paths.mail_db) as database:
        migrations.bring_up_to_date(database, newest=1)
        database.run("INSERT INTO account (name, place, address, protocol) VALUES ('work', 0, '', 'imap')")
        database.run("INSERT INTO mailbox (account_id, name) VALUES (1, 'INBOX')")
        assert database.column("PRAGMA user_version") == [1]
    with Store.open(paths) as store:
        there = mailbox(store, "INBOX", AccountName("work"))
        store.envelopes.ingest(there, several([1, 2]))
        with_pop(store)
        deliver(store, [(b"u", message(1))])
        assert len(listed(store, there)) == 2
        assert store.check() == []


def test_local_mail_is_left_alone_by_what_servers_do(store: Store, inbox: int) -> None:
    there = mailbox(store, "INBOX")
    (identity,) = deliver(store, [(b"u", message(1))])
    store.envelopes.begin_renumbering(there)
    assert store.envelopes.end_renumbering(there) == 0
    assert store.envelopes.vanish(there, range(1, 100)) == 0
    assert store.envelopes.wanting_bodies(POP, None, 10) == []
    assert listed(store, there) == [identity]


def test_local_mail_stays_whole_when_the_cache_of_parts_is_lost(store: Store, inbox: int, paths: Paths) -> None:
    (identity,) = deliver(store, [(b"u", message(1))])
    store.parts.put_text(identity, "text", b"{}" * 1000)
    store.parts.evict(0)
    store.parts.close()
    paths.parts_db.unlink()
    with Store.open(paths) as again:
        assert again.parts.text(identity, "text") is None
        envelope = again.envelopes.envelope(identity)
        assert envelope is not None
        assert envelope.body is BodyState.WHOLE


def test_a_batch_is_synced_named_synced_and_then_committed_for_good(
    store: Store, inbox: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, rename, execute = os.fsync, os.rename, Database._execute

    def syncing(descriptor: int) -> None:
        fsync(descriptor)
        happened.append("sync directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")

    def renaming(old: Path, new: Path) -> None:
        happened.append("rename")
        rename(old, new)

    def executing(self: Database, sql: str, values: Sequence[object]) -> object:
        if sql == "COMMIT":
            (level,) = self._connection.execute("PRAGMA synchronous").fetchone()
            happened.append(f"commit {level}")
        return execute(self, sql, values)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", syncing)
        patch.setattr(os, "rename", renaming)
        patch.setattr(Database, "_execute", executing)
        deliver(store, [(b"u", message(1)), (b"v", message(2))])
    full = 2  # PRAGMA synchronous=FULL
    assert happened == ["sync file", "sync file", "rename", "rename", "sync directory", f"commit {full}"]
