"""The line between two panes, which can be dragged."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from tuimail.ui.lines.rows import Run, Runs
from tuimail.ui.widgets.lines import LineWidget


class Splitter(LineWidget):
    """One column wide. While it is dragged it says where to; whoever owns the panes moves them."""

    @dataclass
    class Dragged(Message):
        """The mouse is at this column of the screen."""

        splitter: Splitter
        column: int

    class Dropped(Message):
        """The mouse was released: remember the widths."""

    def line_runs(self, y: int, width: int) -> Runs:
        """A vertical line."""
        return [Run("│", "rule-focus" if self.has_class("-dragged") or self.mouse_hover else "rule")]

    def watch_mouse_hover(self) -> None:
        """Under the mouse it shows that it can be dragged."""
        self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The drag begins."""
        self.capture_mouse()
        self.add_class("-dragged")
        event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The drag goes on."""
        if self.has_class("-dragged"):
            self.post_message(self.Dragged(self, int(event.screen_x)))
            event.stop()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The drag ends."""
        if self.has_class("-dragged"):
            self.release_mouse()
            self.remove_class("-dragged")
            self.post_message(self.Dropped())
            event.stop()
