"""Header blocks: usual ones, broken ones and hostile ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.decoding import headers
from tuimail.mime.decoding.headers import (
    BAD_DATE,
    MAX_HEADER_OCTETS,
    NO_FROM,
    SEVERAL_FROM,
    TOO_LONG_BLOCK,
    TOO_LONG_HEADER,
    TOO_MANY_HEADERS,
    Summary,
    decode_header,
    header_lines,
    parse_addresses,
    parse_date,
    summarize,
    thread_key,
)
from tuimail.model import Address

USUAL = b"""\
From: Grace Hopper <grace@navy.example>\r
To: Ada Byron <ada@example.org>, "Turing, Alan" <alan@example.org>\r
Subject: Re: Compiler review,\r
 Thursday\r
Date: Thu, 14 Nov 2024 09:12:33 +0100\r
Message-ID: <3@navy.example>\r
In-Reply-To: <2@example.org>\r
References: <1@example.org>\r
\t<2@example.org>\r
List-Id: Reviews <reviews.example.org>\r
\r
"""


def strings_of(summary: Summary) -> list[str]:
    return [value for value in summary if isinstance(value, str)]


def test_a_usual_block_is_read_unfolded_and_dated() -> None:
    summary = summarize(USUAL)
    assert summary.from_ == "Grace Hopper <grace@navy.example>"
    assert (summary.sender_name, summary.sender_address) == ("Grace Hopper", "grace@navy.example")
    assert summary.subject == "Re: Compiler review, Thursday"
    assert summary.sent_at == 1731571953
    assert summary.references == "<1@example.org> <2@example.org>"
    assert summary.list_id == "Reviews <reviews.example.org>"
    assert summary.defects == ()
    assert parse_addresses(summary.to)[1] == Address("Turing, Alan", "alan@example.org")


def test_line_ends_without_carriage_return_read_the_same() -> None:
    assert summarize(USUAL.replace(b"\r\n", b"\n")) == summarize(USUAL)


def test_all_headers_are_listed_in_order_with_names_as_written() -> None:
    block = b"Received: a\r\n b\r\nX-Odd: caf\xc3\xa9\r\nReceived: c\r\nSUBJECT: =?utf-8?q?=C3=A9?=\r\n\r\n"
    assert header_lines(block) == [("Received", "a b"), ("X-Odd", "café"), ("Received", "c"), ("SUBJECT", "é")]


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_make_a_summary_that_a_store_can_bind(octets: bytes) -> None:
    for block in (octets, b"From: " + octets, b"Subject: =?utf-8?b?" + octets + b"?=\nDate: " + octets):
        for text in strings_of(summarize(block)):
            text.encode("utf-8")
            assert "\0" not in text
        assert isinstance(thread_key(summarize(block)), int)
        header_lines(block)


@given(st.text(st.characters(blacklist_categories=()), max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_as_addresses_dates_and_words_without_an_exception(text: str) -> None:
    parse_addresses(text)
    parse_date(text)
    decode_header(text).encode("utf-8")
    decode_header(f"=?utf-8?q?{text}?= =?iso-2022-jp?b?{text}?=").encode("utf-8")


# --- RFC 2047 ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=?utf-8?q?R=C3=A9union_d=C3=A9cal=C3=A9e?=", "Réunion décalée"),
        ("=?UTF-8?B?5bGx55Sw?= =?utf-8?b?5aSq6YOO?=", "山田太郎"),
        ("=?utf-8?b?5bGx55Q=?= =?utf-8?b?sA==?=", "山田"),  # a character cut in two
        ("=?iso-8859-1*fr?q?caf=E9?= au lait", "café au lait"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?koi8-r?b?8NLJ18XU?=", "Привет"),
        ("=?gb2312?b?xOO6ww==?=", "你好"),
        ("=?iso-2022-jp?b?GyRCJDMkcxsoQg==?=", "こん"),
        ("=?utf-8?q?with space?=", "with space"),
        ("=?utf-8?b?Zm9v", "=?utf-8?b?Zm9v"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?b?Zm9vY?=", "foo"),
        ("=?no-such-charset?q?caf=C3=A9?=", "café"),
        ("=?utf-7?q?+AD4-?=", "+AD4-"),
        ("=?unicode_escape?q?=5Cx1b?=", "\\x1b"),
        ("=?rot13?q?uryyb?=", "uryyb"),
        ("=?punycode?q?abc-?=", "abc-"),
        ("=?idna?q?xn--?=", "xn--"),
        ("=?utf-8\0?q?x?=", "x"),
        ("=?utf-8?q?a=0D=0ABcc:_e@f?=", "a Bcc: e@f"),
        ("=?utf-8?q?=ED=A0=80?=", "���"),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_encoded_words_decode_and_never_make_lines(value: str, expected: str) -> None:
    decoded = decode_header(value)
    decoded.encode("utf-8")
    assert "\n" not in decoded
    assert "\r" not in decoded
    if "\ufffd" in expected or "\ufffd" in decoded:
        assert "\ud800" not in decoded
    else:
        assert decoded == expected


def test_raw_octets_are_utf8_else_windows_1252() -> None:
    assert summarize("Subject: Größe\n".encode()).subject == "Größe"
    assert summarize("Subject: Größe – €\n".encode("cp1252")).subject == "Größe – €"


def test_a_decoded_name_cannot_become_an_address() -> None:
    summary = summarize(b"From: =?utf-8?q?ceo=40bank=2Ecom_=3Cceo=40bank=2Ecom=3E=2C?= <x@evil.example>\n")
    assert summary.sender_address == "x@evil.example"
    assert summary.sender_name == "ceo@bank.com <ceo@bank.com>,"
    assert len(parse_addresses(summary.from_)) == 1


def test_encoded_words_inside_quotes_are_decoded_as_several_mailers_write_them() -> None:
    summary = summarize(b'From: "=?utf-8?b?w4ltaWxl?= B." <e@example.org>\n')
    assert summary.sender_name == "Émile B."


# --- headers that make the standard library raise ------------------------------------

RAISING = [
    b"Message-ID: <>", b'From: "', b"From: <@", b"From: <", b"From: =?utf-8?q?a=0D=0ABcc:_e@f?= <x@y>",
    b"From: " + b"(" * 1000 + b"x" + b")" * 1000 + b" <a@b.example>", b"To: undisclosed-recipients:;",
    b"To: friends: a@x.example, b@x.example;", b"To: a: b: c: d@e;", b"From: (((", b"From: )))", b"From: a@b@c",
    b"From: alice@example.org)bob@evil.org", b"From: alice@example.org<bob@evil.org>", b"From: ,,,;;;,",
    b'From: "a\\', b"From: \\", b"From: [[[]", b"From: <a@[127.0.0.1]>", b"From: <@route.example:a@b.example>",
    b'From: "a b"@example.org', b"Date: Thu, 99 Foo 99999", b"Date: Mon, 1 Jan 2024 00:00:00 +99999999999999",
    b"Date: Mon, 31 Dec 9999 23:59:59 -2359", b"Date: ", b"Subject: \xff\xfe\x00", b"References: " + b"<a@b> " * 3000,
    b"From: =?utf-8?b?//79?= <x@y>", b": no name", b"no colon at all", b"\r\n\r\n", b"From : spaced@example.org",
    b"From:\r\n folded@example.org", b"Subject:\n\n", b"From: \xed\xb3\xa9@x", b"In-Reply-To: your mail of Monday",
    b"Message-ID: a@b\0c", b"List-Id: <", b"Reply-To: <<<<>>>>", b"Cc: " + b'"' * 999,
]  # fmt: skip


@pytest.mark.parametrize("block", RAISING)
def test_a_header_that_makes_others_raise_is_read(block: bytes) -> None:
    summary = summarize(block + b"\r\n")
    for text in strings_of(summary):
        text.encode("utf-8")
        parse_addresses(text)
    thread_key(summary)


def test_addresses_that_cannot_be_read_are_names_and_never_other_mailboxes() -> None:
    assert parse_addresses("alice@example.org)bob@evil.org") == (Address("alice@example.org)bob@evil.org", ""),)
    assert parse_addresses("alice@example.org<bob@evil.org>") == (Address("alice@example.org", "bob@evil.org"),)
    assert parse_addresses('"ceo@bank.com" <x@evil.example>') == (Address("ceo@bank.com", "x@evil.example"),)
    assert parse_addresses("a@b@c") == (Address("a@b@c", ""),)
    assert parse_addresses("") == ()


def test_groups_comments_and_quotes_are_read_as_the_standard_says() -> None:
    assert parse_addresses("Friends: a@x.example, B <b@x.example>;, c@x.example (Carol)") == (
        Address("", "a@x.example"),
        Address("B", "b@x.example"),
        Address("Carol", "c@x.example"),
    )
    assert parse_addresses("undisclosed-recipients:;") == ()
    assert parse_addresses("(" * 1000 + "x" + ")" * 1000 + " a@b.example")[0].address == "a@b.example"
    assert parse_addresses('"Doe, \\"J\\"" <j@x.example>') == (Address('Doe, "J"', "j@x.example"),)
    assert parse_addresses('"a b"@x.example') == (Address("", '"a b"@x.example'),)
    assert parse_addresses("<@relay.example:a@b.example>") == (Address("", "a@b.example"),)


@pytest.mark.parametrize(("count", "shown"), [(199, 199), (200, 200), (201, 200)])
def test_at_most_two_hundred_addresses_are_read(count: int, shown: int) -> None:
    assert len(parse_addresses(", ".join(f"a{n}@x.example" for n in range(count)))) == shown


# --- dates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Thu, 14 Nov 2024 09:12:33 +0100", 1731571953),
        ("14 Nov 2024 08:12:33 GMT", 1731571953),
        ("Thu, 14 Nov 2024 08:12:33 -0000", 1731571953),
        ("Thu, 14 Nov 24 08:12:33", 1731571953),
        ("Thu, 14 Nov 2024 03:12:33 EST", 1731571953),
        ("Thu Nov 14 08:12:33 2024", 1731571953),
        ("2024-11-14T08:12:33Z", 1731571953),
        ("2024-11-14 09:12:33 +01:00", 1731571953),
        ("14-Nov-2024 09:12:33 +0100", 1731571953),
        ("Thu, 14 Nov 2024 09:12:33 +0100 (CET)", 1731571953),
        ("Thu, 1 Jan 1970 00:00:00 +0000", 0),
        ("Wed, 31 Dec 1969 23:59:59 +0000", -1),
        ("1 Jan 99 00:00 +0000", 915148800),
        ("1 Jan 103 00:00 +0000", 1041379200),
        ("29 Feb 2024 00:00:00 +0000", 1709164800),
        ("31 Dec 9998 23:59:59 -2359", 253370851139),
        ("31 Dec 9999 23:59:59 -2359", None),
        ("Mon, 1 Jan 2024 00:00:00 +99999999999999", None),
        ("Mon, 1 Jan 2024 00:00:00 +9900", None),
        ("Mon, 32 Jan 2024 00:00:00 +0000", None),
        ("Mon, 1 Foo 2024 00:00:00 +0000", None),
        ("Mon, 1 Jan 2024 25:00:00 +0000", None),
        ("1 Jan 1899 00:00:00 +0000", None),
        ("yesterday", None),
        ("", None),
        ("١ Jan ٢٠٢٤", None),
    ],
)
def test_dates_are_seconds_or_nothing(value: str, expected: int | None) -> None:
    assert parse_date(value) == expected


def test_an_impossible_date_is_a_defect_and_messages_still_sort() -> None:
    bad = summarize(b"From: a@b\nDate: Mon, 1 Jan 2024 00:00:00 +99999999999999\n")
    assert bad.sent_at is None
    assert BAD_DATE in bad.defects


# --- limits -----------------------------------------------------------------------


@pytest.mark.parametrize(("octets", "is_cut"), [(-1, False), (0, False), (1, True)])
def test_one_header_is_at_most_sixteen_kibibytes(octets: int, is_cut: bool) -> None:
    summary = summarize(b"From: a@b\nSubject: " + b"s" * (MAX_HEADER_OCTETS + octets) + b"\n")
    assert (TOO_LONG_HEADER in summary.defects) == is_cut
    assert len(summary.subject) == MAX_HEADER_OCTETS + min(octets, 0)


@pytest.mark.parametrize(("count", "is_cut"), [(1999, False), (2000, False), (2001, True)])
def test_at_most_two_thousand_headers_are_read(count: int, is_cut: bool) -> None:
    block = b"From: a@b\n" + b"X-A: b\n" * (count - 2) + b"Subject: last\n"
    summary = summarize(block)
    assert (TOO_MANY_HEADERS in summary.defects) == is_cut
    assert (summary.subject == "last") == (not is_cut)


def test_a_block_is_at_most_half_a_mebibyte() -> None:
    block = b"From: a@b\n" + (b"X: " + b"y" * 1000 + b"\n") * 600 + b"Subject: late\n"
    summary = summarize(block)
    assert TOO_LONG_BLOCK in summary.defects
    assert summary.subject == ""


def test_hostile_blocks_end() -> None:
    for block in (
        b"X: y\n" * 100_000,
        b"From: " + b"=?utf-8?q?a?= " * 16_000,
        b"From: " + b"a" + b" " * 16_000 + b"b",
        b"From: " + b'"\\' * 8_000,
        b"From: " + b"<" * 16_000,
        b"From: a@b" + b":" * 16_000,
        b"Subject: a\n" + b" \n" * 200_000,
        b"To: " + b"=?u?q?" * 2_700,
        b"Date: " + b" " * 16_000 + b"x",
    ):
        summarize(block)


def test_several_from_headers_are_all_kept_and_named() -> None:
    summary = summarize(b"From: a@x.example\nSubject: s\nFrom: b@x.example\n")
    assert [address.address for address in parse_addresses(summary.from_)] == ["a@x.example", "b@x.example"]
    assert summary.defects == (SEVERAL_FROM,)
    assert summarize(b"Sender: s@x.example\n").sender_address == "s@x.example"
    assert NO_FROM in summarize(b"Subject: x\n").defects


# --- threads ----------------------------------------------------------------------


def test_a_conversation_shares_its_key() -> None:
    first = summarize(b"From: a@b\nMessage-ID: <1@example.org>\n")
    reply = summarize(b"From: c@d\nMessage-ID: <2@x>\nIn-Reply-To: <1@example.org>\n")
    assert thread_key(first) == thread_key(reply) == thread_key(summarize(USUAL))
    assert thread_key(first) != thread_key(summarize(b"From: a@b\nMessage-ID: <9@example.org>\n"))


def test_a_thread_key_is_the_same_in_every_process_and_fits_a_signed_integer() -> None:
    assert thread_key(summarize(USUAL)) == thread_key(summarize(USUAL))
    generator = random.Random(5)
    for _ in range(50):
        key = thread_key(summarize(f"Message-ID: <{generator.random()}@x>\n".encode()))
        assert 0 <= key < 2**63


def test_the_fields_that_are_fetched_are_those_that_are_read() -> None:
    block = "".join(f"{name}: x@{name.lower()}.example\n" for name in headers.HEADER_FIELDS).encode()
    summary = summarize(block)
    assert summary.list_id == "x@list-id.example"
    assert all(strings for strings in (summary.from_, summary.reply_to, summary.to, summary.cc, summary.references))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 40), st.sampled_from(["Jan", "feb", "DEC", "Foo"]), st.integers(0, 9999), st.integers(0, 30),
    st.integers(0, 70), st.integers(0, 70), st.integers(0, 9999), st.sampled_from(["+", "-"]),
)  # fmt: skip
def test_the_short_way_through_a_date_finds_what_the_long_one_finds(
    day: int, month: str, year: int, hour: int, minute: int, second: int, zone: int, sign: str
) -> None:
    usual = f"Thu, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} {sign}{zone:04}"
    assert parse_date(usual) == parse_date(f"\t{usual}")  # a leading tab is not of the usual shape
