"""Messages that are being written, and the files that go along with them.

What lives here: keeping a draft durably at each pause, its files as they were when they
were attached, and a discarded one for a while. What must not: addresses, MIME (`wishes`,
`mime.writing.compose`).
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from tuimail.errors import TooLarge, UsageError, Vanished
from tuimail.model import AccountName, Draft, DraftFile, DraftId, EnvelopeId, PendingId
from tuimail.store.border import translate_os
from tuimail.store.database import Database, SqlRow

PIECE_OCTETS: Final = 1 << 18
MAX_FILES_OCTETS: Final = 200 << 20
"""Of all files of one draft; servers take far less."""
KEPT_S: Final = 20 * 60
"""How long a discarded draft can be had back."""
_MEMORY_OCTETS: Final = 1 << 20
_FIELDS: Final = (
    "account", "from_line", "to_line", "cc", "bcc", "subject", "body", "markdown", "message_id", "in_reply_to",
    "message_references", "reply_to", "answers", "answer_flag", "changed_at",
)  # fmt: skip
_SELECT: Final = f"SELECT id, started_at, {', '.join(_FIELDS)} FROM draft"


class Drafts:
    """The drafts of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        account: AccountName,
        *,
        at: int,
        message_id: str,
        from_: str = "",
        to: str = "",
        cc: str = "",
        bcc: str = "",
        subject: str = "",
        body: str = "",
        markdown: bool = False,
        in_reply_to: str = "",
        references: str = "",
        reply_to: str = "",
        answers: EnvelopeId | None = None,
        answer_flag: str = "",
    ) -> Draft:
        """A new draft, durable when this returns."""
        draft = Draft(
            id=DraftId(0), account=account, from_=from_, to=to, cc=cc, bcc=bcc, subject=subject, body=body,
            markdown=markdown, message_id=message_id, in_reply_to=in_reply_to, references=references,
            reply_to=reply_to, answers=answers, answer_flag=answer_flag, files=(), started_at=at, changed_at=at,
        )  # fmt: skip
        marks = ", ".join("?" * (len(_FIELDS) + 1))
        with self._database.transaction(durable=True):
            self.forget_old(at=at)
            identity = self._database.insert(
                f"INSERT INTO draft (started_at, {', '.join(_FIELDS)}) VALUES ({marks})", (at, *_values(draft))
            )
        return replace(draft, id=DraftId(identity))

    def save(self, draft: Draft, *, at: int) -> Draft:
        """Keep what was typed, durably; the draft as it is now. `files` is not looked at.

        Raises Vanished when it was discarded or posted meanwhile.
        """
        draft = replace(draft, changed_at=max(at, draft.changed_at))
        setting = ", ".join(f"{name} = ?" for name in _FIELDS)
        with self._database.transaction(durable=True):
            if not self._database.run(
                f"UPDATE draft SET {setting} WHERE id = ? AND state = 'open'",
                (*_values(draft), draft.id),
            ):
                raise _gone()
            return replace(draft, files=self._files(draft.id))

    def get(self, draft_id: DraftId) -> Draft | None:
        """One draft that can be written on, else None."""
        row = self._database.row(f"{_SELECT} WHERE id = ? AND state = 'open'", (draft_id,))
        return self._draft(row) if row is not None else None

    def all(self) -> list[Draft]:
        """All drafts that can be written on, the one changed last first."""
        rows = self._database.rows(f"{_SELECT} WHERE state = 'open' ORDER BY changed_at DESC, id DESC")
        return [self._draft(row) for row in rows]

    # --- files ------------------------------------------------------------------

    def attach(
        self, draft_id: DraftId, filename: str, content_type: str, chunks: Iterable[bytes], *, at: int
    ) -> DraftFile:
        """Copy a file into the draft; it is whole and durable when this returns, or not there at all.

        Whatever `chunks` raises leaves the draft as it was. Raises Vanished, TooLarge, StoreError.
        """
        before = self._octets(draft_id)
        with tempfile.SpooledTemporaryFile(_MEMORY_OCTETS, dir=str(self._database.file.parent)) as spool:
            try:
                size, digest = _spool(chunks, spool, MAX_FILES_OCTETS - before)
            except OSError as exc:
                raise translate_os(exc, self._database.file.parent) from exc
            spool.seek(0)
            with self._database.transaction(durable=True):
                row = self._database.row(
                    "SELECT next_number FROM draft WHERE id = ? AND state = 'open'", (draft_id,)
                )
                if row is None:
                    raise _gone()
                self._insert_slices(draft_id, row[0], spool)
                self._database.run(
                    "INSERT INTO draft_file VALUES (?, ?, ?, ?, ?, ?)",
                    (draft_id, row[0], filename, content_type, size, digest),
                )
                self._database.run(
                    "UPDATE draft SET next_number = next_number + 1, changed_at = max(changed_at, ?) WHERE id = ?",
                    (at, draft_id),
                )
        return DraftFile(row[0], filename, content_type, size, digest.hex())

    def detach(self, draft_id: DraftId, number: int, *, at: int) -> None:
        """Take a file out of the draft; nothing happens when it is not there."""
        with self._database.transaction(durable=True):
            for table in ("draft_slice", "draft_file"):
                self._database.run(
                    f"DELETE FROM {table} WHERE draft_id = ? AND number = ?",
                    (draft_id, number),
                )
            self._database.run("UPDATE draft SET changed_at = max(changed_at, ?) WHERE id = ?", (at, draft_id))

    def read(self, draft_id: DraftId, number: int) -> bytes:
        """A file of the draft, whole."""
        return b"".join(self._database.column(
            "SELECT data FROM draft_slice WHERE draft_id = ? AND number = ? ORDER BY start", (draft_id, number)
        ))

    # --- coming and going ---------------------------------------------------------

    def discard(self, draft_id: DraftId, *, at: int) -> None:
        """Throw a draft away; for `KEPT_S` seconds `restore` brings it back."""
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE draft SET state = 'discarded', gone_at = ? WHERE id = ? AND state = 'open'", (at, draft_id)
            )
            self.forget_old(at=at)

    def restore(self, draft_id: DraftId) -> Draft:
        """Have a discarded draft back. Raises Vanished when it is too late."""
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE draft SET state = 'open', gone_at = NULL WHERE id = ? AND state = 'discarded'", (draft_id,)
            )
            draft = self.get(draft_id)
        if draft is None:
            raise _gone()
        return draft

    def server_copy(self, draft_id: DraftId) -> tuple[EnvelopeId | None, int]:
        """The message that shows the draft among the server's, and of which `changed_at` it is (0: none)."""
        row = self._database.row("SELECT server_copy, server_copy_of FROM draft WHERE id = ?", (draft_id,))
        if row is None or row[0] is None:
            return None, 0
        return EnvelopeId(row[0]), row[1] or 0

    def kept(self, draft_id: DraftId, pending_id: PendingId, changed_at: int) -> None:
        """This action puts the draft's copy, as it was then, among the server's."""
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE draft SET server_copy = (SELECT envelope_id FROM pending WHERE id = ?), server_copy_of = ?,"
                " server_pending = ? WHERE id = ?",
                (pending_id, changed_at, pending_id, draft_id),
            )

    def set_server_copy(self, draft_id: DraftId, envelope_id: EnvelopeId | None, changed_at: int) -> None:
        """Remember which message shows the draft among the server's; None: none does."""
        with self._database.transaction(durable=True):
            self._database.run(
                "UPDATE draft SET server_copy = ?, server_copy_of = ?, server_pending = NULL WHERE id = ?",
                (envelope_id, changed_at, draft_id),
            )
            if envelope_id is None:
                self._forget_if_over(draft_id)

    def untold_copy(self, draft_id: DraftId) -> PendingId | None:
        """The action that puts the draft's copy on the server, while no server can have heard of it."""
        row = self._database.row(
            "SELECT pending.id FROM draft JOIN pending ON pending.id = server_pending"
            " WHERE draft.id = ? AND (pending.handed = 0 OR pending.state <> 0)",
            (draft_id,),
        )
        return PendingId(row[0]) if row is not None else None

    def unlike_server(self, account: AccountName) -> list[tuple[DraftId, Draft | None]]:
        """Drafts whose copy on the server is not what it should be; None for one that should have none."""
        rows = self._database.rows(
            "SELECT id, state FROM draft WHERE account = ? AND ((state = 'open' AND changed_at"
            " > coalesce(server_copy_of, 0)) OR (state <> 'open' AND server_copy IS NOT NULL)) ORDER BY id",
            (account,),
        )
        return [(DraftId(one), self.get(DraftId(one)) if state == "open" else None) for one, state in rows]

    # --- inside -------------------------------------------------------------------

    def _draft(self, row: SqlRow) -> Draft:
        (
            identity, started_at, account, from_, to, cc, bcc, subject, body, markdown, message_id, in_reply_to,
            references, reply_to, answers, answer_flag, changed_at,
        ) = row  # fmt: skip
        return Draft(
            id=DraftId(identity), account=AccountName(account), from_=from_, to=to, cc=cc, bcc=bcc, subject=subject,
            body=body, markdown=bool(markdown), message_id=message_id, in_reply_to=in_reply_to, references=references,
            reply_to=reply_to, answers=None if answers is None else EnvelopeId(answers), answer_flag=answer_flag,
            files=self._files(DraftId(identity)), started_at=started_at, changed_at=changed_at,
        )  # fmt: skip

    def _files(self, draft_id: DraftId) -> tuple[DraftFile, ...]:
        rows = self._database.rows(
            "SELECT number, filename, content_type, size_octets, sha256 FROM draft_file WHERE draft_id = ?"
            " ORDER BY number",
            (draft_id,),
        )
        return tuple(DraftFile(number, name, kind, size, digest.hex()) for number, name, kind, size, digest in rows)

    def _octets(self, draft_id: DraftId) -> int:
        row = self._database.row(
            "SELECT coalesce(sum(size_octets), 0) FROM draft_file WHERE draft_id = ?", (draft_id,)
        )
        return int(row[0]) if row is not None else 0

    def _insert_slices(self, draft_id: DraftId, number: int, spool: tempfile.SpooledTemporaryFile[bytes]) -> None:
        start = 0
        while piece := spool.read(PIECE_OCTETS):
            self._database.run("INSERT INTO draft_slice VALUES (?, ?, ?, ?)", (draft_id, number, start, piece))
            start += len(piece)

    def _forget_if_over(self, draft_id: DraftId) -> None:
        """A draft that was sent has waited for its copy on the server to go."""
        if self._database.row("SELECT 1 FROM draft WHERE id = ? AND state = 'discarded' AND gone_at = 0", (draft_id,)):
            forget(self._database, draft_id)

    def forget_old(self, *, at: int) -> None:
        """Delete drafts that were thrown away and can no longer be restored."""
        old = self._database.column(
            "SELECT id FROM draft WHERE state = 'discarded' AND gone_at < ? AND server_copy IS NULL", (at - KEPT_S,)
        )
        for draft_id in old:
            forget(self._database, DraftId(draft_id))


