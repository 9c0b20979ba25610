"""Drafts and finished messages become rows of the outbox, with what they lack and without what must not go out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wishes.house import AT, configuration
from tuimail.errors import Unchangeable, UsageError, Vanished
from tuimail.mime.decoding.headers import summarize
from tuimail.mime.parts.parse import header_block
from tuimail.mime.writing.typed import entries
from tuimail.model import AccountName, Draft, OutboxId, OutState
from tuimail.net.smtp.message import check_message
from tuimail.store import Store
from tuimail.store.writing.sending import Rest
from tuimail.wishes import sending, writing
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
    assert writing.edit(store, CONFIG, outbox_id, at=AT) == draft.id
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


# --- edited in the outbox ----------------------------------------------------------


SCRIPTED = (
    b"From: Ada Byron <ada@example.org>\nTo: Grace <grace@navy.example>\nCc: alan@park.example\nBcc: secret@x.org\n"
    b"Subject: Listing\nIn-Reply-To: <2@navy.example>\nReferences: <1@navy.example> <2@navy.example>\n"
    b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_b"\n\n'
    b"--=_b\nContent-Type: text/plain; charset=utf-8\n\nGr\xc3\xbc\xc3\x9fe.\n"
    b'--=_b\nContent-Type: application/pdf; name="list.pdf"\nContent-Disposition: attachment\n'
    b"Content-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n--=_b--\n"
)


def scripted(store: Store, raw: bytes = SCRIPTED) -> OutboxId:
    """A message as a script sends it: the outbox knows of no draft."""
    made = submission(raw, CONFIG, account=None, now=ZONED)
    return sending.post_message(
        store, CONFIG, made.account, made.sender, made.recipients, made.raw, message_id=made.message_id, at=AT,
        to=made.to, subject=made.subject,
    )  # fmt: skip


def edited(store: Store, outbox_id: OutboxId) -> Draft:
    draft = store.drafts.get(writing.edit(store, CONFIG, outbox_id, at=AT))
    assert draft is not None
    return draft


def test_a_message_from_a_script_becomes_a_draft_with_all_that_it_says(store: Store) -> None:
    outbox_id = scripted(store)
    item = store.outbox.get(outbox_id)
    assert item is not None
    draft = edited(store, outbox_id)
    assert (draft.from_, draft.to) == ("Ada Byron <ada@example.org>", "Grace <grace@navy.example>")
    assert (draft.cc, draft.bcc) == ("alan@park.example", "secret@x.org")
    assert (draft.subject, draft.body) == ("Listing", "Grüße.\n")
    assert (draft.in_reply_to, draft.references) == ("<2@navy.example>", "<1@navy.example> <2@navy.example>")
    assert draft.message_id == item.message_id
    assert [file.filename for file in draft.files] == ["list.pdf"]
    assert store.drafts.read(draft.id, draft.files[0].number) == b"%PDF-1.4"
    assert [each.state for each in store.outbox.all(done=True)] == [OutState.CANCELLED]
    sent_again = store.outbox.get(sending.post(store, CONFIG, draft.id, at=AT))
    assert sent_again is not None
    assert sorted(sent_again.recipients) == sorted(item.recipients)


def test_nobody_of_a_long_list_is_lost_on_the_way_out_or_back(store: Store) -> None:
    people = [f"person-number-{number:04}@some-long-domain.example.org" for number in range(500)]
    outbox_id = scripted(store, f"Subject: x\nTo: {', '.join(people)}\n\nhi\n".encode())
    item = store.outbox.get(outbox_id)
    assert item is not None
    assert list(item.recipients) == people
    draft = edited(store, outbox_id)
    assert [entry.address for entry in entries(draft.to)] == people
    assert draft.bcc == ""


def test_whoever_the_message_came_from_stays_its_author(store: Store) -> None:
    draft = edited(store, scripted(store, b"From: Robot <robot@other.example>\nTo: g@navy.example\n\nhi\n"))
    assert draft.from_ == "Robot <robot@other.example>"


def test_one_from_a_script_that_may_have_been_sent_gets_another_message_id(store: Store) -> None:
    outbox_id = scripted(store)
    letter = store.sending.begin(outbox_id)
    assert letter is not None
    store.sending.unknown(outbox_id, "who knows")
    assert edited(store, outbox_id).message_id not in ("", letter.message_id)


@pytest.mark.parametrize("at_which", ["begin", "attach", "cancel"])
def test_a_crash_while_it_is_edited_leaves_it_in_the_outbox_and_no_draft(
    store: Store, at_which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox_id = scripted(store)
    before = store.outbox.get(outbox_id), store.outbox.raw(outbox_id)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(type(store.outbox if at_which == "cancel" else store.drafts), at_which, dies)
        with pytest.raises(KeyboardInterrupt):
            writing.edit(store, CONFIG, outbox_id, at=AT)
    assert (store.outbox.get(outbox_id), store.outbox.raw(outbox_id)) == before
    assert store.drafts.all() == []
    assert edited(store, outbox_id).subject == "Listing"


def test_one_that_leaves_while_it_is_being_edited_is_no_draft_as_well(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox_id = scripted(store)

    def leaves(_: bytes) -> None:
        assert store.sending.begin(outbox_id) is not None

    monkeypatch.setattr(writing, "_refuse_unchangeable", leaves)
    with pytest.raises(UsageError, match="cannot be taken back"):
        writing.edit(store, CONFIG, outbox_id, at=AT)
    assert store.drafts.all() == []


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"Resent-To: g@navy.example\nResent-From: ada@example.org\n" + SCRIPTED, "bounced message is sent unchanged"),
        (b"To: g@navy.example\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nhi\n--b--\n", "signed or encr"),
        (b"To: g@navy.example\n\n" + b"word word\n" * 110_000, "too long"),
    ],
)  # fmt: skip
def test_what_goes_as_it_is_says_so_and_stays(store: Store, raw: bytes, why: str) -> None:
    outbox_id = scripted(store, raw)
    with pytest.raises(Unchangeable, match=why):
        writing.edit(store, CONFIG, outbox_id, at=AT)
    assert [item.state for item in store.outbox.all()] == [OutState.QUEUED]
    assert store.drafts.all() == []
    assert store.outbox.cancel(outbox_id)


def test_the_rest_of_a_message_that_others_have_cannot_be_edited(store: Store) -> None:
    outbox_id = scripted(store)
    store.sending.begin(outbox_id)
    refused = (("alan@park.example", "450 later"),)
    store.sending.sent(outbox_id, "250 ok", refused, at=AT, rest=Rest(refused, AT, ""))
    (rest,) = [item for item in store.outbox.all() if item.of_recipients]
    with pytest.raises(Unchangeable, match="Others have this message already"):
        writing.edit(store, CONFIG, rest.id, at=AT)
    assert store.drafts.all() == []


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
