"""A store with an IMAP and a local account, and mail in them as an engine would bring it."""

from __future__ import annotations

from pathlib import Path

from tests.store.making import WORK, with_account
from tuimail import config
from tuimail.config import Config
from tuimail.engine.local.describe import describe
from tuimail.mime.parts.parse import header_block, leaves, parse_message
from tuimail.mime.reading.readable import readable_of, to_json
from tuimail.model import AccountName, EnvelopeId, MailboxId
from tuimail.store import Store

AT = 1_795_000_000
POP = AccountName("pop")
CONFIGURATION = """
[accounts.work]
address = "ada@example.org"
name = "Ada Byron"
aliases = ["*@byron.example"]
signature = "Ada"
[[accounts.work.identities]]
address = "countess@example.net"
name = "Lovelace"
signature = "The Countess"
[accounts.work.receive]
protocol = "imap"
host = "imap.example.org"
[accounts.work.send]
host = "smtp.example.org"

[accounts.pop]
address = "ada@pop.example"
[accounts.pop.receive]
protocol = "pop3"
host = "pop.example"
"""

LETTER = (
    b"From: Grace Hopper <grace@navy.example>\r\nTo: Ada <ada@example.org>, alan@park.example\r\n"
    b"Cc: emile@paris.example\r\nSubject: Compiler\r\nDate: Sat, 14 Nov 2026 09:05:00 +0000\r\n"
    b"Message-ID: <2@navy.example>\r\nReferences: <1@navy.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"Shall we?\r\n> Before.\r\n-- \r\nGrace\r\n"
)
WITH_FILE = (
    b"From: grace@navy.example\r\nTo: ada@example.org\r\nSubject: Listing\r\nMessage-ID: <3@navy.example>\r\n"
    b'Date: Sat, 14 Nov 2026 09:05:00 +0000\r\nContent-Type: multipart/mixed; boundary="=_b"\r\n\r\n'
    b"--=_b\r\nContent-Type: text/plain\r\n\r\nHere.\r\n"
    b'--=_b\r\nContent-Type: application/pdf; name="list.pdf"\r\nContent-Disposition: attachment\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n--=_b--\r\n"
)


def configuration(more: str = "", *, guarded: bool = False) -> Config:
    """The configuration of both accounts; `guarded`: the IMAP account holds attachments too."""
    text = CONFIGURATION
    if guarded:
        text = text.replace('host = "imap.example.org"', 'host = "imap.example.org"\nquarantine = true')
    return config.parse(text + more, Path("/nowhere/config.toml"))


def arrive(store: Store, raw: bytes, *, uid: int = 1, mailbox: str = "INBOX") -> EnvelopeId:
    """List a message of the IMAP account; nothing of it is here yet."""
    if store.mailboxes.find(WORK, "INBOX") is None:
        with_account(store)
    found = store.mailboxes.find(WORK, mailbox)
    assert found is not None
    store.envelopes.ingest(found.id, [describe(raw, hold=False).incoming._replace(uid=uid)])
    envelope_id = store.envelopes.by_uid(found.id, uid)
    assert envelope_id is not None
    return envelope_id


def fetch(store: Store, envelope_id: EnvelopeId, raw: bytes, *sections: str) -> None:
    """Have sections here, as after `Want`: text, HEADER, the whole message, or a part."""
    message = parse_message(raw)
    parts = {part.section: (part, octets) for part, octets in leaves(raw, message)}
    for section in sections:
        if section == "text":
            readable = readable_of(list(parts.values()), root=message.root)
            store.parts.put_text(envelope_id, "text", to_json(readable))
        elif section == "HEADER":
            store.parts.put(envelope_id, "HEADER", header_block(raw))
        elif section:
            store.parts.put(envelope_id, section, next(found[1] for name, found in parts.items() if name == section))
        else:
            store.parts.put(envelope_id, "", raw)


def deliver(store: Store, raw: bytes) -> EnvelopeId:
    """Bring a message into the local account, its attachments held, its text read."""
    store.accounts.sync_names([(WORK, "ada@example.org", "imap"), (POP, "ada@pop.example", "pop3")])
    store.local.open_account(POP)
    with store.local.delivery(POP) as delivery:
        arriving = delivery.begin()
        arriving.write(raw)
        arriving.sync()
        (envelope_id,) = delivery.commit([(arriving, describe(raw, hold=True))])
    fetch(store, envelope_id, raw, "text")
    return envelope_id


def inbox_of(store: Store) -> MailboxId:
    """The inbox of the IMAP account."""
    found = store.mailboxes.find(WORK, "INBOX")
    assert found is not None
    return found.id
