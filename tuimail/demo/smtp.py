"""SMTP submission and delivery: RFC 5321 with SIZE, 8BITMIME, SMTPUTF8, PIPELINING, CHUNKING, DSN, AUTH and STARTTLS.

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
MECHANISMS = ("PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER")
OFFERS = ("SIZE", "8BITMIME", "SMTPUTF8", "PIPELINING", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True, slots=True)
class Submission:
    """One message as it was handed over."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    user: str | None
    """Who had logged in; None for nobody."""
    options: tuple[str, ...] = ()
    """Parameters of MAIL."""
    recipient_options: tuple[tuple[str, ...], ...] = ()
    """Parameters of each RCPT."""


@dataclass(slots=True, eq=False)
class Sink:
    """Where submissions go."""

    deliver: Callable[[Submission], None]
    refused_recipients: dict[str, str] = field(default_factory=dict)
    """Address to answer (`550 5.1.1 nobody of this name`), for tests."""
    sent: list[Submission] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """Verb to the answer it gets in place of being done, for tests; `.` for the end of a message."""
    offers: tuple[str, ...] = OFFERS
    """Keywords of EHLO, beside AUTH and STARTTLS."""
    mechanisms: tuple[str, ...] = MECHANISMS
    """For AUTH; AUTH is not offered without any."""
    size_limit_octets: int = SIZE_LIMIT_OCTETS


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
        self._options: tuple[str, ...] = ()
        self._recipients: list[str] = []
        self._recipient_options: list[tuple[str, ...]] = []
        self._chunks: list[bytes] | None = None
        """What came by BDAT so far; None before the first."""
        self._open = True
        self._verbs: dict[str, Callable[[str], Awaitable[str]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "BDAT": self._bdat,
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
                told = self._sink.answers.get(verb.upper())
                if told is not None and verb.upper() != "BDAT":  # its octets have to be read first
                    answer = told
                else:
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
        sink = self._sink
        size = f"SIZE {sink.size_limit_octets}"
        offers = ["demo.example.org", *(size if offer == "SIZE" else offer for offer in sink.offers)]
        if self._needs_tls:
            offers.append("STARTTLS")
        elif sink.mechanisms:
            offers.append(f"AUTH {' '.join(sink.mechanisms)}")
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
        if mechanism.upper() not in self._sink.mechanisms:
            return "504 5.5.4 this mechanism is not offered"

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
        if size is not None and int(size[1]) > self._sink.size_limit_octets:
            return "552 5.3.4 the message is too big"
        self._forget()
        self._sender, self._options = match[1], tuple(match[2].split())
        if not match[1].isascii() and "SMTPUTF8" not in self._options:
            self._forget()
            return "553 5.6.7 SMTPUTF8 is needed for this address"
        return "250 2.1.0 ok"

    async def _rcpt(self, rest: str) -> str:
        match = re.match(r"TO:\s*<([^<>]+)>(.*)", rest, re.IGNORECASE)
        if self._sender is None:
            return "503 5.5.1 MAIL first"
        if match is None or "@" not in match[1]:
            return "501 5.1.3 RCPT TO:<address>"
        refusal = self._sink.refused_recipients.get(match[1].lower())
        if refusal is not None:
            return refusal
        if not match[1].isascii() and "SMTPUTF8" not in self._options:
            return "553 5.6.7 SMTPUTF8 is needed for this address"
        self._recipients.append(match[1])
        self._recipient_options.append(tuple(match[2].split()))
        return "250 2.1.5 ok"

    async def _data(self, rest: str) -> str:
        if self._sender is None or not self._recipients or self._chunks is not None:
            return "503 5.5.1 RCPT first"
        await self._wire.send(b"354 end with a dot on a line of its own\r\n")
        lines = []
        size = 0
        normal = True
        # Only CR LF . CR LF ends a message: with any other line end in its place, a second one could be smuggled in.
        while (line := await self._wire.crlf_line()) != b".":
            size += len(line) + 2
            normal = normal and b"\r" not in line and b"\n" not in line
            if size <= self._sink.size_limit_octets:
                lines.append(line.removeprefix(b"."))
        return self._taken(b"".join(line + b"\r\n" for line in lines), size, normal=normal)

    async def _bdat(self, rest: str) -> str:
        """RFC 3030 2."""
        words = rest.upper().split()
        if not words or not words[0].isdigit() or words[1:] not in ([], ["LAST"]) or len(words[0]) > 12:
            self._open = False  # nobody knows where the next command begins
            return "501 5.5.4 BDAT size [LAST]"
        kept = [*(self._chunks or []), await self._wire.octets(int(words[0]))]
        if self._sender is None or not self._recipients or "CHUNKING" not in self._sink.offers:
            return "503 5.5.1 RCPT first"
        told = self._sink.answers.get("BDAT")
        if told is not None:
            return told
        self._chunks = kept
        size = sum(map(len, kept))
        if size > self._sink.size_limit_octets:
            self._forget()
            return "552 5.3.4 the message is too big"
        if len(words) == 1:
            return f"250 2.0.0 {words[0]} octets"
        raw = b"".join(kept)
        pairs = raw.count(b"\r\n")
        return self._taken(raw, size, normal=raw.count(b"\r") == pairs == raw.count(b"\n"))

    def _taken(self, raw: bytes, size: int, *, normal: bool) -> str:
        """Deliver a message that arrived whole, or say why not."""
        submission = Submission(
            self._sender or "", tuple(self._recipients), raw, self._account.user if self._account else None,
            self._options, tuple(self._recipient_options),
        )  # fmt: skip
        self._forget()
        if size > self._sink.size_limit_octets:
            return "552 5.3.4 the message is too big"
        if not normal:
            return "550 5.6.0 a line end that is not CR LF"
        told = self._sink.answers.get(".")
        if told is not None:
            return told
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
        self._sender, self._options = None, ()
        self._recipients, self._recipient_options, self._chunks = [], [], None
