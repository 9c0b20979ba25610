"""Adding and removing accounts in config.toml, with its comments and order kept.

The file is written whole, beside the old one, and put in its place in one step, 0600.
What would be written is read back first: a text that tuimail would refuse is never saved.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tuimail.config.reading import load, parse
from tuimail.config.values import (
    POP3_LIMIT_OCTETS,
    AccountConfig,
    AuthKind,
    Protocol,
    Receive,
    Security,
    Send,
    default_port,
    default_security,
)
from tuimail.errors import DiskFull, ReadOnly, UsageError
from tuimail.paths import make_private

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Plain = dict[str, str | int | bool | list[str] | list[int]]


class ConfigEditor:
    """Edits one config.toml. Each call reads, changes and saves it.

    Raises ConfigError when the file as it stands has mistakes: it is not made worse.
    """

    def __init__(self, file: Path) -> None:
        # A link, as people have who keep their configuration in a repository, stays a link.
        self._file = Path(os.path.realpath(file))
        self._named = file

    def add_account(self, account: AccountConfig, *, replace: bool = False) -> None:
        """Add an account at the end; raises UsageError when the name is taken."""
        import tomlkit  # deferred: 60 ms, only when the file is written

        document = self._document()
        accounts = document.setdefault("accounts", tomlkit.table(is_super_table=True))
        if account.name in accounts and not replace:
            raise UsageError(f"There is an account {account.name} already.", "Choose another name with --name.")
        table = tomlkit.table()
        for key, value in _account_keys(account).items():
            table.add(key, value)
        table.add("receive", _table(receive_keys(account.receive, account.address)))
        if account.send:
            table.add("send", _table(send_keys(account.send, account.receive)))
        accounts[account.name] = table
        self._save(tomlkit.dumps(document))

    def remove_account(self, name: str) -> None:
        """Remove an account; raises UsageError when there is none of this name."""
        import tomlkit  # deferred: 60 ms, only when the file is written

        document = self._document()
        accounts = document.get("accounts", {})
        if name not in accounts:
            raise UsageError(f"There is no account {name}.", "`tuimail account list` prints their names.")
        del accounts[name]
        self._save(tomlkit.dumps(document))

    def _document(self) -> TOMLDocument:
        import tomlkit  # deferred: 60 ms, only when the file is written

        load(self._named)
        try:
            return tomlkit.parse(self._file.read_text("utf-8-sig"))
        except FileNotFoundError:
            return tomlkit.parse("# tuimail: docs/configuration.md explains every key.\n")

    def _save(self, text: str) -> None:
        parse(text, self._named)
        try:
            if not self._file.parent.is_dir():
                make_private(self._file.parent)
            write_private(self._file, text.encode())
        except OSError as exc:
            if exc.errno in (28, 122):  # ENOSPC, EDQUOT
                sentence = f"{self._named} cannot be written: the disk is full."
                raise DiskFull(sentence, "Make room and try again.") from exc
            raise ReadOnly(
                f"{self._named} cannot be written: {exc.strerror or exc}.", "Name another file with --config."
            ) from exc


def write_private(file: Path, octets: bytes) -> None:
    """Replace a file in one step, 0600; the old one stays whole when this fails."""
    new = file.with_name(f".{file.name}.{os.urandom(4).hex()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(octets)
            stream.flush()
            os.fsync(descriptor)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _table(keys: Plain) -> object:
    import tomlkit  # deferred: 60 ms, only when the file is written

    table = tomlkit.table()
    for key, value in keys.items():
        table.add(key, value)
    return table


def _account_keys(account: AccountConfig) -> Plain:
    keys: Plain = {"address": account.address}
    if account.full_name:
        keys["name"] = account.full_name
    return keys


def receive_keys(receive: Receive, address: str) -> Plain:
    """What stands in `[accounts.NAME.receive]`; defaults are left out, but not what a person will look for."""
    keys: Plain = {"protocol": str(receive.protocol)}
    if receive.protocol is Protocol.MAILDIR:
        keys["path"] = str(receive.path)
        return keys
    keys |= _server_keys(receive.host, receive.port, receive.security, default_port(receive.protocol, receive.security))
    keys["user"] = receive.user or address
    if receive.auth is not AuthKind.PASSWORD:
        keys["auth"] = str(receive.auth)
    keys |= _secret_keys(receive.password_command, receive.token_command, receive.ca_file)
    if receive.protocol is Protocol.IMAP:
        if receive.offline_days != 30:
            keys["offline"] = _days(receive.offline_days, "none", "all")
        if receive.subscribed_only:
            keys["subscribed_only"] = True
    else:
        if receive.keep_on_server_days is not None:
            keys["keep_on_server"] = _days(receive.keep_on_server_days, "never", "always")
        if receive.limit_octets != POP3_LIMIT_OCTETS:
            keys["limit"] = _size(receive.limit_octets)
    if receive.quarantine is not (receive.protocol is Protocol.POP3):
        keys["quarantine"] = receive.quarantine
    return keys


def send_keys(send: Send, receive: Receive) -> Plain:
    """What stands in `[accounts.NAME.send]`; what `receive` says already is left out."""
    keys = _server_keys(send.host, send.port, send.security, default_port("smtp", send.security))
    if send.fallback_ports:
        keys["fallback_ports"] = list(send.fallback_ports)
    if send.user != receive.user:
        keys["user"] = send.user
    if send.auth is not receive.auth:
        keys["auth"] = str(send.auth)
    command = send.password_command if send.password_command != receive.password_command else ()
    token = send.token_command if send.token_command != receive.token_command else ()
    return keys | _secret_keys(command, token, send.ca_file if send.ca_file != receive.ca_file else None)


def _server_keys(host: str, port: int, security: Security, well_known: int) -> Plain:
    keys: Plain = {"host": host}
    if port != well_known:
        keys["port"] = port
    if port != well_known or security is not default_security(None):
        keys["security"] = str(security)
    return keys


def _secret_keys(command: tuple[str, ...], token: tuple[str, ...], ca_file: Path | None) -> Plain:
    keys: Plain = {}
    if command:
        keys["password_command"] = list(command)
    if token:
        keys["token_command"] = list(token)
    if ca_file:
        keys["ca_file"] = str(ca_file)
    return keys


def _size(octets: int) -> str:
    """As the reader takes it: whole kibibytes at least."""
    for unit, bits in (("G", 30), ("M", 20)):
        if octets % (1 << bits) == 0:
            return f"{octets >> bits}{unit}"
    return f"{octets >> 10}K"


def _days(days: int | None, nothing: str, everything: str) -> str:
    return everything if days is None else f"{days}d" if days else nothing
