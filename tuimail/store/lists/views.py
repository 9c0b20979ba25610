"""Views: lists that are no mailbox by date. Over several mailboxes, filtered, sorted, by conversations.

What lives here: what a view is, the statement that finds its rows, and the small file that
holds them in order, so that any depth of a million rows is one look-up. What must not: what
a row shows (`window`, `conversations`), and when a view is made anew.

A view is made by one `INSERT ... SELECT ... ORDER BY`: SQLite does it without Python, so
that a thread that makes one takes nothing from the keys. Its file belongs to who asked, is
unlinked as soon as it is open, and so leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import enum
import heapq
import os
from collections.abc import Collection, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Final, NamedTuple

from tuimail.errors import StoreError
from tuimail.model import EnvelopeId, MailboxId, Role
from tuimail.store.database import Database
from tuimail.store.lists.order import LOW_BITS

HEAD: Final = 256
"""Rows of a view that are found at once, while the whole of it is made."""
_LOOKED_AT: Final = 1200
"""Messages that are looked at for a head of conversations."""
_MAX_KEPT: Final = 500
_MAX_WORDS: Final = 12
_NEVER_COUNTED: Final = (Role.JUNK, Role.TRASH, Role.DRAFTS, Role.ALL, Role.FLAGGED)
"""Not in views over everything: what nobody wants to see, and what other mailboxes show already."""
_numbers = count(1)


class Scope(enum.StrEnum):
    """Where a view looks."""

    MAILBOX = "mailbox"
    INBOXES = "inboxes"
    ALL = "all"
    """Every mailbox but junk, trash, drafts, and those that show other mailboxes' mail again."""


class Which(enum.StrEnum):
    """Which messages it takes."""

    ANY = ""
    UNREAD = "unread"
    STARRED = "starred"
    TODAY = "today"
    HELD = "held"
    """Those with attachments in quarantine."""


class Sort(enum.StrEnum):
    """What its rows are sorted by; ties are newest first."""

    DATE = "date"
    SENDER = "sender"
    SUBJECT = "subject"
    """Without `Re:` and the like."""
    SIZE = "size"
    UNREAD = "unread"
    """Unread ones first."""


class ViewSpec(NamedTuple):
    """What a view shows, and in which order."""

    scope: Scope = Scope.MAILBOX
    mailbox_id: MailboxId = MailboxId(0)
    """For `Scope.MAILBOX`."""
    which: Which = Which.ANY
    words: str = ""
    """Each must stand in the sender or the subject, in any case."""
    sort: Sort = Sort.DATE
    is_reversed: bool = False
    is_threaded: bool = False
    """A row is a conversation, and stands where its newest message does."""
    ids: tuple[EnvelopeId, ...] | None = None
    """Only these, as a search found them; None: no such limit."""
    only: tuple[MailboxId, ...] = ()
    """Of the mailboxes of its scope these; empty: all."""

    @property
    def is_plain(self) -> bool:
        """A mailbox by date: no view is needed."""
        return self == ViewSpec(mailbox_id=self.mailbox_id)

    @property
    def has_head(self) -> bool:
        """Whether its first rows can be found at once."""
        by_date = self.sort is Sort.DATE and not self.is_reversed
        return by_date and not self.words and self.which is not Which.HELD and self.ids is None


class Made(NamedTuple):
    """A view that was written down."""

    file: Path
    total: int
    revision: int
    """`Views.order_revision` when it was made."""


class Counts(NamedTuple):
    """What stands beside the views in the folder tree."""

    unread: int
    starred: int
    today: int


