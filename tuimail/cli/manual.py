"""The table of commands as a man page: `python -m tuimail.cli.manual > docs/tuimail.1`.

A small writer of roff with the man macros (man(7)); it has no date, so that the same
table always gives the same page.
"""

from __future__ import annotations

from collections.abc import Iterable

from tuimail.cli.commands import EXIT_CODES, GLOBAL_ARGUMENTS, JSON_ARGUMENT, Argument, Command, leaves

FILES = (
    ("$XDG_CONFIG_HOME/tuimail/config.toml", "The configuration; usually below ~/.config. Never holds a password."),
    ("$XDG_CONFIG_HOME/tuimail/themes/", "Themes of your own."),
    ("$XDG_DATA_HOME/tuimail/", "Mail, usually below ~/.local/share: mail.db, and parts.db, a cache."),
    ("$XDG_STATE_HOME/tuimail/", "Logs, usually below ~/.local/state. They hold no mail and no passwords."),
)
ENVIRONMENT = (
    ("NO_COLOR", "When set and not empty, nothing is coloured."),
    ("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "Where directories are, by the XDG standard."),
)


def man_page() -> str:
    """The whole of `docs/tuimail.1`."""
    lines = [
        '.\\" Made from tuimail/cli/commands.py by `python -m tuimail.cli.manual > docs/tuimail.1`; do not edit.',
        '.TH TUIMAIL 1 "" "tuimail" "User Commands"',
        ".SH NAME",
        "tuimail \\- a mail client for the terminal",
        ".SH SYNOPSIS",
        ".B tuimail",
        "[\\fB\\-\\-demo\\fR] [\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-data\\-dir\\fR \\fIDIR\\fR]",
        "[\\fIMAILTO-LINK\\fR]",
        ".br",
        ".B tuimail",
        "\\fICOMMAND\\fR [\\fIARGUMENT\\fR ...]",
        ".SH DESCRIPTION",
        _text("tuimail reads mail in the terminal: folders, messages and reader side by side, steered by keyboard or "
              "mouse, and readable without a network. Without a command it opens this screen; with a mailto: link it "
              "opens it on a new message, in which all that the link says can be seen before anything is sent. The "
              "commands do the same work from scripts."),
        ".SH OPTIONS",
        *_entry("--demo", "Open the screen on a sample mailbox, in a directory that is thrown away afterwards. No "
                "account is needed."),
        *_arguments(GLOBAL_ARGUMENTS),
        *_entry("--version", "Print the version."),
        *_entry("--help", "Print help; after a command, its own."),
        ".SH COMMANDS",
    ]  # fmt: skip
    for name, command in leaves():
        lines += _command(name, command)
    lines += [".SH EXIT STATUS"]
    for code, meaning in EXIT_CODES:
        lines += [".TP", f".B {code}", _text(meaning[:1].upper() + meaning[1:] + ".")]
    for title, entries in (("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT)):
        lines += [f".SH {title}"]
        for name, meaning in entries:
            lines += [".TP", f".I {_escaped(name)}", _text(meaning)]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Command) -> list[str]:
    usage = " ".join(_usage(argument) for argument in command.arguments)
    lines = [f'.SS "tuimail {_escaped(name)}"', f"\\fBtuimail {_escaped(name)}\\fR {usage}".rstrip(), ".PP"]
    lines.append(_text(command.description))
    lines += _arguments([*command.arguments, *([JSON_ARGUMENT] if command.has_json else [])])
    for example in command.examples:
        lines += [".PP", _text(example.meaning[:1].upper() + example.meaning[1:] + ":"), ".PP", ".RS 4", ".nf"]
        lines += [_escaped(example.line), ".fi", ".RE"]
    return lines


def _arguments(arguments: Iterable[Argument]) -> list[str]:
    lines: list[str] = []
    for argument in arguments:
        lines += [".TP", _words(argument), _text(argument.help[:1].upper() + argument.help[1:] + ".")]
    return lines


def _entry(name: str, meaning: str) -> list[str]:
    return [".TP", f"\\fB{_escaped(name)}\\fR", _text(meaning)]


def _words(argument: Argument) -> str:
    value = argument.options.get("metavar", "")
    if argument.names[0].startswith("-"):
        return f"\\fB{_escaped(argument.names[0])}\\fR" + (f" \\fI{_escaped(value)}\\fR" if value else "")
    return f"\\fI{_escaped(value)}\\fR"


def _usage(argument: Argument) -> str:
    words = _words(argument)
    if argument.names[0].startswith("-") or argument.options.get("nargs") == "?":
        return f"[{words}]"
    return f"{words} ..." if argument.options.get("nargs") == "+" else words


def _text(text: str) -> str:
    escaped = _escaped(text)
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


if __name__ == "__main__":
    print(man_page(), end="")
