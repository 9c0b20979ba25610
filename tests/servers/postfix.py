"""A private Postfix on free loopback ports: submission with STARTTLS and under TLS, logins by a private Dovecot.

`Postfix.start(directory)` runs both: Dovecot says who may log in and gets the mail of `example.org` by LMTP, so that a
test reads over IMAP what it sent. Mail for anybody else is accepted and goes nowhere: no other host is ever asked.
Postfix wants root; without it the tests that need this are skipped by name.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.servers import dovecot as dovecot_server
from tests.servers import tokens
from tests.servers.dovecot import Dovecot, DovecotUser, free_ports

PROGRAM = Path("/usr/sbin/postfix")
LMTP = Path("/usr/lib/dovecot/lmtp")
DOMAIN = "example.org"
UNICODE_ADDRESS = "zoë@unicode.example"
"""Delivered by Postfix itself: Dovecot 2.3 takes no address beyond ASCII by LMTP."""
SIZE_LIMIT_OCTETS = 4_000_000

_DAEMONS = (
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "verify unix - - n - 1 verify",
    "flush unix n - n 1000? 0 flush",
    "proxymap unix - - n - - proxymap",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "discard unix - - n - - discard",
    "lmtp unix - - n - - lmtp",
    "virtual unix - n n - - virtual",
    "anvil unix - - n - 1 anvil",
    "scache unix - - n - 1 scache",
    "postlog unix-dgram n - n - 1 postlogd",
)


def available() -> str:
    """Empty when Postfix can run here, else the reason why not."""
    if not PROGRAM.exists() or not LMTP.exists():
        return "Postfix or Dovecot's LMTP is not installed"
    if os.geteuid() != 0:
        return "Postfix runs for root only"
    return dovecot_server.available()


@dataclass
class Postfix:
    """A running server; `stop()` ends it and its Dovecot."""

    directory: Path
    host: str
    submission_port: int
    """STARTTLS."""
    submissions_port: int
    """TLS from the first octet."""
    plain_port: int
    """No encryption, and logins all the same."""
    dovecot: Dovecot
    """It takes tokens, too: see `tests.servers.tokens`."""
    token_server: tokens.TokenServer

    @classmethod
    def start(cls, directory: Path) -> Postfix:
        """Run both below `directory` (which must have a short path, and belong to root)."""
        token_server = tokens.TokenServer()
        settings = {
            "protocols": "imap pop3 lmtp", "auth_username_format": "%Ln", "auth_mechanisms": tokens.MECHANISMS,
        }  # fmt: skip
        blocks = token_server.passdb(directory / "d") + _dovecot_blocks(directory / "d")
        try:
            dovecot = Dovecot.start(directory / "d", settings=settings, blocks=blocks)
        except BaseException:
            token_server.stop()
            raise
        submission, submissions, plain = free_ports(3)
        server = cls(directory / "p", "127.0.0.1", submission, submissions, plain, dovecot, token_server)
        try:
            server._configure()
            server._run("start")
            for port in (submission, plain):
                server._wait(port)
        except BaseException:
            server.stop()
            raise
        return server

    def new_user(self, prefix: str = "user") -> DovecotUser:
        """A user nobody else has; their address is `NAME@example.org`."""
        return self.dovecot.new_user(prefix)

    @property
    def ca_file(self) -> Path:
        """The root of both servers' certificate."""
        return self.dovecot.ca_file

    def log(self) -> str:
        """What Postfix wrote so far."""
        return (self.directory / "maillog").read_text(errors="replace")

    def wait_for_mail(self, user: DovecotUser, count: int = 1, mailbox: str = "INBOX") -> list[bytes]:
        """The messages of a user, once there are so many."""
        connection = user.imap()
        try:
            last = time.monotonic() + 30
            while time.monotonic() < last:
                connection.select(mailbox, readonly=True)
                _, answers = connection.uid("FETCH", "1:*", "(BODY.PEEK[])")
                found = [answer[1] for answer in answers if isinstance(answer, tuple)]
                if len(found) >= count:
                    return found
                time.sleep(0.05)
        finally:
            connection.logout()
        raise AssertionError(f"{user.name} has no {count} messages: {self.log()[-3000:]}")

    def wait_for_unicode_mail(self, holding: bytes) -> bytes:
        """The message for `UNICODE_ADDRESS` that holds these octets, once it is there."""
        last = time.monotonic() + 30
        while time.monotonic() < last:
            for file in (self.directory / "mail" / "zoe" / "new").glob("*"):
                if holding in (raw := file.read_bytes()):
                    return raw
            time.sleep(0.05)
        raise AssertionError(f"It did not come: {self.log()[-3000:]}")

    def stop(self) -> None:
        """End both and wait for them."""
        if (self.directory / "main.cf").exists():
            self._run("stop", check=False)
        self.dovecot.stop()
        self.token_server.stop()

    def _run(self, command: str, *, check: bool = True) -> None:
        # With a relative path it would silently do nothing.
        done = subprocess.run(
            [str(PROGRAM), "-c", str(self.directory.absolute()), command],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )
        if check and done.returncode:
            raise RuntimeError(f"Postfix: {command}: {(done.stdout + done.stderr).decode()[-2000:]}")

    def _wait(self, port: int) -> None:
        last = time.monotonic() + 30
        while time.monotonic() < last:
            try:
                with socket.create_connection((self.host, port), 5) as probe:
                    if probe.recv(4) == b"220 ":
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"Postfix did not start: {self.log()[-2000:]}")

    def _configure(self) -> None:
        place = self.directory
        for name in ("queue", "data"):
            (place / name).mkdir(parents=True)
        shutil.chown(place / "data", "postfix")
        (place / "mail").mkdir()
        shutil.chown(place / "mail", "nobody")
        for name in ("cert.pem", "key.pem"):
            shutil.copyfile(self.dovecot.directory / name, place / name)
        (place / "key.pem").chmod(0o600)
        (place / "main.cf").write_text(_main(place, self.dovecot.directory), encoding="utf-8")
        tls = "-o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes"
        lines = [
            f"{self.host}:{self.submission_port} inet n - n - - smtpd {tls}",
            f"{self.host}:{self.submissions_port} inet n - n - - smtpd {tls} -o smtpd_tls_wrappermode=yes",
            f"{self.host}:{self.plain_port} inet n - n - - smtpd -o smtpd_tls_security_level=none",
            *_DAEMONS,
        ]
        (place / "master.cf").write_text("\n".join(lines) + "\n", encoding="ascii")


