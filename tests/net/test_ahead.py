"""A request sent before its turn: answered in order, and harmless when nobody wants it after all."""

from __future__ import annotations

import pytest

from tests.fakes.scripted import Peer
from tests.net.conftest import signed_in
from tests.net.test_fetch import message
from tuimail.errors import ServerRefused


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


def test_what_comes_before_its_turn_is_kept_for_it() -> None:
    """RFC 9051 5.5: a server may work on both. Dovecot does when the client reads slowly."""

    def script(peer: Peer) -> None:
        first, _ = peer.command()
        second, _ = peer.command()
        told(peer, 1, 4, 2, 5)
        peer.lines(f"{first} OK done")
        told(peer, 6)
        peer.lines(f"{second} OK done")

    with signed_in(script) as session:
        assert [header.uid for header in session.fetch_headers("1:2", then="4:6")] == [1, 2]
        assert [header.uid for header in session.fetch_headers("4:6")] == [4, 5, 6]


def test_an_answer_that_ends_before_its_turn_is_whole() -> None:
    def script(peer: Peer) -> None:
        first, _ = peer.command()
        second, _ = peer.command()
        told(peer, 3, 4)
        peer.lines(f"{second} OK done")
        told(peer, 1, 2)
        peer.lines(f"{first} OK done")
        third, command = peer.command()
        assert command.startswith("UID FETCH 5 ")
        answer(peer, third, 5)

    with signed_in(script) as session:
        assert [header.uid for header in session.fetch_headers("1:2", then="3:4")] == [1, 2]
        assert [header.uid for header in session.fetch_headers("3:4", then="5")] == [3, 4]
        assert [header.uid for header in session.fetch_headers("5")] == [5]


def test_a_refusal_before_its_turn_is_told_in_its_turn() -> None:
    def script(peer: Peer) -> None:
        first, _ = peer.command()
        second, _ = peer.command()
        peer.lines(f"{second} NO one message is broken")
        answer(peer, first, 1)

    with signed_in(script) as session:
        assert [header.uid for header in session.fetch_headers("1", then="3")] == [1]
        with pytest.raises(ServerRefused):
            list(session.fetch_headers("3"))


def told(peer: Peer, *uids: int) -> None:
    """Messages alone."""
    for uid in uids:
        peer.send(message(uid).replace("|", "\r\n").encode() + b"\r\n")


def answer(peer: Peer, tag: str, *uids: int) -> None:
    """Messages and the end of a command."""
    told(peer, *uids)
    peer.lines(f"{tag} OK done")
