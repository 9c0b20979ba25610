"""The composer over a real store: fields, saving, files, the own editor, and what is asked before sending."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from textual import events
from textual.pilot import Pilot

from tests.store.making import WORK, places, with_account
from tests.ui_parts.host import Host, piloted, screen_text, until
from tests.ui_parts.hostile import HOSTILE, NEVER
from tests.wishes.house import AT, configuration
from tuimail.engine.protocol import Request, Wake
from tuimail.errors import DiskFull
from tuimail.model import Address, Draft, DraftId, EnvelopeId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.composing import Attached
from tuimail.ui.beside.draft_desk import AddressBook, DraftDesk
from tuimail.ui.looks.colours import MIN_CONTRAST, contrast
from tuimail.ui.screens.composer import Composer, Room
from tuimail.ui.screens.dialogs import Choose, Confirm
from tuimail.ui.screens.preview import PreviewScreen
from tuimail.ui.widgets.composer_parts import FilesList
from tuimail.ui.widgets.fields import FromField

Steps = Callable[[Pilot[Any], "Writing"], Coroutine[Any, Any, None]]


class Writing(Host):
    """A composer alone on the screen."""

    def __init__(self, composer: Composer, *, theme: str = "tuimail-dark") -> None:
        super().__init__(widgets=[composer], theme=theme)
        self.composer = composer
        self.told_posted: list[Composer.Posted] = []
        self.told_discarded = 0

    def on_composer_posted(self, event: Composer.Posted) -> None:
        """It is in the outbox."""
        self.told_posted.append(event)

    def on_composer_discarded(self) -> None:
        """It was thrown away."""
        self.told_discarded += 1

    @contextlib.contextmanager
    def suspend(self) -> Iterator[None]:
        """There is no terminal to give away."""
        yield


async def at_once(work: Callable[[], Attached]) -> tuple[Attached, bool]:
    """Everything is here."""
    return work(), True


class Place:
    """A store with an account, and a desk over it."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.home.mkdir()
        self.paths: Paths = places(directory)
        self.heard: list[Request] = []
        self.now = float(AT)
        with Store.open(self.paths) as store:
            with_account(store)
        self.desk = DraftDesk(self.paths, configuration(), self.heard.append, lambda: self.now, AddressBook())
        self.environ = {"HOME": str(self.home)}

    def begin(self, **fields: Any) -> Draft:
        """A draft with these fields."""
        with Store.open(self.paths) as store:
            return store.drafts.begin(WORK, at=AT, message_id="<d@example.org>", **fields)

    def kept(self, draft_id: DraftId) -> Draft:
        """As the disk has it."""
        found = self.desk.load(draft_id)
        assert found is not None
        return found

    def composer(self, draft: Draft | None = None, *, is_new: bool = True) -> Composer:
        """A composer on a draft; on a new one when none is given."""
        shown = draft or self.kept(self.desk.compose(None))
        room = Room(self.environ, (), self.home / "editing", lambda: EnvelopeId(1), at_once)
        return Composer(shown, self.desk.senders(), self.desk, lambda: self.now, room, is_new=is_new, undo_s=10.0)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def run(composer: Composer, steps: Steps, size: tuple[int, int] = (100, 30)) -> Writing:
    app = Writing(composer)

    async def all_steps(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        composer.focus_first()
        await pilot.pause()
        await steps(pilot, app)

    piloted(app, all_steps, size)
    return app


FULL: dict[str, Any] = {
    "from_": "Ada Byron <ada@example.org>", "to": "grace@navy.example", "subject": "Moth", "body": "Found it.\n",
}  # fmt: skip


def test_what_is_typed_is_on_the_disk_after_a_pause(place: Place) -> None:
    composer = place.composer()

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press(*"bob@b.example", "enter", *"Hi", "enter", *"Dear Bob")
        assert composer.was_touched
        assert await composer.autosave.flush()

    run(composer, steps)
    kept = place.kept(composer.draft_id)
    assert (kept.to, kept.subject) == ("bob@b.example", "Hi")
    assert kept.body.startswith("Dear Bob")
    assert kept.body.rstrip().endswith("-- \nAda"), "the signature is below it"


def test_a_draft_that_was_only_opened_is_not_touched_and_not_saved(place: Place) -> None:
    composer = place.composer()

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("tab", "tab")
        await pilot.pause()

    run(composer, steps)
    assert not composer.was_touched
    assert place.kept(composer.draft_id).changed_at == AT


def test_a_full_disk_is_on_the_screen(place: Place) -> None:
    composer = place.composer(place.begin(**FULL))

    def full(draft: Draft) -> None:
        raise DiskFull("No space is left on the disk.", "Make room.")

    composer.autosave._save = full

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("x")
        assert not await composer.autosave.flush()
        await pilot.pause()
        assert "NOT SAVED: No space is left on the disk." in screen_text(app)
        await pilot.press("f5")
        await until(pilot, lambda: any("cannot be sent before it is saved" in said for said in app.told))

    assert run(composer, steps).told_posted == []


def test_people_are_proposed_and_tab_takes_the_first(place: Place) -> None:
    with Store.open(place.paths) as store:
        store.people.note([Address("Grace Hopper", "grace@navy.example")], wrote_to=True, at=AT)
    composer = place.composer()

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press(*"gra")
        await until(pilot, lambda: composer._to.is_open)
        assert "wrote to once" in screen_text(app)
        await pilot.press("tab")
        assert composer._to.value == "Grace Hopper <grace@navy.example>, "
        await pilot.press(*"alan@b.example")
        await until(pilot, lambda: not composer._to.is_open)
        await pilot.press("enter")
        assert app.focused is composer._subject

    run(composer, steps)


def test_another_identity_brings_its_signature_and_its_address(place: Place) -> None:
    composer = place.composer()

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        composer.query_one(FromField).focus()
        await pilot.press("space")
        await until(pilot, lambda: "The Countess" in composer.body.text)
        assert await composer.autosave.flush()

    run(composer, steps)
    kept = place.kept(composer.draft_id)
    assert kept.from_ == "Lovelace <countess@example.net>"
    assert kept.body.rstrip().endswith("-- \nThe Countess")


def test_sending_puts_it_into_the_outbox_and_wakes_the_engine(place: Place) -> None:
    with Store.open(place.paths) as store:
        store.people.note([Address("", "grace@navy.example")], wrote_to=True, at=AT)
    composer = place.composer(place.begin(**FULL))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: app.told_posted)

    app = run(composer, steps)
    (posted,) = app.told_posted
    assert posted.leaves_at == AT + 10
    with Store.open(place.paths) as store:
        (item,) = store.outbox.all()
        assert item.id == posted.outbox_id
        assert item.recipients == ("grace@navy.example",)
        assert item.not_before == AT + 10
        assert store.drafts.get(composer.draft_id) is None
    assert Wake("work") in place.heard
    place.desk.take_back(posted.outbox_id)
    assert place.kept(composer.draft_id).subject == "Moth"


