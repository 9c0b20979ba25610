"""To whom a message is passed on as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tuimail.mime.writing.typed import entries, faults
from tuimail.ui import text
from tuimail.ui.beside.composing import Suggestion
from tuimail.ui.screens.dialogs import Dialog
from tuimail.ui.widgets.address_field import AddressField
from tuimail.ui.widgets.words import Words


class BouncePrompt(Dialog[str]):
    """Answers with recipients that are addresses; None for none."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "composing.tcss"]

    def __init__(self, subject: str, complete: Callable[[str], list[Suggestion]]) -> None:
        super().__init__()
        self._subject = subject
        self._complete = complete

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "Bounce", "↵ send · Esc back"):
            yield Static(text.content(self._subject or "(no subject)", 200).stylize("bold"))
            yield Static(Content("goes on as it is, with its sender and all its files, to"), classes="label")
            yield AddressField(self._complete, placeholder="Who gets it")
            yield Words(id="trouble", classes="error")
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Bounce"), id="bounce", classes="main")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(AddressField).input.focus()

    @on(AddressField.Accepted)
    @on(Button.Pressed, "#bounce")
    def _accepted(self) -> None:
        typed = self.query_one(AddressField).value
        wrong = faults(typed) or (() if entries(typed) else ("Name at least one address.",))
        if wrong:
            self.query_one("#trouble", Static).update(text.content(wrong[0], 300))
        else:
            self.dismiss(typed)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
