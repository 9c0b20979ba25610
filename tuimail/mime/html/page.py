"""The page that markup for html2text is written on: paragraphs, line breaks, styles, lists.

It knows white space and marks, and nothing of HTML elements of mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tuimail.mime.clean import clean_text, without_leading_marks
from tuimail.mime.html import marks

MAX_PIECES = 20_000
"""Pieces of markup on a page; html2text needs some 10 us for each."""

_EMPTY = frozenset(
    [marks.BOLD_ON, marks.BOLD_OFF, marks.ITALIC_ON, marks.ITALIC_OFF, marks.CODE_ON, marks.CODE_OFF, marks.LINK_OFF,
     marks.BREAK, " "]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """The marks around a run of text."""

    on: str
    off: str


BOLD = Style(marks.BOLD_ON, marks.BOLD_OFF)
ITALIC = Style(marks.ITALIC_ON, marks.ITALIC_OFF)
CODE = Style(marks.CODE_ON, marks.CODE_OFF)


@dataclass(slots=True)
class Page:
    """Markup under way. The open paragraph is in `line`, in carried characters and marks."""

    out: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    line_empty: bool = True
    """Nothing stands on the current line of the paragraph."""
    space: bool = False
    """White space was read that only counts when text follows."""
    styles: list[Style] = field(default_factory=list)
    list_depth: int = 0
    item_open: bool = False
    """A list item was opened and has no text yet."""
    heading: str = ""
    """The tag of the heading that is being written, else empty."""

    @property
    def is_full(self) -> bool:
        """No more can be written: the rest is left out."""
        return len(self.out) >= MAX_PIECES

    def position(self) -> tuple[int, int]:
        """Changes with everything that is written."""
        return len(self.line), len(self.out)

    def markup(self) -> str:
        """Everything that was written."""
        self.flush()
        return "".join(self.out)

    def element(self, tag: str) -> None:
        """A tag of our own, between paragraphs."""
        self.flush()
        self.out.append(f"<{tag}>")

    def flush(self) -> None:
        """End the paragraph; styles go on in the next one."""
        self._drop_breaks()
        if any(piece not in _EMPTY for piece in self.line):
            self._paragraph(marks.TEXT + self._closed())
        self.line = []
        self.line_empty = True
        self.space = False

    def one_line(self) -> str:
        """The open paragraph as one line, taken off the page."""
        self._drop_breaks()
        content = self._closed().replace(marks.BREAK, " ")
        self.line = []
        return content.strip()

    def _drop_breaks(self) -> None:
        while self.line and self.line[-1] == marks.BREAK:
            self.line.pop()

    def _closed(self) -> str:
        return "".join((*self.line, *(style.off for style in reversed(self.styles))))

    def _paragraph(self, content: str) -> None:
        if self.item_open and not self.heading:
            self.item_open = False
            self.out.append(content)
            return
        if self.list_depth and not self.heading and not self.item_open:
            content = content.replace(marks.TEXT, f"{marks.TEXT}{marks.HANG}{self.list_depth}", 1)
        self.item_open = False
        tag = self.heading or "p"
        self.out.append(f"<{tag}>{content}</{tag}>")

    def fixed(self, lines: Sequence[str]) -> None:
        """A paragraph of lines that are never wrapped, blank ones included."""
        self.flush()
        if any(lines):
            self._paragraph(marks.TEXT + marks.FIXED + marks.BREAK.join(lines))

    def soft_break(self) -> None:
        """The next text starts a new line."""
        if not self.line_empty:
            self.line.append(marks.BREAK)
            self.line_empty = True
        self.space = False

    def line_break(self) -> None:
        """A line break that was asked for: two in a row leave an empty line."""
        if self.line_empty:
            self.flush()
        else:
            self.soft_break()

    def rejoin(self) -> bool:
        """What comes next goes to the end of the last line, after a space; True when that line was ended."""
        was_ended = bool(self.line) and self.line[-1] == marks.BREAK
        if was_ended:
            self._drop_breaks()
            self.line_empty = not self.line
        self.space = not self.line_empty
        return was_ended

    def text(self, raw: str) -> None:
        """Running text of a sender: white space collapsed, hidden characters gone."""
        # Marks at the start of a piece would pile up on the piece before it.
        cleaned = marks.carried(without_leading_marks(clean_text(raw)))
        words = " ".join(cleaned.split())
        if not words:
            self.space = self.space or bool(cleaned)
            return
        self.space = self.space or cleaned[0].isspace()
        self.carried(words)
        self.space = cleaned[-1].isspace()

    def carried(self, content: str) -> None:
        """Content that is already in carried characters and marks."""
        if not self.line:
            self.line += [style.on for style in self.styles]
        self._take_space()
        self.line_empty = False
        self.line.append(content)

    def _take_space(self) -> None:
        if self.space and not self.line_empty:
            self.line.append(" ")
        self.space = False

    @contextmanager
    def styled(self, style: Style) -> Iterator[None]:
        """Everything written inside has the style."""
        if self.line:
            if not self.line_empty:
                self._take_space()
            self.line.append(style.on)
        self.styles.append(style)
        yield
        self.styles.pop()
        if self.line:
            self.line.append(style.off)
