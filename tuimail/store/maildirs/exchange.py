"""Mail in and out: mbox files and Maildirs of other programs, imported and exported.

What lives here: the loops, with progress. What must not: the formats (`mbox`, `maildir`).
Nothing that is exported from or imported into is changed; what cannot be read is told
and passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tuimail.errors import MailError, NotDownloaded, TooLarge, UsageError
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId
from tuimail.store.files import save_new
from tuimail.store.maildirs.filing import Described
from tuimail.store.maildirs.folder_names import DELIMITER, INBOX, check_name, directory_of, name_of
from tuimail.store.maildirs.folders import folders_below
from tuimail.store.maildirs.local import BATCH, Delivery
from tuimail.store.maildirs.maildir import Arriving, Maildir, bordered, flags_of, printable, read_file
from tuimail.store.maildirs.maildir import name_of as file_name_of
from tuimail.store.maildirs.mbox import Mbox, written

if TYPE_CHECKING:
    from tuimail.store.store import Store

Progress = Callable[[int, int], None]
"""Told how much is done of how much: octets of an mbox file, else messages."""
Describe = Callable[[bytes], Described]
_BATCH_OCTETS: Final = 64 << 20
_STATUS: Final = re.compile(rb"^(?:X-)?Status:[ \t]*([A-Za-z]*)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_STATUS_FLAGS: Final = {
    "R": Flag.SEEN, "A": Flag.ANSWERED, "F": Flag.FLAGGED, "T": Flag.DRAFT, "D": Flag.DELETED,
}
"""Letters of Status and X-Status headers, as mutt and Python's mailbox write them."""


class Exchanged(NamedTuple):
    """What was imported or exported."""

    messages: int
    findings: tuple[str, ...]
    """What was passed over, in sentences."""


def export_mbox(
    store: Store, mailbox_ids: Sequence[MailboxId], file: Path, *, overwrite: bool = False,
    progress: Progress | None = None,
) -> Exchanged:
    """Write the messages of mailboxes to one mbox file, oldest first.

    The file appears when it is complete. Messages whose octets are not here are told of.
    Raises what `save_new` raises.
    """
    told: list[str] = []
    count = [0]

    def chunks() -> Iterator[bytes]:
        for envelope_id, raw in _whole_messages(store, mailbox_ids, told, progress):
            envelope = store.envelopes.envelope(envelope_id)
            if envelope is None:
                continue
            letters = file_name_of("", envelope.flags).partition(":2,")[2]
            sender = _address(envelope.from_)
            count[0] += 1
            yield from written(raw, sender=sender, received_at=envelope.received_at or 0, letters=letters)

    save_new(file.parent, file.name, chunks(), overwrite=overwrite)
    return Exchanged(count[0], tuple(told))


