"""Maildirs of other programs: what they do is seen, and nothing of theirs is disturbed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import time
from pathlib import Path

import pytest

from tests.store.making import change as change_of
from tests.store.posting import POP, deliver, describe, files_of, listed, mailbox, message, with_pop
from tuimail.errors import StoreError, UsageError
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.maildirs.filing import Described
from tuimail.store.maildirs.folder_names import check_name, directory_of, name_of
from tuimail.store.maildirs.maildir import Maildir, Names, flags_of, renamed, uidl_key_of
from tuimail.store.maildirs.maildir import name_of as file_name_of
from tuimail.store.maildirs.scanning import Scanned, Scanning
from tuimail.store.maildirs.uidls import UidlState

MINE = AccountName("mine")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Maildir as another program left it."""
    made = tmp_path / "Maildir"
    for folder in ("", ".Sent", ".Lists.python", "nested/deep", "Caf\udce9"):
        for name in ("tmp", "new", "cur"):
            (made / folder / name).mkdir(parents=True)
    put(made, "new/1.a.host", message(1))
    put(made, "cur/2.b.host:2,FS", message(2))
    put(made, "cur/3.\udce9\udcff.host:2,", message(3))
    put(made, ".Lists.python/cur/4.d.host:2,RSab", message(4))
    put(made, "nested/deep/new/5.e.host", message(5))
    return made


@pytest.fixture
def opened(store: Store, root: Path) -> Store:
    with_pop(store, MINE, root)
    store.local.scan(MINE, describe)
    return store


def put(root: Path, name: str, raw: bytes) -> Path:
    path = root / name
    path.write_bytes(raw)
    return path


def subjects(store: Store) -> dict[str, dict[str, int]]:
    """Subjects and flags by mailbox."""
    found: dict[str, dict[str, int]] = {}
    for box in store.mailboxes.all(MINE):
        rows = store.envelopes.window(box.id, 0, 1000).rows
        found[box.name] = {row.subject.removeprefix("Message "): row.flags for row in rows}
    return {name: rows for name, rows in found.items() if rows}


def ids_of(store: Store) -> dict[str, EnvelopeId]:
    return {
        row.subject.removeprefix("Message "): row.id
        for box in store.mailboxes.all(MINE) for row in store.envelopes.window(box.id, 0, 1000).rows
    }


def scan(store: Store) -> Scanned:
    return store.local.scan(MINE, describe)


