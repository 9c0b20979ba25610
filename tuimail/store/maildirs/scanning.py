"""What other programs, and crashes, did to the Maildirs of an account, taken into the rows.

What lives here: comparing names on the disk with rows, and carrying out the difference:
new files are described and listed, renamed ones change flags, moved ones move, those that
are gone go. What must not: changing any file (but the ends of what a crash interrupted).

A Maildir may change while it is listed, and a listing may miss a file that is renamed
meanwhile. So nothing is taken for gone before a second listing of all folders agrees.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tuimail.errors import StoreError, TooLarge
from tuimail.model import AccountName, EnvelopeId, MailboxId
from tuimail.store.acting.away import Away
from tuimail.store.database import Database, chunks
from tuimail.store.flags import Flags
from tuimail.store.holding import quarantine, quarantine_record
from tuimail.store.holding.quarantine import Quarantine
from tuimail.store.lists.order import Order
from tuimail.store.maildirs import keyword_record
from tuimail.store.maildirs.filing import Delivered, Described, Filing
from tuimail.store.maildirs.folders import Folders
from tuimail.store.maildirs.maildir import Entry, Filed, Maildir, flags_of, printable, read_file, stored_at, uidl_key_of
from tuimail.store.maildirs.uidls import Uidls, UidlState
from tuimail.store.maildirs.where import Where
from tuimail.store.removal import remove

DESCRIBED_OCTETS: Final = 128 << 20
"""A message that is larger is passed over, with a finding."""
_STEP: Final = 100
"""Messages read and filed in one transaction."""
_STEP_OCTETS: Final = 32 << 20


class Scanned(NamedTuple):
    """What a scan changed."""

    new: dict[MailboxId, list[EnvelopeId]]
    changed: frozenset[MailboxId]
    """Mailboxes whose rows or flags changed."""
    removed: int
    moved: int
    tree_changed: bool
    findings: tuple[str, ...]
    """What was passed over, in sentences."""


class _Place(NamedTuple):
    """A file of a mailbox."""

    mailbox_id: MailboxId
    key: str


@dataclass(slots=True)
class _Difference:
    """Between the disk and the rows, of the folders that changed."""

    new: dict[_Place, str] = field(default_factory=dict)
    """Their names."""
    gone: dict[_Place, EnvelopeId] = field(default_factory=dict)
    renamed: dict[_Place, tuple[EnvelopeId, str]] = field(default_factory=dict)
    looks: dict[MailboxId, str] = field(default_factory=dict)
    """To be remembered when all is done."""
    findings: list[str] = field(default_factory=list)


class Scanning:
    """Scans of all accounts."""

    def __init__(
        self, database: Database, order: Order, where: Where, folders: Folders, filing: Filing, uidls: Uidls,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._order = order
        self._where = where
        self._folders = folders
        self._filing = filing
        self._uidls = uidls
        self._clock = clock
        self._flags = Flags(database)

    def scan(self, account: AccountName, describe: Callable[[bytes], Described]) -> Scanned:
        """Take in what changed. Raises StoreError when the root cannot be read; then nothing goes."""
        self._filing.finish_doomed(account)
        Quarantine(self._database, self._where).resume(account, describe)
        before = self._mailboxes(account)
        findings = self._folders.discover(account)
        mailboxes = self._mailboxes(account)
        self._clear_tmp(account, mailboxes)
        difference = self._compare(account, mailboxes)
        findings += difference.findings
        moves = self._moves(difference)
        if difference.gone:
            self._spare(mailboxes, difference)
            moves += self._moves(difference)
        changed = {place.mailbox_id for place in difference.renamed}
        self._take_names(difference.renamed)
        for envelope_id, source, target, name in moves:
            self._move(envelope_id, source, target, name)
            changed |= {source.mailbox_id, target.mailbox_id}
        new = self._adopt(account, difference, describe, findings)
        changed |= set(new) | {place.mailbox_id for place in difference.gone}
        self._remove(account, difference.gone)
        self._remember(difference.looks)
        if difference.gone or moves:
            self._folders.discover(account)
        tree_changed = set(before) != set(self._mailboxes(account))
        return Scanned(new, frozenset(changed), len(difference.gone), len(moves), tree_changed, tuple(findings[:200]))

    def _mailboxes(self, account: AccountName) -> dict[MailboxId, str]:
        """How each folder looked when it was last listed."""
        return {MailboxId(row[0]): row[1] for row in self._database.rows(
            "SELECT mailbox_id, look FROM folder JOIN mailbox ON mailbox.id = mailbox_id"
            " WHERE account_id = (SELECT id FROM account WHERE name = ?)",
            (account,),
        )}

    def _clear_tmp(self, account: AccountName, mailboxes: Iterable[MailboxId]) -> None:
        if self._where.is_own(account):
            for mailbox_id in mailboxes:
                self._where.maildir(mailbox_id).clear_tmp(self._clock())

    # --- comparing ------------------------------------------------------------

    def _compare(self, account: AccountName, mailboxes: Mapping[MailboxId, str]) -> _Difference:
        difference = _Difference()
        for mailbox_id, known_look in mailboxes.items():
            maildir = self._where.maildir(mailbox_id)
            look = maildir.look()
            if look and look == known_look:
                continue
            entries = self._entries(account, maildir, mailbox_id, difference.findings)
            if entries is None:
                continue
            difference.looks[mailbox_id] = look
            known = self._known(mailbox_id)
            for key, name in entries.items():
                row = known.pop(key, None)
                if row is None:
                    difference.new[_Place(mailbox_id, key)] = name
                elif row[1] != name:
                    difference.renamed[_Place(mailbox_id, key)] = (EnvelopeId(row[0]), name)
            for key, row in known.items():
                difference.gone[_Place(mailbox_id, key)] = EnvelopeId(row[0])
        return difference

    def _entries(
        self, account: AccountName, maildir: Maildir, mailbox_id: MailboxId, findings: list[str]
    ) -> dict[str, str] | None:
        """Names by key; None when the folder cannot be read, and its rows must stay."""
        if not os.path.lexists(maildir.directory) and self._where.folder(mailbox_id):
            return {}  # the root is there, this folder is not: renamed or deleted by another program
        try:
            listed, odd = maildir.entries()
        except StoreError as exc:
            findings.append(exc.sentence)
            return None
        findings += odd
        entries: dict[str, str] = {}
        for entry in listed:
            if not entry.key:
                findings.append(f"{printable(entry.name)} is no name for a message; it is left alone.")
            elif entry.key in entries:
                findings.append(f"{printable(entry.name)} is there twice; one of them is shown.")
                entries[entry.key] = _preferred(entries[entry.key], entry)
            else:
                entries[entry.key] = entry.name
        return entries

    def _known(self, mailbox_id: MailboxId) -> dict[str, tuple[int, str]]:
        """Ids and names by key. All names are decoded at once: one by one takes as long as the listing."""
        rows = self._database.rows("SELECT key, name, envelope_id FROM file WHERE mailbox_id = ?", (mailbox_id,))
        if not rows:
            return {}
        keys, names, ids = zip(*rows, strict=True)
        return dict(zip(_decoded(keys), zip(ids, _decoded(names), strict=True), strict=True))

    def _spare(self, mailboxes: Iterable[MailboxId], difference: _Difference) -> None:
        """Look again for what seems gone: what another listing finds, here or elsewhere, is not."""
        wanted = {place.key for place in difference.gone}
        for mailbox_id in mailboxes:
            with suppress(StoreError):
                for entry in self._where.maildir(mailbox_id).entries()[0]:
                    if entry.key not in wanted:
                        continue
                    place = _Place(mailbox_id, entry.key)
                    if (envelope_id := difference.gone.pop(place, None)) is not None:
                        difference.renamed[place] = (envelope_id, entry.name)
                    elif place not in difference.renamed and not self._is_known(place):
                        difference.new[place] = entry.name
                    difference.looks[mailbox_id] = ""

    def _is_known(self, place: _Place) -> bool:
        return self._database.row(
            "SELECT 1 FROM file WHERE mailbox_id = ? AND key = ?", (place.mailbox_id, os.fsencode(place.key))
        ) is not None

    def _moves(self, difference: _Difference) -> list[tuple[EnvelopeId, _Place, _Place, str]]:
        """Files that are gone from one folder and new in another: taken out of the difference."""
        by_key = {place.key: place for place in difference.gone}
        found = []
        for target in [place for place in difference.new if place.key in by_key]:
            source = by_key.pop(target.key, None)
            if source is not None:
                found.append((difference.gone.pop(source), source, target, difference.new.pop(target)))
        return found

    # --- carrying out ---------------------------------------------------------

    def _take_names(self, renamed: Mapping[_Place, tuple[EnvelopeId, str]]) -> None:
        """Flags as other programs set them in names; keywords, and wishes that wait, stay."""
        for step in chunks(renamed.items(), 1000):
            with self._database.transaction():
                self._set_names((envelope_id, name) for _, (envelope_id, name) in step)
                self._flags.refold_all([envelope_id for _, (envelope_id, _) in step])

    def _set_names(self, names: Iterable[tuple[EnvelopeId, str]]) -> None:
        rows = list(names)
        self._database.many(
            "UPDATE file SET name = ? WHERE envelope_id = ?",
            ((os.fsencode(name), envelope_id) for envelope_id, name in rows),
        )
        self._database.many(
            "UPDATE envelope SET server_flags = ? WHERE id = ?",
            ((flags_of(name), envelope_id) for envelope_id, name in rows),
        )

    def _move(self, envelope_id: EnvelopeId, source: _Place, target: _Place, name: str) -> None:
        with self._database.transaction():
            self._database.run(
                "UPDATE file SET mailbox_id = ? WHERE envelope_id = ?", (target.mailbox_id, envelope_id)
            )
            self._database.run(
                "UPDATE pending SET mailbox_id = ? WHERE envelope_id = ?", (target.mailbox_id, envelope_id)
            )
            row = self._database.row("SELECT place, flags FROM envelope WHERE id = ?", (envelope_id,))
            if self._database.run(
                "UPDATE away SET mailbox_id = ? WHERE envelope_id = ?", (target.mailbox_id, envelope_id)
            ):
                Away(self._database, self._order).refold([envelope_id])
            elif row is not None:
                unread = 0 if row[1] & 1 else 1
                self._database.run(
                    "UPDATE envelope SET mailbox_id = ? WHERE id = ?", (target.mailbox_id, envelope_id)
                )
                self._order.shift(source.mailbox_id, removed=[row[0]], unread=-unread)
                self._order.shift(target.mailbox_id, added=[row[0]], unread=unread)
            self._set_names([(envelope_id, name)])
            self._flags.refold_all([envelope_id])

    def _adopt(
        self, account: AccountName, difference: _Difference, describe: Callable[[bytes], Described],
        findings: list[str],
    ) -> dict[MailboxId, list[EnvelopeId]]:
        """Describe and list new files; ids by mailbox."""
        adopted: dict[MailboxId, list[EnvelopeId]] = {}
        if not difference.new:
            return adopted
        decided = quarantine_record.read(self._where.own_directory(account))
        keywords = keyword_record.read(self._where.own_directory(account))
        is_own = self._where.is_own(account)
        for mailbox_id, names in _by_mailbox(difference.new).items():
            maildir = self._where.maildir(mailbox_id)
            batch: list[Delivered] = []
            octets = 0
            for name in names:
                delivered = self._described(maildir, name, describe, findings, is_own=is_own)
                if delivered is None:
                    difference.looks[mailbox_id] = ""  # to be tried again
                    continue
                batch.append(_with_keywords(delivered, keywords.get(delivered.filed.key, "")))
                octets += delivered.filed.size_octets
                if len(batch) >= _STEP or octets >= _STEP_OCTETS:
                    adopted.setdefault(mailbox_id, []).extend(self._file(mailbox_id, batch, decided))
                    batch, octets = [], 0
            if batch:
                adopted.setdefault(mailbox_id, []).extend(self._file(mailbox_id, batch, decided))
        return adopted

    def _described(
        self, maildir: Maildir, name: str, describe: Callable[[bytes], Described], findings: list[str], *, is_own: bool
    ) -> Delivered | None:
        path = maildir.directory / name
        try:
            raw = read_file(path, DESCRIBED_OCTETS)
            modified = int(path.stat().st_mtime)
        except FileNotFoundError:
            return None  # renamed or gone meanwhile: the next scan sees it
        except (OSError, StoreError, TooLarge) as exc:
            findings.append(str(exc))
            return None
        described = describe(raw)
        key = name[4:].partition(":")[0]
        if described.incoming.received_at is None:
            described = described._replace(
                incoming=described.incoming._replace(received_at=min(modified, stored_at(key, modified)))
            )
        filed = Filed(key, name, hashlib.sha256(raw).digest(), len(raw))
        return Delivered(filed, described, uidl_key=uidl_key_of(key) if is_own else None)

    def _file(
        self, mailbox_id: MailboxId, batch: list[Delivered],
        decided: Mapping[str, dict[str, quarantine_record.Decision]],
    ) -> list[EnvelopeId]:
        ids = self._filing.file(mailbox_id, batch)
        with self._database.transaction(durable=True):
            for identity, delivered in zip(ids, batch, strict=True):
                if (decisions := decided.get(delivered.filed.key)) is not None:
                    quarantine.restore(self._database, identity, decisions)
        return ids

    def _remove(self, account: AccountName, gone: Mapping[_Place, EnvelopeId]) -> None:
        for step in chunks(gone.items(), 1000):
            ids = [envelope_id for _, envelope_id in step]
            self._uidls.record(account, ids, UidlState.VANISHED)
            with self._database.transaction(durable=True):
                self._uidls.settle(ids, UidlState.VANISHED, at=int(self._clock()))
                mailboxes: dict[MailboxId, list[EnvelopeId]] = {}
                for place, envelope_id in step:
                    mailboxes.setdefault(place.mailbox_id, []).append(envelope_id)
                for members in mailboxes.values():
                    remove(self._database, self._order, members)

    def _remember(self, looks: Mapping[MailboxId, str]) -> None:
        if looks:
            with self._database.transaction():
                self._database.many(
                    "UPDATE folder SET look = ? WHERE mailbox_id = ? AND look <> ?",
                    ((look, mailbox_id, look) for mailbox_id, look in looks.items()),
                )


def _decoded(octets: Sequence[bytes]) -> list[str]:
    return os.fsdecode(b"\0".join(octets)).split("\0")


def _with_keywords(delivered: Delivered, keywords: str) -> Delivered:
    if not keywords:
        return delivered
    described = delivered.described
    return delivered._replace(described=described._replace(incoming=described.incoming._replace(keywords=keywords)))


def _preferred(known: str, entry: Entry) -> str:
    """Of two files of one key, the one that was looked at (`cur`), else the first by name: always the same."""
    return min(known, entry.name, key=lambda name: (not name.startswith("cur/"), name))


def _by_mailbox(new: Mapping[_Place, str]) -> dict[MailboxId, list[str]]:
    """Names by mailbox, oldest first as far as names tell."""
    found: dict[MailboxId, list[str]] = {}
    for place, name in new.items():
        found.setdefault(place.mailbox_id, []).append(name)
    for names in found.values():
        names.sort(key=lambda name: (stored_at(name[4:].partition(":")[0], 0), name[4:]))
    return found
