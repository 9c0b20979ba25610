"""Beginning to write: a new message, an answer, something passed on, a draft opened again.

Each makes one draft in the store and says its id; nothing is sent from here. What a
message is made of is decided in `mime.writing.answers`; what of it is here, in `sources`. All
raise `sources.Wanted`, which names what to fetch, where octets are missing; with
`make_do` an answer is begun with what is here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from tuimail.config import AccountConfig, Config
from tuimail.errors import Unchangeable, UsageError, Vanished
from tuimail.mime.clean import clean_line, clean_text, safe_filename
from tuimail.mime.decoding.charset import decode_charset
from tuimail.mime.decoding.headers import header_values, summarize
from tuimail.mime.decoding.words import decode_address_header
from tuimail.mime.parts.choice import attachments, text_parts
from tuimail.mime.parts.parse import ParsedMessage, header_block, leaves, parse_message
from tuimail.mime.reading.readable import readable_of
from tuimail.mime.writing.answers import (
    How,
    Identity,
    Original,
    attribution,
    forward_subject,
    forwarded,
    quoted,
    references,
    reply_subject,
    reply_to,
    text_of,
)
from tuimail.mime.writing.compose import new_message_id
from tuimail.mime.writing.enclosing import resent
from tuimail.mime.writing.flowing import unflow
from tuimail.mime.writing.mailto import Mailto, parse_mailto
from tuimail.mime.writing.typed import MAX_TYPED_CHARACTERS, entries, faults, folded, one_line
from tuimail.mime.writing.wording import id_atoms
from tuimail.model import (
    AccountName,
    DraftFile,
    DraftId,
    Envelope,
    EnvelopeId,
    OutboxId,
    OutState,
    Section,
    TextLine,
)
from tuimail.store import Store
from tuimail.wishes.identities import account_of, everyone_of_mine, mine_of, signature, with_signature
from tuimail.wishes.sending import sending_account
from tuimail.wishes.sources import (
    TEXT,
    envelope_of,
    files_of,
    reading_of,
    whole_of,
)
from tuimail.wishes.submitting import written_to

ANSWERED = "\\Answered"
PASSED_ON = "$Forwarded"
MAX_BODY_CHARACTERS = 1_000_000
_SEALED: Final = frozenset(["multipart/signed", "multipart/encrypted", "application/pkcs7-mime"])


@dataclass(frozen=True, slots=True)
class BounceDraft:
    """A message that will be passed on as it is; only whom to is missing."""

    envelope_id: EnvelopeId
    account: AccountName
    from_: str
    """Who passes it on, as a header value."""
    subject: str
    raw: bytes
    """The whole message as it came."""


def new_draft(
    store: Store, config: Config, account: AccountName | None = None, mailto: str | Mailto = "", *, at: int
) -> DraftId:
    """A new message, begun by a `mailto:` link where there is one. Raises UsageError for a link that is none."""
    told = account_of(config, account)
    link = mailto if isinstance(mailto, Mailto) else parse_mailto(mailto) if mailto else Mailto()
    identity = mine_of(told).identities[0]
    body = with_signature(f"{link.body}\n" if link.body else "", signature(config, told.name, identity.shown))
    return _begin(
        store, config, told, identity, at=at, to=link.to, cc=link.cc, bcc=link.bcc, subject=link.subject, body=body
    )


def reply(
    store: Store, config: Config, envelope_id: EnvelopeId, how: str = How.REPLY, quoted_text: str | None = None, *,
    at: int, kind: Section = TEXT, make_do: bool = False,
) -> DraftId:
    """An answer to the sender (`reply`), to `all`, or to the `list`.

    `quoted_text`: only this is quoted, else what the reader shows (`kind`: text, plain or html).
    Raises Wanted, Vanished, UsageError where there is no list.
    """
    envelope = envelope_of(store, envelope_id)
    original, readable = reading_of(store, envelope, kind, make_do=make_do)
    told, identity = _writer(config, envelope.account, original)
    whom = reply_to(original, How(how), everyone_of_mine(config))
    in_reply_to, thread = references(original)
    quote = quoted(readable, quoted_text)
    body = f"{attribution(original, _moment(envelope))}\n{quote}" if quote else ""
    return _begin(
        store, config, told, identity, at=at, to=whom.to, cc=whom.cc, subject=reply_subject(original.subject),
        body=with_signature(body, signature(config, told.name, identity.shown)),
        in_reply_to=in_reply_to, references=thread, answers=envelope_id, answer_flag=ANSWERED,
    )  # fmt: skip


def forward(
    store: Store, config: Config, envelope_id: EnvelopeId, how: str = "inline", quoted_text: str | None = None, *,
    at: int, kind: Section = TEXT, make_do: bool = False,
) -> DraftId:
    """A message passed on: its text and attachments (`inline`), or whole, as a file (`attached`).

    `quoted_text`: of the text only this, else what the reader shows (`kind`: text, plain or html).
    Raises Wanted, Vanished; QuarantineRefused where something in it is held.
    """
    if how not in ("inline", "attached"):
        raise UsageError("A message is forwarded inline or attached.", "Choose one of both.")
    envelope = envelope_of(store, envelope_id)
    if how == "attached":
        return _attached(store, config, envelope, at=at)
    original, readable = reading_of(store, envelope, kind, make_do=make_do)
    if quoted_text is not None and quoted_text.strip():
        readable = replace(readable, lines=tuple(map(TextLine, quoted_text.strip("\n").split("\n"))), links=())
    files, refused = files_of(store, config, envelope, make_do=make_do)
    told, identity = _writer(config, envelope.account, original)
    names = [file.filename or file.content_type for file in files]
    text = forwarded(original, readable, _moment(envelope), names)
    left_out = "".join(f"[{clean_line(each)}]\n" for each in refused)
    # The signature ends the text: what stands below its mark, readers leave out of replies.
    body = with_signature(f"\n\n{left_out}{text}", signature(config, told.name, identity.shown))
    with store.transaction(durable=True):
        draft_id = _begin(
            store, config, told, identity, at=at, subject=forward_subject(original.subject), body=body,
            answers=envelope_id, answer_flag=PASSED_ON,
        )  # fmt: skip
        _attach(store, draft_id, [(file.filename, file.content_type, file.data) for file in files], at=at)
    return draft_id


def _attached(store: Store, config: Config, envelope: Envelope, *, at: int) -> DraftId:
    raw = whole_of(store, config, envelope)
    original, _ = reading_of(store, envelope, make_do=True)
    told, identity = _writer(config, envelope.account, original)
    name = safe_filename(clean_line(envelope.subject, 80) or "message", "message")
    with store.transaction(durable=True):
        draft_id = _begin(
            store, config, told, identity, at=at, subject=forward_subject(envelope.subject),
            body=with_signature("", signature(config, told.name, identity.shown)),
            answers=envelope.id, answer_flag=PASSED_ON,
        )  # fmt: skip
        _attach(store, draft_id, [(f"{name}.eml", "message/rfc822", raw)], at=at)
    return draft_id


def bounce(store: Store, config: Config, envelope_id: EnvelopeId) -> BounceDraft:
    """A message to be passed on as it is (RFC 5322 3.6.6).

    Raises Wanted, Vanished, QuarantineRefused, UsageError when no account can send.
    """
    envelope = envelope_of(store, envelope_id)
    raw = whole_of(store, config, envelope)
    original, _ = reading_of(store, envelope, make_do=True)
    told, identity = _writer(config, envelope.account, original)
    sending_account(config, told.name)
    return BounceDraft(envelope_id, told.name, identity.shown, envelope.subject, raw)


def send_bounce(store: Store, bounced: BounceDraft, to: str, *, at: int, delay_s: float = 0) -> OutboxId:
    """Put a message that is passed on into the outbox; `to` as typed. Raises UsageError for what is no address."""
    if wrong := faults(to):
        raise UsageError(wrong[0], "Correct it; nothing was sent.")
    people = entries(to)
    if not people:
        raise UsageError("There is nobody to pass it on to.", "Name at least one address.")
    sender = entries(bounced.from_)
    message_id = new_message_id(bounced.from_, os.urandom(16))
    raw = resent(bounced.raw, from_=sender, to=people, message_id=message_id, now=_local(at))
    recipients = tuple(dict.fromkeys(person.address for person in people))
    return store.outbox.add(
        None, bounced.account, sender[0].address, recipients, raw, message_id, at=at,
        not_before=at + int(delay_s), to=to, subject=bounced.subject, answers=bounced.envelope_id,
        answer_flag=PASSED_ON,
    )  # fmt: skip


def edit_as_new(store: Store, config: Config, envelope_id: EnvelopeId, *, at: int) -> DraftId:
    """A new message that begins as a copy of this one, its attachments too; nothing ties it to the old one.

    Raises Wanted, Vanished, QuarantineRefused.
    """
    envelope = envelope_of(store, envelope_id)
    raw = whole_of(store, config, envelope)
    letter = _letter(config, envelope.account, raw)
    head = letter.head._replace(reply_to="", in_reply_to="", references="", message_id="")
    return _again(store, config, letter._replace(head=head), at=at)


def open_draft(store: Store, config: Config, envelope_id: EnvelopeId, *, at: int) -> DraftId:
    """A message of a Drafts mailbox as the draft that it is; the one that is here already, where there is one.

    It takes that message's place from then on. Raises Wanted, Vanished, QuarantineRefused.
    """
    envelope = envelope_of(store, envelope_id)
    for draft in store.drafts.all():
        copy, _ = store.drafts.server_copy(draft.id)
        if copy == envelope_id or (envelope.message_id and draft.message_id == envelope.message_id):
            return draft.id
    raw = whole_of(store, config, envelope)
    with store.transaction(durable=True):
        draft_id = _again(store, config, _letter(config, envelope.account, raw), at=at)
        store.drafts.set_server_copy(draft_id, envelope_id, at)
    return draft_id


def edit(store: Store, config: Config, outbox_id: OutboxId, *, at: int) -> DraftId:
    """Take a message out of the outbox to write on: the draft that it was made of, else one made of its octets.

    Who stands in no header becomes a Bcc. Raises UsageError when it is being sent, or was;
    Unchangeable when it goes out as it is, or not at all; Vanished.
    """
    item = store.outbox.get(outbox_id)
    if item is None:
        raise Vanished("This message is not in the outbox any longer.", "Look for it in Sent.")
    new_id = new_message_id(item.sender, os.urandom(16))
    draft_id = store.outbox.edit(outbox_id, message_id=new_id, at=at)
    if draft_id is not None:
        return draft_id
    raw = store.outbox.raw(outbox_id)
    _refuse_unchangeable(raw)
    letter = _letter(config, item.account, raw)
    head = _addressed(config, letter.head, raw, item.recipients)
    if len(letter.body) >= MAX_BODY_CHARACTERS:
        raise Unchangeable("The text of this message is too long to be edited here.", "Cancel it, or let it go.")
    with store.transaction(durable=True):
        now = store.outbox.get(outbox_id)
        if now is not None and now.state is OutState.UNKNOWN:
            head = head._replace(message_id=new_id)  # somebody may have seen the old one
        draft_id = _again(store, config, letter._replace(head=head), at=at)
        if not store.outbox.cancel(outbox_id):
            raise UsageError("This message cannot be taken back.", "It is being sent, or was; write another one.")
    return draft_id


def _refuse_unchangeable(raw: bytes) -> None:
    if header_values(header_block(raw), lambda name: name.startswith("resent-")):
        raise Unchangeable("A bounced message is sent unchanged.", "Cancel it, or let it go.")
    if parse_message(raw).root.content_type in _SEALED:
        raise Unchangeable("A signed or encrypted message is sent unchanged.", "Cancel it, or let it go.")


def _addressed(config: Config, head: _Head, raw: bytes, recipients: Sequence[str]) -> _Head:
    """The head with all of its people: its author, a long list whole, and as Bcc whoever no header names."""
    author = next(iter(entries(summarize(header_block(raw)).from_)), None)
    if author is not None and author.address and author.address not in everyone_of_mine(config):
        head = head._replace(from_=Identity(author.address, author.name))
    to, cc, bcc = written_to(raw)
    named = {folded(entry.address) for each in (to, cc, bcc) for entry in entries(_line(each))}
    secret = [address for address in recipients if folded(address) not in named]
    return head._replace(to=to, cc=cc, bcc=", ".join(filter(None, [bcc, *secret])))


class _Head(NamedTuple):
    """What the header of a message says to whoever writes it again."""

    from_: Identity
    to: str
    cc: str
    bcc: str
    reply_to: str
    subject: str
    in_reply_to: str
    references: str
    message_id: str


class _Letter(NamedTuple):
    """A whole message taken apart, to be written again."""

    account: AccountConfig
    head: _Head
    body: str
    files: list[tuple[str, str, bytes]]
    """Name, type and decoded octets of everything that is attached."""


def _letter(config: Config, account: AccountName, raw: bytes) -> _Letter:
    told = account_of(config, account)
    message = parse_message(raw)
    more = header_values(header_block(raw), frozenset(["bcc", "reply-to"]).__contains__)
    summary = message.summary
    author = next((each.address for each in entries(summary.from_)), "")
    head = _Head(
        from_=everyone_of_mine(config).which(author) or mine_of(told).identities[0],
        to=summary.to, cc=summary.cc, bcc=decode_address_header(more.get("bcc", "")),
        reply_to=decode_address_header(more.get("reply-to", "")), subject=summary.subject,
        in_reply_to=summary.in_reply_to, references=summary.references,
        message_id="".join(id_atoms(summary.message_id)[:1]),
    )  # fmt: skip
    return _Letter(told, head, _body(raw, message), list(_files(raw, message)))


def _again(store: Store, config: Config, letter: _Letter, *, at: int) -> DraftId:
    head = letter.head
    with store.transaction(durable=True):
        draft_id = _begin(
            store, config, letter.account, head.from_, at=at, to=head.to, cc=head.cc, bcc=head.bcc,
            subject=head.subject, body=letter.body, reply_to=head.reply_to, in_reply_to=head.in_reply_to,
            references=head.references, message_id=head.message_id,
        )  # fmt: skip
        _attach(store, draft_id, letter.files, at=at)
    return draft_id


def _files(raw: bytes, message: ParsedMessage) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and decoded octets of everything that is attached."""
    here = {part.section: octets for part, octets in leaves(raw, message)}
    for part in attachments(message.root):
        start, end = message.spans[part.section]
        yield part.filename, part.content_type, here.get(part.section, raw[start:end])


