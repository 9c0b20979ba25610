"""The one table of settings: it feeds the reader and `docs/configuration.md`.

What lives here: which keys exist, what each may hold, its default and what it does.
What must not: files, TOML, and rules that look at two keys at once (`reading`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tuimail.config.values import AuthKind, Protocol, SaveSent, Security

ANY_NAME = "NAME"
"""In a scope: whatever the person calls it."""

UI = "ui"
KEYS = "ui.keys"
COMPOSE = "compose"
ACCOUNT = f"accounts.{ANY_NAME}"
IDENTITY = f"{ACCOUNT}.identities"
"""A list of tables."""
RECEIVE = f"{ACCOUNT}.receive"
SEND = f"{ACCOUNT}.send"
SECURITY = "security"


class Kind(NamedTuple):
    """What a setting may hold."""

    expected: str
    """Completes the words `expected ...`."""
    read: Callable[[object], object]
    """The value as the program wants it; raises ValueError for anything else."""


class Setting(NamedTuple):
    """One key."""

    scope: str
    name: str
    kind: Kind
    default: str
    """In words, as documentation shows it; `required` has none."""
    description: str
    required: bool = False
    protocols: tuple[Protocol, ...] = ()
    """The key has a meaning for these only; empty for all."""

    @property
    def key(self) -> str:
        """The dotted key."""
        return f"{self.scope}.{self.name}"


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def _read_text(value: object) -> object:
    if isinstance(value, str) and value and _is_plain(value):
        return value
    raise ValueError


def _read_any_text(value: object) -> object:
    if isinstance(value, str) and _is_plain(value):
        return value
    raise ValueError


MAX_SIGNATURE_CHARACTERS = 4_000


def _read_lines(value: object) -> object:
    if isinstance(value, str) and len(value) <= MAX_SIGNATURE_CHARACTERS and all(map(_is_plain, value.split("\n"))):
        return value
    raise ValueError


def _read_patterns(value: object) -> object:
    if isinstance(value, list) and len(value) <= 100:
        return tuple(_read_pattern(pattern) for pattern in value)
    raise ValueError


def _read_pattern(value: object) -> str:
    if isinstance(value, str):
        local, _, domain = value.rpartition("@")
        if "*" not in domain:
            return str(_read_address(f"{local.replace('*', 'x')}@{domain}") and value)
    raise ValueError


def _read_address(value: object) -> object:
    if isinstance(value, str) and _is_plain(value) and " " not in value and len(value) <= 320:
        local, at, domain = value.rpartition("@")
        if local and at and domain and not set("<>,;()\"") & set(value):
            return value
    raise ValueError


def _read_host(value: object) -> object:
    if isinstance(value, str) and 0 < len(value) <= 253 and _is_plain(value) and not set(" /@?#\\\"'") & set(value):
        return value
    raise ValueError


def _read_port(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535:
        return value
    raise ValueError


def _read_ports(value: object) -> object:
    if isinstance(value, list) and len(value) <= 10:
        return tuple(_read_port(port) for port in value)
    raise ValueError


def _read_bool(value: object) -> object:
    if isinstance(value, bool):
        return value
    raise ValueError


def _read_command(value: object) -> object:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError
    if not value[0] or any("\0" in word for word in value):
        raise ValueError
    return tuple(value)


def _read_path(value: object) -> object:
    if isinstance(value, str) and value and "\0" not in value:
        try:
            path = Path(value).expanduser()
        except RuntimeError as exc:  # ~nobody
            raise ValueError from exc
        if path.is_absolute():
            return path
    raise ValueError


def _read_clamd(value: object) -> object:
    return value if value == "off" else str(_read_path(value))


def _read_seconds(value: object) -> object:
    if value == "never":
        return math.inf
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 3600:
        return float(value)
    raise ValueError


def _read_undo(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 3600:
        return float(value)
    raise ValueError


def _read_keys(value: object) -> object:
    if isinstance(value, str) and value and _is_plain(value):
        return value
    if isinstance(value, list) and all(isinstance(key, str) and key and _is_plain(key) for key in value):
        return ",".join(value)
    raise ValueError


def _days(nothing: str, everything: str) -> Kind:
    """A number of days: 0 for the word `nothing`, None for the word `everything`."""

    def read(value: object) -> object:
        if value == nothing:
            return 0
        if value == everything:
            return None
        if isinstance(value, str) and value.endswith("d") and value[:-1].isascii() and value[:-1].isdigit():
            days = int(value[:-1]) if len(value) <= 6 else 0
            if days:
                return days
        raise ValueError

    return Kind(f'"{nothing}", "{everything}" or days such as "30d"', read)


MAX_LIMIT_OCTETS = 1 << 30
_UNITS = {"K": 10, "M": 20, "G": 30}


def _read_octets(value: object) -> object:
    if isinstance(value, str) and len(value) <= 8 and value[-1:] in _UNITS:
        number = value[:-1]
        if number.isascii() and number.isdigit() and 0 < int(number) << _UNITS[value[-1]] <= MAX_LIMIT_OCTETS:
            return int(number) << _UNITS[value[-1]]
    raise ValueError


def _choice(values: type[StrEnum]) -> Kind:
    names = [f'"{value}"' for value in values]

    def read(value: object) -> object:
        if isinstance(value, str):
            return values(value)
        raise ValueError

    return Kind(" or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0], read)


def _read_keymap(value: object) -> object:
    if value in ("vim", "emacs", "pine", "gmail"):
        return value
    raise ValueError


TEXT = Kind("text in quotes", _read_text)
ANY_TEXT = Kind("text in quotes", _read_any_text)
LINES = Kind("text of at most 4,000 characters, also over several lines", _read_lines)
PATTERNS = Kind('a list of up to 100 addresses, "*" in them stands for anything before the @', _read_patterns)
ADDRESS = Kind('a mail address such as "ada@example.org"', _read_address)
HOST = Kind('the name or address of a host, such as "mail.example.org"', _read_host)
PORT = Kind("a whole number from 1 to 65535", _read_port)
PORTS = Kind("a list of up to 10 port numbers, such as [2525]", _read_ports)
YES_NO = Kind("true or false", _read_bool)
COMMAND = Kind('a list of words, such as ["pass", "show", "mail/ada"]', _read_command)
PATH = Kind('an absolute path, or one that begins with "~/"', _read_path)
OCTETS = Kind('a size from "1K" to "1G", such as "64M"', _read_octets)
CLAMD = Kind('an absolute path, one that begins with "~/", or "off"', _read_clamd)
SPELL = Kind('an absolute path, one that begins with "~/", or "off"', _read_clamd)
SECONDS = Kind('seconds from 0 to 3600, or "never"', _read_seconds)
UNDO_SECONDS = Kind("seconds from 0 to 3600", _read_undo)
KEYMAP = Kind('"vim", "emacs", "pine" or "gmail"', _read_keymap)
KEY_LIST = Kind('keys such as "ctrl+n" or ["n", "ctrl+n"]', _read_keys)

_AUTH_WORDS = (
    '"password", or "oauth2" with an access token in its place (XOAUTH2 or OAUTHBEARER), which `token_command` prints.'
)

_IMAP = (Protocol.IMAP,)
_POP3 = (Protocol.POP3,)
_SERVERS = (Protocol.IMAP, Protocol.POP3)

CONFIG_TABLE: tuple[Setting, ...] = (
    Setting(UI, "theme", TEXT, "tuimail-dark",
            "A theme: any that `tuimail themes` prints, or the name of a file in the directory `themes` "
            "beside this one."),
    Setting(UI, "keymap", KEYMAP, "vim", "Which set of keys is the base."),
    Setting(UI, "mark_seen_after_s", SECONDS, "1.0",
            'A message counts as read after it was on the screen for so many seconds; "never" leaves that to you.'),
    Setting(UI, "undo_send_s", UNDO_SECONDS, "10",
            "What you send waits so many seconds, in which `u` takes it back."),
    Setting(UI, "archive_by_year", YES_NO, "false",
            "Archived mail goes into a mailbox for its year below the archive, such as Archive/2026."),
    Setting(UI, "threads_by_subject", YES_NO, "false",
            "An answer that names no message joins the conversation with its subject: of the 30 days before it, "
            "with somebody in common besides you."),
    Setting(KEYS, "ACTION", KEY_LIST, "the keymap's",
            "Keys for one action, by its id; `tuimail keys` prints the ids and what they are bound to."),
    Setting(ACCOUNT, "address", ADDRESS, "", "Your address: shown, and the sender of what you write.", required=True),
    Setting(ACCOUNT, "name", ANY_TEXT, "empty", "Your name, as others see it."),
    Setting(ACCOUNT, "aliases", PATTERNS, "none",
            'Further addresses that are yours: a reply is never sent to them, and comes from the one that was written '
            'to. `["*@example.org"]` is every address of a domain. Addresses with a tag (`ada+lists@example.org`) need '
            "not be named."),
    Setting(ACCOUNT, "signature", LINES, "none", "What stands below what you write."),
    Setting(ACCOUNT, "signature_file", PATH, "none", "The same from a file, read whenever you begin to write."),
    Setting(IDENTITY, "address", ADDRESS, "", "An address that you can choose as the sender.",
            required=True),
    Setting(IDENTITY, "name", ANY_TEXT, "the account's", "Your name with this address."),
    Setting(IDENTITY, "signature", LINES, "the account's", "What stands below what you write with it."),
    Setting(IDENTITY, "signature_file", PATH, "the account's", "The same from a file."),
    Setting(RECEIVE, "protocol", _choice(Protocol), "",
            'How mail comes here: "imap" shows what is on the server, "pop3" downloads it whole, "maildir" opens a '
            "directory that other programs may fill.", required=True),
    Setting(RECEIVE, "host", HOST, "", "The server. Required for imap and pop3.", protocols=_SERVERS),
    Setting(RECEIVE, "port", PORT, "by protocol and security: imap 993 or 143, pop3 995 or 110",
            "The port.", protocols=_SERVERS),
    Setting(RECEIVE, "security", _choice(Security), "tls; starttls on ports 143 and 110",
            '"tls" is protected from the first octet, "starttls" after a few words that are never trusted; it is not '
            'skipped when the server does not offer it. "none" is for this machine only (localhost, 127.0.0.1, ::1).',
            protocols=_SERVERS),
    Setting(RECEIVE, "user", TEXT, "the address", "The login name.", protocols=_SERVERS),
    Setting(RECEIVE, "auth", _choice(AuthKind), "password", f"How to sign in: {_AUTH_WORDS}", protocols=_SERVERS),
    Setting(RECEIVE, "password_command", COMMAND, "none: the keyring, else you are asked",
            "A command whose first line of output is the password. It is run as it stands, without a shell. The file "
            "must then not be writable by others.", protocols=_SERVERS),
    Setting(RECEIVE, "token_command", COMMAND, "none",
            'A command whose first line of output is an OAuth 2 access token that is good now, for auth = "oauth2"; '
            "programs such as oama and mutt_oauth2.py get and renew them. It is run for each sign-in, as "
            "`password_command` is.", protocols=_SERVERS),
    Setting(RECEIVE, "ca_file", PATH, "none",
            "One more trusted root certificate (PEM), for a server of your own. There is no switch that turns checking "
            "off.",
            protocols=_SERVERS),
    Setting(RECEIVE, "offline", _days("none", "all"), "30d",
            "How far back the text of mail is fetched ahead, to be read without a network.", protocols=_IMAP),
    Setting(RECEIVE, "subscribed_only", YES_NO, "false",
            "Show only the mailboxes that are subscribed.", protocols=_IMAP),
    Setting(RECEIVE, "keep_on_server", _days("never", "always"), "always",
            "How long mail stays on the server after it was downloaded.", protocols=_POP3),
    Setting(RECEIVE, "limit", OCTETS, "64M",
            "A larger message is only listed at first, and downloaded when you open it.", protocols=_POP3),
    Setting(RECEIVE, "quarantine", YES_NO, "true for pop3, false for imap",
            "Hold attachments back until you have looked at them and released them.", protocols=_SERVERS),
    Setting(RECEIVE, "path", PATH, "", "The directory. Required for maildir.", protocols=(Protocol.MAILDIR,)),
    Setting(SEND, "host", HOST, "", "The server that takes mail to be sent (SMTP).", required=True),
    Setting(SEND, "port", PORT, "by security: tls 465, starttls 587",
            "The port. 25, where servers talk to each other, is used only when it stands here or in `fallback_ports`."),
    Setting(SEND, "security", _choice(Security), "tls; starttls on ports 587 and 25", "As in `receive`."),
    Setting(SEND, "fallback_ports", PORTS, "none",
            "Ports that are tried with the same security when the first cannot be reached; never after an answer."),
    Setting(SEND, "user", TEXT, "the user in `receive`", "The login name."),
    Setting(SEND, "auth", _choice(AuthKind), "the one in `receive`", "As in `receive`."),
    Setting(SEND, "password_command", COMMAND, "the one in `receive`", "As in `receive`."),
    Setting(SEND, "token_command", COMMAND, "the one in `receive`", "As in `receive`."),
    Setting(SEND, "save_sent", _choice(SaveSent), "auto",
            'Put a copy of what was sent into Sent: "auto" leaves it to servers that are known to do it themselves '
            "(Gmail, Outlook)."),
    Setting(SEND, "ca_file", PATH, "the one in `receive`", "As in `receive`."),
    Setting(COMPOSE, "editor", COMMAND, "none: the editor that is built in",
            'A command that edits a text file, whose name is put behind it, such as ["nvim", "+star"]. A key of the '
            "composer opens it, or else `$VISUAL` or `$EDITOR`. It is run as it stands, without a shell."),
    Setting(COMPOSE, "format_flowed", YES_NO, "true",
            "Send text so that it can be wrapped to the reader's width (RFC 3676)."),
    Setting(COMPOSE, "markdown", YES_NO, "false", "Write every message in Markdown: HTML is sent beside the text."),
    Setting(COMPOSE, "warnings", YES_NO, "true",
            "Ask before a message is sent that lacks a subject, or an attachment it speaks of, and the like."),
    Setting(COMPOSE, "vcard_dir", PATH, "none", "A directory of vCard files (or one file) with addresses to complete."),
    Setting(COMPOSE, "address_book_command", COMMAND, "none",
            'A command that is asked for addresses while you type, which stand behind it, or in place of "%s". It '
            "prints a line for each: address, a tab, name, as `abook --mutt-query` and `khard email --parsable` do. "
            "It is run without a shell, and given 3 seconds."),
    Setting(COMPOSE, "spell", SPELL, "a dictionary of the system, where there is one",
            'A list of words, or a Hunspell dictionary (.dic), to mark misspelled ones by; "off" marks none.'),
    Setting(SECURITY, "clamd", CLAMD, "the socket in /run/clamav, where there is one",
            "The socket of a ClamAV daemon. What it finds in a held attachment is one more reason in its verdict."),
)
"""Every key there is, in the order of the reference."""


def settings_of(scope: str) -> dict[str, Setting]:
    """The settings of a table, by name."""
    return {setting.name: setting for setting in CONFIG_TABLE if setting.scope == scope}
