"""config.toml -> `Config`, with every mistake found at once.

What must not live here: the list of settings (`table`) and writing (`editing`).
The format is TOML 1.0; the file is the person's own, but what it holds is still only
shown in an escaped form, and never when it could be a secret.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tuimail.config.table import (
    ACCOUNT,
    COMPOSE,
    CONFIG_TABLE,
    IDENTITY,
    KEYS,
    RECEIVE,
    SECURITY,
    SEND,
    UI,
    Setting,
    settings_of,
)
from tuimail.config.values import (
    POP3_LIMIT_OCTETS,
    AccountConfig,
    AuthKind,
    ComposeConfig,
    Config,
    IdentityConfig,
    Protocol,
    Receive,
    SaveSent,
    Security,
    Send,
    UiConfig,
    default_port,
    default_security,
    is_loopback,
)
from tuimail.errors import ConfigError
from tuimail.model import AccountName

MAX_FILE_OCTETS = 1024 * 1024
MAX_ACCOUNTS = 200
MAX_DEPTH = 20
"""Of tables in tables; nothing that is known is deeper than four."""
MAX_NAME_LENGTH = 64
MAX_IDENTITIES = 100
HOW_ELSE = (
    "a password never stands in this file; remove it and run `tuimail account test` (which asks and can keep it in "
    'the keyring), or give a password_command such as ["pass", "show", "mail/ada"]'
)

OTHERS_WRITE = "others may write this file, so its commands are not run; run `chmod 600 {file}`"

Key = tuple[str, ...]
Values = dict[str, Any]  # Any: whatever the kind of the setting reads
Say = Callable[[Key, str], None]


def load(file: Path) -> Config:
    """The configuration in a file; an empty one when there is no file.

    Raises ConfigError with all mistakes.
    """
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{file} is not a file.", "Name another one with --config.")
            octets = stream.read(MAX_FILE_OCTETS + 1)
    except FileNotFoundError:
        return Config(ui=UiConfig(), accounts={}, file=file)
    except OSError as exc:
        raise ConfigError(
            f"{file} cannot be read: {exc.strerror or exc}.", "Correct its permissions, or name another with --config."
        ) from exc
    if len(octets) > MAX_FILE_OCTETS:
        raise ConfigError(f"{file} is larger than 1 MiB.", "Name the right file with --config.")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = octets.count(b"\n", 0, exc.start) + 1
        raise _refusal(file, [f"{file}:{line}: expected text in UTF-8, found other octets"]) from exc
    others_may_write = bool(status.st_mode & 0o022) or status.st_uid not in (0, os.getuid())
    return _read(text, file, others_may_write=others_may_write)


def parse(text: str, file: Path) -> Config:
    """The configuration in a text; `file` is only named in mistakes."""
    return _read(text, file, others_may_write=False)


def _read(text: str, file: Path, *, others_may_write: bool) -> Config:
    import tomllib  # deferred: 22 ms, and nothing when there is no file

    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as exc:
        raise _refusal(file, [_syntax_mistake(file, text, exc)]) from exc
    reader = _Reader(text, file)
    reader.refuse_passwords(tables)
    config = reader.config(tables)
    if others_may_write:
        for name, account in config.accounts.items():
            key = _command_key(account)
            if key:
                reader.say(("accounts", name, *key), OTHERS_WRITE.format(file=file))
                break
        for command, words in (
            ("editor", config.compose.editor), ("address_book_command", config.compose.address_book_command)
        ):
            if words:
                reader.say(("compose", command), OTHERS_WRITE.format(file=file))
    if reader.mistakes:
        raise _refusal(file, [line for _, line in sorted(reader.mistakes, key=lambda found: found[0])])
    return config


def _command_key(account: AccountConfig) -> Key:
    """Where an account names a command; empty when it names none."""
    for part, server in (("receive", account.receive), ("send", account.send)):
        for name in ("password_command", "token_command"):
            if server is not None and getattr(server, name):
                return (part, name)
    return ()


def _refusal(file: Path, mistakes: list[str]) -> ConfigError:
    count = "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    return ConfigError(f"{file} has {count}.", "Correct it and start again.", tuple(mistakes))


def _syntax_mistake(file: Path, text: str, exc: Exception) -> str:
    """`... (at line 3, column 5)` becomes a line number in front."""
    sentence, _, place = str(exc).rpartition(" (at ")
    words = place.replace(",", "").split()
    if sentence and words[:1] == ["line"] and words[1].isdigit():
        return f"{file}:{words[1]}: not valid TOML: {_escaped(sentence)}"
    if sentence and place.startswith("end of document"):
        return f"{file}:{text.count(chr(10)) + 1}: not valid TOML: {_escaped(sentence)}"
    return f"{file}: not valid TOML: {_escaped(str(exc)) or 'nested too deep'}"


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:300])


class _Reader:
    """Reads the tables of one file, and keeps what is wrong with them."""

    def __init__(self, text: str, file: Path) -> None:
        self._text = text
        self._file = file
        self._lines: dict[Key, int] | None = None
        self.mistakes: list[tuple[int, str]] = []
        """Line (0 when unknown) and sentence."""

    def say(self, key: Key, sentence: str) -> None:
        """Keep a mistake."""
        if self._lines is None:
            self._lines = key_lines(self._text)
        line = 0
        for length in range(len(key), 0, -1):
            line = line or self._lines.get(key[:length], 0)
        place = f"{self._file}:{line}" if line else str(self._file)
        mistake = (line, f"{place}: {dotted(key)}: {sentence}")
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def refuse_passwords(self, tables: Mapping[str, object]) -> None:
        """A password is refused wherever it stands, even in a table that is not known."""
        # No recursion: dotted keys can go as deep as the file is long.
        waiting: list[tuple[Key, object]] = [((), tables)]
        while waiting:
            at, value = waiting.pop()
            if isinstance(value, list):
                waiting += [(at, each) for each in value]
            elif at and is_secret_key(at[-1]) and at[:2] != ("ui", "keys"):
                self.say(at, HOW_ELSE)
            elif isinstance(value, dict) and len(at) < MAX_DEPTH:
                waiting += [((*at, name), each) for name, each in value.items()]

    def config(self, tables: Values) -> Config:
        """The configuration; only worth something when there was no mistake."""
        self._refuse_unknown(tables, (), ("ui", "accounts", "compose", "security"))
        ui = self._ui(self._table(tables, (), "ui"))
        accounts = self._accounts(self._table(tables, (), "accounts"))
        security = self._settings(self._table(tables, (), "security"), ("security",), SECURITY)
        compose = ComposeConfig(**self._settings(self._table(tables, (), "compose"), ("compose",), COMPOSE))
        return Config(ui=ui, accounts=accounts, file=self._file, clamd=security.get("clamd", ""), compose=compose)

    def _ui(self, table: Values) -> UiConfig:
        keys = self._table(table, ("ui",), "keys")
        kind = settings_of(KEYS)["ACTION"].kind
        bound: dict[str, str] = {}
        for action, value in _flattened(keys):
            read = self._value(("ui", "keys", action), kind.expected, kind.read, value)
            if read is not _WRONG:
                bound[action] = str(read)
        values = self._settings(table, ("ui",), UI, subtables=("keys",))
        return UiConfig(**values, keys=bound)

    def _accounts(self, table: Values) -> dict[AccountName, AccountConfig]:
        found: dict[AccountName, AccountConfig] = {}
        folded: dict[str, str] = {}
        if len(table) > MAX_ACCOUNTS:
            self.say(("accounts",), f"expected at most {MAX_ACCOUNTS} accounts, found {len(table)}")
            return found
        for name in table:
            fault = account_name_fault(name)
            if fault:
                self.say(("accounts", name), fault)
            twin = folded.setdefault(name.casefold(), name)
            if twin != name:
                self.say(("accounts", name), f'expected a name that differs from "{twin}" in more than case')
            if not isinstance(table[name], dict):
                self._table(table, ("accounts",), name)
                continue
            account = self._account(AccountName(name), table[name])
            if account:
                found[AccountName(name)] = account
        return found

    def _account(self, name: AccountName, table: Values) -> AccountConfig | None:
        at = ("accounts", name)
        values = self._settings(table, at, ACCOUNT, subtables=("receive", "send", "identities"))
        receive = None
        if "receive" not in table:
            self.say((*at, "receive"), "expected a table that says where mail comes from, found nothing")
        elif isinstance(table["receive"], dict):
            receive = self._receive(table["receive"], (*at, "receive"), str(values.get("address", "")))
        else:
            self._table(table, at, "receive")
        send = self._send(self._table(table, at, "send"), (*at, "send"), receive) if "send" in table else None
        if receive is None or "address" not in values:
            return None
        identities = self._identities(table, at, values)
        return AccountConfig(
            name, values["address"], values.get("name", ""), receive, send, identities, values.get("aliases", ())
        )

    def _identities(self, table: Values, at: Key, account: Values) -> tuple[IdentityConfig, ...]:
        """The account's own address first, then the others, each with the account's name and signature for default."""
        written = table.get("identities", [])
        at = (*at, "identities")
        if not isinstance(written, list) or len(written) > MAX_IDENTITIES:
            count = f"at most {MAX_IDENTITIES} tables"
            self.say(at, f"expected {count} headed [[{dotted(at)}]], found {_found('', written)}")
            return ()
        own = IdentityConfig(
            account["address"], account.get("name", ""), account.get("signature", ""), account.get("signature_file")
        )
        found = {own.address.casefold(): own}
        for each in written:
            if not isinstance(each, dict):
                self.say(at, f"expected a table, found {_found('', each)}")
                continue
            values = self._settings(each, at, IDENTITY)
            if "address" not in values:
                continue
            if not {"signature", "signature_file"} & values.keys():
                values |= {"signature": own.signature, "signature_file": own.signature_file}
            found[values["address"].casefold()] = IdentityConfig(**{"name": own.name, **values})
        says_more = len(found) > 1 or own not in found.values() or own.signature or own.signature_file
        return tuple(found.values()) if says_more else ()

    def _receive(self, table: Values, at: Key, address: str) -> Receive | None:
        values = self._settings(table, at, RECEIVE)
        if "protocol" not in values:
            return None
        protocol: Protocol = values["protocol"]
        self._refuse_foreign(table, at, protocol)
        if protocol is Protocol.MAILDIR:
            if "path" not in table:
                self._missing(at, settings_of(RECEIVE)["path"])
            return Receive(protocol=protocol, path=values.get("path"))
        if "host" not in table:
            self._missing(at, settings_of(RECEIVE)["host"])
        security = self._security(values, at)
        self._check_token(values, at)
        return Receive(
            protocol=protocol,
            host=values.get("host", ""),
            port=values.get("port") or default_port(protocol, security),
            security=security,
            user=values.get("user", address),
            auth=values.get("auth", AuthKind.PASSWORD),
            password_command=values.get("password_command", ()),
            ca_file=values.get("ca_file"),
            offline_days=values.get("offline", 30),
            subscribed_only=values.get("subscribed_only", False),
            keep_on_server_days=values.get("keep_on_server"),
            limit_octets=values.get("limit", POP3_LIMIT_OCTETS),
            quarantine=values.get("quarantine", protocol is Protocol.POP3),
            token_command=values.get("token_command", ()),
        )

    def _send(self, table: Values, at: Key, receive: Receive | None) -> Send | None:
        values = self._settings(table, at, SEND)
        if "host" not in values:
            return None
        security = self._security(values, at)
        inherited = {"auth": receive.auth, "token_command": receive.token_command} if receive else {}
        self._check_token(inherited | values, at)
        return Send(
            host=values["host"],
            port=values.get("port") or default_port("smtp", security),
            security=security,
            fallback_ports=values.get("fallback_ports", ()),
            user=values.get("user", receive.user if receive else ""),
            auth=values.get("auth", receive.auth if receive else AuthKind.PASSWORD),
            password_command=values.get("password_command", receive.password_command if receive else ()),
            ca_file=values.get("ca_file", receive.ca_file if receive else None),
            token_command=values.get("token_command", receive.token_command if receive else ()),
            save_sent=values.get("save_sent", SaveSent.AUTO),
        )

    def _check_token(self, values: Values, at: Key) -> None:
        if values.get("auth") is AuthKind.OAUTH2 and not values.get("token_command"):
            self._missing(at, settings_of(RECEIVE)["token_command"])

    def _security(self, values: Values, at: Key) -> Security:
        security: Security = values.get("security", default_security(values.get("port")))
        if security is Security.NONE and "host" in values and not is_loopback(values["host"]):
            self.say(
                (*at, "security"),
                'expected "tls" or "starttls", found "none", which is for this machine only (localhost, 127.0.0.1)',
            )
        return security

    def _settings(self, table: Values, at: Key, scope: str, *, subtables: tuple[str, ...] = ()) -> Values:
        """The settings that are there and right, by the names of the scope."""
        settings = settings_of(scope)
        self._refuse_unknown(table, at, (*settings, *subtables))
        values: Values = {}
        for setting in settings.values():
            if setting.name in table:
                read = self._value((*at, setting.name), setting.kind.expected, setting.kind.read, table[setting.name])
                if read is not _WRONG:
                    values[setting.name] = read
            elif setting.required:
                self._missing(at, setting)
        return values

    def _value(self, key: Key, expected: str, read: Callable[[object], object], value: object) -> object:
        try:
            return read(value)
        except ValueError:
            self.say(key, f"expected {expected}, found {_found(key[-1], value)}")
            return _WRONG

    def _table(self, parent: Values, at: Key, name: str) -> Values:
        value = parent.get(name, {})
        if isinstance(value, dict):
            return value
        self.say((*at, name), f"expected a table, found {_found(name, value)}")
        return {}

    def _missing(self, at: Key, setting: Setting) -> None:
        self.say((*at, setting.name), f"expected {setting.kind.expected}, found nothing")

    def _refuse_foreign(self, table: Values, at: Key, protocol: Protocol) -> None:
        for setting in settings_of(RECEIVE).values():
            if setting.name in table and setting.protocols and protocol not in setting.protocols:
                names = " and ".join(setting.protocols)
                self.say((*at, setting.name), f'has a meaning for {names} only, found it beside protocol "{protocol}"')

    def _refuse_unknown(self, table: Values, at: Key, known: Iterable[str]) -> None:
        names = list(known)
        for name in table:
            if name not in names and not is_secret_key(name):
                self.say((*at, name), "no such key" + _did_you_mean(name, names, at))


def _flattened(table: Values) -> Iterator[tuple[str, object]]:
    """`message.star` is one id, also where TOML makes a table in a table of it."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


