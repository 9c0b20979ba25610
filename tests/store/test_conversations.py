"""Conversations as lists show them, and muted ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.store.making import incoming
from tuimail.mime.decoding.headers import thread_id_of
from tuimail.mime.threads import ids_of
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, Role, Thread
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.finding.conversations import Told, tree
from tuimail.store.mailboxes import ListedMailbox

ACCOUNT = AccountName("work")
AT = 1_700_000_000


@pytest.fixture
def sent(store: Store, inbox: MailboxId) -> MailboxId:
    """A mailbox of own replies, and a trash."""
    here = store.mailboxes.get(inbox)
    assert here is not None
    store.mailboxes.apply_listing(here.account, [
        ListedMailbox(here.name, "/", Role.INBOX), ListedMailbox("Sent", "/", Role.SENT),
        ListedMailbox("Trash", "/", Role.TRASH),
    ])  # fmt: skip
    found = store.mailboxes.with_role(here.account, Role.SENT)
    assert found is not None
    return found.id


def converse(store: Store, inbox: MailboxId, sent: MailboxId) -> None:
    """A question, an own answer in Sent, an answer to that, and a message that has nothing to do with it."""
    def message(uid: int, sender: str, name: str, answers: str = "", **more: Any) -> Incoming:
        return incoming(
            uid, sender=sender, message_id=f"<{name}>", in_reply_to=answers, references=answers,
            sent_at=AT + uid * 60, received_at=AT + uid * 60, thread_id=thread_id_of(answers or f"<{name}>"), **more,
        )  # fmt: skip

    store.envelopes.ingest(inbox, [message(1, "Grace Hopper", "a"), message(9, "Alan Turing", "z")])
    store.envelopes.ingest(sent, [message(2, "Ada Byron", "b", "<a>", flags=Flag.SEEN)])
    store.envelopes.ingest(inbox, [message(3, "Grace Hopper", "c", "<b>", has_attachments=True)])
    while store.threads.catch_up(100, ids_of).looked_at:
        pass


def test_a_line_names_everybody_and_counts_own_replies(store: Store, inbox: MailboxId, sent: MailboxId) -> None:
    converse(store, inbox, sent)
    leads = [row for row in store.envelopes.window(inbox, 0, 10).rows if row.sender != "Alan Turing"][:1]
    (line,) = store.conversations.closed(leads, (inbox,))
    assert line.thread == Thread(3, 2, ("Grace Hopper", ""))
    assert line.has_attachments
    assert not line.flags & Flag.SEEN


def test_a_message_by_itself_is_its_own_line(store: Store, inbox: MailboxId, sent: MailboxId) -> None:
    converse(store, inbox, sent)
    alone = [row for row in store.envelopes.window(inbox, 0, 10).rows if row.sender == "Alan Turing"]
    assert store.conversations.closed(alone, (inbox,)) == alone


def test_an_open_conversation_is_a_tree_over_mailboxes(store: Store, inbox: MailboxId, sent: MailboxId) -> None:
    converse(store, inbox, sent)
    newest = store.envelopes.window(inbox, 0, 10).rows[1].id
    found = store.conversations.open(newest, (inbox,))
    assert [branch.depth for branch in found] == [0, 1, 2]
    assert set(store.conversations.within([newest], (inbox,))) == {found[0].id, found[2].id}
    assert store.conversations.leads(found[0].id, (inbox,)) == [found[2].id, found[0].id]


@given(some.lists(some.tuples(some.integers(0, 8), some.integers(0, 8), some.lists(some.integers(0, 8))), max_size=9))
def test_any_tree_has_every_message_once_and_begins_with_the_first(
    links: list[tuple[int, int, list[int]]],
) -> None:
    messages = [
        Told(EnvelopeId(number), f"<{own}>", f"<{answers}>", " ".join(f"<{name}>" for name in names))
        for number, (own, answers, names) in enumerate(links, 1)
    ]
    found = tree(messages)
    assert sorted(branch.id for branch in found) == [one.id for one in messages]
    assert all(branch.depth > 0 for branch in found[1:])
    assert not found or found[0].depth == 0


def test_what_comes_for_a_muted_conversation_is_read(store: Store, inbox: MailboxId, sent: MailboxId) -> None:
    converse(store, inbox, sent)
    assert store.mutes.quiet(at=AT) == frozenset()
    first = next(row.id for row in store.envelopes.window(inbox, 0, 10).rows if row.sender == "Grace Hopper")
    assert store.mutes.toggle([first]) is True
    unread = store.mailboxes.get(inbox).unread  # type: ignore[union-attr]  # it is there
    # Each names a message of it; the one below joins two conversations, under another name than it was muted by.
    late = incoming(20, message_id="<d>", in_reply_to="<c>", references="<0> <c>", thread_id=thread_id_of("<0>"))
    other = incoming(21, message_id="<y>", in_reply_to="<z>", references="<z>", thread_id=thread_id_of("<z>"))
    store.envelopes.ingest(inbox, [late, other])
    while store.threads.catch_up(100, ids_of).looked_at:
        pass
    assert store.mutes.quiet(at=AT) == {inbox}
    assert store.mutes.quiet(at=AT) == frozenset()
    assert store.mailboxes.get(inbox).unread == unread + 1  # type: ignore[union-attr]  # it is there
    waiting = [action for _, action in store.pending.due(store.accounts.all()[0].name, 10)]
    assert len(waiting) == 1
    assert store.mutes.toggle([first]) is False
    assert store.conversations.muted() == frozenset()
