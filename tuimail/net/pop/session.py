"""One POP3 session (RFC 1939): what the engine holds, blocking, used by one thread.

Only `close()` may come from another thread; whoever waits then gets Dropped. Nothing that was marked for deletion
is deleted unless `quit` is called (RFC 1939 6): every error of the kinds TimedOut, Dropped and ProtocolViolation ends
the session without QUIT, and so does a sink that raises. ServerRefused and UsageError leave it usable.

    pop_channel                  lines and dot-stuffed bodies, over the channel with its deadline and budget
    pop_client, pop_login        the border to poplib, status lines; signing in
    pop_listing, pop_retrieve    LIST and UIDL; messages, one by one or pipelined
    pop_values                   what is handed out, and the ceilings
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing

from tuimail.config import AuthKind, Receive, Security
from tuimail.errors import PipelineBroken, ServerRefused, UsageError
from tuimail.net.link.opening import opened
from tuimail.net.pop import listing as pop_listing
from tuimail.net.pop import login as pop_login
from tuimail.net.pop import retrieve as pop_retrieve
from tuimail.net.pop.channel import PopChannel
from tuimail.net.pop.client import GuardedPop
from tuimail.net.pop.retrieve import OpenSink
from tuimail.net.pop.values import (
    RETRY_CODES,
    Listing,
    PopLimits,
    Retrieved,
    Sink,
    Stat,
    Wanted,
    sizes_agree,
)

__all__ = [
    "RETRY_CODES", "Listing", "OpenSink", "PipelineBroken", "PopLimits", "PopSession", "Retrieved", "Sink", "Stat",
    "Wanted", "sizes_agree",
]  # fmt: skip

_STAT = re.compile(rb"(\d{1,9})[ \t]+(\d{1,18})(?:[ \t].*)?", re.DOTALL)


class PopSession:
    """A connection to a POP3 server, secured, and after `login` usable."""

    def __init__(self, pop: GuardedPop, clock: Callable[[], float]) -> None:
        """Use `connect`."""
        self._pop = pop
        self._clock = clock
        self._spoken_at = clock()
        self.capabilities: Mapping[str, tuple[str, ...]] = {}
        """Names in capitals, with their words; they change with STLS and login. Empty without CAPA."""

    @classmethod
    def connect(
        cls, receive: Receive, *, deadline_s: float = 15.0, clock: Callable[[], float] = time.monotonic,
        log: Callable[[str], None] | None = None, limits: PopLimits | None = None,
    ) -> PopSession:
        """Connect, secure and greet, all within the deadline.

        Raises Unreachable, TimedOut, Dropped, CertificateError, ConfigError (ca_file), ProtocolViolation, ServerRefused
        (a greeting of -ERR) and UsageError for an unencrypted connection to another machine.
        """
        deadline = clock() + deadline_s
        channel, context = opened(receive, PopChannel, deadline=deadline, clock=clock)
        own = limits or PopLimits()
        pop = GuardedPop(channel, own, log)
        try:
            channel.begin(deadline - clock(), silence_s=deadline_s, octets=64 * 1024, lines=1)
            if context is not None and receive.security is Security.TLS:
                channel.start_tls(context)
            pop.greet()
            pop.command_s = deadline - clock()
            session = cls(pop, clock)
            session.capabilities = pop.capabilities()
            if context is not None and receive.security is Security.STARTTLS:
                pop.command_s = deadline - clock()
                pop.secure(context)
                session.capabilities = pop.capabilities()
            pop.command_s = own.command_s
        except BaseException:
            channel.close()
            raise
        return session

    # --- the session

    def login(self, user: str, password: str, *, auth: AuthKind = AuthKind.PASSWORD) -> None:
        """Sign in with a password or an access token, in exactly one attempt.

        Raises AuthError, or ServerRefused whose `retry` and `code` say more.
        """
        pop_login.login(self._pop, self.capabilities, user, password, auth)
        if self.capabilities:
            self.capabilities = self._pop.capabilities()

    def has(self, name: str) -> bool:
        """Whether the server offers a capability."""
        return name.upper() in self.capabilities

    @property
    def pipelining(self) -> bool:
        """Whether the server takes commands ahead of its answers."""
        return self.has("PIPELINING")

    @property
    def login_delay_s(self) -> int:
        """LOGIN-DELAY: so long must be between two sessions; 0 when nothing is said (RFC 2449 6.5)."""
        return self._number("LOGIN-DELAY") or 0

    @property
    def expire_days(self) -> int | None:
        """EXPIRE: days the server keeps mail; 0 when none may stay, None for ever or unknown (RFC 2449 6.7)."""
        return self._number("EXPIRE")

    def _number(self, name: str) -> int | None:
        word = (*self.capabilities.get(name, ()), "")[0]
        return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else None

    @property
    def alive(self) -> bool:
        """False once anything ended the session."""
        return not self._pop.channel.broken

    @property
    def encrypted(self) -> bool:
        """True under TLS."""
        return self._pop.channel.encrypted

    @property
    def quiet_s(self) -> float:
        """Seconds since the last answer was complete: a server may hang up at 60 (`noop` keeps it)."""
        return self._clock() - self._spoken_at

    def noop(self) -> None:
        """Say that we are still here; between messages, while the disk is busy."""
        self._pop.ask("NOOP")
        self._spoke()

    def quit(self) -> bool:
        """End the session and commit the deletions. True only when the server said that all are done."""
        try:
            self._pop.ask("QUIT")
        except ServerRefused:
            return False  # RFC 1939 6: some deleted messages were not removed
        finally:
            self.close()
        return True

    def close(self) -> None:
        """End the connection without QUIT: nothing is deleted. From any thread."""
        self._pop.close()

    # --- what is there

    def stat(self) -> Stat:
        """Count and octets of the drop."""
        self._pop.send_ahead(["STAT"])
        return self._read_stat()

    def _read_stat(self) -> Stat:
        match = _STAT.fullmatch(self._pop.status())
        if match is None:
            self._pop.violated("sent an answer that cannot be read")
        self._spoke()
        return Stat(int(match[1]), int(match[2]))

    def listing(self) -> Listing:
        """Sizes and unique ids of all messages. Raises ServerRefused when the server cannot list just now."""
        pop = self._pop
        sizes = pop_listing.SizeReader(pop.limits, pop.violated)
        ids = pop_listing.IdReader(pop.limits, pop.violated)
        sinks: dict[str, Sink] = {"LIST": sizes, "UIDL": ids}
        refused: dict[str, ServerRefused] = {}
        stat = Stat(0, 0)
        verbs = ["STAT", "LIST", "UIDL"]
        for batch in [verbs] if self.pipelining else [[verb] for verb in verbs]:
            pop.send_ahead(batch, octets=pop.limits.listing_octets, deadline_s=pop.limits.listing_s)
            for verb in batch:
                try:
                    if verb == "STAT":
                        stat = self._read_stat()
                    else:
                        pop.status()
                        pop.long_answer(sinks[verb], pop.limits.listing_octets)
                except ServerRefused as exc:
                    refused[verb] = exc
        self._spoke()
        without_ids = self._has_no_ids(refused.pop("UIDL", None))
        if refused:
            raise next(iter(refused.values()))
        return pop_listing.listing(stat.messages, sizes, None if without_ids else ids)

    def _has_no_ids(self, refused: ServerRefused | None) -> bool:
        """Whether a refusal of UIDL means that the server has none; else it is raised: all mail would look new."""
        if refused is not None and (self.has("UIDL") or refused.code):
            raise refused
        return refused is not None

    def top(self, number: int, lines: int) -> bytes:
        """The header and so many lines of the body; ServerRefused where the server has no TOP."""
        pieces: list[bytes] = []
        limit = self._pop.limits.top_octets
        self._pop.send_ahead([f"TOP {_checked(number)} {_checked(lines, 0)}"], octets=limit)
        self._pop.status()
        self._pop.channel.body(pieces.append, limit)
        self._spoke()
        return b"".join(pieces)

    # --- messages

    def retrieve(
        self, number: int, sink: Sink, *, limit_octets: int | None = None, expected_octets: int | None = None
    ) -> Retrieved:
        """One message to the sink. It is whole when this returns; nothing else says so.

        Raises ServerRefused, and TooLarge beyond the limit (which ends the session).
        """
        limit = self._pop.limits.message_octets if limit_octets is None else limit_octets
        wanted = Wanted(_checked(number), expected_octets)
        retrieved = pop_retrieve.one(self._pop, wanted, lambda _: sink, limit)
        self._spoke()
        return retrieved

    def retrieve_many(
        self, wanted: Iterable[Wanted], open_sink: OpenSink, *, limit_octets: int | None = None,
        pipelining: bool = True,
    ) -> Generator[Retrieved, None, None]:
        """Messages in the order asked, each as soon as it is whole; `open_sink` is called as each begins.

        Pipelined where the server offers it, unless the caller knows better. Raises PipelineBroken at the first answer
        that does not fit: what was handed out before is whole, the rest must be asked for one by one in a new session.
        A server's refusal of one message is `Retrieved.refused`. Leaving the iterator early closes the session when
        answers are still due.
        """
        limit = self._pop.limits.message_octets if limit_octets is None else limit_octets
        messages = [Wanted(_checked(number), octets) for number, octets in wanted]
        take = pop_retrieve.pipelined if pipelining and self.pipelining else pop_retrieve.one_by_one
        with closing(take(self._pop, messages, open_sink, limit)) as answers:
            for retrieved in answers:
                self._spoke()
                yield retrieved

    def delete(self, numbers: Iterable[int]) -> frozenset[int]:
        """Mark messages; which ones the server took. They are gone only after `quit` returned True."""
        wanted = [_checked(number) for number in numbers]
        answers = self._pop.ask_all([f"DELE {number}" for number in wanted], pipelined=self.pipelining)
        self._spoke()
        return frozenset(
            number for number, answer in zip(wanted, answers, strict=True) if not isinstance(answer, ServerRefused)
        )

    def _spoke(self) -> None:
        self._spoken_at = self._clock()


def _checked(number: int, lowest: int = 1) -> int:
    if not lowest <= number < 10**10:
        raise UsageError("There is no message with such a number.")
    return number
