"""A field for a folder or a file, with completion by Tab and a list of what fits.

Names are listed in a thread: a dead network disk stops no key. Names that could not
be shown as they are never appear (`saving.folder_names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input
from textual.widgets.option_list import Option

from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.attaching import path_names
from tuimail.ui.beside.saving import MAX_PATH, common_prefix, folder_names, split_typed
from tuimail.ui.widgets.proposing import ProposingField

_SHOWN = 6


class FolderField(ProposingField):
    """Typing opens the list, Tab completes, arrows choose, Enter takes or accepts."""

    DEFAULT_CSS = f"""
    FolderField {{ height: auto; }}
    FolderField OptionList {{ max-height: {_SHOWN}; margin-left: 1; display: none; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("escape", "close", "Close", show=False),
    ]

    @dataclass
    class Changed(Message):
        """The text changed."""

        value: str

    @dataclass
    class Accepted(Message):
        """Enter, with nothing left to choose."""

        value: str

    def __init__(self, environ: Mapping[str, str], *, files: bool = False, id: str | None = None) -> None:
        """`files`: files can be chosen too, not only folders."""
        super().__init__(id=id)
        self._environ = environ
        self._files = files
        self._names: list[str] = []
        """A folder ends in a slash."""

    def make_input(self) -> Input:
        """One line, of a path."""
        hint = "~/report.pdf" if self._files else "~/Downloads"
        return Input(max_length=MAX_PATH, placeholder=hint, select_on_focus=False)

    def set_value(self, value: str) -> None:
        """Put a cleaned text into the field, without opening the list."""
        self.put(value)
        self.post_message(self.Changed(value))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        again = _begun_again(event.value)
        if again != event.value:  # a slash or ~ behind a slash begins anew
            event.input.value = again
            event.input.cursor_position = len(again)
            return
        self.post_message(self.Changed(event.value))
        self._look(event.value)

    def accept(self) -> None:
        """Enter, with nothing left to choose."""
        self.post_message(self.Accepted(self.value))

    def action_complete(self) -> None:
        """As much as is certain, else the first that fits; when nothing is open, Tab moves on."""
        if not self.is_open or not self._names:
            raise SkipAction
        at = self.options.highlighted
        if at is not None or len(self._names) == 1:
            self.take(at or 0)
            return
        typed = split_typed(self.value, self._environ)
        shared = common_prefix(self._names)
        if len(shared) > len(typed.prefix):
            field = self.query_one(Input)
            field.value = typed.before + shared
            field.cursor_position = len(field.value)
        else:
            self.options.highlighted = 0

    def action_move(self, step: int) -> None:
        """Choose in the list; Down opens it."""
        options = self.options
        if not self.is_open:
            if step < 0:
                raise SkipAction
            self._look(self.value)
        elif options.highlighted is None:
            options.highlighted = 0 if step > 0 else len(self._names) - 1
        elif step < 0 and options.highlighted == 0:
            options.highlighted = None
        else:
            options.highlighted = max(0, min(len(self._names) - 1, options.highlighted + step))

    def _look(self, value: str) -> None:
        self.run_worker(self._list(value), group=self.GROUP, exclusive=True, exit_on_error=False)

    async def _list(self, value: str) -> None:
        typed = split_typed(value, self._environ)
        names = await aside(lambda: self._fitting(typed.parent, typed.prefix))
        if self.value != value:  # typed on meanwhile
            return
        self._names = names
        options = self.options
        options.clear_options().add_options([Option(Content(name)) for name in names])
        options.highlighted = None
        options.display = bool(names) and self.has_focus_within

    def take(self, at: int) -> None:
        """This name is meant."""
        typed = split_typed(self.value, self._environ)
        self.set_value(f"{typed.before}{self._names[at]}")

    def _fitting(self, parent: Path, prefix: str) -> list[str]:
        if self._files:
            return path_names(parent, prefix)
        return [f"{name}/" for name in folder_names(parent, prefix)]


def _begun_again(typed: str) -> str:
    """What is meant by somebody who types a whole path behind a folder that stands there already.

    >>> _begun_again("~/papers//etc/"), _begun_again("/tmp/~/")
    ('/etc/', '~/')
    """
    at = max(typed.rfind("//") + 1, typed.rfind("/~/") + 1)
    return typed[at:]
