"""From argv to an exit code: choose the command, run it, say what went wrong.

The last word about every error is said here: one sentence and what to do, never a
traceback. What nobody foresaw is written to a log, without the values of variables.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from tuimail.errors import ConfigError, MailError, UsageError
from tuimail.paths import Paths, make_private

OS_ADVICE = {
    errno.ENOSPC: "Make room on the disk, and try again.",
    errno.EDQUOT: "Make room on the disk, and try again.",
    errno.EROFS: "The file system is read-only; choose another place.",
    errno.EACCES: "Correct the permissions, or choose another place.",
    errno.EPERM: "Correct the permissions, or choose another place.",
    errno.EIO: "The disk or the terminal fails; look at the system's log.",
}
DONE, FAILED, USAGE, CONFIG, INTERRUPTED = 0, 1, 2, 3, 130


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line; the exit code."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows ?, and nothing fails
    if not argv:
        from tuimail.cli.opening import open_screen  # the screen needs no argparse: 15 ms

        paths = Paths.from_environment(environ)
        return guarded(lambda: open_screen(paths, environ), paths)
    from tuimail.cli.parser import parse  # deferred with argparse, see above

    link = argv[-1] if argv[-1][:7].lower() == "mailto:" else ""
    options = parse(argv[:-1] if link else argv)
    paths = Paths.from_environment(environ, data_dir=options.data_dir, config=options.config)
    return guarded(lambda: _dispatch(options, paths, environ, link), paths)


def _dispatch(options: object, paths: Paths, environ: Mapping[str, str], link: str) -> int:
    import argparse  # deferred: only when there were words

    assert isinstance(options, argparse.Namespace)  # noqa: S101 - for the type checker
    if link:
        if options.command is not None:
            raise UsageError("A mailto: link opens the composer, so it takes no command.", "Leave one of both out.")
        from tuimail.mime.writing.mailto import parse_mailto  # deferred: only for a link

        parse_mailto(link)  # before the screen is taken
    if options.demo and options.command is None:
        from tuimail.cli.demo import open_demo  # deferred: subprocess, 9 ms

        return open_demo(environ, mailto=link)
    if options.demo:
        raise UsageError("--demo opens the screen, so it takes no command.", "Leave one of both out.")
    if options.command is None:
        from tuimail.cli.opening import open_screen  # deferred: as above

        return open_screen(paths, environ, mailto=link)
    from tuimail.cli.cli import Cli  # deferred: only commands that print need it
    from tuimail.cli.output import Printer

    printer = Printer(sys.stdout, sys.stderr, environ, as_json=getattr(options, "json", False))
    module, _, function = options.run.partition(":")
    command: Callable[[Cli], int] = getattr(importlib.import_module(f"tuimail.cli.{module}"), function)
    code = command(Cli(options, paths, printer, environ))
    sys.stdout.flush()
    return code


def guarded(work: Callable[[], int], paths: Paths) -> int:
    """Do the work; every error becomes a sentence and an exit code."""
    try:
        return work()
    except MailError as exc:
        _flush(sys.stdout)
        from tuimail.cli.output import report  # deferred: most runs have no error

        report(exc, sys.stderr)
        return CONFIG if isinstance(exc, ConfigError) else USAGE if isinstance(exc, UsageError) else FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()  # whoever read this has seen enough
        return DONE
    except OSError as exc:
        advice = OS_ADVICE.get(exc.errno or 0)
        what = f"{exc.strerror or exc}" + (f": {exc.filename}" if exc.filename else "")
        return _failed(what, advice) if advice else _unforeseen(exc, paths, what)
    except Exception as exc:  # noqa: BLE001 - the top of the program
        return _unforeseen(exc, paths, "something that should not happen did")


def _unforeseen(exc: Exception, paths: Paths, what: str) -> int:
    import traceback  # deferred: never needed, one hopes

    log = paths.state / "cli.log"
    try:
        make_private(paths.state)
        with open(log, "a", encoding="utf-8", opener=_private) as stream:
            stream.write("".join(traceback.format_exception(exc)) + "\n")
        advice = f"What happened is written in {log}; please report it."
    except (OSError, MailError):
        advice = f"It was a {type(exc).__name__}, and no log could be written to {log}."
    return _failed(what, advice)


def _failed(what: str, advice: str) -> int:
    from tuimail.cli.output import report  # deferred: as above

    _flush(sys.stdout)
    report(MailError(f"This failed: {what}.", advice), sys.stderr)
    return FAILED


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _flush(stream: TextIO) -> None:
    """Write what was printed before the error, where that is possible."""
    try:
        stream.flush()
    except OSError:
        _give_up_stdout()


def _give_up_stdout() -> None:
    """What is still to be written goes nowhere, so that Python has nothing to complain about at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
