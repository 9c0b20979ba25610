"""Signing in: which mechanism, in which words, and what a refusal means.

A wrong password is tried exactly once. The only second attempts are those in which the
first never tested a password: a mechanism the server does not know after all (BAD), or
SCRAM refused before its challenge (no SCRAM secret is stored for this user).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from tuimail.config import AuthKind
from tuimail.errors import AuthError, MailError, ServerRefused, Unreachable
from tuimail.net.credentials import sasl
from tuimail.net.credentials.scram import Scram
from tuimail.net.imap.answers import Status
from tuimail.net.imap.dialogue import Dialogue
from tuimail.net.link import wire

_MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN", "SCRAM-SHA-1")
"""In the order of our liking; LOGIN is the command, not the SASL mechanism of that name."""

_LATER = {
    "UNAVAILABLE": "{host} cannot check passwords just now.",
    "INUSE": "{host} says that the account is in use just now.",
    "LIMIT": "{host} has too many connections of this account.",
    "SERVERBUG": "{host} had a fault while checking the password.",
}
"""Response codes (RFC 5530) that say nothing about the password: tried again later."""

_NEVER = {
    "EXPIRED": "The password of {user} at {host} has expired.",
    "PRIVACYREQUIRED": "{host} takes no password on an unencrypted connection.",
    "CONTACTADMIN": "{host} does not let {user} in; its administrator must help.",
    "AUTHORIZATIONFAILED": "{host} knows {user}, but does not let them read mail.",
    "WEBALERT": "{host} wants {user} to sign in on its website first.",
}



class _NotTested(Exception):
    """The attempt ended before the password was put to the test."""


def login(
    dialogue: Dialogue, capabilities: Collection[str], user: str, password: str, auth: AuthKind = AuthKind.PASSWORD
) -> Status:
    """Sign in with the best mechanism offered; the server's OK. Raises AuthError, or Unreachable to try later."""
    wire.check(user)
    wire.check(password)
    offered = choose(capabilities, auth)
    if not offered:
        kind, other = ("password", "OAuth") if auth is AuthKind.PASSWORD else ("token", "a password")
        raise AuthError(
            f"{dialogue.host} offers no way to sign in with a {kind}.", f"It may want {other}, or another port."
        )
    try:
        for mechanism in offered[:2]:
            try:
                return _attempt(dialogue, capabilities, mechanism, user, password)
            except _NotTested:
                continue
    except ServerRefused as exc:
        raise _refusal(dialogue.host, user, password, exc, sasl.ADVICE[auth]) from None
    raise AuthError(f"{dialogue.host} did not take any way to sign in.", sasl.ADVICE[auth])


def choose(capabilities: Collection[str], auth: AuthKind = AuthKind.PASSWORD) -> list[str]:
    """Mechanisms in the order to try; a second one only for when the first tests nothing."""
    offered = {word[5:] for word in capabilities if word.startswith("AUTH=")} - {"LOGIN"}
    if auth is AuthKind.OAUTH2:
        return [mechanism for mechanism in sasl.TOKEN_MECHANISMS if mechanism in offered]
    if "LOGINDISABLED" not in capabilities:
        offered.add("LOGIN")  # RFC 9051 6.2.3; some proxies advertise nothing at all
    return [mechanism for mechanism in _MECHANISMS if mechanism in offered]


def _attempt(dialogue: Dialogue, capabilities: Collection[str], mechanism: str, user: str, password: str) -> Status:
    if mechanism == "LOGIN":
        arguments = (wire.string(user.encode()), wire.string(password.encode()))
        return dialogue.run("LOGIN", *arguments, wanted=()).status
    with_first = "SASL-IR" in capabilities
    if mechanism in sasl.TOKEN_MECHANISMS:
        exchange = _Exchange(dialogue, mechanism)
        channel = dialogue.channel
        first = sasl.token_response(mechanism, user, password, channel.host, channel.port)
        exchange.begin(first, with_first=with_first)
        return exchange.end(sasl.REFUSAL_ANSWER[mechanism])
    if mechanism == "PLAIN":
        return _plain(dialogue, user, password, with_first=with_first)
    return _scram(dialogue, Scram(mechanism, user, password), mechanism, with_first=with_first)


