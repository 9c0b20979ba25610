"""What the index finds, in which order, and that it is always of today's mail."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.query.test_queries import BREAKS_FTS5
from tests.store.indexing import NOW, found, give_text, ids, index, page
from tests.store.making import START, WORK, incoming, several, target
from tests.store.posting import POP, with_pop
from tuimail.actions import SetFlags
from tuimail.engine.finding import indexing
from tuimail.engine.local.describe import describe
from tuimail.errors import DiskFull, StoreError
from tuimail.model import EnvelopeId, Flag, MailboxId, Section
from tuimail.paths import Paths
from tuimail.query.parser import parse
from tuimail.query.tree import Node
from tuimail.store import Store
from tuimail.store.database import Database
from tuimail.store.finding import search
from tuimail.store.finding.search_index import quantum, quantum_of_place
from tuimail.store.lists.order import place_of

PDF = (
    b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12 1)("APPLICATION" "PDF" ("NAME" "Rechnung-2026.pdf") NIL NIL "BASE64" 400'
    b' NIL ("ATTACHMENT" ("FILENAME" "Rechnung-2026.pdf")) NIL) "MIXED")'
)
NOTES = (
    b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12 1)("TEXT" "PLAIN" ("NAME" "notes.txt") NIL NIL "7BIT" 40 2'
    b' NIL ("ATTACHMENT" ("FILENAME" "notes.txt")) NIL) "MIXED")'
)


def tell(store: Store, mailbox_id: MailboxId, *messages: Mapping[str, object]) -> list[EnvelopeId]:
    """Messages that come in, oldest first; their ids."""
    store.envelopes.ingest(mailbox_id, [incoming(uid, **changes) for uid, changes in enumerate(messages, 1)])
    ids = [store.envelopes.by_uid(mailbox_id, uid) for uid in range(1, len(messages) + 1)]
    return [envelope_id for envelope_id in ids if envelope_id is not None]


@pytest.fixture
def mail(store: Store, inbox: MailboxId) -> list[EnvelopeId]:
    """A few messages, indexed; the first one has its text."""
    told = tell(
        store, inbox,
        {"subject": "Lunch on Thursday", "from_": "Émile Lefèvre <emile@example.fr>", "cc": "Alan <alan@example.net>"},
        {"subject": "会議の予定について", "from_": "山田 太郎 <yamada@example.jp>", "flags": int(Flag.FLAGGED)},
        {"subject": "Stromrechnung", "structure": PDF, "has_attachments": True, "size_octets": 3_000_000},
        {"subject": "Compilers", "list_id": "gcc devel <gcc.lists.example>", "flags": int(Flag.SEEN | Flag.ANSWERED)},
        {"subject": "Straße gesperrt", "thread_id": 99, "flags": int(Flag.SEEN | Flag.DRAFT)},
    )  # fmt: skip
    give_text(store, told[0], "Shall we meet at the canteen?", "The hamburger is good.")
    index(store)
    return told


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lunch", ["Lunch on Thursday"]),
        ("CANTEEN", ["Lunch on Thursday"]),
        ("lefevre", ["Lunch on Thursday"]),
        ("strasse", ["Straße gesperrt"]),
        ('"the canteen"', ["Lunch on Thursday"]),
        ('"canteen shall"', []),
        ("compil*", ["Compilers"]),
        ("compiler", ["Compilers"]),
        ("burger", ["Lunch on Thursday"]),
        ("*rechnung*", ["Stromrechnung"]),
        ("会議", ["会議の予定について"]),
        ("予定につ", ["会議の予定について"]),
        ("山", ["会議の予定について"]),
        ("from:grace -stromrechnung", ["Straße gesperrt", "Compilers"]),
        ("from:emile@example.fr", ["Lunch on Thursday"]),
        ("to:ada lunch", ["Lunch on Thursday"]),
        ("to:alan", []),
        ("cc:alan", ["Lunch on Thursday"]),
        ("subject:canteen", []),
        ("body:canteen", ["Lunch on Thursday"]),
        ("list:gcc", ["Compilers"]),
        ("filename:rechnung", ["Stromrechnung"]),
        ("filename:*.pdf", ["Stromrechnung"]),
        ("type:pdf", ["Stromrechnung"]),
        ("type:application/pdf", ["Stromrechnung"]),
        ("type:image", []),
        ("pdf lunch", []),
        ("has:attachment", ["Stromrechnung"]),
        ("lunch OR compilers", ["Compilers", "Lunch on Thursday"]),
        ("lunch OR is:starred", ["会議の予定について", "Lunch on Thursday"]),
        ("is:starred", ["会議の予定について"]),
        ("is:read", ["Straße gesperrt", "Compilers"]),
        ("is:unread lunch", ["Lunch on Thursday"]),
        ("is:answered", ["Compilers"]),
        ("is:draft", ["Straße gesperrt"]),
        ("is:held", []),
        ("larger:1M", ["Stromrechnung"]),
        ("smaller:2k is:starred", ["会議の予定について"]),
        ("thread:99", ["Straße gesperrt"]),
        ("-lunch is:unread", ["Stromrechnung", "会議の予定について"]),
        ("-(lunch OR compilers) -is:draft", ["Stromrechnung", "会議の予定について"]),
        ("in:inbox lunch", ["Lunch on Thursday"]),
        ("in:sent", []),
        ("account:work is:starred", ["会議の予定について"]),
        ("(lunch -canteen) OR (compilers -nothing)", ["Compilers"]),
        ("nothinglikethis", []),
    ],
)
def test_a_query_finds_what_it_says(store: Store, mail: list[EnvelopeId], query: str, expected: list[str]) -> None:
    assert found(store, query) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("ompile", "Compilers"), ("omp", "Compilers"), ("chnung", "Stromrechnung"), ("予", "会議の予定について"),
     ("grace ompi", "Compilers"), ("Com", "Compilers")],
)  # fmt: skip
def test_while_one_types_parts_of_words_are_found(
    store: Store, mail: list[EnvelopeId], typed: str, expected: str
) -> None:
    read = parse(typed, now=NOW, known=store.search.known(), is_typing=True).tree
    assert read is not None
    assert [hit.row.subject for hit in store.search.find(read).hits] == [expected]


def test_no_query_breaks_the_index(paths: Paths, store: Store, mail: list[EnvelopeId]) -> None:
    made = paths.search_db.stat().st_ino
    for text in BREAKS_FTS5:
        read = parse(text, now=NOW, known=store.search.known())
        if read.tree is not None:
            for best in (False, True):
                assert store.search.find(read.tree, best=best) is not None, text
        assert paths.search_db.stat().st_ino == made, text
    assert found(store, "lunch") == ["Lunch on Thursday"]


def test_the_deepest_and_widest_query_is_answered(store: Store, mail: list[EnvelopeId]) -> None:
    deep = "".join(f"({'a' * 3}{at} {'OR ' if at % 2 else '-b '}" for at in range(10)) + "lunch" + ")" * 10
    wide = " OR ".join(f"word{at}" for at in range(60)) + " OR lunch"
    assert page(store, deep).coverage is not None
    assert found(store, wide) == ["Lunch on Thursday"]
    assert found(store, "lunch " + " ".join(f"-word{at}" for at in range(60))) == ["Lunch on Thursday"]


def test_the_best_come_first_when_asked_for(store: Store, inbox: MailboxId) -> None:
    told = tell(store, inbox, {"subject": "canteen"}, {"subject": "other"}, {"subject": "third"})
    give_text(store, told[2], "words " * 30, "and the canteen")
    index(store)
    assert found(store, "canteen") == ["third", "canteen"]
    assert found(store, "canteen", best=True) == ["canteen", "third"]


# --- order and pages ------------------------------------------------------------


def test_pages_hold_everything_once_and_newest_first(store: Store, inbox: MailboxId) -> None:
    rng = random.Random(7)
    sent = [START + rng.choice((0, 1, 64, 100_000)) * rng.randint(0, 40) for _ in range(300)]
    tell(store, inbox, *({"sent_at": at, "received_at": START + 9_000_000} for at in sent))
    index(store, 17)
    for query in ("compiler", "is:unread"):
        tree = parse(query, now=NOW).tree
        assert tree is not None
        pages = [store.search.find(tree, limit=23)]
        while pages[-1].after is not None:
            pages.append(store.search.find(tree, limit=23, after=pages[-1].after))
        assert len(pages) == 14
        listed = [row.id for row in store.envelopes.window(inbox, 0, 1000).rows]
        assert ids(pages) == listed


def test_best_first_has_pages_too(store: Store, inbox: MailboxId) -> None:
    tell(store, inbox, *({"subject": f"compiler {'and more ' * (uid % 5)}"} for uid in range(50)))
    index(store)
    tree = parse("compiler", now=NOW).tree
    assert tree is not None
    pages = [store.search.find(tree, limit=20, best=True)]
    while pages[-1].after is not None:
        pages.append(store.search.find(tree, limit=20, best=True, after=pages[-1].after))
    assert len(ids(pages)) == len(set(ids(pages))) == 50


def test_a_thousand_messages_of_one_second_are_in_order(store: Store, inbox: MailboxId) -> None:
    tell(store, inbox, *({"sent_at": START, "received_at": START} for _ in range(1000)))
    index(store, 100)
    assert ids([page(store, "compiler", limit=500)]) == [row.id for row in store.envelopes.window(inbox, 0, 500).rows]


def test_dates_bound_what_the_index_reads(store: Store, inbox: MailboxId) -> None:
    tell(store, inbox, *({"sent_at": START + day * 86400, "received_at": START + 99 * 86400} for day in range(60)))
    index(store)
    everything = ids([page(store, "compiler")])
    assert ids([page(store, "compiler before:2023-12-01")]) + ids([page(store, "compiler after:2023-12-01")]) != []
    newer, older = ids([page(store, "compiler after:2023-12-01")]), ids([page(store, "compiler before:2023-12-01")])
    assert newer + older == everything
    assert newer == ids([page(store, "after:2023-12-01")])


def test_messages_of_the_last_second_of_a_day_belong_to_it(store: Store, inbox: MailboxId) -> None:
    midnight = int(time.mktime((2023, 12, 1, 0, 0, 0, 0, 0, -1)))
    tell(store, inbox, *({"sent_at": midnight - 1, "received_at": midnight} for _ in range(40)))
    index(store)
    assert len(found(store, "compiler before:2023-12-01")) == 40
    assert found(store, "compiler after:2023-12-01") == []


@pytest.mark.parametrize("sent_at", [-(10**12), -1, 0, 63, 10**12])
def test_impossible_dates_can_be_found(store: Store, inbox: MailboxId, sent_at: int) -> None:
    tell(store, inbox, {"sent_at": sent_at, "received_at": sent_at}, {"subject": "compiler"})
    index(store)
    assert len(found(store, "compiler")) == 2
    assert quantum_of_place(place_of(sent_at, 1)) >= quantum(sent_at) or sent_at > 10**11


# --- always of today ------------------------------------------------------------


def test_messages_that_went_are_not_found(store: Store, inbox: MailboxId, mail: list[EnvelopeId]) -> None:
    store.envelopes.vanish(inbox, [1])
    assert found(store, "lunch") == []
    index(store)
    assert store.search_index.marks().dead >= 1
    assert store.search.coverage().percent == 100


def test_a_flag_counts_at_once(store: Store, inbox: MailboxId, mail: list[EnvelopeId]) -> None:
    store.pending.add([SetFlags(WORK, target(store, mail[0]), int(Flag.SEEN), 0, ())], at=START)
    assert found(store, "lunch is:unread") == []


def test_a_text_that_comes_is_found_and_replaces_what_was_known(store: Store, mail: list[EnvelopeId]) -> None:
    assert found(store, "parliament") == []
    give_text(store, mail[1], "The parliament meets.")
    index(store)
    assert found(store, "parliament") == ["会議の予定について"]
    assert found(store, "会議") == ["会議の予定について"]
    assert store.search.coverage().done == 5


def test_a_text_whose_note_was_lost_is_found_by_the_comparison(store: Store, mail: list[EnvelopeId]) -> None:
    give_text(store, mail[1], "The parliament meets.")
    with store.transaction():
        store._database.run("DELETE FROM reindex")
    store.search_index.note_parts((), 99)
    index(store)
    assert found(store, "parliament") == ["会議の予定について"]


def test_a_text_that_leaves_the_cache_is_still_found(store: Store, mail: list[EnvelopeId]) -> None:
    store.parts.evict(0)
    store.search_index.note_parts([mail[0]], 0)
    index(store)
    assert found(store, "canteen") == ["Lunch on Thursday"]


def test_the_text_of_an_attachment_is_found_once_it_is_here(store: Store, inbox: MailboxId) -> None:
    told = tell(store, inbox, {"subject": "files", "structure": NOTES, "has_attachments": True})
    index(store)
    assert found(store, "marmalade") == []
    store.parts.put(told[0], "2", b"buy marmalade")
    index(store)
    assert found(store, "marmalade") == ["files"]
    assert found(store, "filename:notes") == ["files"]


RAW = (
    b"From: Ada <ada@example.org>\r\nSubject: minutes\r\nMessage-ID: <m@x>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n--=_b\r\nContent-Type: text/html\r\n\r\n'
    b"<p>The <b>canteen</b> is closed.<style>.secretclass{}</style></p>\r\n--=_b\r\n"
    b'Content-Type: text/csv; name="table.csv"\r\nContent-Disposition: attachment\r\n\r\nmarmalade;3\r\n--=_b--\r\n'
)


def test_what_is_held_is_found_by_its_name_and_by_its_text_once_released(store: Store) -> None:
    with_pop(store)
    with store.local.delivery(POP) as delivery:
        arriving = delivery.begin(b"u1")
        arriving.write(RAW)
        (told,) = delivery.commit([(arriving, describe(RAW, hold=True))])
    index(store)
    assert found(store, "canteen filename:table type:csv is:held") == ["minutes"]
    assert found(store, "secretclass") == []
    assert found(store, "marmalade") == []
    store.quarantine.release(told, Section("2"), at=9)
    index(store)
    assert found(store, "marmalade") == ["minutes"]
    assert found(store, "is:held") == []
    store.quarantine.delete(told, Section("2"), lambda raw: describe(raw, hold=False), at=10)
    index(store)
    assert found(store, "marmalade") == []
    assert found(store, "canteen") == ["minutes"]


def test_nothing_is_read_twice(store: Store, mail: list[EnvelopeId]) -> None:
    before = store.search_index.marks()
    assert index(store) <= 1  # the comparison of ids
    assert store.search_index.marks()._replace(swept_id=None) == before._replace(swept_id=None)


# --- old mail, and the file ------------------------------------------------------


def test_old_mail_is_indexed_newest_first_and_can_be_cut(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several(range(1, 101)))
    left = indexing.steps(store, 30)
    next(left)
    next(left)
    coverage = page(store, "compiler").coverage
    assert coverage is not None
    assert coverage.percent == 60
    assert ids([page(store, "compiler")]) == [row.id for row in store.envelopes.window(inbox, 0, 60).rows]
    left.close()
    store.envelopes.ingest(inbox, several(range(101, 106)))
    next(indexing.steps(store, 30))  # what is new goes first
    assert page(store, "compiler").hits[0].row.subject == "Compiler review 105"
    index(store)
    assert store.search.coverage().percent == 100
    assert len(found(store, "compiler")) == 100


def test_new_mail_that_is_still_looked_at_waits_with_what_came_after_it(store: Store, inbox: MailboxId) -> None:
    index(store)
    store.envelopes.ingest(inbox, several(range(1, 10)))
    newest_first = [row.id for row in store.envelopes.window(inbox, 0, 9).rows]
    looked_at = sorted(newest_first)[4]
    for _ in indexing.steps(store, 3, sweep=False, below=lambda: looked_at):
        pass
    assert len(found(store, "compiler")) == 4
    index(store)
    assert len(found(store, "compiler")) == 9


def test_without_an_index_words_find_nothing_and_states_do(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several(range(1, 4)))
    assert found(store, "compiler") == []
    coverage = page(store, "compiler").coverage
    assert coverage is not None
    assert coverage.percent == 0
    assert len(found(store, "is:unread")) == 3
    assert page(store, "is:unread").coverage is None


@pytest.mark.parametrize("damage", ["cut", "zeroed", "text", "empty", "other version"])
def test_a_damaged_index_is_made_anew(paths: Paths, store: Store, mail: list[EnvelopeId], damage: str) -> None:
    store.search.close()
    store.search_index.close()
    octets = bytearray(paths.search_db.read_bytes())
    if damage == "cut":
        octets = octets[: len(octets) // 2]
    elif damage == "zeroed":
        octets[4096:] = bytes(len(octets) - 4096)
    elif damage == "text":
        octets = bytearray(b"this is no database\n" * 1000)
    elif damage == "empty":
        octets = bytearray()
    else:
        octets[60:64] = (77).to_bytes(4)
    paths.search_db.write_bytes(octets)
    with Store.open(paths) as other:
        other.search_index.look_closely()
        index(other)
        assert found(other, "canteen") == ["Lunch on Thursday"]
        assert other.check() == []


def test_who_searches_finds_the_damage_too(paths: Paths, store: Store, mail: list[EnvelopeId]) -> None:
    store.search.close()
    store.search_index.close()
    octets = bytearray(paths.search_db.read_bytes())
    octets[8192:] = b"\xa5" * (len(octets) - 8192)
    paths.search_db.write_bytes(octets)
    with Store.open(paths) as looking, Store.open(paths) as engine:
        assert found(looking, "canteen") == []
        coverage = page(looking, "canteen").coverage
        assert coverage is not None
        assert coverage.was_damaged
        index(engine)
        assert found(looking, "canteen") == ["Lunch on Thursday"]


def test_an_index_that_cannot_be_read_just_now_finds_nothing_and_says_so(
    store: Store, mail: list[EnvelopeId], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(store, "lunch")

    def refuse(self: object) -> None:
        raise StoreError("The mail store could not be used: disk I/O error.")

    monkeypatch.setattr("tuimail.store.finding.search_file.SearchFile.existing", refuse)
    assert found(store, "is:starred")
    assert found(store, "lunch") == []
    assert store.search.coverage().percent == 0
    monkeypatch.undo()
    assert found(store, "lunch")


def test_an_index_that_vanishes_under_both_is_made_anew(paths: Paths, store: Store, mail: list[EnvelopeId]) -> None:
    assert found(store, "lunch") == ["Lunch on Thursday"]
    for file in paths.data.glob("search.db*"):
        file.unlink()
    assert found(store, "lunch") == []
    index(store)
    assert found(store, "lunch") == ["Lunch on Thursday"]
    assert found(store, "unch") == ["Lunch on Thursday"]


def test_a_full_disk_loses_nothing(
    store: Store, inbox: MailboxId, mail: list[EnvelopeId], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.envelopes.ingest(inbox, several(range(10, 100)))
    real = Database.run

    def full(self: Database, sql: str, values: Sequence[object] = ()) -> int:
        if "SET newest_id" in sql:  # the last words of a step
            raise DiskFull("The disk is full.")
        return real(self, sql, values)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "run", full)
        with pytest.raises(DiskFull):
            index(store)
    assert found(store, "lunch") == ["Lunch on Thursday"]
    index(store)
    assert len(found(store, "compiler review")) == 90
    assert len(found(store, "*ompile*")) == 91
    assert store.search.coverage().percent == 100


def test_garbage_goes_when_there_is_more_of_it_than_mail(
    store: Store, inbox: MailboxId, mail: list[EnvelopeId], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuimail.store.finding.search_index._REBUILD_DEAD", 3)
    store.envelopes.vanish(inbox, [1, 2, 3, 4])
    index(store)
    assert store.search_index.marks().dead == 0
    assert found(store, "gesperrt") == ["Straße gesperrt"]


def test_the_file_is_private(paths: Paths, store: Store, mail: list[EnvelopeId]) -> None:
    assert paths.search_db.stat().st_mode & 0o777 == 0o600


def test_counts_are_of_all_and_of_unread(store: Store, mail: list[EnvelopeId]) -> None:
    def tree(text: str) -> Node:
        read = parse(text, now=NOW, known=store.search.known()).tree
        assert read is not None
        return read

    assert store.search.count(tree("is:starred")) == (1, 1)
    assert store.search.count(tree("is:read")) == (2, 0)
    assert store.search.count(tree("from:grace")) == (3, 1)
    queries = ("-lunch", "lunch OR is:starred", "before:2023-11-15", "in:inbox compil*", "in:sent", "is:held", "zzz")
    for query in queries:
        assert store.search.count(tree(query))[0] == len(found(store, query)), query
        assert store.search.ids(tree(query), 9) == ids([page(store, query)])


def test_an_index_that_another_program_has_locked_is_asked_once_and_the_answer_says_what_is_missing(
    store: Store, paths: Paths, mail: list[EnvelopeId], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    before = Database.open.__func__  # type: ignore[attr-defined]

    def opened(cls: type[Database], file: Path, patience_s: float = 5.0) -> Database:
        tried.append((file.name, patience_s))
        database = before(cls, file, patience_s)
        assert isinstance(database, Database)
        return database

    store.search.close()
    store.search_index.close()
    file = paths.data / "search.db"
    locking = sqlite3.connect(file, isolation_level=None)
    try:
        locking.execute("PRAGMA locking_mode=EXCLUSIVE")
        locking.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(Database, "open", classmethod(opened))
        answer = page(store, "lunch")
        assert tried == [("search.db", search.PATIENCE_S)]
        assert answer.coverage is not None
        assert (answer.coverage.done, answer.coverage.total) == (0, 5)
        assert len(page(store, "is:unread").hits) == 3  # what needs no words is found as ever
    finally:
        locking.close()
    assert found(store, "hamburger") == ["Lunch on Thursday"]  # the index is there again
