"""Drafts and finished messages become rows of the outbox, with what they lack and without what must not go out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wishes.house import AT, configuration
from tuimail.errors import UsageError, Vanished
from tuimail.mime.decoding.headers import summarize
from tuimail.mime.parts.parse import header_block
from tuimail.model import AccountName, OutState
from tuimail.net.smtp.message import check_message
from tuimail.store import Store
from tuimail.wishes import sending
from tuimail.wishes.later import moment
from tuimail.wishes.submitting import submission

CONFIG = configuration()
WORK = AccountName("work")
NOW = datetime(2026, 11, 23, 18, 0)  # noqa: DTZ001 - local time, as a person types it; a Monday
ZONED = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def test_a_draft_that_was_posted_waits_as_long_as_it_can_be_undone(store: Store) -> None:
    draft = store.drafts.begin(WORK, at=AT, message_id="", from_="ada@example.org", to="g@navy.example", body="hi")
    outbox_id = sending.post(store, CONFIG, draft.id, at=AT)
    item = store.outbox.get(outbox_id)
    assert item is not None
    assert item.not_before == AT + 10
    assert item.message_id.endswith("@example.org>")
    assert summarize(header_block(store.outbox.raw(outbox_id))).message_id == item.message_id
    again = sending.undo_send(store, outbox_id, at=AT + 3)
    assert again == draft.id
    taken_back = store.drafts.get(again)
    assert taken_back is not None
    assert (taken_back.body, taken_back.message_id) == ("hi", item.message_id)


def test_a_draft_that_cannot_be_sent_stays_a_draft(store: Store) -> None:
    draft = store.drafts.begin(WORK, at=AT, message_id="<a@b>", from_="ada@example.org", to="grace")
    with pytest.raises(UsageError, match="not an address"):
        sending.post(store, CONFIG, draft.id, at=AT)
    assert store.drafts.all() == [draft]
    assert any(warning.serious for warning in sending.check(store, CONFIG, draft))


def test_what_is_too_late_to_undo_says_so(store: Store) -> None:
    draft = store.drafts.begin(WORK, at=AT, message_id="<a@b>", from_="ada@example.org", to="g@navy.example")
    outbox_id = sending.post(store, CONFIG, draft.id, at=AT, delay_s=0)
    store.sending.begin(outbox_id)
    with pytest.raises(UsageError, match="cannot be taken back"):
        sending.undo_send(store, outbox_id, at=AT)
    with pytest.raises(Vanished):
        sending.post(store, CONFIG, draft.id, at=AT)
    store.sending.failed(outbox_id, "no")
    assert sending.edit(store, outbox_id, at=AT) == draft.id
    assert [item.state for item in store.outbox.all(done=True)] == [OutState.CANCELLED]


def test_an_account_that_cannot_send_says_what_to_do(store: Store) -> None:
    draft = store.drafts.begin(AccountName("pop"), at=AT, message_id="<a@b>", from_="ada@pop.example", to="g@x.example")
    with pytest.raises(UsageError) as refused:
        sending.post(store, CONFIG, draft.id, at=AT)
    assert "[accounts.pop.send]" in refused.value.advice


# --- finished messages ------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_", "account", "sender"),
    [
        ("", None, "ada@example.org"), ("From: countess@example.net\n", None, "countess@example.net"),
        ("From: Anybody <any@byron.example>\n", "work", "any@byron.example"),
    ],
)  # fmt: skip
def test_the_sender_of_a_finished_message(from_: str, account: str | None, sender: str) -> None:
    name = AccountName(account) if account else None
    made = submission(f"{from_}To: g@navy.example\n\nhi\n".encode(), CONFIG, account=name, now=ZONED)
    assert (made.account, made.sender) == (WORK, sender)
    assert made.raw.lower().count(b"\r\nfrom:") + made.raw.lower().startswith(b"from:") == 1


def test_resent_fields_say_whom_a_passed_on_message_is_for() -> None:
    raw = b"Resent-To: new@x.example\nResent-Bcc: quiet@x.example\nFrom: o@x.example\nTo: old@x.example\n\nhi\n"
    made = submission(raw, CONFIG, account=None, now=ZONED)
    assert made.recipients == ("new@x.example", "quiet@x.example")
    assert b"quiet" not in made.raw


def test_what_a_person_wrote_is_not_touched_but_for_line_ends() -> None:
    body = "Grüße\r\n.\r\nFrom here on\r\n\ttabs \r\n\r\n".encode()
    head = b"To: g@navy.example\r\nX-Long: a\r\n b\r\nMessage-ID: <mine@x>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    for raw in (head + b"\r\n" + body, (head + b"\r\n" + body).replace(b"\r\n", b"\n")):
        made = submission(raw, CONFIG, account=None, now=ZONED)
        assert made.raw.endswith(head + b"\r\n" + body)
        assert made.message_id == "<mine@x>"


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_octets_are_refused_or_go_out_as_one_clean_message(head: bytes, body: bytes) -> None:
    try:
        made = submission(b"To: g@navy.example\n" + head + b"\n\n" + body, CONFIG, account=None, now=ZONED)
    except UsageError:
        return
    check_message(made.raw)
    block = header_block(made.raw).lower()
    assert b"\r\nbcc:" not in b"\r\n" + block


# --- later ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("18:30", NOW.replace(minute=30)), ("17:30", NOW.replace(day=24, hour=17, minute=30)),
        ("tomorrow", NOW.replace(day=24, hour=9)), ("Tomorrow 7:15", NOW.replace(day=24, hour=7, minute=15)),
        ("mon 8:00", NOW.replace(day=30, hour=8)), ("friday", NOW.replace(day=27, hour=9)),
        ("2026-12-01", NOW.replace(month=12, day=1, hour=9)), ("2026-12-01T10:30", NOW.replace(
            month=12, day=1, hour=10, minute=30
        )),
        ("+2h", NOW + timedelta(hours=2)), ("+ 90m", NOW + timedelta(minutes=90)), ("+1w", NOW + timedelta(weeks=1)),
    ],
)  # fmt: skip
def test_a_time_as_people_type_it(typed: str, expected: datetime) -> None:
    assert moment(typed, NOW) == expected


@pytest.mark.parametrize(
    "typed", ["", "soon", "25:00", "2026-02-30", "2020-01-01", "today 9:00", "+9x", "99999-01-01", "mon tue", "+"]
)
def test_what_is_no_time_to_come_is_refused_with_examples(typed: str) -> None:
    with pytest.raises(UsageError) as refused:
        moment(typed, NOW)
    assert "tomorrow 9:00" in refused.value.advice


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_time(typed: str) -> None:
    try:
        assert moment(typed, NOW) > NOW
    except UsageError:
        return
