"""What is wrong with a name, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.examining import namefaults
from tuimail.mime.examining.namefaults import name_faults
from tuimail.mime.examining.verdicts import Verdict


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../a.txt", namefaults.REACHES_OUT),
        ("a/.. /b.txt", namefaults.REACHES_OUT),
        ("%2e%2e%2fa.txt", namefaults.REACHES_OUT),
        ("%2e%2e%2fa.txt", namefaults.ENCODED_PATH),
        ("%252e%252e%252fa.txt", namefaults.REACHES_OUT),
        ("C:\\a.txt", namefaults.WHOLE_PATH),
        ("file:///a.txt", namefaults.WHOLE_PATH),
        ("a/b.txt", namefaults.WHOLE_PATH),
        ("a\0b.txt", namefaults.CONTROLS),
        ("a\u2028b.txt", namefaults.CONTROLS),
        ("a\uff0fb.txt", namefaults.LOOKALIKE_MARKS),
        ("a.txt. .", namefaults.TRAILING),
        ("a.txt ", namefaults.TRAILING),
        ("x/-rf", namefaults.LEADING_DASH),
        (".a", namefaults.LEADING_DOT),
        ("~a", namefaults.LEADING_DOT),
        ("com1", namefaults.DEVICE),
        ("aux .txt", namefaults.DEVICE),
        ("a.txt:b.exe", namefaults.STREAM),
        ("a::$DATA", namefaults.STREAM),
        ("a.{00020C01-0000-0000-C000-000000000046}", namefaults.CLASS_ID),
        ("`id`", namefaults.SHELL),
        ("ä" * 128, namefaults.TOO_LONG),
        ("Autorun.INF", namefaults.OBEYED),
    ],
)
def test_what_is_wrong_with_a_name_is_a_finding(name: str, sentence: str) -> None:
    found = {finding.reason: finding.verdict for finding in name_faults(name)}
    assert found[sentence] is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf", "Re: report 10:30.pdf", "A & B (1).pdf", "v1..2.txt", "100%.txt", "50%25.pdf", "com.example.txt",
        "über.exe.txt", "отчёт.txt", "報告.pdf", "console.log", "x.tar.gz", "a-b_c~1.doc", "ä" * 127, "setup.exe",
    ],
)  # fmt: skip
def test_an_honest_name_has_no_finding(name: str) -> None:
    assert name_faults(name) == ()


@pytest.mark.parametrize("name", ["photo.ѕсr", "a.ехе", "a．ｅｘｅ", "a\u2024com", "a.ｊｓ"])
def test_an_extension_in_other_letters_is_read_as_a_person_reads_it(name: str) -> None:
    assert any("only looks like ." in finding.reason for finding in name_faults(name))


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_no_name_is_worth_telling(name: str) -> None:
    assert name_faults(name) == ((Verdict.NO_FINDING, namefaults.NAMELESS),)


@given(st.text(st.characters(blacklist_categories=()), max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_name_gives_sentences(name: str) -> None:
    assert all(finding.reason.isprintable() for finding in name_faults(name))
