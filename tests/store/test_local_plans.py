"""No statement about local mail walks a whole table, but for those that are about all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pytest

from tests.store.posting import POP, deliver, describe, mailbox, message, with_pop
from tuimail.model import Flag, Section
from tuimail.store import Store
from tuimail.store.database import Database

WALKS = re.compile(r"SCAN (envelope|header|file|stored_part|uidl)\b(?! USING INDEX stored_part_)")
ABOUT_ALL = ("SELECT key, uidl, gone_at, state, envelope_id FROM uidl", "DELETE FROM uidl WHERE account_id")


def test_no_statement_walks_all_mail(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with_pop(store)
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
        ids = deliver(store, [(b"u%d" % number, message(number, attachment=b"AAAA")) for number in range(5)])
        store.local.preview(POP, b"p", describe(message(9)), size_octets=9)
        store.local.scan(POP, describe)
        store.local.move(ids[:2], mailbox(store, "Archive"))
        store.local.copy(ids[:1], mailbox(store, "Archive"))
        store.local.set_flags(ids[0], int(Flag.SEEN), "")
        store.quarantine.find(account=POP)
        store.quarantine.unexamined()
        store.quarantine.count()
        store.quarantine.count(POP)
        store.quarantine.set_findings(
            ids[0], Section("2"), verdict="", reasons=[], real_type="", sha256=None, size_octets=1, at=1
        )
        store.quarantine.release(ids[0], Section("2"), at=1)
        store.quarantine.delete(ids[1], Section("2"), describe, at=1)
        store.local.delete(ids[3:])
        store.local.expunge(ids[3:4], on_server=True)
        store.local.uidls.note_listing(POP, {b"u1": 1, b"x": 2}, at=1, complete=True)
        store.local.uidls.same_content(POP, sha256=b"")
        store.local.uidls.deletable(POP)
        store.local.where.root(POP).joinpath("new").iterdir()
    walking = {}
    for sql, count in seen.items():
        if sql.split()[0] not in {"SELECT", "UPDATE", "DELETE", "INSERT"} or sql.startswith(ABOUT_ALL):
            continue
        plan = [row[3] for row in store._database.rows(f"EXPLAIN QUERY PLAN {sql}", [0] * count)]
        if any(WALKS.search(line) for line in plan):
            walking[sql] = plan
    assert len(seen) > 60
    assert walking == {}
