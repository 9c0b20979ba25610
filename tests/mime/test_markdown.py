"""Markdown becomes HTML that loads nothing, runs nothing and says what was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.writing.markdown import MAX_CHARACTERS, preview, to_html, to_page


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("a *b* **c** `d`", "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>"),
        ("one\ntwo", "one<br />\ntwo"),
        ("# Head", "<h1>Head</h1>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("[x](https://x.org)", '<a href="https://x.org">x</a>'),
        ("```\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("|a|b|\n|-|-|\n|1|2|", "<td>1</td>"),
        ("<script>x</script>", "&lt;script&gt;"),
        ("~~x~~", "<s>x</s>"),
    ],
)
def test_marks_become_elements_and_html_stays_text(body: str, html: str) -> None:
    assert html in to_html(body)


def test_a_quote_ends_where_its_marks_end() -> None:
    html = to_html("> quoted\nmine\n")
    assert html.index("</blockquote>") < html.index("mine")


def test_the_signature_is_no_markdown() -> None:
    html = to_html("Hi\n\n-- \n*Ada* <x>\n# 1\n")
    assert "*Ada* &lt;x&gt;" in html
    assert "<h1>" not in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "//x.org/a"]
)
def test_a_link_leads_to_the_web_or_an_address_or_nowhere(url: str) -> None:
    assert "<a " not in to_html(f"[x]({url})")


def test_a_picture_is_a_link_since_loading_one_tells_tales() -> None:
    html = to_html("![alt](https://tracker.example/p.gif?id=1)")
    assert "<img" not in html
    assert '<a href="https://tracker.example/p.gif?id=1">alt</a>' in html


ALLOWED = {
    "a",
    "blockquote",
    "body",
    "br",
    "code",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "li",
    "meta",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
PIECES = st.sampled_from(
    [
        "<script>",
        "<img src=x onerror=y>",
        "![",
        "](",
        ")",
        "[a]",
        "javascript:x",
        "https://x.org",
        ">",
        "\n",
        "- ",
        "`",
        "*",
        "&#x3c;b>",
        '"',
        "'",
        "<",
        "|",
        "-|-",
        '<https://x.org/">',
        "\\",
        "a b",
        "-- \n",
    ]
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_nothing_but_harmless_elements_comes_out(body: str) -> None:
    page = to_page(body)
    assert {name.lower() for name in re.findall(r"<\s*/?\s*([A-Za-z][A-Za-z0-9]*)", page)} <= ALLOWED
    for attributes in re.findall(r"<[a-z0-9]+((?:\s+[a-z]+=\"[^\"<>]*\")+)", page):
        assert set(re.findall(r"\s([a-z]+)=", attributes)) <= {"href", "style", "charset", "start", "title", "class"}
    assert all(url.startswith(("https://", "http://", "mailto:")) for url in re.findall(r'href="([^"]*)"', page))


def test_the_preview_is_what_a_reader_of_the_html_sees() -> None:
    lines = [line.text for line in preview("Hello *you*\n\n- one\n").lines]
    assert "Hello you" in lines
    assert any("one" in line for line in lines)


def test_a_text_too_long_to_be_taken_apart_goes_as_it_stands() -> None:
    assert to_html("*a* " * MAX_CHARACTERS).startswith("<pre>*a*")
