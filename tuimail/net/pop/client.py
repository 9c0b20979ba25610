"""The border to poplib: the only module that imports it. Commands, status lines and what a refusal means.

poplib knows the short commands; it reads and writes through our channel, so deadlines, budgets, TLS and line
ends are ours. Its readers of long answers are not used: they take a cut message for a whole one, end a message
at a bare LF, and lose step at long lines. Its own writing is not used either: it tells passwords to audit hooks.
"""

from __future__ import annotations

import poplib
import re
import ssl
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from tuimail.errors import CertificateError, ProtocolViolation, ServerRefused, TooLarge, UsageError
from tuimail.net.link import wire
from tuimail.net.pop.channel import PopChannel
from tuimail.net.pop.values import RETRY_CODES, PopLimits, Sink

_STATUS = re.compile(rb"(\+OK|-ERR)(?: +|\t+|$)(.*)", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(rb"\[([A-Za-z0-9./-]{1,40})\] *")
# RFC 1939 knows no codes: how servers without RESP-CODES say that another session has the drop.
_BUSY = re.compile(
    rb"(?!.*(?:password|attempt|fail))"
    rb".*(?:(?:mail ?drop|mail ?box|pop ?drop|folder)\b.*\b(?:locked|in use|busy)|lock busy|too many)",
    re.IGNORECASE | re.DOTALL,
)

ADVICE = {
    "IN-USE": "Another session has the mailbox open: it will be tried again.",
    "LOGIN-DELAY": "It wants to be asked less often: it will be tried again.",
    "SYS/TEMP": "It will be tried again.",
    "SYS/PERM": "Its administrator must help.",
}


class GuardedPop(poplib.POP3):
    """poplib on our channel. Every method may raise Dropped, TimedOut, ProtocolViolation; those end the session."""

    def __init__(self, channel: PopChannel, limits: PopLimits, log: Callable[[str], None] | None = None) -> None:
        """Nothing was said yet; `greet` comes first."""
        self.channel = channel
        self.limits = limits
        self.welcome = b""
        self.command_s = limits.command_s
        """For commands that name no time of their own; less while connecting."""
        self._log = log
        self.answers_due = False
        """True while answers to commands that were sent ahead are on their way."""
        self._verb = "greeting"
        self._debugging = 0
        self._tls_established = False
        channel.line_limit = limits.line_octets

    # --- where poplib reads and writes

    def _putline(self, line: bytes) -> None:
        wire.check_octets(line)
        self.begin(line.partition(b" ")[0].decode("ascii", "replace").upper())
        self.channel.send(line + b"\r\n")

    def _getline(self) -> tuple[bytes, int]:
        line = self.channel.line()
        return line, len(line) + 2

    def _getresp(self) -> bytes:
        return self.status()

    def close(self) -> None:
        """End the connection without a word: nothing that was marked is deleted (RFC 1939 6)."""
        self.channel.close()

    # --- commands and status lines

    def begin(
        self, verb: str, *, octets: int = 0, lines: int = 0, deadline_s: float | None = None, ahead: bool = False
    ) -> None:
        """Deadline and budget for an answer; octets and lines beside the status line.

        ProtocolViolation when something was said unasked, unless commands were sent `ahead`; UsageError while
        the answers to those are still to be read.
        """
        limits = self.limits
        if self.answers_due and not ahead and not self.channel.broken:
            raise UsageError("The server is still sending messages.")
        if not (ahead or self.channel.untouched or self.channel.broken):
            self.violated("said something that it was not asked for")
        self._verb = verb
        self.channel.begin(
            self.command_s if deadline_s is None else deadline_s, silence_s=limits.silence_s,
            octets=2 * octets + 1024 * 1024, lines=lines + 1,
        )

    def status(self) -> bytes:
        """What follows +OK on the next line. Raises ServerRefused for -ERR, ProtocolViolation for all else."""
        return self.judge(self.channel.line())

    def judge(self, line: bytes) -> bytes:
        """A status line that was read already, as `status` does it."""
        match = _STATUS.fullmatch(line)
        if match is None:
            self.violated("sent an answer that cannot be read")
        positive = match[1].upper() == b"+OK"
        if self._log is not None:
            self._log(f"pop3 {self._verb} {'ok' if positive else 'err'} {self.channel.octets_read}")
        if positive:
            return match[2]
        raise self._refusal(match[2])

    def _refusal(self, words: bytes) -> ServerRefused:
        code, said = split_code(words)
        host = self.channel.host
        shown = wire.plain_words(said)
        sentence = f"{host} refused: {shown}" if shown else f"{host} refused {self._verb.lower()}."
        refused = ServerRefused(
            sentence, ADVICE.get(code, ""), words=said.decode("utf-8", "replace")[: wire.MAX_WORDS], code=code
        )
        refused.retry = code in RETRY_CODES
        return refused

    def violated(self, what: str) -> NoReturn:
        """Give the connection up, without QUIT."""
        self.channel.fail(ProtocolViolation(f"{self.channel.host} {what}."))

    def ask(self, line: str) -> bytes:
        """One command with a one-line answer; what follows +OK."""
        self._putline(line.encode())
        return self.status()

    def ask_all(self, lines: Iterable[str], *, pipelined: bool) -> list[bytes | ServerRefused]:
        """Commands with one-line answers, in one go where the server can; the answers in their order."""
        wanted = list(lines)
        answers: list[bytes | ServerRefused] = []
        for start in range(0, len(wanted), self.limits.batch):
            batch = wanted[start : start + self.limits.batch]
            if pipelined:
                self.send_ahead(batch)
            for line in batch:
                if not pipelined:
                    self.send_ahead([line])
                try:
                    answers.append(self.status())
                except ServerRefused as exc:
                    answers.append(exc)
        return answers

    def send_ahead(self, lines: list[str], *, octets: int = 0, deadline_s: float | None = None) -> None:
        """Send commands in one go, with nothing in flight before; their answers are to be read one by one."""
        octets_out = b"".join(wire.check_octets(line.encode()) + b"\r\n" for line in lines)
        self.begin(lines[0].split(" ")[0], octets=octets, lines=len(lines), deadline_s=deadline_s)
        self.channel.send(octets_out)

    def long_answer(self, sink: Sink, limit_octets: int) -> None:
        """The body behind a status line that is no message, to the sink."""
        try:
            self.channel.body(sink, limit_octets)
        except TooLarge as exc:
            raise ProtocolViolation(f"{self.channel.host} sent more than an answer can have.") from exc

    # --- the session

    def greet(self) -> None:
        """The greeting; ServerRefused when the server does not want us just now."""
        self.welcome = self.status()

    def capabilities(self) -> dict[str, tuple[str, ...]]:
        """CAPA (RFC 2449 5), names in capitals; empty when the server does not know it."""
        pieces: list[bytes] = []
        try:
            self._putline(b"CAPA")
            self.status()
        except ServerRefused:
            return {}
        self.long_answer(pieces.append, self.limits.line_octets * 16)
        found: dict[str, tuple[str, ...]] = {}
        for line in b"".join(pieces).split(b"\r\n")[: self.limits.capability_lines]:
            name, *words = line.decode("ascii", "replace").split() or [""]
            if name:
                found[name.upper()] = (*found.get(name.upper(), ()), *words)
        return found

    def secure(self, context: ssl.SSLContext) -> None:
        """STLS (RFC 2595 4), or no session at all."""
        try:
            self.stls(context)
        except ServerRefused as exc:
            raise CertificateError(
                f"{self.channel.host} does not offer STLS.",
                'Check the port, or set security = "tls". Nothing was sent in the clear.',
            ) from exc

    def stls(self, context: ssl.SSLContext | None = None) -> Any:
        """Go on under TLS; everything that was heard in the clear is forgotten."""
        assert context is not None  # noqa: S101 - ours is always given
        answer = self.ask("STLS")
        self.channel.start_tls(context)
        self._tls_established = True
        self.welcome = b""
        return answer


def split_code(words: bytes) -> tuple[str, bytes]:
    """The response code of a refusal in capitals, and the words behind it; `IN-USE` is also told from words."""
    match = _CODE.match(words)
    if match is not None:
        return match[1].decode("ascii").upper(), words[match.end() :]
    return ("IN-USE", words) if _BUSY.match(words[:1000]) else ("", words)
