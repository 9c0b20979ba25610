"""LIST and UIDL as servers send them, and as they should not: odd is reported, unreadable ends the session."""

from __future__ import annotations

import tracemalloc
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.net.pop_drop import Drop, session_with
from tuimail.errors import ProtocolViolation, ServerRefused
from tuimail.net.pop.listing import IdReader, SizeReader, listing
from tuimail.net.pop.session import Listing, PopLimits


def violated(what: str) -> NoReturn:
    raise ProtocolViolation(what)


def read(sizes: bytes, ids: bytes | None, promised: int = 2) -> Listing:
    """The listing of these two answers."""
    size_reader = SizeReader(PopLimits(), violated)
    size_reader(sizes)
    if ids is None:
        return listing(promised, size_reader, None)
    id_reader = IdReader(PopLimits(), violated)
    id_reader(ids)
    return listing(promised, size_reader, id_reader)


TWO = b"1 100\r\n2 200\r\n"


def test_sizes_and_ids_by_number() -> None:
    found = read(TWO, b"1 aa\r\n2 bb\r\n")
    assert found == Listing({1: 100, 2: 200}, {1: b"aa", 2: b"bb"}, {}, frozenset(), frozenset(), 2)
    assert found.whole
    assert found.without_uidl == []


def test_without_ids() -> None:
    found = read(TWO, None)
    assert found.uidls is None
    assert found.whole
    assert found.without_uidl == [1, 2]


def test_what_a_server_adds_behind_a_size_is_passed_over() -> None:
    assert read(b"1 100 octets\r\n2   200\r\n", None).sizes == {1: 100, 2: 200}


@pytest.mark.parametrize(
    "unique_id", [b"", b"x" * 71, b"a b", b"\x1b]0;x\x07", b"a\nb", b"\xc3\xa9", b"\0", b"\x7f", b"../" + b"x" * 300]
)
def test_an_id_that_is_not_allowed_is_kept_apart(unique_id: bytes) -> None:
    found = read(TWO, b"1 " + unique_id + b"\r\n2 bb\r\n")
    assert found.uidls == {2: b"bb"}
    assert found.illegal == {1: unique_id}
    assert found.without_uidl == [1]
    assert found.whole


@pytest.mark.parametrize("unique_id", [b"!", b"x" * 70, b"../../etc/passwd", b"~", b"';DROP"])
def test_an_id_may_be_anything_printable(unique_id: bytes) -> None:
    assert read(TWO, b"1 " + unique_id + b"\r\n2 bb\r\n").uidls == {1: unique_id, 2: b"bb"}


def test_ids_that_two_messages_bear_are_told() -> None:
    found = read(b"1 1\r\n2 2\r\n3 3\r\n", b"1 aa\r\n2 aa\r\n3 cc\r\n", 3)
    assert found.duplicates == {b"aa"}
    assert found.uidls == {1: b"aa", 2: b"aa", 3: b"cc"}
    assert found.whole


def test_a_server_that_lists_everything_twice_is_understood() -> None:
    found = read(TWO + TWO, b"1 aa\r\n2 bb\r\n" * 2)
    assert found.sizes == {1: 100, 2: 200}
    assert found.uidls == {1: b"aa", 2: b"bb"}
    assert found.duplicates == frozenset()
    assert found.whole


def test_a_server_that_contradicts_itself_is_not_believed() -> None:
    found = read(TWO + b"1 999\r\n", b"1 aa\r\n2 bb\r\n2 cc\r\n")
    assert found.sizes == {1: 100, 2: 200}
    assert found.uidls == {1: b"aa"}
    assert found.contradicted == {1, 2}
    assert not found.whole


@pytest.mark.parametrize(
    ("sizes", "ids", "promised"),
    [(TWO, b"1 aa\r\n", 2), (TWO, b"", 2), (TWO, b"1 aa\r\n2 bb\r\n", 3), (b"", b"", 2), (b"1 5\r\n", b"1 a\r\n", 2)],
)
def test_a_listing_with_a_gap_is_not_whole(sizes: bytes, ids: bytes, promised: int) -> None:
    assert not read(sizes, ids, promised).whole


