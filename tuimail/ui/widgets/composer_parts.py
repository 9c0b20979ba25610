"""Parts of the composer that only show: its title with the state of the draft, its rule, its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tuimail.mime.clean import cell_width, clean_line, elide_middle
from tuimail.model import DraftFile
from tuimail.ui import text
from tuimail.ui.beside.autosave import SaveState, SaveWord
from tuimail.ui.lines.rows import Run, Runs, both_ends
from tuimail.ui.lines.type_names import type_label
from tuimail.ui.lines.when import clock_time, long_size
from tuimail.ui.widgets.lines import LineWidget

_SHOWN_FILES = 4


def state_runs(word: SaveWord, now: float) -> Runs:
    """What is true of the draft just now."""
    if word.state is SaveState.FAILED:
        return [Run(f"NOT SAVED: {word.sentence}", "error")]
    if word.state is SaveState.SAVED:
        return [Run(f"saved {clock_time(word.saved_at, now)}", "ok")] if word.saved_at else []
    return [Run("saving…" if word.state is SaveState.SAVING else "not saved yet", "muted")]


class ComposerTitle(LineWidget):
    """What is written, and whether the disk has it."""

    DEFAULT_CSS = "ComposerTitle { height: 1; }"

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._subject = ""
        self._word = SaveWord(SaveState.SAVED, 0)
        self._doing = ""
        self._marks = ""

    def show(self, *, subject: str, word: SaveWord, doing: str = "", marks: str = "") -> None:
        """`doing`: what is under way; `marks`: switches that are on."""
        self._subject, self._word, self._doing, self._marks = subject, word, doing, marks
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """The title."""
        left = [Run(" ✎ ", "accent"), Run(clean_line(self._subject, 300).strip() or "New message", "title-focus")]
        right = [Run(self._doing, "busy")] if self._doing else state_runs(self._word, self._clock())
        if self._marks:
            right = [Run(self._marks, "note"), *([Run(" · ", "muted")] if right else []), *right]
        right = [*right, Run(" ", "text")]
        if self._word.state is SaveState.FAILED:  # that nothing is saved matters more than what is written
            return both_ends([left[0]], right, width)
        return both_ends(_shorter(left, right, width), right, width)


def _shorter(left: Runs, right: Runs, width: int) -> Runs:
    """The left side, cut so that the right one is whole."""
    room = width - sum(cell_width(run.text) for run in right) - 2 - cell_width(left[0].text)
    return [left[0], Run(elide_middle(left[1].text, max(8, room)), left[1].role)]


class Rule(LineWidget):
    """A line across."""

    DEFAULT_CSS = "Rule { height: 1; }"

    def line_runs(self, y: int, width: int) -> Runs:
        """The line."""
        return [Run(" ", "text"), Run("─" * max(0, width - 2), "rule")]


class FilesList(OptionList):
    """The files that go along."""

    DEFAULT_CSS = f"""
    FilesList, FilesList:focus {{
        height: auto;
        max-height: {_SHOWN_FILES};
        border: none;
        padding: 0 1;
        color: $foreground;
        background: $background;
        background-tint: $background 0%;
        scrollbar-size-vertical: 1;
    }}
    FilesList > .option-list--option-highlighted {{ color: $foreground; background: $background; }}
    FilesList:focus > .option-list--option-highlighted {{
        color: $cursor-foreground;
        background: $cursor-background;
        text-style: bold;
    }}
    FilesList:nocolor:focus > .option-list--option-highlighted {{ text-style: reverse; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,backspace,x,d", "remove", "Remove", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    @dataclass
    class Removed(Message):
        """A person takes a file out."""

        number: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._files: Sequence[DraftFile] = ()

    def show(self, files: Sequence[DraftFile], width: int) -> None:
        """Show these; hidden without any."""
        at = self.highlighted
        self._files = files
        self.clear_options().add_options([Option(file_line(each, max(20, width - 4))) for each in files])
        self.display = bool(files)
        if files:
            self.highlighted = min(at or 0, len(files) - 1)

    def action_remove(self) -> None:
        """The one under the cursor."""
        if self.highlighted is not None and self.highlighted < len(self._files):
            self.post_message(self.Removed(self._files[self.highlighted].number))


def file_line(file: DraftFile, width: int) -> Content:
    """Name, size, type, in at most `width` cells."""
    facts = f"  {long_size(file.size_octets)} · {type_label(file.content_type)}"
    name = elide_middle(clean_line(file.filename, 400), max(8, width - 3 - cell_width(facts)))
    return Content("📎 ").append(text.content(name, 400)).append(text.content(facts, 80).stylize("$muted"))
