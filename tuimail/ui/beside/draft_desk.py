"""Drafts and mail on its way out, in the store, for the composer and the outbox screen.

What lives here: the desks of `ui.beside.composing` over `wishes`. Every method opens a store
of its own and blocks, so it is called in a thread. What must not: Textual, and how a
message is made (`wishes`, `mime.writing.compose`).
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tuimail.config import ComposeConfig, Config
from tuimail.engine.protocol import Request, Wake
from tuimail.mime.clean import safe_filename
from tuimail.mime.parts.choice import text_parts
from tuimail.mime.parts.parse import leaves, parse_message
from tuimail.mime.reading.readable import readable_of
from tuimail.mime.writing import answers, compose
from tuimail.mime.writing.answers import text_of
from tuimail.model import AccountName, Draft, DraftFile, DraftId, EnvelopeId, OutboxId, OutboxItem, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.writing.drafts import pieces_of
from tuimail.ui.beside.composing import Attached, How, Sender, Suggestion, Worry
from tuimail.wishes import address_book, identities, sending, writing
from tuimail.wishes.address_book import Book

MOST_PEOPLE = 20


class AddressBook:
    """The vCard files, read once, when the first recipient is typed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._book: Book | None = None

    def people(self, compose: ComposeConfig) -> Book:
        """Blocks while they are read."""
        with self._lock:
            if self._book is None:
                self._book = address_book.read_book(compose)
            return self._book


@dataclass(frozen=True, slots=True)
class DraftDesk:
    """`composing.Desk` over the store."""

    paths: Paths
    config: Config
    send: Callable[[Request], None]
    """To the engine; does not block."""
    clock: Callable[[], float]
    book: AddressBook

    def compose(self, account: AccountName | None, mailto: str = "") -> DraftId:
        """A new message from this account, or from the first that can send."""
        told = self.config.accounts.get(account) if account is not None else None
        with Store.open(self.paths) as store:
            return writing.new_draft(
                store, self.config, account if told is not None and told.send else None, mailto, at=self._now()
            )

    def answer(self, envelope_id: EnvelopeId, how: How, quoted: str | None, kind: Section) -> DraftId:
        """A message about one that is here. `kind`: which form of its text was shown. Raises NotDownloaded."""
        at, config = self._now(), self.config
        with Store.open(self.paths) as store:
            match how:
                case How.FORWARD:
                    return writing.forward(store, config, envelope_id, "inline", quoted, at=at, kind=kind)
                case How.FORWARD_ATTACHED:
                    return writing.forward(store, config, envelope_id, "attached", at=at)
                case How.AS_NEW:
                    return writing.edit_as_new(store, config, envelope_id, at=at)
                case How.DRAFT:
                    return writing.open_draft(store, config, envelope_id, at=at)
                case _:
                    return writing.reply(store, config, envelope_id, _REPLIES[how], quoted, at=at, kind=kind)

    def bounce(self, envelope_id: EnvelopeId, to: str, delay_s: float) -> OutboxId:
        """Pass a message on as it is. Raises NotDownloaded, UsageError."""
        with Store.open(self.paths) as store:
            bounced = writing.bounce(store, self.config, envelope_id)
            outbox_id = writing.send_bounce(store, bounced, to, at=self._now(), delay_s=delay_s)
        self.send(Wake(bounced.account))
        return outbox_id

    # --- who ---------------------------------------------------------------------

    def senders(self) -> list[Sender]:
        """Whom a person can write as."""
        return [Sender(each.account, each.header) for each in identities.identities(self.config)]

    def signed_as(self, draft: Draft, sender: Sender) -> Draft:
        """The draft written as somebody else, with the other signature below it."""
        old = identities.signature(self.config, draft.account, draft.from_)
        new = identities.signature(self.config, sender.account, sender.header)
        body = identities.sign(draft.body, old, new)
        return replace(draft, account=sender.account, from_=sender.header, body=body)

    def complete(self, typed: str) -> list[Suggestion]:
        """People for what was typed; an address book that answers slowly holds up nobody but this."""
        compose = self.config.compose
        asked = address_book.ask(compose.address_book_command, typed) if compose.address_book_command else ()
        with Store.open(self.paths, write=False) as store:
            found = address_book.complete(
                store, typed, MOST_PEOPLE, book=self.book.people(compose), asked=asked, now=self._now()
            )
        return [Suggestion(each.value, each.why) for each in found]

    # --- drafts --------------------------------------------------------------------

    def drafts(self) -> list[Draft]:
        """All drafts, the one changed last first."""
        with Store.open(self.paths, write=False) as store:
            return store.drafts.all()

    def shown_as(self, ids: Sequence[EnvelopeId]) -> dict[EnvelopeId, DraftId]:
        """Which of these messages are copies of drafts that can be written on here."""
        wanted = set(ids)
        with Store.open(self.paths, write=False) as store:
            copies = [(store.drafts.server_copy(draft.id)[0], draft.id) for draft in store.drafts.all()]
        return {copy: draft_id for copy, draft_id in copies if copy in wanted and copy is not None}

    def load(self, draft_id: DraftId) -> Draft | None:
        """One draft."""
        with Store.open(self.paths, write=False) as store:
            return store.drafts.get(draft_id)

    def save(self, draft: Draft) -> None:
        """Durable when this returns."""
        with Store.open(self.paths) as store:
            store.drafts.save(draft, at=self._now())

    def left(self, draft: Draft) -> None:
        """The person went on to something else: time for the copy on the server."""
        self.send(Wake(draft.account))

    def attach(self, draft_id: DraftId, file: Path, progress: Callable[[int], None]) -> DraftFile:
        """Copy a file into the draft."""
        name = safe_filename(file.name)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        with Store.open(self.paths) as store:
            return store.drafts.attach(draft_id, name, kind, _counted(pieces_of(file), progress), at=self._now())

    def attach_message_files(self, draft_id: DraftId, envelope_id: EnvelopeId) -> Attached:
        """Copy the attachments of a message into the draft. Raises NotDownloaded."""
        with Store.open(self.paths) as store:
            files, refused = writing.attach_files_of(store, self.config, draft_id, envelope_id, at=self._now())
        if not files and not refused:
            return Attached((), "That message has no attachments.")
        return Attached(tuple(files), " ".join(refused))

    def detach(self, draft_id: DraftId, number: int) -> None:
        """Take a file out."""
        with Store.open(self.paths) as store:
            store.drafts.detach(draft_id, number, at=self._now())

    def discard(self, draft_id: DraftId) -> None:
        """Throw it away, for a while not for good."""
        with Store.open(self.paths) as store:
            store.drafts.discard(draft_id, at=self._now())
        self.send(Wake())

    def restore(self, draft_id: DraftId) -> None:
        """Have a discarded one back."""
        with Store.open(self.paths) as store:
            store.drafts.restore(draft_id)

    # --- sending -------------------------------------------------------------------

    def preview(self, draft: Draft) -> str:
        """What the recipients read: what is sent, read as any other mail."""
        now = datetime.fromtimestamp(self._now()).astimezone()
        if not (draft.to or draft.cc or draft.bcc):
            draft = replace(draft, to=draft.from_)  # it can be looked at before it is known who gets it
        raw = compose.build(sending.outgoing_of(self.config, draft), now=now)
        message = parse_message(raw)
        here = {part.section: octets for part, octets in leaves(raw, message)}
        choice = text_parts(message.root)
        chosen = choice.html if draft.markdown and choice.html else choice.plain
        parts = [(part, here[part.section]) for part in chosen if part.section in here]
        readable = readable_of(parts, "html" if chosen is choice.html else "plain", root=message.root)
        return "\n".join(f"{'> ' * line.quote_depth}{text_of(line)}" for line in readable.lines)

    def check(self, draft: Draft) -> list[Worry]:
        """What to think about before it is sent."""
        with Store.open(self.paths, write=False) as store:
            found = sending.check(store, self.config, draft)
        refusals = compose.refusals(sending.outgoing_of(self.config, draft))
        return [Worry(each.sentence, each.serious, each.sentence in refusals) for each in found]

    def post(self, draft_id: DraftId, delay_s: float) -> OutboxId:
        """Into the outbox, to leave after so long."""
        with Store.open(self.paths) as store:
            draft = store.drafts.get(draft_id)
            outbox_id = sending.post(store, self.config, draft_id, at=self._now(), delay_s=round(delay_s))
        self.send(Wake(draft.account if draft is not None else ""))
        return outbox_id

    def take_back(self, outbox_id: OutboxId) -> DraftId:
        """Undo sending. Raises UsageError when it has left."""
        with Store.open(self.paths) as store:
            return sending.undo_send(store, outbox_id, at=self._now())

    def _now(self) -> int:
        return int(self.clock())


