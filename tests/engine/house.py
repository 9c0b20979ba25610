"""A data directory with one account on a test server, an engine in this process, and ears for its notices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import imapclient

from tuimail.engine.children.convert import Converter
from tuimail.engine.clock import Clock
from tuimail.engine.inprocess import InProcessOffice
from tuimail.engine.protocol import Notice, Request
from tuimail.model import AccountName, EnvelopeId, Flag, Mailbox, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store

ACCOUNT = AccountName("work")
PATIENCE_S = 30.0

_Word = TypeVar("_Word")

State = dict[str, dict[int, tuple[frozenset[str], str]]]
"""Mailbox to uid to flags (lower case) and subject."""


class MailServer(Protocol):
    """What a test needs of a server: DemoServer and DovecotUser both can be had as this."""

    @property
    def host(self) -> str:
        """Loopback."""

    @property
    def port(self) -> int:
        """Of IMAP, without TLS."""

    @property
    def user(self) -> str:
        """Who logs in."""

    @property
    def password(self) -> str:
        """With what."""


class Ears:
    """Hears notices, and lets a test wait for what it wants to hear or see."""

    def __init__(self) -> None:
        self.heard: list[Notice] = []
        self._changed = threading.Condition()

    def __call__(self, notice: Notice) -> None:
        with self._changed:
            self.heard.append(notice)
            self._changed.notify_all()

    def wait_for(self, kind: type[_Word], matches: Callable[[_Word], bool] = lambda _: True, since: int = 0) -> _Word:
        """The first notice of this kind that matches, from the `since`th on."""

        def find() -> _Word | None:
            return next((one for one in self.heard[since:] if isinstance(one, kind) and matches(one)), None)

        with self._changed:
            found = self._changed.wait_for(find, PATIENCE_S)
        assert found is not None, f"never heard {kind.__name__}; heard {self.heard[since:][-20:]}"
        return found

    def wait_until(self, seen: Callable[[], bool]) -> None:
        """Wait until the condition holds, looking after every notice (and now and then, to be safe)."""
        with self._changed:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                if seen():
                    return
                self._changed.wait(0.2)
        raise AssertionError(f"never came true; heard {self.heard[-20:]}")

    def all(self, kind: type[_Word]) -> list[_Word]:
        """Everything of this kind so far."""
        with self._changed:
            return [one for one in self.heard if isinstance(one, kind)]


class House:
    """Paths, configuration, store and engine of one test."""

    def __init__(self, directory: Path, server: MailServer, *, offline: str = "none", port: int | None = None) -> None:
        self.server = server
        self.directory = directory
        self.paths = Paths(
            config_file=directory / "config.toml", data=directory / "data", state=directory / "state",
            runtime=directory / "run",
        )  # fmt: skip
        self.ears = Ears()
        self.write_config(offline=offline, port=port)
        self.paths.make()
        self.store = Store.open(self.paths)

    def write_config(self, *, offline: str = "none", port: int | None = None, password: str | None = None) -> None:
        """Write config.toml; the password comes from a command, as it would from a password store."""
        self.directory.mkdir(parents=True, exist_ok=True)
        secret = self.directory / "secret"
        secret.write_text(password or self.server.password)
        self.paths.config_file.write_text(f"""
[accounts.{ACCOUNT}]
address = "ada@example.org"
[accounts.{ACCOUNT}.receive]
protocol = "imap"
host = "{self.server.host}"
port = {port or self.server.port}
security = "none"
user = "{self.server.user}"
password_command = ["cat", "{secret}"]
offline = "{offline}"
""")

    @contextmanager
    def office(
        self, *, watch: bool = True, clock: Clock | None = None, converter: Converter | None = None
    ) -> Iterator[InProcessOffice]:
        """An engine in this process, ended afterwards."""
        office = InProcessOffice.join(
            self.paths, on_notice=self.ears, watch=watch, clock=clock, converter=converter
        )
        try:
            yield office
        finally:
            office.close()

    def sync(self, *, clock: Clock | None = None) -> dict[str, str]:
        """One sync by an engine of its own; account to sentence."""
        with self.office(watch=False, clock=clock) as office:
            return office.wait_sync(timeout_s=PATIENCE_S * 2)

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

    def newest(self, name: str = "INBOX", position: int = 0) -> EnvelopeId:
        """The message at a position of a mailbox."""
        return self.store.envelopes.window(self.mailbox(name).id, position, 1).rows[0].id

    def with_subject(self, subject: str, name: str = "INBOX") -> EnvelopeId:
        """The message with exactly this subject."""
        window = self.store.envelopes.window(self.mailbox(name).id, 0, 100_000)
        return next(row.id for row in window.rows if row.subject == subject)

    def state(self) -> State:
        """What the store has, in the words of `server_state`."""
        found: State = {}
        for mailbox in self.store.mailboxes.all(ACCOUNT):
            if mailbox.selectable:
                found[mailbox.name] = self._messages(mailbox.id)
        return found

    def _messages(self, mailbox_id: MailboxId) -> dict[int, tuple[frozenset[str], str]]:
        found: dict[int, tuple[frozenset[str], str]] = {}
        flags = self.store.envelopes.server_flags(mailbox_id, 1, 2**32 - 1)
        for row in self.store.envelopes.window(mailbox_id, 0, 1_000_000).rows:
            envelope = self.store.envelopes.envelope(row.id)
            assert envelope is not None
            assert envelope.uid is not None, "a row is still in limbo"
            assert envelope.uid not in found, "a message is there twice"
            bits, keywords = flags[envelope.uid]
            names = {f"\\{flag.name}".lower() for flag in Flag if flag and bits & flag}
            found[int(envelope.uid)] = (frozenset(names | set(keywords.lower().split())), envelope.message_id)
        return found

    def close(self) -> None:
        """Give the store up."""
        self.store.close()


def server_state(server: MailServer) -> State:
    """What the server has, asked by a client that is not ours."""
    found: State = {}
    with imapclient.IMAPClient(server.host, server.port, ssl=False, timeout=30) as client:
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each command waits 40 ms without
        client.login(server.user, server.password)
        for attributes, _, name in client.list_folders():
            if b"\\Noselect" in attributes or b"\\NonExistent" in attributes:
                continue
            client.select_folder(name, readonly=True)
            uids = client.search("ALL")
            messages: dict[int, tuple[frozenset[str], str]] = {}
            for start in range(0, len(uids), 500):
                fetched = client.fetch(uids[start : start + 500], ["FLAGS", "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
                for uid, told in fetched.items():
                    flags = {flag.decode().lower() for flag in told[b"FLAGS"]} - {"\\recent"}
                    header = told[b"BODY[HEADER.FIELDS (MESSAGE-ID)]"].decode("utf-8", "replace")
                    messages[uid] = (frozenset(flags), header.partition(":")[2].strip())
            found[str(name)] = messages
    return found
