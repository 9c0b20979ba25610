"""Rows for messages whose files are durable: the last step of every delivery.

What lives here: one transaction that makes rows of envelopes, files, parts and uidls,
survives a power loss, and lists no message twice. What must not: writing files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tuimail.errors import Vanished
from tuimail.model import AccountName, BodyState, EnvelopeId, MailboxId, Section
from tuimail.store import scrub
from tuimail.store.database import Database
from tuimail.store.lists.order import Order
from tuimail.store.maildirs.maildir import Filed, flags_of, remove_files, stored_at
from tuimail.store.maildirs.uidls import key_of, text_of
from tuimail.store.maildirs.where import Where

if TYPE_CHECKING:
    from tuimail.store.incoming import Incoming
from tuimail.store.ingest import Ingest


class StoredPart(NamedTuple):
    """A part that can be taken out of a stored message."""

    section: Section
    header_start: int
    """Where its own header begins in the message; 0 for the only part of a simple message."""
    body_start: int
    body_end: int
    """Before the line end that belongs to the next boundary."""
    encoding: str
    filename: str
    """As decoded, not cleaned."""
    declared_type: str
    size_octets: int
    """Decoded, estimated."""
    held: bool
    """An attachment that nobody may open until it is released."""


class EncodedPart(NamedTuple):
    """The octets of a part as they stand in the message, to be decoded by `mime.decoding.transfer`."""

    octets: bytes
    encoding: str


class Described(NamedTuple):
    """What a message says, told by whoever can read it."""

    incoming: Incoming
    """`uid`, `flags`, `size_octets` count for nothing; `received_at` None is the file's time."""
    parts: Sequence[StoredPart] = ()
    top_sha256: bytes | None = None
    """Something about its header that can be had again from the server without all its octets."""


class Delivered(NamedTuple):
    """A durable file, and what it says."""

    filed: Filed
    described: Described
    uidl: bytes | None = None
    uidl_key: bytes | None = None
    """In place of `uidl`, when only the mark in the file's name is known."""


class _Plan(NamedTuple):
    """What becomes of each message of a batch, by its number in it."""

    keys: list[bytes | None]
    """Of the uidl row that it gets; None for none."""
    new: list[int]
    attached: dict[int, EnvelopeId]
    """It is the whole of a message that was listed from its header."""
    here: dict[int, EnvelopeId]
    """It has a row already."""
    same: dict[int, int]
    """It is the same as an earlier one of the batch."""

    def doubles(self) -> list[int]:
        """Those whose file nobody needs."""
        return [*self.here, *self.same]


