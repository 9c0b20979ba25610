"""Address books beside the store: vCard files and a command, whatever they answer."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.wishes.house import AT
from tuimail.config import ComposeConfig
from tuimail.model import Address
from tuimail.store import Store
from tuimail.wishes.address_book import MAX_ANSWERS, Book, ask, complete, read_book

CARD = "BEGIN:VCARD\r\nFN:{}\r\nEMAIL:{}\r\nEND:VCARD\r\n"


def write(place: Path, name: str, person: str, address: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(CARD.format(person, address), encoding="utf-8")


def test_a_directory_of_cards_is_read_and_so_is_one_file(tmp_path: Path) -> None:
    write(tmp_path / "b", "1.vcf", "Ada Byron", "ada@example.org")
    write(tmp_path / "b" / "work", "2.VCF", "Grace Hopper", "grace@navy.example")
    write(tmp_path / "b" / ".trash", "3.vcf", "Nobody", "nobody@x.org")
    (tmp_path / "b" / "note.txt").write_text("EMAIL:x@y.org")
    book = read_book(ComposeConfig(vcard_dir=tmp_path / "b"))
    assert sorted(person.address for person in book.people) == ["ada@example.org", "grace@navy.example"]
    assert [person.name for person in book.find("hop")] == ["Grace Hopper"]
    assert book.find("") == []
    assert read_book(ComposeConfig(vcard_dir=tmp_path / "b" / "1.vcf")).people == (
        Address("Ada Byron", "ada@example.org"),
    )


def test_what_cannot_be_read_is_told_in_a_sentence_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, "1.vcf", "Ada", "ada@example.org")
    os.mkfifo(tmp_path / "2.vcf")
    (tmp_path / "3.vcf").symlink_to(tmp_path / "missing")
    book = read_book(ComposeConfig(vcard_dir=tmp_path))
    assert len(book.people) == 1
    assert book.notes == (f"2 of 3 files of the address book {tmp_path} cannot be read.",)
    assert "cannot be read" in read_book(ComposeConfig(vcard_dir=tmp_path / "none")).notes[0]
    assert read_book(ComposeConfig()) == Book()


def command(program: str) -> tuple[str, ...]:
    """An address book command in Python."""
    return (sys.executable, "-c", f"import sys, os, time\n{program}")


def test_a_command_is_asked_with_what_was_typed_as_one_word() -> None:
    echo = command("print(sys.argv[1].replace(' ', '.') + '@x.org\\tName\\tnote')")
    assert ask(echo, "a; b $(x)") == []
    assert ask(echo, "ada by") == [Address("Name", "ada.by@x.org")]
    named = (*command("print(sys.argv[1] + '\\tN')"), "%s@y.org", "--")
    assert ask(named, "ada") == [Address("N", "ada@y.org")]


def test_an_answer_is_read_as_abook_and_khard_write_it() -> None:
    answer = "searching for 'x'...\nada@x.org\tAda\tx\nno address\tB\ngrace@y.org\n\tC\n\x1b[0m@z\tD\n"
    assert ask(command(f"print({answer!r})"), "x") == [Address("Ada", "ada@x.org"), Address("", "grace@y.org")]


@pytest.mark.parametrize(
    "program",
    ["sys.exit(3)", "print('x' * 9_000_000)", "sys.stdout.buffer.write(bytes(range(256)))", "os.close(1)", "1/0", ""],
)
def test_a_command_that_fails_or_talks_nonsense_gives_nobody(program: str) -> None:
    assert ask(command(program), "x") == []


def test_a_command_that_does_not_answer_in_time_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = f"open({str(mark)!r}, 'w').write(str(os.getpid())); print('a@x.org'); sys.stdout.flush(); time.sleep(60)"
    begun = time.monotonic()
    assert ask(command(program), "x", patience_s=1.0) == []
    assert time.monotonic() - begun < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_a_command_that_is_not_there_and_words_that_are_options_ask_nobody() -> None:
    assert ask(("/nonexistent/abook",), "x") == []
    assert ask((), "x") == []
    assert ask(command("print('a@x.org')"), "--help") == []
    assert ask(command("print('a@x.org')"), " ") == []


def test_a_thousand_answers_are_cut() -> None:
    assert len(ask(command("[print(f'a{n}@x.org') for n in range(1000)]"), "a")) == MAX_ANSWERS


def test_recent_correspondents_come_before_the_book_and_the_book_before_strangers(store: Store) -> None:
    store.people.note([Address("Ann Stranger", "ann1@x.org")], wrote_to=False, at=AT)
    store.people.note([Address("", "ann2@x.org")], wrote_to=True, at=AT)
    store.people.note([Address("Ann Old", "ann3@x.org")], wrote_to=True, at=AT - 400 * 86_400)
    book = Book((Address("Ann Booked", "ann4@x.org"), Address("Ann Two", "ANN2@x.org"), Address("Bob", "bob@x.org")))
    asked = [Address("Ann Asked", "ann5@x.org"), Address("Ann Again", "ann4@x.org")]
    told = complete(store, "ann", book=book, asked=asked, now=AT)
    assert [(each.address, each.why) for each in told] == [
        ("ann2@x.org", "wrote to once"),
        ("ann4@x.org", "address book"),
        ("ann5@x.org", "address book"),
        ("ann3@x.org", "wrote to once"),
        ("ann1@x.org", "wrote to you"),
    ]
    assert told[0].value == "Ann Two <ann2@x.org>"
    assert len(complete(store, "ann", 2, book=book, asked=asked, now=AT)) == 2


def test_names_that_are_proposed_can_be_shown(store: Store) -> None:
    store.people.note([Address("Ann\x1b[31m\u202e", "ann@x.org")], wrote_to=True, at=AT)
    assert complete(store, "ann", now=AT)[0].value.isprintable()
