"""Lines that scroll are not made anew, and look as Textual itself would draw them."""

from __future__ import annotations

import asyncio

import pytest
from rich.segment import Segment
from rich.style import Style
from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from tuimail.ui.widgets.lines import LineView

WIDTH, HEIGHT, ROWS = 30, 8, 100


class Numbers(LineView):
    """A hundred lines."""

    def on_mount(self) -> None:
        """So high."""
        self.virtual_size = Size(WIDTH, ROWS)
        self.made = [Strip([Segment(f"{y:3} 山田 é", Style(bold=True, color="red"))]) for y in range(ROWS)]

    def render_line(self, y: int) -> Strip:
        """One of them, shorter than the view."""
        return self.made[y + self.top_line]


class Place(App[None]):
    """One such view."""

    def __init__(self, look: str) -> None:
        super().__init__()
        self._look = look

    def compose(self) -> ComposeResult:
        """The view."""
        view = Numbers()
        name, _, value = self._look.partition("=")
        if name in ("border", "outline"):
            setattr(view.styles, name, (value, "red"))
        elif name == "padding":
            view.styles.padding = int(value)
        elif name:
            setattr(view.styles, name, value)
        yield view


LOOKS = ["", "border=round", "padding=1", "outline=heavy", "opacity=50%", "text_opacity=50%", "tint=blue 40%"]


@pytest.mark.parametrize("look", LOOKS)
def test_lines_look_as_textual_draws_them(look: str) -> None:
    asyncio.run(compare(look))


def test_a_line_that_scrolled_is_the_same_strip_which_knows_its_octets() -> None:
    asyncio.run(scroll())


def test_the_scroll_bar_is_drawn_anew_only_when_it_looks_otherwise() -> None:
    asyncio.run(scroll_down())


async def scroll_down() -> None:
    """Draw the scroll bar at each place of the view, beside one that is told of each."""
    app = Place("")
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        view = app.query_one(Numbers)
        view.virtual_size = Size(WIDTH, 10 * ROWS)
        view.made *= 10
        await pilot.pause()
        bar, places = view.vertical_scrollbar, set[float]()
        for top in [*range(10 * ROWS - HEIGHT + 1), 500, 0]:
            view.scroll_line_to(top)
            kept = bar.position
            places.add(kept)
            pictures = []
            for position in (kept, float(top)):
                bar.set_reactive(ScrollBar.position, position)
                bar.refresh()
                pictures.append(bar.render_lines(bar.region.size.region))
            assert pictures[0] == pictures[1]
            bar.set_reactive(ScrollBar.position, kept)
        assert len(places) <= HEIGHT * 8


async def compare(look: str) -> None:
    """Draw lines by both ways."""
    app = Place(look)
    async with app.run_test(size=(WIDTH, HEIGHT)):
        view = app.query_one(Numbers)
        for top in (0, 1, 40):
            view.scroll_line_to(top)
            ours = view.render_lines(view.region.size.region)
            theirs = StylesCache().render_widget(view, view.region.size.region)
            assert [list(Segment.simplify(line)) for line in ours] == [list(Segment.simplify(line)) for line in theirs]
            assert {line.cell_length for line in ours} == {WIDTH}


async def scroll() -> None:
    """Draw lines before and after a scroll by one."""
    app = Place("")
    async with app.run_test(size=(WIDTH, HEIGHT)):
        view = app.query_one(Numbers)
        before = view.render_lines(view.region.size.region)
        view.scroll_line_to(1)
        view._styles_cache.clear()
        after = view.render_lines(view.region.size.region)
        assert all(one is other for one, other in zip(after, before[1:], strict=False))
