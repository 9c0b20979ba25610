"""A new database takes the place of the old one: whenever it dies, there is a whole one, and the old one is kept."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.store.dying import every_death
from tuimail.store.aside import complete, finish


def old_and_new(directory: Path) -> tuple[Path, Path]:
    """Two databases; the newest row of the old one is in its -wal only."""
    directory.mkdir()
    alive, file, made = directory / "alive", directory / "mail.db", directory / "mail.db.rebuilding"
    with sqlite3.connect(alive, isolation_level=None) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t (word); INSERT INTO t VALUES ('old')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO t VALUES ('newest')")
        for suffix in ("", "-wal"):
            shutil.copy(f"{alive}{suffix}", f"{file}{suffix}")
    connection.close()
    new = sqlite3.connect(made)
    new.executescript("CREATE TABLE t (word); INSERT INTO t VALUES ('new')")
    new.close()
    return file, made


def words(file: Path) -> list[str]:
    connection = sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)
    try:
        return [word for (word,) in connection.execute("SELECT word FROM t ORDER BY rowid")]
    finally:
        connection.close()


def test_no_death_leaves_none_or_half_of_one(tmp_path: Path) -> None:
    def act(step: int) -> Callable[[], object]:
        return partial(complete, *old_and_new(tmp_path / str(step)))

    kept = set()
    steps = 0
    for step in every_death(act):
        file = tmp_path / str(step) / "mail.db"
        finish(file)
        assert not file.with_name("mail.db.whole").exists()
        aside = file.with_name("mail.db.damaged-1")
        kept.add(aside.exists())
        assert words(file) == (["new"] if aside.exists() else ["old", "newest"])
        if aside.exists():
            assert words(aside) == ["old", "newest"]
        steps = step
    assert kept == {False, True}
    assert steps >= 6


def test_a_death_while_finishing_is_finished_too(tmp_path: Path) -> None:
    def act(step: int) -> Callable[[], object]:
        file, made = old_and_new(tmp_path / str(step))
        made.rename(file.with_name("mail.db.whole"))
        return partial(finish, file)

    for step in every_death(act):
        file = tmp_path / str(step) / "mail.db"
        finish(file)
        assert words(file) == ["new"]
        assert words(file.with_name("mail.db.damaged-1")) == ["old", "newest"]


def test_earlier_ones_are_not_written_over(tmp_path: Path) -> None:
    file, made = old_and_new(tmp_path / "it")
    file.with_name("mail.db.damaged-1").write_text("earlier")
    file.with_name("mail.db.damaged-2-wal").write_text("earlier")
    assert complete(file, made) == file.with_name("mail.db.damaged-3")
    assert words(file.with_name("mail.db.damaged-3")) == ["old", "newest"]
    assert file.with_name("mail.db.damaged-2-wal").read_text() == "earlier"


def test_where_there_was_none_nothing_is_put_aside(tmp_path: Path) -> None:
    file, made = old_and_new(tmp_path / "it")
    for suffix in ("", "-wal"):
        Path(f"{file}{suffix}").unlink()
    assert complete(file, made) is None
    assert words(file) == ["new"]
    assert finish(file) is None
