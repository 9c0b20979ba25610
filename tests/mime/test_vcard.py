"""vCards as phones, programs and strangers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.mime.writing.vcard import MAX_ADDRESSES, read_vcards
from tuimail.model import Address


def card(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""]).encode()


@pytest.mark.parametrize(
    ("octets", "people"),
    [
        (
            card("VERSION:3.0", "FN:Ada\r\n  Byron", "EMAIL;TYPE=INTERNET:ada@example.org"),
            [("Ada Byron", "ada@example.org")],
        ),
        (card("FN:A\\, B\\; C", "item1.EMAIL;PREF=1:mailto:a@x.org"), [("A, B; C", "a@x.org")]),
        (
            card("N:Hopper;Grace;;;", "EMAIL:grace@navy.example", "EMAIL:g@x.org"),
            [("Grace Hopper", "grace@navy.example"), ("Grace Hopper", "g@x.org")],
        ),
        (
            card("N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:L=E9=", "fevre;=C9mile", "EMAIL:e@x.org"),
            [("Émile Léfevre", "e@x.org")],
        ),
        (card("ORG:Acme;Sales", "EMAIL:info@acme.example"), [("Acme", "info@acme.example")]),
        (card('FN;X="a:b;c":Ada', "EMAIL:ada@x.org"), [("Ada", "ada@x.org")]),
        (card("FN:Nobody") + card("FN:B", "EMAIL:b@x.org"), [("B", "b@x.org")]),
        (
            card("FN:x\x1b[31m\u202ey", "EMAIL:no address", "EMAIL:a@b\x07.org", "EMAIL:a@x.org"),
            [("x\ufffdy", "a@x.org")],
        ),
        (b"fn:Low\nemail:low@x.org\n", [("Low", "low@x.org")]),
    ],
)
def test_names_and_addresses_are_read(octets: bytes, people: list[tuple[str, str]]) -> None:
    assert list(read_vcards(octets)) == [Address(*each) for each in people]


@given(
    st.binary(max_size=400), st.lists(st.sampled_from([b"BEGIN:VCARD\n", b"EMAIL;", b"FN:", b'"', b":a@b.c\n", b"=\n"]))
)
def test_any_octets_give_people_or_nothing(octets: bytes, pieces: list[bytes]) -> None:
    for person in read_vcards(octets + b"".join(pieces)):
        assert "@" in person.address
        assert person.name.isprintable()


def test_a_person_with_a_thousand_addresses_has_some() -> None:
    assert len(list(read_vcards(card("FN:A", *(f"EMAIL:a{n}@x.org" for n in range(1000)))))) == MAX_ADDRESSES
