"""Themes as files: where they are, and what is wrong with a bad one.

What lives here: finding and checking `*.toml` themes, ours and a person's own. What
must not: Textual, so that `tuimail themes` lists them without it; `themes` makes
Textual's values of what is found here.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tuimail.ui.looks.colours import Base, blend, derive, textual_variables

DEFAULT_THEME = "tuimail-dark"
ANSI_THEME = "ansi"
MAX_FILE_OCTETS = 64 * 1024
MAX_FILES = 500

DEFAULT_BASE = Base(
    dark=True, background="#1b1916", surface="#211f1b", panel="#28251f", foreground="#e6dfd3", primary="#e9a860",
    secondary="#8fbcc4", accent="#c9a0b8", success="#a3be7c", warning="#e3b341", error="#ec7f6d",
)  # fmt: skip
"""`tuimail-dark`, in case that not even its file can be found."""

_COLOURS = (
    "background", "surface", "panel", "foreground", "primary", "secondary", "accent", "success", "warning", "error",
)  # fmt: skip
_NEEDED = ("background", "foreground", "primary")
_ANSI_NAMES = tuple(
    f"ansi_{bright}{name}"
    for bright in ("", "bright_")
    for name in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
)


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """A theme that can be used."""

    name: str
    """The name of the file without `.toml`."""
    about: str
    dark: bool
    ansi: bool
    """Made of the terminal's own colours."""
    colours: Mapping[str, str]
    """`background`, `primary` and so on: all ten."""
    variables: Mapping[str, str]
    """Every variable of ours and of Textual's that we set."""
    file: Path
    own: bool
    """A person's own, not a shipped one."""


class Found(NamedTuple):
    """What the folders hold."""

    themes: dict[str, ThemeFile]
    """By name, shipped ones first; a person's own replaces a shipped one of the same name."""
    failed: tuple[str, ...]
    """One sentence for each bad file."""


class BadTheme(Exception):
    """A theme that cannot be used; the text is the mistakes, joined."""


def shipped_themes_dir() -> Path:
    """The themes that came with tuimail: in a wheel inside the package, in a checkout beside it."""
    package = Path(__file__).resolve().parents[2]
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def own_themes_dir(config_dir: Path) -> Path:
    """Where a person's own themes are looked for."""
    return config_dir / "themes"


def find_themes(own_dir: Path | None, shipped_dir: Path | None = None) -> Found:
    """All themes of both folders; a missing folder holds none."""
    themes: dict[str, ThemeFile] = {}
    failed: list[str] = []
    for folder, own in ((shipped_dir or shipped_themes_dir(), False), (own_dir, True)):
        for file in _files(folder):
            try:
                themes[file.stem] = read_theme(file, own=own)
            except BadTheme as exc:
                failed.append(f"Theme {_printable(file.name)} cannot be used: {exc}")
    return Found(themes, tuple(failed))


def read_theme(file: Path, *, own: bool = True) -> ThemeFile:
    """The theme in a file; raises BadTheme with every mistake in it."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,40}", file.stem):
        raise BadTheme("the name of the file may only have letters, digits, - and _.")
    try:
        if not stat.S_ISREG(file.stat().st_mode) or file.stat().st_size > MAX_FILE_OCTETS:
            raise BadTheme("it is no ordinary file of less than 64 kB.")
        fields = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise BadTheme(f"it cannot be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadTheme(f"it is not TOML: {_printable(str(exc))}.") from exc
    return make_theme(fields, file, own=own)


def make_theme(fields: Mapping[str, object], file: Path, *, own: bool) -> ThemeFile:
    """The theme that TOML fields describe; raises BadTheme with every mistake in them."""
    mistakes = _mistakes(fields)
    if mistakes:
        raise BadTheme("; ".join(mistakes) + ".")
    ansi, dark = bool(fields.get("ansi")), bool(fields.get("dark", True))
    colours = {name: _long(str(fields[name])) for name in _COLOURS if name in fields}
    overrides = fields.get("variables", {})
    wished = {name: _long(str(value)) for name, value in overrides.items()} if isinstance(overrides, dict) else {}
    if ansi:
        colours = {name: colours.get(name, "ansi_default") for name in _COLOURS}
        variables = ansi_variables(colours)
    else:
        contrast = fields.get("contrast", 4.5)
        base = _base(colours, dark=dark, contrast=float(contrast) if isinstance(contrast, int | float) else 4.5)
        colours = {name: getattr(base, name) for name in _COLOURS}
        ours = {**derive(base), **wished}
        variables = {**ours, **textual_variables(ours, base)}
    about = _printable(str(fields.get("about", "")))
    return ThemeFile(file.stem, about, dark, ansi, colours, {**variables, **wished}, file, own)


def ansi_variables(colours: Mapping[str, str]) -> dict[str, str]:
    """Our variables in the terminal's own colours: text is its own, and only accents are coloured."""
    variables = dict.fromkeys((*derive(DEFAULT_BASE), *textual_variables(derive(DEFAULT_BASE), DEFAULT_BASE)), "")
    for name in variables:
        variables[name] = "ansi_default"
    for names, colour in (
        ("list-mark count heading pane-title-focus key-bar-key dialog-title link splitter-focus", colours["primary"]),
        ("list-star warning-text status-offline quote-3", colours["warning"]),
        ("status-error danger-background", colours["error"]),
        ("status-ok code quote-2", colours["success"]),
        ("status-busy note list-attachment quote-1 dialog-border border", colours["secondary"]),
        ("quote-4", colours["accent"]),
        ("cursor-background block-cursor-background button-focus-background scrollbar-active", "ansi_blue"),
        ("cursor-foreground block-cursor-foreground button-focus-text", "ansi_bright_white"),
        ("input-selection-background screen-selection-background", "ansi_blue"),
        ("input-selection-foreground screen-selection-foreground danger-text", "ansi_bright_white"),
        ("scrollbar scrollbar-hover thumb thumb-hover splitter rule border-blurred", "ansi_bright_black"),
        ("scrollbar-background scrollbar-background-hover scrollbar-background-active", "ansi_default"),
    ):
        for name in names.split():
            variables[name] = colour
    return {**variables, "block-cursor-text-style": "bold", "block-cursor-blurred-text-style": "none"}


