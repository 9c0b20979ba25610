"""Shipped themes are legible, a person's own are checked, and edits are followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.filter import monochrome_style
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static

import tuimail.ui.screens
from tests.ui_parts.host import Host, piloted
from tuimail.ui.lines.rows import GROUNDS, ROLES
from tuimail.ui.looks.colours import TEXT_ROLES, Base, contrast, derive, legible
from tuimail.ui.looks.role_styles import GROUND_LOOKS, ROLE_LOOKS, ground_style, role_style
from tuimail.ui.looks.theme_files import (
    DEFAULT_BASE,
    BadTheme,
    ThemeFile,
    ansi_variables,
    find_themes,
    make_theme,
    read_theme,
    shipped_themes_dir,
)
from tuimail.ui.looks.themes import APP_VARIABLES, ThemeKeeper, default_theme, fitting_theme, load_themes
from tuimail.ui.screens.dialogs import Dialog

SHIPPED = find_themes(None).themes
COLOURED = [name for name, theme in SHIPPED.items() if not theme.ansi]
MINIMAL = 'background = "#101010"\nforeground = "#eeeeee"\nprimary = "#88ccff"\n'


def all_colours(theme: ThemeFile) -> dict[str, str]:
    return {**theme.colours, **theme.variables}


def test_at_least_ten_themes_are_shipped_and_none_is_bad() -> None:
    found = find_themes(None)
    assert found.failed == ()
    assert len(found.themes) >= 10
    assert {"tuimail-dark", "tuimail-light", "contrast-dark", "contrast-light", "ansi"} <= set(found.themes)
    assert all(theme.about for theme in found.themes.values())


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)  # the known value that just fails


@pytest.mark.parametrize("name", COLOURED)
def test_every_text_is_legible_on_every_ground_it_is_drawn_on(name: str) -> None:
    colours = all_colours(SHIPPED[name])
    least = 7.0 if name.startswith("contrast-") else 4.5
    faint = [
        f"{role} on {ground}: {contrast(colours[role], colours[ground]):.2f}"
        for role, grounds in TEXT_ROLES.items()
        for ground in grounds
        if contrast(colours[role], colours[ground]) < least
    ]
    assert faint == []


@pytest.mark.parametrize("name", COLOURED)
def test_without_colours_the_greys_stay_legible(name: str) -> None:
    colours = all_colours(SHIPPED[name])

    def grey(role: str, ground: str) -> float:
        style = monochrome_style(Style(color=colours[role], bgcolor=colours[ground]))
        assert style.color is not None
        assert style.bgcolor is not None
        return contrast(style.color.get_truecolor().hex, style.bgcolor.get_truecolor().hex)

    assert min(grey(role, ground) for role, grounds in TEXT_ROLES.items() for ground in grounds) >= 4


def drawn_faintly(app: Host, least: float) -> list[str]:
    """Characters on the screen whose own colours are closer than `least`; lines and blocks are not text."""
    faint = []
    for strip in app.screen._compositor.render_strips(app.size):
        for segment in strip:
            style = segment.style
            words = segment.text.strip(" ─━│╭╮╰╯▎▁▂▃▄▅▆▇█▔┃")
            if not words or style is None or style.color is None or style.bgcolor is None:
                continue
            ratio = contrast(style.color.get_truecolor().hex, style.bgcolor.get_truecolor().hex)
            if ratio < least:
                faint.append(f"{words!r}: {ratio:.2f}")
    return faint


class Everything(Dialog[None]):
    """One of each thing that a dialog draws."""

    CSS_PATH = [str(Path(tuimail.ui.screens.__path__[0]) / "dialogs.tcss")]

    def compose(self) -> ComposeResult:
        with self.titled(Vertical(classes="dialog"), "Title", "subtitle"):
            yield Static("plain")
            yield Static("label", classes="label")
            yield Static("warning", classes="warning")
            yield Static("error", classes="error")
            yield Input("value")
            yield Input(placeholder="hint")
            yield OptionList("one", "two")
            yield Button("ordinary")
            yield Button("danger", classes="danger")


@pytest.mark.parametrize("name", COLOURED)
def test_what_a_dialog_really_draws_is_legible(name: str) -> None:
    app = Host(Everything(), theme=name)
    least = 7.0 if name.startswith("contrast-") else 4.5

    async def steps(pilot: Pilot[Any]) -> None:
        for _ in range(5):  # the focus goes over all of it
            assert drawn_faintly(app, least) == []
            await pilot.press("tab")

    piloted(app, steps, (60, 20))


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_any_colour_can_be_made_legible_on_any_ground(colour: int, ground: int) -> None:
    assert contrast(legible(f"#{colour:06x}", [f"#{ground:06x}"]), f"#{ground:06x}") >= 4.5


def test_the_built_in_default_is_the_shipped_file() -> None:
    shipped = read_theme(shipped_themes_dir() / "tuimail-dark.toml")
    assert {name: getattr(DEFAULT_BASE, name) for name in shipped.colours} == shipped.colours


def test_every_role_that_is_tested_is_made_and_every_made_one_is_a_colour() -> None:
    assert set(TEXT_ROLES) - {"foreground", "primary"} <= set(APP_VARIABLES)
    for name, value in APP_VARIABLES.items():
        assert Color.parse(value), name


def test_the_ansi_theme_names_every_variable() -> None:
    assert set(APP_VARIABLES) <= set(ansi_variables(SHIPPED["ansi"].colours))
    assert all(value.startswith("ansi_") or value in ("bold", "none") for value in SHIPPED["ansi"].variables.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_theme_can_be_set(name: str) -> None:
    app = Host(theme=name)

    async def steps(pilot: Pilot[Any]) -> None:
        assert pilot.app.theme == name

    piloted(app, steps, (40, 10))


def test_three_colours_are_enough() -> None:
    theme = load_text(MINIMAL)
    colours = all_colours(theme)
    for role, grounds in TEXT_ROLES.items():
        if role not in ("foreground", "primary"):
            assert all(contrast(colours[role], colours[ground]) >= 4.5 for ground in grounds), role


def load_text(toml: str) -> ThemeFile:
    import tomllib

    return make_theme(tomllib.loads(toml), Path("/x/mine.toml"), own=True)


def test_all_mistakes_of_a_theme_are_told_with_their_keys() -> None:
    with pytest.raises(BadTheme) as caught:
        load_text(
            'foreground = "red"\nprimary = 3\ndark = "yes"\nshadow = "#000"\n[variables]\nlinkk = "#000"\nlink = "x"'
        )
    told = str(caught.value)
    for word in ("background", "foreground", "primary", "dark", "shadow", "variables.linkk", "variables.link"):
        assert f'"{word}"' in told


def test_overrides_win(tmp_path: Path) -> None:
    theme = load_text(MINIMAL + '[variables]\nlink = "#abc"\n')
    assert theme.variables["link"] == "#aabbcc"


def test_bad_files_are_named_in_one_toast_and_the_good_ones_used(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(MINIMAL)
    (tmp_path / "bad.toml").write_text("background = ")
    (tmp_path / "worse.toml").write_bytes(b"\xff\xfe\x1b]0;x\x07")
    (tmp_path / "b@d name.toml").write_text(MINIMAL)
    (tmp_path / "folder.toml").mkdir()
    found = load_themes(tmp_path)
    assert "good" in found.themes
    assert len(found.failed) == 4
    assert all(sentence.startswith("Theme ") for sentence in found.failed)
    assert found.failed_sentence.replace("\n", "").isprintable()


def test_a_name_that_would_break_a_style_sheet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a{}b.toml").write_text(MINIMAL)
    assert load_themes(tmp_path).failed


def test_own_themes_replace_shipped_ones_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "nord.toml").write_text(MINIMAL)
    assert find_themes(tmp_path).themes["nord"].own
    assert load_themes(tmp_path).themes["nord"].background == "#101010"


def test_without_any_file_there_is_a_theme(tmp_path: Path) -> None:
    found = load_themes(None, tmp_path / "nothing")
    assert list(found.themes) == ["tuimail-dark"]
    assert default_theme().background == DEFAULT_BASE.background


def test_sixteen_colours_get_the_ansi_theme_and_unknown_names_the_default() -> None:
    themes = load_themes(None).themes
    assert fitting_theme("nord", themes, color_system="standard") == "ansi"
    assert fitting_theme("nord", themes, color_system="256") == "nord"
    assert fitting_theme("nowhere", themes, color_system="truecolor") == "tuimail-dark"


def test_an_edited_theme_is_shown_and_a_broken_one_told_but_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINIMAL)
    told: list[str] = []
    app = Host(widgets=[Static("x")], theme="mine", own_themes=tmp_path)
    app.keeper = ThemeKeeper(app, tmp_path, tell=told.append)

    async def steps(pilot: Pilot[Any]) -> None:
        assert pilot.app.theme == "mine"
        assert pilot.app.screen.styles.background == Color.parse("#101010")
        file.write_text(MINIMAL.replace("#101010", "#203040") + "# longer\n")
        assert await app.keeper.look()
        await pilot.pause()
        assert pilot.app.screen.styles.background == Color.parse("#203040")
        file.write_text("background = ")
        assert await app.keeper.look()
        assert pilot.app.theme == "mine"
        assert pilot.app.screen.styles.background == Color.parse("#203040")
        assert len(told) == 1
        assert "mine.toml" in told[0]
        assert not await app.keeper.look()

    piloted(app, steps)


def test_an_unknown_theme_is_told(tmp_path: Path) -> None:
    app = Host(theme="tuimail-dark")

    async def steps(pilot: Pilot[Any]) -> None:
        assert "nowhere" in ThemeKeeper(app, tmp_path).register("nowhere")
        assert pilot.app.theme == "tuimail-dark"

    piloted(app, steps)


def test_only_our_themes_can_be_chosen() -> None:
    app = Host()

    async def steps(pilot: Pilot[Any]) -> None:
        assert set(pilot.app.available_themes) == set(SHIPPED)

    piloted(app, steps)


@given(st.dictionaries(st.text(max_size=12), st.one_of(st.text(max_size=10), st.integers(), st.booleans()), max_size=6))
def test_no_toml_makes_anything_but_a_theme_or_a_sentence(fields: dict[str, object]) -> None:
    needed = {"background": "#000000", "foreground": "#ffffff", "primary": "#00ffff"}
    told = ""
    try:
        make_theme({**needed, **fields}, Path("/x.toml"), own=True)
    except BadTheme as exc:
        told = str(exc)
    assert told.isprintable()


def test_derive_keeps_the_ratio_that_was_asked_for() -> None:
    base = Base(**{**{name: getattr(DEFAULT_BASE, name) for name in Base.__slots__}, "contrast": 7.0})
    made = derive(base)
    assert contrast(made["muted"], base.background) >= 7.0



@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_role_and_ground_has_a_look_in_every_theme(name: str) -> None:
    variables = {**APP_VARIABLES, **all_colours(SHIPPED[name])}
    assert set(ROLE_LOOKS) == set(ROLES)
    assert set(GROUND_LOOKS) == set(GROUNDS)
    for role in ROLES:
        role_style(role, variables)
    assert all(ground_style(ground, variables).bgcolor is not None for ground in GROUNDS)
