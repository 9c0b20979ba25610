"""Keys that act on mail: what is shown at once, what the store has then, and the way back."""

from __future__ import annotations

import threading

import pytest

from tests.ui.seed import WORK, seed
from tests.ui.test_main_screen import Bench, bench
from tuimail.engine.protocol import PartArrived, Wake, Want
from tuimail.errors import UsageError
from tuimail.model import AccountName, EnvelopeId, MailboxId, Role, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.mailboxes import ListedMailbox
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.screens.journal import JournalScreen
from tuimail.ui.screens.mailbox_name import MailboxName
from tuimail.ui.screens.palette import PaletteScreen
from tuimail.wishes import acting


@pytest.fixture
def seeded(paths: Paths) -> Paths:
    """A store with mail."""
    seed(paths)
    return paths


def mailbox(found: Bench, name: str) -> MailboxId:
    """A mailbox of the account."""
    known = found.store.mailboxes.find(WORK, name)
    assert known is not None, name
    return known.id


def ids_in(found: Bench, name: str) -> list[EnvelopeId]:
    """What the store has in a mailbox."""
    return [row.id for row in found.store.envelopes.window(mailbox(found, name), 0, 99).rows]


async def type_in(found: Bench, words: str) -> None:
    """Type into a field."""
    await found.press(*("slash" if letter == "/" else letter for letter in words))


async def test_archived_mail_leaves_the_list_with_the_key_and_comes_back_with_undo(seeded: Paths) -> None:
    async with bench(seeded) as found:
        view = found.app.main.list_view
        first, second, third = (found.id_at(position) for position in range(3))
        await found.press("j")
        gate = threading.Event()
        found.app.main.lane.run(lambda _: gate.wait(10))
        found.app.main.action_message_archive()
        assert [row.id for row in (view.row_at(0), view.row_at(1)) if row is not None] == [first, third]
        assert view.cursor_id == third
        assert found.id_at(1) == second
        gate.set()
        await found.until(lambda: ids_in(found, "Archive") == [second])
        await found.until(lambda: "Archived 1 message · u undoes" in found.text())
        assert Wake("work") in found.engine.heard
        await found.press("u")
        await found.until(lambda: ids_in(found, "Archive") == [])
        await found.until(lambda: view.cursor_id == second)
        assert found.id_at(1) == second


async def test_mail_is_archived_by_year_where_the_configuration_says_so(seeded: Paths) -> None:
    async with bench(seeded) as found:
        first = found.id_at(0)
        found.app.main.archive_by_year = True
        await found.press("e")
        await found.until(lambda: found.store.mailboxes.find(WORK, "Archive/2026") is not None)
        assert ids_in(found, "Archive/2026") == [first]


