"""The text of a message, in an editor that wraps where mail is read.

Textual's TextArea, with what mail needs: nothing gets in that a terminal must not be
given, quotes have their colours, misspelt words a mark. What must not live here: drafts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual import events
from textual.document._document import EditResult, Location
from textual.document._edit import Edit
from textual.message import Message
from textual.widgets import TextArea

from tuimail.mime.clean import clean_text
from tuimail.ui.lines.prose import misspelt, quote_depth
from tuimail.ui.looks.role_styles import role_style

WRAP_CELLS = 78
"""RFC 5322 2.1.1: lines of at most 78 characters; format=flowed breaks them there."""


class BodyEditor(TextArea):
    """The body. Enter is a new line, Tab moves on."""

    DEFAULT_CSS = f"""
    BodyEditor, BodyEditor:focus {{
        border: none;
        padding: 0 1;
        max-width: {WRAP_CELLS + 6};
        color: $foreground;
        background: $background;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
    }}
    BodyEditor .text-area--cursor-line {{ background: $background; }}
    BodyEditor:light .text-area--cursor {{ color: $background; background: $foreground; }}
    BodyEditor .text-area--placeholder {{ color: $muted; }}
    BodyEditor .text-area--selection {{
        background: $input-selection-background;
        color: $input-selection-foreground;
    }}
    """

    @dataclass
    class PathPasted(Message):
        """What was pasted could be the path of a file."""

        path: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False, id=id)
        self.match_cursor_bracket = False
        self._words: Collection[str] = ()
        self._looks: dict[str, Style] = {}

    def set_text(self, body: str) -> None:
        """Another text, cleaned, the cursor at its top; what was before is forgotten."""
        self.load_text(clean_text(body))
        self.move_cursor((0, 0))

    def replace_all(self, body: str) -> None:
        """Another text, as one change that undo takes back."""
        self.replace(body, (0, 0), self.document.end, maintain_selection_offset=False)
        self.move_cursor((0, 0))

    def set_words(self, words: Collection[str]) -> None:
        """Words that are spelt right, in lower case; none switches the marks off."""
        self._words = words
        self.notify_style_update()
        self.refresh()

    def edit(self, edit: Edit) -> EditResult:
        """Every change goes through here, typed or pasted: clean."""
        edit.text = clean_text(edit.text)
        return super().edit(edit)

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """None: it would walk through the whole text at each step of the cursor."""
        return None

    async def _on_paste(self, event: events.Paste) -> None:
        """A path is told; everything is put in all the same, since only the answer may take it out again."""
        event.prevent_default()
        event.stop()
        pasted = event.text.strip()
        if pasted and "\n" not in pasted and pasted.startswith(("/", "~/", "file:///", "'/", '"/')):
            self.post_message(self.PathPasted(pasted))
            return
        self.insert_here(event.text)

    def insert_here(self, text: str) -> None:
        """Put a text where the cursor is, in the place of what is selected."""
        result = self._replace_via_keyboard(text, *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)

    def get_line(self, line_index: int) -> Text:
        """A line with its looks."""
        line = super().get_line(line_index)
        depth = quote_depth(line.plain)
        if depth:
            line.stylize(self._look(f"quote-{min(depth, 4)}"))
        elif self._words:
            for start, end in misspelt(line.plain, self._words):
                line.stylize(self._look("warning") + Style(underline=True), start, end)
        return line

    def _look(self, role: str) -> Style:
        found = self._looks.get(role)
        if found is None:
            found = self._looks[role] = role_style(role, self.app.theme_variables)
        return found

    def notify_style_update(self) -> None:
        """Colours changed."""
        self._looks.clear()
        super().notify_style_update()

    def on_mount(self) -> None:
        """The colours are the theme's."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.notify_style_update())
