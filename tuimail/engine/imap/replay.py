"""Waiting actions are told to the server (design: act offline): in which order, how often, and what is said of it.

An action names its message by where the server has it: mailbox, uid_validity, uid. What
cannot be told yet (a message whose uid is not known, a mailbox that was renumbered) waits
for the next sync, and keeps nothing else waiting but what was asked of the same message.
What the server refuses is rolled back by the store, kept in the journal as failed, and told.
How one command goes is in `telling` and `mailbox_actions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from tuimail.actions import Action, Append, MailboxAction, MessageAction, describe
from tuimail.engine.desk import Desk
from tuimail.engine.imap import mailbox_actions
from tuimail.engine.imap.batches import Batch, batches, stretches
from tuimail.engine.imap.errand import Errand, reason_of
from tuimail.engine.imap.ground import Ground
from tuimail.engine.imap.setbacks import Setbacks
from tuimail.engine.imap.telling import Telling, changed_mailboxes
from tuimail.engine.patience import MOST_TRIES, pause_after
from tuimail.engine.protocol import ActionRefused, MailboxChanged, PendingChanged, StatusChanged, TreeChanged
from tuimail.errors import MessageProblem, ServerRefused, UsageError
from tuimail.model import MailboxId, PendingId
from tuimail.net.imap.session import ImapSession
from tuimail.store import Store

PAGE: Final = 10_000
LARGE_OCTETS: Final = 256 * 1024
"""A message of that size is put into a mailbox over a connection of its own, so that nothing waits behind it."""
LATER: Final = frozenset({"UNAVAILABLE", "INUSE"})
"""RFC 5530: not now, which is no refusal."""
LATER_S: Final = 60


class Share(Enum):
    """Which actions a replay tells."""

    SMALL = "small"
    """All but large messages that go to a mailbox."""
    LARGE = "large"
    """Only these."""


class Replay:
    """Tells waiting actions over a session that is logged in."""

    def __init__(
        self, session: ImapSession, store: Store, desk: Desk, setbacks: Setbacks | None = None,
        share: Share = Share.SMALL,
    ) -> None:
        self.ground = Ground(session, store, desk)
        self.share = share
        self.large_wait = False
        """Large messages wait that are not this replay's share."""
        self.to_look_at: set[MailboxId] = set()
        """Mailboxes in which messages are that a sync must find; whoever syncs takes them."""
        self.remark = ""
        """A sentence about what the server could not do as wished, until somebody takes it."""
        self._store = store
        self._desk = desk
        self._setbacks = setbacks or Setbacks()
        self._setbacks.came_back()
        self._stuck: set[PendingId] = set()
        """What could not be told in this run."""
        self._stubborn = False

    def run(self, *, stubborn: bool = False) -> int:
        """Tell everything that waits and can be told; how many actions were settled, by a yes or a no.

        A ConnectionProblem leaves the rest waiting. `stubborn`: try again, too, what has cost
        several connections; else that is left for the end of a round, so that mail still comes.
        """
        self._stubborn = stubborn
        self._stuck = set()
        self.large_wait = False
        total = 0
        self._store.deeds.finish()
        while True:
            due = self._store.pending.due(self._desk.name, PAGE + len(self._stuck))
            new = [(pending_id, action) for pending_id, action in due if pending_id not in self._stuck]
            if not new:
                return total
            for piece in stretches(new):
                told = self._tell_mailbox(*piece) if isinstance(piece, tuple) else self._tell_messages(piece)
                total += told
                if told:
                    self._desk.tell(PendingChanged(self._desk.name))
                    self._desk.tell(StatusChanged(self._desk.name))

    # --- messages -------------------------------------------------------------------

    def _tell_messages(self, stretch: Sequence[tuple[PendingId, MessageAction]]) -> int:
        mine = [(pending_id, action) for pending_id, action in stretch if self._is_mine(pending_id, action)]
        planned = batches(mine)
        self._stuck |= {pending_id for pending_id, _ in stretch} - {one for batch in planned for one in batch.ids}
        return sum(self._tell(batch) for batch in planned)

    def _is_mine(self, pending_id: PendingId, action: MessageAction) -> bool:
        """Whether it is this replay's to tell now."""
        is_large = isinstance(action, Append) and self._store.raws.size(action.raw) > LARGE_OCTETS
        if self.share is Share.LARGE:
            return is_large
        self.large_wait |= is_large
        return not is_large and not self._setbacks.avoids(pending_id, stubborn=self._stubborn)

    def _tell(self, batch: Batch) -> int:
        """How many actions were settled; 0 when they must wait."""
        if self._setbacks.hopeless(batch.ids):
            return self._refuse(batch.waiting, "the connection ended each time it was told to the server")
        errand = Errand(self.ground, batch)
        why = ""
        self._setbacks.begins(batch.ids)
        try:
            Telling(self.ground, errand).tell()
        except ServerRefused as exc:
            why = self._unless_later(exc, list(errand.open.items()))
        except (MessageProblem, UsageError) as exc:
            why = exc.sentence.rstrip(".")
        self._setbacks.ended(batch.ids)
        settled = self._take_up(batch, errand, why)
        self._stuck.update(() if why else errand.open)
        return settled

    def _unless_later(self, refused: ServerRefused, waiting: Sequence[tuple[PendingId, Action]]) -> str:
        """Why the server refused, for a sentence; empty when the actions are put off.

        That is so where it only asks for patience, and for copies of sent mail: a quota is cleared, a server
        mended, and until then this is the only copy.
        """
        why = reason_of(refused)
        ids = [pending_id for pending_id, _ in waiting]
        pause_s = LATER_S
        if refused.code not in LATER:
            if not all(_is_copy_of_sent(action) for _, action in waiting):
                return why
            tries = self._store.pending.tries(ids)
            if tries >= MOST_TRIES:
                return why
            pause_s = pause_after(tries)
        self._store.pending.put_off(ids, int(self._desk.clock.wall()) + pause_s, f"Later: {why}.")
        return ""

    def _take_up(self, batch: Batch, errand: Errand, why: str) -> int:
        """Refuse what was refused, and say what changed."""
        settled = errand.settled
        actions = dict(batch.waiting)
        for reason, ids in errand.failed.items():
            settled += self._refuse([(one, actions[one]) for one in ids], reason)
        if why:
            settled += self._refuse(list(errand.open.items()), why)
        self.to_look_at |= errand.to_look_at
        if errand.stay_marked:
            self._say_marked(batch.change.mailbox_id, errand.stay_marked)
        if settled:
            for notice in changed_mailboxes(batch):
                self._desk.tell(notice)
        return settled

    def _refuse(self, waiting: Sequence[tuple[PendingId, Action]], why: str) -> int:
        if not waiting:
            return 0
        action = waiting[0][1]
        whom = "A message" if len(waiting) == 1 else f"{len(waiting)} messages"
        sentence = f"{whom} could not be changed ({describe(action)}): {why}."
        self._say_refused([pending_id for pending_id, _ in waiting], action.target.mailbox_id, sentence)  # type: ignore[union-attr]
        return len(waiting)

    def _say_refused(self, ids: Sequence[PendingId], mailbox_id: MailboxId, sentence: str) -> None:
        self._store.pending.fail(ids, sentence)
        self._desk.log.write("action.refused", mailbox=mailbox_id, count=len(ids))
        self._desk.tell(ActionRefused(self._desk.name, mailbox_id, sentence))
        self._desk.tell(MailboxChanged(mailbox_id))

    def _say_marked(self, mailbox_id: MailboxId, count: int) -> None:
        """Said once a connection; later ones only stand in the account's line."""
        is_first = not self.remark
        self.remark = _stays_marked(count)
        if is_first:
            self._desk.tell(ActionRefused(self._desk.name, mailbox_id, self.remark))

    # --- mailboxes ------------------------------------------------------------------

    def _tell_mailbox(self, pending_id: PendingId, action: MailboxAction) -> int:
        """How many actions were settled: 1, or 0 when it must wait."""
        if self.share is Share.LARGE or self._setbacks.avoids(pending_id, stubborn=self._stubborn):
            self._stuck.add(pending_id)
            return 0
        why = ""
        self._setbacks.begins([pending_id])
        try:
            mailbox_actions.tell(self.ground, pending_id, action)
        except ServerRefused as exc:
            why = self._unless_later(exc, [(pending_id, action)])
            if not why:
                self._stuck.add(pending_id)
        except (MessageProblem, UsageError) as exc:
            why = exc.sentence.rstrip(".")
        self._setbacks.ended([pending_id])
        if pending_id in self._stuck:
            return 0
        if why:
            self._say_refused([pending_id], action.mailbox_id, f"Could not {describe(action)}: {why}.")
        self._desk.tell(TreeChanged(self._desk.name))
        return 1


def _is_copy_of_sent(action: Action) -> bool:
    """No row shows it before it is there; a draft or a message of another account has one."""
    return isinstance(action, Append) and not action.target.envelope_id


def _stays_marked(count: int) -> str:
    whom = "A message is" if count == 1 else f"{count} messages are"
    return f"{whom} hidden here, and only marked as deleted on the server, which cannot remove single messages."
