"""The three panes, driven by keys and by what an engine says."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.seed import LISTING, MAIL, WORK, FakeEngine, inbox_of, incoming, make_app, put_text, seed
from tests.ui.values import NOW
from tuimail.engine.protocol import (
    ActionRefused,
    Credential,
    MailboxChanged,
    PartArrived,
    PartFailed,
    PartProgress,
    PasswordWanted,
    Progress,
    Show,
    StatusChanged,
    TreeChanged,
    Unwant,
    Wake,
    Want,
)
from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import AccountName, AccountStatus, EnvelopeId, Flag, MailboxId, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.app import TuimailApp
from tuimail.ui.keys import ACTIONS, GLOBAL, LIST, MAIN, READER, TREE
from tuimail.ui.screens.help import HelpScreen
from tuimail.ui.screens.main import MainScreen
from tuimail.ui.screens.password import PasswordScreen
from tuimail.ui.widgets.folder_tree import FolderTree
from tuimail.ui.widgets.message_list import MessageList
from tuimail.ui.widgets.reader import Reader

TEXT = Section("text")


class Bench:
    """An app that runs, its fake engine, and a second connection to its store."""

    def __init__(self, app: TuimailApp, engine: FakeEngine, pilot: Pilot[Any], store: Store) -> None:
        self.app = app
        self.engine = engine
        self.pilot = pilot
        self.store = store
        self.inbox = inbox_of(store) if store.mailboxes.with_role(WORK, Role.INBOX) else MailboxId(0)

    async def press(self, *keys: str) -> None:
        """Type, and let everything settle."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the app go on until something holds."""
        for _ in range(200):
            if holds():
                await self.pilot.pause()  # what was put on the screen has its place there
                return
            await self.pilot.pause(0.02)
        raise AssertionError("did not come to hold:\n" + self.text())

    def text(self) -> str:
        """The whole screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def id_at(self, position: int) -> EnvelopeId:
        """The message at a position of the inbox."""
        return self.store.envelopes.window(self.inbox, position, 1).rows[0].id

    def flags_at(self, position: int) -> int:
        """Its flags, as the store has them."""
        return self.store.envelopes.window(self.inbox, position, 1).rows[0].flags


@asynccontextmanager
async def bench(
    paths: Paths, *, size: tuple[int, int] = (150, 40), mark_seen_after_s: float = 1_000_000_000.0
) -> AsyncIterator[Bench]:
    """An app over the store of `paths`."""
    engine = FakeEngine()
    app = make_app(paths, engine=engine, mark_seen_after_s=mark_seen_after_s)
    with Store.open(paths) as store:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            yield Bench(app, engine, pilot, store)
    app.store.close()


@pytest.fixture
def seeded(paths: Paths) -> Paths:
    """A store with mail, and bodies for all of it."""
    seed(paths)
    return paths


@pytest.fixture
def headers_only(paths: Paths) -> Paths:
    """A store with mail of which no body is here."""
    seed(paths, bodies=False)
    return paths


async def test_the_inbox_shows_from_the_store_alone(seeded: Paths) -> None:
    async with bench(seeded) as found:
        shown = found.text()
        assert "Inbox · 3 unread of 13" in shown
        assert "● Grace Hopper" in shown
        assert "debian-security" in shown


async def test_every_action_of_the_table_has_a_method_where_it_says(seeded: Paths) -> None:
    async with bench(seeded) as found:
        places: dict[str, object] = {
            GLOBAL: found.app, MAIN: found.app.main, LIST: found.app.main.list_view,
            READER: found.app.main.reader, TREE: found.app.main.folders,
        }  # fmt: skip
        known = [each for each in ACTIONS if each.where in places]
        missing = [each.id for each in known if not hasattr(places[each.where], f"action_{each.action}")]
        assert missing == []


async def test_a_resting_cursor_opens_its_message_without_marking_what_nobody_chose(seeded: Paths) -> None:
    async with bench(seeded, mark_seen_after_s=0.0) as found:
        await found.until(lambda: "shall we look at the second pass" in found.text())
        await found.pilot.pause(0.1)
        assert not found.flags_at(0) & Flag.SEEN


async def test_a_message_that_was_chosen_is_marked_as_read_after_its_moment(seeded: Paths) -> None:
    async with bench(seeded, mark_seen_after_s=0.0) as found:
        await found.press("enter")
        await found.until(lambda: bool(found.flags_at(0) & Flag.SEEN))
        await found.until(lambda: Wake("work") in found.engine.heard)
        assert found.store.pending.count(found.app.main.accounts[0].name) == 1


async def test_a_text_that_is_not_here_is_wanted_and_shown_when_it_arrives(headers_only: Paths) -> None:
    async with bench(headers_only) as found:
        wanted = Want(found.id_at(0), TEXT)
        await found.until(lambda: wanted in found.engine.heard)
        assert Want(found.id_at(1), TEXT, urgent=False) in found.engine.heard
        assert "Fetching…" in found.text()
        found.engine.say(PartProgress(found.id_at(0), TEXT, 128_000, 1_200_000))
        await found.until(lambda: "128 kB of 1.2 MB" in found.text())
        put_text(found.store, found.id_at(0), plain_to_readable("Here at last."))
        found.engine.say(PartArrived(found.id_at(0), TEXT))
        await found.until(lambda: "Here at last." in found.text())


async def test_what_cannot_be_fetched_says_why_and_enter_tries_again(headers_only: Paths) -> None:
    async with bench(headers_only) as found:
        await found.until(lambda: found.app.main.reading.is_waiting)
        found.engine.say(PartFailed(found.id_at(0), TEXT, "The server is away."))
        await found.until(lambda: "The server is away." in found.text())
        found.engine.heard.clear()
        await found.press("enter")
        await found.until(lambda: Want(found.id_at(0), TEXT) in found.engine.heard)


async def test_escape_stops_waiting(headers_only: Paths) -> None:
    async with bench(headers_only) as found:
        await found.until(lambda: found.app.main.reading.is_waiting)
        await found.press("escape")
        assert Unwant(found.id_at(0), TEXT) in found.engine.heard
        assert "Enter fetches the text." in found.text()


async def test_another_message_takes_the_wish_for_the_first_one_back(headers_only: Paths) -> None:
    async with bench(headers_only) as found:
        await found.until(lambda: found.app.main.reading.is_waiting)
        await found.press("n")
        assert Unwant(found.id_at(0), TEXT) in found.engine.heard
        assert Want(found.id_at(1), TEXT) in found.engine.heard


async def test_a_star_is_there_at_once_waits_for_the_server_and_can_be_undone(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("s")
        await found.until(lambda: bool(found.flags_at(0) & Flag.FLAGGED))
        await found.until(lambda: "1 waiting" in found.text())
        await found.press("u")
        await found.until(lambda: not found.flags_at(0) & Flag.FLAGGED)


async def test_selected_messages_are_changed_together(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("x", "x", "x")
        assert "3 selected" in found.text()
        await found.press("m")
        await found.until(lambda: "Marked 3 messages as read · u undoes" in found.text())
        assert [found.flags_at(n) & Flag.SEEN for n in range(3)] == [1, 1, 1]
        assert found.app.main.list_view.selected == set()
        await found.press("u")
        await found.until(lambda: [found.flags_at(n) & Flag.SEEN for n in range(3)] == [0, 0, 0])


async def test_a_range_and_all_can_be_selected(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("x", "j", "j", "X")
        assert len(found.app.main.list_view.selected) == 4
        await found.press("asterisk")
        assert len(found.app.main.list_view.selected) == len(MAIL)
        await found.press("escape")
        assert found.app.main.list_view.selected == set()


async def test_a_change_of_many_messages_runs_beside_the_loop(paths: Paths) -> None:
    seed(paths, mail=[("Ada <a@b.example>", f"Number {n}", n, 0, 100, False) for n in range(300)], bodies=False)
    async with bench(paths) as found:
        await found.press("asterisk", "s")
        await found.until(lambda: found.store.pending.count(found.app.main.accounts[0].name) == 300)
        await found.until(lambda: "Starred 300 messages" in found.text())


async def test_a_refused_change_is_told(seeded: Paths) -> None:
    async with bench(seeded) as found:
        found.engine.say(ActionRefused("work", found.inbox, "The server refused to star [/] it."))
        await found.until(lambda: "refused to star [/] it." in found.text())


async def test_the_cursor_stays_on_its_message_when_mail_arrives_above(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("j", "j")
        before = found.app.main.list_view.cursor_id
        found.store.envelopes.ingest(found.inbox, [incoming(2000, "New <n@example.org>", "Just in", 0, 0, 100, False)])
        found.engine.say(MailboxChanged(found.inbox))
        await found.until(lambda: "Just in" in found.text())
        assert found.app.main.list_view.cursor_id == before
        assert found.app.main.list_view.cursor == 3


async def test_the_page_does_not_jump_when_mail_arrives_above_it(paths: Paths) -> None:
    seed(paths, mail=[("Ada <a@b.example>", f"Number {n}", n + 10, 0, 100, False) for n in range(300)], bodies=False)
    async with bench(paths) as found:
        await found.press("pagedown", "pagedown")
        first = found.app.main.list_view.row_at(found.app.main.list_view.top_position)
        found.store.envelopes.ingest(found.inbox, [incoming(2000, "New <n@example.org>", "Just in", 0, 0, 100, False)])
        found.engine.say(MailboxChanged(found.inbox))
        await found.until(lambda: found.app.main.list_view.total == 301)
        assert found.app.main.list_view.row_at(found.app.main.list_view.top_position) == first


async def test_a_vanished_message_leaves_the_cursor_near(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("j", "j")
        found.store.envelopes.vanish(found.inbox, [998])
        found.engine.say(MailboxChanged(found.inbox))
        await found.until(lambda: found.app.main.list_view.total == len(MAIL) - 1)
        assert found.app.main.list_view.cursor == 2


async def test_a_mailbox_that_vanishes_while_open_gives_way_to_the_inbox(seeded: Paths) -> None:
    async with bench(seeded) as found:
        receipts = found.store.mailboxes.find(WORK, "Receipts")
        assert receipts is not None
        found.app.main.open_mailbox(receipts.id)
        await found.pilot.pause()
        found.store.mailboxes.apply_listing(WORK, [each for each in LISTING if each.name != "Receipts"])
        found.engine.say(TreeChanged("work"))
        await found.until(lambda: "no longer there" in found.text())
        assert found.app.main.shown == found.inbox


async def test_the_tree_shows_a_mailbox_as_soon_as_the_cursor_is_on_it(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("h", "j")
        assert isinstance(found.app.focused, FolderTree)
        drafts = found.app.main.mailboxes[found.app.main.shown or MailboxId(0)]
        assert drafts.name == "Drafts"
        await found.until(lambda: Show(drafts.id) in found.engine.heard)
        await found.press("k", "enter")
        assert isinstance(found.app.focused, MessageList)
        assert "Compiler review" in found.text()


async def test_folds_are_remembered(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("h", "G", "k", "h")
        assert "▸ Reisen" in found.text()
    async with bench(seeded) as found:
        assert "▸ Reisen" in found.text()


async def test_the_place_is_remembered(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("j", "j", "j")
        before = found.app.main.list_view.cursor_id
        await found.press("q")
    async with bench(seeded) as found:
        assert found.app.main.list_view.cursor_id == before


async def test_one_pane_goes_to_the_reader_and_back(seeded: Paths) -> None:
    async with bench(seeded, size=(70, 24)) as found:
        assert "by date" in found.text()
        await found.press("enter")
        assert "grace@navy.example" in found.text()
        assert "by date" not in found.text()
        await found.press("n")
        assert "security@debian.example" in found.text()
        await found.press("escape")
        assert "by date" in found.text()
        assert found.app.main.list_view.cursor == 1


async def test_in_two_panes_the_tree_lies_over_the_list_while_it_is_used(seeded: Paths) -> None:
    async with bench(seeded, size=(100, 30)) as found:
        assert "debian-security" not in found.text()
        await found.press("h")
        assert "debian-security" in found.text()
        await found.press("escape")
        assert "debian-security" not in found.text()
        assert isinstance(found.app.focused, MessageList)


async def test_twenty_by_five_says_one_sentence(seeded: Paths) -> None:
    async with bench(seeded, size=(20, 5)) as found:
        assert "tuimail needs" in found.text()
        await found.press("j", "enter", "escape", "tab")


@pytest.mark.parametrize("size", [(40, 8), (41, 60), (89, 10), (90, 12), (139, 20), (140, 9), (300, 80)])
async def test_no_size_breaks_the_screen(seeded: Paths, size: tuple[int, int]) -> None:
    async with bench(seeded, size=size) as found:
        await found.press("j", "enter", "space", "escape", "h", "escape", "f", "f")
        await found.pilot.resize_terminal(150, 40)
        await found.pilot.resize_terminal(*size)
        await found.pilot.pause()
        assert "tuimail" in found.text()


async def test_space_reads_on_and_then_opens_the_next_unread(seeded: Paths) -> None:
    async with bench(seeded, size=(150, 16)) as found:
        await found.press("enter")
        first = found.app.main.reading.current
        await found.press("space")
        assert found.app.main.reader.top_line > 0
        assert found.app.main.reading.current == first
        for _ in range(12):
            await found.press("space")
            if found.app.main.reading.current != first:
                break
        assert found.app.main.reading.current == found.id_at(1)


async def test_quotes_unfold_and_fold(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("enter")
        await found.until(lambda: "quoted lines" in found.text())
        await found.press("z")
        assert "▸" not in found.text().split("Compiler review")[-1].split("Links")[0]
        assert "Original Message" in found.text()


async def test_all_headers_are_asked_for_and_shown(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("enter", "i")
        header = Section("HEADER")
        assert Want(found.id_at(0), header) in found.engine.heard
        assert "Message-ID:" in found.text()
        found.store.parts.put(found.id_at(0), header, b"X-Odd: =?utf-8?q?=1b[31m?= yes\r\nSubject: hi\r\n\r\n")
        found.engine.say(PartArrived(found.id_at(0), header))
        await found.until(lambda: "X-Odd:" in found.text())
        assert "\x1b" not in found.text()


async def test_plain_and_html_are_toggled(seeded: Paths) -> None:
    async with bench(seeded) as found:
        import dataclasses

        plain = dataclasses.replace(plain_to_readable("the plain one"), alternatives=("plain", "html"))
        put_text(found.store, found.id_at(1), plain)
        html = dataclasses.replace(plain_to_readable("the html one"), source="html", alternatives=("plain", "html"))
        put_text(found.store, found.id_at(1), html, "html")
        put_text(found.store, found.id_at(1), plain, "plain")
        await found.press("j", "enter")
        await found.until(lambda: "the plain one" in found.text())
        await found.press("H")
        await found.until(lambda: "the html one" in found.text())
        await found.press("H")
        await found.until(lambda: "the plain one" in found.text())


async def test_a_hundred_thousand_lines_show_at_once_and_their_end_can_be_reached(seeded: Paths) -> None:
    async with bench(seeded) as found:
        text = "\n".join(f"line number {n}" for n in range(100_000))
        put_text(found.store, found.id_at(1), plain_to_readable(text))
        await found.press("j", "enter")
        await found.until(lambda: "line number 3" in found.text())
        reader = found.app.main.reader
        await found.press("G")
        await found.until(lambda: "line number 99999" in found.text())
        assert reader.flowed_completely


ODD_TEXTS = (b"", b"{", b"[]", b'["plain", 3]', b'{"a": 1}', b"\xff", b'["plain",[["x",0,"odd"]]]')


@pytest.mark.parametrize("data", ODD_TEXTS)
async def test_a_stored_text_that_cannot_be_read_is_a_note(seeded: Paths, data: bytes) -> None:
    async with bench(seeded) as found:
        found.store.parts.put_text(found.id_at(1), "text", data)
        await found.press("j", "enter")
        await found.until(lambda: "cannot be read" in found.text())


async def test_progress_of_a_first_sync_is_told_in_the_empty_list(paths: Paths) -> None:
    seed(paths, mail=())
    async with bench(paths) as found:
        found.engine.say(Progress("work", found.inbox, "headers", 1_200, 80_000))
        await found.until(lambda: "1,200 of 80,000" in found.text())


async def test_a_broken_mailbox_says_why(paths: Paths) -> None:
    seed(paths, mail=())
    with Store.open(paths) as store:
        store.mailboxes.set_error(inbox_of(store), "The server says: \x1b[31mno\x1b[0m such mailbox.")
    async with bench(paths) as found:
        assert "This mailbox cannot be read" in found.text()
        assert "such mailbox." in found.text()


async def test_the_status_line_follows_the_account(seeded: Paths) -> None:
    async with bench(seeded) as found:
        found.store.accounts.set_status(
            found.app.main.accounts[0].name, AccountStatus.OFFLINE, "No route to imap.example.", at=NOW - 600
        )
        found.engine.say(StatusChanged("work"))
        await found.until(lambda: "offline since 09:02 · No route to imap.example." in found.text())


def set_status(store: Store, status: AccountStatus, sentence: str = "") -> None:
    """The account is in this state now."""
    store.accounts.set_status(WORK, status, sentence, at=NOW)


async def test_a_password_is_asked_for_once(seeded: Paths) -> None:
    async with bench(seeded) as found:
        set_status(found.store, AccountStatus.NEEDS_PASSWORD)
        found.engine.say(PasswordWanted("work", "Please log in."))
        await found.until(lambda: isinstance(found.app.screen, PasswordScreen))
        found.engine.say(PasswordWanted("work", "Please log in."))
        await found.pilot.pause(0.15)
        await found.press("escape")
        assert not isinstance(found.app.screen, PasswordScreen)


async def test_a_password_for_sending_is_asked_for_and_handed_on_as_such(seeded: Paths) -> None:
    async with bench(seeded) as found:
        found.engine.say(PasswordWanted("work", "smtp.example.org refused the login.", part="send"))
        await found.until(lambda: isinstance(found.app.screen, PasswordScreen))
        await found.until(lambda: "for sending" in found.text())
        await found.press("s", "e", "c", "enter")
        await found.until(lambda: Credential("work", "sec", "send") in found.engine.heard)


async def test_a_password_that_came_by_another_way_is_asked_for_no_longer(seeded: Paths) -> None:
    async with bench(seeded) as found:
        set_status(found.store, AccountStatus.NEEDS_PASSWORD)
        found.engine.say(PasswordWanted("work", "Please log in."))
        await found.until(lambda: isinstance(found.app.screen, PasswordScreen))
        await found.press("s", "e", "c")
        found.app.push_screen(HelpScreen({}))
        await found.until(lambda: isinstance(found.app.screen, HelpScreen))
        set_status(found.store, AccountStatus.CONNECTING)
        found.engine.say(StatusChanged("work"))
        await found.pilot.pause(0.15)
        assert isinstance(found.app.screen, HelpScreen), "what lies over it stays"
        await found.press("escape")
        await found.until(lambda: found.app.screen is found.app.main)
        assert not [each for each in found.engine.heard if isinstance(each, Credential)]


@pytest.mark.parametrize("dialog", [False, True], ids=["alone", "under a dialog"])
async def test_the_inbox_opens_by_itself_when_the_first_mailboxes_arrive(paths: Paths, dialog: bool) -> None:
    with Store.open(paths) as store:
        store.accounts.sync_names([(WORK, "ada@example.org", "imap")])
        set_status(store, AccountStatus.NEEDS_PASSWORD, "The keyring has no password.")
    async with bench(paths) as found:
        assert "Not connected" in found.text()
        if dialog:
            found.engine.say(PasswordWanted("work", "The keyring has no password."))
            await found.until(lambda: isinstance(found.app.screen, PasswordScreen))
        set_status(found.store, AccountStatus.SYNCING)
        found.store.mailboxes.apply_listing(WORK, LISTING)
        inbox = inbox_of(found.store)
        found.engine.say(StatusChanged("work"))
        found.engine.say(TreeChanged("work"))
        await found.until(lambda: found.app.main.shown == inbox)
        await found.until(lambda: found.app.screen is found.app.main)
        found.store.envelopes.ingest(inbox, [incoming(7, "New <n@example.org>", "The very first", 0, 0, 100, False)])
        found.engine.say(MailboxChanged(inbox))
        await found.until(lambda: "The very first" in found.text())
        await found.until(lambda: Show(inbox) in found.engine.heard)


@pytest.mark.parametrize("keys", [(), ("tab",)], ids=["nobody chose", "somebody went elsewhere"])
async def test_the_first_account_is_shown_although_another_was_there_first(paths: Paths, keys: tuple[str, ...]) -> None:
    home = AccountName("home")
    with Store.open(paths) as store:
        store.accounts.sync_names([(WORK, "ada@example.org", "imap"), (home, "a@home.example", "imap")])
        store.mailboxes.apply_listing(home, LISTING)
    async with bench(paths) as found:
        other = found.store.mailboxes.with_role(home, Role.INBOX)
        assert other is not None
        await found.until(lambda: found.app.main.shown == other.id)
        await found.press(*keys)
        found.store.mailboxes.apply_listing(WORK, LISTING)
        inbox = inbox_of(found.store)
        found.engine.say(TreeChanged("work"))
        await found.until(lambda: inbox in found.app.main.mailboxes)
        await found.pilot.pause()
        assert found.app.main.shown == (other.id if keys else inbox)


async def test_an_account_whose_mailboxes_all_vanish_shows_none_of_their_mail(seeded: Paths) -> None:
    async with bench(seeded) as found:
        found.store.mailboxes.apply_listing(WORK, [])
        found.engine.say(TreeChanged("work"))
        await found.until(lambda: "No mailbox" in found.text())
        assert "Compiler review" not in found.text()
        await found.press("j", "enter", "s", "x", "n", "asterisk", "m", "escape")
        found.store.mailboxes.apply_listing(WORK, LISTING)
        found.engine.say(TreeChanged("work"))
        await found.until(lambda: "The inbox is empty" in found.text() or "Fetching" in found.text())


async def test_a_click_moves_a_double_click_opens_and_the_wheel_scrolls(paths: Paths) -> None:
    seed(paths, mail=[("Ada <a@b.example>", f"Number {n}", n + 10, 0, 100, False) for n in range(300)], bodies=False)
    async with bench(paths) as found:
        view = found.app.main.list_view
        await found.pilot.click(MessageList, offset=(20, 4))
        assert view.cursor == 4
        await found.pilot.click(MessageList, offset=(20, 6), times=2)
        await found.pilot.pause()
        assert isinstance(found.app.focused, Reader)
        view.scroll_down(animate=False)
        await found.pilot.pause()
        assert view.top_line > 0
        await found.pilot.click(MessageList, offset=(1, 2))
        assert len(view.selected) == 1


async def test_dragging_a_splitter_is_remembered(seeded: Paths) -> None:
    async with bench(seeded) as found:
        main = found.app.main
        await found.pilot.mouse_down("#split-tree")
        await found.pilot.hover("#list", offset=(8, 5))
        await found.pilot.mouse_up("#list", offset=(8, 5))
        await found.pilot.pause()
        dragged = main.widths.tree_cells
        assert dragged > 24
    async with bench(seeded) as found:
        assert found.app.main.pane_layout.tree == dragged


async def test_a_flood_of_notices_reads_little_and_draws_only_what_looks_otherwise(
    seeded: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()

    def counted(owner: type[Any], name: str) -> None:
        method = getattr(owner, name)

        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            counts[name] += 1
            return method(self, *arguments, **named)

        monkeypatch.setattr(owner, name, call)

    async with bench(seeded) as it:
        view = it.app.main.list_view

        def older(number: int) -> None:
            row = incoming(5000 + number, "Ada", f"older {number}", 900_000 + number, 1, 800, False)
            it.store.envelopes.ingest(it.inbox, [row])
            it.app.hear(MailboxChanged(it.inbox))

        for wanted in (range(60), range(60, 61)):  # the scroll bar comes, then the lines are as narrow
            for number in wanted:
                older(number)
            await it.until(lambda wanted=wanted: view.total == len(MAIL) + wanted.stop)  # type: ignore[misc]
            await it.pilot.pause()
        counted(MessageList, "reload")
        counted(MessageList, "render_line")
        counted(MainScreen, "_refresh_layout")
        for number in range(61, 200):
            older(number)
        await it.until(lambda: view.total == len(MAIL) + 200)
        await it.pilot.pause()
        assert 1 <= counts["reload"] <= 10
        assert (counts["render_line"], counts["_refresh_layout"]) == (0, 0)


async def test_a_page_that_begins_amid_a_row_stays_there(seeded: Paths) -> None:
    async with bench(seeded, size=(60, 9)) as it:
        view = it.app.main.list_view
        view.reshape(view.shape._replace(is_roomy=True))
        await it.press("j", "j")
        view.scroll_line_to(3)
        assert view.top_line % view.row_height == 1
        older = incoming(6000, "Ada", "oldest", 990_000, 1, 800, False)
        it.store.envelopes.ingest(it.inbox, [older])
        view.reload()
        assert (view.total, view.top_line) == (len(MAIL) + 1, 3)
