"""Widgets that are drawn line by line from runs.

`LineWidget` for bars and titles, `LineView` for what scrolls. Both know the roles of
`ui.rows` as component classes, so that one style sheet colours list, tree and reader
alike. What must not live here: what the lines say.
"""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tuimail.ui import text
from tuimail.ui.rows import GROUNDS, ROLES, Runs

COMPONENTS = {f"r--{role}" for role in ROLES} | {f"g--{ground}" for ground in GROUNDS}


class Palette:
    """The styles of one widget: role on ground, resolved once."""

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
        widget = self._widget
        part = widget.get_component_rich_style(f"r--{role}", partial=True)
        if not ground:
            base = widget.rich_style
            return Style(color=base.color, bgcolor=base.bgcolor) + part
        base = widget.get_component_rich_style(f"g--{ground}")
        if ground == "cursor" and (widget.app.current_theme.ansi or widget.app.no_color):
            # In 16 colours, and in none, only the cursor's own foreground is sure to be readable on it.
            return part + Style(color=base.color, bgcolor=base.bgcolor, reverse=base.reverse)
        return Style(color=base.color, bgcolor=base.bgcolor, reverse=base.reverse) + part


class LineWidget(Widget):
    """A fixed number of lines, each made of runs by `line_runs`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS

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

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self.palette.clear()


class LineView(ScrollView, can_focus=True):
    """A scrolling pane whose lines are drawn when they are seen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.palette = Palette(self)

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self.palette.clear()

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
