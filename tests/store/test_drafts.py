"""Drafts are on the disk at each pause, with their files as they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.dying import every_death
from tests.store.making import WORK
from tuimail.errors import TooLarge, UsageError, Vanished
from tuimail.model import Draft, DraftId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.writing.drafts import KEPT_S, MAX_FILES_OCTETS, PIECE_OCTETS, pieces_of


def begun(store: Store) -> Draft:
    return store.drafts.begin(WORK, at=100, message_id="<d@example.org>", subject="Compilers", body="Dear Grace")


def test_a_draft_is_what_was_saved_last(store: Store, paths: Paths) -> None:
    draft = begun(store)
    saved = store.drafts.save(replace(draft, to="grace@navy.example", body="Dear Grace,\nmore"), at=160)
    assert saved.changed_at == 160
    with Store.open(paths) as other:
        assert other.drafts.get(draft.id) == saved
        assert other.drafts.all() == [saved]


def test_a_file_is_kept_as_it_was_whatever_becomes_of_it(store: Store, tmp_path: Path) -> None:
    draft = begun(store)
    file = tmp_path / "listing.pdf"
    content = os.urandom(3 * PIECE_OCTETS + 17)
    file.write_bytes(content)
    attached = store.drafts.attach(draft.id, file.name, "application/pdf", pieces_of(file), at=101)
    file.unlink()
    assert store.drafts.read(draft.id, attached.number) == content
    assert attached.size_octets == len(content)
    assert store.drafts.save(draft, at=102).files == (attached,)
    store.drafts.detach(draft.id, attached.number, at=103)
    assert store.drafts.read(draft.id, attached.number) == b""
    again = store.drafts.attach(draft.id, "x", "text/plain", [b"x"], at=104)
    assert again.number == attached.number + 1, "a number is never used twice"


def grown(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"more")


def shrunk(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(5)


def touched(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(b"X")
    os.utime(file, ns=(1, 1))


def replaced(file: Path) -> None:
    other = file.with_suffix(".new")
    other.write_bytes(file.read_bytes())
    other.rename(file)


@pytest.mark.parametrize("change", [grown, shrunk, touched, replaced, Path.unlink])
def test_a_file_that_changes_while_it_is_read_is_not_attached(
    store: Store, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    draft = begun(store)
    file = tmp_path / "listing.txt"
    file.write_bytes(b"y" * (2 * PIECE_OCTETS))

    def reading() -> Iterator[bytes]:
        for number, piece in enumerate(pieces_of(file)):
            if number == 0:
                change(file)
            yield piece

    with pytest.raises(UsageError, match=r"changed while it was being read"):
        store.drafts.attach(draft.id, file.name, "text/plain", reading(), at=101)
    assert store.drafts.all() == [draft]


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "unreadable"])
def test_what_is_no_file_is_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "unreadable":
        path = path / "below" / "nothing"
    with pytest.raises(UsageError) as refused:
        list(pieces_of(path))
    assert str(path) in refused.value.sentence


def test_files_that_are_too_large_together_are_refused(store: Store) -> None:
    draft = begun(store)
    piece = bytes(1 << 20)
    with pytest.raises(TooLarge):
        store.drafts.attach(
            draft.id, "x", "text/plain", (piece for _ in range((MAX_FILES_OCTETS >> 20) + 1)), at=101
        )
    assert store.drafts.all() == [draft]


def test_a_discarded_draft_can_be_had_back_for_a_while(store: Store) -> None:
    draft = begun(store)
    file = store.drafts.attach(draft.id, "a.txt", "text/plain", [b"abc"], at=100)
    store.drafts.discard(draft.id, at=200)
    assert store.drafts.all() == []
    with pytest.raises(Vanished):
        store.drafts.save(draft, at=201)
    assert store.drafts.restore(draft.id).files == (file,)
    store.drafts.discard(draft.id, at=300)
    store.drafts.discard(begun(store).id, at=301 + KEPT_S)
    with pytest.raises(Vanished):
        store.drafts.restore(draft.id)
    assert store.drafts.read(draft.id, file.number) == b""


def test_a_draft_survives_a_death_at_any_step(paths: Paths) -> None:
    with Store.open(paths) as store:
        before = begun(store)

    def act(step: int) -> Callable[[], None]:
        def write() -> None:
            with Store.open(paths) as store:
                drafts = store.drafts
                drafts.save(replace(before, body=f"step {step}"), at=500 + step)
                drafts.attach(DraftId(before.id), f"{step}.bin", "text/plain", [b"z" * 1000] * 5, at=500 + step)

        return write

    for step in every_death(act):
        with Store.open(paths) as store:
            (draft,) = store.drafts.all()
            assert draft.body in {before.body, *(f"step {one}" for one in range(1, step + 1))}
            for file in draft.files:
                assert len(store.drafts.read(draft.id, file.number)) == file.size_octets == 5000
            assert store.check() == []
