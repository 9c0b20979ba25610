"""The save prompt: names, folders, bytes that are missing, and everything that can go wrong."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.ui_parts.host import PDF, Host, attachment, desk, piloted, screen_text, seeded, until
from tests.ui_parts.hostile import HOSTILE, NEVER
from tuimail.engine.protocol import Request, Unwant, Want
from tuimail.errors import DiskFull, MailError, ReadOnly
from tuimail.model import Attachment, Section
from tuimail.store import Store
from tuimail.ui.beside import saving
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.saving import FOLDER_KEY, SaveDesk, expanded, folder_names, free_name, shown_path, split_typed
from tuimail.ui.screens.dialogs import Choose
from tuimail.ui.screens.save_prompt import SaveAllPrompt, SavePrompt, SaveScreen, facts
from tuimail.ui.widgets.folder_field import FolderField

PROGRAM = b"MZ" + b"\0" * 400


class Place:
    """A home with a Downloads folder, a store, and a desk between them."""

    def __init__(self, tmp_path: Path, parts: dict[str, tuple[bytes, str]] | None = None) -> None:
        self.home = tmp_path / "home"
        self.downloads = self.home / "Downloads"
        self.downloads.mkdir(parents=True)
        self.paths, self.envelope_id = seeded(tmp_path, parts)
        self.heard: list[Request] = []
        self.desk = desk(self.paths, self.home, self.heard)

    def one(self, section: str = "2", filename: str = "listing.pdf", **changes: Any) -> Attachment:
        return attachment(self.envelope_id, section, filename, **changes)

    def arrive(self, screen: SaveScreen, section: str, data: bytes, real_type: str) -> None:
        """The engine stores a part and says so."""
        with Store.open(self.paths) as store:
            store.parts.put(self.envelope_id, Section(section), data, real_type=real_type)
        screen.take_news(News(arrived={(self.envelope_id, Section(section))}))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"2": (PDF, "application/pdf")})


def opened(pilot: Pilot[Any]) -> SaveScreen:
    screen = pilot.app.screen
    assert isinstance(screen, SaveScreen)
    return screen


async def ready(pilot: Pilot[Any]) -> None:
    """The folder stands in its field, and what is here has been looked at."""
    screen = opened(pilot)
    await until(pilot, lambda: screen.query_one(FolderField).value)
    await until(pilot, lambda: screen._arrivals or all(worker.is_finished for worker in pilot.app.workers))


def run_prompt(prompt: SaveScreen, steps: Callable[[Pilot[Any], Host], Any], size: tuple[int, int] = (100, 30)) -> Host:
    app = Host(prompt)

    async def all_steps(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await steps(pilot, app)

    piloted(app, all_steps, size)
    return app


def one_file(app: Host) -> Path:
    """The one file that the prompt answered with."""
    (answer,) = app.answers
    assert isinstance(answer, tuple)
    assert len(answer) == 1
    assert isinstance(answer[0], Path)
    return answer[0]


def test_enter_saves_into_downloads_and_says_where(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    app = run_prompt(SavePrompt(place.one(), place.desk), steps)
    written = place.downloads / "listing.pdf"
    assert app.answers == [(written,)]
    assert written.read_bytes() == PDF
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert app.told == [f"Saved {written}"]


def test_the_folder_is_remembered(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        opened(pilot).query_one(FolderField).set_value("~")
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert (place.home / "listing.pdf").exists()
    with Store.open(place.paths) as store:
        assert store.state.get(FOLDER_KEY) == str(place.home)
    assert place.desk.start_folder() == place.home


def test_real_and_declared_type_are_shown(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await until(pilot, lambda: "really PDF" in screen_text(app))
        assert "sent as PDF" in screen_text(app)

    run_prompt(SavePrompt(place.one(), place.desk), steps)


def test_a_program_that_is_called_pdf_is_told_in_words(tmp_path: Path) -> None:
    place = Place(tmp_path, {"2": (PROGRAM, "application/x-dosexec")})

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await until(pilot, lambda: "really program" in screen_text(app) and "The name says PDF" in screen_text(app))

    run_prompt(SavePrompt(place.one(), place.desk), steps)


def test_a_taken_name_is_asked_about_and_not_replaced(place: Place) -> None:
    (place.downloads / "listing.pdf").write_text("precious")

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert "listing (2).pdf" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    app = run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert (place.downloads / "listing.pdf").read_text() == "precious"
    assert app.answers == [(place.downloads / "listing (2).pdf",)]


def test_a_taken_name_can_be_replaced(place: Place) -> None:
    (place.downloads / "listing.pdf").write_text("old")

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.click("#choice-replace")
        await until(pilot, lambda: app.answers)

    run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert (place.downloads / "listing.pdf").read_bytes() == PDF


def test_going_back_from_the_question_leaves_the_prompt_open(place: Place) -> None:
    (place.downloads / "listing.pdf").write_text("old")

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SavePrompt))
        await until(pilot, lambda: not app.screen.query_one("#save", Button).disabled)

    app = run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert app.answers == []
    assert (place.downloads / "listing.pdf").read_text() == "old"


def test_a_link_in_the_way_is_never_replaced(place: Place) -> None:
    target = place.home / "elsewhere"
    target.write_text("precious")
    (place.downloads / "listing.pdf").symlink_to(target)

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert not app.screen.query("#choice-replace")
        await pilot.press("escape")

    run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert target.read_text() == "precious"


def test_no_path_that_is_typed_as_a_name_survives(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        opened(pilot).query_one("#name", Input).value = "../../outside.pdf"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    app = run_prompt(SavePrompt(place.one(), place.desk), steps)
    written = one_file(app)
    assert written.parent == place.downloads
    assert "/" not in written.name


def test_a_missing_folder_is_made_after_asking(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        opened(pilot).query_one(FolderField).set_value("~/new/deep")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert not (place.home / "new").exists()
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert (place.home / "new" / "deep" / "listing.pdf").read_bytes() == PDF


def test_an_empty_folder_is_asked_for(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        opened(pilot).query_one(FolderField).set_value("")
        await pilot.press("enter")
        await until(pilot, lambda: "Which folder?" in screen_text(app))

    assert run_prompt(SavePrompt(place.one(), place.desk), steps).answers == []


def test_escape_leaves_without_a_file(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("escape")
        await until(pilot, lambda: app.answers)

    assert run_prompt(SavePrompt(place.one(), place.desk), steps).answers == [None]
    assert list(place.downloads.iterdir()) == []


@pytest.mark.parametrize("error", [DiskFull("No space is left.", "Make room."), ReadOnly("Read-only.", "Elsewhere.")])
def test_what_goes_wrong_is_one_sentence_and_the_prompt_stays(
    place: Place, error: MailError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise error

    monkeypatch.setattr(saving, "save_part", refuse)

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: error.sentence in screen_text(app))
        assert error.advice in screen_text(app)
        assert not app.screen.query_one("#save", Button).disabled

    assert run_prompt(SavePrompt(place.one(), place.desk), steps).answers == []


def test_a_folder_that_cannot_be_written_is_told(place: Place) -> None:
    if os.geteuid() == 0:
        place.downloads.rmdir()
        place.downloads.write_text("a file, not a folder")
    else:
        place.downloads.chmod(0o500)

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        opened(pilot).query_one(FolderField).set_value("~/Downloads")
        prompt = opened(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose) or str(prompt.query_one("#trouble", Static).visual))
        if isinstance(app.screen, Choose):
            await pilot.press("enter")
        await until(pilot, lambda: app.screen is prompt and str(prompt.query_one("#trouble", Static).visual))

    assert run_prompt(SavePrompt(place.one(), place.desk), steps).answers == []


# --- bytes that are not here ------------------------------------------------------


def test_small_missing_bytes_are_fetched_at_once_so_that_the_type_is_known(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await until(pilot, lambda: Want(place.envelope_id, Section("7")) in place.heard)
        assert "not downloaded yet" in screen_text(app)
        place.arrive(opened(pilot), "7", PDF, "application/pdf")
        await until(pilot, lambda: "really PDF" in screen_text(app))

    run_prompt(SavePrompt(place.one("7"), place.desk), steps)


def test_large_missing_bytes_are_fetched_when_they_are_saved_with_progress(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        assert place.heard == []
        await pilot.press("enter")
        await until(pilot, lambda: place.heard)
        key = (place.envelope_id, Section("7"))
        opened(pilot).take_news(News(part_progress={key: (3_100_000, 8_400_000)}))
        await until(pilot, lambda: "fetching 3.1 MB of 8.4 MB" in screen_text(app))
        place.arrive(opened(pilot), "7", PDF, "application/pdf")
        await until(pilot, lambda: app.answers)

    run_prompt(SavePrompt(place.one("7", size_octets=8_400_000), place.desk), steps)
    assert (place.downloads / "listing.pdf").read_bytes() == PDF


def test_escape_stops_waiting_and_tells_the_engine(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: place.heard)
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped waiting" in screen_text(app))
        assert place.heard[-1] == Unwant(place.envelope_id, Section("7"))
        await pilot.press("escape")
        await until(pilot, lambda: app.answers)

    assert run_prompt(SavePrompt(place.one("7", size_octets=8_400_000), place.desk), steps).answers == [None]


def test_a_failed_fetch_is_told_in_the_engines_words_cleaned(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: place.heard)
        key = (place.envelope_id, Section("7"))
        opened(pilot).take_news(News(failed={key: "You are offline.\x1b[31m [/]"}))
        await until(pilot, lambda: "You are offline." in screen_text(app))
        assert not any(char in screen_text(app) for char in NEVER)

    assert run_prompt(SavePrompt(place.one("7", size_octets=8_400_000), place.desk), steps).answers == []


def test_what_is_found_in_fetched_bytes_is_shown_before_they_are_written(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: place.heard)
        place.arrive(opened(pilot), "7", PROGRAM, "application/x-dosexec")
        await until(pilot, lambda: "Save once more" in screen_text(app))
        assert not list(place.downloads.iterdir())
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    run_prompt(SavePrompt(place.one("7", size_octets=8_400_000), place.desk), steps)
    assert (place.downloads / "listing.pdf").read_bytes() == PROGRAM


def test_enter_before_the_folder_stands_there_saves_in_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()
    really = SaveDesk.start_folder

    def late(desk: SaveDesk) -> Path:
        assert looked.wait(30)
        return really(desk)

    monkeypatch.setattr(SaveDesk, "start_folder", late)

    async def steps(pilot: Pilot[Any]) -> None:
        field = opened(pilot).query_one(FolderField)
        await pilot.press("enter", "enter")
        assert not field.value
        looked.set()
        await until(pilot, lambda: field.value)
        await pilot.press("enter")  # what it really is was not seen before
        await until(pilot, lambda: app.answers)

    app = Host(SavePrompt(place.one(), place.desk))
    piloted(app, steps)
    assert (place.downloads / "listing.pdf").read_bytes() == PDF
    assert list(place.downloads.iterdir()) == [place.downloads / "listing.pdf"]


def test_what_another_screen_saves_does_not_hold_it_up(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        other = app.run_worker(asyncio.sleep(60), group="save")
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
        other.cancel()

    run_prompt(SavePrompt(place.one(), place.desk), steps)
    assert (place.downloads / "listing.pdf").read_bytes() == PDF


# --- all at once ------------------------------------------------------------------


def test_all_are_saved_and_taken_names_get_a_number(tmp_path: Path) -> None:
    place = Place(tmp_path, {"2": (PDF, "application/pdf"), "3": (b"two", "text/plain"), "4": (b"three", "text/plain")})
    (place.downloads / "notes.txt").write_text("old")
    three = [place.one(), place.one("3", "notes.txt"), place.one("4", "notes.txt")]

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    app = run_prompt(SaveAllPrompt(three, place.desk), steps)
    assert sorted(path.name for path in place.downloads.iterdir()) == [
        "listing.pdf", "notes (2).txt", "notes (3).txt", "notes.txt",
    ]  # fmt: skip
    assert (place.downloads / "notes.txt").read_text() == "old"
    assert app.told == ["Saved 3 attachments in ~/Downloads"]


def test_all_waits_for_each_that_is_missing(place: Place) -> None:
    async def steps(pilot: Pilot[Any], app: Host) -> None:
        await pilot.press("enter")
        for count, section in enumerate(("7", "8"), 1):
            await until(pilot, lambda count=count: len(place.heard) == count)  # type: ignore[misc]  # mypy and defaults
            assert place.heard[-1] == Want(place.envelope_id, Section(section))
            place.arrive(opened(pilot), section, PDF, "application/pdf")
        await until(pilot, lambda: app.answers)

    missing = [place.one(), place.one("7", "a.pdf"), place.one("8", "b.pdf")]
    run_prompt(SaveAllPrompt(missing, place.desk), steps)
    assert len(list(place.downloads.iterdir())) == 3


# --- the folder field --------------------------------------------------------------


def test_tab_completes_a_folder_and_then_moves_on(place: Place) -> None:
    (place.home / "Documents").mkdir()

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        field = opened(pilot).query_one(FolderField)
        field.query_one(Input).focus()
        field.set_value("~/")
        await pilot.press("D")
        await until(pilot, lambda: field.is_open)
        assert "Documents/" in screen_text(app)
        await pilot.press("o")
        await pilot.press("w")
        await until(pilot, lambda: field.is_open and "Documents/" not in screen_text(app))
        await pilot.press("tab")
        assert field.value == "~/Downloads/"
        assert not field.is_open
        await pilot.press("tab")
        assert not field.has_focus_within

    run_prompt(SavePrompt(place.one(), place.desk), steps)


def test_down_opens_the_list_and_enter_takes_from_it(place: Place) -> None:
    (place.downloads / "deep").mkdir()

    async def steps(pilot: Pilot[Any], app: Host) -> None:
        field = opened(pilot).query_one(FolderField)
        field.query_one(Input).focus()
        field.set_value("~/Downloads/")
        await pilot.press("down")
        await until(pilot, lambda: field.is_open)
        await pilot.press("down", "enter")
        assert field.value == "~/Downloads/deep/"
        assert app.answers == []
        await pilot.press("escape")  # nothing is open: it means the prompt
        await until(pilot, lambda: app.answers)

    run_prompt(SavePrompt(place.one(), place.desk), steps)


def test_folders_whose_names_would_lie_are_not_offered(tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    for name in ("plain", "\x1b[31mred", "bidi\u202e", ".hidden", os.fsdecode(b"caf\xe9")):
        (parent / name).mkdir(parents=True)
    (parent / "file").write_text("")
    assert folder_names(parent, "") == ["plain"]
    assert folder_names(parent, ".h") == [".hidden"]
    assert folder_names(parent / "nowhere", "") == []


def test_typed_folders_are_read_as_a_shell_would() -> None:
    home = {"HOME": "/home/ada"}
    assert expanded("~/x", home) == Path("/home/ada/x")
    assert expanded("/tmp", home) == Path("/tmp")
    assert expanded("x", home) == Path("/home/ada/x")
    assert split_typed("~/Do", home) == (Path("/home/ada"), "Do", "~/")
    assert split_typed("~", home).before == "~/"
    assert shown_path(Path("/home/ada/x"), home) == "~/x"
    assert shown_path(Path("/home/adam"), home) == "/home/adam"


@given(st.sampled_from(["a.pdf", "a.tar.gz", "a", ".bashrc", "a.b.c"]), st.integers(0, 5))
def test_a_free_name_is_free_and_keeps_its_extension(name: str, taken: int) -> None:
    names: set[str] = set()
    for _ in range(taken):
        names.add(free_name(name, names.__contains__))
    found = free_name(name, names.__contains__)
    assert found not in names
    assert found.startswith(name[:1])
    assert found.endswith({"a.pdf": ".pdf", "a.tar.gz": ".tar.gz", "a.b.c": ".c"}.get(name, ""))


# --- hostile names -----------------------------------------------------------------


def test_no_hostile_name_reaches_the_screen_or_leaves_the_folder(place: Place) -> None:
    app = Host()

    async def steps(pilot: Pilot[Any]) -> None:
        for number, name in enumerate(HOSTILE, 1):
            one = place.one("2", name, declared_type=f"application/{name}", original_filename=name, warnings=(name,))
            folder = place.home / str(number)
            folder.mkdir()
            place.desk.remember(folder)
            app.push_screen(SavePrompt(one, place.desk))
            await until(pilot, lambda: "really PDF" in screen_text(app) and app.screen.query_one(FolderField).value)
            assert [char for char in NEVER if char in screen_text(app)] == []
            assert app.screen.query_one("#name", Input).value.isprintable()
            await pilot.press("enter")
            await until(pilot, lambda: not isinstance(app.screen, SaveScreen))
            (written,) = folder.iterdir()
            assert written.read_bytes() == PDF
            assert not written.name.startswith((".", "-"))

    piloted(app, steps, (100, 40))
    assert not list(place.downloads.iterdir())


@settings(max_examples=5)
@given(st.text(max_size=40))
def test_any_account_of_a_type_is_shown(declared: str) -> None:
    assert not [char for char in NEVER if char in facts(attachment(declared_type=declared)).plain]


def test_the_desk_works_without_a_store_that_can_be_written(place: Place) -> None:
    broken = SaveDesk(place.paths, lambda _: None, {"HOME": str(place.home)})
    place.paths.mail_db.write_bytes(b"not a database" * 100)
    broken.remember(place.home)
    assert broken.start_folder() == place.downloads

