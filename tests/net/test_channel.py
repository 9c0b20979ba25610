"""Deadlines are absolute, budgets hold at the octet, and a closed connection stays closed."""

from __future__ import annotations

import os
import socket
import threading
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.scripted import Peer
from tests.net.conftest import QUICK, playing, signed_in
from tuimail.errors import Dropped, ProtocolViolation, TimedOut
from tuimail.net.imap.session import Limits
from tuimail.net.link import channel as channels
from tuimail.net.link.channel import Channel


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pair(clock: Clock) -> Iterator[tuple[Channel, socket.socket]]:
    """A channel, and the other end of its connection."""
    ours, theirs = socket.socketpair()
    made = Channel(ours, "mail.example", 993, clock)
    made.begin(10, silence_s=10, octets=1000, lines=100)
    yield made, theirs
    made.close()
    theirs.close()


def test_lines_and_octets_come_in_turn(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(b"one\r\ntwo\nthr\ree\r\n\r\n12345six\r\n")
    assert [channel.line() for _ in range(4)] == [b"one", b"two", b"thr\ree", b""]
    assert channel.octets(5) == b"12345"
    assert channel.octets(0) == b""
    assert channel.has_line()
    assert channel.line() == b"six"
    assert not channel.has_line()


@given(st.lists(st.binary(max_size=20).filter(lambda line: not set(line) & {10, 13}), max_size=8), st.data())
def test_lines_are_the_same_however_the_network_cuts_them(lines: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(line + b"\r\n" for line in lines)
    ours, theirs = socket.socketpair()
    made = Channel(ours, "mail.example", 993, Clock())
    made.begin(10, silence_s=10, octets=1000, lines=100)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(octets)))))
    pieces = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]

    def receive(timeout_s: float) -> bytes:
        return next((piece for piece in iter(lambda: pieces.pop(0), None) if piece), b"")

    made._receive = receive  # type: ignore[method-assign]
    assert [made.line() for _ in lines] == lines
    made.close()
    theirs.close()


@pytest.mark.parametrize(("octets", "passes"), [(99, True), (100, True), (101, False)])
def test_the_budget_of_octets_holds_exactly(pair: tuple[Channel, socket.socket], octets: int, passes: bool) -> None:
    channel, other = pair
    channel.begin(10, silence_s=10, octets=100, lines=10)
    other.sendall(b"x" * (octets - 2) + b"\r\n")
    if passes:
        assert len(channel.line()) == octets - 2
        return
    with pytest.raises(ProtocolViolation):
        channel.line()
    assert channel.broken


@pytest.mark.parametrize(("lines", "passes"), [(9, True), (10, True), (11, False)])
def test_the_budget_of_lines_holds_exactly(pair: tuple[Channel, socket.socket], lines: int, passes: bool) -> None:
    channel, other = pair
    channel.begin(10, silence_s=10, octets=1000, lines=10)
    other.sendall(b"* 1 EXISTS\r\n" * lines)
    if passes:
        assert [channel.line() for _ in range(lines)] == [b"* 1 EXISTS"] * lines
        return
    for _ in range(lines - 1):
        channel.line()
    with pytest.raises(ProtocolViolation):
        channel.line()


