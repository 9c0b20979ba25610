"""Colours of roles, made from the few colours of a theme, each legible where it is drawn.

What lives here: contrast by WCAG 2.1, and the rules by which a theme that names ten
colours gets all the others. What must not: Textual, files. Colours are `#rrggbb`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Rgb = tuple[int, int, int]

MIN_CONTRAST = 4.5
"""WCAG 2.1 success criterion 1.4.3, level AA."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a theme must say; everything else follows from it."""

    dark: bool
    background: str
    surface: str
    panel: str
    foreground: str
    primary: str
    secondary: str
    accent: str
    success: str
    warning: str
    error: str
    contrast: float = MIN_CONTRAST
    """What every derived text keeps against every ground that it is drawn on."""


LIST_GROUNDS = (
    "background", "surface", "list-selected", "cursor-background", "cursor-blurred-background", "hover-background",
)  # fmt: skip
"""What a line of list, tree and reader can lie on."""

TEXT_ROLES: dict[str, tuple[str, ...]] = {
    "foreground": (*LIST_GROUNDS, "panel", "dialog-background", "input-background"),
    "primary": ("background", "surface", "panel"),
    "list-unread": LIST_GROUNDS,
    "list-read": LIST_GROUNDS,
    "list-star": LIST_GROUNDS,
    "list-attachment": LIST_GROUNDS,
    "list-date": LIST_GROUNDS,
    "list-mark": LIST_GROUNDS,
    "cursor-foreground": ("cursor-background",),
    "cursor-blurred-foreground": ("cursor-blurred-background",),
    "count": LIST_GROUNDS,
    "account": LIST_GROUNDS,
    "muted": (*LIST_GROUNDS, "panel", "dialog-background"),
    "heading": LIST_GROUNDS,
    "code": LIST_GROUNDS,
    "signature": LIST_GROUNDS,
    "note": LIST_GROUNDS,
    "link": (*LIST_GROUNDS, "dialog-background"),
    "quote-1": LIST_GROUNDS,
    "quote-2": LIST_GROUNDS,
    "quote-3": LIST_GROUNDS,
    "quote-4": LIST_GROUNDS,
    "warning-text": (*LIST_GROUNDS, "panel", "dialog-background"),
    "status-ok": (*LIST_GROUNDS, "panel"),
    "status-busy": (*LIST_GROUNDS, "panel"),
    "status-offline": (*LIST_GROUNDS, "panel"),
    "status-error": (*LIST_GROUNDS, "panel", "dialog-background"),
    "pane-title": ("background", "surface", "panel"),
    "pane-title-focus": ("background", "surface", "panel"),
    "key-bar-key": ("panel", "surface", "background"),
    "key-bar-text": ("panel", "surface", "background"),
    "dialog-title": ("dialog-background",),
    "dialog-text": ("dialog-background",),
    "dialog-label": ("dialog-background",),
    "key-cap": ("key-cap-background",),
    "input-foreground": ("input-background",),
    "input-hint": ("input-background",),
    "input-selection-foreground": ("input-selection-background",),
    "button-text": ("button-background",),
    "button-focus-text": ("button-focus-background",),
    "danger-text": ("danger-background",),
}
"""Every text role with the grounds that it is drawn on: what the contrast test walks over."""


def derive(base: Base) -> dict[str, str]:
    """All our variables: grounds first, then text that is legible on them."""
    grounds = _grounds(base)
    return {**grounds, **_texts(base, grounds), **_lines(base)}


def _grounds(base: Base) -> dict[str, str]:
    """Backgrounds close enough to the theme's own that text stays legible on them."""
    back, fore = base.background, base.foreground

    def ground(colour: str, share: float) -> str:
        """`colour` laid over the background, as strongly as the foreground can bear."""
        mixed = blend(back, colour, share)
        while share > 0.02 and contrast(mixed, fore) < base.contrast + 2.0:
            share -= 0.02
            mixed = blend(back, colour, share)
        return mixed

    return {
        "cursor-background": ground(base.primary, 0.24 if base.dark else 0.2),
        "cursor-blurred-background": ground(fore, 0.1),
        "list-selected": ground(base.secondary, 0.2 if base.dark else 0.16),
        "hover-background": ground(fore, 0.06),
        "dialog-background": base.surface,
        "input-background": blend(base.surface, back, 0.85) if base.dark else blend(base.surface, "#ffffff", 0.6),
        "input-selection-background": ground(base.primary, 0.4),
        "key-cap-background": blend(base.surface, fore, 0.12),
        "button-background": blend(base.surface, fore, 0.12),
        "button-focus-background": base.primary,
        "danger-background": base.error,
    }


