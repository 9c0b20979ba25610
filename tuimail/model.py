"""The nouns of mail, as plain values.

What lives here: identifiers, flags, roles, envelopes, mailboxes, the parts of a
message, the readable text of one. What must not: behaviour that reads a clock, a
file, a socket or a database. Standard library only, because the first frame is
painted with little more than this module imported.

Texts in these values are decoded but not cleaned: they can hold any character a
sender or a server chose. `tuimail.mime.clean` is the boundary, on the way out.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple, NewType

AccountName = NewType("AccountName", str)
"""The key of an account in the configuration, for example `work`."""

AccountId = NewType("AccountId", int)
"""The local row of an account."""

MailboxId = NewType("MailboxId", int)
"""The local row of a mailbox."""

EnvelopeId = NewType("EnvelopeId", int)
"""The local row of a message. Never the Message-ID header."""

PendingId = NewType("PendingId", int)
"""The local row of an action that a server has not confirmed."""

RawId = NewType("RawId", int)
"""Octets of a whole message that are kept until nobody needs them."""

DeedId = NewType("DeedId", int)
"""Something a person did in one go, that can be undone in one go."""

OutboxId = NewType("OutboxId", int)
"""A message on its way out."""

DraftId = NewType("DraftId", int)
"""A message that is being written."""

Uid = NewType("Uid", int)
"""An IMAP unique identifier, 1 to 2**32-1 (RFC 9051 2.3.1.1)."""

UidValidity = NewType("UidValidity", int)
"""1 to 2**32-1; together with a uid it names a message for ever."""

Section = NewType("Section", str)
"""An IMAP section number, `1.2`; the empty string is the whole message."""


class Flag(enum.IntFlag):
    """System flags as bits (RFC 9051 2.3.2). Keywords are strings beside them."""

    NONE = 0
    SEEN = 1
    ANSWERED = 2
    FLAGGED = 4
    DELETED = 8
    DRAFT = 16


FLAG_NAMES: dict[str, Flag] = {
    "\\seen": Flag.SEEN,
    "\\answered": Flag.ANSWERED,
    "\\flagged": Flag.FLAGGED,
    "\\deleted": Flag.DELETED,
    "\\draft": Flag.DRAFT,
}
"""Lower-case wire name to bit."""


class Role(enum.StrEnum):
    """What a mailbox is for (RFC 6154); NONE for an ordinary one."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sent"
    ARCHIVE = "archive"
    JUNK = "junk"
    TRASH = "trash"
    ALL = "all"
    FLAGGED = "flagged"
    NONE = ""


ROLE_ORDER = (
    Role.INBOX, Role.DRAFTS, Role.SENT, Role.ARCHIVE, Role.FLAGGED, Role.ALL, Role.JUNK, Role.TRASH, Role.NONE,
)
"""The order of mailboxes in a folder tree; ordinary ones follow, by name."""


class BodyState(enum.IntEnum):
    """How much of a message is here."""

    ABSENT = 0
    """Headers only."""
    TEXT = 1
    """Its readable text is here."""
    WHOLE = 2
    """Every octet is here."""


class Verdict(enum.IntEnum):
    """What an examination of an attachment came to; a greater one is worse. There is none that says "safe"."""

    NO_FINDING = 0
    SUSPICIOUS = 1
    DANGEROUS = 2

    @property
    def words(self) -> str:
        """For a person: `no finding`."""
        return self.name.lower().replace("_", " ")


class HeldState(enum.StrEnum):
    """What became of an attachment that was held when it arrived."""

    HELD = "held"
    """Nobody decided yet: it can be neither opened nor saved."""
    RELEASED = "released"
    """A person let it go; it is an attachment like any other."""
    DELETED = "deleted"
    """A person had it removed; the message keeps a note of what was there."""


