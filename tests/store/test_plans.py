"""No statement of daily work walks a whole mailbox, however SQLite's planner feels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pytest

from tests.store.making import change, several
from tests.store.test_database import everything
from tuimail.model import EnvelopeId, Flag, MailboxId
from tuimail.store import Store
from tuimail.store.database import Database

WALKS = re.compile(r"SCAN (envelope|header|limbo|part|slice)|SEARCH envelope .*\(mailbox_id=\?\)")
MAY_WALK = (
    "SELECT place, id, mailbox_id FROM envelope WHERE mailbox_id = ? ORDER BY place DESC",  # read as far as needed
    "SELECT id FROM envelope WHERE mailbox_id = ? LIMIT ?",
)


def test_no_statement_walks_a_mailbox(store: Store, inbox: MailboxId, monkeypatch: pytest.MonkeyPatch) -> None:
    store.envelopes.ingest(inbox, several(range(1, 401)))
    store.pending.add([change(store, EnvelopeId(1), add=Flag.SEEN)], at=1)
    seen: dict[str, int] = {}
    execute, many = Database._execute, Database.many

    def noting(self: Database, sql: str, values: Sequence[object]) -> object:
        seen[sql] = len(values)
        return execute(self, sql, values)

    def noting_many(self: Database, sql: str, values: Iterable[Sequence[object]]) -> None:
        rows = list(values)
        if rows:
            seen[sql] = len(rows[0])
        many(self, sql, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "_execute", noting)
        patch.setattr(Database, "many", noting_many)
        for act in everything(store):
            if act not in (store.check, store.repair_counters):
                act()
    walking = {}
    for sql, count in seen.items():
        if sql.split()[0] not in {"SELECT", "UPDATE", "DELETE", "INSERT"} or sql.startswith(MAY_WALK):
            continue
        if "limbo" in sql and sql.startswith("INSERT"):
            continue  # renumbering is about every message
        plan = [row[3] for row in store._database.rows(f"EXPLAIN QUERY PLAN {sql}", [0] * count)]
        if any(WALKS.search(line) for line in plan):
            walking[sql] = plan
    assert len(seen) > 50
    assert {sql: plan for sql, plan in walking.items() if "uid IS NOT NULL" not in sql} == {}
