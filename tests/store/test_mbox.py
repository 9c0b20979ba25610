"""Mbox files: what was written is read again octet for octet, and odd files harm nobody."""

from __future__ import annotations

import io
import mailbox as standard
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuimail.errors import UsageError
from tuimail.store.maildirs.mbox import Mbox, written

PIECES = st.sampled_from([
    b"From ", b">From ", b">>From ", b"From", b">", b"\n", b"\r\n", b"\r", b"x", b" ", b"\n\n", b"\r\n\r\n", b"Fro",
    b"From a@b Tue Nov 14 22:13:20 2023\n", b"\0", b"\xff",
])
MESSAGES = st.lists(st.lists(PIECES, max_size=12).map(b"".join), max_size=5)


def mbox_of(messages: Sequence[bytes]) -> bytes:
    return b"".join(b"".join(written(raw, sender="a@b", received_at=1_700_000_000)) for raw in messages)


def read(data: bytes, block: int = 1 << 20) -> list[bytes]:
    return [b"".join(one.pieces) for one in Mbox(io.BytesIO(data), block_octets=block).messages()]


@settings(max_examples=150, deadline=None)
@given(MESSAGES, st.integers(1, 40))
@example([b"", b"", b"\n"], 1)
@example([b"From \n", b">From \n>>From x"], 2)
def test_what_is_written_is_read_again(messages: list[bytes], block: int) -> None:
    assert read(mbox_of(messages), block) == messages


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=20).map(b"".join), st.integers(1, 30))
def test_any_octets_are_read_the_same_in_blocks_of_any_size(data: bytes, block: int) -> None:
    data = b"From a\n" + data
    assert read(data, block) == read(data)


@pytest.mark.parametrize("run", [1, 4, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 300_000])
@pytest.mark.parametrize("after", [b"From x\n", b"Fro\n", b"", b"\n", b"From " + b"y" * 200_000], ids=len)
def test_a_line_of_any_length_is_read_again(run: int, after: bytes) -> None:
    messages = [b"a\n" + b">" * run + after, b"last\n"]
    for block in (1000, 65_536, 1 << 20):
        assert read(mbox_of(messages), block) == messages


def test_a_huge_line_is_never_held_in_memory() -> None:
    class Endless(io.RawIOBase):
        left = 200

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return (b"From a\n" + b">" * (size - 7)) if self.left == 199 else b">" * size if self.left > 0 else b""

    longest = 0
    for one in Mbox(Endless(), block_octets=100_000).messages():  # type: ignore[arg-type]  # a file that never ends
        for piece in one.pieces:
            longest = max(longest, len(piece))
    assert longest < 300_000


def test_a_file_with_cr_lf_everywhere_keeps_them() -> None:
    data = b"From a Tue Nov 14 22:13:20 2023\r\nSubject: x\r\n\r\n>From here\r\n\r\nFrom b\r\n\r\ny\r\n"
    assert read(data) == [b"Subject: x\r\n\r\nFrom here\r\n", b"\r\ny\r\n"]


def test_a_line_of_a_letter_is_no_separator_in_files_of_others() -> None:
    data = b"From a Tue Nov 14 22:13:20 2023\n\nDear all,\nFrom now on we meet on Thursday.\n\n"
    assert read(data) == [b"\nDear all,\nFrom now on we meet on Thursday.\n"]


def test_messages_without_an_empty_line_between_them_are_told_apart_by_a_date() -> None:
    data = b"From a Tue Nov 14 22:13:20 2023\n\none\nFrom b Tue Nov 14 22:13:20 2023\n\ntwo\n"
    assert read(data) == [b"\none\n", b"\ntwo\n"]


@pytest.mark.parametrize("data", [b"Subject: no From line\n\nx\n", b"\n\n", b"\x00" * 100, b">From x\n"], ids=len)
def test_a_file_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="no mbox"):
        read(data)


def test_an_empty_file_holds_no_message() -> None:
    assert read(b"") == []


def test_date_and_flags_come_back() -> None:
    data = b"".join(written(b"x", sender="Ada <a@b>", received_at=1_700_000_000, letters="FS"))
    (one,) = Mbox(io.BytesIO(data)).messages()
    assert one.about == (1_700_000_000, "FS", True, False)
    for date in (b"Tue Nov 14 22:13 2023", b"Tue Nov 14 22:13:00 UTC 2023", b"Tue Nov 14 22:13:00 +0000 2023"):
        (one,) = Mbox(io.BytesIO(b"From a " + date + b"\n\nx\n")).messages()
        assert one.about.received_at == 1_699_999_980


def test_a_message_that_is_not_taken_is_passed_over() -> None:
    data = mbox_of([b"one\n" * 1000, b"two\n"])
    mbox = Mbox(io.BytesIO(data), block_octets=10)
    assert [next(one.pieces)[:1] for one in mbox.messages()] == [b"o", b"t"]
    assert mbox.read_octets == len(data)


def test_other_programs_read_what_we_write(tmp_path: Path) -> None:
    messages = [b"Subject: one\n\nFrom me\n", b"Subject: two\n\n>From you\n"]
    (tmp_path / "mbox").write_bytes(mbox_of(messages))
    assert [one["Subject"] for one in standard.mbox(tmp_path / "mbox")] == ["one", "two"]