class AccountStatus(enum.StrEnum):
    """What an account's engine is doing, as the status line tells it."""

    NEVER = "never"
    """Not connected since it was added."""
    CONNECTING = "connecting"
    SYNCING = "syncing"
    ONLINE = "online"
    OFFLINE = "offline"
    """Not reachable; it will be tried again by itself."""
    NEEDS_PASSWORD = "needs-password"  # noqa: S105 - a state, not a secret
    FAILED = "failed"
    """Stopped until a person changes something (certificate, login, configuration)."""


class OutState(enum.StrEnum):
    """How far a message on its way out has come."""

    QUEUED = "queued"
    """It waits: for the undo window, the time chosen, the network, or another try."""
    SENDING = "sending"
    UNKNOWN = "unknown"
    """The line broke after its last octet: only a person can say whether it was sent."""
    FAILED = "failed"
    """The server refused it, or signing in failed; nothing happens until a person acts."""
    SENT = "sent"
    """The server took it; the copy in Sent is still to be filed."""
    FILED = "filed"
    CANCELLED = "cancelled"


class Address(NamedTuple):
    """One mailbox of an address header (RFC 5322 3.4)."""

    name: str
    """Display name, may be empty."""
    address: str
    """addr-spec as found, may be malformed or empty."""


class Thread(NamedTuple):
    """What a line of a list says when it stands for a whole conversation."""

    messages: int
    """Its messages, own replies included."""
    unread: int
    names: tuple[str, ...]
    """Who took part, oldest first, each once; empty for the person's own address."""


class Row(NamedTuple):
    """One line of a message list."""

    id: EnvelopeId
    sort_at: int
    """Seconds since 1970 UTC: the Date header, or the arrival when that is missing or in the future."""
    flags: int
    """Effective `Flag` bits, local wishes folded in."""
    keywords: str
    """Effective keywords, space separated."""
    sender: str
    """Display name of the first author, else the address."""
    subject: str
    size_octets: int
    has_attachments: bool
    body: int
    """A `BodyState`."""
    thread_id: int
    mailbox_id: MailboxId = MailboxId(0)
    """Where it lies; 0 where nobody asks."""
    thread: Thread | None = None
    """It stands for a conversation that is closed; flags and attachments are those of the whole."""
    branch: int = -1
    """How deep it lies in a conversation that is open, 0 is its first message; -1: it is not in one."""
    gathered_at: int | None = None
    """By which date it stands in the list when it is in a conversation that is open; None: by its own."""

    @property
    def stands_at(self) -> int:
        """The date by which it stands in a list that is sorted by date."""
        return self.sort_at if self.gathered_at is None else self.gathered_at


