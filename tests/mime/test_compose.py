"""What is written is what arrives: headers, text and files, read back by our own parser and by Python's."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime, timedelta, timezone
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.errors import UsageError
from tuimail.mime.decoding.addresses import parse_addresses
from tuimail.mime.decoding.headers import header_lines, summarize
from tuimail.mime.parts.parse import header_block, leaves, parse_message
from tuimail.mime.writing.compose import Enclosed, Outgoing, build, build_draft, new_message_id, recipients, refusals
from tuimail.mime.writing.flowing import plain_text
from tuimail.mime.writing.typed import one_line

NOW = datetime(2026, 11, 23, 9, 12, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
ADA = "Ada Byron <ada@example.org>"
PLAIN = Outgoing(from_=ADA, to="grace@navy.example", subject="Hello", body="Hello Grace\n", message_id="<1@x.org>")


def outgoing(**changes: object) -> Outgoing:
    values = {name: getattr(PLAIN, name) for name in Outgoing.__dataclass_fields__}
    return Outgoing(**{**values, **changes})


def python_reads(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_in(raw: bytes) -> str:
    """The first text part as our own parser has it."""
    part, octets = next(iter(leaves(raw, parse_message(raw))))
    return octets.decode(part.charset).replace("\r\n", "\n")


def unflowed(text: str) -> list[str]:
    """RFC 3676 4.2 in the fewest words, quote marks kept apart: the paragraphs."""
    paragraphs: list[str] = []
    waiting: tuple[str, str] | None = None
    for line in text.removesuffix("\n").split("\n"):
        marks = line[: len(line) - len(line.lstrip(">"))]
        content = line[len(marks) :].removeprefix(" ")
        joined = (waiting[1] if waiting else "") + content
        assert waiting is None or waiting[0] == marks
        if content.endswith(" ") and content != "-- ":
            waiting = (marks, joined)
            continue
        paragraphs.append(f"{marks} {joined}" if marks else joined)
        waiting = None
    assert waiting is None
    return paragraphs


def assert_sound(raw: bytes) -> None:
    """What every message that leaves must be."""
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\0" not in raw
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


NAMES = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def test_a_plain_letter_is_as_plain_as_can_be() -> None:
    assert build(PLAIN, now=NOW) == (
        b"From: Ada Byron <ada@example.org>\r\nTo: grace@navy.example\r\nSubject: Hello\r\n"
        b"Date: Mon, 23 Nov 2026 09:12:00 -0330\r\nMessage-ID: <1@x.org>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        b"Hello Grace\r\n"
    )


NASTY = [
    "\r\nBcc: x@y.org\r\n",
    "\n",
    "\r",
    "\n ",
    "\x00",
    "\x85",
    "\u2028",
    "\ud800",
    "=?utf-8?q?=0A?=",
    "é",
    "a b",
    "<",
    '"',
]
ANY = st.one_of(
    st.text(st.characters(codec=None), max_size=300), st.lists(st.sampled_from(NASTY), max_size=12).map("".join)
)
PIECES = st.sampled_from([*"ab >-.\t", "From ", "-- ", "word ", "é", "語", "x" * 90])
FIELDS = ["subject", "from_name", "to_name", "body", "message_id", "references", "reply_to", "bcc"]


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(FIELDS), ANY), st.text(max_size=60), st.booleans())
def test_nothing_that_is_typed_makes_another_header_or_an_unsound_message(
    given_: dict[str, str], filename: str, markdown: bool
) -> None:
    name = given_.get("from_name", "Ada").replace("<", "").replace(">", "")
    written = outgoing(
        from_=f'"{one_line(name)[:100]}" <ada@example.org>'.replace("\\", ""), subject=given_.get("subject", "x"),
        body=given_.get("body", ""), message_id=given_.get("message_id", ""), bcc="secret@hidden.example",
        references=given_.get("references", ""), markdown=markdown and len(given_.get("body", "")) < 100,
    )  # fmt: skip
    if refusals(written):
        return
    raw = build(written, [Enclosed(filename, "text/plain", b"x")], now=NOW)
    assert_sound(raw)
    names = [name for name, _ in header_lines(header_block(raw))]
    assert set(names) <= {*NAMES, "References", "In-Reply-To"}
    assert len(names) == len(set(names))
    assert b"secret@hidden" not in raw
    assert parse_message(raw).defects == ()


@settings(max_examples=150)
@given(ANY)
def test_a_subject_is_read_back_as_it_was_but_for_breaks(subject: str) -> None:
    raw = build(outgoing(subject=subject), now=NOW)
    meant = " ".join(word for word in one_line(subject).split(" ") if word)
    assert summarize(header_block(raw)).subject == meant.strip()
    assert " ".join(str(python_reads(raw)["Subject"] or "").split()) == " ".join(meant.split())


@settings(max_examples=150)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=120))
def test_a_name_is_read_back_as_it_was_and_stays_a_name(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    raw = build(outgoing(to=f'"{quoted}" <grace@navy.example>'), now=NOW)
    summary = summarize(header_block(raw))
    people = parse_addresses(summary.to)
    assert [person.address for person in people] == ["grace@navy.example"]
    assert " ".join(people[0].name.split()) == " ".join(one_line(name).split())


@settings(max_examples=200)
@given(st.lists(st.lists(PIECES, max_size=40).map("".join), max_size=8))
def test_flowed_text_is_read_back_as_its_paragraphs(lines: list[str]) -> None:
    body = "\n".join(lines)
    raw = build(outgoing(body=body), now=NOW)
    assert_sound(raw)
    meant = []
    for line in plain_text(body).removesuffix("\n").split("\n"):
        marks = re.match(r">(?: ?>)*", line)
        depth = marks.group().count(">") if marks else 0
        content = line[marks.end() :].removeprefix(" ") if marks else line
        content = content if content == "-- " else content.rstrip(" ")
        meant.append(f"{'>' * depth} {content}" if depth else content)
    told = text_in(raw)
    assert unflowed(told) == meant
    assert all(len(line) <= 79 for line in told.split("\n") if " " in line.strip() and "x" * 90 not in line)


@pytest.mark.parametrize(
    "body", ["", "\n", "é", "a" * 5000, "日本語" * 400, "tab\tend\t \n", ".\n..\n", "=20=\n", "\x1b[31mred\x07"]
)
def test_text_that_is_not_flowed_is_kept_line_by_line(body: str) -> None:
    raw = build(outgoing(body=body, flowed=False), now=NOW)
    assert_sound(raw)
    assert text_in(raw) == plain_text(body)
    assert b"format=flowed" not in raw


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=150),
            st.sampled_from(["application/pdf", "text/plain", "multipart/mixed", "nonsense", "image/png; x=y"]),
            st.binary(max_size=300),
        ),
        max_size=4,
    )
)
def test_files_are_read_back_octet_by_octet_under_their_names(files: list[tuple[str, str, bytes]]) -> None:
    raw = build(PLAIN, [Enclosed(*each) for each in files], now=NOW)
    assert_sound(raw)
    found = [(part, octets) for part, octets in leaves(raw, parse_message(raw)) if part.disposition == "attachment"]
    assert [octets for _, octets in found] == [octets for _, _, octets in files]
    assert [part.filename for part, _ in found] == [one_line(name) for name, _, _ in files]
    theirs = list(python_reads(raw).iter_attachments())
    assert [part.get_payload(decode=True) for part in theirs] == [octets for _, _, octets in files]
    for part, (name, _, _) in zip(theirs, files, strict=True):
        if name.isascii() or len(name) < 20:
            assert part.get_filename() == one_line(name) or "=?" in name or not one_line(name)


def test_python_reads_a_letter_with_everything_in_it_as_we_do() -> None:
    written = outgoing(
        to='"Byron, Ada" <a@x.org>; Team: b@y.org, Ünal <c@bücher.example>;, grace@navy.example', cc="Q <q@q.org>",
        subject="Grüße aus Köln", body="Hello *you*\n\n> quoted\nme\n\n-- \nAda\n", markdown=True,
        references="<a@b> <c@d>", in_reply_to="<c@d>", reply_to="Ada <reply@example.org>",
    )  # fmt: skip
    raw = build(written, [Enclosed("ünï.txt", "text/plain", b"1")], now=NOW)
    message = python_reads(raw)
    assert [each.addr_spec for each in message["To"].addresses] == [
        "a@x.org", "b@y.org", "c@xn--bcher-kva.example", "grace@navy.example"
    ]  # fmt: skip
    assert message["To"].addresses[0].display_name == "Byron, Ada"
    assert message["Subject"] == "Grüße aus Köln"
    assert message["References"] == "<a@b> <c@d>"
    assert message["Date"].datetime == NOW
    assert message.get_content_type() == "multipart/mixed"
    body = message.get_body(("plain",))
    rich = message.get_body(("html",))
    assert body is not None
    assert rich is not None
    assert "> quoted" in body.get_content()
    assert "<em>you</em>" in rich.get_content()
    assert not message.defects


def test_bcc_is_in_the_envelope_and_never_in_the_message() -> None:
    written = outgoing(bcc="secret@hidden.example, grace@navy.example", cc="GRACE@navy.example")
    assert recipients(written) == ("grace@navy.example", "secret@hidden.example")
    assert b"secret" not in build(written, now=NOW)
    assert b"Bcc: secret@hidden.example" in build_draft(written, now=NOW)


def test_with_blind_copies_alone_the_message_goes_to_undisclosed_recipients() -> None:
    raw = build(outgoing(to="", bcc="a@x.org"), now=NOW)
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in raw
    assert b"a@x.org" not in raw


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": "grace"}, "no @"),
        ({"to": "grace@"}, "missing beside"),
        ({"to": "Grace Hopper grace@navy.example"}, "write Grace Hopper <grace@navy.example>"),
        ({"to": "grace@navy..example"}, "no domain"),
        ({"to": "gr ace@navy.example"}, "is not an address"),
        ({"cc": "a@x.org, b@@y.org"}, "b@@y.org"),
        ({"bcc": "a@x.org\x00"}, ""),
        ({"to": ""}, "nobody"),
        ({"from_": ""}, "no sender"),
        ({"from_": "a@x.org, b@y.org"}, "no sender"),
        ({"reply_to": "nobody"}, "nobody"),
        ({"to": "a\u202eb@x.org"}, "cannot be seen"),
        ({"to": "a\u200b@x.org"}, "cannot be seen"),
        ({"to": "x" * 65 + "@x.org"}, "too long"),
    ],
)
def test_what_is_no_address_is_told_in_words_and_not_sent(changes: dict[str, str], words: str) -> None:
    told = refusals(outgoing(**changes))
    if words:
        assert words in told[0]
        with pytest.raises(UsageError, match=re.escape(told[0])):
            build(outgoing(**changes), now=NOW)
    else:
        assert told == ()


def test_five_hundred_recipients_all_get_it_in_bounded_lines() -> None:
    people = ", ".join(f"Person Number {n} <p{n}@host{n}.example>" for n in range(500))
    raw = build(outgoing(to=people), now=NOW)
    assert_sound(raw)
    assert len(recipients(outgoing(to=people))) == 500
    assert len(python_reads(raw)["To"].addresses) == 500
    assert max(map(len, header_block(raw).split(b"\r\n"))) <= 78


def test_a_draft_keeps_what_is_no_address_yet() -> None:
    raw = build_draft(outgoing(to="gra, Alan <alan@x.org>", subject=""), now=NOW)
    assert_sound(raw)
    assert summarize(header_block(raw)).to == "gra:;, Alan <alan@x.org>"


def test_an_address_beyond_ascii_stands_as_it_is_and_its_domain_in_ascii_where_it_can() -> None:
    raw = build(outgoing(to="gräce@bücher.example, grace@bücher.example"), now=NOW)
    assert "To: gräce@bücher.example, grace@xn--bcher-kva.example".encode() in raw


def test_a_message_id_tells_neither_time_nor_computer() -> None:
    assert new_message_id(ADA, b"\1\2") == "<0102@example.org>"
    assert new_message_id("nobody", b"\1") == "<01@mail.invalid>"


def test_no_header_says_what_program_wrote_it() -> None:
    assert b"mailer" not in build(PLAIN, now=datetime.now(UTC)).lower()
    assert b"tuimail" not in build(PLAIN, [Enclosed("a", "b/c", b"")], now=NOW).lower()


def test_a_header_of_ones_own_is_written_and_a_reserved_one_refused() -> None:
    assert b"\r\nX-Answer: 42\r\n" in build(outgoing(extra=(("X-Answer", "42\r\n"),)), now=NOW)
    for name in ("Bcc", "content-type", "From"):
        with pytest.raises(UsageError):
            build(outgoing(extra=((name, "x"),)), now=NOW)


def test_a_long_thread_keeps_its_first_and_newest_references() -> None:
    ids = " ".join(f"<{n}@x.org>" for n in range(500))
    told = summarize(header_block(build(outgoing(references=ids), now=NOW))).references.split()
    assert told[0] == "<0@x.org>"
    assert told[-1] == "<499@x.org>"
    assert len(told) == 40


INNER = "From: x@y.org\nBcc: z@z.org\n folded@z.org\nSubject: Grüße\nContent-Transfer-Encoding: 8bit\n\nhällo\n"


def test_a_message_inside_is_a_message_in_seven_bits_without_blind_copies() -> None:
    raw = build(PLAIN, [Enclosed("m.eml", "message/rfc822", INNER.encode())], now=NOW)
    assert_sound(raw)
    inner = next(part for part in python_reads(raw).walk() if part.get_content_type() == "message/rfc822")
    message = inner.get_content()
    assert message["Subject"] == "Grüße"
    assert message["Bcc"] is None
    assert "z.org" not in raw.decode()
    assert message.get_payload(decode=True) == "hällo\r\n".encode()
    assert inner["Content-Transfer-Encoding"] == "7bit"


@pytest.mark.parametrize("eight_bit", [True, False])
def test_text_beyond_ascii_stands_as_it_is_only_when_that_is_allowed(eight_bit: bool) -> None:
    raw = build(outgoing(body="Grüße\n"), now=NOW, eight_bit=eight_bit)
    assert ("Grüße".encode() in raw) is eight_bit
    assert text_in(raw) == "Grüße\n"
