"""`search`: what is found in the mail that is here, and on servers when asked."""

from __future__ import annotations

import os
import queue
import sys
import time
from typing import Final

from tuimail.cli.cli import Cli
from tuimail.cli.listed import envelope_values
from tuimail.cli.output import Cell, Text
from tuimail.cli.parser import CLEAR
from tuimail.cli.times import local
from tuimail.engine.office import Office
from tuimail.engine.protocol import EngineChanged, IndexChanged, Notice, SearchEnded, SearchServer
from tuimail.errors import EngineGone
from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import EnvelopeId, Flag
from tuimail.query.highlight import Snippet
from tuimail.query.tree import Mistake
from tuimail.store import Store
from tuimail.wishes.finding import Answer, Found, find, merged

INDEX_S: Final = 10.0
"""So long for an index that is not complete."""
SERVER_S: Final = 120.0
USAGE: Final = 2


def search(cli: Cli) -> int:
    """Print what a query finds."""
    text = " ".join(cli.options.words).replace(CLEAR, "-")
    now = time.time()
    with cli.store() as store:
        answer = find(store, text, now=now, limit=cli.options.limit, best=cli.options.best)
        if answer.query.mistakes:
            _point_at(answer.query.text, answer.query.mistakes)
            return USAGE
        if answer.sentence and _wait_for_index(cli):
            answer = find(store, text, now=now, limit=cli.options.limit, best=cli.options.best)
        if cli.options.server:
            answer = _with_servers(cli, store, text, answer)
        _print(cli, store, answer)
    if answer.sentence and not cli.out.as_json:
        cli.out.note(answer.sentence)
    return 0


def _print(cli: Cli, store: Store, answer: Answer) -> None:
    found = answer.found[: cli.options.limit]
    if cli.out.as_json:
        cli.out.json([values for each in found if (values := _values(store, each)) is not None])
        return
    several = len({each.hit.account for each in found}) > 1
    for each in found:
        _print_one(cli, each, several=several)
    if not found:
        cli.out.note("Nothing was found." if cli.options.server else
                     "Nothing was found. With --server, bodies that are not here are looked through, too.")


def _values(store: Store, found: Found) -> dict[str, object] | None:
    """An envelope as JSON shows it, with its snippet; None when it went meanwhile."""
    envelope = store.envelopes.envelope(found.hit.row.id)
    if envelope is None:
        return None
    return envelope_values(envelope) | {
        "snippet": found.snippet.text, "highlights": [list(hit) for hit in found.snippet.hits],
    }


def _print_one(cli: Cli, found: Found, *, several: bool) -> None:
    row = found.hit.row
    where = f"{found.hit.account}/{found.hit.mailbox}" if several else found.hit.mailbox
    style = "" if row.flags & Flag.SEEN else "bold"
    cli.out.line(
        Cell(f"{row.id:>6}", "accent"), "  ", local(row.sort_at), "  ", Cell(row.sender, style), "  ",
        Cell(row.subject, style), "  ", Cell(where, "dim"),
    )
    if found.snippet.text:
        cli.out.line("        ", *_marked(found.snippet))


def _marked(snippet: Snippet) -> list[Text]:
    """A snippet with its hits in another style."""
    pieces: list[Text] = []
    at = 0
    for start, end in snippet.hits:
        pieces += [Cell(snippet.text[at:start], "dim"), Cell(snippet.text[start:end], "warn")]
        at = end
    return [*pieces, Cell(snippet.text[at:], "dim")]


def _point_at(text: str, mistakes: tuple[Mistake, ...]) -> None:
    """Say each mistake, with a line of carets below the query."""
    for mistake in mistakes:
        sys.stderr.write(f"tuimail: {clean_line(mistake.sentence)}\n")
        if len(text) <= 200:
            before = cell_width(clean_line(text[: mistake.start]))
            width = max(1, cell_width(clean_line(text[mistake.start : mistake.end])))
            sys.stderr.write(f"  {clean_line(text)}\n  {' ' * before}{'^' * width}\n")


# --- the engine -----------------------------------------------------------------


def _wait_for_index(cli: Cli) -> bool:
    """Let the engine index what it can in a few seconds; whether it said anything."""
    notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    office = Office.join(cli.paths, on_notice=notices.put, watch=False)
    deadline = time.monotonic() + INDEX_S
    try:
        while (left := deadline - time.monotonic()) > 0:
            notice = notices.get(timeout=left)
            if isinstance(notice, IndexChanged) and (notice.is_resting or notice.sentence):
                return True
            if isinstance(notice, EngineChanged) and not notice.alive:
                return False
            if isinstance(notice, IndexChanged):
                cli.out.progress(f"Indexing: {notice.done:,} of {notice.total:,}")
    except (queue.Empty, EngineGone):
        return True
    finally:
        cli.out.progress("")
        office.close()
    return True


def _with_servers(cli: Cli, store: Store, text: str, answer: Answer) -> Answer:
    """What servers find besides; what they could not do is said."""
    notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    ticket = f"search.{os.getpid()}"
    found: list[EnvelopeId] = []
    office = Office.join(cli.paths, on_notice=notices.put, watch=False)
    try:
        cli.out.progress("Looking on the servers")
        office.send(SearchServer("", text, ticket))
        while True:
            notice = notices.get(timeout=SERVER_S)
            if isinstance(notice, EngineChanged) and not notice.alive:
                raise EngineGone(notice.sentence or "The mail engine ended.", "Try again.")
            if not isinstance(notice, SearchEnded) or notice.ticket != ticket:
                continue
            found += notice.found
            if notice.sentence:
                cli.out.progress("")
                cli.out.note(f"{notice.account}: {notice.sentence}" if notice.account else notice.sentence)
            if not notice.account:
                break
    except queue.Empty:
        cli.out.note("Not all servers answered in time.")
    finally:
        cli.out.progress("")
        office.close()
    return merged(store, answer, found)
