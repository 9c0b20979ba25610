"""Sequence sets: short, in order, and never larger than they may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.errors import ProtocolViolation, UsageError
from tuimail.net.imap import uids

NUMBERS = st.sets(st.integers(1, 300), max_size=80)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""), ([7], "7"), ([3, 1, 2, 9], "1:3,9"), ([5, 5, 6], "5:6"), ([1, 3, 5], "1,3,5"),
        ([2**32 - 1], "4294967295"),
    ],
)
def test_a_set_is_spelled_as_short_as_can_be(numbers: list[int], text: str) -> None:
    assert uids.compress_uids(numbers) == text


@given(NUMBERS)
def test_what_is_compressed_expands_to_the_same(numbers: set[int]) -> None:
    text = uids.compress_uids(numbers)
    assert (uids.expand(text) if text else []) == sorted(numbers)


@given(NUMBERS.filter(bool), st.integers(12, 60))
def test_a_split_set_loses_nothing_and_fits(numbers: set[int], limit: int) -> None:
    pieces = list(uids.split_set(uids.compress_uids(numbers), limit))
    assert all(len(piece) <= limit for piece in pieces)
    assert [uid for piece in pieces for uid in uids.expand(piece)] == sorted(numbers)


def test_a_long_set_is_split_below_what_servers_take() -> None:
    text = uids.compress_uids(range(1, 40_001, 2))
    assert len(list(uids.split_set(text))) > 10
    assert max(map(len, uids.split_set(text))) <= 7000


@pytest.mark.parametrize("text", ["", "0", "1,", ",1", "1:", "a", "1 2", "1\r\n", "-1", "1:2:3", "99999999999"])
def test_what_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        uids.check_set(text)


@pytest.mark.parametrize("octets", [b"", b"0", b"*", b"1:*", b"4294967296", b"1,,2", b"x", b"1:2:3", b" 1", b"\xb2"])
def test_a_servers_set_that_cannot_be_read_is_a_violation(octets: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        uids.parse_ranges(octets)


def test_four_billion_uids_in_twelve_octets_are_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        uids.expand("1:4294967295")
    assert len(uids.expand("1:10", limit=10)) == 10
    with pytest.raises(ProtocolViolation):
        uids.expand("1:11", limit=10)


def test_a_range_may_come_backwards() -> None:
    assert uids.parse_ranges(b"9:7,3") == [(7, 9), (3, 3)]


@pytest.mark.parametrize("text", ["5:9,12", "12,5:9", "1:30000"])
def test_an_asked_uid_is_taken_once(text: str) -> None:
    asked = uids.Asked(text)
    assert asked.take(6)
    assert not asked.take(6)
    assert asked.take(12)
    assert 13 in asked or not asked.take(13)


@pytest.mark.parametrize("text", ["5:9,12", "30001:90000"])
def test_a_uid_that_nobody_asked_for_is_not_taken(text: str) -> None:
    assert not uids.Asked(text).take(4)


def test_an_open_set_always_includes_the_last_message() -> None:
    assert uids.Asked("559:*").take(3)
    assert uids.Asked("*").take(3)
