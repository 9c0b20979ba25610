"""Who a person writes as: addresses of the configuration, and what stands below the text.

What must not live here: which address a reply comes from (`mime.writing.answers` decides that).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from tuimail.config import AccountConfig, Config, IdentityConfig
from tuimail.errors import ConfigError, UsageError
from tuimail.mime.clean import clean_text
from tuimail.mime.writing.answers import Identity, Mine
from tuimail.mime.writing.flowing import SIGNATURE_MARK, plain_text
from tuimail.mime.writing.typed import entries
from tuimail.model import AccountName

MAX_SIGNATURE_OCTETS = 16 * 1024


class Sender(NamedTuple):
    """One identity that can be chosen."""

    account: AccountName
    address: str
    name: str
    header: str
    """`Ada Byron <ada@example.org>`, as it stands in From."""


def identities(config: Config) -> list[Sender]:
    """Everybody that can stand in From: of accounts that can send first, then the others; in the file's order."""
    accounts = sorted(config.accounts.values(), key=lambda account: account.send is None)
    return [
        Sender(account.name, each.address, each.name, Identity(each.address, each.name).shown)
        for account in accounts
        for each in account.senders
    ]


def account_of(config: Config, name: AccountName | None) -> AccountConfig:
    """The account to write with: the one that is named, else the first that can send. Raises UsageError."""
    if name is not None and name in config.accounts:
        return config.accounts[name]
    accounts = sorted(config.accounts.values(), key=lambda account: account.send is None)
    if not accounts:
        raise UsageError("There is no account to write with.", "Set one up with `tuimail account add`.")
    return accounts[0]


def mine_of(account: AccountConfig) -> Mine:
    """The addresses of one account's person."""
    return Mine([Identity(each.address, each.name) for each in account.senders], account.aliases)


def everyone_of_mine(config: Config) -> Mine:
    """The addresses of all accounts. Raises UsageError when there is no account."""
    found = [Identity(each.address, each.name) for each in identities(config)]
    if not found:
        raise UsageError("There is no account to write with.", "Set one up with `tuimail account add`.")
    return Mine(found, [alias for account in config.accounts.values() for alias in account.aliases])


def signature(config: Config, account: AccountName, from_: str) -> str:
    """What stands below a text from this identity, its mark included; empty for none.

    Raises ConfigError when the file that holds it cannot be read.
    """
    if account not in config.accounts:
        return ""
    told = config.accounts[account]
    found = entries(from_)
    identity = mine_of(told).base(found[0].address) if found else None
    chosen = next(
        (each for each in told.senders if identity and each.address == identity.address),
        told.senders[0],
    )
    text = clean_text(plain_text(_text_of(chosen))).strip("\n")
    return f"{SIGNATURE_MARK}\n{text}\n" if text.strip() else ""


def with_signature(body: str, text: str) -> str:
    """The body with a signature below it."""
    return f"{body.rstrip(chr(10))}\n\n{text}" if text else body


def sign(body: str, old: str, new: str) -> str:
    """The body with another signature; one that was edited by hand is left as it is."""
    if not old:
        return with_signature(body, new)
    at = body.rfind(old.rstrip("\n"))
    if at < 0 or (at and body[at - 1] != "\n"):
        return body
    rest = body[at + len(old.rstrip("\n")) :]
    if rest and not rest.startswith("\n"):
        return body
    before = body[:at]
    return (before + new.rstrip("\n") + rest) if new else before.rstrip("\n") + "\n" + rest.lstrip("\n")


def _text_of(identity: IdentityConfig) -> str:
    file = identity.signature_file
    if file is None:
        return identity.signature
    try:
        return _small_file(file).decode("utf-8", "replace")
    except OSError as exc:
        raise ConfigError(
            f"The signature {file} cannot be read: {exc.strerror or exc}.", "Correct signature_file, or take it out."
        ) from exc


def _small_file(file: Path) -> bytes:
    # Not blocking: a pipe in its place must not stop the program.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no file")
        return stream.read(MAX_SIGNATURE_OCTETS)
