"""What people type becomes a tree, and what makes no sense is pointed at."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.model import MailboxId
from tuimail.query.completion import complete
from tuimail.query.dates import read
from tuimail.query.highlight import hits, needles, snippet
from tuimail.query.parser import MAX_DEPTH, MAX_TERMS, parse
from tuimail.query.tree import (
    All,
    Any,
    HasAttachment,
    Is,
    Known,
    KnownMailbox,
    Node,
    Not,
    Reach,
    Sent,
    Size,
    State,
    Thread,
    Within,
    Words,
    leaves,
)
from tuimail.query.words import LONGEST, fold, phrase, words

NOW = time.mktime((2026, 11, 23, 15, 0, 0, 0, 0, -1))
KNOWN = Known(
    (
        KnownMailbox(MailboxId(1), "work", "INBOX", "INBOX", "inbox"),
        KnownMailbox(MailboxId(2), "work", "Lists/Debian", "Debian", ""),
        KnownMailbox(MailboxId(3), "home", "INBOX", "INBOX", "inbox"),
    ),
    ("work", "home"),
    (("grace@navy.example", "Grace Hopper"),),
)

BREAKS_FTS5 = [
    '"', '""', '"""',
    '"a', 'a"b"c', "'", "a'b", "*", "**", "a**", "^a", "a^", "a + b", "a AND", "OR", "NOT", "NOT NOT a",
    "AND OR NOT", "NEAR(a b)", "NEAR(", "a NEAR/3 b", "{from to}: a", "- from : a", "subject : a", "from:", "from::a",
    ":", "a:b:c", "(", ")", "()", ")(", "((((", "))))", "(" * 5000, ")" * 5000,
    "(" * 5000 + "a" + ")" * 5000, "a" * 5000,
    "a " * 5000, "\x00", "a\x00b", '"\x00"', "\ud800", "a\udfffb", "\x1b[2J", ";", "--", "a; DROP TABLE word", "%", "_",
    "a, b", "\\", "a\\", "a = b", "[a]", "{a}", "1 2 3", "é́", "\u202e", "🎉", "before:2026-02-30",
    "before:0000-00-00", "after:99999", "older:99999y", "during:2026-13-01", "larger:1e999", "larger:-1", "thread:x",
    "thread:" + "9" * 40, "is:", "is:nothing", "in:\x00", "has:everything", "OR OR OR", "-(", "-)", "-()", "- -a",
    "from:(", "from:()", "is:(unread", '-"', 'from:"', "a OR OR b", "a -", "*a*b*", "sender:x", "word MATCH 1",
    "(" + "(a OR " * 300 + "b" + ")" * 300,
]  # fmt: skip


def tree(text: str) -> Node | None:
    """The tree of a query without a mistake."""
    query = parse(text, now=NOW, known=KNOWN)
    assert query.mistakes == ()
    return query.tree


