r"""Nothing but CRLF ends a line and nothing but `\r\n.\r\n` ends a message, however the octets are cut into blocks."""

from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.net.pop_drop import Clock, Drop, DropSocket, InMemory, arrived, stuffed
from tuimail.errors import Dropped, MailError, ProtocolViolation, TimedOut, TooLarge
from tuimail.net.pop.channel import PopChannel

MIB = 1024 * 1024

# Texts made of the octets that matter, so that dots, CRs and LFs meet in every way.
tricky = st.lists(
    st.sampled_from([b"\r\n", b".", b"..", b"\r", b"\n", b"a", b"\0", b"\xff", b"\r\n.\r\n", b"\n.\n"]), max_size=30
)
any_message = st.one_of(st.binary(max_size=300), tricky.map(b"".join))


class Stream(Drop):
    """A server that says these octets and no more."""

    def __init__(self, octets: bytes) -> None:
        super().__init__()
        self._octets = octets

    def greeting(self) -> bytes:
        return self._octets


def channel_of(octets: bytes, block: int = 65536, budget: int = 4 * MIB) -> PopChannel:
    """A channel that receives these octets, in such blocks, and then an end."""
    sock = DropSocket(Stream(octets), block=block, cut_after=len(octets))
    channel = InMemory(sock, "drop.example", 110, Clock())  # type: ignore[arg-type]
    channel.line_limit = 4096
    channel.begin(60, silence_s=60, octets=budget, lines=1000)
    return channel


def body_of(channel: PopChannel, limit_octets: int = MIB) -> bytes:
    pieces: list[bytes] = []
    count = channel.body(pieces.append, limit_octets)
    assert b"" not in pieces
    message = b"".join(pieces)
    assert count == len(message)
    return message


@given(raw=any_message, block=st.integers(1, 40))
@example(raw=b"", block=1)
@example(raw=b".", block=1)
@example(raw=b".\r\n.\r\n..\r\n", block=4)
@example(raw=b"a\n.\r\nb\r\n", block=3)
def test_any_message_comes_out_equal_at_every_block_size(raw: bytes, block: int) -> None:
    channel = channel_of(b"+OK\r\n" + stuffed(raw) + b"+OK next\r\n", block)
    assert channel.line() == b"+OK"
    assert body_of(channel) == arrived(raw)
    assert channel.line() == b"+OK next"
    assert channel.untouched


@given(raw=any_message, cut=st.integers(0, 10_000), block=st.integers(1, 40))
def test_a_message_cut_anywhere_is_never_whole(raw: bytes, cut: int, block: int) -> None:
    stream = b"+OK\r\n" + stuffed(raw)
    channel = channel_of(stream[: 5 + cut % (len(stream) - 5)], block)
    channel.line()
    with pytest.raises(Dropped):
        body_of(channel)
    assert channel.broken


@given(octets=st.one_of(st.binary(max_size=300), tricky.map(b"".join)), block=st.integers(1, 40))
def test_any_octets_are_read_as_an_independent_reader_reads_them(octets: bytes, block: int) -> None:
    """Also from a server that does not stuff: a single dot before other octets stays."""
    expected: bytes | None = None
    lines = octets.split(b"\r\n")
    if b"." in lines[:-1]:
        mine = lines[: lines.index(b".")]
        expected = b"".join((line[1:] if line.startswith(b"..") else line) + b"\r\n" for line in mine)
    channel = channel_of(b"+OK\r\n" + octets, block)
    channel.line()
    try:
        assert body_of(channel) == expected
    except Dropped:
        assert expected is None


@pytest.mark.parametrize("block", [1, 2, 3, 5, 64 * 1024])
@pytest.mark.parametrize("raw", [b"x" * 3000 + b"\r\n", b"y" * 100_000, b"." * 5000 + b"\r\n" * 99, b"\r\n." * 3000])
def test_long_lines_and_many_dots(raw: bytes, block: int) -> None:
    channel = channel_of(b"+OK\r\n" + stuffed(raw), block)
    channel.line()
    assert body_of(channel) == arrived(raw)


