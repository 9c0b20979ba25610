"""What the recipients of a draft will read."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tuimail.ui import text
from tuimail.ui.screens.dialogs import Dialog


class PreviewScreen(Dialog[None]):
    """The message as text."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "composing.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll('down')", "Down", show=False, priority=True),
        Binding("k,up", "scroll('up')", "Up", show=False, priority=True),
        Binding("pagedown,space", "scroll('page_down')", "Page down", show=False, priority=True),
        Binding("pageup", "scroll('page_up')", "Page up", show=False, priority=True),
        Binding("enter,q,f3", "leave", "Leave", show=False),
    ]

    def __init__(self, shown: str, *, is_markdown: bool) -> None:
        super().__init__()
        self._shown = shown
        self._is_markdown = is_markdown

    def compose(self) -> ComposeResult:
        title = "As HTML, made of the Markdown" if self._is_markdown else "As plain text"
        with self.titled(Vertical(classes="dialog"), title, "Esc back"), VerticalScroll(id="text"):
            yield Static(text.block(self._shown))

    def action_scroll(self, way: str) -> None:
        """Read on."""
        getattr(self.query_one("#text", VerticalScroll), f"scroll_{way}")(animate=False)
