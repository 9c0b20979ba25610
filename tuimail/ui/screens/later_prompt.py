"""When to send: some usual times, or one that is typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tuimail.errors import UsageError
from tuimail.ui import text
from tuimail.ui.lines.when import full_date
from tuimail.ui.screens.dialogs import Dialog
from tuimail.ui.widgets.words import Words
from tuimail.wishes.later import EXAMPLES, moment

USUAL = ("in 2 hours", "today 20:00", "tomorrow 8:00", "monday 8:00")


class LaterPrompt(Dialog[int]):
    """Answers with seconds since 1970 UTC; None for none."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "composing.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "list('cursor_down')", "Down", show=False, priority=True),
        Binding("up", "list('cursor_up')", "Up", show=False, priority=True),
    ]

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._times: list[int] = []

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "Send later", "↵ send then · Esc back"):
            yield Input(placeholder="Another time", max_length=60)
            yield Words(Content(EXAMPLES), id="when", classes="label")
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Usual times that are still to come."""
        options = self.query_one(OptionList)
        options.can_focus = False
        for words in USUAL:
            try:
                at = self._at(words)
            except UsageError:
                continue  # it is later than that today
            self._times.append(at)
            shown = Content(f"{words[:1].upper()}{words[1:]}".ljust(18)).append(
                Content.styled(full_date(at), "$dialog-label")
            )
            options.add_option(Option(shown))
        options.highlighted = 0
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        found = self._moment(event.value)
        said = full_date(found) if isinstance(found, int) else found
        self.query_one("#when", Static).update(text.content(said, 200))
        self.query_one(OptionList).highlighted = None if event.value.strip() else 0

    def _moment(self, words: str) -> int | str:
        """The time that was typed, or why it is none."""
        if not words.strip():
            return EXAMPLES
        try:
            return self._at(words)
        except UsageError as exc:
            return f"{exc.sentence} {exc.advice}"

    def _at(self, words: str) -> int:
        now = datetime.fromtimestamp(self._clock())  # noqa: DTZ006 - a time of the day is meant as the clock here shows it
        return int(moment(words, now).timestamp())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.query_one(OptionList).highlighted
        found = self._times[at] if at is not None else self._moment(event.value)
        if isinstance(found, int):
            self.dismiss(found)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._times[event.option_index])

    def action_list(self, action: str) -> None:
        """Move in the list while the typing stays in the field."""
        getattr(self.query_one(OptionList), f"action_{action}")()

    def on_click(self, event: events.Click) -> None:
        """A click outside leaves."""
        if event.widget is self:
            self.dismiss(None)
