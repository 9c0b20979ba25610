"""One Maildir on the disk: complete files under names that are never used twice.

What lives here: taking messages in durably, one batch at a time, flags in names,
listing. What must not: SQL, and any knowledge of what a message says.
The format is D. J. Bernstein's (https://cr.yp.to/proto/maildir.html) with the flags of
https://cr.yp.to/proto/maildir.html "info"; folders are Maildir++.

The promise: what `commit_batch` returned survives a power loss; before that, a message
is in `tmp`, or complete in `new` or `cur` under a name by which the next scan knows it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from tuimail.errors import StoreError, TooLarge
from tuimail.model import Flag
from tuimail.paths import make_private
from tuimail.store.border import sync_directory, translate_os

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

LARGEST_OCTETS: Final = 2 << 30
"""Of a message, when the caller names no limit."""
_ADVICE: Final = "Make its folder writable again; nothing that was stored is lost."
STALE_S: Final = 36 * 3600
"""The age at which anybody may clear a file out of `tmp`, by the format's own rule."""
INFO: Final = ":2,"
LETTERS: Final = {
    Flag.DRAFT: "D", Flag.FLAGGED: "F", Flag.ANSWERED: "R", Flag.SEEN: "S", Flag.DELETED: "T",
}
_BITS: Final = {letter: int(flag) for flag, letter in LETTERS.items()}
_BUFFER_OCTETS: Final = 1 << 18
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""No link is followed, and a FIFO does not block."""
_OURS: Final = re.compile(r"\d+\.M\d+P(\d+)Q\d+R[0-9a-f]{8}(?:U([0-9a-f]{32}))?\.(.+)")


class Entry(NamedTuple):
    """A file of a Maildir."""

    key: str
    """Its name without flags."""
    name: str
    """`new/KEY` or `cur/KEY:2,FLAGS`, undecodable octets as surrogates."""


class Filed(NamedTuple):
    """A message that is durable in a Maildir."""

    key: str
    name: str
    sha256: bytes
    size_octets: int


@dataclass(slots=True)
class Names:
    """Makes names that nobody else makes: moment, process, count, chance, host."""

    clock: Callable[[], float] = time.time
    count: int = 0
    chance: str = field(default_factory=lambda: secrets.token_hex(4))
    """Of this maker: two of one process count on their own."""
    host: str = ""
    """Asked for once."""

    def make(self, uidl_key: bytes | None = None) -> str:
        """A new name; `uidl_key` lets a scan know the message again after a crash."""
        self.count += 1
        self.host = self.host or _host()
        seconds, fraction = divmod(self.clock(), 1)
        mark = f"U{uidl_key.hex()}" if uidl_key else ""
        moment = f"{int(seconds)}.M{int(fraction * 1e6)}"
        return f"{moment}P{os.getpid()}Q{self.count}R{self.chance}{mark}.{self.host}"


class Arriving:
    """A message on its way in: a file in `tmp` that nobody reads yet."""

    def __init__(self, tmp: str, key: str, *, limit_octets: int, uidl: bytes | None = None) -> None:
        self.key = key
        self.uidl = uidl
        """As the server spells it; None for mail that does not come by POP3."""
        self.octets = 0
        self.flags = 0
        """`Flag` bits; without any, the message is filed as new."""
        self.arrived_at: int | None = None
        """The file's time, when it is not now."""
        self.name = f"{tmp}/{key}"
        self._limit = limit_octets
        self._hash = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._waiting = 0
        """Octets of the pieces."""
        self._whole: bytes | None = b""
        """All octets, while they are few: whoever describes them need not read the file."""
        try:
            self.descriptor = _open_locked(self.name)
        except OSError as exc:
            raise translate_os(exc, Path(tmp), _ADVICE) from exc

    @property
    def path(self) -> Path:
        """Its file."""
        return Path(self.name)

    def write(self, chunk: bytes) -> None:
        """The next octets. Raises TooLarge, DiskFull, StoreError; then the message must be discarded."""
        self.octets += len(chunk)
        if self.octets > self._limit:
            raise TooLarge(f"A message is larger than {self._limit // 1_000_000} MB.", "It stays where it is.")
        self._pieces.append(chunk)
        self._waiting += len(chunk)
        if self._waiting >= _BUFFER_OCTETS:
            self._flush()

    def sha256(self) -> bytes:
        """Of all octets so far."""
        self._flush()
        return self._hash.digest()

    def read(self, count: int = -1) -> bytes:
        """The octets so far, or the first `count`, as they were written."""
        self._flush()
        if self._whole is not None:
            return self._whole if count < 0 else self._whole[:count]
        with bordered(self.path.parent):
            return _read_at(self.descriptor, self.octets if count < 0 else min(count, self.octets))

    def sync(self) -> None:
        """Bring all octets to the disk. An error means that they must be fetched again, not synced again."""
        self._flush()
        try:
            if self.arrived_at is not None:
                os.utime(self.descriptor, (self.arrived_at, self.arrived_at))
            os.fsync(self.descriptor)
        except OSError as exc:
            raise translate_os(exc, self.path.parent, _ADVICE) from exc

    def start_sync(self) -> None:
        """Have the kernel begin to write, without waiting: syncing fifty that began takes half the time."""
        if hasattr(os, "posix_fadvise"):  # Linux writes pages out when it is told that nobody needs them
            with suppress(OSError):
                os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Give the descriptor up."""
        self._whole = None
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)

    def discard(self) -> None:
        """It does not come in after all."""
        with suppress(OSError):
            self.close()
        with suppress(OSError):
            self.path.unlink()

    def _flush(self) -> None:
        if not self._pieces:
            return
        # One write for a message of the usual size, and no copy of it when it came in one piece.
        chunk = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        self._whole = chunk if self.octets == len(chunk) else None
        self._hash.update(chunk)
        try:
            written = os.write(self.descriptor, chunk)
            while written < len(chunk):
                written += os.write(self.descriptor, memoryview(chunk)[written:])
        except OSError as exc:
            raise translate_os(exc, self.path.parent, _ADVICE) from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is not None:
            self.discard()


class Maildir:
    """A directory with `tmp`, `new` and `cur`."""

    def __init__(self, directory: Path, names: Names | None = None) -> None:
        self.directory = directory
        self._tmp = os.fspath(directory / "tmp")
        self._names = names or Names()

    def make(self, *, is_folder: bool = False) -> None:
        """Make its directories, mode 0700, durably. `is_folder`: below a Maildir++ root."""
        # An empty directory is no Maildir yet; `cur` comes last, so that nobody takes half of one for a whole.
        made = [directory for name in ("tmp", "new", "cur") if not (directory := self.directory / name).is_dir()]
        if not made:
            return
        for directory in (self.directory, *made):
            make_private(directory)
        with bordered(self.directory):
            if is_folder:
                (self.directory / "maildirfolder").touch(mode=0o600)
            sync_directory(self.directory)
            sync_directory(self.directory.parent)

    def exists(self) -> bool:
        """Whether there is a Maildir."""
        return (self.directory / "cur").is_dir() and not (self.directory / "cur").is_symlink()

    # --- in -------------------------------------------------------------------

    def begin(
        self, *, uidl: bytes | None = None, uidl_key: bytes | None = None, limit_octets: int = LARGEST_OCTETS
    ) -> Arriving:
        """A message begins to arrive. Raises StoreError."""
        return Arriving(self._tmp, self._names.make(uidl_key), limit_octets=limit_octets, uidl=uidl)

    def commit_batch(self, batch: Sequence[Arriving]) -> list[Filed]:
        """Make all of them durable and visible, in order: each synced, then each renamed, then the directory.

        All or nothing unless the process dies; then what was renamed is found by a scan.
        Raises StoreError; none of them is kept.
        """
        renamed: list[str] = []
        try:
            digests = [arriving.sha256() for arriving in batch]
            for arriving in batch:
                arriving.start_sync()
            for arriving in batch:
                arriving.sync()
            filed = [
                Filed(arriving.key, name_of(arriving.key, arriving.flags), digest, arriving.octets)
                for arriving, digest in zip(batch, digests, strict=True)
            ]
            with bordered(self.directory):
                for arriving, file in zip(batch, filed, strict=True):
                    target = f"{self.directory}/{file.name}"
                    os.rename(arriving.name, target)  # noqa: PTH104 - one call, as it stands in the design
                    renamed.append(target)
                for name in sorted({file.name[:3] for file in filed}):
                    sync_directory(self.directory / name)
        except BaseException:
            for name in renamed:
                with suppress(OSError):
                    os.unlink(name)  # noqa: PTH108 - as above
            for arriving in batch:
                arriving.discard()
            raise
        for arriving in batch:
            arriving.close()
        return filed

    # --- there ----------------------------------------------------------------

    def rename(self, old: str, new: str, target: Maildir | None = None) -> None:
        """Give a file another name (`new/KEY`, `cur/KEY:2,S`), here or in another Maildir of the same disk.

        Raises FileNotFoundError when it is not there, StoreError. Nothing is replaced: a key
        is never used twice, so a file that has the new name is the same message.
        """
        with bordered(self.directory, but=FileNotFoundError):
            os.rename(self.directory / old, (target or self).directory / new)  # noqa: PTH104 - as above

    def find(self, key: str) -> str | None:
        """The current name of a message whose flags somebody changed; None when it is gone."""
        return next((entry.name for entry in self.entries()[0] if entry.key == key), None)

    def entries(self) -> tuple[list[Entry], list[str]]:
        """All messages by name, and what is passed over, in sentences.

        Nothing is opened and, where the file system tells kinds in listings, nothing is asked
        of any file: 100,000 take a tenth of a second. Raises StoreError when it cannot be listed.
        """
        found: list[Entry] = []
        odd: list[str] = []
        for subdirectory in ("new", "cur"):
            with bordered(self.directory), os.scandir(self.directory / subdirectory) as listing:
                for file in listing:
                    if file.name.startswith("."):
                        continue
                    if not file.is_file(follow_symlinks=False):
                        odd.append(f"{printable(file.path)} is not an ordinary file; it is left alone.")
                        continue
                    found.append(Entry(file.name.partition(":")[0], f"{subdirectory}/{file.name}"))
        return found, odd

    def look(self) -> str:
        """Changes whenever files came, went or were renamed; empty when that cannot be told yet.

        A directory that changed within the last two seconds may change again without a new time.
        """
        seen = []
        for subdirectory in ("new", "cur"):
            try:
                found = os.lstat(self.directory / subdirectory)
            except OSError:
                return ""
            if not stat.S_ISDIR(found.st_mode) or time.time() - found.st_mtime < 2:
                return ""
            seen.append(f"{found.st_dev}.{found.st_ino}.{found.st_mtime_ns}")
        return " ".join(seen)

    def clear_tmp(self, now: float) -> int:
        """Remove what crashes left in `tmp`: ours that nobody holds, anybody's after 36 hours; how many."""
        removed = 0
        with suppress(OSError), os.scandir(self.directory / "tmp") as listing:
            for file in listing:
                with suppress(OSError):
                    about = file.stat(follow_symlinks=False)
                    if not stat.S_ISREG(about.st_mode):
                        continue
                    if now - about.st_mtime > STALE_S:
                        Path(file.path).unlink()
                    elif not _remove_orphan(Path(file.path)):
                        continue
                    removed += 1
        return removed


