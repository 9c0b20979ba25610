"""A request sent before its turn: answered in order, and harmless when nobody wants it after all."""

from __future__ import annotations

import pytest

from tests.fakes.scripted import Peer
from tests.net.conftest import signed_in
from tests.net.test_fetch import message
from tuimail.errors import ProtocolViolation, ServerRefused


def test_the_next_request_is_on_its_way_before_the_first_is_answered() -> None:
    def script(peer: Peer) -> None:
        first, command = peer.command()
        assert command.startswith("UID FETCH 1:2 ")
        second, command = peer.command()  # nothing was answered yet
        assert command.startswith("UID FETCH 3:4 ")
        answer(peer, first, 1, 2)
        answer(peer, second, 3, 4)

    with signed_in(script) as session:
        assert [header.uid for header in session.fetch_headers("1:2", then="3:4")] == [1, 2]
        assert [header.uid for header in session.fetch_headers("3:4")] == [3, 4]


def test_what_was_asked_for_ahead_is_dropped_when_something_else_is_wanted() -> None:
    def script(peer: Peer) -> None:
        first, _ = peer.command()
        second, _ = peer.command()
        answer(peer, first, 1)
        answer(peer, second, 3)
        tag, command = peer.command()
        assert command == "NOOP"
        peer.lines(f"{tag} OK done")
        tag, _ = peer.command()
        answer(peer, tag, 3)

    with signed_in(script) as session:
        assert [header.uid for header in session.fetch_headers("1", then="3")] == [1]
        session.noop()
        assert [header.uid for header in session.fetch_headers("3")] == [3]


def test_a_refusal_of_the_first_leaves_the_answer_to_the_next_to_nobody() -> None:
    def script(peer: Peer) -> None:
        first, _ = peer.command()
        second, _ = peer.command()
        peer.lines(f"{first} NO one message is broken")
        answer(peer, second, 3)
        tag, command = peer.command()
        assert command.startswith("UID FETCH 2 ")
        answer(peer, tag, 2)

    with signed_in(script) as session:
        with pytest.raises(ServerRefused):
            list(session.fetch_headers("1:2", then="3"))
        assert [header.uid for header in session.fetch_headers("2")] == [2]


def test_an_answer_out_of_turn_ends_the_session() -> None:
    def script(peer: Peer) -> None:
        peer.command()
        second, _ = peer.command()
        answer(peer, second, 3)

    with signed_in(script) as session:
        with pytest.raises(ProtocolViolation):
            list(session.fetch_headers("1", then="3"))
        assert not session.alive


def answer(peer: Peer, tag: str, *uids: int) -> None:
    """Messages and the end of a command."""
    for uid in uids:
        peer.send(message(uid).replace("|", "\r\n").encode() + b"\r\n")
    peer.lines(f"{tag} OK done")