class Opened:
    """The rows of a view in their order. Used by one thread."""

    def __init__(self, made: Made) -> None:
        """Opens the file and unlinks it. Raises StoreError."""
        self.total = made.total
        self.revision = made.revision
        self._database = Database.open(made.file)
        made.file.unlink(missing_ok=True)

    def ids(self, start: int, count: int) -> list[EnvelopeId]:
        """Messages from a position on."""
        return self._database.column(
            "SELECT envelope_id FROM row WHERE position BETWEEN ? AND ? ORDER BY position", (start + 1, start + count)
        )

    def position(self, envelope_id: EnvelopeId) -> int | None:
        """Where a message stands; None when it is not in the view, or another one stands for its conversation."""
        row = self._database.row("SELECT position FROM row WHERE envelope_id = ?", (envelope_id,))
        return row[0] - 1 if row else None

    def close(self) -> None:
        """Give it up."""
        with contextlib.suppress(StoreError):
            self._database.close()


class Views:
    """Finding what views show."""

    def __init__(self, database: Database, directory: Path) -> None:
        self._database = database
        self._directory = directory

    def mailboxes(self, spec: ViewSpec) -> tuple[MailboxId, ...]:
        """Where a view looks now."""
        found = self._in_scope(spec)
        return tuple(one for one in found if one in spec.only) if spec.only else found

    def _in_scope(self, spec: ViewSpec) -> tuple[MailboxId, ...]:
        if spec.scope is Scope.MAILBOX:
            return (spec.mailbox_id,) if spec.mailbox_id else self._all("NOT hidden")
        if spec.scope is Scope.INBOXES:
            return self._all("NOT hidden AND role = 'inbox'")
        left_out = ",".join(f"'{role}'" for role in _NEVER_COUNTED)
        where = f"NOT hidden AND role NOT IN ({left_out})"
        if spec.which in (Which.UNREAD, Which.TODAY):
            where += " AND role <> 'sent'"
        return self._all(where)

    def _all(self, where: str) -> tuple[MailboxId, ...]:
        return tuple(self._database.column(
            f"SELECT id FROM mailbox WHERE account_id IS NOT NULL AND {where} ORDER BY id"
        ))

    def revision(self, mailbox_ids: Collection[MailboxId]) -> int:
        """Changes whenever anything in these mailboxes changed."""
        return self._sum("revision", mailbox_ids)

    def order_revision(self, spec: ViewSpec, mailbox_ids: Collection[MailboxId]) -> int:
        """Changes whenever the view may have other rows, or another order."""
        only_rows_matter = spec.which in (Which.ANY, Which.TODAY) and spec.sort is not Sort.UNREAD
        return self._sum("order_revision" if only_rows_matter and not spec.is_threaded else "revision", mailbox_ids)

    def _sum(self, column: str, mailbox_ids: Collection[MailboxId]) -> int:
        row = self._database.row(
            f"SELECT total({column}), count(*) FROM mailbox WHERE id IN ({_numbers_of(mailbox_ids)})"
        )
        return int(row[0]) * 16 + row[1] % 16 if row else 0

    def counts(self, today_from: int, limit: int = 10_000) -> Counts:
        """For the folder tree; nothing is counted further than `limit`. Not for the loop of a screen."""
        found = []
        for which in (Which.UNREAD, Which.STARRED, Which.TODAY):
            mailbox_ids = self.mailboxes(ViewSpec(Scope.ALL, which=which))
            inner = f"{_found(which, mailbox_ids, today_from)} LIMIT {limit}"
            row = self._database.row(f"SELECT count(*) FROM ({inner})")
            found.append(row[0] if row else 0)
        return Counts(*found)

    # --- the first rows -------------------------------------------------------

    def head(self, spec: ViewSpec, today_from: int, count: int = HEAD) -> list[EnvelopeId]:
        """The first rows of a view that `has_head`, at once; a few only."""
        mailbox_ids = self.mailboxes(spec)
        needed = _LOOKED_AT if spec.is_threaded else count
        accounts: dict[MailboxId, int] = dict(self._database.rows(
            f"SELECT id, account_id FROM mailbox WHERE id IN ({_numbers_of(mailbox_ids)})"
        ))
        each = [
            self._database.each(
                f"SELECT place, id, mailbox_id, thread_id FROM envelope {_source(spec.which, [one], today_from)}"
                f" ORDER BY place DESC, id DESC LIMIT {needed}"
            )
            for one in mailbox_ids
        ]
        found: dict[tuple[int, int] | int, EnvelopeId] = {}
        for _, identity, mailbox_id, thread_id in islice(heapq.merge(*each, reverse=True), needed):
            found.setdefault((accounts[mailbox_id], thread_id) if spec.is_threaded else identity, identity)
        return list(found.values())[:count]

    # --- the whole of it ------------------------------------------------------

    def make(self, spec: ViewSpec, today_from: int, kept: Collection[EnvelopeId] = ()) -> Made:
        """Write a view into a file of its own; in a thread, and not inside a transaction. Raises StoreError.

        `kept`: messages that stay in it although they no longer fit, such as the one that was just read.
        """
        file = self._directory / f"view-{os.getpid()}-{next(_numbers)}.db"
        self._database.run("ATTACH ? AS view", (os.fspath(file),))
        is_made = False
        try:
            file.chmod(0o600)
            self._database.run("PRAGMA view.journal_mode=OFF")
            self._database.run("PRAGMA view.synchronous=OFF")
            with self._database.snapshot():
                mailbox_ids = self.mailboxes(spec)
                revision = self.order_revision(spec, mailbox_ids)
                total = self._write(spec, mailbox_ids, today_from, kept)
            is_made = True
        finally:
            with contextlib.suppress(StoreError):
                self._database.run("DETACH view")
            if not is_made:
                file.unlink(missing_ok=True)
        return Made(file, total, revision)

    def _write(
        self, spec: ViewSpec, mailbox_ids: Sequence[MailboxId], today_from: int, kept: Collection[EnvelopeId]
    ) -> int:
        run = self._database.run
        run("CREATE TABLE view.row (position INTEGER PRIMARY KEY, envelope_id INTEGER NOT NULL)")
        if spec.ids is not None:
            run("CREATE TABLE view.only (id INTEGER PRIMARY KEY)")
            self._database.many("INSERT OR IGNORE INTO view.only VALUES (?)", ((one,) for one in spec.ids))
        statement, values = _statement(spec, mailbox_ids, today_from, kept)
        run(f"INSERT INTO view.row (envelope_id) {statement}", values)
        run("CREATE UNIQUE INDEX view.row_by_envelope ON row (envelope_id)")
        found = self._database.row("SELECT max(position) FROM view.row")
        return (found[0] or 0) if found else 0

    def interrupt(self) -> None:
        """Stop what another thread is making: it raises StoreError there. From any thread."""
        self._database.interrupt()

    def sweep(self) -> None:
        """Remove files that processes left behind that were killed while they made one."""
        for file in self._directory.glob("view-*-*.db*"):
            owner = file.name.split("-")[1]
            if not owner.isdigit() or not Path("/proc/self").exists() or Path(f"/proc/{owner}").exists():
                continue
            file.unlink(missing_ok=True)


