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
        self._passes = False
        """Keys that were on their way here when the others were given on follow them."""

    def begin(self) -> None:
        """Keep keys from now on."""
        self.keeps, self._passes = True, False
        if not self.has_focus:
            self._before = self.screen.focused
            self._kept.clear()
            self.focus(scroll_visible=False)

    def pass_on(self) -> None:
        """The focus is where it should be: the keys that were kept go there."""
        kept, self._kept = self._kept, []
        self.keeps, self._passes = False, True
        for key, character in kept:
            self.app.post_message(events.Key(key, character))

    def give_up(self) -> None:
        """Nothing came: the focus goes back, and what was typed is forgotten."""
        self._kept.clear()
        self.keeps = self._passes = False
        if self.has_focus and self._before is not None and self._before.is_attached:
            self._before.focus(scroll_visible=False)

    def on_key(self, event: events.Key) -> None:
        """Kept, whatever it is."""
        event.stop()
        event.prevent_default()
        if self._passes:
            self.app.call_later(self._follow, event.key, event.character)
        elif len(self._kept) < MOST_KEPT:
            self._kept.append((event.key, event.character))

    def _follow(self, key: str, character: str | None) -> None:
        if not self.has_focus:  # or it would come back here for ever
            self.app.post_message(events.Key(key, character))
