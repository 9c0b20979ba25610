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


def test_a_list_that_grows_is_no_layout_and_its_scroll_bar_is_right() -> None:
    asyncio.run(grow())


async def grow() -> None:
    """Grow from what fits without a bar to a thousand lines, step by step."""
    app = Place("")
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        view = app.query_one(Numbers)
        view.styles.overflow_x = "hidden"
        laid_out = list[int]()
        app.screen.screen_layout_refresh_signal.subscribe(app, lambda _: laid_out.append(1), immediate=True)
        view.set_size(WIDTH, HEIGHT - 2)
        await pilot.pause()
        bars = [view.show_vertical_scrollbar]
        view.set_size(WIDTH, HEIGHT + 2)
        await pilot.pause()
        bars.append(view.show_vertical_scrollbar)
        assert bars == [False, True]
        laid_out.clear()
        view.scroll_line_to(2)
        bar = view.vertical_scrollbar
        for lines in (20, 90, 91, 5000, 5001):
            view.set_size(WIDTH, lines)
            await pilot.pause()
            assert (bar.window_virtual_size, view.max_scroll_y, view.top_line) == (lines, lines - HEIGHT, 2)
        assert not laid_out
        view.set_size(WIDTH, HEIGHT + 1)
        assert view.top_line == 1


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