def _base(colours: Mapping[str, str], *, dark: bool, contrast: float) -> Base:
    """The ten colours; those that a theme does not name follow from the three that it must."""
    back, fore, primary = colours["background"], colours["foreground"], colours["primary"]
    return Base(
        dark=dark,
        contrast=contrast,
        background=back,
        foreground=fore,
        primary=primary,
        surface=colours.get("surface", blend(back, fore, 0.04)),
        panel=colours.get("panel", blend(back, fore, 0.08)),
        secondary=colours.get("secondary", primary),
        accent=colours.get("accent", primary),
        success=colours.get("success", "#8fc27a" if dark else "#2f6b1f"),
        warning=colours.get("warning", "#e3b341" if dark else "#805200"),
        error=colours.get("error", "#ec7f6d" if dark else "#b02a25"),
    )


def _mistakes(fields: Mapping[str, object]) -> list[str]:
    """Everything that is wrong, each with its key."""
    ansi = fields.get("ansi") is True
    mistakes = [f'"{name}" is missing' for name in _NEEDED if name not in fields]
    for name, value in fields.items():
        if name in ("dark", "ansi"):
            if not isinstance(value, bool):
                mistakes.append(f'"{name}" must be true or false')
        elif name == "about":
            if not isinstance(value, str):
                mistakes.append('"about" must be a text')
        elif name == "contrast":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 15:
                mistakes.append('"contrast" must be a number from 1 to 15')
        elif name == "variables":
            mistakes += _variable_mistakes(value, ansi)
        elif name in _COLOURS:
            mistakes += _colour_mistake(name, value, ansi)
        else:
            mistakes.append(f'"{_printable(name)}" is not known')
    return mistakes


def _variable_mistakes(value: object, ansi: bool) -> list[str]:
    if not isinstance(value, dict):
        return ['"variables" must be a table']
    known = {name for name in ansi_variables(dict.fromkeys(_COLOURS, "")) if not name.endswith("-style")}
    mistakes: list[str] = []
    for name, colour in value.items():
        if name in known:
            mistakes += _colour_mistake(f"variables.{name}", colour, ansi)
        else:
            mistakes.append(f'"variables.{_printable(name)}" is not known')
    return mistakes


def _colour_mistake(name: str, value: object, ansi: bool) -> list[str]:
    if ansi:
        if value == "ansi_default" or value in _ANSI_NAMES:
            return []
        return [f'"{name}" must be "ansi_default" or a name like "ansi_blue"']
    if isinstance(value, str) and re.fullmatch(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?", value):
        return []
    return [f'"{name}" must be a colour like "#1b1916"']


def _long(colour: str) -> str:
    """`#abc` as `#aabbcc`."""
    return "#" + "".join(digit * 2 for digit in colour[1:]) if re.fullmatch(r"#\w{3}", colour) else colour


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    try:
        return sorted(folder.glob("*.toml"))[:MAX_FILES]
    except OSError:
        return []


def _printable(text: str) -> str:
    """A short piece of text for a sentence, without anything that a terminal acts upon."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:200])
