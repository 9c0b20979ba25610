"""Questions, links and passwords: what is asked, what is answered, what is never done."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, OptionList

from tests.ui_parts.host import Host, piloted, screen_text, until
from tests.ui_parts.hostile import HOSTILE, NEVER
from tuimail.errors import UsageError
from tuimail.mime.clean import cell_width
from tuimail.model import Link
from tuimail.ui import text
from tuimail.ui.beside.opener import browser_argv, check_url
from tuimail.ui.key_help import help_groups
from tuimail.ui.screens.dialogs import Choice, Choose, Confirm, ConfirmLink, address
from tuimail.ui.screens.help import HelpScreen, group_lines
from tuimail.ui.screens.links import LinksScreen
from tuimail.ui.screens.password import PasswordScreen

LINK = Link(1, "the notes", "https://example.org/notes?a=1", "example.org")
LURE = Link(2, "www.bank.example", "https://evil.example/login", "evil.example", "The text says bank.example.")


def pressed(screen: Screen[Any], *keys: str) -> Host:
    """The app after these keys were pressed on a screen."""
    app = Host(screen)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*keys)
        await pilot.pause()

    piloted(app, steps, (90, 24))
    return app


@pytest.mark.parametrize(("keys", "answer"), [(["y"], True), (["n"], False), (["enter"], True), (["escape"], None)])
def test_yes_and_no_are_one_key(keys: list[str], answer: bool | None) -> None:
    assert pressed(Confirm(Content("Go?")), *keys).answers == [answer]


def test_enter_never_does_something_dangerous() -> None:
    assert pressed(Confirm(Content("Lose it?"), is_dangerous=True), "enter").answers == [False]
    choices = [Choice("back", "Back"), Choice("lose", "Lose it", is_dangerous=True)]
    assert pressed(Choose("Hm", Content("?"), choices), "enter").answers == ["back"]


def test_arrows_move_between_answers() -> None:
    choices = [Choice("a", "A"), Choice("b", "B")]
    assert pressed(Choose("Hm", Content("?"), choices), "left", "enter").answers == ["a"]


def test_the_host_of_an_address_stands_out_even_when_it_stands_elsewhere_too() -> None:
    shown = address(Link(1, "x", "https://bank.example@evil.example/bank.example", "evil.example"))
    marked = [shown.plain[span.start : span.end] for span in shown.spans if "bold" in str(span.style)]
    assert marked == ["evil.example"]


def test_a_link_is_opened_only_after_it_was_shown_whole() -> None:
    opened: list[str] = []
    app = Host(LinksScreen([LINK, LURE], opened.append))

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: LINK.url in screen_text(app))
        assert opened == []
        await pilot.press("enter")
        await until(pilot, lambda: opened)

    piloted(app, steps)
    assert opened == [LINK.url]


def test_a_link_that_lies_is_not_opened_by_enter() -> None:
    opened: list[str] = []
    app = Host(LinksScreen([LINK, LURE], opened.append))

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "enter")
        await until(pilot, lambda: "The text says bank.example." in screen_text(app))
        assert LURE.url in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert opened == []

    piloted(app, steps)


def test_a_browser_that_is_missing_is_told() -> None:
    def refuse(url: str) -> None:
        raise UsageError("No browser was found.", "Copy the address instead.")

    app = pressed(ConfirmLink(LINK, refuse), "enter")
    assert app.told == ["No browser was found. Copy the address instead."]


def test_an_address_can_be_copied() -> None:
    app = Host(ConfirmLink(LINK))
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign, assignment]  # a spy

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("c")

    piloted(app, steps)
    assert copied == [LINK.url]


def test_numbers_reach_links_of_two_digits() -> None:
    links = [Link(number, f"l{number}", f"https://h{number}.example/", f"h{number}.example") for number in range(1, 25)]
    app = Host(LinksScreen(links))

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "3")
        assert app.screen.query_one(OptionList).highlighted == 22

    piloted(app, steps)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "file:///etc/passwd", "-oProxyCommand=x", "http://", "https://a b/", "mailto:a@b",
        "https://a/\x1b[31m", "https://a/\n-x", "http://[::1", "", "data:text/html,x", "https://a/" + "x" * 9000,
    ],
)  # fmt: skip
def test_only_ordinary_web_addresses_are_opened(url: str) -> None:
    with pytest.raises(UsageError):
        check_url(url)


def test_the_browser_is_an_argument_list_and_never_a_shell() -> None:
    def here(name: str) -> str | None:
        return f"/usr/bin/{name}" if name in ("xdg-open", "firefox") else None

    url = "https://a.example/;rm%20-rf?x=$(id)&y=`id`"
    assert browser_argv(url, {}, here) == ["xdg-open", url]
    assert browser_argv(url, {"BROWSER": "missing:firefox --new-tab %s"}, here) == ["firefox", "--new-tab", url]
    assert browser_argv(url, {"BROWSER": "firefox"}, here) == ["firefox", url]
    with pytest.raises(UsageError):
        browser_argv(url, {}, lambda _: None)


@given(st.text(max_size=60))
def test_whatever_is_opened_begins_with_a_web_scheme(url: str) -> None:
    try:
        argv = browser_argv(url, {}, lambda name: name)
    except UsageError:
        return
    assert argv[-1].lower().startswith(("http://", "https://"))


def test_a_password_is_the_answer_and_nothing_else() -> None:
    screen = PasswordScreen("ada@example.org", "The keyring has none.")
    app = Host(screen)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"s3cret")
        assert "s3cret" not in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    piloted(app, steps)
    assert app.answers == ["s3cret"]
    assert app.told == []
    assert "s3cret" not in repr(screen) + repr(vars(screen))


def test_no_password_is_none() -> None:
    assert pressed(PasswordScreen("a", ""), "enter", "a", "escape").answers == [None]


def test_no_hostile_text_reaches_the_screen_of_a_dialog() -> None:
    links = [Link(number, each, f"https://h.example/{each}", each, each) for number, each in enumerate(HOSTILE, 1)]
    screens: list[Screen[Any]] = [LinksScreen(links), LinksScreen(links[12:])]
    for link in links:
        screens += [PasswordScreen(link.label, link.label), ConfirmLink(link), Confirm(text.content(link.label))]
    app = Host()

    async def steps(pilot: Pilot[Any]) -> None:
        for screen in screens:
            app.push_screen(screen)
            await pilot.pause()
            assert [char for char in NEVER if char in screen_text(app)] == []
            assert not any(
                "@click" in segment.style.meta
                for strip in app.screen._compositor.render_strips(app.size)
                for segment in strip
                if segment.style is not None
            )
            app.pop_screen()

    piloted(app, steps, (80, 40))
    assert len(app.answers) == 0


def test_help_searches_and_escape_empties_the_search_first() -> None:
    app = Host(HelpScreen({"message.star": "f2"}))

    async def steps(pilot: Pilot[Any]) -> None:
        assert "In the list" in screen_text(app)
        await pilot.press(*"star off")
        await until(pilot, lambda: "In the list" not in screen_text(app))
        assert "F2" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "In the list" in screen_text(app))
        assert app.screen.query_one(Input).value == ""
        await pilot.press("escape")
        await until(pilot, lambda: app.answers)

    piloted(app, steps, (130, 40))


@pytest.mark.parametrize("size", [(200, 50), (100, 30), (40, 12), (20, 5)])
def test_help_fits_any_terminal(size: tuple[int, int]) -> None:
    app = Host(HelpScreen())

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("pagedown", "down", "up", "ctrl+end")
        await pilot.resize_terminal(60, 20)
        await pilot.pause()

    piloted(app, steps, size)


def test_help_on_a_tiny_terminal_is_mostly_keys() -> None:
    app = Host(HelpScreen())

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        assert app.screen.query_one("#keys").size.height == 7
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.screen.query_one("#keys").size.height > 10)

    piloted(app, steps, (40, 10))


@pytest.mark.parametrize("width", [37, 70])
def test_help_says_what_only_the_palette_does(width: int) -> None:
    groups = help_groups({}, "palette message.archive_thread")
    lines = [line.plain for line in group_lines(groups[0], width)]
    assert lines[1].startswith(" palette")
    assert max(cell_width(line) for line in lines) <= width
