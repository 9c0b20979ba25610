"""How the screen divides into panes, in whole cells.

Pure, and shared with the first frame, which must draw the separators where Textual
will draw them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

THREE_PANES = 140
TWO_PANES = 90
SMALLEST_WIDTH = 40
SMALLEST_HEIGHT = 8
_MIN_TREE = 14
_MIN_LIST = 34
_MIN_READER = 40


@dataclass(frozen=True, slots=True)
class PaneWidths:
    """What a person set by dragging; remembered between runs."""

    tree_cells: int = 24
    list_share: float = 0.4
    """Of the width that list and reader have together."""
    tree_hidden: bool = False
    """The folder tree was put away, although there is room."""


class Layout(NamedTuple):
    """Widths in cells; 0 for a pane that is not shown beside the others."""

    panes: int
    """3: tree, list, reader; 2: list, reader; 1: one of them."""
    tree: int
    list: int
    reader: int


def divide(width: int, widths: PaneWidths) -> Layout:
    """The panes of a screen that is `width` cells wide; separators take one cell each."""
    if width >= THREE_PANES and not widths.tree_hidden:
        tree = clamp(widths.tree_cells, _MIN_TREE, width // 3)
        rest = width - tree - 2
        list_cells = _list_cells(rest, widths)
        return Layout(3, tree, list_cells, rest - list_cells)
    if width >= TWO_PANES:
        rest = width - 1
        list_cells = _list_cells(rest, widths)
        return Layout(2, 0, list_cells, rest - list_cells)
    return Layout(1, 0, width, width)


COMPOSER = 84
"""What the composer wants: 78 characters of text, two for a quote mark, margins and a scrollbar."""


def beside_composer(width: int, widths: PaneWidths) -> Layout:
    """The panes while a message is written in the reader's place: the list stays where there is room for it."""
    layout = divide(width, widths)
    tree = layout.tree + 1 if layout.panes == 3 else 0
    room = width - tree - 1 - COMPOSER
    if tree and room < _MIN_LIST:  # the list is worth more than the tree
        tree, room = 0, width - 1 - COMPOSER
    if room < _MIN_LIST:
        return Layout(1, 0, width, width)
    list_cells = min(layout.list, room)
    return Layout(3 if tree else 2, max(0, tree - 1), list_cells, width - tree - 1 - list_cells)


def too_small(width: int, height: int) -> bool:
    """Whether only one sentence fits."""
    return width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT


def drag_tree(width: int, widths: PaneWidths, tree_cells: int) -> PaneWidths:
    """The widths after the separator behind the tree was dragged to column `tree_cells`."""
    return replace(widths, tree_cells=clamp(tree_cells, _MIN_TREE, width // 3))


def drag_list(width: int, widths: PaneWidths, list_cells: int) -> PaneWidths:
    """The widths after the separator behind the list was dragged so that the list has `list_cells`."""
    layout = divide(width, widths)
    rest = layout.list + layout.reader
    cells = clamp(list_cells, _MIN_LIST, rest - _MIN_READER)
    return replace(widths, list_share=round(cells / rest, 4))


def _list_cells(rest: int, widths: PaneWidths) -> int:
    return clamp(round(rest * widths.list_share), _MIN_LIST, rest - _MIN_READER)


def clamp(value: int, low: int, high: int) -> int:
    """`value`, or the nearer bound; `low` wins when the bounds cross."""
    return max(low, min(value, high))
