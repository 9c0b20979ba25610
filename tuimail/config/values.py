"""The configuration as plain values, and nothing that reads a file.

Every default is already filled in: whoever holds a `Config` need not know what was
written and what was left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tuimail.model import AccountName

POP3_LIMIT_OCTETS = 64 << 20
POP3_DEMANDED_OCTETS = 1 << 30
"""The largest message that is fetched when somebody asks for it."""
"""A message that is larger is only listed at first, where nothing else is configured."""


class Protocol(StrEnum):
    """How mail comes here."""

    IMAP = "imap"
    POP3 = "pop3"
    MAILDIR = "maildir"


class Security(StrEnum):
    """How a connection is protected. NONE is for loopback hosts only."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class SaveSent(StrEnum):
    """Who puts a copy of what was sent into Sent."""

    AUTO = "auto"
    """We do, but for the servers that are known to do it themselves."""
    ALWAYS = "always"
    NEVER = "never"


class AuthKind(StrEnum):
    """How to sign in."""

    PASSWORD = "password"  # noqa: S105 - the name of a way, not a secret
    OAUTH2 = "oauth2"


@dataclass(frozen=True, slots=True)
class Receive:
    """Where an account's mail comes from."""

    protocol: Protocol
    host: str = ""
    """Empty for a maildir."""
    port: int = 0
    """1 to 65535; 0 for a maildir."""
    security: Security = Security.TLS
    user: str = ""
    auth: AuthKind = AuthKind.PASSWORD
    password_command: tuple[str, ...] = ()
    """Words of a command that prints the password; empty for none."""
    ca_file: Path | None = None
    """One more trusted root, in PEM."""
    offline_days: int | None = 30
    """IMAP: text bodies of so many days are fetched ahead; 0 for none, None for all."""
    subscribed_only: bool = False
    """IMAP: only subscribed mailboxes are shown."""
    keep_on_server_days: int | None = None
    """POP3: 0 deletes after download, None never deletes."""
    limit_octets: int = POP3_LIMIT_OCTETS
    """POP3: a larger message is only listed until somebody opens it."""
    quarantine: bool = False
    """Attachments are held until a person releases them."""
    path: Path | None = None
    """Maildir: its directory."""
    token_command: tuple[str, ...] = ()
    """OAUTH2: words of a command that prints an access token; empty for none."""


@dataclass(frozen=True, slots=True)
class Send:
    """How an account sends (SMTP submission, RFC 6409)."""

    host: str
    port: int
    security: Security = Security.TLS
    fallback_ports: tuple[int, ...] = ()
    """Tried with the same security when the port cannot be reached."""
    user: str = ""
    auth: AuthKind = AuthKind.PASSWORD
    password_command: tuple[str, ...] = ()
    ca_file: Path | None = None
    token_command: tuple[str, ...] = ()
    """OAUTH2: words of a command that prints an access token; empty for none."""
    save_sent: SaveSent = SaveSent.AUTO


@dataclass(frozen=True, slots=True)
class IdentityConfig:
    """One address that an account writes from."""

    address: str
    name: str = ""
    signature: str = ""
    """Text below what is written; empty for none."""
    signature_file: Path | None = None
    """The same from a file; it counts where there is one."""


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One account."""

    name: AccountName
    address: str
    full_name: str
    """Display name on mail that is sent; may be empty."""
    receive: Receive
    send: Send | None = None
    identities: tuple[IdentityConfig, ...] = ()
    """All that can be chosen as the sender, the account's own address first; empty means that one alone."""
    aliases: tuple[str, ...] = ()
    """Patterns of further addresses of the same person; `*` stands for anything."""

    @property
    def senders(self) -> tuple[IdentityConfig, ...]:
        """The identities, never none."""
        return self.identities or (IdentityConfig(self.address, self.full_name),)


@dataclass(frozen=True, slots=True)
class ComposeConfig:
    """How messages are written."""

    editor: tuple[str, ...] = ()
    """Words of a command; empty for `$VISUAL` and `$EDITOR`."""
    format_flowed: bool = True
    markdown: bool = False
    warnings: bool = True
    vcard_dir: Path | None = None
    address_book_command: tuple[str, ...] = ()
    spell: str = ""
    """A word list or dictionary; empty: look in the usual places; `off`: none."""


@dataclass(frozen=True, slots=True)
class UiConfig:
    """How the screen looks and listens."""

    theme: str = "tuimail-dark"
    keymap: str = "vim"
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id to keys, separated by commas."""
    mark_seen_after_s: float = 1.0
    """A message counts as read after it was on the screen so long; infinite for never."""
    undo_send_s: float = 10.0
    """What is sent can be taken back for so long."""
    archive_by_year: bool = False
    """Archived mail goes into a mailbox of its year below the archive."""
    threads_by_subject: bool = False
    """Answers that name no message are joined to what they may answer by their subject."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in config.toml."""

    ui: UiConfig
    accounts: Mapping[AccountName, AccountConfig]
    """In the order of the file."""
    file: Path
    clamd: str = ""
    """Socket of a ClamAV daemon; empty: look in the usual places; `off`: ask none."""
    compose: ComposeConfig = field(default_factory=ComposeConfig)


def default_port(protocol: str, security: Security) -> int:
    """The well-known port; `protocol` is `imap`, `pop3` or `smtp` (RFC 8314 3)."""
    ports = {
        "imap": {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143},
        "pop3": {Security.TLS: 995, Security.STARTTLS: 110, Security.NONE: 110},
        "smtp": {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 587},  # 25 only where a person names it
    }
    return ports[protocol][security]


def default_security(port: int | None) -> Security:
    """TLS from the first octet, except on the ports where servers begin in clear text."""
    return Security.STARTTLS if port in (143, 110, 587, 25) else Security.TLS


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone (RFC 6761 6.3, RFC 5735 3, RFC 4291 2.5.3)."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost") or name in ("::1", "[::1]"):
        return True
    numbers = name.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(n.isascii() and n.isdigit() for n in numbers)
