"""The quarantine: attachments that nobody can open until a person has looked and released them.

What lives here: the states of parts (held, released, deleted), what an examination found,
and the only ways by which the octets of a held part are read: whole for the examination,
the first of them for looking. What must not: judging (`mime.examining.examine`), writing released
octets anywhere (`files`).

A decision is written down beside the mail before it is carried out, so that a store that
is made again from the Maildir knows it.
"""

from __future__ import annotations

import enum
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import gmtime, strftime
from typing import Final, NamedTuple

from tuimail.errors import NotDownloaded, UsageError, Vanished
from tuimail.model import AccountName, BodyState, EnvelopeId, MailboxId, Section
from tuimail.store import scrub
from tuimail.store.border import sync_directory
from tuimail.store.database import Database, SqlRow
from tuimail.store.holding import quarantine_record
from tuimail.store.lists.order import LOW_BITS
from tuimail.store.maildirs.filing import Described, EncodedPart, StoredPart
from tuimail.store.maildirs.maildir import Arriving, Maildir, bordered, read_file
from tuimail.store.maildirs.where import Where, Whereabouts

PEEK_OCTETS: Final = 96 << 10
"""Encoded octets that a peek gives: about 64 KiB of base64."""


class PartState(enum.StrEnum):
    """What may be done with a part."""

    FREE = "free"
    """Never held: text, or an attachment of an account without quarantine."""
    HELD = "held"
    RELEASED = "released"
    DELETING = "deleting"
    """It will be deleted, and is as held until then; a crash is ended by the next scan."""
    DELETED = "deleted"


class HeldPart(NamedTuple):
    """One attachment as the quarantine shows it."""

    envelope_id: EnvelopeId
    section: Section
    state: PartState
    account: AccountName
    mailbox_id: MailboxId
    sender: str
    subject: str
    sort_at: int
    filename: str
    """As decoded, not cleaned."""
    declared_type: str
    real_type: str
    """What libmagic saw; empty before the examination."""
    size_octets: int
    sha256: bytes | None
    """Of the decoded octets; None before the examination."""
    verdict: str
    """Of `mime.examining.verdicts`; empty before the examination."""
    reasons: tuple[str, ...]
    examined_at: int | None
    decided_at: int | None
    is_here: bool
    """Its octets lie here; False for parts of IMAP mail."""


_SELECT: Final = (
    "SELECT stored_part.envelope_id, section, state, account.name, envelope.mailbox_id, sender, subject,"
    f" envelope.place >> {LOW_BITS}, filename, declared_type, real_type, stored_part.size_octets, stored_part.sha256,"
    " verdict, reasons, examined_at, decided_at, body_end IS NOT NULL FROM stored_part"
    " JOIN envelope ON envelope.id = stored_part.envelope_id JOIN mailbox ON mailbox.id = envelope.mailbox_id"
    " JOIN account ON account.id = mailbox.account_id"
)
_ORDER: Final = " ORDER BY envelope.place DESC, envelope.id DESC, section LIMIT ?"


