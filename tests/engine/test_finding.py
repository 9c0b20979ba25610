"""The index in a running engine, and searches on servers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House
from tests.fakes.scripted import Peer, ScriptedServer
from tests.store.indexing import found, ids, index, page
from tuimail.config import Protocol, Receive, Security
from tuimail.engine.finding.indexing import FULL, Indexing, joining
from tuimail.engine.imap.searching import criteria
from tuimail.engine.log import Log
from tuimail.engine.protocol import IndexChanged, NewMail, SearchEnded, SearchServer, Want
from tuimail.errors import DiskFull
from tuimail.mime.reading import readable
from tuimail.model import MailboxId
from tuimail.net.imap.session import ImapSession
from tuimail.query.for_servers import split
from tuimail.query.parser import parse
from tuimail.query.words import words
from tuimail.store.finding.search_index import SearchIndex


def is_settled(notice: IndexChanged) -> bool:
    return notice.is_resting and notice.done == notice.total


def test_mail_that_was_synced_is_found_without_anybody_asking(tmp_path: Path, full: Demo) -> None:
    house = House(tmp_path, full)
    with house.office() as office:
        office.wait_sync(timeout_s=60)
        total = sum(mailbox.total for mailbox in house.store.mailboxes.all())
        house.ears.wait_for(IndexChanged, lambda notice: is_settled(notice) and notice.total == total)
        assert len(found(house.store, "from:grace")) > 0
        wanted = house.newest()
        house.ask(office, Want(wanted))
        house.ears.wait_until(lambda: house.store.parts.text(wanted, "text") is not None)
        text = readable.from_json(house.store.parts.text(wanted, "text") or b"")
        longest = max((word for line in text.lines for word in words(line.text)), key=len)
        house.ears.wait_until(lambda: wanted in ids([page(house.store, f'body:"{longest}"')]))
    house.close()


def search(house: House, query: str, account: str = "") -> dict[str, SearchEnded]:
    """Ask servers; the answers by account."""
    with house.office(watch=False) as office:
        office.wait_sync(timeout_s=60)
        before = house.ask(office, SearchServer(account, query, "t1"))
        house.ears.wait_for(SearchEnded, lambda notice: notice.account == "" and notice.ticket == "t1", since=before)
    return {notice.account: notice for notice in house.ears.all(SearchEnded)}


def test_a_server_finds_what_is_in_bodies_that_are_not_here(tmp_path: Path, full: Demo) -> None:
    house = House(tmp_path, full)
    answers = search(house, "body:canteen OR body:the")
    got = answers[ACCOUNT]
    assert got.sentence == ""
    assert len(got.found) > 5
    dates = [row.sort_at for row in house.store.envelopes.rows(got.found)]
    assert dates == sorted(dates, reverse=True)
    assert answers[""].sentence == ""
    house.close()


def test_what_servers_do_not_know_is_compared_here(tmp_path: Path, outlook: Demo) -> None:
    house = House(tmp_path, outlook)
    everything = search(house, "body:the")[ACCOUNT].found
    house.ears.heard.clear()
    fitting = search(house, "body:the is:unread in:inbox")[ACCOUNT].found
    inbox = house.mailbox().id
    rows = {row.id: row for row in house.store.envelopes.rows(everything)}
    expected = [
        each for each in everything
        if not rows[each].flags & 1 and house.store.envelopes.position(inbox, each) is not None
    ]
    assert 0 < len(fitting) < len(everything)
    assert sorted(fitting) == sorted(expected)
    house.close()


def test_a_query_of_nothing_a_server_knows_says_so(tmp_path: Path, full: Demo) -> None:
    house = House(tmp_path, full)
    assert "nothing in this query" in search(house, "is:starred")[ACCOUNT].sentence
    house.close()


def test_gmail_is_asked_in_its_own_language(tmp_path: Path) -> None:
    """A peer of our own that says X-GM-EXT-1; no real Gmail was ever asked."""
    asked: list[str] = []

    def gmail(peer: Peer) -> None:
        peer.send(b"* OK [CAPABILITY IMAP4rev1 X-GM-EXT-1 SASL-IR LITERAL+] Gimap ready\r\n")
        while True:
            tag, rest = peer.command()
            if rest.startswith("UID SEARCH"):
                asked.append(rest)
                peer.send(b"* SEARCH 7 3\r\n")
            elif rest.startswith("CAPABILITY"):
                peer.send(b"* CAPABILITY IMAP4rev1 X-GM-EXT-1 SASL-IR LITERAL+\r\n")
            elif rest.startswith(("SELECT", "EXAMINE")):
                peer.send(b"* 9 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 10] ok\r\n")
            peer.send(f"{tag} OK done\r\n".encode())

    with ScriptedServer(gmail) as server:
        receive = Receive(Protocol.IMAP, host=server.host, port=server.port, security=Security.NONE, user="ada")
        session = ImapSession.connect(receive)
        session.login("ada", "secret")
        session.select("INBOX")
        for query in ('"wire is cut" -lunch', "会議 from:grace@navy.example", "lunch OR dinner is:unread"):
            tree = parse(query, now=0.0).tree
            assert tree is not None
            nodes, _ = split(tree)
            assert session.search_uids(criteria(session, nodes)) == [3, 7]
        session.close()
    assert server.failures == []
    raw = [line.partition("X-GM-RAW ")[2].replace("\\", "") for line in asked]
    assert raw[0] == '""wire is cut" -(lunch)"'
    assert "会議 from:" in raw[1]
    assert "grace@navy.example" in raw[1]
    assert raw[2] == '"(lunch OR dinner)"'


def test_an_unknown_account_is_said(tmp_path: Path, full: Demo) -> None:
    house = House(tmp_path, full)
    assert search(house, "x", "nobody")["nobody"].sentence == "There is no account called nobody."
    house.close()


def test_the_index_waits_out_a_full_disk(tmp_path: Path, full: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path, full)
    house.sync()
    house.ears.heard.clear()
    monkeypatch.setattr("tuimail.engine.finding.indexing.TROUBLE_S", 0.05)
    for file in house.paths.data.glob("search.db*"):
        file.unlink()
    real, refused = SearchIndex.add, threading.Event()

    def add(self: SearchIndex, *args: object) -> None:
        if not refused.is_set():
            refused.set()
            raise DiskFull("The disk is full.")
        real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(SearchIndex, "add", add)
    indexing = Indexing(house.paths, house.ears, lambda: False, Log(None))
    indexing.start()
    house.ears.wait_for(IndexChanged, lambda notice: notice.sentence == FULL)
    house.ears.wait_for(IndexChanged, lambda notice: is_settled(notice) and not notice.sentence)
    indexing.stop()
    indexing.join(5)
    assert page(house.store, "the").coverage is not None
    assert house.store.search.coverage().percent == 100
    house.close()


def test_an_index_that_is_damaged_while_it_works_is_made_anew(tmp_path: Path, full: Demo) -> None:
    house = House(tmp_path, full)
    house.sync()
    index(house.store)
    house.ears.heard.clear()
    house.store.search_index.close()
    house.store.search.close()
    octets = bytearray(house.paths.search_db.read_bytes())
    octets[12288:] = b"\xa5" * (len(octets) - 12288)
    house.paths.search_db.write_bytes(octets)
    indexing = Indexing(house.paths, house.ears, lambda: False, Log(None))
    indexing.start()
    house.ears.wait_for(IndexChanged, lambda notice: is_settled(notice) and notice.total > 100)
    assert len(found(house.store, "from:grace")) > 0
    indexing.hear(NewMail("work", MailboxId(1), 1))
    indexing.stop()
    indexing.join(5)
    house.close()


def test_new_mail_of_a_muted_conversation_comes_in_read(tmp_path: Path, full: Demo) -> None:
    box = full.store.create("Muted")
    box.append(b"Subject: Wall\r\nMessage-ID: <wall@x>\r\n\r\nx\r\n", ["\\Seen"])
    house = House(tmp_path, full)
    house.sync()
    muted = house.mailbox("Muted")
    for _ in joining(house.store, house.ears, lambda: None):
        pass
    first = house.store.envelopes.window(muted.id, 0, 1).rows[0].id
    assert house.store.mutes.toggle([first])
    with house.office() as office:
        office.wait_sync(timeout_s=60)
        box.append(b"Subject: Re: Wall\r\nMessage-ID: <re@x>\r\nReferences: <wall@x>\r\n\r\ny\r\n")
        box.append(b"Subject: Door\r\nMessage-ID: <door@x>\r\n\r\nz\r\n")
        office.wait_sync(timeout_s=60)
        house.ears.wait_until(lambda: house.mailbox("Muted").total == 3 and house.mailbox("Muted").unread == 1)
        house.ears.wait_until(lambda: [r"\Seen" in message.flags for message in box.messages] == [True, True, False])
    assert house.mailbox("Muted").total == 3
    assert house.mailbox("Muted").unread == 1, "only the other conversation's"
    house.close()
