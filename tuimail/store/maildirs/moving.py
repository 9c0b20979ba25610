"""Local mail changes: flags, moving, copying, deleting.

What lives here: the file and the row of a message changed together, in the order that a
crash leaves mendable: files before rows when moving, rows before files when deleting.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tuimail.actions import Action, SetFlags, fold
from tuimail.actions import Flags as Folded
from tuimail.errors import NotDownloaded, Vanished
from tuimail.model import AccountName, BodyState, EnvelopeId, Flag, MailboxId, Role
from tuimail.store import flags as flags_room
from tuimail.store import scrub
from tuimail.store.border import sync_directory
from tuimail.store.database import Database, chunks
from tuimail.store.holding import quarantine_record
from tuimail.store.incoming import Incoming
from tuimail.store.lists.order import Order
from tuimail.store.maildirs import keyword_record
from tuimail.store.maildirs.filing import Filing
from tuimail.store.maildirs.maildir import Maildir, bordered, flags_of, read_file, renamed
from tuimail.store.maildirs.uidls import Uidls, UidlState
from tuimail.store.maildirs.where import Where, Whereabouts
from tuimail.store.removal import remove

if TYPE_CHECKING:
    from tuimail.store.maildirs.folders import Folders

_STEP: Final = 200
"""Messages of one transaction."""
_OTHER_DISK: Final = {errno.EXDEV, errno.EPERM, errno.EMLINK}


class Deleted(NamedTuple):
    """What became of messages that were to be deleted."""

    moved: list[EnvelopeId]
    """They are in the Trash now."""
    in_trash: list[EnvelopeId]
    """They were in the Trash before, and still are: to expunge them is another wish."""


class _Moved(NamedTuple):
    """A file that lies in its new place already."""

    file: Whereabouts
    key: str
    name: str
    left_behind: str
    """A file of the old place that is to go; empty when it was renamed."""


class Moving:
    """Changes of local mail."""

    def __init__(
        self, database: Database, order: Order, where: Where, filing: Filing, uidls: Uidls,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._order = order
        self._where = where
        self._filing = filing
        self._uidls = uidls
        self._clock = clock
        self._flags = flags_room.Flags(database)

    # --- flags ----------------------------------------------------------------

    def apply(self, actions: Iterable[Action]) -> None:
        """Lay actions over what files and rows have; local messages only."""
        waiting: dict[EnvelopeId, list[Action]] = {}
        for action in actions:
            if isinstance(action, SetFlags):
                waiting.setdefault(action.target.envelope_id, []).append(action)
        changes = []
        for envelope_id, flags, keywords in self._database.rows_of(
            "SELECT id, server_flags, server_keywords FROM envelope WHERE id IN ({keys})", waiting
        ):
            has = fold(Folded(flags, frozenset(keywords.split())), waiting[envelope_id])
            changes.append((EnvelopeId(envelope_id), int(has.bits), " ".join(sorted(has.keywords))))
        self.set_flags(changes)

    def set_flags(self, changes: Sequence[tuple[EnvelopeId, int, str]]) -> None:
        """Give messages flags and keywords: files first, then rows. Raises StoreError."""
        for step in chunks(changes, _STEP):
            files = {file.envelope_id: file for file in self._where.files([change[0] for change in step])}
            self._record_keywords(files, {envelope_id: words for envelope_id, _, words in step})
            names = {}
            for envelope_id, flags, _ in step:
                if (file := files.get(envelope_id)) is not None:
                    names[envelope_id] = self._rename(file, flags)
            with self._database.transaction():
                self._database.many(
                    "UPDATE file SET name = ? WHERE envelope_id = ?",
                    ((os.fsencode(name), envelope_id) for envelope_id, name in names.items() if name),
                )
                self._database.many(
                    "UPDATE envelope SET server_flags = ?, server_keywords = ? WHERE id = ?",
                    ((flags & flags_room.FLAG_BITS, scrub.text(words), identity) for identity, flags, words in step),
                )
                self._refold([change[0] for change in step])

    def _record_keywords(self, files: Mapping[EnvelopeId, Whereabouts], wanted: Mapping[EnvelopeId, str]) -> None:
        """Mirror keywords that change beside the mail."""
        changed: dict[AccountName, list[tuple[str, str]]] = {}
        for identity, words in self._database.rows_of(
            "SELECT id, server_keywords FROM envelope WHERE id IN ({keys})", files
        ):
            envelope_id = EnvelopeId(identity)
            if wanted[envelope_id] != words:
                file = files[envelope_id]
                changed.setdefault(file.account, []).append((file.key, wanted[envelope_id]))
        for account, keywords in changed.items():
            keyword_record.write(self._where.own_directory(account), keywords)

    def _copy_keywords(self, envelope_id: EnvelopeId, account: AccountName, key: str) -> None:
        """Write a message's keywords down under another key, or in another account."""
        row = self._database.row("SELECT server_keywords FROM envelope WHERE id = ?", (envelope_id,))
        if row is not None and row[0]:
            keyword_record.write(self._where.own_directory(account), [(key, row[0])])

    def _rename(self, file: Whereabouts, flags: int) -> str:
        """Mirror flags in a file's name; the name, empty when the file is gone."""
        maildir = self._where.maildir(file.mailbox_id)
        name: str | None = file.name
        for _ in range(3):  # another program may rename it at the same time
            if name is None:
                return ""
            wanted = renamed(name, flags)
            try:
                if wanted != name:
                    maildir.rename(name, wanted)
                elif not os.path.lexists(maildir.directory / name):
                    raise FileNotFoundError(name)
            except FileNotFoundError:
                name = maildir.find(file.key)
                continue
            return wanted
        return ""

    def _refold(self, envelope_ids: Sequence[EnvelopeId]) -> None:
        mailboxes: dict[MailboxId, list[EnvelopeId]] = {}
        for identity, mailbox_id in self._database.rows_of(
            "SELECT id, mailbox_id FROM envelope WHERE id IN ({keys})", envelope_ids
        ):
            mailboxes.setdefault(MailboxId(mailbox_id), []).append(EnvelopeId(identity))
        for mailbox_id, ids in mailboxes.items():
            self._flags.refold(mailbox_id, ids)

    # --- moving ---------------------------------------------------------------

    def move(
        self, envelope_ids: Sequence[EnvelopeId], mailbox_id: MailboxId, *, rows: bool = True
    ) -> list[EnvelopeId]:
        """Files to their new place, made durable there, then the rows; those that moved.

        `rows` False: an action shows them there already.
        """
        target = self._where.maildir(mailbox_id)
        moved_ids = []
        for step in chunks(envelope_ids, _STEP):
            moved = []
            for file in self._where.files(step):
                if file.mailbox_id == mailbox_id:
                    continue
                try:
                    moved.append(self._move_file(file, target, mailbox_id))
                except (FileNotFoundError, Vanished):
                    continue  # the next scan tells what became of it
            self._sync(moved, target)
            with self._database.transaction(durable=True):
                for file, name in ((one.file, one) for one in moved):
                    self._take_place(file, name, mailbox_id)
                if rows:
                    self._reorder([one.file for one in moved], mailbox_id)
            for account in {one.file.account for one in moved if one.left_behind}:
                self._filing.finish_doomed(account)
            moved_ids += [one.file.envelope_id for one in moved]
        return moved_ids

    def _move_file(self, file: Whereabouts, target: Maildir, mailbox_id: MailboxId) -> _Moved:
        source = self._where.maildir(file.mailbox_id)
        path = self._where.path(file)
        name = f"{path.parent.name}/{path.name}"
        account_id, _ = self._where.account_of(mailbox_id)
        taken = self._database.row(
            "SELECT 1 FROM file WHERE mailbox_id = ? AND key = ?", (mailbox_id, os.fsencode(file.key))
        )
        if account_id == file.account_id and not taken:
            try:
                os.rename(path, target.directory / name)  # noqa: PTH104 - one call, as it stands in the design
            except OSError as exc:
                if exc.errno not in _OTHER_DISK:
                    with bordered(path, but=FileNotFoundError):
                        raise
            else:
                return _Moved(file, file.key, name, "")
        arriving = target.begin()
        with arriving:
            arriving.flags = flags_of(name)
            arriving.arrived_at = int(path.stat().st_mtime)
            arriving.write(read_file(source.directory / name))
        (filed,) = target.commit_batch([arriving])
        return _Moved(file, filed.key, filed.name, name)

    def _sync(self, moved: Sequence[_Moved], target: Maildir) -> None:
        renamed_ones = [one for one in moved if not one.left_behind]
        directories = {target.directory / one.name[:3] for one in renamed_ones}
        sources = {self._where.maildir(one.file.mailbox_id).directory / one.name[:3] for one in renamed_ones}
        for directory in (*sorted(directories), *sorted(sources - directories)):
            with bordered(directory):
                sync_directory(directory)

    def _take_place(self, file: Whereabouts, moved: _Moved, mailbox_id: MailboxId) -> None:
        """The row of a file that lies elsewhere now, in the current transaction."""
        account_id, account = self._where.account_of(mailbox_id)
        self._database.run(
            "UPDATE file SET mailbox_id = ?, key = ?, name = ? WHERE envelope_id = ?",
            (mailbox_id, os.fsencode(moved.key), os.fsencode(moved.name), file.envelope_id),
        )
        self._database.run(
            "UPDATE pending SET mailbox_id = ?, account_id = ? WHERE envelope_id = ?",
            (mailbox_id, account_id, file.envelope_id),
        )
        if moved.left_behind:
            self._filing.doom(file.account_id, self._where.folder(file.mailbox_id), [moved.left_behind])
            quarantine_record.copy(
                self._database, file.envelope_id, self._where.own_directory(account), moved.key
            )
        if moved.key != file.key or account_id != file.account_id:
            self._copy_keywords(file.envelope_id, account, moved.key)
        if account_id != file.account_id:
            self._uidls.record(file.account, [file.envelope_id], None)
            self._database.run("UPDATE uidl SET envelope_id = NULL WHERE envelope_id = ?", (file.envelope_id,))
            self._database.run("UPDATE header SET uidl = NULL WHERE id = ?", (file.envelope_id,))

    def _reorder(self, files: Sequence[Whereabouts], mailbox_id: MailboxId) -> None:
        """Move envelope rows, with counters and stretches of both mailboxes, in the current transaction."""
        rows = self._database.rows_of(
            "SELECT id, mailbox_id, place, flags FROM envelope WHERE id IN ({keys})",
            [file.envelope_id for file in files],
        )
        self._database.many("UPDATE envelope SET mailbox_id = ? WHERE id = ?", ((mailbox_id, row[0]) for row in rows))
        for source in {row[1] for row in rows}:
            gone = [row for row in rows if row[1] == source]
            unread = sum(1 for row in gone if not row[3] & Flag.SEEN)
            self._order.shift(source, removed=[row[2] for row in gone], unread=-unread)
        if rows:
            unread = sum(1 for row in rows if not row[3] & Flag.SEEN)
            self._order.shift(mailbox_id, added=[row[2] for row in rows], unread=unread)

    # --- copying --------------------------------------------------------------

    def copy(
        self, envelope_ids: Sequence[EnvelopeId], mailbox_id: MailboxId, *, rows: Sequence[EnvelopeId] = ()
    ) -> list[EnvelopeId]:
        """Files first, then rows; the ids of the copies. `rows`: those that an action shows already."""
        target = self._where.maildir(mailbox_id)
        copies: list[EnvelopeId] = []
        for step in chunks(envelope_ids, 50):
            files = self._where.files(step)
            batch = []
            for file in files:
                path = self._where.path(file)
                with target.begin() as arriving:
                    arriving.flags = flags_of(path.name)
                    arriving.arrived_at = int(path.stat().st_mtime)
                    arriving.write(read_file(path))
                batch.append(arriving)
            filed = target.commit_batch(batch)
            with self._database.transaction(durable=True):
                ids = list(rows) or self._filing.insert_copies(
                    mailbox_id, [self._incoming(file.envelope_id) for file in files]
                )
                self._database.many(
                    "UPDATE envelope SET body = ? WHERE id = ?", ((int(BodyState.WHOLE), identity) for identity in ids)
                )
                self._database.many(
                    "INSERT INTO file (envelope_id, mailbox_id, key, name, sha256) VALUES (?, ?, ?, ?, ?)",
                    (
                        (identity, mailbox_id, os.fsencode(one.key), os.fsencode(one.name), one.sha256)
                        for identity, one in zip(ids, filed, strict=True)
                    ),
                )
                account = self._where.account_of(mailbox_id)[1]
                own = self._where.own_directory(account)
                for file, identity, one in zip(files, ids, filed, strict=True):
                    quarantine_record.copy_rows(self._database, file.envelope_id, identity)
                    quarantine_record.copy(self._database, identity, own, one.key)
                    self._copy_keywords(identity, account, one.key)
            copies += ids
        return copies

    def _incoming(self, envelope_id: EnvelopeId) -> Incoming:
        """A message's rows as they were once brought in."""
        row = self._database.row(
            "SELECT 0, flags, keywords, NULL, received_at, size_octets, structure, has_attachments, from_line, sender,"
            " reply_to, to_line, cc, subject, sent_at, message_id, in_reply_to, message_references, list_id, thread_id"
            " FROM envelope JOIN header USING (id) WHERE id = ?",
            (envelope_id,),
        )
        if row is None:
            raise Vanished("This message is no longer there.")
        return Incoming(*row)

    # --- deleting -------------------------------------------------------------

    def delete(self, envelope_ids: Sequence[EnvelopeId], folders: Folders) -> Deleted:
        """Into the Trash of each one's account."""
        moved: list[EnvelopeId] = []
        in_trash: list[EnvelopeId] = []
        accounts: dict[AccountName, list[Whereabouts]] = {}
        for file in self._where.files(envelope_ids):
            accounts.setdefault(file.account, []).append(file)
        if not accounts and envelope_ids:
            raise NotDownloaded("This message is not downloaded yet.", "Connect, and try again.")
        for account, files in accounts.items():
            trash = folders.special(account, Role.TRASH)
            in_trash += [file.envelope_id for file in files if file.mailbox_id == trash]
            moved += self.move([file.envelope_id for file in files if file.mailbox_id != trash], trash)
        return Deleted(moved, in_trash)

    def expunge(self, envelope_ids: Sequence[EnvelopeId], state: UidlState | None) -> int:
        """Delete for ever: what is wanted on the server is written down, then rows go, then files."""
        removed = 0
        for step in chunks(envelope_ids, _STEP):
            mailboxes: dict[MailboxId, list[EnvelopeId]] = {}
            for identity, mailbox_id in self._database.rows_of(
                # Those that are to be expunged are shown nowhere, and still lie where they were.
                "SELECT id, coalesce(away.mailbox_id, envelope.mailbox_id) FROM envelope"
                " LEFT JOIN away ON away.envelope_id = id WHERE id IN ({keys})"
                " AND (EXISTS (SELECT 1 FROM file WHERE envelope_id = id)"
                " OR EXISTS (SELECT 1 FROM uidl WHERE envelope_id = id))",
                step,
            ):
                mailboxes.setdefault(MailboxId(mailbox_id), []).append(EnvelopeId(identity))
            files = self._where.files(step)
            for mailbox_id, ids in mailboxes.items():
                self._uidls.record(self._where.account_of(mailbox_id)[1], ids, state)
            with self._database.transaction(durable=True):
                if state is not None:
                    self._uidls.settle([one for ids in mailboxes.values() for one in ids], state, at=int(self._clock()))
                for file in files:
                    self._filing.doom(file.account_id, self._where.folder(file.mailbox_id), [self._name_now(file)])
                removed += remove(self._database, self._order, [one for ids in mailboxes.values() for one in ids])
            for account in {file.account for file in files}:
                self._filing.finish_doomed(account)
        return removed

    def _name_now(self, file: Whereabouts) -> str:
        try:
            path: Path = self._where.path(file)
        except Vanished:
            return file.name
        return f"{path.parent.name}/{path.name}"
