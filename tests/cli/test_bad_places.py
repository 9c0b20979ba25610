"""Places and terminals that do not serve: the screen and `sync` say so in a sentence, and nothing is lost."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from sys import executable

import pytest

from tests.cli.conftest import CONFIG, Done, Home
from tests.demo_account import PASSWORD, configured, stop_engine
from tests.faults.drop_server import Drop, DropServer
from tests.faults.promise import assert_promise, assert_settled, stored_by_uidl
from tests.ui.terminal import Terminal, app_environ
from tuimail.demo.server import DemoServer
from tuimail.model import AccountName
from tuimail.paths import Paths
from tuimail.store import Store

SMALL_DISK = "size=1m"


def mail(number: int) -> bytes:
    """A message whose headers take some room."""
    subject = f"Report {number} {'of the night watch ' * 40}"
    return (
        f"From: Grace <grace@navy.example>\r\nTo: ada@example.org\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@navy.example>\r\n\r\nAll quiet.\r\n"
    ).encode()


def log_of(home: Home) -> str:
    """What the engine wrote down."""
    return home.paths.log_file.read_text() if home.paths.log_file.exists() else ""


def screen(home: Home, width: int = 120, height: int = 32) -> Terminal:
    """The program on a terminal."""
    environ = {**home.environ, **app_environ(home.directory)}
    return Terminal([executable, "-m", "tuimail"], environ, width=width, height=height)


def said_by_screen(home: Home) -> tuple[int, str]:
    """The exit code and the words of a screen that cannot open, with no trace of an app in them."""
    with screen(home) as terminal:
        code = terminal.wait(20.0)
        said = terminal.output.decode().replace("\r\n", "\n")
    assert "Traceback" not in said
    return code, said


def assert_one_sentence(said: str, *words: str) -> None:
    """A sentence and advice, each a line, and nothing else on the terminal."""
    last = said.rpartition("\x1b[?1049l")[2].rpartition("\x1b[?25h")[2]
    lines = last.strip().splitlines()
    assert 1 <= len(lines) <= 2, said
    assert lines[0].startswith("tuimail: "), said
    for word in words:
        assert word in last


@pytest.fixture
def quiet(seeded: Home) -> Iterator[Home]:
    """A home with mail, in which no engine stays."""
    yield seeded
    stop_engine(seeded.paths)


# --- stores ------------------------------------------------------------------


@pytest.mark.pty
def test_the_screen_leaves_a_store_from_a_newer_version_alone(quiet: Home) -> None:
    with sqlite3.connect(quiet.paths.mail_db) as connection:
        connection.execute("PRAGMA user_version=9999")
    connection.close()
    before = quiet.paths.mail_db.read_bytes()
    code, said = said_by_screen(quiet)
    assert code == 1
    assert_one_sentence(said, "newer tuimail", "Update tuimail")
    assert quiet.paths.mail_db.read_bytes() == before
    done = quiet.run("sync")
    assert (done.code, "newer tuimail" in done.out + done.err) == (1, True)
    assert quiet.paths.mail_db.read_bytes() == before


@pytest.mark.pty
def test_the_screen_says_that_a_store_is_damaged_and_leaves_it(quiet: Home) -> None:
    octets = bytes(100) + quiet.paths.mail_db.read_bytes()[100:]
    quiet.paths.mail_db.write_bytes(octets)
    code, said = said_by_screen(quiet)
    assert code == 1
    assert_one_sentence(said, "damaged", "tuimail doctor")
    done = quiet.run("sync")
    assert (done.code, "damaged" in done.out + done.err) == (1, True)
    assert quiet.paths.mail_db.read_bytes() == octets


# --- directories -------------------------------------------------------------


@pytest.mark.pty
def test_a_data_directory_that_is_a_file_is_one_sentence_on_the_screen(home: Home) -> None:
    home.configure()
    home.paths.data.parent.mkdir(parents=True)
    home.paths.data.write_text("not a directory")
    home.environ.pop("XDG_DATA_HOME")
    (home.directory / ".local/share").mkdir(parents=True)
    (home.directory / ".local/share/tuimail").write_text("not a directory")
    code, said = said_by_screen(home)
    assert code == 1
    assert_one_sentence(said, "cannot be made", "--data-dir")
    assert (home.directory / ".local/share/tuimail").read_text() == "not a directory"


@pytest.mark.pty
def test_a_data_directory_that_cannot_be_made_is_one_sentence_on_the_screen(home: Home) -> None:
    home.configure()
    home.environ["XDG_DATA_HOME"] = "/proc/no/data"  # not even root may write there
    code, said = said_by_screen(home)
    assert code == 1
    assert_one_sentence(said, "cannot be made", "--data-dir")


# --- a full disk -------------------------------------------------------------


def fill(directory: Path) -> Path:
    """Fill the disk with one file."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(bytes(4096)):
            continue
    return ballast


