"""Attachments through the whole app: list, reader, bar, prompt, file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.seed import FakeEngine, inbox_of, make_app, seed
from tests.ui_parts.host import PDF, piloted, screen_text, until
from tuimail.engine.protocol import PartArrived, PartFailed, PartProgress, Want
from tuimail.model import EnvelopeId, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.screens.save_prompt import SaveAllPrompt, SavePrompt
from tuimail.ui.widgets.folder_field import FolderField
from tuimail.ui.widgets.parts_bar import PartsBar

PDF_PART, PICTURE_PART = Section("2"), Section("3")


class House:
    """A seeded store whose newest message has two attachments."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = tmp_path / "home"
        (self.home / "Downloads").mkdir(parents=True)
        monkeypatch.setenv("HOME", str(self.home))
        monkeypatch.delenv("XDG_DOWNLOAD_DIR", raising=False)
        self.paths = Paths.from_environment({"HOME": str(self.home)}, data_dir=str(tmp_path / "data"))
        seed(self.paths)
        with Store.open(self.paths) as store:
            self.newest: EnvelopeId = store.envelopes.window(inbox_of(store), 0, 1).rows[0].id
        self.engine = FakeEngine()
        self.app = make_app(self.paths, engine=self.engine)

    def put(self, section: Section, data: bytes, real_type: str) -> None:
        """As the engine does: store, then say so."""
        with Store.open(self.paths) as store:
            store.parts.put(self.newest, section, data, real_type=real_type)
        self.engine.say(PartArrived(self.newest, section))

    async def open_newest(self, pilot: Pilot[Any]) -> PartsBar:
        """The newest message is in the reader, its attachments below."""
        await pilot.press("g", "enter")
        bar = self.app.screen.query_one(PartsBar)
        await until(pilot, lambda: bar.attachments)
        return bar

    def saved(self) -> list[str]:
        """Names in the folder."""
        return sorted(path.name for path in (self.home / "Downloads").iterdir())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def test_s_in_the_reader_saves_an_attachment_that_is_here(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        house.put(PDF_PART, PDF, "application/pdf")
        await house.open_newest(pilot)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(house.app.screen, SavePrompt))
        await until(pilot, lambda: house.app.screen.query_one(FolderField).value == "~/Downloads")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(house.app.screen, SavePrompt))

    piloted(house.app, steps, (150, 40))
    assert house.saved() == ["listing.pdf"]
    assert (house.home / "Downloads" / "listing.pdf").read_bytes() == PDF


def test_s_in_the_list_saves_from_the_opened_message(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.open_newest(pilot)
        await pilot.press("h", "S")
        await until(pilot, lambda: isinstance(house.app.screen, SavePrompt))

    piloted(house.app, steps, (150, 40))


def test_missing_bytes_are_fetched_through_the_engine(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.open_newest(pilot)
        await pilot.press("S")
        await until(pilot, lambda: Want(house.newest, PDF_PART) in house.engine.heard)
        await until(pilot, lambda: house.app.screen.query_one(FolderField).value)
        await pilot.press("enter")
        await until(pilot, lambda: "fetching" in screen_text(house.app))
        house.engine.say(PartProgress(house.newest, PDF_PART, 40_000, 84_000))
        await until(pilot, lambda: "fetching 40 kB of 84 kB" in screen_text(house.app))
        house.put(PDF_PART, PDF, "application/pdf")
        await until(pilot, lambda: not isinstance(house.app.screen, SavePrompt))
        bar = house.app.screen.query_one(PartsBar)
        await until(pilot, lambda: bar.attachments[0].is_here)

    piloted(house.app, steps, (150, 40))
    assert house.saved() == ["listing.pdf"]


def test_a_fetch_that_fails_is_told_in_the_prompt(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.open_newest(pilot)
        await pilot.press("S")
        await until(pilot, lambda: Want(house.newest, PDF_PART) in house.engine.heard)
        await until(pilot, lambda: house.app.screen.query_one(FolderField).value)
        await pilot.press("enter")
        await until(pilot, lambda: "fetching" in screen_text(house.app))
        house.engine.say(PartFailed(house.newest, PDF_PART, "The server is not reachable."))
        await until(pilot, lambda: "The server is not reachable." in screen_text(house.app))

    piloted(house.app, steps, (150, 40))
    assert house.saved() == []


def test_v_goes_to_the_attachments_and_enter_saves_the_one_under_the_cursor(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        bar = await house.open_newest(pilot)
        await pilot.press("v")
        await until(pilot, lambda: bar.has_focus)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(house.app.screen, SavePrompt))
        await until(pilot, lambda: "moth.png" in screen_text(house.app))
        await pilot.press("escape")
        await until(pilot, lambda: bar.has_focus)

    piloted(house.app, steps, (150, 40))


def test_a_saves_all(house: House) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        house.put(PDF_PART, PDF, "application/pdf")
        house.put(PICTURE_PART, b"\x89PNG\r\n\x1a\n", "image/png")
        await house.open_newest(pilot)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(house.app.screen, SaveAllPrompt))
        await until(pilot, lambda: house.app.screen.query_one(FolderField).value)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(house.app.screen, SaveAllPrompt))

    piloted(house.app, steps, (150, 40))
    assert house.saved() == ["listing.pdf", "moth.png"]


@pytest.mark.parametrize("key", ["S", "A", "v"])
def test_without_attachments_each_key_says_so(house: House, key: str) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("g", "j", "enter")
        await pilot.pause(0.3)
        await pilot.press(key)
        await until(pilot, lambda: "no attachments" in screen_text(house.app))

    piloted(house.app, steps, (150, 40))


@pytest.mark.parametrize("width", [60, 100, 150])
def test_it_works_in_one_two_and_three_panes(house: House, width: int) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await house.open_newest(pilot)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(house.app.screen, SavePrompt))

    piloted(house.app, steps, (width, 30))
