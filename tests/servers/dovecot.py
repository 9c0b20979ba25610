"""A private Dovecot on free loopback ports, as an unprivileged user.

`Dovecot.start(directory)` makes configuration, certificate and mail directory below
`directory` and runs the server in the foreground as a child. Every user name is valid
with the one password; a test takes a fresh user, not a fresh server.
"""

from __future__ import annotations

import grp
import hashlib
import imaplib
import itertools
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

PROGRAM = Path("/usr/sbin/dovecot")
PASSWORD = "Pass-word.1"

PLAIN_CAPABILITIES = "IMAP4rev1 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
"""What a big provider's server offers: neither CONDSTORE nor SPECIAL-USE."""


def available() -> str:
    """Empty when Dovecot can run here, else the reason why not."""
    return "" if PROGRAM.exists() else "Dovecot is not installed"


@dataclass
class DovecotUser:
    """One user with an empty INBOX (and Drafts, Sent, Junk, Trash by special use)."""

    server: Dovecot
    name: str
    password: str = PASSWORD

    def imap(self) -> imaplib.IMAP4:
        """A logged in plain connection for the test's own hands."""
        connection = imaplib.IMAP4(self.server.host, self.server.imap_port, timeout=30)
        connection.login(self.name, self.password)
        return connection

    def append(
        self, raw: bytes, mailbox: str = "INBOX", flags: Iterable[str] = (), internal_date: str | None = None
    ) -> None:
        """Put a message into a mailbox (made when missing)."""
        self.append_many([raw], mailbox, flags, internal_date)

    def append_many(
        self, messages: Iterable[bytes], mailbox: str = "INBOX", flags: Iterable[str] = (),
        internal_date: str | None = None,
    ) -> None:
        """Put messages into a mailbox over one connection."""
        connection = self.imap()
        try:
            if mailbox.upper() != "INBOX":
                connection.create(_quote(mailbox))
            for raw in messages:
                kind, words = connection.append(
                    _quote(mailbox), f"({' '.join(flags)})", internal_date or "", raw
                )
                assert kind == "OK", words
        finally:
            connection.logout()

    def state(self) -> dict[str, dict[int, tuple[frozenset[str], str]]]:
        """{mailbox: {uid: (flags without Recent, sha256 of the message)}}, as the server has it now."""
        connection = self.imap()
        found: dict[str, dict[int, tuple[frozenset[str], str]]] = {}
        try:
            _, lines = connection.list()
            for line in lines:
                match = re.match(rb'\(([^)]*)\) (?:"[^"]*"|NIL) (.*)', line if isinstance(line, bytes) else b"")
                if match is None or b"\\Noselect" in match[1]:
                    continue
                name = match[2].decode()
                connection.select(name, readonly=True)
                found[name.strip('"')] = _messages(connection)
        finally:
            connection.logout()
        return found

    def doveadm(self, *arguments: str, data: bytes | None = None) -> bytes:
        """Run doveadm for this user: `user.doveadm("expunge", "mailbox", "INBOX", "all")`."""
        return self.server.doveadm(arguments[0], "-u", self.name, *arguments[1:], data=data)


