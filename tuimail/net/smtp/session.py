"""One SMTP session for submission (RFC 6409): what the engine holds, blocking, used by one thread.

Only `close()` may come from another thread; whoever waits then gets Dropped. Errors that `send` raises carry `reached`:
whether the server may have taken the message. ServerRefused (but for 421) and UsageError leave the session usable.

    smtp_client                     commands and replies over the channel with its deadline and budget
    smtp_login, sasl                signing in
    smtp_message                    a message and its envelope as octets; what may not be sent
    smtp_transaction                one message, and how far it came
    smtp_values                     what is handed out, and the ceilings
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from tuimail.config import AuthKind, Security, Send
from tuimail.errors import ConnectionProblem, MailError, Reached, Refused, ServerRefused
from tuimail.net.link.channel import Channel
from tuimail.net.link.opening import opened
from tuimail.net.smtp import login as smtp_login
from tuimail.net.smtp import message as smtp_message
from tuimail.net.smtp.client import SmtpClient
from tuimail.net.smtp.transaction import Transaction
from tuimail.net.smtp.values import BeforeEnd, Delivered, Progress, SmtpLimits

__all__ = ["Delivered", "Reached", "Refused", "SmtpLimits", "SmtpSession", "reach"]

CONNECT_S = 30.0
_NOT_IMPLEMENTED = ("500", "501", "502", "503", "504")
"""Refusals of a command, not of a message (RFC 5321 4.2.2)."""


class _Once:
    """Calls back the first time only."""

    def __init__(self, before_end: BeforeEnd | None) -> None:
        self._waiting = before_end

    def __call__(self, refused: tuple[Refused, ...]) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting(refused)


class _NotReached(Exception):
    """Nothing at all was heard from a port."""

    def __init__(self, problem: ConnectionProblem) -> None:
        super().__init__()
        self.problem = problem


class SmtpSession:
    """A connection to a submission server, secured, and after `login` usable."""

    def __init__(self, client: SmtpClient, clock: Callable[[], float]) -> None:
        """Use `connect` or `reach`."""
        self._client = client
        self._clock = clock
        self._spoken_at = clock()
        self.capabilities: Mapping[str, tuple[str, ...]] = {}
        """Offers of EHLO, names in capitals, with their words."""

    @classmethod
    def connect(
        cls, send: Send, *, port: int | None = None, deadline_s: float = CONNECT_S,
        clock: Callable[[], float] = time.monotonic, log: Callable[[str], None] | None = None,
        limits: SmtpLimits | None = None,
    ) -> SmtpSession:
        """Connect to one port, secure and greet, all within the deadline.

        Raises Unreachable, TimedOut, Dropped, CertificateError, ConfigError (ca_file), ProtocolViolation, ServerRefused
        (the server does not want us just now) and UsageError for an unencrypted connection to another machine.
        """
        try:
            return _connected(send, send.port if port is None else port, clock() + deadline_s, clock, log, limits)
        except _NotReached as exc:
            raise exc.problem from exc.problem.__cause__

    # --- the session

    def login(self, user: str, secret: str, *, auth: AuthKind = AuthKind.PASSWORD) -> None:
        """Sign in with a password, or with an access token, in exactly one attempt.

        Raises AuthError, or ServerRefused whose `retry` says that waiting helps.
        """
        smtp_login.login(self._client, self.capabilities, user, secret, auth)
        self._spoke()

    def send(
        self, sender: str, recipients: Sequence[str], raw: bytes, *, dsn: bool = False,
        progress: Progress | None = None, before_end: BeforeEnd | None = None,
    ) -> Delivered:
        """Hand over one message; every line of `raw` must end in CRLF. It is taken when this returns.

        `dsn` asks for reports on the delivery. `before_end` is called once, right before the octets without which the
        server takes nothing. A server that offers BDAT but does not know it gets the message again by DATA.

        Raises RecipientsRefused, ServerRefused (with `code`), UsageError for what may not be sent, and the errors of a
        connection. `reached` of each says whether the server may have the message.
        """
        letter = smtp_message.letter(
            sender, recipients, raw, self.capabilities, host=self._client.channel.host, dsn=dsn
        )
        once = _Once(before_end)
        try:
            delivered = Transaction(self._client, self.capabilities, letter, progress, once).run()
        except ServerRefused as exc:
            if not (self.alive and self.has("CHUNKING") and exc.code in _NOT_IMPLEMENTED):
                raise
            self.capabilities = {name: words for name, words in self.capabilities.items() if name != "CHUNKING"}
            delivered = Transaction(self._client, self.capabilities, letter, progress, once).run()
        self._spoke()
        return delivered

    def has(self, name: str) -> bool:
        """Whether the server offers an extension."""
        return name.upper() in self.capabilities

    @property
    def size_limit_octets(self) -> int | None:
        """The largest message the server says it takes; None when it does not say."""
        return smtp_message.size_limit(self.capabilities)

    @property
    def alive(self) -> bool:
        """False once anything ended the session."""
        return not self._client.channel.broken

    @property
    def encrypted(self) -> bool:
        """True under TLS."""
        return self._client.channel.encrypted

    @property
    def quiet_s(self) -> float:
        """Seconds since the last answer was complete."""
        return self._clock() - self._spoken_at

    def noop(self) -> None:
        """Ask whether the server is still there."""
        self._client.done(self._client.ask(b"NOOP"))
        self._spoke()

    def quit(self) -> None:
        """Say goodbye and close; what was taken stays taken, whatever is answered."""
        with contextlib.suppress(MailError):
            self._client.ask(b"QUIT", self._client.limits.quit_s)
        self.close()

    def close(self) -> None:
        """End the connection. From any thread."""
        self._client.channel.close()

    def _spoke(self) -> None:
        self._spoken_at = self._clock()


def reach(
    send: Send, remembered_port: int | None = None, *, deadline_s: float = CONNECT_S,
    clock: Callable[[], float] = time.monotonic, log: Callable[[str], None] | None = None,
    limits: SmtpLimits | None = None,
) -> tuple[SmtpSession, int]:
    """A session, and the port that answered: remember it, and give it again.

    A further port is tried, with the same security, only when nothing at all was heard from the one before; each has
    the deadline for itself. Raises as `connect` does, for the first port when none was reached.
    """
    ports = ports_of(send, remembered_port)
    problems: list[ConnectionProblem] = []
    for port in ports:
        try:
            return _connected(send, port, clock() + deadline_s, clock, log, limits), port
        except _NotReached as exc:
            problems.append(exc.problem)
    first = problems[ports.index(send.port)]
    if len(ports) > 1:
        others = ", ".join(str(port) for port in ports if port != send.port)
        first.advice = f"{first.advice} Port {others} did not answer either.".strip()
    raise first from first.__cause__


def ports_of(send: Send, remembered_port: int | None = None) -> tuple[int, ...]:
    """The ports to try, in order: the remembered one first, while the configuration still names it."""
    named = tuple(dict.fromkeys((send.port, *send.fallback_ports)))
    if remembered_port not in named:
        return named
    return tuple(dict.fromkeys((remembered_port, *named)))


def _connected(
    send: Send, port: int, deadline: float, clock: Callable[[], float], log: Callable[[str], None] | None,
    limits: SmtpLimits | None,
) -> SmtpSession:
    try:
        channel, context = opened(send, Channel, deadline=deadline, clock=clock, port=port)
    except ConnectionProblem as exc:
        raise _NotReached(exc) from None
    client = SmtpClient(channel, limits or SmtpLimits(), log)
    try:
        client.expect("greeting", deadline - clock())
        if context is not None and send.security is Security.TLS:
            channel.start_tls(context)
        client.greet(deadline - clock())
        session = SmtpSession(client, clock)
        session.capabilities = client.hello(deadline - clock())
        if context is not None and send.security is Security.STARTTLS:
            client.secure(context, deadline - clock())
            session.capabilities = client.hello(deadline - clock())
    except ConnectionProblem as exc:
        channel.close()
        if channel.encrypted or channel.octets_read:
            raise
        raise _NotReached(exc) from None
    except BaseException:
        channel.close()
        raise
    return session
