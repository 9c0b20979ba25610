"""The search screen: what is typed finds, what is found can be read and acted on, mistakes are pointed at."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.store.indexing import give_text, index
from tests.store.making import START, incoming, places, with_account
from tests.ui.seed import WORK, make_app, seed
from tests.ui_parts.host import Host, piloted, screen_text, until
from tuimail.engine.protocol import IndexChanged, Request, SearchEnded, SearchServer
from tuimail.model import EnvelopeId, Flag, MailboxId, Row
from tuimail.paths import Paths
from tuimail.query.parser import parse
from tuimail.store import Store
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.searching import Asked, Left, SearchDesk
from tuimail.ui.lines.found_lines import found_row, hint_line, title_line
from tuimail.ui.lines.rows import runs_width
from tuimail.ui.screens.mailbox_name import MailboxName
from tuimail.ui.screens.search import SearchScreen
from tuimail.ui.widgets.found import FoundList
from tuimail.wishes import finding

NOW = START + 20 * 86400


class Searched:
    """A search screen over some mail, and what it asked others to do."""

    def __init__(self, paths: Paths, left: Left | None = None, *, in_list: bool = False) -> None:
        self.sent: list[Request] = []
        self.acted: list[tuple[str, list[EnvelopeId]]] = []
        self.opened: list[tuple[MailboxId, EnvelopeId]] = []
        self.left: list[Left] = []
        self.desk = SearchDesk(paths, lambda: NOW)
        self.screen = SearchScreen(
            self.desk, self.sent.append, lambda: NOW, self, left=left or Left(), open_message=self._open,
            leave=self.left.append, in_list=in_list,
        )  # fmt: skip
        self.host = Host(self.screen)

    def act_on(self, verb: str, ids: list[EnvelopeId]) -> None:
        self.acted.append((verb, ids))

    def laid(self, row: Row) -> Row:
        return row

    def chosen(self) -> list[EnvelopeId]:
        return self.screen.chosen()

    def _open(self, mailbox_id: MailboxId, envelope_id: EnvelopeId, left: Left) -> None:
        self.opened.append((mailbox_id, envelope_id))
        self.left.append(left)

    @property
    def rows(self) -> FoundList:
        return self.screen.query_one(FoundList)

    def subjects(self) -> list[str]:
        answer = self.screen._answer
        return [each.hit.row.subject for each in answer.found] if answer is not None else []


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = places(tmp_path)
    with Store.open(made) as store:
        inbox = with_account(store)
        store.envelopes.ingest(inbox, [
            incoming(1, subject="Lunch on Thursday"),
            incoming(2, subject="Compiler review", flags=int(Flag.SEEN)),
            incoming(3, subject="Compiler \x1b[31m[red]\u202e hostile"),
            *(incoming(uid, subject=f"minutes {uid}") for uid in range(10, 160)),
        ])
        first = store.envelopes.by_uid(inbox, 1)
        assert first is not None
        give_text(store, first, "Dear Ada,", "shall we meet in the canteen?")
        index(store)
    return made


def run(searched: Searched, steps: Callable[[Pilot[Any]], Coroutine[Any, Any, None]], width: int = 120) -> None:
    """Do the steps in the screen."""
    piloted(searched.host, steps, (width, 30))
    searched.desk.close()


def test_what_is_typed_finds_from_the_first_letters_on_and_mistakes_are_pointed_at(paths: Paths) -> None:
    searched = Searched(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"cant")
        await until(pilot, lambda: searched.subjects() == ["Lunch on Thursday"])
        shown = screen_text(searched.host)
        assert "shall we meet in the canteen?" in shown
        assert "1 found" in shown
        await pilot.press(*" before:2026-02-30")
        await until(pilot, lambda: "February 2026 has 28 days." in screen_text(searched.host))
        assert searched.subjects() == ["Lunch on Thursday"]
        searched.screen.action_search_field()
        searched.screen._input.value = "compiler -lunch"
        await until(pilot, lambda: len(searched.subjects()) == 2)
        shown = screen_text(searched.host)
        assert "[red]" in shown
        assert "\x1b" not in shown

    run(searched, steps)


def test_tab_completes_then_turns_the_order(paths: Paths) -> None:
    searched = Searched(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"minutes i")
        await until(pilot, lambda: len(searched.screen._suggestions) == 2)
        await pilot.press("ctrl+n", "tab")
        await until(pilot, lambda: searched.screen._input.value == "minutes is:")
        await pilot.press(*"unr")
        await until(pilot, lambda: [each.text for each in searched.screen._suggestions] == ["unread "])
        await pilot.press("tab")
        await until(pilot, lambda: searched.screen._input.value == "minutes is:unread ")
        await until(pilot, lambda: searched.rows.total == 100)
        await pilot.press("down", "enter", "pagedown", "pageup", "down", "up", "home")
        assert searched.rows.cursor == 0
        await pilot.press("down", "j")
        assert searched.rows.cursor == 2
        await pilot.press("pagedown")
        assert searched.rows.cursor > 5
        await pilot.press("G")  # the end asks for more
        await until(pilot, lambda: searched.rows.total == 150)
        await pilot.press("tab")
        await until(pilot, lambda: "best first" in screen_text(searched.host))

    run(searched, steps)


def test_what_was_found_is_read_and_acted_on_and_the_search_is_kept(paths: Paths) -> None:
    searched = Searched(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"compiler", "enter")
        await until(pilot, lambda: searched.rows.has_focus)
        await pilot.press("j", "e", "s", "enter")
        await until(pilot, lambda: searched.opened)
        await pilot.press("i")
        assert searched.screen._input.has_focus
        await pilot.press("escape")

    run(searched, steps)
    found = searched.opened[0][1]
    assert searched.acted == [("archive", [found]), ("star", [found])]
    assert searched.left[-1].asked == Asked("compiler")
    assert searched.left[-1].cursor == 1
    again = Searched(paths, searched.left[-1], in_list=True)

    async def back(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: again.rows.total == 2)
        assert again.rows.has_focus
        assert again.chosen() == [found]

    run(again, back)


def test_single_ones_ranges_and_all_that_is_found_are_selected_as_in_the_list(paths: Paths) -> None:
    searched = Searched(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"minutes", "enter")
        await until(pilot, lambda: searched.rows.has_focus and searched.rows.total == 100)
        ids = searched.rows.ids
        await pilot.press("x", "j", "j", "X")
        assert searched.chosen() == sorted(ids[:4])
        assert "4 selected" in screen_text(searched.host)
        assert screen_text(searched.host).count("✓") == 4
        await pilot.press("g", "x", "escape")  # out of it again; then none
        assert searched.chosen() == [ids[1]]
        assert not searched.left, "Esc cleared the selection and did not leave"
        await pilot.press("asterisk", "d")  # the key waits until all are known
        await until(pilot, lambda: searched.acted)
        assert searched.acted[0][0] == "delete"
        assert len(searched.acted[0][1]) == 150, "also those that are not shown yet"
        await pilot.press("enter")
        assert len(searched.left[-1].selected) == 150, "and reading one ends no selection"
        await pilot.press("asterisk", "k")
        await until(pilot, lambda: not searched.rows.selected)
        await pilot.press("x", "i", "backspace")  # something else is looked for
        await until(pilot, lambda: searched.screen._answer and searched.screen._answer.query.text == "minute")
        assert not searched.rows.selected

    run(searched, steps)


def test_an_answer_again_is_as_long_as_the_one_before_and_forgets_who_is_gone(paths: Paths) -> None:
    searched = Searched(paths, Left(Asked("minutes"), cursor=120), in_list=True)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: searched.rows.total == 150 and searched.rows.cursor == 120)
        await pilot.press("G")
        await pilot.press("x", "k", "x")
        assert len(searched.rows.selected) == 2
        current = searched.rows.current
        assert current is not None
        with Store.open(paths) as store:
            gone = store.envelopes.envelope(searched.chosen()[1])
            assert gone is not None
            assert gone.uid is not None
            store.envelopes.vanish(gone.mailbox_id, [gone.uid])
        searched.screen.look_again()
        await until(pilot, lambda: searched.rows.total == 149)
        assert searched.rows.current is not None
        assert searched.rows.current.hit.row.id == current.hit.row.id
        assert len(searched.rows.selected) == 1

    run(searched, steps)


def test_what_servers_find_is_merged(paths: Paths) -> None:
    searched = Searched(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"zebra")
        await until(pilot, lambda: "Nothing was found." in screen_text(searched.host))
        await pilot.press("ctrl+o")
        (asked,) = searched.sent
        assert isinstance(asked, SearchServer)
        assert asked.query == "zebra"
        assert "asking the servers" in screen_text(searched.host)
        news = News()
        news.add(SearchEnded("another", "work", (EnvelopeId(1),)))
        news.add(SearchEnded(asked.ticket, "work", (EnvelopeId(2), EnvelopeId(3))))
        news.add(SearchEnded(asked.ticket, "home", (), "The server does not answer."))
        news.add(SearchEnded(asked.ticket, ""))
        searched.screen.take_news(news)
        await until(pilot, lambda: len(searched.subjects()) == 2)
        assert "asking" not in screen_text(searched.host)
        assert searched.host.told == ["home: The server does not answer."]

    run(searched, steps)


def test_a_search_is_saved_by_a_name_and_new_mail_shows_by_itself(paths: Paths) -> None:
    searched = Searched(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press(*"lunch", "ctrl+s")
        await until(pilot, lambda: isinstance(searched.host.screen, MailboxName))
        await pilot.press("enter")
        await until(pilot, lambda: searched.host.told == ["lunch is in the folder tree now."])
        with Store.open(paths) as store:
            assert finding.saved(store) == [finding.Saved("lunch", "lunch")]
            assert finding.counts(store, now=NOW) == {"lunch": finding.Count(1, 1, False)}
            inbox = store.mailboxes.all()[0].id
            store.envelopes.ingest(inbox, [incoming(500, subject="another lunch")])
            index(store)
        news = News()
        news.add(IndexChanged(1, 1, is_resting=True))
        searched.screen.take_news(news)
        await until(pilot, lambda: len(searched.subjects()) == 2)

    run(searched, steps)


def test_saved_searches_are_kept_replaced_and_forgotten(paths: Paths) -> None:
    with Store.open(paths) as store:
        finding.save(store, " Lunch  ", "lunch")
        finding.save(store, "Unread", "is:unread")
        finding.save(store, "Lunch", "lunch OR dinner")
        assert [each.name for each in finding.saved(store)] == ["Unread", "Lunch"]
        finding.forget(store, "Unread")
        assert finding.saved(store) == [finding.Saved("Lunch", "lunch OR dinner")]
        assert len(finding.ids_of(store, "lunch", now=NOW)) == 1
        store.state.set(finding.SAVED_KEY, [["x"], 3, ["", "y"], ["a", "b"]])
        assert finding.saved(store) == [finding.Saved("a", "b")]


@pytest.mark.parametrize("width", [20, 40, 78, 150])
def test_every_line_has_exactly_the_width(paths: Paths, width: int) -> None:
    with Store.open(paths) as store:
        answer = finding.find(store, "compiler OR canteen OR minutes", now=NOW)
    for found in answer.found[:10] + answer.found[-3:]:
        for line in found_row(found, answer.needles, width, NOW, cursor=True):
            assert runs_width(line) == width
            assert all(run.text.isprintable() for run in line)
    assert runs_width(title_line(answer, best=True, asking=True, index="x" * 300, width=width)) == width
    wrong = finding.Answer(parse("before:x", now=NOW), (), None, "")
    assert runs_width(hint_line(wrong, (), 0, width)) <= width
    assert runs_width(hint_line(None, (), 0, width)) <= width


# --- in the whole app ---------------------------------------------------------


def test_slash_searches_and_esc_comes_back_and_a_saved_search_is_a_list(tmp_path: Path) -> None:
    paths = places(tmp_path)
    seed(paths)
    with Store.open(paths) as store:
        index(store)
        junk = store.mailboxes.find(WORK, "Junk")
        assert junk is not None
        store.envelopes.ingest(junk.id, [incoming(900, subject="Compiler review for free")])
        index(store)
        finding.save(store, "Reviews", "compiler review")
    app = make_app(paths)

    async def steps(pilot: Pilot[Any]) -> None:
        main = app.main
        await until(pilot, lambda: main.list_view.total)
        await pilot.press("slash", *"compiler review -free", "enter")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.chosen())
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        (chosen,) = screen.chosen()
        await until(pilot, lambda: screen.query_one(FoundList).has_focus)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is main and main.reading.current == chosen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.chosen() == [chosen])
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main)
        line = next(line for line in main.views.values() if line.label == "Reviews")
        main.choose_mailbox(line.id, True)
        await until(pilot, lambda: main.list_view.total)
        assert chosen in main.whole([main.list_view.cursor_id or chosen])
        await until(pilot, lambda: main.views[line.id].total == main.list_view.total)
        subjects = {row.subject for row in map(main.list_view.row_at, range(main.list_view.total)) if row is not None}
        assert "Compiler review for free" in subjects, "the count and the list are of the same mailboxes"
        await pilot.press("ctrl+g")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        assert app.screen.query_one(Input).value == "compiler review"

    piloted(app, steps, (150, 36))