def forget(database: Database, draft_id: DraftId) -> None:
    """Delete a draft with its files, in the current transaction; one with a copy on the server once that is gone."""
    if database.run(
        "UPDATE draft SET state = 'discarded', gone_at = 0 WHERE id = ? AND server_copy IS NOT NULL", (draft_id,)
    ):
        return
    for sql in (
        "DELETE FROM draft_slice WHERE draft_id = ?",
        "DELETE FROM draft_file WHERE draft_id = ?",
        "DELETE FROM draft WHERE id = ?",
    ):
        database.run(sql, (draft_id,))


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file that a person attaches, piece by piece, exactly as it was at one moment.

    Raises UsageError when it is no file, cannot be read, or changes while it is being read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for ever
        with os.fdopen(descriptor, "rb", buffering=0) as opened:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise UsageError(f"{path} is not a file.", "Attach a file.")
            read = 0
            while piece := opened.read(PIECE_OCTETS):
                read += len(piece)
                yield piece
            if read != before.st_size or _look(os.fstat(descriptor)) != _look(before) or not _is_still(path, before):
                raise UsageError(
                    f"{path.name} changed while it was being read.", "Nothing was attached; attach it again."
                )
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.", "Choose another file.") from exc


def _look(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_still(path: Path, before: os.stat_result) -> bool:
    """Whether the path still names the file that was read: many programs write by putting a new one in its place."""
    with suppress(OSError):
        now = path.stat()
        return (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)
    return False


def _spool(chunks: Iterable[bytes], spool: tempfile.SpooledTemporaryFile[bytes], most: int) -> tuple[int, bytes]:
    """Size and digest of what was written into the spool."""
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise TooLarge(
                f"The files of one message cannot be larger than {MAX_FILES_OCTETS >> 20} MB together.",
                "Nothing was attached; send a link to the file instead.",
            )
        digest.update(chunk)
        spool.write(chunk)
    return size, digest.digest()


def _values(draft: Draft) -> tuple[object, ...]:
    """In the order of `_FIELDS`."""
    return (
        draft.account, draft.from_, draft.to, draft.cc, draft.bcc, draft.subject, draft.body, int(draft.markdown),
        draft.message_id, draft.in_reply_to, draft.references, draft.reply_to, draft.answers, draft.answer_flag,
        draft.changed_at,
    )  # fmt: skip


def _gone() -> Vanished:
    return Vanished("This draft is no longer here.", "It was sent or discarded somewhere else.")
