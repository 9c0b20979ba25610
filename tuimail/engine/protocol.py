"""The closed vocabulary between the engine and those who look: UI and command line.

Requests go to the engine, notices come from it; both are small frozen values, one
line of JSON each on a unix socket. News is only ever a hint to read the store again:
a notice carries no mail.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from tuimail.errors import ProtocolViolation
from tuimail.model import EnvelopeId, MailboxId, Section

PROTOCOL_VERSION = 1
MAX_LINE_OCTETS = 64 * 1024
TEXT = Section("text")
"""In `Want`: whatever section a person would read; `plain` and `html` ask for one of both."""


# --- requests -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """First words of a client. `watch`: keep the engine alive and its accounts connected."""

    version: int = PROTOCOL_VERSION
    watch: bool = True


@dataclass(frozen=True, slots=True)
class Wake:
    """Actions wait in the store. Account "" means every account."""

    account: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """Somebody looks at this now: fetch it ahead of everything else.

    `section` is `text`, `plain`, `html` for readable text, or a section number for the
    bytes of a part; the empty string is the whole message.
    """

    envelope_id: EnvelopeId
    section: Section = TEXT
    urgent: bool = True
    """False for neighbours that are fetched ahead."""


@dataclass(frozen=True, slots=True)
class Unwant:
    """Nobody waits for it any longer."""

    envelope_id: EnvelopeId
    section: Section = TEXT


@dataclass(frozen=True, slots=True)
class Show:
    """This mailbox is on the screen: keep it fresh, and sync it first."""

    mailbox_id: MailboxId


@dataclass(frozen=True, slots=True)
class SyncNow:
    """Do everything that is due, then say `SyncEnded`. Account "" means every account."""

    account: str = ""
    ticket: str = ""
    """Comes back in `SyncEnded`, so that two who ask can tell their answers apart."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A password that a person typed for this run; held in memory only, never logged."""

    account: str
    secret: str
    part: str = "receive"
    """`receive` or `send`."""

    def __repr__(self) -> str:
        return f"Credential(account={self.account!r}, part={self.part!r}, secret=...)"


@dataclass(frozen=True, slots=True)
class Reload:
    """The configuration file changed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the engine, whoever else is connected."""


@dataclass(frozen=True, slots=True)
class SearchServer:
    """Look on the servers for messages whose bodies are not here; answered by `SearchEnded`.

    Account "" means every account that can. `query` is in the language of `tuimail.query`.
    """

    account: str
    query: str
    ticket: str


Request = Hello | Wake | Want | Unwant | Show | SyncNow | Credential | Reload | SearchServer | Stop


# --- notices ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    """The engine's first words."""

    version: int
    pid: int


@dataclass(frozen=True, slots=True)
class MailboxChanged:
    """Rows, flags or counts of this mailbox changed."""

    mailbox_id: MailboxId


@dataclass(frozen=True, slots=True)
class TreeChanged:
    """Mailboxes came, went, or changed their counts."""

    account: str


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Read the account's row again."""

    account: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long job is. `job` is a few words: `headers`, `bodies`."""

    account: str
    mailbox_id: MailboxId
    job: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class NewMail:
    """Messages arrived that were never seen here before."""

    account: str
    mailbox_id: MailboxId
    count: int


@dataclass(frozen=True, slots=True)
class PartProgress:
    """Octets of a wanted part that are here."""

    envelope_id: EnvelopeId
    section: Section
    done_octets: int
    total_octets: int


@dataclass(frozen=True, slots=True)
class PartArrived:
    """A wanted part is in the store."""

    envelope_id: EnvelopeId
    section: Section


@dataclass(frozen=True, slots=True)
class PartFailed:
    """A wanted part could not be had; the sentence says why and what to do."""

    envelope_id: EnvelopeId
    section: Section
    sentence: str


@dataclass(frozen=True, slots=True)
class ActionRefused:
    """The server refused an action; it was rolled back."""

    account: str
    mailbox_id: MailboxId
    sentence: str


@dataclass(frozen=True, slots=True)
class PasswordWanted:
    """A person must type a password (then: `Credential` for the same part)."""

    account: str
    sentence: str
    part: str = "receive"
    """`receive` or `send`."""


@dataclass(frozen=True, slots=True)
class SyncEnded:
    """The answer to `SyncNow`, one for each account; `sentence` is empty when all is well.

    After the last one comes another with account "": nothing is left to wait for.
    """

    account: str
    sentence: str = ""
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class OutboxChanged:
    """A message on its way out came, went, or changed its state."""

    account: str


@dataclass(frozen=True, slots=True)
class DraftsChanged:
    """Drafts came, went, or are on the server now."""

    account: str


@dataclass(frozen=True, slots=True)
class PendingChanged:
    """Actions that wait were done, refused, or put off."""

    account: str


@dataclass(frozen=True, slots=True)
class SearchEnded:
    """The answer to `SearchServer`, one for each account; then one with account "": that was all."""

    ticket: str
    account: str
    found: tuple[EnvelopeId, ...] = ()
    """Newest first, at most a thousand."""
    sentence: str = ""
    """Why it could not be looked for; empty when all is well."""


@dataclass(frozen=True, slots=True)
class IndexChanged:
    """How much of the mail can be searched by its words; said at most once a second while that grows."""

    done: int
    total: int
    sentence: str = ""
    """Why it does not go on; empty when all is well."""
    is_resting: bool = False
    """Nothing more is due."""


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """Said by the office itself: the engine's process can be reached, or not just now, and why."""

    alive: bool
    sentence: str = ""


Notice = (
    Welcome | MailboxChanged | TreeChanged | StatusChanged | Progress | NewMail | PartProgress
    | PartArrived | PartFailed | ActionRefused | PasswordWanted | SyncEnded | OutboxChanged | DraftsChanged
    | PendingChanged | SearchEnded | IndexChanged | EngineChanged
)

_WORDS: dict[str, type[Request] | type[Notice]] = {
    cls.__name__: cls
    for cls in (
        Hello, Wake, Want, Unwant, Show, SyncNow, Credential, Reload, SearchServer, Stop,
        Welcome, MailboxChanged, TreeChanged, StatusChanged, Progress, NewMail, PartProgress,
        PartArrived, PartFailed, ActionRefused, PasswordWanted, SyncEnded, OutboxChanged, DraftsChanged,
        PendingChanged, SearchEnded, IndexChanged, EngineChanged,
    )
}


def encode(word: Request | Notice) -> bytes:
    """One line, ending in LF."""
    return json.dumps({"word": type(word).__name__, **asdict(word)}, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Request | Notice:
    """The word on a line; raises ProtocolViolation for anything that `encode` does not write."""
    try:
        values = json.loads(line)
        cls = _WORDS[values.pop("word")]
        known = {field.name: field.type for field in fields(cls)}
        if not isinstance(values, dict) or not set(values) <= set(known):
            raise ValueError("unknown field")
        if isinstance(values.get("found"), list):
            values["found"] = tuple(values["found"])
        return cls(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ProtocolViolation("The engine and this program do not understand each other.") from exc
