"""One command about messages told to a server: flags, move, copy, expunge, append.

Every uid is used under the uid_validity it was learned with. A command that would do harm
when it is done twice (it puts messages somewhere) is written down before it goes out, and
after an interruption its state is looked up first (`doubt`). What the server did is written
down at once. A refusal is raised as ServerRefused, with what was done before it kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from tuimail.actions import Append, MessageAction
from tuimail.engine.imap import doubt
from tuimail.engine.imap.batches import Batch, Verb, pieces_of, wire_flags
from tuimail.engine.imap.ground import Ground
from tuimail.engine.imap.sync import incoming
from tuimail.engine.protocol import MailboxChanged, Progress
from tuimail.errors import ServerRefused, TooLarge, Vanished
from tuimail.model import Mailbox, MailboxId, PendingId, Role
from tuimail.net.imap import Copied, compress_uids
from tuimail.store.envelopes import Incoming
from tuimail.store.pending import Begun, Done1

GONE: Final = "the message is no longer on the server"
ATTEMPTS: Final = 3
"""At messages that a server passed over without a word."""
SHOWN_OCTETS: Final = 1 << 20
"""Of larger messages it is shown how far they are on their way up."""

_Answer = TypeVar("_Answer")


class Telling:
    """Tells one batch; afterwards `open` holds what is neither done nor failed."""

    def __init__(self, ground: Ground, batch: Batch) -> None:
        self._ground = ground
        self._session = ground.session
        self._store = ground.store
        self._change = batch.change
        self.open = dict(batch.waiting)
        self.settled = 0
        self.failed: dict[str, list[PendingId]] = {}
        """By the reason why."""
        self.stay_marked = 0
        r"""Messages that the server cannot remove: they are marked as \Deleted there, and hidden here."""
        self.to_look_at: set[MailboxId] = set()
        """Mailboxes in which messages are whose uid was not told."""

    def tell(self) -> bool:
        """Tell it; False when a mailbox must be synced first. Raises ServerRefused, ConnectionProblem."""
        mailbox = self._ground.mailbox(self._change.mailbox_id)
        if self._change.verb is Verb.APPEND:
            self._append(mailbox)
            return True
        if not self._enter(mailbox):
            return False
        match self._change.verb:
            case Verb.FLAG:
                self._flag(mailbox)
            case Verb.MOVE:
                self._move(mailbox)
            case Verb.COPY:
                self._copy(mailbox)
            case Verb.EXPUNGE:
                self._expunge()
        return True

    # --- what all need ------------------------------------------------------------

    def _enter(self, mailbox: Mailbox) -> bool:
        """Have the mailbox selected; False when the uids that are known here do not count in it (any more)."""
        uid_validity = self._ground.select(mailbox)
        known = self._store.mailboxes.sync_point(mailbox.id).uid_validity
        if known != uid_validity or any(one.target.uid_validity != uid_validity for one in self.open.values()):
            return False
        if not uid_validity:  # the server promises nothing about its uids: look whom they mean now
            self._drop_strangers()
        return True

    def _drop_strangers(self) -> None:
        there = {one.uid: one.message_id for one in self._session_headers(self._uids())}
        strangers = [
            pending_id for pending_id, action in self.open.items()
            if not action.target.message_id or there.get(_uid(action)) != action.target.message_id
        ]  # fmt: skip
        self._fail(strangers, GONE)

    def _session_headers(self, uids: Sequence[int]) -> list[Incoming]:
        if not uids:
            return []
        return [incoming(header) for header in self._session.fetch_headers(compress_uids(uids))]

    def _uids(self, ids: Iterable[PendingId] | None = None) -> list[int]:
        """Of what is still open, or of these actions, each once, rising."""
        return sorted({_uid(self.open[pending_id]) for pending_id in (self.open if ids is None else ids)})

    def _done(self, results: Sequence[Done1], left: Sequence[PendingId] = ()) -> None:
        r"""The server did these. `left`: those whose message stays where it was, marked as \Deleted."""
        if not results:
            return
        ids = [result.pending_id for result in results]
        self._store.pending.done(ids, results, left=left)
        for pending_id in ids:
            del self.open[pending_id]
        self.stay_marked += len(left)
        self.settled += len(ids)

    def _fail(self, ids: Sequence[PendingId], why: str) -> None:
        """They are refused, with `why`; whoever runs the replay says it."""
        if not ids:
            return
        for pending_id in ids:
            del self.open[pending_id]
        self.failed.setdefault(why, []).extend(ids)

    def _begin(self, ids: Sequence[PendingId], to: Mailbox) -> None:
        edge = self._ground.edge(to)
        self._store.pending.begin(ids, edge.uid_validity, edge.uid_next)

    def _begun(self) -> dict[PendingId, Begun]:
        return dict(self._store.pending.begun(list(self.open)))

    def _creating(self, to: Mailbox, command: Callable[[str], _Answer]) -> _Answer:
        """The command's answer; a mailbox that the server wants to be made first is made, once."""
        name = self._ground.name(to)
        try:
            return command(name)
        except ServerRefused as exc:
            if exc.code != "TRYCREATE":
                raise
            self._ground.create(name)
            self._begin(list(self.open), to)
            return command(name)

    # --- flags --------------------------------------------------------------------

    def _flag(self, mailbox: Mailbox) -> None:
        """STORE, then the answer (or what was asked for, where it is silent) as the server's flags."""
        uids = self._uids()
        if uids:
            wanted = compress_uids(uids)
            told = {}
            for add, remove in ((self._change.add, ()), ((), self._change.remove)):
                if add or remove:
                    told.update({one.uid: one for one in self._session.store_flags(wanted, add=add, remove=remove)})
            # RFC 9051 6.4.6: without .SILENT the new value is told, but a FETCH may be missing, or lack its uid.
            if any(uid not in told for uid in uids):
                told.update({one.uid: one for one in self._session.fetch_flags(wanted).changed})
            asked = set(uids)
            changes = [(one.uid, one.flags, one.keywords, one.modseq) for one in told.values() if one.uid in asked]
            with self._store.transaction():
                self._store.envelopes.set_flags(mailbox.id, changes)
        self._done([_done(pending_id) for pending_id in self.open])

    # --- moving ---------------------------------------------------------------------

    def _move(self, source: Mailbox) -> None:
        to = self._ground.mailbox(self._change.to)
        if to.id == source.id:
            self._done([Done1(one, _uid(action), action.target.uid_validity) for one, action in self.open.items()])
            return
        if begun := self._begun():
            self._settle_moves(source, to, begun)
        for _ in range(ATTEMPTS):
            if self.open:
                self._move_open(source, to)

    def _move_open(self, source: Mailbox, to: Mailbox) -> None:
        """One attempt: what the server passes over, although it is there, stays open."""
        if not self._has_move:
            self._ground.try_marking(source, self._uids())
        self._begin(list(self.open), to)
        by_uid: dict[int, list[PendingId]] = {}
        for pending_id, action in self.open.items():
            by_uid.setdefault(_uid(action), []).append(pending_id)
        told: list[tuple[list[int], Copied | None, bool]] = []
        try:
            for uids in pieces_of(by_uid):
                told.append((uids, *self._move_piece(source, to, uids)))  # noqa: PERF401 - kept when one is refused
        finally:  # also what went well before a refusal; after a cut it is looked up
            if self._session.alive:
                for uids, copied, left in told:
                    self._moved([one for uid in uids for one in by_uid[uid]], to, copied, left=left)

    @property
    def _has_move(self) -> bool:
        return self._session.has("MOVE") or self._session.has("IMAP4REV2")

    def _move_piece(self, source: Mailbox, to: Mailbox, uids: Sequence[int]) -> tuple[Copied | None, bool]:
        r"""Move messages: where they are, as far as that is known, and whether they stay, marked as \Deleted."""
        wanted = compress_uids(uids)
        if self._has_move:
            return self._creating(to, lambda name: self._session.move(wanted, name)), False
        copied = self._creating(to, lambda name: self._session.copy(wanted, name))
        copied = copied or self._find_copies(source, to, uids)
        if copied is None:
            return None, not self._ground.remove(uids)
        # Never more than what was copied: Dovecot passes over messages while another session looks into its Maildir.
        return copied, bool(copied.source) and not self._remove_or_take_back(source, copied, to)

    def _find_copies(self, source: Mailbox, to: Mailbox, uids: Sequence[int]) -> Copied | None:
        """Copies of these messages, where the server does not tell (RFC 4315); None when they cannot be told apart."""
        wanted = set(uids)
        waiting = [(one, action) for one, action in self.open.items() if _uid(action) in wanted]
        begun = self._store.pending.begun([one for one, _ in waiting])
        arrived = doubt.find_arrived(self._ground, to, waiting, begun)
        self._ground.select(source)
        if doubt.lowest_uid(begun.values(), arrived.uid_validity) is None:
            return None
        pairs = sorted((_uid(self.open[one]), uid) for one, uid in arrived.uids.items())
        return Copied(arrived.uid_validity, [uid for uid, _ in pairs], [uid for _, uid in pairs])

    def _settle_moves(self, source: Mailbox, to: Mailbox, begun: Mapping[PendingId, Begun]) -> None:
        """Bring moves to their end that were interrupted; those that had not begun on the server stay open."""
        arrived = doubt.find_arrived(self._ground, to, [(one, self.open[one]) for one in begun], begun)
        self._ground.select(source)
        present = self._ground.present(self._uids(begun))
        finish = [one for one in arrived.uids if _uid(self.open[one]) in present]
        left = finish if finish and not self._ground.remove(self._uids(finish)) else []
        done = []
        for pending_id in begun:
            uid = arrived.uids.get(pending_id)
            if uid is not None:
                done.append(Done1(pending_id, uid, arrived.uid_validity))
            elif _uid(self.open[pending_id]) not in present:
                done.append(_done(pending_id))  # moved to where we do not see it, or somebody else took it away
                self.to_look_at.add(to.id)
        self._done(done, left)

    def _moved(self, ids: Sequence[PendingId], to: Mailbox, copied: Copied | None, *, left: bool = False) -> None:
        places = dict(zip(copied.source, copied.target, strict=True)) if copied is not None else {}
        uid_validity = copied.uid_validity if copied is not None else None
        untold = [_uid(self.open[one]) for one in ids if _uid(self.open[one]) not in places]
        is_trusted = copied is None and not self._has_move
        passed_over = set() if is_trusted else self._ground.present(untold)
        done = []
        for pending_id in ids:
            uid_before = _uid(self.open[pending_id])
            if uid_before in places:
                done.append(Done1(pending_id, places[uid_before], uid_validity))
            elif uid_before not in passed_over:
                done.append(_done(pending_id))
                self.to_look_at.add(to.id)
        self._done(done, [one.pending_id for one in done if one.uid is not None or is_trusted] if left else ())

    def _remove_or_take_back(self, source: Mailbox, copied: Copied, to: Mailbox) -> bool:
        r"""The second half of a move by copy; False when the originals stay, marked as \Deleted.

        When they cannot even be marked, the copies go again, and the refusal is raised.
        """
        try:
            return self._ground.remove(copied.source)
        except ServerRefused:
            self._take_back(copied, to)
            self._ground.select(source)
            raise

    def _take_back(self, copied: Copied, to: Mailbox) -> None:
        try:
            if self._ground.select(to) == copied.uid_validity:
                self._ground.remove(copied.target)
        except ServerRefused:
            return  # then there are two, and the sentence about the refusal says what was asked

    # --- copying --------------------------------------------------------------------

    def _copy(self, source: Mailbox) -> None:
        to = self._ground.mailbox(self._change.to)
        if begun := self._begun():
            arrived = doubt.find_arrived(self._ground, to, [(one, self.open[one]) for one in begun], begun)
            self._done([Done1(one, uid, arrived.uid_validity) for one, uid in arrived.uids.items()])
            self._ground.select(source)
            self._drop_absent()
        if not self.open:
            return
        for _ in range(ATTEMPTS):
            if self.open:
                self._copy_open(to)

    def _copy_open(self, to: Mailbox) -> None:
        """One attempt: what the server passes over, although it is there, stays open."""
        self._begin(list(self.open), to)
        try:
            copied = self._creating(to, lambda name: self._session.copy(compress_uids(self._uids()), name))
        except ServerRefused:
            # RFC 5530 EXPUNGEISSUED, or without a code: a single message that is gone keeps the others here.
            if not self._drop_absent() or not self.open:
                raise
            copied = self._session.copy(compress_uids(self._uids()), self._ground.name(to))
        if copied is None:
            self.to_look_at.add(to.id)
            self._done([_done(one) for one in self.open])
            return
        places = dict(zip(copied.source, copied.target, strict=True))
        found = [(one, places[_uid(action)]) for one, action in self.open.items() if _uid(action) in places]
        self._done([Done1(one, uid, copied.uid_validity) for one, uid in found])
        if self.open:
            self._drop_absent()

    def _drop_absent(self) -> int:
        """Fail what is about messages that are no longer in the selected mailbox; how many."""
        present = self._ground.present(self._uids())
        absent = [one for one, action in self.open.items() if _uid(action) not in present]
        self._fail(absent, GONE)
        return len(absent)

    # --- removing ---------------------------------------------------------------------

    def _expunge(self) -> None:
        ids = list(self.open)
        left = ids if ids and not self._ground.remove(self._uids(), or_unmark=True) else []
        self._done([_done(pending_id) for pending_id in ids], left)

    # --- appending --------------------------------------------------------------------

    def _append(self, mailbox: Mailbox) -> None:
        ((pending_id, action),) = self.open.items()
        assert isinstance(action, Append)  # noqa: S101 - the verb said so
        if not action.target.envelope_id:
            self.to_look_at.add(mailbox.id)  # nothing shows it yet
        if self._is_there(mailbox, pending_id, action):
            return
        raw = self._store.raws.read(action.raw)
        limit = self._session.append_limit
        if limit is not None and len(raw) > limit:
            raise TooLarge(f"it has {len(raw):,} octets, and the server takes {limit:,} at most")
        self._begin([pending_id], mailbox)
        appended = self._creating(mailbox, lambda name: self._session.append(
            name, raw, flags=wire_flags(action.flags, action.keywords), received_at=action.received_at,
            sent=lambda octets: self._show_progress(mailbox, octets, len(raw)),
        ))
        if appended is None:
            self.to_look_at.add(mailbox.id)
            self._done([_done(pending_id)])
        else:
            self._done([Done1(pending_id, appended.uid, appended.uid_validity)])

    def _is_there(self, mailbox: Mailbox, pending_id: PendingId, action: Append) -> bool:
        """Whether the message is in the mailbox already: told before a cut, or, of sent mail, filed by the server."""
        if begun := self._begun():
            arrived = doubt.find_arrived(self._ground, mailbox, [(pending_id, action)], begun)
            self._done([Done1(one, uid, arrived.uid_validity) for one, uid in arrived.uids.items()])
        elif mailbox.role is Role.SENT and action.target.message_id:
            self._ground.selected = None
            selected = self._session.select(self._ground.name(mailbox), readonly=True)
            if uids := doubt.with_message_id(self._ground, action.target.message_id):
                self._done([Done1(pending_id, uids[-1], selected.uid_validity)])
        return not self.open

    def _show_progress(self, mailbox: Mailbox, octets: int, total: int) -> None:
        if total >= SHOWN_OCTETS:
            desk = self._ground.desk
            desk.tell(Progress(desk.name, mailbox.id, "upload", octets, total))


def _done(pending_id: PendingId) -> Done1:
    """Done, and nobody said where the message is."""
    return Done1(pending_id, None, None)


def _uid(action: MessageAction) -> int:
    uid = action.target.uid
    if uid is None:
        raise Vanished(GONE)
    return int(uid)


def changed_mailboxes(batch: Batch) -> list[MailboxChanged]:
    """Notices of what a batch changed."""
    return [MailboxChanged(one) for one in (batch.change.mailbox_id, batch.change.to) if one is not None]