def _body(raw: bytes, message: ParsedMessage) -> str:
    """The text of a message to be written on."""
    here = {part.section: octets for part, octets in leaves(raw, message)}
    choice = text_parts(message.root)
    told: list[str] = []
    for part in choice.plain:
        if part.content_type != "text/html" and part.section in here:
            text = decode_charset(here[part.section], part.charset).replace("\r\n", "\n")
            told.append(clean_text(unflow(text, del_sp=part.del_sp) if part.format_flowed else text))
    if told or not choice.html:
        return "".join(text if text.endswith("\n") else f"{text}\n" for text in told)[:MAX_BODY_CHARACTERS]
    parts = [(part, here[part.section]) for part in choice.html if part.section in here]
    readable = readable_of(parts, "html", root=message.root)
    return "".join(f"{'> ' * line.quote_depth}{text_of(line)}\n" for line in readable.lines)[:MAX_BODY_CHARACTERS]


def attach_files_of(
    store: Store, config: Config, draft_id: DraftId, envelope_id: EnvelopeId, *, at: int, make_do: bool = False
) -> tuple[list[DraftFile], list[str]]:
    """Attach what another message holds; what was left out, in sentences. Raises Wanted, Vanished."""
    files, refused = files_of(store, config, envelope_of(store, envelope_id), make_do=make_do)
    with store.transaction(durable=True):
        attached = _attach(store, draft_id, [(each.filename, each.content_type, each.data) for each in files], at=at)
    return attached, refused


