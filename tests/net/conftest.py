"""Certificates, small limits, and ways to reach a peer."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.fakes.scripted import Peer, ScriptedServer, imap_login
from tests.servers.dovecot import Dovecot
from tuimail.config import Protocol, Receive, Security
from tuimail.net.imap.session import ImapSession, Limits

QUICK = Limits(command_s=0.3, stream_s=0.3, silence_s=0.3, idle_end_s=0.2)
"""For peers that never answer."""


def receive_from(
    port: int, *, security: Security = Security.NONE, ca_file: Path | None = None, host: str = "127.0.0.1",
    user: str = "ada",
) -> Receive:
    """An account on this machine."""
    return Receive(Protocol.IMAP, host, port, security, user, ca_file=ca_file)


@contextmanager
def playing(
    *scripts: Callable[[Peer], None], limits: Limits | None = None, deadline_s: float = 10.0
) -> Iterator[ImapSession]:
    """A session with a peer that plays a script, not signed in; the script must not meet an unexpected command."""
    with ScriptedServer(*scripts) as server:
        session = ImapSession.connect(receive_from(server.port), limits=limits, deadline_s=deadline_s)
        try:
            yield session
        finally:
            session.close()
    assert server.failures == []


@contextmanager
def signed_in(
    script: Callable[[Peer], None], *, capabilities: str = "IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+ UIDPLUS MOVE IDLE",
    limits: Limits | None = None,
) -> Iterator[ImapSession]:
    """A session that a scripted peer let in; `script` goes on from there."""

    def whole(peer: Peer) -> None:
        imap_login(peer, capabilities)
        tag, command = peer.command()
        assert command == "CAPABILITY"
        peer.lines(f"* CAPABILITY {capabilities}", f"{tag} OK done")
        script(peer)

    with playing(whole, limits=limits) as session:
        session.login("ada", "secret")
        yield session


def answering(*answers: str) -> Callable[[Peer], None]:
    """A script that answers each command with text in which {tag} is its tag; `|` ends a line."""

    def script(peer: Peer) -> None:
        for answer in answers:
            tag, _ = peer.command()
            peer.send(answer.replace("{tag}", tag).replace("|", "\r\n").encode("utf-8") + b"\r\n")

    return script


@dataclass(frozen=True)
class Certificates:
    """A trusted root, and servers' certificates of every sort."""

    ca_file: Path
    contexts: dict[str, ssl.SSLContext]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """`good`, and five that must be refused."""
    now = datetime.now(UTC)
    known, unknown, alone = trustme.CA(), trustme.CA(), trustme.CA()
    issued = {
        "good": known.issue_cert("127.0.0.1", "localhost"),
        "unknown issuer": unknown.issue_cert("127.0.0.1"),
        "wrong name": known.issue_cert("elsewhere.example"),
        "expired": known.issue_cert("127.0.0.1", not_after=now - timedelta(days=1), not_before=now - timedelta(days=9)),
        "not yet valid": known.issue_cert("127.0.0.1", not_before=now + timedelta(days=1)),
    }
    contexts = {}
    for name, certificate in issued.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(contexts[name])
    directory = tmp_path_factory.mktemp("certificates")
    alone.cert_pem.write_to_path(directory / "alone.pem")
    alone.private_key_pem.write_to_path(directory / "alone.key")
    contexts["self-signed"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts["self-signed"].load_cert_chain(directory / "alone.pem", directory / "alone.key")
    known.cert_pem.write_to_path(directory / "ca.pem")
    return Certificates(directory / "ca.pem", contexts)


@contextmanager
def dovecot_session(server: Dovecot, user: str, password: str) -> Iterator[ImapSession]:
    """Signed in over TLS, extensions asked for."""
    session = ImapSession.connect(
        receive_from(server.imaps_port, security=Security.TLS, ca_file=server.ca_file, user=user)
    )
    try:
        session.login(user, password)
        session.enable_all()
        yield session
    finally:
        session.close()