# --- names --------------------------------------------------------------------


def name_of(key: str, flags: int, others: str = "") -> str:
    """Where a message with these flags belongs: `new/KEY` without any, else `cur/KEY:2,FLAGS`.

    `others` are letters that mean nothing here (passed, Dovecot's keywords) and are kept.
    """
    letters = "".join(sorted({*(letter for flag, letter in LETTERS.items() if flags & flag), *others}))
    return f"cur/{key}{INFO}{letters}" if letters else f"new/{key}"


def renamed(name: str, flags: int) -> str:
    """The name of a file when its flags change: what is in `cur` stays there, unknown letters stay."""
    key, _, info = name[4:].partition(":")
    others = "".join(letter for letter in info.removeprefix("2,") if letter not in _BITS) if info[:2] == "2," else ""
    made = name_of(key, flags, others)
    return f"cur/{key}{INFO}" if made.startswith("new/") and name.startswith("cur/") else made


def flags_of(name: str) -> int:
    """`Flag` bits of a file name; nothing in `new` was seen."""
    _, _, info = name.partition(INFO)
    flags = 0
    for letter in info.partition(",")[0]:
        flags |= _BITS.get(letter, 0)
    return flags


def key_of(name: str) -> str:
    """The part of a file name that stays."""
    return name[4:].partition(":")[0]


