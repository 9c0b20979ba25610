"""What a person reads of a whole message, its JSON, and invitations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mime.test_text import assert_fit_for_a_terminal
from tuimail.mime.html.convert import fallback_readable
from tuimail.mime.parts.parse import parse_message, part_bytes
from tuimail.mime.reading.calendar import calendar_lines
from tuimail.mime.reading.readable import (
    ENCRYPTED,
    NOTHING_TO_READ,
    SIGNED,
    from_json,
    readable_of,
    to_json,
    words_of_json,
)
from tuimail.model import LineKind, Link, Part, ReadableText, Section, Span, TextLine

CORPUS = Path(__file__).parent.parent / "corpus"


def part(content_type: str, section: str = "1", charset: str = "utf-8", *, flowed: bool = False) -> Part:
    return Part(Section(section), content_type, charset, "8bit", 1, "", "", "", flowed, False)


def read_file(name: str, prefer: str) -> ReadableText:
    raw = (CORPUS / f"{name}.eml").read_bytes()
    root = parse_message(raw).root
    leaves = [(leaf, part_bytes(raw, root, leaf.section)) for leaf in root.walk() if not leaf.children]
    return readable_of(leaves, prefer, root=root)


def texts(readable: ReadableText) -> list[str]:
    return [line.text for line in readable.lines if line.text]


def test_each_telling_is_read_and_names_the_other() -> None:
    plain, html = read_file("nested", "plain"), read_file("nested", "html")
    assert texts(plain) == ["plain", "-- list footer"]
    assert (plain.source, plain.alternatives) == ("plain", ("html",))
    assert texts(html) == ["html [image in this message]", "-- list footer"]
    assert (html.source, html.alternatives) == ("html", ("plain",))


def test_a_telling_that_is_not_there_gives_the_other() -> None:
    readable = read_file("plain", "html")
    assert (readable.source, readable.alternatives) == ("plain", ())
    assert texts(readable) == ["Shall we look at the second pass beforelunch? Café.", "--", "Grace"]  # DelSp


def test_several_parts_are_read_one_after_the_other_with_links_numbered_through() -> None:
    readable = readable_of(
        [
            (part("text/plain", "1"), b"see https://a.example/"),
            (part("text/html", "2"), b"<a href=https://b.example/>b</a>"),
            (part("text/x-unknown", "3", "koi8-r"), "Привет".encode("koi8-r")),
        ]
    )
    assert texts(readable) == ["see https://a.example/ [1]", "b [2 b.example]", "Привет"]
    assert [link.number for link in readable.links] == [1, 2]
    assert readable.source == "html"


def test_html_is_decoded_by_its_part_or_by_its_own_word() -> None:
    in_part = readable_of([(part("text/html", charset="windows-1251"), "<p>Привет".encode("cp1251"))])
    assert texts(in_part) == ["Привет"]
    meta = '<meta http-equiv=Content-Type content="text/html; charset=koi8-r"><p>Привет'.encode("koi8-r")
    assert texts(readable_of([(part("text/html", charset=""), meta)])) == ["Привет"]
    assert texts(readable_of([(part("text/html", charset=""), b"<meta charset=utf-7>caf\xe9 +ADw-")])) == ["café +ADw-"]


def test_another_converter_can_be_given_for_a_message_that_broke_the_usual_one() -> None:
    readable = readable_of(
        [(part("text/html"), b"<b>words</b>")],
        convert_html=lambda markup, first: fallback_readable(markup, first_link=first),
    )
    assert texts(readable) == ["words"]
    assert readable.notes


def test_signed_and_encrypted_mail_is_named_and_never_vouched_for() -> None:
    signed = read_file("signed", "html")
    assert texts(signed) == ["Trust me."]
    assert signed.notes == (SIGNED,)
    raw = b"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nVersion: 1\n--b\n\nxx\n--b--\n"
    readable = readable_of([], root=parse_message(raw).root)
    assert (readable.source, texts(readable)) == ("note", [ENCRYPTED])


def test_a_message_without_text_says_so() -> None:
    readable = read_file("single-attachment", "html")
    assert (readable.source, texts(readable)) == ("note", [NOTHING_TO_READ])
    assert readable.lines[0].kind == LineKind.NOTE


def test_an_encoding_that_is_not_known_is_said() -> None:
    readable = readable_of([(part("text/plain", charset="x-\x1b-made-up"), b"words")])
    assert texts(readable) == ["words"]
    assert "x-\ufffd-made-up" in readable.notes[0]


def test_an_invitation_is_told_in_a_few_lines() -> None:
    readable = read_file("invitation", "plain")
    assert texts(readable) == [
        "Invitation: Compiler review, second pass",
        "When: 2024-12-12 10:00 to 11:30 (Europe/Berlin)",
        "Where: Room 2",
        "From: Grace Hopper <grace@navy.example>",
        "Guests: Ada <ada@example.org> (accepted)",
        "Please come.",
    ]


@pytest.mark.parametrize(
    ("event", "when"),
    [
        ("DTSTART:20241212T100000Z\nDTEND:20241212T110000Z", "When: 2024-12-12 10:00 to 11:00 UTC"),
        ("DTSTART;VALUE=DATE:20241212", "When: 2024-12-12"),
        ("DTSTART:20241212T100000\nDTEND:20241213T110000", "When: 2024-12-12 10:00 to 2024-12-13 11:00"),
        ("DTSTART:20241212T100000Z\nRRULE:FREQ=WEEKLY", "When: 2024-12-12 10:00 UTC, repeats"),
        ("DTSTART:tomorrow", None),
    ],
)
def test_times_are_told_as_they_are_given(event: str, when: str | None) -> None:
    found = [line.text for line in calendar_lines(f"BEGIN:VEVENT\nSUMMARY:x\n{event}\nEND:VEVENT")]
    assert [text for text in found if text.startswith("When")] == ([when] if when else [])


@given(st.text(st.characters(blacklist_categories=()), max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_calendar(text: str) -> None:
    for whole in (text, f"BEGIN:VEVENT\nSUMMARY:{text}\nDTSTART:{text}\nATTENDEE;CN={text}:x\n{text}"):
        assert_fit_for_a_terminal(ReadableText("plain", calendar_lines(whole)))


@given(
    st.binary(max_size=200),
    st.sampled_from(["text/plain", "text/html", "text/calendar", "text/enriched"]),
    st.sampled_from(["utf-8", "", "iso-2022-jp", "utf-16", "utf-7", "idna", "\x1b"]),
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_readable_and_survive_json(octets: bytes, content_type: str, charset: str) -> None:
    readable = readable_of([(part(content_type, charset=charset, flowed=True), octets)])
    assert_fit_for_a_terminal(readable)
    assert from_json(to_json(readable)) == readable
    assert words_of_json(to_json(readable)) == "\n".join(line.text for line in readable.lines)


def test_json_keeps_every_field_and_is_compact() -> None:
    readable = ReadableText(
        "html",
        (
            TextLine("plain"),
            TextLine("quoted", 2),
            TextLine("x", 0, LineKind.HEADING),
            TextLine("• item [1]", 0, LineKind.TEXT, 2, (Span(2, 10, "link", 1), Span(2, 6, "bold"))),
        ),
        (Link(1, "item", "https://x.example/", "x.example", "odd"),),
        ("a note",),
        ("plain",),
    )
    data = to_json(readable)
    assert from_json(data) == readable
    assert data.startswith(b'["html",["plain",["quoted",2,"text"],')


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'["html",[[]],[],[],[]]', b"\xff", b"[" * 100_000, b'["a",[["x",0,"no-kind"]],[],[],[]]'])  # fmt: skip  # noqa: E501
def test_what_is_not_our_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(data)