def _plain(dialogue: Dialogue, user: str, password: str, *, with_first: bool) -> Status:
    """RFC 4616."""
    exchange = _Exchange(dialogue, "PLAIN")
    exchange.begin(b"\0" + user.encode() + b"\0" + password.encode(), with_first=with_first)
    return exchange.end()


def _scram(dialogue: Dialogue, scram: Scram, mechanism: str, *, with_first: bool) -> Status:
    """RFC 5802 5."""
    exchange = _Exchange(dialogue, mechanism)
    exchange.begin(scram.first(), with_first=with_first)
    try:
        challenge = exchange.challenge()
    except ServerRefused as exc:
        raise _untested(exc) from None
    try:
        exchange.say(scram.final(challenge))
        scram.verify(exchange.challenge())
    except AuthError as exc:
        dialogue.channel.fail(exc)
    exchange.say(b"")
    return exchange.end()


class _Exchange:
    """AUTHENTICATE: challenges and responses in base64 (RFC 9051 6.2.2)."""

    def __init__(self, dialogue: Dialogue, mechanism: str) -> None:
        self._dialogue = dialogue
        self._mechanism = mechanism

    def begin(self, first: bytes, *, with_first: bool) -> None:
        """Name the mechanism and give the first response, with it (RFC 4959) or after the server asked."""
        if with_first:
            self._dialogue.start("AUTHENTICATE", self._mechanism.encode("ascii"), wire.b64(first))
            return
        self._dialogue.start("AUTHENTICATE", self._mechanism.encode("ascii"))
        try:
            self._dialogue.await_go_ahead()
        except ServerRefused as exc:
            raise _untested(exc) from None
        self.say(first)

    def challenge(self) -> bytes:
        """What the server says next."""
        try:
            return base64.b64decode(self._dialogue.await_go_ahead(), validate=True)
        except binascii.Error:
            self._dialogue.violated()

    def say(self, response: bytes) -> None:
        self._dialogue.channel.send(base64.b64encode(response) + b"\r\n")

    def end(self, refusal_answer: bytes | None = None) -> Status:
        """The server's OK; `_NotTested` when it does not know the mechanism after all.

        A token that is refused gets its reason first, which wants an answer (RFC 7628 3.2.3).
        """
        while True:
            line = self._dialogue.channel.line()
            if refusal_answer is not None and line.startswith(b"+"):
                self.say(refusal_answer)
                refusal_answer = None
                continue
            response = self._dialogue.read(line)
            if not isinstance(response, Status):
                self._dialogue.hear(response)
                continue
            if response.kind == "BAD":
                raise _NotTested
            return self._dialogue.accept(response)


def _untested(refused: ServerRefused) -> Exception:
    """A refusal before the password was used: try another way, unless the server says why not."""
    return refused if refused.code in _LATER or refused.code in _NEVER else _NotTested()


def _refusal(host: str, user: str, password: str, refused: ServerRefused, advice: str) -> MailError:
    """What a NO to a login means."""
    if refused.code in _LATER:
        return Unreachable(_LATER[refused.code].format(host=host), "It will be tried again.")
    words = refused.words.replace(password, "…") if password else refused.words
    said = wire.plain_words(words.encode("utf-8", "replace"))
    if refused.code != "AUTHENTICATIONFAILED" and "too many" in words.lower():
        return Unreachable(f"{host} does not let {user} in just now: {said}", "It will be tried again.")
    if refused.code in _NEVER:
        return AuthError(_NEVER[refused.code].format(host=host, user=user), said or advice)
    return AuthError(f"{host} refused the login of {user}: {said or 'no reason given'}", advice)
