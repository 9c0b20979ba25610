"""Messages from a POP3 session into the intake: pipelined, in batches, with a word on how far it is.

What came whole is kept whatever happens next; what did not is discarded. Nothing here
decides what to fetch (`pop_plan`), or makes anything durable (`pop_intake`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tuimail.config.values import POP3_DEMANDED_OCTETS
from tuimail.engine.desk import Desk
from tuimail.engine.pop import plan as pop_plan
from tuimail.engine.pop.intake import Intake
from tuimail.engine.pop.plan import Wanted
from tuimail.engine.protocol import Progress
from tuimail.errors import ConnectionProblem, ProtocolViolation, ServerRefused, TooLarge
from tuimail.model import MailboxId
from tuimail.net.pop import session as net_pop
from tuimail.net.pop.session import PipelineBroken, PopSession, Retrieved, Sink
from tuimail.store.maildirs.local import Delivery
from tuimail.store.maildirs.maildir import Arriving

BATCH_MESSAGES: Final = 100
BATCH_OCTETS: Final = 8 << 20
QUIET_S: Final = 10.0
"""A server hears of us at least so often while the disk is busy."""
TELL_S: Final = 0.2


@dataclass(slots=True)
class Learned:
    """What one account's sessions found out, for the next ones of this process."""

    pipelining: bool = True
    """False after the first answer that did not fit."""
    demanded: set[bytes] = field(default_factory=set)
    """Previews that somebody wants whole."""
    troubles: dict[bytes, int] = field(default_factory=dict)
    """How often a message broke a session."""
    oversized: set[bytes] = field(default_factory=set)
    """Listed as small, sent as large."""
    unlike: set[bytes] = field(default_factory=set)
    """Known by their header, but not the same octet for octet: never deleted."""


@dataclass(slots=True)
class Tally:
    """How far a download is."""

    messages: int = 0
    octets: int = 0
    total_messages: int = 0
    total_octets: int = 0
    told_at: float = -1.0


class Download:
    """Retrieves what is wanted, over one session."""

    def __init__(
        self,
        session: PopSession,
        delivery: Delivery,
        intake: Intake,
        desk: Desk,
        learned: Learned,
        *,
        stopping: Callable[[], bool],
        is_here: Callable[[bytes, bytes], bool],
    ) -> None:
        """`is_here`: whether a message of this key and sha256 is known already, and needs no filing."""
        self._session = session
        self._delivery = delivery
        self._intake = intake
        self._desk = desk
        self._learned = learned
        self._stopping = stopping
        self._is_here = is_here
        self._tally = Tally()
        self._wanted: dict[int, Wanted] = {}
        self._arriving: Arriving | None = None
        self._number = 0
        self._batch: list[Arriving] = []
        self._batch_octets = 0
        self._in_flight = False
        self.refused: list[ServerRefused] = []
        """Messages that the server does not give out just now."""

    def run(self, wanted: Sequence[Wanted], limit_octets: int) -> None:
        """Retrieve all of them; what is whole is with the intake when this returns or raises.

        Raises ConnectionProblem, ProtocolViolation, StoreError; then the session is closed.
        """
        if not wanted:
            return
        self._tally.total_messages = len(wanted)
        self._tally.total_octets = sum(one.octets for one in wanted)
        large = [one for one in wanted if one.key in self._learned.demanded]
        rest = [one for one in wanted if one.key not in self._learned.demanded]
        self._tell(always=True)
        try:
            self._take(large, POP3_DEMANDED_OCTETS)
            self._take(rest, limit_octets)
        finally:
            self._discard_half()
            self._hand_over()
        self._tell(always=True)

    def keep_alive(self) -> None:
        """Say that we are still here, when nothing is in flight and it was quiet for a while."""
        if not self._in_flight and self._session.alive and self._session.quiet_s >= QUIET_S:
            self._session.noop()

    # --- the pieces -----------------------------------------------------------------

    def _take(self, wanted: Sequence[Wanted], limit_octets: int) -> None:
        self._wanted = {one.number: one for one in wanted}
        pipelining = self._learned.pipelining and self._session.pipelining
        answers = self._session.retrieve_many(
            [net_pop.Wanted(one.number, one.octets) for one in wanted],
            self._open,
            limit_octets=limit_octets,
            pipelining=pipelining,
        )
        self._in_flight = pipelining
        try:
            for retrieved in answers:
                self._came(retrieved)
                if self._stopping():
                    break
        except TooLarge as exc:
            large = self._wanted[self._number]
            self._learned.oversized.add(large.key)
            self._learned.demanded.discard(large.key)  # else it would be begun again in every session
            raise ProtocolViolation(
                f"The server sent a message of more than {limit_octets:,} octets, though it had said {large.octets:,}.",
                "It stays there.",
            ) from exc
        except PipelineBroken:
            self._learned.pipelining = False
            raise
        except (ConnectionProblem, ProtocolViolation):
            self._blame()
            raise
        finally:
            self._in_flight = False

    def _open(self, number: int) -> Sink:
        """A message begins to come."""
        self._discard_half()
        self._number = number
        key = self._wanted[number].key
        arriving = self._arriving = self._delivery.begin(key or None)

        def sink(octets: bytes) -> None:
            arriving.write(octets)
            self._tally.octets += len(octets)
            self._tell()

        return sink

    def _came(self, retrieved: Retrieved) -> None:
        """A message is whole, or was refused."""
        self._tally.messages += 1
        if retrieved.refused is not None:
            self.refused.append(retrieved.refused)
            return
        arriving, self._arriving = self._arriving, None
        if arriving is None:
            return
        key = self._wanted[retrieved.number].key
        digest = arriving.sha256()
        if self._is_here(key, digest):
            arriving.discard()
            return
        if not key:
            arriving.uidl = pop_plan.key_by_content(digest)
        self._learned.troubles.pop(key, None)
        self._batch.append(arriving)
        self._batch_octets += arriving.octets
        if len(self._batch) >= BATCH_MESSAGES or self._batch_octets >= BATCH_OCTETS:
            self._hand_over()
        self._tell()

    def _hand_over(self) -> None:
        batch, self._batch, self._batch_octets = self._batch, [], 0
        if batch:
            self._intake.submit(batch, self.keep_alive)

    def _blame(self) -> None:
        if self._arriving is not None:
            key = self._wanted[self._number].key
            self._learned.troubles[key] = self._learned.troubles.get(key, 0) + 1

    def _discard_half(self) -> None:
        arriving, self._arriving = self._arriving, None
        if arriving is not None:
            arriving.discard()

    def _tell(self, *, always: bool = False) -> None:
        now = self._desk.clock.monotonic()
        if not always and now - self._tally.told_at < TELL_S:
            return
        self._tally.told_at = now
        mailbox_id: MailboxId = self._delivery.mailbox_id
        tally = self._tally
        self._desk.tell(Progress(self._desk.name, mailbox_id, "messages", tally.messages, tally.total_messages))
        self._desk.tell(
            Progress(self._desk.name, mailbox_id, "octets", tally.octets, max(tally.octets, tally.total_octets))
        )
