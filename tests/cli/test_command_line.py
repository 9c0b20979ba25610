"""The command line as a whole: help, wrong words, wrong places, and the last word about errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

import tuimail
from tests.cli.conftest import CHECKOUT, CONFIG, Home
from tuimail.cli.commands import leaves
from tuimail.cli.parser import parse
from tuimail.cli.run import guarded
from tuimail.errors import ConfigError, MailError, UsageError
from tuimail.paths import Paths
from tuimail.store import Store


def test_version_and_help_go_to_stdout(home: Home) -> None:
    assert home.run("--version").out == tuimail.__version__ + "\n"
    done = home.run("--help")
    assert done.code == 0
    assert all(name.split()[0] in done.out for name, _ in leaves())


@pytest.mark.parametrize("name", [name for name, _ in leaves()])
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse([*name.split(), "--help"])
    assert f"usage: tuimail {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["lst"], "There is no command lst. Did you mean list?"),
        (["show"], "The following arguments are required: ID."),
        (["show", "abc"], "'abc' is not the number of a message"),
        (["show", "0"], "'0' is not the number of a message"),
        (["show", "-5"], "-5"),
        (["list", "--limit", "-1"], "--limit: '-1' is not a whole number"),
        (["list", "--nonsense"], "--nonsense"),
        (["account"], "COMMAND"),
        (["completions", "tcsh"], "invalid choice: 'tcsh'"),
        (["--demo", "list"], "--demo opens the screen"),
        (["show", "1", "--raw", "--text"], "not allowed with"),
        (["account", "add", "--password", "x"], "--password"),
        (["l\x1b[31mst"], "There is no command l"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(argv: list[str], sentence: str, home: Home) -> None:
    done = home.run(*argv)
    assert done.code == 2
    assert sentence in done.err
    assert done.octets == b""
    assert "\x1b" not in done.err
    assert len(done.err.splitlines()) <= 2


def test_without_a_terminal_the_screen_says_so(home: Home) -> None:
    for argv in ([], ["--demo"]):
        done = home.run(*argv)
        assert done.code == 2
        assert done.err.startswith("tuimail: The screen needs a terminal")


@pytest.mark.pty
@pytest.mark.parametrize("term", ["dumb", ""])
def test_on_a_dumb_terminal_the_screen_says_so(term: str, home: Home) -> None:
    child = pexpect.spawn(sys.executable, ["-m", "tuimail"], env={**home.environ, "TERM": term}, timeout=30)
    child.expect("cannot be drawn on this terminal")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2


@pytest.mark.pty
def test_the_first_start_explains_how_to_begin(home: Home) -> None:
    child = pexpect.spawn(sys.executable, ["-m", "tuimail"], env=home.environ, timeout=30)
    child.expect("There is no account yet")
    child.expect("tuimail account add")
    child.expect("tuimail --demo")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3


@pytest.mark.parametrize("argv", [["list"], ["mailboxes"], ["show", "1"], ["sync"], ["account", "test"]])
def test_commands_that_need_an_account_say_how_to_get_one(argv: list[str], home: Home) -> None:
    done = home.run(*argv)
    assert done.code == 3
    assert "There is no account yet" in done.err
    assert "tuimail account add" in done.err


def test_five_mistakes_in_the_configuration_are_told_at_once(home: Home) -> None:
    text = CONFIG.replace("ada@example.org", "ada").replace("port = 1", "port = 0").replace('"none"', '"ssl"')
    home.configure(text + 'password = "hunter2"\noffline = 30\n')
    for argv in (["list"], ["account", "list"], ["sync"]):
        done = home.run(*argv)
        assert done.code == 3
        lines = done.err.splitlines()
        assert lines[0].endswith("config.toml has 5 mistakes.")
        assert len(lines) == 7
        assert all(re.match(r"  /.*config\.toml:\d+: accounts\.work", line) for line in lines[1:6])
        assert "hunter2" not in done.err


def test_mail_that_is_not_here_yet_is_told_with_the_way_to_it(home: Home) -> None:
    home.configure()
    done = home.run("list")
    assert (done.code, done.octets) == (1, b"")
    assert "No mail is here yet" in done.err
    assert "tuimail sync" in done.err


def test_options_of_places_work_before_and_after_the_command(seeded: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "other")
    places = ["--data-dir", str(seeded.paths.data), "--config", str(seeded.paths.config_file)]
    for argv in ([*places, "list"], ["list", *places]):
        done = home.run(*argv)
        assert (done.code, "First things" in done.out) == (0, True)


@pytest.mark.parametrize("argv", [["sync"], ["account", "add", "--address", "a@b.c", "--no-check", "--no-smtp"]])
def test_a_home_that_cannot_be_written_is_one_sentence(argv: list[str], home: Home) -> None:
    home.configure()
    home.environ["XDG_DATA_HOME"] = "/proc/no/data"  # not even root may write there
    if argv[0] == "account":
        home.environ["XDG_CONFIG_HOME"] = "/proc/no/config"
    done = home.run(*argv)
    assert done.code == 1
    assert "cannot be" in done.err
    assert len(done.err.splitlines()) == 2


def test_a_home_that_is_a_file_is_one_sentence(home: Home) -> None:
    home.configure()
    (home.directory / "data").write_text("not a directory")
    done = home.run("sync")
    assert done.code == 1
    assert len(done.err.splitlines()) <= 2


def test_a_store_from_a_newer_version_is_one_sentence(seeded: Home) -> None:
    import sqlite3  # to make what only a newer version would

    with sqlite3.connect(seeded.paths.mail_db) as connection:
        connection.execute("PRAGMA user_version=9999")
    connection.close()
    done = seeded.run("list")
    assert done.code == 1
    assert "newer" in done.err
    assert len(done.err.splitlines()) <= 2


def test_a_damaged_store_is_one_sentence(seeded: Home) -> None:
    seeded.paths.mail_db.write_bytes(b"this is no database" * 1000)
    for name in ("mail.db-wal", "mail.db-shm"):
        (seeded.paths.data / name).unlink(missing_ok=True)
    done = seeded.run("list")
    assert done.code == 1
    assert len(done.err.splitlines()) <= 2
    assert "damaged" in done.err or "not a" in done.err


def test_a_full_disk_is_one_sentence(seeded: Home) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tuimail", "list"], env=seeded.environ, stdout=full, stderr=subprocess.PIPE,
            timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "tuimail: This failed: No space left on device.",
        "Make room on the disk, and try again.",
    ]


def test_a_reader_that_has_seen_enough_is_no_error(home: Home) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "tuimail", "keys"], env=home.environ, stdout=write, stderr=subprocess.PIPE, timeout=60,
        check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interrupt_is_quiet(capsys: pytest.CaptureFixture[str], home: Home) -> None:
    def work() -> int:
        raise KeyboardInterrupt

    assert guarded(work, home.paths) == 130
    assert capsys.readouterr().err == "\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [(MailError("Broken.", "Mend."), 1), (UsageError("Broken.", "Mend."), 2), (ConfigError("Broken.", "Mend."), 3)],
)
def test_each_kind_of_error_has_its_exit_code(
    error: MailError, code: int, capsys: pytest.CaptureFixture[str], home: Home
) -> None:
    def work() -> int:
        raise error

    assert guarded(work, home.paths) == code
    assert capsys.readouterr().err == "tuimail: Broken.\nMend.\n"


def test_what_nobody_foresaw_is_a_sentence_and_a_private_log(capsys: pytest.CaptureFixture[str], home: Home) -> None:
    def work() -> int:
        secret = "hunter2 in a variable"
        raise ZeroDivisionError("boom" + secret[:0])

    assert guarded(work, home.paths) == 1
    said = capsys.readouterr().err
    log = home.paths.state / "cli.log"
    assert str(log) in said
    assert "ZeroDivisionError" not in said
    assert "ZeroDivisionError: boom" in log.read_text()
    assert "in a variable\n" not in log.read_text().replace('secret = "hunter2 in a variable"\n', "")
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_does_not_hide_the_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def work() -> int:
        raise ZeroDivisionError

    (tmp_path / "file").write_text("")
    nowhere = Paths(tmp_path / "c", tmp_path / "d", tmp_path / "file" / "state", tmp_path / "r")
    assert guarded(work, nowhere) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--version"], ["list"], ["list", "--json"], ["search", "x"], ["account", "list"]])
def test_printing_commands_load_nothing_heavy(argv: list[str], seeded: Home) -> None:
    program = (
        f"import sys; sys.argv = ['tuimail', *{argv!r}]\nfrom tuimail.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'textual', 'rich', 'imapclient', 'imaplib', 'keyring', 'smtplib', 'poplib', 'html2text',"
        " 'selectolax', 'magic', 'tomlkit', 'asyncio', 'ssl', 'email', 'shtab'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=seeded.environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_everything_is_private_even_where_the_umask_is_not(seeded: Home) -> None:
    subprocess.run(
        ["sh", "-c", f"umask 0; exec {sys.executable} -m tuimail list"], env=seeded.environ, cwd=CHECKOUT, timeout=60,
        check=True, capture_output=True,
    )  # fmt: skip
    for path in (seeded.paths.data, *seeded.paths.data.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_store_can_still_be_opened_by_itself(seeded: Home) -> None:
    with Store.open(seeded.paths, write=False) as store:
        assert store.check() == []
