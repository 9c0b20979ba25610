"""Commands that need the engine, against the embedded server: sync, show, save, flag; and the same when it is away."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Home
from tests.demo_account import PASSWORD, configured, stop_engine
from tuimail.demo.server import DemoServer
from tuimail.model import Flag

MAIL = b"From: Grace <grace@navy.example>\r\nTo: ada@example.org\r\nSubject: %s\r\nMessage-ID: <%s@navy.example>\r\n"
PLAIN = MAIL + b"Date: Thu, 5 Nov 2026 09:12:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"
FILE = b"%PDF-1.4 " + b"listing " * 500
WITH_FILE = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n"
    b"See the listing.\r\n--x\r\nContent-Type: application/pdf; name=listing.pdf\r\n"
    b"Content-Disposition: attachment; filename=listing.pdf\r\n\r\n"
)


def plain(word: bytes, text: bytes) -> bytes:
    return PLAIN % (word, word, text)


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer.start(samples=False, password=PASSWORD) as server:
        server.deliver(plain(b"Old", b"Fetched ahead."))
        server.deliver(MAIL % (b"Listing", b"Listing") + WITH_FILE + FILE + b"\r\n--x--\r\n")
        yield server


@pytest.fixture
def online(home: Home, server: DemoServer) -> Iterator[Home]:
    """A home whose account is the server's; nothing is fetched ahead."""
    home.configure(configured(server))
    yield home
    stop_engine(home.paths)


def id_of(home: Home, subject: str) -> int:
    found = [each["id"] for each in home.run("list", "--json").json() if each["subject"] == subject]
    return int(found[0])


def test_sync_fetches_headers_and_says_what_is_new(online: Home, server: DemoServer) -> None:
    first = online.run("sync")
    assert (first.code, first.out) == (0, "demo: done\n")
    assert {each["subject"] for each in online.run("list", "--json").json()} == {"Old", "Listing"}
    assert online.run("sync", "demo", "--json").json() == [{"account": "demo", "ok": True, "sentence": "", "new": 0}]
    server.deliver(plain(b"News", b"Just now."))
    assert online.run("sync").out == "demo: done, 1 new message\n"
    assert "demo" in online.run("account", "list").out


def test_a_text_and_a_file_are_fetched_when_they_are_wanted(online: Home) -> None:
    online.run("sync")
    number = id_of(online, "Listing")
    shown = online.run("show", number)
    assert (shown.code, "See the listing." in shown.out) == (0, True)
    assert "Attachment 2: listing.pdf (application/pdf, ~4.0 kB)" in shown.out
    assert "not downloaded" in online.run("attachments", number).out
    saved = online.run("save", number, "2", "--json")
    assert saved.code == 0
    assert (online.directory / "listing.pdf").read_bytes() == FILE
    assert (saved.json()[0]["real_type"], saved.json()[0]["is_here"]) == ("application/pdf", True)


def test_headers_and_the_raw_message_are_fetched_too(online: Home) -> None:
    online.run("sync")
    number = id_of(online, "Old")
    assert "Message-ID: <Old@navy.example>" in online.run("show", number, "--headers").out.splitlines()
    assert online.run("show", number, "--raw").octets == plain(b"Old", b"Fetched ahead.")


def test_what_was_fetched_reads_without_the_server_and_the_rest_says_so(online: Home, server: DemoServer) -> None:
    online.run("sync")
    old, listing = id_of(online, "Old"), id_of(online, "Listing")
    online.run("show", old)
    server.go_offline()
    server.cut_clients()
    assert "Fetched ahead." in online.run("show", old).out
    assert len(online.run("list", "--json").json()) == 2
    missing = online.run("show", listing)
    assert missing.code == 1
    assert "Not downloaded" in missing.err
    assert len(missing.err.splitlines()) <= 2
    sync = online.run("sync")
    assert sync.code == 1
    assert "127.0.0.1" in sync.out


def test_a_message_that_vanished_is_one_sentence(online: Home, server: DemoServer) -> None:
    online.run("sync")
    number = id_of(online, "Old")
    server.store.mailbox("INBOX").expunge([1])
    done = online.run("show", number)
    assert (done.code, done.out) == (1, "")
    assert f"Message {number}" in done.err
    assert len(done.err.splitlines()) <= 2
    assert online.run("sync").code == 0
    assert f"There is no message {number}" in online.run("show", number).err


def test_a_flag_reaches_the_server_with_the_next_sync(online: Home, server: DemoServer) -> None:
    online.run("sync")
    number = id_of(online, "Old")
    assert online.run("flag", number, "+flagged", "+seen").code == 0
    assert online.run("sync").code == 0
    with online.store() as store:
        assert store.pending.all() == []
        envelope = store.envelopes.envelope(store.envelopes.find_text("Old", 1)[0].row.id)
        assert envelope is not None
        assert envelope.flags == Flag.FLAGGED | Flag.SEEN
    assert any("STORE" in line and "Flagged" in line for line in server.log)


def test_a_password_that_is_only_typed_comes_from_standard_input(online: Home, server: DemoServer) -> None:
    text = online.paths.config_file.read_text().replace("password_command", "# password_command")
    online.configure(text)
    refused = online.run("sync")
    assert refused.code == 1
    assert "demo needs a password" in refused.err
    assert online.run("sync", "--password-stdin", stdin=PASSWORD.encode() + b"\n").code == 0
    assert len(online.run("list", "--json").json()) == 2


def test_sync_of_an_unknown_account_is_refused(online: Home) -> None:
    done = online.run("sync", "dmeo")
    assert (done.code, "Did you mean demo?" in done.err) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watching_tells_of_new_mail_until_it_is_stopped(online: Home, server: DemoServer, number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tuimail", "sync", "--watch"], env=online.environ, cwd=online.directory,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith(b"demo: done")
        server.deliver(plain(b"News", b"Just now."))
        for line in child.stdout:
            if b"1 new message in INBOX" in line:
                break
        child.send_signal(number)
        assert child.wait(30) == 0
        assert b"Traceback" not in child.stderr.read()