class Quarantine:
    """The attachments of all accounts that are, or were, held."""

    def __init__(
        self, database: Database, where: Where, drop: Callable[[EnvelopeId, Section], None] = lambda _id, _section: None
    ) -> None:
        """`drop` lets go of what the cache of parts has of a section."""
        self._database = database
        self._where = where
        self._drop = drop

    # --- looking --------------------------------------------------------------

    def find(
        self, *, account: AccountName | None = None, states: Iterable[PartState] = (PartState.HELD,),
        verdict: str | None = None, limit: int = 1000,
    ) -> list[HeldPart]:
        """Attachments, those of the newest messages first."""
        wanted = [str(state) for state in states]
        where = f"state IN ({','.join('?' * len(wanted))})"
        values: list[object] = [*wanted]
        if wanted == ["held"]:
            where, values = "state = 'held'", []  # spelled out, so that SQLite takes the index of held ones
        if account is not None:
            where, values = f"{where} AND account.name = ?", [*values, account]
        if verdict is not None:
            where, values = f"{where} AND verdict = ?", [*values, verdict]
        return [_held(row) for row in self._database.rows(f"{_SELECT} WHERE {where}{_ORDER}", (*values, limit))]

    def count(self, account: AccountName | None = None) -> int:
        """How many are held."""
        if account is None:
            row = self._database.row("SELECT count(*) FROM stored_part WHERE state = 'held'")
        else:
            row = self._database.row(
                "SELECT count(*) FROM stored_part JOIN envelope ON envelope.id = envelope_id"
                " JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id"
                " WHERE state = 'held' AND account.name = ?",
                (account,),
            )
        return int(row[0]) if row else 0

    def get(self, envelope_id: EnvelopeId, section: Section) -> HeldPart | None:
        """One attachment that is or was held, None when there is none such."""
        return next((part for part in self.of_message(envelope_id) if part.section == section), None)

    def of_message(self, envelope_id: EnvelopeId) -> list[HeldPart]:
        """The attachments of a message that are or were held, in its order."""
        return [_held(row) for row in self._database.rows(
            f"{_SELECT} WHERE stored_part.envelope_id = ? AND state <> 'free' ORDER BY header_start, section",
            (envelope_id,),
        )]

    def unexamined(self, limit: int = 100, account: AccountName | None = None) -> list[HeldPart]:
        """Held ones that nobody has examined yet, those of the newest messages first."""
        return [_held(row) for row in self._database.rows(
            f"{_SELECT} WHERE state = 'held' AND examined_at IS NULL AND account.name = ifnull(?, account.name)"
            f"{_ORDER}",
            (account, limit),
        )]

    def peek(self, envelope_id: EnvelopeId, section: Section) -> EncodedPart:
        """The first octets of a part, still encoded, for a view that executes nothing.

        Raises NotDownloaded when its octets are not here, Vanished, StoreError.
        """
        return self._cut(envelope_id, section, PEEK_OCTETS)

    def octets(self, envelope_id: EnvelopeId, section: Section) -> EncodedPart:
        """All octets of a part, still encoded: for the examination, and for nothing else.

        Raises NotDownloaded, Vanished, StoreError.
        """
        return self._cut(envelope_id, section, None)

    # --- deciding -------------------------------------------------------------

    def hold(
        self, envelope_id: EnvelopeId, section: Section, *, filename: str, declared_type: str, size_octets: int,
        encoding: str = "",
    ) -> None:
        """Hold a part of mail whose octets are on a server. One that was decided about stays so."""
        with self._database.transaction():
            if self._database.run(
                "INSERT OR IGNORE INTO stored_part (envelope_id, section, state, encoding, filename, declared_type,"
                " size_octets) SELECT id, ?, 'held', ?, ?, ?, ? FROM envelope WHERE id = ?",
                (section, encoding, scrub.text(filename), declared_type, size_octets, envelope_id),
            ):
                self._bump([envelope_id])

    def set_findings(
        self, envelope_id: EnvelopeId, section: Section, *, verdict: str, reasons: Sequence[str], real_type: str,
        sha256: bytes | None, size_octets: int, at: int,
    ) -> None:
        """What an examination found; `size_octets` and `sha256` of the decoded octets."""
        with self._database.transaction():
            self._database.run(
                "UPDATE stored_part SET verdict = ?, reasons = ?, real_type = ?, sha256 = ?, size_octets = ?,"
                " examined_at = ? WHERE envelope_id = ? AND section = ?",
                (
                    verdict, json.dumps([scrub.text(reason) for reason in reasons]), scrub.text(real_type), sha256,
                    size_octets, at, envelope_id, section,
                ),
            )
            self._bump([envelope_id])

    def release(self, envelope_id: EnvelopeId, section: Section, *, at: int) -> None:
        """A person looked and trusts it: it may be opened and saved. Raises Vanished, UsageError, StoreError."""
        part = self._held(envelope_id, section)
        self._write_down(part, "released", at)
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE stored_part SET state = 'released', decided_at = ?"
                " WHERE envelope_id = ? AND section = ? AND state = 'held'",
                (at, envelope_id, section),
            )
            self._bump([envelope_id])

    def delete(
        self, envelope_id: EnvelopeId, section: Section, describe: Callable[[bytes], Described], *, at: int
    ) -> None:
        """Take a part out of the stored message; a note says what it was, the rest stays octet for octet.

        `describe` tells what the message says then. Of mail that lies on a server all octets
        that are here go, and never come back; the server keeps its copy. Raises UsageError,
        Vanished, StoreError; after a crash the next scan ends it.
        """
        part = self._held(envelope_id, section, {PartState.HELD, PartState.RELEASED})
        if not part.is_here:
            self._delete_fetched(envelope_id, section, at)
            return
        file = self._where.file(envelope_id)
        digest = hashlib.sha256(read_file(self._where.path(file))).digest()
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE stored_part SET state = 'deleting', decided_at = ? WHERE envelope_id = ? AND section = ?",
                (at, envelope_id, section),
            )
            self._database.run("UPDATE file SET sha256 = ? WHERE envelope_id = ?", (digest, envelope_id))
        self._carry_out(part._replace(decided_at=at), file, describe)

    def resume(self, account: AccountName, describe: Callable[[bytes], Described]) -> int:
        """End the deletions that a crash interrupted; how many."""
        rows = self._database.rows(f"{_SELECT} WHERE state = 'deleting' AND account.name = ?", (account,))
        for row in rows:
            part = _held(row)
            for file in self._where.files([part.envelope_id]):
                self._carry_out(part, file, describe)
        return len(rows)

    # --- inside ---------------------------------------------------------------

    def _delete_fetched(self, envelope_id: EnvelopeId, section: Section, at: int) -> None:
        """Of mail whose octets are on a server: nothing of it stays here."""
        self._drop(envelope_id, section)  # before, so that a crash leaves nothing behind that is said to be deleted
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE stored_part SET state = 'deleted', decided_at = ? WHERE envelope_id = ? AND section = ?",
                (at, envelope_id, section),
            )
            self._database.run(
                "UPDATE envelope SET body = ? WHERE id = ? AND body = ?",
                (int(BodyState.TEXT), envelope_id, int(BodyState.WHOLE)),
            )
            self._bump([envelope_id])
        self._drop(envelope_id, section)  # and after, because it may have been fetched meanwhile

    def _held(
        self, envelope_id: EnvelopeId, section: Section, states: Iterable[PartState] = (PartState.HELD,)
    ) -> HeldPart:
        part = self.get(envelope_id, section)
        if part is None:
            raise Vanished("This attachment is not in the quarantine.")
        if part.state not in states:
            raise UsageError(f"This attachment is {part.state} already.")
        return part

    def _cut(self, envelope_id: EnvelopeId, section: Section, limit: int | None) -> EncodedPart:
        row = self._database.row(
            "SELECT body_start, body_end, encoding FROM stored_part WHERE envelope_id = ? AND section = ?",
            (envelope_id, section),
        )
        if row is None:
            raise Vanished("This attachment is not in the quarantine.")
        start, end, encoding = row
        if end is None:
            raise NotDownloaded(
                "The octets of this attachment lie on the server.", "They are fetched once it is released, and saved."
            )
        try:
            raw = read_file(self._where.path(self._where.file(envelope_id)))
        except FileNotFoundError as exc:
            raise Vanished("The file of this message is no longer there.") from exc
        return EncodedPart(raw[start : end if limit is None else min(end, start + limit)], encoding)

    def _write_down(self, part: HeldPart, state: str, at: int) -> None:
        files = self._where.files([part.envelope_id])
        for file in files:
            decision = quarantine_record.Decision(
                state, part.filename, part.declared_type, part.real_type, part.size_octets, part.sha256, part.verdict,
                part.reasons, at, self._original(part.envelope_id) if state == "deleted" else None,
            )
            quarantine_record.write(
                self._where.own_directory(file.account), file.key, [(part.section, decision)]
            )

    def _original(self, envelope_id: EnvelopeId) -> bytes | None:
        """What the server gave, when it came from one."""
        row = self._database.row("SELECT sha256 FROM uidl WHERE envelope_id = ?", (envelope_id,))
        return row[0] if row else None

    def _carry_out(self, part: HeldPart, file: Whereabouts, describe: Callable[[bytes], Described]) -> None:
        """Rewrite the file, unless that was done before a crash; then the rows."""
        from tuimail.store.maildirs.replacing import note_of, without_part  # only when something is deleted

        at = part.decided_at or 0
        self._write_down(part, "deleted", at)
        path = self._where.path(file)
        raw = read_file(path)
        expected = next((known.sha256 for known in self._where.files([part.envelope_id])), None)
        if expected is None or hashlib.sha256(raw).digest() == expected:
            row = self._database.row(
                "SELECT header_start, body_start, body_end, encoding FROM stored_part"
                " WHERE envelope_id = ? AND section = ?",
                (part.envelope_id, part.section),
            )
            if row is None:
                return
            header, body, end, encoding = row
            stored = StoredPart(
                part.section, header, body, end, encoding, part.filename, part.declared_type, part.size_octets, True
            )
            note = note_of(
                filename=part.filename, declared_type=part.declared_type, size_octets=part.size_octets,
                sha256=part.sha256, on=strftime("%Y-%m-%d", gmtime(at)),
            )
            raw = without_part(raw, stored, note)
            _rewrite(self._where.maildir(file.mailbox_id), path, raw)
        self._describe_anew(part, raw, describe(raw))

    def _describe_anew(self, part: HeldPart, raw: bytes, described: Described) -> None:
        """Rows of a message whose octets changed: parts lie elsewhere, states stay."""
        envelope_id = part.envelope_id
        with self._database.transaction(durable=True):
            known = set(self._database.column("SELECT section FROM stored_part WHERE envelope_id = ?", (envelope_id,)))
            for stored in described.parts:
                if stored.section in known:
                    self._database.run(
                        "UPDATE stored_part SET header_start = ?, body_start = ?, body_end = ?, encoding = ?"
                        " WHERE envelope_id = ? AND section = ?",
                        (stored.header_start, stored.body_start, stored.body_end, stored.encoding, envelope_id,
                         stored.section),
                    )
            gone = known - {stored.section for stored in described.parts} - {part.section}
            self._database.many(
                "DELETE FROM stored_part WHERE envelope_id = ? AND section = ?", ((envelope_id, one) for one in gone)
            )
            self._database.run(
                "UPDATE stored_part SET state = 'deleted' WHERE envelope_id = ? AND section = ?",
                (envelope_id, part.section),
            )
            self._database.run(
                "UPDATE file SET sha256 = ? WHERE envelope_id = ?", (hashlib.sha256(raw).digest(), envelope_id)
            )
            # Another stamp: nothing in the cache of parts belongs to this message any more.
            self._database.run(
                "UPDATE envelope SET size_octets = ?, has_attachments = ?, stamp = ? WHERE id = ?",
                (len(raw), described.incoming.has_attachments, int.from_bytes(os.urandom(5)), envelope_id),
            )
            self._database.run(
                "UPDATE header SET structure = ? WHERE id = ?", (described.incoming.structure, envelope_id)
            )
            self._bump([envelope_id])

    def _bump(self, envelope_ids: Iterable[EnvelopeId]) -> None:
        self._database.many(
            "UPDATE mailbox SET revision = revision + 1 WHERE id = (SELECT mailbox_id FROM envelope WHERE id = ?)",
            ((envelope_id,) for envelope_id in envelope_ids),
        )


