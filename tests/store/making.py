"""Small makers for store tests: mail that comes in, actions, an account with mailboxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tuimail.actions import SetFlags, Target
from tuimail.model import AccountName, EnvelopeId, Flag, MailboxId, Role, Uid, UidValidity
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import ListedMailbox

WORK = AccountName("work")
START = 1_700_000_000


def places(directory: Path) -> Paths:
    """Paths below a directory of the test."""
    environ = {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory)}
    return Paths.from_environment(environ, data_dir=str(directory / "data"))


def incoming(uid: int, **changes: Any) -> Incoming:
    """A message as a server would tell it; an hour between two uids."""
    made = Incoming(
        uid=uid,
        flags=0,
        keywords="",
        modseq=None,
        received_at=START + uid * 3600,
        size_octets=1000 + uid,
        structure=b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12 1)',
        has_attachments=False,
        from_="Grace Hopper <grace@navy.example>",
        sender="Grace Hopper",
        reply_to="",
        to="Ada Byron <ada@example.org>",
        cc="",
        subject=f"Compiler review {uid}",
        sent_at=START + uid * 3600,
        message_id=f"<{uid}@navy.example>",
        in_reply_to="",
        references="",
        list_id="",
        thread_id=uid,
    )
    return made._replace(**changes)


def several(uids: Iterable[int], **changes: Any) -> list[Incoming]:
    """Messages for these uids."""
    return [incoming(uid, **changes) for uid in uids]


def with_account(store: Store) -> MailboxId:
    """Add an account with an inbox, Sent and Lists; the inbox."""
    store.accounts.sync_names([(WORK, "ada@example.org", "imap")])
    store.mailboxes.apply_listing(
        WORK,
        [
            ListedMailbox("Lists", "/"),
            ListedMailbox("INBOX", "/", Role.INBOX),
            ListedMailbox("Sent", "/", Role.SENT),
        ],
    )
    inbox = store.mailboxes.find(WORK, "INBOX")
    assert inbox is not None
    return inbox.id


def target(store: Store, envelope_id: EnvelopeId) -> Target:
    """A message by all its names."""
    envelope = store.envelopes.envelope(envelope_id)
    assert envelope is not None
    return Target(envelope.id, envelope.mailbox_id, envelope.uid, envelope.uid_validity, envelope.message_id)


def change(
    store: Store, envelope_id: EnvelopeId, *, add: Flag = Flag.NONE, remove: Flag = Flag.NONE, keyword: str = ""
) -> SetFlags:
    """An action on a message."""
    keywords = (keyword,) if keyword else ()
    return SetFlags(WORK, target(store, envelope_id), int(add), int(remove), keywords)


def subjects(store: Store, mailbox_id: MailboxId, start: int = 0, count: int = 1000) -> Sequence[str]:
    """What a list shows."""
    return [row.subject for row in store.envelopes.window(mailbox_id, start, count).rows]


def uid_of(store: Store, envelope_id: EnvelopeId) -> tuple[Uid | None, UidValidity | None]:
    """The names the server knows a message by."""
    envelope = store.envelopes.envelope(envelope_id)
    assert envelope is not None
    return envelope.uid, envelope.uid_validity
