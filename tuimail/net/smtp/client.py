"""Commands to an SMTP server and its replies (RFC 5321 4.2), over our channel with its deadline and budget.

smtplib is not used: it tells passwords to its debug output, tries several mechanisms in a row, passes a bare CR on,
and knows neither PIPELINING nor BDAT. A reply is here only when its last line is; a half one is none.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from tuimail.errors import CertificateError, ProtocolViolation, ServerRefused
from tuimail.net.link import wire
from tuimail.net.link.channel import Channel
from tuimail.net.smtp.values import SmtpLimits

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
LATER = "It will be tried again."


class Reply(NamedTuple):
    """A whole answer."""

    code: int
    """200 to 599."""
    lines: tuple[bytes, ...]
    """What follows the code in each line."""

    @property
    def good(self) -> bool:
        """2xx: it was done."""
        return self.code // 100 == 2

    @property
    def bad(self) -> bool:
        """4xx or 5xx: it was not."""
        return self.code >= 400

    @property
    def words(self) -> str:
        """On one line, printable and short."""
        return wire.plain_words(b" ".join(self.lines))


class SmtpClient:
    """One connection. Methods may raise Dropped, TimedOut, ProtocolViolation and a ServerRefused of 421: all end it."""

    def __init__(self, channel: Channel, limits: SmtpLimits, log: Callable[[str], None] | None = None) -> None:
        """Nothing was said yet; `greet` comes first."""
        self.channel = channel
        self.limits = limits
        self._log = log
        self._verb = "greeting"
        channel.line_limit = limits.line_octets

    # --- commands

    def begin(self, verb: str, deadline_s: float, *, replies: int = 1) -> None:
        """Deadline and budget for so many replies. What was said unasked ends the session."""
        if not self.channel.broken:
            self.channel.begin(deadline_s, silence_s=deadline_s, octets=self.limits.reply_octets, lines=256)
            if self.listen() is not None:
                self.violated("said something that it was not asked for")
        self.expect(verb, deadline_s, replies=replies)

    def expect(self, verb: str, deadline_s: float, *, replies: int = 1, silence_s: float | None = None) -> None:
        """Deadline and budget alone."""
        self._verb = verb
        self.channel.begin(
            deadline_s, silence_s=deadline_s if silence_s is None else silence_s,
            octets=replies * self.limits.reply_octets, lines=replies * self.limits.reply_lines,
        )

    def listen(self) -> Reply | None:
        """What the server said unasked; None, without waiting, when it said nothing.

        A refusal is raised as ServerRefused, and the session is over: nobody knows which command it was for.
        """
        channel = self.channel
        if channel.untouched:
            channel.wait(None, 0)
        if channel.untouched:
            return None
        reply = self.reply()
        if reply.bad:
            channel.close()
            raise self.refusal(reply)
        return reply

    def ask(self, line: bytes, deadline_s: float | None = None) -> Reply:
        """One command and its reply, whatever it is."""
        wire.check_octets(line)
        verb = line.partition(b" ")[0].decode("ascii", "replace").upper()
        self.begin(verb, self.limits.command_s if deadline_s is None else deadline_s)
        self.channel.send(line + b"\r\n")
        return self.reply()

    def send_ahead(self, verb: str, lines: Sequence[bytes], deadline_s: float) -> None:
        """Several commands in one go; their replies are to be read one by one."""
        octets = b"".join(wire.check_octets(line) + b"\r\n" for line in lines)
        self.begin(verb, deadline_s, replies=len(lines))
        self.channel.send(octets)

    def done(self, reply: Reply) -> Reply:
        """The reply when it is 2xx; ServerRefused for 4xx and 5xx."""
        if reply.bad:
            raise self.refusal(reply)
        if not reply.good:
            self.violated("sent an answer that does not fit")
        return reply

    # --- replies

    def reply(self) -> Reply:
        """The next reply. 421 raises ServerRefused: the server takes its leave (RFC 5321 3.8)."""
        lines: list[bytes] = []
        code = b""
        while True:
            line = self.channel.line()
            match = _LINE.fullmatch(line) if len(line) <= self.limits.line_octets else None
            if match is None or (code and match[1] != code):
                self.violated("sent an answer that cannot be read")
            code = match[1]
            lines.append(match[3] or b"")
            if match[2] != b"-":
                break
            if len(lines) >= self.limits.reply_lines:
                self.violated("sent more lines than an answer can have")
        reply = Reply(int(code), tuple(lines))
        if self._log is not None:
            self._log(f"smtp {self._verb} {reply.code} {self.channel.octets_read}")
        if reply.code == 421:
            self.channel.close()
            raise self.refusal(reply)
        return reply

    def refusal(self, reply: Reply, sentence: str = "", advice: str = "") -> ServerRefused:
        """The error for a 4xx or 5xx; `sentence` names what was refused, and the server's words follow."""
        begun = sentence or f"{self.channel.host} refused"
        refused = ServerRefused(
            f"{begun}: {reply.code} {reply.words}".rstrip(),
            LATER if reply.code < 500 else advice, words=reply.words, code=str(reply.code),
        )
        refused.retry = reply.code < 500
        return refused

    def violated(self, what: str) -> NoReturn:
        """Give the connection up."""
        self.channel.fail(ProtocolViolation(f"{self.channel.host} {what}."))

    # --- before a login

    def greet(self, deadline_s: float) -> None:
        """The greeting; ServerRefused when the server does not want us just now."""
        self.expect("greeting", deadline_s)
        self.done(self.reply())

    def hello(self, deadline_s: float) -> dict[str, tuple[str, ...]]:
        """EHLO: what the server offers, names in capitals with their words; empty where it knows only HELO."""
        name = own_name(self.channel)
        reply = self.ask(b"EHLO " + name, deadline_s)
        if reply.code in (500, 501, 502, 504):  # RFC 5321 4.1.4
            self.done(self.ask(b"HELO " + name, deadline_s))
            return {}
        return capabilities(self.done(reply).lines[1:])

    def secure(self, context: ssl.SSLContext, deadline_s: float) -> None:
        """STARTTLS (RFC 3207), or no session at all. What was heard in the clear is forgotten."""
        reply = self.ask(b"STARTTLS", deadline_s)
        if reply.code >= 500:
            raise CertificateError(
                f"{self.channel.host} does not offer STARTTLS.",
                'Check the port, or set security = "tls". Nothing was sent in the clear.',
            )
        self.done(reply)
        self.channel.start_tls(context)


def capabilities(lines: Sequence[bytes]) -> dict[str, tuple[str, ...]]:
    """The offers of EHLO; `AUTH=PLAIN` is how some wrote it before there was a standard."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        text = line.decode("ascii", "replace").upper()
        name, *words = (f"AUTH {text[5:]}" if text.startswith("AUTH=") else text).split() or [""]
        if name:
            found[name] = (*found.get(name, ()), *words)
    return found


def own_name(channel: Channel) -> bytes:
    """Our address in brackets (RFC 5321 4.1.3): the name of this machine is nobody's business."""
    address = "127.0.0.1"
    with contextlib.suppress(OSError, IndexError):  # closed already: the command will tell
        address = str(channel.socket.getsockname()[0])
    address = address.partition("%")[0]
    return f"[IPv6:{address}]".encode() if ":" in address else f"[{address}]".encode()