def _messages(connection: imaplib.IMAP4) -> dict[int, tuple[frozenset[str], str]]:
    messages: dict[int, tuple[frozenset[str], str]] = {}
    _, answers = connection.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")
    for answer in answers:
        if not isinstance(answer, tuple):
            continue
        uid = re.search(rb"UID (\d+)", answer[0])
        flags = re.search(rb"FLAGS \(([^)]*)\)", answer[0])
        assert uid is not None
        assert flags is not None
        words = frozenset(flags[1].decode().split()) - {"\\Recent"}
        messages[int(uid[1])] = (words, hashlib.sha256(answer[1]).hexdigest())
    return messages


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass
class Dovecot:
    """A running server; `stop()` ends it, `start_again()` brings it back with the same mail and ports."""

    directory: Path
    host: str
    imap_port: int
    imaps_port: int
    pop3_port: int
    pop3s_port: int
    ca_file: Path
    process: subprocess.Popen[bytes]
    user_names: itertools.count[int] = field(default_factory=itertools.count)

    @classmethod
    def start(
        cls, directory: Path, *, capabilities: str = "", settings: Mapping[str, str] | None = None, blocks: str = ""
    ) -> Dovecot:
        """Run a server below `directory` (which must have a short path: it holds sockets).

        `capabilities` replaces what the server offers after login; `settings` are further lines of configuration, and
        `blocks` is further text of it.
        """
        directory.mkdir(parents=True, exist_ok=True)
        ports = free_ports(4)
        ca_file = _certificates(directory)
        config = directory / "dovecot.conf"
        config.write_text(_configuration(directory, ports, capabilities, settings or {}) + blocks, encoding="utf-8")
        (directory / "run").mkdir(exist_ok=True)
        (directory / "home").mkdir(exist_ok=True)
        if os.geteuid() == 0:
            account = _runner()
            for place in (directory, *directory.rglob("*")):
                os.chown(place, account.pw_uid, account.pw_gid)
        imap, imaps, pop3, pop3s = ports
        return cls(directory, "127.0.0.1", imap, imaps, pop3, pop3s, ca_file, _spawn(directory, imap))

    def new_user(self, prefix: str = "user") -> DovecotUser:
        """A user nobody else has."""
        return DovecotUser(self, f"{prefix}{next(self.user_names)}")

    def doveadm(self, command: str, *arguments: str, data: bytes | None = None) -> bytes:
        """Run doveadm with this server's configuration."""
        argv = [str(shutil.which("doveadm") or "/usr/bin/doveadm"), "-c", str(self.directory / "dovecot.conf")]
        done = subprocess.run([*argv, command, *arguments], input=data, capture_output=True, **_as_runner())
        assert done.returncode == 0, done.stderr.decode()
        return bytes(done.stdout)

    def stop(self) -> None:
        """End the server and wait for it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)

    def start_again(self) -> None:
        """The same ports, the same mail."""
        self.stop()
        self.process = _spawn(self.directory, self.imap_port)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def _runner() -> pwd.struct_passwd:
    """Who the server runs as: nobody for root, else ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())


def _as_runner() -> dict[str, Any]:
    """Keyword arguments of subprocess that drop root's rights."""
    if os.geteuid() != 0:
        return {}
    account = _runner()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _spawn(directory: Path, port: int) -> subprocess.Popen[bytes]:
    """Start in the foreground and wait until it answers."""
    log = (directory / "start.log").open("ab")
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [str(PROGRAM), "-F", "-c", str(directory / "dovecot.conf")],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **_as_runner(),
    )
    log.close()
    last = time.monotonic() + 30
    while time.monotonic() < last:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as probe:
                if probe.recv(4) == b"* OK":
                    return process
        except OSError:
            time.sleep(0.02)
    process.kill()
    words = (directory / "start.log").read_text() + "".join(
        file.read_text() for file in directory.glob("dovecot.log")
    )
    raise RuntimeError(f"Dovecot did not start: {words[-2000:]}")


def _certificates(directory: Path) -> Path:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(directory / "key.pem")
    for index, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(directory / "cert.pem", append=index > 0)
    authority.cert_pem.write_to_path(directory / "ca.pem")
    return directory / "ca.pem"


def _configuration(directory: Path, ports: list[int], capabilities: str, settings: Mapping[str, str]) -> str:
    account = _runner()
    imap, imaps, pop3, pop3s = ports
    group = account.pw_gid
    more = "\n".join(f"{key} = {value}" for key, value in settings.items())
    offered = f"protocol imap {{\n  imap_capability = {capabilities}\n}}" if capabilities else ""
    return f"""
base_dir = {directory}/run
state_dir = {directory}/run
log_path = {directory}/dovecot.log
default_internal_user = {account.pw_name}
default_login_user = {account.pw_name}
default_internal_group = {_group_name(group)}
first_valid_uid = 1
first_valid_gid = 1
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{directory}/cert.pem
ssl_key = <{directory}/key.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
auth_failure_delay = 0
mail_location = sdbox:~/mail
mail_max_userip_connections = 100
mailbox_list_index = yes
mail_attribute_dict = file:%h/attributes
imap_metadata = yes
pop3_uidl_format = %08Xu%08Xv
pop3_no_flag_updates = yes
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={account.pw_uid} gid={group} home={directory}/home/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  client_limit = 1000
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  service_count = 0
  client_limit = 1000
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 1024
}}
service anvil {{
  chroot =
  user = {account.pw_name}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
  user = {account.pw_name}
}}
{offered}
{more}
"""


def _group_name(gid: int) -> str:
    return grp.getgrgid(gid).gr_name
