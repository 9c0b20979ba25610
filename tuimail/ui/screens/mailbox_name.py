"""Asking for the name of a mailbox."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tuimail.mime.clean import clean_line
from tuimail.ui import text
from tuimail.ui.screens.dialogs import Dialog


class MailboxName(Dialog[str]):
    """A name; None when the person leaves. `/` makes levels."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, title: str, place: str, *, name: str = "", trouble: str = "", yes: str = "Make") -> None:
        """`place` says whose mailbox it is; `trouble` why the last name did not do."""
        super().__init__()
        self._title = title
        self._place = place
        self._first = clean_line(name, 200)  # a server chose it, and a field draws its text as it is
        self._trouble = trouble
        self._yes = yes

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), self._title, "↵ done · Esc back"):
            yield Static(text.content(self._place, 200), classes="label")
            yield Input(self._first, placeholder="Name, or Parent/Name", max_length=200, select_on_focus=False)
            if self._trouble:
                yield Static(text.content(self._trouble, 300), classes="error gap-above")
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content(self._yes), id="done", classes="main")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#done")
    def _done(self) -> None:
        name = clean_line(self.query_one(Input).value, 200).strip().strip("/")
        if name:
            self.dismiss(name)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
