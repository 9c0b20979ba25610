"""A person's own editor: which it is, the file that it is given, and what came of it.

What lives here: argv, a private file, and reading it back. What must not: a shell, and
the terminal, which the caller gives away while the editor runs. Whatever goes wrong, the
text in the composer stays as it was, and what the editor wrote is not thrown away.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuimail.errors import UsageError

MAX_OCTETS = 5_000_000
_CANDIDATES = ("sensible-editor", "editor", "nano", "vim", "vi")
FILE_NAME = "message.txt"


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of it."""

    text: str | None
    """None: nothing to take over."""
    sentence: str = ""
    """What a person must be told; empty when all went well."""


def editor_argv(
    environ: Mapping[str, str], wish: Sequence[str] = (), which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """The command of the editor: the configuration's, `$VISUAL`, `$EDITOR`, else one that is there.

    Raises UsageError when a wish cannot be used, or nothing is there.
    """
    if wish:
        return _usable(list(wish), "The editor of the configuration", which)
    for name in ("VISUAL", "EDITOR"):
        value = environ.get(name, "").strip()
        if value:
            try:
                argv = shlex.split(value)
            except ValueError as exc:
                raise UsageError(f"${name} cannot be read: its quotes do not match.", f"Correct ${name}.") from exc
            return _usable(argv, f"${name}", which)
    for name in _CANDIDATES:
        if which(name):
            return [name]
    raise UsageError("No editor was found.", "Set EDITOR to the one you like.")


def _usable(argv: list[str], source: str, which: Callable[[str], str | None]) -> list[str]:
    if argv and which(argv[0]):
        return argv
    raise UsageError(f"{source} names an editor that is not there: {argv[0] if argv else 'nothing'}.", "Correct it.")


def edit(
    text: str,
    argv: Sequence[str],
    folder: Path,
    run: Callable[[Sequence[str]], int] | None = None,
) -> Edited:
    """Let a person edit `text` in a file of its own; blocks until the editor ends.

    `folder` is a private directory; below it the file lies in one of its own (0700), and is itself 0600.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = Path(tempfile.mkdtemp(prefix="draft-", dir=folder))  # 0700
        file = place / FILE_NAME
        with open(file, "w", encoding="utf-8", errors="replace", opener=_private, newline="\n") as stream:
            stream.write(text)
    except OSError as exc:
        return Edited(None, f"The text could not be given to the editor: {exc.strerror or exc}.")
    edited, keep = _run(text, argv, file, run or _call)
    if not keep:
        shutil.rmtree(place, ignore_errors=True)
    return edited


def _run(text: str, argv: Sequence[str], file: Path, run: Callable[[Sequence[str]], int]) -> tuple[Edited, bool]:
    """What came of it, and whether the file must be kept."""
    try:
        code = run([*argv, str(file)])
    except OSError as exc:
        return Edited(None, f"The editor did not start: {exc.strerror or exc}."), False
    written, trouble = _read_back(file)
    if written is None:
        return Edited(None, f"{trouble} The text is as it was."), trouble.startswith("The editor wrote")
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if written == text:
            return Edited(None, f"The editor {how}; the text is as it was."), False
        return Edited(None, f"The editor {how}; the text is as it was, what it wrote is in {file}."), True
    return Edited(None if written == text else written), False


def _read_back(file: Path) -> tuple[str | None, str]:
    """The text of the file, or None and why not."""
    try:
        with open(file, "rb", opener=_no_link) as stream:
            octets = stream.read(MAX_OCTETS + 1)
    except FileNotFoundError:
        return None, "The editor deleted its file."
    except OSError as exc:
        return None, f"What the editor wrote cannot be read: {exc.strerror or exc}."
    if len(octets) > MAX_OCTETS:
        return None, f"The editor wrote more than {MAX_OCTETS // 1_000_000} MB, which stay in {file}."
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = octets.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n"), ""


def _call(argv: Sequence[str]) -> int:
    return subprocess.run(list(argv), check=False).returncode


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
