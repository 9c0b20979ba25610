"""What only the old mail.db knows is in the one that is made again; the old file is put aside as it was."""

from __future__ import annotations

import pytest

from tests.store.making import WORK, change, several, target, with_account
from tests.store.posting import POP, deliver, describe, listed, mailbox, message, with_pop
from tests.store.test_rebuild import ACCOUNTS
from tuimail.actions import Move
from tuimail.model import EnvelopeId, Flag
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.maildirs.rebuild import rebuild


def lived_in(paths: Paths) -> tuple[EnvelopeId, EnvelopeId]:
    """A store with things that no server and no Maildir tells: a message of a server, and one of a Maildir."""
    with Store.open(paths) as store:
        with_pop(store)
        inbox = with_account(store)
        first, second = deliver(store, [(b"u0", message(0)), (b"u1", message(1))])
        store.local.set_flags(second, 0, "later")
        lists = store.local.folders.create(POP, "Lists")
        store.envelopes.ingest(inbox, several(range(1, 6)))
        flagged, moved = listed(store, inbox)[:2]
        store.pending.add([change(store, flagged, add=Flag.FLAGGED, keyword="work")], at=5)
        store.pending.add([Move(WORK, target(store, moved), mailbox(store, "Sent", WORK))], at=6)
        store.pending.add([Move(POP, target(store, first), lists)], at=7)
        draft = store.drafts.begin(WORK, at=8, message_id="<d@example.org>", subject="Compilers", body="Dear Grace")
        store.drafts.attach(draft.id, "a.bin", "application/pdf", [b"x" * 300_000, b"yz"], at=9)
        store.outbox.add(
            None, WORK, "ada@example.org", ["g@navy.example"], b"From: a@b.example\r\n\r\nx\r\n", "<o@example.org>",
            at=10, not_before=0, to="g@navy.example", subject="out",
        )
        store.state.set("searches", [["mine", "from:grace"]])
        return flagged, first


def precious(store: Store, *ids: EnvelopeId) -> tuple[object, ...]:
    """All of it, with its numbers."""
    drafts = store.drafts.all()
    return (
        drafts, [store.drafts.read(draft.id, file.number) for draft in drafts for file in draft.files],
        store.outbox.all(), [store.outbox.raw(item.id) for item in store.outbox.all()], store.state.get("searches"),
        store.pending.due(WORK), store.pending.due(POP),
        [(store.envelopes.envelope(identity), store.envelopes.there(identity)) for identity in ids],
        sorted((envelope.id, envelope.mailbox, envelope.keywords) for envelope in store.envelopes.recent()
               if envelope.account == POP),
        listed(store, mailbox(store, "Lists")), listed(store, mailbox(store, "Sent", WORK)),
    )


def test_what_only_the_old_file_knows_is_carried_over_and_that_is_as_it_was(paths: Paths) -> None:
    ids = lived_in(paths)
    with Store.open(paths) as store:
        before = precious(store, *ids)
    octets = paths.mail_db.read_bytes()
    result = rebuild(paths, ACCOUNTS, describe)
    assert result.findings == ()
    assert (result.carried.drafts, result.carried.outbox, result.carried.pending) == (1, 1, 3)
    assert result.put_aside is not None
    assert result.put_aside.read_bytes() == octets
    with Store.open(paths) as store:
        assert store.check() == []
        for now, then in zip(precious(store, *ids), before, strict=True):
            assert now == then
        # Mail of the server is listed anew, and the actions that wait stay on top.
        inbox = mailbox(store, "INBOX", WORK)
        assert store.envelopes.ingest(inbox, several(range(1, 6))).new == 3
        assert len(listed(store, inbox)) == 4
        assert store.check() == []


def assert_salvaged(paths: Paths, step: int) -> None:
    """A page in so many is damaged, one after the other: what can be read comes over, and it is said what may not."""
    lived_in(paths)
    with Store.open(paths) as store:
        drafts = store.drafts.all()
    octets = paths.mail_db.read_bytes()
    whole = told = 0
    for page in range(1, len(octets) // 4096, step):
        for file in paths.data.glob("mail.db*"):
            file.unlink()
        paths.mail_db.write_bytes(octets[: page * 4096] + b"\xa5" * 4096 + octets[(page + 1) * 4096 :])
        result = rebuild(paths, ACCOUNTS, describe)
        told += bool(result.findings)
        with Store.open(paths) as store:
            assert store.check() == [], page
            assert {envelope.subject for envelope in store.envelopes.recent()} >= {"Message 0", "Message 1"}
            assert store.drafts.all() == drafts or result.findings, page
            whole += store.drafts.all() == drafts and result.carried[:3] == (1, 1, 3)
    assert whole
    assert told


def test_a_file_with_some_damaged_page_gives_what_can_be_read(paths: Paths) -> None:
    assert_salvaged(paths, 11)


@pytest.mark.long
def test_a_file_with_any_damaged_page_gives_what_can_be_read(paths: Paths) -> None:
    assert_salvaged(paths, 1)
