"""Local mail: messages whose octets lie on this computer, in Maildirs of ours or of other programs.

What lives here: the door to all of it for engine, UI and command line: bringing mail in,
reading it, flags, moving, copying, deleting. Behind it are `maildir` (files), `filing`
(rows), `folders` (mailboxes), `scanning` (what other programs did), `quarantine`.
What must not: reading what a message says; whoever files one describes it.

Files go before rows when something is filed or moved, rows before files when it is
deleted: a crash in between leaves a file that the next scan takes in or clears away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tuimail.errors import Vanished
from tuimail.model import AccountName, EnvelopeId, MailboxId, PendingId, Role, Section
from tuimail.store.database import Database
from tuimail.store.holding.held import refuse_held
from tuimail.store.incoming import Incoming
from tuimail.store.ingest import Ingest
from tuimail.store.lists.order import Order
from tuimail.store.maildirs.filing import Delivered, Described, EncodedPart, Filing, StoredPart
from tuimail.store.maildirs.folders import Folders
from tuimail.store.maildirs.maildir import LARGEST_OCTETS, Arriving, read_file
from tuimail.store.maildirs.uidls import Uidls, UidlState, key_of
from tuimail.store.maildirs.where import Where

if TYPE_CHECKING:
    from types import TracebackType

    from tuimail.actions import Action
    from tuimail.store.maildirs.carrying import Carried, Carrying
    from tuimail.store.maildirs.moving import Deleted, Moving
    from tuimail.store.maildirs.salvage import Old, Salvage
    from tuimail.store.maildirs.scanning import Scanned, Scanning

__all__ = ["BATCH", "Delivered", "Delivery", "Described", "EncodedPart", "Incoming", "Local", "StoredPart"]

BATCH: Final = 50
"""Messages synced, renamed and written down together: a few milliseconds of disk each instead of one each."""
_COLUMN_FLAGS: Final = 31


class Delivery:
    """The way into one mailbox; at the end of a `with` nothing unfinished stays behind."""

    def __init__(self, where: Where, filing: Filing, mailbox_id: MailboxId) -> None:
        self._filing = filing
        self._maildir = where.maildir(mailbox_id)
        self._account = where.account_of(mailbox_id)[1]
        self.mailbox_id = mailbox_id
        self._open: set[Arriving] = set()

    def begin(self, uidl: bytes | None = None, *, limit_octets: int = LARGEST_OCTETS) -> Arriving:
        """A message begins to arrive: `write` to it, then `commit` it or `discard` it. Raises StoreError."""
        arriving = self._maildir.begin(
            uidl=uidl, uidl_key=None if uidl is None else key_of(self._account, uidl), limit_octets=limit_octets
        )
        self._open.add(arriving)
        return arriving

    def commit(self, batch: Sequence[tuple[Arriving, Described]]) -> list[EnvelopeId]:
        """Make a batch durable and listed; the ids, in order. After this, and not before, it may be deleted elsewhere.

        Raises StoreError. Then some of it may lie in the Maildir without rows: a scan finds
        that; until it ran, nothing of the batch may be deleted elsewhere.
        """
        self._open.difference_update(arriving for arriving, _ in batch)
        filed = self._maildir.commit_batch([arriving for arriving, _ in batch])
        return self._filing.file(self.mailbox_id, [
            Delivered(file, described, arriving.uidl)
            for file, (arriving, described) in zip(filed, batch, strict=True)
        ])

    def close(self) -> None:
        """Discard what was begun and not committed."""
        while self._open:
            self._open.pop().discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Local:
    """Local mail of all accounts."""

    def __init__(
        self, database: Database, order: Order, own: Path, ingest: Callable[[], Ingest],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._order = order
        self._make_ingest = ingest
        self._clock = clock
        self.where = Where(database, own)
        self.folders = Folders(database, order, self.where)
        self.uidls = Uidls(database, self.where.own_directory)

    @cached_property
    def filing(self) -> Filing:
        """Rows for files."""
        return Filing(self._database, self._order, self.where, self._make_ingest(), self._clock)

    @cached_property
    def _moving(self) -> Moving:
        from tuimail.store.maildirs.moving import Moving  # only when something moves

        return Moving(self._database, self._order, self.where, self.filing, self.uidls, self._clock)

    @cached_property
    def _carrying(self) -> Carrying:
        from tuimail.store.maildirs.carrying import Carrying  # only an engine does

        return Carrying(self._database, self._order, self.where, self.folders, self.filing, self._moving)

    @cached_property
    def _scanning(self) -> Scanning:
        from tuimail.store.maildirs.scanning import Scanning  # only an engine scans

        return Scanning(self._database, self._order, self.where, self.folders, self.filing, self.uidls, self._clock)

    # --- in -------------------------------------------------------------------

    def open_account(self, account: AccountName, root: Path | None = None) -> list[str]:
        """Have an account's Maildir in the tree, made when it is our own (`root` None); findings in sentences.

        To be called once at every start, before `scan`. Raises UsageError when there is no
        such Maildir, StoreError.
        """
        return self.folders.open_account(account, root)

    def scan(self, account: AccountName, describe: Callable[[bytes], Described]) -> Scanned:
        """Take in what changed on the disk since the last scan, and end what a crash interrupted.

        `describe` is given the octets of each message that has no row. A root that cannot
        be read raises StoreError and changes nothing.
        """
        return self._scanning.scan(account, describe)

    def delivery(self, account: AccountName, mailbox_id: MailboxId | None = None) -> Delivery:
        """The way into a mailbox, into the account's inbox when none is named. Raises StoreError, Vanished."""
        if mailbox_id is None:
            mailbox_id = self.folders.special(account, Role.INBOX)
        return Delivery(self.where, self.filing, mailbox_id)

    def file_messages(self, mailbox_id: MailboxId, delivered: Sequence[Delivered]) -> list[EnvelopeId]:
        """Rows for files that `Maildir.commit_batch` made durable, in one durable transaction; ids in order."""
        return self.filing.file(mailbox_id, delivered)

    def preview(self, account: AccountName, uidl: bytes, described: Described, *, size_octets: int) -> EnvelopeId:
        """List a message in the inbox of which only the header was fetched."""
        inbox = self.folders.special(account, Role.INBOX)
        return self.filing.preview(inbox, uidl, described, size_octets=size_octets)

    # --- reading --------------------------------------------------------------

    def is_local(self, envelope_id: EnvelopeId) -> bool:
        """Whether the octets of a message lie here as a file."""
        return self._database.row("SELECT 1 FROM file WHERE envelope_id = ?", (envelope_id,)) is not None

    def is_local_mailbox(self, mailbox_id: MailboxId) -> bool:
        """Whether a mailbox is a folder here."""
        return self._database.row("SELECT 1 FROM folder WHERE mailbox_id = ?", (mailbox_id,)) is not None

    def path(self, envelope_id: EnvelopeId) -> Path:
        """The file of a message. Raises NotDownloaded, Vanished."""
        return self.where.path(self.where.file(envelope_id))

    def raw(self, envelope_id: EnvelopeId) -> bytes:
        """The whole message as it arrived. Raises NotDownloaded, Vanished, StoreError."""
        try:
            return read_file(self.path(envelope_id))
        except FileNotFoundError as exc:
            raise Vanished("The file of this message is no longer there.") from exc

    def parts(self, envelope_id: EnvelopeId) -> list[StoredPart]:
        """The parts that can be taken out of a stored message."""
        return [
            StoredPart(
                Section(section), header, body, end, encoding, filename, declared, size, state in {"held", "deleting"}
            )
            for section, header, body, end, encoding, filename, declared, size, state in self._database.rows(
                "SELECT section, header_start, body_start, body_end, encoding, filename, declared_type, size_octets,"
                " state FROM stored_part WHERE envelope_id = ? AND body_end IS NOT NULL ORDER BY header_start",
                (envelope_id,),
            )
        ]

    def part(self, envelope_id: EnvelopeId, section: Section) -> EncodedPart:
        """The octets of a part, still encoded.

        Raises QuarantineRefused when it is held or deleted, holds such a part, or lies in
        one; Vanished when there is no such part; NotDownloaded, StoreError.
        """
        self.refuse_held(envelope_id, section)
        part = next((part for part in self.parts(envelope_id) if part.section == section), None)
        if part is None:
            raise Vanished("This message has no such part.")
        return EncodedPart(self.raw(envelope_id)[part.body_start : part.body_end], part.encoding)

    def refuse_held(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Raises QuarantineRefused when a section may not leave the message, for mail of any account."""
        refuse_held(self._database, envelope_id, section)

    # --- changes --------------------------------------------------------------

    def apply(self, actions: Iterable[Action]) -> None:
        """Carry out what waits for local mail: flags into file names and rows. Then `pending.done`.

        A message whose file is gone only changes its row.
        """
        self._moving.apply(actions)

    def carry_out(
        self, waiting: Sequence[tuple[PendingId, Action]], describe: Callable[[bytes], Described], *,
        on_server: bool = True,
    ) -> Carried:
        """Carry out what waits for local mail, of every kind, as far as it goes: which were done, which failed and why.

        Then `pending.done` and `pending.fail`. `describe` is given the octets of messages that
        are filed; `on_server`: what is deleted for good is wanted to go from the POP3 server,
        too. Raises StoreError when nothing could be done, for example on a full disk.
        """
        return self._carrying.carry_out(waiting, describe, on_server=on_server)

    def salvage(self, old: Old, accounts: Iterable[tuple[AccountName, str]]) -> Salvage:
        """What only an old mail.db knows, on its way into this one."""
        from tuimail.store.maildirs.salvage import Salvage  # only who makes it again

        return Salvage(old, self._database, self._order, self.where, accounts)

    def set_flags(self, envelope_id: EnvelopeId, flags: int, keywords: str) -> None:
        """Give a message these flags and keywords at once, in its file's name and its row."""
        self._moving.set_flags([(envelope_id, flags & _COLUMN_FLAGS, keywords)])

    def move(self, envelope_ids: Sequence[EnvelopeId], mailbox_id: MailboxId) -> list[EnvelopeId]:
        """Move messages to another local mailbox, also of another account; those that moved. Ids stay.

        Raises StoreError, Vanished when the mailbox is gone.
        """
        return self._moving.move(envelope_ids, mailbox_id)

    def copy(self, envelope_ids: Sequence[EnvelopeId], mailbox_id: MailboxId) -> list[EnvelopeId]:
        """Copy messages to another local mailbox; the ids of the copies. Held parts are held there too."""
        return self._moving.copy(envelope_ids, mailbox_id)

    def delete(self, envelope_ids: Sequence[EnvelopeId]) -> Deleted:
        """Move messages to the Trash of their account; what is in it already is what `expunge` is for."""
        return self._moving.delete(envelope_ids, self.folders)

    def expunge(self, envelope_ids: Sequence[EnvelopeId], *, on_server: bool) -> int:
        """Delete messages for ever; how many. `on_server`: POP3 mail is wanted to go there too."""
        return self._moving.expunge(envelope_ids, UidlState.DELETE_WANTED if on_server else None)
