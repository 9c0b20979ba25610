"""Lists as a person sees them: views over accounts, threads, filters, dates, unread mail elsewhere."""

from __future__ import annotations

from tests.ui.seed import LISTING, WORK, inbox_of, incoming, put_text, seed
from tests.ui.test_main_screen import bench
from tuimail.engine.protocol import MailboxChanged
from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import AccountName, Flag
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.listing import ViewListing
from tuimail.ui.lines.day_page import whole_rows

HOME = AccountName("home")
CONVERSATION = (("Grace Hopper", 5, 0), ("Alan Turing", 4, int(Flag.SEEN)), ("Mary Somerville", 3, 0))


def seed_conversation(paths: Paths) -> None:
    """One conversation of three among single messages, all with texts."""
    seed(paths)
    with Store.open(paths) as store:
        inbox = inbox_of(store)
        store.envelopes.ingest(inbox, [
            incoming(2000 + n, f"{name} <x@y.example>", "Second pass", minutes, flags, 900, False)._replace(
                thread_id=77, in_reply_to=f"<{1999 + n}@example.org>"
            )
            for n, (name, minutes, flags) in enumerate(CONVERSATION)
        ])  # fmt: skip
        for row in store.envelopes.window(inbox, 0, 3).rows:
            put_text(store, row.id, plain_to_readable(f"These are the words of {row.sender}."))


async def test_a_conversation_is_one_line_opens_in_place_and_is_read_as_a_whole(paths: Paths) -> None:
    seed_conversation(paths)
    async with bench(paths, size=(150, 30)) as found:
        screen = found.app.main
        view = screen.list_view
        before = view.total
        await found.press("T")
        await found.until(lambda: isinstance(screen.listing, ViewListing) and screen.listing.is_made)
        assert view.total == before - 2
        assert "2/3" in found.text()
        await found.press("enter")
        await found.until(lambda: "words of Mary" in found.text())
        assert "words of Grace" in found.text()
        assert "▸ Alan Turing" in found.text()
        await found.press("Z")
        await found.until(lambda: "▾ Alan Turing" in found.text())
        await found.press("escape", "Z")
        assert view.total == before
        assert "▾ Grace Hopper" in found.text()
        assert "└ Alan Turing" in found.text()
        assert len(screen.chosen()) == 1
        await found.press("left")
        assert view.total == before - 2
        assert len(screen.chosen()) == 3
        await found.press("right")
        assert view.total == before
        await found.press("left")
        await found.press("s")
        await found.until(lambda: all(row.flags & Flag.FLAGGED for row in found.store.envelopes.rows(screen.chosen())))


async def test_a_filter_narrows_the_list_while_one_types_and_esc_shows_all(paths: Paths) -> None:
    seed(paths)
    async with bench(paths, size=(150, 30)) as found:
        view = found.app.main.list_view
        everything = view.total
        await found.press("ampersand", *"dsa")
        await found.until(lambda: view.total == 1)
        assert "[SECURITY]" in found.text()
        await found.press(*"xx")
        await found.until(lambda: view.total == 0)
        assert "No message has these words" in found.text()
        await found.press("enter", "escape")
        await found.until(lambda: view.total == everything)


async def test_what_is_read_in_unread_stays_and_mail_that_comes_appears(paths: Paths) -> None:
    seed(paths)
    async with bench(paths, size=(150, 30), mark_seen_after_s=0.001) as found:
        screen, view = found.app.main, found.app.main.list_view
        await found.press("h", "g", "l", "enter")
        listing = screen.listing
        assert isinstance(listing, ViewListing)
        await found.until(lambda: listing.is_made)
        assert view.total == 3
        await found.until(lambda: found.store.mailboxes.get(found.inbox).unread == 2)  # type: ignore[union-attr]  # it is there
        found.store.envelopes.ingest(found.inbox, [incoming(3000, "New <n@b.example>", "Just in", 0, 0, 10, False)])
        found.engine.say(MailboxChanged(found.inbox))
        await found.until(lambda: "Just in" in found.text())
        assert view.total == 4


async def test_unread_mail_is_found_in_other_mailboxes(paths: Paths) -> None:
    seed(paths)
    with Store.open(paths) as store:
        lists = store.mailboxes.find(WORK, "Lists/python-dev")
        assert lists is not None
        store.envelopes.ingest(lists.id, [incoming(5, "Guido <g@p.example>", "PEP 8", 60, 0, 10, False)])
        store.mailboxes.set_synced(lists.id, 1)
    async with bench(paths, size=(150, 30)) as found:
        screen = found.app.main
        await found.press("j", "j", "right_square_bracket")
        await found.until(lambda: screen.shown == lists.id)
        await found.press("left_square_bracket")
        await found.until(lambda: screen.shown == found.inbox)


async def test_a_view_is_found_by_its_name_and_all_keys_there_act_on_the_account_of_each_message(paths: Paths) -> None:
    seed(paths)
    with Store.open(paths) as store:
        store.accounts.sync_names([(WORK, "ada@example.org", "imap"), (HOME, "ada@example.net", "imap")])
        store.mailboxes.apply_listing(HOME, LISTING)
        other = store.mailboxes.find(HOME, "INBOX")
        assert other is not None
        store.envelopes.ingest(other.id, [incoming(1, "Jean <j@b.example>", "From home", 0, 0, 10, False)])
        store.mailboxes.set_synced(other.id, 1)
    async with bench(paths, size=(170, 30)) as found:
        screen = found.app.main
        await found.press("M", *"all inb", "enter")
        await found.until(lambda: isinstance(screen.listing, ViewListing) and screen.listing.is_made)
        assert "home From home" in found.text()
        await found.press("e")
        await found.until(lambda: "From home" not in found.text())
        archive = found.store.mailboxes.find(HOME, "Archive")
        assert archive is not None
        await found.until(lambda: found.store.envelopes.window(archive.id, 0, 1).total == 1)
        await found.press("u")
        await found.until(lambda: "From home" in found.text())


async def test_days_have_headings_that_the_cursor_passes_over_and_other_orders_have_none(paths: Paths) -> None:
    seed(paths, mail=[("Ada <a@b.example>", f"Note {n}", n * 400, 0, 100, False) for n in range(60)])
    async with bench(paths, size=(150, 24)) as found:
        view = found.app.main.list_view
        await found.press("ctrl+y")
        await found.until(lambda: "Today ─" in found.text())
        assert "Yesterday ─" in found.text()
        for step in ("j", "ctrl+f", "G", "k", "ctrl+b", "g"):
            await found.press(*(step for _ in range(12 if step in "jk" else 1)))
            assert view.cursor in whole_rows(view._day_lines(), view.row_height), step
        assert view.top_position == 0
        await found.press("G")
        assert "Note 59" in found.text()
        await found.press("comma", *"sender", "enter")
        await found.until(lambda: not view.has_days)
        assert " ─" not in found.text().split("│")[1]


async def test_going_to_a_date_finds_its_newest_message(paths: Paths) -> None:
    seed(paths)
    async with bench(paths, size=(150, 30)) as found:
        await found.press("semicolon", *"2026-02", "enter")
        await found.until(lambda: found.app.main.list_view.cursor > 0)
        row = found.app.main.list_view.row_at(found.app.main.list_view.cursor)
        assert row is not None
        assert row.subject == "Spanning tree poem"
