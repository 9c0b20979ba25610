"""The thread that keeps the index of words up, and joins conversations: new mail, bodies that come, what went.

Nobody waits for it, so it waits for everybody: it works in steps of a few messages, each a
short transaction of search.db, and rests after each, longer while accounts are at work. It
may be cut at any moment; the next run goes on where it was. A damaged index is found here
at the start, or by whoever searches, and made anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Final

from tuimail.engine.finding.documents import Documents
from tuimail.engine.link.bell import Bell
from tuimail.engine.log import Log
from tuimail.engine.protocol import (
    IndexChanged,
    MailboxChanged,
    NewMail,
    Notice,
    PartArrived,
    Progress,
    SyncEnded,
)
from tuimail.errors import Corrupt, DiskFull, StoreError
from tuimail.mime import subjects
from tuimail.mime.threads import ids_of
from tuimail.model import EnvelopeId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.finding.search_index import Coverage, Due, SearchIndex
from tuimail.store.finding.topics import Subjects, Topic

STEP: Final = 40
"""Messages in a transaction: some 20 ms."""
JOINED: Final = 400
"""Messages that are joined into conversations in one transaction: some 10 ms."""
LOOK_S: Final = 300.0
"""Without any news it looks for something to do so often."""
GATHER_S: Final = 0.3
"""News comes in crowds; it waits so long for the rest of one."""
TROUBLE_S: Final = 60.0
"""A full disk is looked at again so often."""
REST: Final = 0.1
"""It rests so many times as long as it worked,"""
REST_BUSY: Final = 12.0
"""and so many times while accounts are at work."""
BUSY_S: Final = 1.0
"""So long after a word of headers that came, more of them are coming."""
TELL_S: Final = 1.0
SWEEP_S: Final = 6 * 3600.0
"""All ids are compared at the start, and so often."""
LARGE_OCTETS: Final = 8 << 20
"""An index of more takes a noticeable time to be looked at when the engine starts,"""
QUIET_S: Final = 1.5
"""so that is done once the accounts were at rest for so long,"""
LONGEST_WAIT_S: Final = 20.0
"""or after this."""
DONE: Final = object()
_NEWS: Final = (NewMail, MailboxChanged, PartArrived, SyncEnded)
FULL: Final = "The disk is full: new mail cannot be searched until there is some space."


class Indexing:
    """Keeps search.db up. Any thread tells it news, one works."""

    def __init__(
        self, paths: Paths, tell: Callable[[Notice], None], is_busy: Callable[[], bool], log: Log,
        wake: Callable[[], None] = lambda: None, below: Callable[[], EnvelopeId | None] = lambda: None,
    ) -> None:
        """`is_busy`: whether somebody waits for anybody else. `wake`: actions wait now.

        `below`: the oldest message of which there will be more to read soon; it and those that came after it wait.
        """
        self._paths = paths
        self._tell = tell
        self._wake = wake
        self._is_busy = is_busy
        self._below = below
        self._log = log
        self._bell = Bell()
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._at_work = True
        self._busy_at = self._sweep_at = self._told_at = -SWEEP_S
        self._sentence = ""
        self._by_subject: Subjects | None = None
        self._thread = threading.Thread(target=self._run, name="index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join_by_subject(self, wanted: bool) -> None:
        """Whether conversations are joined by their subjects, too, from now on. From any thread."""
        if wanted != (self._by_subject is not None):
            self._by_subject = Subjects(_topic_of, subjects.people_of) if wanted else None
            self._news.set()
            self._bell.ring()

    def stop(self) -> None:
        """Begin to end."""
        self._stopping.set()
        self._bell.ring()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def hear(self, notice: Notice) -> None:
        """Something happened that may be worth a look. From any thread, costs a microsecond."""
        if isinstance(notice, Progress):
            self._busy_at = time.monotonic()
        elif isinstance(notice, _NEWS) and not self._news.is_set():
            self._news.set()
            self._bell.ring()

    @property
    def at_work(self) -> bool:
        """Whether something is left to index, as far as it knows."""
        return (self._at_work or self._news.is_set()) and self._thread.is_alive()

    # --- the thread -------------------------------------------------------------

    def _run(self) -> None:
        is_first = True
        while not self._stopping.is_set():
            try:
                with Store.open(self._paths) as store:
                    if is_first:
                        self._let_others_begin(store.search_index.file_octets())
                        store.search_index.look_closely()
                        is_first = False
                    while not self._stopping.is_set():
                        self._once(store)
            except StoreError as exc:
                self._trouble(exc)
            except Exception as exc:  # noqa: BLE001 - the top of the thread: mail goes on without an index
                self._log.fault("index.fault", exc)
                self._at_work = False
                self._stopping.wait(TROUBLE_S)

    def _let_others_begin(self, octets: int) -> None:
        """Wait until nobody asked for anything for a moment: a large index takes a core for a while to be looked at."""
        if octets < LARGE_OCTETS:
            return
        now = time.monotonic()
        last, quiet_from = now + LONGEST_WAIT_S, now
        while not self._stopping.is_set() and now < last and now - quiet_from < QUIET_S:
            self._stopping.wait(0.1)
            now = time.monotonic()
            if self._is_busy():
                quiet_from = now

    def _once(self, store: Store) -> None:
        """Everything that is due, then a wait for news."""
        self._at_work = True
        self._news.clear()
        try:
            is_sweep_due = time.monotonic() >= self._sweep_at
            together = joining(store, self._tell, self._wake, by_subject=self._by_subject)
            self._work(store, chain(together, steps(store, sweep=is_sweep_due, below=self._below)))
            if store.upkeep.is_due(at=int(time.time())):
                self._work(store, store.upkeep.steps(at=int(time.time())))
            if is_sweep_due:
                self._sweep_at = time.monotonic() + SWEEP_S
            self._sentence = ""
            self._report(store.search_index.coverage(), is_last=True)
        except Corrupt:
            # Whichever file it is: this one can be made anew, and the other's trouble is told by those who need it.
            self._log.write("index.damaged")
            store.search_index.condemn()
            raise
        self._at_work = False
        if not self._news.is_set() and not self._stopping.is_set():
            self._bell.wait(LOOK_S if self._below() is None else GATHER_S)
        self._stopping.wait(GATHER_S)

    def _work(self, store: Store, left: Iterator[None]) -> None:
        while not self._stopping.is_set():
            began_at = time.thread_time()
            if next(left, DONE) is DONE:
                return
            self._report(store.search_index.coverage())
            is_busy = time.monotonic() - self._busy_at < BUSY_S or self._is_busy()
            worked_s = time.thread_time() - began_at
            self._stopping.wait(min(1.0, worked_s * (REST_BUSY if is_busy else REST)))

    def _trouble(self, error: StoreError) -> None:
        self._log.fault("index.store", error)
        self._at_work = False
        if isinstance(error, DiskFull):
            self._sentence = FULL
            self._tell(IndexChanged(0, 0, FULL))
        # News does not help a full disk: no bell here.
        self._stopping.wait(1.0 if isinstance(error, Corrupt) else TROUBLE_S)
        self._at_work = True

    def _report(self, coverage: Coverage, *, is_last: bool = False) -> None:
        now = time.monotonic()
        if is_last or now - self._told_at >= TELL_S:
            self._told_at = now
            done = min(coverage.done, coverage.total)
            self._tell(IndexChanged(done, coverage.total, self._sentence, is_resting=is_last))


def _topic_of(subject: str, in_reply_to: str, references: str) -> Topic | None:
    found = subjects.topic_of(subject, in_reply_to, references)
    return Topic(*found) if found is not None else None


def joining(
    store: Store, tell: Callable[[Notice], None], wake: Callable[[], None], size: int = JOINED,
    *, by_subject: Subjects | None = None,
) -> Generator[None, None, None]:
    """Conversations are joined, some messages a step; ends when nothing is left. Raises StoreError.

    `wake`: what came for muted ones is marked as read, which servers must be told.
    """
    while (caught := store.threads.catch_up(size, ids_of, by_subject)).looked_at:
        quieted = store.mutes.quiet(at=int(time.time()))
        for mailbox_id in caught.mailboxes | quieted:
            tell(MailboxChanged(mailbox_id))
        if quieted:
            wake()
        yield


def steps(
    store: Store, size: int = STEP, *, sweep: bool = True, below: Callable[[], EnvelopeId | None] = lambda: None
) -> Generator[None, None, None]:
    """Everything that is due, in steps of one transaction each; ends when nothing is left. Raises StoreError.

    `sweep`: compare all ids as well, at the end. `below`: new messages from this one on are not due yet.
    """
    index = store.search_index
    documents = Documents(store)
    is_swept = False
    while True:
        _note_parts(store, index)
        due = index.due(size, below())
        if due is None:
            if sweep:
                index.begin_sweep()
            elif not is_swept or not index.make_room():
                return
            is_swept, sweep = sweep, False
            continue
        for piece in _pieces(due, size):
            index.add(documents.of(piece.envelope_ids), piece)
            yield


def _pieces(due: Due, size: int) -> Iterator[Due]:
    """A sweep can find more at once than fits a step: only the last piece is written down as done."""
    ids = due.envelope_ids
    last = max(0, (len(ids) - 1) // size * size)
    for start in range(0, last, size):
        yield Due(ids[start : start + size], "reindex" if due.column == "reindex" else "", None)
    yield Due(ids[last:], due.column, due.value)


def _note_parts(store: Store, index: SearchIndex) -> None:
    """Parts that were kept since the last look: their messages are read again."""
    marks = index.marks()
    if marks.part_id == 0 and marks.docs == 0:
        _, newest = store.parts.newer_than(1 << 62, 1)
        if newest:
            index.note_parts((), newest)
        return
    envelope_ids, newest = store.parts.newer_than(marks.part_id, 500)
    if newest != marks.part_id:
        index.note_parts(envelope_ids, newest)
