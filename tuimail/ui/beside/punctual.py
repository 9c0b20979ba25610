"""Timers that fire once, and do.

A Textual timer that is late at its very start passes over the times that it missed. One
that fires once has no other: when its process or its thread stands still between two
lines, for longer than the timer's delay, it never fires, and a screen that waits for it
waits for ever. What must not live here: what timers are for.
"""

from __future__ import annotations

from textual.message_pump import MessagePump
from textual.timer import Timer, TimerCallback


class Punctual(MessagePump):
    """For apps, screens and widgets that set timers; stands before Textual's class."""

    def set_timer(
        self, delay: float, callback: TimerCallback | None = None, *, name: str | None = None, pause: bool = False
    ) -> Timer:
        """Call `callback` once after `delay` seconds, however late that is."""
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # not public in Textual; its task has not begun
        return timer