def _attach(
    store: Store, draft_id: DraftId, files: Iterable[tuple[str, str, bytes]], *, at: int
) -> list[DraftFile]:
    return [
        store.drafts.attach(draft_id, safe_filename(name, f"attachment-{number}"), kind, [octets], at=at)
        for number, (name, kind, octets) in enumerate(files, 1)
    ]


def _begin(
    store: Store, config: Config, account: AccountConfig, identity: Identity, *, at: int, to: str = "", cc: str = "",
    bcc: str = "", subject: str = "", body: str = "", reply_to: str = "", in_reply_to: str = "", references: str = "",
    message_id: str = "", answers: EnvelopeId | None = None, answer_flag: str = "",
) -> DraftId:
    draft = store.drafts.begin(
        account.name, at=at, message_id=message_id or new_message_id(identity.shown, os.urandom(16)),
        from_=identity.shown, to=_line(to), cc=_line(cc), bcc=_line(bcc),
        subject=clean_line(one_line(subject), 1_000), body=body, markdown=config.compose.markdown,
        in_reply_to=in_reply_to, references=references, reply_to=_line(reply_to),
        answers=answers, answer_flag=answer_flag,
    )  # fmt: skip
    return draft.id


def _line(typed: str) -> str:
    """Addresses that somebody else chose, fit to be shown in a field."""
    return clean_line(typed, MAX_TYPED_CHARACTERS)


def _writer(config: Config, name: AccountName, original: Original) -> tuple[AccountConfig, Identity]:
    """Who answers: whoever it was written to, of the account that it came to if that can send, else of another."""
    own = config.accounts.get(name)
    others = [each for each in config.accounts.values() if each.send is not None and each is not own]
    able = [own, *others] if own is not None and own.send is not None else others
    for account in able:
        if found := mine_of(account).addressed(original):
            return account, found
    account = able[0] if able else account_of(config, name)
    return account, mine_of(account).identities[0]


def _moment(envelope: Envelope) -> datetime:
    return _local(envelope.sent_at if envelope.sent_at is not None else envelope.sort_at)


def _local(at: int) -> datetime:
    """A time in the zone of whoever sits here; far-off years, which a sender can write, are bent to 1970."""
    try:
        return datetime.fromtimestamp(at).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0).astimezone()
