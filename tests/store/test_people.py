"""People: learnt from mail beside everything else, found by the beginning of a word."""

from __future__ import annotations

import pytest

from tests.store.making import START, WORK, incoming, with_account
from tuimail.mime.decoding.addresses import parse_addresses
from tuimail.model import Address, MailboxId, Role
from tuimail.store import Store
from tuimail.store.mailboxes import ListedMailbox
from tuimail.store.writing.people import MAX_FOUND, STEP, fold, matches, words_of

ADA = Address("Ada Byron", "ada@example.org")


def found(store: Store, prefix: str, limit: int = 10) -> list[str]:
    return [person.address for person in store.people.complete(prefix, limit)]


def learn(store: Store) -> None:
    while store.people.learn(parse_addresses):
        pass


def mailbox(store: Store, name: str) -> MailboxId:
    known = store.mailboxes.find(WORK, name)
    assert known is not None
    return known.id


@pytest.mark.parametrize(
    "prefix", ["gra", "GRACE", "hop", "gräce", "grace hop", "hopper g", "grace@", "navy", "g", '"grace']
)
def test_somebody_is_found_by_the_beginning_of_every_word(store: Store, prefix: str) -> None:
    store.people.note([Address("Gráce Hopper", "grace@navy.example"), ADA], wrote_to=True, at=START)
    assert found(store, prefix) == ["grace@navy.example"]


@pytest.mark.parametrize("prefix", ["", " ", "race", "hopper x", "example", "%", "_", "\x00", "\ud800", "\U0010ffff"])
def test_what_begins_no_word_finds_nobody(store: Store, prefix: str) -> None:
    store.people.note([Address("Grace Hopper", "grace@navy.example")], wrote_to=True, at=START)
    assert found(store, prefix) == []


def test_those_written_to_come_first_the_last_first_then_those_who_wrote(store: Store) -> None:
    store.people.note([Address("", "a1@x.org")], wrote_to=False, at=START + 50)
    store.people.note([Address("", "a2@x.org")], wrote_to=True, at=START + 10)
    store.people.note([Address("", "a3@x.org")], wrote_to=True, at=START + 20)
    store.people.note([Address("", "a4@x.org")], wrote_to=False, at=START + 60)
    assert found(store, "a") == ["a3@x.org", "a2@x.org", "a4@x.org", "a1@x.org"]
    assert found(store, "a", 1) == ["a3@x.org"]


def test_times_are_counted_and_the_newest_name_that_says_something_is_kept(store: Store) -> None:
    store.people.note([Address("Ada", "ADA@example.org")], wrote_to=False, at=START)
    store.people.note([ADA], wrote_to=True, at=START + 1)
    store.people.note([Address("", "ada@example.org")], wrote_to=True, at=START + 2)
    person = store.people.get("Ada@Example.org")
    assert person is not None
    assert (person.name, person.written, person.heard) == ("Ada Byron", 2, 1)
    assert (person.written_at, person.heard_at) == (START + 2, START)
    assert found(store, "byron") == ["ADA@example.org"]


def test_people_are_learnt_from_mail_but_not_from_junk_trash_and_robots(store: Store, inbox: MailboxId) -> None:
    store.mailboxes.apply_listing(
        WORK,
        [
            ListedMailbox("INBOX", "/", Role.INBOX),
            ListedMailbox("Sent", "/", Role.SENT),
            ListedMailbox("Junk", "/", Role.JUNK),
            ListedMailbox("Trash", "/", Role.TRASH),
        ],
    )
    store.envelopes.ingest(inbox, [incoming(1), incoming(2, from_="Shop <no-reply@shop.example>")])
    store.envelopes.ingest(mailbox(store, "Junk"), [incoming(1, from_="spam@evil.example")])
    store.envelopes.ingest(mailbox(store, "Trash"), [incoming(1, from_="old@evil.example")])
    store.envelopes.ingest(
        mailbox(store, "Sent"),
        [incoming(1, from_="ada@example.org", to="Alan <alan@park.example>", cc="e@paris.example")],
    )
    learn(store)
    assert found(store, "grace") == ["grace@navy.example"]
    assert found(store, "alan") == ["alan@park.example"]
    assert found(store, "paris") == ["e@paris.example"]
    for nobody in ("shop", "spam", "old", "no-reply"):
        assert found(store, nobody) == []
    assert store.people.domains_written_to() == {"park.example", "paris.example"}


def test_learning_goes_on_where_it_stopped_and_counts_nothing_twice(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, [incoming(uid) for uid in range(1, STEP + 11)])
    assert store.people.learn(parse_addresses)
    assert not store.people.learn(parse_addresses)
    assert not store.people.learn(parse_addresses)
    store.envelopes.ingest(inbox, [incoming(STEP + 50)])
    learn(store)
    person = store.people.get("grace@navy.example")
    assert person is not None
    assert person.heard == STEP + 11


def test_the_last_written_to_is_found_among_more_than_are_looked_at(store: Store) -> None:
    store.people.note([Address(f"Ab{n}", f"ab{n}@x.org") for n in range(MAX_FOUND + 50)], wrote_to=True, at=START)
    store.people.note([Address("Abzzz", "z@x.org")], wrote_to=True, at=START + 9)
    assert found(store, "a", 1) == ["z@x.org"]
    assert found(store, "ab", 1) == ["z@x.org"]


@pytest.mark.parametrize("address", ["", "nobody", "a b@x.org", "a@b\x00c", "x" * 400 + "@y.org", "a@\ud800"])
def test_what_is_no_address_is_nobody(store: Store, address: str) -> None:
    store.people.note([Address("A", address)], wrote_to=True, at=START)
    assert found(store, "a") == []


def test_hostile_names_are_kept_within_bounds(store: Store) -> None:
    store.people.note([Address("w " * 10_000 + "\x00\ud800", "x@y.org")], wrote_to=True, at=START)
    assert found(store, "w") == ["x@y.org"]
    assert len(words_of("a b c d e f g h i j k l m n o p q r s t u v w x y z " * 9, "x@y.org")) <= 24


def test_somebody_can_be_forgotten(store: Store) -> None:
    store.people.note([ADA], wrote_to=True, at=START)
    store.people.forget("ADA@example.org")
    assert found(store, "ada") == []
    assert store.people.get("ada@example.org") is None


def test_completion_asks_by_index_and_reads_a_bounded_number_of_rows(store: Store) -> None:
    with_account(store)
    plan = store.people._database.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM person WHERE id IN (SELECT person_id FROM person_word"
        " WHERE known = 1 AND word >= 'a' AND word < 'b' LIMIT 250)"
    )
    assert not [row for row in plan if str(row[3]).startswith("SCAN person")]


def test_accents_and_case_are_folded() -> None:
    assert fold("Émile ŁÓDŹ Straße") == "emile łodz strasse"
    assert matches(["emi", "lef"], "Émile Lefèvre", "x@y.org")
