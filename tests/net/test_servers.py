"""The same session against real servers: Dovecot with all it has, Dovecot with little, and our own demo server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.net.conftest import dovecot_session, receive_from
from tests.servers.dovecot import Dovecot
from tuimail.config import Security
from tuimail.demo.imap.capabilities import FULL, OUTLOOK
from tuimail.demo.server import DemoServer
from tuimail.errors import AuthError, ServerRefused
from tuimail.model import Flag, Role, Section
from tuimail.net.imap.session import ImapSession, Known

BODY = "café\r\n" + "line of text\r\n" * 400


def mail(number: int) -> bytes:
    """A small multipart message, with a name in it that needs a literal."""
    return (
        f"From: Ada <ada@example.org>\r\nSubject: number {number}\r\nMessage-ID: <{number}@example.org>\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{BODY}\r\n"
        f'--b\r\nContent-Type: text/plain; name="café {number}.txt"\r\n\r\nattached\r\n--b--\r\n'
    ).encode()


@dataclass
class Server:
    """Something to sign in to."""

    port: int
    user: str
    password: str
    security: Security = Security.NONE
    ca_file: Path | None = None
    sessions: list[ImapSession] = field(default_factory=list)

    def session(self, *, extended: bool = True) -> ImapSession:
        """Signed in; closed at the end of the test."""
        session = ImapSession.connect(
            receive_from(self.port, user=self.user, security=self.security, ca_file=self.ca_file)
        )
        self.sessions.append(session)
        session.login(self.user, self.password)
        if extended:
            session.enable_all()
        return session


@contextmanager
def demo(capabilities: frozenset[str]) -> Iterator[Server]:
    with DemoServer.start(samples=False, capabilities=capabilities) as started:
        yield Server(started.imap_port, started.user, started.password)


@pytest.fixture(
    params=[
        pytest.param("dovecot", marks=pytest.mark.dovecot),
        pytest.param("dovecot by starttls", marks=pytest.mark.dovecot),
        pytest.param("plain dovecot", marks=pytest.mark.dovecot),
        "demo",
        "demo as outlook",
    ]
)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Every peer in turn, with an empty INBOX."""
    kind = str(request.param)
    if kind.startswith("demo"):
        with demo(OUTLOOK if "outlook" in kind else FULL) as made:
            yield made
            for session in made.sessions:
                session.close()
        return
    peer: Dovecot = request.getfixturevalue("plain_dovecot" if kind.startswith("plain") else "dovecot")
    user = peer.new_user("net")
    made = Server(peer.imaps_port, user.name, user.password, Security.TLS, peer.ca_file)
    if "starttls" in kind:
        made = Server(peer.imap_port, user.name, user.password, Security.STARTTLS, peer.ca_file)
    yield made
    for session in made.sessions:
        session.close()


def filled(server: Server, count: int = 5) -> ImapSession:
    """A session with so many messages in its INBOX, uids 1 and up, opened."""
    session = server.session()
    for number in range(1, count + 1):
        session.append("INBOX", mail(number), flags=["\\Seen"] if number == 1 else [], received_at=837596665 + number)
    session.select("INBOX")
    return session


def test_headers_come_with_everything_a_list_needs(server: Server) -> None:
    session = filled(server)
    found = {header.uid: header for header in session.fetch_headers("1:*")}
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert found[1].flags == Flag.SEEN
    assert found[2].flags == Flag.NONE
    assert found[3].received_at == 837596668
    assert found[3].size_octets == len(mail(3))
    assert b"Subject: number 3\r\n" in found[3].header
    assert b"<3@example.org>" in found[3].header
    assert found[3].structure.upper().count(b'"PLAIN"') == 2
    assert "café 3.txt".encode() in found[3].structure
    assert (found[3].modseq is not None) == session.condstore


def test_flags_are_set_and_seen_by_others(server: Server) -> None:
    session, other = filled(server), server.session()
    other.select("INBOX")
    told = session.store_flags("2,4", add=["\\Flagged", "Work"])
    assert {(flags.uid, flags.flags, flags.keywords) for flags in told} == {(2, 4, "Work"), (4, 4, "Work")}
    session.store_flags("2", remove=["\\Flagged"])
    other.noop()
    seen = {flags.uid: (flags.flags, flags.keywords) for flags in other.fetch_flags("1:*").changed}
    assert seen == {1: (1, ""), 2: (0, "Work"), 3: (0, ""), 4: (4, "Work"), 5: (0, "")}


