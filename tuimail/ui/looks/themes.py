"""Themes in Textual: our variables, registering, and following files while they are edited.

What lives here: `Theme` values made of checked files, the names that our CSS may use,
and the keeper that looks for changes. What must not: parsing (`theme_files`) and
colours (`palette`, the files).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from textual.app import App
from textual.color import Color
from textual.design import ColorSystem
from textual.theme import Theme
from textual.timer import Timer

from tuimail.ui.beside.aside import aside
from tuimail.ui.looks.colours import derive
from tuimail.ui.looks.theme_files import (
    ANSI_THEME,
    DEFAULT_BASE,
    DEFAULT_THEME,
    Found,
    ThemeFile,
    find_themes,
    shipped_themes_dir,
)

APP_VARIABLES: dict[str, str] = derive(DEFAULT_BASE)
"""Our CSS variables with their defaults: what `App.get_theme_variable_defaults` returns."""

LOOK_EVERY_S = 1.0


class ThemeSet(NamedTuple):
    """What can be chosen, and what could not be read."""

    themes: dict[str, Theme]
    failed: tuple[str, ...]
    """One sentence for each bad file."""

    @property
    def failed_sentence(self) -> str:
        """Everything that failed, in one toast; empty when nothing did."""
        return "\n".join(self.failed[:4]) + (f"\nand {len(self.failed) - 4} more." if len(self.failed) > 4 else "")


def load_themes(own_dir: Path | None, shipped_dir: Path | None = None) -> ThemeSet:
    """All themes of both folders, each checked so that setting it cannot fail."""
    return _theme_set(find_themes(own_dir, shipped_dir))


def _theme_set(found: Found) -> ThemeSet:
    themes: dict[str, Theme] = {}
    failed = list(found.failed)
    for name, file in found.themes.items():
        try:
            themes[name] = to_theme(file)
        except ValueError as exc:  # a colour that Textual does not take kills the app when the theme is set
            failed.append(f"Theme {name} cannot be used: {exc}.")
    return ThemeSet(themes or {DEFAULT_THEME: default_theme()}, tuple(failed))


def to_theme(file: ThemeFile) -> Theme:
    """Textual's value of a theme file; raises ValueError when Textual would not take it."""
    for name, colour in (*file.colours.items(), *file.variables.items()):
        if not name.endswith("-style"):
            Color.parse(colour)
    variables = {**_ansi_gaps(file), **file.variables} if file.ansi else dict(file.variables)
    return Theme(name=file.name, dark=file.dark, ansi=file.ansi, **_theme_colours(file.colours), variables=variables)


def _ansi_gaps(file: ThemeFile) -> dict[str, str]:
    """Variables that Textual's style sheets name but that it does not make for an ANSI theme."""
    made = Theme(name=file.name, ansi=True, **_theme_colours(file.colours)).to_color_system().generate()
    wanted = ColorSystem(DEFAULT_BASE.primary).generate()
    gaps = {name: "none" if name.endswith("-style") else "ansi_default" for name in wanted if name not in made}
    return {**gaps, "ansi-background": "ansi_black" if file.dark else "ansi_white",
            "ansi-foreground": "ansi_white" if file.dark else "ansi_black"}  # fmt: skip


def default_theme() -> Theme:
    """The default, without any file."""
    colours = {name: getattr(DEFAULT_BASE, name) for name in DEFAULT_BASE.__slots__ if name not in ("dark", "contrast")}
    return Theme(name=DEFAULT_THEME, dark=True, **_theme_colours(colours), variables=dict(APP_VARIABLES))


def _theme_colours(colours: Any) -> dict[str, Any]:
    """Keyword arguments for `Theme`. `Any`: its fields are of several types."""
    return dict(colours)


def fitting_theme(wanted: str, themes: dict[str, Theme], *, color_system: str | None) -> str:
    """The theme to start with: `wanted`, else the default; `ansi` where a terminal has 16 colours.

    `color_system` is rich's word for the terminal; None when it has no colour at all.
    """
    if color_system == "standard" and ANSI_THEME in themes:
        return ANSI_THEME
    if wanted in themes:
        return wanted
    return DEFAULT_THEME if DEFAULT_THEME in themes else next(iter(themes))


class ThemeKeeper:
    """Registers the themes of an app and follows their files while somebody edits them."""

    def __init__(
        self, app: App[Any], own_dir: Path | None, *, shipped_dir: Path | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self._app = app
        self._folders = [folder for folder in (shipped_dir or shipped_themes_dir(), own_dir) if folder is not None]
        self._own_dir = own_dir
        self._shipped_dir = shipped_dir
        self._tell = tell
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._looking = False
        self._timer: Timer | None = None
        self.themes = ThemeSet({}, ())

    def register(self, wanted: str) -> str:
        """Load and register everything, set the theme; the sentence of what failed, or an empty one."""
        self._seen = self._signature()
        self.themes = load_themes(self._own_dir, self._shipped_dir)
        for theme in self.themes.themes.values():
            self._app.register_theme(theme)
        color_system = None if self._app.is_headless else self._app.console.color_system
        self._app.theme = fitting_theme(wanted, self.themes.themes, color_system=color_system)
        for name in set(self._app.available_themes) - set(self.themes.themes):
            self._app.unregister_theme(name)  # Textual's own: nobody has looked at their contrast
        unknown = f'There is no theme "{wanted}".' if wanted and wanted not in self.themes.themes else ""
        return "\n".join(sentence for sentence in (unknown, self.themes.failed_sentence) if sentence)

    def watch(self) -> None:
        """Begin to look for changes, once a second, off the loop."""
        if self._timer is None:
            self._timer = self._app.set_interval(LOOK_EVERY_S, self._look_later, name="themes")

    def _look_later(self) -> None:
        if not self._looking:  # a slow disk is asked once, not once a second
            self._looking = True
            self._app.run_worker(self.look(), group="themes", exit_on_error=False)

    async def look(self) -> bool:
        """Reload when a file changed, came or went; True when something did."""
        try:
            signature = await aside(self._signature)
            if signature == self._seen:
                return False
            self._seen = signature
            self._apply(await aside(lambda: load_themes(self._own_dir, self._shipped_dir)))
            return True
        finally:
            self._looking = False

    def _apply(self, found: ThemeSet) -> None:
        """Put what was found in the place of what was there. A theme in use stays while its file is bad."""
        before, self.themes = self.themes, found
        for theme in found.themes.values():
            self._app.register_theme(theme)
        for name in set(before.themes) - set(found.themes):
            if name == self._app.theme:
                self.themes.themes[name] = before.themes[name]
            else:
                self._app.unregister_theme(name)
        if before.themes.get(self._app.theme) != found.themes.get(self._app.theme):
            self._app.refresh_css(animate=False)  # setting the same name again does nothing
            self._app.theme_changed_signal.publish(self._app.current_theme)
        if self._tell and found.failed and found.failed != before.failed:
            self._tell(found.failed_sentence)

    def _signature(self) -> tuple[tuple[str, int, int], ...]:
        """Names, times and sizes of all theme files."""
        seen = []
        for folder in self._folders:
            try:
                files = sorted(folder.glob("*.toml"))
                seen += [(str(file), info.st_mtime_ns, info.st_size) for file in files for info in (file.stat(),)]
            except OSError:
                continue
        return tuple(seen)
