"""What every command is handed: its options, the places, the configuration, the store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tuimail.cli.output import Printer, nearest
from tuimail.config import AccountConfig, Config, load
from tuimail.errors import ConfigError, NotDownloaded, UsageError
from tuimail.model import AccountName
from tuimail.paths import Paths

if TYPE_CHECKING:
    from tuimail.store import Store

HOW_TO_BEGIN = "Set one up with `tuimail account add`, or look around with `tuimail --demo`."


@dataclass(slots=True)
class Cli:
    """One run of the command line."""

    options: argparse.Namespace
    paths: Paths
    out: Printer
    environ: Mapping[str, str]
    _config: Config | None = field(default=None)

    @property
    def config(self) -> Config:
        """The configuration, read once; raises ConfigError."""
        if self._config is None:
            self._config = load(self.paths.config_file)
        return self._config

    def forget_config(self) -> None:
        """Read it again next time."""
        self._config = None

    def some_config(self) -> Config:
        """The configuration; raises ConfigError when it names no account."""
        if not self.config.accounts:
            raise ConfigError("There is no account yet.", HOW_TO_BEGIN)
        return self.config

    def account(self, name: str) -> AccountConfig:
        """An account by its name or address; raises UsageError with the nearest ones."""
        found = self.some_config().accounts.get(AccountName(name))
        if found:
            return found
        for account in self.config.accounts.values():
            if name.casefold() in (account.name.casefold(), account.address.casefold()):
                return account
        raise UsageError(f"There is no account {name}.", nearest(name, self.config.accounts))

    def store(self, *, write: bool = False) -> Store:
        """The store, opened; raises NotDownloaded while there is none."""
        from tuimail.store import Store  # deferred: 12 ms that commands without mail do not pay

        if not write and not self.paths.has_store:
            self.some_config()
            raise NotDownloaded("No mail is here yet.", "Fetch it with `tuimail sync`, or just start `tuimail`.")
        return Store.open(self.paths, write=write)

    @property
    def is_asked(self) -> bool:
        """Whether a person sits there and can answer."""
        return sys.stdin is not None and sys.stdin.isatty() and self.out.errors_are_seen


def one_of(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant: exactly, else whatever its case."""
    names = list(known)
    if name in names:
        return name
    return next((each for each in names if each.casefold() == name.casefold()), None)
