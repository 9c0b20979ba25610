"""Makers for tests of local mail: messages with parts, descriptions of them, an account of our own."""

from __future__ import annotations

import email
import email.policy
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.store.making import START
from tuimail.model import AccountName, EnvelopeId, MailboxId, Section
from tuimail.store import Store
from tuimail.store.incoming import Incoming
from tuimail.store.maildirs.filing import Described, StoredPart

POP = AccountName("pop")
BOUNDARY = b"=_b"


def message(number: int, *, attachment: bytes | None = None, ending: bytes = b"\r\n") -> bytes:
    """A message, with a base64 attachment when one is given."""
    head = [
        b"From: Grace Hopper <grace@navy.example>", b"To: ada@example.org", b"Subject: Message %d" % number,
        b"Message-ID: <%d@navy.example>" % number, b"Date: Tue, 14 Nov 2023 22:13:20 +0000", b"MIME-Version: 1.0",
    ]
    if attachment is None:
        return ending.join([*head, b"Content-Type: text/plain", b"", b"Hello %d." % number, b""])
    return ending.join([
        *head, b'Content-Type: multipart/mixed; boundary="%s"' % BOUNDARY, b"",
        b"--" + BOUNDARY, b"Content-Type: text/plain", b"", b"Hello %d." % number,
        b"--" + BOUNDARY, b'Content-Type: application/pdf; name="a.pdf"', b"Content-Disposition: attachment", b"",
        attachment,
        b"--" + BOUNDARY + b"--", b"",
    ])


def describe(raw: bytes) -> Described:
    """What a message says, by other means than ours; parts where `message` puts them."""
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    incoming = Incoming(
        uid=0, flags=0, keywords="", modseq=None, received_at=START, size_octets=len(raw),
        structure=parsed.get_content_type().encode(), has_attachments=parsed.is_multipart(),
        from_=str(parsed["From"] or ""), sender="Grace Hopper", reply_to="", to=str(parsed["To"] or ""), cc="",
        subject=str(parsed["Subject"] or ""), sent_at=START, message_id=str(parsed["Message-ID"] or ""),
        in_reply_to="", references="", list_id="", thread_id=1,
    )
    return Described(incoming, parts_of(raw), hashlib.sha256(raw[:80]).digest())


def parts_of(raw: bytes) -> list[StoredPart]:
    """Where parts are in what `message` makes."""
    ending = b"\r\n" if b"\r\n" in raw else b"\n"
    line = b"--" + BOUNDARY
    if line + ending not in raw:
        header_end = raw.find(ending * 2)
        kind = b"application/pdf" in raw[: max(header_end, 0)]
        return [] if header_end < 0 else [StoredPart(
            Section("1"), 0, header_end + 2 * len(ending), len(raw), "7bit", "a.pdf" if kind else "",
            "application/pdf" if kind else "text/plain", 10, kind,
        )]
    found = []
    pieces = raw.split(line)
    position = len(pieces[0])
    for number, piece in enumerate(pieces[1:-1], 1):
        start = position + len(line) + len(ending)
        position += len(line) + len(piece)
        body = raw.index(ending * 2, start - len(ending)) + 2 * len(ending)
        held = b"attachment" in raw[start:body]
        found.append(StoredPart(
            Section(str(number)), start, body, position - len(ending), "7bit", "a.pdf" if held else "",
            "application/pdf" if held else "text/plain", position - len(ending) - body, held,
        ))
    return found


def with_pop(store: Store, account: AccountName = POP, root: Path | None = None) -> MailboxId:
    """An account with a Maildir; its inbox."""
    known = [(known.name, known.address, known.protocol) for known in store.accounts.all()]
    store.accounts.sync_names([*known, (account, "ada@example.net", "pop3" if root is None else "maildir")])
    store.local.open_account(account, root)
    inbox = store.mailboxes.find(account, "INBOX")
    assert inbox is not None
    return inbox.id


def deliver(
    store: Store, messages: Iterable[tuple[bytes | None, bytes]], account: AccountName = POP
) -> list[EnvelopeId]:
    """Bring messages in as an engine does: (uidl, octets)."""
    batch = []
    with store.local.delivery(account) as delivery:
        for uidl, raw in messages:
            arriving = delivery.begin(uidl)
            for start in range(0, len(raw), 1000):
                arriving.write(raw[start : start + 1000])
            batch.append((arriving, describe(arriving.read())))
        return delivery.commit(batch)


def files_of(root: Path) -> list[Path]:
    """Every message below a Maildir root."""
    return sorted(
        path for path in root.rglob("*") if path.is_file() and path.parent.name in {"new", "cur", "tmp"}
    )


def mailbox(store: Store, name: str, account: AccountName = POP) -> MailboxId:
    """A mailbox by name."""
    found = store.mailboxes.find(account, name)
    assert found is not None
    return found.id


def listed(store: Store, mailbox_id: MailboxId) -> Sequence[EnvelopeId]:
    """What a list shows, newest first."""
    return [row.id for row in store.envelopes.window(mailbox_id, 0, 10_000).rows]
