"""One mailbox against servers that lie, by a session that a test writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.values import ACCOUNT
from tuimail.config import AccountConfig, Protocol, Receive
from tuimail.engine.children.convert import Converter
from tuimail.engine.clock import SystemClock
from tuimail.engine.desk import Desk
from tuimail.engine.imap.sync import MailboxSync
from tuimail.engine.log import Log
from tuimail.engine.protocol import Notice
from tuimail.errors import ServerRefused
from tuimail.model import Role
from tuimail.net.imap.session import (
    FetchedFlags,
    FetchedHeader,
    FlagsAnswer,
    ImapSession,
    Known,
    News,
    Selected,
    expand,
)
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.mailboxes import ListedMailbox

VALIDITY = 5


class Lying(ImapSession):
    """A session that says what the test put into it; checked against the real one by its type."""

    def __init__(self, uids: range) -> None:
        self.there = set(uids)
        self.qresync = self.condstore = True
        self.vanished: list[tuple[int, int]] = []
        self.unreadable: set[int] = set()
        self.kept_back: set[int] = set()
        """Left out of the first answer that should have them."""
        self.asked: list[str] = []

    def select(self, name: str, *, readonly: bool = False, known: Known | None = None) -> Selected:
        return Selected(
            VALIDITY, max(self.there, default=0) + 1, len(self.there), 10, self.vanished, [], frozenset(), False,
            known is not None,
        )  # fmt: skip

    def search_uids(self, criteria: object = ()) -> list[int]:
        self.asked.append("SEARCH")
        return sorted(self.there)

    def noop(self) -> News:
        return News()

    def fetch_flags(self, uids: str, changed_since: int | None = None, vanished: bool = False) -> FlagsAnswer:
        return FlagsAnswer([FetchedFlags(uid, 0, "", 10) for uid in self.there], [])

    def fetch_headers(self, uids: str, fields: tuple[str, ...] = (), *, then: str = "") -> Iterator[FetchedHeader]:
        self.asked.append(uids)
        wanted = self.there & (set(range(int(uids[:-2]), 10**6)) if uids.endswith(":*") else set(expand(uids)))
        if wanted & self.unreadable:
            raise ServerRefused("no", words="[SERVERBUG] cannot read")
        held, self.kept_back = wanted & self.kept_back, self.kept_back - wanted
        for uid in sorted(wanted - held):
            yield FetchedHeader(uid, 0, "", 10, 1000, 100, b"", f"Message-ID: <{uid}@x>\r\n\r\n".encode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    paths = Paths(tmp_path / "c.toml", tmp_path / "data", tmp_path / "state", tmp_path / "run")
    with Store.open(paths) as opened:
        opened.accounts.sync_names([(ACCOUNT, "a@example.org", "imap")])
        opened.mailboxes.apply_listing(
            ACCOUNT, [ListedMailbox("INBOX", "/", Role.INBOX, True, True, None, None, None, None, None)]
        )
        yield opened


def sync_of(store: Store, session: ImapSession, told: list[Notice], *, interrupted: bool = False) -> MailboxSync:
    account = AccountConfig(ACCOUNT, "a@example.org", "", Receive(Protocol.IMAP, host="localhost", port=1))
    paths = Paths(Path("/c"), Path("/d"), Path("/s"), Path("/r"))
    desk = Desk(paths, account, SystemClock(), Log(None), told.append, Converter(Log(None)))
    mailbox = store.mailboxes.find(ACCOUNT, "INBOX")
    assert mailbox is not None
    return MailboxSync(session, store, desk, mailbox, lambda: interrupted)


def uids_of(store: Store) -> list[int]:
    mailbox = store.mailboxes.find(ACCOUNT, "INBOX")
    assert mailbox is not None
    return list(store.envelopes.uids(mailbox.id))


def test_a_server_that_says_everything_vanished_is_asked_again(store: Store) -> None:
    session = Lying(range(1, 301))
    assert sync_of(store, session, []).open()
    mailbox = store.mailboxes.find(ACCOUNT, "INBOX")
    assert mailbox is not None
    before = [row.id for row in store.envelopes.window(mailbox.id, 0, 1000).rows]
    session.vanished = [(1, 2**32 - 1)]
    assert sync_of(store, session, []).open()
    assert [row.id for row in store.envelopes.window(mailbox.id, 0, 1000).rows] == before, "bodies hang on these ids"


def test_what_really_vanished_goes(store: Store) -> None:
    session = Lying(range(1, 301))
    sync_of(store, session, []).open()
    session.there -= set(range(1, 251))
    session.vanished = [(1, 250)]
    assert sync_of(store, session, []).open()
    assert uids_of(store) == list(range(251, 301))


def test_one_message_that_the_server_cannot_read_does_not_hide_the_others(store: Store) -> None:
    session = Lying(range(1, 101))
    session.unreadable = {42}
    assert sync_of(store, session, []).open()
    assert uids_of(store) == [uid for uid in range(1, 101) if uid != 42]


def test_what_an_answer_leaves_out_is_asked_for_again(store: Store) -> None:
    session = Lying(range(1, 5001))
    session.kept_back = {7, *range(2000, 3000)}
    assert sync_of(store, session, []).open()
    assert uids_of(store) == list(range(1, 5001))


def test_an_interrupted_sync_goes_on_where_it_stopped(store: Store) -> None:
    session = Lying(range(1, 5001))
    sync = sync_of(store, session, [])
    answers = iter([False, False, True])
    sync._interrupted = lambda: next(answers)
    assert not sync.open()
    here = uids_of(store)
    assert here == list(range(5001 - len(here), 5001))
    assert 0 < len(here) < 5000
    session.asked.clear()
    assert sync_of(store, session, []).open()
    assert uids_of(store) == list(range(1, 5001))
    fetched = [uid for asked in session.asked if asked != "SEARCH" for uid in expand(asked)]
    assert not set(fetched) & set(here), "nothing is fetched twice"


def test_flags_without_a_uid_are_looked_up_and_not_guessed(store: Store) -> None:
    session = Lying(range(1, 11))
    sync = sync_of(store, session, [])
    sync.open()
    session.there -= {3}
    sync.refresh(News(expunged=True, flags_unknown=True))
    session.vanished = [(3, 3)]
    assert sync_of(store, session, []).open()
    assert uids_of(store) == [1, 2, 4, 5, 6, 7, 8, 9, 10]
