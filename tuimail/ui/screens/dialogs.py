"""Questions in the middle of the screen: one answer, then they are gone.

What lives here: the base of all dialogs, yes or no, one of several, and the look at a
link before it is opened. What must not: anything that acts; the caller acts on the
answer. Every text is a `Content`, so nothing in it is read as markup.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar, Generic, NamedTuple, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tuimail.errors import UsageError
from tuimail.model import Link
from tuimail.ui import text
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.opener import open_url

Answer = TypeVar("Answer")


class Dialog(Candid, ModalScreen[Answer], Generic[Answer]):
    """The base: Esc leaves, arrows move between buttons, and a click outside leaves too."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("ctrl+c", "leave", "Leave", show=False),
        Binding("left", "app.focus_previous", "Before", show=False),
        Binding("right", "app.focus_next", "Next", show=False),
    ]
    ESCAPE_TO_MINIMIZE = False

    def __init__(self) -> None:
        super().__init__(classes="dialog-screen")

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)

    @staticmethod
    def titled(box: Vertical, title: str, subtitle: str = "") -> Vertical:
        """The box with a title in its frame. Only words of ours: a border title is read as markup."""
        box.border_title = title
        box.border_subtitle = subtitle
        return box


class Choice(NamedTuple):
    """One button of a question."""

    key: str
    """What the answer is."""
    label: str
    is_dangerous: bool = False


class Choose(Dialog[str]):
    """A question with several answers; the answer is the key of the chosen one, None for none."""

    def __init__(self, title: str, question: Content, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._choices = choices

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), self._title):
            yield Static(self._question)
            with Horizontal(classes="buttons"):
                for choice in self._choices:
                    classes = "danger" if choice.is_dangerous else ""
                    yield Button(Content(choice.label), id=f"choice-{choice.key}", classes=classes)

    def on_mount(self) -> None:
        """The last answer is the likely one, unless something would be lost by it."""
        last = self._choices[-1] if not self._choices[-1].is_dangerous else self._choices[0]
        self.query_one(f"#choice-{last.key}", Button).focus()

    @on(Button.Pressed)
    def _choose(self, event: Button.Pressed) -> None:
        self.dismiss((event.button.id or "").removeprefix("choice-"))


class Confirm(Dialog[bool]):
    """Yes or no. `y` and `n` answer too; Esc is None, which is as good as no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n", "answer(False)", "No", show=False),
    ]

    def __init__(
        self, question: Content, *, title: str = "Sure?", yes: str = "Yes", no: str = "No", is_dangerous: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._labels = (no, yes)
        self._is_dangerous = is_dangerous

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), self._title):
            yield Static(self._question)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._labels[0]), id="no")
                yield Button(Content(self._labels[1]), id="yes", classes="danger" if self._is_dangerous else "")

    def on_mount(self) -> None:
        """Yes is the likely answer, unless something would be lost by it."""
        self.query_one("#no" if self._is_dangerous else "#yes", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer and leave."""
        self.dismiss(answer)


class ConfirmLink(Dialog[None]):
    """The whole address of a link, its host marked, before anything is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "copy", "Copy", show=False)]

    def __init__(self, link: Link, opener: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._link = link
        self._opener = opener or _open_in_browser

    def compose(self) -> ComposeResult:
        link = self._link
        with self.titled(Vertical(classes="dialog"), "Open this address?"):
            yield Static(Content("Host"), classes="label")
            yield Static(text.content(link.host, 300).stylize("$dialog-title bold"))
            yield Static(Content("Whole address"), classes="label gap-above")
            with VerticalScroll(id="address", can_focus=False):
                yield Static(address(link))
            if link.warning:
                yield Static(Content("⚠ ").append(text.content(link.warning)), classes="warning gap-above")
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Copy"), id="copy")
                yield Button(Content("Open"), id="open", classes="danger" if link.warning else "")

    def on_mount(self) -> None:
        """A link with a warning is not opened by a mere Enter."""
        self.query_one("#cancel" if self._link.warning else "#open", Button).focus()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """The address, into the clipboard of the terminal."""
        self.app.copy_to_clipboard(self._link.url)
        self.notify("The address was copied.", markup=False)
        self.dismiss(None)

    @on(Button.Pressed, "#open")
    def _open(self) -> None:
        try:
            self._opener(self._link.url)
        except UsageError as exc:
            self.notify(text.sentence(f"{exc.sentence} {exc.advice}"), severity="warning", markup=False)
            return
        self.notify(text.sentence(f"Opening {self._link.host} in your browser."), markup=False)
        self.dismiss(None)


def address(link: Link) -> Content:
    """The whole address with its real host standing out."""
    shown = text.content(link.url, 10_000)
    start = shown.plain.find(link.host) if link.host else -1
    if start < 0:
        return shown
    return shown.stylize("$dialog-label").stylize("$dialog-title bold", start, start + len(link.host))


def _open_in_browser(url: str) -> None:
    open_url(url, os.environ)
