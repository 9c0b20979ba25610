"""Actions that wait: shown at once, kept over restarts, undone when refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.store.making import WORK, change, several, target, uid_of
from tuimail.actions import Action, Flags, Move, SetFlags, Target, fold, fold_texts, to_json
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.mailboxes import SyncPoint

FIRST = EnvelopeId(1)


def shown(store: Store, inbox: MailboxId) -> tuple[int, str, int]:
    """Bits and keywords of the first message, and the mailbox's unread count."""
    (row,) = store.envelopes.rows([FIRST])
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    return row.flags, row.keywords, mailbox.unread


def test_an_action_shows_at_once_and_the_server_column_stays(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2]))
    (identity,) = store.pending.add([change(store, FIRST, add=Flag.SEEN, keyword="k")], at=5)
    assert shown(store, inbox) == (1, "k", 1)
    assert store.envelopes.server_flags(inbox)[1] == (0, "")
    assert [pending_id for pending_id, _ in store.pending.due(WORK)] == [identity]
    assert store.pending.count(WORK) == 1
    account = store.accounts.get(WORK)
    assert account is not None
    assert account.pending == 1


def test_news_from_the_server_goes_below_what_waits(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    store.pending.add([change(store, FIRST, add=Flag.SEEN)], at=5)
    store.envelopes.set_flags(inbox, [(1, Flag.FLAGGED, "", None)])
    assert shown(store, inbox) == (Flag.SEEN | Flag.FLAGGED, "", 0)
    store.envelopes.ingest(inbox, several([1]))
    assert shown(store, inbox) == (Flag.SEEN, "", 0)


def test_a_refused_flag_change_is_undone(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    first = store.pending.add([change(store, FIRST, add=Flag.SEEN)], at=5)
    store.pending.add([change(store, FIRST, add=Flag.FLAGGED)], at=6)
    store.pending.fail(first, "The mailbox is read-only.")
    assert shown(store, inbox) == (Flag.FLAGGED, "", 1)
    assert store.pending.count(WORK) == 1


def test_later_actions_win(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    store.pending.add(
        [change(store, FIRST, add=Flag.SEEN), change(store, FIRST, remove=Flag.SEEN, add=Flag.FLAGGED)], at=5
    )
    assert shown(store, inbox) == (Flag.FLAGGED, "", 1)


def test_an_action_that_is_done_leaves_what_the_server_told(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    ids = store.pending.add([change(store, FIRST, add=Flag.SEEN)], at=5)
    store.pending.due(WORK)
    store.envelopes.set_flags(inbox, [(1, Flag.ANSWERED, "", None)])
    store.pending.done(ids)
    assert shown(store, inbox) == (Flag.ANSWERED, "", 1)


def test_an_action_that_is_done_without_a_word_is_what_the_server_has(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    ids = store.pending.add([change(store, FIRST, add=Flag.SEEN, keyword="k")], at=5)
    store.envelopes.set_flags(inbox, [(1, Flag.FLAGGED, "", None)])
    store.pending.due(WORK)
    store.pending.done(ids)
    assert shown(store, inbox) == (Flag.SEEN | Flag.FLAGGED, "k", 0)
    assert store.envelopes.server_flags(inbox)[1] == (Flag.SEEN | Flag.FLAGGED, "k")


def test_actions_are_due_oldest_first_and_by_account(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    actions = [change(store, EnvelopeId(identity), add=Flag.SEEN) for identity in (2, 1, 3)]
    ids = store.pending.add(actions, at=5)
    assert [pending_id for pending_id, _ in store.pending.due(WORK, limit=2)] == ids[:2]
    assert [action for _, action in store.pending.all()] == actions
    assert store.pending.due(AccountName("nobody")) == []


def test_an_action_on_a_message_or_account_that_is_gone_is_passed_over(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1, 2]))
    gone = change(store, EnvelopeId(2), add=Flag.SEEN)
    store.envelopes.vanish(inbox, [2])
    elsewhere = SetFlags(AccountName("nobody"), target(store, FIRST), add=1)
    assert len(store.pending.add([gone, change(store, FIRST, add=Flag.SEEN), elsewhere], at=1)) == 1


def test_what_waits_for_a_message_goes_with_it(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    ids = store.pending.add([change(store, FIRST, add=Flag.SEEN)], at=5)
    store.envelopes.vanish(inbox, [1])
    assert store.pending.count(WORK) == 0
    store.pending.done(ids)
    store.pending.fail(ids, "gone")


def test_what_waits_survives_a_restart(store: Store, inbox: MailboxId, paths: Paths) -> None:
    store.envelopes.ingest(inbox, several([1]))
    action = change(store, FIRST, add=Flag.SEEN, keyword="k")
    store.pending.add([action], at=5)
    with Store.open(paths) as other:
        assert [found for _, found in other.pending.all()] == [action]


def test_an_action_that_no_version_can_read_has_no_effect(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    store.pending.add([change(store, FIRST, add=Flag.SEEN)], at=5)
    store._database.run("UPDATE pending SET action = '{\"kind\":\"dance\"}'")
    store.envelopes.set_flags(inbox, [(1, Flag.FLAGGED, "", None)])
    assert shown(store, inbox)[0] == Flag.FLAGGED
    assert store.pending.due(WORK) == []


def test_an_action_names_its_message_as_it_is_known_after_renumbering(store: Store, inbox: MailboxId) -> None:
    store.mailboxes.set_sync_point(inbox, SyncPoint(uid_validity=1))
    store.envelopes.ingest(inbox, several([1]))
    store.pending.add([change(store, FIRST, add=Flag.SEEN)], at=5)
    store.envelopes.begin_renumbering(inbox)
    assert store.pending.due(WORK) == []  # nobody could tell which message is meant
    store.mailboxes.set_sync_point(inbox, SyncPoint(uid_validity=2))
    store.envelopes.ingest(inbox, [message._replace(uid=77) for message in several([1])])
    (_, waiting), = store.pending.due(WORK)
    assert isinstance(waiting, SetFlags)
    assert (waiting.target.uid, waiting.target.uid_validity) == (77, 2) == uid_of(store, FIRST)
    assert shown(store, inbox)[0] == Flag.SEEN


@given(st.lists(st.tuples(
    st.integers(0, 31), st.integers(0, 31), st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc"))
)))  # fmt: skip
def test_changes_that_are_only_looked_at_have_the_same_effect(
    changes: list[tuple[int, int, list[str], list[str]]]
) -> None:
    target = Target(FIRST, MailboxId(1), None, None, '"add":31')
    waiting: list[Action] = [
        SetFlags(WORK, target, add, remove, tuple(give), tuple(take)) for add, remove, give, take in changes
    ]
    waiting.insert(len(waiting) // 2, Move(WORK, target, MailboxId(2)))
    server = Flags(5, frozenset({"a"}))
    assert fold_texts(server, [*map(to_json, waiting), "{", "[]", '{"kind":"set_flags"}']) == fold(server, waiting)
