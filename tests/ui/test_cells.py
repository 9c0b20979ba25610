"""Text cut and padded by cells."""

from __future__ import annotations

import doctest

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tuimail.mime.clean import cell_width, clean_line
from tuimail.ui.lines import cells
from tuimail.ui.lines.cells import cut, elide, fit

LINES = st.text(max_size=60).map(clean_line)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(cells).failed == 0


@settings(max_examples=200, deadline=None)
@given(LINES, st.integers(0, 40))
def test_fit_gives_exactly_the_cells_that_were_asked_for(text: str, width: int) -> None:
    assert cell_width(fit(text, width)) == width
    assert cell_width(fit(text, width, right=True)) == width


@settings(max_examples=200, deadline=None)
@given(LINES, st.integers(0, 40))
def test_cut_and_elide_never_hang_over(text: str, width: int) -> None:
    assert cell_width(cut(text, width)) <= width
    assert cell_width(elide(text, width)) <= width
    assert text.startswith(cut(text, width))


def test_common_scripts_are_measured_as_rich_measures_them() -> None:
    texts = ("Émile Lefèvre", "山田 太郎", "Привет", "한국어", "שלום", "مرحبا", "e\u0301", "📎 🎉", "…—“”", "│▎●★✓↩")
    for text in texts:
        assert cell_width(text) == cell_len(text), text


def test_a_long_line_of_marks_is_not_measured_whole() -> None:
    assert elide("a" + "\u0301" * 1_000_000, 5).startswith("a")