def word(text: str, field: str = "", reach: Reach = Reach.USUAL) -> Words:
    return Words(field, tuple(text.split()), reach)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lunch", word("lunch")),
        ("LEFÈVRE Straße", All((word("lefevre"), word("strasse")))),
        ('"two words"', word("two words", reach=Reach.WHOLE)),
        ("comp*", word("comp", reach=Reach.BEGINNING)),
        ("*ompil*", word("ompil", reach=Reach.INSIDE)),
        ("a -b", All((word("a"), Not(word("b"))))),
        ("NOT a", Not(word("a"))),
        ("a b OR c", All((word("a"), Any((word("b"), word("c")))))),
        ("a (b c) OR d", All((word("a"), Any((All((word("b"), word("c"))), word("d")))))),
        ("((((a))))", word("a")),
        ("-(a b)", Not(All((word("a"), word("b"))))),
        ("co-op", word("co op")),
        ("from:ada@example.org", word("ada example org", "from")),
        ('subject:"two words"', word("two words", "subject", Reach.WHOLE)),
        ("subject:(a OR b)", Any((word("a", "subject"), word("b", "subject")))),
        ("FROM:ada", word("ada", "from")),
        ("filename:*.pdf", word("pdf", "filename", Reach.INSIDE)),
        ("12:30 Re: x", All((word("12 30"), word("re"), word("x")))),
        ("https://example.org/a", word("https example org a")),
        ("Smith & Sons", All((word("smith"), word("sons")))),
        ("is:unread", State(Is.UNREAD)),
        ("is:flagged", State(Is.STARRED)),
        ("is:(unread starred)", All((State(Is.UNREAD), State(Is.STARRED)))),
        ("has:attachment", HasAttachment()),
        ("in:inbox", Within(frozenset((MailboxId(1), MailboxId(3))))),
        ("in:debian", Within(frozenset((MailboxId(2),)))),
        ("in:home/inbox", Within(frozenset((MailboxId(3),)))),
        ("account:work", Within(frozenset((MailboxId(1), MailboxId(2))))),
        ("larger:1.5M", Size(1_500_000, None)),
        ("smaller:10kb", Size(None, 10_000)),
        ("thread:77", Thread(77)),
        ("thread:-7", Thread(-7)),
        ("thread:9223372036854775807", Thread((1 << 63) - 1)),
        ("thread:-9223372036854775808", Thread(-(1 << 63))),
        ("会議の", word("会議 議の")),
        ("会", word("会", reach=Reach.BEGINNING)),
        ("", None),
        ("  ", None),
        ("-", None),
    ],
)
def test_what_is_typed_is_what_is_looked_for(text: str, expected: Node | None) -> None:
    if text == "-":
        assert parse(text, now=NOW).tree is None
    else:
        assert tree(text) == expected


def local(*day: int) -> int:
    """Midnight, local time."""
    year, month, number = day
    return int(time.mktime((year, month, number, 0, 0, 0, 0, 0, -1)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("before:2026-11-23", Sent(None, local(2026, 11, 23))),
        ("after:2026-11", Sent(local(2026, 11, 1), None)),
        ("during:2026", Sent(local(2026, 1, 1), local(2027, 1, 1))),
        ("during:2026/12", Sent(local(2026, 12, 1), local(2027, 1, 1))),
        ("during:today", Sent(local(2026, 11, 23), local(2026, 11, 24))),
        ("during:yesterday", Sent(local(2026, 11, 22), local(2026, 11, 23))),
        ("during:monday", Sent(local(2026, 11, 23), local(2026, 11, 24))),
        ("during:tue", Sent(local(2026, 11, 17), local(2026, 11, 18))),
        ("older:2h", Sent(None, int(NOW) - 7200)),
        ("during:2024-02-29", Sent(local(2024, 2, 29), local(2024, 3, 1))),
    ],
)
def test_days_are_those_of_the_local_calendar(text: str, expected: Node) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(("age", "day"), [("3d", (2026, 11, 20)), ("2w", (2026, 11, 9)), ("6m", (2026, 5, 23)),
                                          ("1y", (2025, 11, 23)), ("9m", (2026, 2, 23))])  # fmt: skip
def test_an_age_goes_back_by_the_calendar(age: str, day: tuple[int, int, int]) -> None:
    assert time.localtime(read(age, NOW).first)[:4] == (*day, 15)


