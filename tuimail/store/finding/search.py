"""Looking for messages: the index and the rows together, newest or best first, page by page.

What lives here: running plans on a connection of its own that sees both files, in any
thread. What must not: the language (`query`), snippets (`wishes.finding`), and writing.

Newest first needs no sorting: a doc's id is its date, or a little more where several
messages share it, so what is read in falling order of ids is emitted as soon as nothing
newer can come.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from tuimail.errors import Corrupt, StoreError
from tuimail.model import EnvelopeId, MailboxId, Row
from tuimail.query.tree import Known, KnownMailbox, Node
from tuimail.store.database import Database
from tuimail.store.finding.search_file import SearchFile
from tuimail.store.finding.search_index import Coverage, coverage_of, marks_of, quantum, quantum_of_place
from tuimail.store.finding.search_plan import HAVING, Plan, Planner, place_bound
from tuimail.store.lists.order import LOW_BITS, TOP
from tuimail.store.lists.window import COLUMNS, row_of

RANKED: Final = 20_000
"""Best first looks at so many of the newest that fit: ranking costs a microsecond each."""
PATIENCE_S: Final = 0.25
"""Readers never wait for whoever writes the index; while another program has locked all of it, no words are found."""
_WEIGHTS: Final = "6.0, 2.0, 1.0, 8.0, 3.0, 1.0, 4.0"
"""What a word counts in sender, recipients, copies, subject, list, body, filename."""
_MATCHED: Final = (
    "FROM word CROSS JOIN doc ON doc.id = word.rowid CROSS JOIN mail.envelope ON envelope.id = doc.envelope_id"
    " WHERE word MATCH ? AND word.rowid >= ? AND word.rowid <= ? AND {where}"
)
Key = tuple[float, int, int]
"""What a page ends with: score (0 when newest first), place, id; the next one begins after it."""


class Hit(NamedTuple):
    """A message that was found, and where it lies."""

    row: Row
    mailbox_id: MailboxId
    account: str
    mailbox: str


class Page(NamedTuple):
    """Some of what was found."""

    hits: tuple[Hit, ...]
    after: Key | None
    """For the next page; None when this is the last one."""
    coverage: Coverage | None
    """How much of the mail the index has; None when the query did not need it."""


class Search:
    """One connection for looking, used by one thread. Opened when it is first needed."""

    def __init__(self, mail: Database, file: Path) -> None:
        self._mail = mail
        self._file = SearchFile(file, PATIENCE_S)
        self._is_attached: Database | None = None

    def find(self, tree: Node, *, limit: int = 100, after: Key | None = None, best: bool = False) -> Page:
        """What fits, newest first, or best first among the newest RANKED. Raises StoreError for mail.db only."""
        for _ in range(2):
            index: Database | None = None
            try:
                index = self._index()
                return self._find(index, tree, limit, after, best=best)
            except StoreError as exc:
                self._give_up(exc)
                if not isinstance(exc, Corrupt):
                    break
        return self._find(None, tree, limit, after, best=best)

    def fitting(self, tree: Node, ids: Sequence[EnvelopeId]) -> set[EnvelopeId]:
        """Which of these messages fit."""
        index = self._index()
        plan = Planner(index).plan(tree)
        if plan.match:  # a condition like the others
            plan.conditions.append(HAVING)
            plan.values.append(plan.match)
        where, values = _rows_where(plan, None)
        schema = "mail." if index is not None else ""
        found = (index or self._mail).rows_of(
            f"SELECT envelope.id FROM {schema}envelope WHERE {where.replace('mail.', schema)}"
            " AND envelope.id IN ({keys})", ids, values,
        )
        return {EnvelopeId(row[0]) for row in found}

    def hits(self, ids: Sequence[EnvelopeId]) -> tuple[Hit, ...]:
        """These messages and where they lie, in the same order; those that are gone are left out."""
        rows = {row[0]: row for row in self._mail.rows_of(
            f"SELECT {COLUMNS}, mailbox_id FROM envelope WHERE id IN ({{keys}})", ids
        )}
        places = {row[0]: row[1:] for row in self._mail.rows(
            "SELECT mailbox.id, account.name, mailbox.name FROM mailbox JOIN account ON account.id = account_id"
        )}
        found = []
        for identity in ids:
            if identity in rows and rows[identity][-1] in places:
                *columns, mailbox_id = rows[identity]
                found.append(Hit(row_of(tuple(columns)), MailboxId(mailbox_id), *places[mailbox_id]))
        return tuple(found)

    def ids(self, tree: Node, limit: int) -> list[EnvelopeId]:
        """What fits, newest first."""
        index = self._index()
        try:
            plan = Planner(index).plan(tree)
            return [EnvelopeId(identity) for _, identity in islice(self._newest(index, plan, None), limit)]
        except StoreError as exc:
            if index is None:
                raise
            self._give_up(exc)
            return []

    def count(self, tree: Node, limit: int = 10_000) -> tuple[int, int]:
        """How many fit, and how many of those are unread; no more than `limit` are looked at.

        SQLite counts alone, so that a thread that does this takes nothing from the others.
        """
        index = self._index()
        try:
            plan = Planner(index).plan(tree)
            where, values = _rows_where(plan, None)
            if plan.match and index is not None:
                lowest, highest = _ids(plan, None, marks_of(index).drift)
                inner = f"SELECT envelope.flags AS flags {_MATCHED.format(where=where)} ORDER BY word.rowid DESC"
                values = [plan.match, lowest, highest, *values]
            else:
                inner = f"SELECT envelope.flags AS flags FROM mail.envelope WHERE {where}"
            if index is None:
                inner = inner.replace("mail.", "")
            row = (index or self._mail).row(
                f"SELECT count(*), coalesce(sum(flags & 1 = 0), 0) FROM ({inner} LIMIT ?)", (*values, limit)
            )
        except StoreError as exc:
            if index is None:
                raise
            self._give_up(exc)
            return 0, 0
        return (row[0], row[1]) if row else (0, 0)

    def coverage(self) -> Coverage:
        """How much of the mail the index has."""
        try:
            index = self._index()
            if index is not None:
                return coverage_of(self._mail, marks_of(index))
        except StoreError as exc:
            self._give_up(exc)
        return self._nothing_covered()

    def _nothing_covered(self) -> Coverage:
        row = self._mail.row("SELECT coalesce(sum(total), 0) FROM mailbox WHERE account_id IS NOT NULL")
        return Coverage(0, int(row[0]) if row else 0, self._file.was_damaged)

    def known(self) -> Known:
        """Mailboxes and accounts that a query can name."""
        rows = self._mail.rows(
            "SELECT mailbox.id, account.name, mailbox.name, delimiter, role FROM mailbox"
            " JOIN account ON account.id = account_id WHERE NOT hidden ORDER BY place, mailbox.name"
        )
        mailboxes = []
        for identity, account, name, delimiter, role in rows:
            leaf = name.rsplit(delimiter, 1)[-1] if delimiter else name
            mailboxes.append(KnownMailbox(MailboxId(identity), account, name, leaf, role))
        return Known(tuple(mailboxes), tuple(dict.fromkeys(row[1] for row in rows)))

    def close(self) -> None:
        """Give the file up."""
        self._file.close()

    # --- running --------------------------------------------------------------

    def _find(self, index: Database | None, tree: Node, limit: int, after: Key | None, *, best: bool) -> Page:
        plan = Planner(index).plan(tree)
        if best and plan.match and index is not None:
            keys = self._best(index, plan, after, limit + 1)
        else:
            keys = [(0.0, *pair) for pair in islice(self._newest(index, plan, after), limit + 1)]
        coverage = None
        if plan.needs_index:
            coverage = self._nothing_covered() if index is None else self.coverage()
        hits = self.hits([EnvelopeId(identity) for *_, identity in keys[:limit]])
        return Page(hits, keys[limit - 1] if len(keys) > limit else None, coverage)

    def _newest(self, index: Database | None, plan: Plan, after: Key | None) -> Iterator[tuple[int, int]]:
        """(place, id) newest first, read as far as they are asked for."""
        if plan.match and index is not None:
            return self._matched(index, plan, after)
        return self._listed(index or self._mail, plan, after, schema="mail." if index is not None else "")

    def _matched(self, index: Database, plan: Plan, after: Key | None) -> Iterator[tuple[int, int]]:
        where, values = _rows_where(plan, after)
        drift = marks_of(index).drift
        lowest, highest = _ids(plan, after, drift)
        waiting: list[tuple[int, int]] = []
        for doc_id, place, identity in index.each(
            f"SELECT word.rowid, place, envelope.id {_MATCHED.format(where=where)} ORDER BY word.rowid DESC",
            (plan.match, lowest, highest, *values),
        ):
            # Whatever comes now has a date below `doc_id`: newer ones can go out.
            while waiting and quantum_of_place(-waiting[0][0]) > doc_id:
                newest = heapq.heappop(waiting)
                yield -newest[0], -newest[1]
            heapq.heappush(waiting, (-place, -identity))
        while waiting:
            newest = heapq.heappop(waiting)
            yield -newest[0], -newest[1]

    def _best(self, index: Database, plan: Plan, after: Key | None, count: int) -> list[Key]:
        where, values = _rows_where(plan, None)
        lowest, highest = _ids(plan, None, marks_of(index).drift)
        rows = index.rows(
            f"SELECT bm25(word, {_WEIGHTS}), place, envelope.id {_MATCHED.format(where=where)}"
            " ORDER BY word.rowid DESC LIMIT ?",
            (plan.match, lowest, highest, *values, RANKED),
        )
        # bm25 is negative, the best the smallest; of equals the newest first.
        ranked = ((score, -place, -identity) for score, place, identity in rows)
        begin = (after[0], -after[1], -after[2]) if after is not None else None
        found = heapq.nsmallest(count, (key for key in ranked if begin is None or key > begin))
        return [(score, -place, -identity) for score, place, identity in found]

    def _listed(
        self, database: Database, plan: Plan, after: Key | None, *, schema: str
    ) -> Iterator[tuple[int, int]]:
        """Without a word to look for: the lists of all mailboxes, merged."""
        where, values = _conditions(plan, schema)
        lowest = place_bound(plan.first) if plan.first is not None else -TOP
        highest = place_bound(plan.end) - 1 if plan.end is not None else TOP
        if after is not None:
            highest = min(highest, after[1])
        # Of a conversation there are few: the plus keeps SQLite from walking the whole mailbox for them.
        plus = "+" if "envelope.thread_id = ?" in plan.conditions else ""
        each = [
            database.each(
                f"SELECT place, id FROM {schema}envelope WHERE {plus}mailbox_id = ? AND {plus}place >= ?"
                f" AND {plus}place <= ? AND {where} ORDER BY place DESC, id DESC",
                (mailbox_id, lowest, highest, *values),
            )
            for mailbox_id in self._mailboxes(plan)
        ]
        for place, identity in heapq.merge(*each, reverse=True):
            if after is None or (place, identity) < after[1:]:
                yield place, identity

    def _mailboxes(self, plan: Plan) -> list[int]:
        found: list[int] = self._mail.column("SELECT id FROM mailbox WHERE account_id IS NOT NULL AND NOT hidden")
        return [identity for identity in found if plan.mailbox_ids is None or identity in plan.mailbox_ids]

    # --- the file -------------------------------------------------------------

    def _index(self) -> Database | None:
        """The index with mail.db beside it, None when there is none (yet)."""
        index = self._file.existing()
        if index is not None and index is not self._is_attached:
            index.run("ATTACH ? AS mail", (str(self._mail.file),))
            index.run("PRAGMA query_only=ON")
            self._is_attached = index
        return index

    def _give_up(self, error: StoreError) -> None:
        """A damaged index is made anew by the engine when it finds it gone; one that cannot be read is opened anew."""
        if isinstance(error, Corrupt):
            self._file.condemn()
        else:
            self._file.close()


def _rows_where(plan: Plan, after: Key | None) -> tuple[str, list[object]]:
    """Conditions on the rows of what matched."""
    where, values = _conditions(plan, "mail.")
    if plan.mailbox_ids is None:
        where += " AND envelope.mailbox_id IN (SELECT id FROM mail.mailbox WHERE account_id IS NOT NULL AND NOT hidden)"
    else:
        where += f" AND envelope.mailbox_id IN ({','.join(str(int(each)) for each in plan.mailbox_ids)})"
    if plan.first is not None:
        where, values = f"{where} AND envelope.place >= ?", [*values, place_bound(plan.first)]
    if plan.end is not None:
        where, values = f"{where} AND envelope.place < ?", [*values, place_bound(plan.end)]
    if after is not None:
        where, values = f"{where} AND (envelope.place, envelope.id) < (?, ?)", [*values, *after[1:]]
    return where, values


def _conditions(plan: Plan, schema: str) -> tuple[str, list[object]]:
    where = plan.where if schema else plan.where.replace("mail.", "")
    return where, list(plan.values)


def _ids(plan: Plan, after: Key | None, drift: int) -> tuple[int, int]:
    """Between which ids of docs the answer lies."""
    lowest = quantum(plan.first) if plan.first is not None else 0
    ends = [quantum(plan.end) + drift] if plan.end is not None else []
    ends += [quantum(after[1] >> LOW_BITS) + drift] if after is not None else []
    return lowest, min(ends, default=TOP)


__all__ = ["Coverage", "Hit", "Key", "Page", "Search"]
