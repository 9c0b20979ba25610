"""Headers summarised by a helper: the same as here, in order, and without a loss when the helper fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.engine.log import Log
from tuimail.engine.summaries import Summaries
from tuimail.engine.summarising import packed, tell, unpacked

BLOCKS = [
    b"From: Ada <ada@example.org>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nDate: Thu, 14 Nov 2024 09:12:33 +0100\r\n\r\n",
    b"",
    b"Subject: a\0b\r\nReferences: <1@x> <2@x>\r\n\r\n",
]


@pytest.fixture
def summaries() -> Iterator[Summaries]:
    helper = Summaries(Log(None), timeout_s=30)
    yield helper
    helper.close()


def test_a_helper_says_the_same_in_the_same_order(summaries: Summaries) -> None:
    assert summaries.begin(BLOCKS).result() == [tell(block) for block in BLOCKS]
    assert summaries.begin([]).result() == []
    assert summaries.begin(BLOCKS[:1]).result() == [tell(BLOCKS[0])]


@pytest.mark.parametrize("words", ["print('!garbage', flush=True); input()", "pass"], ids=["babbles", "dies"])
def test_without_a_helper_the_work_is_done_here(words: str) -> None:
    helper = Summaries(Log(None), command=(sys.executable, "-c", words), timeout_s=0.2)
    try:
        assert helper.begin(BLOCKS).result() == [tell(block) for block in BLOCKS]
    finally:
        helper.close()


@given(st.lists(st.binary(max_size=200), max_size=4))
@settings(max_examples=100, deadline=None)
def test_what_is_packed_is_unpacked(blocks: list[bytes]) -> None:
    told = [tell(block) for block in blocks]
    assert unpacked(packed(blocks), len(blocks)) == told


@given(st.binary(max_size=200), st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_no_answer_is_believed_that_does_not_fit(octets: bytes, count: int) -> None:
    found = unpacked(octets, count)
    assert found is None or len(found) == count