async def test_what_cannot_be_done_is_told_and_the_row_is_back(seeded: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UsageError("There is no archive [/].", "Make one.")

    monkeypatch.setattr(acting, "archive", refuse)
    async with bench(seeded) as found:
        before = found.app.main.list_view.total
        await found.press("e")
        await found.until(lambda: "There is no archive [/]. Make one." in found.text())
        assert found.app.main.list_view.total == before


async def test_selected_mail_is_moved_to_a_mailbox_found_by_letters_which_is_first_the_next_time(seeded: Paths) -> None:
    async with bench(seeded) as found:
        chosen = {found.id_at(position) for position in range(2)}
        await found.press("x", "x", "V")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        assert "Move 2 messages to" in found.text()
        await type_in(found, "recei")
        await found.press("enter")
        await found.until(lambda: set(ids_in(found, "Receipts")) == chosen)
        assert not found.app.main.list_view.selected
        await found.until(lambda: "Moved 2 messages to Receipts" in found.text())
        await found.press("V")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        await found.until(lambda: "often" in found.text())
        third = found.app.main.list_view.cursor_id
        await found.press("enter")
        await found.until(lambda: third in ids_in(found, "Receipts"))


async def test_mail_is_copied_to_a_mailbox_that_is_made_for_it(seeded: Paths) -> None:
    async with bench(seeded) as found:
        first, total = found.id_at(0), found.app.main.list_view.total
        await found.press("C")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        await type_in(found, "fresh")
        await found.until(lambda: "New mailbox: fresh" in found.text())
        await found.press("enter")
        await found.until(lambda: "Copied 1 message to fresh" in found.text())
        assert len(ids_in(found, "fresh")) == 1
        assert found.id_at(0) == first
        assert found.app.main.list_view.total == total


async def test_deleting_from_the_trash_is_asked_and_nothing_happens_without_a_yes(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("d", "d")
        await found.until(lambda: len(ids_in(found, "Trash")) == 2)
        found.app.main.open_mailbox(mailbox(found, "Trash"))
        await found.press("d")
        await found.until(lambda: isinstance(found.app.screen, Confirm))
        assert "Delete 1 message for good?" in found.text()
        await found.press("escape")
        assert len(ids_in(found, "Trash")) == 2
        await found.press("d")
        await found.until(lambda: isinstance(found.app.screen, Confirm))
        await found.press("y")
        await found.until(lambda: len(ids_in(found, "Trash")) == 1)
        await found.until(lambda: "Deleted 1 message for good." in found.text())
        assert "undoes" not in found.text()


async def test_junk_goes_there_and_back(seeded: Paths) -> None:
    async with bench(seeded) as found:
        first = found.id_at(0)
        await found.press("exclamation_mark")
        await found.until(lambda: ids_in(found, "Junk") == [first])
        found.app.main.open_mailbox(mailbox(found, "Junk"))
        await found.press("exclamation_mark")
        await found.until(lambda: ids_in(found, "Junk") == [])
        assert found.id_at(0) == first


async def test_a_keyword_is_given_and_offered_again(seeded: Paths) -> None:
    async with bench(seeded) as found:
        first = found.id_at(0)
        await found.press("W")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        await type_in(found, "later")
        await found.press("enter")
        await found.until(lambda: found.store.envelopes.rows([first])[0].keywords == "later")
        await found.press("W")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        await found.until(lambda: "take off" in found.text())
        await found.press("enter")
        await found.until(lambda: found.store.envelopes.rows([first])[0].keywords == "")


async def test_the_journal_shows_what_failed_and_tries_it_again_or_gives_it_up(seeded: Paths) -> None:
    async with bench(seeded) as found:
        first = found.id_at(0)
        await found.press("e")
        await found.until(lambda: ids_in(found, "Archive") == [first])
        found.store.pending.fail([identity for identity, _ in found.store.pending.due(WORK)], "The quota is full.")
        await found.press("U")
        await found.until(lambda: isinstance(found.app.screen, JournalScreen))
        await found.until(lambda: "1 failed" in found.text())
        assert "The quota is full." in found.text()
        await found.press("r")
        await found.until(lambda: "1 waiting" in found.text())
        assert ids_in(found, "Archive") == [first]
        await found.press("d")
        await found.until(lambda: isinstance(found.app.screen, Confirm))
        await found.press("y")
        await found.until(lambda: "nothing waits" in found.text())
        assert ids_in(found, "Archive") == []
        await found.press("escape")
        await found.until(lambda: found.app.screen is found.app.main)
        assert found.app.main.list_view.row_at(0) is not None


async def test_mail_of_a_server_goes_to_another_account_once_it_is_here(seeded: Paths) -> None:
    with Store.open(seeded) as store:
        other = AccountName("home")
        store.accounts.sync_names([(WORK, "ada@example.org", "imap"), (other, "ada@home.example", "imap")])
        store.mailboxes.apply_listing(other, [ListedMailbox("INBOX", "/", Role.INBOX, uid_validity=1)])
    async with bench(seeded) as found:
        first = found.id_at(0)
        await found.press("V")
        await found.until(lambda: isinstance(found.app.screen, PaletteScreen))
        await type_in(found, "home")
        await found.press("enter")
        wanted = Want(first, Section(""))
        await found.until(lambda: wanted in found.engine.heard)
        assert found.id_at(0) == first
        found.store.parts.put(first, Section(""), b"Subject: x\r\n\r\nHello\r\n")
        found.engine.say(PartArrived(first, Section("")))
        inbox = found.store.mailboxes.find(other, "INBOX")
        assert inbox is not None
        await found.until(lambda: found.store.envelopes.window(inbox.id, 0, 9).total == 1)
        await found.until(lambda: "Moved 1 message" in found.text())


async def test_a_mailbox_of_a_server_is_made_at_once_and_unmade_by_undo(seeded: Paths) -> None:
    async with bench(seeded) as found:
        await found.press("h", "plus")
        await found.until(lambda: isinstance(found.app.screen, MailboxName))
        await type_in(found, "aa/bb")
        await found.press("enter")
        await found.until(lambda: found.store.mailboxes.find(WORK, "aa/bb") is not None)
        await found.until(lambda: "Made the mailbox aa/bb" in found.text())
        await found.press("u")
        await found.until(lambda: found.store.mailboxes.find(WORK, "aa/bb") is None)


async def test_in_the_folder_tree_no_message_is_meant(seeded: Paths) -> None:
    async with bench(seeded) as found:
        total = found.app.main.list_view.total
        await found.press("h", "d")
        await found.until(lambda: "The keys are in the folder tree" in found.text())
        assert found.app.main.list_view.total == total


async def test_what_was_asked_for_is_written_although_the_program_is_left_at_once(seeded: Paths) -> None:
    async with bench(seeded) as found:
        first = found.id_at(0)
        found.app.main.action_message_archive()
        found.app.exit()
        found.app.close()
        assert ids_in(found, "Archive") == [first]
