"""Widgets that are drawn line by line from runs.

`LineWidget` for bars and titles, `LineView` for what scrolls. Both draw the roles of
`ui.lines.rows` in the colours of `ui.looks.role_styles`, so that list, tree and reader look alike.
What must not live here: what the lines say.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from rich.style import Style
from textual._styles_cache import StylesCache
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from tuimail.ui import text
from tuimail.ui.lines.rows import Runs
from tuimail.ui.looks.role_styles import ground_style, role_style


class Palette:
    """The styles of one widget: role on ground, resolved once for each theme."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[str, str], Style] = {}

    def clear(self) -> None:
        """The theme or the style sheet changed."""
        self._styles.clear()

    def style(self, role: str, ground: str = "") -> Style:
        """How `role` looks on a ground; "" is the widget's own background."""
        found = self._styles.get((role, ground))
        if found is None:
            found = self._styles[role, ground] = self._resolve(role, ground)
        return found

    def strip(self, runs: Runs, width: int, ground: str = "") -> Strip:
        """A line from runs."""
        return text.strip(runs, lambda role: self.style(role, ground), width)

    def _resolve(self, role: str, ground: str) -> Style:
        widget, app = self._widget, self._widget.app
        part = role_style(role, app.theme_variables)
        if not ground:
            base = widget.rich_style
            return Style(color=base.color, bgcolor=base.bgcolor) + part
        base = ground_style(ground, app.theme_variables)
        if ground == "cursor" and (app.current_theme.ansi or app.no_color):
            # In 16 colours, and in none, only the cursor's own foreground is sure to be readable on it.
            return part + base + (Style(reverse=True) if app.no_color else Style.null())
        return base + part


class PlainLines(StylesCache):
    """Textual's cache of a widget's lines, for lines around and over which nothing is drawn.

    Textual makes another strip of each line, which is then divided and turned into octets
    anew. A line that scrolls is the same strip one row further, which knows its octets:
    with this a list that scrolls by a line takes half the time. Not public in Textual.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_plain = False

    def render(self, styles: Any, *others: Any, **named: Any) -> list[Strip]:
        """The lines of a region. `Any`: Textual's, passed on as they are."""
        self._is_plain = (
            not any(edge for edge, _ in (*styles.border, *styles.outline))
            and not any(styles.padding)
            and not styles.tint.a
            and styles.text_opacity == 1.0
            and named.get("opacity", 1.0) == 1.0
            and not styles.has_rule("hatch")
        )
        return super().render(styles, *others, **named)

    def render_line(self, styles: Any, y: int, size: Any, *others: Any) -> Strip:
        """One line. `Any`: Textual's, passed on as they are."""
        if not self._is_plain:
            return super().render_line(styles, y, size, *others)
        _, _, base_background, background, render_content_line = others[:5]
        inner, _ = self.get_inner_outer(base_background, background)
        line: Strip = render_content_line(y)
        return line.adjust_cell_length(size.width, inner.rich_style)


class LineWidget(Widget):
    """A fixed number of lines, each made of runs by `line_runs`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.palette = Palette(self)

    def line_runs(self, y: int, width: int) -> Runs:
        """The runs of line `y`; may be shorter than `width`."""
        raise NotImplementedError

    def line_ground(self, y: int) -> str:
        """The ground of line `y`."""
        return ""

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.content_size.width
        return self.palette.strip(self.line_runs(y, width), width, self.line_ground(y))

    def on_mount(self) -> None:
        """The colours are the theme's."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._recolour())

    def _recolour(self) -> None:
        self.notify_style_update()
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self.palette.clear()


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling pane whose lines are drawn when they are seen. Keys that would scroll it are the screen's."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.palette = Palette(self)
        self._styles_cache = PlainLines()

    def on_mount(self) -> None:
        """The colours are the theme's."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._recolour())

    def _recolour(self) -> None:
        self.notify_style_update()
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self.palette.clear()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled: the bar is drawn anew only when it looks otherwise, which in a long list is seldom."""
        if self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            if _thumb(bar, new_value) != _thumb(bar, bar.position):
                bar.position = new_value
        if round(old_value) != round(new_value):
            self.refresh(self.size.region)

    def set_size(self, width: int, lines: int) -> None:
        """How much there is. Textual would lay out the whole screen anew (14 ms), even where only a number grew."""
        new = Size(width, lines)
        if new == self.virtual_size:
            return
        shown = self.show_vertical_scrollbar
        room = self.container_size.height
        if not room or width != self.virtual_size.width or shown != (lines > room):
            self.virtual_size = new
            return
        self.set_reactive(LineView.virtual_size, new)
        if shown:
            bar = self.vertical_scrollbar
            before = _thumb(bar, bar.position)
            bar.set_reactive(ScrollBar.window_virtual_size, lines)
            if _thumb(bar, bar.position) != before:
                bar.refresh()
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    @property
    def page_lines(self) -> int:
        """Lines that are visible at once."""
        return max(1, self.scrollable_content_region.height)

    @property
    def top_line(self) -> int:
        """The first visible line."""
        return int(self.scroll_offset.y)

    def scroll_line_to(self, y: int) -> None:
        """Make `y` the first visible line, at once."""
        self.scroll_to(y=max(0, y), animate=False, force=True)

    def keep_visible(self, y: int, margin: int = 0) -> None:
        """Scroll no further than needed for line `y` to be seen."""
        top, page = self.top_line, self.page_lines
        margin = min(margin, (page - 1) // 2)
        if y < top + margin:
            self.scroll_line_to(y - margin)
        elif y > top + page - 1 - margin:
            self.scroll_line_to(y - page + 1 + margin)


def _thumb(bar: ScrollBar, position: float) -> tuple[int, int]:
    """Where the bar's thumb begins and how long it is, in the steps in which it is drawn: eight in a cell."""
    size, whole, seen = bar.size.height, bar.window_virtual_size, bar.window_size
    if not size or not seen or whole <= seen:
        return int(position * 8), 0
    length = max(1, seen * size / whole)
    return int((size - length) * position / (whole - seen) * 8), ceil(length * 8)
