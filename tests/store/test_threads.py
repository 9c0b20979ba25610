"""Conversations are joined by the ids that messages name, in whatever order they come."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from tests.store.making import WORK, incoming
from tuimail.mime.decoding import headers
from tuimail.mime.subjects import bare, people_of, topic_of
from tuimail.mime.threads import MAX_NAMED, ids_of
from tuimail.model import AccountName, EnvelopeId, MailboxId
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.finding.topics import DAY_S, LATE_S, SPAN_S, Subjects, Topic
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


# --- by subject, where a person asked for that ------------------------------------


def _topic_of(subject: str, in_reply_to: str, references: str) -> Topic | None:
    found = topic_of(subject, in_reply_to, references)
    return Topic(*found) if found is not None else None


BY_SUBJECT = Subjects(_topic_of, people_of)


def join_by_subject(store: Store, size: int = 100, by: Subjects | None = BY_SUBJECT) -> None:
    while store.threads.catch_up(size, ids_of, by).looked_at:
        pass


def note(uid: int, subject: str, day: float, sender: str = "grace@x.example", *named: str) -> Incoming:
    """A message of some day to the account's owner."""
    made = letter(uid, f"<{uid}@x>", *named)
    at = 1_700_000_000 + int(day * DAY_S)
    return made._replace(subject=subject, sent_at=at, received_at=at, from_=sender, to="ada@example.org", cc="")


@pytest.mark.parametrize(
    ("second", "together"),
    [
        (note(2, "Re: Lunch", 2), True),
        (note(2, "AW: re[2]:  LUNCH", 2), True),
        (note(2, "Lunch", 2), False),
        (note(2, "Re: Dinner", 2), False),
        (note(2, "Fwd: Lunch", 2), False),
        (note(2, "Re: Lunch", 29), True),
        (note(2, "Re: Lunch", 31), False),
        (note(2, "Re: Lunch", -0.5), True),
        (note(2, "Re: Lunch", -2), False),
        (note(2, "Re: Lunch", 2, "eve@x.example"), False),
        (note(2, "Re: Lunch", 2, "grace@x.example", "<other@x>"), False),
        (note(2, "Re:", 2), False),
    ],
)
def test_an_answer_that_names_nothing_is_joined_by_its_subject_where_that_is_wanted(
    store: Store, inbox: MailboxId, second: Incoming, together: bool
) -> None:
    store.envelopes.ingest(inbox, [note(1, "Lunch", 0), second])
    join(store)
    assert len(conversations(store, everything(store, inbox))) == 2, "not without being asked for"
    join_by_subject(store)
    assert len(conversations(store, everything(store, inbox))) == (1 if together else 2)
    join(store)
    assert len(conversations(store, everything(store, inbox))) == 2, "what was joined is parted again"


def test_what_ids_joined_stays_joined_when_subjects_no_longer_count(store: Store, inbox: MailboxId) -> None:
    letters = [note(1, "Lunch", 0), note(2, "Re: Lunch", 1), note(3, "Re: Lunch", 2, "eve@x.example", "<1@x>")]
    store.envelopes.ingest(inbox, [*letters, note(4, "Re: Lunch", 3)._replace(message_id="")])
    join_by_subject(store, size=1)
    assert len(conversations(store, everything(store, inbox))) == 1
    join_by_subject(store, size=1, by=None)
    assert conversations(store, everything(store, inbox)) == {frozenset({"<1@x>", "<3@x>"}), frozenset({"<2@x>"}),
                                                             frozenset({""})}  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_subjects_join_the_same_in_any_order_of_arrival(store: Store, inbox: MailboxId, seed: int) -> None:
    chance = random.Random(seed)
    letters = [
        note(uid, f"{chance.choice(('', '', 'Re: '))}Topic {chance.randrange(3)}", chance.randrange(120),
             f"{chance.choice('abc')}@x.example", *(["<1@x>"] if chance.random() < 0.1 else []))
        for uid in range(1, 41)
    ]  # fmt: skip
    pairs: list[tuple[int, str, list[str]]] = [
        (0, one.message_id, one.references.split()) for one in letters
    ]
    pairs += [(0, one.message_id, [other.message_id]) for one in letters for other in letters if _answers(one, other)]
    expected = _together(pairs)
    chance.shuffle(letters)
    while letters:
        size = chance.randint(1, 15)
        some, letters = letters[:size], letters[size:]
        store.envelopes.ingest(inbox, some)
        join_by_subject(store, size=chance.randint(1, 9))
    assert conversations(store, everything(store, inbox)) == expected


def _answers(one: Incoming, other: Incoming) -> bool:
    """The rule, the slow way."""
    if one is other or bare(one.subject)[0] != bare(other.subject)[0] or one.from_ != other.from_:
        return False
    after = (one.sent_at or 0) - (other.sent_at or 0)
    is_answer, is_other = (bare(each.subject)[1] and not each.references for each in (one, other))
    if not is_answer:
        return False
    return abs(after) <= SPAN_S if is_other else -LATE_S <= after <= SPAN_S


def test_many_answers_of_one_subject_are_one_conversation_and_what_is_gone_is_forgotten(
    store: Store, inbox: MailboxId
) -> None:
    store.envelopes.ingest(inbox, [note(uid, "Re: Alarm", uid / 100) for uid in range(1, 501)])
    join_by_subject(store)
    assert len(conversations(store, everything(store, inbox))) == 1
    store.envelopes.vanish(inbox, [7, 8])
    topics = store.threads._topics._database.column("SELECT count(*) FROM topic")
    assert topics == [498]