@pytest.fixture
def small_disk(short_directory: Path) -> Iterator[Path]:
    """A disk with room for little."""
    place = Path(tempfile.mkdtemp(dir=short_directory))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small disk needs the right to mount: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """A server with more mail than a small disk takes."""
    with DemoServer.start(samples=False, password=PASSWORD) as server:
        for number in range(1, 1201):
            server.deliver(mail(number))
        yield server


@pytest.fixture
def crowded(home: Home, server: DemoServer, small_disk: Path) -> Iterator[Home]:
    """A home whose mail lies on the small disk."""
    home.environ["XDG_DATA_HOME"] = str(small_disk)
    home.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(dir=small_disk.parent)
    home.paths = Paths.from_environment(home.environ)
    home.configure(configured(server))
    yield home
    stop_engine(home.paths)


def grow(place: Path, size: str = "64m") -> None:
    """Make the disk large."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], capture_output=True, check=True)


def subjects(home: Home) -> int:
    """How many messages are here; raises AssertionError for a store that is not in order."""
    with Store.open(home.paths) as store:
        assert store.check() == []
        return sum(mailbox.total for mailbox in store.mailboxes.all())


def assert_said_full(done: Done) -> None:
    """One sentence about a full disk."""
    said = done.out + done.err
    assert done.code == 1
    assert "full" in said or "No space" in said, said
    assert len(said.strip().splitlines()) <= 2, said


@pytest.mark.pty
def test_a_disk_that_is_full_at_the_start_is_one_sentence(crowded: Home, small_disk: Path) -> None:
    ballast = fill(small_disk)
    code, said = said_by_screen(crowded)
    assert code == 1
    assert_one_sentence(said, "full")
    assert_said_full(crowded.run("sync"))
    ballast.unlink()
    grow(small_disk)
    assert crowded.run("sync").code == 0
    assert subjects(crowded) == 1200


def test_a_disk_that_fills_in_the_middle_of_a_sync_loses_nothing(crowded: Home, small_disk: Path) -> None:
    assert_said_full(crowded.run("sync"))
    stop_engine(crowded.paths)
    grow(small_disk)
    assert subjects(crowded) < 1200
    assert crowded.run("sync").code == 0
    assert subjects(crowded) == 1200


@pytest.mark.pty
def test_a_screen_whose_disk_fills_goes_on_once_there_is_room(
    crowded: Home, small_disk: Path, server: DemoServer
) -> None:
    grow(small_disk)
    with screen(crowded) as terminal:
        terminal.read_until(lambda: terminal.shows("Report 1200"))
        ballast = fill(small_disk)
        for number in range(1201, 1601):
            server.deliver(mail(number))
        terminal.read_until(lambda: terminal.shows("is full"))
        assert "DiskFull" in log_of(crowded)
        assert b"Traceback" not in terminal.output
        ballast.unlink()
        terminal.press("R")
        terminal.read_until(lambda: terminal.shows("of 1,600"))
        terminal.press("q")
        assert terminal.wait() == 0
        assert b"Traceback" not in terminal.output
    assert subjects(crowded) == 1600


# --- POP3: the only copy may be ours -----------------------------------------

POP = AccountName("pop")


@pytest.fixture
def drop() -> Iterator[DropServer]:
    """A drop with more mail than a small disk takes."""
    with DropServer(Drop({b"u%04d" % number: mail(number) for number in range(1, 1201)})) as server:
        yield server


@pytest.fixture
def popping(home: Home, drop: DropServer, small_disk: Path) -> Iterator[Home]:
    """A home whose Maildir lies on the small disk; what is here goes from the server."""
    home.environ["XDG_DATA_HOME"] = str(small_disk)
    home.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(dir=small_disk.parent)
    home.paths = Paths.from_environment(home.environ)
    home.configure(f"""\
