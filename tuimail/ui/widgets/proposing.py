"""A field with a list of proposals below it, which never takes the keys from the field.

What lives here: opening, choosing with a click or Enter, closing. What must not: what is
proposed, and what a chosen proposal does to the text.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList

from tuimail.ui.beside.candid import Candid


class ProposingField(Candid, Vertical):
    """Typing opens the list, arrows choose, Enter takes or accepts, Esc closes."""

    GROUP: ClassVar[str] = "proposals"
    """Of the workers that look for proposals."""

    def make_input(self) -> Input:
        """The line itself."""
        raise NotImplementedError

    def take(self, at: int) -> None:
        """Put the proposal at this place into the field."""
        raise NotImplementedError

    def accept(self) -> None:
        """Enter, with nothing left to choose."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield self.make_input()
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        """The list never takes the focus from the field."""
        self.options.can_focus = False

    @property
    def options(self) -> OptionList:
        """The proposals."""
        return self.query_one(OptionList)

    @property
    def value(self) -> str:
        """What stands in the field."""
        return self.query_one(Input).value

    @property
    def is_open(self) -> bool:
        """Whether anything is proposed."""
        return bool(self.options.display)

    def put(self, value: str) -> None:
        """Put a cleaned text into the field, without opening the list or telling anybody."""
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = value
        field.cursor_position = len(field.value)
        self.close()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.options.highlighted
        if self.is_open and at is not None:
            self.take(at)
        else:
            self.close()
            self.accept()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.take(event.option_index)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """The list belongs to typing."""
        self.close()

    def action_close(self) -> None:
        """Close the list; when nothing is open, Esc means what is around the field."""
        if not self.is_open:
            raise SkipAction
        self.close()

    def close(self) -> None:
        """Propose nothing any longer."""
        self.workers.cancel_group(self, self.GROUP)
        self.options.display = False
