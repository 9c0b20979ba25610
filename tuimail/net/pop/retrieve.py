"""Retrieving many messages: commands sent ahead, answers taken in order, and a stop at the first doubt.

RFC 2449 6.8: with PIPELINING a client may send commands before the answers to earlier ones came. The answers
bear no tags, so their order is all there is: whatever does not fit ends the session (without QUIT) as PipelineBroken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence

from tuimail.errors import PipelineBroken, ProtocolViolation, ServerRefused, TimedOut
from tuimail.net.pop.client import GuardedPop
from tuimail.net.pop.values import Retrieved, Sink, Wanted, sizes_agree

OpenSink = Callable[[int], Sink]
"""Called with a message's number when its octets begin to come."""


def one(pop: GuardedPop, wanted: Wanted, open_sink: OpenSink, limit_octets: int) -> Retrieved:
    """RETR and its answer. Raises ServerRefused; a size that differs from LIST's is told, not judged."""
    pop.send_ahead([f"RETR {wanted.number}"], octets=limit_octets, deadline_s=_deadline_s(pop, wanted))
    pop.status()
    octets = pop.channel.body(open_sink(wanted.number), limit_octets)
    return Retrieved(wanted.number, octets, wanted.expected_octets)


def one_by_one(
    pop: GuardedPop, wanted: Sequence[Wanted], open_sink: OpenSink, limit_octets: int
) -> Generator[Retrieved, None, None]:
    """As `pipelined`, for a server that takes one command at a time."""
    for message in wanted:
        try:
            yield one(pop, message, open_sink, limit_octets)
        except ServerRefused as exc:
            yield Retrieved(message.number, 0, message.expected_octets, complete=False, refused=exc)


def pipelined(
    pop: GuardedPop, wanted: Sequence[Wanted], open_sink: OpenSink, limit_octets: int
) -> Generator[Retrieved, None, None]:
    """The messages in the order asked; a refusal of one is told and the others follow.

    Raises PipelineBroken after the first message whose octets are not those of LIST, or whose answer is none.
    An iterator that is left before its end closes the session when answers are still due.
    """
    window = _Window(pop, wanted, limit_octets)
    try:
        while (message := window.next()) is not None:
            octets = 0
            refused = None
            try:
                _status(pop, window)
                octets = pop.channel.body(open_sink(message.number), limit_octets)
            except ServerRefused as exc:
                refused = exc
            if refused is None and not sizes_agree(octets, message.expected_octets):
                pop.channel.fail(
                    PipelineBroken(f"{pop.channel.host} sent a message that is not as long as it had said.")
                )
            window.done()
            yield Retrieved(
                message.number, octets, message.expected_octets, complete=refused is None, refused=refused
            )
    finally:
        if window.in_flight:
            pop.close()


def _status(pop: GuardedPop, window: _Window) -> None:
    """The +OK in front of a message."""
    before = pop.channel.octets_read
    try:
        pop.status()
    except TimedOut as exc:
        if pop.channel.octets_read > before or not window.answered:
            raise
        # Some servers throw away what they were sent while they were busy.
        raise PipelineBroken(f"{pop.channel.host} left commands that were sent ahead without an answer.") from exc
    except ProtocolViolation as exc:
        raise PipelineBroken(exc.sentence) from exc


class _Window:
    """How many commands are in flight: as many as the limits allow, by count and by promised octets."""

    def __init__(self, pop: GuardedPop, wanted: Sequence[Wanted], limit_octets: int) -> None:
        self._pop = pop
        self._limit_octets = limit_octets
        self._waiting = deque(wanted)
        self._sent: deque[Wanted] = deque()
        self._sent_octets = 0
        self._taken: Wanted | None = None
        self.answered = 0

    @property
    def in_flight(self) -> bool:
        """Whether an answer is due or half read."""
        return bool(self._sent) or self._taken is not None

    def done(self) -> None:
        """The answer that came next was read to its end."""
        if self._taken is not None:
            self.answered += 1
            self._sent_octets -= self._taken.expected_octets or 0
            self._taken = None
            self._pop.answers_due = self.in_flight

    def next(self) -> Wanted | None:
        """The message whose answer comes next; None at the end."""
        lines = self._refill()
        if not self._sent:
            return None
        message = self._sent.popleft()
        self._taken = message
        pop = self._pop
        pop.answers_due = True
        pop.begin(
            "RETR", octets=self._limit_octets, lines=1, deadline_s=_deadline_s(pop, message), ahead=True
        )
        if lines:
            pop.channel.send(lines)
        return message

    def _refill(self) -> bytes:
        """Commands to send now: none while half a window is still in flight, so that packets are few."""
        limits = self._pop.limits
        if len(self._sent) > limits.window // 2 or self._sent_octets > limits.window_octets // 2:
            return b""
        lines = []
        while self._waiting and len(self._sent) < limits.window:
            octets = self._waiting[0].expected_octets or 0
            if self._sent and self._sent_octets + octets > limits.window_octets:
                break
            message = self._waiting.popleft()
            self._sent.append(message)
            self._sent_octets += octets
            lines.append(b"RETR %d\r\n" % message.number)
        return b"".join(lines)


def _deadline_s(pop: GuardedPop, wanted: Wanted) -> float:
    return pop.limits.command_s + (wanted.expected_octets or 0) / pop.limits.slowest_octets_s
