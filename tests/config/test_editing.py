"""Adding and removing accounts in a file that a person also edits."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tuimail import config
from tuimail.config import AccountConfig, AuthKind, ConfigEditor, Protocol, Receive, Security, Send
from tuimail.errors import ConfigError, DiskFull, ReadOnly, UsageError
from tuimail.model import AccountName

RECEIVE = Receive(Protocol.IMAP, "imap.example.org", 993, Security.TLS, "ada")
SEND = Send("smtp.example.org", 587, Security.STARTTLS, (2525,), "ada")
WORK = AccountConfig(AccountName("work"), "ada@example.org", 'Ada "B" Byron', RECEIVE, SEND)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "config.toml"


@pytest.mark.parametrize(
    "account",
    [
        WORK,
        replace(WORK, send=None, full_name=""),
        replace(WORK, receive=replace(RECEIVE, port=143, security=Security.STARTTLS, password_command=("pass", "a b"))),
        replace(WORK, receive=replace(RECEIVE, port=10143, ca_file=Path("/r.pem"), offline_days=None)),
        replace(WORK, receive=replace(RECEIVE, offline_days=0, subscribed_only=True)),
        replace(WORK, send=replace(SEND, user="other", password_command=("x",))),
        replace(WORK, receive=Receive(Protocol.POP3, "pop.example.org", 995, Security.TLS, "ada", quarantine=True)),
        replace(WORK, receive=Receive(Protocol.POP3, "p.org", 110, Security.STARTTLS, "ada", keep_on_server_days=14)),
        replace(WORK, receive=Receive(Protocol.POP3, "p.org", 995, Security.TLS, "ada", limit_octets=3 << 20)),
        replace(WORK, receive=Receive(Protocol.POP3, "p.org", 995, Security.TLS, "ada", limit_octets=1 << 30)),
        replace(WORK, receive=Receive(Protocol.POP3, "p.org", 995, Security.TLS, "ada", limit_octets=1 << 10)),
        replace(
            WORK,
            receive=replace(RECEIVE, auth=AuthKind.OAUTH2, token_command=("oama", "access")),
            send=replace(SEND, auth=AuthKind.OAUTH2, token_command=("oama", "access")),
        ),
        replace(WORK, receive=Receive(Protocol.MAILDIR, path=Path("/mail")), send=None),
        replace(WORK, receive=replace(RECEIVE, host="127.0.0.1", port=1143, security=Security.NONE), send=None),
    ],
)
def test_what_is_written_is_read_back_as_it_was(file: Path, account: AccountConfig) -> None:
    if account.send and account.send.password_command == () and account.receive.password_command:
        account = replace(account, send=replace(account.send, password_command=account.receive.password_command))
    if account.send and account.receive.ca_file:
        account = replace(account, send=replace(account.send, ca_file=account.receive.ca_file))
    ConfigEditor(file).add_account(account)
    assert config.load(file).accounts == {account.name: account}


def test_comments_order_and_hand_written_lines_are_kept(file: Path) -> None:
    file.parent.mkdir()
    before = '# mine\n[ui]  # screen\ntheme = "nord"   # blue\n\n[accounts.old]\naddress="a@b.c" # first\n'
    before += '[accounts.old.receive]\nprotocol = "imap"\nhost = "h"\n'
    file.write_text(before)
    editor = ConfigEditor(file)
    editor.add_account(WORK)
    assert file.read_text().startswith(before)
    assert list(config.load(file).accounts) == ["old", "work"]
    editor.remove_account("work")
    assert file.read_text().rstrip("\n") == before.rstrip("\n")


def test_the_file_is_private_and_the_old_one_goes_in_one_step(file: Path) -> None:
    old_umask = os.umask(0)
    try:
        ConfigEditor(file).add_account(WORK)
    finally:
        os.umask(old_umask)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "tuimail.toml"
    real.parent.mkdir()
    real.write_text("# kept\n")
    file.parent.mkdir()
    file.symlink_to(real)
    ConfigEditor(file).add_account(WORK)
    assert file.is_symlink()
    assert real.read_text().startswith("# kept\n")
    assert config.load(file).accounts


def test_a_name_that_is_taken_is_refused(file: Path) -> None:
    ConfigEditor(file).add_account(WORK)
    with pytest.raises(UsageError, match="already"):
        ConfigEditor(file).add_account(WORK)


def test_removing_nobody_is_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="no account"):
        ConfigEditor(file).remove_account("work")


def test_a_file_with_mistakes_is_not_made_worse(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('[ui]\ntheem = "x"\n')
    with pytest.raises(ConfigError):
        ConfigEditor(file).add_account(WORK)
    assert file.read_text() == '[ui]\ntheem = "x"\n'


def test_what_the_reader_would_refuse_is_never_saved(file: Path) -> None:
    wrong = replace(WORK, receive=replace(RECEIVE, security=Security.NONE))
    with pytest.raises(ConfigError):
        ConfigEditor(file).add_account(wrong)
    assert not file.exists()


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EROFS, ReadOnly)])
def test_a_full_disk_leaves_the_old_file_whole(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    ConfigEditor(file).add_account(WORK)
    before = file.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind):
        ConfigEditor(file).add_account(replace(WORK, name=AccountName("other")))
    assert file.read_bytes() == before
    assert len(list(file.parent.iterdir())) == 1