[accounts.pop]
address = "ada@example.net"
[accounts.pop.receive]
protocol = "pop3"
host = "{drop.host}"
port = {drop.pop3_port}
security = "none"
user = "{drop.pop3_user}"
password_command = ["echo", "{drop.password}"]
keep_on_server = "never"
""")
    yield home
    stop_engine(home.paths)


def sentence_of(home: Home) -> str:
    """What the account's status says."""
    (account,) = home.run("account", "list", "--json").json()
    return str(account["sentence"])


def test_a_disk_that_fills_while_pop3_mail_comes_loses_nothing(
    popping: Home, drop: DropServer, small_disk: Path
) -> None:
    mails = drop.drop.start()
    grow(small_disk, "3m")
    assert_said_full(popping.run("sync"))
    stop_engine(popping.paths)
    drop.drained()
    grow(small_disk)
    with Store.open(popping.paths) as store:
        assert_promise(drop.drop, mails, store, POP)
        assert 0 < len(stored_by_uidl(store, POP)) < 1200
    assert popping.run("sync").code == 0
    drop.drained()
    assert sentence_of(popping) == ""
    with Store.open(popping.paths) as store:
        assert_settled(drop.drop, mails, store, POP, popping.paths.maildir)


def test_a_maildir_that_cannot_be_written_is_one_sentence_and_the_mail_stays_on_the_server(
    popping: Home, drop: DropServer, small_disk: Path
) -> None:
    grow(small_disk)
    drop.drop.messages = {b"first": mail(1)}
    assert popping.run("sync").code == 0
    drop.drained()
    drop.drop.messages = {b"second": mail(2)}
    place = str(popping.paths.maildir)
    for argv in (["mount", "--bind", place, place], ["mount", "-o", "remount,bind,ro", place]):
        subprocess.run(argv, capture_output=True, check=True)
    try:
        done = popping.run("sync")
        said = done.out + done.err
        assert (done.code, len(said.strip().splitlines()) <= 2) == (1, True), said
        assert "Read-only" in said
        assert "writable again" in said
        assert "Read-only" in sentence_of(popping)
        drop.drained()
        assert set(drop.drop.messages) == {b"second"}
    finally:
        stop_engine(popping.paths)
        subprocess.run(["umount", "-l", place], capture_output=True, check=True)
    assert popping.run("sync").code == 0
    drop.drained()
    assert (subjects(popping), drop.drop.messages, sentence_of(popping)) == (2, {}, "")


# --- terminals ---------------------------------------------------------------


@pytest.mark.pty
def test_a_tiny_terminal_says_so_and_can_be_left(quiet: Home) -> None:
    quiet.configure(CONFIG.replace('"false"', '"echo", "x"'))  # else it asks for a password, and keys go there
    with screen(quiet, width=20, height=5) as terminal:
        terminal.read_until(lambda: any(terminal.lines()))
        terminal.read_until_quiet(0.5)
        assert any(terminal.lines())
        terminal.press("q")
        assert terminal.wait() == 0
        assert b"Traceback" not in terminal.output


@pytest.mark.pty
def test_a_size_in_the_environment_is_not_believed_before_the_terminals(quiet: Home) -> None:
    quiet.configure(CONFIG.replace('"false"', '"echo", "x"'))
    quiet.environ |= {"LINES": "24", "COLUMNS": "80"}  # as readline hands them on
    with screen(quiet, width=20, height=5) as terminal:
        terminal.read_until(lambda: terminal.shows("tuimail needs a"))
        terminal.press("q")
        assert terminal.wait() == 0
