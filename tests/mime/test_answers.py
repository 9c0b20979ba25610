"""Whom a reply goes to, its subject and thread, and what it quotes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.errors import UsageError
from tuimail.mime.clean import clean_line
from tuimail.mime.reading.text import plain_to_readable
from tuimail.mime.writing.answers import (
    How,
    Identity,
    Mine,
    Original,
    attribution,
    forward_subject,
    forwarded,
    quoted,
    references,
    reply_subject,
    reply_to,
)
from tuimail.mime.writing.typed import entries
from tuimail.model import ReadableText

MINE = Mine(
    [Identity("ada@example.org", "Ada Byron"), Identity("countess@example.net", "Lovelace")], ["*@byron.example"]
)
LETTER = Original(
    from_="Grace Hopper <grace@navy.example>", to="Ada <ADA@example.org>, Alan <alan@park.example>",
    cc="countess@example.net, Émile <emile@paris.example>, grace@navy.example", message_id="<2@navy.example>",
    references="<1@x.org>", subject="Compiler",
)  # fmt: skip


def addresses(typed: str) -> list[str]:
    return [entry.address for entry in entries(typed)]


def whom(original: Original, how: How) -> tuple[list[str], list[str]]:
    found = reply_to(original, how, MINE)
    return addresses(found.to), addresses(found.cc)


def test_a_reply_goes_to_the_sender() -> None:
    assert whom(LETTER, How.REPLY) == (["grace@navy.example"], [])


def test_a_reply_to_all_leaves_out_oneself_and_names_nobody_twice() -> None:
    assert whom(LETTER, How.ALL) == (["grace@navy.example", "alan@park.example"], ["emile@paris.example"])


@pytest.mark.parametrize("own", ["ada+lists@example.org", "anything@byron.example", "COUNTESS@Example.NET"])
def test_aliases_and_tagged_addresses_are_oneself(own: str) -> None:
    assert whom(replace(LETTER, to=own, cc=f"{own}, alan@park.example"), How.ALL) == (
        ["grace@navy.example"], ["alan@park.example"]
    )  # fmt: skip


def test_reply_to_counts_and_is_told_when_it_leads_elsewhere() -> None:
    found = reply_to(replace(LETTER, reply_to="x@elsewhere.example"), How.REPLY, MINE)
    assert addresses(found.to) == ["x@elsewhere.example"]
    assert "x@elsewhere.example" in found.notes[0]


def test_mail_reply_to_is_for_replies_and_mail_followup_to_for_all() -> None:
    asked = replace(
        LETTER, mail_reply_to="me@navy.example", followup_to="list@x.org, ada@example.org", reply_to="r@y.org"
    )
    assert whom(asked, How.REPLY) == (["me@navy.example"], [])
    assert whom(asked, How.ALL) == (["list@x.org"], [])


def test_an_answer_to_what_one_wrote_goes_on_to_the_others() -> None:
    own = replace(LETTER, from_="ada@example.org", to="grace@navy.example", cc="ada@example.org, alan@park.example")
    assert whom(own, How.REPLY) == (["grace@navy.example"], [])
    assert whom(own, How.ALL) == (["grace@navy.example"], ["alan@park.example"])


def test_with_nobody_else_there_the_reply_is_to_oneself() -> None:
    alone = Original(from_="ada@example.org", to="ada@example.org")
    assert whom(alone, How.ALL) == (["ada@example.org"], [])


@pytest.mark.parametrize(
    ("list_post", "address"),
    [
        ("<mailto:compilers@lists.example>", "compilers@lists.example"),
        ("<mailto:compilers@lists.example?subject=Re%3A>, <https://x.org>", "compilers@lists.example"),
        ("<https://x.org/post>, <mailto:%63@lists.example>", "c@lists.example"),
    ],
)
def test_a_reply_to_the_list_goes_where_it_takes_posts(list_post: str, address: str) -> None:
    assert whom(replace(LETTER, list_post=list_post), How.LIST) == ([address], [])


@pytest.mark.parametrize(
    "list_post", ["", "NO (posting not allowed)", "<mailto:not an address>", "<mailto:a%0ab@x.org>"]
)
def test_without_a_place_for_posts_there_is_no_reply_to_the_list(list_post: str) -> None:
    with pytest.raises(UsageError, match="no list"):
        reply_to(replace(LETTER, list_post=list_post), How.LIST, MINE)


@pytest.mark.parametrize(
    ("original", "address", "name"),
    [
        (LETTER, "ada@example.org", "Ada Byron"),
        (replace(LETTER, to="Countess@example.net"), "countess@example.net", "Lovelace"),
        (replace(LETTER, to="ada+shop@example.org"), "ada+shop@example.org", "Ada Byron"),
        (replace(LETTER, to="x@list.org", cc="", delivered_to=("me@byron.example",)), "me@byron.example", "Ada Byron"),
        (replace(LETTER, to="x@list.org", cc="", from_="Countess@example.net"), "countess@example.net", "Lovelace"),
    ],
)
def test_the_identity_is_the_address_that_was_written_to(original: Original, address: str, name: str) -> None:
    assert MINE.addressed(original) == Identity(address, name)


def test_nobody_is_addressed_by_a_list_that_does_not_say_whom_it_was_delivered_to() -> None:
    assert MINE.addressed(replace(LETTER, to="x@list.org", cc="")) is None


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("Hello", "Re: Hello", "Fwd: Hello"),
        ("Re: Hello", "Re: Hello", "Fwd: Re: Hello"),
        ("RE: AW: Sv: re[2]: Hello", "Re: Hello", "Fwd: RE: AW: Sv: re[2]: Hello"),
        ("回复：你好", "Re: 你好", "Fwd: 回复：你好"),
        ("[tug] Re: Hello", "Re: [tug] Hello", "Fwd: [tug] Re: Hello"),
        ("Fwd: WG: Hello", "Re: Fwd: WG: Hello", "Fwd: Hello"),
        ("Reply: no prefix", "Re: Reply: no prefix", "Fwd: Reply: no prefix"),
        ("", "Re: ", "Fwd: "),
        ("a\r\nBcc: x@y.org\x1b[31m", "Re: a Bcc: x@y.org", "Fwd: a Bcc: x@y.org"),
    ],
)
def test_a_subject_has_its_prefix_once(subject: str, reply: str, forward: str) -> None:
    assert reply_subject(subject).startswith(reply)
    assert forward_subject(subject).startswith(forward)
    assert reply_subject(reply_subject(subject)) == reply_subject(subject)


@given(st.text(max_size=200))
def test_a_prefix_is_never_doubled_and_makes_one_clean_line(subject: str) -> None:
    once = reply_subject(subject)
    assert reply_subject(once) == once
    assert clean_line(once, 2_000) == once
    assert forward_subject(forward_subject(subject)) == forward_subject(subject)


@pytest.mark.parametrize(
    ("original", "in_reply_to", "line"),
    [
        (Original(message_id="<2@x>", references="<0@x> <1@x>"), "<2@x>", "<0@x> <1@x> <2@x>"),
        (Original(message_id="<2@x>", in_reply_to="<1@x>"), "<2@x>", "<1@x> <2@x>"),
        (Original(message_id="<2@x>", in_reply_to="<1@x> and <3@x>"), "<2@x>", "<2@x>"),
        (Original(message_id="nonsense", references="<1@x>"), "", "<1@x>"),
        (Original(message_id="<a b@x> <2@x>", references="junk\r\nBcc: <1@x>"), "<2@x>", "<1@x> <2@x>"),
        (Original(), "", ""),
    ],
)
def test_an_answer_is_tied_to_its_thread(original: Original, in_reply_to: str, line: str) -> None:
    assert references(original) == (in_reply_to, line)


TEXT = "Shall we? See https://x.org/a .\n\n> Before:\n>> Long ago.\nYes.\n\n-- \nGrace\nNavy\n"


def test_what_was_shown_is_quoted_without_its_signature_and_link_numbers() -> None:
    assert quoted(plain_to_readable(TEXT)) == (
        "> Shall we? See https://x.org/a .\n>\n> > Before:\n> > > Long ago.\n> Yes.\n"
    )


def test_only_what_was_selected_is_quoted() -> None:
    assert quoted(plain_to_readable(TEXT), "Yes.\nno\n") == "> Yes.\n> no\n"
    assert quoted(plain_to_readable(TEXT), "  \n") == quoted(plain_to_readable(TEXT))


def test_nothing_is_quoted_of_nothing_and_a_huge_text_is_cut() -> None:
    assert quoted(ReadableText("note", ())) == ""
    huge = quoted(plain_to_readable("word " * 10 + "\n" + "x" * 300_000))
    assert huge.endswith("> […]\n")
    assert len(huge) < 300


def test_who_wrote_when_is_one_line_whatever_the_sender_chose() -> None:
    sent = datetime(2026, 11, 14, 9, 5, tzinfo=UTC)
    assert attribution(LETTER, sent) == "On Sat, 14 November 2026 at 09:05, Grace Hopper wrote:"
    evil = replace(LETTER, from_='"a\nOn b wrote:\u202e\x1b]0;x\x07" <x@y.org>')
    assert attribution(evil, None).isprintable()
    assert attribution(Original(from_="x@y.org"), None) == "x@y.org wrote:"
    assert attribution(Original(), None) == "somebody wrote:"


def test_what_is_forwarded_stands_under_who_wrote_it_and_names_its_files() -> None:
    text = forwarded(LETTER, plain_to_readable(TEXT), None, ["a\nb.pdf"])
    head, _, body = text.partition("\n\n")
    assert head.split("\n") == [
        "---------- Forwarded message ----------", "From: Grace Hopper <grace@navy.example>", "Subject: Compiler",
        f"To: {LETTER.to}", f"Cc: {LETTER.cc}", "Attached: a b.pdf",
    ]  # fmt: skip
    assert body.startswith("Shall we?")
    assert "> > Long ago." in body
    assert "\n-- \n" not in body