class Window(NamedTuple):
    """A slice of a list, newest first unless it is sorted otherwise."""

    start: int
    """Position of the first row, 0 is the first one of the list."""
    rows: tuple[Row, ...]
    total: int
    """Rows of the list that are known here."""
    revision: int
    """Changes whenever anything in the list changed."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the store knows it."""

    id: AccountId
    name: AccountName
    address: str
    protocol: str
    """`imap`, `pop3` or `maildir`."""
    status: AccountStatus
    sentence: str
    """Why, for a person; empty when all is well."""
    since: int
    """When the status began, seconds since 1970 UTC."""
    synced_at: int | None
    """When the last complete sync ended; None for never."""
    pending: int
    """Actions that wait for the server."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox as the store knows it."""

    id: MailboxId
    account: AccountName
    name: str
    """Full name as the server spells it, decoded from modified UTF-7; an opaque key."""
    delimiter: str
    """Hierarchy delimiter, or empty for a flat name."""
    role: Role
    selectable: bool
    subscribed: bool
    total: int
    """Messages known here."""
    unread: int
    server_total: int | None
    """What the server last said (STATUS or EXISTS); None before it spoke."""
    server_unread: int | None
    synced_at: int | None
    """None: never looked into, so an empty list means `not loaded yet`."""
    complete: bool
    """Every message's headers are here."""
    error: str
    """One sentence when the mailbox cannot be read, else empty."""
    revision: int
    server_name: str | None = ""
    """What its server calls it, where that differs: a new name waits to be told. Empty: the same.
    None: the server does not have it yet."""

    @property
    def name_there(self) -> str | None:
        """What its server calls it; None when it does not have it yet."""
        return self.name if self.server_name == "" else self.server_name

    @property
    def leaf(self) -> str:
        """The last component of the name."""
        return self.name.rsplit(self.delimiter, 1)[-1] if self.delimiter else self.name


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything known of one message, for the reader and the command line."""

    id: EnvelopeId
    account: AccountName
    mailbox_id: MailboxId
    mailbox: str
    uid: Uid | None
    """None while the server has not told it (mail that waits to be matched or filed)."""
    uid_validity: UidValidity | None
    uidl: str | None
    """POP3 unique id, else None."""
    flags: int
    keywords: str
    sort_at: int
    sent_at: int | None
    """The Date header in seconds since 1970 UTC; None when absent or impossible."""
    received_at: int | None
    """INTERNALDATE, or when it was downloaded."""
    size_octets: int
    message_id: str
    """With angle brackets as found, empty when absent."""
    in_reply_to: str
    references: str
    from_: str
    """The raw header value, RFC 2047 decoded; several authors are possible."""
    reply_to: str
    to: str
    cc: str
    subject: str
    list_id: str
    structure: bytes
    """Raw BODYSTRUCTURE as the server sent it, empty when unknown; `mime.parts.structure` reads it."""
    has_attachments: bool
    body: BodyState
    thread_id: int


@dataclass(frozen=True, slots=True)
class Part:
    """A node of a message's structure (RFC 9051 7.5.2, RFC 2045)."""

    section: Section
    content_type: str
    """Lower-case `type/subtype` as declared."""
    charset: str
    encoding: str
    """Lower-case Content-Transfer-Encoding."""
    size_octets: int
    """As transferred, before decoding; 0 for a multipart."""
    disposition: str
    """`inline`, `attachment` or empty."""
    filename: str
    """Decoded (RFC 2231, RFC 2047), not cleaned; empty when there is none."""
    content_id: str
    format_flowed: bool
    del_sp: bool
    children: tuple[Part, ...] = ()

    def walk(self) -> list[Part]:
        """This part and all below it, in document order."""
        found: list[Part] = []
        waiting = [self]
        while waiting:
            part = waiting.pop()
            found.append(part)
            waiting.extend(reversed(part.children))
        return found


class LineKind(enum.StrEnum):
    """What a line of readable text is."""

    TEXT = "text"
    HEADING = "heading"
    CODE = "code"
    """Preformatted: never re-wrapped."""
    RULE = "rule"
    SIGNATURE = "signature"
    NOTE = "note"
    """Said by tuimail, not by the sender."""


class Span(NamedTuple):
    """A run of characters in a line that is drawn in its own way."""

    start: int
    end: int
    kind: str
    """`link`, `bold`, `italic`, `code`."""
    link: int = 0
    """Number of the link, from 1; 0 for none."""


class TextLine(NamedTuple):
    """One paragraph or line of readable text, not wrapped."""

    text: str
    """Cleaned: no control, bidi or zero-width character."""
    quote_depth: int = 0
    kind: str = LineKind.TEXT
    indent_cells: int = 0
    """Continuation lines hang by so many cells (lists)."""
    spans: tuple[Span, ...] = ()


class Link(NamedTuple):
    """A link found in a message."""

    number: int
    label: str
    url: str
    """Cleaned; http, https or mailto only."""
    host: str
    """The real host in ASCII (punycode), or the address of a mailto."""
    warning: str = ""
    """One sentence when label and target disagree, else empty."""


