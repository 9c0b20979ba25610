"""Fields of the composer: one line of clean text, its label, and who a message is from.

What lives here: widgets that know nothing of drafts. Textual's fields pass escape
sequences to the terminal, whether they were typed, pasted or set: so every value goes
through `mime.clean` before a field has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tuimail.mime.clean import clean_line
from tuimail.ui import text
from tuimail.ui.beside.composing import Sender

MAX_LINE = 100_000
"""500 recipients with long names."""
LABEL_CELLS = 9


class CleanInput(Input):
    """A field that never holds what a terminal must not be given."""

    DEFAULT_CSS = """
    CleanInput, CleanInput:focus {
        border: none;
        height: 1;
        padding: 0 1;
        color: $foreground;
        background: $background;
        background-tint: $background 0%;
    }
    CleanInput:focus {
        color: $input-foreground;
        background: $input-background;
        background-tint: $input-background 0%;
    }
    CleanInput > .input--placeholder { color: $muted; }
    CleanInput:focus > .input--placeholder { color: $input-hint; }
    CleanInput > .input--selection { background: $input-selection-background; color: $input-selection-foreground; }
    """

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(
            clean_line(value, MAX_LINE), placeholder=placeholder, id=id, select_on_focus=False, max_length=MAX_LINE
        )

    def validate_value(self, value: str) -> str:
        """Textual calls this before every change."""
        return clean_line(value, MAX_LINE)

    def _on_paste(self, event: events.Paste) -> None:
        """All lines of what was pasted, as one: recipients are often a column."""
        event.stop()
        event.prevent_default()
        pasted = clean_line(" ".join(event.text.split("\n")), MAX_LINE).strip()
        if self.selection.is_empty:
            self.insert_text_at_cursor(pasted)
        else:
            self.replace(pasted, *self.selection)


class FieldRow(Horizontal):
    """A label with a field beside it."""

    DEFAULT_CSS = f"""
    FieldRow {{ height: 1; }}
    FieldRow > .field-label {{ width: {LABEL_CELLS}; height: 1; padding-left: 1; color: $muted; }}
    FieldRow > .field {{ width: 1fr; }}
    """

    def __init__(self, label: str, field: Widget, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._field = field.add_class("field")

    def compose(self) -> ComposeResult:
        yield Static(Content(self._label), classes="field-label")
        yield self._field


class FromField(Static, can_focus=True):
    """Who the message is from; left, right and space go through a person's identities."""

    DEFAULT_CSS = """
    FromField { height: 1; padding: 0 1; color: $foreground; }
    FromField:focus { background: $cursor-background; color: $cursor-foreground; }
    FromField:focus:nocolor { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right,enter,down", "choose(1)", "Next identity", show=False),
        Binding("left,up", "choose(-1)", "Identity before", show=False),
    ]

    @dataclass
    class Changed(Message):
        """A person chose somebody else to be."""

        before: Sender
        now: Sender

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._senders: list[Sender] = []
        self._at = 0

    @property
    def sender(self) -> Sender | None:
        """Who it is from; None without an account."""
        return self._senders[self._at] if self._senders else None

    def show(self, senders: Sequence[Sender], current: Sender) -> None:
        """Offer these; `current` is among them, or comes before them."""
        self._senders = list(senders) if current in senders else [current, *senders]
        self._at = self._senders.index(current)
        self._update()

    def action_choose(self, step: int) -> None:
        """The next identity."""
        if len(self._senders) > 1:
            before = self._senders[self._at]
            self._at = (self._at + step) % len(self._senders)
            self._update()
            self.post_message(self.Changed(before, self._senders[self._at]))

    def on_click(self) -> None:
        """As space."""
        self.action_choose(1)

    def _update(self) -> None:
        sender = self.sender
        shown = text.content(sender.header if sender is not None else "", 300)
        if len(self._senders) > 1:
            shown = shown.append(Content(f"  ▾ {self._at + 1} of {len(self._senders)}"))
        self.update(shown)
