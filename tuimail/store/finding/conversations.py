"""Conversations as lists show them: one line for all, or every message under the one it answers.

What lives here: reading those of a page, and the tree of one. What must not: which messages
are one conversation (`threads`), where its line stands (`views`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from tuimail.model import EnvelopeId, Flag, MailboxId, Row, Thread
from tuimail.store.database import Database

MOST_READ: Final = 1000
"""Messages of a conversation that are looked at, the newest; it may have any number."""
MOST_NAMES: Final = 12
DEEPEST: Final = 8
_ELSEWHERE: Final = "('', 'inbox', 'archive', 'sent')"
"""Roles of mailboxes whose messages belong to a conversation wherever it is shown."""

MUTED: Final = (
    "SELECT muted.account_id AS owner_id, coalesce(kin.thread_id, muted.thread_id) AS thread_id FROM muted"
    " LEFT JOIN kin ON kin.account_id = muted.account_id AND message_key = muted.thread_id"
)
"""Accounts and conversations that are muted, by the names that those have now."""


class Told(NamedTuple):
    """What a message says of its place in a conversation."""

    id: EnvelopeId
    message_id: str
    in_reply_to: str
    references: str


class Branch(NamedTuple):
    """A message in the tree of its conversation."""

    id: EnvelopeId
    depth: int


class _Member(NamedTuple):
    """What a line is made of; in the order of dates when sorted."""

    place: int
    id: int
    flags: int
    sender: str
    has_attachments: int
    role: str
    address: str


class Conversations:
    """Reading them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def closed(self, leads: Sequence[Row], mailbox_ids: Collection[MailboxId]) -> list[Row]:
        """These rows as lines that stand for their conversations, of which `mailbox_ids` show some.

        Own replies count, wherever they are; what lies in junk, trash or drafts does not.
        """
        keys = {row.thread_id for row in leads}
        shown = ",".join(str(int(one)) for one in mailbox_ids)
        found = self._database.rows_of(
            "SELECT account_id, thread_id, envelope.place, envelope.id, flags, sender, has_attachments, role, address"
            " FROM envelope JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id"
            f" WHERE thread_id IN ({{keys}}) AND NOT hidden AND (mailbox_id IN ({shown}) OR role IN {_ELSEWHERE})",
            keys,
        )
        owners = self._owners()
        groups: dict[tuple[int | None, int], list[_Member]] = {}
        for account_id, thread_id, *rest in found:
            groups.setdefault((account_id, thread_id), []).append(_Member(*rest))
        return [_line(row, sorted(groups.get((owners[row.mailbox_id], row.thread_id), []))) for row in leads]

    def muted(self) -> frozenset[int]:
        """The conversations whose new messages come in read."""
        return frozenset(row[1] for row in self._database.rows(MUTED))

    def ids(self, envelope_id: EnvelopeId, mailbox_ids: Collection[MailboxId]) -> list[EnvelopeId]:
        """All messages of a conversation, oldest first: those in these mailboxes, and own replies to them."""
        shown = ",".join(str(int(one)) for one in mailbox_ids)
        newest = self._database.column(
            "SELECT envelope.id FROM envelope JOIN mailbox ON mailbox.id = mailbox_id"
            " WHERE thread_id = (SELECT thread_id FROM envelope WHERE id = ?1)"
            " AND account_id = (SELECT account_id FROM envelope JOIN mailbox ON mailbox.id = mailbox_id"
            f" WHERE envelope.id = ?1) AND NOT hidden AND (mailbox_id IN ({shown}) OR role IN {_ELSEWHERE})"
            f" ORDER BY place DESC, envelope.id DESC LIMIT {MOST_READ}",
            (envelope_id,),
        )
        return newest[::-1]

    def within(self, envelope_ids: Collection[EnvelopeId], mailbox_ids: Collection[MailboxId]) -> list[EnvelopeId]:
        """All messages in these mailboxes that belong to the conversations of some messages."""
        shown = ",".join(str(int(one)) for one in mailbox_ids)
        owners = self._owners()
        wanted = {
            (owners.get(mailbox_id), thread_id)
            for mailbox_id, thread_id in self._database.rows_of(
                "SELECT mailbox_id, thread_id FROM envelope WHERE id IN ({keys})", envelope_ids
            )
        }
        found = self._database.rows_of(
            "SELECT id, mailbox_id, thread_id FROM envelope"
            f" WHERE thread_id IN ({{keys}}) AND +mailbox_id IN ({shown})",
            {thread_id for _, thread_id in wanted},
        )
        return [EnvelopeId(row[0]) for row in found if (owners.get(row[1]), row[2]) in wanted]

    def _owners(self) -> dict[int, int | None]:
        """The account of each mailbox."""
        return dict(self._database.rows("SELECT id, account_id FROM mailbox"))

    def leads(self, envelope_id: EnvelopeId, mailbox_ids: Collection[MailboxId]) -> list[EnvelopeId]:
        """Messages of its conversation in these mailboxes, newest first: the first one in a view stands for it there.

        Mostly that is the first of all; not when two bear the same second and uid, or when one came just now.
        """
        found = self.within([envelope_id], mailbox_ids)
        rows = self._database.rows_of("SELECT place, id FROM envelope WHERE id IN ({keys})", found)
        return [EnvelopeId(row[1]) for row in sorted(rows, reverse=True)[:MOST_READ]]

    def open(self, envelope_id: EnvelopeId, mailbox_ids: Collection[MailboxId]) -> list[Branch]:
        """A conversation as a tree, its first message first."""
        ids = self.ids(envelope_id, mailbox_ids)
        told = {row[0]: Told(*row) for row in self._database.rows_of(
            "SELECT id, message_id, in_reply_to, message_references FROM header WHERE id IN ({keys})", ids
        )}
        return tree([told.get(one, Told(one, "", "", "")) for one in ids])


