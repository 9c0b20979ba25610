"""What is known of each message on a POP3 server, by its UIDL (RFC 1939 7).

What lives here: one row for each (account, uidl) and its state, the record beside the
mail of those whose file is gone. What must not: deciding what to fetch or delete
(`engine.pop.plan`). A row ends only when later complete listings lack it: a message that
was stored once is never stored twice, whatever a server's listings do in between.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tuimail.model import AccountName, EnvelopeId
from tuimail.store.database import Database, SqlRow
from tuimail.store.maildirs import journal

JOURNAL: Final = "uidls.jsonl"
_COLUMNS: Final = (
    "uidl, key, state, envelope_id, size_octets, sha256, top_sha256, listed_at, stored_at, changed_at, gone_at"
)


class UidlState(enum.StrEnum):
    """How far a message on the server is known here."""

    LISTED = "listed"
    """Nothing of it is here."""
    PREVIEWED = "previewed"
    """Its header is, as a message without a body."""
    STORED = "stored"
    """All its octets are, durably; or they were, and the person deleted them here but not there."""
    DELETE_WANTED = "delete_wanted"
    """It is to be deleted on the server."""
    DELE_SENT = "dele_sent"
    """The server was told so; true when a later listing lacks it."""
    VANISHED = "vanished"
    """It was stored, and somebody else removed the file: not fetched again, not deleted on the server unasked."""


class Uidl(NamedTuple):
    """What is known of one message on the server."""

    uidl: bytes | None
    """As the server spells it; None after a rebuild until it is listed again."""
    key: bytes
    state: UidlState
    envelope_id: EnvelopeId | None
    """None when there is no message here (any more)."""
    size_octets: int | None
    """What LIST said, then what was stored."""
    sha256: bytes | None
    """Of the octets the server gave."""
    top_sha256: bytes | None
    """Of what the caller calls its top, to know it again under another uidl."""
    listed_at: int | None
    """First."""
    stored_at: int | None
    changed_at: int
    gone_at: int | None
    """When a complete listing first lacked it; None while the server has it."""


class Uidls:
    """All rows of all accounts."""

    def __init__(self, database: Database, own_directory: Callable[[AccountName], Path]) -> None:
        self._database = database
        self._own_directory = own_directory

    def all(self, account: AccountName) -> dict[bytes, Uidl]:
        """Every row of an account that has a uidl, by that."""
        return {row[0]: _uidl(row) for row in self._database.rows(
            f"SELECT {_COLUMNS} FROM uidl WHERE account_id = (SELECT id FROM account WHERE name = ?)"
            " AND uidl IS NOT NULL",
            (account,),
        )}

    def get(self, account: AccountName, uidl: bytes) -> Uidl | None:
        """One row, None when it is not known."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM uidl WHERE account_id = (SELECT id FROM account WHERE name = ?) AND key = ?",
            (account, key_of(account, uidl)),
        )
        return _uidl(row) if row else None

    def note_listing(
        self, account: AccountName, listed: Mapping[bytes, int | None], *, at: int, complete: bool
    ) -> dict[bytes, Uidl]:
        """Take over what the server lists (uidl to octets); the rows of all these.

        Unknown ones become LISTED. With `complete`, rows that are not listed are marked as
        gone; those of which nothing is here end at once.
        """
        owner = self._account_id(account)
        if owner is None:
            return {}
        keys = {key_of(account, uidl): uidl for uidl in listed}
        with self._database.transaction():
            known = {row[0]: row for row in self._database.rows(
                "SELECT key, uidl, gone_at, state, envelope_id FROM uidl WHERE account_id = ?", (owner,)
            )}
            self._database.many(
                "INSERT INTO uidl (account_id, key, uidl, state, size_octets, listed_at, changed_at)"
                " VALUES (?, ?, ?, 'listed', ?, ?, ?)",
                ((owner, key, uidl, listed[uidl], at, at) for key, uidl in keys.items() if key not in known),
            )
            self._database.many(
                "UPDATE uidl SET uidl = ?, gone_at = NULL, listed_at = coalesce(listed_at, ?),"
                " size_octets = coalesce(size_octets, ?) WHERE account_id = ? AND key = ?",
                (
                    (uidl, at, listed[uidl], owner, key) for key, uidl in keys.items()
                    if (row := known.get(key)) and (row[1] != uidl or row[2] is not None)
                ),
            )
            if complete:
                self._note_absent(owner, [row for key, row in known.items() if key not in keys], at)
            found = self.all(account)
        return {uidl: found[uidl] for uidl in listed if uidl in found}

    def set_state(self, account: AccountName, uidls: Iterable[bytes], state: UidlState, *, at: int) -> None:
        """Durably, before anything is done that depends on it. Unknown ones are passed over."""
        owner = self._account_id(account)
        with self._database.transaction(durable=True):
            self._database.many(
                "UPDATE uidl SET state = ?, changed_at = ? WHERE account_id = ? AND key = ?",
                ((str(state), at, owner, key_of(account, uidl)) for uidl in uidls),
            )

    def deletable(self, account: AccountName) -> list[Uidl]:
        """What may be deleted on the server: listed there, and either wanted so or stored with its file known.

        Oldest first by `stored_at`. Whether the time has come is the caller's to say.
        """
        return [_uidl(row) for row in self._database.rows(
            f"SELECT {_prefixed('uidl')} FROM uidl LEFT JOIN file ON file.envelope_id = uidl.envelope_id"
            " WHERE account_id = (SELECT id FROM account WHERE name = ?) AND uidl IS NOT NULL AND gone_at IS NULL"
            " AND (state IN ('delete_wanted', 'dele_sent') OR state = 'stored' AND file.envelope_id IS NOT NULL)"
            " ORDER BY stored_at",
            (account,),
        )]

    def same_content(
        self, account: AccountName, *, sha256: bytes | None = None, top_sha256: bytes | None = None
    ) -> list[Uidl]:
        """Rows whose octets (or top) have this hash: a server that renumbers shows known mail as new."""
        column, value = ("sha256", sha256) if sha256 is not None else ("top_sha256", top_sha256)
        return [_uidl(row) for row in self._database.rows(
            f"SELECT {_COLUMNS} FROM uidl WHERE account_id = (SELECT id FROM account WHERE name = ?) AND {column} = ?",
            (account, value),
        )]

    def rename(self, account: AccountName, pairs: Iterable[tuple[bytes, bytes]], *, at: int) -> None:
        """Mail known as (old uidl, ...) is listed as (..., new uidl) now: its row goes by the new one."""
        changes = [(key_of(account, old), key_of(account, new), new) for old, new in pairs]
        journal.append(self._file(account), (
            {"key": new_key.hex(), "uidl": new.decode("latin-1"), "of": old_key.hex()}
            for old_key, new_key, new in changes
        ))
        owner = self._account_id(account)
        with self._database.transaction(durable=True):
            for old_key, new_key, new in changes:
                self._rename(owner, old_key, new_key, new, at)

    def prune(self, account: AccountName, *, gone_before: int) -> int:
        """Forget what the server lacks since long and of which nothing is here; how many."""
        with self._database.transaction():
            return self._database.run(
                "DELETE FROM uidl WHERE account_id = (SELECT id FROM account WHERE name = ?) AND gone_at < ?"
                " AND envelope_id IS NULL",
                (account, gone_before),
            )

    # --- for the rooms of local mail ------------------------------------------

    def record(self, account: AccountName, envelope_ids: Iterable[EnvelopeId], state: UidlState | None) -> None:
        """Write down beside the mail what will be true when the files of these messages are gone.

        `state` None: as it is. Before their rows go.
        """
        journal.append(self._file(account), (
            {"key": key.hex(), "uidl": uidl.decode("latin-1") if uidl is not None else None, "state": state or now}
            for key, uidl, now in self._database.rows_of(
                "SELECT key, uidl, state FROM uidl WHERE envelope_id IN ({keys})", envelope_ids
            )
        ))

    def settle(self, envelope_ids: Iterable[EnvelopeId], state: UidlState, *, at: int) -> None:
        """The state of these messages' rows, in the current transaction. What was sent stays sent."""
        self._database.many(
            "UPDATE uidl SET state = ?, changed_at = ? WHERE envelope_id = ? AND state <> 'dele_sent'",
            ((str(state), at, envelope_id) for envelope_id in envelope_ids),
        )

    def restore(self, account: AccountName, *, at: int) -> int:
        """Take what was recorded into a store that was made again from the files; how many rows. After the files."""
        owner = self._account_id(account)
        restored = 0
        states = {str(state) for state in UidlState}
        with self._database.transaction(durable=True):
            for line in journal.read(self._file(account)):
                key, uidl = _octets(line.get("key")), line.get("uidl")
                if key is None or not (uidl is None or isinstance(uidl, str)):
                    continue
                spelled = uidl.encode("latin-1", "replace") if uidl is not None else None
                if (of := _octets(line.get("of"))) is not None:
                    self._rename(owner, of, key, spelled, at)
                elif (state := line.get("state")) in states:
                    restored += 1
                    self._database.run(
                        "INSERT INTO uidl (account_id, key, uidl, state, changed_at) VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT DO UPDATE SET state = excluded.state, uidl = coalesce(excluded.uidl, uidl)"
                        " WHERE envelope_id IS NULL",
                        (owner, key, spelled, state, at),
                    )
        return restored

    def _rename(self, owner: int | None, old_key: bytes, new_key: bytes, uidl: bytes | None, at: int) -> None:
        known = self._database.row("SELECT 1 FROM uidl WHERE account_id = ? AND key = ?", (owner, old_key))
        if not known or old_key == new_key:
            return
        self._database.run("DELETE FROM uidl WHERE account_id = ? AND key = ?", (owner, new_key))
        self._database.run(
            "UPDATE uidl SET key = ?, uidl = ?, gone_at = NULL, changed_at = ? WHERE account_id = ? AND key = ?",
            (new_key, uidl, at, owner, old_key),
        )
        self._database.run(
            "UPDATE header SET uidl = ? WHERE id ="
            " (SELECT envelope_id FROM uidl WHERE account_id = ? AND key = ?)",
            (text_of(uidl), owner, new_key),
        )

    def _note_absent(self, owner: int, absent: Iterable[SqlRow], at: int) -> None:
        ended = []
        gone = []
        for key, _, gone_at, state, envelope_id in absent:
            if state == UidlState.LISTED and envelope_id is None:
                ended.append((owner, key))
            elif gone_at is None:
                gone.append((at, owner, key))
        self._database.many("DELETE FROM uidl WHERE account_id = ? AND key = ?", ended)
        self._database.many("UPDATE uidl SET gone_at = ? WHERE account_id = ? AND key = ?", gone)

    def _account_id(self, account: AccountName) -> int | None:
        row = self._database.row("SELECT id FROM account WHERE name = ?", (account,))
        return int(row[0]) if row else None

    def _file(self, account: AccountName) -> Path:
        return self._own_directory(account) / JOURNAL


def key_of(account: AccountName, uidl: bytes) -> bytes:
    """What stands for a uidl in file names: servers may send 70 octets of anything, or more."""
    return hashlib.sha256(account.encode("utf-8", "surrogatepass") + b"\0" + uidl).digest()[:16]


def text_of(uidl: bytes | None) -> str | None:
    """A uidl for people."""
    return None if uidl is None else uidl[:200].decode("ascii", "backslashreplace")


def _octets(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return bytes.fromhex(value)
    except ValueError:
        return None


def _prefixed(table: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in _COLUMNS.split(","))


def _uidl(row: SqlRow) -> Uidl:
    return Uidl(row[0], row[1], UidlState(row[2]), *row[3:])
