"""Text measured and cut in terminal cells.

Lists, headers and the first frame line up by these few functions. What must not
live here: colours, Textual, rich, and the cleaning of mail (that is `mime.clean`,
which has been through every text before it is measured).
"""

from __future__ import annotations

from functools import lru_cache

from tuimail.mime.clean import cell_width

ELLIPSIS = "…"


@lru_cache(maxsize=8192)
def char_width(char: str) -> int:
    """Cells of one character: 0, 1 or 2."""
    return cell_width(char)


def cut(text: str, cells: int) -> str:
    """The longest beginning of `text` that fits into `cells`.

    >>> cut("日本語", 5)
    '日本'
    """
    if cells <= 0:
        return ""
    if text.isascii():
        return text[:cells]
    used = 0
    for index, char in enumerate(text):
        used += char_width(char)
        if used > cells:
            return text[:index]
    return text


def elide(text: str, cells: int) -> str:
    """`text`, or as much of it as fits with an ellipsis at the end.

    >>> elide("Compiler review", 9)
    'Compiler…'
    """
    if len(text) <= cells and text.isascii():
        return text
    # A character is at least no cell wide, and 8 marks can sit on one: the rest is never measured.
    head = text[: cells * 9 + 9] if len(text) > cells * 9 + 9 else text
    if head is text and cell_width(text) <= cells:
        return text
    return cut(head, cells - 1).rstrip() + ELLIPSIS if cells > 0 else ""


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """`text` in exactly `cells`: cut with an ellipsis, or padded with spaces.

    >>> fit("Grace", 7), fit("12k", 5, right=True)
    ('Grace  ', '  12k')
    """
    shown = elide(text, cells)
    space = " " * (cells - (len(shown) if shown.isascii() else cell_width(shown)))
    return space + shown if right else shown + space