def _numbers_of(ids: Collection[int]) -> str:
    """Ids as the list of an IN. There may be more than can be bound."""
    return ",".join(str(int(one)) for one in ids)


def _source(which: Which, mailbox_ids: Sequence[MailboxId], today_from: int) -> str:
    """The index to look into, and the condition. SQLite has no statistics, so it is told which one."""
    where = f"mailbox_id IN ({_numbers_of(mailbox_ids)})"
    if which is Which.UNREAD:
        return f"INDEXED BY envelope_unread WHERE {where} AND flags & 1 = 0"
    if which is Which.STARRED:
        return f"INDEXED BY envelope_starred WHERE {where} AND flags & 4 = 4"
    if which is Which.TODAY:
        return f"INDEXED BY envelope_by_place WHERE {where} AND place >= {int(today_from) << LOW_BITS}"
    if which is Which.HELD:
        return f"WHERE {where} AND id IN (SELECT envelope_id FROM stored_part WHERE state = 'held')"
    return f"INDEXED BY envelope_by_place WHERE {where}"


def _found(which: Which, mailbox_ids: Sequence[MailboxId], today_from: int) -> str:
    return f"SELECT id FROM envelope {_source(which, mailbox_ids, today_from)}"


_ORDERS: Final = {
    Sort.DATE: ("place DESC", "place"),
    Sort.SENDER: ("sender COLLATE NOCASE", "sender COLLATE NOCASE DESC"),
    Sort.SUBJECT: ("bare COLLATE NOCASE", "bare COLLATE NOCASE DESC"),
    Sort.SIZE: ("size_octets DESC", "size_octets"),
    Sort.UNREAD: ("unread DESC", "unread"),
}
_KEYS: Final = {
    Sort.DATE: "",
    Sort.SENDER: ", sender",
    Sort.SUBJECT: ", {bare} AS bare",
    Sort.SIZE: ", size_octets",
    Sort.UNREAD: ", flags & 1 = 0 AS unread",
}
_ANSWERS: Final = ("re:", "fwd:", "fw:", "aw:", "wg:", "sv:", "antw:", "tr:")


