"""Plain text that was wrapped by its sender, flowing again where the pane is narrower.

Lines of 70 characters in a pane of 60 would leave a word or two on every second line.
So the lines of a paragraph are joined when one of them is too wide; never those that
look like lists, tables, code or art. Pure. What must not live here: breaking lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuimail.mime.clean import cell_width
from tuimail.model import LineKind, Span, TextLine

FULL_CELLS = 55
"""A line that its sender broke is at least so wide; only the last one of a paragraph is not."""
MAX_LINES = 5000
"""Longer texts stay as they are: looking at them would hold the keys."""
_MARKER = re.compile(r"(?:[-*+•·o]|\(?[0-9a-zA-Z]{1,3}[.)])\s|[#=>|:;]")
_ODD = re.compile(r"\s{2}|\t|[|\\{}<>_~^\u2500-\u259f]")


def joined(lines: Sequence[TextLine], width: int) -> Sequence[TextLine]:
    """The lines with every paragraph that is wider than `width` in one; the same object when none is."""
    if len(lines) > MAX_LINES:
        return lines
    found: list[TextLine] = []
    at, changed = 0, False
    while at < len(lines):
        end = _paragraph_end(lines, at)
        if end - at > 1 and any(_cells(line) > width for line in lines[at:end]):
            found.append(_one(lines[at:end]))
            changed = True
        else:
            found += lines[at:end]
        at = end
    return found if changed else lines


def _paragraph_end(lines: Sequence[TextLine], first: int) -> int:
    """After the last line of the paragraph that begins at `first`; a line that is none is alone."""
    if not _is_prose(lines[first]) or lines[first].text.count(" ") < 4:
        return first + 1
    end = first + 1
    while (
        end < len(lines)
        and cell_width(lines[end - 1].text) >= FULL_CELLS
        and _is_prose(lines[end])
        and lines[end].quote_depth == lines[first].quote_depth
    ):
        end += 1
    return end


def _is_prose(line: TextLine) -> bool:
    text = line.text.rstrip()
    if line.kind != LineKind.TEXT or line.indent_cells or not text or text[0].isspace():
        return False
    return not _MARKER.match(text) and not _ODD.search(text) and any(char.isalpha() for char in text)


def _cells(line: TextLine) -> int:
    return cell_width(line.text.rstrip()) + 2 * line.quote_depth


def _one(lines: Sequence[TextLine]) -> TextLine:
    text = ""
    spans: list[Span] = []
    for line in lines:
        start = len(text) + 1 if text else 0
        text = f"{text} {line.text.rstrip()}" if text else line.text.rstrip()
        spans += [_moved(span, start, len(text)) for span in line.spans]
    return lines[0]._replace(text=text, spans=tuple(spans))


def _moved(span: Span, by: int, end: int) -> Span:
    return span._replace(start=min(span.start + by, end), end=min(span.end + by, end))
