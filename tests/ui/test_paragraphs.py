"""Paragraphs that their sender broke flow again in a narrower pane, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.mime.clean import clean_line
from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import Span, TextLine
from tuimail.ui.lines.paragraphs import joined

PROSE = """This mailbox is made up. It lives in the memory of your computer and is
gone when you quit, so press whatever you like. Nothing here can leave
your machine.

Another paragraph."""


def texts(source: str, width: int = 60) -> list[str]:
    return [line.text for line in joined(plain_to_readable(source).lines, width)]


def test_a_paragraph_wider_than_the_pane_becomes_one_line() -> None:
    assert texts(PROSE) == [" ".join(PROSE.split("\n\n")[0].split("\n")), "", "Another paragraph."]


def test_a_paragraph_that_fits_is_left_alone() -> None:
    lines = plain_to_readable(PROSE).lines
    assert joined(lines, 80) is lines


def test_quoted_paragraphs_are_joined_within_their_quote() -> None:
    source = "\n".join("> " + line for line in PROSE.split("\n\n")[0].split("\n")) + "\nMine, and short."
    shown = joined(plain_to_readable(source).lines, 60)
    assert [(line.quote_depth, len(line.text) > 100) for line in shown] == [(1, True), (0, False)]


WIDE = "a line of words that goes on for more than fifty-five cells, surely so"


@pytest.mark.parametrize(
    "second",
    ["- an item of a list", "1. a numbered item", "    code that is indented", "name | value | unit", "two   columns",
     "-- ", "> quoted", "=======", "", "* starred"],
)  # fmt: skip
def test_what_is_no_prose_keeps_its_own_line(second: str) -> None:
    assert len(texts(f"{WIDE}\n{second}")) >= (1 if second in ("", "-- ") else 2)
    assert texts(f"{WIDE}\n{second}")[0] == WIDE


def test_a_short_line_ends_a_paragraph() -> None:
    assert texts(f"Dear Ada,\n{WIDE}\nend.")[0] == "Dear Ada,"


def test_spans_move_with_their_text() -> None:
    lines = [TextLine(WIDE, spans=(Span(0, 6, "bold"),)), TextLine("then a link", spans=(Span(7, 11, "link", 1),))]
    one = joined(lines, 40)[0]
    assert [one.text[span.start : span.end] for span in one.spans] == ["a line", "link"]


@given(st.lists(st.text(max_size=90).map(clean_line), max_size=12), st.integers(8, 90))
def test_no_word_is_lost_or_changes_its_place(source: list[str], width: int) -> None:
    lines = [TextLine(text) for text in source]
    assert " ".join(line.text for line in joined(lines, width)).split() == " ".join(source).split()