@dataclass(frozen=True, slots=True)
class OutboxDesk:
    """`composing.Outgoing` over the store."""

    paths: Paths
    config: Config
    send: Callable[[Request], None]
    clock: Callable[[], float]

    def all(self) -> list[OutboxItem]:
        """Messages on their way, and those that were done lately."""
        with Store.open(self.paths, write=False) as store:
            return store.outbox.all(done=True)

    def send_now(self, item: OutboxItem) -> bool:
        """Try at once; False when it is beyond that."""
        return self._change(item, lambda store: store.outbox.send_now(item.id, at=int(self.clock())))

    def cancel(self, item: OutboxItem) -> bool:
        """Do not send it; False when it is too late."""
        return self._change(item, lambda store: store.outbox.cancel(item.id))

    def edit(self, item: OutboxItem) -> DraftId:
        """Take it back into a draft. Raises UsageError when it is too late, Unchangeable when it can be none."""
        with Store.open(self.paths) as store:
            draft_id = writing.edit(store, self.config, item.id, at=int(self.clock()))
        self.send(Wake(item.account))
        return draft_id

    def resolve(self, item: OutboxItem, *, sent: bool) -> bool:
        """A person says whether it was sent; False when that is settled already."""
        return self._change(item, lambda store: store.outbox.resolve(item.id, sent=sent, at=int(self.clock())))

    def _change(self, item: OutboxItem, change: Callable[[Store], bool]) -> bool:
        with Store.open(self.paths) as store:
            changed = change(store)
        self.send(Wake(item.account))
        return changed


_REPLIES = {How.REPLY: answers.How.REPLY, How.REPLY_ALL: answers.How.ALL, How.REPLY_LIST: answers.How.LIST}


def _counted(pieces: Iterator[bytes], progress: Callable[[int], None]) -> Iterator[bytes]:
    """The pieces, told of as they go by."""
    octets = 0
    for piece in pieces:
        octets += len(piece)
        progress(octets)
        yield piece
