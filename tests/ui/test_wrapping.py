"""Readable text flowed into screen lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tuimail.mime.clean import cell_width, clean_line
from tuimail.model import LineKind, Span, TextLine
from tuimail.ui.lines.rows import runs_width
from tuimail.ui.lines.wrapping import FOLD, Flow, break_at, folded_at_first, piece_runs, quotes_of


def flowed(lines: list[TextLine], width: int = 20, folded: frozenset[int] = frozenset()) -> list[str]:
    flow = Flow(lines, width, folded)
    flow.extend(1_000_000)
    return ["".join(run.text for run in piece_runs(flow, flow.piece(n), width)).rstrip() for n in range(len(flow))]


def test_lines_break_after_a_space_and_begin_with_a_word() -> None:
    assert flowed([TextLine("shall we look at the second pass before lunch")]) == [
        "shall we look at the", "second pass before", "lunch",
    ]  # fmt: skip


def test_a_word_that_is_longer_than_the_line_is_cut() -> None:
    assert flowed([TextLine("x" * 45)]) == ["x" * 20, "x" * 20, "x" * 5]


def test_wide_characters_fill_two_cells_and_break_between_each_other() -> None:
    shown = flowed([TextLine("会議の予定について話しましょう木曜日に")], 10)
    assert shown == ["会議の予定", "について話", "しましょう", "木曜日に"]


def test_a_comma_of_wide_scripts_never_begins_a_line() -> None:
    assert all(not line.startswith("、") for line in flowed([TextLine("会議の予定、について")], 10))


def test_indentation_is_kept_and_lists_hang() -> None:
    assert flowed([TextLine("  - who writes the loader today", indent_cells=4)]) == [
        "  - who writes the", "    loader today",
    ]  # fmt: skip


def test_quotes_keep_their_bars_on_every_line() -> None:
    assert flowed([TextLine("what was still open here, I think", quote_depth=2)]) == [
        "│ │ what was still", "│ │ open here, I", "│ │ think",
    ]  # fmt: skip


def test_code_is_cut_at_the_edge_and_nothing_of_it_is_lost() -> None:
    line = "def f(x):  return   x  #  " + "y" * 30
    assert "".join(part.ljust(20) for part in flowed([TextLine(line, kind=LineKind.CODE)])).rstrip() == line


def test_spans_are_cut_with_their_lines() -> None:
    line = TextLine("see the long link here", spans=(Span(4, 17, "link", 1),))
    flow = Flow([line], 10)
    flow.extend(10)
    roles = [[(run.text, run.role) for run in piece_runs(flow, flow.piece(n), 10)] for n in range(len(flow))]
    assert roles[0][:2] == [("see ", "text"), ("the ", "link")]
    assert roles[1][0] == ("long link", "link")


def test_a_long_quote_is_folded_to_one_line_and_counts_its_lines() -> None:
    lines = [TextLine("Hello"), *[TextLine(f"quoted {n}", quote_depth=1) for n in range(14)], TextLine("Bye")]
    assert folded_at_first(lines) == {1}
    assert flowed(lines, 20, frozenset({1})) == ["Hello", "▸ 14 quoted lines", "Bye"]
    flow = Flow(lines, 20, frozenset({1}))
    flow.extend(10)
    assert flow.piece(1).start == FOLD


def test_a_message_that_is_nothing_but_a_quote_is_not_folded() -> None:
    assert folded_at_first([TextLine(f"quoted {n}", quote_depth=1) for n in range(14)]) == set()


def test_a_quote_with_a_blank_line_in_it_is_one_block() -> None:
    lines = [TextLine("a", quote_depth=1), TextLine(""), TextLine("b", quote_depth=1), TextLine("mine")]
    assert [(block.first, block.end) for block in quotes_of(lines)] == [(0, 3)]


def test_only_what_was_asked_for_is_flowed() -> None:
    flow = Flow([TextLine(f"line {n}") for n in range(100_000)], 60)
    flow.extend(50)
    assert len(flow) == 50
    assert not flow.complete


def test_a_megabyte_in_one_line_is_flowed_a_page_at_a_time() -> None:
    flow = Flow([TextLine("wort " * 200_000)], 60)
    flow.extend(50)
    assert len(flow) == 50
    flow.extend(10_000_000)
    assert flow.complete
    assert len(flow) == 16_667


def test_flowing_stops_as_soon_as_the_caller_says_no() -> None:
    flow = Flow([TextLine("x")] * 10_000, 60)
    flow.extend(10_000, lambda: False)
    assert 0 < len(flow) <= 64


def test_a_screen_line_is_found_again_by_its_source_line() -> None:
    flow = Flow([TextLine("one two three four five six")] * 10, 10)
    flow.extend(1000)
    found = flow.first_piece_of(4)
    assert flow.piece(found).line == 4
    assert flow.piece(found).start == 0


@given(st.text(max_size=300).map(lambda text: clean_line(text, 1000)), st.integers(8, 40), st.booleans())
def test_no_character_is_lost_and_no_line_hangs_over(text: str, width: int, is_code: bool) -> None:
    line = TextLine(text, kind=LineKind.CODE if is_code else LineKind.TEXT)
    flow = Flow([line], width)
    flow.extend(10_000)
    assert flow.complete
    pieces = [flow.piece(n) for n in range(len(flow))]
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    for piece in pieces:
        assert cell_width(text[piece.start : piece.end].rstrip()) <= width
        assert runs_width(piece_runs(flow, piece, width)) == width


@given(st.text(min_size=1, max_size=80).map(clean_line), st.integers(4, 20))
def test_a_break_always_gets_further(text: str, width: int) -> None:
    start = 0
    while start < len(text):
        end = break_at(text, start, width)
        assert end > start
        start = end
