"""The quarantine: no way leads to held octets, decisions are kept, deletion leaves the rest as it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.store.making import several, with_account
from tests.store.posting import POP, deliver, describe, listed, mailbox, message, with_pop
from tuimail.errors import NotDownloaded, QuarantineRefused, UsageError, Vanished
from tuimail.model import BodyState, EnvelopeId, MailboxId, Section
from tuimail.store import Store
from tuimail.store.files import save_part
from tuimail.store.holding.quarantine import PEEK_OCTETS, PartState
from tuimail.store.maildirs.filing import StoredPart
from tuimail.store.maildirs.replacing import note_of, without_part

TWO = Section("2")
DATA = b"QUJDREVG" * 30_000


@pytest.fixture
def inbox(store: Store) -> MailboxId:
    return with_pop(store)


@pytest.fixture
def held(store: Store, inbox: MailboxId) -> EnvelopeId:
    (identity,) = deliver(store, [(b"u", message(1, attachment=DATA))])
    return identity


def find(store: Store, held: EnvelopeId) -> object:
    store.quarantine.set_findings(
        held, TWO, verdict="dangerous", reasons=["It runs.", "\udce9 It lies."], real_type="application/x-dosexec",
        sha256=b"\1" * 32, size_octets=180_000, at=77,
    )
    return store.quarantine.get(held, TWO)


def test_what_is_held_is_told_with_all_that_is_known(store: Store, held: EnvelopeId) -> None:
    (part,) = store.quarantine.unexamined()
    assert (part.envelope_id, part.section, part.state) == (held, TWO, PartState.HELD)
    assert (part.filename, part.declared_type, part.subject) == ("a.pdf", "application/pdf", "Message 1")
    assert store.quarantine.count() == store.quarantine.count(POP) == 1
    find(store, held)
    assert store.quarantine.unexamined() == []
    (part,) = store.quarantine.find(account=POP, verdict="dangerous")
    assert (part.reasons, part.real_type) == (("It runs.", "\ufffd It lies."), "application/x-dosexec")
    assert (part.sha256, part.size_octets, part.examined_at) == (b"\1" * 32, 180_000, 77)
    assert store.quarantine.find(verdict="no finding") == []


def test_looking_gives_the_first_octets_and_the_examination_all(store: Store, held: EnvelopeId) -> None:
    assert store.quarantine.peek(held, TWO).octets == DATA[:PEEK_OCTETS]
    assert store.quarantine.octets(held, TWO).octets == DATA
    with pytest.raises(Vanished):
        store.quarantine.peek(held, Section("9"))


def test_no_door_opens_for_what_is_held(store: Store, held: EnvelopeId, tmp_path: Path) -> None:
    store.parts.begin(held, "2<", 10)
    store.parts.append(held, "2<", b"on its way")
    assert store.parts.staged(held, "2<")
    store.parts.put(held, TWO, b"decoded by mistake")
    assert store.parts.staged(held, "2<") == b""
    assert store.parts.get(held, TWO) is None
    with pytest.raises(QuarantineRefused):
        save_part(store, held, TWO, tmp_path, "a.pdf")
    with pytest.raises(QuarantineRefused):
        store.local.part(held, TWO)
    assert not (tmp_path / "a.pdf").exists()


def test_what_is_released_can_be_saved_and_says_where_it_came_from(
    store: Store, held: EnvelopeId, tmp_path: Path
) -> None:
    store.quarantine.release(held, TWO, at=9)
    assert store.quarantine.count() == 0
    assert store.local.part(held, TWO).octets == DATA
    store.parts.put(held, TWO, b"%PDF")
    saved = save_part(store, held, TWO, tmp_path, "a.pdf")
    assert saved.read_bytes() == b"%PDF"
    assert saved.stat().st_mode & 0o777 == 0o600
    try:
        os.setxattr(saved, "user.test", b"1")
    except OSError:
        return
    assert os.getxattr(saved, "user.xdg.origin.url") == b"mid:1%40navy.example"


def test_a_decision_is_made_once(store: Store, held: EnvelopeId) -> None:
    store.quarantine.release(held, TWO, at=9)
    with pytest.raises(UsageError, match="released already"):
        store.quarantine.release(held, TWO, at=10)
    with pytest.raises(Vanished):
        store.quarantine.release(held, Section("1.9"), at=10)
    store.quarantine.delete(held, TWO, describe, at=11)  # what was released can still be deleted
    with pytest.raises(UsageError, match="deleted already"):
        store.quarantine.delete(held, TWO, describe, at=12)


def test_deleting_leaves_a_note_and_the_rest_octet_for_octet(store: Store, held: EnvelopeId) -> None:
    before = message(1, attachment=DATA)
    find(store, held)
    store.parts.put_text(held, "text", b"{}")
    store.quarantine.delete(held, TWO, describe, at=1_700_000_000)
    after = store.local.raw(held)
    start, end = before.index(b"Content-Type: application/pdf"), before.index(DATA) + len(DATA)
    assert after.startswith(before[:start])
    assert after.endswith(before[end:])
    note = after[start : len(after) - len(before[end:])]
    for told in (b"2023-11-14", b"a.pdf", b"application/pdf", b"180,000", b"01" * 32):
        assert told in note
    assert b"\n" not in note.replace(b"\r\n", b"")
    envelope = store.envelopes.envelope(held)
    assert envelope is not None
    assert (envelope.size_octets, envelope.body) == (len(after), BodyState.WHOLE)
    assert store.parts.text(held, "text") is None
    with pytest.raises(QuarantineRefused, match="deleted"):
        store.local.part(held, TWO)
    assert store.local.part(held, Section("1")).octets == b"Hello 1."
    assert deliver(store, [(b"u", before)]) == [held]
    assert listed(store, mailbox(store, "INBOX")) == [held]


def test_a_message_that_is_all_attachment_keeps_its_header() -> None:
    raw = (
        b"From: a@b\r\nContent-Type: application/pdf;\r\n name=a.pdf\r\nContent-transfer-encoding: base64\r\n"
        b"Subject: folded\r\n line\r\nMIME-Version: 1.0\r\n\r\nAAAA\r\nBBBB\r\n"
    )
    body = raw.index(b"\r\n\r\n") + 4
    part = StoredPart(Section("1"), 0, body, len(raw), "base64", "a.pdf", "application/pdf", 6, True)
    after = without_part(raw, part, note_of(
        filename="a\r\nB: c\x1b.pdf", declared_type="application/pdf", size_octets=6, sha256=None, on="2023-11-14",
    ))
    header, _, text = after.partition(b"\r\n\r\n")
    assert header == (
        b"From: a@b\r\nSubject: folded\r\n line\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Disposition: inline\r\nContent-Transfer-Encoding: 8bit"
    )
    assert "Name: a\ufffd\ufffdB: c\ufffd.pdf".encode() in text
    assert b"AAAA" not in after


def test_imap_mail_can_be_held_too(store: Store, tmp_path: Path) -> None:
    inbox = with_account(store)
    store.envelopes.ingest(inbox, several([1]))
    (identity,) = listed(store, inbox)
    store.quarantine.hold(identity, TWO, filename="x.exe", declared_type="application/x", size_octets=5)
    store.quarantine.hold(identity, TWO, filename="again", declared_type="text/plain", size_octets=5)
    (part,) = store.quarantine.of_message(identity)
    assert (part.filename, part.is_here) == ("x.exe", False)
    store.parts.put(identity, Section("2.1"), b"inside")
    store.quarantine.hold(identity, Section("3.1"), filename="y.exe", declared_type="application/x", size_octets=5)
    for section in ("2", "2.1", "3"):
        with pytest.raises(QuarantineRefused):
            save_part(store, identity, Section(section), tmp_path, "x")
    with pytest.raises(NotDownloaded):
        store.quarantine.peek(identity, TWO)
    store.quarantine.release(identity, TWO, at=1)
    store.quarantine.hold(identity, TWO, filename="x.exe", declared_type="application/x", size_octets=5)
    assert [part.section for part in store.quarantine.find()] == ["3.1"]


def test_of_imap_mail_all_that_was_fetched_of_a_deleted_part_goes_for_good(store: Store, tmp_path: Path) -> None:
    inbox = with_account(store)
    store.envelopes.ingest(inbox, several([1]))
    (identity,) = listed(store, inbox)
    store.quarantine.hold(identity, TWO, filename="x.exe", declared_type="application/x", size_octets=5)
    store.quarantine.release(identity, TWO, at=1)
    for section in ("", "1", "2", "2.1", "20"):
        store.parts.put(identity, section, b"bytes of " + section.encode())
    store.parts.append(identity, "2<", b"half") if store.parts.begin(identity, "2<", 9) == 0 else None
    store.envelopes.set_body_state(identity, BodyState.WHOLE)
    store.quarantine.delete(identity, TWO, describe, at=2)
    assert store.parts.sections(identity) == ["1", "20"]
    assert store.parts.staged(identity, "2<") == b""
    (part,) = store.quarantine.of_message(identity)
    assert (part.state, part.decided_at) == (PartState.DELETED, 2)
    for section in ("", "2", "2.1"):
        store.parts.put(identity, section, b"again")
        assert store.parts.get(identity, section) is None
        with pytest.raises(QuarantineRefused, match="deleted here"):
            store.local.refuse_held(identity, Section(section))
    assert save_part(store, identity, Section("20"), tmp_path, "x").read_bytes() == b"bytes of 20"


def test_files_hash_as_their_rows_say(store: Store, held: EnvelopeId) -> None:
    store.quarantine.delete(held, TWO, describe, at=1)
    (row,) = store.local.where.files([held])
    assert row.sha256 == hashlib.sha256(store.local.raw(held)).digest()
