"""A `maildir` account: what other programs deliver and change is seen, and nothing of theirs is disturbed."""

from __future__ import annotations

import mailbox
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.house import PATIENCE_S, Ears
from tests.faults.mails import letter, with_attachment
from tuimail.actions import SetFlags, Target
from tuimail.engine.inprocess import InProcessOffice
from tuimail.engine.local import maildir as engine_maildir
from tuimail.engine.protocol import MailboxChanged, PartArrived, Show, Wake, Want
from tuimail.model import AccountName, AccountStatus, Flag, Row, Section
from tuimail.paths import Paths
from tuimail.store import Store

ACCOUNT = AccountName("local")


class MaildirHouse:
    """A Maildir of another program, and an engine that looks at it."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "Mail"
        self.mail = mailbox.Maildir(str(self.root), create=True)
        self.paths = Paths(
            config_file=directory / "config.toml", data=directory / "data", state=directory / "state",
            runtime=directory / "run",
        )  # fmt: skip
        self.paths.config_file.write_text(f"""
[accounts.{ACCOUNT}]
address = "ada@example.org"
[accounts.{ACCOUNT}.receive]
protocol = "maildir"
path = "{self.root}"
""")
        self.paths.make()
        self.ears = Ears()
        self.store = Store.open(self.paths)

    @contextmanager
    def office(self, *, watch: bool = False) -> Iterator[InProcessOffice]:
        """An engine, ended afterwards."""
        office = InProcessOffice.join(self.paths, on_notice=self.ears, watch=watch)
        try:
            yield office
        finally:
            office.close()

    def sync(self) -> str:
        """One look by an engine of its own."""
        with self.office() as office:
            return office.wait_sync(timeout_s=PATIENCE_S)[ACCOUNT]

    def rows(self, name: str = "INBOX") -> list[Row]:
        """The list."""
        found = self.store.mailboxes.find(ACCOUNT, name)
        return list(self.store.envelopes.window(found.id, 0, 1000).rows) if found is not None else []

    def names(self) -> set[str]:
        """Every file, with its folder."""
        return {f"{path.parent.name}/{path.name}" for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MaildirHouse]:
    """With two messages: one new, one read and starred."""
    made = MaildirHouse(tmp_path)
    made.mail.add(letter(1))
    starred = mailbox.MaildirMessage(letter(2))
    starred.set_subdir("cur")
    starred.set_flags("FS")
    made.mail.add(starred)
    yield made
    made.store.close()


def test_messages_and_flags_of_another_program_are_listed_and_nothing_is_touched(house: MaildirHouse) -> None:
    before = house.names()
    assert house.sync() == ""
    assert {(row.subject, row.flags) for row in house.rows()} == {
        ("Letter 1", 0), ("Letter 2", Flag.SEEN | Flag.FLAGGED)
    }  # fmt: skip
    assert house.names() == before


def test_a_message_is_read_from_its_file(house: MaildirHouse) -> None:
    house.sync()
    with house.office() as office:
        for row in house.rows():
            office.send(Want(row.id))
        house.ears.wait_until(lambda: len(house.ears.all(PartArrived)) == 2)
    assert all(house.store.parts.text(row.id, "text") is not None for row in house.rows())


def test_attachments_of_a_maildir_are_not_held(house: MaildirHouse) -> None:
    house.mail.add(with_attachment(3, 400))
    house.sync()
    (row,) = (row for row in house.rows() if row.subject == "Letter 3")
    with house.office() as office:
        office.send(Want(row.id, Section("2")))
        house.ears.wait_for(PartArrived)
    assert house.store.parts.get(row.id, Section("2")) is not None


def test_a_flag_set_here_is_seen_by_other_programs_at_once(house: MaildirHouse) -> None:
    house.sync()
    (row,) = (row for row in house.rows() if row.subject == "Letter 1")
    inbox = house.store.mailboxes.find(ACCOUNT, "INBOX")
    assert inbox is not None
    house.store.pending.add([SetFlags(ACCOUNT, Target(row.id, inbox.id, None, None, ""), add=Flag.SEEN)], at=1)
    with house.office() as office:
        office.send(Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.store.pending.count(ACCOUNT) == 0)
    flags = {message["Subject"]: message.get_flags() for message in mailbox.Maildir(str(house.root))}
    assert flags == {"Letter 1": "S", "Letter 2": "FS"}


def test_deliveries_and_changes_of_others_appear_while_the_mailbox_is_shown(
    house: MaildirHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_maildir, "SHOWN_S", 0.02)
    monkeypatch.setattr(engine_maildir, "WATCHED_S", 0.02)
    with house.office(watch=True) as office:
        house.ears.wait_for(MailboxChanged)
        house.ears.wait_until(lambda: len(house.rows()) == 2)
        inbox = house.store.mailboxes.find(ACCOUNT, "INBOX")
        assert inbox is not None
        office.send(Show(inbox.id))
        key = house.mail.add(letter(5))
        house.ears.wait_until(lambda: len(house.rows()) == 3)
        message = house.mail[key]
        message.set_subdir("cur")
        message.add_flag("S")
        house.mail[key] = message
        house.ears.wait_until(lambda: sum(row.flags & Flag.SEEN for row in house.rows()) == 2)
        house.mail.discard(key)
        house.ears.wait_until(lambda: len(house.rows()) == 2)


def test_folders_of_both_kinds_are_in_the_tree(house: MaildirHouse) -> None:
    house.mail.add_folder("Lists.python")
    nested = mailbox.Maildir(str(house.root / "Plain"), create=True)
    nested.add(letter(9))
    house.sync()
    names = {found.name for found in house.store.mailboxes.all(ACCOUNT)}
    assert {"INBOX", "Plain"} <= names
    assert any("python" in name for name in names)
    assert [row.subject for row in house.rows("Plain")] == ["Letter 9"]


def test_a_maildir_that_is_not_there_is_told_and_found_later(tmp_path: Path) -> None:
    house = MaildirHouse(tmp_path)
    aside = house.root.rename(tmp_path / "aside")
    assert "no Maildir" in house.sync()
    account = house.store.accounts.get(ACCOUNT)
    assert account is not None
    assert account.status is AccountStatus.FAILED
    aside.rename(house.root)
    assert house.sync() == ""
    house.store.close()


def test_a_maildir_of_thousands_is_taken_in_within_reason(house: MaildirHouse) -> None:
    for number in range(10, 210):
        (house.root / "new" / f"{time.time_ns()}.{number}.host").write_bytes(letter(number))
    house.sync()
    assert len(house.rows()) == 202


