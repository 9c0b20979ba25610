"""Messages on their way out, and how far each has come.

What lives here: keeping them durably before anybody believes them sent, and what a person
decides about them. What must not: the steps of sending (`sending`), SMTP (`net.smtp.session`).

Each step is durable when it returns. A step that does not start where the message is
changes nothing and says False: two who act at once cannot both be right.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from tuimail.errors import Unchangeable, UsageError, Vanished
from tuimail.model import AccountName, DraftId, EnvelopeId, OutboxId, OutboxItem, OutState, RawId
from tuimail.store.acting.raws import Raws
from tuimail.store.database import Database, SqlRow
from tuimail.store.writing.sending import OPEN, Rest, finish, is_put_off, keep_rest, step

KEPT_S: Final = 30 * 86400
"""How long a row stays as a record after its message was filed or cancelled."""
PUT_OFF: Final = "The server had put these recipients off; the others have it."
UNDONE: Final = "This message is not in the outbox any longer."
_SELECT: Final = (
    "SELECT outbox.id, account, outbox.state, outbox.sentence, sender, recipients, to_line, subject, message_id,"
    " size_octets, outbox.not_before, outbox.tries, outbox.added_at, sent_at, refused, of_recipients, copy.sentence,"
    " copy.state FROM outbox LEFT JOIN pending AS copy ON copy.id = outbox.filing WHERE {where} ORDER BY outbox.id"
)
_COPY_WAITS: Final = "It was sent. Its copy is not in Sent yet, and is tried again. {words}"
_COPY_FAILED: Final = "It was sent. Its copy could not be put into Sent; the journal can try it again. {words}"


class Outbox:
    """The messages of all accounts that are on their way out."""

    def __init__(self, database: Database, raws: Raws) -> None:
        self._database = database
        self._raws = raws

    # --- coming in ----------------------------------------------------------------

    def add(
        self,
        draft_id: DraftId | None,
        account: AccountName,
        sender: str,
        recipients: Sequence[str],
        raw: bytes,
        message_id: str,
        *,
        at: int,
        not_before: int = 0,
        to: str = "",
        subject: str = "",
        answers: EnvelopeId | None = None,
        answer_flag: str = "",
        notify: bool = False,
    ) -> OutboxId:
        """Take a message in one durable transaction; the draft that it was made of is gone in it.

        `sender` and `recipients` are addr-specs, `raw` is what goes over the wire: no Bcc,
        CRLF. Raises Vanished when the draft is gone already: nothing is posted twice.
        """
        with self._database.transaction(durable=True):
            if draft_id is not None and not self._database.run(
                "UPDATE draft SET state = 'posted' WHERE id = ? AND state = 'open'", (draft_id,)
            ):
                raise Vanished("This draft is no longer here.", "It was sent or discarded somewhere else.")
            self.forget_old(at=at)
            return OutboxId(self._database.insert(
                "INSERT INTO outbox (account, state, sender, recipients, to_line, subject, message_id, size_octets,"
                " raw, notify, draft_id, answers, answer_flag, not_before, added_at)"
                " VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    account, sender, json.dumps(list(recipients)), to, subject, message_id, len(raw),
                    self._raws.keep(raw), int(notify), draft_id, answers, answer_flag, not_before, at,
                ),
            ))  # fmt: skip

    # --- looking ------------------------------------------------------------------

    def all(self, account: AccountName | None = None, *, done: bool = False) -> list[OutboxItem]:
        """Messages on their way, oldest first; with `done` those that were filed or cancelled lately, too."""
        where = "1" if done else f"outbox.{OPEN}"
        if account is None:
            return _items(self._database.rows(_SELECT.format(where=where)))
        return _items(self._database.rows(_SELECT.format(where=f"account = ? AND {where}"), (account,)))

    def get(self, outbox_id: OutboxId) -> OutboxItem | None:
        """One message, None when there is no record of it (any longer)."""
        found = _items(self._database.rows(_SELECT.format(where="outbox.id = ?"), (outbox_id,)))
        return found[0] if found else None

    def raw(self, outbox_id: OutboxId) -> bytes:
        """Its octets. Raises Vanished when they are not kept any longer."""
        row = self._database.row("SELECT raw FROM outbox WHERE id = ?", (outbox_id,))
        if row is None or row[0] is None:
            raise Vanished(UNDONE, "Look for it in Sent.")
        return self._raws.read(RawId(row[0]))

    def count(self, account: AccountName) -> int:
        """How many messages of an account wait, or want a person."""
        row = self._database.row(
            f"SELECT count(*) FROM outbox WHERE account = ? AND {OPEN} AND state <> 'sent'", (account,)
        )
        return int(row[0]) if row is not None else 0

    # --- what a person decides ------------------------------------------------------

    def cancel(self, outbox_id: OutboxId) -> bool:
        """Do not send it; False when it is being sent, or was. Its draft is gone with it."""
        with self._database.transaction(durable=True):
            return finish(
                self._database, self._raws, outbox_id, (OutState.QUEUED, OutState.FAILED, OutState.UNKNOWN),
                OutState.CANCELLED,
            )  # fmt: skip

    def edit(self, outbox_id: OutboxId, *, message_id: str, at: int) -> DraftId | None:
        """Take it back: it is cancelled, and the draft that it was made of is open again.

        None when it was not made of a draft; then nothing was changed. `message_id`: the
        draft bears it from now on when the old one may have been seen by somebody. Raises
        UsageError when it is being sent, or was; Unchangeable when others have it already.
        """
        with self._database.transaction(durable=True):
            row = self._database.row("SELECT draft_id, state, of_recipients FROM outbox WHERE id = ?", (outbox_id,))
            if row is None or row[1] not in (OutState.QUEUED, OutState.FAILED, OutState.UNKNOWN):
                raise UsageError(
                    "This message cannot be taken back.", "It is being sent, or was; write another one."
                )
            if row[2]:
                raise Unchangeable(
                    "Others have this message already, so it cannot be edited.", "Cancel it, or try again."
                )
            if row[0] is None or not self._database.run(
                "UPDATE draft SET state = 'open', changed_at = max(changed_at, ?) WHERE id = ?", (at, row[0])
            ):
                return None
            if row[1] == OutState.UNKNOWN:
                self._database.run("UPDATE draft SET message_id = ? WHERE id = ?", (message_id, row[0]))
            self._database.run("UPDATE outbox SET draft_id = NULL WHERE id = ?", (outbox_id,))
            finish(self._database, self._raws, outbox_id, (OutState(row[1]),), OutState.CANCELLED)
            return DraftId(row[0])

    def send_now(self, outbox_id: OutboxId, *, at: int) -> bool:
        """Try it now: one that failed, or that waits for its time."""
        return self._step(
            outbox_id, (OutState.QUEUED, OutState.FAILED), OutState.QUEUED,
            "sentence = '', not_before = ?, waits_for = '', refused = '[]'", (at,),
        )  # fmt: skip

    def resolve(self, outbox_id: OutboxId, *, sent: bool, at: int) -> bool:
        """A person says of one that is UNKNOWN whether it was sent; if not, it is sent again."""
        if not sent:
            return self._step(
                outbox_id, (OutState.UNKNOWN,), OutState.QUEUED,
                "sentence = '', not_before = ?, waits_for = '', refused = '[]'", (at,),
            )  # fmt: skip
        with self._database.transaction(durable=True):
            item = self.get(outbox_id)
            refused = item.refused if item is not None else ()
            later = tuple(one for one in refused if is_put_off(one[1]))
            never = [list(one) for one in refused if not is_put_off(one[1])]
            if not self._step(
                outbox_id, (OutState.UNKNOWN,), OutState.SENT,
                "sentence = 'You said that it was sent.', sent_at = ?, refused = ?", (at, json.dumps(never)),
            ):  # fmt: skip
                return False
            if later:
                keep_rest(self._database, self._raws, outbox_id, Rest(later, at, PUT_OFF))
            return True

    def _step(
        self, outbox_id: OutboxId, origins: Sequence[OutState], state: OutState, setting: str,
        values: Sequence[object] = (),
    ) -> bool:
        return step(self._database, outbox_id, origins, state, setting, values)

    def forget_old(self, *, at: int) -> None:
        """Take out the records of what was done long ago."""
        self._database.run(
            "DELETE FROM outbox WHERE state IN ('filed', 'cancelled') AND max(added_at, coalesce(sent_at, 0)) < ?",
            (at - KEPT_S,),
        )


def _items(rows: Sequence[SqlRow]) -> list[OutboxItem]:
    found = []
    for (
        identity, account, state, sentence, sender, recipients, to, subject, message_id, size, not_before, tries,
        added_at, sent_at, refused, of_recipients, copy_words, copy_failed,
    ) in rows:  # fmt: skip
        if state == OutState.SENT and copy_words and not sentence:
            sentence = (_COPY_FAILED if copy_failed else _COPY_WAITS).format(words=copy_words)
        found.append(OutboxItem(
            id=OutboxId(identity), account=AccountName(account), state=OutState(state), sentence=sentence,
            sender=sender, recipients=tuple(json.loads(recipients)), to=to, subject=subject, message_id=message_id,
            size_octets=size, not_before=not_before, tries=tries, added_at=added_at, sent_at=sent_at,
            refused=tuple((who, words) for who, words in json.loads(refused)),
            of_recipients=of_recipients,
        ))  # fmt: skip
    return found


