"""What the composer asks for: the words between its screen and what is done beside the loop.

What lives here: the protocol, and small values. What must not: Textual, and how anything
is done (`ui.beside.draft_desk`). Every method of a desk blocks, so it is called in a thread.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from tuimail.model import AccountName, Draft, DraftFile, DraftId, EnvelopeId, OutboxId, OutboxItem, Section


class How(enum.StrEnum):
    """What is written about a message that is here."""

    REPLY = "reply"
    REPLY_ALL = "reply_all"
    REPLY_LIST = "reply_list"
    FORWARD = "forward"
    FORWARD_ATTACHED = "forward_attached"
    AS_NEW = "as_new"
    DRAFT = "draft"
    """Go on with a draft that lies in a Drafts mailbox."""

    @property
    def needs_all(self) -> bool:
        """Whether the whole message must be here, and not only its text."""
        return self in (How.FORWARD, How.FORWARD_ATTACHED, How.AS_NEW, How.DRAFT)


class Suggestion(NamedTuple):
    """A recipient that is proposed."""

    value: str
    """What goes into the field: `Ada Byron <ada@example.org>`."""
    note: str
    """Why, in two or three words: `wrote to 12 times`, `address book`."""


class Sender(NamedTuple):
    """One of a person's own identities."""

    account: AccountName
    header: str
    """`Ada Byron <ada@example.org>`."""


class Worry(NamedTuple):
    """Something to think about before sending."""

    sentence: str
    serious: bool
    """Surely a mistake."""
    forbids: bool = False
    """It cannot be sent so."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What came of attaching."""

    files: tuple[DraftFile, ...]
    sentence: str = ""
    """What was left out, and why."""


class Desk(Protocol):
    """Everything the composer does with the store."""

    def compose(self, account: AccountName | None, mailto: str = "") -> DraftId:
        """A new message from this account, or from the first that can send."""

    def answer(self, envelope_id: EnvelopeId, how: How, quoted: str | None, kind: Section) -> DraftId:
        """A message about one that is here. `quoted`: of its text only this; `kind`: which form of it was shown.

        Raises NotDownloaded.
        """

    def bounce(self, envelope_id: EnvelopeId, to: str, delay_s: float) -> OutboxId:
        """Pass a message on as it is (RFC 5322 3.6.6). Raises NotDownloaded, UsageError."""

    def senders(self) -> list[Sender]:
        """Whom a person can write as; the accounts' own identities first."""

    def signed_as(self, draft: Draft, sender: Sender) -> Draft:
        """The draft written as somebody else: another account, another signature."""

    def complete(self, typed: str) -> list[Suggestion]:
        """People for what was typed, the likeliest first."""

    def drafts(self) -> list[Draft]:
        """All drafts, the one changed last first."""

    def load(self, draft_id: DraftId) -> Draft | None:
        """One draft."""

    def save(self, draft: Draft) -> None:
        """Durable when this returns."""

    def left(self, draft: Draft) -> None:
        """The person went on to something else: time for the copy on the server."""

    def attach(self, draft_id: DraftId, file: Path, progress: Callable[[int], None]) -> DraftFile:
        """Copy a file into the draft. `progress` hears octets."""

    def attach_message_files(self, draft_id: DraftId, envelope_id: EnvelopeId) -> Attached:
        """Copy the attachments of a message into the draft."""

    def detach(self, draft_id: DraftId, number: int) -> None:
        """Take a file out."""

    def discard(self, draft_id: DraftId) -> None:
        """Throw it away; `restore` brings it back for a while."""

    def restore(self, draft_id: DraftId) -> None:
        """Have a discarded one back."""

    def preview(self, draft: Draft) -> str:
        """What the recipients read, as lines of text."""

    def check(self, draft: Draft) -> list[Worry]:
        """What to think about before it is sent."""

    def post(self, draft_id: DraftId, delay_s: float) -> OutboxId:
        """Into the outbox, to leave after so long."""

    def take_back(self, outbox_id: OutboxId) -> DraftId:
        """Undo sending. Raises UsageError when it has left."""


class Outgoing(Protocol):
    """Everything the outbox screen does."""

    def all(self) -> list[OutboxItem]:
        """Messages on their way, oldest first, with those that were done lately."""

    def send_now(self, item: OutboxItem) -> bool:
        """Try at once."""

    def cancel(self, item: OutboxItem) -> bool:
        """Do not send it."""

    def edit(self, item: OutboxItem) -> DraftId:
        """Take it back into a draft. Raises UsageError when it is too late."""

    def resolve(self, item: OutboxItem, *, sent: bool) -> bool:
        """A person says whether it was sent."""
