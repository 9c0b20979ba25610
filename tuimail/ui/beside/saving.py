"""Saving attachments, beside the screen: where to, under which name, and the writing itself.

What lives here: folders and names as a person types them, and the desk that reads parts,
asks the engine for missing ones, and writes. What must not: Textual. Everything that
touches a disk here is called in a thread, with a Store of its own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tuimail.engine.protocol import Request, Unwant, Want
from tuimail.errors import StoreError, UsageError
from tuimail.mime.clean import clean_line
from tuimail.mime.examining.risk import mismatches
from tuimail.model import Attachment
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.files import save_part

FOLDER_KEY = "save.folder"
MAX_FOLDERS = 400
"""More than that is no help; typing another letter is."""
MAX_PATH = 4096


class Typed(NamedTuple):
    """A folder as it is being typed."""

    parent: Path
    """What is complete: everything before the last slash."""
    prefix: str
    """The beginning of the next name."""
    before: str
    """What was typed up to and with the last slash, `~` and all."""


def split_typed(typed: str, environ: Mapping[str, str]) -> Typed:
    """What to list while `typed` stands in the field.

    >>> split_typed("/tmp/ab", {}).prefix
    'ab'
    """
    if typed == "~":
        return Typed(expanded("~", environ), "", "~/")
    before, slash, prefix = typed.rpartition("/")
    return Typed(expanded(before + slash or "~/", environ), prefix, before + slash)


def expanded(typed: str, environ: Mapping[str, str]) -> Path:
    """The folder that `typed` names: `~` is home, and what is relative begins there too."""
    home = Path(environ.get("HOME") or "/")
    typed = typed.strip()
    if typed == "~" or typed.startswith("~/"):
        return home / typed[2:].lstrip("/")
    return home / typed


def shown_path(path: Path, environ: Mapping[str, str]) -> str:
    """A path for a person, with `~` for home; cleaned."""
    home = environ.get("HOME", "")
    whole = str(path)
    if home and home != "/" and (whole == home or whole.startswith(home.rstrip("/") + "/")):
        whole = "~" + whole[len(home.rstrip("/")) :]
    return clean_line(whole, MAX_PATH)


def folder_names(parent: Path, prefix: str) -> list[str]:
    """Folders in `parent` that begin with `prefix`, sorted; hidden ones only when a dot was typed.

    Names that cannot be shown as they are (controls, undecodable bytes) are left out: a
    field would show one thing and mean another.
    """
    try:
        found = [entry.name for entry in islice(filter(os.DirEntry.is_dir, beginning(parent, prefix)), MAX_FOLDERS)]
    except OSError:
        return []
    return sorted(found, key=str.casefold)


def beginning(parent: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
    """What in `parent` begins with `prefix` and may be shown, as `folder_names` says. Raises OSError."""
    wanted = prefix.casefold()
    with os.scandir(parent) as entries:
        for entry in entries:
            name = entry.name
            if not name.casefold().startswith(wanted) or (name.startswith(".") and not prefix.startswith(".")):
                continue
            if clean_line(name, 1000) == name:
                yield entry


def common_prefix(names: Iterable[str]) -> str:
    """What all names begin with."""
    return os.path.commonprefix(list(names))  # noqa: RUF071 - names, not paths: character by character is right


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """`name`, or `name (2).ext`, `name (3).ext` …: the first that is free.

    >>> free_name("a.tar.gz", {"a.tar.gz", "a (2).tar.gz"}.__contains__)
    'a (3).tar.gz'
    """
    stem, dot, extension = name.partition(".") if name.lower().endswith((".tar.gz", ".tar.xz")) else _split(name)
    number = 2
    candidate = name
    while is_taken(candidate) and number < 10_000:
        candidate = f"{stem} ({number}){dot}{extension}"
        number += 1
    return candidate


def _split(name: str) -> tuple[str, str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, dot, extension) if stem else (name, "", "")


class Target(NamedTuple):
    """What lies under a name already."""

    exists: bool
    is_file: bool
    """An ordinary file, which may be replaced."""


def target_of(folder: Path, name: str) -> Target:
    """Looks without following a link."""
    try:
        found = (folder / name).lstat()
    except OSError:
        return Target(False, False)
    return Target(True, stat.S_ISREG(found.st_mode))


@dataclass(frozen=True, slots=True)
class SaveDesk:
    """Reads parts and writes files for the save prompt. Its methods block: call them in a thread."""

    paths: Paths
    send: Callable[[Request], None]
    """To the engine; does not block."""
    environ: Mapping[str, str]

    def start_folder(self) -> Path:
        """The folder of the last time, while it is there; else Downloads; else home."""
        wishes: list[str] = []
        try:
            with Store.open(self.paths, write=False) as store:
                last = store.state.get(FOLDER_KEY, "")
                wishes.append(last if isinstance(last, str) else "")
        except StoreError:
            pass  # no memory is no reason not to save
        wishes += [self.environ.get("XDG_DOWNLOAD_DIR", ""), str(expanded("~/Downloads", self.environ))]
        for wish in wishes:
            if wish.startswith("/") and Path(wish).is_dir() and clean_line(wish, MAX_PATH) == wish:
                return Path(wish)
        return expanded("~", self.environ)

    def remember(self, folder: Path) -> None:
        """For the next time. Not being able to is not worth a word."""
        try:
            with Store.open(self.paths) as store:
                store.state.set(FOLDER_KEY, str(folder))
        except StoreError:
            return

    def look(self, attachment: Attachment) -> Attachment:
        """The attachment as it is now: whether it is here, its real type, and what is odd about it."""
        with Store.open(self.paths, write=False) as store:
            info = store.parts.info(attachment.envelope_id, attachment.section)
        if info is None:
            return replace(attachment, is_here=False)
        name, declared = attachment.original_filename or attachment.filename, attachment.declared_type
        return replace(
            attachment,
            is_here=True,
            real_type=info.real_type,
            size_octets=info.size_octets,
            warnings=mismatches(name, declared, info.real_type),
        )

    def want(self, attachment: Attachment) -> None:
        """Ask the engine for its bytes. Does not block."""
        self.send(Want(attachment.envelope_id, attachment.section))

    def unwant(self, attachment: Attachment) -> None:
        """Nobody waits any longer. Does not block."""
        self.send(Unwant(attachment.envelope_id, attachment.section))

    def make_folder(self, folder: Path) -> None:
        """Make a folder that was typed; raises UsageError with the reason."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise UsageError(f"The folder cannot be made: {exc.strerror or exc}.", "Choose another one.") from exc

    def write(
        self, attachment: Attachment, folder: Path, name: str, *, overwrite: bool, progress: Callable[[int], None]
    ) -> Path:
        """Write it through the one door; the new file. Raises what `store.files.save_part` raises."""
        with Store.open(self.paths, write=False) as store:
            return save_part(
                store, attachment.envelope_id, attachment.section, folder, name, overwrite=overwrite, progress=progress
            )
