"""The store keeps itself small: free pages go back, old records and parts go, a little at a time."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from tests.store.making import several
from tuimail.model import AccountName, EnvelopeId, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.database import Database
from tuimail.store.migrations import bring_up_to_date
from tuimail.store.spare import free_pages, give_back
from tuimail.store.upkeep import DAY_S
from tuimail.store.writing.drafts import KEPT_S

NOISE = os.urandom(20_000)
FIRST, SECOND, THIRD = EnvelopeId(1), EnvelopeId(2), EnvelopeId(3)


def keep_up(store: Store, *, at: int = 1, parts_octets: int = 1 << 30) -> int:
    """Everything that is due; how many steps it took."""
    return sum(1 for _ in store.upkeep.steps(at=at, parts_octets=parts_octets, spare_octets=4096))


def free_in(paths: Paths, name: str) -> tuple[int, int]:
    """Free pages and all pages of a file."""
    with closing(Database.open(paths.data / name)) as database:
        return free_pages(database), database.column("PRAGMA page_count")[0]


def test_much_mail_that_went_makes_the_file_shorter_in_small_steps(
    store: Store, inbox: MailboxId, paths: Paths
) -> None:
    store.envelopes.ingest(inbox, several(range(1, 6001), references="<one@example.org> " * 20))
    store.envelopes.vanish(inbox, range(1, 5901))
    free, before = free_in(paths, "mail.db")
    assert free > before // 2
    assert keep_up(store) > 4
    free, after = free_in(paths, "mail.db")
    assert free <= after // 4 + 1
    assert after < before // 2
    assert store.check() == []
    left = store.mailboxes.get(inbox)
    assert left is not None
    assert left.total == 100


def test_parts_beyond_the_budget_go_and_their_space_with_them(store: Store, inbox: MailboxId, paths: Paths) -> None:
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    for envelope_id in (FIRST, SECOND, THIRD):
        store.parts.put(envelope_id, "2", NOISE * 20)
    _, before = free_in(paths, "parts.db")
    keep_up(store, parts_octets=len(NOISE) * 20)
    assert store.parts.get(FIRST, "2") is None
    assert store.parts.get(THIRD, "2") == NOISE * 20
    assert free_in(paths, "parts.db")[1] < before * 2 // 3


def test_a_little_free_space_is_left_for_new_mail(store: Store, inbox: MailboxId, paths: Paths) -> None:
    store.envelopes.ingest(inbox, several(range(1, 1001)))
    store.envelopes.vanish(inbox, range(1, 101))
    _, before = free_in(paths, "mail.db")
    keep_up(store)
    assert free_in(paths, "mail.db")[1] == before


def test_a_store_that_cannot_shrink_is_left_as_it_is(paths: Paths) -> None:
    paths.make()
    with closing(Database.open(paths.mail_db)) as database:
        database.run("PRAGMA auto_vacuum=NONE")
        database.run("CREATE TABLE wide (octets BLOB)")
        database.many("INSERT INTO wide VALUES (?)", ((NOISE,) for _ in range(20)))
        database.run("DELETE FROM wide")
        assert free_pages(database) > 10
        assert not give_back(database, 4096)


def test_a_new_store_can_shrink(paths: Paths) -> None:
    paths.make()
    with closing(Database.open(paths.mail_db)) as database:
        bring_up_to_date(database)
        assert database.column("PRAGMA auto_vacuum") == [2]
        assert database.column("PRAGMA journal_mode") == ["wal"]


def test_it_is_due_once_a_day_and_when_the_clock_was_turned_back(store: Store) -> None:
    assert store.upkeep.is_due(at=1000)
    keep_up(store, at=1000)
    assert not store.upkeep.is_due(at=1000)
    assert not store.upkeep.is_due(at=999 + DAY_S)
    assert store.upkeep.is_due(at=1000 + DAY_S)
    assert store.upkeep.is_due(at=999)


def test_one_that_was_cut_is_still_due(store: Store) -> None:
    next(iter(store.upkeep.steps(at=1000)))
    assert store.upkeep.is_due(at=1000)


@pytest.mark.parametrize(("later_s", "left"), [(KEPT_S, 1), (KEPT_S + 1, 0)])
def test_drafts_that_were_thrown_away_go_without_another_being_written(store: Store, later_s: int, left: int) -> None:
    draft = store.drafts.begin(AccountName("work"), from_="ada@example.org", message_id="<1@example.org>", at=10)
    store.drafts.discard(draft.id, at=10)
    keep_up(store, at=10 + later_s)
    with closing(Database.open(store._database.file)) as database:
        assert database.column("SELECT count(*) FROM draft") == [left]
