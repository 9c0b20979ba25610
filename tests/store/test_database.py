"""The file itself: made private, opened fast, brought up to date, and honest about what is wrong."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.store.making import WORK, change, incoming, several, subjects, with_account
from tests.store.test_parts import spoil
from tuimail.actions import SetFlags, Target
from tuimail.errors import Corrupt, DiskFull, Locked, ReadOnly, StoreError, TooNew
from tuimail.model import EnvelopeId, Flag, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store, database, migrations
from tuimail.store.aside import move_aside
from tuimail.store.border import translate
from tuimail.store.database import Database


def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that any connection carries out from now on."""
    seen: list[str] = []
    connect = sqlite3.connect

    def tracing(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(lambda sql: None if sql.startswith("--") else seen.append(sql))
        return connection

    monkeypatch.setattr(sqlite3, "connect", tracing)
    return seen


# --- opening --------------------------------------------------------------------


def test_opening_a_current_store_is_one_select(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(paths).close()
    statements = traced(monkeypatch)
    Store.open(paths).close()
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_a_window_is_a_handful_of_reads_however_deep(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(paths) as store:
        inbox = with_account(store)
        store.envelopes.ingest(inbox, several(range(1, 3001)))
    statements = traced(monkeypatch)
    with Store.open(paths) as store:
        store.envelopes.window(inbox, 0, 50)
        for start in (0, 1500, 2950):
            del statements[:]
            store.envelopes.window(inbox, start, 50)
            assert len(statements) <= 5  # BEGIN, the mailbox, one or two slices, COMMIT


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_files_are_private_under_any_umask(paths: Paths, umask: int) -> None:
    paths.make()
    before = os.umask(umask)
    try:
        with Store.open(paths) as store:
            inbox = with_account(store)
            store.envelopes.ingest(inbox, several([1]))
            store.parts.put(EnvelopeId(1), "1", b"x")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in paths.data.glob("*.db*")}
    finally:
        os.umask(before)
    assert set(modes) == {f"{name}{suffix}" for name in ("mail.db", "parts.db") for suffix in ("", "-wal", "-shm")}
    assert set(modes.values()) == {0o600}


def test_a_mode_that_was_widened_is_taken_back(paths: Paths) -> None:
    Store.open(paths).close()
    paths.mail_db.chmod(0o644)
    Store.open(paths).close()
    assert stat.S_IMODE(paths.mail_db.stat().st_mode) == 0o600


def test_looking_only_changes_nothing(paths: Paths) -> None:
    with Store.open(paths) as store:
        inbox = with_account(store)
        store.envelopes.ingest(inbox, several([1]))
    with Store.open(paths, write=False) as reader:
        assert len(subjects(reader, inbox)) == 1
        with pytest.raises(ReadOnly):
            reader.envelopes.vanish(inbox, [1])
    with Store.open(paths) as store:
        assert len(subjects(store, inbox)) == 1


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    paths = Paths.from_environment({"HOME": str(tmp_path)}, data_dir=str(tmp_path / "data"))
    with pytest.raises(ReadOnly) as raised:
        Store.open(paths)
    assert str(tmp_path / "data") in raised.value.sentence
    assert raised.value.advice


def test_a_directory_in_the_place_of_the_file_is_an_error_with_advice(paths: Paths) -> None:
    paths.make()
    paths.mail_db.mkdir()
    with pytest.raises(StoreError) as raised:
        Store.open(paths)
    assert raised.value.advice


# --- versions -------------------------------------------------------------------


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(paths: Paths) -> None:
    Store.open(paths).close()
    with closing(sqlite3.connect(paths.mail_db)) as connection:
        connection.execute("PRAGMA user_version=99")
    before = paths.mail_db.read_bytes()
    for write in (True, False):
        with pytest.raises(TooNew, match="version 99") as raised:
            Store.open(paths, write=write)
        assert raised.value.advice
    assert paths.mail_db.read_bytes() == before
    assert [file.name for file in paths.data.glob("mail.db*")] == ["mail.db"]


def test_a_database_of_another_program_is_refused_and_left_as_it_is(paths: Paths) -> None:
    paths.make()
    with closing(sqlite3.connect(paths.mail_db)) as connection:
        connection.execute("CREATE TABLE recipes (id)")
    before = paths.mail_db.read_bytes()
    with pytest.raises(Corrupt, match="not a file of tuimail"):
        Store.open(paths)
    assert paths.mail_db.read_bytes() == before


def test_the_newest_migration_is_the_version() -> None:
    numbers = [number for number, _ in migrations.migration_files()]
    assert numbers == list(range(1, migrations.SCHEMA_VERSION + 1))


NEXT = migrations.SCHEMA_VERSION + 1


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    """A directory of migrations: the real ones, and one more."""
    directory = tmp_path / "schema"
    shutil.copytree(migrations.SCHEMA_DIRECTORY, directory)
    (directory / f"{NEXT:04d}_more.sql").write_text(
        "-- a comment; with a semicolon\nCREATE TABLE more (\n  id INTEGER\n);\nINSERT INTO more VALUES (1);\n"
        "UPDATE account SET sentence = 'moved; on';\nINSERT INTO more VALUES (2);\n"
    )
    return directory


class _Killed(BaseException):
    """Stands for the end of the process."""


def test_a_migration_that_is_interrupted_anywhere_is_run_again(
    paths: Paths, growing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(paths) as store:
        with_account(store)
    run = Database.run
    left = 0

    def counting(self: Database, sql: str, values: object = ()) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            raise _Killed
        return run(self, sql)

    for stop_at in range(1, 60):
        left = stop_at
        with Database.open(paths.mail_db) as opened, monkeypatch.context() as patch:
            patch.setattr(Database, "run", counting)
            try:
                migrations.bring_up_to_date(opened, growing, NEXT)
            except _Killed:
                patch.undo()
                assert opened.column("PRAGMA user_version") in ([NEXT - 1], [NEXT])
                continue
            break
    else:
        pytest.fail("it never came to an end")
    assert stop_at > 5
    with Database.open(paths.mail_db) as opened:
        assert opened.column("SELECT id FROM more ORDER BY id") == [1, 2]
        assert opened.column("PRAGMA user_version") == [NEXT]
        assert opened.column("SELECT sentence FROM account") == ["moved; on"]


def test_two_that_migrate_at_once_do_it_once(paths: Paths, growing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(paths).close()
    found_version = migrations.found_version
    raced: list[int] = []

    def losing(opened: Database, newest: int) -> int:
        version = found_version(opened, newest)
        if not raced:
            raced.append(version)
            with Database.open(paths.mail_db) as faster:
                migrations.bring_up_to_date(faster, growing, NEXT)
        return version

    monkeypatch.setattr(migrations, "found_version", losing)
    with Database.open(paths.mail_db) as opened:
        migrations.bring_up_to_date(opened, growing, NEXT)
        assert opened.column("SELECT id FROM more ORDER BY id") == [1, 2]


# --- transactions ---------------------------------------------------------------


def test_a_transaction_is_all_or_nothing_and_nests(store: Store, inbox: MailboxId) -> None:
    with suppress(_Killed), store.transaction():
        store.envelopes.ingest(inbox, several([1]))
        with store.transaction(durable=True):
            store.envelopes.ingest(inbox, several([2]))
        raise _Killed
    assert subjects(store, inbox) == []
    with store.transaction(), store.transaction():
        store.envelopes.ingest(inbox, several([1]))
    assert len(subjects(store, inbox)) == 1


def test_precious_things_are_synced_and_others_are_not(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = traced(monkeypatch)
    with Store.open(paths) as store:
        inbox = with_account(store)
        del statements[:]
        store.envelopes.ingest(inbox, several([1]))
        assert "PRAGMA synchronous=FULL" not in statements
        store.pending.add([change(store, EnvelopeId(1), add=Flag.SEEN)], at=1)
        assert statements.index("PRAGMA synchronous=FULL") < len(statements) - 1
        assert store._database.column("PRAGMA synchronous") == [2]
        store.envelopes.ingest(inbox, several([2]))
        assert store._database.column("PRAGMA synchronous") == [1]


def test_a_precious_thing_inside_another_transaction_is_synced_after_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(paths) as store:
        inbox = with_account(store)
        store.envelopes.ingest(inbox, several([1]))
        action = change(store, EnvelopeId(1), add=Flag.SEEN)
    statements = traced(monkeypatch)
    with Store.open(paths) as store, store.transaction():
        store.pending.add([action], at=1)
    last = statements[-4:]
    assert last[0] == "PRAGMA synchronous=FULL"
    assert last[1] == "BEGIN IMMEDIATE"
    assert last[-1] == "COMMIT"


def test_a_writer_that_waits_too_long_is_told_so(
    store: Store, inbox: MailboxId, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.0)
    with Store.open(paths) as other, store.transaction():
        with pytest.raises(Locked) as raised:
            other.envelopes.ingest(inbox, several([1]))
        assert raised.value.advice
        assert other.envelopes.window(inbox, 0, 5).total == 0
    store.envelopes.ingest(inbox, several([1]))


def test_a_reader_sees_the_last_commit_while_somebody_writes(store: Store, inbox: MailboxId, paths: Paths) -> None:
    store.envelopes.ingest(inbox, several([1]))
    with Store.open(paths) as reader, store.transaction():
        store.envelopes.ingest(inbox, several([2]))
        assert reader.envelopes.window(inbox, 0, 5).total == 1
        assert store.envelopes.window(inbox, 0, 5).total == 2


# --- what goes wrong --------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, Locked), (sqlite3.SQLITE_BUSY_SNAPSHOT, Locked), (sqlite3.SQLITE_LOCKED, Locked),
        (sqlite3.SQLITE_FULL, DiskFull), (sqlite3.SQLITE_CORRUPT, Corrupt), (sqlite3.SQLITE_NOTADB, Corrupt),
        (sqlite3.SQLITE_READONLY_DIRECTORY, ReadOnly), (sqlite3.SQLITE_CANTOPEN, ReadOnly),
        (sqlite3.SQLITE_IOERR_READ, StoreError), (sqlite3.SQLITE_NOMEM, StoreError), (None, StoreError),
    ],
)
def test_every_error_of_sqlite_becomes_a_sentence_and_advice(
    tmp_path: Path, code: int | None, kind: type[StoreError]
) -> None:
    error = sqlite3.OperationalError("it went wrong")
    if code is not None:
        error.sqlite_errorcode = code
    translated = translate(error, tmp_path / "mail.db")
    assert type(translated) is kind
    assert str(tmp_path) in translated.sentence
    assert translated.advice


def test_a_full_disk_is_told_and_nothing_is_torn(store: Store, inbox: MailboxId) -> None:
    store.envelopes.ingest(inbox, several([1]))
    pages = store._database.column("PRAGMA page_count")[0]
    store._database.run(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(DiskFull):
        store.envelopes.ingest(inbox, [incoming(uid, structure=b"x" * 4000) for uid in range(2, 200)])
    assert len(subjects(store, inbox)) == 1
    store._database.run("PRAGMA max_page_count=100000")
    store.envelopes.ingest(inbox, several([2]))
    assert len(subjects(store, inbox)) == 2


@pytest.fixture
def filled(paths: Paths) -> Paths:
    """A store of some hundred messages, closed."""
    with Store.open(paths) as store:
        inbox = with_account(store)
        store.envelopes.ingest(inbox, several(range(1, 401)))
        store.pending.add([change(store, EnvelopeId(1), add=Flag.SEEN)], at=1)
        store.state.set("a", [1])
    return paths


def use_everything(paths: Paths) -> None:
    """Read and write all over the store; StoreErrors are fine, anything else is not."""
    with suppress(StoreError), Store.open(paths) as store:
        for act in everything(store):
            with suppress(StoreError):
                act()


def everything(store: Store) -> Iterator[Callable[[], object]]:
    inbox = MailboxId(2)
    yield store.accounts.all
    yield store.mailboxes.all
    yield lambda: [store.envelopes.window(inbox, start, 50) for start in range(0, 400, 50)]
    yield lambda: [store.envelopes.envelope(EnvelopeId(identity)) for identity in range(1, 400, 7)]
    yield lambda: store.envelopes.position(inbox, EnvelopeId(200))
    yield lambda: store.envelopes.next_unread(inbox, 5)
    yield lambda: store.envelopes.uids(inbox)
    yield lambda: store.envelopes.server_flags(inbox)
    yield lambda: store.envelopes.find_text("compiler", 5)
    yield lambda: store.envelopes.recent(limit=60)
    yield lambda: store.envelopes.wanting_bodies(WORK, None, 50)
    yield lambda: store.mailboxes.sync_point(inbox)
    yield lambda: store.pending.due(WORK)
    yield lambda: store.state.get("a")
    yield store.check
    yield lambda: store.envelopes.ingest(inbox, several(range(390, 420)))
    yield lambda: store.envelopes.set_flags(inbox, [(uid, 1, "", None) for uid in range(1, 400)])
    yield lambda: store.pending.add([SetFlags(WORK, Target(EnvelopeId(9), inbox, None, None, ""), 4)], at=1)
    yield lambda: store.envelopes.vanish(inbox, range(1, 100))
    yield lambda: store.envelopes.begin_renumbering(inbox)
    yield lambda: store.envelopes.end_renumbering(inbox)
    yield store.repair_counters


@pytest.mark.parametrize("damage", ["header", "cut", "garbage", "pages", "empty"])
def test_a_damaged_store_is_told_and_can_be_put_aside(filled: Paths, damage: str) -> None:
    spoil(filled.mail_db, damage)
    use_everything(filled)
    if damage in {"header", "garbage"}:
        with pytest.raises(Corrupt) as raised:
            Store.open(filled)
        assert raised.value.advice
    octets = filled.mail_db.read_bytes()
    aside = move_aside(filled.mail_db)
    assert aside.name == "mail.db.damaged-1"
    assert aside.read_bytes() == octets
    with Store.open(filled) as fresh:
        assert fresh.accounts.all() == []
        with_account(fresh)
        assert fresh.check() == []
    assert move_aside(filled.mail_db).name == "mail.db.damaged-2"


@pytest.mark.parametrize("seed", range(25))
def test_random_damage_is_never_more_than_a_store_error(filled: Paths, seed: int) -> None:
    chance = random.Random(seed)
    octets = bytearray(filled.mail_db.read_bytes())
    for _ in range(chance.choice([1, 5, 40])):
        start = chance.randrange(100, len(octets))
        length = chance.choice([1, 8, 512, 4096])
        noise = chance.randbytes(length) if chance.random() < 0.7 else bytes(length)
        octets[start : start + length] = noise[: len(octets) - start]
    if chance.random() < 0.2:
        del octets[chance.randrange(len(octets)) :]
    filled.mail_db.write_bytes(octets)
    use_everything(filled)


@pytest.mark.parametrize("seed", range(10))
def test_a_torn_wal_leaves_a_store_that_opens(paths: Paths, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Store.open(paths) as store:
        inbox = with_account(store)
        for uid in range(1, 200, 20):
            store.envelopes.ingest(inbox, several(range(uid, uid + 20)))
        copy = Paths.from_environment({"HOME": str(tmp_path)}, data_dir=str(tmp_path / "copy"))
        copy.data.mkdir(mode=0o700)
        for suffix in ("", "-wal"):
            shutil.copy(f"{paths.mail_db}{suffix}", f"{copy.mail_db}{suffix}")
    wal = Path(f"{copy.mail_db}-wal")
    octets = wal.read_bytes()
    frames = (len(octets) - 32) // 4120
    cut = 32 + chance.randrange(frames + 1) * 4120 + chance.choice([-1, 0, 1])
    wal.write_bytes(octets[: max(0, cut)])
    with Store.open(copy) as torn:
        assert torn.check() == []
        found = torn.mailboxes.get(inbox)
        assert found is None or found.total % 20 == 0


def test_putting_aside_takes_the_wal_along(filled: Paths) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{filled.mail_db}{suffix}").write_bytes(b"old")
    aside = move_aside(filled.mail_db)
    assert Path(f"{aside}-wal").read_bytes() == b"old"
    assert list(filled.data.glob("mail.db-*")) == []


def test_wrong_counters_are_found_and_repaired(filled: Paths) -> None:
    with Store.open(filled) as store:
        inbox = MailboxId(2)
        store._database.run("UPDATE mailbox SET total = total + 1, unread = 0 WHERE id = ?", (inbox,))
        store._database.run("UPDATE stretch SET total = total - 5 WHERE mailbox_id = ?", (inbox,))
        store._database.run("UPDATE envelope SET flags = 16 WHERE id = 5")
        store._database.run("DELETE FROM pending")
        assert len(store.check()) >= 4
        store.repair_counters()
        assert store.check() == []
        assert store.envelopes.window(inbox, 395, 50).total == 400
        mailbox = store.mailboxes.get(inbox)
        assert mailbox is not None
        assert mailbox.unread == 400


def test_rows_without_an_owner_are_found(filled: Paths) -> None:
    with Store.open(filled) as store:
        store._database.run("DELETE FROM header WHERE id = 7")
        store._database.run("UPDATE meta SET value = 1 WHERE key = 'next_envelope_id'")
        found = store.check()
        assert any("no header" in sentence for sentence in found)
        assert any("not given out" in sentence for sentence in found)