def uidl_key_of(key: str) -> bytes | None:
    """The mark of a message that came by POP3, None when it bears none."""
    found = _OURS.fullmatch(key)
    return bytes.fromhex(found.group(2)) if found and found.group(2) else None


def stored_at(key: str, otherwise: int) -> int:
    """When a message was filed, by the name that it was given then."""
    seconds = key.partition(".")[0]
    return int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) <= 11 else otherwise


def printable(path: str | Path) -> str:
    """A path for a sentence."""
    return os.fspath(path).encode("utf-8", "replace").decode()


def _open_locked(path: str) -> int:
    """A new file in `tmp`, locked as long as somebody writes it. Raises OSError."""
    while True:
        descriptor = os.open(path, _NEW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            return descriptor  # a file system without locks: what is left there goes after 36 hours
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # somebody cleared up between the two calls


def _remove_orphan(path: Path) -> bool:
    """Remove a file of ours in `tmp` that nobody writes any longer; whether it was one. Raises OSError.

    The lock tells, and not the number of the process in the name: after a crash that number may
    be another program's, or that of a dead process which its parent did not bury yet.
    """
    found = _OURS.fullmatch(path.name)
    if not found or found.group(3) != _host():
        return False
    descriptor = os.open(path, _READ)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _host() -> str:
    # The format asks for \057 and \072 in place of what would break a name.
    return socket.gethostname().replace("/", "\\057").replace(":", "\\072")[:64] or "localhost"


# --- the disk -----------------------------------------------------------------


def read_file(path: Path, limit_octets: int = LARGEST_OCTETS) -> bytes:
    """All octets of an ordinary file. Raises FileNotFoundError, TooLarge, StoreError."""
    with bordered(path, but=FileNotFoundError):
        descriptor = os.open(path, _READ)
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise StoreError(f"{printable(path)} is not an ordinary file.", "It is left alone.")
            if about.st_size > limit_octets:
                raise TooLarge(f"{printable(path)} is larger than {limit_octets // 1_000_000} MB.", "It is left alone.")
            return _read_at(descriptor, about.st_size)
        finally:
            os.close(descriptor)


@contextmanager
def bordered(place: Path, but: type[OSError] | tuple[type[OSError], ...] = ()) -> Iterator[None]:
    """The border to the file system: its errors become StoreError, except those in `but`."""
    try:
        yield
    except OSError as exc:
        if isinstance(exc, but):
            raise
        raise translate_os(exc, place, _ADVICE) from exc


def remove_files(paths: Iterable[Path]) -> None:
    """Delete files, those that are gone already too, and make that durable. Raises StoreError."""
    parents = set()
    for path in paths:
        with bordered(path), suppress(FileNotFoundError):
            path.unlink()
            parents.add(path.parent)
    for parent in parents:
        with bordered(parent), suppress(FileNotFoundError):
            sync_directory(parent)


def _read_at(descriptor: int, count: int) -> bytes:
    pieces = []
    position = 0
    while position < count:
        piece = os.pread(descriptor, min(count - position, 1 << 24), position)
        if not piece:
            break
        pieces.append(piece)
        position += len(piece)
    return b"".join(pieces)
