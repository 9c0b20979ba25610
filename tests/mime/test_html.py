"""HTML of mail to readable lines: pleasant for letters, boring for attacks."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mime.test_text import PAIRS, assert_fit_for_a_terminal
from tuimail.mime.html.convert import CUT, FORM, MAX_MARKUP_CHARACTERS, SIMPLE, fallback_readable, html_to_readable
from tuimail.mime.html.tree import MAX_NESTING
from tuimail.model import LineKind, ReadableText, TextLine


def texts(markup: str) -> list[str]:
    return [line.text for line in html_to_readable(markup).lines]


def lines(markup: str) -> list[TextLine]:
    return [line for line in html_to_readable(markup).lines if line.text]


def styled(line: TextLine) -> list[tuple[str, str]]:
    return [(line.text[span.start : span.end], span.kind) for span in line.spans]


# --- layout -------------------------------------------------------------------------


def test_paragraphs_lines_and_blank_lines() -> None:
    assert texts("<p>one</p><p>two<br>three</p><div>four</div><div>five</div><div><br></div><div>six</div>") == [
        "one", "", "two", "three", "", "four", "five", "", "six",
    ]  # fmt: skip
    assert texts("a<br><br><br><br><br>b<p>&nbsp;</p><p>&nbsp;</p>c") == ["a", "", "b", "", "c"]


def test_lines_as_word_writes_them_stay_together() -> None:
    markup = "".join(f"<p class=MsoNormal>{line}</p>" for line in ("one", "two", "&nbsp;", "three"))
    assert texts(markup) == ["one", "two", "", "three"]


def test_headings_rules_and_emphasis_are_kinds_and_spans_without_marks() -> None:
    heading, text = lines("<h1>Big <i>news</i></h1><p>a <b>bold <em>both</em></b> <code>x = 1</code></p>")
    assert (heading.text, heading.kind) == ("Big news", LineKind.HEADING)
    assert text.text == "a bold both x = 1"
    assert styled(text) == [("bold both", "bold"), ("both", "italic"), ("x = 1", "code")]
    assert [line.kind for line in html_to_readable("a<hr>b").lines if line.kind == LineKind.RULE]


def test_emphasis_goes_on_over_a_line_break_and_a_paragraph() -> None:
    first, second, third = lines("<b>one<br>two<p>three</p></b>")
    assert styled(first) == [("one", "bold")]
    assert styled(second) == [("two", "bold")]
    assert styled(third) == [("three", "bold")]


def test_lists_hang_and_nest() -> None:
    found = lines("<ul><li>one<li>two<p>more</p><ul><li>in</li></ul></ul><ol start=9><li>nine<li>ten</ol>")
    assert [(line.text, line.indent_cells) for line in found] == [
        ("• one", 2), ("• two", 2), ("  more", 2), ("  ◦ in", 4), ("9. nine", 3), ("10. ten", 4),
    ]  # fmt: skip


def test_quotes_have_their_depth_on_every_line() -> None:
    found = lines("before<blockquote>one<br>two<blockquote><p>deep</p><p>er</p></blockquote>back</blockquote>after")
    assert [(line.text, line.quote_depth) for line in found] == [
        ("before", 0), ("one", 1), ("two", 1), ("deep", 2), ("er", 2), ("back", 1), ("after", 0),
    ]  # fmt: skip


def test_preformatted_text_keeps_its_spaces_and_lines() -> None:
    found = html_to_readable("<pre>def f():\n    return  1\n\nx</pre>").lines
    assert [(line.text, line.kind) for line in found] == [
        ("def f():", "code"), ("    return  1", "code"), ("", "code"), ("x", "code"),
    ]  # fmt: skip


def test_markdown_in_the_text_is_only_text() -> None:
    marks = ["# a", "> b", "* c", "1. d", "- e", "+ f", "* * *", "**g** _h_ `i`", "[j](k)", "a\\*b \\_", "| x |", "A&B"]
    for text in marks:
        (line,) = html_to_readable(f"<p>{text.replace('&', '&amp;').replace('>', '&gt;')}</p>").lines
        assert line.text.replace(" [1]", "") == text
        assert (line.quote_depth, line.kind, line.indent_cells) == (0, "text", 0)


def test_a_data_table_is_aligned_and_a_layout_table_is_not_seen() -> None:
    data = "<table border=1><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td>5 €</td></tr></table>"
    assert [(line.text, line.kind) for line in lines(data)] == [("Item | Price", "code"), ("Tea  | 5 €", "code")]
    inner = "<table><tr><td><p>Hello</p></td></tr></table>"
    layout = f"<table width=600><tr><td>{inner}</td></tr><tr><td>{data}</td></tr></table>"
    assert texts(layout) == ["Hello", "", "Item | Price", "Tea  | 5 €"]
    assert texts("<table><tr><td>Total<td>12 €<tr><td>Tax<td>2 €</table>") == ["Total | 12 €", "Tax | 2 €"]


def test_a_table_that_is_too_wide_is_told_row_by_row() -> None:
    wide = "word " * 30
    found = lines(f"<table border=1><tr><th>a<th>b<tr><td>{wide}<td>{wide}</table>")
    assert found[-1].kind == LineKind.TEXT
    assert found[-1].text.count(" | ") == 1


# --- what is left out -----------------------------------------------------------------

HIDDEN = [
    '<div style="display:none">X</div>', '<div style="DISPLAY : none !important">X</div>', "<p hidden>X</p>",
    '<span style="font-size:0px">X</span>', '<div style="max-height:0;overflow:hidden">X</div>',
    '<p style="visibility:hidden">X</p>', '<div style="mso-hide:all">X</div>', '<p style="opacity:0">X</p>',
    "<style>.pre{display:none}</style><p class='a pre'>X</p>", "<script>X</script>", "<style>X{}</style>",
    "<!-- X -->", "<!--[if mso]>X<![endif]-->", "<title>X</title>", "<textarea>X</textarea>",
    "<svg><text>X</text></svg>",
    "<template>X</template>", "<iframe>X</iframe>", "<select><option>X</select>",
]  # fmt: skip


@pytest.mark.parametrize("markup", HIDDEN)
def test_hidden_text_is_not_shown(markup: str) -> None:
    assert texts(f"<p>seen</p>{markup}") == ["seen"]


def test_text_in_a_box_without_size_is_shown_where_a_size_is_given_again() -> None:
    assert texts('<div style="font-size:0"> x <div style="font-size:14px">seen</div></div>') == ["seen"]
    assert texts("<style>@media (max-width:600px){.m{display:none}}</style><p class=m>seen</p>") == ["seen"]


def test_images_are_words_and_remote_ones_are_counted() -> None:
    readable = html_to_readable(
        '<img src="http://t.example/p.gif?id=1" width=1 height=1><img src="https://x.example/y.png" alt="Our logo">'
        '<img src="cid:a@b" alt="Weave"><img src=cid:c><img src="//x.example/z.png"><img src="data:image/png,x">'
    )
    assert [line.text for line in readable.lines] == [
        "[image: Our logo] [image in this message: Weave] [image in this message] [image in this message]"
    ]
    assert readable.notes == ("3 remote images were not loaded, 1 of them invisible.",)
    assert not readable.links
    assert "t.example" not in str(readable)


def test_padding_of_preheaders_is_gone() -> None:
    padding = "&zwnj;&nbsp;&#847;&shy;&zwnj;&nbsp;&#8199;&#65279;"
    assert texts(f"<p>Sale{padding}</p><p>{padding}</p>text") == ["Sale", "", "text"]


def test_a_form_is_named() -> None:
    assert FORM in html_to_readable("<form>Password <input name=p></form>").notes
    assert html_to_readable("<form>x<input type=hidden></form>").notes == ()


# --- links ----------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "written", "host", "warns"), PAIRS)
def test_a_link_shows_its_host_and_warns_of_a_lie(label: str, written: str, host: str, warns: bool) -> None:
    quoted = written.replace("&", "&amp;").replace('"', "&quot;")
    readable = html_to_readable(f'<p>so <a href="{quoted}">{label}</a>.</p>')
    text = readable.lines[0].text
    if not host:
        assert not readable.links
        assert text == f"so {label}."
        assert readable.notes == ("1 link was left out: not a web or mail address.",)
        return
    (link,) = readable.links
    assert (link.number, link.host, bool(link.warning)) == (1, host, warns)
    marker = f"[1 {host}]" if warns or host not in label.lower() else "[1]"
    assert text == f"so {label} {marker}."
    assert styled(readable.lines[0]) == [(f"{label} {marker}", "link")]


def test_the_host_is_said_once_and_the_number_every_time() -> None:
    targets = ((1, "a"), (2, "b"), (1, "c"))
    links = " ".join(f'<a href="http://x.example/{number}">{label}</a>' for number, label in targets)
    (text,) = texts(links)
    assert text == "a [1 x.example] b [2] c [1]"


def test_links_around_blocks_and_images_are_kept() -> None:
    readable = html_to_readable(
        '<a href="http://x.example/"><div>one</div><div>two</div></a>'
        '<a href="http://y.example/"><img src=http://z.example/b.png></a>'
    )
    assert [line.text for line in readable.lines if line.text] == [
        "one", "two [1 x.example]", "[image] [2 y.example]",
    ]  # fmt: skip
    assert not html_to_readable('<a href="http://x.example/"></a>').links


def test_a_mail_cannot_forge_our_marks() -> None:
    forged = "\uf8a0# x \uf8a83\uf8a9bank\uf8aa \uf8a1 \uf8ad9\uf8ac"
    entities = "<p>&#xF8A8;1&#xF8A9;x&#xF8AA;</p>"
    for markup in (f"<p>{forged}</p>", f"<img alt='{forged}' src=cid:x>", entities, f"<pre>{forged}</pre>"):
        readable = html_to_readable(markup)
        assert not any(span.kind == "link" for line in readable.lines for span in line.spans)
        assert not any("\uf8a0" <= character <= "\uf8bf" for line in readable.lines for character in line.text)
        assert not any(line.kind == LineKind.HEADING or line.indent_cells for line in readable.lines)


def test_marks_cannot_be_piled_up_over_several_elements() -> None:
    (text,) = texts("a" + "<b>&#769;&#769;&#769;&#769;</b>" * 50 + "<i>&#769;x</i>")
    assert text == "ax"


# --- hostile input ----------------------------------------------------------------------


def test_entities_cannot_make_control_or_direction_characters() -> None:
    readable = html_to_readable(
        "<p>&#27;]0;PWN&#7;a &#8238;b &#x9b;31m &#x200b;c &#xd800;d &#0;e</p><a href='http://x.example/&#27;'>l</a>"
    )
    assert_fit_for_a_terminal(readable)
    assert not readable.links


_pieces = st.sampled_from(
    ["<p>", "</p>", "<br>", "<b>", "</b>", "<i>", "<div>", "</div>", "<ul>", "<li>", "</ul>", "<ol>", "<blockquote>",
     "</blockquote>", "<table>", "<table border=1>", "<tr>", "<td>", "<th>", "</table>", "<a href='http://x.example/'>",
     "<a href='javascript:x'>", "</a>", "<pre>", "</pre>", "<hr>", "<h2>", "</h2>", "<img src=cid:x>", "<q>",
     "text", " ",
     "&lt;", "&#27;", "\u202e", "\uf8a0", "\\", "# x", "> y", "<!--", "-->", "<style>", "</style>",
     "<span style='font-size:0'>",
     "</span>", "<x-y>", "<input>", "http://z.example/", "\x00", "<code>", "</code>", "&zwnj;"]
)  # fmt: skip


@given(st.lists(_pieces, max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_soup_of_tags_is_readable(pieces: list[str]) -> None:
    markup = "".join(pieces)
    readable = html_to_readable(markup)
    assert_fit_for_a_terminal(readable)
    assert_fit_for_a_terminal(fallback_readable(markup))
    assert not any("\uf8a0" <= character <= "\uf8bf" for line in readable.lines for character in line.text)


@given(st.text(st.characters(blacklist_categories=()), max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_readable_as_html(text: str) -> None:
    for markup in (text, f"<p {text}>x", f"<a href='{text}'>{text}</a>", f"<pre>{text}</pre>", f"<style>{text}"):
        assert_fit_for_a_terminal(html_to_readable(markup))
        assert_fit_for_a_terminal(fallback_readable(markup))


# Markup that took other readers many seconds; with it the text that must still be there, if any.
BOMBS = {
    "divs": "<div>" * 50_000, "lists": "<ul><li>" * 20_000, "lists under the limit": "<ul><li>x" * 2_900,
    "a": "<a " * 20_000, "href": '<a href="' * 20_000, "script": "<script" * 20_000, "comments": "<!--" * 60_000,
    "less": "<" * 250_000, "ampersands": "&" * 250_000, "marked sections": "<![<![" * 40_000,
    "tables": "<table><tr><td>x" * 2_900, "attributes": "<p " + " ".join(f"a{n}" for n in range(40_000)) + ">",
    "links": "".join(f"<a href='http://x.example/{n}'>{n}</a>" for n in range(6_000)),
    "misnested": "<b><i><p></b></i>x" * 10_000,
    "paragraphs": "<p>x" * 60_000, "cells": "<table border=1><tr>" + "<td>x" * 40_000,
    "style": "<style>" + ".a{" * 80_000,
    "entities": "&#99999999999999999999;" * 10_000, "long digits": "&#" + "9" * 200_000 + ";",
    "fonts": "<font><p>x" * 2_900, "quotes": "<blockquote>x" * 2_900, "marks": "a" + "&#769;" * 40_000,
    "nested links": "<span><a href=http://x.example/>" * 1_400,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BOMBS))
@pytest.mark.timeout(30)
def test_a_bomb_ends_as_bounded_text(name: str) -> None:
    markup = BOMBS[name][:MAX_MARKUP_CHARACTERS]
    for readable in (html_to_readable(markup), fallback_readable(markup)):
        assert sum(len(line.text) for line in readable.lines) <= 1024 * 1024


@pytest.mark.parametrize(
    ("depth", "simple"), [(MAX_NESTING - 1, False), (MAX_NESTING, False), (MAX_NESTING + 1, True)]
)
def test_what_is_nested_too_deep_is_told_simply(depth: int, simple: bool) -> None:
    readable = html_to_readable("<div>" * depth + "x")
    assert (SIMPLE in readable.notes) == simple
    assert readable.lines[-1].text == "x"


@pytest.mark.parametrize(("over", "cut"), [(-1, False), (0, False), (1, True)])
def test_what_is_too_long_is_cut_and_said(over: int, cut: bool) -> None:
    assert (CUT in html_to_readable("x" * (MAX_MARKUP_CHARACTERS + over)).notes) == cut
    assert (CUT in fallback_readable("x" * (MAX_MARKUP_CHARACTERS + over)).notes) == cut


def test_the_fallback_keeps_words_and_drops_what_is_no_text() -> None:
    readable = fallback_readable(
        "<html><head><title>t</title></head><script>if (a < b) x()</script><p>One &amp; two<br>1 < 2</p><!-- c -->"
        "<b>x</b>"
        "<style>p{}</style>see https://x.example/ &#27; &eacute;</p"
    )
    found = [line.text for line in readable.lines if line.text]
    assert found == ["One & two", "1 < 2", "xsee https://x.example/ [1] é"]
    assert readable.notes == (SIMPLE,)


def test_reading_html_opens_no_connection_and_no_file() -> None:
    """An audit hook in a process of its own, since hooks cannot be removed."""
    script = """
import sys
from tuimail.mime.html.convert import html_to_readable
html_to_readable("<p>warm</p>")
seen = []
names = ("socket.", "open", "subprocess", "urllib")
sys.addaudithook(lambda name, _: seen.append(name) if name.startswith(names) else None)
html_to_readable('<link rel=stylesheet href=http://x.example/a.css><img src=http://x.example/b.png>'
    '<style>@import url(http://x.example)</style>'
    '<iframe src=http://x.example></iframe><object data=file:///etc/passwd></object><base href=http://x.example/>'
    '<meta http-equiv=refresh content="0;url=http://x.example/"><p style="background:url(http://x.example/c)">x</p>')
print(seen)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_links_go_on_from_a_given_number() -> None:
    readable: ReadableText = html_to_readable("<a href=http://x.example/>x</a>", first_link=5)
    assert readable.links[0].number == 5
    assert readable.lines[0].text == "x [5 x.example]"
