"""Looking for mail: what a query finds and a line that shows why, what can be typed next, saved searches.

What lives here: putting the language, the index and the texts together for whoever shows
them. What must not: SQL, and how anything is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tuimail.errors import UsageError
from tuimail.mime.reading import readable
from tuimail.model import EnvelopeId
from tuimail.query.completion import Suggestion, complete
from tuimail.query.highlight import NOTHING, Needle, Snippet, needles, snippet
from tuimail.query.parser import parse
from tuimail.query.tree import Known, Query
from tuimail.store import Store
from tuimail.store.finding.search import Coverage, Hit, Key, Page

SAVED_KEY: Final = "searches"
"""In the store's state: a list of [name, query]."""
MAX_SAVED: Final = 50
MAX_NAME: Final = 60
MAX_COUNTED: Final = 5_000
"""Messages that a count of a saved search looks at; more are shown as so many and a plus."""
MAX_LINES: Final = 2_000
_PEOPLE: Final = re.compile(r'(?:from|to|cc):"?([^\s"()]{2,})\Z', re.IGNORECASE)


class Found(NamedTuple):
    """A message that was found."""

    hit: Hit
    snippet: Snippet
    """Of its text; empty when that is not here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found."""

    query: Query
    found: tuple[Found, ...]
    after: Key | None
    """For the next page; None when this is the last one."""
    sentence: str
    """What a person should know of the index: that it is not complete, or is made anew; else empty."""
    needles: tuple[Needle, ...] = ()
    """What to mark in what is shown."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A search under a name."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages a saved search finds."""

    total: int
    unread: int
    is_more: bool
    """There are more than were counted."""


def find(
    store: Store,
    text: str,
    *,
    now: float,
    limit: int = 100,
    after: Key | None = None,
    best: bool = False,
    is_typing: bool = False,
) -> Answer:
    """What a query finds, newest or best first. `is_typing`: its last word may go on."""
    query = parse(text, now=now, known=store.search.known(), is_typing=is_typing)
    if query.tree is None:
        return Answer(query, (), None, "")
    page = store.search.find(query.tree, limit=limit, after=after, best=best)
    wanted = needles(query.tree)
    return Answer(query, shown(store, page.hits, wanted), page.after, index_sentence(page.coverage), wanted)


def merged(store: Store, answer: Answer, envelope_ids: Iterable[EnvelopeId]) -> Answer:
    """The answer, and among it what servers found besides, newest first."""
    here = {each.hit.row.id for each in answer.found}
    more = store.search.hits([each for each in envelope_ids if each not in here])
    if not more:
        return answer
    both = [*answer.found, *shown(store, more, answer.needles)]
    both.sort(key=lambda each: (each.hit.row.sort_at, each.hit.row.id), reverse=True)
    return replace(answer, found=tuple(both))


def shown(store: Store, hits: Sequence[Hit], wanted: tuple[Needle, ...]) -> tuple[Found, ...]:
    """The hits with their snippets."""
    texts = store.parts.peek_at([hit.row.id for hit in hits], "readable:text")
    return tuple(Found(hit, _snippet(texts.get(hit.row.id), wanted)) for hit in hits)


def index_sentence(coverage: Coverage | None) -> str:
    """What a person should know of the index, empty when all is well."""
    if coverage is None or coverage.percent == 100:
        return ""
    if coverage.was_damaged:
        return f"The search index was damaged and is made anew: it is {coverage.percent} % complete."
    return f"The search index is {coverage.percent} % complete; older mail may be missing."


def suggestions(store: Store, text: str, cursor: int) -> list[Suggestion]:
    """How the word before the cursor can go on."""
    known = store.search.known()
    person = _PEOPLE.search(text, 0, cursor)
    if person is not None:
        people = store.people.complete(person[1], 10)
        known = Known(known.mailboxes, known.accounts, tuple((each.address, each.name) for each in people))
    return complete(text, cursor, known)


def _snippet(kept: bytes | None, wanted: tuple[Needle, ...]) -> Snippet:
    if kept is None:
        return NOTHING
    try:
        text = readable.from_json(kept)
    except ValueError:
        return NOTHING
    return snippet((line.text for line in text.lines[:MAX_LINES]), wanted)


# --- saved searches -------------------------------------------------------------


def saved(store: Store) -> list[Saved]:
    """All saved searches, in the order in which they were saved."""
    kept = store.state.get(SAVED_KEY, [])
    pairs = kept if isinstance(kept, list) else []
    return [
        Saved(str(pair[0]), str(pair[1])) for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and pair[0] and pair[1]
    ]


def save(store: Store, name: str, query: str) -> None:
    """Keep a search under a name, in place of one that has it. Raises UsageError."""
    name = " ".join(name.split())[:MAX_NAME]
    if not name or not query.strip():
        raise UsageError("A search needs a name and something to look for.")
    kept = [each for each in saved(store) if each.name != name]
    if len(kept) >= MAX_SAVED:
        raise UsageError(f"There are {MAX_SAVED} saved searches already.", "Remove one first.")
    _keep(store, [*kept, Saved(name, query.strip())])


def forget(store: Store, name: str) -> None:
    """Remove a saved search; the mail stays."""
    _keep(store, [each for each in saved(store) if each.name != name])


def counts(store: Store, *, now: float) -> dict[str, Count]:
    """How much each saved search finds, by name."""
    found: dict[str, Count] = {}
    known = store.search.known()
    for each in saved(store):
        tree = parse(each.query, now=now, known=known).tree
        total, unread = store.search.count(tree, MAX_COUNTED) if tree is not None else (0, 0)
        found[each.name] = Count(total, unread, total >= MAX_COUNTED)
    return found


def ids_of(
    store: Store, query: str, *, now: float, limit: int = MAX_COUNTED, is_typing: bool = False
) -> list[EnvelopeId]:
    """What a query finds, newest first, without anything to show. `is_typing`: as for `find`."""
    tree = parse(query, now=now, known=store.search.known(), is_typing=is_typing).tree
    return store.search.ids(tree, limit) if tree is not None else []


def _keep(store: Store, searches: list[Saved]) -> None:
    store.state.set(SAVED_KEY, [[each.name, each.query] for each in searches], durable=True)


__all__ = [
    "Answer", "Count", "Found", "Page", "Saved", "Suggestion", "counts", "find", "forget", "ids_of", "index_sentence",
    "merged", "save", "saved", "shown", "suggestions",
]  # fmt: skip
