"""Responses are values, or a violation; never anything else."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_response

from tuimail.errors import ProtocolViolation
from tuimail.net.imap import answers

PIECES = st.lists(st.binary(max_size=60), min_size=1, max_size=5).filter(lambda pieces: len(pieces) % 2 == 1)
LIKELY = st.lists(
    st.sampled_from([b"(", b")", b" ", b'"', b"\\", b"NIL", b"a", b"{3}", b"{", b"}", b"1", b'"x"', b"\xff", b"]"]),
    max_size=30,
).map(b"".join)


@pytest.mark.parametrize(
    ("pieces", "values"),
    [
        ([b'(\\HasChildren \\Sent) "/" "a b"'], [[b"\\HasChildren", b"\\Sent"], b"/", b"a b"]),
        ([b'() NIL "q\\"\\\\"'], [[], None, b'q"\\']),
        ([b'() "/" {5}', b"a\r\nb)", b""], [[], b"/", b"a\r\nb)"]),
        ([b"((a)(b nil)) ()"], [[[b"a"], [b"b", None]], []]),
        ([b'"NIL"'], [b"NIL"]),
        ([b"INBOX (MESSAGES 1 ) "], [b"INBOX", [b"MESSAGES", b"1"]]),
        ([b""], []),
    ],
)
def test_responses_become_values(pieces: list[bytes], values: list[answers.Value]) -> None:
    assert answers.parse_values(pieces) == values


@pytest.mark.parametrize("text", [b"(", b")", b'"', b'"a\\"', b"(()", b"())", b"(" * 500 + b")" * 500, b"a {3}"])
def test_what_is_not_well_formed_is_a_violation(text: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        answers.parse_values([text])


@given(st.one_of(PIECES, LIKELY.map(lambda text: [text]), st.tuples(LIKELY, st.binary(max_size=9), LIKELY).map(list)))
def test_any_octets_give_values_or_a_violation(pieces: list[bytes]) -> None:
    with contextlib.suppress(ProtocolViolation):
        answers.parse_values(pieces)


TREES = st.recursive(st.sampled_from([b"atom", b'"a b"', b"12", b"\\Seen", b"NIL"]), st.lists, max_leaves=20)


@given(TREES)
def test_values_agree_with_imapclients_parser(tree: object) -> None:
    def spell(node: object) -> bytes:
        return b"(" + b" ".join(map(spell, node)) + b")" if isinstance(node, list) else bytes(node)  # type: ignore[call-overload]

    def plain(node: object) -> object:
        if isinstance(node, list | tuple):
            return [plain(inner) for inner in node]
        return str(node).encode() if isinstance(node, int) else node

    text = spell(tree)
    assert answers.parse_values([text]) == plain(parse_response([text]))


@pytest.mark.parametrize(
    ("rest", "code", "code_text", "words"),
    [
        (b"[UIDVALIDITY 38] valid", "UIDVALIDITY", b"38", b"valid"),
        (b"[alert] Disk full", "ALERT", b"", b"Disk full"),
        (b"[PERMANENTFLAGS (a] \\*)] ok", "PERMANENTFLAGS", b"(a] \\*)", b"ok"),
        (b"[HIGHESTMODSEQ 7]", "HIGHESTMODSEQ", b"7", b""),
        (b"done [in brackets]", "", b"", b"done [in brackets]"),
        (b"", "", b"", b""),
        (b"[", "", b"", b"["),
    ],
)
def test_status_lines_are_taken_apart(rest: bytes, code: str, code_text: bytes, words: bytes) -> None:
    assert answers.parse_status("OK", rest) == answers.Status("OK", code, code_text, words)


@given(st.binary(max_size=200))
def test_any_status_line_is_read(rest: bytes) -> None:
    answers.parse_status("NO", rest)


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b"x {0}", 0), (b"x {12+}", 12), (b"x ~{3}", 3), (b"{1099511627776}", 2**40), (b"x {3} ", None),
        (b"{x}", None), (b"}", None),
    ],
)
def test_literals_are_seen_at_the_end_of_a_line(line: bytes, size: int | None) -> None:
    assert answers.literal_size(line) == size
