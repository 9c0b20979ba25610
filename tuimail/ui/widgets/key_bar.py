"""The key bar: the six keys that matter where the focus is. Each can be clicked.

What lives here: drawing `keys.BARS`. What must not: any list of keys of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.widget import Widget

from tuimail.mime.clean import cell_width
from tuimail.ui.keymaps import key_label, keys_of, short_label
from tuimail.ui.keys import BARS, COMPOSER, LIST, spec
from tuimail.ui.lines.rows import key_slots


class Slot(NamedTuple):
    """One key with its words, and where it stands."""

    start: int
    end: int
    key: str
    """As Textual names it."""
    label: str
    words: str


def bar_slots(pane: str, keymap: Mapping[str, str], width: int, idle: Collection[str] = ()) -> list[Slot]:
    """What fits into `width` cells: the last one (all keys) always stays, those before it give way.

    `idle`: ids of actions that have nothing to act on just now.
    """
    offered = [action_id for action_id in BARS.get(pane, ()) if action_id not in idle]
    keys = [(_shown_key(pane, action_id, keymap), spec(action_id).description) for action_id in offered]
    labels = [(short_label(key), words[:1].lower() + words[1:]) for key, words in keys]
    slots: list[Slot] = []
    for index, start in key_slots(labels, width):
        label, words = labels[index]
        slots.append(Slot(start, start + cell_width(label) + 1 + cell_width(words), keys[index][0], label, words))
    return slots


def _shown_key(pane: str, action_id: str, keymap: Mapping[str, str]) -> str:
    """The first of its keys; where people type, the first that is not typed."""
    keys = keys_of(spec(action_id), keymap)
    if pane == COMPOSER:
        return next((key for key in keys if "+" in key or len(key_label(key)) > 1), keys[0])
    return keys[0]


class KeyBar(Widget):
    """One line of keys. `show` tells it where the focus went."""

    DEFAULT_CSS = """
    KeyBar {
        width: 1fr;
        height: 1;
        background: $panel;
        color: $key-bar-text;
    }
    """

    def __init__(self, keymap: Mapping[str, str] | None = None, *, pane: str = LIST) -> None:
        super().__init__()
        self._keymap = dict(keymap or {})
        self._pane = pane
        self._idle: frozenset[str] = frozenset()

    def show(self, pane: str) -> None:
        """The focus is in this pane now; a pane without keys of its own changes nothing."""
        if pane in BARS and pane != self._pane:
            self._pane = pane
            self.refresh()

    def leave_out(self, *action_ids: str) -> None:
        """These have nothing to act on just now; all others are offered again."""
        if self._idle != frozenset(action_ids):
            self._idle = frozenset(action_ids)
            self.refresh()

    @property
    def keymap(self) -> dict[str, str]:
        """The keys in force."""
        return self._keymap

    def set_keymap(self, keymap: Mapping[str, str]) -> None:
        """Other keys are in force."""
        self._keymap = dict(keymap)
        self.refresh()

    def render(self) -> Content:
        """The keys, each brighter than its words."""
        parts: list[Content] = []
        at = 0
        for slot in bar_slots(self._pane, self._keymap, self.size.width, self._idle):
            parts += [Content(" " * (slot.start - at)), Content.styled(slot.label, "$key-bar-key bold")]
            parts.append(Content.styled(f" {slot.words}", "$key-bar-text"))
            at = slot.end
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """A click does what the key does."""
        for slot in bar_slots(self._pane, self._keymap, self.size.width, self._idle):
            if slot.start <= event.x < slot.end:
                event.stop()
                self.app.simulate_key(slot.key)
