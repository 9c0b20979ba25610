"""The writing of the index: which messages are due, and their words on the way in.

What lives here: the marks that say how far the index has come, rows of `word`, `doc` and
`term`. What must not: where words come from (the engine reads messages and cuts them).

Used by one thread of the engine. Ingest pays nothing for the index: new messages are
known by their ids, which only grow; those that went are found when ids are compared, a
stretch at a time; only bodies that come and parts that are released leave a note in mail.db.
Every step is one short transaction of search.db, which no other thread writes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tuimail.model import EnvelopeId
from tuimail.store.database import Database, SqlRow
from tuimail.store.finding.search_file import SearchFile
from tuimail.store.lists.order import LOW_BITS, TOP

QUANTUM_BITS: Final = 0
"""A doc's id is its date in units of so many powers of two seconds. With six the index is a tenth smaller,
but messages that came faster than one a minute would stand out of order, and a search would read them all."""
_NEAR: Final = 512
_MAX_KNOWN: Final = 200_000
_SWEEP: Final = 5000
_SHORTEST: Final = 4
_LONGEST: Final = 40
"""Characters of the words that are found by a part of them: what is longer is no word."""
_REBUILD_DEAD: Final = 20_000
NEWEST: Final = "SELECT coalesce(max(id), 0) FROM envelope"


class Document(NamedTuple):
    """The words of one message, each field separated by spaces, as `query.words` cuts them."""

    envelope_id: EnvelopeId
    sort_at: int
    sender: str
    recipients: str
    copies: str
    subject: str
    list: str
    body: str
    filename: str
    """Names of attachments, and `TYPE_SIGN` before each word for their types."""
    has_text: bool


TYPE_SIGN: Final = "\N{CURRENCY SIGN}"
"""Before words that name the type of a file, so that they are no words of a text."""


class Due(NamedTuple):
    """Messages to index next, and what to write down once that is done."""

    envelope_ids: Sequence[EnvelopeId]
    column: str
    """Of `progress`; `reindex` for notes of mail.db; empty for a piece that says nothing of the rest."""
    value: int | None


class Marks(NamedTuple):
    """The row of `progress`."""

    newest_id: int
    old_id: int
    before_place: int | None
    swept_id: int | None
    part_id: int
    drift: int
    docs: int
    dead: int
    was_damaged: bool


class Coverage(NamedTuple):
    """How much of the mail the index has."""

    done: int
    total: int
    was_damaged: bool
    """It is being made anew, because it was damaged."""

    @property
    def percent(self) -> int:
        """100 only when nothing is missing."""
        if self.done >= self.total:
            return 100
        return min(99, self.done * 100 // self.total)


_MARKS: Final = (
    "SELECT newest_id, old_id, before_place, swept_id, part_id, drift, docs, dead, was_damaged FROM progress"
)
_INSERT: Final = (
    "INSERT INTO word (rowid, sender, recipients, copies, subject, list, body, filename)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class SearchIndex:
    """The index as its only writer sees it."""

    def __init__(self, mail: Database, file: SearchFile) -> None:
        self._mail = mail
        self._file = file
        self._opened = 0
        self._places = _Places()
        self._terms: set[str] = set()
        """Words that are surely in `term`: a transaction for each word of a language would be too much."""

    @property
    def _index(self) -> Database:
        index = self._file.made(self._newest_id())
        if self._file.opened != self._opened:
            self._opened = self._file.opened
            self._forget_all()
        return index

    def _newest_id(self) -> int:
        row = self._mail.row(NEWEST)
        return int(row[0]) if row else 0

    def marks(self) -> Marks:
        """How far it has come."""
        return marks_of(self._index)

    def coverage(self) -> Coverage:
        """How much of the mail it has."""
        return coverage_of(self._mail, self.marks())

    # --- what is due ----------------------------------------------------------

    def due(self, limit: int, below: EnvelopeId | None = None) -> Due | None:
        """What to index next, new messages first; None when nothing is left. An empty one may just be written down.

        `below`: new messages from this one on are not due yet.
        """
        marks = self.marks()
        noted = self._mail.column("SELECT envelope_id FROM reindex LIMIT ?", (limit,))
        if noted:
            return Due(noted, "reindex", None)
        newer = self._mail.column(
            "SELECT id FROM envelope WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
            (marks.newest_id, TOP if below is None else below, limit),
        )
        if newer:
            return Due(newer, "newest_id", newer[-1])
        if marks.before_place is not None:
            return self._old(marks, limit)
        if marks.swept_id is not None:
            return self._sweep(marks)
        return None

    def begin_sweep(self) -> None:
        """Compare all ids once: rows that went, messages that were missed."""
        if self.marks().swept_id is None:
            self._mark("swept_id", 0)

    def _old(self, marks: Marks, limit: int) -> Due:
        """The newest of those that were here before the index."""
        found: list[SqlRow] = []
        for mailbox_id in self._mail.column("SELECT id FROM mailbox WHERE account_id IS NOT NULL AND total > 0"):
            found += self._mail.rows(
                "SELECT place, id FROM envelope WHERE mailbox_id = ? AND place < ? ORDER BY place DESC LIMIT ?",
                (mailbox_id, marks.before_place, limit),
            )
        if not found:
            return Due((), "before_place", None)
        found.sort(reverse=True)
        last = found[:limit][-1][0]
        ids = [row[1] for row in found if row[0] >= last and row[1] <= marks.old_id]
        return Due(self._unknown(ids), "before_place", last)

    def _sweep(self, marks: Marks) -> Due:
        """A stretch of ids: what is here and not in the index; what is gone is taken out now."""
        low = marks.swept_id or 0
        here: dict[int, int] = dict(self._mail.rows(
            "SELECT id, body > 0 FROM envelope WHERE id > ? ORDER BY id LIMIT ?", (low, _SWEEP)
        ))
        high = max(here) if len(here) == _SWEEP else TOP
        known: dict[int, int] = dict(self._index.rows(
            "SELECT envelope_id, has_text FROM doc WHERE envelope_id > ? AND envelope_id <= ?", (low, high)
        ))
        gone = set(known).difference(here)
        if gone:
            self.forget(gone)
        # A note of a body that came can be lost with the power, so these are looked at, too.
        missed = [EnvelopeId(one) for one, has_text in here.items() if one not in known or has_text > known[one]]
        return Due(missed, "swept_id", high if high != TOP else None)

    def _unknown(self, ids: Sequence[int]) -> list[EnvelopeId]:
        known = set(self._index.rows_of("SELECT envelope_id FROM doc WHERE envelope_id IN ({keys})", ids))
        return [EnvelopeId(identity) for identity in ids if (identity,) not in known]

    # --- writing --------------------------------------------------------------

    def add(self, documents: Sequence[Document], due: Due | None = None) -> None:
        """Index these messages, those that were indexed before anew, in one transaction; `due` is done with it."""
        index = self._index
        try:
            with index.transaction():
                self._write(index, documents)
                if due is not None and due.column not in ("", "reindex"):
                    index.run(f"UPDATE progress SET {due.column} = ?", (due.value,))
        except BaseException:
            self._forget_all()  # what was noted as written may not be
            raise
        if due is not None and due.column == "reindex":
            with self._mail.transaction():
                self._mail.many("DELETE FROM reindex WHERE envelope_id = ?", ((each,) for each in due.envelope_ids))

    def _write(self, index: Database, documents: Sequence[Document]) -> None:
        known = {row[0]: row[1:] for row in index.rows_of(
            "SELECT envelope_id, id, sum, has_text FROM doc WHERE envelope_id IN ({keys})",
            [document.envelope_id for document in documents],
        )}
        rows: list[tuple[int, int, Document]] = []
        drift = 0
        for document in sorted(documents, key=lambda document: document.sort_at):
            total = zlib.crc32("\0".join(document[2:9]).encode("utf-8", "replace"))
            before = known.get(document.envelope_id)
            if before is not None:
                if before[1] == total or (before[2] and not document.has_text):
                    continue  # nothing new, or its text went from the cache and stays findable
                index.run("UPDATE doc SET envelope_id = NULL WHERE id = ?", (before[0],))
            date = quantum(document.sort_at)
            doc_id = self._places.take(index, date)
            drift = max(drift, doc_id - date)
            rows.append((doc_id, total, document))
        rows.sort(key=lambda row: row[0])  # FTS5 writes its buffer out whenever an id is smaller than the one before
        index.many(_INSERT, ((doc_id, *document[2:9]) for doc_id, _, document in rows))
        index.many("INSERT INTO doc VALUES (?, ?, ?, ?)", (
            (doc_id, document.envelope_id, total, document.has_text) for doc_id, total, document in rows
        ))
        again = sum(1 for row in rows if row[2].envelope_id in known)
        index.run(
            "UPDATE progress SET drift = max(drift, ?), docs = docs + ?, dead = dead + ?",
            (drift, len(rows) - again, again),
        )
        self._add_terms(index, (row[2] for row in rows))

    def _add_terms(self, index: Database, documents: Iterable[Document]) -> None:
        new: set[str] = set()
        for document in documents:
            for field in document[2:9]:
                new.update(field.split())
        new -= self._terms
        if len(self._terms) > 500_000:
            self._terms.clear()
        self._terms |= new
        wanted = sorted(filter(_is_word, new))
        if wanted:
            # The set only holds what this run has met: the rest may be there all the same.
            last = index.row("SELECT coalesce(max(id), 0) FROM term")
            index.many("INSERT OR IGNORE INTO term (term) VALUES (?)", ((term,) for term in wanted))
            index.run("INSERT INTO inside (rowid, term) SELECT id, term FROM term WHERE id > ?", last or (0,))

    def forget(self, envelope_ids: Iterable[int]) -> None:
        """These messages are gone."""
        index = self._index
        ids = list(envelope_ids)
        with index.transaction():
            index.many("UPDATE doc SET envelope_id = NULL WHERE envelope_id = ?", ((each,) for each in ids))
            index.run("UPDATE progress SET docs = docs - ?, dead = dead + ?", (len(ids), len(ids)))

    def _mark(self, column: str, value: int | None) -> None:
        index = self._index
        with index.transaction():
            index.run(f"UPDATE progress SET {column} = ?", (value,))

    # --- parts ----------------------------------------------------------------

    def note_parts(self, envelope_ids: Iterable[int], part_id: int) -> None:
        """Parts up to `part_id` were looked at: these messages are to be indexed anew."""
        with self._mail.transaction():
            self._mail.many("INSERT OR IGNORE INTO reindex VALUES (?)", ((each,) for each in envelope_ids))
        self._mark("part_id", part_id)

    # --- the file -------------------------------------------------------------

    def file_octets(self) -> int:
        """How large the file is, 0 when there is none."""
        return self._file.octets()

    def look_closely(self) -> None:
        """Is the file sound? When it is not, it is removed, and the next step makes it anew."""
        self._file.look_closely()
        self._forget_all()

    def condemn(self) -> None:
        """It was found damaged."""
        self._file.condemn()
        self._forget_all()

    def make_room(self) -> bool:
        """Begin anew when more than half of it is out of date; whether that was so."""
        marks = self.marks()
        if marks.dead < max(_REBUILD_DEAD, marks.docs):
            return False
        self._file.condemn()
        self._file.was_damaged = False
        self._forget_all()
        return True

    def _forget_all(self) -> None:
        self._terms.clear()
        self._places.clear()

    def close(self) -> None:
        """Give the file up."""
        self._file.close()


class _Places:
    """Finds the first id from a date on that no doc has, quickly where a thousand share one second."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        """For ids that are taken: where to go on looking."""

    def take(self, index: Database, date: int) -> int:
        """The first free id from `date` on; it is taken from now on."""
        if len(self._next) > _MAX_KNOWN:
            self._next.clear()
        passed: list[int] = []
        at = date
        while True:
            further = self._next.get(at) or self._after(index, at)
            if further == at:
                break
            passed.append(at)
            at = further
        for each in passed:
            self._next[each] = at
        self._next[at] = at + 1
        return at

    @staticmethod
    def _after(index: Database, at: int) -> int:
        """The end of the run of taken ids that begins there, as far as one look goes; `at` itself when it is free."""
        end = at
        for (taken,) in index.each("SELECT id FROM doc WHERE id >= ? AND id < ? ORDER BY id", (at, at + _NEAR)):
            if taken != end:
                break
            end += 1
        return end

    def clear(self) -> None:
        """Another file."""
        self._next.clear()


def _is_word(term: str) -> bool:
    """Whether it is found by a part of it: no number, no type, and nothing that only a program wrote."""
    return _SHORTEST <= len(term) <= _LONGEST and not term.isdigit() and not term.startswith(TYPE_SIGN)


def marks_of(index: Database) -> Marks:
    """How far an index has come."""
    row = index.row(_MARKS)
    return Marks(*row) if row else Marks(0, 0, None, None, 0, 0, 0, 0, False)


def coverage_of(mail: Database, marks: Marks) -> Coverage:
    """How much of the mail an index has."""
    row = mail.row("SELECT coalesce(sum(total), 0) FROM mailbox WHERE account_id IS NOT NULL")
    is_done = marks.before_place is None
    return Coverage(marks.docs, int(row[0]) if row else 0, bool(marks.was_damaged) and not is_done)


def quantum(sort_at: int) -> int:
    """The smallest id that the doc of a message of this date can have."""
    return max(1, min(sort_at, 1 << 40) >> QUANTUM_BITS)


def quantum_of_place(place: int) -> int:
    """The same for a place in the list."""
    return quantum(place >> LOW_BITS)
