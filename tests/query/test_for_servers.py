"""What of a query servers are asked for, and how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.query.test_queries import BREAKS_FTS5, KNOWN, NOW
from tuimail.query.for_servers import gmail, imap, split
from tuimail.query.parser import parse
from tuimail.query.tree import Node


def asked(text: str) -> tuple[list[Node], Node | None]:
    tree = parse(text, now=NOW, known=KNOWN).tree
    assert tree is not None
    return split(tree)


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("Lefèvre", ["TEXT", "Lefèvre".encode()]),
        ('"two words" from:ada', ["TEXT", b"two words", "FROM", b"ada"]),
        ("a OR b OR c", ["OR", "TEXT", b"a", "OR", "TEXT", b"b", "TEXT", b"c"]),
        ("a OR (b c)", ["OR", "TEXT", b"a", "NOT", "OR", "NOT", "TEXT", b"b", "NOT", "TEXT", b"c"]),
        ("-body:x list:gcc", ["NOT", "BODY", b"x", "HEADER List-Id", b"gcc"]),
        ("comp* *lunch*", ["TEXT", b"comp", "TEXT", b"lunch"]),
        ("x (is:unread OR larger:5)", ["TEXT", b"x", "OR", "UNSEEN", "LARGER", "5"]),
    ],
)
def test_words_are_asked_in_the_servers_language(text: str, criteria: list[str | bytes]) -> None:
    assert imap(asked(text)[0]) == criteria


def test_what_is_known_here_is_not_asked() -> None:
    wanted, beside = asked("x is:unread has:attachment type:pdf thread:7 larger:5")
    assert imap(wanted) == ["TEXT", b"x"]
    assert beside is not None
    assert asked("is:unread")[0] == []


def test_days_are_asked_with_room_for_time_zones_and_compared_here() -> None:
    wanted, beside = asked("x during:2026-11-10")
    since, before = imap(wanted)[3], imap(wanted)[5]
    assert since in ("8-Nov-2026", "9-Nov-2026", "10-Nov-2026")
    assert before in ("12-Nov-2026", "13-Nov-2026")
    assert beside is not None


def test_gmail_is_asked_in_its_own_words() -> None:
    assert gmail(asked('from:ada (lunch OR "two words") -x')[0]) == b'from:ada (lunch OR "two words") -(x)'


@pytest.mark.parametrize("text", BREAKS_FTS5)
def test_whatever_is_typed_can_be_asked_or_is_not(text: str) -> None:
    tree = parse(text, now=NOW, known=KNOWN).tree
    if tree is not None:
        criteria = imap(split(tree)[0])
        assert all(isinstance(word, bytes) or (word.isascii() and word.isprintable()) for word in criteria)
        assert all(not set(word) & set(b"\r\n\0") for word in criteria if isinstance(word, bytes))


@given(st.text(max_size=60))
def test_any_text_is_harmless_on_the_wire(text: str) -> None:
    test_whatever_is_typed_can_be_asked_or_is_not(text)
