"""Recipients while they are typed, room for an answer, spelling, and lines of the outbox: pure."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui_parts.hostile import HOSTILE, NEVER
from tuimail.mime.clean import cell_width
from tuimail.model import AccountName, OutboxId, OutboxItem, OutState
from tuimail.ui.layout import COMPOSER, PaneWidths, beside_composer
from tuimail.ui.lines.outbox_lines import details, outbox_row, state_words, status_words
from tuimail.ui.lines.prose import misspelt, quote_depth, with_room
from tuimail.ui.lines.recipients import looks_complete, recipients_of, token_at, with_recipient

NOW = 1_764_000_000.0
WORDS = frozenset(["the", "quick", "fox", "jump", "over"])


def item(state: OutState = OutState.QUEUED, **changes: object) -> OutboxItem:
    """One message on its way out."""
    plain = OutboxItem(
        id=OutboxId(1), account=AccountName("work"), state=state, sentence="", sender="ada@example.org",
        recipients=("grace@navy.example",), to="Grace <grace@navy.example>", subject="Moth", message_id="<1@x>",
        size_octets=1200, not_before=0, tries=0, added_at=int(NOW), sent_at=None,
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]  # names and types are the tests' own


# --- recipients ---------------------------------------------------------------------


def test_the_recipient_under_the_cursor_is_completed_and_the_others_stay() -> None:
    line = "Ada <ada@example.org>, gra, alan@b.example"
    assert token_at(line, 26).text == "gra"
    assert with_recipient(line, 26, "Grace <g@navy.example>") == (
        "Ada <ada@example.org>, Grace <g@navy.example>, alan@b.example", 47
    )  # fmt: skip


@pytest.mark.parametrize("name", ['"Byron, Ada" <ada@x.example>', "Ada (of, it) <ada@x.example>", "<a,b@x.example>"])
def test_a_comma_inside_a_name_is_no_separator(name: str) -> None:
    assert recipients_of(f"{name}, grace@navy.example") == [name, "grace@navy.example"]


def test_a_semicolon_separates_too() -> None:
    assert recipients_of("a@x.example; b@x.example ;") == ["a@x.example", "b@x.example"]


def test_a_whole_address_is_known_from_a_beginning() -> None:
    assert looks_complete("ada@example.org")
    assert not looks_complete("ada@")
    assert not looks_complete("ada@local")


@given(st.text(alphabet='ab ,;"<>()\\@.', max_size=40), st.integers(0, 40))
def test_any_line_can_be_completed_anywhere(line: str, cursor: int) -> None:
    cursor = min(cursor, len(line))
    token = token_at(line, cursor)
    assert 0 <= token.start <= token.end <= len(line)
    completed, behind = with_recipient(line, cursor, "X <x@x.example>")
    assert completed[:behind].endswith("X <x@x.example>, ")


# --- the text -------------------------------------------------------------------------


def test_an_answer_is_written_below_the_quote_and_above_the_signature() -> None:
    body, line = with_room("Grace wrote:\n> shall we?\n> > no\n\n-- \nAda\n")
    assert body.split("\n")[line - 1 : line + 3] == ["", "", "", "-- "]


def test_a_text_without_a_quote_is_written_at_its_top() -> None:
    assert with_room("\n\n-- \nAda\n") == ("\n\n-- \nAda\n", 0)
    assert with_room("Dear Grace,\nit is\n") == ("Dear Grace,\nit is\n", 0)
    assert with_room("") == ("", 0)


def test_quotes_are_counted_with_and_without_spaces() -> None:
    assert [quote_depth(line) for line in (">> a", "> > a", " > a", "a > b", "")] == [2, 2, 0, 0, 0]


def test_a_word_that_no_list_has_is_found_and_names_and_addresses_are_not() -> None:
    line = "the quikc fox’s jumpd over NASA, TextArea, ada@exmaple.org and /usr/bni, don’t"
    assert [line[start:end] for start, end in misspelt(line, WORDS | {"and", "don't"})] == ["quikc", "jumpd"]


# --- the outbox -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "words"),
    [(OutState.QUEUED, "waits"), (OutState.SENDING, "sending…"), (OutState.UNKNOWN, "sent? r decides"),
     (OutState.FAILED, "not sent"), (OutState.CANCELLED, "cancelled")],
)  # fmt: skip
def test_each_state_is_told_in_words(state: OutState, words: str) -> None:
    assert state_words(item(state), NOW).words == words


def test_a_time_in_the_future_is_told() -> None:
    later = item(not_before=int(NOW) + 3 * 86_400)
    assert state_words(later, NOW).words.startswith("leaves ")
    assert state_words(dataclasses.replace(later, tries=2), NOW).words.startswith("tries again ")


def test_refused_recipients_stand_in_the_row_and_in_the_details() -> None:
    partly = item(OutState.FILED, sent_at=int(NOW), refused=(("x@y.example", "550 no such user"),))
    assert state_words(partly, NOW).words.endswith("1 refused")
    assert any("550 no such user" in text for _, text, _ in details(partly, NOW))


@pytest.mark.parametrize("width", [24, 40, 60, 80, 149])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_row_has_exactly_its_width_whatever_its_subject(width: int, name: str) -> None:
    runs = outbox_row(item(OutState.FAILED, to=name, subject=name), width, NOW, cursor=True)
    line = "".join(run.text for run in runs)
    assert cell_width(line) == width or width < 30
    assert not any(bad in line for bad in NEVER)


def test_the_status_line_says_first_what_needs_a_person() -> None:
    assert status_words([]).words == ""
    assert status_words([item(), item(OutState.SENDING), item(OutState.FILED)]).words == "2 to send"
    needing = status_words([item(), item(OutState.UNKNOWN)])
    assert (needing.words, needing.role) == ("1 not sent, O shows why", "error")


# --- where the composer lies -------------------------------------------------------------


@pytest.mark.parametrize("width", range(40, 260, 7))
def test_the_composer_has_the_room_it_wants_before_the_list_has_any(width: int) -> None:
    layout = beside_composer(width, PaneWidths())
    if layout.panes == 1:
        assert layout.reader == width < 34 + 1 + COMPOSER
    else:
        assert layout.reader >= COMPOSER
        assert layout.list >= 34
        assert layout.tree + layout.list + layout.reader + layout.panes - 1 == width


def test_the_rest_of_a_message_says_for_how_many_it_waits() -> None:
    rest = item(OutState.QUEUED, recipients=("a@b", "c@d"), of_recipients=5, not_before=int(NOW) + 300, tries=1)
    assert state_words(rest, NOW).words.startswith("2 of 5 wait till ")
    assert ("Waits for", "2 of 5 recipients; the others have it", "text") in details(rest, NOW)
