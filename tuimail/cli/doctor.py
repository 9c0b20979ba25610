"""`doctor`: how things stand, and what is wrong. It changes nothing, unless it is asked to repair."""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tuimail
from tuimail import store as store_room
from tuimail.cli import passwords
from tuimail.cli.accounts import STATUS_WORDS
from tuimail.cli.cli import HOW_TO_BEGIN, Cli
from tuimail.cli.opening import terminal_size
from tuimail.cli.output import Cell, size_words
from tuimail.cli.repairing import rebuild_store, repair
from tuimail.cli.times import iso, local
from tuimail.engine.office import engine_runs
from tuimail.errors import Corrupt, MailError
from tuimail.mime.examining.risk import magic_version
from tuimail.model import AccountStatus

LITTLE_SPACE_OCTETS = 100_000_000
MOST_FILES = 2000
PACKAGES = ("textual", "imapclient", "keyring", "html2text", "selectolax", "python-magic", "tomlkit")


class Problem(NamedTuple):
    """One thing that is wrong, and what to do."""

    sentence: str
    advice: str = ""


def doctor(cli: Cli) -> int:
    """Print how things stand; 1 when something is wrong."""
    problems: list[Problem] = []
    repaired = repair(cli) if cli.options.repair else rebuild_store(cli) if cli.options.rebuild else []
    facts: dict[str, dict[str, object]] = {
        "versions": _versions(problems),
        "places": _places(cli, problems),
        "terminal": _terminal(cli),
        "engine": {"running": engine_runs(cli.paths), "log": str(cli.paths.log_file)},
        "keyring": {"backend": passwords.keyring_name() or "none"},
        "accounts": _accounts(cli, problems),
        "store": _store(cli, problems),
    }
    problems += _permissions(cli)
    if cli.out.as_json:
        told = [{"sentence": problem.sentence, "advice": problem.advice} for problem in problems]
        cli.out.json({**facts, "repaired": repaired, "problems": told})
        return 1 if problems else 0
    for title, values in facts.items():
        cli.out.line(Cell(title.capitalize(), "bold"))
        for name, value in values.items():
            cli.out.line(f"  {name:<14} {_words(value)}")
    cli.out.line()
    for sentence in repaired:
        cli.out.line(Cell("+ ", "good"), sentence)
    for problem in problems:
        cli.out.line(Cell("! ", "bad"), f"{problem.sentence} {problem.advice}".rstrip())
    if not problems:
        cli.out.line(Cell("Nothing is wrong.", "good"))
    return 1 if problems else 0


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items() if each not in ("", None))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _versions(problems: list[Problem]) -> dict[str, object]:
    versions: dict[str, object] = {"tuimail": tuimail.__version__, "python": platform.python_version()}
    versions["system"] = platform.platform()
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "missing"
            problems.append(Problem(f"The package {package} is missing.", "Install tuimail again."))
    versions["sqlite"] = store_room.sqlite_version()
    versions["libmagic"] = magic_version() or "none"
    if versions["libmagic"] == "none":
        sentence = "libmagic is missing: the real type of attachments is not known."
        problems.append(Problem(sentence, "Install libmagic1, or the package pylibmagic."))
    return versions


def _places(cli: Cli, problems: list[Problem]) -> dict[str, object]:
    paths = cli.paths
    places = {"configuration": paths.config_file, "mail": paths.data, "state": paths.state, "runtime": paths.runtime}
    free = shutil.disk_usage(_nearest(paths.data)).free
    if free < LITTLE_SPACE_OCTETS:
        problems.append(Problem(f"Only {size_words(free)} are free for mail.", "Make room on the disk."))
    problems += [
        Problem(f"{place} cannot be written.", "Correct its permissions, or use --data-dir.")
        for place in (paths.data, paths.state, paths.runtime)
        if not os.access(_nearest(place), os.W_OK)
    ]
    return {**{name: str(place) for name, place in places.items()}, "free": size_words(free)}


def _nearest(place: Path) -> Path:
    """The directory, or the one that it would be made in."""
    return next((each for each in (place, *place.parents) if each.is_dir()), Path("/"))


