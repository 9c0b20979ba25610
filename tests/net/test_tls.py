"""TLS is verified in every way in, and nothing secret is said before it stands."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.scripted import Peer, ScriptedServer
from tests.net.conftest import Certificates, receive_from
from tuimail.config import Security
from tuimail.errors import CertificateError, ConfigError, Dropped, MailError, TimedOut, UsageError
from tuimail.net.imap.session import ImapSession
from tuimail.net.link import tls

SORTS = ["good", "self-signed", "unknown issuer", "wrong name", "expired", "not yet valid"]
WORDS = {
    "self-signed": "self-signed",
    "unknown issuer": "issuer that this machine does not know",
    "wrong name": "another name",
    "expired": "has expired",
    "not yet valid": "not valid yet",
}


def serve(peer: Peer) -> None:
    """Let anybody in."""
    peer.lines("* OK ready")
    serve_after_tls(peer)


def starttls(context: ssl.SSLContext, *, injected: bytes = b"") -> Callable[[Peer], None]:
    """Offer STARTTLS and do it; `injected` goes out in the clear right behind the OK."""

    def script(peer: Peer) -> None:
        peer.lines("* OK ready")
        tag = peer.expect("CAPABILITY")
        peer.lines("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED EVIL", f"{tag} OK done")
        tag = peer.expect("STARTTLS")
        peer.send(f"{tag} OK go\r\n".encode() + injected)
        peer.start_tls(context)
        serve_after_tls(peer)

    return script


def serve_after_tls(peer: Peer) -> None:
    while True:
        tag, _ = peer.command()
        peer.lines("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", f"{tag} OK done")


def connect(port: int, security: Security, ca_file: Path, host: str = "127.0.0.1") -> ImapSession:
    return ImapSession.connect(receive_from(port, security=security, ca_file=ca_file, host=host))


@pytest.mark.parametrize("sort", SORTS)
def test_tls_takes_only_the_good_certificate(certificates: Certificates, sort: str) -> None:
    with ScriptedServer(serve, context=certificates.contexts[sort]) as server:
        if sort == "good":
            session = connect(server.port, Security.TLS, certificates.ca_file)
            assert session.encrypted
            session.login("ada", "secret")
            session.close()
            return
        with pytest.raises(CertificateError) as caught:
            connect(server.port, Security.TLS, certificates.ca_file)
    assert server.peers == []  # no handshake, so not one octet of IMAP
    assert WORDS[sort] in caught.value.sentence
    assert "127.0.0.1" in caught.value.sentence
    assert caught.value.advice
    assert not caught.value.retry


@pytest.mark.parametrize("sort", SORTS)
def test_starttls_takes_only_the_good_certificate(certificates: Certificates, sort: str) -> None:
    with ScriptedServer(starttls(certificates.contexts[sort])) as server:
        if sort == "good":
            session = connect(server.port, Security.STARTTLS, certificates.ca_file)
            assert session.encrypted
            session.login("ada", "secret")
            session.close()
            return
        with pytest.raises(CertificateError, match=WORDS[sort]):
            connect(server.port, Security.STARTTLS, certificates.ca_file)
    said = [line.split()[1] for line in server.peers[0].received]
    assert said == [b"CAPABILITY", b"STARTTLS"]


def test_a_root_that_nobody_named_is_not_trusted(certificates: Certificates) -> None:
    with (
        ScriptedServer(serve, context=certificates.contexts["good"]) as server,
        pytest.raises(CertificateError, match="does not know"),
    ):
        ImapSession.connect(receive_from(server.port, security=Security.TLS))


def test_a_name_on_the_certificate_is_accepted_like_an_address(certificates: Certificates) -> None:
    with ScriptedServer(serve, context=certificates.contexts["good"]) as server:
        connect(server.port, Security.TLS, certificates.ca_file, host="localhost").close()


def test_old_versions_of_tls_are_refused(certificates: Certificates) -> None:
    assert tls.context(certificates.ca_file).minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.context(None).verify_mode is ssl.CERT_REQUIRED
    assert tls.context(None).check_hostname


@pytest.mark.parametrize("content", [None, b"not a certificate"])
def test_a_root_file_that_cannot_be_used_is_a_mistake_in_the_configuration(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "root.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"root\.pem"):
        connect(9, Security.TLS, file)


def test_a_server_that_speaks_no_tls_is_told(certificates: Certificates) -> None:
    with (
        ScriptedServer(serve) as server,
        pytest.raises(CertificateError, match="does not speak TLS"),
    ):
        connect(server.port, Security.TLS, certificates.ca_file)


@pytest.mark.parametrize(
    ("script", "error"), [(Peer.close, Dropped), (Peer.reset, Dropped), (Peer.silence, TimedOut)]
)
def test_a_handshake_that_does_not_happen_is_retried(
    certificates: Certificates, script: Callable[[Peer], None], error: type[MailError]
) -> None:
    with ScriptedServer(script) as server, pytest.raises(error) as caught:
        ImapSession.connect(
            receive_from(server.port, security=Security.TLS, ca_file=certificates.ca_file), deadline_s=0.5
        )
    assert caught.value.retry


def offering(capabilities: str, *, greeting: str = "* OK ready", answer: str = "NO not now") -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.lines(greeting)
        while True:
            tag, command = peer.command()
            if command == "CAPABILITY":
                peer.lines(f"* CAPABILITY {capabilities}", f"{tag} OK done")
            else:
                peer.lines(f"{tag} {answer}")

    return script


NO_TLS: dict[str, Callable[[Peer], None]] = {
    "not offered": offering("IMAP4rev1 AUTH=PLAIN"),
    "refused with NO": offering("IMAP4rev1 STARTTLS"),
    "refused with BAD": offering("IMAP4rev1 STARTTLS", answer="BAD what"),
    "signed in already": offering("IMAP4rev1 STARTTLS", greeting="* PREAUTH welcome"),
}


@pytest.mark.parametrize("script", NO_TLS.values(), ids=NO_TLS.keys())
def test_starttls_is_never_skipped(certificates: Certificates, script: Callable[[Peer], None]) -> None:
    with ScriptedServer(script) as server, pytest.raises(CertificateError) as caught:
        connect(server.port, Security.STARTTLS, certificates.ca_file)
    said = [line.split()[1] for line in server.peers[0].received]
    assert set(said) <= {b"CAPABILITY", b"STARTTLS"}
    assert "127.0.0.1" in caught.value.sentence


def test_what_was_said_before_tls_is_forgotten(certificates: Certificates) -> None:
    """Folders, capabilities and answers that somebody on the way put in (CVE-2021-38370 and its family)."""
    injected = b'* LIST () "/" evil\r\n* CAPABILITY IMAP4rev1 EVIL\r\n* 7 EXISTS\r\nt1 OK done\r\n'
    with ScriptedServer(starttls(certificates.contexts["good"], injected=injected)) as server:
        session = connect(server.port, Security.STARTTLS, certificates.ca_file)
        assert not session.has("EVIL")
        assert not session.has("LOGINDISABLED")
        assert not session.take_news()
        session.login("ada", "secret")
        assert session.list_mailboxes() == []
        session.close()


def test_untagged_responses_before_tls_do_not_outlive_it(certificates: Certificates) -> None:
    context = certificates.contexts["good"]

    def script(peer: Peer) -> None:
        peer.lines("* OK ready", '* LIST () "/" evil')
        tag = peer.expect("CAPABILITY")
        peer.lines('* LIST () "/" evil', "* 9 EXISTS", "* CAPABILITY IMAP4rev1 STARTTLS", f"{tag} OK done")
        tag = peer.expect("STARTTLS")
        peer.lines('* LIST () "/" evil', f"{tag} OK go")
        peer.start_tls(context)
        serve_after_tls(peer)

    with ScriptedServer(script) as server:
        session = connect(server.port, Security.STARTTLS, certificates.ca_file)
        assert "LIST" not in session._client._imap.untagged_responses
        session.login("ada", "secret")
        assert session.list_mailboxes() == []
        assert not session.take_news()
        session.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "mail.example.org", "0.0.0.0", "10.0.0.1"])
def test_no_encryption_is_for_this_machine_only(host: str) -> None:
    with pytest.raises(UsageError, match="without encryption"):
        ImapSession.connect(receive_from(1, host=host))


def test_a_name_that_pretends_to_be_this_machine_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def lie(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 143))]

    monkeypatch.setattr(socket, "getaddrinfo", lie)
    with pytest.raises(UsageError, match="not this machine"):
        ImapSession.connect(receive_from(143, host="mail.localhost"))
