"""What is said before sending, with what the store knows."""

from __future__ import annotations

from dataclasses import replace

from tests.wishes.house import AT, LETTER, arrive, configuration, fetch
from tuimail.model import Address, Draft, DraftId
from tuimail.store import Store
from tuimail.wishes import writing
from tuimail.wishes.checking import warnings_for

CONFIG = configuration()


def told(store: Store, draft_id: DraftId, **changes: str) -> str:
    draft = store.drafts.get(draft_id)
    assert isinstance(draft, Draft)
    draft = replace(draft, **changes)  # type: ignore[arg-type]
    return " ".join(warning.sentence for warning in warnings_for(store, CONFIG, draft))


def answered(store: Store, raw: bytes, how: str) -> DraftId:
    envelope_id = arrive(store, raw)
    fetch(store, envelope_id, raw, "text", "HEADER")
    return writing.reply(store, CONFIG, envelope_id, how, at=AT)


def test_a_reply_that_says_something_is_fine_and_an_empty_one_is_told(store: Store) -> None:
    draft_id = answered(store, LETTER, "all")
    assert "nothing in it but what is quoted" in told(store, draft_id)
    assert told(store, draft_id, body="Yes.\n") == ""


def test_a_reply_to_all_of_a_list_is_told(store: Store) -> None:
    raw = b"List-Post: <mailto:alan@park.example>\r\n" + LETTER
    assert "everybody on the list alan@park.example" in told(store, answered(store, raw, "all"), body="Yes\n")


def test_another_sender_than_the_one_written_to_is_told(store: Store) -> None:
    draft_id = answered(store, LETTER, "reply")
    assert "was written to ada@example.org" in told(store, draft_id, body="Yes\n", from_="countess@example.net")


def test_an_answer_that_is_led_elsewhere_is_told_unless_that_was_corrected(store: Store) -> None:
    draft_id = answered(store, b"Reply-To: grace@evil.example\r\n" + LETTER, "reply")
    assert "wants replies at another address: grace@evil.example" in told(store, draft_id, body="Yes\n")
    assert told(store, draft_id, body="Yes\n", to="grace@navy.example") == ""


def test_a_slip_in_a_domain_that_was_written_to_is_told(store: Store) -> None:
    store.people.note([Address("", "x@navy.example")], wrote_to=True, at=AT)
    draft_id = writing.new_draft(store, CONFIG, at=AT)
    assert "navy.example" in told(store, draft_id, to="y@nvay.example", body="Hi\n", subject="s")


def test_warnings_can_be_turned_off(store: Store) -> None:
    draft = store.drafts.get(writing.new_draft(store, CONFIG, at=AT))
    assert draft is not None
    assert warnings_for(store, CONFIG, draft) != []
    assert warnings_for(store, configuration("\n[compose]\nwarnings = false\n"), draft) == []