def _statement(
    spec: ViewSpec, mailbox_ids: Sequence[MailboxId], today_from: int, kept: Collection[EnvelopeId]
) -> tuple[str, list[object]]:
    """The SELECT that gives ids in order, and its values."""
    conditions, values = _words(spec.words)
    if spec.ids is not None:
        conditions.append("id IN (SELECT id FROM view.only)")
    keys = _KEYS[spec.sort].format(bare=_bare("subject"))
    columns = f"id, place, mailbox_id, thread_id, flags{keys}"
    source = f"SELECT {columns} FROM envelope {_source(spec.which, mailbox_ids, today_from)}"
    source += "".join(f" AND {condition}" for condition in conditions)
    if kept and spec.which is not Which.ANY:
        both = f"id IN ({_numbers_of(list(kept)[:_MAX_KEPT])}) AND +mailbox_id IN ({_numbers_of(mailbox_ids)})"
        source += f" UNION SELECT {columns} FROM envelope WHERE {both}"
    ties = "place DESC, id DESC" if spec.sort is not Sort.DATE or not spec.is_reversed else "place, id"
    order = f"{_ORDERS[spec.sort][spec.is_reversed]}, {ties}"
    if spec.is_threaded:
        # With one max() the bare columns are those of its row (https://sqlite.org/lang_select.html#bareagg).
        key = {Sort.SENDER: ", sender", Sort.SUBJECT: ", bare", Sort.SIZE: ", size_octets"}.get(spec.sort, "")
        if spec.sort is Sort.UNREAD:
            key = ", total(found.unread) > 0 AS unread"
        source = (
            f"SELECT found.id AS id, max(place) AS place{key} FROM ({source}) AS found"
            " JOIN mailbox ON mailbox.id = mailbox_id GROUP BY account_id, thread_id"
        )
    return f"SELECT id FROM ({source}) ORDER BY {order}", values


def _words(typed: str) -> tuple[list[str], list[object]]:
    """Conditions for what was typed. SQLite folds the case of ASCII only; other letters are tried both ways."""
    conditions, values = [], list[object]()
    for word in typed.split()[:_MAX_WORDS]:
        forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
        patterns = [f"%{_escaped(form)}%" for form in sorted(forms)]
        either = " OR ".join("sender LIKE ? ESCAPE '\\' OR subject LIKE ? ESCAPE '\\'" for _ in patterns)
        conditions.append(f"({either})")
        values += [pattern for pattern in patterns for _ in range(2)]
    return conditions, values


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _bare(column: str, levels: int = 3) -> str:
    """A subject without up to three marks of an answer before it."""
    if not levels:
        return column
    marks = ", ".join(f"'{mark}'" for mark in _ANSWERS)
    rest = _bare(f"ltrim(substr({column}, instr({column}, ':') + 1))", levels - 1)
    return f"CASE WHEN lower(substr({column}, 1, instr({column}, ':'))) IN ({marks}) THEN {rest} ELSE {column} END"
