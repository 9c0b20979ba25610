"""Files of lines beside the mail: nothing is lost when one is written anew, whoever else appends, whenever it dies."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from tuimail.store.maildirs import journal, keyword_record
from tuimail.store.maildirs.journal import SMALL_OCTETS


def test_a_file_that_doubled_is_written_anew_with_what_counts(tmp_path: Path) -> None:
    file = tmp_path / keyword_record.RECORD
    keyword_record.write(tmp_path, [("kept\udce9", "work later")])
    line = len(b'{"file":"0000","keywords":"aaaaaaaa"}\n')
    while file.stat().st_size < SMALL_OCTETS - line:
        room = (SMALL_OCTETS - 1 - file.stat().st_size) // line
        keyword_record.write(tmp_path, [(f"{n % 50:04}", "aaaaaaaa") for n in range(min(room, 1000))])
    assert SMALL_OCTETS - line <= file.stat().st_size < SMALL_OCTETS, "as it was, up to the limit"
    keyword_record.write(tmp_path, [("0000", ""), ("0001", "b")])
    assert file.stat().st_size < 50 * (line + 1) + 60
    found = keyword_record.read(tmp_path)
    assert found["kept\udce9"] == "later work"
    assert (found.get("0000", ""), found["0001"], found["0049"], len(found)) == ("", "b", "aaaaaaaa", 50)
    assert [path.name for path in tmp_path.glob("keywords*")] == [keyword_record.RECORD]


def test_a_death_before_the_new_file_took_its_place_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(journal, "SMALL_OCTETS", 64)
    keyword_record.write(tmp_path, [("a", "one")])
    monkeypatch.setattr(Path, "rename", dies)
    with pytest.raises(SystemExit):
        keyword_record.write(tmp_path, [("b", "two"), ("c", "three")])
    monkeypatch.undo()
    assert keyword_record.read(tmp_path) == {"a": "one", "b": "two", "c": "three"}
    monkeypatch.setattr(journal, "SMALL_OCTETS", 64)
    keyword_record.write(tmp_path, [(f"d{n}", "four") for n in range(9)])
    assert len(keyword_record.read(tmp_path)) == 12


def _appends(directory: Path, number: int) -> None:
    journal.SMALL_OCTETS = 512  # type: ignore[misc]
    for n in range(100):
        keyword_record.write(directory, [(f"{number}.{n}", "word")])
    os._exit(0)


def test_several_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_appends, args=(tmp_path, number)) for number in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert len(keyword_record.read(tmp_path)) == 300
