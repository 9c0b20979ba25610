"""Who may log in to the embedded server, and the SASL mechanisms that its three protocols share (RFC 4422, 4616,
5802, 7628)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tuimail.demo.mailstore import MailStore
from tuimail.demo.scram import ScramRefused, challenge, verify

Ask = Callable[[bytes], Awaitable[bytes]]
"""Sends one challenge to the client (undecoded base64 is the caller's affair) and gives its answer; raises Cancelled
for `*`."""


class Cancelled(Exception):
    """The client gave up an authentication, or sent what is not base64."""


@dataclass(frozen=True, slots=True)
class Account:
    """One user with a password and mail."""

    user: str
    address: str
    password: str
    store: MailStore


class Accounts:
    """All users of the server."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        """Each can log in by user name or by address."""
        self._accounts = tuple(accounts)

    def find(self, user: str) -> Account | None:
        """The account of this user name or address."""
        lower = user.lower()
        return next((a for a in self._accounts if lower in (a.user.lower(), a.address.lower())), None)

    def check(self, user: str, password: str) -> Account | None:
        """The account when the password is right."""
        account = self.find(user)
        if account is None or not hmac.compare_digest(
            account.password.encode("utf-8"), password.encode("utf-8", "replace")
        ):
            return None
        return account

    async def authenticate(self, mechanism: str, initial: bytes | None, ask: Ask) -> Account | None:
        """Run one SASL exchange; None when it fails, LookupError for a mechanism this server does not have.

        initial: the decoded initial response, None when the client sent none.
        """
        match mechanism:
            case "PLAIN":
                return self._plain(initial if initial is not None else await ask(b""))
            case "LOGIN":
                user = initial if initial is not None else await ask(b"Username:")
                password = await ask(b"Password:")
                return self.check(_text(user), _text(password))
            case "SCRAM-SHA-256":
                return await self._scram(initial if initial is not None else await ask(b""), ask)
            case "XOAUTH2" | "OAUTHBEARER":
                return await self._bearer(initial if initial is not None else await ask(b""), ask)
        raise LookupError(mechanism)

    def _plain(self, response: bytes) -> Account | None:
        pieces = response.split(b"\0")
        return self.check(_text(pieces[1]), _text(pieces[2])) if len(pieces) == 3 else None

    async def _scram(self, client_first: bytes, ask: Ask) -> Account | None:
        try:
            sent = challenge(client_first)
            client_final = await ask(sent.server_first.encode("utf-8"))
            account = self.find(sent.user)
            server_final = verify(sent, client_final, account.password if account is not None else "")
        except (ScramRefused, UnicodeDecodeError, binascii.Error):
            return None
        await ask(server_final)
        return account

    async def _bearer(self, response: bytes, ask: Ask) -> Account | None:
        """The password serves as the access token."""
        user = re.search(rb"(?:user=|a=)([^\x01,]+)", response)
        token = re.search(rb"auth=Bearer ([^\x01]+)", response, re.IGNORECASE)
        account = self.check(_text(user[1]), _text(token[1])) if user and token else None
        if account is None:
            await ask(b'{"status":"invalid_token","schemes":"bearer"}')
        return account


def decode_base64(line: bytes) -> bytes:
    """A SASL line from the client; Cancelled for `*` and for what is not base64. `=` alone is the empty response."""
    if line == b"=":
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error as exc:
        raise Cancelled from exc


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
