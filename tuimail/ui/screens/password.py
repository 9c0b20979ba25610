"""Asking for a password for this run.

The value is the answer of the screen and nothing else: it is not logged, not kept in a
widget after the screen has gone, and never part of a message or a repr.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tuimail.ui import text
from tuimail.ui.screens.dialogs import Dialog

MAX_LENGTH = 4096


class PasswordScreen(Dialog[str]):
    """The password of one account; None when the person leaves."""

    def __init__(self, account: str, sentence: str, *, is_for_sending: bool = False) -> None:
        super().__init__()
        self.account = account
        self.is_for_sending = is_for_sending
        self._sentence = sentence
        self._is_withdrawn = False

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "Password for sending" if self.is_for_sending else "Password"):
            yield Static(text.content(self.account, 120).stylize("bold"))
            if self._sentence:
                yield Static(text.content(self._sentence))
            yield Input(password=True, max_length=MAX_LENGTH, classes="gap-above", id="password")
            yield Static(Content("Used for this run only; nothing is written to a file."), classes="label gap-above")
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Log in"), id="accept", classes="main")

    def on_mount(self) -> None:
        """The field is where the typing goes."""
        self.query_one(Input).focus()

    def withdraw(self) -> None:
        """The password is no longer wanted: leave, now or when nothing lies over this screen any more."""
        self._is_withdrawn = True
        if self.app.screen is self:
            self._leave_with(None)

    def on_screen_resume(self) -> None:
        """What lay over this screen has gone."""
        if self._is_withdrawn:
            self._leave_with(None)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self._leave_with(None)

    @on(Button.Pressed, "#accept")
    @on(Input.Submitted)
    def _accept(self, event: Button.Pressed | Input.Submitted) -> None:
        event.stop()
        value = self.query_one(Input).value
        if value:
            self._leave_with(value)

    def action_leave(self) -> None:
        """Leave without a password."""
        self._leave_with(None)

    def _leave_with(self, value: str | None) -> None:
        with self.prevent(Input.Changed):
            for field in self.query(Input):  # none when it is withdrawn before it was drawn
                field.clear()
        self.dismiss(value)
