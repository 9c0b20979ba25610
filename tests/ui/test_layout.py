"""Panes by width."""

from __future__ import annotations

import pytest

from tuimail.ui.layout import PaneWidths, divide, drag_list, drag_tree, too_small


@pytest.mark.parametrize("width", range(40, 260))
def test_panes_and_separators_fill_the_screen(width: int) -> None:
    layout = divide(width, PaneWidths())
    if layout.panes == 3:
        assert layout.tree + layout.list + layout.reader + 2 == width
    elif layout.panes == 2:
        assert layout.list + layout.reader + 1 == width
    else:
        assert layout.list == layout.reader == width


def test_three_two_and_one_pane_begin_at_their_widths() -> None:
    assert [divide(width, PaneWidths()).panes for width in (140, 139, 90, 89)] == [3, 2, 2, 1]


def test_dragging_stops_before_a_pane_becomes_useless() -> None:
    for column in (-5, 0, 5, 70, 139, 500):
        widths = drag_list(160, drag_tree(160, PaneWidths(), column), column)
        layout = divide(160, widths)
        assert layout.tree >= 14
        assert layout.list >= 34
        assert layout.reader >= 40


def test_a_tree_that_was_put_away_leaves_two_panes() -> None:
    assert divide(200, PaneWidths(tree_hidden=True)).panes == 2


def test_twenty_by_five_is_too_small() -> None:
    assert too_small(20, 5)
    assert not too_small(80, 24)
