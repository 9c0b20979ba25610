"""argparse, made from the table of commands.

Mistakes are said in one sentence with the way to the right help, and exit with 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import tuimail
from tuimail.cli.commands import COMMANDS, EXIT_CODES, GLOBAL_ARGUMENTS, JSON_ARGUMENT, Argument, Command, leaves
from tuimail.cli.output import nearest
from tuimail.mime.clean import clean_line

CLEAR = "\0"
"""Stands before a flag to clear: argparse would take `-seen` for an option. No argument can hold a NUL."""


class Parser(argparse.ArgumentParser):
    """Says its mistakes as the rest of the program does."""

    def error(self, message: str) -> NoReturn:
        """One sentence, what to do, exit code 2."""
        sentence = clean_line(_sentence(message.replace(CLEAR, "-")))
        self.exit(2, f"tuimail: {sentence}\n`{self.prog} --help` shows what is possible.\n")


def build(*, briefly: bool = False) -> Parser:
    """The whole parser. `briefly`: each command has the few words of the table, as shells show them."""
    parser = Parser(
        prog="tuimail",
        description="A mail client for the terminal. Without a command it opens the screen; a mailto: link, as the "
        "last word, opens it on a new message.",
        epilog="Exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES) + ".",
        allow_abbrev=False,
    )
    _add(parser, Argument(("--version",), "print the version", {"action": "version", "version": tuimail.__version__}))
    demo = "open the screen on a sample mailbox; no account is needed"
    _add(parser, Argument(("--demo",), demo, {"action": "store_true"}))
    for argument in GLOBAL_ARGUMENTS:
        _add(parser, argument)
    below = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for command in COMMANDS:
        _add_command(below, command, briefly=briefly)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options of a command line; exits with 2 and a sentence when it makes no sense."""
    return build().parse_args(_with_clearing_marked(argv))


def _add_command(
    below: Any, command: Command, above: frozenset[str] = frozenset(), *, briefly: bool = False
) -> None:
    """Any: argparse has no public name for this class. `above`: options that the command it belongs to knows, too."""
    parser = below.add_parser(
        command.name,
        help=command.summary,
        description=command.description,
        epilog=_examples(command),
        formatter_class=argparse.RawDescriptionHelpFormatter if command.examples else argparse.HelpFormatter,
        allow_abbrev=False,
    )
    if briefly:
        parser.description = command.summary
    elif command.examples:
        parser.description = _wrapped(command.description)
    if command.commands:
        required = not command.run
        further = parser.add_subparsers(dest="subcommand", metavar="COMMAND", title="commands", required=required)
        for each in command.commands:
            known = frozenset(name for own in command.arguments for name in own.names)
            _add_command(further, each, known, briefly=briefly)
        if required:
            return
    parser.set_defaults(run=command.run)
    groups: dict[str, Any] = {}  # Any: as above
    for argument in command.arguments:
        group = argument.options.get("group")
        if group and group not in groups:
            required = bool(argument.options.get("group_required"))
            groups[group] = parser.add_mutually_exclusive_group(required=required)
        # What was said before the subcommand counts, unless it is said again after it.
        more = {"default": argparse.SUPPRESS} if above & set(argument.names) else {}
        _add(groups[group] if group else parser, argument, **more)
    if command.has_json:
        _add(parser, JSON_ARGUMENT)
    for argument in GLOBAL_ARGUMENTS:
        _add(parser, argument, default=argparse.SUPPRESS)


def _add(parser: Any, argument: Argument, **more: object) -> None:  # Any: parsers and groups alike
    ours = ("group", "group_required")
    options: dict[str, Any] = {name: value for name, value in argument.options.items() if name not in ours}
    if "type" in options:
        options["type"] = TYPES[options["type"]]
    action = parser.add_argument(*argument.names, help=argument.help, **options, **more)
    if argument.complete:
        action.complete = dict(argument.complete)


def _examples(command: Command) -> str | None:
    if not command.examples:
        return None
    return "examples:\n" + "\n".join(f"  {example.line}\n      {example.meaning}" for example in command.examples)


def _wrapped(text: str) -> str:
    import textwrap  # deferred: argparse brings it for help alone

    return textwrap.fill(text, 78)


def _with_clearing_marked(argv: Sequence[str]) -> list[str]:
    """`tuimail flag 17 -seen`, `tuimail search lunch -work`: words of one dash are no options, after those names."""
    marked = list(argv)
    first = next((at for at, word in enumerate(marked) if word in ("flag", "search")), len(marked))
    for at in range(first + 1, len(marked)):
        word = marked[at]
        if word == "--":
            break
        if len(word) > 1 and word[0] == "-" and word[1] != "-" and word != "-h":
            marked[at] = CLEAR + word[1:]
    return marked


def _sentence(message: str) -> str:
    """argparse's words as a sentence; a wrong command gets the nearest ones."""
    if message.startswith("argument COMMAND: invalid choice: "):
        wrong = message.partition("invalid choice: ")[2].partition(" (choose")[0].strip("'\"")
        names = [name for name, _ in leaves()]
        return f"There is no command {wrong}. {nearest(wrong, names)}".rstrip()
    message = message.removeprefix("argument ")
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?")) else ".")


def _id(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < len(text) <= 18 and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not the number of a message; `tuimail list` prints them")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < len(text) <= 7 and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 9999999")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")


def _held(text: str) -> tuple[int, str]:
    envelope_id, _, section = text.partition(":")
    steps = section.split(".")
    if all(step.isascii() and step.isdigit() and len(step) <= 4 for step in steps) and len(steps) <= 60:
        return _id(envelope_id), section
    raise argparse.ArgumentTypeError(
        f"{text!r} is no held attachment, such as 17:2; `tuimail quarantine list` prints them"
    )


def _part(text: str) -> tuple[int, str]:
    """A message and the part that was named with it, if one was."""
    return _held(text) if ":" in text else (_id(text), "")


TYPES: Mapping[str, Callable[[str], object]] = {
    "id": _id, "count": _count, "port": _port, "held": _held, "part": _part,
}  # fmt: skip


def message_id(text: str) -> int | None:
    """The number of a message, or None; for commands that mix it with other words."""
    try:
        return _id(text)
    except argparse.ArgumentTypeError:
        return None


