"""A text that changes has the height that it needs, whatever is laid out between two changes."""

from __future__ import annotations

from typing import Any

from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Static

from tests.ui_parts.host import Host, piloted
from tuimail.ui.widgets.words import Words


def test_a_change_that_comes_right_behind_a_layout_has_its_lines_on_the_screen() -> None:
    words, other = Words("one"), Static("x")
    app = Host(widgets=[Vertical(words, other)])

    async def steps(pilot: Pilot[Any]) -> None:
        words.update("one\ntwo")
        other.update("y\nz")
        other._check_refresh()  # what its own idle moment would do, a layout included
        app.screen._refresh_layout()
        assert words.size.height == 2
        words.update("one\ntwo\nthree")
        for _ in range(5):
            await pilot.pause(0.01)
        assert words.size.height == 3

    piloted(app, steps)
