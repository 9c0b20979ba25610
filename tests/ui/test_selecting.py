"""What lines of the reader say when they are selected, whatever the width and whatever is folded."""

from __future__ import annotations

from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import LineKind, Span, TextLine
from tuimail.ui.lines.selecting import Place, Selection, place_of, row_of, selected_text
from tuimail.ui.lines.wrapping import Flow, folded_at_first

LETTER = tuple(plain_to_readable(
    "Ada,\n\none two three four five six seven eight\n\n"
    "> first\n> second\n> third\n>> fourth\n> fifth\n> sixth\n> seventh\n\nGrace\n"
).lines)  # fmt: skip


def flow_of(lines: tuple[TextLine, ...] = LETTER, width: int = 20, folded: frozenset[int] = frozenset()) -> Flow:
    """A text with all of its lines known."""
    flow = Flow(lines, width, folded)
    flow.extend(1_000)
    return flow


def said(flow: Flow, rows: range, lines: range | None = None) -> str:
    """What these lines of the screen say."""
    return selected_text(flow, rows, range(len(flow.lines)) if lines is None else lines)


def test_of_a_long_line_only_what_is_selected_of_it_counts() -> None:
    flow = flow_of()
    rows = [row for row in range(len(flow)) if flow.piece(row).line == 2]
    assert len(rows) == 2
    assert said(flow, range(rows[1], rows[1] + 1)) == "five six seven eight"
    assert said(flow, range(rows[0], rows[1] + 1)) == LETTER[2].text


def test_quotes_keep_their_marks() -> None:
    flow = flow_of(width=60)
    first = row_of(flow, Place(6))
    assert said(flow, range(first, first + 2)) == "> third\n> > fourth"


def test_a_folded_quote_says_all_that_is_in_it() -> None:
    flow = flow_of(width=60, folded=frozenset(folded_at_first(LETTER)))
    fold = row_of(flow, Place(4))
    assert said(flow, range(fold, fold + 1)).count("\n") == 6
    assert row_of(flow, Place(7)) == fold, "a place within it is on its line"


def test_every_place_is_found_again_at_every_width() -> None:
    wide = flow_of(width=80)
    for width in range(8, 60):
        narrow = flow_of(width=width)
        for row in range(len(narrow)):
            assert row_of(narrow, place_of(narrow, row)) == row
            place = place_of(narrow, row)
            assert wide.piece(row_of(wide, place)).line == place.line


def test_a_selection_runs_both_ways() -> None:
    flow = flow_of(width=60)
    down, up = Selection(Place(0), Place(2)), Selection(Place(2), Place(0))
    assert down.rows(flow) == up.rows(flow) == range(3)


def test_what_lies_outside_the_message_is_left_out() -> None:
    flow = flow_of(width=60)
    assert said(flow, range(len(flow)), range(2, 4)) == LETTER[2].text
    assert said(flow, range(len(flow)), range(0)) == ""


def test_numbers_of_links_and_rules_are_ours_and_not_quoted() -> None:
    text = "see the notes [1] and the plan [2] soon"
    links = (Span(8, 17, "link", 1), Span(26, 34, "link", 2))
    line = TextLine(text, spans=links)
    flow = flow_of((TextLine("", kind=LineKind.RULE), line), 80)
    assert said(flow, range(2)) == "see the notes and the plan soon"
    narrow = flow_of((line,), 18)
    assert "[" not in said(narrow, range(len(narrow)))


def test_blank_lines_at_the_ends_are_left_out() -> None:
    flow = flow_of((TextLine(""), TextLine("a"), TextLine(""), TextLine("b"), TextLine("")), 20)
    assert said(flow, range(5)) == "a\n\nb"
