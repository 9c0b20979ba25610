"""A tree of the query language as statements: what the index is asked, what is asked of the rows.

What lives here: expressions of FTS5, conditions of SQL, both made of words that
`query.words` cut and of bound values only. What must not: running the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tuimail.model import MailboxId
from tuimail.query.tree import (
    All,
    Any,
    HasAttachment,
    Is,
    Node,
    Not,
    Reach,
    Sent,
    Size,
    State,
    Thread,
    Within,
    Words,
)
from tuimail.store.database import Database
from tuimail.store.finding.search_index import TYPE_SIGN
from tuimail.store.lists.order import FARTHEST_S, LOW_BITS

MAX_INSIDE: Final = 100
"""Words that hold what was typed: more are left out, the shortest are taken."""
_COLUMNS: Final = {
    "from": "sender", "to": "recipients", "cc": "copies", "subject": "subject", "list": "list", "body": "body",
    "filename": "filename", "type": "filename",
}
_STATES: Final = {
    Is.UNREAD: "envelope.flags & 1 = 0",
    Is.READ: "envelope.flags & 1 = 1",
    Is.STARRED: "envelope.flags & 4 = 4",
    Is.ANSWERED: "envelope.flags & 2 = 2",
    Is.DRAFT: "envelope.flags & 16 = 16",
    Is.HELD: "envelope.id IN (SELECT envelope_id FROM mail.stored_part WHERE state = 'held')",
}
HAVING: Final = (
    "envelope.id IN (SELECT doc.envelope_id FROM word CROSS JOIN doc ON doc.id = word.rowid WHERE word MATCH ?)"
)
NOWHERE: Final = "0"


@dataclass(slots=True)
class Plan:
    """How a query is looked for."""

    match: str = ""
    """What the index is asked; empty when the rows alone tell."""
    conditions: list[str] = field(default_factory=list)
    """On `mail.envelope`, all of them."""
    values: list[object] = field(default_factory=list)
    mailbox_ids: frozenset[MailboxId] | None = None
    """Only these; None for all."""
    first: int | None = None
    """Not older than this, in seconds since 1970 UTC."""
    end: int | None = None
    """Older than this."""
    needs_index: bool = False

    @property
    def where(self) -> str:
        """The conditions as one."""
        return " AND ".join(self.conditions) if self.conditions else "1"


class Planner:
    """Makes plans with what the index knows of words; without an index, no word is anywhere."""

    def __init__(self, index: Database | None) -> None:
        self._index = index

    def plan(self, tree: Node) -> Plan:
        """How `tree` is looked for. The tree's depth is bounded by the parser."""
        plan = Plan()
        wanted: list[str] = []
        unwanted: list[str] = []
        for child in tree.children if isinstance(tree, All) else (tree,):
            match = self._match(child)
            if match is not None:
                wanted.append(match)
            elif isinstance(child, Not) and (excluded := self._match(child.child)) is not None:
                unwanted.append(excluded)
            elif isinstance(child, Within):
                before = plan.mailbox_ids
                plan.mailbox_ids = child.mailbox_ids if before is None else before & child.mailbox_ids
            elif isinstance(child, Sent):
                _narrow(plan, child)
            else:
                plan.conditions.append(self._condition(child, plan.values))
        plan.needs_index = bool(wanted or unwanted) or any(HAVING in condition for condition in plan.conditions)
        if wanted:
            plan.match = _negated(" AND ".join(wanted), unwanted)
        elif unwanted:
            plan.conditions.append(f"NOT {HAVING}" if self._index else NOWHERE)
            plan.values += [" OR ".join(unwanted)] if self._index else []
        if plan.needs_index and self._index is None:
            plan.match, plan.conditions, plan.values = "", [NOWHERE], []
        return plan

    # --- the index ------------------------------------------------------------

    def _match(self, node: Node) -> str | None:
        """What FTS5 is asked for a tree of nothing but words; None for any other."""
        match node:
            case Words():
                return self._words(node)
            case Any(children):
                parts = [self._match(child) for child in children]
                return None if None in parts else "(" + " OR ".join(part for part in parts if part) + ")"
            case All(children):
                wanted = [self._match(child) for child in children if not isinstance(child, Not)]
                unwanted = [self._match(child.child) for child in children if isinstance(child, Not)]
                if not wanted or None in wanted or None in unwanted:
                    return None
                joined = " AND ".join(part for part in wanted if part)
                return "(" + _negated(joined, [part for part in unwanted if part]) + ")"
            case _:
                return None

    def _words(self, words: Words) -> str:
        begun = _expression(words, is_begun=True)
        whole = _expression(words, is_begun=False)
        match words.reach:
            case Reach.WHOLE:
                return whole
            case Reach.BEGINNING:
                return begun
            case Reach.INSIDE:
                return self._inside(words) or begun
            case Reach.TYPED:
                return begun if self._finds(begun) else self._inside(words) or begun
            case Reach.USUAL:
                if self._finds(whole):
                    return whole
                return begun if self._finds(begun) else self._inside(words) or whole

    def _finds(self, expression: str) -> bool:
        if self._index is None:
            return False
        return self._index.row("SELECT 1 FROM word WHERE word MATCH ? LIMIT 1", (expression,)) is not None

    def _inside(self, words: Words) -> str | None:
        """Any of the words that hold the last one; None when there is none, or something stands before it."""
        *before, last = words.words
        if before or self._index is None:
            return None
        terms = self._index.column(
            "SELECT term FROM inside WHERE term LIKE ? ORDER BY length(term) LIMIT ?", (f"%{last}%", MAX_INSIDE)
        )
        if not terms:
            return None
        column, sign = _place(words.field)
        return f"({column}(" + " OR ".join(f'"{sign}{term}"' for term in terms) + "))"

    # --- rows -----------------------------------------------------------------

    def _condition(self, node: Node, values: list[object]) -> str:
        """What SQL is asked of the rows."""
        match node:
            case All(children) | Any(children):
                word = " AND " if isinstance(node, All) else " OR "
                return "(" + word.join([self._condition(child, values) for child in children]) + ")"
            case Not(child):
                return f"NOT {self._condition(child, values)}"
            case Words():
                values.append(self._words(node))
                return HAVING
            case State(state):
                return f"({_STATES[state]})"
            case HasAttachment():
                return "envelope.has_attachments = 1"
            case Thread(thread_id):
                values.append(thread_id)
                return "envelope.thread_id = ?"
            case Within(mailbox_ids):
                return f"envelope.mailbox_id IN ({_numbers(mailbox_ids)})"
            case Sent(first, end):
                return _between("envelope.place >= ?", first, "envelope.place < ?", end, values, LOW_BITS)
            case Size(above, below):
                return _between("envelope.size_octets > ?", above, "envelope.size_octets < ?", below, values, 0)


