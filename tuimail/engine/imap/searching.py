"""Looking on the server for messages whose bodies are not here, over the connection for what is wanted.

One mailbox a step, so that somebody who opens a message does not wait for the rest.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from tuimail.engine.desk import Desk
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.protocol import SearchEnded
from tuimail.errors import ConnectionProblem, MailError, MessageProblem, ProtocolViolation, ServerRefused
from tuimail.mime.clean import clean_line
from tuimail.model import EnvelopeId, Mailbox, MailboxId, Role
from tuimail.net.imap.session import ImapSession
from tuimail.query import for_servers
from tuimail.query.parser import parse
from tuimail.query.tree import All, Node, Within
from tuimail.store import Store

MAX_FOUND: Final = 1000
ATTEMPTS: Final = 2
NO_WORDS: Final = "There is nothing in this query that a server could be asked for."
_GMAIL: Final = "X-GM-EXT-1"


class Wanted(NamedTuple):
    """A search that was asked for."""

    query: str
    ticket: str


class Searches:
    """What is to be looked for on one account's server. Any thread asks, the lane works."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._waiting: deque[Wanted] = deque()
        self._steps: Iterator[None] | None = None
        self._attempts = 0
        self._found: list[tuple[int, EnvelopeId]] = []
        self._beside: Node | None = None

    def ask(self, query: str, ticket: str) -> None:
        """Look for it, soon. A newer search of the same asker makes older ones pointless, but they are answered."""
        with self._lock:
            self._waiting.append(Wanted(query, ticket))

    @property
    def waiting(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def refuse_all(self, sentence: str) -> None:
        """Nothing can be looked for just now."""
        while self._waiting:
            self._end(sentence)

    def step(self, connection: OnDemand, store: Store) -> bool:
        """One mailbox of what is wanted; False when nothing is."""
        if not self._waiting:
            return False
        wanted = self._waiting[0]
        try:
            if self._steps is None:
                self._found = []
                self._steps = self._look(wanted, connection, store)
            next(self._steps)
        except StopIteration:
            self._found.sort(reverse=True)
            self._end("", self._fitting(store))
        except (ConnectionProblem, ProtocolViolation) as exc:
            connection.close()
            self._steps = None
            self._attempts += 1
            if self._attempts >= ATTEMPTS:
                self._end(self._desk.offline or exc.sentence)
        except MailError as exc:
            self._end(self._desk.offline or exc.sentence)
        return True

    def _end(self, sentence: str, found: tuple[EnvelopeId, ...] = ()) -> None:
        with self._lock:
            wanted = self._waiting.popleft()
        self._steps, self._attempts = None, 0
        self._desk.tell(SearchEnded(wanted.ticket, self._desk.name, found, sentence))

    def _fitting(self, store: Store) -> tuple[EnvelopeId, ...]:
        """Those found that also fit what servers are not asked for, newest first."""
        ids = [envelope_id for _, envelope_id in self._found[:MAX_FOUND]]
        if self._beside is None:
            return tuple(ids)
        fitting = store.search.fitting(self._beside, ids)
        return tuple(envelope_id for envelope_id in ids if envelope_id in fitting)

    def _look(self, wanted: Wanted, connection: OnDemand, store: Store) -> Iterator[None]:
        tree = parse(wanted.query, now=time.time(), known=store.search.known()).tree
        asked, self._beside = for_servers.split(tree) if tree is not None else ([], None)
        if not asked:
            raise MessageProblem(NO_WORDS, "Give it a word.")
        if self._desk.offline:
            raise MessageProblem(self._desk.offline)
        for mailbox in mailboxes(store.mailboxes.all(self._desk.name), tree):
            try:
                session = connection.session_in(mailbox.id, store.mailboxes.sync_point(mailbox.id).uid_validity)
                uids = session.search_uids(criteria(session, asked))
            except ServerRefused as exc:
                self._desk.log.write("search.refused", account=self._desk.name, mailbox=mailbox.id, code=exc.code)
                if not self._found and mailbox.role is Role.INBOX:
                    words = clean_line(exc.words or exc.sentence, 200)
                    raise MessageProblem(f"The server does not search: {words}") from exc
                continue
            except MessageProblem:
                continue  # renumbered, or gone: its mail is listed anew just now
            ids = (store.envelopes.by_uid(mailbox.id, uid) for uid in sorted(uids, reverse=True)[:MAX_FOUND])
            rows = store.envelopes.rows([envelope_id for envelope_id in ids if envelope_id is not None])
            self._found += [(row.sort_at, row.id) for row in rows]
            yield


def criteria(session: ImapSession, asked: list[Node]) -> for_servers.Criteria:
    """In the language that the server knows best."""
    if session.has(_GMAIL):
        try:
            return ["X-GM-RAW", for_servers.gmail(asked)]
        except for_servers.NotAsked:
            pass
    return for_servers.imap(asked)


def mailboxes(all_mailboxes: list[Mailbox], tree: Node | None) -> list[Mailbox]:
    """Where to look: where the query says, and not twice for what also lies in `All mail`."""
    wanted = [box for box in all_mailboxes if box.selectable and box.total]
    bound: frozenset[MailboxId] | None = None
    for child in tree.children if isinstance(tree, All) else (tree,):
        if isinstance(child, Within):
            bound = child.mailbox_ids if bound is None else bound & child.mailbox_ids
    if bound is not None:
        return [box for box in wanted if box.id in bound]
    if any(box.role is Role.ALL for box in wanted):
        return [box for box in wanted if box.role in (Role.ALL, Role.JUNK, Role.TRASH)]
    return sorted(wanted, key=lambda box: box.role is not Role.INBOX)
