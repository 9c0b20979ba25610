"""The index of a test's store, brought up to date at once; texts that come; what a query finds."""

from __future__ import annotations

from collections.abc import Iterable

from tuimail.engine.finding.indexing import steps
from tuimail.mime.reading import readable
from tuimail.model import BodyState, EnvelopeId, ReadableText, TextLine
from tuimail.query.parser import parse
from tuimail.store import Store
from tuimail.store.finding.search import Page

NOW = 1_795_000_000.0


def index(store: Store, size: int = 40) -> int:
    """Index everything; how many steps that took."""
    return sum(1 for _ in steps(store, size))


def give_text(store: Store, envelope_id: EnvelopeId, *lines: str) -> None:
    """Its text came."""
    text = ReadableText("plain", tuple(TextLine(line) for line in lines))
    store.parts.put_text(envelope_id, "text", readable.to_json(text))
    store.envelopes.set_body_state(envelope_id, BodyState.TEXT)


def page(store: Store, query: str, *, limit: int = 100, best: bool = False) -> Page:
    """The first page of what a query finds; it must be one without mistakes."""
    read = parse(query, now=NOW, known=store.search.known())
    assert read.mistakes == ()
    assert read.tree is not None
    return store.search.find(read.tree, limit=limit, best=best)


def found(store: Store, query: str, *, best: bool = False) -> list[str]:
    """The subjects of what a query finds, in order."""
    return [hit.row.subject for hit in page(store, query, best=best).hits]


def ids(pages: Iterable[Page]) -> list[EnvelopeId]:
    """Who was found."""
    return [hit.row.id for one in pages for hit in one.hits]
