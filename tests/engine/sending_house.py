"""A house whose account can send, and the words that its tests share."""

from __future__ import annotations

import time
from pathlib import Path

from tests.engine.house import ACCOUNT, House, MailServer
from tuimail.model import EnvelopeId, OutboxId, OutboxItem, OutState

SENDER = "ada@example.org"
OTHER = "grace@navy.example"


class SendingHouse(House):
    """One account that receives from one server and sends through a port of this machine."""

    def __init__(self, directory: Path, server: MailServer, *, smtp_port: int, keys: str = "") -> None:
        """`keys`: more lines for the table of sending."""
        self._smtp_port = smtp_port
        self._keys = keys
        super().__init__(directory, server)

    def write_config(self, *, offline: str = "none", port: int | None = None, password: str | None = None) -> None:
        """As for any house, and how the account sends."""
        super().write_config(offline=offline, port=port, password=password)
        text = self.paths.config_file.read_text()
        self.paths.config_file.write_text(f"""{text}
[accounts.{ACCOUNT}.send]
host = "127.0.0.1"
port = {self._smtp_port}
security = "none"
{self._keys}
""")

    def queue(
        self,
        name: str = "m1",
        *,
        recipients: tuple[str, ...] = (OTHER,),
        answers: EnvelopeId | None = None,
        answer_flag: str = "",
        not_before: int = 0,
        text: bytes = b"hello",
    ) -> OutboxId:
        """A message of this name in the outbox."""
        return self.store.outbox.add(
            None, ACCOUNT, SENDER, recipients, letter(name, text), f"<{name}@example.org>", at=int(time.time()),
            not_before=not_before, to=OTHER, subject=name, answers=answers, answer_flag=answer_flag,
        )  # fmt: skip

    def item(self, outbox_id: OutboxId) -> OutboxItem:
        """How far a message has come."""
        item = self.store.outbox.get(outbox_id)
        assert item is not None
        return item

    def is_in(self, outbox_id: OutboxId, *states: OutState) -> bool:
        """Whether it has come so far."""
        return self.item(outbox_id).state in states


def letter(name: str, text: bytes = b"hello") -> bytes:
    """A message as it goes over the wire."""
    return (
        f"From: Ada <{SENDER}>\r\nTo: {OTHER}\r\nSubject: {name}\r\nMessage-ID: <{name}@example.org>\r\n\r\n".encode()
        + text + b"\r\n"
    )  # fmt: skip
