"""config.toml and the values it becomes.

    values     what the rest of the program sees; every default filled in
    table      which keys there are: feeds the reader and docs/configuration.md
    reading    TOML -> values, with all mistakes at once
    editing    adds and removes accounts, comments kept
    reference  table -> docs/configuration.md

Importing this package reads nothing and costs little: no TOML library is loaded before
there is a file to read.
"""

from tuimail.config.editing import ConfigEditor
from tuimail.config.reading import load, parse
from tuimail.config.table import CONFIG_TABLE, Setting
from tuimail.config.values import (
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

__all__ = [
    "CONFIG_TABLE",
    "AccountConfig",
    "AuthKind",
    "ComposeConfig",
    "Config",
    "ConfigEditor",
    "IdentityConfig",
    "Protocol",
    "Receive",
    "SaveSent",
    "Security",
    "Send",
    "Setting",
    "UiConfig",
    "default_port",
    "default_security",
    "is_loopback",
    "load",
    "parse",
]
