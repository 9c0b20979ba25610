"""Where things lie: the XDG directories and the files in them.

Directories are made 0700. Nothing here reads the files themselves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuimail.errors import ReadOnly

SOCKET_PATH_OCTETS = 107


@dataclass(frozen=True, slots=True)
class Paths:
    """All the places of one tuimail."""

    config_file: Path
    data: Path
    """Precious: mail.db, maildir/. Also parts.db, which may vanish at any time."""
    state: Path
    """Logs and the like; may vanish."""
    runtime: Path
    """Sockets; vanishes with the session."""

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        data_dir: str | None = None,
        config: str | None = None,
    ) -> Paths:
        """The places that the XDG Base Directory variables name; `data_dir` and `config` override."""
        home = Path(environ.get("HOME") or "~").expanduser()
        config_home = _xdg(environ, "XDG_CONFIG_HOME", home / ".config")
        data_home = _xdg(environ, "XDG_DATA_HOME", home / ".local/share")
        state_home = _xdg(environ, "XDG_STATE_HOME", home / ".local/state")
        data = Path(data_dir).absolute() if data_dir else data_home / "tuimail"
        state = data / "state" if data_dir else state_home / "tuimail"
        return cls(
            config_file=Path(config).absolute() if config else config_home / "tuimail" / "config.toml",
            data=data,
            state=state,
            runtime=_runtime(environ.get("XDG_RUNTIME_DIR", "")),
        )

    @property
    def config_dir(self) -> Path:
        """Beside config.toml: themes/."""
        return self.config_file.parent

    @property
    def mail_db(self) -> Path:
        """The store."""
        return self.data / "mail.db"

    @property
    def has_store(self) -> bool:
        """Whether there is one, or one made anew that is about to take its place (`store.aside`)."""
        return self.mail_db.exists() or replacement_of(self.mail_db).exists()

    @property
    def parts_db(self) -> Path:
        """The cache of IMAP parts."""
        return self.data / "parts.db"

    @property
    def search_db(self) -> Path:
        """The index of words; made anew when it is missing or damaged."""
        return self.data / "search.db"

    @property
    def maildir(self) -> Path:
        """POP3 mail, local mailboxes and drafts."""
        return self.data / "maildir"

    @property
    def engine_lock(self) -> Path:
        """Held by the one engine of this data directory."""
        return self.data / "engine.lock"

    @property
    def engine_socket(self) -> Path:
        """Short, whatever the data directory is called: unix sockets allow 107 bytes."""
        import hashlib  # 4 ms that the first frame does without

        key = hashlib.sha256(os.fsencode(self.data.absolute())).hexdigest()[:16]
        return self.runtime / f"{key}.sock"

    @property
    def log_file(self) -> Path:
        """What the engine writes down: ids, counts, octets, seconds; never mail."""
        return self.state / "engine.log"

    def make(self) -> None:
        """Make data, state and runtime directories, 0700.

        Raises ReadOnly with one sentence when that is not possible.
        """
        for directory in (self.data, self.state, self.runtime):
            make_private(directory)


def replacement_of(file: Path) -> Path:
    """Where a database made anew waits, complete, to take the place of this one."""
    return file.with_name(f"{file.name}.whole")


def _runtime(session: str) -> Path:
    """The session's own directory, else one of ours; /tmp where a socket's path would not fit."""
    if session.startswith("/") and _fits(Path(session, "tuimail")):
        return Path(session, "tuimail")
    import tempfile  # 7 ms that a session with XDG_RUNTIME_DIR does without

    ours = f"tuimail-{os.getuid()}"
    found = Path(tempfile.gettempdir(), ours)
    return found if _fits(found) else Path("/tmp", ours)  # noqa: S108 - made 0700, and refused when it is another's


def _fits(directory: Path) -> bool:
    """A unix socket's path has at most 107 octets; the name of ours takes 22 of them."""
    return len(os.fsencode(directory)) + 22 <= SOCKET_PATH_OCTETS


def make_private(directory: Path) -> None:
    """Make a directory with mode 0700, or take it back to that; raises ReadOnly."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.stat()
        if found.st_uid != os.getuid():
            raise ReadOnly(f"{directory} belongs to another user.", "Choose another place with --data-dir.")
        if found.st_mode & 0o077:
            directory.chmod(0o700)
    except OSError as exc:
        raise ReadOnly(
            f"{directory} cannot be made or written: {exc.strerror or exc}.",
            "Choose another place with --data-dir.",
        ) from exc


def _xdg(environ: Mapping[str, str], name: str, default: Path) -> Path:
    """XDG Base Directory: a relative path is to be ignored."""
    value = environ.get(name, "")
    return Path(value) if value.startswith("/") else default