def test_a_worry_is_asked_about_and_going_back_sends_nothing(place: Place) -> None:
    composer = place.composer(place.begin(**(FULL | {"subject": "", "body": "The listing is attached.\n"})))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert "nothing is attached" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.told_posted == []
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.click("#choice-send")
        await until(pilot, lambda: app.told_posted)

    run(composer, steps)


def test_what_cannot_be_sent_has_no_button_that_sends_it(place: Place) -> None:
    composer = place.composer(place.begin(**(FULL | {"to": "not an address"})))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert not app.screen.query("#choice-send")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))

    assert run(composer, steps).told_posted == []


def test_discarding_is_asked_and_everything_of_it_can_be_had_back(place: Place) -> None:
    composer = place.composer(place.begin(**FULL))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("X", "f8")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: app.told_discarded)

    run(composer, steps)
    assert place.desk.load(composer.draft_id) is None
    place.desk.restore(composer.draft_id)
    assert place.kept(composer.draft_id).body == "XFound it.\n"


def test_a_pasted_path_is_asked_about_attached_and_can_be_removed(place: Place) -> None:
    file = place.home / "report.pdf"
    file.write_bytes(b"%PDF-1.4")
    composer = place.composer(place.begin(**FULL))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        composer.body.post_message(events.Paste(str(file)))
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: composer.draft.files)
        file.unlink()
        assert "report.pdf" in screen_text(app)
        assert place.kept(composer.draft_id).files == composer.draft.files
        composer.query_one(FilesList).focus()
        await pilot.press("x")
        await until(pilot, lambda: not composer.draft.files)

    run(composer, steps)
    assert place.kept(composer.draft_id).files == ()


def test_a_file_that_vanishes_before_it_is_read_is_told(place: Place) -> None:
    composer = place.composer(place.begin(**FULL))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await composer._attach_file(place.home / "gone.pdf")

    app = run(composer, steps)
    assert any("cannot be read" in said for said in app.told)
    assert composer.draft.files == ()


def test_the_own_editor_changes_the_text_as_one_step_that_undo_takes_back(place: Place, tmp_path: Path) -> None:
    script = tmp_path / "edit.sh"
    script.write_text("#!/bin/sh\nprintf 'From \\033]0;x\\007outside\\n' > \"$1\"\n")
    script.chmod(0o700)
    place.environ["EDITOR"] = str(script)
    composer = place.composer(place.begin(**FULL))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("f4")
        assert composer.body.text == "From �outside\n"
        await pilot.press("ctrl+z")
        assert composer.body.text == "Found it.\n"

    run(composer, steps)


