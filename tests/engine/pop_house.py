"""A data directory with one POP3 account on a test server, and an engine in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.engine.house import PATIENCE_S, Ears
from tuimail.engine.clock import Clock
from tuimail.engine.inprocess import InProcessOffice
from tuimail.engine.protocol import Request
from tuimail.model import AccountName, Envelope, EnvelopeId, Mailbox, Row
from tuimail.paths import Paths
from tuimail.store import Store

ACCOUNT = AccountName("pop")


class PopServer(Protocol):
    """Where the drop is."""

    @property
    def host(self) -> str:
        """Loopback."""

    @property
    def pop3_port(self) -> int:
        """Without TLS."""

    @property
    def pop3_user(self) -> str:
        """Who logs in."""

    @property
    def password(self) -> str:
        """With what."""


class PopHouse:
    """Paths, configuration, store and engine of one test."""

    def __init__(self, directory: Path, server: PopServer, *, keep: str = "never", port: int | None = None) -> None:
        self.server = server
        self.directory = directory
        self.paths = Paths(
            config_file=directory / "config.toml", data=directory / "data", state=directory / "state",
            runtime=directory / "run",
        )  # fmt: skip
        self.ears = Ears()
        self.write_config(keep=keep, port=port)
        self.paths.make()
        self.store = Store.open(self.paths)

    def write_config(
        self, *, keep: str = "never", port: int | None = None, password: str | None = None, limit: str = "64M"
    ) -> None:
        """Write config.toml; the password comes from a command."""
        self.directory.mkdir(parents=True, exist_ok=True)
        secret = self.directory / "secret"
        secret.write_text(password or self.server.password)
        self.paths.config_file.write_text(f"""
[accounts.{ACCOUNT}]
address = "ada@example.net"
[accounts.{ACCOUNT}.receive]
protocol = "pop3"
host = "{self.server.host}"
port = {port or self.server.pop3_port}
security = "none"
user = "{self.server.pop3_user}"
password_command = ["cat", "{secret}"]
keep_on_server = "{keep}"
limit = "{limit}"
""")

    @contextmanager
    def office(self, *, watch: bool = True, clock: Clock | None = None) -> Iterator[InProcessOffice]:
        """An engine in this process, ended afterwards."""
        office = InProcessOffice.join(self.paths, on_notice=self.ears, watch=watch, clock=clock)
        try:
            yield office
        finally:
            office.close()

    def sync(self, *, clock: Clock | None = None) -> str:
        """One sync by an engine of its own; its sentence."""
        with self.office(watch=False, clock=clock) as office:
            return office.wait_sync(timeout_s=PATIENCE_S * 2)[ACCOUNT]

    def ask(self, office: InProcessOffice, request: Request) -> int:
        """Send a request; the number of notices heard before it, for `wait_for(since=...)`."""
        before = len(self.ears.heard)
        office.send(request)
        return before

    def mailbox(self, name: str = "INBOX") -> Mailbox:
        """A mailbox by name."""
        found = self.store.mailboxes.find(ACCOUNT, name)
        assert found is not None, f"no {name}"
        return found

    def rows(self, name: str = "INBOX") -> tuple[Row, ...]:
        """The whole list."""
        return self.store.envelopes.window(self.mailbox(name).id, 0, 100_000).rows

    def with_subject(self, subject: str) -> EnvelopeId:
        """The message with exactly this subject."""
        return next(row.id for row in self.rows() if row.subject == subject)

    def envelope(self, envelope_id: EnvelopeId) -> Envelope:
        """Everything about a message."""
        found = self.store.envelopes.envelope(envelope_id)
        assert found is not None
        return found

    def files(self) -> list[Path]:
        """Every message file of the account's Maildir."""
        root = self.paths.maildir
        return sorted(path for path in root.rglob("*") if path.parent.name in ("new", "cur") and path.is_file())

    def close(self) -> None:
        """Give the store up."""
        self.store.close()
