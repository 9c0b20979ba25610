"""What only an old mail.db knows, carried into the one that is made again.

What lives here: reading a file that may be damaged or of another version, and which rows
of it count: drafts, mail on its way out, actions that wait with the messages that they
are about, keywords, what was decided of attachments, what is known of uidls. What the
Maildirs and the servers tell is not taken from it, nor what a person did and could undo.

Numbers stay what they were: a message of a Maildir gets its old one again, so that all
that refers to it goes on doing so. The old file is only read.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tuimail.model import AccountName
from tuimail.store.acting.away import HIDDEN, Away
from tuimail.store.database import Database, SqlRow, chunks
from tuimail.store.lists.order import Order
from tuimail.store.maildirs import keyword_record
from tuimail.store.maildirs.uidls import text_of
from tuimail.store.maildirs.where import Where

_WHOLE: Final = {
    "draft": "drafts", "draft_file": "files of drafts", "draft_slice": "files of drafts", "raw": "mail to be filed",
    "outbox": "mail on its way out", "send_port": "ports", "ui_state": "settings of the screen and saved searches",
    "muted": "muted conversations",
}  # fmt: skip
"""Tables that are taken as they are, and what a person calls their rows."""
_WORDS: Final = {
    **_WHOLE, "account": "accounts", "mailbox": "mailboxes", "folder": "mailboxes", "mailbox_there": "mailboxes",
    "file": "names of messages", "envelope": "messages of waiting actions", "header": "messages of waiting actions",
    "away": "waiting moves", "left_behind": "hidden messages", "pending": "waiting actions", "uidl": "uidls",
    "stored_part": "decisions about attachments",
}  # fmt: skip
_REFERRING: Final = ("header", "file", "stored_part", "uidl", "reindex")
"""Tables whose rows name a message, besides `envelope`; the first by its own `id`."""


class Carried(NamedTuple):
    """What came over."""

    drafts: int = 0
    outbox: int = 0
    pending: int = 0
    """Actions that wait, or failed."""
    findings: tuple[str, ...] = ()
    """What could not be saved, in sentences."""


class Old:
    """An old file, of which some pages may be damaged."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.damaged: set[str] = set()
        """Tables that could not be read to their end."""

    @classmethod
    def open(cls, file: Path) -> Old | None:
        """An old file, None when nothing in it can be read."""
        try:
            connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        except sqlite3.Error:
            return None
        connection.text_factory = lambda octets: octets.decode("utf-8", "replace")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            connection.close()
            return None
        return cls(connection)

    def close(self) -> None:
        """Give the file up; nothing in it was changed."""
        self._connection.close()

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns; none when there is no such table. Raises sqlite3.Error."""
        return [row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[SqlRow]:
        """All rows that can be read: from the front, and where that ends, from the back. Some may come twice."""
        select = f"SELECT {','.join(columns)} FROM {table}"
        try:
            yield from self._connection.execute(select)
        except sqlite3.Error:
            self.damaged.add(table)
            try:
                yield from self._connection.execute(f"{select} ORDER BY rowid DESC")
            except sqlite3.Error:
                return


class Salvage:
    """From an old file into a new one."""

    def __init__(
        self, old: Old, database: Database, order: Order, where: Where, accounts: Iterable[tuple[AccountName, str]]
    ) -> None:
        """`accounts`: names and protocols of the configuration; mail of others is not taken."""
        self._old = old
        self._database = database
        self._order = order
        self._where = where
        self._accounts = set(accounts)
        self._dropped = self._torn = self._lost = 0

    def before(self) -> None:
        """Accounts, mailboxes and all that stands by itself; before anything is filed. Raises StoreError."""
        with self._database.transaction():
            given = [value for key, value in self._read("meta", ("key", "value")) if key == "next_envelope_id"]
            used = [row[0] + 1 for table, column in (("envelope", "id"), ("file", "envelope_id"))
                    for row in self._read(table, self._common(table, (column,)))]
            self._database.run(
                "UPDATE meta SET value = max(value, ?) WHERE key = 'next_envelope_id'", (max(*given, *used, 1, 1),)
            )
            for table in _WHOLE:
                self._take(table, self._both(table))
            self._take_mailboxes()

    def _take_mailboxes(self) -> None:
        known = [row for row in self._read("account", ("id", "name", "place", "address", "protocol"))
                 if (row[1], row[4]) in self._accounts]
        self._insert("account", ("id", "name", "place", "address", "protocol"), known)
        ids, local = {row[0] for row in known}, {row[0] for row in known if row[4] != "imap"}
        folders: dict[int, bytes] = dict(self._read("folder", ("mailbox_id", "directory")))
        # No sync point but UIDVALIDITY, under which the uids of waiting actions count: all is listed anew.
        columns = self._common("mailbox", (
            "id", "account_id", "name", "delimiter", "role", "selectable", "subscribed", "hidden", "uid_validity",
        ))
        wanted = [row for row in self._read("mailbox", columns) if row[1] in ids]
        self._insert("mailbox", columns, wanted)
        here = {row[0] for row in wanted}
        self._insert("folder", ("mailbox_id", "directory"), (
            (row[0], folders[row[0]]) for row in wanted if row[1] in local and row[0] in folders
        ))
        self._database.run(
            "UPDATE mailbox SET filled_down_to = 1, synced_at = 0 WHERE id IN (SELECT mailbox_id FROM folder)"
        )
        for table in ("mailbox_there", "left_behind"):
            self._take(table, self._both(table), "mailbox_id", here)

    def after(self) -> Carried:
        """What is about messages; when those of the Maildirs are filed. Raises StoreError."""
        with self._database.transaction(durable=True):
            self._number_again()
            self._take_actions()
            self._take_uidls()
            self._forget_gone()
        drafts, outbox, pending = (
            self._database.column(f"SELECT count(*) FROM {table}{which}")[0] for table, which in (
                ("draft", " WHERE state = 'open'"), ("outbox", " WHERE state NOT IN ('filed', 'cancelled')"),
                ("pending", ""),
            )
        )
        return Carried(drafts, outbox, pending, tuple(self._findings()))

    def show(self) -> None:
        """Messages where the actions that wait will have them; when all is counted. Raises StoreError."""
        with self._database.transaction(durable=True):
            Away(self._database, self._order).refold(
                self._database.column("SELECT DISTINCT envelope_id FROM pending WHERE envelope_id IS NOT NULL")
            )

    def _number_again(self) -> None:
        """Messages of Maildirs are given the numbers they had, and what was known of their content."""
        new = {(row[0], row[1]): row[2:] for row in self._database.rows(
            "SELECT mailbox_id, key, envelope_id, sha256 FROM file"
        )}
        keywords = self._keywords()
        same: set[int] = set()
        numbers: list[tuple[int, int]] = []
        for mailbox_id, key, identity, sha256 in self._read("file", ("mailbox_id", "key", "envelope_id", "sha256")):
            found = new.pop((mailbox_id, key), None)
            if found is None:
                continue
            numbers.append((identity, found[0]))
            if sha256 is not None and sha256 == found[1]:
                same.add(identity)
        for table in ("envelope", *_REFERRING):
            column = "id" if table in ("envelope", "header") else "envelope_id"
            self._database.many(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {column} = ?", numbers)
        self._take_keywords({identity: keywords[identity] for identity, _ in numbers if keywords.get(identity)})
        self._take_decisions(same)

    def _keywords(self) -> dict[int, str]:
        return {identity: words for identity, words in self._read("envelope", ("id", "server_keywords")) if words}

    def _take_keywords(self, keywords: dict[int, str]) -> None:
        record: dict[AccountName, list[tuple[str, str]]] = {}
        for identity, account, key in self._database.rows_of(
            "SELECT envelope.id, account.name, file.key FROM envelope JOIN file ON file.envelope_id = envelope.id"
            " JOIN mailbox ON mailbox.id = file.mailbox_id JOIN account ON account.id = account_id"
            " WHERE server_keywords = '' AND envelope.id IN ({keys})",
            keywords,
        ):
            record.setdefault(AccountName(account), []).append((os.fsdecode(key), keywords[identity]))
            self._database.run(
                "UPDATE envelope SET server_keywords = ?1, keywords = ?1 WHERE id = ?2", (keywords[identity], identity)
            )
        for account_name, lines in record.items():
            keyword_record.write(self._where.own_directory(account_name), lines)

    def _take_decisions(self, same: set[int]) -> None:
        """What was found and decided about parts of messages whose octets are the same."""
        columns = self._common("stored_part", (
            "state", "real_type", "size_octets", "sha256", "verdict", "reasons", "examined_at", "decided_at",
            "envelope_id", "section", "header_start", "body_start", "body_end",
        ))
        if len(columns) < 13:
            return
        self._database.many(
            f"UPDATE stored_part SET {', '.join(f'{column} = ?' for column in columns[:8])} WHERE state = 'held'"
            f" AND {' AND '.join(f'{column} IS ?' for column in columns[8:])}",
            (row for row in self._read("stored_part", columns)
             if row[8] in same and row[0] in ("held", "released", "deleted")),
        )

    def _take_actions(self) -> None:
        """Actions that wait, and the messages that they are about."""
        columns = self._both("pending")
        if not {"id", "kind", "after_id"}.issubset(columns):
            return
        at = {name: number for number, name in enumerate(columns)}
        by_id = {row[at["id"]]: row for row in self._read("pending", columns)}
        waiting = [by_id[number] for number in sorted(by_id)]
        self._take_messages({row[at[name]] for row in waiting for name in ("envelope_id", "copy_id")})
        messages = {None, *self._database.column("SELECT id FROM envelope")}
        mailboxes = {None, *self._database.column("SELECT id FROM mailbox")}
        raws = {None, *self._database.column("SELECT id FROM raw")}
        taken: dict[int, SqlRow] = {}
        for row in waiting:
            is_whole = messages.issuperset((row[at["envelope_id"]], row[at["copy_id"]]))
            is_placed = mailboxes.issuperset((row[at["mailbox_id"]], row[at["to_id"]]))
            is_whole &= row[at["raw_id"]] in raws
            if is_whole and is_placed and (row[at["after_id"]] is None or row[at["after_id"]] in taken):
                taken[row[at["id"]]] = (*row[: at["deed_id"]], None, *row[at["deed_id"] + 1 :])
            else:
                self._dropped += 1
        self._insert("pending", columns, taken.values())
        self._database.run("UPDATE outbox SET filing = NULL WHERE filing NOT IN (SELECT id FROM pending)")

    def _take_messages(self, ids: set[int | None]) -> None:
        """Messages of servers, and those on their way into a Maildir."""
        drafted = self._database.rows("SELECT answers, server_copy FROM draft")
        wanted = ids | {identity for row in drafted for identity in row}
        wanted |= set(self._database.column("SELECT answers FROM outbox"))
        wanted -= {None, *self._database.column("SELECT id FROM envelope")}
        with_file = {row[0] for row in self._read("file", ("envelope_id",))}
        wanted -= with_file  # its file is gone: the message was deleted by another program
        columns = self._both("envelope")
        mailboxes = {int(HIDDEN), *self._database.column("SELECT id FROM mailbox")}
        place = columns.index("mailbox_id")
        rows = [row for row in self._take_wanted("envelope", columns, "id", wanted) if row[place] in mailboxes]
        taken = {row[columns.index("id")] for row in rows}
        headers = self._both("header")
        found = {row[headers.index("id")]: row for row in self._take_wanted("header", headers, "id", taken)}
        self._insert("envelope", columns, (row for row in rows if row[columns.index("id")] in found))
        self._insert("header", headers, found.values())
        for table in ("away", "limbo"):
            self._take(table, self._both(table), "envelope_id", set(found))

    def _take_uidls(self) -> None:
        """States of uidls, where the Maildirs do not tell more."""
        columns = self._both("uidl")
        wanted = {"account_id", "key", "uidl", "state", "envelope_id"}
        if not wanted.issubset(columns):
            return
        at = {name: columns.index(name) for name in columns}
        accounts = set(self._database.column("SELECT id FROM account"))
        rows = [row for row in self._read("uidl", columns) if row[at["account_id"]] in accounts]
        self._insert("uidl", columns, (row for row in rows if row[at["envelope_id"]] is None))
        self._database.many(
            "UPDATE uidl SET uidl = coalesce(uidl, ?), state = ? WHERE account_id = ? AND key = ? AND envelope_id = ?",
            ([row[at[name]] for name in ("uidl", "state", "account_id", "key", "envelope_id")] for row in rows),
        )

        self._database.many("UPDATE header SET uidl = ? WHERE id = ?", (
            (text_of(uidl), identity) for uidl, identity in self._database.rows(
                "SELECT uidl, envelope_id FROM uidl WHERE uidl IS NOT NULL AND envelope_id IS NOT NULL"
            )
        ))

    def _forget_gone(self) -> None:
        """Nothing refers to a message that is not here, and octets that nobody needs go."""
        for table, column in (("draft", "answers"), ("draft", "server_copy"), ("outbox", "answers")):
            self._database.run(
                f"UPDATE {table} SET {column} = NULL WHERE {column} NOT IN (SELECT id FROM envelope)"
            )
        self._database.run(
            "UPDATE draft SET server_pending = NULL WHERE server_pending NOT IN (SELECT id FROM pending)"
        )
        for table in ("draft_file", "draft_slice"):
            self._database.run(f"DELETE FROM {table} WHERE draft_id NOT IN (SELECT id FROM draft)")
        # Half an attachment must not go out as if it were whole, nor a message that has no octets.
        self._torn = self._database.run(
            "DELETE FROM draft_file WHERE size_octets <> (SELECT coalesce(sum(length(data)), 0) FROM draft_slice"
            " WHERE draft_slice.draft_id = draft_file.draft_id AND draft_slice.number = draft_file.number)"
        )
        self._database.run(
            "DELETE FROM draft_slice WHERE (draft_id, number) NOT IN (SELECT draft_id, number FROM draft_file)"
        )
        self._lost = self._database.run("DELETE FROM outbox WHERE raw IS NOT NULL AND raw NOT IN (SELECT id FROM raw)")
        self._database.run(
            "DELETE FROM raw WHERE id NOT IN (SELECT raw_id FROM pending WHERE raw_id IS NOT NULL)"
            " AND id NOT IN (SELECT raw FROM outbox WHERE raw IS NOT NULL)"
        )

    def _findings(self) -> Iterator[str]:
        if self._dropped:
            yield f"{self._dropped} waiting actions are about messages that are no longer here; they were dropped."
        if self._torn:
            yield f"{self._torn} attachments of drafts cannot be read; they were left out."
        if self._lost:
            yield f"{self._lost} messages on their way out cannot be read; look whether their recipients have them."
        lost = sorted({_WORDS[table] for table in self._old.damaged if table in _WORDS})
        if lost:
            yield f"Parts of the old file cannot be read; some of these may be missing: {', '.join(lost)}."

    # --- tables -----------------------------------------------------------------

    def _read(self, table: str, columns: Sequence[str]) -> Iterator[SqlRow]:
        return self._old.rows(table, columns) if columns else iter(())

    def _common(self, table: str, columns: Sequence[str]) -> list[str]:
        there = set(self._both(table))
        return [column for column in columns if column in there]

    def _both(self, table: str) -> list[str]:
        """Columns that both files have: the old one may be of another version."""
        new = [row[0] for row in self._database.rows("SELECT name FROM pragma_table_info(?)", (table,))]
        try:
            old = set(self._old.columns(table))
        except sqlite3.Error:
            self._old.damaged.add(table)
            return []
        return [column for column in new if column in old]

    def _take(self, table: str, columns: Sequence[str], key: str = "", wanted: set[int] | None = None) -> None:
        rows = self._read(table, columns) if wanted is None else self._take_wanted(table, columns, key, wanted)
        self._insert(table, columns, rows)

    def _take_wanted(self, table: str, columns: Sequence[str], key: str, wanted: Iterable[object]) -> list[SqlRow]:
        if key not in columns:
            return []
        keys, number = set(wanted), columns.index(key)
        return [row for row in self._read(table, columns) if row[number] in keys]

    def _insert(self, table: str, columns: Sequence[str], rows: Iterable[SqlRow]) -> None:
        if not columns:
            return
        sql = f"INSERT OR IGNORE INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
        if table in ("raw", "draft_slice"):  # large ones, one at a time
            for row in rows:
                self._database.run(sql, row)
            return
        for step in chunks(rows, 1000):
            self._database.many(sql, step)
