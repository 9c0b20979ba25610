"""Accounts and mailboxes: the tree, and how far each is synced."""

from __future__ import annotations

import pytest

from tests.store.making import WORK, change, incoming, several
from tuimail.model import AccountName, AccountStatus, Flag, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store, removal
from tuimail.store.mailboxes import ListedMailbox, SyncPoint

HOME = AccountName("home")


def names(store: Store) -> list[tuple[str, str]]:
    return [(mailbox.account, mailbox.name) for mailbox in store.mailboxes.all()]


def test_accounts_stand_as_configured(store: Store) -> None:
    store.accounts.sync_names([(WORK, "a@x", "imap"), (HOME, "b@y", "pop3")])
    store.accounts.sync_names([(HOME, "b@z", "pop3"), (WORK, "a@x", "imap")])
    assert [(account.name, account.address) for account in store.accounts.all()] == [(HOME, "b@z"), (WORK, "a@x")]


def test_an_account_that_is_no_longer_named_stays_until_it_is_removed(store: Store, inbox: MailboxId) -> None:
    store.accounts.sync_names([(HOME, "b@y", "pop3")])
    assert store.accounts.get(WORK) is not None
    store.accounts.remove(WORK)
    assert store.accounts.get(WORK) is None
    assert store.mailboxes.all() == []
    assert store.mailboxes.get(inbox) is None


def test_names_that_are_known_are_not_written_again(store: Store, inbox: MailboxId, paths: Paths) -> None:
    with Store.open(paths) as other, other.transaction():
        store.accounts.sync_names([(WORK, "ada@example.org", "imap")])


def test_a_status_keeps_its_beginning_while_only_the_sentence_changes(store: Store, inbox: MailboxId) -> None:
    store.accounts.set_status(WORK, AccountStatus.OFFLINE, "No route.", at=10)
    store.accounts.set_status(WORK, AccountStatus.OFFLINE, "Timed out.", at=20)
    account = store.accounts.get(WORK)
    assert account is not None
    assert (account.status, account.sentence, account.since) == (AccountStatus.OFFLINE, "Timed out.", 10)
    store.accounts.set_status(WORK, AccountStatus.ONLINE, "", at=30)
    store.accounts.set_synced(WORK, 31)
    account = store.accounts.get(WORK)
    assert account is not None
    assert (account.since, account.synced_at) == (30, 31)


def test_a_status_that_no_version_knows_reads_as_never(store: Store, inbox: MailboxId) -> None:
    store._database.run("UPDATE account SET status = 'dancing'")
    account = store.accounts.get(WORK)
    assert account is not None
    assert account.status is AccountStatus.NEVER


def test_special_mailboxes_come_first_then_names_in_any_case(store: Store) -> None:
    store.accounts.sync_names([(WORK, "a@x", "imap"), (HOME, "b@y", "imap")])
    store.mailboxes.apply_listing(HOME, [ListedMailbox("INBOX", "/", Role.INBOX)])
    store.mailboxes.apply_listing(WORK, [
        ListedMailbox("Zebra"), ListedMailbox("apple"), ListedMailbox("Bin", role=Role.TRASH),
        ListedMailbox("INBOX", role=Role.INBOX),
    ])
    assert names(store) == [
        (WORK, "INBOX"), (WORK, "Bin"), (WORK, "apple"), (WORK, "Zebra"), (HOME, "INBOX"),
    ]
    assert [mailbox.name for mailbox in store.mailboxes.all(HOME)] == ["INBOX"]


def test_a_mailbox_is_found_by_name_and_by_role(store: Store, inbox: MailboxId) -> None:
    for found in (
        store.mailboxes.get(inbox), store.mailboxes.find(WORK, "inbox"), store.mailboxes.with_role(WORK, Role.INBOX)
    ):
        assert found is not None
        assert found.id == inbox
    assert store.mailboxes.find(WORK, "lists") is None
    assert store.mailboxes.with_role(WORK, Role.TRASH) is None
    assert store.mailboxes.get(MailboxId(99)) is None
    assert store.mailboxes.revision(MailboxId(99)) == -1


def test_the_same_listing_again_changes_nothing(store: Store, inbox: MailboxId) -> None:
    listing = [ListedMailbox("INBOX", "/", Role.INBOX, server_total=5, server_unread=1)]
    assert store.mailboxes.apply_listing(WORK, listing)
    assert not store.mailboxes.apply_listing(WORK, listing)
    assert not store.mailboxes.apply_listing(WORK, [ListedMailbox("INBOX", "/", Role.INBOX)])
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    assert (mailbox.server_total, mailbox.server_unread) == (5, 1)