@dataclass(frozen=True, slots=True)
class ReadableText:
    """What a person reads of one message."""

    source: str
    """`plain`, `html` or `note`."""
    lines: tuple[TextLine, ...]
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out or is odd, in sentences: `2 remote images were not loaded`."""
    alternatives: tuple[str, ...] = ()
    """Other sources this message has, for the plain/HTML toggle."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment as bar and prompt show it."""

    envelope_id: EnvelopeId
    section: Section
    filename: str
    """A safe proposal: cleaned, no path, never empty, extension kept."""
    original_filename: str
    declared_type: str
    real_type: str
    """What libmagic saw in the bytes; empty while they are not here."""
    size_octets: int
    """Decoded size, estimated until the bytes are here."""
    is_here: bool
    warnings: tuple[str, ...] = ()
    """Mismatch of name, declared and real type, in sentences."""
    hold: HeldState | None = None
    """None for one that was never held."""
    verdict: Verdict | None = None
    """What its examination came to; None when it was not examined, or never held."""


@dataclass(frozen=True, slots=True)
class Held:
    """An attachment of the quarantine, whatever became of it."""

    envelope_id: EnvelopeId
    section: Section
    account: AccountName
    mailbox_id: MailboxId
    state: HeldState
    verdict: Verdict | None
    """None: not examined yet."""
    reasons: tuple[str, ...]
    """Sentences, the most important first; they can quote the sender and are not cleaned."""
    filename: str
    """As the sender wrote it, decoded; empty when it had none."""
    declared_type: str
    real_type: str
    """What libmagic saw in the bytes; empty while nobody looked."""
    size_octets: int
    """Decoded; estimated until somebody looked."""
    sha256: str
    """Of the decoded octets, in hex; empty while nobody looked."""
    sender: str
    """Of its message, as in `Row`."""
    subject: str
    sort_at: int
    """When its message was sent, as in `Row`."""
    decided_at: int | None = None
    """When a person released or deleted it."""
    on_server: bool = False
    """Its message lies on a server, which keeps its copy whatever is decided here."""

    @property
    def key(self) -> tuple[EnvelopeId, Section]:
        """What tells it apart."""
        return self.envelope_id, self.section


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file that goes along with a message that is being written; its octets are in the store."""

    number: int
    """From 1, never used twice in one draft."""
    filename: str
    content_type: str
    """`type/subtype`, lower case."""
    size_octets: int
    sha256: str
    """In hex."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is being written, as a person typed it."""

    id: DraftId
    account: AccountName
    from_: str
    """The chosen identity, as a header value: `Ada Byron <ada@example.org>`."""
    to: str
    """As typed: addresses separated by commas; so are `cc` and `bcc`."""
    cc: str
    bcc: str
    subject: str
    body: str
    """Lines end in LF."""
    markdown: bool
    """An HTML form is made of the body and sent along."""
    message_id: str
    """With angle brackets; the message that is sent bears it."""
    in_reply_to: str
    references: str
    reply_to: str
    """Reply-To of the message, usually empty."""
    answers: EnvelopeId | None
    """The message that this one answers or passes on."""
    answer_flag: str
    """What that message is marked with once this one is sent: `\\Answered`, `$Forwarded` or empty."""
    files: tuple[DraftFile, ...]
    started_at: int
    """Seconds since 1970 UTC."""
    changed_at: int


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A message on its way out, as the outbox shows it."""

    id: OutboxId
    account: AccountName
    state: OutState
    sentence: str
    """Why it is where it is, for a person; empty when there is nothing to say."""
    sender: str
    """addr-spec of the envelope."""
    recipients: tuple[str, ...]
    """addr-specs of the envelope, Bcc included."""
    to: str
    """The To header, decoded, for the list."""
    subject: str
    message_id: str
    size_octets: int
    not_before: int
    """Not sent before, seconds since 1970 UTC: undo window, chosen time, or the next try."""
    tries: int
    added_at: int
    sent_at: int | None
    refused: tuple[tuple[str, str], ...] = ()
    """Recipients that the server refused, each with its words."""
    of_recipients: int = 0
    """For the rest of a message that others have already: how many recipients the whole message had. Else 0."""