def test_an_own_editor_that_fails_is_told_and_the_text_stays(place: Place) -> None:
    place.environ["EDITOR"] = "false"
    composer = place.composer(place.begin(**FULL))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("f4")

    app = run(composer, steps)
    assert any("exit code 1" in said for said in app.told)
    assert composer.body.text == "Found it.\n"


def test_markdown_is_shown_as_the_recipients_read_it(place: Place) -> None:
    composer = place.composer(place.begin(**(FULL | {"body": "some **bold** words\n"})))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        await pilot.press("f9", "f3")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen))
        assert "some bold words" in screen_text(app)
        await pilot.press("escape")
        assert await composer.autosave.flush()

    run(composer, steps)
    assert place.kept(composer.draft_id).markdown


def test_copies_are_hidden_until_they_are_wanted_and_never_while_they_hold_somebody(place: Place) -> None:
    composer = place.composer(place.begin(**(FULL | {"bcc": "eve@x.example"})))

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        assert [composer.query_one(row).display for row in ("#cc-row", "#bcc-row")] == [False, True]
        await pilot.press("ctrl+b")
        assert app.focused is composer._cc.input
        await pilot.press("ctrl+b")
        assert [composer.query_one(row).display for row in ("#cc-row", "#bcc-row")] == [False, True]

    run(composer, steps)


@pytest.mark.parametrize("size", [(60, 20), (100, 30)])
def test_nothing_hostile_reaches_the_screen_from_any_field(place: Place, size: tuple[int, int]) -> None:
    wild = " ".join(HOSTILE).replace("\udce9", "")
    draft = replace(
        place.begin(**FULL), from_=f"{HOSTILE[0]} <x@y.example>", to=wild, cc=wild, bcc=wild, subject=wild,
        body="\n".join(f"> {name}" for name in HOSTILE),
    )  # fmt: skip
    composer = place.composer(draft, is_new=False)

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        composer.body.focus()
        composer.body.insert_here("\x1b]52;c;aGk=\x07 \u202e \udce9")
        composer._subject.post_message(events.Paste("pasted \x1b[31m\u202e"))
        await pilot.pause()
        shown = screen_text(app)
        assert not [bad for bad in NEVER if bad in shown]
        taken = composer.take()
        assert not [bad for bad in NEVER if bad in taken.subject + taken.to + taken.body]

    run(composer, steps, size)


def test_a_key_press_waits_for_no_save(place: Place) -> None:
    composer = place.composer(place.begin(**FULL))
    hold = threading.Event()

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        save = composer.autosave._save

        def slow(draft: Draft) -> None:
            assert hold.wait(20)
            save(draft)

        composer.autosave._save = slow
        await pilot.press("a")
        composer.autosave._begin()
        await pilot.press("b", "c")
        assert composer.body.text.startswith("abc")
        hold.set()
        assert await composer.autosave.flush()

    run(composer, steps)
    assert place.kept(composer.draft_id).body.startswith("abc")


def faint_texts(place: Place, themes: Sequence[str]) -> list[tuple[str, str]]:
    """Theme and text of everything that is hard to read, wherever the keys are."""
    draft = place.begin(**(FULL | {"body": "new\n> old\n> > older\n> > > oldest\n"}))
    with Store.open(place.paths) as store:
        store.drafts.attach(draft.id, "report.pdf", "application/pdf", [b"%PDF"], at=AT)
    composer = place.composer(place.kept(draft.id), is_new=False)
    faint: list[tuple[str, str]] = []

    async def steps(pilot: Pilot[Any], app: Writing) -> None:
        for theme in themes or sorted(app.available_themes):
            app.theme = theme
            for field in composer.stops():
                field.focus()
                await pilot.pause()
                for strip in app.screen._compositor.render_strips(app.size):
                    faint.extend((theme, segment.text) for segment in strip if is_faint(segment))

    run(composer, steps, (80, 20))
    return faint


def is_faint(segment: Segment) -> bool:
    """Whether letters stand out too little from what they lie on; a terminal's own colours are its affair."""
    style = segment.style
    if style is None or style.color is None or style.bgcolor is None or not any(map(str.isalnum, segment.text)):
        return False
    if style.color.triplet is None or style.bgcolor.triplet is None:
        return False
    return contrast(style.color.triplet.hex, style.bgcolor.triplet.hex) < MIN_CONTRAST


def test_every_word_can_be_read_wherever_the_keys_are(place: Place) -> None:
    assert faint_texts(place, ["tuimail-dark", "gruvbox-light"]) == []


@pytest.mark.long
def test_every_word_can_be_read_in_every_theme(place: Place) -> None:
    assert faint_texts(place, []) == []
