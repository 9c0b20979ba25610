"""Whole messages taken apart in a child: the same parts as here, and no answer is believed unseen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.test_convert import DIE
from tests.engine.test_examine import telling
from tuimail.engine.children.apart import TEXT, framed, unframed
from tuimail.engine.children.examine import Examiner
from tuimail.engine.children.taking_apart import parts_of, parts_of_all
from tuimail.engine.log import Log
from tuimail.mime.parts import parse
from tuimail.mime.reading import readable, whole
from tuimail.store.packing import Packed, inflated, pack

LETTER = (
    b"Subject: two parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain\r\n\r\nSee https://example.org/\r\n> quoted\r\n-- \r\nAda\r\n--b\r\n"
    b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQKJUVPRgo=\r\n--b--\r\n"
)


def octets_of(part: Packed) -> bytes | None:
    return inflated(part.octets, part.size_octets) if part.is_deflated else part.octets


@pytest.fixture
def examiner() -> Iterator[Examiner]:
    made = Examiner(Log(None))
    yield made
    made.close()


def test_a_message_is_taken_apart_as_the_parser_says() -> None:
    found = {part.section: part for part in parts_of(LETTER, without_files=False)}
    expected = {part.section: octets for part, octets in parse.leaves(LETTER, parse.parse_message(LETTER))}
    assert {section: octets_of(part) for section, part in found.items() if section != TEXT} == expected
    text = octets_of(found[TEXT])
    assert text is not None
    assert readable.from_json(text) == whole.text_of(LETTER, "text")
    assert found["2"].real_type == "application/pdf"
    assert "2" not in {part.section for part in parts_of(LETTER, without_files=True)}


def test_a_child_does_it_for_many_messages_at_once(examiner: Examiner) -> None:
    raws = [LETTER, b"Subject: x\r\n\r\nHello.\r\n", b""]
    assert examiner.parts(raws, without_files=False) == [parts_of(raw, without_files=False) for raw in raws]


def test_a_child_that_dies_or_lies_gives_nothing() -> None:
    too_much = parts_of_all([LETTER] * 2, without_files=False)
    for command in (DIE, telling(b"\0\0\0\2[]"), telling(b"nonsense"), telling(too_much)):
        examiner = Examiner(Log(None), command=command)
        assert examiner.parts([LETTER], without_files=False) is None
        examiner.close()


@pytest.mark.parametrize(
    "part",
    [
        Packed("../x", 1, False, "", b"x"),
        Packed("", 1, False, "", b"x"),
        Packed("readable:html", 1, False, "", b"x"),
        Packed("1", -1, True, "", b"x"),
        Packed("1", 2, False, "", b"x"),
        Packed("1", 1, False, "text/\x1b[0m", b"x"),
    ],
)
def test_a_part_that_cannot_be_is_refused(part: Packed) -> None:
    assert unframed(framed([[pack(TEXT, b"[]"), part]]), 1) is None


def test_a_message_without_its_text_or_with_a_section_twice_is_not_taken() -> None:
    one = pack("1", b"x")
    assert unframed(framed([[one], [pack(TEXT, b"[]"), one, one], None]), 3) == [None, None, None]


@given(st.lists(st.none() | st.binary(max_size=300), max_size=4))
def test_what_is_framed_comes_out_again(texts: list[bytes | None]) -> None:
    messages = [
        None if octets is None else [pack(TEXT, octets), pack("1.2", octets * 99, "text/x")] for octets in texts
    ]
    assert unframed(framed(messages), len(messages)) == messages


@given(st.binary(max_size=200), st.binary(max_size=30))
def test_any_octets_are_an_answer_or_none(octets: bytes, more: bytes) -> None:
    unframed(octets, 1)
    good = parts_of_all([LETTER], without_files=False)
    unframed(good[: len(octets)] + octets + good[len(octets) + 7 :], 1)
    assert not more or unframed(good + more, 1) is None
