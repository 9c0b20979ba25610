"""TLS is verified on both ways into an SMTP server, and nothing is said in the clear before it stands."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from tests.fakes.scripted import Peer, ScriptedServer
from tests.net.conftest import Certificates
from tests.net.smtp_peer import Post, smtp_send
from tests.net.test_tls import SORTS, WORDS
from tuimail.config import Security
from tuimail.errors import CertificateError, ConnectionProblem, MailError, ProtocolViolation, ServerRefused
from tuimail.net.smtp.session import SmtpSession


def connect(port: int, security: Security, certificates: Certificates, deadline_s: float = 10) -> SmtpSession:
    return SmtpSession.connect(
        smtp_send(port, security=security, ca_file=certificates.ca_file), deadline_s=deadline_s
    )


def starttls(context: ssl.SSLContext, *, injected: bytes = b"") -> tuple[Post, Callable[[Peer], None]]:
    """Offer STARTTLS and do it; `injected` goes out in the clear right behind the 220."""
    post = Post(offers=("PIPELINING", "AUTH PLAIN"))

    def script(peer: Peer) -> None:
        peer.lines("220 ready")
        post.heard.append(peer.line().decode())
        peer.lines("250-here", "250-EVIL", "250-AUTH LOGIN", "250 STARTTLS")
        post.heard.append(peer.line().decode())
        peer.send(b"220 go\r\n" + injected)
        peer.start_tls(context)
        while post._serve(peer):
            pass

    return post, script


@pytest.mark.parametrize("sort", SORTS)
def test_tls_takes_only_the_good_certificate(certificates: Certificates, sort: str) -> None:
    post = Post()
    with ScriptedServer(post.script, context=certificates.contexts[sort]) as server:
        if sort == "good":
            session = connect(server.port, Security.TLS, certificates)
            assert session.encrypted
            session.login("ada", "secret")
            session.close()
            return
        with pytest.raises(CertificateError, match=WORDS[sort]):
            connect(server.port, Security.TLS, certificates)
    assert server.peers == []  # no handshake, so not one octet of SMTP


@pytest.mark.parametrize("sort", SORTS)
def test_starttls_takes_only_the_good_certificate(certificates: Certificates, sort: str) -> None:
    post, script = starttls(certificates.contexts[sort])
    with ScriptedServer(script) as server:
        if sort == "good":
            session = connect(server.port, Security.STARTTLS, certificates)
            assert session.encrypted
            session.login("ada", "secret")
            session.close()
            return
        with pytest.raises(CertificateError, match=WORDS[sort]):
            connect(server.port, Security.STARTTLS, certificates)
    assert post.heard == ["EHLO [127.0.0.1]", "STARTTLS"]


def test_what_was_said_in_the_clear_is_forgotten(certificates: Certificates) -> None:
    injected = b"250-EVIL\r\n250 AUTH LOGIN\r\n235 in\r\n"
    post, script = starttls(certificates.contexts["good"], injected=injected)
    with ScriptedServer(script) as server:
        session = connect(server.port, Security.STARTTLS, certificates)
        assert session.capabilities == {"PIPELINING": (), "AUTH": ("PLAIN",)}
        session.login("ada", "secret")
        assert [line.split(" ")[0] for line in post.heard] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
        session.close()


def answering(*answers: str) -> Callable[[Peer], None]:
    """Greet, and answer each line with the next."""

    def script(peer: Peer) -> None:
        peer.lines("220 ready")
        for answer in answers:
            peer.line()
            peer.lines(answer)
        peer.silence()

    return script


NO_TLS: dict[str, tuple[Callable[[Peer], None], type[MailError]]] = {
    "not offered": (answering("250 here", "502 what"), CertificateError),
    "offered and refused": (answering("250-here\r\n250 STARTTLS", "554 no"), CertificateError),
    "not just now": (answering("250-here\r\n250 STARTTLS", "454 not now"), ServerRefused),
    "nonsense": (answering("250-here\r\n250 STARTTLS", "what"), ProtocolViolation),
    "another yes": (answering("250-here\r\n250 STARTTLS", "354 go"), ProtocolViolation),
}


@pytest.mark.parametrize(("script", "error"), NO_TLS.values(), ids=NO_TLS.keys())
def test_starttls_is_never_skipped(
    certificates: Certificates, script: Callable[[Peer], None], error: type[MailError]
) -> None:
    with ScriptedServer(script) as server, pytest.raises(error):
        connect(server.port, Security.STARTTLS, certificates)
    assert [line.strip() for line in server.peers[0].received] == [b"EHLO [127.0.0.1]", b"STARTTLS"]


@pytest.mark.parametrize("after", [Peer.close, Peer.reset, Peer.silence])
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_handshake_that_does_not_happen_is_retried(
    certificates: Certificates, after: Callable[[Peer], None], security: Security
) -> None:
    def script(peer: Peer) -> None:
        if security is Security.STARTTLS:
            peer.lines("220 ready")
            peer.line()
            peer.lines("250 STARTTLS")
            peer.line()
            peer.lines("220 go")
        after(peer)

    with ScriptedServer(script) as server, pytest.raises(ConnectionProblem) as caught:
        connect(server.port, security, certificates, deadline_s=0.5)
    assert caught.value.retry


def test_a_server_that_speaks_no_tls_is_told(certificates: Certificates) -> None:
    with ScriptedServer(Post().script) as server, pytest.raises(CertificateError, match="does not speak TLS"):
        connect(server.port, Security.TLS, certificates)
