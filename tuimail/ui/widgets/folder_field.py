"""A field for a folder or a file, with completion by Tab and a list of what fits.

Names are listed in a thread: a dead network disk stops no key. Names that could not
be shown as they are never appear (`saving.folder_names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.attaching import path_names
from tuimail.ui.beside.saving import MAX_PATH, common_prefix, folder_names, split_typed

_SHOWN = 6


class FolderField(Vertical):
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

    def compose(self) -> ComposeResult:
        hint = "~/report.pdf" if self._files else "~/Downloads"
        yield Input(max_length=MAX_PATH, placeholder=hint, select_on_focus=False)
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        """The list never takes the focus from the field."""
        self.query_one(OptionList).can_focus = False

    @property
    def value(self) -> str:
        """What stands in the field."""
        return self.query_one(Input).value

    def set_value(self, value: str) -> None:
        """Put a cleaned text into the field, without opening the list."""
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = value
        field.cursor_position = len(value)
        self._close()
        self.post_message(self.Changed(value))

    @property
    def is_open(self) -> bool:
        """Whether the list is shown."""
        return bool(self.query_one(OptionList).display)

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

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.query_one(OptionList).highlighted
        if self.is_open and at is not None:
            self._take(self._names[at])
        else:
            self._close()
            self.post_message(self.Accepted(event.value))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take(self._names[event.option_index])

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """The list belongs to typing."""
        self._close()

    def action_complete(self) -> None:
        """As much as is certain, else the first that fits; when nothing is open, Tab moves on."""
        if not self.is_open or not self._names:
            raise SkipAction
        at = self.query_one(OptionList).highlighted
        if at is not None or len(self._names) == 1:
            self._take(self._names[at or 0])
            return
        typed = split_typed(self.value, self._environ)
        shared = common_prefix(self._names)
        if len(shared) > len(typed.prefix):
            field = self.query_one(Input)
            field.value = typed.before + shared
            field.cursor_position = len(field.value)
        else:
            self.query_one(OptionList).highlighted = 0

    def action_move(self, step: int) -> None:
        """Choose in the list; Down opens it."""
        options = self.query_one(OptionList)
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

    def action_close(self) -> None:
        """Close the list; when nothing is open, Esc means the dialog."""
        if not self.is_open:
            raise SkipAction
        self._close()

    def _look(self, value: str) -> None:
        self.run_worker(self._list(value), group="folders", exclusive=True, exit_on_error=False)

    async def _list(self, value: str) -> None:
        typed = split_typed(value, self._environ)
        names = await aside(lambda: self._fitting(typed.parent, typed.prefix))
        if self.value != value:  # typed on meanwhile
            return
        self._names = names
        options = self.query_one(OptionList)
        options.clear_options().add_options([Option(Content(name)) for name in names])
        options.highlighted = None
        options.display = bool(names) and self.has_focus_within

    def _take(self, name: str) -> None:
        typed = split_typed(self.value, self._environ)
        self.set_value(f"{typed.before}{name}")

    def _fitting(self, parent: Path, prefix: str) -> list[str]:
        if self._files:
            return path_names(parent, prefix)
        return [f"{name}/" for name in folder_names(parent, prefix)]

    def _close(self) -> None:
        self.workers.cancel_group(self, "folders")
        self.query_one(OptionList).display = False


def _begun_again(typed: str) -> str:
    """What is meant by somebody who types a whole path behind a folder that stands there already.

    >>> _begun_again("~/papers//etc/"), _begun_again("/tmp/~/")
    ('/etc/', '~/')
    """
    at = max(typed.rfind("//") + 1, typed.rfind("/~/") + 1)
    return typed[at:]
