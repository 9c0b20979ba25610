"""One command about messages told to a server: flags, copy, expunge, append; moves are in `moves`.

Every uid is used under the uid_validity it was learned with. A command that would do harm
when it is done twice (it puts messages somewhere) is written down before it goes out, and
after an interruption its state is looked up first (`doubt`). What the server did is written
down at once. A refusal is raised as ServerRefused, with what was done before it kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuimail.actions import Append
from tuimail.engine.imap import doubt
from tuimail.engine.imap.batches import Batch, Verb, wire_flags
from tuimail.engine.imap.errand import ATTEMPTS, GONE, Errand, uid_of, untold
from tuimail.engine.imap.ground import Ground
from tuimail.engine.imap.moves import Moves
from tuimail.engine.imap.sync import incoming
from tuimail.engine.protocol import MailboxChanged, Progress
from tuimail.errors import ServerRefused, TooLarge
from tuimail.model import Mailbox, PendingId, Role
from tuimail.net.imap.session import compress_uids
from tuimail.store.acting.pending import Done1
from tuimail.store.envelopes import Incoming

SHOWN_OCTETS: Final = 1 << 20
"""Of larger messages it is shown how far they are on their way up."""


class Telling:
    """Tells one errand."""

    def __init__(self, ground: Ground, errand: Errand) -> None:
        self._ground = ground
        self._session = ground.session
        self._store = ground.store
        self._errand = errand

    def tell(self) -> bool:
        """Tell it; False when a mailbox must be synced first. Raises ServerRefused, ConnectionProblem."""
        mailbox = self._ground.mailbox(self._errand.change.mailbox_id)
        if self._errand.change.verb is Verb.APPEND:
            self._append(mailbox)
            return True
        if not self._enter(mailbox):
            return False
        match self._errand.change.verb:
            case Verb.FLAG:
                self._flag(mailbox)
            case Verb.MOVE:
                Moves(self._ground, self._errand).move(mailbox)
            case Verb.COPY:
                self._copy(mailbox)
            case Verb.EXPUNGE:
                self._expunge()
        return True

    def _enter(self, mailbox: Mailbox) -> bool:
        """Have the mailbox selected; False when the uids that are known here do not count in it (any more)."""
        uid_validity = self._ground.select(mailbox)
        known = self._store.mailboxes.sync_point(mailbox.id).uid_validity
        if known != uid_validity or any(one.target.uid_validity != uid_validity for one in self._errand.open.values()):
            return False
        if not uid_validity:  # the server promises nothing about its uids: look whom they mean now
            self._drop_strangers()
        return True

    def _drop_strangers(self) -> None:
        there = {one.uid: one.message_id for one in self._session_headers(self._errand.uids())}
        strangers = [
            pending_id for pending_id, action in self._errand.open.items()
            if not action.target.message_id or there.get(uid_of(action)) != action.target.message_id
        ]  # fmt: skip
        self._errand.fail(strangers, GONE)

    def _session_headers(self, uids: Sequence[int]) -> list[Incoming]:
        if not uids:
            return []
        return [incoming(header) for header in self._session.fetch_headers(compress_uids(uids))]

    # --- flags --------------------------------------------------------------------

    def _flag(self, mailbox: Mailbox) -> None:
        """STORE, then the answer (or what was asked for, where it is silent) as the server's flags."""
        uids = self._errand.uids()
        if uids:
            wanted = compress_uids(uids)
            told = {}
            for add, remove in ((self._errand.change.add, ()), ((), self._errand.change.remove)):
                if add or remove:
                    told.update({one.uid: one for one in self._session.store_flags(wanted, add=add, remove=remove)})
            # RFC 9051 6.4.6: without .SILENT the new value is told, but a FETCH may be missing, or lack its uid.
            if any(uid not in told for uid in uids):
                told.update({one.uid: one for one in self._session.fetch_flags(wanted).changed})
            asked = set(uids)
            changes = [(one.uid, one.flags, one.keywords, one.modseq) for one in told.values() if one.uid in asked]
            with self._store.transaction():
                self._store.envelopes.set_flags(mailbox.id, changes)
        self._errand.done([untold(pending_id) for pending_id in self._errand.open])

    # --- copying --------------------------------------------------------------------

    def _copy(self, source: Mailbox) -> None:
        to = self._ground.mailbox(self._errand.change.to)
        if begun := self._errand.begun():
            arrived = doubt.find_arrived(self._ground, to, [(one, self._errand.open[one]) for one in begun], begun)
            self._errand.done([Done1(one, uid, arrived.uid_validity) for one, uid in arrived.uids.items()])
            self._ground.select(source)
            self._drop_absent()
        if not self._errand.open:
            return
        for _ in range(ATTEMPTS):
            if self._errand.open:
                self._copy_open(to)

    def _copy_open(self, to: Mailbox) -> None:
        """One attempt: what the server passes over, although it is there, stays open."""
        self._errand.begin(list(self._errand.open), to)
        try:
            uids = compress_uids(self._errand.uids())
            copied = self._errand.creating(to, lambda name: self._session.copy(uids, name))
        except ServerRefused:
            # RFC 5530 EXPUNGEISSUED, or without a code: a single message that is gone keeps the others here.
            if not self._drop_absent() or not self._errand.open:
                raise
            copied = self._session.copy(compress_uids(self._errand.uids()), self._ground.name(to))
        if copied is None:
            self._errand.to_look_at.add(to.id)
            self._errand.done([untold(one) for one in self._errand.open])
            return
        places = dict(zip(copied.source, copied.target, strict=True))
        found = [(one, places[uid_of(action)]) for one, action in self._errand.open.items() if uid_of(action) in places]
        self._errand.done([Done1(one, uid, copied.uid_validity) for one, uid in found])
        if self._errand.open:
            self._drop_absent()

    def _drop_absent(self) -> int:
        """Fail what is about messages that are no longer in the selected mailbox; how many."""
        present = self._ground.present(self._errand.uids())
        absent = [one for one, action in self._errand.open.items() if uid_of(action) not in present]
        self._errand.fail(absent, GONE)
        return len(absent)

    # --- removing ---------------------------------------------------------------------

    def _expunge(self) -> None:
        ids = list(self._errand.open)
        left = ids if ids and not self._ground.remove(self._errand.uids(), or_unmark=True) else []
        self._errand.done([untold(pending_id) for pending_id in ids], left)

    # --- appending --------------------------------------------------------------------

    def _append(self, mailbox: Mailbox) -> None:
        ((pending_id, action),) = self._errand.open.items()
        assert isinstance(action, Append)  # noqa: S101 - the verb said so
        if not action.target.envelope_id:
            self._errand.to_look_at.add(mailbox.id)  # nothing shows it yet
        if self._is_there(mailbox, pending_id, action):
            return
        raw = self._store.raws.read(action.raw)
        limit = self._session.append_limit
        if limit is not None and len(raw) > limit:
            raise TooLarge(f"it has {len(raw):,} octets, and the server takes {limit:,} at most")
        self._errand.begin([pending_id], mailbox)
        appended = self._errand.creating(mailbox, lambda name: self._session.append(
            name, raw, flags=wire_flags(action.flags, action.keywords), received_at=action.received_at,
            sent=lambda octets: self._show_progress(mailbox, octets, len(raw)),
        ))
        if appended is None:
            self._errand.to_look_at.add(mailbox.id)
            self._errand.done([untold(pending_id)])
        else:
            self._errand.done([Done1(pending_id, appended.uid, appended.uid_validity)])

    def _is_there(self, mailbox: Mailbox, pending_id: PendingId, action: Append) -> bool:
        """Whether the message is in the mailbox already: told before a cut, or, of sent mail, filed by the server."""
        if begun := self._errand.begun():
            arrived = doubt.find_arrived(self._ground, mailbox, [(pending_id, action)], begun)
            self._errand.done([Done1(one, uid, arrived.uid_validity) for one, uid in arrived.uids.items()])
        elif mailbox.role is Role.SENT and action.target.message_id:
            selected = doubt.look_into(self._ground, mailbox)
            if uids := doubt.with_message_id(self._ground, action.target.message_id):
                self._errand.done([Done1(pending_id, uids[-1], selected.uid_validity)])
        return not self._errand.open

    def _show_progress(self, mailbox: Mailbox, octets: int, total: int) -> None:
        if total >= SHOWN_OCTETS:
            desk = self._ground.desk
            desk.tell(Progress(desk.name, mailbox.id, "upload", octets, total))


def changed_mailboxes(batch: Batch) -> list[MailboxChanged]:
    """Notices of what a batch changed."""
    return [MailboxChanged(one) for one in (batch.change.mailbox_id, batch.change.to) if one is not None]
