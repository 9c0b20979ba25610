"""mail.db is lost, and made again from the Maildir: nothing is missing, nothing is fetched twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.posting import POP, deliver, describe, listed, mailbox, message, with_pop
from tuimail.errors import DiskFull, QuarantineRefused
from tuimail.model import AccountName, Flag, Section
from tuimail.paths import Paths
from tuimail.store import Store, aside
from tuimail.store.holding.quarantine import PartState
from tuimail.store.maildirs import rebuild as rebuild_module
from tuimail.store.maildirs.rebuild import KnownAccount, rebuild
from tuimail.store.maildirs.uidls import UidlState

ACCOUNTS = [KnownAccount(POP, "ada@example.net", "pop3"), KnownAccount(AccountName("work"), "ada@x.example", "imap")]
MAILS = {b"u%d" % number: message(number, attachment=b"QUJD") for number in range(8)}


def lived_in(paths: Paths) -> None:
    """A store with a past: moved, flagged, released, deleted."""
    with Store.open(paths) as store:
        with_pop(store)
        ids = deliver(store, MAILS.items())
        lists = store.local.folders.create(POP, "Lists/python")
        store.local.move(ids[:2], lists)
        store.local.set_flags(ids[0], int(Flag.SEEN | Flag.FLAGGED), "later work")
        store.local.set_flags(ids[6], 0, "wrong")
        store.local.set_flags(ids[6], 0, "")
        store.quarantine.release(ids[1], Section("2"), at=5)
        store.quarantine.delete(ids[2], Section("2"), describe, at=6)
        store.local.delete([ids[3]])
        store.local.expunge([ids[4]], on_server=True)
        store.local.expunge([ids[5]], on_server=False)
        store.local.uidls.note_listing(POP, dict.fromkeys(MAILS, 9), at=7, complete=True)
        store.local.uidls.rename(POP, [(b"u6", b"renumbered")], at=8)


def seen(store: Store) -> object:
    """All that a person and an engine can see of the account, without ids."""
    rows = []
    for found in store.mailboxes.all(POP):
        for identity in listed(store, found.id):
            envelope = store.envelopes.envelope(identity)
            assert envelope is not None
            parts = [(part.section, part.state, part.filename, part.decided_at)
                     for part in store.quarantine.of_message(identity)]
            rows.append((found.name, found.role, envelope.subject, envelope.flags,
                         envelope.keywords, store.local.raw(identity), parts))
    listing = dict.fromkeys([*(uidl for uidl in MAILS if uidl != b"u6"), b"renumbered"], 9)
    known = store.local.uidls.note_listing(POP, listing, at=9, complete=True)
    states = {uidl: (row.state, row.envelope_id is not None, row.sha256) for uidl, row in known.items()
              if row.envelope_id is not None}
    without = {uidl: row.state for uidl, row in known.items() if row.envelope_id is None}
    return sorted(rows, key=repr), states, without


@pytest.mark.parametrize("loss", ["deleted", "damaged", "whole"])
def test_everything_is_there_again(paths: Paths, loss: str) -> None:
    lived_in(paths)
    with Store.open(paths) as store:
        before = seen(store)
        store.parts.put(store.envelopes.recent()[0].id, "1", b"old")
    if loss == "deleted":
        for file in paths.data.glob("mail.db*"):
            file.unlink()
    elif loss == "damaged":
        paths.mail_db.write_bytes(b"\xff" * 10_000)
    told: list[int] = []
    result = rebuild(paths, ACCOUNTS, describe, progress=told.append)
    assert result.messages == 6
    assert [finding[:30] for finding in result.findings] == ["The old mail.db cannot be read"] * (loss == "damaged")
    assert told == [1, 2, 3, 4, 5, 6]
    assert (result.put_aside is None) == (loss == "deleted")
    assert not list(paths.data.glob("*rebuilding*"))
    with Store.open(paths) as store:
        assert store.check() == []
        assert [account.name for account in store.accounts.all()] == ["pop", "work"]
        after = seen(store)
        assert before == after
        assert after[2] == {b"u4": UidlState.DELETE_WANTED, b"u5": UidlState.STORED}  # type: ignore[index]
        assert [store.parts.get(one.id, "1") for one in store.envelopes.recent()] == [None] * 6
        held = {part.subject for part in store.quarantine.find()}
        assert held == {"Message 0", "Message 3", "Message 6", "Message 7"}
        assert deliver(store, [(b"u0", MAILS[b"u0"])])[0] in listed(store, mailbox(store, "Lists/python"))


def test_a_release_of_another_part_opens_nothing(paths: Paths) -> None:
    lived_in(paths)
    file = paths.maildir / "pop" / "quarantine.jsonl"
    lines = file.read_text()
    torn = '{"torn": \n[1]\n"x"\n{"file": 1}\n'
    file.write_text(lines.replace('"filename":"a.pdf"', '"filename":"other.pdf"') + torn)
    for gone in paths.data.glob("mail.db*"):
        gone.unlink()
    rebuild(paths, ACCOUNTS, describe)
    with Store.open(paths) as store:
        assert [part.state for part in store.quarantine.find(states=[PartState.RELEASED])] == []
        (row,) = [row for row in store.quarantine.find() if row.subject == "Message 1"]
        with pytest.raises(QuarantineRefused):
            store.local.part(row.envelope_id, Section("2"))


def test_a_rebuild_that_fails_leaves_the_old_file(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    lived_in(paths)
    with Store.open(paths) as store:
        before = seen(store)

    def full(raw: bytes) -> object:
        raise DiskFull("full")

    with pytest.raises(DiskFull):
        rebuild(paths, ACCOUNTS, full)  # type: ignore[arg-type]  # it never returns
    with Store.open(paths) as store:
        assert seen(store) == before
    assert rebuild(paths, ACCOUNTS, describe).messages == 6


def test_a_rebuild_that_died_near_its_end_is_finished_by_who_comes_next(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise SystemExit

    lived_in(paths)
    with Store.open(paths) as store:
        before = seen(store)
        store.state.set("kept", "here")
    monkeypatch.setattr(rebuild_module, "finish", lambda _: None)
    monkeypatch.setattr(aside, "finish", dies)
    with pytest.raises(SystemExit):
        rebuild(paths, ACCOUNTS, describe)
    monkeypatch.undo()
    aside._move(paths.mail_db)
    assert not paths.mail_db.exists()
    assert paths.has_store
    with Store.open(paths) as store:
        assert seen(store) == before
        assert store.state.get("kept", "") == "here"
    assert (paths.data / "mail.db.damaged-1").exists()


def test_a_maildir_of_others_that_is_away_is_told_of(paths: Paths, tmp_path: Path) -> None:
    away = KnownAccount(AccountName("disk"), "", "maildir", tmp_path / "away")
    result = rebuild(paths, [away, *ACCOUNTS], describe)
    assert result.findings == (f"disk: There is no Maildir {tmp_path / 'away'}.",)
    assert [path.name for path in paths.maildir.iterdir()] == ["pop"]
