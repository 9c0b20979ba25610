"""What goes over the wire for a message, and what never does: nothing can be smuggled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.errors import ServerRefused, UsageError
from tuimail.net.smtp.message import check_address, check_message, dotted, is_normal, letter

RAW = b"Subject: x\r\n\r\nhello\r\n"
ALL: Mapping[str, Sequence[str]] = {"SIZE": ("1000",), "8BITMIME": (), "SMTPUTF8": (), "DSN": ()}


def commands(
    sender: str, recipients: Sequence[str], raw: bytes = RAW, offers: Mapping[str, Sequence[str]] = ALL,
    *, dsn: bool = False,
) -> list[str]:
    made = letter(sender, recipients, raw, offers, host="mx", dsn=dsn)
    return [line.decode() for line in (made.mail, *made.rcpts)]


def test_a_message_names_its_size() -> None:
    assert commands("a@b.c", ["d@e.f"]) == [f"MAIL FROM:<a@b.c> SIZE={len(RAW)}", "RCPT TO:<d@e.f>"]


def test_a_server_that_offers_nothing_is_told_nothing() -> None:
    assert commands("a@b.c", ["d@e.f"], offers={}, dsn=True) == ["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>"]


def test_eight_bit_text_and_addresses_are_announced() -> None:
    first, second = commands("a@b.c", ["é@b.c"], "Subject: é\r\n\r\n".encode())
    assert first.endswith(" BODY=8BITMIME SMTPUTF8")
    assert second == "RCPT TO:<é@b.c>"


def test_reports_are_asked_for_with_the_recipient_as_it_was_written() -> None:
    lines = commands("a@b.c", ["d+x=y@e.f", "é+@b.c"], dsn=True)
    assert lines[0].endswith(" SMTPUTF8 RET=HDRS")
    assert lines[1] == "RCPT TO:<d+x=y@e.f> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;d+2Bx+3Dy@e.f"
    assert lines[2].endswith(r" ORCPT=utf-8;\x{E9}\x{2B}@b.c")


def test_the_null_sender_is_for_bounces() -> None:
    assert commands("", ["d@e.f"])[0].startswith("MAIL FROM:<> ")


def test_a_recipient_who_is_named_twice_gets_one_message() -> None:
    assert len(commands("a@b.c", ["d@e.f", "g@h.i", "d@e.f"])) == 3


def test_a_message_over_the_servers_size_is_not_begun() -> None:
    with pytest.raises(ServerRefused, match=r"The message has 0.0 MB, and mx takes 0.0 MB at most") as caught:
        commands("a@b.c", ["d@e.f"], b"x" * 999 + b"\r\n")
    assert (caught.value.code, caught.value.retry) == ("SIZE", False)
    commands("a@b.c", ["d@e.f"], b"x" * 998 + b"\r\n")
    for word in ("0", "", "nonsense", "-1", "9" * 30):  # no limit that one could compare with
        commands("a@b.c", ["d@e.f"], b"x" * 5000, {"SIZE": (word,)})


def test_eight_bit_text_for_a_seven_bit_server_is_refused_by_name() -> None:
    with pytest.raises(ServerRefused, match="7-bit text only") as caught:
        commands("a@b.c", ["d@e.f"], b"\xe9\r\n", {})
    assert caught.value.code == "8BITMIME"


def test_an_address_beyond_ascii_needs_a_server_that_takes_it_unless_its_domain_alone_is() -> None:
    assert commands("a@b.c", ["d@bücher.example"], offers={})[1] == "RCPT TO:<d@xn--bcher-kva.example>"
    for address in ("é@b.c", "a@straße.example"):  # to Python, the second one is strasse.example
        with pytest.raises(ServerRefused, match="beyond ASCII") as caught:
            commands("a@b.c", [address], offers={})
        assert caught.value.code == "SMTPUTF8"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"a\n", b"a\r", b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n", b"a\r\n.\n", b"a\n.\r\nMAIL FROM:<x@y.z>\r\n",
        b"a\r\n.\r", b"a\r.\r\n", b"a\n.\n", b"a\r\n\n.\r\n", b"a\0b\r\n", b"\n.\r\n", b"a\r\n\r.\r\n",
    ],
    ids=repr,
)  # fmt: skip
def test_a_line_end_that_is_not_cr_lf_is_never_sent(raw: bytes) -> None:
    with pytest.raises(UsageError, match="not sent"):
        check_message(raw)


@pytest.mark.parametrize(
    "address",
    [
        "", "x", "@", "a@", "@b.c", "a b@c.d", "a@b c", "a@b@c.d", "<a@b.c>", "a@b.c>", "a@b.c> SIZE=1", "a<b@c.d",
        "a@b.c\r\nRCPT TO:<d@e.f>", "a@b.c\n", "a@b.c\r", "a@b.c\0", "a\t@b.c", '"a\r\nb"@c.d', '"a>b"@c.d', '"a@b.c',
        "a@-b.c", "a@b.c,d@e.f", "a@b.c;", "\ud800@b.c", "a\x1b@b.c", "a\u0085@b.c", "x" * 321 + "@b.c", "a@[b c]",
        "Ada <a@b.c>", "a:b@c.d", '"a\\\r"@b.c',
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not a mail address") as caught:
        check_address(address)
    assert caught.value.sentence.isprintable()
    for sender, recipient in (("a@b.c", address), (address or "<>", "a@b.c")):
        with pytest.raises(UsageError):
            letter(sender, [recipient], RAW, ALL, host="mx")


@pytest.mark.parametrize(
    "address",
    [
        "a@b.c", "a.b+c=d@e.f", "o'hara@x.y", '"a b"@c.d', '"a\\"b"@c.d', "a@[127.0.0.1]", "a@[IPv6:::1]",
        "root@localhost", "émile@exämple.example", "用户@例子.广告", "a_b@c-d.e", "a@b.c.", "..a@b.c", "a@x_y.z",
    ],
)  # fmt: skip
def test_addresses_that_people_have_are_taken(address: str) -> None:
    assert is_normal(address)


@given(st.text(max_size=60))
def test_whatever_is_taken_for_an_address_cannot_end_its_command(address: str) -> None:
    if is_normal(address):
        assert not set("\r\n\0<>") & set(address)
        assert '"' in address or " " not in address


def test_there_is_somebody_to_send_to_and_not_everybody() -> None:
    for recipients in ([], [f"{number}@b.c" for number in range(10_001)]):
        with pytest.raises(UsageError, match="1 to 10000"):
            letter("a@b.c", recipients, RAW, ALL, host="mx")


def test_the_last_line_gets_an_end() -> None:
    assert letter("a@b.c", ["d@e.f"], b"x", {}, host="mx").raw == b"x\r\n"


LINES = st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a", b"a.", b"..." * 5]), max_size=12)


@given(LINES, st.integers(1, 9))
def test_dots_are_doubled_whatever_the_size_of_a_block(lines: list[bytes], block: int) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    pieces = list(dotted(raw, block))
    doubled = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    assert b"".join(piece for piece, _ in pieces) == doubled
    assert [reached for _, reached in pieces][-1:] == ([len(raw)] if raw else [])
    assert not any(piece.endswith(b"\r") for piece, _ in pieces)


PIECES = st.lists(st.sampled_from([b"\r\n", b"\r\n", b".", b"\r", b"\n", b"a"]), max_size=12)


@given(PIECES)
def test_nothing_that_is_sent_ends_a_message_early(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    try:
        check_message(raw)
    except UsageError:
        return
    whole = letter("", ["a@b.c"], raw, {}, host="mx").raw
    sent = b"\r\n" + b"".join(piece for piece, _ in dotted(whole, 7))
    assert re.search(rb"\n\.(?!\.)", sent) is None
