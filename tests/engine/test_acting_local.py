"""Actions on mail that lies here are carried out at once, whatever their kind, and told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import acting_house as acting
from tests.engine.house import Ears
from tuimail.actions import Copy, CreateMailbox, DeleteMailbox, Expunge, Move, RenameMailbox, SetFlags, Target
from tuimail.engine.inprocess import InProcessOffice
from tuimail.engine.protocol import MailboxChanged, PendingChanged, TreeChanged, Wake
from tuimail.errors import DiskFull
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store

ACCOUNT = AccountName("files")
NAMES = ("starred", "moved", "copied", "gone")


class LocalHouse:
    """A Maildir account with a few messages, an engine in this process, and ears for its notices."""

    def __init__(self, directory: Path) -> None:
        self.paths = Paths(
            directory / "config.toml", directory / "data", directory / "state", directory / "run"
        )
        self.paths.make()
        self.root = directory / "Mail"
        for folder in (self.root, self.root / ".Kept"):
            for name in ("tmp", "new", "cur"):
                (folder / name).mkdir(parents=True)
        for name in NAMES:
            (self.root / "new" / f"1700000000.{name}.host").write_bytes(acting.letter(name))
        self.paths.config_file.write_text(
            f'[accounts.{ACCOUNT}]\naddress = "ada@example.org"\n[accounts.{ACCOUNT}.receive]\n'
            f'protocol = "maildir"\npath = "{self.root}"\n'
        )
        self.ears = Ears()
        self.store = Store.open(self.paths)

    def office(self) -> InProcessOffice:
        """An engine; to be closed."""
        return InProcessOffice.join(self.paths, on_notice=self.ears)

    def target(self, subject: str, name: str = "INBOX") -> Target:
        """A message by its subject."""
        rows = self.store.envelopes.window(self.mailbox(name), 0, 100).rows
        row = next(row for row in rows if row.subject == subject)
        return Target(EnvelopeId(row.id), self.mailbox(name), None, None, "")

    def mailbox(self, name: str) -> MailboxId:
        """A mailbox by name."""
        found = self.store.mailboxes.find(ACCOUNT, name)
        assert found is not None, [one.name for one in self.store.mailboxes.all(ACCOUNT)]
        return found.id

    def files(self) -> dict[str, list[str]]:
        """Folder to the subjects of the files in it."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and path.parent.name in ("new", "cur"):
                folder = str(path.parent.parent.relative_to(self.root))
                subject = path.read_bytes().partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
                found.setdefault(folder, []).append(subject)
        return {folder: sorted(subjects) for folder, subjects in found.items()}


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalHouse]:
    """The house, looked at once."""
    house = LocalHouse(tmp_path)
    office = house.office()
    office.wait_sync(timeout_s=30)
    office.close()
    yield house
    house.store.close()


def test_every_kind_of_action_reaches_the_files(local: LocalHouse) -> None:
    kept = local.mailbox("Kept")
    store = local.store
    office = local.office()
    try:
        store.deeds.do([SetFlags(ACCOUNT, local.target("starred"), add=int(Flag.FLAGGED))], "Starred", at=1)
        store.deeds.do([Move(ACCOUNT, local.target("moved"), kept)], "Moved", at=1)
        store.deeds.do([Copy(ACCOUNT, local.target("copied"), kept)], "Copied", at=1)
        store.deeds.do([Expunge(ACCOUNT, local.target("gone"))], "Deleted", at=1)
        store.deeds.do([CreateMailbox(ACCOUNT, MailboxId(0), "New")], "Made", at=1)
        office.send(Wake(ACCOUNT))
        local.ears.wait_until(lambda: not store.pending.all())
        store.deeds.do([RenameMailbox(ACCOUNT, kept, "Kept", "Older")], "Renamed", at=1)
        store.deeds.do([DeleteMailbox(ACCOUNT, local.mailbox("New"), "New")], "Deleted", at=1)
        office.send(Wake(ACCOUNT))
        local.ears.wait_until(lambda: not store.pending.all())
        for kind in (MailboxChanged, TreeChanged, PendingChanged):
            local.ears.wait_for(kind)
    finally:
        office.close()
    assert store.pending.journal() == []
    assert local.files() == {".": ["copied", "starred"], ".Older": ["copied", "moved"]}
    assert [path.name for path in (local.root / "cur").iterdir() if path.name.endswith("F")]
    assert store.check() == []


def test_a_lane_whose_store_could_not_be_opened_once_works_again(
    local: LocalHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()
    really = Store.open

    def opened(*args: Any, **kwargs: Any) -> Store:
        if threading.current_thread().name.startswith("local") and not failed.is_set():
            failed.set()
            raise DiskFull("No space is left.")
        return really(*args, **kwargs)

    monkeypatch.setattr(Store, "open", opened)
    office = local.office()
    try:
        assert failed.wait(30)
        local.store.deeds.do([Move(ACCOUNT, local.target("moved"), local.mailbox("Kept"))], "Moved", at=1)
        office.send(Wake(ACCOUNT))
        local.ears.wait_until(lambda: not local.store.pending.all())
    finally:
        office.close()
    assert local.files()[".Kept"] == ["moved"]
