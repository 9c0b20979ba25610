"""Attachments are examined in a child that may hang, lie or die."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.test_convert import DIE, FLOOD, HANG
from tests.mime import samples
from tuimail.engine.children.apart import TEXT
from tuimail.engine.children.examine import Examined, Examiner
from tuimail.engine.log import Log
from tuimail.mime.examining.examine import MAX_REASONS, NOT_EXAMINED
from tuimail.mime.examining.kinds import kind_of_type
from tuimail.mime.examining.verdicts import Context, Verdict
from tuimail.mime.reading import readable, whole
from tuimail.store.packing import pack


def telling(answer: object) -> tuple[str, ...]:
    """A child that always says the same."""
    octets = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    script = (
        "import os, sys; os.write(1, b'!')\n"
        "while head := sys.stdin.buffer.read(4):\n"
        "    sys.stdin.buffer.read(int.from_bytes(head, 'big'))\n"
        f"    os.write(1, {len(octets).to_bytes(4, 'big')!r} + {octets!r})"
    )
    return (sys.executable, "-S", "-c", script)


@pytest.fixture
def examiner() -> Iterator[Examiner]:
    made = Examiner(Log(None))
    yield made
    made.close()


def look(examiner: Examiner, octets: bytes, filename: str = "a.txt") -> Examined:
    return examiner.examine_attachment(octets, filename=filename, declared_type="text/plain", context=Context())


def test_an_attachment_is_examined_in_one_warm_child(examiner: Examiner) -> None:
    examiner.warm()
    first = examiner.pid
    examined = look(examiner, samples.PE, "invoice.pdf")
    assert examined.findings.verdict is Verdict.DANGEROUS
    kind = kind_of_type(examined.real_type)
    assert kind is not None
    assert kind.family == "windows", "libmagic has two names for it"
    assert examined.size_octets == len(samples.PE)
    assert examined.sha256 == hashlib.sha256(samples.PE).hexdigest()
    assert look(examiner, b"Hello.").findings.verdict is Verdict.NO_FINDING
    assert first == examiner.pid not in (0, os.getpid())


def test_fifty_megabytes_are_examined_by_their_ends(examiner: Examiner) -> None:
    octets = samples.zipped({"film": b"\1" * 50_000_000, "run.exe": b""})
    examined = look(examiner, octets, "a.zip")
    assert examined.findings.verdict is Verdict.DANGEROUS
    assert examined.sha256 == hashlib.sha256(octets).hexdigest()


def test_any_name_reaches_the_child_and_comes_back_clean(examiner: Examiner) -> None:
    findings = look(examiner, b"x", "../\udcff\0\u202e\x1b]0;x\x07.exe").findings
    assert findings.verdict is Verdict.DANGEROUS
    assert findings.shown_name.isprintable()
    assert all(reason.isprintable() for reason in findings.reasons)


@pytest.mark.parametrize("command", [HANG, FLOOD, DIE], ids=["hangs", "floods", "dies"])
def test_what_a_child_cannot_examine_is_suspicious(command: tuple[str, ...]) -> None:
    examiner = Examiner(Log(None), timeout_s=0.1, start_s=0.4, command=command)
    for _ in range(2):
        examined = look(examiner, b"x")
        assert examined.findings.verdict is Verdict.SUSPICIOUS
        assert examined.findings.reasons[0] == NOT_EXAMINED
        assert examined.sha256 == hashlib.sha256(b"x").hexdigest()
    assert look(examiner, b"x", "a.exe").findings.verdict is Verdict.DANGEROUS, "its name still speaks"
    examiner.close()
    assert examiner.pid == 0


LIES = {
    "no JSON": b"\xff\xfe",
    "a list": [1, 2],
    "nothing": {},
    "a verdict that does not exist": {"type": "", "verdict": 7, "reasons": [], "name": "a"},
    "a verdict of another kind": {"type": "", "verdict": None, "reasons": [], "name": "a"},
    "reasons that are no list": {"type": "", "verdict": 0, "reasons": "all is well", "name": "a"},
    "reasons that are no text": {"type": "", "verdict": 0, "reasons": [1], "name": "a"},
    "a name that is no text": {"type": "", "verdict": 0, "reasons": [], "name": 1},
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_child_that_lies_is_not_believed(lie: str) -> None:
    examiner = Examiner(Log(None), timeout_s=5, command=telling(LIES[lie]))
    examined = look(examiner, b"x")
    examiner.close()
    assert examined.findings.verdict is Verdict.SUSPICIOUS
    assert examined.findings.reasons == (NOT_EXAMINED,)


def test_what_a_child_says_is_cleaned_and_bounded() -> None:
    answer = {"type": "a\x1b[2Jb", "verdict": 1, "reasons": ["\x1b[2J" + "x" * 900] * 40, "name": "../\u202ea"}
    examiner = Examiner(Log(None), timeout_s=5, command=telling(answer))
    examined = look(examiner, b"x")
    examiner.close()
    assert examined.real_type.isprintable()
    assert len(examined.findings.reasons) <= MAX_REASONS
    assert all(len(reason) <= 400 and reason.isprintable() for reason in examined.findings.reasons)
    assert examined.findings.shown_name == "a"


def test_the_child_has_a_ceiling(examiner: Examiner) -> None:
    look(examiner, b"x")
    limits = Path(f"/proc/{examiner.pid}/limits").read_text(encoding="ascii")
    assert any(line.startswith("Max address space") and "536870912" in line for line in limits.splitlines())


LETTER = b"Subject: Hi\r\nContent-Type: text/plain\r\n\r\nDear Ada,\r\n> you wrote\r\nyes.\r\n"


def test_the_texts_of_whole_messages_are_made_in_the_child(examiner: Examiner) -> None:
    made = examiner.texts([LETTER, LETTER[:-6]])
    texts = [readable.to_json(whole.text_of(raw, "text")) for raw in (LETTER, LETTER[:-6])]
    assert made == [[pack(TEXT, text)] for text in texts]
    assert b"Dear Ada" in texts[0]


@pytest.mark.parametrize("command", [DIE, telling(b"[]"), telling(b"no json")], ids=["dies", "lies", "babbles"])
def test_texts_that_the_child_did_not_make_are_none(command: tuple[str, ...]) -> None:
    examiner = Examiner(Log(None), timeout_s=5, command=command)
    try:
        assert examiner.texts([LETTER]) is None
    finally:
        examiner.close()
