"""Hostile bytes are somebody else's problem: a child's, for two seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import House
from tuimail.engine.children.convert import Converter
from tuimail.engine.log import Log
from tuimail.engine.protocol import PartArrived, Want
from tuimail.mime.reading import readable
from tuimail.model import Part, Section

Houses = Callable[..., House]

HANG = (sys.executable, "-S", "-c", "import sys; sys.stdin.buffer.read()")
FLOOD = (sys.executable, "-S", "-c", "import os; os.write(1, b'\\xff' * 65536)")
LIE = (
    sys.executable, "-S", "-c",
    ("import os, sys; os.write(1, b'!'); sys.stdin.buffer.read(4); os.write(1, b'\\0\\0\\0\\5[1,2]');"
     " sys.stdin.buffer.read()"),
)  # fmt: skip
DIE = (sys.executable, "-S", "-c", "raise SystemExit(1)")

BOMBS = {
    "comments": "<!--" * 20_000,
    "anchors": "<a " * 20_000,
    "declarations": "<![<![" * 10_000,
    "deep": "<div>" * 50_000,
    "tables": "<table><tr><td>" * 5_000,
    "entities": "&" * 250_000,
    "angles": "<" * 250_000,
    "long line": "x" * 1_000_000,
}


def html_part() -> Part:
    return Part(
        section=Section("1"), content_type="text/html", charset="utf-8", encoding="8bit", size_octets=1, disposition="",
        filename="", content_id="", format_flowed=False, del_sp=False,
    )  # fmt: skip


@pytest.fixture
def converter() -> Iterator[Converter]:
    made = Converter(Log(None))
    yield made
    made.close()


def test_html_becomes_text_in_the_child(converter: Converter) -> None:
    part = html_part()
    answer = converter.readable([(part, b"<p>Hello <b>you</b></p>")], "html", part)
    assert answer is not None
    assert "Hello you" in readable.from_json(answer).lines[0].text
    first = converter.pid
    assert first != os.getpid()
    converter.readable([(part, b"<p>again</p>")], "html", part)
    assert converter.pid == first, "one warm child serves many"


def test_the_type_of_a_file_is_seen_in_its_bytes(converter: Converter) -> None:
    assert converter.real_type(b"%PDF-1.4\n%...") == "application/pdf"
    assert isinstance(converter.real_type(b""), str)


@pytest.mark.parametrize("command", [HANG, FLOOD, LIE, DIE], ids=["hangs", "floods", "lies", "dies"])
def test_a_child_that_misbehaves_is_replaced(command: tuple[str, ...]) -> None:
    converter = Converter(Log(None), timeout_s=0.1, command=command, start_s=0.4)
    part = html_part()
    for _ in range(2):
        answer = converter.readable([(part, b"<p>x</p>")], "html", part)
        assert answer in (None, b"[1,2]")
    converter.close()
    assert converter.pid == 0


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_as_text_or_as_nothing_and_the_next_mail_is_read(converter: Converter, bomb: str) -> None:
    part = html_part()
    converter.readable([(part, BOMBS[bomb].encode())], "html", part)
    assert converter.readable([(part, b"<p>fine</p>")], "html", part) is not None


def test_memory_has_a_ceiling(converter: Converter) -> None:
    converter.real_type(b"warm")
    with open(f"/proc/{converter.pid}/limits", encoding="ascii") as limits:  # noqa: PTH123 - not a file of ours
        assert any(line.startswith("Max address space") and "536870912" in line for line in limits)


@pytest.mark.parametrize("command", [HANG, LIE], ids=["hangs", "lies"])
def test_html_that_cannot_be_laid_out_is_still_readable(
    full: Demo, house_of: Houses, command: tuple[str, ...]
) -> None:
    full.deliver(
        b"Subject: bomb\r\nMessage-ID: <bomb@x>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b"<html><p>The <b>words</b> remain.</p></html>\r\n"
    )
    house = house_of(full)
    house.sync()
    envelope_id = house.with_subject("bomb")
    converter = Converter(Log(None), timeout_s=0.1, command=command, start_s=0.4)
    with house.office(watch=False, converter=converter) as office:
        house.ask(office, Want(envelope_id))
        house.ears.wait_for(PartArrived)
    stored = house.store.parts.text(envelope_id, "text")
    assert stored is not None
    text = readable.from_json(stored)
    assert "The words remain." in " ".join(line.text for line in text.lines)
    assert any("layout" in note for note in text.notes)
