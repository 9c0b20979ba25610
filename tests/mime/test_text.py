"""Plain text to readable lines, and the links in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.reading.links import MAX_LINKS, LinkBook, Target, ascii_host, examine, find_urls, mismatch
from tuimail.mime.reading.text import ENCRYPTED_INLINE, SIGNED_INLINE, plain_to_readable
from tuimail.model import LineKind, ReadableText

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def shown(readable: ReadableText) -> list[tuple[int, str]]:
    return [(line.quote_depth, line.text) for line in readable.lines]


def assert_fit_for_a_terminal(readable: ReadableText) -> None:
    texts = [line.text for line in readable.lines] + list(readable.notes)
    for link in readable.links:
        texts += [link.label, link.url, link.host, link.warning]
    for text in texts:
        assert not [character for character in text if unicodedata.category(character) in UNSAFE]
    for line in readable.lines:
        for span in line.spans:
            assert 0 <= span.start < span.end <= len(line.text)
            assert span.kind != "link" or span.link >= 1
    numbers = [link.number for link in readable.links]
    assert len(set(numbers)) == len(numbers)


# --- quotes, flowed text, signatures ------------------------------------------------


def test_quote_marks_become_depth() -> None:
    readable = plain_to_readable("On Monday Ada wrote:\n> > deep\n>> too\n>one\n > shy\ntext > not\n>From here")
    assert shown(readable) == [
        (0, "On Monday Ada wrote:"), (2, "deep"), (2, "too"), (1, "one"), (1, "shy"), (0, "text > not"),
        (0, ">From here"),
    ]  # fmt: skip


def test_flowed_lines_are_joined_and_unstuffed() -> None:
    text = "A paragraph \nthat flows.\n  indented\n>> quoted \n>> on\n> other \nback\n-- \nGrace"
    readable = plain_to_readable(text, flowed=True)
    assert shown(readable) == [
        (0, "A paragraph that flows."), (0, " indented"), (2, "quoted on"), (1, "other"), (0, "back"), (0, "--"),
        (0, "Grace"),
    ]  # fmt: skip
    assert readable.lines[-1].kind == LineKind.SIGNATURE


def test_delsp_removes_the_space_that_only_made_it_flow() -> None:
    assert shown(plain_to_readable("会議の \n予定", flowed=True, del_sp=True)) == [(0, "会議の予定")]
    assert shown(plain_to_readable("会議の \n予定", flowed=True)) == [(0, "会議の 予定")]


def test_the_signature_starts_at_its_mark_and_a_quoted_one_is_no_signature() -> None:
    readable = plain_to_readable("hello\n> -- \n> Bob\nmore\n-- \nAda\n+44")
    assert [line.kind for line in readable.lines] == ["text"] * 4 + ["signature"] * 3
    short = plain_to_readable("hello\n--\nAda")
    assert short.lines[-1].kind == LineKind.SIGNATURE
    long = plain_to_readable("hello\n--\n" + "not a signature\n" * 30)
    assert long.lines[-1].kind == LineKind.TEXT


def test_blank_runs_shrink_and_rules_are_seen() -> None:
    readable = plain_to_readable("\n\n\na\n\n\n\n\nb\n--------\n- - - - - -\n\n\n")
    assert [line.text for line in readable.lines][:5] == ["a", "", "", "b", "--------"]
    assert [line.kind for line in readable.lines][-2:] == [LineKind.RULE, LineKind.RULE]


def test_inline_openpgp_is_named_and_not_vouched_for() -> None:
    assert plain_to_readable("-----BEGIN PGP SIGNED MESSAGE-----\nhi").notes == (SIGNED_INLINE,)
    assert plain_to_readable("-----BEGIN PGP MESSAGE-----\nabc").notes == (ENCRYPTED_INLINE,)


@given(st.text(st.characters(blacklist_categories=()), max_size=300), st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_text_is_readable(text: str, flowed: bool, del_sp: bool) -> None:
    for whole in (text, f"> {text}", f"http://{text}", f"see <https://x.example/{text}>.\n-- \n{text}"):
        assert_fit_for_a_terminal(plain_to_readable(whole, flowed=flowed, del_sp=del_sp))


def test_long_bodies_are_read_whole() -> None:
    assert len(plain_to_readable("line\n" * 100_000).lines) == 100_000
    for text in (
        "x" * 1_000_000, "http://" * 100_000, "> " * 300_000, "http://a.b/" + "(" * 300_000, "\x1b]" * 300_000,
        "mailto:" * 100_000, "a" + "\u0301" * 300_000, ">" * 500_000, "- " * 300_000,
    ):  # fmt: skip
        plain_to_readable(text)
        plain_to_readable(text, flowed=True)


# --- finding links ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "urls"),
    [
        ("See https://x.example/a.", ["https://x.example/a"]),
        ("(https://x.example/a_(b))", ["https://x.example/a_(b)"]),
        ("<https://x.example/>, [http://y.example]!", ["https://x.example/", "http://y.example"]),
        ("https://x.example/a?b=c&d=e#f; then", ["https://x.example/a?b=c&d=e#f"]),
        ("write mailto:a@b.example now", ["mailto:a@b.example"]),
        ("“https://x.example/”", ["https://x.example/"]),
        ("HTTPS://X.EXAMPLE/", ["HTTPS://X.EXAMPLE/"]),
        ("no link: ftp://x.example javascript:alert(1) http:/x", []),
        ("山https://x.example/山", ["https://x.example/山"]),
    ],
)
def test_urls_are_found_without_the_punctuation_around_them(line: str, urls: list[str]) -> None:
    assert [line[start:end] for start, end in find_urls(line)] == urls


def test_links_are_numbered_and_the_same_one_has_one_number() -> None:
    readable = plain_to_readable("https://a.example/ and\n> https://b.example/ https://a.example/")
    assert [line.text for line in readable.lines] == [
        "https://a.example/ [1] and",
        "https://b.example/ [2] https://a.example/ [1]",
    ]
    assert [(link.number, link.host) for link in readable.links] == [(1, "a.example"), (2, "b.example")]
    first, second = readable.lines[1].spans
    assert readable.lines[1].text[first.start : first.end] == "https://b.example/ [2]"
    assert (first.link, second.link) == (2, 1)


def test_links_go_on_from_a_given_number() -> None:
    readable = plain_to_readable("https://a.example/", first_link=8)
    assert readable.links[0].number == 8
    assert readable.lines[0].text.endswith("[8]")


@pytest.mark.parametrize(("count", "kept"), [(1999, 1999), (2000, 2000), (2001, 2000)])
def test_at_most_two_thousand_links_are_numbered(count: int, kept: int) -> None:
    book = LinkBook()
    for number in range(count):
        target = examine(f"http://x.example/{number}")
        assert target
        book.add("x", target)
    assert len(book.links) == kept == min(count, MAX_LINKS)


# --- where links go -----------------------------------------------------------------

# label, target as written, the real host ("" when it must be refused), whether a warning is due
PAIRS = [
    ("https://bank.example/", "http://bank.example@evil.example/", "evil.example", True),
    ("bank.example", "http://evil.example\\@bank.example/", "", False),
    ("bank.example", "http://bank.example%2f@evil.example/", "evil.example", True),
    ("bank.example", "http://bank.example.evil.example/", "bank.example.evil.example", True),
    ("bank.example", "http://evil.example\u3002/", "evil.example", True),
    ("apple.com", "http://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com", True),
    ("аррӏе.com", "http://аррӏе.com/", "xn--80ak6aa92e.com", True),
    ("Sign in at https://bank.example/login now", "https://evil.example/", "evil.example", True),
    ("www.bank.example", "https://bank.example/start", "bank.example", False),
    ("bank.example", "https://login.bank.example/", "login.bank.example", False),
    ("https://BANK.example:443/", "https://bank.example/", "bank.example", False),
    ("help@bank.example", "mailto:x@evil.example", "x@evil.example", True),
    ("help@bank.example", "mailto:help@bank.example?subject=x", "help@bank.example", False),
    ("click here", "http://203.0.113.9/", "203.0.113.9", True),
    ("click here", "http://2130706433/", "2130706433", True),
    ("click here", "javascript:alert(1)", "", False),
    ("click here", " java\nscript:alert(1)", "", False),
    ("click here", "data:text/html,x", "", False),
    ("click here", "file:///etc/passwd", "", False),
    ("click here", "//evil.example/", "", False),
    ("click here", "http://", "", False),
    ("click here", "http:///x.example", "x.example", False),  # browsers skip the third slash
    ("click here", "http:\\\\evil.example", "", False),
    ("click here", "http://a b/", "", False),
    ("click here", "http://\u202eevil.example/", "", False),
    ("click here", "http://x.example/\x1b[31m", "", False),
    ("click here", "vbscript:x", "", False),
    ("click here", "-flag http://x", "", False),
    ("click here", "http://ex%61mple.com/", "example.com", False),
    ("faß.example", "http://faß.example/", "xn--fa-hia.example", False),
    ("news", "http://[::1]/", "[::1]", False),
    ("Node.js", "https://nodejs.example/", "nodejs.example", False),
    ("readme.md", "https://forge.example/readme.md", "forge.example", False),
    ("пример.example", "http://пример.example/", "xn--e1afmkfd.example", False),
]


@pytest.mark.parametrize(("label", "written", "host", "warns"), PAIRS)
def test_the_real_host_is_told_and_a_lie_is_warned_of(label: str, written: str, host: str, warns: bool) -> None:
    target = examine(written)
    assert (target.host if target else "") == host
    if target is not None:
        warning = mismatch(label, target) or target.warning
        assert bool(warning) == warns
        assert target.host in target.url or "mailto:" in target.url
        assert not warns or host in warning


def test_a_url_with_a_login_part_shows_its_host_even_in_plain_text() -> None:
    readable = plain_to_readable("http://bank.example@evil.example/")
    assert readable.lines[0].text == "http://bank.example@evil.example/ [1 evil.example]"
    assert "evil.example" in readable.links[0].warning


@pytest.mark.parametrize(
    "host", ["", ".", "a..b", "a" * 64, "a." * 130, "a/b", "a b", "a\0b", "[::1", "[x]", "a<b", "%00", "a\\b", "﹒"]
)
def test_what_cannot_be_a_host_is_none(host: str) -> None:
    assert ascii_host(host) == ""


@given(st.text(st.characters(blacklist_categories=()), max_size=100))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_target_or_none(text: str) -> None:
    for written in (text, f"http://{text}", f"https://{text}/x", f"mailto:{text}", f"http://a@{text}"):
        target = examine(written)
        if target is not None:
            assert target.url.lower().startswith(("http://", "https://", "mailto:"))
            mismatch(text, target)
            assert "mailto:" in target.url.lower() or target.host.isascii()
    mismatch(text, Target("http://x.example/", "x.example", ""))
