"""Which file to attach: its path, with completion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.saving import expanded, shown_path
from tuimail.ui.lines.when import long_size
from tuimail.ui.screens.dialogs import Dialog
from tuimail.ui.widgets.folder_field import FolderField
from tuimail.ui.widgets.words import Words


class AttachPrompt(Dialog[Path]):
    """Answers with a file that is there; None for none."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "composing.tcss"]

    def __init__(self, environ: Mapping[str, str], folder: str = "~/") -> None:
        super().__init__()
        self._environ = environ
        self._first = folder

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "Attach a file", "↵ attach · Tab completes · Esc back"):
            yield Static(Content("File"), classes="label")
            yield FolderField(self._environ, files=True, id="file")
            yield Words(id="facts", classes="gap-above")
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Attach"), id="attach", classes="main")

    def on_mount(self) -> None:
        """Type at once, in the folder of the last time."""
        field = self.query_one(FolderField)
        field.set_value(shown_path(expanded(self._first, self._environ), self._environ).rstrip("/") + "/")
        field.query_one(Input).focus()

    @on(FolderField.Changed)
    def _changed(self) -> None:
        self.run_worker(self._look(), group="look", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        file = self._file
        facts = await aside(lambda: _facts(file))
        if file == self._file:
            self.query_one("#facts", Static).update(text.content(facts, 300))

    @on(FolderField.Accepted)
    @on(Button.Pressed, "#attach")
    def _accepted(self) -> None:
        self.run_worker(self._accept(), group="accept", exclusive=True, exit_on_error=False)

    async def _accept(self) -> None:
        file = self._file
        if await aside(file.is_file):
            self.dismiss(file)
            return
        self.query_one("#facts", Static).update(Content.styled("There is no such file.", "$status-error"))
        self.query_one(FolderField).query_one(Input).focus()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @property
    def _file(self) -> Path:
        return expanded(self.query_one(FolderField).value, self._environ)


def _facts(file: Path) -> str:
    """Its size, when it is a file."""
    try:
        return f"{file.name} · {long_size(file.stat().st_size)}" if file.is_file() else ""
    except (OSError, ValueError):
        return ""
