"""How screens look: a changed picture is looked at, never just updated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.store.making import places, with_account
from tests.ui_parts.host import NOW, PDF, Host, attachment, desk, seeded, until
from tests.ui_parts.test_composer import Place, Writing
from tests.ui_parts.test_outbox_screen import Desk
from tests.ui_parts.test_writing_lines import NOW as LATER
from tests.ui_parts.test_writing_lines import item
from tuimail.model import Link, OutState
from tuimail.store import Store
from tuimail.ui.commands import Kind
from tuimail.ui.open_palette import open_palette
from tuimail.ui.screens.help import HelpScreen
from tuimail.ui.screens.links import LinksScreen
from tuimail.ui.screens.outbox import OutboxScreen
from tuimail.ui.screens.save_prompt import SavePrompt
from tuimail.ui.widgets.fields import FromField
from tuimail.ui.widgets.folder_field import FolderField
from tuimail.ui.widgets.key_bar import KeyBar
from tuimail.ui.widgets.parts_bar import PartsBar

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No animation, no blinking, one time zone."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("theme", ["tuimail-dark", "tuimail-light"])
def test_help_on_a_wide_terminal(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(Host(HelpScreen(), theme=theme), terminal_size=(140, 44))


def test_help_on_a_narrow_terminal(snap_compare: Compare) -> None:
    assert snap_compare(Host(HelpScreen()), terminal_size=(80, 24), press=["s", "t", "a", "r"])


def test_the_save_prompt_with_a_warning(snap_compare: Compare, tmp_path: Path) -> None:
    paths, envelope_id = seeded(tmp_path, {"2": (b"MZ" + PDF, "application/x-dosexec")})
    (tmp_path / "home" / "Downloads").mkdir(parents=True)

    async def settled(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(FolderField).value)
        await until(pilot, lambda: "really" in str(pilot.app.screen.query_one("#card", Static).visual))
        await pilot.pause(0.2)

    prompt = SavePrompt(attachment(envelope_id), desk(paths, tmp_path / "home"))
    assert snap_compare(Host(prompt), terminal_size=(90, 28), run_before=settled)


def test_the_palette(snap_compare: Compare, tmp_path: Path) -> None:
    store = Store.open(places(tmp_path))
    with_account(store)
    app = Host(widgets=[Static("behind")])

    async def opened(pilot: Pilot[Any]) -> None:
        open_palette(app, Kind.ALL, store=store, keymap={}, open_mailbox=print, open_message=print,
                     keep_theme=print, clock=lambda: NOW)  # fmt: skip
        await pilot.pause()
        await pilot.press(*"in")
        await pilot.pause(0.3)

    assert snap_compare(app, terminal_size=(110, 30), run_before=opened)


def test_the_parts_bar_and_the_key_bar(snap_compare: Compare) -> None:
    bar, keys = PartsBar(), KeyBar(pane="attachments")

    async def filled(pilot: Pilot[Any]) -> None:
        bar.show(
            [
                attachment(section="2"),
                attachment(section="3", filename="Urlaub 2026 mit allen Bildern und langem Namen.jpeg",
                           declared_type="image/jpeg", size_octets=8_400_000, is_here=True),
                attachment(section="4", filename="photo.jpg", real_type="application/x-dosexec", is_here=True,
                           warnings=("The name says picture.",)),
            ]
        )  # fmt: skip
        bar.focus()
        await pilot.press("j")

    assert snap_compare(Host(widgets=[bar, keys]), terminal_size=(90, 8), run_before=filled)


def test_links(snap_compare: Compare) -> None:
    links = [
        Link(1, "the notes", "https://example.org/notes", "example.org"),
        Link(2, "www.bank.example", "https://evil.example/", "evil.example", "The text says bank.example."),
    ]
    assert snap_compare(Host(LinksScreen(links)), terminal_size=(90, 16), press=["down"])


@pytest.mark.parametrize(("size", "theme"), [((100, 30), "tuimail-dark"), ((60, 20), "tuimail-light")])
def test_the_composer(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], theme: str) -> None:
    place = Place(tmp_path)
    draft = place.begin(
        from_="Ada Byron <ada@example.org>", to="Grace Hopper <grace@navy.example>", cc="Alan <alan@park.example>",
        subject="Re: Compiler review, Thursday",
        body="Grace wrote:\n> shall we look at the second pass?\n> > We shall.\n\nYes, on Thursday.\n\n-- \nAda\n",
    )  # fmt: skip
    with Store.open(place.paths) as store:
        store.drafts.attach(draft.id, "listing.pdf", "application/pdf", [PDF], at=NOW)
    composer = place.composer(place.kept(draft.id), is_new=False)
    app = Writing(composer, theme=theme)

    async def settled(pilot: Pilot[Any]) -> None:
        composer.query_one(FromField).focus()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=settled)


def test_the_outbox(snap_compare: Compare) -> None:
    items = [
        item(OutState.UNKNOWN, subject="Was it sent?"), item(OutState.FAILED, subject="The server said no"),
        item(not_before=int(LATER) + 7200, subject="Later today"), item(OutState.SENDING, subject="On its way"),
        item(OutState.FILED, subject="Done", sent_at=int(LATER)), item(OutState.CANCELLED, subject="Never mind"),
    ]  # fmt: skip
    assert snap_compare(Host(OutboxScreen(Desk(*items), lambda: LATER)), terminal_size=(90, 12))