def _texts(base: Base, grounds: dict[str, str]) -> dict[str, str]:
    named = {**grounds, "background": base.background, "surface": base.surface, "panel": base.panel}
    strong = blend(base.foreground, "#ffffff" if base.dark else "#000000", 0.45)
    muted = blend(base.foreground, base.background, 0.42)
    wishes = {
        "list-unread": strong,
        "list-read": blend(base.foreground, base.background, 0.16),
        "list-star": base.warning,
        "list-attachment": base.secondary,
        "list-date": muted,
        "list-mark": base.primary,
        "cursor-foreground": strong,
        "cursor-blurred-foreground": base.foreground,
        "count": base.primary,
        "account": strong,
        "muted": muted,
        "heading": base.primary,
        "code": base.success,
        "signature": muted,
        "note": base.secondary,
        "link": base.secondary,
        "quote-1": base.secondary,
        "quote-2": base.success,
        "quote-3": base.warning,
        "quote-4": base.accent,
        "warning-text": base.warning,
        "status-ok": base.success,
        "status-busy": base.secondary,
        "status-offline": base.warning,
        "status-error": base.error,
        "pane-title": muted,
        "pane-title-focus": base.primary,
        "key-bar-key": base.primary,
        "key-bar-text": muted,
        "dialog-title": base.primary,
        "dialog-text": base.foreground,
        "dialog-label": muted,
        "key-cap": strong,
        "input-foreground": base.foreground,
        "input-hint": muted,
        "input-selection-foreground": strong,
        "button-text": base.foreground,
        "button-focus-text": _opposite(base.primary),
        "danger-text": _opposite(base.error),
    }
    return {
        role: legible(colour, [named[ground] for ground in TEXT_ROLES[role]], base.contrast)
        for role, colour in wishes.items()
    }


def _lines(base: Base) -> dict[str, str]:
    """What is drawn but not read."""
    return {
        "splitter": blend(base.background, base.foreground, 0.16),
        "splitter-focus": base.primary,
        "rule": blend(base.background, base.foreground, 0.24),
        "dialog-border": blend(base.surface, base.primary, 0.7),
        "thumb": blend(base.background, base.foreground, 0.22),
        "thumb-hover": blend(base.background, base.foreground, 0.34),
    }


def textual_variables(ours: dict[str, str], base: Base) -> dict[str, str]:
    """Textual's own variables in our colours, for the widgets that we did not write."""
    return {
        "block-cursor-background": ours["cursor-background"],
        "block-cursor-foreground": ours["cursor-foreground"],
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": ours["cursor-blurred-background"],
        "block-cursor-blurred-foreground": ours["cursor-blurred-foreground"],
        "block-cursor-blurred-text-style": "none",
        "block-hover-background": ours["hover-background"],
        "border": base.primary,
        "border-blurred": ours["splitter"],
        "text-muted": ours["muted"],
        "footer-key-foreground": ours["key-bar-key"],
        "footer-description-foreground": ours["key-bar-text"],
        "input-cursor-background": ours["input-foreground"],
        "input-cursor-foreground": ours["input-background"],
        "input-selection-background": ours["input-selection-background"],
        "input-selection-foreground": ours["input-selection-foreground"],
        "scrollbar": ours["thumb"],
        "scrollbar-hover": ours["thumb-hover"],
        "scrollbar-active": base.primary,
        "scrollbar-background": base.background,
        "scrollbar-background-hover": base.background,
        "scrollbar-background-active": base.background,
        "scrollbar-corner-color": base.background,
        "link-color": ours["link"],
        "screen-selection-background": ours["input-selection-background"],
        "screen-selection-foreground": ours["input-selection-foreground"],
    }


# --- colours ------------------------------------------------------------------


def rgb(colour: str) -> Rgb:
    """`#rrggbb` as three numbers from 0 to 255; ValueError for anything else."""
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"{colour!r} is not #rrggbb")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def blend(one: str, other: str, share: float) -> str:
    """`share` of `other` over `one`: 0 is `one`, 1 is `other`."""
    mixed = (round(a + (b - a) * share) for a, b in zip(rgb(one), rgb(other), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


@lru_cache(maxsize=4096)
def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.1)."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (part / 255 for part in rgb(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.1)."""
    return _ratio(luminance(one), luminance(other))


def _ratio(one: float, other: float) -> float:
    return (one + 0.05) / (other + 0.05) if one > other else (other + 0.05) / (one + 0.05)


def legible(colour: str, grounds: Iterable[str], ratio: float = MIN_CONTRAST) -> str:
    """`colour`, or the nearest mix with white or black that keeps `ratio` on all `grounds`.

    Where none does (grounds that are themselves far apart), the best of them.
    """
    against = [luminance(ground) for ground in grounds]

    def worst(candidate: str) -> float:
        light = luminance(candidate)
        return min([_ratio(light, ground) for ground in against])

    if worst(colour) >= ratio:
        return colour
    ends = ("#ffffff", "#000000")
    for step in range(1, 51):
        for end in ends:
            mixed = blend(colour, end, step / 50)
            if worst(mixed) >= ratio:
                return mixed
    return max(ends, key=worst)


def _opposite(colour: str) -> str:
    """Black or white, whichever is read better on `colour`, a little tinted by it."""
    end = max(("#ffffff", "#000000"), key=lambda candidate: contrast(candidate, colour))
    return blend(end, colour, 0.06)
