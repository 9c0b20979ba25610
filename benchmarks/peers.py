"""Other programs, set up for one user of a benchmark's server: neomutt, aerc, alot, mbsync."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.servers.dovecot import DovecotUser


@dataclass(frozen=True)
class Peer:
    """How to start a program: argv, and the environment it lives in."""

    name: str
    version: str
    argv: list[str]
    environ: dict[str, str]


def _environ(home: Path) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return {
        **kept, "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor",
        "XDG_CONFIG_HOME": str(home / ".config"), "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local"), "XDG_STATE_HOME": str(home / ".state"),
        "XDG_RUNTIME_DIR": str(home / "run"),
    }


def _version(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0].strip()


def neomutt(user: DovecotUser, home: Path) -> Peer | None:
    """neomutt with its header cache and sidebar, as its manual proposes."""
    program = shutil.which("neomutt")
    if program is None:
        return None
    environ = _environ(home)
    (home / "cache").mkdir(exist_ok=True)
    (home / "neomuttrc").write_text(
        f'set imap_user="{user.name}"\nset imap_pass="{user.password}"\n'
        f'set folder="imap://{user.server.host}:{user.server.imap_port}/"\nset spoolfile="+INBOX"\n'
        "set ssl_starttls=no\nset ssl_force_tls=no\nset sort=reverse-date\n"
        f'set header_cache="{home}/cache"\nset message_cachedir="{home}/cache"\n'
        "set sidebar_visible=yes\nset mail_check=600\nset quit=yes\nset confirmappend=no\n"
        "set imap_check_subscribed=no\n"
    )
    return Peer("neomutt", _version([program, "-v"]), [program, "-F", str(home / "neomuttrc")], environ)


def aerc(user: DovecotUser, home: Path) -> Peer | None:
    """aerc with cached headers."""
    program = shutil.which("aerc")
    if program is None:
        return None
    environ = _environ(home)
    config = home / ".config" / "aerc"
    config.mkdir(parents=True, exist_ok=True)
    (config / "accounts.conf").write_text(
        f"[bench]\nsource = imap+insecure://{user.name}:{user.password}@{user.server.host}:{user.server.imap_port}\n"
        "default = INBOX\nfrom = Ada <ada@example.org>\ncache-headers = true\n"
    )
    (config / "accounts.conf").chmod(0o600)
    return Peer("aerc", _version([program, "-v"]), [program], environ)


def alot(user: DovecotUser, home: Path) -> Peer | None:
    """alot over notmuch on a Maildir with the same mail; it speaks no IMAP. Indexing is not timed."""
    program, notmuch = shutil.which("alot"), shutil.which("notmuch")
    if program is None or notmuch is None:
        return None
    environ = _environ(home)
    maildir = user.server.directory / "home" / user.name / "Maildir"
    shutil.copytree(maildir, home / "mail", ignore=shutil.ignore_patterns("dovecot*", ".*"))
    (home / ".notmuch-config").write_text(
        f"[database]\npath={home}/mail\n[user]\nname=Ada\nprimary_email=ada@example.org\n"
        "[new]\ntags=inbox\n[search]\nexclude_tags=deleted\n"
    )
    environ["NOTMUCH_CONFIG"] = str(home / ".notmuch-config")
    subprocess.run([notmuch, "new", "--quiet"], env=environ, check=True, capture_output=True)
    return Peer("alot", "alot " + _version([program, "--version"]), [program], environ)


def mbsync(user: DovecotUser, home: Path) -> Peer | None:
    """mbsync pulling whole mail into a Maildir, with its default fsync."""
    program = shutil.which("mbsync")
    if program is None:
        return None
    environ = _environ(home)
    (home / "mail").mkdir(exist_ok=True)
    (home / "mbsyncrc").write_text(
        f"IMAPAccount a\nHost {user.server.host}\nPort {user.server.imap_port}\nUser {user.name}\n"
        f'Pass "{user.password}"\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\n'
        f"MaildirStore near\nPath {home}/mail/\nInbox {home}/mail/inbox\nSubFolders Verbatim\n\n"
        "Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n"
    )
    return Peer("mbsync", _version([program, "-v"]), [program, "-c", str(home / "mbsyncrc"), "-q", "c"], environ)


def tuimail(user: DovecotUser, home: Path, *, offline: str = "none") -> Peer:
    """tuimail itself, from this checkout."""
    return tuimail_at(home, user.server.host, user.server.imap_port, user.name, user.password, offline=offline)


def tuimail_at(home: Path, host: str, port: int, user: str, password: str, *, offline: str) -> Peer:
    """tuimail with one IMAP account on loopback."""
    environ = _environ(home)
    config = home / ".config" / "tuimail"
    config.mkdir(parents=True, exist_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    (config / "config.toml").write_text(
        f'[accounts.bench]\naddress = "ada@example.org"\n[accounts.bench.receive]\nprotocol = "imap"\n'
        f'host = "{host}"\nport = {port}\nsecurity = "none"\nuser = "{user}"\n'
        f'password_command = ["printf", "%s", "{password}"]\noffline = "{offline}"\n'
    )
    (config / "config.toml").chmod(0o600)
    argv = [sys.executable, "-m", "tuimail"]
    environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    return Peer("tuimail", "tuimail " + _version([*argv, "--version"]), argv, environ)
