"""Asking a person who sits at the terminal."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Sequence

from tuimail.cli.output import Printer
from tuimail.errors import UsageError


class Questions:
    """Asks one thing after the other; raises UsageError when the input ends."""

    def __init__(
        self,
        out: Printer,
        *,
        read_line: Callable[[str], str] = input,
        read_secret: Callable[[str], str] = getpass.getpass,
    ) -> None:
        self._out = out
        self._read_line = read_line
        self._read_secret = read_secret

    def text(self, question: str, default: str = "", *, fault: Callable[[str], str] = lambda _: "") -> str:
        """A line; the default when it is empty. `fault` says what is wrong with an answer, or nothing."""
        shown = f"{question} [{default}]: " if default else f"{question}: "
        while True:
            answer = self._line(shown).strip() or default
            wrong = fault(answer)
            if not wrong:
                return answer
            self._out.note(wrong)

    def secret(self, question: str) -> str:
        """A password, not shown."""
        try:
            return self._read_secret(f"{question}: ")
        except EOFError as exc:
            raise UsageError("The input ended before the password.", "Start again when you have it.") from exc

    def yes(self, question: str, *, default: bool) -> bool:
        """Yes or no."""
        shown = f"{question} [{'Y/n' if default else 'y/N'}] "
        while True:
            answer = self._line(shown).strip().casefold()
            if not answer:
                return default
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
            self._out.note("Please answer y or n.")

    def choice(self, question: str, answers: Sequence[tuple[str, str]]) -> str:
        """One of several (value, words); the first is the default."""
        for number, (_, words) in enumerate(answers, 1):
            self._out.note(f"  {number}  {words}")
        while True:
            answer = self._line(f"{question} [1]: ").strip() or "1"
            if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(answers):
                return answers[int(answer) - 1][0]
            self._out.note(f"Please answer with a number from 1 to {len(answers)}.")

    def _line(self, shown: str) -> str:
        try:
            return self._read_line(shown)
        except EOFError as exc:
            raise UsageError("The input ended before all was answered.", "Nothing was changed.") from exc


def password_from_stdin() -> str:
    """The first line of standard input, without its end; raises UsageError when it is empty."""
    octets = sys.stdin.buffer.readline(8192)
    try:
        secret = octets.decode().rstrip("\r\n")
    except UnicodeDecodeError as exc:
        raise UsageError("The password on standard input is not UTF-8.", "Give it in UTF-8.") from exc
    if not secret or "\0" in secret:
        raise UsageError("There is no password on standard input.", "Give it as the first line.")
    return secret
