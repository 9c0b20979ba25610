"""Saving: a file is complete, private and new, or it is not there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.making import several
from tuimail.errors import DiskFull, NotDownloaded, ReadOnly, UsageError
from tuimail.model import EnvelopeId, MailboxId, Section
from tuimail.store import Store, files
from tuimail.store.border import translate_os
from tuimail.store.files import save_new, save_part


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "saved"
    made.mkdir()
    return made


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_file_is_written_whole_and_private(folder: Path) -> None:
    before = os.umask(0)
    try:
        file = save_new(folder, "listing.pdf", [b"one ", b"", b"two"])
    finally:
        os.umask(before)
    assert file == folder / "listing.pdf"
    assert file.read_bytes() == b"one two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_nlink == 1
    assert left(folder) == ["listing.pdf"]


def test_a_narrow_umask_does_not_make_it_unreadable(folder: Path) -> None:
    before = os.umask(0o777)
    try:
        file = save_new(folder, "a", [b"x"])
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_progress_is_told_in_octets(folder: Path) -> None:
    told: list[int] = []
    save_new(folder, "a", [b"123", b"45"], progress=told.append)
    assert told == [3, 5]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "../x", "a\0b", "x" * 256, "é" * 128, "\ud800"])
def test_a_name_that_could_leave_the_folder_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(UsageError) as raised:
        save_new(folder, name, [b"x"])
    assert raised.value.advice
    assert left(folder) == []


def test_nothing_is_overwritten_without_being_asked_for(folder: Path) -> None:
    (folder / "a").write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists already"):
        save_new(folder, "a", iter_that_must_not_be_read())
    assert (folder / "a").read_bytes() == b"precious"
    assert left(folder) == ["a"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(folder: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"mine"
        (folder / "a").write_bytes(b"precious")

    with pytest.raises(UsageError, match="exists already"):
        save_new(folder, "a", chunks())
    assert (folder / "a").read_bytes() == b"precious"
    assert left(folder) == ["a"]


def test_overwriting_replaces_the_file_at_once(folder: Path) -> None:
    (folder / "a").write_bytes(b"old")
    with (folder / "a").open("rb") as reader:
        save_new(folder, "a", [b"new"], overwrite=True)
        assert reader.read() == b"old"
    assert (folder / "a").read_bytes() == b"new"
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["link", "dangling", "fifo", "folder"])
def test_what_is_no_ordinary_file_is_left_alone(folder: Path, tmp_path: Path, kind: str, overwrite: bool) -> None:
    victim = tmp_path / "victim"
    match kind:
        case "link":
            victim.write_bytes(b"precious")
            (folder / "a").symlink_to(victim)
        case "dangling":
            (folder / "a").symlink_to(victim)
        case "fifo":
            os.mkfifo(folder / "a")
        case "folder":
            (folder / "a").mkdir()
    with pytest.raises(UsageError):
        save_new(folder, "a", [b"evil"], overwrite=overwrite)
    assert left(folder) == ["a"]
    assert not victim.exists() or victim.read_bytes() == b"precious"


def test_a_link_that_is_planted_meanwhile_is_not_followed(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")

    def chunks() -> Iterator[bytes]:
        (folder / "a").symlink_to(victim)
        yield b"evil"

    with pytest.raises(UsageError):
        save_new(folder, "a", chunks())
    assert victim.read_bytes() == b"precious"
    assert (folder / "a").is_symlink()


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    written: list[int] = []

    def failing(descriptor: int, data: bytes) -> int:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(1)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(DiskFull) as raised:
        save_new(folder, "a", [b"one", b"two"])
    assert raised.value.advice
    assert left(folder) == []


def test_a_full_device_says_so() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space") as raised, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert isinstance(translate_os(raised.value, Path("/dev/full")), DiskFull)


def test_a_source_that_fails_leaves_nothing_behind(folder: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise NotDownloaded("gone")

    with pytest.raises(NotDownloaded):
        save_new(folder, "a", chunks())
    assert left(folder) == []


def test_short_writes_are_continued(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:2]))
    assert save_new(folder, "a", [b"12345"]).read_bytes() == b"12345"


def test_a_file_system_without_hard_links_will_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refusing)
    assert save_new(folder, "a", [b"x"]).read_bytes() == b"x"
    with pytest.raises(UsageError, match="exists already"):
        save_new(folder, "a", [b"y"])
    assert left(folder) == ["a"]


def test_file_and_folder_are_synced_before_it_is_said_to_be_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    save_new(folder, "a", [b"x"])
    assert synced == [False, True]


@pytest.mark.parametrize("where", ["missing", "a-file"])
def test_a_folder_that_is_none_is_named(folder: Path, where: str) -> None:
    (folder / "a-file").write_bytes(b"")
    with pytest.raises(UsageError, match="no folder"):
        save_new(folder / where, "a", [b"x"])


def test_a_folder_that_cannot_be_written_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: object, flags: int, *_: object, **__: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(ReadOnly, match="Read-only"):
        save_new(folder, "a", [b"x"])


def test_a_part_is_saved_from_the_store(store: Store, inbox: MailboxId, folder: Path) -> None:
    store.envelopes.ingest(inbox, several([1]))
    data = b"x" * (files.PIECE_OCTETS + 5)
    store.parts.put(EnvelopeId(1), "2", data)
    told: list[int] = []
    file = save_part(store, EnvelopeId(1), Section("2"), folder, "a.bin", progress=told.append)
    assert file.read_bytes() == data
    assert told == [files.PIECE_OCTETS, len(data)]
    with pytest.raises(NotDownloaded):
        save_part(store, EnvelopeId(1), Section("3"), folder, "b.bin")


def iter_that_must_not_be_read() -> Iterator[bytes]:
    """A source that is expensive: it is not touched when the name is taken."""
    yield pytest.fail("read")
