"""What a person asks of mail that goes out: post a draft, take it back, look at what may be wrong with it.

What lives here: a draft made into octets and put into the outbox. What must not: SMTP
(the engine sends what is in the outbox), how a message is written down (`mime.writing.compose`).
After each of these the caller sends `Wake(account)` to the engine.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tuimail.config import AccountConfig, Config
from tuimail.errors import UsageError, Vanished
from tuimail.mime.writing import compose
from tuimail.mime.writing.compose import Enclosed, Outgoing
from tuimail.mime.writing.typed import entries
from tuimail.model import AccountName, Address, Draft, DraftId, EnvelopeId, OutboxId
from tuimail.store import Store
from tuimail.wishes.checking import Warning, warnings_for

ID_OCTETS = 15
MAX_DELAY_S = 3650 * 86400


def post(store: Store, config: Config, draft_id: DraftId, *, at: int, delay_s: int | None = None) -> OutboxId:
    """Put a draft into the outbox, durably; the draft is gone.

    It is sent once `delay_s` have passed: by default as long as it can be undone, and any
    number of seconds for "send later". Raises UsageError with the first thing that is wrong
    with it, Vanished when the draft is gone, StoreError; the draft then stays as it is.
    """
    draft = store.drafts.get(draft_id)
    if draft is None:
        raise Vanished("This draft is no longer here.", "It was sent or discarded somewhere else.")
    account = sending_account(config, draft.account)
    delay_s = round(config.ui.undo_send_s) if delay_s is None else delay_s
    if not 0 <= delay_s <= MAX_DELAY_S:
        raise UsageError("The time to send it lies too far away.", "Choose a time within ten years.")
    draft = _with_message_id(store, draft, at)
    written = outgoing_of(config, draft)
    now = datetime.fromtimestamp(at + delay_s).astimezone()
    raw = compose.build(written, enclosed_of(store, draft), now=now)
    typed = (draft.to, draft.cc, draft.bcc)
    people = [Address(entry.name, entry.address) for each in typed for entry in entries(each)]
    with store.transaction(durable=True):
        store.people.note(people, wrote_to=True, at=at)
        return store.outbox.add(
            draft_id, account.name, compose.sender(written), compose.recipients(written), raw, draft.message_id,
            at=at, not_before=at + delay_s, to=draft.to or draft.cc or draft.bcc, subject=draft.subject,
            answers=draft.answers, answer_flag=draft.answer_flag,
        )  # fmt: skip


def post_message(
    store: Store,
    config: Config,
    account: AccountName,
    sender: str,
    recipients: Sequence[str],
    raw: bytes,
    *,
    message_id: str,
    at: int,
    delay_s: int = 0,
    to: str = "",
    subject: str = "",
    notify: bool = False,
    answers: EnvelopeId | None = None,
    answer_flag: str = "",
) -> OutboxId:
    """Put a finished message into the outbox: one that is passed on, or comes from a script.

    `raw` is what goes over the wire (CR LF, no Bcc). Raises UsageError, StoreError.
    """
    if not recipients:
        raise UsageError("There is nobody to send it to.", "Name a recipient.")
    return store.outbox.add(
        None, sending_account(config, account).name, sender, recipients, raw, message_id, at=at,
        not_before=at + delay_s, to=to, subject=subject, notify=notify, answers=answers, answer_flag=answer_flag,
    )  # fmt: skip


def sending_account(config: Config, name: AccountName) -> AccountConfig:
    """The account, when it can send. Raises UsageError with what to do else."""
    account = config.accounts.get(name)
    if account is None:
        raise UsageError(f"There is no account called {name}.", "Choose another sender.")
    if account.send is None:
        raise UsageError(
            f"The account {name} has no server to send through.", f"Add [accounts.{name}.send] to {config.file}."
        )
    return account


def undo_send(store: Store, outbox_id: OutboxId, *, at: int) -> DraftId:
    """Take back what was posted a moment ago: the draft is open again. Raises UsageError when it is too late."""
    draft_id = store.outbox.edit(outbox_id, message_id=_new_id(store, outbox_id), at=at)
    if draft_id is None:
        raise UsageError("This message was not written here.", "Edit or cancel it in the outbox.")
    return draft_id


def check(store: Store, config: Config, draft: Draft) -> list[Warning]:
    """What a person should hear before this is posted, the serious first; nothing when all is well."""
    refused = [Warning(sentence, serious=True) for sentence in compose.refusals(outgoing_of(config, draft))]
    return refused + warnings_for(store, config, draft)


def outgoing_of(config: Config, draft: Draft) -> Outgoing:
    """A draft as `mime.writing.compose` takes it."""
    return Outgoing(
        from_=draft.from_, to=draft.to, cc=draft.cc, bcc=draft.bcc, reply_to=draft.reply_to, subject=draft.subject,
        body=draft.body, markdown=draft.markdown, message_id=draft.message_id, in_reply_to=draft.in_reply_to,
        references=draft.references, flowed=config.compose.format_flowed,
    )  # fmt: skip


def enclosed_of(store: Store, draft: Draft) -> list[Enclosed]:
    """The files of a draft with their octets."""
    return [
        Enclosed(file.filename, file.content_type, store.drafts.read(draft.id, file.number)) for file in draft.files
    ]


def new_message_id(address: str) -> str:
    """A Message-ID that nobody has used."""
    return compose.new_message_id(address, secrets.token_bytes(ID_OCTETS))


def _with_message_id(store: Store, draft: Draft, at: int) -> Draft:
    """The Message-ID is kept with the draft before it is built: who posts it again says the same one."""
    if draft.message_id:
        return draft
    return store.drafts.save(replace(draft, message_id=new_message_id(draft.from_)), at=at)


def _new_id(store: Store, outbox_id: OutboxId) -> str:
    item = store.outbox.get(outbox_id)
    return new_message_id(item.sender if item is not None else "")