def export_maildir(
    store: Store, mailbox_ids: Sequence[MailboxId], directory: Path, *, progress: Progress | None = None
) -> Exchanged:
    """Write mailboxes to a new Maildir, a folder each (Maildir++), flags in the names.

    Raises UsageError when there is something already, StoreError.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{printable(directory)} exists already.", "Choose another name, or an empty folder.")
    with bordered(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    Maildir(directory).make()
    told: list[str] = []
    count = 0
    total = sum(len(_ids(store, mailbox_id)) for mailbox_id in mailbox_ids)
    for mailbox_id in mailbox_ids:
        mailbox = store.mailboxes.get(mailbox_id)
        if mailbox is None:
            continue
        name = mailbox.name.replace(mailbox.delimiter, DELIMITER) if mailbox.delimiter else mailbox.name
        below = directory_of(name)
        maildir = Maildir(directory / os.fsdecode(below))
        maildir.make(is_folder=bool(below))
        done = count
        step = (lambda now, _, done=done: progress(done + now, total)) if progress is not None else None
        count += _export_folder(store, mailbox_id, maildir, told, step)
    return Exchanged(count, tuple(told))


def import_mbox(
    store: Store, mailbox_id: MailboxId, file: Path, describe: Describe, *, progress: Progress | None = None
) -> Exchanged:
    """Take the messages of an mbox file into a local mailbox, with flags and dates where it tells them.

    Raises UsageError when it is no mbox, StoreError; what came in before stays.
    """
    told: list[str] = []
    with bordered(file), file.open("rb") as opened, _Importing(store, mailbox_id, describe) as importing:
        total = os.fstat(opened.fileno()).st_size
        mbox = Mbox(opened)
        for number, message in enumerate(mbox.messages(), 1):
            try:
                arriving = importing.begin()
                for piece in message.pieces:
                    arriving.write(piece)
            except TooLarge as exc:
                told.append(f"Message {number}: {exc.sentence}")
                arriving.discard()
                continue
            letters = message.about.letters
            arriving.flags = flags_of(f"cur/x:2,{letters}") if letters else _status_flags(arriving.read(1 << 16))
            arriving.arrived_at = message.about.received_at
            importing.add(arriving)
            if progress is not None:
                progress(mbox.read_octets, total)
    return Exchanged(importing.count, tuple(told))


def import_maildir(
    store: Store, account: AccountName, directory: Path, describe: Describe, *, below: str = "",
    progress: Progress | None = None,
) -> Exchanged:
    """Take a Maildir with its folders into the local mailboxes of an account, made where they are missing.

    `below`: a mailbox under which all of it is put. Raises UsageError when there is no
    Maildir, StoreError; what came in before stays.
    """
    with bordered(directory):
        if not directory.is_dir():
            raise UsageError(f"There is no Maildir {printable(directory)}.", "Check the path.")
        found, told = folders_below(directory)
    if not found:
        raise UsageError(f"{printable(directory)} is no Maildir.", "It needs folders cur and new.")
    listings = []
    for folder in found:
        maildir = Maildir(directory / os.fsdecode(folder))
        entries, odd = maildir.entries()
        told += odd
        listings.append((folder, maildir, entries))
    total = sum(len(entries) for _, _, entries in listings)
    count = done = 0
    for folder, maildir, entries in listings:
        mailbox_id = _mailbox_for(store, account, name_of(folder), below)
        with _Importing(store, mailbox_id, describe) as importing:
            for entry in entries:
                done += 1
                path = maildir.directory / entry.name
                try:
                    raw = read_file(path)
                    arrived_at = int(path.stat().st_mtime)
                except (OSError, MailError) as exc:
                    told.append(str(exc))
                    continue
                arriving = importing.begin()
                arriving.write(raw)
                arriving.flags = flags_of(entry.name)
                arriving.arrived_at = arrived_at
                importing.add(arriving)
                if progress is not None:
                    progress(done, total)
        count += importing.count
    return Exchanged(count, tuple(told))


class _Importing:
    """Batches on their way into a mailbox."""

    def __init__(self, store: Store, mailbox_id: MailboxId, describe: Describe) -> None:
        account = store.local.where.account_of(mailbox_id)[1]
        self._delivery: Delivery = store.local.delivery(account, mailbox_id)
        self._describe = describe
        self._batch: list[tuple[Arriving, Described]] = []
        self._octets = 0
        self.count = 0

    def begin(self) -> Arriving:
        return self._delivery.begin()

    def add(self, arriving: Arriving) -> None:
        described = self._describe(arriving.read())
        received_at = described.incoming.received_at
        if arriving.arrived_at is not None:
            received_at = arriving.arrived_at
        described = described._replace(incoming=described.incoming._replace(received_at=received_at))
        self._batch.append((arriving, described))
        self._octets += arriving.octets
        if len(self._batch) >= BATCH or self._octets >= _BATCH_OCTETS:
            self._commit()

    def _commit(self) -> None:
        batch, self._batch, self._octets = self._batch, [], 0
        if batch:
            self.count += len(self._delivery.commit(batch))

    def __enter__(self) -> _Importing:
        return self

    def __exit__(self, kind: object, exc: object, trace: object) -> None:
        with self._delivery:
            if exc is None:
                self._commit()


def _export_folder(
    store: Store, mailbox_id: MailboxId, maildir: Maildir, told: list[str], progress: Progress | None
) -> int:
    batch: list[Arriving] = []
    count = 0
    try:
        for envelope_id, raw in _whole_messages(store, [mailbox_id], told, progress):
            envelope = store.envelopes.envelope(envelope_id)
            if envelope is None:
                continue
            arriving = maildir.begin()
            batch.append(arriving)
            arriving.write(raw)
            arriving.flags = envelope.flags
            arriving.arrived_at = envelope.received_at
            if len(batch) >= BATCH:
                count += len(maildir.commit_batch(batch))
                batch = []
        return count + len(maildir.commit_batch(batch))
    except BaseException:
        for arriving in batch:
            arriving.discard()
        raise


def _whole_messages(
    store: Store, mailbox_ids: Sequence[MailboxId], told: list[str], progress: Progress | None
) -> Iterator[tuple[EnvelopeId, bytes]]:
    """The octets of every message that is here, local or fetched whole."""
    ids = [envelope_id for mailbox_id in mailbox_ids for envelope_id in _ids(store, mailbox_id)]
    for number, envelope_id in enumerate(ids, 1):
        try:
            raw = store.local.raw(envelope_id)
        except MailError as exc:
            whole = store.parts.get(envelope_id, "") if isinstance(exc, NotDownloaded) else None
            if whole is None:
                told.append(f"Message {envelope_id}: {exc.sentence}")
                continue
            raw = whole
        yield envelope_id, raw
        if progress is not None:
            progress(number, len(ids))


def _ids(store: Store, mailbox_id: MailboxId) -> list[EnvelopeId]:
    """All messages of a mailbox, oldest first."""
    return [envelope_id for envelope_id, _ in store.envelopes.newest([mailbox_id])][::-1]


def _mailbox_for(store: Store, account: AccountName, name: str, below: str) -> MailboxId:
    """The mailbox that a folder's messages come into."""
    wanted = check_name(f"{below}{DELIMITER}{name}" if below and name != INBOX else below or name)
    found = store.mailboxes.find(account, wanted)
    return found.id if found is not None else store.local.folders.create(account, wanted)


def _status_flags(head: bytes) -> int:
    """Flags of the Status and X-Status headers that other programs put into mbox files."""
    end = re.search(rb"\r?\n\r?\n", head)
    flags = 0
    for found in _STATUS.finditer(head, 0, end.start() + 1 if end else len(head)):
        for letter in found.group(1).decode().upper():
            flags |= _STATUS_FLAGS.get(letter, 0)
    return flags


def _address(from_line: str) -> str:
    """Something for the From line; nothing depends on it."""
    found = re.search(r"[^\s<>,;\"]+@[^\s<>,;\"]+", from_line)
    return found.group() if found else ""
