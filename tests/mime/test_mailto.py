"""mailto: links begin a message, and decide nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.errors import UsageError
from tuimail.mime.clean import clean_line
from tuimail.mime.writing.mailto import Mailto, parse_mailto
from tuimail.mime.writing.typed import entries


@pytest.mark.parametrize(
    ("link", "meant"),
    [
        ("mailto:ada@example.org", Mailto("ada@example.org")),
        (
            "MAILTO:ada@example.org,grace%40navy.example?cc=a@x.org",
            Mailto("ada@example.org, grace@navy.example", "a@x.org"),
        ),
        ("mailto:?to=a@x.org&subject=Hi%20there&body=1%0D%0A2", Mailto("a@x.org", subject="Hi there", body="1\n2")),
        ("mailto:a+b@x.org?subject=1+1", Mailto("a+b@x.org", subject="1+1")),
        ("mailto:a@x.org?subject=caf%C3%A9&amp;body=x", Mailto("a@x.org", subject="café", body="x")),
        ("mailto:%22not%40me%22@example.org", Mailto('"not@me"@example.org')),
        ("mailto:", Mailto()),
        ("mailto:a@x.org#fragment", Mailto("a@x.org")),
    ],
)
def test_a_link_is_read_as_rfc_6068_has_it(link: str, meant: Mailto) -> None:
    assert parse_mailto(link) == meant


def test_a_blind_copy_is_shown_and_told() -> None:
    told = parse_mailto("mailto:a@x.org?bcc=spy@y.org")
    assert told.bcc == "spy@y.org"
    assert "blind copy" in told.notes[0]


@pytest.mark.parametrize(
    "name", ["attach", "attachment", "attachments", "from", "in-reply-to", "reply-to", "x-y", "Attach"]
)
def test_nothing_else_is_taken_and_it_is_named(name: str) -> None:
    told = parse_mailto(f"mailto:a@x.org?{name}=/etc/passwd&subject=s")
    assert told._replace(notes=()) == Mailto("a@x.org", subject="s")
    assert name.lower() in told.notes[0]


@pytest.mark.parametrize(
    "hidden", ["%0d%0aBcc:%20x@y.org", "%00", "%1b]0;x%07", "%E2%80%AE", "%C2%9B31m", "%0A", "\ud800"]
)
def test_no_control_character_comes_out_of_a_field(hidden: str) -> None:
    told = parse_mailto(f"mailto:a{hidden}@x.org?subject=a{hidden}b&cc=c{hidden}d@x.org&body=e{hidden}f")
    for field in (told.to, told.cc, told.subject, *told.body.split("\n")):
        assert field.isprintable()
    assert all(not entry.address or entry.address.isprintable() for entry in entries(told.to))


def test_an_address_with_a_comma_in_it_stays_one() -> None:
    assert len(entries(parse_mailto("mailto:a%2Cb@x.org").to)) == 1


@pytest.mark.parametrize(
    "link", ["", "http://x.org", "ada@example.org", "javascript:mailto:a@x.org", "mailto:" + "x" * 70_000]
)
def test_what_is_no_link_or_too_long_is_told(link: str) -> None:
    with pytest.raises(UsageError):
        parse_mailto(link)


@given(st.text(max_size=300))
def test_anything_behind_the_scheme_is_taken_and_bounded(rest: str) -> None:
    told = parse_mailto(f"mailto:{rest}")
    assert all(clean_line(field, 100_000) == field for field in (told.to, told.cc, told.bcc, told.subject))
