"""The links of a message, numbered, each with its real host.

Choosing one shows its whole address (`ConfirmLink`); nothing is opened from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tuimail.model import Link
from tuimail.ui import text
from tuimail.ui.screens.dialogs import ConfirmLink, Dialog

MAX_LINKS = 1000


class LinksScreen(Dialog[None]):
    """All links. Enter or a number looks at one."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "links.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "list('cursor_down')", "Down", show=False),
        Binding("k", "list('cursor_up')", "Up", show=False),
        Binding("q,o", "leave", "Leave", show=False),
        Binding("c", "copy", "Copy", show=False),
        *(Binding(str(digit), f"digit({digit})", show=False) for digit in range(10)),
    ]

    def __init__(self, links: Sequence[Link], opener: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._links = links[:MAX_LINKS]
        self._opener = opener
        self._typed = 0

    def compose(self) -> ComposeResult:
        count = len(self._links)
        title = "1 link" if count == 1 else f"{count} links" if count else "No links"
        with self.titled(Vertical(classes="dialog"), title, "↵ look at one · c copy · Esc back"):
            yield OptionList(*(Option(link_line(link)) for link in self._links), markup=False)

    @on(OptionList.OptionSelected)
    def _look(self, event: OptionList.OptionSelected) -> None:
        self._typed = 0
        self.app.push_screen(ConfirmLink(self._links[event.option_index], self._opener))

    def action_list(self, action: str) -> None:
        """Move in the list."""
        getattr(self.query_one(OptionList), f"action_{action}")()

    def action_digit(self, digit: int) -> None:
        """Go to the link with this number; a second digit within reach continues it."""
        number = self._typed * 10 + digit
        index = next((index for index, link in enumerate(self._links) if link.number == number), None)
        if index is None:
            number = digit
            index = next((index for index, link in enumerate(self._links) if link.number == number), None)
        self._typed = number if index is not None else 0
        if index is not None:
            self.query_one(OptionList).highlighted = index

    def action_copy(self) -> None:
        """The highlighted address, into the clipboard of the terminal."""
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.app.copy_to_clipboard(self._links[index].url)
            self.notify("The address was copied.", markup=False)


def link_line(link: Link) -> Content:
    """Two lines: number and host, then what the message calls it."""
    number = Content.styled(f"{link.number:>3}  ", "$dialog-label")
    host = text.content(link.host or link.url, 120).stylize("$link bold")
    label = text.content(link.label, 200) if link.label else Content("(no text)")
    parts = [number, host]
    if link.warning:
        parts.append(Content("  ⚠ ").append(text.content(link.warning, 160)).stylize("$warning-text"))
    return Content("").join([*parts, Content("\n     "), label.stylize("$dialog-label")])