def _terminal(cli: Cli) -> dict[str, object]:
    size = terminal_size()
    return {
        "TERM": cli.environ.get("TERM", ""),
        "COLORTERM": cli.environ.get("COLORTERM", ""),
        "NO_COLOR": bool(cli.environ.get("NO_COLOR")),
        "size": f"{size.columns}x{size.lines}" if size else "no terminal",
        "encoding": locale.getpreferredencoding(False),
    }


def _accounts(cli: Cli, problems: list[Problem]) -> dict[str, object]:
    try:
        configured = cli.config.accounts
    except MailError as exc:
        problems.append(Problem(exc.sentence, exc.advice))
        problems += [Problem(mistake) for mistake in getattr(exc, "mistakes", ())]
        return {}
    if not configured:
        return {"none": HOW_TO_BEGIN}
    try:
        with cli.store() as store:
            known = {account.name: account for account in store.accounts.all()}
    except MailError:  # told by _store
        known = {}
    told: dict[str, object] = {}
    for account in configured.values():
        row = known.get(account.name)
        status = row.status if row else AccountStatus.NEVER
        told[account.name] = {
            "address": account.address,
            "server": account.receive.host or str(account.receive.path),
            "state": STATUS_WORDS[status],
            "synced": (iso if cli.out.as_json else local)(row.synced_at) if row else "",
            "waiting": row.pending if row and row.pending else "",
        }
        if row and status in (AccountStatus.FAILED, AccountStatus.NEEDS_PASSWORD):
            sentence = row.sentence or STATUS_WORDS[status]
            problems.append(Problem(f"{account.name}: {sentence}", f"`tuimail account test {account.name}` tries it."))
    return told


def _store(cli: Cli, problems: list[Problem]) -> dict[str, object]:
    """Whether the store is whole, and how much is in it."""
    if not cli.paths.has_store:
        return {"state": "there is none yet"}
    advice = "`tuimail doctor --repair` puts it right; nothing on the server is lost."
    try:
        with store_room.Store.open(cli.paths, write=False) as store:
            findings = store.check()
            mailboxes = store.mailboxes.all()
            waiting = len(store.pending.all())
            searchable = store.search.coverage().percent
    except Corrupt as exc:
        problems.append(Problem(exc.sentence, advice))
        return {"state": "damaged"}
    except MailError as exc:
        problems.append(Problem(exc.sentence, exc.advice))
        return {"state": exc.sentence}
    problems += [Problem(finding, advice) for finding in findings]
    return {
        "state": "damaged" if findings else "whole",
        "mailboxes": len(mailboxes),
        "messages": sum(mailbox.total for mailbox in mailboxes),
        "waiting": waiting,
        "mail.db": _size(cli.paths.mail_db),
        "parts.db": _size(cli.paths.parts_db),
        "search.db": _size(cli.paths.search_db),
        "searchable": f"{searchable} %",
    }


def _size(database: Path) -> str:
    """What a database takes, with what is not yet moved into its file (SQLite's -wal)."""
    files = [database, database.with_name(database.name + "-wal")]
    return size_words(sum(file.stat().st_size for file in files if file.exists()))


def _permissions(cli: Cli) -> list[Problem]:
    """Files and directories that others could read or write."""
    problems = []
    for path in _own_files(cli):
        try:
            found = path.lstat()
        except OSError:
            continue
        if found.st_uid != os.getuid():
            problems.append(Problem(f"{path} belongs to another user.", f"Run `chown {os.getuid()} {path}` as root."))
        elif not stat.S_ISLNK(found.st_mode) and found.st_mode & 0o077:
            wanted = "700" if stat.S_ISDIR(found.st_mode) else "600"
            problems.append(Problem(f"Others can get at {path}.", f"Run `chmod {wanted} {path}`."))
    config = cli.paths.config_file
    if config.exists() and config.stat().st_mode & 0o022:
        problems.append(Problem(f"Others can write {config}.", f"Run `chmod 600 {config}`."))
    return problems


def _own_files(cli: Cli) -> Iterator[Path]:
    left = MOST_FILES
    for top in (cli.paths.data, cli.paths.state, cli.paths.runtime):
        if not top.is_dir():
            continue
        yield top
        for path in top.rglob("*"):
            left -= 1
            if left < 0:
                return
            yield path
