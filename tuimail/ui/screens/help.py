"""Every key, by place, with a search: the table of actions as a person reads it.

What lives here: laying out `key_help.help_groups`. What must not: any key or sentence
of its own about an action.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tuimail.mime.clean import cell_width
from tuimail.ui.key_help import DIALOG_SENTENCE, PALETTE_ONLY, HelpGroup, HelpRow, help_groups
from tuimail.ui.screens.dialogs import Dialog
from tuimail.ui.widgets.words import Words

TWO_COLUMNS_FROM = 104
LOW = 16
"""Screens of fewer lines give the table all they have."""
_FRAME_CELLS = 7
_LOW_FRAME_CELLS = 3
_GAP_CELLS = 4
_KEY_CELLS = 21
_WORDS_CELLS = 20


class HelpScreen(Dialog[None]):
    """All keys. Typing searches; arrows scroll; Esc empties the search, then leaves."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss", "help.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "leave", "Leave", show=False),
        *(
            Binding(key, f"scroll('{way}')", "Scroll", show=False, priority=True)
            for key, way in (
                ("down,ctrl+n", "down"), ("up,ctrl+p", "up"), ("pagedown,ctrl+f,ctrl+d", "page_down"),
                ("pageup,ctrl+b,ctrl+u", "page_up"), ("ctrl+home", "home"), ("ctrl+end", "end"),
            )
        ),
    ]  # fmt: skip

    def __init__(self, keymap: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._keymap = dict(keymap or {})

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "Keys", "↑ ↓ scroll · Esc back"):
            yield Input(placeholder="Search: star, folder, ctrl+d …", max_length=100)
            with VerticalScroll(id="keys", can_focus=False), Horizontal(id="columns"):
                yield Words(id="left")
                yield Words(id="right")
            yield Static(Content(DIALOG_SENTENCE), classes="label")

    def on_mount(self) -> None:
        """Typing searches at once."""
        self.query_one(Input).focus()

    def on_resize(self, event: events.Resize) -> None:
        """One column or two; without margins where there are few lines."""
        self.set_class(event.size.height < LOW, "-low")
        self._show()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()
        self.query_one("#keys", VerticalScroll).scroll_home(animate=False)

    def action_leave(self) -> None:
        """Empty the search, or leave."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)

    def action_scroll(self, way: str) -> None:
        """Scroll the table while the typing stays in the field."""
        getattr(self.query_one("#keys", VerticalScroll), f"scroll_{way}")(animate=False)

    def _show(self) -> None:
        groups = help_groups(self._keymap, self.query_one(Input).value)
        width = min(140, self.size.width * 96 // 100) - _FRAME_CELLS
        if self.has_class("-low"):
            width = self.size.width - _LOW_FRAME_CELLS
        two = self.size.width >= TWO_COLUMNS_FROM and len(groups) > 1
        column = (width - _GAP_CELLS) // 2 if two else width
        left, right = split_groups(groups, column) if two else (groups, [])
        self.query_one("#left", Static).update(column_content(left, column) if groups else Content("No key does that."))
        self.query_one("#right", Static).update(column_content(right, column))
        self.query_one("#right").display = bool(right)
        self.query_one("#left").styles.width = column
        self.query_one("#right").styles.width = column


def split_groups(groups: Sequence[HelpGroup], width: int) -> tuple[list[HelpGroup], list[HelpGroup]]:
    """The groups in two columns of about the same height, in order."""
    heights = [len(group_lines(group, width)) + 1 for group in groups]
    cut = min(range(1, len(groups)), key=lambda at: abs(sum(heights[:at]) - sum(heights[at:])))
    return list(groups[:cut]), list(groups[cut:])


def column_content(groups: Sequence[HelpGroup], width: int) -> Content:
    """Groups below each other, an empty line between them."""
    lines: list[Content] = []
    for group in groups:
        lines += [*group_lines(group, width), Content("")]
    return Content("\n").join(lines[:-1])


def group_lines(group: HelpGroup, width: int) -> list[Content]:
    """A heading with a rule, then keys as caps and what they do."""
    rule = "─" * max(0, width - cell_width(group.title) - 1)
    lines = [Content.styled(group.title, "$dialog-title bold").append(Content.styled(f" {rule}", "$rule"))]
    for row in group.rows:
        lines += _row_lines(row, width)
    return lines


def _row_lines(row: HelpRow, width: int) -> list[Content]:
    caps = Content(" ").join(Content.styled(f" {label} ", "$key-cap on $key-cap-background") for label in row.keys)
    if not row.keys:
        caps = Content.styled(f" {PALETTE_ONLY}", "$dialog-label")
    if width - _KEY_CELLS < _WORDS_CELLS:  # there is no room for both beside each other
        narrow = textwrap.wrap(row.spec.help, max(16, width - 3))
        return [caps, *(Content(f"   {text}") for text in narrow)]
    caps_cells = cell_width(caps.plain)
    words = textwrap.wrap(row.spec.help, width - _KEY_CELLS) or [""]
    if caps_cells > _KEY_CELLS - 1:  # a person's own keys may be many: they get a line of their own
        first = [caps]
        indent = [Content(" " * _KEY_CELLS)] * len(words)
    else:
        first = []
        indent = [caps.append(Content(" " * (_KEY_CELLS - caps_cells)))]
        indent += [Content(" " * _KEY_CELLS)] * (len(words) - 1)
    lines = [Content("").join([space, Content(text)]) for space, text in zip(indent, words, strict=True)]
    return first + lines