class Filing:
    """The way of files into rows."""

    def __init__(
        self, database: Database, order: Order, where: Where, ingest: Ingest, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._order = order
        self._where = where
        self._ingest = ingest
        self._clock = clock

    def file(self, mailbox_id: MailboxId, batch: Sequence[Delivered]) -> list[EnvelopeId]:
        """Rows for durable files, in one durable transaction; the ids, in order.

        A message that is here already under its uidl with the same octets gets no second
        row, and its second file goes. Raises StoreError (then the files stay, and the next
        scan finds them), Vanished when the mailbox is gone.
        """
        account_id, account = self._where.account_of(mailbox_id)
        with self._database.transaction(durable=True):
            plan = self._plan(mailbox_id, account_id, account, batch)
            ids = {**plan.attached, **plan.here}
            self._attach(batch, plan.attached)
            ids.update(zip(plan.new, self._insert(mailbox_id, batch, plan), strict=True))
            filed = [(ids[index], batch[index]) for index in (*plan.new, *plan.attached)]
            self._write_files(mailbox_id, filed)
            self._write_uidls(account_id, [
                (key, ids[index], batch[index]) for index in (*plan.new, *plan.attached)
                if (key := plan.keys[index]) is not None
            ])
            self._doom_doubles(account_id, mailbox_id, [batch[index] for index in plan.doubles()])
        if plan.doubles():
            self.finish_doomed(account)
        ids.update((index, ids[first]) for index, first in plan.same.items())
        return [ids[index] for index in range(len(batch))]

    def preview(self, mailbox_id: MailboxId, uidl: bytes, described: Described, *, size_octets: int) -> EnvelopeId:
        """A message of which only the header is here; its octets may be filed later under the same uidl.

        What is known under the uidl already stays as it is.
        """
        account_id, account = self._where.account_of(mailbox_id)
        key = key_of(account, uidl)
        at = int(self._clock())
        with self._database.transaction(durable=True):
            row = self._database.row(
                "SELECT envelope_id FROM uidl WHERE account_id = ? AND key = ? AND envelope_id IS NOT NULL",
                (account_id, key),
            )
            if row is not None:
                return EnvelopeId(row[0])
            incoming = described.incoming._replace(
                size_octets=size_octets, flags=0, keywords="", received_at=described.incoming.received_at or at
            )
            (envelope_id,) = self._ingest.insert_local(mailbox_id, [incoming], BodyState.ABSENT)
            self._database.run(
                "INSERT INTO uidl (account_id, key, uidl, state, envelope_id, size_octets, top_sha256, changed_at)"
                " VALUES (?, ?, ?, 'previewed', ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = 'previewed',"
                " envelope_id = excluded.envelope_id, top_sha256 = excluded.top_sha256,"
                " changed_at = excluded.changed_at",
                (account_id, key, uidl, envelope_id, size_octets, described.top_sha256, at),
            )
            self._database.run("UPDATE header SET uidl = ? WHERE id = ?", (text_of(uidl), envelope_id))
        return envelope_id

    def insert_copies(self, mailbox_id: MailboxId, copies: Sequence[Incoming]) -> list[EnvelopeId]:
        """Rows of messages whose file and part rows the caller makes, in the current transaction; ids in order."""
        return self._ingest.insert_local(mailbox_id, copies, BodyState.WHOLE)

    # --- files whose rows are gone --------------------------------------------

    def doom(self, account_id: int, folder: bytes, names: Iterable[str]) -> None:
        """Files below a folder that are to go, in the current transaction: no scan takes them in again."""
        prefix = folder + b"/" if folder else b""
        self._database.many(
            "INSERT OR IGNORE INTO doomed (account_id, path) VALUES (?, ?)",
            ((account_id, prefix + os.fsencode(name)) for name in names),
        )

    def finish_doomed(self, account: AccountName) -> int:
        """Delete files whose rows are gone; how many. After the transaction, and after a crash."""
        rows = self._database.rows(
            "SELECT account_id, path FROM doomed WHERE account_id = (SELECT id FROM account WHERE name = ?)", (account,)
        )
        if not rows:
            return 0
        root = self._where.root(account)
        remove_files(root / os.fsdecode(path) for _, path in rows)
        with self._database.transaction():
            self._database.many("DELETE FROM doomed WHERE account_id = ? AND path = ?", rows)
        return len(rows)

    def _doom_doubles(self, account_id: int, mailbox_id: MailboxId, doubles: Sequence[Delivered]) -> None:
        filed = {row[0] for row in self._database.rows_of(
            "SELECT key FROM file WHERE mailbox_id = ? AND key IN ({keys})",
            [os.fsencode(delivered.filed.key) for delivered in doubles], (mailbox_id,),
        )}
        self.doom(account_id, self._where.folder(mailbox_id), (
            delivered.filed.name for delivered in doubles if os.fsencode(delivered.filed.key) not in filed
        ))

    # --- rows -----------------------------------------------------------------

    def _plan(
        self, mailbox_id: MailboxId, account_id: int, account: AccountName, batch: Sequence[Delivered]
    ) -> _Plan:
        keys = [
            delivered.uidl_key if delivered.uidl is None else key_of(account, delivered.uidl) for delivered in batch
        ]
        known = {row[0]: row[1:] for row in self._database.rows_of(
            "SELECT uidl.key, uidl.envelope_id, file.key, coalesce(uidl.sha256, file.sha256) FROM uidl"
            " JOIN envelope ON envelope.id = uidl.envelope_id"
            " LEFT JOIN file ON file.envelope_id = uidl.envelope_id WHERE account_id = ? AND uidl.key IN ({keys})",
            {key for key in keys if key is not None}, (account_id,),
        )}
        rows = {row[0]: EnvelopeId(row[1]) for row in self._database.rows_of(
            "SELECT key, envelope_id FROM file WHERE mailbox_id = ? AND key IN ({keys})",
            [os.fsencode(delivered.filed.key) for delivered in batch], (mailbox_id,),
        )}
        plan = _Plan(keys, [], {}, {}, {})
        first_of: dict[bytes, int] = {}
        for index, (delivered, key) in enumerate(zip(batch, keys, strict=True)):
            filed_as = rows.get(os.fsencode(delivered.filed.key))
            envelope_id, file_key, sha256 = known.get(key, (None, None, None))
            first = first_of.get(key) if key is not None else None
            if filed_as is not None:
                plan.here[index] = filed_as
            elif first is not None and batch[first].filed.sha256 == delivered.filed.sha256:
                plan.same[index] = first
            elif first is not None:
                keys[index] = None
                plan.new.append(index)
            elif envelope_id is None:
                plan.new.append(index)
            elif file_key is None:
                plan.attached[index] = EnvelopeId(envelope_id)
            elif not self._is_there(envelope_id):
                plan.new.append(index)  # what its row tells of is gone; the next scan ends that row
            elif sha256 == delivered.filed.sha256 and file_key != os.fsencode(delivered.filed.key):
                plan.here[index] = EnvelopeId(envelope_id)
            else:
                # Other octets under the same uidl, or a copy that somebody made by hand: both are
                # kept, and the row of the uidl stays with the first.
                keys[index] = None
                plan.new.append(index)
            if key is not None and first is None:
                first_of[key] = index
        return plan

    def _is_there(self, envelope_id: EnvelopeId) -> bool:
        """Whether the file of a message is where its row says: nothing else may be dropped for it."""
        try:
            return all(self._where.path(file) for file in self._where.files([envelope_id]))
        except Vanished:
            return False

    def _insert(self, mailbox_id: MailboxId, batch: Sequence[Delivered], plan: _Plan) -> list[EnvelopeId]:
        if not plan.new:
            return []
        uidls = [text_of(batch[index].uidl) if plan.keys[index] is not None else None for index in plan.new]
        return self._ingest.insert_local(
            mailbox_id, [self._incoming(batch[index]) for index in plan.new], BodyState.WHOLE, uidls
        )

    def _incoming(self, delivered: Delivered) -> Incoming:
        incoming = delivered.described.incoming
        return incoming._replace(
            flags=flags_of(delivered.filed.name),
            size_octets=delivered.filed.size_octets,
            received_at=int(self._clock()) if incoming.received_at is None else incoming.received_at,
        )

    def _attach(self, batch: Sequence[Delivered], attached: Mapping[int, EnvelopeId]) -> None:
        for index, envelope_id in attached.items():
            incoming = batch[index].described.incoming
            self._database.run(
                "UPDATE envelope SET body = ?, size_octets = ?, has_attachments = ? WHERE id = ?",
                (int(BodyState.WHOLE), batch[index].filed.size_octets, incoming.has_attachments, envelope_id),
            )
            self._database.run("UPDATE header SET structure = ? WHERE id = ?", (incoming.structure, envelope_id))
            self._database.run(
                "UPDATE mailbox SET revision = revision + 1"
                " WHERE id = (SELECT mailbox_id FROM envelope WHERE id = ?)",
                (envelope_id,),
            )

    def _write_files(self, mailbox_id: MailboxId, filed: Sequence[tuple[EnvelopeId, Delivered]]) -> None:
        self._database.many("INSERT INTO file (envelope_id, mailbox_id, key, name, sha256) VALUES (?, ?, ?, ?, ?)", (
            (envelope_id, mailbox_id, os.fsencode(file.key), os.fsencode(file.name), file.sha256)
            for envelope_id, file in ((envelope_id, delivered.filed) for envelope_id, delivered in filed)
        ))
        write_parts(self._database, ((envelope_id, delivered.described.parts) for envelope_id, delivered in filed))

    def _write_uidls(self, account_id: int, filed: Sequence[tuple[bytes, EnvelopeId, Delivered]]) -> None:
        at = int(self._clock())
        self._database.many(
            "INSERT INTO uidl (account_id, key, uidl, state, envelope_id, size_octets, sha256, top_sha256, stored_at,"
            " changed_at) VALUES (?, ?, ?, 'stored', ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = 'stored',"
            " uidl = coalesce(excluded.uidl, uidl), envelope_id = excluded.envelope_id,"
            " size_octets = excluded.size_octets, sha256 = excluded.sha256, top_sha256 = excluded.top_sha256,"
            " stored_at = excluded.stored_at, changed_at = excluded.changed_at",
            (
                (
                    account_id, key, delivered.uidl, envelope_id, delivered.filed.size_octets, delivered.filed.sha256,
                    delivered.described.top_sha256, stored_at(delivered.filed.key, at), at,
                )
                for key, envelope_id, delivered in filed
            ),
        )


def write_parts(database: Database, messages: Iterable[tuple[EnvelopeId, Iterable[StoredPart]]]) -> None:
    """Rows of parts, attachments HELD, in the current transaction."""
    database.many(
        "INSERT OR IGNORE INTO stored_part (envelope_id, section, state, header_start, body_start, body_end, encoding,"
        " filename, declared_type, size_octets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                envelope_id, part.section, "held" if part.held else "free", part.header_start, part.body_start,
                part.body_end, part.encoding, scrub.text(part.filename), part.declared_type, part.size_octets,
            )
            for envelope_id, parts in messages for part in parts
        ),
    )