def test_ids_of_messages_that_are_not_there_are_dropped() -> None:
    assert read(TWO, b"1 aa\r\n2 bb\r\n3 cc\r\n").uidls == {1: b"aa", 2: b"bb"}


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"0 5", b"-1 5", b"1", b"1 x", b"1 -5", b"99999999999 5", b"1 9999999999999999999", b"\xb9 5", b"+OK",
     b"1\t5", b"1 1e9", b"1 " + b"5" * 5000],
)  # fmt: skip
def test_a_size_that_cannot_be_read_ends_the_session(line: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        read(TWO + line + b"\r\n", None)


@given(octets=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_any_octets_make_a_listing_or_a_violation(octets: bytes, cuts: list[int]) -> None:
    for reader in (SizeReader(PopLimits(), violated), IdReader(PopLimits(), violated)):
        try:
            start = 0
            for cut in sorted(cuts):
                reader(octets[start:cut])
                start = max(start, cut)
            reader(octets[start:])
        except ProtocolViolation:
            continue


@given(count=st.integers(0, 60), block=st.integers(1, 50))
def test_lines_may_be_cut_anywhere(count: int, block: int) -> None:
    text = b"".join(b"%d %d\r\n" % (number, number * 7) for number in range(1, count + 1))
    reader = SizeReader(PopLimits(), violated)
    for start in range(0, len(text), block):
        reader(text[start : start + block])
    assert reader.sizes == {number: number * 7 for number in range(1, count + 1)}


def test_a_line_without_an_end_is_given_up() -> None:
    reader = IdReader(PopLimits(), violated)
    with pytest.raises(ProtocolViolation, match="too long"):
        reader(b"1 " + b"x" * 5000)


def test_more_messages_than_anybody_has_are_given_up() -> None:
    reader = SizeReader(PopLimits(messages=10), violated)
    with pytest.raises(ProtocolViolation, match="more than 10 messages"):
        reader(b"1 1\r\n" * 11)


class Many(Drop):
    """A drop of so many messages, without having them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.instead["STAT"] = b"+OK %d 1\r\n" % count
        self.instead["LIST"] = b"+OK\r\n" + b"".join(b"%d 12345\r\n" % n for n in range(1, count + 1)) + b".\r\n"
        self.instead["UIDL"] = b"+OK\r\n" + b"".join(b"%d %070d\r\n" % (n, n) for n in range(1, count + 1)) + b".\r\n"


def test_a_drop_of_200_000_messages_is_listed_in_bounded_memory() -> None:
    drop = Many(200_000)
    with session_with(drop, block=262_144) as session:
        tracemalloc.start()
        found = session.listing()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(found.sizes) == 200_000
        assert found.whole
        assert session.alive
    assert peak < 110 * 1024 * 1024  # of which the answers themselves, in the fake, are 20


def test_more_than_the_cap_ends_the_session() -> None:
    with session_with(Many(3001), limits=PopLimits(messages=3000)) as session:
        with pytest.raises(ProtocolViolation, match="more than 3,000 messages"):
            session.listing()
        assert not session.alive


def test_a_listing_that_never_ends_is_given_up() -> None:
    drop = Drop([b"x\r\n"])
    drop.instead["LIST"] = b"+OK\r\n" + b"1 1\r\n" * 100_000
    with session_with(drop, limits=PopLimits(listing_octets=100_000)) as session:
        with pytest.raises(ProtocolViolation):
            session.listing()
        assert not session.alive


@pytest.mark.parametrize("pipelining", [True, False])
def test_the_listing_is_asked_for_in_one_go_where_that_is_offered(pipelining: bool) -> None:
    drop = Drop([b"a\r\n", b"bb\r\n"], ["UIDL", "PIPELINING"] if pipelining else ["UIDL"])
    with session_with(drop) as session:
        found = session.listing()
    assert found.sizes == {1: 3, 2: 4}
    assert found.uidls == {1: b"7001", 2: b"7002"}
    assert drop.heard == ["CAPA", "STAT", "LIST", "UIDL"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_without_ids_is_one(pipelining: bool) -> None:
    drop = Drop([b"a\r\n"], ["PIPELINING"] if pipelining else [])
    drop.instead["UIDL"] = b"-ERR unknown command\r\n"
    with session_with(drop) as session:
        assert session.listing().uidls is None
        session.noop()


@pytest.mark.parametrize("answer", [b"-ERR not now\r\n", b"-ERR [SYS/TEMP] not now\r\n"])
@pytest.mark.parametrize("capabilities", [["UIDL"], ["UIDL", "PIPELINING"]])
def test_ids_that_are_refused_though_offered_never_count_as_none(answer: bytes, capabilities: list[str]) -> None:
    drop = Drop([b"a\r\n"], capabilities)
    drop.instead["UIDL"] = answer
    with session_with(drop) as session:
        with pytest.raises(ServerRefused):
            session.listing()
        session.noop()


@pytest.mark.parametrize("verb", ["STAT", "LIST"])
def test_a_listing_that_is_refused_leaves_the_session_usable(verb: str) -> None:
    drop = Drop([b"a\r\n"])
    drop.instead[verb] = b"-ERR [SYS/TEMP] later\r\n"
    with session_with(drop) as session:
        with pytest.raises(ServerRefused) as caught:
            session.listing()
        assert caught.value.retry
        session.noop()
