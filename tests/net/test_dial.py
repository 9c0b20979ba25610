"""What stands between a name and a connection is told in plain words."""

from __future__ import annotations

import errno
import socket
import threading
import time

import pytest

from tests.fakes.scripted import Peer, ScriptedServer
from tuimail.errors import Dropped, TimedOut, Unreachable
from tuimail.net.link import dial as dialling
from tuimail.net.link.dial import dial


def soon() -> float:
    return time.monotonic() + 10


def test_a_connection_is_kept_alive_and_watched() -> None:
    with ScriptedServer(Peer.silence) as server:
        sock = dial("127.0.0.1", server.port, deadline=soon(), clock=time.monotonic)
        try:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        finally:
            sock.close()


def test_a_refused_connection_names_host_and_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unreachable, match=rf"127\.0\.0\.1 refused the connection on port {port}"):
        dial("127.0.0.1", port, deadline=soon(), clock=time.monotonic)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "host..example", ""])
def test_a_name_that_cannot_be_is_unreachable(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    if host != "a" * 64 + ".example":
        monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(Unreachable, match="no host with the name"):
        dial(host, 993, deadline=soon(), clock=time.monotonic)


def test_a_lookup_that_fails_for_now_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def later(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", later)
    with pytest.raises(Unreachable, match="just now"):
        dial("mail.example", 993, deadline=soon(), clock=time.monotonic)


def test_a_lookup_that_never_ends_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(TimedOut, match="looked up"):
            dial("mail.example", 993, deadline=time.monotonic() + 0.05, clock=time.monotonic)
    finally:
        over.set()


def test_an_address_that_swallows_everything_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def connect(found: tuple[object, ...], timeout_s: float) -> str:
        asked.append(timeout_s)
        if len(asked) == 1:
            raise TimeoutError
        return "connected"

    two = [(socket.AF_INET6, 1, 6, "", ("::1", 993)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", 993))]
    monkeypatch.setattr(dialling, "_lookup", lambda *_: list(two))
    monkeypatch.setattr(dialling, "_connect", connect)
    assert dial("localhost", 993, deadline=12, clock=lambda: 0.0) == "connected"  # type: ignore[comparison-overlap]
    assert asked == [6, 12]


def test_no_way_to_the_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(dialling, "_lookup", lambda *_: [(2, 1, 6, "", ("192.0.2.1", 993))])
    monkeypatch.setattr(dialling, "_connect", connect)
    with pytest.raises(Unreachable, match=r"no way to mail\.example") as caught:
        dial("mail.example", 993, deadline=soon(), clock=time.monotonic)
    assert caught.value.retry


def test_a_server_that_throws_a_connection_away_at_once_dropped_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reset may be here before connect returns; then connect itself reports it."""

    def connect(*_: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    monkeypatch.setattr(dialling, "_lookup", lambda *_: [(2, 1, 6, "", ("192.0.2.1", 993))])
    monkeypatch.setattr(dialling, "_connect", connect)
    with pytest.raises(Dropped, match=r"mail\.example closed the connection"):
        dial("mail.example", 993, deadline=soon(), clock=time.monotonic)