@given(octets=st.binary(max_size=200), block=st.integers(1, 40))
def test_any_octets_where_a_line_is_due(octets: bytes, block: int) -> None:
    channel = channel_of(octets, block)
    with pytest.raises((Dropped, ProtocolViolation)):  # noqa: PT012 - every line until the end
        while True:
            line = channel.line()
            assert b"\n" not in line
    assert channel.broken


@pytest.mark.parametrize("octets", [b"+OK\n", b"+OK\nx\r\n", b"\n", b"+OK\r\r\n\n"])
def test_a_line_that_a_bare_lf_ends_breaks_the_session(octets: bytes) -> None:
    channel = channel_of(octets)
    with pytest.raises(ProtocolViolation, match="LF"):  # noqa: PT012 - the last one may be the second
        channel.line()
        channel.line()


def test_a_carriage_return_alone_is_part_of_a_line() -> None:
    assert channel_of(b"+OK a\rb\r\r\n").line() == b"+OK a\rb\r"


@pytest.mark.parametrize("block", [1000, 65536])
def test_a_line_without_an_end_is_given_up(block: int) -> None:
    with pytest.raises(ProtocolViolation, match="too long"):
        channel_of(b"x" * 200_000, block).line()


def test_more_lines_than_expected_are_given_up() -> None:
    channel = channel_of(b"+OK\r\n" * 5)
    channel.begin(60, silence_s=60, octets=1000, lines=2)
    assert [channel.line(), channel.line()] == [b"+OK", b"+OK"]
    with pytest.raises(ProtocolViolation, match="more lines"):
        channel.line()


def test_a_message_over_the_limit_ends_the_session_and_the_sink_gets_no_more_than_the_limit() -> None:
    pieces: list[bytes] = []
    channel = channel_of(b"+OK\r\n" + b"a" * 10_000, 100)
    channel.line()
    with pytest.raises(TooLarge):
        channel.body(pieces.append, 5000)
    assert sum(map(len, pieces)) <= 5000
    assert channel.broken


def test_a_flood_ends_at_the_budget() -> None:
    channel = channel_of(b"+OK\r\n" + b"a" * 100_000, 1000, budget=20_000)
    channel.line()
    with pytest.raises(ProtocolViolation, match="more than an answer"):
        body_of(channel)
    assert channel.octets_read < 22_000


def test_a_drip_ends_at_the_deadline() -> None:
    clock = Clock()

    def tick() -> None:
        clock.now += 0.4

    sock = DropSocket(Stream(b"+OK\r\n" + b"a" * 1000), block=1, on_receive=tick)
    channel = InMemory(sock, "drop.example", 110, clock)  # type: ignore[arg-type]
    channel.begin(20, silence_s=10, octets=MIB, lines=10)
    channel.line()
    with pytest.raises(TimedOut):
        body_of(channel)
    assert clock.now < 1021


class Full(Exception):
    """A sink's own trouble."""


def test_a_sink_that_raises_ends_the_session() -> None:
    def full(octets: bytes) -> None:
        raise Full

    channel = channel_of(b"+OK\r\n" + stuffed(b"hello"))
    channel.line()
    with pytest.raises(Full):
        channel.body(full, 100)
    assert channel.broken
    with pytest.raises(MailError):
        channel.send(b"QUIT\r\n")


def test_a_session_closed_from_another_thread_ends_the_wait() -> None:
    ours, theirs = socket.socketpair()
    channel = PopChannel(ours, "drop.example", 110, Clock())
    channel.begin(30, silence_s=30, octets=MIB, lines=10)
    theirs.sendall(b"+OK\r\nhalf a mess")
    channel.line()
    half = threading.Event()

    def close_then() -> None:
        half.wait(10)
        channel.close()

    closing = threading.Thread(target=close_then)
    closing.start()
    with pytest.raises(Dropped):
        channel.body(lambda octets: half.set(), 1000)
    closing.join()
    theirs.close()