@pytest.mark.parametrize(
    ("text", "start", "end", "begins"),
    [
        ("a before:2026-02-30", 2, 19, "February 2026 has 28 days."),
        ("before:2026-13", 0, 14, "There is no month 13."),
        ("before:soon", 0, 11, "This is no date"),
        ("form:ada", 0, 8, "There is no field form. Is it from: ?"),
        ("date:x", 0, 6, "There is no field date. Is it during: ?"),
        ("colour:blue", 0, 11, "There is no field colour. It is looked for as words."),
        ("a (b", 2, 3, "This bracket is never closed."),
        ("a) b", 1, 2, "This bracket was never opened."),
        ('a "b', 2, 3, "This quotation mark is never closed."),
        ("a OR", 2, 4, "Something is missing after OR."),
        ("OR a", 0, 2, "OR stands between two things"),
        ("x from:", 2, 7, "Write after from: what to look for"),
        ("is:blue", 0, 7, "A message is unread, read, starred, answered, draft or held."),
        ("has:wings", 0, 9, "Only has:attachment"),
        ("larger:big", 0, 10, "This is no size"),
        ("thread:x", 0, 8, "A conversation is named by its number"),
        ("thread:9223372036854775808", 0, 26, "A conversation is named by its number"),
        ("thread:-9223372036854775809", 0, 27, "A conversation is named by its number"),
        ("in:debain", 0, 9, "There is no mailbox called debain. Is it Debian?"),
        ("account:wrok", 0, 12, "There is no account called wrok. Is it work?"),
        ("subject:!!", 0, 10, "There is no letter or digit in this"),
        ("!!", 0, 2, "There is nothing here that can be looked for."),
    ],
)
def test_a_mistake_is_pointed_at(text: str, start: int, end: int, begins: str) -> None:
    mistake = parse(text, now=NOW, known=KNOWN).mistakes[0]
    assert (mistake.start, mistake.end) == (start, end)
    assert mistake.sentence.startswith(begins)


def test_beside_a_mistake_the_rest_is_looked_for() -> None:
    assert parse("lunch before:2026-02-30", now=NOW).tree == word("lunch")
    assert parse("form:ada", now=NOW).tree == word("form ada")


@pytest.mark.parametrize("text", BREAKS_FTS5)
def test_nothing_that_is_typed_raises(text: str) -> None:
    query = parse(text, now=NOW, known=KNOWN)
    for leaf, _ in leaves(query.tree):
        if isinstance(leaf, Words):
            assert all(each.isprintable() and not set(each) & set('"*():^-+{}\'') for each in leaf.words)
    assert all(0 <= mistake.start <= mistake.end <= len(text) for mistake in query.mistakes)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet='()"-*:+^ abORNTDo0139\u4f1a\u00e9\x00', max_size=80),
        st.lists(st.sampled_from(["from:", "is:", "before:", "(", ")", "OR", "-", '"', "x", "2026-02-30", " ", "*"]),
                 max_size=40).map("".join),
    ),
    st.integers(0, 60),
)  # fmt: skip
def test_any_text_at_all_becomes_a_query(text: str, cursor: int) -> None:
    query = parse(text, now=NOW, known=KNOWN, is_typing=True)
    assert all(0 <= mistake.start <= mistake.end <= len(text) for mistake in query.mistakes)
    for suggestion in complete(text, min(cursor, len(text)), KNOWN):
        assert 0 <= suggestion.start <= suggestion.end <= len(text)
    marked = snippet([text], needles(query.tree))
    assert all(0 <= start < end <= len(marked.text) for start, end in marked.hits)


def test_the_tree_never_gets_deep_nor_wide() -> None:
    def depth(node: Node | None) -> int:
        deepest, waiting = 0, [(node, 1)] if node else []
        while waiting:
            one, at = waiting.pop()
            deepest = max(deepest, at)
            children = one.children if isinstance(one, All | Any) else (one.child,) if isinstance(one, Not) else ()
            waiting += [(child, at + 1) for child in children]
        return deepest

    text = "".join(f"(x{number} {'OR ' if number % 2 else ''}" for number in range(200)) + "y" + ")" * 200
    assert depth(parse(text, now=NOW).tree) <= MAX_DEPTH + 3
    assert sum(1 for _ in leaves(parse("a " * 1000, now=NOW).tree)) == MAX_TERMS


def test_the_word_that_is_being_typed_may_go_on() -> None:
    assert parse("big comp", now=NOW, is_typing=True).tree == All((word("big"), word("comp", reach=Reach.TYPED)))
    assert parse("comp ", now=NOW, is_typing=True).tree == word("comp")
    assert parse('"comp"', now=NOW, is_typing=True).tree == word("comp", reach=Reach.WHOLE)


