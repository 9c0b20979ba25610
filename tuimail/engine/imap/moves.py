"""Messages moved on a server: by MOVE, or by copy and removal where there is none.

A move is only taken for done when the server said where the message is now, or when it is
no longer where it was. An original is only removed when its copy was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from tuimail.engine.imap import doubt
from tuimail.engine.imap.batches import pieces_of
from tuimail.engine.imap.errand import ATTEMPTS, MAX_WORDS, Errand, reason_of, uid_of, untold
from tuimail.engine.imap.ground import Ground
from tuimail.errors import ServerRefused
from tuimail.mime.clean import clean_line
from tuimail.model import Mailbox, PendingId
from tuimail.net.imap.session import Copied, compress_uids
from tuimail.store.acting.pending import Begun, Done1


class _Unseen(Exception):
    """Copies were made, and the mailbox that they went to cannot be opened just now: the next run looks for them."""


class Moves:
    """Carries out the moves of one errand."""

    def __init__(self, ground: Ground, errand: Errand) -> None:
        self._ground = ground
        self._session = ground.session
        self._store = ground.store
        self._errand = errand

    def move(self, source: Mailbox) -> None:
        """Move what is open out of `source`, which is selected."""
        to = self._ground.mailbox(self._errand.change.to)
        if to.id == source.id:
            here = self._errand.open.items()
            self._errand.done([Done1(one, uid_of(action), action.target.uid_validity) for one, action in here])
            return
        if begun := self._errand.begun():
            self._settle_moves(source, to, begun)
        with suppress(_Unseen):
            for _ in range(ATTEMPTS):
                if self._errand.open:
                    self._move_open(source, to)

    def _move_open(self, source: Mailbox, to: Mailbox) -> None:
        """One attempt: what the server passes over, although it is there, stays open."""
        if not self._has_move:
            self._ground.try_marking(source, self._errand.uids())
        self._errand.begin(list(self._errand.open), to)
        by_uid: dict[int, list[PendingId]] = {}
        for pending_id, action in self._errand.open.items():
            by_uid.setdefault(uid_of(action), []).append(pending_id)
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
            return self._errand.creating(to, lambda name: self._session.move(wanted, name)), False
        copied = self._errand.creating(to, lambda name: self._session.copy(wanted, name))
        copied = copied or self._find_copies(source, to, uids)
        if copied is None:
            return None, not self._ground.remove(uids)
        # Never more than what was copied: Dovecot passes over messages while another session looks into its Maildir.
        return copied, bool(copied.source) and not self._remove_or_take_back(source, copied, to)

    def _find_copies(self, source: Mailbox, to: Mailbox, uids: Sequence[int]) -> Copied | None:
        """Copies of these messages, where the server does not tell (RFC 4315); None when they cannot be told apart."""
        wanted = set(uids)
        waiting = [(one, action) for one, action in self._errand.open.items() if uid_of(action) in wanted]
        begun = self._store.pending.begun([one for one, _ in waiting])
        try:
            arrived = doubt.find_arrived(self._ground, to, waiting, begun)
        except ServerRefused as exc:
            self._ground.select(source)
            raise _Unseen from exc
        self._ground.select(source)
        if doubt.lowest_uid(begun.values(), arrived.uid_validity) is None:
            return None
        pairs = sorted((uid_of(self._errand.open[one]), uid) for one, uid in arrived.uids.items())
        return Copied(arrived.uid_validity, [uid for uid, _ in pairs], [uid for _, uid in pairs])

    def _settle_moves(self, source: Mailbox, to: Mailbox, begun: Mapping[PendingId, Begun]) -> None:
        """Bring moves to their end that were interrupted; those that had not begun on the server stay open."""
        try:
            arrived = doubt.find_arrived(self._ground, to, [(one, self._errand.open[one]) for one in begun], begun)
        except ServerRefused as exc:
            self._ground.select(source)
            there = clean_line(to.name, MAX_WORDS)
            self._errand.fail(list(begun), f"{reason_of(exc)}; there may be a copy in {there}, which cannot be opened")
            return
        self._ground.select(source)
        present = self._ground.present(self._errand.uids(begun))
        finish = [one for one in arrived.uids if uid_of(self._errand.open[one]) in present]
        left = finish if finish and not self._ground.remove(self._errand.uids(finish)) else []
        done = []
        for pending_id in begun:
            uid = arrived.uids.get(pending_id)
            if uid is not None:
                done.append(Done1(pending_id, uid, arrived.uid_validity))
            elif uid_of(self._errand.open[pending_id]) not in present:
                done.append(untold(pending_id))  # moved to where we do not see it, or somebody else took it away
                self._errand.to_look_at.add(to.id)
        self._errand.done(done, left)

    def _moved(self, ids: Sequence[PendingId], to: Mailbox, copied: Copied | None, *, left: bool = False) -> None:
        places = dict(zip(copied.source, copied.target, strict=True)) if copied is not None else {}
        uid_validity = copied.uid_validity if copied is not None else None
        silent = [uid_of(self._errand.open[one]) for one in ids if uid_of(self._errand.open[one]) not in places]
        is_trusted = copied is None and not self._has_move
        passed_over = set() if is_trusted else self._ground.present(silent)
        done = []
        for pending_id in ids:
            uid_before = uid_of(self._errand.open[pending_id])
            if uid_before in places:
                done.append(Done1(pending_id, places[uid_before], uid_validity))
            elif uid_before not in passed_over:
                done.append(untold(pending_id))
                self._errand.to_look_at.add(to.id)
        self._errand.done(done, [one.pending_id for one in done if one.uid is not None or is_trusted] if left else ())

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
