"""Commands out, responses in: tags, literals, status lines, and who hears what.

Every command goes through `run` (answers are gathered) or `start` and `next` (answers are
read as they come). A NO or BAD leaves the connection usable; anything that does not fit the
protocol gives it up for good. No command's arguments are ever logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NoReturn

from tuimail.errors import Dropped, MailError, ProtocolViolation, ServerRefused
from tuimail.net.imap import answers
from tuimail.net.imap.answers import Answer, Pieces, Status
from tuimail.net.imap.limits import Limits
from tuimail.net.imap.news import NewsDesk
from tuimail.net.imap.uids import Asked
from tuimail.net.imap.values import FetchedHeader
from tuimail.net.link import wire
from tuimail.net.link.channel import Channel

AT_ONCE_OCTETS = 4096
"""The largest literal that is sent before the server asked for it."""
PIECE_OCTETS = 128 * 1024
"""Of a large literal, between two words about its progress."""

_UNTAGGED = re.compile(rb"\* +(?:(\d{1,10}) +)?([A-Za-z][A-Za-z0-9.\-]*)(?: |$)")
_STATUS_KINDS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})

ADVICE = {
    "OVERQUOTA": "Delete something, or ask for more space.",
    "NOPERM": "You may not do that in this mailbox.",
    "TRYCREATE": "The mailbox does not exist.",
    "NONEXISTENT": "The mailbox does not exist any longer.",
    "ALREADYEXISTS": "A mailbox with that name exists.",
    "UNAVAILABLE": "Try again later.",
    "INUSE": "Try again later.",
    "LIMIT": "Too many connections or commands at once: try again later.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A command that the server accepted."""

    status: Status
    answers: list[Answer]


@dataclass(slots=True)
class Ahead:
    """A FETCH of headers that was sent before its turn, and what of its answer came before it (RFC 9051 5.5)."""

    tag: bytes
    line: bytes
    asked: Asked
    headers: list[FetchedHeader]
    status: Status | None = None
    """How it ended, when that was told already."""


