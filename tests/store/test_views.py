"""Views: lists over several mailboxes, filtered, sorted, by conversations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.store.making import incoming
from tuimail.errors import StoreError
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Opened, Scope, Sort, ViewSpec, Which
from tuimail.store.mailboxes import ListedMailbox

DAY = 86_400
TODAY = 20_000 * DAY
SENDERS = ("ada", "Grace", "alan", "Émile", "")
SUBJECTS = ("Engine", "Re: engine", "FWD: RE: Zebra", "zebra", "Re: ", "100 % _sure_")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two accounts, three mailboxes each, 300 messages."""
    directory = tmp_path_factory.mktemp("views")
    paths = Paths.from_environment({"HOME": str(directory)}, data_dir=str(directory / "data"))
    with Store.open(paths) as store:
        store.accounts.sync_names([(AccountName(name), f"{name}@example.org", "imap") for name in ("one", "two")])
        for account in ("one", "two"):
            store.mailboxes.apply_listing(AccountName(account), [
                ListedMailbox("INBOX", "/", Role.INBOX), ListedMailbox("Sent", "/", Role.SENT),
                ListedMailbox("Trash", "/", Role.TRASH),
            ])  # fmt: skip
        for number, mailbox in enumerate(store.mailboxes.all()):
            store.envelopes.ingest(mailbox.id, [
                incoming(
                    uid,
                    sent_at=TODAY + DAY // 2 - (uid * 7919 + number) % 40 * DAY // 8 - uid - number * 100,
                    received_at=None,
                    flags=Flag(uid * 5 % 7 % 4 | (4 if uid % 11 == 0 else 0)),
                    sender=SENDERS[uid % len(SENDERS)],
                    subject=SUBJECTS[uid * 3 % len(SUBJECTS)],
                    size_octets=uid * 31 % 17,
                    thread_id=uid % 9,
                )
                for uid in range(1, 51)
            ])  # fmt: skip
        yield store


def shown(store: Store, spec: ViewSpec, **kept: set[EnvelopeId]) -> list[EnvelopeId]:
    """All rows of a view."""
    opened = Opened(store.views.make(spec, TODAY, **kept))
    ids = opened.ids(0, opened.total)
    assert [opened.position(one) for one in ids] == list(range(len(ids)))
    opened.close()
    return ids


def bare(subject: str) -> str:
    for _ in range(3):
        mark, colon, rest = subject.partition(":")
        if colon and mark.lower() in ("re", "fwd", "fw", "aw", "wg", "sv", "antw", "tr"):
            subject = rest.lstrip(" ")
    return subject.lower()


KEYS = {
    Sort.DATE: lambda row: 0,
    Sort.SENDER: lambda row: "".join(c.lower() if c.isascii() else c for c in row.sender),
    Sort.SUBJECT: lambda row: bare(row.subject),
    Sort.SIZE: lambda row: -row.size_octets,
    Sort.UNREAD: lambda row: bool(row.flags & Flag.SEEN),
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spec=some.builds(
        ViewSpec, scope=some.sampled_from([Scope.INBOXES, Scope.ALL]), which=some.sampled_from(
            [Which.ANY, Which.UNREAD, Which.STARRED, Which.TODAY]
        ), words=some.sampled_from(["", "ENGINE", "100 % _", "é", "\\", "ada zebra"]), sort=some.sampled_from(Sort),
        is_reversed=some.booleans(), is_threaded=some.booleans(),
        ids=some.none(), only=some.just(()), mailbox_id=some.just(MailboxId(0)),
    )
)  # fmt: skip
def test_any_view_is_what_sorting_all_rows_by_hand_gives(filled: Store, spec: ViewSpec) -> None:
    of = {mailbox.id: mailbox for mailbox in filled.mailboxes.all()}
    counted = set(filled.views.mailboxes(spec))
    wanted_roles = {Role.INBOX} if spec.scope is Scope.INBOXES else {Role.INBOX, Role.SENT}
    if spec.which in (Which.UNREAD, Which.TODAY):
        wanted_roles -= {Role.SENT}
    assert counted == {one for one, mailbox in of.items() if mailbox.role in wanted_roles}
    place = {}
    rows = []
    for mailbox_id in counted:
        window = filled.envelopes.window(mailbox_id, 0, 1000)
        for row in window.rows:
            place[row.id] = (row.sort_at, filled.envelopes.there(row.id).uid, row.id)  # type: ignore[union-attr]  # it is there
            text = f"{row.sender}\n{row.subject}".lower()
            if (
                all(word.lower() in text for word in spec.words.split())
                and not (spec.which is Which.UNREAD and row.flags & Flag.SEEN)
                and not (spec.which is Which.STARRED and not row.flags & Flag.FLAGGED)
                and not (spec.which is Which.TODAY and row.sort_at < TODAY)
            ):
                rows.append(row)
    rows.sort(key=lambda row: place[row.id], reverse=True)
    if spec.is_threaded:
        groups: dict[object, list[object]] = {}
        for row in rows:
            groups.setdefault((of[row.mailbox_id].account, row.thread_id), []).append(row)
        unread = {id(group[0]): any(not row.flags & Flag.SEEN for row in group) for group in groups.values()}  # type: ignore[attr-defined]  # rows
        rows = [group[0] for group in groups.values()]  # type: ignore[misc]  # rows
        if spec.sort is Sort.UNREAD:
            rows.sort(key=lambda row: unread[id(row)] is spec.is_reversed)
        elif spec.sort is Sort.DATE and spec.is_reversed:
            rows.reverse()
        else:
            rows.sort(key=KEYS[spec.sort], reverse=spec.is_reversed)
    elif spec.sort is Sort.DATE:
        if spec.is_reversed:
            rows.reverse()
    else:
        rows.sort(key=KEYS[spec.sort], reverse=spec.is_reversed)
    assert shown(filled, spec) == [row.id for row in rows]


