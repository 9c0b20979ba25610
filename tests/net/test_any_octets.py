"""Whatever a server says to whatever command: values, or an error of ours, and nothing after a violation."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuimail.errors import MailError
from tuimail.model import Section
from tuimail.net.imap import idle, login, mailboxes, messages
from tuimail.net.imap.dialogue import Dialogue
from tuimail.net.imap.fetch import HEADER_FIELDS
from tuimail.net.imap.limits import Limits
from tuimail.net.link.channel import Channel

COMMANDS: dict[str, Callable[[Dialogue], object]] = {
    "list": lambda d: mailboxes.list_mailboxes(d, {"LIST-EXTENDED", "LIST-STATUS"}, subscribed_only=False),
    "plain list": lambda d: mailboxes.list_mailboxes(d, set(), subscribed_only=True),
    "status": lambda d: mailboxes.status(d, set(), "INBOX"),
    "statuses": lambda d: mailboxes.statuses_of(d, {"CONDSTORE"}, ["a", "b"]),
    "select": lambda d: mailboxes.select(d, "INBOX", read_only=False, parameter=b""),
    "append": lambda d: mailboxes.append(d, "INBOX", b"x", [], 0),
    "headers": lambda d: list(messages.fetch_headers(d, "1:*", HEADER_FIELDS, with_modseq=True)),
    "flags": lambda d: messages.fetch_flags(d, "1:9", with_modseq=True, changed_since=1, vanished=True),
    "slice": lambda d: messages.fetch_slice(d, 5, Section("1"), 0, 10),
    "structure": lambda d: messages.fetch_structure(d, 5),
    "whole": lambda d: list(messages.fetch_whole(d, "1:9")),
    "search": lambda d: messages.search(d, ["ALL"], compact=True),
    "store": lambda d: messages.store_flags(d, "1", ["\\Seen"], []),
    "move": lambda d: messages.copy(d, "1", "a", move=True),
    "idle": lambda d: idle.idle(d, None, 0.0, lambda: 0.0),
    "login": lambda d: login.login(d, {"AUTH=PLAIN", "SASL-IR"}, "ada", "secret"),
    "scram": lambda d: login.login(d, {"AUTH=SCRAM-SHA-256"}, "ada", "secret"),
}

WORDS = st.sampled_from([
    b"* ", b"+ ", b"{tag} ", b"OK ", b"NO ", b"BAD ", b"BYE ", b"LIST ", b"STATUS ", b"SEARCH ", b"ESEARCH ",
    b"VANISHED ", b"FETCH ", b"EXISTS", b"EXPUNGE", b"FLAGS ", b"INBOX ", b"a ", b"b ", b'"x" ', b'"/" ',
    b"NIL ", b"() ", b"(", b") ", b"[", b"] ", b"UID ", b"5 ", b"0 ", b"1:9 ", b"99999999999 ", b"UIDVALIDITY ",
    b"COPYUID ", b"APPENDUID ", b"CLOSED", b"(MESSAGES 3 UNSEEN 1) ", b"(UID 5 FLAGS (\\Seen)) ",
    b"(UID 5 BODY[1]<0> {1}\r\nx)", b"BODY[] ", b"{3}\r\nabc", b"{99999999999999}\r\n", b"(EARLIER) ", b"ALL ",
    b"\r\n", b"\r\n", b"\r\n* ", b"\n{tag} OK \r\n", b"\x00", b"\xff", b"cj0x",
])  # fmt: skip
ANSWERS = st.one_of(st.lists(WORDS, max_size=25).map(b"".join), st.binary(max_size=80))


class Replaying(Channel):
    """A channel on which the other side says what was written down, then closes."""

    def __init__(self, answer: bytes) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(ours, "mail.example", 993, lambda: 0.0)
        self._answer = answer
        self._tag = b""

    def send(self, octets: bytes) -> None:
        """Remember the tag."""
        words = bytes(octets).split(b" ")
        self._tag = words[0] if words[0].startswith(b"t") else self._tag

    def _receive(self, timeout_s: float) -> bytes:
        if not self._answer:
            self._give_up(self._dropped())
        answer, self._answer = self._answer.replace(b"{tag}", self._tag), b""
        return answer

    def wait(self, wake_fd: int | None, timeout_s: float) -> bool:
        """Nothing more is said while idle."""
        return False

    def end(self) -> None:
        """Close both ends."""
        self.close()
        self._theirs.close()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
@settings(max_examples=60)
@example(b"* OK [UIDVALIDITY x]\r\n{tag} OK\r\n")
@example(b"* OK [COPYUID 1 1:4294967295 1:4294967295]\r\n{tag} OK\r\n")
@example(b"* STATUS INBOX (MESSAGES 99999999999999999999)\r\n{tag} OK\r\n")
@example(b"* LIST " + b"(" * 3000 + b"\r\n{tag} OK\r\n")
@given(ANSWERS)
def test_any_answer_gives_values_or_an_error_of_ours(command: Callable[[Dialogue], object], answer: bytes) -> None:
    channel = Replaying(answer)
    dialogue = Dialogue(channel, Limits())
    told: MailError | None = None
    try:
        command(dialogue)
    except MailError as exc:
        told = exc
    finally:
        channel.end()
    assert told is None or (told.sentence and told.sentence.isprintable())
