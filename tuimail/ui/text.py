"""The only maker of Content, Segments and Strips from text that came with mail.

Everything a sender or a server chose passes through `tuimail.mime.clean` and then
through here on its way to a widget; nothing of it is ever read as markup. A widget is
given a `Content` or a `Strip`, never a `str` of mail: Textual would interpret
`[@click=...]` in it, die of `[/]`, and write ESC to the terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from tuimail.mime.clean import clean_line, clean_text
from tuimail.ui.lines.rows import Runs

_SENTENCE_LIMIT: Final = 300


def content(text: str, limit: int = 500) -> Content:
    """One line of any text, cleaned; literal, whatever brackets it holds."""
    return Content(clean_line(text, limit))


def sentence(text: str) -> str:
    """A sentence for `notify(..., markup=False)`: one cleaned line of at most 300 characters."""
    return clean_line(text, _SENTENCE_LIMIT)


def block(text: str) -> Content:
    """Text of several lines, cleaned; literal."""
    return Content(clean_text(text))


def strip(runs: Runs, style_of: Callable[[str], Style], width: int) -> Strip:
    """A line of the screen from runs, in exactly `width` cells.

    Runs are clean already; that is checked again, since one forgotten ESC here would
    reach the terminal.
    """
    line = Strip([Segment(_checked(text), style_of(role)) for text, role in runs if text])
    if line.cell_length != width:
        line = line.adjust_cell_length(width, style_of("text"))
    return line


def _checked(text: str) -> str:
    """`isprintable` is false for controls, format characters, surrogates, and also for unassigned ones."""
    return text if text.isprintable() else clean_line(text, len(text) + 1)
