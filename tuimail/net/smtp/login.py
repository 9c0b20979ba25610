r"""Signing in to an SMTP server (RFC 4954): which mechanism, in which words, and what a refusal means.

A secret is tried exactly once. The only second attempt is that after a mechanism which was refused before it tested
anything (not known after all, or SCRAM refused before its challenge).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from tuimail.config import AuthKind, is_loopback
from tuimail.errors import AuthError, MailError, ServerRefused
from tuimail.net.credentials import sasl
from tuimail.net.credentials.scram import Scram
from tuimail.net.link import wire
from tuimail.net.smtp.client import LATER, Reply, SmtpClient

_MECHANISMS = {
    AuthKind.PASSWORD: ("SCRAM-SHA-256", "PLAIN", "LOGIN", "SCRAM-SHA-1"),
    AuthKind.OAUTH2: sasl.TOKEN_MECHANISMS,
}
"""In the order of our liking."""
_MAX_LINE_OCTETS = 510
"""RFC 5321 4.5.3.1.4: a command line has 512 octets at most, its CRLF included."""


class _NotTested(Exception):
    """The attempt ended before the secret was put to the test."""


class _Ended(Exception):
    """The server ended the exchange with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


def login(
    client: SmtpClient, capabilities: Mapping[str, Sequence[str]], user: str, secret: str, auth: AuthKind
) -> None:
    """Sign in with the best mechanism offered.

    Raises AuthError (a person must look), ServerRefused with `retry` (4xx: later), and UsageError for a line break.
    """
    wire.check(user)
    wire.check(secret)
    host = client.channel.host
    if not (client.channel.encrypted or is_loopback(host)):
        raise AuthError(f"{host} gets no password without encryption.", 'Set security = "tls" or "starttls".')
    offered = choose(capabilities, auth)
    if not offered:
        kind, other = ("password", "OAuth") if auth is AuthKind.PASSWORD else ("token", "a password")
        raise AuthError(f"{host} offers no way to sign in with a {kind}.", f"It may want {other}, or another port.")
    for mechanism in offered[:2]:
        try:
            _attempt(client, mechanism, user, secret)
        except _NotTested:
            continue
        except _Ended as exc:
            raise _meaning(client, user, secret, auth, exc.reply) from None
        return
    raise AuthError(f"{host} did not take any way to sign in.", sasl.ADVICE[auth])


def choose(capabilities: Mapping[str, Sequence[str]], auth: AuthKind) -> list[str]:
    """Mechanisms in the order to try; a second one only for when the first tests nothing."""
    offered = {word.upper() for word in capabilities.get("AUTH", ())}
    return [mechanism for mechanism in _MECHANISMS[auth] if mechanism in offered]


def _attempt(client: SmtpClient, mechanism: str, user: str, secret: str) -> None:
    exchange = _Exchange(client)
    if mechanism == "PLAIN":
        exchange.begin(mechanism, b"\0" + user.encode() + b"\0" + secret.encode())
    elif mechanism == "LOGIN":
        exchange.begin(mechanism, None)
        exchange.say(user.encode())
        exchange.challenge()
        exchange.say(secret.encode())
    elif mechanism in sasl.TOKEN_MECHANISMS:
        channel = client.channel
        exchange.begin(mechanism, sasl.token_response(mechanism, user, secret, channel.host, channel.port))
        exchange.end(refusal_answer=sasl.REFUSAL_ANSWER[mechanism])
        return
    else:
        _scram(exchange, Scram(mechanism, user, secret), mechanism)
    exchange.end()


def _scram(exchange: _Exchange, scram: Scram, mechanism: str) -> None:
    """RFC 5802 5."""
    exchange.begin(mechanism, scram.first())
    try:
        challenge = exchange.challenge()
    except _Ended as exc:
        if exc.reply.code < 500:
            raise
        raise _NotTested from None
    try:
        exchange.say(scram.final(challenge))
        scram.verify(exchange.challenge())
    except AuthError as exc:
        exchange.client.channel.fail(exc)
    exchange.say(b"")


class _Exchange:
    """AUTH (RFC 4954 4): challenges and responses in base64."""

    def __init__(self, client: SmtpClient) -> None:
        self.client = client
        self._waiting: Reply | None = None

    def begin(self, mechanism: str, first: bytes | None) -> None:
        """Name the mechanism, with the first response on the same line where there is one and it is short enough."""
        line = f"AUTH {mechanism}"
        whole = line if first is None else f"{line} {wire.b64(first).decode('ascii')}"
        fits = len(whole) <= _MAX_LINE_OCTETS
        self._waiting = self.client.ask((whole if fits else line).encode("ascii"), self.client.limits.login_s)
        if self._waiting.code in (500, 502, 503, 504, 534, 538):  # not this mechanism, and nothing was looked at
            raise _NotTested
        if first is None or not fits:
            self.challenge()
        if first is not None and not fits:
            self.say(first)

    def challenge(self) -> bytes:
        """What the server says next. _Ended when it ends the exchange instead."""
        reply = self._next()
        if reply.bad:
            raise _Ended(reply)
        if reply.code != 334:
            self.client.violated("ended the login before it was complete")
        try:
            return base64.b64decode(reply.lines[-1].strip(), validate=True)
        except binascii.Error:
            self.client.violated("sent a challenge that cannot be read")

    def say(self, response: bytes) -> None:
        """Answer a challenge."""
        self.client.begin("AUTH", self.client.limits.login_s)
        self.client.channel.send(base64.b64encode(response) + b"\r\n")

    def end(self, *, refusal_answer: bytes | None = None) -> None:
        """The server's 235. A token that is refused gets its reason first, which wants an answer (RFC 7628 3.2.3)."""
        reply = self._next()
        if reply.code == 334 and refusal_answer is not None:
            self.say(refusal_answer)
            reply = self._next()
        if reply.bad:
            raise _Ended(reply)
        if not reply.good:
            self.client.violated("asked for more than the login has")

    def _next(self) -> Reply:
        reply, self._waiting = self._waiting, None
        return self.client.reply() if reply is None else reply


def _without(octets: bytes, user: str, secret: str) -> bytes:
    """What a server said, without the secret where it echoes it, plain or as it was sent."""
    plain = b"\0" + user.encode() + b"\0" + secret.encode()
    for form in (base64.b64encode(plain), base64.b64encode(secret.encode()), secret.encode()):
        octets = octets.replace(form, "…".encode()) if form else octets
    return octets


def _meaning(client: SmtpClient, user: str, secret: str, auth: AuthKind, reply: Reply) -> MailError:
    """What a refusal means: 4xx says nothing about the secret (RFC 4954 6)."""
    said = wire.plain_words(_without(b" ".join(reply.lines), user, secret))
    host = client.channel.host
    if reply.code < 500:
        later = ServerRefused(
            f"{host} does not let {user} in just now: {said or 'no reason given'}", LATER, words=said,
            code=str(reply.code),
        )
        later.retry = True
        return later
    return AuthError(f"{host} refused the login of {user}: {said or 'no reason given'}", sasl.ADVICE[auth])
