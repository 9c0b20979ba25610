"""Messages: the door to all that is known of them.

What lives here: looking one up, uids, body states, and the way to the rooms behind:
`window` (lists), `ingest`, `flags`, `renumbering`, `removal`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from tuimail.model import AccountName, BodyState, Envelope, EnvelopeId, MailboxId, Row, Uid, UidValidity, Window
from tuimail.store.database import Database, SqlRow
from tuimail.store.lists.order import LOW_BITS, Order
from tuimail.store.lists.window import Found, Windows

if TYPE_CHECKING:
    from tuimail.store.flags import Flags
    from tuimail.store.incoming import Incoming
    from tuimail.store.ingest import Ingest, Ingested
    from tuimail.store.renumbering import Renumbering

__all__ = ["Bodiless", "Envelopes", "Found", "Incoming", "Ingested", "There"]

_SELECT: Final = (
    "SELECT envelope.id, account.name, mailbox_id, mailbox.name, uid, uid_validity, uidl, flags, keywords,"
    f" envelope.place >> {LOW_BITS}, sent_at, received_at, size_octets, message_id, in_reply_to, message_references,"
    " from_line, reply_to, to_line, cc, subject, list_id, structure, has_attachments, body, thread_id"
    " FROM envelope JOIN header ON header.id = envelope.id JOIN mailbox ON mailbox.id = mailbox_id"
    " JOIN account ON account.id = account_id"
)


class There(NamedTuple):
    """Where a server has a message."""

    mailbox_id: MailboxId
    mailbox: str
    """As the server knows it."""
    uid: Uid | None
    """None: not known (yet)."""
    uid_validity: UidValidity | None


class Bodiless(NamedTuple):
    """A message of which nothing but its header is here."""

    id: EnvelopeId
    mailbox_id: MailboxId
    uid: Uid
    size_octets: int
    uid_validity: UidValidity | None


_BODY_STATES: Final = {int(state): state for state in BodyState}


class Envelopes:
    """The messages of the store."""

    def __init__(self, database: Database, order: Order) -> None:
        self._database = database
        self._order = order
        self._windows = Windows(database, order)

    # What only an engine needs is loaded when it does: 4 ms that the first frame does not wait for.

    @cached_property
    def _flags(self) -> Flags:
        from tuimail.store.flags import Flags

        return Flags(self._database)

    @cached_property
    def _renumbering(self) -> Renumbering:
        from tuimail.store.renumbering import Renumbering

        return Renumbering(self._database, self._order)

    @cached_property
    def _ingest(self) -> Ingest:
        from tuimail.store.ingest import Ingest

        return Ingest(self._database, self._order, self._renumbering)

    def way_in(self) -> Ingest:
        """The insertion of new rows, for local mail."""
        return self._ingest

    # --- lists ----------------------------------------------------------------

    def window(self, mailbox_id: MailboxId, start: int, count: int) -> Window:
        """Rows `start` to `start + count`, newest first; fewer, or none, beyond the end."""
        return self._windows.window(mailbox_id, start, count)

    def position(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> int | None:
        """Where a message stands, 0 is the newest; None when it is not in the mailbox."""
        return self._windows.position(mailbox_id, envelope_id)

    def next_unread(self, mailbox_id: MailboxId, after_position: int) -> int | None:
        """The position of the next older unread message; -1 begins with the newest; None when there is none."""
        return self._windows.next_unread(mailbox_id, after_position)

    def unread_ids(self, mailbox_id: MailboxId, limit: int) -> list[EnvelopeId]:
        """Unread messages, newest first."""
        return self._windows.unread_ids(mailbox_id, limit)

    def rows(self, ids: Sequence[EnvelopeId]) -> list[Row]:
        """The rows of these messages, in the same order; those that are gone are left out."""
        return self._windows.rows(ids)

    def recent(
        self, mailbox_id: MailboxId | None = None, limit: int = 50, *, account: AccountName | None = None
    ) -> list[Envelope]:
        """The newest messages of a mailbox, of an account, or of all."""
        mailbox_ids = [mailbox_id] if mailbox_id is not None else self._database.column(
            "SELECT mailbox.id FROM mailbox JOIN account ON account.id = account_id"
            " WHERE account.name = ifnull(?, account.name) AND NOT hidden",
            (account,),
        )
        with self._database.snapshot():
            ids = [identity for identity, _ in islice(self._windows.newest(mailbox_ids), limit)]
            found = {row[0]: row for row in self._database.rows_of(f"{_SELECT} WHERE envelope.id IN ({{keys}})", ids)}
        return [_envelope(found[identity]) for identity in ids if identity in found]

    def newest(self, mailbox_ids: Sequence[MailboxId]) -> Iterator[tuple[EnvelopeId, MailboxId]]:
        """All messages of several mailboxes, newest first, read as far as they are asked for."""
        return self._windows.newest(mailbox_ids)

    def find_text(self, words: str, limit: int) -> list[Found]:
        """Messages among the newest whose sender or subject holds every word, in any case; newest first."""
        return self._windows.find_text(words, limit)

    # --- one message ----------------------------------------------------------

    def envelope(self, envelope_id: EnvelopeId) -> Envelope | None:
        """Everything known of a message, None when it is gone."""
        row = self._database.row(f"{_SELECT} WHERE envelope.id = ?", (envelope_id,))
        return _envelope(row) if row else None

    def by_uid(self, mailbox_id: MailboxId, uid: int) -> EnvelopeId | None:
        """The message with a uid, None when it is not known here."""
        row = self._database.row(
            "SELECT id FROM envelope WHERE mailbox_id = ?1 AND uid = ?2"
            " UNION ALL SELECT envelope_id FROM away WHERE mailbox_id = ?1 AND uid = ?2",
            (mailbox_id, uid),
        )
        return EnvelopeId(row[0]) if row else None

    def set_body_state(self, envelope_id: EnvelopeId, state: BodyState) -> None:
        """How much of a message is here now."""
        with self._database.transaction():
            if self._database.run(
                "UPDATE envelope SET body = ? WHERE id = ? AND body <> ?", (int(state), envelope_id, int(state))
            ):
                self._database.run(
                    "UPDATE mailbox SET revision = revision + 1"
                    " WHERE id = (SELECT mailbox_id FROM envelope WHERE id = ?)",
                    (envelope_id,),
                )

    def set_body_states(self, mailbox_id: MailboxId, ids: Sequence[EnvelopeId], state: BodyState) -> None:
        """As `set_body_state`, for messages of one mailbox, in one transaction."""
        with self._database.transaction():
            self._database.many(
                "UPDATE envelope SET body = ?1 WHERE id = ?2 AND body <> ?1", [(int(state), one) for one in ids]
            )
            self._database.run("UPDATE mailbox SET revision = revision + 1 WHERE id = ?", (mailbox_id,))

    def thread(self, envelope_id: EnvelopeId) -> list[EnvelopeId]:
        """All messages of a conversation, in all mailboxes of its account, oldest row first."""
        return [EnvelopeId(row[0]) for row in self._database.rows(
            "SELECT envelope.id FROM envelope JOIN mailbox ON mailbox.id = mailbox_id WHERE thread_id ="
            " (SELECT thread_id FROM envelope WHERE id = ?1) AND account_id = (SELECT account_id FROM envelope"
            " JOIN mailbox ON mailbox.id = mailbox_id WHERE envelope.id = ?1) ORDER BY envelope.id",
            (envelope_id,),
        )]

    def keywords(self, mailbox_id: MailboxId | None, limit: int) -> list[str]:
        """Keywords that messages show, the most frequent first; of one mailbox, or of all."""
        counts: dict[str, int] = {}
        for words, count in self._database.rows(
            "SELECT keywords, count(*) FROM envelope WHERE keywords <> '' AND mailbox_id = ifnull(?, mailbox_id)"
            " GROUP BY keywords",
            (mailbox_id,),
        ):
            for word in words.split():
                counts[word] = counts.get(word, 0) + count
        return sorted(counts, key=lambda word: (-counts[word], word))[:limit]

    # --- what a sync compares -------------------------------------------------

    def uids(self, mailbox_id: MailboxId, lowest: int = 1, highest: int | None = None) -> array[int]:
        """The uids that are known here, ascending; those of messages that are not shown in this mailbox, too."""
        asked = (mailbox_id, lowest, (1 << 32) - 1 if highest is None else highest)
        away = self._database.numbers(
            "SELECT uid FROM away WHERE mailbox_id = ?1 AND uid BETWEEN ?2 AND ?3"
            " UNION SELECT uid FROM left_behind WHERE mailbox_id = ?1 AND uid BETWEEN ?2 AND ?3",
            asked,
        )
        here = self._database.numbers(
            "SELECT uid FROM envelope WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ORDER BY uid", asked
        )
        return array("I", sorted(here + away)) if away else here

    def there(self, envelope_id: EnvelopeId) -> There | None:
        """Where its server has a message now, which may be elsewhere than it is shown; None when it is gone."""
        row = self._database.row(
            "SELECT mailbox.id, coalesce(mailbox_there.name, mailbox.name),"
            " CASE WHEN away.envelope_id IS NULL THEN envelope.uid ELSE away.uid END, uid_validity"
            " FROM envelope LEFT JOIN away ON away.envelope_id = envelope.id"
            " JOIN mailbox ON mailbox.id = coalesce(away.mailbox_id, envelope.mailbox_id)"
            " LEFT JOIN mailbox_there ON mailbox_there.mailbox_id = mailbox.id WHERE envelope.id = ?",
            (envelope_id,),
        )
        return There(*row) if row else None

    def server_flags(
        self, mailbox_id: MailboxId, lowest: int = 1, highest: int | None = None
    ) -> dict[int, tuple[int, str]]:
        """What the server last said of flags, by uid: bits and keywords."""
        return self._flags.server_flags(mailbox_id, lowest, highest)

    def wanting_bodies(self, account: AccountName, since: int | None, limit: int) -> list[Bodiless]:
        """Messages without a body, newest first; `since` leaves out older ones (seconds since 1970 UTC)."""
        lowest = -(1 << 63) if since is None else since << LOW_BITS
        found: list[SqlRow] = []
        for mailbox_id in self._database.column(
            "SELECT mailbox.id FROM mailbox JOIN account ON account.id = account_id WHERE account.name = ?", (account,)
        ):
            found += self._database.rows(
                "SELECT place, envelope.id, mailbox_id, uid, size_octets, uid_validity FROM envelope"
                " JOIN mailbox ON mailbox.id = mailbox_id WHERE mailbox_id = ? AND body = 0 AND place >= ?"
                " AND uid IS NOT NULL ORDER BY place DESC, envelope.id DESC LIMIT ?",
                (mailbox_id, lowest, limit),
            )
        found.sort(reverse=True)
        return [Bodiless(*row[1:]) for row in found[:limit]]

    def uids_of(
        self, mailbox_id: MailboxId, uid_validity: int | None, ids: Iterable[EnvelopeId]
    ) -> dict[EnvelopeId, Uid]:
        """The uids of those of these messages that lie in a mailbox, while its uids mean what they did."""
        return {EnvelopeId(row[0]): Uid(row[1]) for row in self._database.rows_of(
            "SELECT envelope.id, uid FROM envelope JOIN mailbox ON mailbox.id = mailbox_id WHERE mailbox_id = ?"
            " AND uid_validity IS ? AND uid IS NOT NULL AND envelope.id IN ({keys})",
            ids,
            (mailbox_id, uid_validity),
        )}

    # --- what a sync tells ----------------------------------------------------

    def ingest(self, mailbox_id: MailboxId, batch: Sequence[Incoming]) -> Ingested:
        """Insert what is new; a uid that is here already only gets its flags. One transaction."""
        return self._ingest.ingest(mailbox_id, batch)

    def set_flags(self, mailbox_id: MailboxId, changes: Iterable[tuple[int, int, str, int | None]]) -> int:
        """Take over (uid, bits, keywords, modseq) as the server said them; how many messages changed."""
        return self._flags.set_flags(mailbox_id, changes)

    def vanish(self, mailbox_id: MailboxId, uids: Iterable[int]) -> int:
        """The server has these no longer: how many were here. A `range` may be as large as the server says."""
        from tuimail.store.removal import vanish

        return vanish(self._database, self._order, mailbox_id, uids)

    def begin_renumbering(self, mailbox_id: MailboxId) -> None:
        """UIDVALIDITY changed: uids are forgotten, messages stay listed until `end_renumbering`.

        The sync point is emptied but for its uid_validity, so that a crash begins this again.
        """
        self._renumbering.begin(mailbox_id)

    def end_renumbering(self, mailbox_id: MailboxId) -> int:
        """Every message was listed: those not recognised are removed; how many.

        Cheap when nothing waits: to be called whenever a mailbox became complete.
        """
        return self._renumbering.end(mailbox_id)


def __getattr__(name: str) -> object:
    """`Incoming` and `Ingested` belong to this door, and are loaded by those who bring mail in."""
    if name in {"Incoming", "Ingested"}:
        from tuimail.store import ingest

        return getattr(ingest, name)
    raise AttributeError(name)


def _envelope(row: SqlRow) -> Envelope:
    *most, has_attachments, body, thread_id = row
    columns = [*most, has_attachments == 1, _BODY_STATES.get(body, BodyState.ABSENT), thread_id]
    return Envelope(*columns)
