"""Keys that are pressed while a composer is on its way to the screen.

Whoever presses `c` and types on means the new message. Without this, the letters would
archive and delete mail in the moment before its fields are there.
"""

from __future__ import annotations

from textual import events
from textual.widget import Widget

MOST_KEPT = 200


class KeyKeeper(Widget, can_focus=True):
    """Has the focus for that moment, and gives its keys to whoever gets it next."""

    DEFAULT_CSS = "KeyKeeper { width: 0; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[tuple[str, str | None]] = []
        self._before: Widget | None = None
        self.keeps = False
        """What was pressed too early to be kept must not do anything either."""

    def begin(self) -> None:
        """Keep keys from now on."""
        self.keeps = True
        if not self.has_focus:
            self._before = self.screen.focused
            self._kept.clear()
            self.focus(scroll_visible=False)

    def pass_on(self) -> None:
        """The focus is where it should be: the keys that were kept go there."""
        kept, self._kept = self._kept, []
        self.keeps = False
        for key, character in kept:
            self.app.post_message(events.Key(key, character))

    def give_up(self) -> None:
        """Nothing came: the focus goes back, and what was typed is forgotten."""
        self._kept.clear()
        self.keeps = False
        if self.has_focus and self._before is not None and self._before.is_attached:
            self._before.focus(scroll_visible=False)

    def on_key(self, event: events.Key) -> None:
        """Kept, whatever it is."""
        event.stop()
        event.prevent_default()
        if len(self._kept) < MOST_KEPT:
            self._kept.append((event.key, event.character))