def test_text_is_fetched_in_slices_and_stays_unseen(server: Server) -> None:
    session = filled(server, 2)
    wanted = BODY.encode()
    got = b""
    while piece := session.fetch_slice(2, Section("1"), len(got), 1000):
        got += piece
    assert got == wanted
    assert session.fetch_slice(2, Section(""), 0, 1 << 20) == mail(2)
    header = session.fetch_slice(2, Section("HEADER"), 0, 1 << 20)
    assert header == mail(2).partition(b"--b")[0]
    assert session.fetch_slice(99, Section("1"), 0, 10) is None
    assert session.fetch_flags("2").changed[0].flags == 0


def test_structure_and_whole_messages(server: Server) -> None:
    session = filled(server, 3)
    told = session.fetch_structure(2)
    assert told is not None
    assert told[0].count(b"(") > 3
    assert told[1].startswith(b"From: Ada")
    assert session.fetch_structure(77) is None
    assert dict(session.fetch_whole("1:3")) == {number: mail(number) for number in (1, 2, 3)}


def test_search_finds_by_message_id(server: Server) -> None:
    session = filled(server, 4)
    assert session.search_uids() == [1, 2, 3, 4]
    assert session.search_uids(["UNSEEN"]) == [2, 3, 4]
    assert session.search_uids(["HEADER", "MESSAGE-ID", b"<3@example.org>"]) == [3]
    assert session.search_uids(["HEADER", "MESSAGE-ID", b'<"\\@x>']) == []


@pytest.mark.parametrize("name", ["Lists", "Entwürfe & Räte", 'with "quotes" \\ and', "日本語", "NIL"])
def test_mailboxes_of_every_name(server: Server, name: str) -> None:
    session = server.session()
    session.create(name)
    session.subscribe(name)
    found = {mailbox.name: mailbox for mailbox in session.list_mailboxes()}
    assert found[name].subscribed
    assert (found[name].server_total, found[name].server_unread) == (0, 0)
    session.append(name, mail(1))
    assert session.status(name).total == 1
    assert session.select(name).exists == 1
    session.unselect()
    session.rename(name, "other")
    session.delete("other")
    assert {"other", name}.isdisjoint(mailbox.name for mailbox in session.list_mailboxes())


def test_roles_are_known_on_every_server(server: Server) -> None:
    session = server.session()
    found = {mailbox.role: mailbox.name for mailbox in session.list_mailboxes()}
    if Role.SENT not in found:
        session.create("Sent Items")
        found = {mailbox.role: mailbox.name for mailbox in session.list_mailboxes()}
    assert found[Role.INBOX] == "INBOX"
    assert found[Role.SENT] in ("Sent", "Sent Items")


def test_a_mailbox_that_is_not_there(server: Server) -> None:
    session = server.session()
    for ask in (session.select, session.status):
        with pytest.raises(ServerRefused):
            ask("nothing like it")
    assert session.statuses(["INBOX", "nothing like it"])[0].name == "INBOX"
    session.noop()


def test_messages_are_moved_and_the_server_tells_where(server: Server) -> None:
    session = filled(server, 3)
    session.create("Away")
    moved = session.move("1,3", "Away")
    assert moved is not None
    assert (moved.source, moved.target) == ([1, 3], [1, 2])
    assert session.search_uids() == [2]
    assert session.select("Away").exists == 2


def test_new_mail_wakes_idle(server: Server) -> None:
    session, other = filled(server, 1), server.session()
    arriving = threading.Thread(target=lambda: other.append("INBOX", mail(2)))
    arriving.start()
    news = session.idle(None, 30)
    while news.exists is None:
        news = session.idle(None, 30)
    arriving.join()
    assert news.exists == 2


def test_a_wake_ends_idle_and_the_session_goes_on(server: Server) -> None:
    session = filled(server, 1)
    wake, ring = os.pipe()
    try:
        os.write(ring, b"x")
        session.idle(wake, 30)
        assert session.search_uids() == [1]
    finally:
        os.close(wake)
        os.close(ring)