# --- words --------------------------------------------------------------------


def test_words_have_no_case_no_accents_and_no_width() -> None:
    assert words("Émile LEFÈVRE, Straße; ＡＢＣ Ёлка ἀγάπη") == [
        "emile", "lefevre", "strasse", "abc", "елка", "αγαπη",
    ]  # fmt: skip
    assert fold("한국어") == "한국어"


def test_scripts_without_spaces_are_found_in_any_part() -> None:
    indexed = words("明日の会議の予定について")
    for part in ("会議", "会議の予", "予定について", "日の"):
        wanted, _ = phrase(part)
        assert any(indexed[at : at + len(wanted)] == wanted for at in range(len(indexed)))


@given(st.text(st.characters(max_codepoint=127), max_size=300))
def test_words_of_plain_ascii_are_its_letters_and_digits(text: str) -> None:
    assert words(text) == [word[:LONGEST] for word in re.findall("[a-z0-9]+", text.lower())]


@given(st.text(max_size=200))
def test_a_word_of_the_index_is_harmless_whatever_the_text(text: str) -> None:
    for each in words(text):
        assert each
        assert not any(character.isspace() or character in '"*():^\x00' for character in each)
        assert each.encode()


# --- completion and highlights ------------------------------------------------


def texts(text: str) -> list[str]:
    return [suggestion.text for suggestion in complete(text, len(text), KNOWN)]


def test_fields_values_mailboxes_and_people_are_completed() -> None:
    assert texts("fr") == ["from:"]
    assert texts("x -i") == ["in:", "is:"]
    assert texts("is:un") == ["unread "]
    assert texts("in:deb") == ["Debian "]
    assert texts("in:") == ["inbox ", "Debian "]
    assert texts("account:w") == ["work "]
    assert texts("from:hopp") == ["grace@navy.example "]
    assert texts("lunch") == []
    assert texts("") == []
    assert complete("a fr b", 4, KNOWN)[0][:3] == (2, 4, "from:")


def test_a_name_that_could_steer_the_terminal_is_not_proposed() -> None:
    evil = Known((KnownMailbox(MailboxId(1), "work", "x\x1b[2J", "x\x1b[2J", ""),), (), (("x\x07@x", ""),))
    assert complete("in:x", 4, evil) == complete("from:x", 6, evil) == []


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("lefevre", "Von Émile Lefèvre", ["Lefèvre"]),
        ("compiler review", "Review of the COMPILER", ["Review", "COMPILER"]),
        ('"the compiler"', "the big compiler, the compiler", ["the compiler"]),
        ("comp*", "a Compiler", ["Comp"]),
        ("ompil", "a Compiler", ["ompil"]),
        ("comp ompil", "a Compiler, a comp", ["ompil", "comp"]),
        ("会議の", "明日の会議の予定", ["会議の"]),
        ("-lunch x", "lunch x", ["x"]),
        ("from:ada", "ada", []),
    ],
)
def test_what_was_found_is_marked(query: str, text: str, marked: list[str]) -> None:
    found = hits(text, needles(parse(query, now=NOW).tree), "subject")
    assert [text[start:end] for start, end in found] == marked


def test_a_snippet_begins_shortly_before_the_hit() -> None:
    lines = ["Dear all,", f"{'so many words ' * 20}then a compiler appears {'and more ' * 40}"]
    found = snippet(lines, needles(parse("compiler", now=NOW).tree), width=80)
    assert found.text.startswith("…")
    assert len(found.text) <= 82
    assert [found.text[start:end] for start, end in found.hits] == ["compiler"]


def test_without_a_hit_the_snippet_is_the_beginning() -> None:
    assert snippet(["", "Dear all,", "x"], needles(parse("is:unread", now=NOW).tree)).text == "Dear all,"
