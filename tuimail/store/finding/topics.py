"""Answers that name no message, and what they may answer: the same subject, a few weeks, a person in common.

What lives here: the rows of `topic`, and pairs of conversations that belong together by them. What must
not: what an answer is and who took part (`mime.subjects`), joining (`threads`).

Whether two messages belong together depends on these two alone, and is looked at when the later one comes:
so the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from tuimail.store.database import Database, SqlRow
from tuimail.store.lists.order import LOW_BITS

DAY_S: Final = 86_400
SPAN_S: Final = 30 * DAY_S
"""An answer is looked at with what came so long before it; other answers also after it."""
LATE_S: Final = DAY_S
"""Clocks are wrong: what it answers may bear a date that is so much later."""
MOST_COMPARED: Final = 200
"""Messages of one subject with which a new one is compared, the nearest before and after."""


class Topic(NamedTuple):
    """What a message is about."""

    key: int
    """63 bits."""
    is_answer: bool
    """It is marked as an answer, and names none that it answers."""


class Subjects(NamedTuple):
    """How subjects are read; given by who may read mail."""

    topic_of: Callable[[str, str, str], Topic | None]
    """Subject, In-Reply-To, References; None where there is no subject."""
    people_of: Callable[[str, str, str], frozenset[str]]
    """Addresses in From, To and Cc."""


class Topics:
    """The subjects of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, account_id: int, rows: Sequence[SqlRow], subjects: Subjects) -> list[SqlRow]:
        """Write down what these messages (id, subject, in_reply_to, references, place) are about; the rows."""
        found: list[SqlRow] = []
        for envelope_id, subject, in_reply_to, references, place in rows:
            topic = subjects.topic_of(subject, in_reply_to, references)
            if topic is not None:
                found.append((envelope_id, account_id, topic.key, place >> LOW_BITS, int(topic.is_answer)))
        self._database.many("INSERT OR REPLACE INTO topic VALUES (?, ?, ?, ?, ?)", found)
        return found

    def pairs(self, noted: Sequence[SqlRow], own: str, subjects: Subjects) -> Iterator[tuple[int, int]]:
        """Two conversations each that belong together. `own`: the account's address, which is in all of its mail."""
        people: dict[int, frozenset[str]] = {}
        for envelope_id, account_id, key, at, is_answer in noted:
            near = self._near(envelope_id, account_id, key, at, is_answer)
            if near:
                self._read_people({envelope_id, *near}.difference(people), own, subjects, people)
            alike = [other for other in near if people[envelope_id] & people[other]]
            threads: dict[int, int] = dict(self._database.rows_of(
                "SELECT id, thread_id FROM envelope WHERE id IN ({keys})", [envelope_id, *alike] if alike else []
            ))
            yield from ((threads[envelope_id], threads[other]) for other in alike)

    def forget(self) -> None:
        """Subjects count no longer."""
        self._database.run("DELETE FROM topic")

    def _near(self, envelope_id: int, account_id: int, key: int, at: int, is_answer: int) -> list[int]:
        """The messages that it may answer, or that may answer it."""
        asked = [(LATE_S, SPAN_S, 1)]
        if is_answer:
            asked = [(SPAN_S, LATE_S, 0), (SPAN_S, SPAN_S, 1)]
        found: set[int] = set()
        for before, after, answers in asked:
            for first, last, order in ((at - before, at, "DESC"), (at, at + after, "ASC")):
                found.update(self._database.column(
                    "SELECT envelope_id FROM topic WHERE account_id = ? AND topic = ? AND is_answer = ?"
                    f" AND sent_at BETWEEN ? AND ? ORDER BY sent_at {order} LIMIT ?",
                    (account_id, key, answers, first, last, MOST_COMPARED),
                ))
        return sorted(found - {envelope_id})

    def _read_people(
        self, envelope_ids: Collection[int], own: str, subjects: Subjects, people: dict[int, frozenset[str]]
    ) -> None:
        people.update((one, frozenset()) for one in envelope_ids)
        for one, from_line, to_line, cc in self._database.rows_of(
            "SELECT id, from_line, to_line, cc FROM header WHERE id IN ({keys})", envelope_ids
        ):
            people[one] = subjects.people_of(from_line, to_line, cc) - {own.casefold()}
