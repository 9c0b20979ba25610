"""The keys of the message list, on what a search found: on one, on selected ones, wherever each lies."""

from __future__ import annotations

import pytest

from tests.store.indexing import index
from tests.ui.seed import WORK, inbox_of, incoming, seed
from tests.ui.test_acting_screen import ids_in, mailbox, type_in
from tests.ui.test_main_screen import Bench, bench
from tuimail.model import Flag
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.screens.palette import PaletteScreen
from tuimail.ui.screens.search import SearchScreen
from tuimail.ui.widgets.found import FoundList


@pytest.fixture
def seeded(paths: Paths) -> Paths:
    """Mail with one word, two in the inbox, one each in Archive and Junk."""
    seed(paths, [
        ("Grace <grace@navy.example>", "heron one", 10, 0, 900, False),
        ("Grace <grace@navy.example>", "heron two", 20, int(Flag.SEEN), 900, False),
        ("Grace <grace@navy.example>", "another bird", 30, 0, 900, False),
    ])  # fmt: skip
    with Store.open(paths) as store:
        for uid, name in ((50, "Archive"), (60, "Junk")):
            found = store.mailboxes.find(WORK, name)
            assert found is not None
            store.envelopes.ingest(found.id, [incoming(uid, "x@y.example", f"heron {name}", uid, 0, 900, False)])
        index(store)
    return paths


async def search(found: Bench, words: str) -> FoundList:
    """Look for words, and go to what was found."""
    await found.press("slash")
    await type_in(found, words)
    await found.press("enter")
    screen = found.app.screen
    assert isinstance(screen, SearchScreen)
    rows = screen.query_one(FoundList)
    await found.until(lambda: rows.has_focus)
    return rows


def where(rows: FoundList) -> list[str]:
    """The mailboxes that the rows tell."""
    return [each.hit.mailbox for each in rows._answer.found] if rows._answer is not None else []


async def test_selected_ones_of_several_mailboxes_are_moved_and_come_back(seeded: Paths) -> None:
    async with bench(seeded) as found:
        one, two, _ = ids_in(found, "INBOX")
        await found.press("x")  # in the list behind: not meant by keys of the search, and not left selected when gone
        rows = await search(found, "heron")
        assert where(rows) == ["INBOX", "INBOX", "Archive", "Junk"]
        await found.press("x", "j", "x", "V")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        assert "Move 2 messages to" in found.text()
        await type_in(found, "tra")
        await found.press("enter")
        await found.until(lambda: where(rows) == ["Trash", "INBOX", "Trash", "Junk"])
        assert len(ids_in(found, "Trash")) == 2
        assert not rows.selected
        assert not found.app.main.list_view.selected
        await found.press("u")
        await found.until(lambda: where(rows) == ["INBOX", "INBOX", "Archive", "Junk"])
        await found.press("g", "C")
        await type_in(found, "sent")
        await found.press("enter")
        await found.until(lambda: len(ids_in(found, "Sent")) == 1)
        assert one in ids_in(found, "INBOX")
        assert two in ids_in(found, "INBOX")


async def test_the_archive_is_by_year_and_junk_is_by_where_each_lies(seeded: Paths) -> None:
    async with bench(seeded) as found:
        found.app.main.archive_by_year = True
        one, two, _ = ids_in(found, "INBOX")
        rows = await search(found, "heron")
        await found.press("e")
        await found.until(lambda: "INBOX" not in where(rows)[:1])
        assert where(rows)[0].startswith("Archive/20")
        await found.press("G", "exclamation_mark")
        await found.until(lambda: where(rows)[3] == "INBOX")
        await found.press("k", "k", "exclamation_mark")
        await found.until(lambda: ids_in(found, "Junk") == [two])
        assert one not in ids_in(found, "INBOX")


async def test_a_conversation_is_shown_whole_acted_on_and_muted_and_left_again(seeded: Paths) -> None:
    with Store.open(seeded) as store:
        ids = [row.id for row in store.envelopes.window(inbox_of(store), 0, 10).rows]
        store._database.run("UPDATE envelope SET thread_id = 9999 WHERE id IN (?, ?)", (ids[0], ids[2]))
    async with bench(seeded) as found:
        one, _, bird = ids_in(found, "INBOX")
        assert [one, bird] == [ids[0], ids[2]]
        rows = await search(found, "heron one")
        await found.press("T")
        await found.until(lambda: sorted(rows.ids) == sorted([one, bird]))
        assert rows.has_focus
        await found.press("K")
        await found.until(lambda: 9999 in found.store.conversations.muted())
        await found.press("asterisk", "e")
        await found.until(lambda: where(rows) == ["Archive", "Archive"])
        await found.press("K")
        await found.until(lambda: 9999 not in found.store.conversations.muted())
        await found.press("T")
        await found.until(lambda: one in rows.ids and bird not in rows.ids)
        await found.press("i", "ctrl+u")
        await type_in(found, "heron")
        await found.press("enter")
        await found.until(lambda: len(rows.ids) == 4 and rows.has_focus)
        await found.press("j", "j", "T")
        await found.until(lambda: len(rows.ids) == 1)
        (other,) = rows.ids
        await found.press("T")
        await found.until(lambda: len(rows.ids) == 4 and rows.cursor == 2)
        assert rows.ids[2] == other


async def test_flags_and_keywords_show_at_once_and_deleting_for_good_asks(seeded: Paths) -> None:
    async with bench(seeded) as found:
        one, two, _ = ids_in(found, "INBOX")
        rows = await search(found, "heron in:INBOX")
        assert found.text().count("★") == 0
        await found.press("asterisk", "s")
        assert found.text().count("★") == 2
        await found.until(lambda: all(row.flags & Flag.FLAGGED for row in found.store.envelopes.rows([one, two])))
        await found.press("x", "W")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        await type_in(found, "later")
        await found.press("enter")
        await found.until(lambda: found.store.envelopes.rows([one])[0].keywords == "later")
        assert found.store.envelopes.rows([two])[0].keywords == ""
        await found.press("asterisk", "D")
        await found.until(lambda: isinstance(found.app.screen, Confirm))
        await found.press("escape")
        await found.press("asterisk", "d")
        await found.until(lambda: len(ids_in(found, "Trash")) == 2)
        await found.until(lambda: rows.total == 0)
        assert mailbox(found, "Trash") != inbox_of(found.store)
