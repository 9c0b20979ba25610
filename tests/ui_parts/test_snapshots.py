"""How screens look: a changed picture is looked at, never just updated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.store.making import places, with_account
from tests.ui_parts.host import NOW, PDF, Host, attachment, desk, seeded, until
from tuimail.model import Link
from tuimail.store import Store
from tuimail.ui.commands import Kind
from tuimail.ui.open_palette import open_palette
from tuimail.ui.screens.help import HelpScreen
from tuimail.ui.screens.links import LinksScreen
from tuimail.ui.screens.save_prompt import SavePrompt
from tuimail.ui.widgets.folder_field import FolderField
from tuimail.ui.widgets.key_bar import KeyBar
from tuimail.ui.widgets.parts_bar import PartsBar

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No animation, no blinking."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


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
