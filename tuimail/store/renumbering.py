"""UIDVALIDITY changed: uids mean nothing any more, messages are recognised by what they are.

What lives here: the limbo, where a mailbox's messages wait without a uid, still listed
and readable, until the server lists them again (RFC 9051 2.3.1.1). Recognised is who
agrees in Message-ID, arrival and size; without a Message-ID, in sender, subject and
date as well. EnvelopeIds stay, and with them bodies and waiting actions. Messages that
we moved or filed wait there too when the server did not tell their uid (RFC 4315).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tuimail.model import MailboxId
from tuimail.store import scrub
from tuimail.store.acting.away import Away
from tuimail.store.database import Database
from tuimail.store.lists.order import Order
from tuimail.store.removal import remove

if TYPE_CHECKING:
    from tuimail.store.incoming import Incoming

_Identity = tuple[object, ...]


class Renumbering:
    """The limbo of all mailboxes."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order
        self._away = Away(database, order)

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
                "INSERT OR IGNORE INTO limbo (envelope_id, mailbox_id, message_id)"
                " SELECT id, away.mailbox_id, message_id FROM away JOIN header ON header.id = envelope_id"
                " WHERE away.mailbox_id = ? AND away.uid IS NOT NULL",
                (mailbox_id,),
            )
            self._database.run("UPDATE away SET uid = NULL WHERE mailbox_id = ?", (mailbox_id,))
            self._database.run("DELETE FROM left_behind WHERE mailbox_id = ?", (mailbox_id,))
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
        waiting, filed = self._candidates(mailbox_id, coming)
        matched = []
        for message in coming.values():
            same = waiting.get(_identity(message)) or filed.get(_loosely(message))
            if not same:
                continue
            envelope_id = same.pop(0)
            self._away.recognise(envelope_id, message.uid)
            self._database.run("DELETE FROM limbo WHERE envelope_id = ?", (envelope_id,))
            matched.append(message)
        self.complete(mailbox_id, matched)
        if matched:
            self._database.run("UPDATE mailbox SET revision = revision + 1 WHERE id = ?", (mailbox_id,))
        return matched

    def end(self, mailbox_id: MailboxId) -> int:
        """Every message was listed: remove those in limbo; how many. Cheap when there is none."""
        ids = self._database.column("SELECT envelope_id FROM limbo WHERE mailbox_id = ?", (mailbox_id,))
        if not ids:
            return 0
        with self._database.transaction():
            removed = remove(self._database, self._order, ids)
            self._database.run("DELETE FROM limbo WHERE mailbox_id = ?", (mailbox_id,))
        return removed

    def complete(self, mailbox_id: MailboxId, told: Iterable[Incoming]) -> None:
        """Take over size, arrival and structure of messages that we filed ourselves, in the current transaction."""
        by_uid = {message.uid: message for message in told if message.structure}
        rows = [
            (identity, by_uid[uid]) for table, key in (("envelope", "id"), ("away", "envelope_id"))
            for identity, uid in self._database.rows_of(
                f"SELECT {table}.{key}, uid FROM {table} JOIN header ON header.id = {table}.{key}"
                " WHERE mailbox_id = ? AND uid IN ({keys}) AND structure = x''", by_uid, (mailbox_id,),
            )
        ] if by_uid else []
        self._database.many(
            "UPDATE header SET structure = ?, received_at = ? WHERE id = ?",
            ((message.structure, message.received_at, identity) for identity, message in rows),
        )
        self._database.many(
            "UPDATE envelope SET size_octets = ?, has_attachments = ? WHERE id = ?",
            ((message.size_octets, message.has_attachments, identity) for identity, message in rows),
        )

    def _candidates(
        self, mailbox_id: MailboxId, coming: Mapping[int, Incoming]
    ) -> tuple[dict[_Identity, list[int]], dict[_Identity, list[int]]]:
        """Messages in limbo with a Message-ID of the arrivals, by identity, oldest first; apart, those we filed."""
        rows = self._database.rows_of(
            "SELECT loose, limbo.message_id, received_at, size_octets, from_line, subject, sent_at, envelope_id"
            " FROM limbo JOIN envelope ON envelope.id = envelope_id JOIN header ON header.id = envelope_id"
            " WHERE limbo.mailbox_id = ? AND limbo.message_id IN ({keys}) ORDER BY envelope_id",
            {scrub.text(message.message_id) for message in coming.values()}, (mailbox_id,),
        )
        found: dict[_Identity, list[int]] = {}
        filed: dict[_Identity, list[int]] = {}
        for loose, *key, identity in rows:
            if loose:
                filed.setdefault(tuple(key[:1] if key[0] else ["", *key[3:]]), []).append(identity)
            else:
                found.setdefault(tuple(key[:3] if key[0] else key), []).append(identity)
        return found, filed


def _identity(message: Incoming) -> _Identity:
    message_id = scrub.text(message.message_id)
    if message_id:
        return message_id, message.received_at, message.size_octets
    subject, from_line = scrub.text(message.subject), scrub.text(message.from_)
    return "", message.received_at, message.size_octets, from_line, subject, message.sent_at


def _loosely(message: Incoming) -> _Identity:
    """What a server does not change when a message is filed."""
    message_id = scrub.text(message.message_id)
    if message_id:
        return (message_id,)
    return "", scrub.text(message.from_), scrub.text(message.subject), message.sent_at
