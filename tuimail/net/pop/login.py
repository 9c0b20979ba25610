"""Signing in to a POP3 server: which mechanism, in which words, and what a refusal means.

A password is tried exactly once. The only second attempt is that after a mechanism which was refused
before it tested anything (SCRAM before its challenge: this user has no SCRAM secret there).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

from tuimail.config import AuthKind
from tuimail.errors import AuthError, MailError, ServerRefused
from tuimail.net.credentials import sasl
from tuimail.net.credentials.scram import Scram
from tuimail.net.link import wire
from tuimail.net.pop.client import GuardedPop

_TIMESTAMP = re.compile(rb"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_MAX_LINE_OCTETS = 253
"""RFC 2449 4: a command line has 255 octets at most, its CRLF included."""


class _NotTested(Exception):
    """The attempt ended before the password was put to the test."""


def login(
    pop: GuardedPop, capabilities: Mapping[str, tuple[str, ...]], user: str, password: str,
    auth: AuthKind = AuthKind.PASSWORD,
) -> None:
    """Sign in with the best mechanism offered.

    Raises AuthError (a person must look), ServerRefused with a code of RFC 2449 or 3206 (its `retry` says whether
    waiting helps), and UsageError for a line break in name or password.
    """
    wire.check(user)
    wire.check(password)
    if auth is AuthKind.OAUTH2:
        sasl_offered = {word.upper() for word in capabilities.get("SASL", ())}
        offered = [mechanism for mechanism in sasl.TOKEN_MECHANISMS if mechanism in sasl_offered]
    else:
        offered = choose(capabilities, pop.welcome, encrypted=pop.channel.encrypted)
    if not offered:
        kind, other = ("password", "OAuth") if auth is AuthKind.PASSWORD else ("token", "a password")
        raise AuthError(
            f"{pop.channel.host} offers no way to sign in with a {kind}.", f"It may want {other}, or another port."
        )
    try:
        for mechanism in offered[:2]:
            try:
                _attempt(pop, mechanism, user, password)
            except _NotTested:
                continue
            return
    except ServerRefused as exc:
        raise _meaning(pop.channel.host, user, password, exc, sasl.ADVICE[auth]) from None
    raise AuthError(f"{pop.channel.host} did not take any way to sign in.", sasl.ADVICE[auth])


def choose(capabilities: Mapping[str, tuple[str, ...]], welcome: bytes, *, encrypted: bool) -> list[str]:
    """Mechanisms in the order to try; a second one only for when the first tests nothing.

    APOP is for this machine only, where no TLS is needed: its MD5 hides a password from nobody with time.
    """
    sasl = {word.upper() for word in capabilities.get("SASL", ())}
    ways = {
        "SCRAM-SHA-256": "SCRAM-SHA-256" in sasl,
        "APOP": not encrypted and timestamp(welcome) is not None,
        "PLAIN": "PLAIN" in sasl,
        # RFC 2449 6.3: without USER in CAPA the command is not there; without CAPA it always was.
        "USER": "USER" in capabilities or not capabilities or not sasl,
        "SCRAM-SHA-1": "SCRAM-SHA-1" in sasl,
    }
    return [way for way, possible in ways.items() if possible]


def timestamp(welcome: bytes) -> bytes | None:
    """The timestamp of a greeting (RFC 1939 7, APOP)."""
    match = _TIMESTAMP.search(welcome[:1000])
    return match[0] if match is not None else None


def _attempt(pop: GuardedPop, mechanism: str, user: str, password: str) -> None:
    if mechanism == "USER":
        pop.user(user)
        pop.pass_(password)
    elif mechanism == "APOP":
        told = timestamp(pop.welcome) or b""
        digest = hashlib.md5(told + password.encode(), usedforsecurity=False).hexdigest()
        pop.ask(f"APOP {user} {digest}")
    elif mechanism == "PLAIN":
        exchange = _Exchange(pop)
        exchange.begin("PLAIN", b"\0" + user.encode() + b"\0" + password.encode())
        exchange.end()
    elif mechanism in sasl.TOKEN_MECHANISMS:
        exchange = _Exchange(pop)
        channel = pop.channel
        exchange.begin(mechanism, sasl.token_response(mechanism, user, password, channel.host, channel.port))
        exchange.end(sasl.REFUSAL_ANSWER[mechanism])
    else:
        _scram(pop, Scram(mechanism, user, password), mechanism)


def _scram(pop: GuardedPop, scram: Scram, mechanism: str) -> None:
    """RFC 5802 5."""
    exchange = _Exchange(pop)
    try:
        exchange.begin(mechanism, scram.first())
        challenge = exchange.challenge()
    except ServerRefused as exc:
        if exc.code:
            raise
        raise _NotTested from None
    try:
        exchange.say(scram.final(challenge))
        scram.verify(exchange.challenge())
    except AuthError as exc:
        pop.channel.fail(exc)
    exchange.say(b"")
    exchange.end()


class _Exchange:
    """AUTH (RFC 5034 4): challenges and responses in base64."""

    def __init__(self, pop: GuardedPop) -> None:
        self._pop = pop

    def begin(self, mechanism: str, first: bytes) -> None:
        """Name the mechanism and give the first response, on the same line where it is short enough."""
        line = f"AUTH {mechanism} {wire.b64(first).decode('ascii')}"
        self._pop.begin("AUTH", lines=6)
        if len(line) <= _MAX_LINE_OCTETS:
            self._pop.channel.send(line.encode("ascii") + b"\r\n")
            return
        self._pop.channel.send(f"AUTH {mechanism}\r\n".encode("ascii"))
        self.challenge()
        self.say(first)

    def challenge(self) -> bytes:
        """What the server says next. Raises ServerRefused when it ends the exchange instead."""
        line = self._pop.channel.line()
        if not line.startswith(b"+ ") and line != b"+":
            self._pop.judge(line)
            self._pop.violated("ended the login before it was complete")
        try:
            return base64.b64decode(line[1:].strip(), validate=True)
        except binascii.Error:
            self._pop.violated("sent a challenge that cannot be read")

    def say(self, response: bytes) -> None:
        """Answer a challenge."""
        self._pop.channel.send(base64.b64encode(response) + b"\r\n")

    def end(self, refusal_answer: bytes | None = None) -> None:
        """The server's +OK. A token that is refused gets its reason first, which wants an answer (RFC 7628 3.2.3)."""
        line = self._pop.channel.line()
        if refusal_answer is not None and line.startswith(b"+ "):
            self.say(refusal_answer)
            line = self._pop.channel.line()
        self._pop.judge(line)


def _meaning(host: str, user: str, password: str, refused: ServerRefused, advice: str) -> MailError:
    """What a -ERR to a login means: only a code says for sure that it was not the password."""
    words = refused.words.replace(password, "…") if password else refused.words
    said = wire.plain_words(words.encode("utf-8", "replace"))
    if refused.code in ("IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM"):
        sentence = f"{host} does not let {user} in just now: {said or 'no reason given'}"
        told = ServerRefused(sentence, refused.advice, words=words, code=refused.code)
        told.retry = refused.retry
        return told
    return AuthError(f"{host} refused the login of {user}: {said or 'no reason given'}", advice)
