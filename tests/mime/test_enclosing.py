"""Whole messages inside others: any octets, and nothing that could end or leave its place."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.decoding.headers import header_lines
from tuimail.mime.parts.parse import header_block, parse_message
from tuimail.mime.writing.compose import Enclosed, Outgoing, build
from tuimail.mime.writing.enclosing import as_message, normal_lines, resent, without_blind_copies
from tuimail.mime.writing.typed import entries

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        b"From: a@x.org\n",
        b"Bcc: z@z.org\n",
        b"bcc :z@z.org\r\n",
        b" folded\n",
        b"Subject: \xc3\xa9\r\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"Content-Transfer-Encoding: 8bit\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"text",
        b"\xff\xfe",
        b"\0",
        b"x" * 1200,
        b".\r\n",
        b"From x\n",
        b"\r\n\r\n",
    ]
)
MESSAGES = st.one_of(st.lists(PIECES, max_size=25).map(b"".join), st.binary(max_size=200))


@settings(max_examples=200)
@given(MESSAGES)
def test_any_message_goes_along_in_seven_bits_without_blind_copies(raw: bytes) -> None:
    written = Outgoing(from_="a@x.org", to="b@x.org", subject="s", body="Hello\n", message_id="<1@x.org>")
    whole = build(written, [Enclosed("m.eml", "message/rfc822", raw)], now=NOW)
    assert whole.isascii()
    assert all(len(line) <= 998 for line in whole.split(b"\r\n"))
    assert b"\n" not in whole.replace(b"\r\n", b"")
    message = email.message_from_bytes(whole, policy=policy.default)
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds[0] == "text/plain"
    assert len(kinds) == 2
    assert [part.section for part in parse_message(whole).root.children] == ["1", "2"]


@settings(max_examples=150)
@given(MESSAGES)
def test_what_is_7_bit_already_is_not_touched_and_what_was_made_so_stays_so(raw: bytes) -> None:
    once = as_message(raw)
    if once is not None:
        assert as_message(once) == once
    if normal_lines(raw) == raw and raw.isascii() and all(len(line) <= 998 for line in raw.split(b"\r\n")):
        assert once == raw


@settings(max_examples=150)
@given(MESSAGES)
def test_a_bounced_message_has_no_blind_copies_and_ends_as_it_did(raw: bytes) -> None:
    sent = resent(raw, from_=entries("a@x.org"), to=entries("b@x.org, c@y.org"), message_id="<9@x.org>", now=NOW)
    names = [name.lower() for name, _ in header_lines(header_block(sent))]
    assert names[:4] == ["resent-from", "resent-to", "resent-date", "resent-message-id"]
    assert "bcc" not in names
    assert sent.endswith(without_blind_copies(raw))
    assert b"\n" not in sent.replace(b"\r\n", b"")


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_text_in_eight_bits_is_encoded_where_it_stands_and_reads_the_same(charset: str) -> None:
    raw = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\nContent-Type: text/plain; charset=" + charset.encode() +
        b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + "Grüße\r\n".encode(charset) +
        b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--\r\n"
    )  # fmt: skip
    told = as_message(raw)
    assert told is not None
    assert b"8bit" not in told
    parts = list(email.message_from_bytes(told, policy=policy.default).iter_parts())
    assert [part.get_content() for part in parts] == ["Grüße\r\n", "plain"]


def test_a_line_of_an_mbox_is_no_part_of_the_message() -> None:
    assert normal_lines(b"From a@x.org Mon Nov 23\nSubject: x\n\nHi") == b"Subject: x\r\n\r\nHi\r\n"
