"""Conversations are joined by the ids that messages name, in whatever order they come."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from tests.store.making import WORK, incoming
from tuimail.mime.decoding import headers
from tuimail.mime.threads import MAX_NAMED, ids_of
from tuimail.model import AccountName, EnvelopeId, MailboxId
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import ListedMailbox


def letter(uid: int, own: str, *named: str, in_reply_to: str = "") -> Incoming:
    """A message that names others, with the conversation it gets at ingest."""
    made = incoming(uid, message_id=own, references=" ".join(named), in_reply_to=in_reply_to)
    summary = headers.summarize(
        f"Message-ID: {own}\nReferences: {made.references}\nIn-Reply-To: {in_reply_to}\n".encode()
    )
    return made._replace(thread_id=headers.thread_key(summary))


def join(store: Store, size: int = 100) -> None:
    while store.threads.catch_up(size, ids_of).looked_at:
        pass


def conversations(store: Store, ids: Iterable[EnvelopeId]) -> set[frozenset[str]]:
    """Message-IDs, put together as the store has them."""
    found: dict[int, set[str]] = {}
    for one in ids:
        envelope = store.envelopes.envelope(one)
        assert envelope is not None
        found.setdefault(envelope.thread_id, set()).add(envelope.message_id)
    return {frozenset(members) for members in found.values()}


def everything(store: Store, mailbox_id: MailboxId) -> list[EnvelopeId]:
    return [row.id for row in store.envelopes.window(mailbox_id, 0, 10_000).rows]


def take(store: Store, mailbox_id: MailboxId, *letters: Incoming) -> set[frozenset[str]]:
    store.envelopes.ingest(mailbox_id, letters)
    join(store)
    return conversations(store, everything(store, mailbox_id))


def test_a_reply_that_names_only_its_parent_finds_the_root(store: Store, inbox: MailboxId) -> None:
    found = take(
        store, inbox,
        letter(1, "<root@x>"), letter(2, "<a@x>", "<root@x>"), letter(3, "<b@x>", "<a@x>"), letter(4, "<other@x>"),
    )  # fmt: skip
    assert found == {frozenset({"<root@x>", "<a@x>", "<b@x>"}), frozenset({"<other@x>"})}


def test_a_reply_that_came_before_its_parent_is_joined_when_that_comes(store: Store, inbox: MailboxId) -> None:
    assert len(take(store, inbox, letter(1, "<b@x>", "<a@x>"), letter(2, "<root@x>"))) == 2
    assert len(take(store, inbox, letter(3, "<a@x>", "<root@x>"))) == 1


def test_in_reply_to_counts_where_there_are_no_references(store: Store, inbox: MailboxId) -> None:
    assert len(take(store, inbox, letter(1, "<a@x>"), letter(2, "<b@x>", in_reply_to="<a@x> of yesterday"))) == 1


def test_a_subject_joins_nothing(store: Store, inbox: MailboxId) -> None:
    answer = letter(2, "<b@x>")._replace(subject="Re: Compiler review 1")
    assert len(take(store, inbox, letter(1, "<a@x>"), answer)) == 2


def test_loops_and_messages_that_name_themselves_change_nothing(store: Store, inbox: MailboxId) -> None:
    found = take(
        store, inbox,
        letter(1, "<a@x>", "<b@x>"), letter(2, "<b@x>", "<a@x>"), letter(3, "<self@x>", "<self@x>"),
        letter(4, "<self2@x>", "<self2@x>", "<self2@x>"),
    )  # fmt: skip
    assert found == {frozenset({"<a@x>", "<b@x>"}), frozenset({"<self@x>"}), frozenset({"<self2@x>"})}


def test_ten_thousand_references_are_bounded_and_keep_root_and_parent(store: Store, inbox: MailboxId) -> None:
    named = [f"<r{number}@x>" for number in range(10_000)]
    assert len(ids_of("<own@x>", "", " ".join(named))) == MAX_NAMED + 1
    found = take(store, inbox, letter(1, "<r0@x>"), letter(2, "<own@x>", *named), letter(3, "<r9999@x>"))
    assert len(found) == 1


@pytest.mark.parametrize("text", ["", "no id", "<>", "< >", "<a b>", "<a@x", ">a<", "<" * 50_000, "\ud800"])
def test_what_is_no_id_ties_nothing(text: str) -> None:
    assert ids_of(text, text, text) == ()


def test_conversations_go_over_mailboxes_but_never_over_accounts(store: Store, inbox: MailboxId) -> None:
    home = AccountName("home")
    store.accounts.sync_names([(WORK, "ada@example.org", "imap"), (home, "a@home.example", "imap")])
    store.mailboxes.apply_listing(home, [ListedMailbox("INBOX", "/")])
    sent, other = store.mailboxes.find(WORK, "Sent"), store.mailboxes.find(home, "INBOX")
    assert sent is not None
    assert other is not None
    for mailbox_id, one in ((inbox, letter(1, "<a@x>")), (sent.id, letter(1, "<mine@x>", "<a@x>")),
                            (other.id, letter(1, "<a@x>"))):  # fmt: skip
        store.envelopes.ingest(mailbox_id, [one])
    join(store)
    first = everything(store, inbox)[0]
    assert set(store.envelopes.thread(first)) == {first, *everything(store, sent.id)}


def test_a_mailbox_hears_that_its_conversations_changed(store: Store, inbox: MailboxId) -> None:
    take(store, inbox, letter(1, "<b@x>", "<a@x>"))
    revision = store.mailboxes.revision(inbox)
    store.envelopes.ingest(inbox, [letter(2, "<a@x>", "<root@x>")])
    assert store.threads.catch_up(10, ids_of).mailboxes == {inbox}
    assert store.mailboxes.revision(inbox) > revision + 1, "once for the message, once for its conversation"
    assert store.threads.catch_up(10, ids_of) == (0, frozenset())


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_arrival_does_not_matter(store: Store, inbox: MailboxId, seed: int) -> None:
    chance = random.Random(seed)
    parents: dict[int, int] = {}
    letters = []
    for number in range(60):
        if number and chance.random() < 0.7:
            parents[number] = chance.randrange(number)
        way: list[str] = []
        at = number
        while at in parents:
            at = parents[at]
            way.insert(0, f"<{at}@x>")
        kept = [one for one in way if chance.random() < 0.6]  # programs leave some out
        letters.append((number, f"<{number}@x>", kept))
    expected = _together(letters)
    chance.shuffle(letters)
    uid = 0
    while letters:
        size = chance.randint(1, 20)
        some, letters = letters[:size], letters[size:]
        for _, own, named in some:
            uid += 1
            store.envelopes.ingest(inbox, [letter(uid, own, *named)])
        join(store, size=chance.randint(1, 9))
    assert conversations(store, everything(store, inbox)) == expected


def _together(letters: list[tuple[int, str, list[str]]]) -> set[frozenset[str]]:
    """Connected by the ids they share, found the slow way."""
    groups: list[set[str]] = []
    for _, own, named in letters:
        group = {own, *named}
        for other in [other for other in groups if other & group]:
            group |= other
            groups.remove(other)
        groups.append(group)
    mine = {own for _, own, _ in letters}
    return {frozenset(group & mine) for group in groups if group & mine}
