"""Tables in the HTML of mail: which hold values, which only place things, and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuimail.mime.clean import cell_width
from tuimail.mime.html import marks
from tuimail.mime.html.tree import Element

MAX_CELLS_WIDE = 100
"""A wider table is not laid out but told row by row."""
MAX_COLUMNS = 12

_STRUCTURE = re.compile(f"<[^<>]*>|[{marks.TEXT}{marks.FIXED}{marks.BREAK}]|{marks.HANG}[0-9]")


def rows(table: Element) -> Iterator[list[Element]]:
    """The cells of each row of this table, not of those inside it."""
    for child in table.children:
        if not isinstance(child, Element):
            continue
        if child.tag == "tr":
            yield [cell for cell in child.children if isinstance(cell, Element) and cell.tag in ("td", "th")]
        elif child.tag in ("tbody", "thead", "tfoot"):
            yield from rows(child)


def is_data(table: Element) -> bool:
    """A table of values, not one that places things on a page."""
    attributes = table.attributes
    if table.has_table or (attributes.get("role") or "").lower() in ("presentation", "none"):
        return False
    found = list(rows(table))
    if max((len(row) for row in found), default=0) < 2:
        return False
    has_head = any(cell.tag == "th" for row in found for cell in row)
    border = (attributes.get("border") or "0").strip()
    return has_head or (border not in ("", "0") and len(found) > 1)


def laid_out(contents: Sequence[Sequence[str]]) -> list[str] | None:
    """Rows with their columns aligned, as carried text; None when they would be too wide."""
    columns = max(len(row) for row in contents)
    widths = [0] * columns
    for row in contents:
        for column, content in enumerate(row):
            widths[column] = max(widths[column], cell_width(marks.without_marks(content)))
    if sum(widths) + 3 * (columns - 1) > MAX_CELLS_WIDE:
        return None
    return [_padded(row, widths) for row in contents]


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        content + " " * (width - cell_width(marks.without_marks(content)))
        for content, width in zip(row, widths, strict=False)
    ]
    return " | ".join(cells).rstrip().replace(" ", marks.SPACE)


def flattened(markup: str) -> str:
    """The markup of paragraphs or lists inside a cell as one line of carried text."""
    return " ".join(_STRUCTURE.sub(" ", markup).split())
