"""What the roles of `ui.lines.rows` look like in a theme: variables of the theme to styles.

Not by component classes of a style sheet: those are matched for every widget again
whenever a class changes anywhere, 0.2 ms each, 400 ms of every start. What must not
live here: colours themselves, which are in `themes/`.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color

_BOLD = Style(bold=True)
_ITALIC = Style(italic=True)
_UNDERLINE = Style(underline=True)
_PLAIN = Style.null()

ROLE_LOOKS: Mapping[str, tuple[str, Style]] = {
    "text": ("foreground", _PLAIN),
    "strong": ("list-unread", _BOLD),
    "muted": ("muted", _PLAIN),
    "accent": ("list-mark", _BOLD),
    "title": ("pane-title-focus", _BOLD),
    "title-focus": ("pane-title-focus", _BOLD),
    "rule": ("splitter", _PLAIN),
    "rule-focus": ("splitter-focus", _PLAIN),
    "bar": ("list-mark", _PLAIN),
    "unread": ("list-mark", _PLAIN),
    "unread-text": ("list-unread", _BOLD),
    "read-text": ("list-read", _PLAIN),
    "star": ("list-star", _PLAIN),
    "attachment": ("list-attachment", _PLAIN),
    "date": ("list-date", _PLAIN),
    "selection": ("list-mark", _BOLD),
    "account": ("account", _BOLD),
    "count": ("count", _BOLD),
    "ok": ("status-ok", _PLAIN),
    "busy": ("status-busy", _PLAIN),
    "offline": ("status-offline", _PLAIN),
    "error": ("status-error", _PLAIN),
    "quote-1": ("quote-1", _PLAIN),
    "quote-2": ("quote-2", _PLAIN),
    "quote-3": ("quote-3", _PLAIN),
    "quote-4": ("quote-4", _PLAIN),
    "link": ("link", _UNDERLINE),
    "note": ("note", _PLAIN),
    "warning": ("warning-text", _PLAIN),
    "heading": ("heading", _BOLD),
    "code": ("code", _PLAIN),
    "signature": ("signature", _PLAIN),
    "bold": ("", _BOLD),
    "italic": ("", _ITALIC),
    "key": ("key-bar-key", _BOLD),
    "key-words": ("key-bar-text", _PLAIN),
}
"""Role to the theme variable of its colour ("" for the colour of what it lies on) and how it is written."""

GROUND_LOOKS: Mapping[str, tuple[str, str]] = {
    "cursor": ("cursor-background", "cursor-foreground"),
    "cursor-blurred": ("cursor-blurred-background", "cursor-blurred-foreground"),
    "selected": ("list-selected", "foreground"),
    "hover": ("hover-background", "foreground"),
}
"""Ground to the theme variables of its background and of text without a colour of its own."""


def role_style(role: str, variables: Mapping[str, str]) -> Style:
    """How text of a role is written; without a background."""
    variable, written = ROLE_LOOKS[role]
    if not variable:
        return written
    colour = Color.parse(variables[variable])
    return Style(color=colour.rich_color if colour.a > 0 else None) + written


def ground_style(ground: str, variables: Mapping[str, str]) -> Style:
    """The background of a ground, and the colour of text that has none."""
    background, foreground = (Color.parse(variables[name]) for name in GROUND_LOOKS[ground])
    return Style(color=foreground.rich_color, bgcolor=background.rich_color)
