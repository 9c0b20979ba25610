"""The palette: what it finds, in which order, and what choosing does."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from tests.store.making import incoming, places, with_account
from tests.ui_parts.host import NOW, Host, piloted, screen_text, until
from tests.ui_parts.hostile import HOSTILE, NEVER
from tuimail.mime.clean import clean_line
from tuimail.model import EnvelopeId, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.window import Found
from tuimail.ui.commands import Kind
from tuimail.ui.fuzzy import match
from tuimail.ui.keys import GLOBAL, MAIN, bindings
from tuimail.ui.open_palette import finder, open_palette
from tuimail.ui.screens.palette import PaletteScreen, hit_line


class Finder(Host):
    """An app that opens the palette and writes down what was chosen."""

    BINDINGS = [*bindings(GLOBAL), *bindings(MAIN)]

    def __init__(self, store: Store, where: Paths, **rest: Any) -> None:
        super().__init__(widgets=[Static("behind")], **rest)
        self.store = store
        self.places = where
        self.threads: set[threading.Thread] = set()
        self.chosen: list[object] = []

    def find(self, kind: Kind) -> None:
        """Open it."""
        open_palette(
            self, kind, store=self.store, keymap={}, open_mailbox=self._mailbox, open_message=self._message,
            keep_theme=self.chosen.append, find=self._look, clock=lambda: NOW,
        )  # fmt: skip

    def _look(self, words: str, limit: int) -> list[Found]:
        self.threads.add(threading.current_thread())
        return finder(self.places)(words, limit)

    def _mailbox(self, mailbox_id: MailboxId) -> None:
        self.chosen.append(self.store.mailboxes.get(mailbox_id))

    def _message(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> None:
        self.chosen.append(self.store.envelopes.envelope(envelope_id))

    def action_message_star(self) -> None:
        """Done by a command."""
        self.chosen.append("starred")

    def action_app_quit(self) -> None:
        """Not now."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Quitting is not possible here."""
        return action != "app_quit"


@pytest.fixture
def app(tmp_path: Path) -> Finder:
    store = Store.open(places(tmp_path))
    inbox = with_account(store)
    store.envelopes.ingest(inbox, [incoming(1), incoming(2, subject="Lunch on Thursday", sender="Ada Byron")])
    return Finder(store, places(tmp_path))


def found(app: Finder) -> list[str]:
    """The lines of the list."""
    options = app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(index).prompt) for index in range(options.option_count)]


def test_a_command_is_found_and_done(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.ALL)
        await pilot.pause()
        await pilot.press(*"sta")
        await pilot.press("enter")
        await until(pilot, lambda: app.chosen)

    piloted(app, steps)
    assert app.chosen == ["starred"]


def test_only_commands_that_can_be_done_are_offered(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.ALL)
        await pilot.pause()
        lines = "\n".join(found(app))
        assert "Star" in lines
        assert "Quit" not in lines
        assert "Half page" not in lines

    piloted(app, steps)


def test_a_mailbox_is_found_by_a_few_letters(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.MAILBOXES)
        await pilot.pause()
        await pilot.press(*"lis", "enter")
        await until(pilot, lambda: app.chosen)

    piloted(app, steps)
    assert getattr(app.chosen[0], "name", "") == "Lists"


def test_a_message_is_found_by_words_of_sender_and_subject(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.MESSAGES)
        await pilot.pause()
        await until(pilot, lambda: len(found(app)) == 2)
        await pilot.press(*"ada lunch", "enter")
        await until(pilot, lambda: app.chosen)
        assert threading.main_thread() not in app.threads

    piloted(app, steps)
    assert getattr(app.chosen[0], "subject", "") == "Lunch on Thursday"


def test_everything_is_found_at_once_each_kind_under_its_heading(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.ALL)
        await pilot.pause()
        await pilot.press(*"s")
        await pilot.press(*"t")
        await until(pilot, lambda: "Commands" in found(app))
        await pilot.press("backspace", "backspace", *"lunch")
        await until(pilot, lambda: "Messages" in found(app))

    piloted(app, steps)


def test_nothing_found_is_said_and_enter_does_nothing(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.MAILBOXES)
        await pilot.pause()
        await pilot.press(*"qqqqq", "enter")
        assert found(app) == ["Nothing found."]
        assert isinstance(app.screen, PaletteScreen)
        await pilot.press("escape")

    piloted(app, steps)
    assert app.chosen == []


def test_a_theme_is_shown_while_looked_at_and_escape_restores(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.THEMES)
        await pilot.pause()
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "tuimail-light")
        await pilot.press("escape")
        await until(pilot, lambda: app.theme == "tuimail-dark")
        app.find(Kind.THEMES)
        await pilot.pause()
        await pilot.press(*"nord", "enter")
        await until(pilot, lambda: app.chosen)

    piloted(app, steps)
    assert app.chosen == ["nord"]
    assert app.theme == "nord"


def test_the_palette_opens_once(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.ALL)
        await pilot.pause()
        app.find(Kind.ALL)
        await pilot.pause()
        assert len(app.screen_stack) == 2

    piloted(app, steps)


def test_the_typing_stays_in_the_field_while_arrows_move_in_the_list(app: Finder) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.MAILBOXES)
        await pilot.pause()
        await pilot.press("down", "ctrl+n", "tab", "up", "i")
        assert app.screen.query_one(Input).value == "i"

    piloted(app, steps)


def test_hostile_mail_is_only_text_in_the_palette(tmp_path: Path) -> None:
    store = Store.open(places(tmp_path))
    inbox = with_account(store)
    kept = [name.encode("utf-8", "replace").decode().replace("\0", "") for name in HOSTILE]
    store.envelopes.ingest(inbox, [incoming(uid, sender=name, subject=name) for uid, name in enumerate(kept, 1)])
    app = Finder(store, places(tmp_path))

    async def steps(pilot: Pilot[Any]) -> None:
        app.find(Kind.MESSAGES)
        await until(pilot, lambda: app.screen.query(OptionList) and len(found(app)) == len(HOSTILE))
        assert [char for char in NEVER if char in screen_text(app)] == []
        await pilot.press(*"[/")
        await pilot.pause(0.2)
        assert [char for char in NEVER if char in screen_text(app)] == []
        assert app.theme == "tuimail-dark"

    piloted(app, steps, (120, 50))


@pytest.mark.parametrize("width", [20, 40, 86])
def test_a_line_of_the_list_is_exactly_as_wide_as_there_is_room(width: int) -> None:
    from rich.cells import cell_len

    from tuimail.ui.commands import Hit

    for label in ("short", "会議の予定について" * 5, "x" * 300):
        line = hit_line(Hit(label, "a note that is long", "12:30", "›", 1.0, (0, 1), lambda: None), width)
        assert cell_len(line.plain) <= width


@given(st.text(max_size=8), st.text(max_size=30))
def test_matches_are_positions_of_the_text_and_any_text_is_taken(query: str, name: str) -> None:
    name = clean_line(name)
    fits = match(query, name)
    if fits is not None:
        assert all(0 <= at < len(name) for at in fits.positions)
    if query.strip() and fits is not None:
        assert fits.positions


def test_the_beginning_of_a_word_is_worth_most() -> None:
    names = ["Winter", "Inbox", "My inbox", "Drafts"]
    ranked = sorted((name for name in names if match("in", name)), key=lambda name: -(match("in", name) or (0,))[0])
    assert ranked == ["Inbox", "My inbox", "Winter"]
    assert match("nxt un", "Next unread") is not None