def _main(place: Path, dovecot: Path) -> str:
    return f"""
compatibility_level = 3.6
config_directory = {place}
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file = {place}/maillog
maillog_file_prefixes = {place}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.{DOMAIN}
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 192.0.2.1/32
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
default_transport = discard:
relay_transport = discard:
virtual_mailbox_domains = {DOMAIN}, {UNICODE_ADDRESS.partition("@")[2]}
virtual_mailbox_maps = inline:{{ {{ {UNICODE_ADDRESS} = zoe/ }} }}, static:ok
virtual_mailbox_base = {place}/mail
virtual_uid_maps = static:{pwd.getpwnam("nobody").pw_uid}
virtual_gid_maps = static:{pwd.getpwnam("nobody").pw_gid}
transport_maps = inline:{{ {{ {UNICODE_ADDRESS.partition("@")[2]} = virtual: }} }}
virtual_transport = lmtp:unix:{dovecot}/lmtp
virtual_alias_maps = inline:{{ {{ émile@{DOMAIN} = emile@{DOMAIN} }} }}
lmtp_destination_recipient_limit = 1
local_header_rewrite_clients =
message_size_limit = {SIZE_LIMIT_OCTETS}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtputf8_enable = yes
smtpd_tls_cert_file = {place}/cert.pem
smtpd_tls_key_file = {place}/key.pem
smtpd_tls_protocols = >=TLSv1.2
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {dovecot}/sasl
smtpd_sasl_security_options = noanonymous
smtpd_client_restrictions = permit
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
    check_recipient_access inline:{{
        {{ nobody@{DOMAIN} = 550 5.1.1 nobody of this name }},
        {{ later@{DOMAIN} = 450 4.2.0 come back later }} }}
    permit_sasl_authenticated, reject
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
"""


def _dovecot_blocks(place: Path) -> str:
    """Sockets for Postfix, which is another user."""
    return f"""
service auth {{
  unix_listener {place}/sasl {{
    mode = 0666
  }}
}}
service lmtp {{
  chroot =
  unix_listener {place}/lmtp {{
    mode = 0666
  }}
}}
"""
