"""`send` and `outbox` from scripts: what is typed is what goes out, once, and what cannot go out is said."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Home
from tuimail.demo.server import DemoServer
from tuimail.mime.decoding.headers import summarize
from tuimail.model import AccountName, OutState
from tuimail.store import Store

PATIENCE_S = 40.0


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer.start(samples=False) as server:
        yield server


@pytest.fixture
def sender(home: Home, server: DemoServer) -> Home:
    """A home whose account can send."""
    server.sink.sent.clear()
    secret = f'password_command = ["echo", "{server.password}"]'
    home.configure(f"""
[accounts.work]
address = "{server.address}"
name = "Ada Byron"
[accounts.work.receive]
protocol = "imap"
host = "{server.host}"
port = {server.imap_port}
security = "none"
user = "{server.user}"
{secret}
[accounts.work.send]
host = "{server.host}"
port = {server.smtp_port}
security = "none"
""")
    return home


def wait_for(server: DemoServer, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(server.sink.sent) < count and time.monotonic() < deadline:
        time.sleep(0.05)  # another process sends


def test_a_message_from_a_pipe_gets_what_it_lacks_and_loses_its_bcc(sender: Home, server: DemoServer) -> None:
    head = b"To: Grace <grace@navy.example>\nCc: a@b.example,\n c@d.example\nBcc: hidden@x.example\nSubject: hi\n\n"
    raw = head + b"One\n.\nFrom here\n"
    answer = sender.run("send", "--wait", "--json", stdin=raw)
    assert answer.code == 0, answer.err
    assert answer.json()["state"] in {"sent", "filed"}
    (one,) = server.sink.sent
    assert one.recipients == ("grace@navy.example", "a@b.example", "c@d.example", "hidden@x.example")
    block, _, body = one.raw.partition(b"\r\n\r\n")
    assert body == b"One\r\n.\r\nFrom here\r\n"
    assert b"hidden" not in one.raw
    summary = summarize(block + b"\r\n")
    assert (summary.from_, summary.subject) == (f"Ada Byron <{server.address}>", "hi")
    assert summary.message_id == answer.json()["message_id"]
    assert abs((summary.sent_at or 0) - time.time()) < 120


def test_a_message_made_of_options(sender: Home, server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "notes é.pdf").write_bytes(b"%PDF-1.4 notes")
    answer = sender.run(
        "send", "--to", "Gräce <grace@navy.example>", "--bcc", "hidden@x.example", "--subject", "Grüße", "--attach",
        tmp_path / "notes é.pdf", "--wait", stdin=b"Wie versprochen.\n",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    (one,) = server.sink.sent
    assert one.recipients == ("grace@navy.example", "hidden@x.example")
    assert b"hidden" not in one.raw
    assert b"JVBERi0xLjQgbm90ZXM=" in one.raw


@pytest.mark.parametrize(
    ("argv", "stdin", "said"),
    [
        ([], b"To: a@b.example\r\nSubject: x\rBcc: evil@x.example\r\n\r\nhi\r\n", "lone CR"),
        ([], b"To: a@b.example\r\nSubject: x\nBcc: evil@x.example\r\n\r\nhi\r\n", "end in two ways"),
        ([], b"hello there\n", "does not begin with a header"),
        ([], b"To: nobody\n\nhi\n", "is not an address"),
        ([], b"Subject: x\n\nhi\n", "nobody to send it to"),
        ([], b"To: a@b.example\nFrom: a@b.example, c@d.example\n\nhi\n", "several people"),
        ([], b"To: a@b.example\n\n\0\n", "NUL"),
        ([], b"", "empty"),
        (["--to", "a@b.example", "--subject", "x\nBcc: evil@x.example", "--body", "hi"], b"", "control character"),
        (["--to", "a@b.example\r\nBcc: c@d.example", "--body", "hi"], b"", "control character"),
        (["--to", "grace", "--body", "hi"], b"", "is not an address"),
        (["--to", "a@b.example", "--body", "hi", "--attach", "/nowhere/at/all"], b"", "cannot be read"),
        (["--to", "a@b.example", "--body", "hi", "--attach", "/dev/zero"], b"", "is not a file"),
        (["--to", "a@b.example", "--body", "hi", "--at", "yesterday"], b"", "no time that can be understood"),
        (["--to", "a@b.example", "--body", "hi", "--at", "2001-01-01"], b"", "in the past"),
        (["letter.eml", "--to", "a@b.example"], b"", "do not go together"),
        (["--account", "nobody"], b"To: a@b.example\n\nhi\n", "There is no account nobody"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(
    sender: Home, server: DemoServer, argv: list[str], stdin: bytes, said: str
) -> None:
    answer = sender.run("send", *argv, stdin=stdin)
    assert answer.code == 2
    assert said in answer.err
    assert sender.run("outbox", "list", "--json").json() == []
    assert server.sink.sent == []


def test_five_hundred_recipients(sender: Home, server: DemoServer) -> None:
    people = [f"reader{number}@list.example" for number in range(500)]
    raw = ("Bcc: " + ",\n ".join(people) + "\nSubject: news\n\nhi\n").encode()
    assert sender.run("send", "--wait", stdin=raw).code == 0
    (one,) = server.sink.sent
    assert list(one.recipients) == people
    assert b"reader" not in one.raw


def test_a_message_that_was_refused_is_not_said_to_wait(sender: Home, server: DemoServer) -> None:
    server.sink.answers["RCPT"] = "550 no such user"
    try:
        answer = sender.run("send", "--wait", "--to", "a@b.example", "--subject", "x", "--body", "y")
    finally:
        server.sink.answers.clear()
    assert answer.code == 1
    assert "was not sent, and stays in the outbox" in answer.out
    assert "550 no such user" in answer.out


def test_a_message_over_the_servers_size_is_told_and_kept(sender: Home, server: DemoServer) -> None:
    server.sink.size_limit_octets = 10_000
    try:
        answer = sender.run("send", "--wait", "--json", stdin=b"To: a@b.example\n\n" + b"x" * 70 + b"\n" * 20_000)
    finally:
        server.sink.size_limit_octets = 64 << 20
    assert answer.code == 1
    assert answer.json()["state"] == "failed"
    assert "at most" in answer.json()["sentence"]
    shown = sender.run("outbox", "show", answer.json()["id"], "--raw")
    assert len(shown.octets) > 10_000
    assert sender.run("outbox", "cancel", answer.json()["id"]).code == 0
    assert sender.run("outbox", "list", "--json").json() == []
    assert sender.run("outbox", "cancel", answer.json()["id"]).code == 1


def test_a_message_that_is_put_off_does_not_keep_anybody_waiting(sender: Home, server: DemoServer) -> None:
    server.sink.answers["MAIL"] = "451 4.3.0 come back later"
    try:
        answer = sender.run("send", "--wait", "--json", stdin=b"To: a@b.example\n\nhi\n")
    finally:
        server.sink.answers.clear()
    assert answer.code == 1
    assert answer.json()["state"] == "queued"
    assert "come back later" in answer.json()["sentence"]
    assert sender.run("outbox", "retry", answer.json()["id"]).code == 0
    wait_for(server, 1)
    assert len(server.sink.sent) == 1


def test_what_is_to_be_sent_later_waits(sender: Home, server: DemoServer) -> None:
    answer = sender.run("send", "--at", "+2h", "--json", stdin=b"To: a@b.example\n\nhi\n")
    assert answer.code == 0
    assert sender.run("sync").code == 0
    assert server.sink.sent == []
    (waiting,) = sender.run("outbox", "list", "--json").json()
    assert waiting["not_before"] == answer.json()["not_before"]
    assert "later" not in sender.run("outbox", "list").out


def test_a_message_is_taken_back_to_write_on(sender: Home, server: DemoServer) -> None:
    raw = b"To: a@x.example\nBcc: hidden@x.example\nSubject: not yet\n\nwords\n"
    waiting = sender.run("send", "--at", "2030-01-01 08:00", "--json", stdin=raw).json()["id"]
    gone = sender.run("send", "--wait", "--json", "--to", "b@x.example", "--subject", "gone", stdin=b"x\n").json()["id"]
    answer = sender.run("outbox", "edit", waiting, gone, "--json")
    assert answer.code == 1
    assert f"Message {gone}: This message cannot be taken back." in answer.err
    assert [edited["id"] for edited in answer.json()] == [waiting]
    with Store.open(sender.paths) as store:
        draft = store.drafts.get(answer.json()[0]["draft"])
        assert draft is not None
        assert (draft.to, draft.bcc, draft.subject, draft.body) == (
            "a@x.example", "hidden@x.example", "not yet", "words\n"
        )
        item = store.outbox.get(waiting)
        assert item is not None
        assert item.state is OutState.CANCELLED
    again = sender.run("outbox", "edit", waiting)
    assert (again.code, again.out) == (1, "")
    assert sender.run("outbox", "edit", 999).code == 2
    sender.configure("nonsense = 1\n")
    assert sender.run("outbox", "edit", waiting).code == 3
    assert [sent.recipients for sent in server.sink.sent] == [("b@x.example",)]


def test_nobody_but_a_person_resolves_what_is_unknown(sender: Home, server: DemoServer) -> None:
    with sender.store() as store:
        ids = [
            store.outbox.add(
                None, AccountName("work"), server.address, ["a@b.example"], b"Subject: x\r\n\r\nhi\r\n", "<x@y>", at=1
            )
            for _ in range(2)
        ]
        for one in ids:
            store.sending.begin(one)
            store.sending.ending(one)
            store.sending.unknown(one, "The line broke.")
    assert sender.run("sync").code == 1
    assert server.sink.sent == []
    assert "unknown" in sender.run("outbox", "list").out
    assert sender.run("outbox", "resolve", "sent", ids[0]).code == 0
    assert sender.run("outbox", "resolve", "again", ids[1]).code == 0
    assert sender.run("outbox", "resolve", "again", ids[1]).code == 1
    wait_for(server, 1)
    sender.run("sync")
    assert len(server.sink.sent) == 1
    with sender.store() as store:
        assert all(item.state is OutState.FILED for item in store.outbox.all(done=True))


def test_many_at_once_are_each_sent_once(sender: Home, server: DemoServer) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tuimail", "send", "--to", "a@b.example", "--subject", f"n{number}", "--body", "x"],
            env=sender.environ, stdin=subprocess.DEVNULL,
        )
        for number in range(6)
    ]  # fmt: skip
    assert [run.wait(60) for run in runs] == [0] * 6
    assert sender.run("sync").code == 0
    wait_for(server, 6)
    subjects = sorted(summarize(one.raw).subject for one in server.sink.sent)
    assert subjects == [f"n{number}" for number in range(6)]


def test_an_account_that_goes_leaves_what_it_did_not_send(sender: Home, server: DemoServer) -> None:
    outbox_id = sender.run("send", "--at", "+2h", "--json", stdin=b"To: a@b.example\n\nhi\n").json()["id"]
    answer = sender.run("account", "remove", "work", "--yes", "--purge")
    assert answer.code == 0
    assert "1 message waits in its outbox" in answer.err
    with sender.store() as store:
        assert [item.id for item in store.outbox.all()] == [outbox_id]
        assert b"hi" in store.outbox.raw(outbox_id)


def test_somebody_elses_address_as_the_sender_needs_a_yes(sender: Home) -> None:
    told = ("send", "--from", "boss@elsewhere.example", "--to", "grace@navy.example", "--subject", "x", "--body", "y")
    refused = sender.run(*told)
    assert refused.code == 2
    assert "boss@elsewhere.example is none of your addresses." in refused.err
    assert sender.run("outbox", "list", "--json").json() == []
    assert sender.run(*told, "--at", "+1h", "--yes").code == 0
    assert len(sender.run("outbox", "list", "--json").json()) == 1
