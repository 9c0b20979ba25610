"""Transfer encodings and charsets undone."""

from __future__ import annotations

import base64
import binascii
import quopri
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.decoding.charset import CODECS, decode_charset
from tuimail.mime.decoding.parameters import MAX_PARAMETERS, parse_value
from tuimail.mime.decoding.transfer import decode_transfer


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_what_was_encoded_comes_back(octets: bytes) -> None:
    assert decode_transfer(base64.encodebytes(octets), "base64") == octets
    assert decode_transfer(base64.encodebytes(octets).replace(b"\n", b"\r\n"), "BASE64 ") == octets
    one_line = octets.replace(b"\r", b"").replace(b"\n", b"")  # the encoder leaves line ends as they are
    assert decode_transfer(quopri.encodestring(one_line, quotetabs=True), "quoted-printable") == one_line
    lines = b"".join(binascii.b2a_uu(octets[n : n + 45]) for n in range(0, len(octets), 45))
    assert decode_transfer(b"begin 644 x.bin\n" + lines + b"`\nend\n", "x-uuencode") == octets
    assert decode_transfer(octets, "8bit") == octets


@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "x-unknown", ""]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_in_any_encoding_are_decoded(octets: bytes, encoding: str) -> None:
    decode_transfer(octets, encoding)


@pytest.mark.parametrize(
    ("octets", "encoding", "expected"),
    [
        (b"Zm9v!!\r\nYmFy", "base64", b"foobar"),
        (b"Zm9vYg", "base64", b"foob"),
        (b"Zg==Zm9v", "base64", b"ffoo"),
        (b"Zm9vY", "base64", b"foo"),
        (b"a=3D=\r\nb  \r\nc", "quoted-printable", b"a=b\r\nc"),
        (b"100=% =XY", "quoted-printable", b"100=% =XY"),
    ],
)
def test_broken_encodings_give_what_can_be_had(octets: bytes, encoding: str, expected: bytes) -> None:
    assert decode_transfer(octets, encoding) == expected


# Codecs of Python that must not be reached by a name from mail, and names that are none.
REFUSED = [
    "unicode_escape", "raw_unicode_escape", "utf-7", "utf_7", "punycode", "idna", "rot13", "rot_13", "hex", "base64",
    "bz2", "zlib", "uu", "quopri", "undefined", "mbcs", "oem", "no-such", "a\0b", "../x", "utf-8\n", "cp65001",
]  # fmt: skip


@pytest.mark.parametrize("charset", REFUSED)
def test_a_charset_that_is_not_on_the_list_is_read_as_utf8(charset: str) -> None:
    assert decode_charset(b"caf\xc3\xa9 \\x1b+ABs-", charset) == "café \\x1b+ABs-"


@pytest.mark.parametrize("charset", sorted(CODECS))
def test_every_listed_charset_decodes_any_bytes_to_text_without_surrogates(charset: str) -> None:
    octets = bytes(range(256)) * 3
    text = decode_charset(octets, charset)
    text.encode("utf-8")
    assert not [character for character in text if unicodedata.category(character) == "Cs"]
    assert decode_charset(b"", charset) == ""


def test_labels_mean_what_browsers_take_them_for() -> None:
    assert decode_charset(b"\x93quoted\x94 \x80", "iso-8859-1") == "“quoted” €"
    assert decode_charset("é".encode(), "us-ascii") == "é"
    assert decode_charset(b"\xe9", "us-ascii") == "é"
    assert decode_charset("山".encode("gb18030"), "GB2312") == "山"
    assert decode_charset("\ufeffx".encode(), "utf-8") == "x"


# --- parameters -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ('attachment; filename="a \\"b\\".txt"', "filename", 'a "b".txt'),
        ("attachment; filename=a b.txt", "filename", "a b.txt"),
        ("attachment; filename*=utf-8''%e2%82%ac.txt; filename=euro.txt", "filename", "€.txt"),
        ("attachment; filename*0=a; filename*1=b; filename*3=d", "filename", "ab"),
        ("attachment; filename*1*=x; filename*0*=iso-8859-1'de'%fc", "filename", "üx"),
        ("attachment; filename*=%e9", "filename", "é"),
        ("attachment; filename*=utf-8''", "filename", ""),
        ('x; NAME="=?utf-8?b?w7w=?="', "name", "ü"),
        ("x;;; a=b;", "a", "b"),
        ('x; a="never ends', "a", "never ends"),
        ("x; a*0*=unicode_escape''%5Cx1b", "a", "\\x1b"),
    ],
)
def test_parameters_are_read_as_mail_has_them(text: str, name: str, expected: str) -> None:
    assert parse_value(text).parameters[name] == expected


@given(st.text(st.characters(blacklist_categories=()), max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_value_with_parameters(text: str) -> None:
    for value in parse_value(f"a/b; {text}").parameters.values():
        value.encode("utf-8")


@pytest.mark.parametrize(("count", "kept"), [(199, 199), (200, 200), (201, 200)])
def test_at_most_two_hundred_parameters_are_read(count: int, kept: int) -> None:
    assert len(parse_value("x" + "".join(f"; a{n}=b" for n in range(count))).parameters) == kept
    assert kept <= MAX_PARAMETERS
