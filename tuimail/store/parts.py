"""The cache of message parts, parts.db: decoded bytes, readable text, slices on their way.

What lives here: keeping and finding parts, resuming interrupted fetches, the budget.
Losing the file loses nothing but time: when it is missing, damaged or of another
version it is made anew without a word.

A part belongs to a row of mail.db by id *and* stamp. Ids alone do not do: a store that
was put aside, restored, or cut short by a power loss gives the same ids to other mail,
and a body must never be shown under the wrong message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from tuimail.errors import StoreError
from tuimail.model import EnvelopeId, Section
from tuimail.store import scrub, spare
from tuimail.store.cache import Cache, drop_oldest, drop_orphans, forget
from tuimail.store.database import Database, SqlRow
from tuimail.store.holding.held import is_held
from tuimail.store.packing import READABLE, Packed, deflated, inflated

ENCODED: Final = "<"
"""After a section: its staged octets are as transferred; they go when the decoded part comes."""
_LARGEST_OCTETS: Final = 900_000_000
"""SQLite's own limit of a value is a billion."""


class PartInfo(NamedTuple):
    """What is known of a part that is here."""

    size_octets: int
    """Decoded."""
    real_type: str
    """What libmagic saw, may be empty."""


class Parts:
    """Parts by message and section."""

    def __init__(self, mail: Database, file: Path, *, write: bool = True) -> None:
        self._mail = mail
        self._cache = Cache(mail, file, write=write)
        self._read: set[int] = set()
        """Rows read since their turn was last written: a read must not wait for a lock."""

    def close(self) -> None:
        """Give the file up, if it was ever opened."""
        self._note_reads()
        self._cache.close()

    # --- parts ----------------------------------------------------------------

    def put(self, envelope_id: EnvelopeId, section: Section | str, data: bytes, *, real_type: str = "") -> None:
        """Keep the decoded bytes of a section, in place of what was there or on its way.

        Nothing is kept for a message that is gone, and nothing that is held in quarantine.
        """
        self._put(envelope_id, [(section, data)], real_type)

    def put_all(self, envelope_id: EnvelopeId, sections: Mapping[Section, bytes]) -> None:
        """As `put`, for several sections of a message in one transaction."""
        self._put(envelope_id, sections.items(), "")

    def put_packed(self, messages: Sequence[tuple[EnvelopeId, Sequence[Packed]]]) -> None:
        """As `put`, for all that came of many messages, in one transaction."""
        ids = [envelope_id for envelope_id, _ in messages]
        stamps: dict[EnvelopeId, int] = dict(
            self._mail.rows_of("SELECT id, stamp FROM envelope WHERE id IN ({keys})", ids)
        )
        guarded = set(
            self._mail.rows_of("SELECT DISTINCT envelope_id FROM stored_part WHERE envelope_id IN ({keys})", ids)
        )
        rows = [
            (envelope_id, part.section, stamps[envelope_id], part.size_octets, len(part.octets), part.is_deflated,
             scrub.text(part.real_type), part.octets)
            for envelope_id, parts in messages if envelope_id in stamps
            for part in parts
            if len(part.octets) <= _LARGEST_OCTETS
            and not ((envelope_id,) in guarded and is_held(self._mail, envelope_id, part.section))
        ]  # fmt: skip
        if rows:
            self._cache.attempt(lambda cache: _put_rows(cache, rows, ids), None)

    def _put(self, envelope_id: EnvelopeId, sections: Iterable[tuple[Section | str, bytes]], real_type: str) -> None:
        stamp = self._stamp(envelope_id)
        if stamp is None:
            return
        rows: list[SqlRow] = []
        held: list[str] = []
        for section, data in sections:
            if is_held(self._mail, envelope_id, section):
                held.append(section)
            elif len(data) <= _LARGEST_OCTETS:
                stored, is_deflated = deflated(data)
                rows.append(
                    (envelope_id, section, stamp, len(data), len(stored), is_deflated, scrub.text(real_type), stored)
                )

        def act(cache: Database) -> None:
            with cache.transaction():
                for row in rows:
                    _put(cache, row)
                for section in held:
                    _unstage(cache, envelope_id, section)
                    _unstage(cache, envelope_id, f"{section}{ENCODED}")

        if rows or held:
            self._cache.attempt(act, None)

    def get(self, envelope_id: EnvelopeId, section: Section | str) -> bytes | None:
        """The decoded bytes of a section, None when they are not here."""
        row = self._find("id, data, is_deflated, size_octets", envelope_id, section)
        if row is None:
            return None
        identity, data, is_deflated, size_octets = row
        self._read.add(identity)
        return inflated(data, size_octets) if is_deflated else data

    def info(self, envelope_id: EnvelopeId, section: Section | str) -> PartInfo | None:
        """Size and real type of a section, None when it is not here."""
        row = self._find("size_octets, real_type", envelope_id, section)
        return PartInfo(*row) if row else None

    def sections(self, envelope_id: EnvelopeId) -> list[Section]:
        """The sections of a message that are here, readable texts left out."""
        stamp = self._stamp(envelope_id)
        none: list[str] = []
        sections = self._cache.attempt(
            lambda cache: cache.column(
                "SELECT section FROM part WHERE envelope_id = ? AND stamp = ? ORDER BY section", (envelope_id, stamp)
            ),
            none,
        )
        return [Section(section) for section in sections if not section.startswith(READABLE)]

    def put_text(self, envelope_id: EnvelopeId, kind: str, readable_json: bytes) -> None:
        """Keep a readable text: `text` (what a person would read), `plain` or `html`."""
        self.put(envelope_id, f"{READABLE}{kind}", readable_json)

    def text(self, envelope_id: EnvelopeId, kind: str) -> bytes | None:
        """A readable text as JSON, None when it is not here."""
        return self.get(envelope_id, f"{READABLE}{kind}")

    def copy(self, envelope_id: EnvelopeId, copy_id: EnvelopeId) -> None:
        """Give another message the parts that are here of this one, and its body state."""
        stamp, copy_stamp = self._stamp(envelope_id), self._stamp(copy_id)

        def act(cache: Database) -> int:
            with cache.transaction():
                stored = cache.row(
                    "SELECT count(*), coalesce(sum(stored_octets), 0) FROM part WHERE envelope_id = ? AND stamp = ?",
                    (envelope_id, stamp),
                ) or (0, 0)
                cache.run(
                    "INSERT OR IGNORE INTO part (envelope_id, section, stamp, size_octets, stored_octets, is_deflated,"
                    " real_type, data, used) SELECT ?, section, ?, size_octets, stored_octets, is_deflated, real_type,"
                    " data, (SELECT turn FROM budget) FROM part WHERE envelope_id = ? AND stamp = ?",
                    (copy_id, copy_stamp, envelope_id, stamp),
                )
                cache.run("UPDATE budget SET stored_octets = stored_octets + ?, turn = turn + 1", (stored[1],))
            return int(stored[0])

        if stamp is not None and copy_stamp is not None and self._cache.attempt(act, 0):
            with self._mail.transaction():
                self._mail.run(
                    "UPDATE envelope SET body = (SELECT body FROM envelope WHERE id = ?) WHERE id = ?",
                    (envelope_id, copy_id),
                )

    def peek(self, envelope_id: EnvelopeId, section: Section | str) -> bytes | None:
        """As `get`, by somebody who does not count as a reader."""
        row = self._find("data, is_deflated, size_octets", envelope_id, section)
        if row is None:
            return None
        data, is_deflated, size_octets = row
        return inflated(data, size_octets) if is_deflated else data

    def peek_at(self, envelope_ids: Sequence[EnvelopeId], section: Section | str) -> dict[EnvelopeId, bytes]:
        """As `peek`, of many messages with two questions in all; those that are not here are left out."""
        stamps: dict[int, int] = dict(self._mail.rows_of(
            "SELECT id, stamp FROM envelope WHERE id IN ({keys})", envelope_ids
        ))

        def act(cache: Database) -> list[SqlRow]:
            return cache.rows_of(
                "SELECT envelope_id, stamp, data, is_deflated, size_octets FROM part"
                " WHERE section = ? AND envelope_id IN ({keys})", envelope_ids, (section,),
            )  # fmt: skip

        found: dict[EnvelopeId, bytes] = {}
        nothing: list[SqlRow] = []
        for envelope_id, stamp, data, is_deflated, size_octets in self._cache.attempt(act, nothing):
            octets = inflated(data, size_octets) if is_deflated else data
            if stamps.get(envelope_id) == stamp and octets is not None:
                found[EnvelopeId(envelope_id)] = octets
        return found

    def newer_than(self, part_id: int, limit: int) -> tuple[set[EnvelopeId], int]:
        """Messages of which something was kept after the part with this number, and the number of the last one.

        A smaller number than the one asked with: the file is a new one.
        """

        def act(cache: Database) -> list[SqlRow]:
            newer = cache.rows("SELECT id, envelope_id FROM part WHERE id > ? ORDER BY id LIMIT ?", (part_id, limit))
            return newer or cache.rows("SELECT coalesce(max(id), 0), NULL FROM part")

        none: list[SqlRow] = [(part_id, None)]
        rows = self._cache.attempt(act, none)
        return {EnvelopeId(row[1]) for row in rows if row[1] is not None}, rows[-1][0]

    def drop(self, envelope_id: EnvelopeId, section: Section | str) -> None:
        """Let go of a section, of what lies in it and what it lies in, up to the whole message. Raises StoreError."""

        def act(cache: Database) -> None:
            with cache.transaction():
                for at in cache.column(
                    "SELECT section FROM part WHERE envelope_id = ?1 UNION"
                    " SELECT section FROM staging WHERE envelope_id = ?1",
                    (envelope_id,),
                ):
                    known = at.removesuffix(ENCODED)
                    if not known or f"{known}.".startswith(f"{section}.") or section.startswith(f"{known}."):
                        forget(cache, "envelope_id = ? AND section = ?", (envelope_id, at))
                        _unstage(cache, envelope_id, at)

        self._cache.attempt(act, None)

    # --- slices ---------------------------------------------------------------

    def begin(self, envelope_id: EnvelopeId, section: Section | str, total: int) -> int:
        """Begin to fetch `total` octets, or go on; how many are here already."""
        stamp = self._stamp(envelope_id)

        def act(cache: Database) -> int:
            with cache.transaction():
                values = (envelope_id, section, stamp, total)
                if not cache.row(
                    "SELECT 1 FROM staging WHERE envelope_id = ? AND section = ? AND stamp = ? AND total_octets = ?",
                    values,
                ):
                    _unstage(cache, envelope_id, section)
                    cache.run("INSERT INTO staging VALUES (?, ?, ?, ?)", values)
                return _staged_octets(cache, envelope_id, section)

        return self._cache.attempt(act, 0) if stamp is not None else 0

    def append(self, envelope_id: EnvelopeId, section: Section | str, piece: bytes) -> int:
        """Keep the next octets of a part that was begun; how many are here now."""

        def act(cache: Database) -> int:
            with cache.transaction():
                start = _staged_octets(cache, envelope_id, section)
                if cache.row("SELECT 1 FROM staging WHERE envelope_id = ? AND section = ?", (envelope_id, section)):
                    cache.run("INSERT INTO slice VALUES (?, ?, ?, ?)", (envelope_id, section, start, piece))
                return start + len(piece)

        return self._cache.attempt(act, 0)

    def staged(self, envelope_id: EnvelopeId, section: Section | str) -> bytes:
        """All octets that are here of a part that was begun."""
        none: list[bytes] = []
        return b"".join(self._cache.attempt(
            lambda cache: cache.column(
                "SELECT data FROM slice JOIN staging USING (envelope_id, section)"
                " WHERE envelope_id = ? AND section = ? AND stamp = ? ORDER BY start",
                (envelope_id, section, self._stamp(envelope_id)),
            ),
            none,
        ))

    def finish(self, envelope_id: EnvelopeId, section: Section | str, *, real_type: str = "") -> None:
        """The staged octets are the part as it is."""
        self.put(envelope_id, section, self.staged(envelope_id, section), real_type=real_type)

    # --- budget ---------------------------------------------------------------

    def stored_octets(self) -> int:
        """What all parts take, compressed."""
        return self._cache.attempt(_stored_octets, 0)

    def evict(self, budget_octets: int) -> int:
        """Let go of parts of messages that are gone, then of those not read for longest; how many octets.

        Messages whose text went are ABSENT again.
        """
        self._note_reads()
        before = self.stored_octets()
        self._cache.attempt(lambda cache: drop_orphans(cache, self._mail), None)
        while self.stored_octets() > budget_octets:
            if not self._cache.attempt(lambda cache: drop_oldest(cache, self._mail, budget_octets), 0):
                break
        return before - self.stored_octets()

    def give_back(self, spare_octets: int) -> bool:
        """Make the file shorter by some pages if much of it is free; whether it did."""
        return self._cache.attempt(lambda cache: spare.give_back(cache, spare_octets), False)

    def _find(self, columns: str, envelope_id: EnvelopeId, section: Section | str) -> SqlRow | None:
        stamp = self._stamp(envelope_id)
        if stamp is None:
            return None
        return self._cache.attempt(
            lambda cache: cache.row(
                f"SELECT {columns} FROM part WHERE envelope_id = ? AND section = ? AND stamp = ?",
                (envelope_id, section, stamp),
            ),
            None,
        )

    def _stamp(self, envelope_id: EnvelopeId) -> int | None:
        row = self._mail.row("SELECT stamp FROM envelope WHERE id = ?", (envelope_id,))
        return int(row[0]) if row else None

    def _note_reads(self) -> None:
        """Write down which parts were read: they are the last to go."""
        read, self._read = self._read, set()
        if read:
            with suppress(StoreError):  # only the order of eviction is lost
                self._cache.attempt(lambda cache: _note(cache, read), None)


