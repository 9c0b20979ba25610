"""Deeds about thousands of messages are durable at once and carried out in short pieces, whatever ends them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.dying import every_death
from tests.store.making import WORK, several, with_account
from tuimail.model import Flag, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.acting import deeds, wish
from tuimail.store.database import Database
from tuimail.wishes import acting

COUNT = 30


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty are many, and a piece is eight."""
    for module in (wish, deeds):
        monkeypatch.setattr(module, "MANY", 20)
        monkeypatch.setattr(module, "PIECE", 8)
    monkeypatch.setattr(acting, "LONG", 20)


def filled(store: Store) -> MailboxId:
    inbox = with_account(store)
    store.envelopes.ingest(inbox, several(range(1, COUNT + 1)))
    return inbox


def unread(store: Store, mailbox_id: MailboxId) -> int:
    mailbox = store.mailboxes.get(mailbox_id)
    assert mailbox is not None
    rows = store.envelopes.window(mailbox_id, 0, COUNT).rows
    assert sum(not row.flags & Flag.SEEN for row in rows) == mailbox.unread
    return mailbox.unread


def test_a_large_deed_never_holds_the_lock_for_more_than_a_piece(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = filled(store)
    changed: list[int] = [0]
    many, run = Database.many, Database.run

    def counting_many(self: Database, sql: str, values: object) -> None:
        rows = list(values)  # type: ignore[call-overload]
        if "pending" in sql or "envelope SET" in sql:
            changed[-1] = max(changed[-1], len(rows))
        many(self, sql, rows)

    def counting_run(self: Database, sql: str, values: object = ()) -> int:
        if sql == "COMMIT":
            changed.append(0)
        return run(self, sql, values)  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "many", counting_many)
    monkeypatch.setattr(Database, "run", counting_run)
    assert acting.mark_all_read(store, inbox, at=1) is not None
    assert unread(store, inbox) == 0
    assert store.pending.count(WORK) == COUNT
    undone = acting.undo(store, at=2)
    assert undone is not None
    assert undone.sentence == f"Undone: marked {COUNT} messages as read."
    assert unread(store, inbox) == COUNT
    assert store.pending.count(WORK) == 0
    assert max(changed) == 8
    assert [deed.state for deed in store.deeds.recent()] == ["undone"]


def test_what_is_asked_next_of_the_same_messages_comes_after_it(store: Store) -> None:
    inbox = filled(store)
    ids = store.envelopes.unread_ids(inbox, COUNT)
    assert acting.set_flag(store, ids, Flag.FLAGGED, True, at=1) is not None
    assert acting.set_flag(store, ids[:1], Flag.FLAGGED, False, at=2) is not None
    rows = store.envelopes.window(inbox, 0, COUNT).rows
    assert sum(bool(row.flags & Flag.FLAGGED) for row in rows) == COUNT - 1


@pytest.mark.parametrize("is_undo", [False, True], ids=["done", "undone"])
def test_a_large_deed_that_a_crash_ended_is_carried_out_whole_or_not_at_all(paths: Paths, is_undo: bool) -> None:
    outcomes = set()

    def grounds(step: int) -> Paths:
        return Paths(paths.config_file, paths.data / str(step), paths.state, paths.runtime)

    def act(step: int) -> Callable[[], None]:
        grounds(step).make()
        with Store.open(grounds(step)) as store:
            inbox = filled(store)
            if is_undo:
                acting.mark_all_read(store, inbox, at=1)

        def run() -> None:
            with Store.open(grounds(step)) as store:
                acting.undo(store, at=2) if is_undo else acting.mark_all_read(store, inbox, at=1)

        return run

    for step in every_death(act):
        with Store.open(grounds(step)) as store:
            store.deeds.finish()
            inbox = store.mailboxes.find(WORK, "INBOX")
            assert inbox is not None
            outcomes.add(unread(store, inbox.id))
            assert store.check() == []
    assert outcomes == {0, COUNT}
