"""Actions on mail that lies here are carried out: files follow rows.

What lives here: for each action that waits, what happens to files and folders. Rows were
changed when the action was asked for, and become final with `pending.done`; a crash in
between carries the same action out once more, which then finds nothing left to do. What
must not: which actions wait, and how files are written (`moving`, `maildir`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from tuimail.actions import (
    Action,
    Append,
    Copy,
    CreateMailbox,
    DeleteMailbox,
    Expunge,
    Move,
    RenameMailbox,
    SetFlags,
    Subscribe,
)
from tuimail.errors import MailError, NotDownloaded, StoreError, UsageError
from tuimail.model import BodyState, EnvelopeId, MailboxId, PendingId
from tuimail.store.acting.raws import Raws
from tuimail.store.border import sync_directory
from tuimail.store.database import Database
from tuimail.store.lists.order import Order
from tuimail.store.maildirs import keyword_record
from tuimail.store.maildirs.filing import Delivered, Described, Filing, write_parts
from tuimail.store.maildirs.folders import Folders, remove_directory
from tuimail.store.maildirs.maildir import Filed, Maildir
from tuimail.store.maildirs.moving import Moving
from tuimail.store.maildirs.uidls import UidlState
from tuimail.store.maildirs.where import Where
from tuimail.store.removal import remove

Waiting = tuple[PendingId, Action]


class Carried(NamedTuple):
    """What became of actions."""

    done: list[PendingId]
    failed: list[tuple[PendingId, str]]
    """And why, in a sentence."""


class Carrying:
    """Carries out actions on local mail."""

    def __init__(
        self, database: Database, order: Order, where: Where, folders: Folders, filing: Filing, moving: Moving
    ) -> None:
        self._database = database
        self._order = order
        self._where = where
        self._folders = folders
        self._filing = filing
        self._moving = moving

    def carry_out(
        self, waiting: Sequence[Waiting], describe: Callable[[bytes], Described], *, on_server: bool
    ) -> Carried:
        """Carry out actions in their order, as many as possible.

        Raises StoreError (a full disk) when nothing could be done at all; what was done before
        one is told, and the rest can be tried again.
        """
        carried = Carried([], [])
        self._resume(waiting)
        for _, group in groupby(waiting, key=lambda one: _key(one[1])):
            actions = list(group)
            ids = [pending_id for pending_id, _ in actions]
            try:
                self._one_kind([action for _, action in actions], describe, on_server=on_server)
            except MailError as exc:
                if isinstance(exc, StoreError):
                    if not carried.done and not carried.failed:
                        raise
                    break
                if len(actions) > 1:
                    self._one_by_one(actions, describe, carried, on_server=on_server)
                else:
                    carried.failed.append((ids[0], _sentence(exc)))
            else:
                carried.done.extend(ids)
        return carried

    def _one_by_one(
        self, actions: Sequence[Waiting], describe: Callable[[bytes], Described], carried: Carried, *, on_server: bool
    ) -> None:
        """One of several cannot be carried out: the others are."""
        for pending_id, action in actions:
            try:
                self._one_kind([action], describe, on_server=on_server)
            except StoreError:
                return
            except MailError as exc:
                carried.failed.append((pending_id, _sentence(exc)))
            else:
                carried.done.append(pending_id)

    def _one_kind(self, actions: list[Action], describe: Callable[[bytes], Described], *, on_server: bool) -> None:
        first = actions[0]
        match first:
            case SetFlags():
                self._moving.apply(actions)
            case Move():
                self._move([one.target.envelope_id for one in actions if isinstance(one, Move)], first.to)
            case Copy():
                for one in actions:
                    if isinstance(one, Copy):
                        self._copy(one)
            case Append():
                for one in actions:
                    if isinstance(one, Append):
                        self._append(one, describe)
            case Expunge():
                ids = [one.target.envelope_id for one in actions if isinstance(one, Expunge)]
                self._moving.expunge(ids, UidlState.DELETE_WANTED if on_server else None)
            case CreateMailbox():
                self._folders.make_folder(first.mailbox_id, first.account, first.name)
            case RenameMailbox():
                self._rename(first)
            case DeleteMailbox():
                self._delete(first)
            case Subscribe():
                return  # a folder cannot be unsubscribed from; the tree remembers it

    # --- after a crash --------------------------------------------------------------

    def _resume(self, waiting: Sequence[Waiting]) -> None:
        """Copies whose file was written, but not their row: a scan took the file for a new message.

        What is begun is written down before, with the number that the next new row will get.
        """
        making = {number: action for number, action in waiting if isinstance(action, Copy | Append)}
        for number, edge in self._database.rows_of(
            "SELECT id, edge_uid_next FROM pending WHERE begun = 1 AND id IN ({keys})", making
        ):
            self._take_over(making.pop(number), edge or 0)
        if making:
            with self._database.transaction(durable=True):
                self._database.many(
                    "UPDATE pending SET begun = 1, edge_uid_next ="
                    " (SELECT value FROM meta WHERE key = 'next_envelope_id') WHERE id = ?",
                    ((number,) for number in making),
                )

    def _take_over(self, action: Copy | Append, edge: int) -> None:
        """Give the row of an action the file that was adopted since it began."""
        if isinstance(action, Copy):
            row, to = action.copy_id, action.to
            files = self._where.files([action.target.envelope_id])
            digest = files[0].sha256 if files else None
        else:
            row, to = action.target.envelope_id, action.target.mailbox_id
            digest = sha256(Raws(self._database).read(action.raw)).digest()
        if not row or digest is None or not self._needs_file(row):
            return
        found = self._database.row(
            "SELECT envelope_id FROM file"
            " WHERE mailbox_id = ? AND sha256 = ? AND envelope_id >= ? AND envelope_id <> ?",
            (to, digest, edge, row),
        )
        if found is not None:
            with self._database.transaction(durable=True):
                self._database.run("UPDATE file SET envelope_id = ? WHERE envelope_id = ?", (row, found[0]))
                self._database.run("UPDATE stored_part SET envelope_id = ? WHERE envelope_id = ?", (row, found[0]))
                self._database.run("UPDATE envelope SET body = ? WHERE id = ?", (int(BodyState.WHOLE), row))
                remove(self._database, self._order, [found[0]])

    # --- messages -----------------------------------------------------------------

    def _move(self, envelope_ids: list[EnvelopeId], to: MailboxId) -> None:
        files = {file.envelope_id: file for file in self._where.files(envelope_ids)}
        missing = [identity for identity in envelope_ids if identity not in files]
        if missing:
            raise NotDownloaded("This message is not downloaded yet.", "Connect, and try again.")
        self._moving.move(envelope_ids, to, rows=False)

    def _copy(self, action: Copy) -> None:
        if action.copy_id is None or not self._needs_file(action.copy_id):
            return
        self._where.file(action.target.envelope_id)
        self._moving.copy([action.target.envelope_id], action.to, rows=[action.copy_id])

    def _append(self, action: Append, describe: Callable[[bytes], Described]) -> None:
        mailbox_id, envelope_id = action.target.mailbox_id, action.target.envelope_id
        has_row = self._database.row("SELECT 1 FROM envelope WHERE id = ?", (envelope_id,)) is not None
        if has_row and not self._needs_file(envelope_id):
            return
        raw = Raws(self._database).read(action.raw)
        filed = self._write(self._where.maildir(mailbox_id), raw, action)
        described = describe(raw)
        if not has_row:
            self._filing.file(mailbox_id, [Delivered(filed, described)])
            return
        with self._database.transaction(durable=True):
            self._database.run(
                "INSERT INTO file (envelope_id, mailbox_id, key, name, sha256) VALUES (?, ?, ?, ?, ?)",
                (envelope_id, mailbox_id, os.fsencode(filed.key), os.fsencode(filed.name), filed.sha256),
            )
            write_parts(self._database, [(envelope_id, described.parts)])
            self._database.run(
                "UPDATE envelope SET body = ?, size_octets = ?, has_attachments = ? WHERE id = ?",
                (int(BodyState.WHOLE), filed.size_octets, described.incoming.has_attachments, envelope_id),
            )
            self._database.run(
                "UPDATE header SET structure = ? WHERE id = ?", (described.incoming.structure, envelope_id)
            )

    def _write(self, maildir: Maildir, raw: bytes, action: Append) -> Filed:
        with maildir.begin() as arriving:
            arriving.flags = action.flags
            if action.received_at is not None:
                arriving.arrived_at = action.received_at
            arriving.write(raw)
            if action.keywords:
                directory = self._where.own_directory(action.account)
                keyword_record.write(directory, [(arriving.key, " ".join(sorted(action.keywords)))])
        (filed,) = maildir.commit_batch([arriving])
        return filed

    def _needs_file(self, envelope_id: EnvelopeId) -> bool:
        return self._database.row(
            "SELECT 1 FROM envelope LEFT JOIN file ON file.envelope_id = envelope.id"
            " WHERE envelope.id = ? AND file.envelope_id IS NULL",
            (envelope_id,),
        ) is not None

    # --- mailboxes ----------------------------------------------------------------

    def _rename(self, action: RenameMailbox) -> None:
        """The folder, and all below it. Rows follow when the action is done."""
        prefix = f"{action.name}/"
        for identity, name in self._database.rows(
            "SELECT mailbox.id, coalesce(mailbox_there.name, mailbox.name) FROM mailbox"
            " JOIN folder ON folder.mailbox_id = mailbox.id"
            " LEFT JOIN mailbox_there ON mailbox_there.mailbox_id = mailbox.id"
            " WHERE account_id = (SELECT account_id FROM mailbox WHERE id = ?)",
            (action.mailbox_id,),
        ):
            if identity == action.mailbox_id or name.startswith(prefix):
                self._folders.rename_folder(
                    action.account, MailboxId(identity), f"{action.new_name}{name[len(action.name):]}"
                )

    def _delete(self, action: DeleteMailbox) -> None:
        if self._database.row("SELECT 1 FROM folder WHERE mailbox_id = ?", (action.mailbox_id,)) is None:
            return
        if not self._where.folder(action.mailbox_id).startswith(b"."):
            raise UsageError("This folder belongs to another program.", "Delete it there.")
        maildir = self._where.maildir(action.mailbox_id)
        if maildir.directory.exists():
            if maildir.entries()[0]:
                raise UsageError(f"There is mail in {action.name}.", "Move or delete it first.")
            remove_directory(maildir.directory)
            with suppress(OSError):
                sync_directory(self._where.root(action.account))


def _key(action: Action) -> tuple[object, ...]:
    """Neighbours that are carried out together have the same."""
    match action:
        case SetFlags() | Expunge():
            return (type(action),)
        case Move():
            return (Move, action.to)
        case _:
            return (id(action),)


def _sentence(exc: MailError) -> str:
    return f"{exc.sentence} {exc.advice}".strip()