def tree(messages: Sequence[Told]) -> list[Branch]:
    """Each message below the one it answers, in the order of their dates; those that answer none stay on top.

    A loop, or a message that answers itself, is cut where its oldest message is.

    >>> tree([Told(1, "<a>", "", ""), Told(2, "<b>", "<a>", ""), Told(3, "<c>", "", "<x> <a>")])
    [Branch(id=1, depth=0), Branch(id=2, depth=1), Branch(id=3, depth=1)]
    """
    by_id = {one.message_id: one.id for one in reversed(messages) if one.message_id}
    above: dict[EnvelopeId, EnvelopeId] = {}
    for one in messages:
        parent = next((by_id[name] for name in _answered(one) if name in by_id), None)
        if parent is not None and not _is_above(one.id, parent, above):
            above[one.id] = parent
    below: dict[EnvelopeId | None, list[EnvelopeId]] = {}
    for one in messages:
        below.setdefault(above.get(one.id), []).append(one.id)
    found: list[Branch] = []
    waiting = [(one, 0) for one in reversed(below.get(None, []))]
    while waiting:
        one_id, depth = waiting.pop()
        # What answers nothing that is here stands below the first one, as a part of the whole.
        found.append(Branch(one_id, min(DEEPEST, depth if depth or not found else 1)))
        waiting += [(child, depth + 1) for child in reversed(below.get(one_id, []))]
    return found


def _answered(one: Told) -> Iterable[str]:
    """The ids that it may answer, the likeliest first."""
    return (*one.in_reply_to.split()[:1], *reversed(one.references.split()[-20:]))


def _is_above(one: EnvelopeId, other: EnvelopeId | None, above: dict[EnvelopeId, EnvelopeId]) -> bool:
    """Whether `other` lies below `one` already, or is it."""
    while other is not None:
        if other == one:
            return True
        other = above.get(other)
    return False


def _line(lead: Row, members: Sequence[_Member]) -> Row:
    """The line of a conversation; that of its only message is the message's own."""
    if len(members) < 2:
        return lead
    flags = lead.flags | Flag.SEEN
    unread, names = 0, dict[str, None]()
    for one in members:
        is_own = one.role == "sent" or one.sender.casefold() == one.address.casefold()
        names.setdefault("" if is_own else one.sender)
        if not one.flags & Flag.SEEN:
            unread += 1
        flags |= one.flags & Flag.FLAGGED
    if unread:
        flags &= ~Flag.SEEN
    shown = tuple(names)
    if len(shown) > MOST_NAMES:
        shown = (*shown[:1], *shown[1 - MOST_NAMES :])
    return lead._replace(
        flags=flags,
        has_attachments=any(one.has_attachments == 1 for one in members),
        thread=Thread(len(members), unread, shown),
    )
