"""A field for recipients, with people proposed while somebody types.

Whom to propose is asked in a thread. The list lies over what is below, and never takes
the keys from the field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input
from textual.widgets.option_list import Option

from tuimail.mime.clean import cell_width, clean_line
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.composing import Suggestion
from tuimail.ui.lines.cells import elide
from tuimail.ui.lines.recipients import looks_complete, token_at, with_recipient
from tuimail.ui.widgets.fields import CleanInput
from tuimail.ui.widgets.proposing import ProposingField

_SHOWN = 7
_BOX_CELLS = 66
_MAX = 20


class AddressField(ProposingField):
    """Typing opens the list; Tab and Enter take, arrows choose, Esc closes."""

    DEFAULT_CSS = f"""
    AddressField {{ height: 1; }}
    AddressField OptionList, AddressField OptionList:focus {{
        overlay: screen;
        constrain: inside inflect;
        display: none;
        width: {_BOX_CELLS};
        max-width: 90%;
        height: auto;
        max-height: {_SHOWN};
        padding: 0 1;
        border: none;
        color: $dialog-text;
        background: $dialog-background;
        scrollbar-size-vertical: 1;
        scrollbar-background: $dialog-background;
    }}
    AddressField OptionList > .option-list--option-highlighted {{
        color: $cursor-foreground;
        background: $cursor-background;
        text-style: bold;
    }}
    AddressField OptionList > .option-list--option-hover {{ background: $hover-background; }}
    AddressField OptionList:nocolor > .option-list--option-highlighted {{ text-style: reverse; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "take", "Take", show=False),
        Binding("down,ctrl+n", "move(1)", "Down", show=False),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False),
        Binding("escape", "close", "Close", show=False),
    ]

    @dataclass
    class Changed(Message):
        """The line changed."""

        field: AddressField

    @dataclass
    class Accepted(Message):
        """Enter, with nothing left to choose."""

        field: AddressField

    def __init__(
        self, complete: Callable[[str], list[Suggestion]], *, placeholder: str = "", id: str | None = None
    ) -> None:
        """`complete` is called in a thread."""
        super().__init__(id=id)
        self._complete = complete
        self._placeholder = placeholder
        self._found: list[Suggestion] = []

    def make_input(self) -> Input:
        """One line, of cleaned text."""
        return CleanInput(placeholder=self._placeholder)

    @property
    def input(self) -> CleanInput:
        """The line itself."""
        return self.query_one(CleanInput)

    def set_value(self, value: str) -> None:
        """Put recipients into the field, without opening the list or telling anybody."""
        self.put(value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self))
        if self.input.has_focus:
            self._look()

    def accept(self) -> None:
        """Enter, with nothing left to choose."""
        self.post_message(self.Accepted(self))

    def action_take(self) -> None:
        """The chosen one, else the first; when nothing is open, Tab moves on."""
        if not self.is_open or not self._found:
            raise SkipAction
        self.take(self.options.highlighted or 0)

    def action_move(self, step: int) -> None:
        """Choose in the list."""
        if not self.is_open:
            raise SkipAction
        options = self.options
        at = options.highlighted
        options.highlighted = max(0, min(len(self._found) - 1, (at + step) if at is not None else 0))

    def _look(self) -> None:
        token = token_at(self.value, self.input.cursor_position)
        if not token.text.strip():
            self.close()
            return
        self.run_worker(self._ask(token.text), group=self.GROUP, exclusive=True, exit_on_error=False)

    async def _ask(self, typed: str) -> None:
        found = (await aside(lambda: self._complete(typed)))[:_MAX]
        if token_at(self.value, self.input.cursor_position).text != typed or not self.input.has_focus:
            return  # typed on meanwhile
        self._found = found
        options = self.options
        cells = min(_BOX_CELLS, self.app.size.width * 9 // 10) - 3
        options.clear_options().add_options([Option(suggestion_line(each, cells)) for each in found])
        options.highlighted = 0 if found and not looks_complete(typed) else None
        options.display = bool(found)

    def take(self, at: int) -> None:
        """This one is meant."""
        field = self.input
        line, cursor = with_recipient(field.value, field.cursor_position, clean_line(self._found[at].value, 1000))
        with self.prevent(Input.Changed):
            field.value = line
        field.cursor_position = cursor
        self.close()
        self.post_message(self.Changed(self))


def suggestion_line(suggestion: Suggestion, width: int) -> Content:
    """Who, and quieter why, in at most `width` cells."""
    value, note = clean_line(suggestion.value, 200), clean_line(suggestion.note, 60)
    room = width - cell_width(note) - 2
    if not note or room < width // 2:
        return Content(elide(value, width))
    return Content(elide(value, room)).append(Content.styled(f"  {note}", "$muted"))
