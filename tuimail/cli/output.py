"""The way of all text to the terminal: lines, tables, JSON.

Whatever is printed for a person is cleaned here, so that no subject, name or word of a
server can steer the terminal; colours are put on afterwards. JSON is plain ASCII, and
carries texts as they are, escaped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from tuimail.mime.clean import cell_width, clean_line

if TYPE_CHECKING:
    from tuimail.errors import MailError

DEFAULT_WIDTH_CELLS = 80
LONGEST_LINE = 4000

STYLES = {"bold": "1", "dim": "2", "good": "32", "bad": "31", "warn": "33", "accent": "36"}
"""Names of styles to SGR codes of the 16 basic colours, which every theme of a terminal keeps readable."""


class Cell(NamedTuple):
    """A text in a style."""

    text: str
    style: str = ""


Text = str | Cell


class Column(NamedTuple):
    """One column of a table."""

    title: str
    right: bool = False
    flexible: bool = False
    """Gives way when the terminal is narrow."""


class Printer:
    """Prints to one pair of streams."""

    def __init__(self, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str], *, as_json: bool = False) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.as_json = as_json
        self.is_tty = _is_tty(stdout)
        self.errors_are_seen = _is_tty(stderr)
        plain = bool(environ.get("NO_COLOR")) or environ.get("TERM", "dumb") == "dumb"
        self._colour = {id(stdout): self.is_tty and not plain, id(stderr): self.errors_are_seen and not plain}
        columns = environ.get("COLUMNS", "")
        self._columns = int(columns) if columns.isascii() and columns.isdigit() and len(columns) < 5 else 0

    def line(self, *texts: Text) -> None:
        """One line of texts, cleaned."""
        self.stdout.write(self._painted(texts, self.stdout) + "\n")

    def note(self, *texts: Text) -> None:
        """One line beside the output, on stderr."""
        self.stdout.flush()
        self.stderr.write(self._painted(texts, self.stderr) + "\n")
        self.stderr.flush()

    def progress(self, text: str) -> None:
        """A line that the next one replaces; only where a person looks. Empty: take it away."""
        if self.errors_are_seen:
            width = max(self.width_cells() - 1, 10)
            self.stderr.write("\r\x1b[K" + fit(clean_line(text), width) if text else "\r\x1b[K")
            self.stderr.flush()

    def json(self, value: object) -> None:
        """A list with an element a line, or one value on a line."""
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(element) for element in value)
            self.stdout.write(f"[\n{lines}\n]\n" if lines else "[]\n")
        else:
            self.stdout.write(json.dumps(value) + "\n")

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Text]]) -> None:
        """Rows below titles, aligned by cells; cut to the terminal's width, and whole in a pipe."""
        cleaned = [[Cell(clean_line(_text(cell), LONGEST_LINE), _style(cell)) for cell in row] for row in rows]
        widths = [
            max([cell_width(column.title), *(cell_width(row[at].text) for row in cleaned)])
            for at, column in enumerate(columns)
        ]
        if self.is_tty:
            widths = _shrunk(columns, widths, self.width_cells())
        self._row([Cell(column.title, "dim") for column in columns], columns, widths)
        for row in cleaned:
            self._row(row, columns, widths)

    def width_cells(self) -> int:
        """The terminal's width."""
        if self._columns:
            return self._columns
        for stream in (self.stdout, self.stderr):
            try:
                return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH_CELLS
            except (OSError, ValueError):
                continue
        return DEFAULT_WIDTH_CELLS

    def _row(self, row: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int]) -> None:
        pieces = []
        for at, (cell, column, width) in enumerate(zip(row, columns, widths, strict=True)):
            shown = fit(cell.text, width)
            gap = " " * (width - cell_width(shown))
            last = at == len(columns) - 1 and not column.right
            painted = self._paint(shown, cell.style, self.stdout)
            pieces.append(gap + painted if column.right else painted if last else painted + gap)
        self.stdout.write("  ".join(pieces).rstrip() + "\n")

    def _painted(self, texts: Iterable[Text], stream: TextIO) -> str:
        return "".join(self._paint(clean_line(_text(text), LONGEST_LINE), _style(text), stream) for text in texts)

    def _paint(self, text: str, style: str, stream: TextIO) -> str:
        if text and style and self._colour[id(stream)]:
            return f"\x1b[{STYLES[style]}m{text}\x1b[0m"
        return text


def report(error: MailError, stderr: TextIO) -> None:
    """Say an error on stderr: its mistakes, one sentence, and what to do."""
    mistakes: tuple[str, ...] = getattr(error, "mistakes", ())
    stderr.write(f"tuimail: {clean_line(error.sentence, LONGEST_LINE)}\n")
    for mistake in mistakes:
        stderr.write(f"  {clean_line(mistake, LONGEST_LINE)}\n")
    if error.advice:
        stderr.write(f"{clean_line(error.advice, LONGEST_LINE)}\n")


def fit(text: str, width_cells: int) -> str:
    """The text, cut at its end with an ellipsis where it is wider."""
    if cell_width(text) <= width_cells:
        return text
    if width_cells <= 0:
        return ""
    used, kept = 0, 0
    for char in text:
        used += cell_width(char)
        if used > width_cells - 1:
            break
        kept += 1
    return text[:kept] + "…"


def size_words(octets: int) -> str:
    """A size for a person: `84 kB`; decimal, as disks and mail servers count."""
    if octets < 1000:
        return f"{octets} B"
    size = float(octets)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
    return f"{size:.0f} TB"


def count_words(count: int, singular: str, plural: str = "") -> str:
    """`1 message`, `2 messages`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def nearest(wrong: str, known: Iterable[str]) -> str:
    """` Did you mean "..."?` with the nearest of the known names, or all of a few."""
    import difflib  # deferred: 4 ms, only for mistakes

    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(wrong.casefold(), folded, n=3, cutoff=0.5)
    if near:
        return "Did you mean " + " or ".join(folded[name] for name in near) + "?"
    if folded and len(folded) <= 8:
        return "There is: " + ", ".join(folded.values()) + "."
    return ""


def _shrunk(columns: Sequence[Column], widths: Sequence[int], available: int) -> list[int]:
    """Widths that fit: flexible columns give way, the widest first, down to eight cells."""
    shrunk = list(widths)
    excess = sum(shrunk) + 2 * (len(shrunk) - 1) - available
    while excess > 0:
        candidates = [at for at, column in enumerate(columns) if column.flexible and shrunk[at] > 8]
        if not candidates:
            break
        shrunk[max(candidates, key=lambda at: shrunk[at])] -= 1
        excess -= 1
    return shrunk


def _text(text: Text) -> str:
    return text.text if isinstance(text, Cell) else text


def _style(text: Text) -> str:
    return text.style if isinstance(text, Cell) else ""


def _is_tty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
