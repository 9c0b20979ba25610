"""An IMAP account with `quarantine = true`: what is fetched is held and examined, and not fetched ahead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House
from tests.faults.mails import with_attachment
from tuimail.engine.protocol import PartArrived, PartFailed, Want
from tuimail.errors import QuarantineRefused
from tuimail.model import Section
from tuimail.store.files import save_part
from tuimail.ui.beside.holding import delete_held, held_of

PART = Section("2")


@pytest.fixture
def held_house(full: Demo, house_of: Callable[..., House]) -> House:
    """With one more message, and a configuration that holds attachments."""
    full.deliver(with_attachment(1, 500))
    house = house_of(full, offline="all")
    house.paths.config_file.write_text(house.paths.config_file.read_text() + "quarantine = true\n")
    return house


def test_an_attachment_of_imap_mail_is_held_when_it_is_fetched(held_house: House, tmp_path: Path) -> None:
    house = held_house
    house.sync()
    letter = house.with_subject("Letter 1")
    assert house.store.parts.text(letter, "text") is not None
    assert house.store.parts.get(letter, PART) is None
    with house.office() as office:
        office.send(Want(letter, PART))
        failed = house.ears.wait_for(PartFailed)
        assert "quarantine" in failed.sentence
        (held,) = house.store.quarantine.of_message(letter)
        assert (held.account, bool(held.verdict), held.state) == (ACCOUNT, True, "held")
        assert house.store.parts.get(letter, PART) is None
        with pytest.raises(QuarantineRefused):
            save_part(house.store, letter, PART, tmp_path, "file.bin")
        house.store.quarantine.release(letter, PART, at=1)
        office.send(Want(letter, PART))
        house.ears.wait_for(PartArrived, lambda notice: notice.section == PART)
    assert save_part(house.store, letter, PART, tmp_path, "file.bin").stat().st_size > 300


def test_what_was_deleted_stays_on_the_server_and_never_comes_back(
    full: Demo, held_house: House, tmp_path: Path
) -> None:
    house = held_house
    house.sync()
    letter = house.with_subject("Letter 1")
    with house.office() as office:
        office.send(Want(letter, PART))
        house.ears.wait_for(PartFailed)
        house.store.quarantine.release(letter, PART, at=1)
        for section in (PART, Section("")):
            office.send(Want(letter, section))
        house.ears.wait_for(PartArrived, lambda notice: notice.section == PART)
        house.ears.wait_for(PartArrived, lambda notice: notice.section == "")
        held = house.store.quarantine.get(letter, PART)
        assert held is not None
        delete_held(house.store, held_of(held), at=2)
        before = len(full.log)
        for section in (PART, Section("")):
            since = house.ask(office, Want(letter, section))
            failed = house.ears.wait_for(PartFailed, since=since)
            assert "deleted here" in failed.sentence
            assert "server still has it" in failed.sentence
        assert not [line for line in full.log[before:] if "BODY" in line]
    house.store.parts.evict(0)
    house.sync()  # as `offline` says, all texts come again
    assert house.store.parts.text(letter, "text") is not None
    assert not {PART, ""} & set(house.store.parts.sections(letter))
    with pytest.raises(QuarantineRefused, match="deleted here"):
        save_part(house.store, letter, PART, tmp_path, "file.bin")


def test_what_is_held_is_not_fetched_again_and_again(full: Demo, held_house: House) -> None:
    house = held_house
    house.sync()
    letter = house.with_subject("Letter 1")
    with house.office() as office:
        office.send(Want(letter, PART))
        house.ears.wait_for(PartFailed)
        fetched = sum("BODY.PEEK[2]" in line for line in full.log)
        since = house.ask(office, Want(letter, PART))
        house.ears.wait_for(PartFailed, since=since)
    assert sum("BODY.PEEK[2]" in line for line in full.log) == fetched > 0
