"""Nothing that a person or a sender chose can become a second command."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.scripted import Peer
from tests.net.conftest import playing, signed_in
from tuimail.errors import UsageError
from tuimail.model import Section
from tuimail.net.imap.session import ImapSession, Known
from tuimail.net.link import wire

EVIL = "x\r\nt9 DELETE INBOX"

CALLS: dict[str, Callable[[ImapSession], object]] = {
    "select": lambda s: s.select(EVIL),
    "select known": lambda s: s.select("INBOX", known=Known(1, 1, EVIL)),
    "status": lambda s: s.status(EVIL),
    "statuses": lambda s: s.statuses(["INBOX", EVIL]),
    "create": lambda s: s.create(EVIL),
    "rename": lambda s: s.rename("a", EVIL),
    "delete": lambda s: s.delete(EVIL),
    "subscribe": lambda s: s.subscribe(EVIL),
    "append name": lambda s: s.append(EVIL, b"x"),
    "append flag": lambda s: s.append("a", b"x", flags=[EVIL]),
    "copy": lambda s: s.copy("1", EVIL),
    "move": lambda s: s.move("1", EVIL),
    "fetch headers": lambda s: list(s.fetch_headers(EVIL)),
    "fetch flags": lambda s: s.fetch_flags(EVIL),
    "fetch whole": lambda s: list(s.fetch_whole(EVIL)),
    "fetch slice": lambda s: s.fetch_slice(1, Section("1]\r\nx"), 0, 10),
    "expunge": lambda s: s.uid_expunge(EVIL),
    "store set": lambda s: s.store_flags(EVIL, add=["\\Seen"]),
    "store flag": lambda s: s.store_flags("1", add=[EVIL]),
    "store bracket": lambda s: s.store_flags("1", add=["a) (b"]),
    "search word": lambda s: s.search_uids([EVIL]),
    "search value": lambda s: s.search_uids(["HEADER", "MESSAGE-ID", EVIL.encode()]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_line_break_in_an_argument_sends_nothing(call: Callable[[ImapSession], object]) -> None:
    heard: list[str] = []

    def script(peer: Peer) -> None:
        tag, command = peer.command()
        heard.append(command)
        peer.lines(f"{tag} OK done")

    with signed_in(script) as session:
        session.qresync = True
        with pytest.raises(UsageError):
            call(session)
        session.noop()
    assert heard == ["NOOP"]


@pytest.mark.parametrize("user", ["a\r\nb", "a\nb", "a\0b"])
def test_a_login_with_a_line_break_sends_nothing(user: str) -> None:
    heard: list[str] = []

    def script(peer: Peer) -> None:
        peer.lines("* OK ready")
        for _ in range(2):
            tag, command = peer.command()
            heard.append(command)
            peer.lines("* CAPABILITY IMAP4rev1", f"{tag} OK done")

    with playing(script) as session:
        for pair in ((user, "x"), ("x", user)):
            with pytest.raises(UsageError):
                session.login(*pair)
        session.noop()
    assert heard == ["CAPABILITY", "NOOP"]


@given(st.binary(max_size=2000))
def test_a_string_is_quoted_or_a_literal_or_refused(octets: bytes) -> None:
    try:
        spelled = wire.string(octets)
    except UsageError:
        assert set(octets) & {0, 10, 13}
        return
    if isinstance(spelled, wire.Literal):
        assert spelled == octets
    else:
        inside = spelled[1:-1].replace(b"\\\\", b"").replace(b'\\"', b"")
        assert b'"' not in inside
        assert b"\\" not in inside
        assert spelled.isascii()


@pytest.mark.parametrize("text", ["", "a b", "a)", "\\Seen", "ü", "a]", "{1}", "*"])
def test_an_atom_holds_nothing_special(text: str) -> None:
    with pytest.raises(UsageError):
        wire.atom(text)


@pytest.mark.parametrize("text", ["", "1", "1.2.3", "HEADER", "1.MIME", "TEXT", "2.HEADER"])
def test_sections_are_numbers_and_three_words(text: str) -> None:
    assert wire.section(Section(text)) == text.encode()


@pytest.mark.parametrize("text", ["0", "1.", "1..2", "1]", "1 2", "HEADER.FIELDS (A)", "1\r\n", "a"])
def test_other_sections_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        wire.section(Section(text))


def test_a_servers_words_are_short_and_printable() -> None:
    said = wire.plain_words(b"no\x1b]0;x\x07 \xe2\x80\xae" + b"y" * 1000)
    assert said.isprintable()
    assert len(said) == wire.MAX_WORDS
