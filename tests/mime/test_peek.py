"""A look at bytes: every line can be given to a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.examining.peek import MAX_LINE, MAX_OCTETS, hex_lines, text_lines


def test_hex_lines_show_offset_octets_and_ascii() -> None:
    assert hex_lines(b"%PDF-1.4\n\x1b[2J\xff1234") == (
        "00000000  25 50 44 46 2d 31 2e 34  0a 1b 5b 32 4a ff 31 32  %PDF-1.4..[2J.12",
        "00000010  33 34                                             34",
    )
    assert hex_lines(b"x", start=0x1000)[0].startswith("00001000  78")


def test_text_is_shown_line_by_line() -> None:
    assert text_lines("Grüße\r\n\tan \x1b[31malle\r\n".encode())[:2] == ("Grüße", "    an \ufffdalle")
    assert text_lines("Wide ☕\nline".encode("utf-16")) == ("Wide ☕", "line")


def test_other_bytes_are_shown_as_the_strings_in_them() -> None:
    octets = b"MZ\0\0\x01kernel32.dll\0\0" + "LoadLibrary".encode("utf-16-le") + b"\0\0\x02ab\0"
    assert text_lines(octets) == ("kernel32.dll", "LoadLibrary")


def test_no_more_than_64_kib_are_looked_at() -> None:
    assert len(hex_lines(b"x" * (MAX_OCTETS + 100))) == MAX_OCTETS // 16
    assert sum(map(len, text_lines(b"word\n" * MAX_OCTETS))) <= MAX_OCTETS
    assert len(text_lines(b"x" * MAX_OCTETS)[0]) == MAX_LINE


@given(st.binary(max_size=600) | st.text(max_size=200).map(lambda text: text.encode("utf-16", "surrogatepass")))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_clean_lines(octets: bytes) -> None:
    for line in hex_lines(octets) + text_lines(octets):
        assert not {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert len(line) <= MAX_LINE