def restore(database: Database, envelope_id: EnvelopeId, decisions: dict[str, quarantine_record.Decision]) -> None:
    """Take decisions that were written down into the rows of a message that is made again, in the current transaction.

    `released` counts for a held part of the same name, `deleted` where a note stands now.
    """
    for section, decision in decisions.items():
        held, name = ("held", decision.filename) if decision.state == "released" else ("free", None)
        database.run(
            "UPDATE stored_part SET state = ?, filename = ?, declared_type = ?, real_type = ?, size_octets = ?,"
            " sha256 = ?, verdict = ?, reasons = ?, decided_at = ?"
            " WHERE envelope_id = ? AND section = ? AND state = ? AND filename = ifnull(?, filename)"
            " AND (? OR declared_type = 'text/plain')",
            (
                decision.state, scrub.text(decision.filename), decision.declared_type, decision.real_type,
                decision.size_octets, decision.sha256, decision.verdict, json.dumps(decision.reasons),
                decision.decided_at, envelope_id, section, held, name, decision.state == "released",
            ),
        )
        if decision.original is not None:
            database.run("UPDATE uidl SET sha256 = ? WHERE envelope_id = ?", (decision.original, envelope_id))


def _rewrite(maildir: Maildir, path: Path, raw: bytes) -> None:
    """Put other octets in place of a file, atomically and durably. Raises StoreError."""
    arriving: Arriving = maildir.begin()
    with arriving, bordered(path):
        arriving.arrived_at = int(path.stat().st_mtime)
        arriving.write(raw)
        arriving.sync()
        os.replace(arriving.path, path)  # noqa: PTH105 - one call, as it stands in the design
        sync_directory(path.parent)
    arriving.close()


def _held(row: SqlRow) -> HeldPart:
    identity, section, state, account, mailbox_id, *most, reasons, examined_at, decided_at, is_here = row
    sender, subject, sort_at, filename, declared_type, real_type, size_octets, sha256, verdict = most
    return HeldPart(
        identity, section, PartState(state), account, mailbox_id, sender, subject, sort_at, filename, declared_type,
        real_type, size_octets, sha256, verdict, quarantine_record.sentences(reasons), examined_at, decided_at,
        bool(is_here),
    )
