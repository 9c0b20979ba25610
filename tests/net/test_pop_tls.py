"""TLS is verified on both ways into a POP3 server, and nothing secret is said before it stands."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from tests.fakes.scripted import Peer, ScriptedServer
from tests.net.conftest import Certificates
from tests.net.pop_drop import pop_receive
from tests.net.test_tls import SORTS, WORDS
from tuimail.config import Security
from tuimail.errors import CertificateError, ConnectionProblem, MailError, ProtocolViolation, UsageError
from tuimail.net.pop.session import PopSession


def serve(peer: Peer) -> None:
    """Let anybody in."""
    peer.lines("+OK ready <1.2@here>")
    serve_after_tls(peer)


def serve_after_tls(peer: Peer) -> None:
    while True:
        line = peer.line()
        peer.lines(*(["+OK", "USER", "STLS", "."] if line == b"CAPA" else ["+OK"]))


def stls(context: ssl.SSLContext, *, injected: bytes = b"") -> Callable[[Peer], None]:
    """Offer STLS and do it; `injected` goes out in the clear right behind the +OK."""

    def script(peer: Peer) -> None:
        peer.lines("+OK ready <1.2@here>")
        assert peer.line() == b"CAPA"
        peer.lines("+OK", "STLS", "EVIL", "SASL LOGIN", ".")
        assert peer.line() == b"STLS"
        peer.send(b"+OK go\r\n" + injected)
        peer.start_tls(context)
        serve_after_tls(peer)

    return script


def connect(port: int, security: Security, certificates: Certificates, host: str = "127.0.0.1") -> PopSession:
    return PopSession.connect(pop_receive(port, security=security, ca_file=certificates.ca_file, host=host))


@pytest.mark.parametrize("sort", SORTS)
def test_tls_takes_only_the_good_certificate(certificates: Certificates, sort: str) -> None:
    with ScriptedServer(serve, context=certificates.contexts[sort]) as server:
        if sort == "good":
            session = connect(server.port, Security.TLS, certificates)
            assert session.encrypted
            session.login("ada", "secret")
            session.close()
            return
        with pytest.raises(CertificateError, match=WORDS[sort]):
            connect(server.port, Security.TLS, certificates)
    assert server.peers == []  # no handshake, so not one octet of POP3


@pytest.mark.parametrize("sort", SORTS)
def test_stls_takes_only_the_good_certificate(certificates: Certificates, sort: str) -> None:
    with ScriptedServer(stls(certificates.contexts[sort])) as server:
        if sort == "good":
            session = connect(server.port, Security.STARTTLS, certificates)
            assert session.encrypted
            session.login("ada", "secret")
            session.close()
            return
        with pytest.raises(CertificateError, match=WORDS[sort]):
            connect(server.port, Security.STARTTLS, certificates)
    assert [line.strip() for line in server.peers[0].received] == [b"CAPA", b"STLS"]


def test_what_was_said_in_the_clear_is_forgotten(certificates: Certificates) -> None:
    injected = b"+OK\r\nEVIL\r\nSASL LOGIN\r\n.\r\n+OK signed in\r\n"
    with ScriptedServer(stls(certificates.contexts["good"], injected=injected)) as server:
        session = connect(server.port, Security.STARTTLS, certificates)
        assert set(session.capabilities) == {"USER", "STLS"}
        session.login("ada", "secret")
        said = [line.strip() for line in server.peers[0].received]
        assert said == [b"CAPA", b"STLS", b"CAPA", b"USER ada", b"PASS secret", b"CAPA"]
        session.close()


def offering(*answers: str) -> Callable[[Peer], None]:
    """Answer CAPA and then each line with the next."""

    def script(peer: Peer) -> None:
        peer.lines("+OK ready <1.2@here>")
        for answer in answers:
            peer.line()
            peer.send(answer.replace("|", "\r\n").encode() + b"\r\n")
        peer.silence()

    return script


NO_TLS: dict[str, tuple[Callable[[Peer], None], type[MailError]]] = {
    "not offered": (offering("+OK|USER|.", "-ERR unknown"), CertificateError),
    "refused": (offering("+OK|STLS|.", "-ERR [SYS/TEMP] not now"), CertificateError),
    "no CAPA": (offering("-ERR unknown", "-ERR unknown"), CertificateError),
    "nonsense": (offering("+OK|STLS|.", "what"), ProtocolViolation),
}


@pytest.mark.parametrize(("script", "error"), NO_TLS.values(), ids=NO_TLS.keys())
def test_stls_is_never_skipped(
    certificates: Certificates, script: Callable[[Peer], None], error: type[MailError]
) -> None:
    with ScriptedServer(script) as server, pytest.raises(error):
        connect(server.port, Security.STARTTLS, certificates)
    assert [line.strip() for line in server.peers[0].received] == [b"CAPA", b"STLS"]


@pytest.mark.parametrize("after", [Peer.close, Peer.reset, Peer.silence])
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_handshake_that_does_not_happen_is_retried(
    certificates: Certificates, after: Callable[[Peer], None], security: Security
) -> None:
    def script(peer: Peer) -> None:
        if security is Security.STARTTLS:
            offering("+OK|STLS|.")(_Passing(peer))
            peer.line()
            peer.lines("+OK go")
        after(peer)

    with ScriptedServer(script) as server, pytest.raises(ConnectionProblem) as caught:
        PopSession.connect(
            pop_receive(server.port, security=security, ca_file=certificates.ca_file), deadline_s=0.5
        )
    assert caught.value.retry


class _Passing(Peer):
    """A peer that goes on after the script of `offering`."""

    def __init__(self, peer: Peer) -> None:
        self.__dict__ = peer.__dict__

    def silence(self) -> None:
        return


def test_a_server_that_speaks_no_tls_is_told(certificates: Certificates) -> None:
    with ScriptedServer(serve) as server, pytest.raises(CertificateError, match="does not speak TLS"):
        connect(server.port, Security.TLS, certificates)


@pytest.mark.parametrize("host", ["pop.example.org", "10.0.0.1", "127.0.0.1.example.org"])
def test_no_octet_goes_to_another_machine_in_the_clear(host: str) -> None:
    with pytest.raises(UsageError, match="without encryption"):
        PopSession.connect(pop_receive(110, host=host))
