"""`account test`: what works, and what does not, in plain words."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.conftest import Demo
from tests.fakes.scripted import ScriptedServer, play
from tuimail.config import AccountConfig, Protocol, Receive, Security
from tuimail.engine.check import check_account
from tuimail.errors import AuthError, Dropped, MailError, ProtocolViolation, Unreachable, UsageError
from tuimail.model import AccountName


def account(host: str, port: int, user: str = "ada") -> AccountConfig:
    receive = Receive(Protocol.IMAP, host=host, port=port, security=Security.NONE, user=user)
    return AccountConfig(AccountName("work"), "ada@example.org", "", receive)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_working_account_is_described_step_by_step(full: Demo) -> None:
    said = check_account(account(full.host, full.port, full.user), full.password)
    assert len(said) == 3
    assert "answers" in said[0]
    assert "accepted" in said[1]
    selectable = sum(full.store.mailbox(name).selectable for name in full.store.names())
    assert said[2] == f"It has {selectable} mailboxes."


def test_a_wrong_password_is_told_with_the_host(full: Demo) -> None:
    with pytest.raises(AuthError) as refused:
        check_account(account(full.host, full.port, full.user), "wrong")
    assert full.host in refused.value.sentence
    assert not refused.value.password_missing


def test_a_port_where_nobody_listens_is_told(full: Demo) -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=str(port)):
        check_account(account("127.0.0.1", port), "x")


def test_a_name_that_does_not_exist_is_told() -> None:
    nowhere = Receive(Protocol.IMAP, host="nowhere.localhost.invalid", port=1)
    with pytest.raises(MailError, match=r"nowhere\.localhost\.invalid"):
        check_account(replace(account("h", 1), receive=nowhere), "x")


def test_something_else_than_a_mail_server_is_told() -> None:
    with (
        ScriptedServer(play(["HTTP/1.0 400 Bad Request"])) as server,
        pytest.raises((ProtocolViolation, Dropped, Unreachable)) as told,
    ):
        check_account(account(server.host, server.port), "x")
    assert server.host in str(told.value)


def test_a_maildir_is_looked_for(tmp_path: Path) -> None:
    there = replace(account("", 0), receive=Receive(Protocol.MAILDIR, path=tmp_path))
    assert check_account(there, None) == [f"{tmp_path} is there."]
    with pytest.raises(UsageError, match="not a directory"):
        check_account(replace(there, receive=Receive(Protocol.MAILDIR, path=tmp_path / "no")), None)