class Dialogue:
    """The order of words on one connection."""

    def __init__(self, channel: Channel, limits: Limits, log: Callable[[str], None] | None = None) -> None:
        """Nothing was said yet."""
        self.channel = channel
        self.limits = limits
        self.news = NewsDesk()
        self.literal_plus = False
        """RFC 7888: literals may be sent without waiting."""
        self._log = log
        self._tag_number = 0
        self._tags: set[bytes] = set()
        self._verb = ""
        self._ahead: Ahead | None = None
        self._turn: Ahead | None = None
        """The command that was just started, when it had been sent before."""
        channel.line_limit = limits.line_octets

    @property
    def host(self) -> str:
        """For sentences."""
        return self.channel.host

    # --- commands

    def run(
        self, verb: str, *arguments: bytes, wanted: Collection[str] = (), octets: int | None = None,
        lines: int | None = None, deadline_s: float | None = None,
    ) -> Reply:
        """Send a command and read to its end; untagged responses of other kinds are news."""
        self.start(verb, *arguments, octets=octets, lines=lines, deadline_s=deadline_s)
        return self.finish(wanted)

    def run_batch(self, verb: str, batch: Sequence[Sequence[bytes]], wanted: Collection[str]) -> list[Answer]:
        """Several commands in flight at once, without literals; the answers of all. Refusals are passed over."""
        self._begin(verb, None, None, None)
        lines = bytearray()
        for arguments in batch:
            tag = self._new_tag()
            lines += b" ".join((tag, verb.encode("ascii"), *map(wire.check_octets, arguments))) + b"\r\n"
        self.channel.send(bytes(lines))
        gathered: list[Answer] = []
        while self._tags:
            response = self.next()
            if isinstance(response, Status):
                self.news.hear_status_line(response)
            elif response.kind in wanted:
                gathered.append(response)
            else:
                self.hear(response)
        return gathered

    def start(
        self, verb: str, *arguments: bytes, octets: int | None = None, lines: int | None = None,
        deadline_s: float | None = None, sent: Callable[[int], None] | None = None,
    ) -> bytes:
        """Send a command; its tag. `Literal` arguments are sent as such, the rest as it stands.

        `sent` is told now and then how many octets of a literal are on their way.
        """
        for argument in arguments:
            if not isinstance(argument, wire.Literal):
                wire.check_octets(argument)
        if self._ahead is not None and self._ahead.line == _spelled(verb, arguments):
            ahead, self._ahead = self._ahead, None
            self._begin(verb, octets, lines, deadline_s)
            self._tags.add(ahead.tag)
            self._turn = ahead
            return ahead.tag
        self._begin(verb, octets, lines, deadline_s)
        tag = self._new_tag()
        line = tag + b" " + verb.encode("ascii")
        for argument in arguments:
            if isinstance(argument, wire.Literal):
                self._send_literal(line + b" ", argument, sent)
                line = b""
            else:
                line += b" " + argument
        self.channel.send(line + b"\r\n")
        return tag

    def send_ahead(self, verb: str, *arguments: bytes, asked: Asked) -> Ahead | None:
        """Send the command that `start` will be asked for next, so that the server is never idle.

        While another one is under way. Should something else be started instead, its answer is dropped.
        Where `asked` goes, headers that come before their turn are kept by whoever reads. None: one is on its way.
        """
        if self._ahead is not None:
            return None
        line = _spelled(verb, [wire.check_octets(argument) for argument in arguments])
        tag = self._new_tag()
        self._tags.discard(tag)  # nothing waits for it yet
        self._ahead = Ahead(tag, line, asked, [])
        self.channel.send(tag + b" " + line + b"\r\n")
        return self._ahead

    def take_turn(self) -> Ahead | None:
        """What came already of the command that was just started; None when it was not sent before its turn."""
        turn, self._turn = self._turn, None
        return turn

    def _drop_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.status is not None:
            return
        self._tags = {ahead.tag}
        while True:
            response = self.read(self.channel.line(), self.limits.header_octets, trim=True)
            if isinstance(response, Status):
                return
            if response.kind != "FETCH":
                self.hear(response)

    def _begin(self, verb: str, octets: int | None, lines: int | None, deadline_s: float | None) -> None:
        self._drop_ahead()
        limits = self.limits
        self.channel.begin(
            deadline_s or limits.command_s, silence_s=limits.silence_s, octets=octets or limits.octets,
            lines=lines or limits.lines,
        )
        self._verb = verb
        self._turn = None
        self._tags.clear()

    def _new_tag(self) -> bytes:
        self._tag_number += 1
        tag = b"t%d" % self._tag_number
        self._tags.add(tag)
        return tag

    def _send_literal(self, before: bytes, literal: bytes, sent: Callable[[int], None] | None) -> None:
        # RFC 7888 4 draws the same line: a large one is better refused before it was sent.
        if self.literal_plus and len(literal) <= AT_ONCE_OCTETS:
            self.channel.send(before + b"{%d+}\r\n" % len(literal) + literal)
            return
        self.channel.send(before + b"{%d}\r\n" % len(literal))
        self.await_go_ahead()
        view = memoryview(literal)
        for start in range(0, len(view), PIECE_OCTETS):
            self.channel.send(bytes(view[start : start + PIECE_OCTETS]))
            if sent is not None:
                sent(min(start + PIECE_OCTETS, len(view)))

    def await_go_ahead(self) -> bytes:
        """Read to the server's `+`, and what follows it. ServerRefused when it ends the command instead."""
        while True:
            line = self.channel.line()
            if line.startswith(b"+"):
                return line[1:].strip()
            response = self.read(line)
            if isinstance(response, Status):
                self.accept(response)
                self.violated()  # an OK to half a command
            self.news.hear(response)

    def finish(self, wanted: Collection[str] = ()) -> Reply:
        """Read to the end of the command that was started."""
        gathered: list[Answer] = []
        while True:
            response = self.next()
            if isinstance(response, Status):
                return Reply(self.accept(response), gathered)
            if response.kind in wanted:
                gathered.append(response)
            else:
                self.hear(response)

    def accept(self, status: Status) -> Status:
        """The status itself when it is OK; raises ServerRefused for NO and BAD."""
        self.news.hear_status_line(status)
        if self._log is not None:
            self._log(f"imap {self._verb} {status.kind} {status.code} {self.channel.octets_read}")
        if status.kind == "OK":
            return status
        said = wire.plain_words(status.words)
        sentence = f"{self.host} refused: {said}" if said else f"{self.host} refused {self._verb.lower()}."
        raise ServerRefused(
            sentence, ADVICE.get(status.code, ""), words=status.words.decode("utf-8", "replace"), code=status.code
        )

    # --- responses

    def next(self) -> Answer | Status:
        """The next untagged response, or the status that ends the command."""
        return self.read(self.channel.line())

    def read(self, line: bytes, literal_limit: int | None = None, *, trim: bool = False) -> Answer | Status:
        """A response that begins with `line`. `trim`: literals over the limit are cut; else the session ends."""
        match = _UNTAGGED.match(line)
        if match is None:
            return self._read_other(line)
        kind = match[2].decode("ascii").upper()
        number = int(match[1]) if match[1] else None
        rest = line[match.end() :]
        if kind in _STATUS_KINDS and number is None:
            if kind == "BYE":
                self._said_goodbye(rest)
            return Answer(kind, None, [rest])
        return Answer(kind, number, self._with_literals(rest, literal_limit or self.limits.literal_octets, trim))

    def _read_other(self, line: bytes) -> Answer | Status:
        tag, _, rest = line.partition(b" ")
        if tag in self._tags:
            self._tags.discard(tag)
            return self._ending(rest)
        if self._ahead is not None and tag == self._ahead.tag and self._ahead.status is None:
            self._ahead.status = self._ending(rest)
            return Answer("", None, [b""])
        if not line.startswith(b"* "):
            self.violated()
        return Answer("", None, [line[2:]])  # some servers garble untagged lines; they mean nothing to us

    def _ending(self, rest: bytes) -> Status:
        kind, _, words = rest.strip().partition(b" ")
        status = answers.parse_status(kind.decode("ascii", "replace").upper(), words)
        if status.kind not in ("OK", "NO", "BAD"):
            self.violated()
        return status

    def _with_literals(self, rest: bytes, limit: int, trim: bool) -> Pieces:
        pieces = [rest]
        while (size := answers.literal_size(pieces[-1])) is not None:
            if size <= limit:
                pieces.append(self.channel.octets(size))
            elif trim:
                self.channel.admit(size)
                pieces.append(self.channel.octets(limit))
                self.channel.skip(size - limit)
            else:
                self.channel.fail(ProtocolViolation(f"{self.host} announced more octets than an answer can have."))
            pieces.append(self.channel.line())
        return pieces

    def hear(self, answer: Answer) -> None:
        """Give an answer to the news desk; what cannot be read ends the connection."""
        try:
            self.news.hear(answer)
        except MailError as exc:
            self.channel.fail(exc)

    def _said_goodbye(self, rest: bytes) -> None:
        if self._verb == "LOGOUT":
            return
        said = wire.plain_words(answers.parse_status("BYE", rest).words)
        self.channel.fail(Dropped(f"{self.host} ended the connection: {said or 'no reason given'}"))

    def violated(self) -> NoReturn:
        """Give the connection up: what came does not fit the protocol."""
        self.channel.fail(ProtocolViolation(f"{self.host} sent an answer that cannot be read."))

    # --- for commands that IMAPClient sends

    def unsolicited(self, line: bytes) -> bool:
        """Take a line that is news from under another reader's eyes; True when it was."""
        match = _UNTAGGED.match(line)
        if match is None:
            return False
        kind = match[2].decode("ascii").upper()
        if kind == "BYE" and self._verb != "LOGOUT":
            self._said_goodbye(line[match.end() :])
        if kind not in ("EXISTS", "EXPUNGE", "FETCH", "VANISHED", "RECENT"):
            return False
        response = self.read(line)
        if isinstance(response, Answer):
            self.hear(response)
        return True

    def begin_foreign(self, verb: str) -> None:
        """Deadline and budget for a command that IMAPClient sends."""
        self._begin(verb, None, None, None)


def _spelled(verb: str, arguments: Sequence[bytes]) -> bytes:
    return b" ".join((verb.encode("ascii"), *arguments))


def parenthesised(words: Sequence[bytes]) -> bytes:
    """`(a b c)`."""
    return b"(" + b" ".join(words) + b")"