def _put(cache: Database, row: SqlRow) -> None:
    envelope_id, section, *_ = row
    with cache.transaction():
        forget(cache, "envelope_id = ? AND section = ?", (envelope_id, section))
        cache.run(
            "INSERT INTO part (envelope_id, section, stamp, size_octets, stored_octets, is_deflated, real_type, data,"
            " used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT turn FROM budget))",
            row,
        )
        cache.run("UPDATE budget SET stored_octets = stored_octets + ?, turn = turn + 1", (row[4],))
        _unstage(cache, envelope_id, section)
        _unstage(cache, envelope_id, f"{section}{ENCODED}")


def _put_rows(cache: Database, rows: Sequence[SqlRow], ids: Sequence[EnvelopeId]) -> None:
    """Insert parts of many messages; most have nothing here yet, and then nothing is looked for one by one."""
    with cache.transaction():
        touched = {
            row[0]
            for table in ("part", "staging")
            for row in cache.rows_of(f"SELECT DISTINCT envelope_id FROM {table} WHERE envelope_id IN ({{keys}})", ids)
        }
        for row in rows:
            if row[0] in touched:
                _put(cache, row)
        new = [row for row in rows if row[0] not in touched]
        cache.many(
            "INSERT INTO part (envelope_id, section, stamp, size_octets, stored_octets, is_deflated,"
            " real_type, data, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT turn FROM budget))",
            new,
        )
        cache.run(
            "UPDATE budget SET stored_octets = stored_octets + ?, turn = turn + 1", (sum(row[4] for row in new),)
        )


def _note(cache: Database, read: Iterable[int]) -> None:
    with cache.transaction():
        cache.many(
            "UPDATE part SET used = (SELECT turn FROM budget) WHERE id = ?", ((identity,) for identity in read)
        )
        cache.run("UPDATE budget SET turn = turn + 1")


def _unstage(cache: Database, envelope_id: int, section: str) -> None:
    cache.run("DELETE FROM slice WHERE envelope_id = ? AND section = ?", (envelope_id, section))
    cache.run("DELETE FROM staging WHERE envelope_id = ? AND section = ?", (envelope_id, section))


def _staged_octets(cache: Database, envelope_id: int, section: str) -> int:
    row = cache.row(
        "SELECT start + length(data) FROM slice WHERE envelope_id = ? AND section = ? ORDER BY start DESC LIMIT 1",
        (envelope_id, section),
    )
    return int(row[0]) if row else 0


def _stored_octets(cache: Database) -> int:
    row = cache.row("SELECT stored_octets FROM budget")
    return int(row[0]) if row else 0
