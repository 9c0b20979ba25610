"""The table of settings as `docs/configuration.md`: `python -m tuimail.config.reference > docs/configuration.md`."""

from __future__ import annotations

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
)

SECTIONS = (
    (UI, "How the screen looks and listens."),
    (KEYS, 'Keys of single actions, over the keymap. [Keys](keys.md) has all ids: `"message.star" = "f2"`.'),
    (ACCOUNT, "One table for each account. NAME is yours to choose: it is typed in commands and names a directory."),
    (IDENTITY, "Further addresses to write from: one table for each, written `[[accounts.NAME.identities]]`."),
    (RECEIVE, "Where the account's mail comes from."),
    (SEND, "How the account sends. Leave the table out for an account that only receives."),
    (COMPOSE, "How messages are written."),
    (SECURITY, "What looks into attachments beside tuimail itself."),
)

EXAMPLE = """\
[ui]
theme = "tuimail-dark"

[ui.keys]
"message.star" = ["s", "f2"]

[accounts.work]
address = "ada@example.org"
name = "Ada Byron"

[[accounts.work.identities]]
address = "countess@example.net"
signature = "Ada, Countess of Lovelace"

[accounts.work.receive]
protocol = "imap"
host = "imap.example.org"
password_command = ["pass", "show", "mail/ada"]
offline = "30d"

[accounts.work.send]
host = "smtp.example.org"
port = 587
security = "starttls"

[compose]
vcard_dir = "~/contacts"
"""

HEAD = """\
# Configuration

<!-- Made from tuimail/config/table.py by `python -m tuimail.config.reference > docs/configuration.md`; do not edit. -->

tuimail reads `$XDG_CONFIG_HOME/tuimail/config.toml` (usually `~/.config/tuimail/config.toml`), or the file that
`--config` names. The format is [TOML](https://toml.io). `tuimail account add` and `account remove` write it and keep
your comments; everything else is edited by hand. A key that is not in this reference is a mistake, and all mistakes are
told at once, with their lines.

Passwords never stand in this file. They come from `password_command`, or from the keyring of the system (service
`tuimail:imap:HOST` and the login name), or you are asked in each run. A file that names a command
(`password_command`, `token_command`, `editor`, `address_book_command`) must not be writable by others, because whoever
can write it could run commands as you.

An example:

```toml
"""


def configuration_markdown() -> str:
    """The whole of `docs/configuration.md`."""
    lines = [HEAD + EXAMPLE + "```", ""]
    for scope, about in SECTIONS:
        lines += [f"## [{scope}]", "", about, ""]
        for setting in CONFIG_TABLE:
            if setting.scope == scope:
                lines += [_entry(setting), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _entry(setting: Setting) -> str:
    default = "required" if setting.required else f"default: {setting.default}" if setting.default else ""
    facts = [setting.kind.expected, default]
    if len(setting.protocols) == 1:
        facts.append(f"{' and '.join(setting.protocols)} only")
    return f"`{setting.name}` — {'; '.join(fact for fact in facts if fact)}.  \n{setting.description}"


if __name__ == "__main__":
    print(configuration_markdown(), end="")
