"""Drafts on the server: one copy of each, replaced when the draft changed, gone when it was sent or discarded.

The copy is a waiting action like any other, so that writing needs no network; a copy that no
server has heard of yet is simply taken back when a newer one comes.
"""

from __future__ import annotations

from datetime import datetime

from tuimail.actions import Expunge, Target
from tuimail.config import Protocol
from tuimail.engine.desk import Desk
from tuimail.engine.local.describe import incoming_of
from tuimail.engine.protocol import DraftsChanged, MailboxChanged
from tuimail.errors import StoreError
from tuimail.mime.parts.parse import parse_message
from tuimail.mime.parts.write_structure import to_bodystructure
from tuimail.mime.writing.compose import Enclosed, Outgoing, build_draft
from tuimail.model import Draft, DraftId, Flag, MailboxId, Role
from tuimail.store import Store

_FLAGS = int(Flag.SEEN | Flag.DRAFT)


def follow(store: Store, desk: Desk, *, at: int) -> bool:
    """Have the server's drafts follow ours, and tell; whether that takes actions. Raises StoreError at most."""
    try:
        changed = keep_drafts(store, desk, at=at)
    except StoreError:
        raise
    except Exception as exc:  # noqa: BLE001 - a draft that cannot be copied must not keep other mail back
        desk.log.fault("drafts.fault", exc, account=desk.name)
        return False
    for mailbox_id in changed:
        desk.tell(MailboxChanged(mailbox_id))
    if changed:
        desk.tell(DraftsChanged(desk.name))
    return bool(changed)


def keep_drafts(store: Store, desk: Desk, *, at: int) -> set[MailboxId]:
    """Have the server's drafts follow ours; the mailboxes in which something changed."""
    if desk.account.receive.protocol is not Protocol.IMAP:
        return set()
    mailbox = store.mailboxes.with_role(desk.name, Role.DRAFTS)
    unlike = store.drafts.unlike_server(desk.name) if mailbox is not None else []
    for draft_id, draft in unlike:
        assert mailbox is not None  # noqa: S101 - without one nothing is unlike
        raw = _octets(store, draft, at) if draft is not None else b""
        with store.transaction(durable=True):
            _take_away(store, desk, draft_id, at)
            if draft is not None:
                _put(store, desk, draft, mailbox.id, raw, at)
    return {mailbox.id} if mailbox is not None and unlike else set()


def _take_away(store: Store, desk: Desk, draft_id: DraftId, at: int) -> None:
    """The copy that was there until now."""
    envelope_id, _ = store.drafts.server_copy(draft_id)
    if envelope_id is None:
        return
    untold = store.drafts.untold_copy(draft_id)
    envelope = store.envelopes.envelope(envelope_id)
    store.drafts.set_server_copy(draft_id, None, 0)
    if untold is not None:
        store.pending.drop([untold])
    elif envelope is not None:
        target = Target(envelope.id, envelope.mailbox_id, envelope.uid, envelope.uid_validity, envelope.message_id)
        store.pending.add([Expunge(desk.name, target)], at=at)


def _put(store: Store, desk: Desk, draft: Draft, mailbox: MailboxId, raw: bytes, at: int) -> None:
    parsed = parse_message(raw)
    incoming = incoming_of(parsed.summary, to_bodystructure(parsed.root), size_octets=len(raw))
    pending_id = store.deeds.file(
        desk.name, mailbox, incoming._replace(received_at=at), store.raws.keep(raw), flags=_FLAGS, received_at=at, at=at
    )
    store.drafts.kept(draft.id, pending_id, draft.changed_at)


def _octets(store: Store, draft: Draft, at: int) -> bytes:
    written = Outgoing(
        from_=draft.from_, to=draft.to, cc=draft.cc, bcc=draft.bcc, reply_to=draft.reply_to, subject=draft.subject,
        body=draft.body, markdown=draft.markdown, message_id=draft.message_id, in_reply_to=draft.in_reply_to,
        references=draft.references,
    )  # fmt: skip
    files = [
        Enclosed(file.filename, file.content_type, store.drafts.read(draft.id, file.number)) for file in draft.files
    ]
    return build_draft(written, files, now=datetime.fromtimestamp(at).astimezone())
