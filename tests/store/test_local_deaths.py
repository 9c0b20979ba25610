"""A process dies at every step of every change of local mail: nothing is lost, torn, or listed twice."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.store.dying import disk_error, every_death, failing_at
from tests.store.making import change as change_of
from tests.store.making import places
from tests.store.posting import POP, deliver, describe, files_of, listed, mailbox, message, with_pop
from tuimail.errors import QuarantineRefused, StoreError
from tuimail.model import EnvelopeId, Flag, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.maildirs.uidls import UidlState

MAILS = {b"u%d" % number: message(number, attachment=b"QUJD" * number if number % 2 else None) for number in range(6)}


def two_batches(paths: Paths, done: int) -> Callable[[], None]:
    """Deliver in two batches, and say through a pipe which are durable."""

    def act() -> None:
        with Store.open(paths) as store:
            mails = list(MAILS.items())
            for batch in (mails[:3], mails[3:]):
                deliver(store, batch)
                os.pwrite(done, b".", os.fstat(done).st_size)

    return act


class Grounds:
    """A data directory for each step: copies of one."""

    def __init__(self, directory: Path, mails: Mapping[bytes, bytes]) -> None:
        self._directory = directory
        self._model = directory / "model"
        self._model.mkdir()
        with Store.open(places(self._model)) as store:
            with_pop(store)
            self.ids = deliver(store, mails.items()) if mails else []

    def at(self, step: int) -> Paths:
        """The directory of a step, made when it is new."""
        directory = self._directory / str(step)
        if not directory.exists():
            shutil.copytree(self._model, directory)
        return places(directory)


@pytest.fixture
def empty(tmp_path: Path) -> Grounds:
    return Grounds(tmp_path, {})


@pytest.fixture
def filled(tmp_path: Path) -> Grounds:
    return Grounds(tmp_path, MAILS)


def settle(store: Store) -> list[EnvelopeId]:
    """What an engine does at its next start: look at the disk, then fetch what is not stored."""
    store.local.open_account(POP)
    store.local.scan(POP, describe)
    known = store.local.uidls.note_listing(POP, {uidl: len(raw) for uidl, raw in MAILS.items()}, at=1, complete=True)
    missing = [uidl for uidl in MAILS if known[uidl].state is UidlState.LISTED]
    return deliver(store, [(uidl, MAILS[uidl]) for uidl in missing])


def check_all_there(store: Store, root: Path) -> None:
    assert store.check() == []
    ids = listed(store, mailbox(store, "INBOX"))
    assert sorted(store.local.raw(one) for one in ids) == sorted(MAILS.values())
    assert len(files_of(root)) == len(MAILS)
    assert {row.state for row in store.local.uidls.all(POP).values()} == {UidlState.STORED}
    assert store.quarantine.count(POP) == 3


def test_a_delivery_killed_at_any_step_is_on_the_server_or_complete_here(
    empty: Grounds, tmp_path: Path
) -> None:
    done = os.open(tmp_path / "done", os.O_CREAT | os.O_RDWR)
    steps = 0

    def act(step: int) -> Callable[[], None]:
        os.ftruncate(done, 0)
        return two_batches(empty.at(step), done)

    for step in every_death(act):
        steps = step
        with Store.open(empty.at(step)) as store:
            acknowledged = list(MAILS.values())[: 3 * os.fstat(done).st_size]
            here = [store.local.raw(one) for one in listed(store, mailbox(store, "INBOX"))]
            assert set(acknowledged) <= set(here) <= set(MAILS.values())
            settle(store)
            check_all_there(store, empty.at(step).maildir / "pop")
    os.close(done)
    assert steps > 25


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, pytest.param(errno.EIO, marks=pytest.mark.long)], ids=["full", "broken"]
)
def test_a_delivery_that_fails_at_any_step_can_be_done_again(
    empty: Grounds, code: int
) -> None:
    for step in range(1, 200):
        paths = empty.at(step)
        with Store.open(paths) as store:
            store.local.delivery(POP)
            with failing_at(step, disk_error(code)) as failed:
                try:
                    deliver(store, MAILS.items())
                except (StoreError, OSError):
                    assert failed
            settle(store)
            check_all_there(store, paths.maildir / "pop")
        if not failed:
            break
    assert step > 20


def everything(store: Store) -> list[bytes]:
    """The octets of every message that is listed anywhere."""
    return sorted(
        store.local.raw(row.id)
        for found in store.mailboxes.all() for row in store.envelopes.window(found.id, 0, 100).rows
    )


CHANGES: dict[str, Callable[[Store, list[EnvelopeId]], object]] = {
    "move": lambda store, ids: store.local.move(ids[:4], mailbox(store, "Archive")),
    "copy": lambda store, ids: store.local.copy(ids[:2], mailbox(store, "Archive")),
    "delete": lambda store, ids: store.local.delete(ids[:4]),
    "flag": lambda store, ids: store.local.apply([change_of(store, one, add=Flag.SEEN) for one in ids[:4]]),
    "expunge": lambda store, ids: store.local.expunge(ids[:4], on_server=True),
    "release": lambda store, ids: store.quarantine.release(ids[1], Section("2"), at=5),
    "rename": lambda store, ids: store.local.folders.rename(store.local.folders.create(POP, "a/b"), "c"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_killed_at_any_step_loses_nothing_and_doubles_nothing(
    filled: Grounds, change: str
) -> None:
    wanted = sorted(MAILS.values())

    def act(step: int) -> Callable[[], None]:
        paths = filled.at(step)

        def run() -> None:
            with Store.open(paths) as store:
                CHANGES[change](store, filled.ids)

        return run

    for step in every_death(act):
        paths = filled.at(step)
        with Store.open(paths) as store:
            store.local.open_account(POP)
            store.local.scan(POP, describe)
            assert store.check() == []
            found = everything(store)
            if change == "copy":
                assert set(found) == set(wanted)
                assert len(wanted) <= len(found) <= len(wanted) + 2
            elif change == "expunge":
                assert found in (wanted, sorted(list(MAILS.values())[4:]))
                assert all(row.state is not UidlState.VANISHED for row in store.local.uidls.all(POP).values())
            else:
                assert found == wanted
            assert len(files_of(paths.maildir / "pop")) == len(found)
            assert not store.local.scan(POP, describe).changed
    assert step > 2


def test_deleting_an_attachment_killed_at_any_step_is_ended_or_not_begun(filled: Grounds) -> None:
    raw = MAILS[b"u3"]

    def act(step: int) -> Callable[[], None]:
        paths = filled.at(step)

        def run() -> None:
            with Store.open(paths) as store:
                store.quarantine.delete(filled.ids[3], Section("2"), describe, at=5)

        return run

    outcomes = set()
    for step in every_death(act):
        with Store.open(filled.at(step)) as store:
            (identity,) = [row.id for row in store.envelopes.window(mailbox(store, "INBOX"), 0, 10).rows
                           if row.subject == "Message 3"]
            with pytest.raises(QuarantineRefused):
                store.local.part(identity, Section("2"))
            store.local.scan(POP, describe)
            now = store.local.raw(identity)
            outcomes.add(now == raw)
            part = store.quarantine.get(identity, Section("2"))
            assert part is not None
            assert str(part.state) == ("held" if now == raw else "deleted")
            assert store.local.part(identity, Section("1")).octets == b"Hello 3."
            with pytest.raises(QuarantineRefused):
                store.local.part(identity, Section("2"))
            assert store.check() == []
            assert not [path for path in files_of(filled.at(step).maildir / "pop") if path.parent.name == "tmp"]
    assert outcomes == {True, False}