def test_a_maildir_is_opened_as_it_is(opened: Store, root: Path) -> None:
    assert subjects(opened) == {
        "INBOX": {"1": 0, "2": int(Flag.FLAGGED | Flag.SEEN), "3": 0},
        "Lists/python": {"4": int(Flag.ANSWERED | Flag.SEEN)},
        "nested/deep": {"5": 0},
    }
    assert {box.name: box.role for box in opened.mailboxes.all(MINE) if box.role} == {
        "INBOX": Role.INBOX, "Sent": Role.SENT,
    }
    assert {number: opened.local.raw(one) for number, one in ids_of(opened).items()} == {
        str(number): message(number) for number in (1, 2, 3, 4, 5)
    }
    names = {os.fsencode(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert names == {
        b"new/1.a.host", b"cur/2.b.host:2,FS", b"cur/3.\xe9\xff.host:2,", b".Lists.python/cur/4.d.host:2,RSab",
        b"nested/deep/new/5.e.host",
    }
    assert not (root / ".Trash").exists()


def test_what_other_programs_do_is_seen_and_ids_stay(opened: Store, root: Path) -> None:
    before = ids_of(opened)
    opened.local.set_flags(before["2"], int(Flag.SEEN | Flag.FLAGGED), "work")
    (root / "new/1.a.host").rename(root / "cur/1.a.host:2,S")
    (root / "cur/3.\udce9\udcff.host:2,").rename(root / ".Sent/cur/3.\udce9\udcff.host:2,R")
    (root / "cur/2.b.host:2,FS").rename(root / "cur/2.b.host:2,T")
    (root / ".Lists.python/cur/4.d.host:2,RSab").unlink()
    put(root, ".Lists.python/new/6.f.host", message(6))
    result = scan(opened)
    assert (result.removed, result.moved, sum(map(len, result.new.values())), result.findings) == (1, 1, 1, ())
    assert subjects(opened) == {
        "INBOX": {"1": int(Flag.SEEN), "2": int(Flag.DELETED)}, "Sent": {"3": int(Flag.ANSWERED)},
        "Lists/python": {"6": 0}, "nested/deep": {"5": 0},
    }
    after = ids_of(opened)
    assert all(after[number] == before[number] for number in ("1", "2", "3", "5"))
    envelope = opened.envelopes.envelope(after["2"])
    assert envelope is not None
    assert envelope.keywords == "work"
    assert opened.local.raw(after["3"]) == message(3)
    assert scan(opened) == Scanned({}, frozenset(), 0, 0, False, ())


def test_folders_that_come_go_and_are_renamed(opened: Store, root: Path) -> None:
    before = ids_of(opened)
    (root / ".Lists.python").rename(root / ".Old")
    (root / "new2/cur").mkdir(parents=True)
    result = scan(opened)
    assert result.tree_changed
    assert result.moved == 1
    names = [box.name for box in opened.mailboxes.all(MINE)]
    assert "Old" in names
    assert "new2" in names
    assert "Lists/python" not in names
    assert ids_of(opened) == before


def test_wishes_that_wait_stay_on_top(opened: Store, root: Path) -> None:
    one = ids_of(opened)["1"]
    action = change_of(opened, one, add=Flag.FLAGGED)
    opened.pending.add([type(action)(MINE, action.target, action.add)], at=1)
    (root / "new/1.a.host").rename(root / "cur/1.a.host:2,S")
    scan(opened)
    assert subjects(opened)["INBOX"]["1"] == Flag.SEEN | Flag.FLAGGED
    due = opened.pending.due(MINE)
    opened.local.apply([waiting for _, waiting in due])
    opened.pending.done([identity for identity, _ in due])
    assert (root / "cur/1.a.host:2,FS").exists()
    assert not scan(opened).changed


def test_odd_things_are_passed_over_and_told(
    opened: Store, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(root / "new/fifo")
    (root / "cur/link:2,S").symlink_to(put(tmp_path, "secret", message(99)))
    (root / "cur/folder").mkdir()
    (root / ".Link").symlink_to(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(root / "new")  # the path of a socket must be short
        bound.bind("socket")
    put(root, "new/.hidden", message(98))
    put(root, "cur/:2,S", message(97))
    put(root, "cur/1.a.host:2,S", message(1))
    result = scan(opened)
    assert len(result.findings) == 6
    assert all(one.endswith(("it is left alone.", "one of them is shown.")) for one in result.findings)
    assert sorted(ids_of(opened)) == ["1", "2", "3", "4", "5"]


def test_a_file_that_becomes_readable_is_seen_then(opened: Store, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "new/7.g.host", message(7))
    with monkeypatch.context() as patch:
        def refuse(path: Path, limit: int = 0) -> bytes:
            raise StoreError(f"{path} cannot be read")

        patch.setattr("tuimail.store.maildirs.scanning.read_file", refuse)
        assert len(scan(opened).findings) == 1
    assert "7" not in ids_of(opened)
    scan(opened)
    assert "7" in ids_of(opened)


def test_a_root_that_is_away_takes_nothing_with_it(opened: Store, root: Path) -> None:
    before = ids_of(opened)
    root.rename(root.with_name("away"))
    with pytest.raises(StoreError):
        scan(opened)
    root.mkdir()  # an empty mount point
    with pytest.raises(StoreError, match="stays listed"):
        scan(opened)
    assert ids_of(opened) == before
    root.rmdir()
    root.with_name("away").rename(root)
    assert not scan(opened).changed
    with pytest.raises(UsageError):
        opened.local.open_account(MINE, root / "nothing")


def test_a_file_that_moves_while_folders_are_listed_is_not_lost(
    opened: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ids_of(opened)
    compare = Scanning._compare

    def moving(self: Scanning, *arguments: object) -> object:
        difference = compare(self, *arguments)  # type: ignore[arg-type]
        (root / "nested/deep/new/5.e.host").rename(root / "cur/5.e.host:2,")
        return difference

    # It was listed in neither place: gone from the one after, new in the other before.
    entries = Maildir.entries

    def blind(self: Maildir) -> object:
        found, odd = entries(self)
        return [entry for entry in found if not entry.key.startswith("5.")], odd

    put(root, "nested/deep/new/8.h.host", message(8))
    put(root, "new/9.i.host", message(9))
    with monkeypatch.context() as patch:
        patch.setattr(Maildir, "entries", blind)
        patch.setattr(Scanning, "_compare", lambda *arguments: (moving(*arguments), patch.setattr(
            Maildir, "entries", entries
        ))[0])
        result = scan(opened)
    assert (result.removed, result.moved) == (0, 1)
    after = ids_of(opened)
    assert after["5"] == before["5"]
    assert opened.local.raw(after["5"]) == message(5)


def test_a_message_another_program_removed_is_not_fetched_and_not_deleted_unasked(store: Store) -> None:
    with_pop(store)
    deliver(store, [(b"u", message(1)), (b"v", message(2))])
    files_of(store.local.where.root(POP))[0].unlink()
    assert store.local.scan(POP, describe).removed == 1
    known = store.local.uidls.note_listing(POP, {b"u": 1, b"v": 2}, at=1, complete=True)
    assert sorted(row.state for row in known.values()) == [UidlState.STORED, UidlState.VANISHED]
    assert len(store.local.uidls.deletable(POP)) == 1


def test_a_copy_made_by_hand_is_a_message_of_its_own(store: Store) -> None:
    with_pop(store)
    deliver(store, [(b"u", message(1))])
    root = store.local.where.root(POP)
    (path,) = files_of(root)
    put(root, f".Archive/new/{path.name}", message(1))
    store.local.scan(POP, describe)
    assert len(listed(store, mailbox(store, "Archive"))) == len(listed(store, mailbox(store, "INBOX"))) == 1
    assert len(files_of(root)) == 2


def test_an_incremental_scan_reads_and_asks_only_for_what_is_new(
    opened: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10, 400):
        put(root, f"new/{number}.x.host", message(number))
    scan(opened)
    seen: list[bytes] = []

    def noting(raw: bytes) -> Described:
        seen.append(raw)
        return describe(raw)

    put(root, "new/777.x.host", message(777))
    opened.local.scan(MINE, noting)
    assert seen == [message(777)]
    for directory in (path for path in root.rglob("*") if path.name in {"cur", "new"}):
        os.utime(directory, (1_700_000_000, 1_700_000_000))
    opened.local.scan(MINE, noting)
    listings: list[object] = []

    def listing(self: Maildir) -> object:
        listings.append(self)
        return [], []

    monkeypatch.setattr(Maildir, "entries", listing)
    opened.local.scan(MINE, noting)
    assert listings == []
    assert len(seen) == 1


def test_leftovers_in_tmp_go_when_nobody_can_need_them(store: Store, tmp_path: Path) -> None:
    maildir = Maildir(tmp_path / "Maildir")
    maildir.make()
    living = maildir.begin()
    tmp = maildir.directory / "tmp"
    child = os.fork()
    if child == 0:
        Maildir(maildir.directory).begin()
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # dead, and not buried: its number is still taken
    old, young = put(tmp, "old", b"x"), put(tmp, "young", b"x")
    os.utime(old, (0, time.time() - 37 * 3600))
    assert maildir.clear_tmp(time.time()) == 2
    os.waitpid(child, 0)
    assert sorted(path.name for path in tmp.iterdir()) == sorted([living.key, young.name])
    living.discard()


def test_a_leftover_goes_though_its_number_is_another_process_by_now(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path / "Maildir")
    maildir.make()
    left = maildir.begin()
    left.write(b"half of it")
    left.sync()
    left.close()  # as when the machine was reset, and this process got the number of the one that died
    assert maildir.clear_tmp(time.time()) == 1
    assert list((maildir.directory / "tmp").iterdir()) == []


def test_a_file_that_is_cleared_away_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir = Maildir(tmp_path / "Maildir")
    maildir.make()
    flock, cleared = fcntl.flock, list[int]()

    def late(descriptor: int, operation: int) -> None:
        if not cleared:
            cleared.append(0)
            monkeypatch.setattr(fcntl, "flock", flock)
            cleared.append(maildir.clear_tmp(time.time()))
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    arriving = maildir.begin()
    arriving.write(b"whole")
    assert cleared == [0, 1]
    (filed,) = maildir.commit_batch([arriving])
    assert (maildir.directory / filed.name).read_bytes() == b"whole"


# --- names ------------------------------------------------------------------------


def test_names_are_never_made_twice_and_bear_the_uidl() -> None:
    names = Names(clock=lambda: 1_700_000_000.25)
    made = {names.make() for _ in range(1000)} | {Names(clock=lambda: 1_700_000_000.25).make() for _ in range(1000)}
    assert len(made) == 2000
    assert all("/" not in name and ":" not in name and len(name) < 200 for name in made)
    assert uidl_key_of(names.make(bytes(range(16)))) == bytes(range(16))
    assert uidl_key_of(names.make()) is None
    assert uidl_key_of("1700000000.M1P2Q3.host") is None


@pytest.mark.parametrize(("name", "flags", "wanted"), [
    ("new/k", 0, "new/k"), ("new/k", 1, "cur/k:2,S"), ("cur/k:2,S", 0, "cur/k:2,"), ("cur/k:2,PSa", 5, "cur/k:2,FPSa"),
    ("cur/k", 1, "cur/k:2,S"), ("cur/k:1,x", 4, "cur/k:2,F"), ("cur/k:2,S", 31, "cur/k:2,DFRST"),
])
def test_flags_and_names(name: str, flags: int, wanted: str) -> None:
    assert renamed(name, flags) == wanted
    assert flags_of(wanted) == flags
    assert file_name_of("k", flags_of(wanted)).startswith(("new/k", "cur/k:2,"))


@pytest.mark.parametrize("name", ["Lists", "Lists/python", "été", "a.b/c&d", "台北/日本語", "~x", "a-b", "~p/m/&"])
def test_folder_names_come_back(name: str) -> None:
    assert name_of(directory_of(name)) == name
    assert check_name(f" {name}/ ") == name
    assert directory_of(name).isascii()


@pytest.mark.parametrize(("directory", "name"), [
    (b"", "INBOX"),
    (b".&AOk-t&AOk-", "été"), (b".\xc3\xa9", "é"), (b".\xff", "?"), (b".&bad", "&bad"), (b".&2AA-", "&2AA-"),
    (b"a/b", "a/b"), (b".", "?"),
])
def test_folders_of_other_programs_have_some_name(directory: bytes, name: str) -> None:
    assert name_of(directory) == name


@pytest.mark.parametrize("name", ["", " ", "/", "a//b", "a\nb", "a\0b", "x" * 300, "é" * 150, "\udce9"])
def test_impossible_mailbox_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_ids_are_mailboxes(opened: Store, paths: Paths) -> None:
    assert all(isinstance(box.id, int) for box in opened.mailboxes.all(MINE))
    assert opened.local.is_local_mailbox(MailboxId(opened.mailboxes.all(MINE)[0].id))
    assert not (paths.maildir / "mine" / "cur").exists()


@pytest.mark.parametrize("octets", [0, 1, 1000, 262_143, 262_144, 700_000])
def test_what_arrives_in_pieces_reads_back_whole(tmp_path: Path, octets: int) -> None:
    maildir = Maildir(tmp_path / "mail")
    maildir.make()
    message = bytes(number % 251 for number in range(octets))
    arriving = maildir.begin()
    for at in range(0, octets, 70_001):
        arriving.write(message[at : at + 70_001])
    assert arriving.read() == message
    assert arriving.read(10) == message[:10]
    (filed,) = maildir.commit_batch([arriving])
    assert filed.sha256 == hashlib.sha256(message).digest()
    assert (maildir.directory / filed.name).read_bytes() == message


def test_what_is_written_after_a_look_is_part_of_the_message(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path / "mail")
    maildir.make()
    arriving = maildir.begin()
    arriving.write(b"Subject: one\r\n")
    assert arriving.read(8) == b"Subject:"
    arriving.write(b"\r\ntwo\r\n")
    assert arriving.read() == b"Subject: one\r\n\r\ntwo\r\n"
    assert arriving.sha256() == hashlib.sha256(b"Subject: one\r\n\r\ntwo\r\n").digest()
    arriving.discard()
