"""Waiting actions are told to the server (design: act offline).

An action names its message by uid and uid_validity. Before it runs, both are compared
with the mailbox as it is now; when the server renumbered, the row's own new uid counts,
and only while the Message-ID is the same. What the server refuses is dropped from
`pending`, which rolls it back, and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tuimail.actions import Action, SetFlags, describe
from tuimail.engine.desk import Desk
from tuimail.engine.protocol import ActionRefused, MailboxChanged, StatusChanged
from tuimail.errors import ServerRefused
from tuimail.mime.clean import clean_line
from tuimail.model import FLAG_NAMES, Envelope, Flag, Mailbox, MailboxId, PendingId, Uid
from tuimail.net.imap import ImapSession, compress_uids
from tuimail.store import Store

MAX_UIDS: int = 500

_WIRE_NAMES = {
    Flag.SEEN: "\\Seen",
    Flag.ANSWERED: "\\Answered",
    Flag.FLAGGED: "\\Flagged",
    Flag.DELETED: "\\Deleted",
    Flag.DRAFT: "\\Draft",
}
assert len(_WIRE_NAMES) == len(FLAG_NAMES)  # noqa: S101 - two spellings of one table


class Change(NamedTuple):
    """What is the same for a whole batch."""

    mailbox_id: MailboxId
    add: tuple[str, ...]
    remove: tuple[str, ...]


class Batch(NamedTuple):
    """Neighbouring actions that ask for the same change."""

    change: Change
    waiting: list[tuple[PendingId, SetFlags]]


def change_of(action: SetFlags) -> Change:
    """The flags of an action by their wire names."""

    def names(bits: int, keywords: Iterable[str]) -> tuple[str, ...]:
        return (*(name for flag, name in _WIRE_NAMES.items() if bits & flag), *sorted(keywords))

    return Change(
        action.target.mailbox_id,
        names(action.add, action.add_keywords),
        names(action.remove, action.remove_keywords),
    )


def batches(due: Sequence[tuple[PendingId, Action]]) -> list[Batch]:
    """Actions in batches of one change, none larger than `MAX_UIDS`.

    An action joins an earlier batch of the same change unless a later one is about the
    same message: the order of changes to one message is kept.
    """
    made: list[Batch] = []
    last_for: dict[int, int] = {}
    for pending_id, action in due:
        if not isinstance(action, SetFlags):
            continue
        change = change_of(action)
        earliest = last_for.get(action.target.envelope_id, 0)
        for number in range(len(made) - 1, earliest - 1, -1):
            if made[number].change == change and len(made[number].waiting) < MAX_UIDS:
                break
        else:
            number = len(made)
            made.append(Batch(change, []))
        made[number].waiting.append((pending_id, action))
        last_for[action.target.envelope_id] = number
    return made


class Replay:
    """Tells waiting actions over a session that is logged in."""

    def __init__(self, session: ImapSession, store: Store, desk: Desk) -> None:
        self._session = session
        self._store = store
        self._desk = desk
        self.selected: tuple[MailboxId, int] | None = None
        """The mailbox that is selected for changes, and its uid_validity; kept by whoever selects another."""

    def run(self) -> int:
        """Tell everything that waits; how many actions were settled.

        A ConnectionProblem leaves the rest waiting, and so does a mailbox that must be synced first.
        """
        total = 0
        while due := self._store.pending.due(self._desk.name):
            settled = sum(self._tell(batch) for batch in batches(due))
            total += settled
            if settled:
                self._desk.tell(StatusChanged(self._desk.name))
            else:
                break
        return total

    def _tell(self, batch: Batch) -> int:
        """How many actions were settled, by a yes or a no; 0 when they must wait for a sync."""
        mailbox = self._store.mailboxes.get(batch.change.mailbox_id)
        ids = [pending_id for pending_id, _ in batch.waiting]
        if mailbox is None:
            self._refuse(batch, ids, "the mailbox is gone")
            return len(ids)
        try:
            uid_validity = self._select(mailbox)
            if self._store.mailboxes.sync_point(mailbox.id).uid_validity != uid_validity:
                return 0  # The server renumbered: the rows must find their new uids first.
            uids = self._valid_uids(batch, uid_validity)
            if uids:
                self._store_flags(batch.change, uids)
        except ServerRefused as exc:
            self._refuse(batch, ids, f"the server says: {clean_line(exc.words, 200)}" if exc.words else exc.sentence)
            return len(ids)
        with self._store.transaction():
            self._store.pending.done(ids)
        self._desk.tell(MailboxChanged(mailbox.id))
        return len(ids)

    def _select(self, mailbox: Mailbox) -> int:
        """Select the mailbox unless it is; its uid_validity."""
        if self.selected is None or self.selected[0] != mailbox.id:
            self.selected = None
            self.selected = (mailbox.id, self._session.select(mailbox.name).uid_validity)
        return self.selected[1]

    def _store_flags(self, change: Change, uids: Sequence[int]) -> None:
        """STORE, then the answer (or what was asked for, where it is silent) as the server's flags."""
        wanted = compress_uids(uids)
        told = {}
        if change.add:
            told.update({one.uid: one for one in self._session.store_flags(wanted, add=change.add)})
        if change.remove:
            told.update({one.uid: one for one in self._session.store_flags(wanted, remove=change.remove)})
        # RFC 9051 6.4.6: without .SILENT the new value is told, but a FETCH may be missing, or lack its uid.
        if any(uid not in told for uid in uids):
            told.update({one.uid: one for one in self._session.fetch_flags(wanted).changed})
        changes = [(one.uid, one.flags, one.keywords, one.modseq) for one in told.values() if one.uid in set(uids)]
        with self._store.transaction():
            self._store.envelopes.set_flags(change.mailbox_id, changes)

    def _valid_uids(self, batch: Batch, uid_validity: int | None) -> list[Uid]:
        """The uids that still name the messages the actions were about."""
        uids = []
        for _, action in batch.waiting:
            target = action.target
            if target.uid is not None and target.uid_validity == uid_validity:
                uids.append(target.uid)
                continue
            envelope = self._store.envelopes.envelope(target.envelope_id)
            if envelope is not None and _is_same(envelope, target.message_id, uid_validity):
                assert envelope.uid is not None  # noqa: S101 - _is_same looked
                uids.append(envelope.uid)
        return sorted(set(uids))

    def _refuse(self, batch: Batch, ids: Sequence[PendingId], why: str) -> None:
        action = batch.waiting[0][1]
        count = len(batch.waiting)
        whom = "A message" if count == 1 else f"{count} messages"
        sentence = f"{whom} could not be changed ({describe(action)}): {why}."
        with self._store.transaction():
            self._store.pending.refuse(ids, sentence)
        self._desk.log.write("action.refused", mailbox=batch.change.mailbox_id, count=count)
        self._desk.tell(ActionRefused(self._desk.name, batch.change.mailbox_id, sentence))
        self._desk.tell(MailboxChanged(batch.change.mailbox_id))


def _is_same(envelope: Envelope, message_id: str, uid_validity: int | None) -> bool:
    return (
        envelope.uid is not None
        and envelope.uid_validity == uid_validity
        and bool(message_id)
        and envelope.message_id == message_id
    )
