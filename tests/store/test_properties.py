"""Whatever happens in whatever order: counters, stretches and order are what a recount says."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.store.making import START, WORK, change, incoming, places, with_account
from tuimail.model import EnvelopeId, Flag, MailboxId, PendingId
from tuimail.store import Store
from tuimail.store.lists import order

UIDS = st.integers(1, 40)
BITS = st.sampled_from([0, 1, 4, 5])
KEYWORDS = st.sampled_from(["", "$Junk", "a b"])
MOMENTS = st.one_of(st.none(), st.integers(START, START + 3), st.integers(-(1 << 40), 1 << 40))
POSITIONS = st.integers(0, 60)


class StoreMachine(RuleBasedStateMachine):
    """One mailbox, everything that can happen to it, and stretches so short that they are cut and emptied."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(order, "LONGEST", 6)
        self._patch.setattr(order, "_CUT", 3)
        self._directory = tempfile.TemporaryDirectory()
        self._paths = places(Path(self._directory.name))
        self.store = Store.open(self._paths)
        self.other = Store.open(self._paths)
        self.inbox = with_account(self.store)
        self.is_renumbering = False

    def teardown(self) -> None:
        assert self.store.check() == []
        self.store.close()
        self.other.close()
        self._patch.undo()
        self._directory.cleanup()

    @initialize(uids=st.lists(UIDS, max_size=30))
    def begin(self, uids: list[int]) -> None:
        self.store.envelopes.ingest(self.inbox, [incoming(uid) for uid in uids])

    @rule(uids=st.lists(UIDS, max_size=20), bits=BITS, keywords=KEYWORDS, sent_at=MOMENTS, arrived=MOMENTS)
    def ingest(self, uids: list[int], bits: int, keywords: str, sent_at: int | None, arrived: int | None) -> None:
        self.store.envelopes.ingest(self.inbox, [
            incoming(uid, flags=bits, keywords=keywords, sent_at=sent_at, received_at=arrived) for uid in uids
        ])

    @rule(uids=st.lists(UIDS, max_size=10))
    def ingest_from_another_connection(self, uids: list[int]) -> None:
        self.other.envelopes.ingest(self.inbox, [incoming(uid) for uid in uids])

    @rule(uids=st.lists(UIDS, max_size=10), bits=BITS, keywords=KEYWORDS)
    def server_tells_flags(self, uids: list[int], bits: int, keywords: str) -> None:
        self.store.envelopes.set_flags(self.inbox, [(uid, bits, keywords, None) for uid in uids])

    @rule(uids=st.lists(UIDS, max_size=20))
    def vanish(self, uids: list[int]) -> None:
        self.store.envelopes.vanish(self.inbox, uids)

    @rule(low=UIDS, high=UIDS)
    def vanish_a_range(self, low: int, high: int) -> None:
        self.store.envelopes.vanish(self.inbox, range(low, high))

    @rule(position=POSITIONS, add=BITS, remove=BITS, keyword=st.sampled_from(["", "k"]))
    def act(self, position: int, add: int, remove: int, keyword: str) -> None:
        for row in self.store.envelopes.window(self.inbox, position, 1).rows:
            action = change(self.store, row.id, add=Flag(add), remove=Flag(remove), keyword=keyword)
            self.other.pending.add([action], at=1)

    @rule(number=st.integers(0, 3), refused=st.booleans())
    def settle(self, number: int, refused: bool) -> None:
        due: list[PendingId] = [identity for identity, _ in self.store.pending.due(WORK)][:number]
        if refused:
            self.store.pending.fail(due, "no")
        else:
            self.store.pending.done(due)

    @rule()
    def uids_lose_their_meaning(self) -> None:
        self.store.envelopes.begin_renumbering(self.inbox)
        self.is_renumbering = True

    @precondition(lambda self: self.is_renumbering)
    @rule()
    def all_are_listed_again(self) -> None:
        self.store.envelopes.end_renumbering(self.inbox)
        self.is_renumbering = False

    @rule(uids=st.lists(UIDS, max_size=10))
    def a_transaction_that_is_given_up(self, uids: list[int]) -> None:
        before = self.store.envelopes.window(self.inbox, 0, 100)
        with suppress(ZeroDivisionError), self.store.transaction():
            self.store.envelopes.ingest(self.inbox, [incoming(uid) for uid in uids])
            self.store.envelopes.vanish(self.inbox, uids[:3])
            raise ZeroDivisionError
        assert self.store.envelopes.window(self.inbox, 0, 100) == before

    @rule(start=POSITIONS, count=st.integers(0, 20))
    def look(self, start: int, count: int) -> None:
        with reading(self._paths.mail_db) as connection:
            ids = [row[0] for row in connection.execute(
                "SELECT id FROM envelope WHERE mailbox_id = ? ORDER BY place DESC, id DESC", (self.inbox,)
            )]
        for store in (self.store, self.other):
            window = store.envelopes.window(self.inbox, start, count)
            assert [row.id for row in window.rows] == ids[start : start + count]
            assert window.total == len(ids)
        for position, identity in enumerate(ids):
            assert self.store.envelopes.position(self.inbox, EnvelopeId(identity)) == position

    @rule(after=st.integers(-1, 60))
    def look_for_unread(self, after: int) -> None:
        rows = self.store.envelopes.window(self.inbox, 0, 1000).rows
        unread = [position for position, row in enumerate(rows) if not row.flags & Flag.SEEN and position > after]
        assert self.store.envelopes.next_unread(self.inbox, after) == (unread[0] if unread else None)
        everything = [row.id for row in rows if not row.flags & Flag.SEEN]
        assert self.store.envelopes.unread_ids(self.inbox, 1000) == everything

    @invariant()
    def counters_are_what_a_recount_says(self) -> None:
        with reading(self._paths.mail_db) as connection:
            total, unread = connection.execute(
                "SELECT count(*), coalesce(sum(flags & 1 = 0), 0) FROM envelope WHERE mailbox_id = ?", (self.inbox,)
            ).fetchone()
        mailbox = self.store.mailboxes.get(MailboxId(self.inbox))
        assert mailbox is not None
        assert (mailbox.total, mailbox.unread) == (total, unread)
        assert self.store.check() == []


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Another pair of eyes."""
    with closing(sqlite3.connect(file)) as connection:
        yield connection


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
