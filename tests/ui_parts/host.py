"""A small app to show one screen or widget of the UI, over a seeded store, without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

import tuimail.ui.screens
from tests.store.making import incoming, places, with_account
from tuimail.engine.protocol import Request
from tuimail.model import Attachment, EnvelopeId, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.saving import SaveDesk
from tuimail.ui.looks.themes import APP_VARIABLES, ThemeKeeper

PDF = b"%PDF-1.4\n" + b"%\xe2\xe3\xcf\xd3\n" * 40
NOW = 1_700_600_000


class Host(App[None]):
    """Registers our themes, shows `widgets`, and pushes `first`."""

    CSS_PATH = str(Path(tuimail.ui.screens.__path__[0]) / "main.tcss")
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, first: Screen[Any] | None = None, widgets: Sequence[Widget] = (), *, theme: str = "tuimail-dark",
        own_themes: Path | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._first = first
        self._widgets = widgets
        self._wanted_theme = theme
        self.keeper = ThemeKeeper(self, own_themes)
        self.answers: list[object] = []
        self.told: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Ours."""
        return dict(APP_VARIABLES)

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def on_mount(self) -> None:
        """Themes, then the screen."""
        self.keeper.register(self._wanted_theme)
        if self._first is not None:
            self.push_screen(self._first, self.answers.append)

    def notify(self, message: str, **rest: Any) -> None:
        """Kept, for the tests to read."""
        assert rest.get("markup") is False, "a toast that could be read as markup"
        self.told.append(message)
        super().notify(message, **rest)


def piloted(
    app: App[Any], steps: Callable[[Pilot[Any]], Coroutine[Any, Any, None]], size: tuple[int, int] = (120, 40)
) -> None:
    """Run an app and do `steps` in it."""

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await steps(pilot)

    asyncio.run(run())


async def until(pilot: Pilot[Any], holds: Callable[[], object]) -> None:
    """Let the app go on until something holds."""
    for _ in range(400):
        if holds():
            await pilot.pause()  # what was put on the screen has its place there
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came to hold")


def seeded(tmp_path: Path, parts: dict[str, tuple[bytes, str]] | None = None) -> tuple[Paths, EnvelopeId]:
    """A store with one message, and the parts of it that are here: section to bytes and real type."""
    paths = places(tmp_path)
    with Store.open(paths) as store:
        inbox = with_account(store)
        store.envelopes.ingest(inbox, [incoming(1)])
        envelope_id = store.envelopes.window(inbox, 0, 1).rows[0].id
        for section, (data, real_type) in (parts or {}).items():
            store.parts.put(envelope_id, Section(section), data, real_type=real_type)
    return paths, envelope_id


def desk(paths: Paths, home: Path, heard: list[Request] | None = None) -> SaveDesk:
    """A desk whose engine only listens."""
    home.mkdir(parents=True, exist_ok=True)
    return SaveDesk(paths, (heard if heard is not None else []).append, {"HOME": str(home)})


def attachment(
    envelope_id: int = 1, section: str = "2", filename: str = "listing.pdf", **changes: Any
) -> Attachment:
    """One attachment; a PDF that is not here."""
    fields: dict[str, Any] = {
        "original_filename": filename, "declared_type": "application/pdf", "real_type": "", "size_octets": 84_000,
        "is_here": False, "warnings": (),
    }  # fmt: skip
    fields.update(changes)
    return Attachment(envelope_id=EnvelopeId(envelope_id), section=Section(section), filename=filename, **fields)


def screen_text(app: App[Any]) -> str:
    """Every character on the screen, line by line."""
    size = app.size
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips(size)
    )