class _Wrong:
    """Stands for a value that was refused; None is a good value."""


_WRONG = _Wrong()


def is_secret_key(name: str) -> bool:
    """Whether a key is named like a place for a secret."""
    return name.lower().replace("-", "_") in ("password", "passwd", "pass", "passphrase", "secret", "token", "pwd")


def account_name_fault(name: str) -> str:
    """What is wrong with the name of an account, or an empty string.

    It names a directory and is typed in commands, so it has to be tame.
    """
    good = all(char.isalnum() or char in "-_.@+" for char in name)
    if good and 0 < len(name) <= MAX_NAME_LENGTH and name[0].isalnum():
        return ""
    return f'expected at most {MAX_NAME_LENGTH} letters, digits and "-_.@+", with a letter or digit first'


def _found(name: str, value: object) -> str:
    """A wrong value in words; its kind only where it could hold a secret or be long."""
    secret = "command" in name or is_secret_key(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "text" if secret else json.dumps(value if len(value) <= 60 else value[:60] + "…", ensure_ascii=True)
    if isinstance(value, (int, float)):
        return str(value)[:40] if not isinstance(value, int) or abs(value) < 10**30 else "a huge number"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "a table" if isinstance(value, dict) else "a date or time"


def _did_you_mean(name: str, known: list[str], at: Key) -> str:
    import difflib  # deferred: 4 ms, only for mistakes

    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    scope = ".".join(("accounts", "NAME", *at[2:]) if at[:1] == ("accounts",) and len(at) > 1 else at)
    places = [setting.key for setting in CONFIG_TABLE if setting.name == name and setting.scope != scope]
    if places:
        return f"; it belongs in [{places[0].rpartition('.')[0]}]"
    return f"; expected one of: {', '.join(known)}"


def dotted(key: Key) -> str:
    """A key as TOML writes it, escaped for a terminal."""
    return ".".join(part if _is_bare(part) else json.dumps(part, ensure_ascii=True) for part in key)


def _is_bare(part: str) -> bool:
    return bool(part) and part.isascii() and all(char.isalnum() or char in "-_" for char in part)


def key_lines(text: str) -> dict[Key, int]:
    """The line of each key, from 1, by a plain scan.

    It knows tables and keys, not text over several lines: a help for the eye, so a wrong
    guess there does no harm.
    """
    lines: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = _split_key(stripped.strip("[").partition("]")[0])
            key = table
        else:
            name, equals, _ = stripped.partition("=")
            if not equals or stripped.startswith("#"):
                continue
            key = (*table, *_split_key(name))
        for length in range(1, len(key) + 1):
            lines.setdefault(key[:length], number)
    return lines


def _split_key(written: str) -> Key:
    """`a."b.c"` is two parts."""
    parts: list[str] = []
    part, quote = "", ""
    for char in written.strip():
        if quote:
            part, quote = (part, "") if char == quote else (part + char, quote)
        elif char in "\"'":
            quote = char
        elif char == ".":
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return (*parts, part.strip())
