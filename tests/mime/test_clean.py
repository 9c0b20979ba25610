"""What leaves the model can be given to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tuimail.mime.clean import (
    MAX_EXTENSION_OCTETS,
    MAX_STEM_OCTETS,
    cell_width,
    clean_line,
    clean_text,
    elide_middle,
    safe_filename,
)

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters(blacklist_categories=()))


def unsafe_characters(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character) in UNSAFE]


def test_no_code_point_of_any_plane_survives_that_a_terminal_obeys_or_hides() -> None:
    for start in range(0, 0x110000, 0x100):
        text = "".join(f"{chr(code)}." for code in range(start, start + 0x100))
        assert not unsafe_characters(clean_line(text, 10_000)), hex(start)
        assert not [c for c in unsafe_characters(clean_text(text)) if c != "\n"], hex(start)


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_any_text_is_cleaned_to_one_line_and_cleaning_again_changes_nothing(text: str) -> None:
    line = clean_line(text)
    assert not unsafe_characters(line)
    assert len(line) <= 500
    assert clean_line(line) == line
    lines = clean_text(text)
    assert not [c for c in unsafe_characters(lines) if c != "\n"]
    assert clean_text(lines) == lines
    line.encode("utf-8")
    lines.encode("utf-8")


def test_a_control_leaves_a_mark_and_a_format_character_leaves_nothing() -> None:
    assert clean_line("a\x07b") == "a\ufffdb"
    assert clean_line("a\u202eb\u200bc\ufeffd\u2066e\U000e0041f") == "abcdef"
    assert clean_line("caf\udce9") == "caf\ufffd"
    assert clean_line("two\r\nlines\tand") == "two  lines and"


def test_lookalikes_of_a_space_become_one() -> None:
    assert clean_line("a\u3164b\u115fc\uffa0d\u2800e\u00a0f\u2003g") == "a b c d e f g"


def test_a_whole_escape_sequence_becomes_one_mark_and_not_its_leftovers() -> None:
    assert clean_line("x\x1b]0;PWNED\x07y\x1b[31mz\x9b2Jw") == "x\ufffdy\ufffdz\ufffdw"
    assert clean_line("x\x1b]52;c;never ends") == "x\ufffd]52;c;never ends"


def test_a_tower_of_marks_is_cut_to_eight_on_each_base() -> None:
    assert clean_line("a" + "\u0301" * 100 + "b") == "a" + "\u0301" * 8 + "b"
    assert clean_line("e\u0301te\u0301") == "e\u0301te\u0301"
    assert clean_text("山" + "\u20dd" * 50) == "山" + "\u20dd" * 8


@pytest.mark.parametrize(("length", "expected"), [(499, 499), (500, 500), (501, 500)])
def test_a_line_is_at_most_five_hundred_characters(length: int, expected: int) -> None:
    line = clean_line("s" * length)
    assert len(line) == expected
    assert line.endswith("…") == (length > 500)


def test_text_keeps_its_lines_and_expands_its_tabs() -> None:
    assert clean_text("a\tb\r\nc\rd\n") == "a       b\nc\nd\n"
    assert clean_text("ab\tc") == "ab      c"


@pytest.mark.parametrize(
    "text",
    [
        "plain", "Émile Lefèvre", "山田 太郎", "会議の予定について", "👍🏻 done", "🇩🇪", "e\u0301", "ก็", "한국어",
        "…★☀", "ﾊﾝｶｸ", "─│",
    ],
)  # fmt: skip
def test_cell_width_agrees_with_the_terminal_library(text: str) -> None:
    assert cell_width(clean_line(text)) == cell_len(clean_line(text))


# The names that are known to have escaped a directory or fooled a reader.
HOSTILE_NAMES = [
    "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/shadow", "C:\\autoexec.bat", "\\\\server\\share\\x.exe",
    "../../x\x00.txt", "x\x00.exe", "a\r\nSet-Cookie: b.txt", "\u202ecod.exe", "a\u202etxt.exe",
    "invoice.pdf      .exe",
    "invoice.pdf\u00a0\u00a0\u00a0\u00a0.exe", "", " ", ".", "..", "...", "....//", "-rf", "--help", "~/.bashrc",
    "~root",
    ".bashrc", ".ssh/authorized_keys", "CON", "con.txt", "NUL", "lpt1.pdf", "x" * 300 + ".pdf", "日本" * 200 + ".docx",
    "a." + "e" * 300, "a\u2044b\u2215c\uff0fd.txt", "trailing. . .", "file:stream.txt", "a\udce9b.txt", "$(id);touch x",
    "\x1b]0;x\x07.txt", "a|b>c<d?.txt", "\u3164\u3164", "\U000e0041\U000e0042",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_becomes_one_harmless_component(name: str) -> None:
    safe = safe_filename(name)
    assert safe
    assert safe not in (".", "..")
    assert not set(safe) & set("/\\\0\n\r:*?\"<>|")
    assert safe[0] not in ".-~ "
    assert safe[-1] not in ". "
    assert len(safe.encode()) <= MAX_STEM_OCTETS + MAX_EXTENSION_OCTETS <= 255
    assert not unsafe_characters(safe)
    assert "   " not in safe
    assert safe_filename(safe) == safe


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_any_name_becomes_a_harmless_component(name: str) -> None:
    safe = safe_filename(name)
    assert safe
    assert "/" not in safe
    assert safe[0] not in ".-~ "
    assert len(safe.encode()) <= 216
    assert not unsafe_characters(safe)


def test_a_name_keeps_its_last_extension_however_long_it_is() -> None:
    assert safe_filename("x" * 300 + ".pdf").endswith("x.pdf")
    assert safe_filename("invoice.pdf          .exe") == "invoice.pdf.exe"
    assert safe_filename("../../etc/passwd") == "passwd"
    assert safe_filename("Bericht 2024.pdf") == "Bericht 2024.pdf"
    assert safe_filename("\x00\x00", fallback="part 2") == "part 2"
    assert safe_filename("con.txt") == "_con.txt"


@pytest.mark.parametrize(("octets", "kept"), [(199, 199), (200, 200), (201, 200)])
def test_a_stem_is_at_most_two_hundred_octets(octets: int, kept: int) -> None:
    assert safe_filename("x" * octets + ".txt") == "x" * kept + ".txt"


def test_the_middle_of_a_name_goes_first_and_its_extension_never() -> None:
    assert elide_middle("short.pdf", 20) == "short.pdf"
    elided = elide_middle("a very long name of a file that goes on and on.docx", 20)
    assert cell_width(elided) == 20
    assert elided.startswith("a very")
    assert elided.endswith("on.docx")
    assert elide_middle("a very long name.docx", 6) == "….docx"
    assert elide_middle("a.pdf", 0) == ""


@given(ANY_TEXT, st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_an_elided_name_never_takes_more_cells_than_there_are(name: str, width_cells: int) -> None:
    cleaned = clean_line(name)
    assert cell_width(elide_middle(cleaned, width_cells)) <= max(width_cells, 0)
