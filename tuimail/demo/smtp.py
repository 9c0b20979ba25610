"""SMTP submission and delivery: RFC 5321 with SIZE, 8BITMIME, SMTPUTF8, PIPELINING, AUTH and STARTTLS.

Mail to an address of this server lands in its INBOX; mail to anybody else is accepted, kept in `Sink.sent` and goes
nowhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tuimail.demo.accounts import Account, Accounts, Cancelled, decode_base64
from tuimail.demo.wire import Wire, WireClosed

SIZE_LIMIT_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Submission:
    """One message as it was handed over."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    user: str | None
    """Who had logged in; None for nobody."""


@dataclass(slots=True, eq=False)
class Sink:
    """Where submissions go."""

    deliver: Callable[[Submission], None]
    refused_recipients: dict[str, str] = field(default_factory=dict)
    """Address to answer (`550 5.1.1 nobody of this name`), for tests."""
    sent: list[Submission] = field(default_factory=list)


class SmtpSession:
    """One connection."""

    def __init__(
        self,
        wire: Wire,
        accounts: Accounts,
        sink: Sink,
        log: list[str],
        can_start_tls: Callable[[], Awaitable[None]] | None,
    ) -> None:
        """log: gets every command received, without what AUTH says."""
        self._wire = wire
        self._accounts = accounts
        self._sink = sink
        self._log = log
        self._start_tls = can_start_tls
        self._account: Account | None = None
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._open = True
        self._verbs: dict[str, Callable[[str], Awaitable[str]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
            "VRFY": self._vrfy,
        }

    async def run(self) -> None:
        """Greet and serve until the client leaves."""
        try:
            await self._wire.send(b"220 demo.example.org ESMTP the tuimail demo server\r\n")
            while self._open:
                line = (await self._wire.line()).decode("utf-8", "replace")
                verb, _, rest = line.partition(" ")
                self._log.append("AUTH" if verb.upper() == "AUTH" else line)
                handler = self._verbs.get(verb.upper())
                answer = await handler(rest) if handler is not None else "500 5.5.1 an unknown command"
                if answer:
                    await self._wire.send(answer.encode("utf-8") + b"\r\n")
        except (WireClosed, ConnectionError, TimeoutError):
            return
        finally:
            await self._wire.close()

    @property
    def _needs_tls(self) -> bool:
        return self._start_tls is not None and not self._wire.secure

    async def _ehlo(self, rest: str) -> str:
        self._forget()
        login = "STARTTLS" if self._needs_tls else "AUTH PLAIN LOGIN SCRAM-SHA-256"
        offers = [
            "demo.example.org",
            f"SIZE {SIZE_LIMIT_OCTETS}",
            "8BITMIME",
            "SMTPUTF8",
            "PIPELINING",
            "ENHANCEDSTATUSCODES",
            login,
        ]
        return "\r\n".join([f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"])

    async def _helo(self, rest: str) -> str:
        self._forget()
        return "250 demo.example.org"

    async def _starttls(self, rest: str) -> str:
        if self._start_tls is None or self._wire.secure:
            return "454 4.7.0 TLS is not offered"
        await self._wire.send(b"220 2.0.0 begin TLS now\r\n")
        await self._start_tls()
        self._forget()
        return ""

    async def _auth(self, rest: str) -> str:
        if self._needs_tls:
            return "530 5.7.0 start TLS first"
        mechanism, _, initial_text = rest.partition(" ")

        async def ask(challenge: bytes) -> bytes:
            await self._wire.send(b"334 " + base64.b64encode(challenge) + b"\r\n")
            return decode_base64(await self._wire.line())

        try:
            initial = decode_base64(initial_text.encode()) if initial_text else None
            self._account = await self._accounts.authenticate(mechanism.upper(), initial, ask)
        except Cancelled:
            return "501 5.7.0 the authentication was cancelled"
        except LookupError:
            return "504 5.5.4 this mechanism is not offered"
        return "235 2.7.0 welcome" if self._account is not None else "535 5.7.8 the user name or the password is wrong"

    async def _mail(self, rest: str) -> str:
        match = re.match(r"FROM:\s*<([^<>]*)>(.*)", rest, re.IGNORECASE)
        if match is None:
            return "501 5.5.4 MAIL FROM:<address>"
        if self._account is None:
            return "530 5.7.0 log in first"
        size = re.search(r"\bSIZE=(\d+)", match[2], re.IGNORECASE)
        if size is not None and int(size[1]) > SIZE_LIMIT_OCTETS:
            return "552 5.3.4 the message is too big"
        self._sender, self._recipients = match[1], []
        return "250 2.1.0 ok"

    async def _rcpt(self, rest: str) -> str:
        match = re.match(r"TO:\s*<([^<>]+)>", rest, re.IGNORECASE)
        if self._sender is None:
            return "503 5.5.1 MAIL first"
        if match is None or "@" not in match[1]:
            return "501 5.1.3 RCPT TO:<address>"
        refusal = self._sink.refused_recipients.get(match[1].lower())
        if refusal is not None:
            return refusal
        self._recipients.append(match[1])
        return "250 2.1.5 ok"

    async def _data(self, rest: str) -> str:
        if self._sender is None or not self._recipients:
            return "503 5.5.1 RCPT first"
        await self._wire.send(b"354 end with a dot on a line of its own\r\n")
        lines = []
        size = 0
        while (line := await self._wire.line()) != b".":
            size += len(line) + 2
            if size <= SIZE_LIMIT_OCTETS:
                lines.append(line.removeprefix(b"."))
        if size > SIZE_LIMIT_OCTETS:
            return "552 5.3.4 the message is too big"
        raw = b"".join(line + b"\r\n" for line in lines)
        submission = Submission(
            self._sender, tuple(self._recipients), raw, self._account.user if self._account else None
        )
        self._forget()
        self._sink.sent.append(submission)
        self._sink.deliver(submission)
        return f"250 2.0.0 queued as {len(self._sink.sent)}"

    async def _rset(self, rest: str) -> str:
        self._forget()
        return "250 2.0.0 ok"

    async def _noop(self, rest: str) -> str:
        return "250 2.0.0 ok"

    async def _vrfy(self, rest: str) -> str:
        return "252 2.5.0 send some mail and see"

    async def _quit(self, rest: str) -> str:
        self._open = False
        return "221 2.0.0 until next time"

    def _forget(self) -> None:
        self._sender, self._recipients = None, []
