"""The vocabulary on its way, and what a client remembers of it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.engine import protocol
from tuimail.engine.link.clients import Outbox
from tuimail.engine.link.remembered import Remembered
from tuimail.engine.link.wire import LineReader, read_greeting
from tuimail.engine.protocol import (
    Credential,
    Hello,
    MailboxChanged,
    NewMail,
    PartArrived,
    Progress,
    Show,
    SyncEnded,
    SyncNow,
    Unwant,
    Wake,
    Want,
    decode,
    encode,
)
from tuimail.errors import Dropped, MailError, ProtocolViolation
from tuimail.model import AccountName, EnvelopeId, MailboxId, Section

WORDS = list(protocol._WORDS.values())


@pytest.mark.parametrize("cls", WORDS, ids=lambda cls: cls.__name__)
def test_every_word_comes_back_as_it_was(cls: type[protocol.Request] | type[protocol.Notice]) -> None:
    values = {"int": 7, "str": 'a "quoted"\nline', "bool": True}
    given_values: dict[str, Any] = {
        field.name: values.get(str(field.type), 7 if str(field.type).endswith("Id") else "1.2")
        for field in dataclasses.fields(cls)
    }
    made = cls(**given_values)
    line = encode(made)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line[:-1]) == made


@given(st.binary(max_size=60))
def test_any_line_is_a_word_or_a_violation(line: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        decode(line)


@given(st.binary(max_size=60))
def test_any_first_line_is_a_greeting_or_a_violation(line: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        read_greeting(line)


def test_a_greeting_of_another_version_with_new_fields_is_understood() -> None:
    line = json.dumps({"word": "Welcome", "version": 99, "pid": 5, "mood": "sunny"}).encode()
    assert read_greeting(line)[1:3] == (99, 5)


def test_a_password_is_not_shown_when_its_word_is_printed() -> None:
    assert "hunter2" not in repr(Credential("work", "hunter2"))


def test_lines_come_whole_however_they_were_cut() -> None:
    here, there = socket.socketpair()
    with here, there:
        reader = LineReader(here)
        there.sendall(b"one\ntw")
        assert reader.lines() == [b"one"]
        there.sendall(b"o\n\nthree\n")
        assert reader.lines() == [b"two", b"", b"three"]
        there.close()
        with pytest.raises(Dropped):
            reader.lines()


def test_a_line_without_end_is_given_up() -> None:
    here, there = socket.socketpair()
    with here, there:
        reader = LineReader(here)
        for _ in range(protocol.MAX_LINE_OCTETS // 1024):
            there.sendall(b"x" * 1024)
            assert reader.lines() == []
        there.sendall(b"x")
        with pytest.raises(MailError, match="without end"):
            reader.lines()


def test_an_engine_that_starts_again_is_told_what_still_matters() -> None:
    remembered = Remembered()
    old, new = Show(MailboxId(1)), Show(MailboxId(2))
    arrived, unwanted, open_one = (Want(EnvelopeId(number)) for number in (1, 2, 3))
    for request in (
        Hello(), old, new, arrived, unwanted, open_one, Want(EnvelopeId(4), urgent=False), Credential("work", "s"),
        SyncNow(ticket="a"), SyncNow(ticket="b"), Unwant(unwanted.envelope_id), Wake("work"),
    ):  # fmt: skip
        remembered.note(request)
    remembered.settle(PartArrived(arrived.envelope_id, arrived.section))
    remembered.settle(SyncEnded("work", "", "a"))
    remembered.settle(SyncEnded("", "", "a"))
    assert remembered.again() == [Credential("work", "s"), new, open_one, Wake(), SyncNow(ticket="b")]


def test_notices_for_a_slow_client_are_folded_and_news_is_not() -> None:
    outbox = Outbox()
    account, inbox = AccountName("work"), MailboxId(1)
    for done in range(100):
        outbox.put(MailboxChanged(inbox))
        outbox.put(Progress(account, inbox, "headers", done, 100))
    outbox.put(NewMail(account, inbox, 1))
    outbox.put(NewMail(account, inbox, 1))
    outbox.put(PartArrived(EnvelopeId(1), Section("text")))
    assert outbox.take() == [
        MailboxChanged(inbox), Progress(account, inbox, "headers", 99, 100), NewMail(account, inbox, 1),
        NewMail(account, inbox, 1), PartArrived(EnvelopeId(1), Section("text")),
    ]  # fmt: skip


def test_a_client_that_never_reads_is_noticed() -> None:
    outbox = Outbox()
    assert all(outbox.put(PartArrived(EnvelopeId(number), Section("1"))) for number in range(5000))
    assert not outbox.put(PartArrived(EnvelopeId(0), Section("2")))
