"""`account add`, `test`, `list`, `remove`, against the embedded server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import Home
from tuimail import config
from tuimail.cli.providers import PROVIDERS, host_guesses, provider_of
from tuimail.config import Security
from tuimail.config.table import HOST
from tuimail.demo.server import DemoServer
from tuimail.model import AccountName

PASSWORD = "correct-horse-battery-staple"
DEMO = AccountName("demo")


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer.start(samples=False, password=PASSWORD) as server:
        yield server


def add_words(server: DemoServer, *more: str) -> list[str]:
    return [
        "account", "add", "--name", "demo", "--address", server.address, "--host", server.host,
        "--port", str(server.imap_port), "--security", "none", "--user", server.user, "--no-smtp", *more,
    ]  # fmt: skip


def use_keyring(home: Home, where: str | None = None) -> Path:
    file = home.directory / "keyring.json"
    home.environ["PYTHON_KEYRING_BACKEND"] = "tests.cli.fake_keyring.FileKeyring"
    home.environ["FAKE_KEYRING"] = where or str(file)
    return file


def spawn(home: Home, *argv: str) -> pexpect.spawn:
    child = pexpect.spawn(
        sys.executable, ["-m", "tuimail", *argv], env=home.environ, cwd=str(home.directory), timeout=30,
        encoding="utf-8", dimensions=(40, 150),
    )  # fmt: skip
    child.delaybeforesend = 0.05
    return child


def files_with(home: Home, secret: str) -> list[Path]:
    """Files below the home that hold the secret; the fake keyring is not one of them."""
    files = [path for path in home.directory.rglob("*") if path.is_file() and path.name != "keyring.json"]
    return [path for path in files if secret.encode() in path.read_bytes()]


# --- the other protocols ----------------------------------------------------------


def test_a_pop3_account_is_checked_for_real_and_holds_attachments(home: Home, server: DemoServer) -> None:
    words = [
        "account", "add", "--name", "post", "--address", server.pop3_address, "--protocol", "pop3", "--host",
        server.host, "--port", str(server.pop3_port), "--security", "none", "--user", server.pop3_user, "--no-smtp",
        "--keep-on-server", "14d", "--keep-password", "ask", "--password-stdin",
    ]  # fmt: skip
    refused = home.run(*words, stdin=b"wrong\n")
    assert refused.code == 1
    assert not home.paths.config_file.exists()
    done = home.run(*words, "--json", stdin=PASSWORD.encode() + b"\n")
    assert done.code == 0, done.err
    assert done.json()["report"][-1] == "No mail waits there."
    receive = config.load(home.paths.config_file).accounts[AccountName("post")].receive
    assert (receive.quarantine, receive.keep_on_server_days) == (True, 14)


def test_a_maildir_account_needs_a_directory_and_no_password(home: Home, tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    for part in ("cur", "new", "tmp"):
        (mail / part).mkdir(parents=True)
    words = ["account", "add", "--name", "here", "--address", "a@b.c", "--protocol", "maildir", "--path", mail]
    done = home.run(*words)
    assert done.code == 0, done.err
    assert config.load(home.paths.config_file).accounts[AccountName("here")].receive.path == mail


# --- without questions ------------------------------------------------------------


def test_an_account_is_added_after_really_signing_in(home: Home, server: DemoServer) -> None:
    done = home.run(*add_words(server, "--password-stdin"), stdin=PASSWORD.encode() + b"\n")
    assert done.code == 0
    assert f"Account demo is set up in {home.paths.config_file}. Now run `tuimail`." in done.out
    assert "The login of ada is accepted." in done.err
    assert "no keyring" in done.err
    account = config.load(home.paths.config_file).accounts[DEMO]
    assert (account.receive.port, account.receive.security, account.send) == (server.imap_port, Security.NONE, None)
    assert home.paths.config_file.stat().st_mode & 0o777 == 0o600
    assert files_with(home, PASSWORD) == []


def test_a_password_goes_into_the_keyring_and_comes_out_again(home: Home, server: DemoServer) -> None:
    keyring = use_keyring(home)
    assert home.run(*add_words(server, "--password-stdin"), stdin=PASSWORD.encode()).code == 0
    assert json.loads(keyring.read_text()) == {f"tuimail:imap:127.0.0.1 {server.user}": PASSWORD}
    done = home.run("account", "test")
    assert done.code == 0
    assert "ok  The login of ada is accepted." in done.out
    removed = home.run("account", "remove", "demo", "--yes")
    assert removed.code == 0
    assert json.loads(keyring.read_text()) == {}
    assert files_with(home, PASSWORD) == []


def test_a_keyring_that_forgets_is_told(home: Home, server: DemoServer) -> None:
    use_keyring(home, "drop")
    done = home.run(*add_words(server, "--password-stdin"), stdin=PASSWORD.encode())
    assert done.code == 0
    assert "does not give it back" in done.err
    assert "The password was not kept; tuimail will ask for it." in done.err


def test_a_password_command_is_kept_as_words_and_run(home: Home, server: DemoServer) -> None:
    secret = home.directory / "secret file"
    secret.write_text(PASSWORD)
    done = home.run(*add_words(server, "--password-command", f"cat '{secret}'", "--json"))
    assert done.code == 0
    assert done.json()["report"][-1].startswith("It has")
    assert config.load(home.paths.config_file).accounts[DEMO].receive.password_command == ("cat", str(secret))
    assert home.run("account", "test", "demo").code == 0


def test_a_wrong_password_is_told_and_nothing_is_written(home: Home, server: DemoServer) -> None:
    done = home.run(*add_words(server, "--password-stdin"), stdin=b"wrong\n")
    assert done.code == 1
    assert "refused the login of ada" in done.err
    assert not home.paths.config_file.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--port": "1"}, "127.0.0.1"),
        ({"--security": "tls"}, "TLS"),
        ({"--security": "starttls"}, "STARTTLS"),
    ],
)
def test_what_fails_is_said_in_plain_words(
    change: dict[str, str], sentence: str, home: Home, server: DemoServer
) -> None:
    words = add_words(server, "--password-stdin")
    for option, value in change.items():
        words[words.index(option) + 1] = value
    done = home.run(*words, stdin=PASSWORD.encode())
    assert done.code == 1
    assert sentence in done.err
    assert not home.paths.config_file.exists()


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "--address is missing"),
        (["--address", "ada"], "--address cannot be 'ada'"),
        (["--address", "a@b.c", "--name", "../x"], "--name cannot be '../x'"),
        (["--address", "a@b.c", "--no-smtp"], "There is no password to sign in with"),
        (["--address", "a@b.c", "--host", "imap.b.c", "--security", "none", "--password-stdin"], "has to be protected"),
        (["--address", "a@b.c", "--host", "a b", "--password-stdin"], "is not a host"),
        (["--address", "a@b.c", "--offline", "soon", "--password-stdin"], "--offline cannot be 'soon'"),
        (["--address", "a@b.c", "--protocol", "pop3", "--keep-on-server", "x", "--password-stdin"],
         "--keep-on-server cannot be 'x'"),
        (["--address", "a@b.c", "--protocol", "maildir", "--path", "/nowhere"], "--path cannot be '/nowhere'"),
        (["--address", "a@b.c", "--password-command", "'"], "cannot be split into words"),
    ],
)
def test_options_that_make_no_sense_are_refused(argv: list[str], sentence: str, home: Home) -> None:
    done = home.run("account", "add", *argv, stdin=b"secret\n")
    assert done.code == 2
    assert sentence in done.err
    assert not home.paths.config_file.exists()


def test_an_empty_password_on_standard_input_is_refused(home: Home, server: DemoServer) -> None:
    done = home.run(*add_words(server, "--password-stdin"), stdin=b"\n")
    assert done.code == 2
    assert "no password on standard input" in done.err


def test_an_account_can_be_written_down_without_signing_in(home: Home) -> None:
    done = home.run("account", "add", "--address", "ada@posteo.de", "--no-check")
    assert done.code == 0
    account = config.load(home.paths.config_file).accounts[AccountName("posteo")]
    assert (account.receive.host, account.receive.port) == ("posteo.de", 993)
    assert account.send is not None
    assert account.send.port == 465
    again = home.run("account", "add", "--address", "ada@posteo.de", "--no-check", "--name", "posteo")
    assert (again.code, "There is an account posteo already." in again.err) == (2, True)
    assert home.run("account", "add", "--address", "ada@posteo.de", "--no-check").code == 0
    assert sorted(config.load(home.paths.config_file).accounts) == ["posteo", "posteo.de"]


# --- with questions -----------------------------------------------------------------


@pytest.mark.pty
def test_questions_lead_to_an_account_and_the_password_is_never_shown(home: Home, server: DemoServer) -> None:
    child = spawn(home, "account", "add")
    child.expect("Mail address: ")
    child.sendline("nonsense")
    child.expect("Please give a mail address")
    child.expect("Mail address: ")
    child.sendline("ada@analytical.example")
    child.expect(r"Name for the account \[analytical\]: ")
    child.sendline("demo")
    child.expect("Your name, as others see it")
    child.sendline("Ada Byron")
    child.expect(r"Server that mail comes from \[imap\.analytical\.example\]: ")
    child.sendline(server.host)
    child.expect(r"Port \[993\]: ")
    child.sendline(str(server.imap_port))
    child.expect("How is the connection protected")
    child.sendline("3")
    child.expect(r"Login name \[ada@analytical\.example\]: ")
    child.sendline(server.user)
    child.expect(r"Server that sends, or - for none \[smtp\.analytical\.example\]: ")
    child.sendline("-")
    child.expect("This machine has no keyring that could keep the password")
    child.expect("1  asked for in each run")
    child.expect("2  from a command of yours")
    child.expect("Where shall the password live")
    child.sendline("2")
    child.expect("Command that prints the password")
    child.sendline("no-such-command-here")
    child.expect("That command gave no password")
    child.expect("Where shall the password live")
    child.sendline("")
    child.expect("Password of ada at 127.0.0.1: ")
    child.sendline("wrong")
    child.expect("refused the login")
    child.expect("Password of ada at 127.0.0.1: ")
    child.sendline(PASSWORD)
    child.expect("is set up in")
    child.expect("Now run `tuimail`")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert config.load(home.paths.config_file).accounts[DEMO].full_name == "Ada Byron"
    assert files_with(home, PASSWORD) == []


@pytest.mark.pty
def test_the_keyring_is_offered_first_where_there_is_one(home: Home, server: DemoServer) -> None:
    keyring = use_keyring(home)
    child = spawn(home, *add_words(server, "--full-name", "Ada"))
    child.expect(r"1  in the keyring of this system \(test keyring\)")
    child.expect("Where shall the password live")
    child.sendline("")
    child.expect("Password of ada")
    child.sendline(PASSWORD)
    child.expect("is set up in")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, PASSWORD in keyring.read_text()) == (0, True)


@pytest.mark.pty
def test_input_that_ends_early_changes_nothing(home: Home) -> None:
    child = spawn(home, "account", "add")
    child.expect("Mail address: ")
    child.sendeof()
    child.expect("The input ended before all was answered")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, home.paths.config_file.exists()) == (2, False)


@pytest.mark.pty
def test_account_test_asks_for_a_password_that_is_not_kept(home: Home, server: DemoServer) -> None:
    assert home.run(*add_words(server, "--no-check")).code == 0
    child = spawn(home, "account", "test", "demo")
    child.expect("Password of ada at 127.0.0.1: ")
    child.sendline(PASSWORD)
    child.expect("The login of ada is accepted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


# --- test, list, remove ---------------------------------------------------------------


def test_account_test_without_anybody_to_ask_says_what_is_missing(home: Home, server: DemoServer) -> None:
    assert home.run(*add_words(server, "--no-check")).code == 0
    done = home.run("account", "test", "--json")
    assert done.code == 1
    (result,) = done.json()
    assert (result["account"], result["ok"]) == ("demo", False)
    assert result["error"]
    good = home.run("account", "test", "demo", "--password-stdin", "--json", stdin=PASSWORD.encode())
    assert good.json()[0]["ok"] is True


def test_the_list_of_accounts_says_how_they_are(home: Home, server: DemoServer) -> None:
    assert home.run("account", "list").err.startswith("There is no account yet.")
    assert home.run("account", "list", "--json").json() == []
    assert home.run(*add_words(server, "--no-check")).code == 0
    assert "not connected yet" in home.run("account", "list").out
    (values,) = home.run("account", "list", "--json").json()
    assert (values["name"], values["protocol"], values["status"]) == ("demo", "imap", "never")
    assert values["synced_at"] is None


def test_removing_needs_a_yes_and_keeps_mail_unless_told(seeded: Home) -> None:
    refused = seeded.run("account", "remove", "work")
    assert (refused.code, "Add --yes." in refused.err) == (2, True)
    done = seeded.run("account", "remove", "work", "--yes")
    assert done.code == 0
    assert "its mail here was kept" in done.out
    assert config.load(seeded.paths.config_file).accounts == {}
    with seeded.store() as store:
        assert len(store.accounts.all()) == 1
    purged = seeded.run("account", "remove", "work", "--yes", "--purge", "--json")
    assert purged.json() == {"account": "work", "removed": False, "purged": True}
    with seeded.store() as store:
        assert store.accounts.all() == []
    assert "There is no account work" in seeded.run("account", "remove", "work", "--yes").err


# --- providers ------------------------------------------------------------------------


def test_providers_are_found_by_domain_in_any_case() -> None:
    provider = provider_of("Ada@GMail.com")
    assert provider is not None
    assert (provider.receive.host, "app password" in provider.note) == ("imap.gmail.com", True)
    assert provider_of("ada@example.org") is None


def test_every_provider_is_well_formed_and_named_once() -> None:
    domains = [domain for provider in PROVIDERS for domain in provider.domains]
    assert len(domains) == len(set(domains))
    for provider in PROVIDERS:
        for server in (provider.receive, provider.send):
            assert HOST.read(server.host)
            assert server.security is not Security.NONE


def test_hosts_of_other_domains_are_guessed_by_custom() -> None:
    assert host_guesses("ada@example.org", "imap") == ("imap.example.org", "mail.example.org", "example.org")
    assert host_guesses("ada@example.org", "pop3")[0] == "pop.example.org"


# --- sending ------------------------------------------------------------------------


def sending_words(server: DemoServer, port: int) -> list[str]:
    words = [word for word in add_words(server, "--password-stdin") if word != "--no-smtp"]
    return [*words, "--smtp-host", server.host, "--smtp-port", str(port), "--smtp-security", "none"]


def test_adding_signs_in_to_send_before_it_writes_anything(home: Home, server: DemoServer) -> None:
    server.log.clear()
    answer = home.run(*sending_words(server, server.smtp_port), stdin=PASSWORD.encode())
    assert answer.code == 0, answer.err
    assert "accepted for sending" in answer.err
    assert server.log.count("AUTH") == 1
    assert home.run("account", "list", "--json").json()[0]["sends"] is True


def test_adding_says_that_sending_does_not_work_and_writes_nothing(home: Home, server: DemoServer) -> None:
    answer = home.run(*sending_words(server, server.imap_port), stdin=PASSWORD.encode())
    assert answer.code != 0
    assert "Receiving works, sending does not" in answer.err
    assert home.run("account", "list", "--json").json() == []


def test_testing_an_account_signs_in_to_send_too(home: Home, server: DemoServer) -> None:
    home.run(*sending_words(server, server.smtp_port), stdin=PASSWORD.encode())
    answer = home.run("account", "test", "--json", "--password-stdin", stdin=PASSWORD.encode())
    assert answer.code == 0, answer.err
    assert any("accepted for sending" in sentence for sentence in answer.json()[0]["report"])
    server.sink.mechanisms = ()
    try:
        answer = home.run("account", "test", "--json", "--password-stdin", stdin=PASSWORD.encode())
    finally:
        server.sink.mechanisms = ("PLAIN", "LOGIN", "SCRAM-SHA-256")
    assert answer.code == 1
    assert answer.json()[0]["error"]