def _expression(words: Words, *, is_begun: bool) -> str:
    column, sign = _place(words.field)
    phrase = " ".join(sign + word for word in words.words)
    return f'{column}"{phrase}"{" *" if is_begun else ""}'


def _place(name: str) -> tuple[str, str]:
    """The column of a field with its colon, and what stands before each word in it."""
    column = _COLUMNS.get(name)
    return (f"{column} : " if column else ""), (TYPE_SIGN if name == "type" else "")


def _negated(wanted: str, unwanted: Sequence[str]) -> str:
    return f"({wanted}) NOT ({' OR '.join(unwanted)})" if unwanted else wanted


def _narrow(plan: Plan, sent: Sent) -> None:
    if sent.first is not None:
        plan.first = sent.first if plan.first is None else max(plan.first, sent.first)
    if sent.end is not None:
        plan.end = sent.end if plan.end is None else min(plan.end, sent.end)


def _between(
    lower: str, first: int | None, upper: str, end: int | None, values: list[object], shift: int
) -> str:
    parts = []
    for sql, bound in ((lower, first), (upper, end)):
        if bound is not None:
            values.append(place_bound(bound) if shift else bound)
            parts.append(sql)
    return "(" + " AND ".join(parts) + ")"


def place_bound(moment: int) -> int:
    """The smallest place of a moment."""
    return max(-FARTHEST_S, min(moment, FARTHEST_S)) << LOW_BITS


def _numbers(mailbox_ids: frozenset[MailboxId]) -> str:
    """Our own numbers, so that they need no binding; an empty list is nothing."""
    return ",".join(str(int(mailbox_id)) for mailbox_id in sorted(mailbox_ids))
