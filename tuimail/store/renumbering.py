"""UIDVALIDITY changed: uids mean nothing any more, messages are recognised by what they are.

What lives here: the limbo, where a mailbox's messages wait without a uid, still listed
and readable, until the server lists them again (RFC 9051 2.3.1.1). Recognised is who
agrees in Message-ID, arrival and size; without a Message-ID, in sender, subject and
date as well. EnvelopeIds stay, and with them bodies and waiting actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tuimail.model import MailboxId
from tuimail.store import scrub
from tuimail.store.database import Database
from tuimail.store.order import Order
from tuimail.store.removal import remove_envelopes

if TYPE_CHECKING:
    from tuimail.store.ingest import Incoming

_Identity = tuple[object, ...]


class Renumbering:
    """The limbo of all mailboxes."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order

    def begin(self, mailbox_id: MailboxId) -> None:
        """Take all uids away. May be begun again at any time; the stored uid_validity is the caller's to change."""
        with self._database.transaction():
            self._database.run(
                "INSERT OR IGNORE INTO limbo (envelope_id, mailbox_id, message_id)"
                " SELECT id, mailbox_id, message_id FROM envelope JOIN header USING (id)"
                " WHERE mailbox_id = ? AND uid IS NOT NULL",
                (mailbox_id,),
            )
            self._database.run(
                "UPDATE envelope SET uid = NULL, modseq = NULL WHERE mailbox_id = ? AND uid IS NOT NULL", (mailbox_id,)
            )
            self._database.run(
                "UPDATE mailbox SET uid_next = NULL, highest_modseq = NULL, filled_down_to = NULL,"
                " revision = revision + 1 WHERE id = ?",
                (mailbox_id,),
            )

    def match(self, mailbox_id: MailboxId, coming: Mapping[int, Incoming]) -> list[Incoming]:
        """Give messages in limbo the uid of an arrival that is the same; those arrivals."""
        if not self._database.row("SELECT 1 FROM limbo WHERE mailbox_id = ? LIMIT 1", (mailbox_id,)):
            return []
        waiting = self._candidates(mailbox_id, coming)
        matched = []
        for message in coming.values():
            same = waiting.get(_identity(message))
            if not same:
                continue
            envelope_id = same.pop(0)
            self._database.run("UPDATE envelope SET uid = ? WHERE id = ?", (message.uid, envelope_id))
            self._database.run("DELETE FROM limbo WHERE envelope_id = ?", (envelope_id,))
            matched.append(message)
        if matched:
            self._database.run("UPDATE mailbox SET revision = revision + 1 WHERE id = ?", (mailbox_id,))
        return matched

    def end(self, mailbox_id: MailboxId) -> int:
        """Every message was listed: remove those in limbo; how many. Cheap when there is none."""
        ids = self._database.column("SELECT envelope_id FROM limbo WHERE mailbox_id = ?", (mailbox_id,))
        if not ids:
            return 0
        with self._database.transaction():
            removed = remove_envelopes(self._database, self._order, mailbox_id, ids)
            self._database.run("DELETE FROM limbo WHERE mailbox_id = ?", (mailbox_id,))
        return removed

    def _candidates(self, mailbox_id: MailboxId, coming: Mapping[int, Incoming]) -> dict[_Identity, list[int]]:
        """Messages in limbo that have a Message-ID of the arrivals, by identity, oldest id first."""
        rows = self._database.rows_of(
            "SELECT limbo.message_id, received_at, size_octets, from_line, subject, sent_at, envelope_id"
            " FROM limbo JOIN envelope ON envelope.id = envelope_id JOIN header ON header.id = envelope_id"
            " WHERE limbo.mailbox_id = ? AND limbo.message_id IN ({keys}) ORDER BY envelope_id",
            {scrub.text(message.message_id) for message in coming.values()}, (mailbox_id,),
        )
        found: dict[_Identity, list[int]] = {}
        for *key, identity in rows:
            found.setdefault(tuple(key[:3] if key[0] else key), []).append(identity)
        return found


def _identity(message: Incoming) -> _Identity:
    message_id = scrub.text(message.message_id)
    if message_id:
        return message_id, message.received_at, message.size_octets
    subject, from_line = scrub.text(message.subject), scrub.text(message.from_)
    return "", message.received_at, message.size_octets, from_line, subject, message.sent_at
