"""Waiting: news wakes at once, nothing is missed, and a dead connection is no busy loop."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.fakes.scripted import Peer
from tests.net.conftest import QUICK, signed_in
from tuimail.errors import Dropped, ProtocolViolation, ServerRefused, TimedOut
from tuimail.model import Flag
from tuimail.net.imap.session import FetchedFlags, StatusNews


@pytest.fixture
def bell() -> Iterator[tuple[int, Callable[[], None]]]:
    """A descriptor to wake by, and what rings it."""
    wake, ring = os.pipe()

    def push() -> None:
        os.write(ring, b"x")

    yield wake, push
    os.close(wake)
    os.close(ring)


def idling(*said: bytes, ended: list[str] | None = None, gate: threading.Event | None = None) -> Callable[[Peer], None]:
    """Begin IDLE, say these octets (after the gate), take DONE, answer a NOOP."""

    def script(peer: Peer) -> None:
        tag = peer.expect("IDLE")
        peer.lines("+ idling")
        for octets in said:
            if gate is not None:
                peer.hold(gate)
            peer.send(octets)
        line = peer.line().decode()
        if ended is not None:
            ended.append(line)
        peer.lines(f"{tag} OK idled")
        tag = peer.expect("NOOP")
        peer.lines(f"{tag} OK")

    return script


def after(event: threading.Event, act: Callable[[], None]) -> Callable[[], None]:
    """Act once the event is set."""

    def wait_and_act() -> None:
        assert event.wait(10)
        act()

    return wait_and_act


def test_new_mail_ends_the_wait() -> None:
    ended: list[str] = []
    with signed_in(idling(b"* 4 EXISTS\r\n* 1 RECENT\r\n", ended=ended)) as session:
        assert session.idle(None, 60).exists == 4
        session.noop()
    assert ended == ["DONE"]


def test_every_sort_of_news_is_told() -> None:
    said = (
        b"* 3 EXPUNGE\r\n* VANISHED 7:9\r\n* 2 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (9))\r\n* 2 FETCH (FLAGS ())\r\n"
        b'* STATUS Sent (MESSAGES 3 UNSEEN 1)\r\n* LIST () "/" New\r\n* OK Still here\r\n* BAD [ALERT] Full \x1b[1m\r\n'
    )
    with signed_in(idling(said)) as session:
        news = session.idle(None, 60)
        rest = session.noop()
    assert news.expunged
    assert news.vanished == ((7, 9),)
    assert news.flags == (FetchedFlags(5, Flag.SEEN, "", 9),)
    assert news.flags_unknown
    assert news.statuses == (StatusNews("Sent", 3, 1, None, None, None),)
    assert news.mailboxes_changed
    assert news.alerts == ("Full [1m",)
    assert not rest


def test_the_wake_ends_the_wait_with_no_news(bell: tuple[int, Callable[[], None]]) -> None:
    wake, ring = bell
    ring()
    with signed_in(idling()) as session:
        assert not session.idle(wake, 60)
        session.noop()


def test_time_ends_the_wait_with_no_news() -> None:
    with signed_in(idling()) as session:
        assert not session.idle(None, 0.05)
        session.noop()


def test_what_came_with_the_go_ahead_is_not_missed() -> None:
    def script(peer: Peer) -> None:
        tag = peer.expect("IDLE")
        peer.send(b"+ idling\r\n* 9 EXISTS\r\n")
        peer.line()
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        assert session.idle(None, 60).exists == 9


def test_what_came_with_an_earlier_command_ends_the_wait_before_it_begins() -> None:
    def script(peer: Peer) -> None:
        tag = peer.expect("UID FETCH")
        peer.lines("* 8 EXISTS", f"{tag} OK")
        tag = peer.expect("NOOP")
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        session.fetch_flags("1")
        assert session.idle(None, 60).exists == 8
        session.noop()


def test_what_comes_after_done_is_not_missed(bell: tuple[int, Callable[[], None]]) -> None:
    wake, ring = bell

    def script(peer: Peer) -> None:
        tag = peer.expect("IDLE")
        peer.lines("+ idling")
        assert peer.line() == b"DONE"
        peer.lines("* 6 EXISTS", f"{tag} OK")

    ring()
    with signed_in(script) as session:
        assert session.idle(wake, 60).exists == 6


def test_a_half_line_waits_for_its_end(bell: tuple[int, Callable[[], None]]) -> None:
    wake, _ = bell
    half_sent, go_on = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        tag = peer.expect("IDLE")
        peer.lines("+ idling")
        peer.send(b"* 5 EX")
        half_sent.set()
        peer.hold(go_on)
        peer.send(b"ISTS\r\n")
        assert peer.line() == b"DONE"
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        releasing = threading.Thread(target=after(half_sent, go_on.set))
        releasing.start()
        assert session.idle(wake, 60).exists == 5
        releasing.join()


def test_a_literal_in_the_middle_of_news_is_read() -> None:
    with signed_in(idling(b'* LIST () "/" {3}\r\n', b"a b\r\n")) as session:
        assert session.idle(None, 60).mailboxes_changed
        session.noop()


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
def test_a_closed_connection_ends_the_wait_with_an_error(end: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.expect("IDLE")
        peer.lines("+ idling")
        end(peer)

    with signed_in(script) as session:
        with pytest.raises(Dropped):
            session.idle(None, 60)
        assert not session.alive
        with pytest.raises(Dropped):
            session.idle(None, 60)


def test_a_goodbye_ends_the_wait_with_the_servers_words() -> None:
    with signed_in(idling(b"* BYE Autologout\r\n")) as session, pytest.raises(Dropped, match="Autologout"):
        session.idle(None, 60)


def test_a_server_that_ends_idle_by_itself_is_not_told_done() -> None:
    def script(peer: Peer) -> None:
        tag = peer.expect("IDLE")
        peer.lines("+ idling", "* 3 EXISTS", f"{tag} OK enough")
        tag = peer.expect("NOOP")
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        assert session.idle(None, 60).exists == 3
        session.noop()


def test_a_server_that_refuses_idle_says_so_and_goes_on() -> None:
    def script(peer: Peer) -> None:
        tag = peer.expect("IDLE")
        peer.lines(f"{tag} NO not here")
        tag = peer.expect("NOOP")
        peer.lines(f"{tag} OK")

    with signed_in(script) as session:
        with pytest.raises(ServerRefused):
            session.idle(None, 60)
        session.noop()


def test_a_server_that_never_ends_idle_is_left_at_the_deadline() -> None:
    def script(peer: Peer) -> None:
        peer.expect("IDLE")
        peer.lines("+ idling")
        peer.silence()

    with signed_in(script, limits=QUICK) as session:
        with pytest.raises(TimedOut):
            session.idle(None, 0.01)
        assert not session.alive


def test_garbage_while_idle_ends_the_session() -> None:
    with signed_in(idling(b"\x00\xff garbage\r\n")) as session, pytest.raises(ProtocolViolation):
        session.idle(None, 60)


def test_a_session_that_is_closed_from_elsewhere_stops_waiting() -> None:
    idle_began = threading.Event()

    def script(peer: Peer) -> None:
        peer.expect("IDLE")
        peer.lines("+ idling")
        idle_began.set()
        peer.silence()

    with signed_in(script) as session:
        closing = threading.Thread(target=after(idle_began, session.close))
        closing.start()
        with pytest.raises(Dropped, match="closed"):
            session.idle(None, 60)
        closing.join()


def test_without_idle_the_wake_leads_to_a_question(bell: tuple[int, Callable[[], None]]) -> None:
    wake, ring = bell

    def script(peer: Peer) -> None:
        tag = peer.expect("NOOP")
        peer.lines("* 2 EXISTS", f"{tag} OK")

    ring()
    with signed_in(script, capabilities="IMAP4rev1 AUTH=PLAIN") as session:
        assert session.idle(wake, 60).exists == 2


def test_notify_is_used_where_it_is_offered() -> None:
    def script(peer: Peer) -> None:
        tag = peer.expect("NOTIFY SET (selected-delayed")
        peer.lines(f"{tag} OK")
        tag = peer.expect("NOTIFY")
        peer.lines(f"{tag} NO [BADEVENT] x")
        tag = peer.expect("IDLE")
        peer.lines("+ idling", "* OK [NOTIFICATIONOVERFLOW] lost count")
        peer.line()
        peer.lines(f"{tag} OK")

    with signed_in(script, capabilities="IMAP4rev1 AUTH=PLAIN IDLE NOTIFY") as session:
        assert session.notify()
        assert not session.notify()
        news = session.idle(None, 60)
    assert news.mailboxes_changed
    assert news.flags_unknown
    with signed_in(lambda peer: None) as session:
        assert not session.notify()