def test_what_changed_while_away_is_told_where_the_server_can(server: Server) -> None:
    session = filled(server, 5)
    before = session.select("INBOX")
    other = server.session()
    other.select("INBOX")
    other.store_flags("2", add=["\\Seen"])
    other.store_flags("4", add=["\\Deleted"])
    other.uid_expunge("4")
    if not session.qresync:
        again = session.select("INBOX", known=Known(before.uid_validity, 1, "1:5"))
        assert not again.resynced
        assert session.search_uids() == [1, 2, 3, 5]
        return
    assert before.highest_modseq is not None
    again = session.select("INBOX", known=Known(before.uid_validity, before.highest_modseq, "1:5"))
    assert again.resynced
    assert again.vanished == [(4, 4)]
    assert [(flags.uid, flags.flags) for flags in again.changed] == [(2, 1)]
    since = session.fetch_flags("1:*", changed_since=before.highest_modseq, vanished=True)
    assert since.vanished == [(4, 4)]
    assert [flags.uid for flags in since.changed] == [2]


def test_another_uid_validity_is_not_taken_for_a_difference(server: Server) -> None:
    session = filled(server, 2)
    selected = session.select("INBOX", known=Known(1, 1, "1:9"))
    assert not selected.resynced
    assert selected.uid_validity > 1
    assert selected.exists == 2


def test_an_opened_mailbox_can_be_read_only(server: Server) -> None:
    session = filled(server, 1)
    assert session.select("INBOX", readonly=True).read_only
    assert not session.select("INBOX").read_only


def test_a_wrong_password_is_refused(server: Server) -> None:
    session = ImapSession.connect(
        receive_from(server.port, user=server.user, security=server.security, ca_file=server.ca_file)
    )
    with pytest.raises(AuthError) as caught:
        session.login(server.user, "not it")
    assert not caught.value.password_missing
    session.close()


def test_goodbye_ends_the_session(server: Server) -> None:
    session = server.session()
    session.logout()
    assert not session.alive
    session.logout()
    session.close()


@pytest.mark.dovecot
def test_compression_with_a_real_server(short_directory: Path) -> None:
    """Dovecot compresses with its own zlib plugin; what it packs we unpack, and the other way round."""
    peer = Dovecot.start(short_directory / "zlib", settings={"mail_plugins": "imap_zlib"})
    try:
        user = peer.new_user()
        with dovecot_session(peer, user.name, user.password) as session:
            check_compressed(session)
    finally:
        peer.stop()


def test_compression_with_the_demo_server() -> None:
    with demo(FULL) as server:
        session = server.session()
        check_compressed(session)
        session.close()


def check_compressed(session: ImapSession) -> None:
    """A session that goes on compressed, IDLE included."""
    assert session.compress()
    for number in range(1, 40):
        session.append("INBOX", mail(number))
    session.select("INBOX")
    assert len(list(session.fetch_headers("1:*"))) == 39
    assert dict(session.fetch_whole("7")) == {7: mail(7)}
    wake, ring = os.pipe()
    os.write(ring, b"x")
    session.idle(wake, 30)
    os.close(wake)
    os.close(ring)
    assert session.search_uids() == list(range(1, 40))
    session.logout()


@pytest.mark.dovecot
def test_notify_tells_of_other_mailboxes_while_idle(dovecot: Dovecot) -> None:
    user = dovecot.new_user("notify")
    with (
        dovecot_session(dovecot, user.name, user.password) as session,
        dovecot_session(dovecot, user.name, user.password) as other,
    ):
        session.select("INBOX")
        assert session.notify()
        arriving = threading.Thread(target=lambda: other.append("Sent", mail(1)))
        arriving.start()
        news = session.idle(None, 30)
        while not any(status.name == "Sent" and status.total == 1 for status in news.statuses):
            news = session.idle(None, 30)
        arriving.join()


@pytest.mark.dovecot
def test_a_thousand_messages_in_one_answer(dovecot: Dovecot) -> None:
    user = dovecot.new_user("many")
    user.append_many([b"Subject: %d\r\n\r\nx\r\n" % number for number in range(1000)])
    with dovecot_session(dovecot, user.name, user.password) as session:
        session.select("INBOX")
        headers = list(session.fetch_headers("1:1000"))
        assert [header.uid for header in headers] == list(range(1, 1001))
        assert [header.header.strip() for header in headers] == [b"Subject: %d" % number for number in range(1000)]
        assert len(session.fetch_flags("1:*").changed) == 1000
