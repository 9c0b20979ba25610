"""A real Postfix takes what the outbox holds, a real Dovecot keeps the copy, and refusals are told in its words."""

from __future__ import annotations

import imaplib
import time
from pathlib import Path

import pytest

from tests.engine.house import ACCOUNT, House
from tests.engine.sending_house import SendingHouse, letter
from tests.servers.dovecot import DovecotUser
from tests.servers.postfix import UNICODE_ADDRESS, Postfix
from tuimail.model import OutboxId, OutState


class PostHouse(SendingHouse):
    """An account on Dovecot that sends through Postfix."""

    def __init__(self, directory: Path, postfix: Postfix, user: DovecotUser, *, security: str) -> None:
        self.host, self.port = user.server.host, user.server.imap_port
        self.user, self.password = user.name, user.password
        self.address = f"{user.name}@example.org"
        self._postfix = postfix
        self._security = security
        super().__init__(directory, self, smtp_port=0)

    def write_config(self, *, offline: str = "none", port: int | None = None, password: str | None = None) -> None:
        """As the account of this user."""
        House.write_config(self, offline=offline, port=port, password=password)
        port_of = {"starttls": self._postfix.submission_port, "tls": self._postfix.submissions_port}
        with self.paths.config_file.open("a") as stream:
            stream.write(f"""
[accounts.{ACCOUNT}.send]
host = "localhost"
port = {port_of[self._security]}
security = "{self._security}"
ca_file = "{self._postfix.ca_file}"
""")

    def post(self, name: str, *recipients: str, text: bytes = b"hello") -> OutboxId:
        """A message of this name in the outbox."""
        return self.store.outbox.add(
            None, ACCOUNT, self.address, recipients, letter(name, text), f"<{name}@example.org>", at=int(time.time())
        )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_postfix_takes_it_and_dovecot_keeps_the_copy(tmp_path: Path, postfix: Postfix, security: str) -> None:
    user, reader = postfix.new_user(), postfix.new_user()
    house = PostHouse(tmp_path / "house", postfix, user, security=security)
    try:
        house.sync()
        ids = [house.post(f"{security}{number}", f"{reader.name}@example.org") for number in range(3)]
        assert house.sync() == {ACCOUNT: ""}
        assert all(house.is_in(one, OutState.FILED) for one in ids)
        received = postfix.wait_for_mail(reader, 3)
        for number in range(3):
            assert sum(letter(f"{security}{number}") in one for one in received) == 1
        assert len(mail_in(user, "Sent")) == 3
    finally:
        house.close()


def test_what_postfix_says_is_what_a_person_reads(tmp_path: Path, postfix: Postfix) -> None:
    user, reader = postfix.new_user(), postfix.new_user()
    house = PostHouse(tmp_path / "house", postfix, user, security="starttls")
    try:
        house.sync()
        partly = house.post("partly", f"{reader.name}@example.org", "nobody@example.org")
        refused = house.post("refused", "nobody@example.org")
        put_off = house.post("later", "later@example.org")
        large = house.post("large", f"{reader.name}@example.org", text=b"x" * 70 + b"\r\n" * 3_000_000)
        house.sync()
        assert house.item(partly).refused[0][0] == "nobody@example.org"
        assert house.item(partly).refused[0][1].startswith("550")
        assert house.is_in(partly, OutState.FILED)
        assert house.is_in(refused, OutState.FAILED)
        assert "nobody of this name. " in house.item(refused).sentence
        assert house.is_in(put_off, OutState.QUEUED)
        assert house.item(put_off).not_before > time.time()
        assert house.is_in(large, OutState.FAILED)
        assert "4" in house.item(large).sentence
        assert len(postfix.wait_for_mail(reader)) == 1
    finally:
        house.close()


@pytest.mark.parametrize("sender", ["", UNICODE_ADDRESS], ids=["ascii sender", "unicode sender"])
def test_a_message_to_and_from_an_address_beyond_ascii_arrives_as_it_was_written(
    tmp_path: Path, postfix: Postfix, sender: str
) -> None:
    house = PostHouse(tmp_path / "house", postfix, postfix.new_user(), security="starttls")
    try:
        house.sync()
        sender = sender or house.address
        named = f"<{tmp_path.name}@example.org>"
        raw = (
            f"From: Zoë <{sender}>\r\nTo: Zoë <{UNICODE_ADDRESS}>\r\nSubject: Grüße, 世界\r\nMessage-ID: {named}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße, 世界\r\n"
        ).encode()
        outbox_id = house.store.outbox.add(
            None, ACCOUNT, sender, [UNICODE_ADDRESS], raw, named, at=int(time.time())
        )
        assert house.sync() == {ACCOUNT: ""}
        assert house.is_in(outbox_id, OutState.FILED)
        arrived = postfix.wait_for_unicode_mail(named.encode())
        assert arrived.endswith(b"\n" + raw.replace(b"\r\n", b"\n")), "byte for byte, below what the server put above"
        assert f"Return-Path: <{sender}>".encode() in arrived
    finally:
        house.close()


def mail_in(user: DovecotUser, mailbox: str) -> list[bytes]:
    """The uids of a mailbox, by another client."""
    with imaplib.IMAP4(user.server.host, user.server.imap_port) as client:
        client.login(user.name, user.password)
        client.select(mailbox, readonly=True)
        return client.uid("SEARCH", "ALL")[1][0].split()  # type: ignore[no-any-return]  # imaplib has no types for it