def test_a_mailbox_that_is_listed_no_longer_goes_with_its_messages(
    store: Store, inbox: MailboxId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_STEP", 3)
    store.envelopes.ingest(inbox, several(range(1, 11)))
    first = store.envelopes.window(inbox, 0, 1).rows[0].id
    store.pending.add([change(store, first, add=Flag.SEEN)], at=1)
    assert store.mailboxes.apply_listing(WORK, [ListedMailbox("Lists", "/")])
    assert names(store) == [(WORK, "Lists")]
    assert store.envelopes.envelope(first) is None
    assert store.pending.all() == []
    assert store._database.row("SELECT count(*) FROM envelope") == (0,)


def test_what_a_crash_left_of_a_removed_mailbox_is_hidden_and_purged_later(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several(range(1, 4)))
    store._database.run("UPDATE mailbox SET account_id = NULL WHERE id = ?", (inbox,))
    assert store.mailboxes.get(inbox) is None
    assert store.envelopes.recent() == []
    assert store.envelopes.ingest(inbox, several([9])).new == 0
    store.mailboxes.apply_listing(WORK, [])
    assert store._database.row("SELECT count(*) FROM envelope") == (0,)


def test_a_mailbox_that_comes_back_is_a_new_one(store: Store, inbox: MailboxId) -> None:
    store.mailboxes.apply_listing(WORK, [])
    store.mailboxes.apply_listing(WORK, [ListedMailbox("INBOX", "/", Role.INBOX)])
    found = store.mailboxes.find(WORK, "INBOX")
    assert found is not None
    assert found.id > inbox


def test_listing_for_an_account_that_is_gone_does_nothing(store: Store) -> None:
    assert not store.mailboxes.apply_listing(AccountName("nobody"), [ListedMailbox("INBOX")])


def test_odd_names_are_kept_and_never_refused(store: Store, inbox: MailboxId) -> None:
    store.mailboxes.apply_listing(WORK, [ListedMailbox("a\ud800b"), ListedMailbox("x'; DROP"), ListedMailbox("日本/α")])
    assert [name for _, name in names(store)] == ["a\ufffdb", "x'; DROP", "日本/α"]
    assert not store.mailboxes.apply_listing(
        WORK, [ListedMailbox("a\ud800b"), ListedMailbox("x'; DROP"), ListedMailbox("日本/α")]
    )


def test_a_sync_point_holds_the_largest_numbers(store: Store, inbox: MailboxId) -> None:
    assert store.mailboxes.sync_point(inbox) == SyncPoint()
    point = SyncPoint(2**32 - 1, 2**32 - 1, 2**63 - 1, 1)
    store.mailboxes.set_sync_point(inbox, point)
    assert store.mailboxes.sync_point(inbox) == point
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    assert mailbox.complete


def test_a_listing_leaves_sync_points_alone(store: Store, inbox: MailboxId) -> None:
    point = SyncPoint(1, 5, 7, 3)
    store.mailboxes.set_sync_point(inbox, point)
    store.mailboxes.apply_listing(
        WORK, [ListedMailbox("INBOX", "/", Role.INBOX, uid_validity=2, uid_next=9, highest_modseq=9)]
    )
    assert store.mailboxes.sync_point(inbox) == point


def test_an_error_is_shown_until_a_sync_succeeds(store: Store, inbox: MailboxId) -> None:
    store.mailboxes.set_error(inbox, "The server says: no\ud800.")
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    assert mailbox.error == "The server says: no\ufffd."
    store.mailboxes.set_synced(inbox, 7)
    store.mailboxes.set_server_counts(inbox, 10, None)
    mailbox = store.mailboxes.get(inbox)
    assert mailbox is not None
    assert (mailbox.error, mailbox.synced_at, mailbox.server_total, mailbox.server_unread) == ("", 7, 10, None)


def test_every_change_moves_the_revision(store: Store, inbox: MailboxId) -> None:
    seen = [store.mailboxes.revision(inbox)]
    store.envelopes.ingest(inbox, [incoming(1)])
    seen.append(store.mailboxes.revision(inbox))
    store.envelopes.set_flags(inbox, [(1, 1, "", None)])
    seen.append(store.mailboxes.revision(inbox))
    store.mailboxes.set_synced(inbox, 1)
    seen.append(store.mailboxes.revision(inbox))
    store.envelopes.vanish(inbox, [1])
    seen.append(store.mailboxes.revision(inbox))
    assert seen == sorted(set(seen))
