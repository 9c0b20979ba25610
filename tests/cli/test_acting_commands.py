"""`move`, `archive`, `delete`, `junk`, `copy`, `undo`, `journal`, `mailboxes create`, with the server away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import Home
from tests.cli.test_with_engine import id_of, plain
from tests.demo_account import PASSWORD, configured, stop_engine
from tuimail.cli.parser import parse
from tuimail.demo.server import DemoServer
from tuimail.model import EnvelopeId

Ids = Callable[[str], int]


def where(home: Home, number: int) -> str:
    """The mailbox that shows a message; empty when none does."""
    with home.store() as store:
        envelope = store.envelopes.envelope(EnvelopeId(number))
        assert store.check() == []
    return envelope.mailbox if envelope is not None else ""


def test_mail_is_archived_here_at_once_and_undo_brings_it_back(seeded: Home, ids: Ids) -> None:
    first = ids("First")
    done = seeded.run("archive", first)
    assert (done.code, done.out) == (0, "Archived 1 message.\n")
    assert "next `tuimail sync`" in done.err
    assert where(seeded, first) == "Archive"
    assert seeded.run("archive", first).out == "Nothing was to be done.\n"
    assert seeded.run("undo").out == "Undone: archived 1 message.\n"
    assert where(seeded, first) == "INBOX"
    nothing = seeded.run("undo")
    assert (nothing.code, nothing.err.splitlines()[0]) == (2, "tuimail: There is nothing to undo.")


def test_mail_is_moved_by_the_name_of_a_mailbox_or_what_it_is_for(seeded: Home, ids: Ids) -> None:
    first, red = ids("First"), ids("red")
    assert seeded.run("move", first, red, "Lists/Empty").out == "Moved 2 messages to Lists/Empty.\n"
    assert where(seeded, red) == "Lists/Empty"
    values = seeded.run("move", red, "inbox", "--json").json()
    assert (values["sentence"], values["accounts"]) == ("Moved 1 message to INBOX.", ["work"])
    assert seeded.run("copy", first, "sent").code == 0
    assert seeded.run("list", "--mailbox", "sent").out.count("First things") == 2
    wrong = seeded.run("move", first, "Emtpy")
    assert wrong.code == 2
    assert "There is no mailbox Emtpy." in wrong.err
    assert seeded.run("move", 999, "sent").code == 1


def test_what_cannot_be_undone_needs_a_yes(seeded: Home, ids: Ids) -> None:
    first = ids("First")
    assert seeded.run("delete", first).out == "Deleted 1 message.\n"
    refused = seeded.run("delete", first)
    assert refused.code == 2
    assert "Add --yes; nothing was done." in refused.err
    assert where(seeded, first) == "Trash"
    assert seeded.run("delete", first, "--yes").out == "Deleted 1 message for good.\n"
    assert where(seeded, first) == ""
    red = ids("red")
    assert seeded.run("delete", red, "--for-good").code == 2
    assert seeded.run("delete", red, "--for-good", "--yes").code == 0


def test_junk_is_marked_and_moved_and_back(seeded: Home, ids: Ids) -> None:
    first = ids("First")
    seeded.run("junk", first)
    assert where(seeded, first) == "Junk"
    seeded.run("junk", "--not", first)
    assert where(seeded, first) == "INBOX"
    with seeded.store() as store:
        assert store.envelopes.rows([EnvelopeId(first)])[0].keywords == "$NotJunk"


def test_the_journal_lists_what_waits_and_drops_it(seeded: Home, ids: Ids) -> None:
    first = ids("First")
    assert "Nothing waits" in seeded.run("journal", "list").err
    seeded.run("flag", first, "+flagged")
    seeded.run("move", first, "Lists/Empty")
    star, moved = seeded.run("journal", "list", "--json").json()
    assert (star["words"], star["state"]) == ("star: First things", "waiting")
    assert (moved["words"], moved["mailbox"]) == ("move to Lists/Empty: First things", "INBOX")
    assert "move to Lists/Empty" in seeded.run("journal", "list").out
    with seeded.store() as store:
        store.pending.fail([moved["id"]], "The server says: no.")
    assert where(seeded, first) == "INBOX"
    assert "The server says: no." in seeded.run("journal", "list").out
    assert seeded.run("journal", "retry", moved["id"]).code == 0
    assert where(seeded, first) == "Lists/Empty"
    assert seeded.run("journal", "drop", moved["id"], star["id"]).code == 0
    assert seeded.run("journal", "list", "--json").json() == []
    assert where(seeded, first) == "INBOX"
    assert seeded.run("journal", "drop", 999).code == 1


def test_mailboxes_are_made_renamed_unsubscribed_and_deleted(seeded: Home, ids: Ids) -> None:
    def names() -> list[str]:
        return [each["name"] for each in seeded.run("mailboxes", "--json").json()]

    assert seeded.run("mailboxes", "create", "Lists/looms").out == "Made the mailbox Lists/looms.\n"
    assert "Lists/looms" in names()
    assert seeded.run("mailboxes", "create", "Lists/looms").code == 2
    assert seeded.run("move", ids("First"), "Lists/looms").code == 0
    assert seeded.run("mailboxes", "rename", "Lists/looms", "Looms").code == 0
    assert where(seeded, ids("First")) == "Looms"
    assert seeded.run("mailboxes", "subscribe", "Looms", "--off").out == "Unsubscribed from Looms.\n"
    refused = seeded.run("mailboxes", "delete", "Looms")
    assert refused.code == 2
    assert "1 message" in refused.err
    assert seeded.run("mailboxes", "delete", "Looms", "--yes").code == 0
    assert "Looms" not in names()
    assert where(seeded, ids("First")) == "Trash"
    for _ in range(5):
        assert seeded.run("undo").code == 0
    assert where(seeded, ids("First")) == "INBOX"
    assert seeded.run("mailboxes", "rename", "INBOX", "Else").code == 2


@pytest.mark.parametrize("word", ["move", "copy", "archive", "delete", "junk"])
def test_each_has_help_and_refuses_what_is_no_message(seeded: Home, word: str) -> None:
    assert seeded.run(word, "--help").code == 0
    wrong = seeded.run(word, "x", *(["sent"] if word in ("move", "copy") else []))
    assert (wrong.code, "is not the number of a message" in wrong.err) == (2, True)


# --- with a server ------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer.start(samples=False, password=PASSWORD) as server:
        for word in (b"Old", b"News"):
            server.deliver(plain(word, b"Text."))
        yield server


def test_what_was_done_here_is_done_there_and_undone_there(home: Home, server: DemoServer) -> None:
    home.configure(configured(server))
    assert home.run("sync").code == 0
    old, news = id_of(home, "Old"), id_of(home, "News")
    assert home.run("mailboxes", "create", "Looms").code == 0
    home.run("flag", old, "+flagged")
    home.run("move", old, "Looms")
    home.run("delete", news, "--for-good", "--yes")
    assert home.run("sync").code == 0
    assert home.run("journal", "list", "--json").json() == []
    (there,) = server.store.mailbox("Looms").messages
    assert (b"Subject: Old" in there.raw, "\\Flagged" in there.flags) == (True, True)
    assert server.store.mailbox("INBOX").messages == []
    (row,) = home.run("list", "--mailbox", "Looms", "--json").json()
    assert (row["id"], row["uid"], row["flags"]) == (old, there.uid, ["flagged"])
    assert home.run("undo").out == "Deleted 1 message for good: that cannot be undone.\n"
    assert home.run("undo").out == "Undone: moved 1 message to Looms.\n"
    assert home.run("sync").code == 0
    assert [b"Subject: Old" in each.raw for each in server.store.mailbox("INBOX").messages] == [True]
    assert id_of(home, "Old") == old
    stop_engine(home.paths)


@pytest.mark.parametrize("words", [
    ["--account", "work", "create", "Looms"], ["create", "--account", "work", "Looms"],
    ["--account", "home", "create", "--account", "work", "Looms"],
], ids=["before", "after", "both"])
def test_an_account_may_be_named_before_or_after_the_subcommand(words: list[str]) -> None:
    assert parse(["mailboxes", *words]).account == "work"
