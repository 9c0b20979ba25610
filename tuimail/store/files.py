"""The one writer of files outside our own directories: attachments and messages that somebody saves.

What lives here: making a new file in a folder that the person chose, under a name that a
sender proposed. The name is checked again, nothing is followed, nothing is overwritten
without being asked for, and a file is either complete and on the disk or not there.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tuimail.errors import NotDownloaded, UsageError
from tuimail.model import EnvelopeId, Section
from tuimail.store.border import translate_os
from tuimail.store.store import Store

PIECE_OCTETS: Final = 1 << 20
"""Written at a time, so that progress is real."""
_NAME_OCTETS: Final = 255
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links answer (FAT, some network ones)."""


def save_part(
    store: Store,
    envelope_id: EnvelopeId,
    section: Section,
    directory: Path,
    name: str,
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Save a part that is here; the new file.

    Raises QuarantineRefused when it is held, NotDownloaded, and what `save_new` raises.
    What was released from quarantine remembers where it came from, where the file system can.
    """
    store.local.refuse_held(envelope_id, section)
    data = store.parts.get(envelope_id, section)
    if data is None:
        raise NotDownloaded("This part is not downloaded yet.", "Connect, and try again.")
    origin = _origin(store, envelope_id, section)
    return save_new(directory, name, pieces(data), overwrite=overwrite, progress=progress, origin=origin)


def save_new(
    directory: Path,
    name: str,
    chunks: Iterable[bytes],
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
    origin: str = "",
) -> Path:
    """Write `chunks` to a new file `name` in `directory`, mode 0600; its path.

    It appears under its name only when it is complete and synced. `overwrite` replaces
    an ordinary file, never a link, a folder or a device. `progress` is told the octets
    written so far. `origin` is a URL kept in the file's `user.xdg.origin.url` where that
    exists (https://www.freedesktop.org/wiki/CommonExtendedAttributes/).
    Raises UsageError (bad name, taken, no such folder), DiskFull, ReadOnly, StoreError;
    after any of them nothing is left behind.
    """
    _check_name(name)
    try:
        with _folder(directory) as folder:
            _check_free(folder, name, directory, overwrite)
            temporary = f".tuimail-{secrets.token_hex(8)}.part"
            try:
                _write(folder, temporary, chunks, progress, origin)
                _publish(folder, temporary, name, overwrite)
                os.fsync(folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
    except FileExistsError as exc:
        raise _taken(directory, name) from exc
    except OSError as exc:
        raise translate_os(exc, directory) from exc
    return directory / name


def _origin(store: Store, envelope_id: EnvelopeId, section: Section) -> str:
    """Where a released part came from, as a URL (RFC 2392); empty for a part that was never held."""
    if store.quarantine.get(envelope_id, section) is None:
        return ""
    envelope = store.envelopes.envelope(envelope_id)
    message_id = envelope.message_id.strip().strip("<>") if envelope is not None else ""
    return f"mid:{quote(message_id)}" if message_id else "mid:"


def pieces(data: bytes) -> Iterator[bytes]:
    """A large value in parts, so that writing it can tell how far it is."""
    view = memoryview(data)
    for start in range(0, len(data), PIECE_OCTETS):
        yield bytes(view[start : start + PIECE_OCTETS])


def _check_name(name: str) -> None:
    """Callers propose safe names; this is the door, so it looks again."""
    try:
        octets = os.fsencode(name)
    except UnicodeEncodeError as exc:
        raise UsageError("This file name cannot be used on this system.", "Choose another name.") from exc
    if name in {"", ".", ".."} or b"/" in octets or b"\0" in octets or (os.altsep or "/") in name:
        raise UsageError("A file name cannot be empty or hold a slash.", "Choose another name.")
    if len(octets) > _NAME_OCTETS:
        raise UsageError("This file name is too long.", "Choose a shorter one.")


@contextmanager
def _folder(directory: Path) -> Iterator[int]:
    """The folder, held open: it stays the same one even if its path is changed meanwhile."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise UsageError(f"There is no folder {directory}.", "Make it first, or choose another one.") from exc
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_free(folder: int, name: str, directory: Path, overwrite: bool) -> None:
    """Before anything is written; asked again when the file gets its name."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not overwrite:
        raise _taken(directory, name)
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{directory / name} is not an ordinary file; it is left alone.", "Choose another name.")


def _taken(directory: Path, name: str) -> UsageError:
    return UsageError(f"{directory / name} exists already.", "Choose another name, or overwrite it.")


def _write(
    folder: int, name: str, chunks: Iterable[bytes], progress: Callable[[int], None] | None, origin: str
) -> None:
    descriptor = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        os.fchmod(descriptor, 0o600)
        written = 0
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
            written += len(chunk)
            if progress is not None:
                progress(written)
        if origin and hasattr(os, "setxattr"):
            with suppress(OSError):
                os.setxattr(descriptor, "user.xdg.origin.url", origin.encode("ascii", "replace"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(folder: int, temporary: str, name: str, overwrite: bool) -> None:
    """Give the complete file its name, atomically."""
    if overwrite:
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        # Take the name first; then the rename replaces nothing but our own empty file.
        os.close(os.open(name, _NEW, 0o600, dir_fd=folder))
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    os.unlink(temporary, dir_fd=folder)
