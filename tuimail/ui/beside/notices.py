"""News from the engine on its way to the screen.

Notices come in another thread and in floods; here they fold into what is dirty. The
loop is told by one message that replaces its like, and takes everything at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from textual.message import Message

from tuimail.engine import protocol
from tuimail.engine.protocol import Notice
from tuimail.model import EnvelopeId, MailboxId, Section

PartKey = tuple[EnvelopeId, Section]


@dataclass(slots=True)
class News:
    """What happened since the last look."""

    mailboxes: set[MailboxId] = field(default_factory=set)
    tree: bool = False
    status: bool = False
    headers: dict[MailboxId, tuple[int, int]] = field(default_factory=dict)
    """Progress of a first sync: done and total."""
    part_progress: dict[PartKey, tuple[int, int]] = field(default_factory=dict)
    arrived: set[PartKey] = field(default_factory=set)
    failed: dict[PartKey, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    """Account to the sentence that says why its password is wanted."""
    send_passwords: dict[str, str] = field(default_factory=dict)
    """The same for sending."""
    new_mail: dict[MailboxId, int] = field(default_factory=dict)
    downloads: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Account to `messages` and `octets` of its download, each done and total."""
    ended: set[str] = field(default_factory=set)
    """Accounts whose sync ended: whatever they downloaded is done."""
    outbox: bool = False
    """A message on its way out came, went, or changed its state."""
    drafts: bool = False
    """Drafts came, went, or are on the server now."""
    searched: list[protocol.SearchEnded] = field(default_factory=list)
    """What servers found."""
    index: protocol.IndexChanged | None = None
    """How far the index of words has come."""
    engine: tuple[bool, str] | None = None
    """Whether the engine lives, and a sentence."""

    def add(self, notice: Notice) -> None:
        """Fold one notice in."""
        match notice:
            case protocol.MailboxChanged(mailbox_id):
                self.mailboxes.add(mailbox_id)
            case protocol.TreeChanged():
                self.tree = True
            case protocol.StatusChanged():
                self.status = True
            case protocol.Progress(mailbox_id=mailbox_id, job="headers", done=done, total=total):
                self.headers[mailbox_id] = (done, total)
            case protocol.Progress(account=account, job="messages" | "octets" as job, done=done, total=total):
                self.downloads.setdefault(account, {})[job] = (done, total)
                self.ended.discard(account)
            case protocol.NewMail(mailbox_id=mailbox_id, count=count):
                self.new_mail[mailbox_id] = self.new_mail.get(mailbox_id, 0) + count
            case protocol.PartProgress(envelope_id, section, done, total):
                self.part_progress[envelope_id, section] = (done, total)
            case protocol.PartArrived(envelope_id, section):
                self.arrived.add((envelope_id, section))
                self.failed.pop((envelope_id, section), None)
            case protocol.PartFailed(envelope_id, section, sentence):
                self.failed[envelope_id, section] = sentence
                self.arrived.discard((envelope_id, section))
            case protocol.ActionRefused(mailbox_id=mailbox_id, sentence=sentence):
                self.refused.append(sentence)
                self.mailboxes.add(mailbox_id)
            case protocol.PasswordWanted(account, sentence, part="send"):
                self.send_passwords[account] = sentence
            case protocol.PasswordWanted(account, sentence):
                self.passwords[account] = sentence
            case protocol.SyncEnded(account, sentence, ticket):
                if sentence and not ticket and sentence not in self.refused:
                    self.refused.append(sentence)  # nobody waits for it with a ticket: it is for the person
                self.status = self.tree = True
                self.ended.add(account)
                self.downloads.pop(account, None)
            case protocol.OutboxChanged() | protocol.PendingChanged():  # a copy for Sent waits among the actions
                self.outbox = self.status = True
            case protocol.SearchEnded():
                self.searched.append(notice)
            case protocol.IndexChanged():
                self.index = notice
            case protocol.DraftsChanged():
                self.drafts = True
            case protocol.EngineChanged(alive, sentence):
                self.engine = (alive, sentence)
            case _:
                pass


@runtime_checkable
class HearsNews(Protocol):
    """A screen that is told what came, while it lies over the main screen."""

    def take_news(self, news: News) -> None:
        """On the loop."""


class NoticesArrived(Message):
    """There is news to take."""

    def can_replace(self, message: Message) -> bool:
        """One in the queue is enough."""
        return isinstance(message, NoticesArrived)


class Inbox:
    """Where other threads leave notices until the loop takes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news = News()

    def add(self, notice: Notice) -> None:
        """Called in any thread."""
        with self._lock:
            self._news.add(notice)

    @property
    def is_for_a_person(self) -> bool:
        """Whether something must be asked now: a password."""
        with self._lock:
            return bool(self._news.passwords)

    def take(self) -> News:
        """Everything since the last call."""
        with self._lock:
            news, self._news = self._news, News()
        return news
