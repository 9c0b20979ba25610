"""What is left of a batch while it is told: what is open, what was done, what failed and why.

What lives here: writing down, before a command goes out and after it was answered. What
must not: any command about messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from tuimail.actions import MessageAction
from tuimail.engine.imap.batches import Batch
from tuimail.engine.imap.ground import Ground
from tuimail.errors import ServerRefused, Vanished
from tuimail.mime.clean import clean_line
from tuimail.model import Mailbox, MailboxId, PendingId
from tuimail.store.acting.pending import Begun, Done1

GONE: Final = "the message is no longer on the server"
MAX_WORDS: Final = 200
ATTEMPTS: Final = 3
"""At messages that a server passed over without a word."""

_Answer = TypeVar("_Answer")


class Errand:
    """One batch on its way; afterwards `open` holds what is neither done nor failed."""

    def __init__(self, ground: Ground, batch: Batch) -> None:
        self._ground = ground
        self._store = ground.store
        self.change = batch.change
        self.open = dict(batch.waiting)
        self.settled = 0
        self.failed: dict[str, list[PendingId]] = {}
        """By the reason why."""
        self.stay_marked = 0
        r"""Messages that the server cannot remove: they are marked as \Deleted there, and hidden here."""
        self.to_look_at: set[MailboxId] = set()
        """Mailboxes in which messages are whose uid was not told."""

    def uids(self, ids: Iterable[PendingId] | None = None) -> list[int]:
        """Of what is still open, or of these actions, each once, rising."""
        return sorted({uid_of(self.open[pending_id]) for pending_id in (self.open if ids is None else ids)})

    def done(self, results: Sequence[Done1], left: Sequence[PendingId] = ()) -> None:
        r"""The server did these. `left`: those whose message stays where it was, marked as \Deleted."""
        if not results:
            return
        ids = [result.pending_id for result in results]
        self._store.pending.done(ids, results, left=left)
        for pending_id in ids:
            del self.open[pending_id]
        self.stay_marked += len(left)
        self.settled += len(ids)

    def fail(self, ids: Sequence[PendingId], why: str) -> None:
        """They are refused, with `why`; whoever runs the replay says it."""
        if not ids:
            return
        for pending_id in ids:
            del self.open[pending_id]
        self.failed.setdefault(why, []).extend(ids)

    def begin(self, ids: Sequence[PendingId], to: Mailbox) -> None:
        edge = self._ground.edge(to)
        self._store.pending.begin(ids, edge.uid_validity, edge.uid_next)

    def begun(self) -> dict[PendingId, Begun]:
        return dict(self._store.pending.begun(list(self.open)))

    def creating(self, to: Mailbox, command: Callable[[str], _Answer]) -> _Answer:
        """The command's answer; a mailbox that the server wants to be made first is made, once."""
        name = self._ground.name(to)
        try:
            return command(name)
        except ServerRefused as exc:
            if exc.code != "TRYCREATE":
                raise
            self._ground.create(name)
            self.begin(list(self.open), to)
            return command(name)


def reason_of(refused: ServerRefused) -> str:
    """Why a server said no, for the end of a sentence."""
    words = clean_line(refused.words, MAX_WORDS).rstrip(".") if refused.words else ""
    return f"the server says: {words}" if words else refused.sentence.rstrip(".")


def untold(pending_id: PendingId) -> Done1:
    """Done, and nobody said where the message is."""
    return Done1(pending_id, None, None)


def uid_of(action: MessageAction) -> int:
    """Where the server has the message. Raises Vanished when that is not known."""
    uid = action.target.uid
    if uid is None:
        raise Vanished(GONE)
    return int(uid)