def test_a_line_without_end_is_refused(pair: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    channel, other = pair
    monkeypatch.setattr(channels, "RECEIVE_OCTETS", 10)
    channel.line_limit = 50
    other.sendall(b"x" * 100)
    with pytest.raises(ProtocolViolation):
        channel.line()


@pytest.mark.parametrize("announced", [2**31, 2**40, 10**30])
def test_a_huge_literal_is_refused_before_a_single_octet_is_read(
    pair: tuple[Channel, socket.socket], announced: int
) -> None:
    channel, _ = pair
    with pytest.raises(ProtocolViolation):
        channel.octets(announced)


def test_a_drip_of_single_octets_ends_at_the_deadline(pair: tuple[Channel, socket.socket], clock: Clock) -> None:
    channel, _ = pair
    dripped = 0

    def drip(timeout_s: float) -> bytes:
        nonlocal dripped
        dripped += 1
        clock.now += 0.4  # never silent for long
        return b"x"

    channel._receive = drip  # type: ignore[method-assign]
    with pytest.raises(TimedOut):
        channel.line()
    assert clock.now == pytest.approx(10.0)
    assert dripped == 25


def test_silence_ends_before_the_deadline(pair: tuple[Channel, socket.socket]) -> None:
    channel, _ = pair
    channel.begin(3600, silence_s=0.05, octets=10, lines=10)
    with pytest.raises(TimedOut):
        channel.line()


def test_the_deadline_ends_before_silence(pair: tuple[Channel, socket.socket]) -> None:
    channel, _ = pair
    channel.begin(0.05, silence_s=3600, octets=10, lines=10)
    with pytest.raises(TimedOut):
        channel.line()


def test_nobody_waits_after_the_deadline(pair: tuple[Channel, socket.socket], clock: Clock) -> None:
    channel, _ = pair
    clock.now = 11
    with pytest.raises(TimedOut):
        channel.send(b"x")
    with pytest.raises(TimedOut):
        channel.line()


def test_an_other_side_that_does_not_read_ends_at_the_deadline() -> None:
    ours, theirs = socket.socketpair()
    made = Channel(ours, "mail.example", 993, lambda: 0.0)
    made.begin(0.1, silence_s=0.1, octets=10, lines=10)
    with pytest.raises(TimedOut):
        made.send(b"x" * 50_000_000)
    theirs.close()


def test_a_closed_connection_is_an_error_each_time(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.close()
    for _ in range(3):
        with pytest.raises(Dropped):
            channel.line()
    with pytest.raises(Dropped):
        channel.wait(None, 10)


def test_another_thread_may_close(pair: tuple[Channel, socket.socket]) -> None:
    channel, _ = pair
    reading = threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        reading.set()
        try:
            channel.line()
        except Dropped as exc:
            errors.append(exc)

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait(10)
    channel.close()
    thread.join(10)
    assert not thread.is_alive()
    assert len(errors) == 1
    assert channel.socket.fileno() == -1


def test_a_wait_ends_by_octets_by_the_wake_and_by_time(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    wake, ring = os.pipe()
    try:
        assert not channel.wait(wake, 0.01)
        os.write(ring, b"x")
        assert not channel.wait(wake, 10)
        other.sendall(b"half")
        assert channel.wait(None, 10)
        assert not channel.has_line()
        other.sendall(b" line\r\n")
        assert channel.wait(wake, 10)
        assert channel.line() == b"half line"
    finally:
        os.close(wake)
        os.close(ring)


def deflated(octets: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(octets) + packer.flush(zlib.Z_SYNC_FLUSH)


def test_compressed_octets_pass_both_ways(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    octets = deflated(b"hello\r\nworld\r\n")
    other.sendall(b"OK\r\n" + octets[:3])
    assert channel.line() == b"OK"
    channel.start_deflate()
    other.sendall(octets[3:])
    assert [channel.line(), channel.line()] == [b"hello", b"world"]
    channel.send(b"DONE\r\n")
    assert zlib.decompressobj(-15).decompress(other.recv(100)) == b"DONE\r\n"


def test_a_bomb_goes_off_within_the_budget(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    channel.start_deflate()
    channel.begin(10, silence_s=10, octets=1_000_000, lines=10)
    other.sendall(deflated(b"x" * 10_000_000))
    with pytest.raises(ProtocolViolation):
        channel.line()
    assert channel.octets_read < 2_000_000


def test_what_is_not_compressed_is_a_violation(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    channel.start_deflate()
    other.sendall(b"\xff\xff\xff\xff* OK\r\n")
    with pytest.raises(ProtocolViolation):
        channel.line()


def test_more_than_a_block_of_inflated_octets_is_not_forgotten_while_waiting(
    pair: tuple[Channel, socket.socket],
) -> None:
    channel, other = pair
    channel.start_deflate()
    channel.begin(10, silence_s=10, octets=10_000_000, lines=10)
    other.sendall(deflated(b"x" * 600_000 + b"\r\n"))
    waits = 0
    while not channel.has_line():
        assert channel.wait(None, 10)
        waits += 1
    assert waits == 3
    assert len(channel.line()) == 600_000


def test_a_flood_of_news_is_refused() -> None:
    def script(peer: Peer) -> None:
        peer.command()
        while True:
            peer.send(b"* 7 EXISTS\r\n" * 1000)

    with signed_in(script, limits=Limits(lines=5000)) as session:
        with pytest.raises(ProtocolViolation):
            session.noop()
        assert not session.alive


def test_a_drip_feed_over_a_real_socket_ends() -> None:
    gate = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.command()
        peer.trickle(b"* 1 EXISTS" * 1000, gate)

    with signed_in(script, limits=QUICK) as session:
        gate.release(50)
        with pytest.raises(TimedOut):
            session.noop()
        gate.release(20_000)
        assert not session.alive


def test_a_greeting_that_never_comes_ends_at_the_deadline() -> None:
    with pytest.raises(TimedOut), playing(Peer.silence, deadline_s=0.3):
        pass
