"""The misbehaving peers misbehave exactly as told."""

from __future__ import annotations

import imaplib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.fakes.scripted import Fault, FaultProxy, Peer, PeerGone, ScriptedServer, imap_login
from tuimail.demo.server import DemoServer


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """An empty server."""
    with DemoServer.start(samples=False) as started:
        yield started


@pytest.fixture
def proxy(server: DemoServer) -> Iterator[FaultProxy]:
    """A proxy before its IMAP port."""
    with FaultProxy(server.imap_port) as started:
        yield started


def read_all(port: int) -> bytes:
    """What a server says to a silent client until it closes."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
        return received


def test_a_script_plays_its_lines_and_ends() -> None:
    with ScriptedServer(lambda peer: peer.lines("* OK hello", "* BYE no")) as scripted:
        assert read_all(scripted.port) == b"* OK hello\r\n* BYE no\r\n"
    assert scripted.failures == []


def test_each_connection_gets_its_own_script() -> None:
    with ScriptedServer(lambda peer: peer.send(b"1"), lambda peer: peer.send(b"2")) as scripted:
        assert [read_all(scripted.port) for _ in range(3)] == [b"1", b"2", b"2"]


def test_a_script_notes_a_command_it_did_not_expect() -> None:
    def script(peer: Peer) -> None:
        imap_login(peer)
        peer.expect("NAMESPACE")

    with ScriptedServer(script) as scripted:
        client = imaplib.IMAP4("127.0.0.1", scripted.port, timeout=10)
        client.login("somebody", "secret")
        with pytest.raises(imaplib.IMAP4.abort):
            client.noop()
        client.shutdown()
    assert [str(failure) for failure in scripted.failures] == ["expected NAMESPACE, got NOOP"]


def test_a_trickle_waits_for_its_gate() -> None:
    gate = threading.Semaphore(0)
    with (
        ScriptedServer(lambda peer: peer.trickle(b"ab", gate)) as scripted,
        socket.create_connection(("127.0.0.1", scripted.port), 10) as connection,
    ):
        gate.release()
        assert connection.recv(10) == b"a"
        gate.release()
        assert connection.recv(10) == b"b"


@pytest.mark.parametrize("octets", [1, 2, 17, 40])
def test_the_proxy_cuts_the_server_after_exactly_so_many_octets(proxy: FaultProxy, octets: int) -> None:
    proxy.cut_after(server_octets=octets)
    assert len(read_all(proxy.port)) == octets
    assert proxy.was_cut.is_set()
    assert proxy.to_client_octets == octets


def test_a_cut_at_the_end_of_an_answer_ends_the_connection_too(server: DemoServer, proxy: FaultProxy) -> None:
    with socket.create_connection((server.host, server.imap_port), 10) as connection:
        greeting = connection.recv(4096)
    proxy.cut_after(server_octets=len(greeting))
    assert read_all(proxy.port) == greeting


def test_the_proxy_cuts_only_once(proxy: FaultProxy) -> None:
    proxy.cut_after(server_octets=3)
    read_all(proxy.port)
    client = imaplib.IMAP4("127.0.0.1", proxy.port, timeout=10)
    assert client.logout()[0] == "BYE"


def test_the_proxy_cuts_the_client_after_exactly_so_many_octets() -> None:
    received = bytearray()
    ended = threading.Event()

    def script(peer: Peer) -> None:
        try:
            while True:
                received.extend(peer.octets(1))
        except PeerGone:
            ended.set()

    with ScriptedServer(script) as scripted, FaultProxy(scripted.port) as proxy:
        proxy.cut_after(client_octets=11)
        with socket.create_connection(("127.0.0.1", proxy.port), 10) as connection:
            connection.sendall(b"a NOOP\r\nb NOOP\r\n")
            assert ended.wait(10)
        assert received == b"a NOOP\r\nb N"
        assert proxy.to_server_octets == 11


@pytest.mark.parametrize(("fault", "answer"), [(Fault.NO, "NO"), (Fault.BAD, "BAD")])
def test_a_spoiled_command_never_reaches_the_server(
    server: DemoServer, proxy: FaultProxy, fault: Fault, answer: str
) -> None:
    proxy.spoil("CREATE", fault)
    client = imaplib.IMAP4("127.0.0.1", proxy.port, timeout=10)
    client.login(server.user, server.password)
    if answer == "BAD":
        with pytest.raises(imaplib.IMAP4.error):
            client.create("new")
    else:
        assert client.create("new")[0] == answer
    client.logout()
    assert server.store.names() == ["INBOX"]


@pytest.mark.parametrize("fault", [Fault.BYE, Fault.CLOSE])
def test_a_fault_that_ends_the_connection_ends_it(server: DemoServer, proxy: FaultProxy, fault: Fault) -> None:
    proxy.spoil("UID FETCH", fault)
    client = imaplib.IMAP4("127.0.0.1", proxy.port, timeout=10)
    client.login(server.user, server.password)
    client.select()
    with pytest.raises(imaplib.IMAP4.abort):
        client.uid("FETCH", "1:*", "FLAGS")
    client.shutdown()


def test_silence_is_silence_until_the_client_gives_up(server: DemoServer, proxy: FaultProxy) -> None:
    proxy.spoil("NOOP", Fault.SILENCE)
    client = imaplib.IMAP4("127.0.0.1", proxy.port, timeout=10)
    client.login(server.user, server.password)
    client.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.noop()
    client.shutdown()
    assert proxy.was_spoiled.wait(30)


def test_a_literal_that_looks_like_a_command_is_not_spoiled(server: DemoServer, proxy: FaultProxy) -> None:
    proxy.spoil("CREATE", Fault.CLOSE)
    client = imaplib.IMAP4("127.0.0.1", proxy.port, timeout=10)
    client.login(server.user, server.password)
    assert client.append("INBOX", "", "", b"Subject: x\r\n\r\nx1 CREATE y\r\n")[0] == "OK"
    client.logout()
    assert len(server.store.mailbox("INBOX").messages) == 1