@pytest.mark.parametrize("which", list(Which))
@pytest.mark.parametrize("is_threaded", [False, True])
def test_the_first_rows_are_those_of_the_whole(filled: Store, which: Which, is_threaded: bool) -> None:
    spec = ViewSpec(Scope.ALL, which=which, is_threaded=is_threaded)
    if spec.has_head:
        head = filled.views.head(spec, TODAY)
        assert head == shown(filled, spec)[: len(head)]
        assert head


def test_a_message_that_was_read_stays_among_the_unread_ones_while_it_is_kept(filled: Store) -> None:
    spec = ViewSpec(Scope.INBOXES, which=Which.UNREAD)
    inbox = filled.views.mailboxes(spec)[0]
    read = next(row.id for row in filled.envelopes.window(inbox, 0, 50).rows if row.flags & Flag.SEEN)
    before = shown(filled, spec)
    assert read not in before
    assert set(shown(filled, spec, kept={read})) == {*before, read}


def test_a_view_of_given_messages_has_only_these(filled: Store) -> None:
    spec = ViewSpec(Scope.MAILBOX, ids=(EnvelopeId(3), EnvelopeId(77), EnvelopeId(999_999)))
    assert set(shown(filled, spec)) == {3, 77}


def test_an_open_view_leaves_no_file_and_can_be_read(filled: Store) -> None:
    made = filled.views.make(ViewSpec(Scope.INBOXES), TODAY)
    assert made.file.stat().st_mode & 0o777 == 0o600
    opened = Opened(made)
    assert not list(made.file.parent.glob("view-*"))
    assert len(opened.ids(10, 5)) == 5
    opened.close()


def test_a_view_that_cannot_be_made_leaves_no_file(filled: Store) -> None:
    filled.views.interrupt()  # nothing is under way: nothing happens
    with pytest.raises(StoreError), filled.transaction():
        filled.views.make(ViewSpec(Scope.INBOXES), TODAY)  # a file cannot be attached inside of one


def test_files_of_processes_that_were_killed_are_swept(store: Store, paths: Paths) -> None:
    left = paths.mail_db.with_name("view-999999999-1.db")
    left.write_bytes(b"")
    store.views.sweep()
    assert not left.exists() or not Path("/proc/self").exists()


def test_counts_are_those_of_the_views(filled: Store) -> None:
    counts = filled.views.counts(TODAY)
    by_hand = [len(shown(filled, ViewSpec(Scope.ALL, which=which))) for which in (
        Which.UNREAD, Which.STARRED, Which.TODAY
    )]  # fmt: skip
    assert list(counts) == by_hand
    assert filled.views.counts(TODAY, limit=3) == (3, 3, 3)


def test_only_what_matters_to_a_view_makes_it_stale(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, [incoming(1), incoming(2)])
    by_date, unread = ViewSpec(Scope.INBOXES), ViewSpec(Scope.INBOXES, which=Which.UNREAD)

    def revisions() -> tuple[int, int]:
        views = store.views
        return views.order_revision(by_date, (inbox,)), views.order_revision(unread, (inbox,))

    before = revisions()
    store.envelopes.set_flags(inbox, [(1, int(Flag.SEEN), "", None)])
    after = revisions()
    assert after[0] == before[0]
    assert after[1] != before[1]
    store.envelopes.ingest(inbox, [incoming(3)])
    assert revisions()[0] != after[0]
