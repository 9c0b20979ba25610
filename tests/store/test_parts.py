"""The cache of parts: found again, resumed, kept small, and worth nothing when damaged."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.making import several, with_account
from tuimail.model import BodyState, EnvelopeId, MailboxId, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.aside import move_aside
from tuimail.store.packing import pack

FIRST, SECOND, THIRD = EnvelopeId(1), EnvelopeId(2), EnvelopeId(3)
NOISE = os.urandom(20_000)
WORDS = b"Shall we look at the second pass before lunch? " * 400


@pytest.fixture
def mail(store: Store, inbox: MailboxId) -> Store:
    """A store with three messages."""
    store.envelopes.ingest(inbox, several([1, 2, 3]))
    return store


@pytest.mark.parametrize("data", [b"", b"\0", WORDS, NOISE, WORDS[:4096] + NOISE])
def test_a_part_comes_out_as_it_came_in(mail: Store, data: bytes) -> None:
    mail.parts.put(FIRST, "1.2", data, real_type="text/plain")
    assert mail.parts.get(FIRST, "1.2") == data
    assert mail.parts.info(FIRST, "1.2") == (len(data), "text/plain")


def test_texts_are_deflated_and_noise_is_not(mail: Store) -> None:
    mail.parts.put(FIRST, "1", WORDS)
    assert mail.parts.stored_octets() < len(WORDS) // 4
    mail.parts.put(FIRST, "1", NOISE)
    assert mail.parts.stored_octets() == len(NOISE)


def test_what_is_not_here_is_none(mail: Store) -> None:
    assert mail.parts.get(FIRST, "1") is None
    assert mail.parts.info(FIRST, "1") is None
    assert mail.parts.text(FIRST, "text") is None
    assert mail.parts.sections(FIRST) == []


def test_readable_texts_stand_apart_from_sections(mail: Store) -> None:
    mail.parts.put_text(FIRST, "html", b'{"lines":[]}')
    mail.parts.put(FIRST, "", WORDS)
    mail.parts.put(FIRST, "2", b"x")
    assert mail.parts.text(FIRST, "html") == b'{"lines":[]}'
    assert mail.parts.text(FIRST, "plain") is None
    assert mail.parts.sections(FIRST) == [Section(""), Section("2")]


def test_a_message_that_is_gone_has_no_parts_and_takes_none(mail: Store, inbox: MailboxId) -> None:
    mail.parts.put(FIRST, "1", b"x")
    mail.parts.begin(FIRST, "2", 10)
    mail.envelopes.vanish(inbox, [1])
    assert mail.parts.get(FIRST, "1") is None
    mail.parts.put(FIRST, "1", b"y")
    assert mail.parts.begin(FIRST, "2", 10) == 0
    assert mail.parts.evict(1 << 30) == 1
    assert mail.parts.stored_octets() == 0


def test_an_interrupted_fetch_goes_on_where_it_stopped(mail: Store, paths: Paths) -> None:
    assert mail.parts.begin(FIRST, "2<", 8) == 0
    assert mail.parts.append(FIRST, "2<", b"aGVs") == 4
    with Store.open(paths) as other:
        assert other.parts.begin(FIRST, "2<", 8) == 4
        assert other.parts.append(FIRST, "2<", b"bG8=") == 8
    assert mail.parts.staged(FIRST, "2<") == b"aGVsbG8="
    mail.parts.put(FIRST, "2", b"hello")
    assert mail.parts.staged(FIRST, "2<") == b""


def test_a_fetch_of_another_size_begins_anew(mail: Store) -> None:
    mail.parts.begin(FIRST, "", 8)
    mail.parts.append(FIRST, "", b"abcd")
    assert mail.parts.begin(FIRST, "", 9) == 0
    assert mail.parts.staged(FIRST, "") == b""


def test_what_was_staged_becomes_the_part(mail: Store) -> None:
    mail.parts.begin(FIRST, "", 6)
    mail.parts.append(FIRST, "", b"abc")
    mail.parts.append(FIRST, "", b"def")
    mail.parts.finish(FIRST, "")
    assert mail.parts.get(FIRST, "") == b"abcdef"
    assert mail.parts.begin(FIRST, "", 6) == 0


def test_octets_that_nobody_began_are_dropped(mail: Store) -> None:
    mail.parts.append(FIRST, "", b"abc")
    assert mail.parts.staged(FIRST, "") == b""


def test_the_part_not_read_for_longest_goes_first(mail: Store) -> None:
    for identity in (FIRST, SECOND, THIRD):
        mail.parts.put(identity, "1", NOISE)
    mail.parts.get(FIRST, "1")
    assert mail.parts.evict(2 * len(NOISE)) == len(NOISE)
    assert mail.parts.get(SECOND, "1") is None
    assert mail.parts.get(FIRST, "1") == NOISE
    assert mail.parts.get(THIRD, "1") == NOISE


def test_a_message_whose_text_went_is_absent_again(mail: Store, inbox: MailboxId) -> None:
    mail.parts.put_text(FIRST, "text", NOISE)
    mail.parts.put(FIRST, "", NOISE)
    mail.envelopes.set_body_state(FIRST, BodyState.WHOLE)
    mail.parts.get(FIRST, "")
    before = mail.mailboxes.revision(inbox)
    mail.parts.evict(0)
    assert mail.envelopes.rows([FIRST])[0].body == BodyState.ABSENT
    assert mail.mailboxes.revision(inbox) == before + 1


def test_a_message_that_keeps_its_text_keeps_that_state(mail: Store) -> None:
    mail.parts.put(FIRST, "", NOISE)
    mail.parts.put_text(FIRST, "text", NOISE)
    mail.envelopes.set_body_state(FIRST, BodyState.WHOLE)
    mail.parts.evict(len(NOISE))
    assert mail.envelopes.rows([FIRST])[0].body == BodyState.TEXT


def test_a_lost_file_is_made_again_and_bodies_are_absent(mail: Store, paths: Paths) -> None:
    mail.parts.put_text(FIRST, "text", b"{}")
    mail.envelopes.set_body_state(FIRST, BodyState.TEXT)
    mail.parts.close()
    for file in paths.data.glob("parts.db*"):
        file.unlink()
    with Store.open(paths) as other:
        assert other.parts.text(FIRST, "text") is None
        assert other.envelopes.rows([FIRST])[0].body == BodyState.ABSENT


def test_a_body_is_never_shown_under_a_message_of_a_new_store(paths: Paths) -> None:
    with Store.open(paths) as old:
        old.envelopes.ingest(with_account(old), several([1]))
        old.parts.put_text(FIRST, "text", b'"for Ada only"')
        old.parts.begin(FIRST, "", 5)
        old.parts.append(FIRST, "", b"abc")
    move_aside(paths.mail_db)
    with Store.open(paths) as fresh:
        fresh.envelopes.ingest(with_account(fresh), several([99]))
        assert fresh.parts.text(FIRST, "text") is None
        assert fresh.parts.sections(FIRST) == []
        assert fresh.parts.begin(FIRST, "", 5) == 0
        assert fresh.parts.staged(FIRST, "") == b""


def test_another_version_of_the_cache_is_thrown_away(mail: Store, paths: Paths) -> None:
    mail.parts.put(FIRST, "1", b"x")
    mail.parts.close()
    with closing(sqlite3.connect(paths.parts_db)) as connection:
        connection.execute("PRAGMA user_version=99")
    assert mail.parts.get(FIRST, "1") is None
    mail.parts.put(FIRST, "1", b"y")
    assert mail.parts.get(FIRST, "1") == b"y"
    assert list(paths.data.glob("parts.db.damaged*")) == []


@pytest.mark.parametrize("damage", ["header", "cut", "garbage", "pages", "empty"])
def test_a_damaged_cache_is_put_aside_in_silence(mail: Store, paths: Paths, damage: str) -> None:
    for identity in (FIRST, SECOND, THIRD):
        mail.parts.put(identity, "1", NOISE)
    mail.parts.close()
    spoil(paths.parts_db, damage)
    for identity in (FIRST, SECOND, THIRD):
        assert mail.parts.get(identity, "1") in (None, NOISE)
        mail.parts.put(identity, "1", WORDS)
        assert mail.parts.get(identity, "1") in (None, WORDS)
    mail.parts.evict(0)


def test_only_one_damaged_cache_is_kept(mail: Store, paths: Paths) -> None:
    for _ in range(3):
        mail.parts.put(FIRST, "1", NOISE)
        mail.parts.close()
        spoil(paths.parts_db, "header")
        assert mail.parts.get(FIRST, "1") is None
    assert [file.name for file in paths.data.glob("parts.db.damaged*")] == ["parts.db.damaged-1"]


def test_looking_only_makes_no_file_and_moves_none(mail: Store, paths: Paths) -> None:
    with Store.open(paths, write=False) as reader:
        assert reader.parts.get(FIRST, "1") is None
        assert not paths.parts_db.exists()
        mail.parts.put(FIRST, "1", b"x")
        assert reader.parts.get(FIRST, "1") == b"x"
    mail.parts.close()
    spoil(paths.parts_db, "header")
    with Store.open(paths, write=False) as reader:
        assert reader.parts.get(FIRST, "1") is None
    assert list(paths.data.glob("parts.db.damaged*")) == []


def spoil(file: Path, damage: str) -> None:
    """Damage a database file."""
    octets = bytearray(file.read_bytes())
    match damage:
        case "header":
            octets[:100] = bytes(100)
        case "cut":
            octets = octets[: len(octets) // 2]
        case "garbage":
            octets = bytearray(b"This is no database. " * 500)
        case "pages":
            octets[4096 : len(octets) // 2] = bytes(len(octets) // 2 - 4096)
        case "empty":
            octets = bytearray()
    file.write_bytes(octets)


def test_parts_of_many_messages_are_kept_at_once_and_counted_once(mail: Store, inbox: MailboxId) -> None:
    mail.parts.put(SECOND, "1", NOISE)
    mail.parts.begin(THIRD, "2<", 10)
    mail.parts.append(THIRD, "2<", b"12345")
    mail.envelopes.vanish(inbox, [1])
    pieces = [pack("readable:text", b"[]"), pack("1", WORDS), pack("2", b"x", "image/png")]
    mail.parts.put_packed([(one, pieces) for one in (FIRST, SECOND, THIRD, EnvelopeId(77))])
    for one in (SECOND, THIRD):
        assert (mail.parts.get(one, "1"), mail.parts.text(one, "text")) == (WORDS, b"[]")
        assert mail.parts.info(one, "2") == (1, "image/png")
    assert mail.parts.staged(THIRD, "2<") == b""
    assert mail.parts.sections(FIRST) == []
    assert mail.parts.stored_octets() == 2 * sum(len(piece.octets) for piece in pieces)


def test_what_is_held_is_not_kept_among_many_either(mail: Store) -> None:
    mail.quarantine.hold(
        SECOND, Section("2"), filename="a.exe", declared_type="application/pdf", size_octets=1, encoding=""
    )
    mail.parts.put_packed([(one, [pack("1", b"x"), pack("2", b"y")]) for one in (FIRST, SECOND)])
    assert (mail.parts.sections(FIRST), mail.parts.sections(SECOND)) == (["1", "2"], ["1"])
