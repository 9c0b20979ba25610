"""The demo's child process: server, throw-away directory, password, engine.

It says where everything lies in one line of JSON on stdout, and serves until its stdin
closes, which happens however the parent ends. Then it stops the engine and removes the
directory. The password is in memory only: the engine reads it from a socket, by the
`password_command` of the account, as it would from a password manager.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import fields
from pathlib import Path

from tuimail.config import AccountConfig, ConfigEditor, Protocol, Receive, Security, Send
from tuimail.demo.server import DemoServer
from tuimail.engine.office import Office, engine_runs
from tuimail.engine.protocol import Stop
from tuimail.model import AccountName
from tuimail.paths import Paths

ACCOUNT = AccountName("demo")
POP3_ACCOUNT = AccountName("pop")
SECONDS_BETWEEN_MAIL = 45.0
LONGEST_TOP = 60
START_DEADLINE_S = 10.0
_READ_LINE = """\
import socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect(sys.argv[1])
print(asking.makefile().readline().strip())
"""


def main() -> int:
    """Serve until stdin closes."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # A unix socket's path has at most 107 bytes, and some systems have long names for temporary places.
    top = "/tmp" if len(os.fsencode(tempfile.gettempdir())) > LONGEST_TOP else None  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="tuimail-demo-", dir=top, ignore_cleanup_errors=True) as name:
        paths = places(Path(name))
        paths.make()
        with DemoServer.start(drip_s=SECONDS_BETWEEN_MAIL) as server:
            telling = Path(name) / "password"
            threading.Thread(target=tell_password, args=(listen_at(telling), server.password), daemon=True).start()
            editor = ConfigEditor(paths.config_file)
            editor.add_account(account_of(server, telling))
            editor.add_account(pop3_account_of(server, telling))
            _hold_engine(paths)
    return 0


def places(directory: Path) -> Paths:
    """Everything in one directory, the socket, too."""
    return Paths(
        config_file=directory / "config" / "config.toml",
        data=directory / "data",
        state=directory / "state",
        runtime=directory / "run",
    )


def account_of(server: DemoServer, telling: Path) -> AccountConfig:
    """The account that the server serves, by IMAP and SMTP on loopback."""
    command = password_from(telling)
    receive = Receive(
        Protocol.IMAP, server.host, server.imap_port, Security.NONE, server.user,
        password_command=command, offline_days=None,
    )  # fmt: skip
    send = Send(server.host, server.smtp_port, Security.NONE, user=server.user, password_command=command)
    return AccountConfig(ACCOUNT, server.address, "Ada Byron", receive, send)


def pop3_account_of(server: DemoServer, telling: Path) -> AccountConfig:
    """A second account, downloaded whole, with its attachments in quarantine."""
    command = password_from(telling)
    receive = Receive(
        Protocol.POP3, server.host, server.pop3_port, Security.NONE, server.pop3_user,
        password_command=command, quarantine=True,
    )  # fmt: skip
    send = Send(server.host, server.smtp_port, Security.NONE, user=server.pop3_user, password_command=command)
    return AccountConfig(POP3_ACCOUNT, server.pop3_address, "Ada Byron", receive, send)


def password_from(telling: Path) -> tuple[str, ...]:
    """A command that prints the password; only Python is sure to be there."""
    return (sys.executable, "-IS", "-c", _READ_LINE, str(telling))


def listen_at(telling: Path) -> socket.socket:
    """A socket for those who ask for the password: unlike a pipe it gives each of them an answer of its own."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(telling))
    telling.chmod(0o600)
    listening.listen()
    return listening


def tell_password(listening: socket.socket, password: str) -> None:
    """Tell the password to everybody who asks."""
    while True:
        asking, _ = listening.accept()
        with contextlib.suppress(OSError), asking:
            asking.sendall(f"{password}\n".encode())


def _hold_engine(paths: Paths) -> None:
    """Start the engine; stop it when stdin closes."""
    office = Office.join(paths, on_notice=lambda notice: None)
    try:
        office.wait_ready(START_DEADLINE_S)  # or the parent would start an engine of its own
        words = {field.name: str(getattr(paths, field.name)) for field in fields(paths)}
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()
    finally:
        pid = office.engine_pid
        office.send(Stop())
        office.close()  # before the engine is gone: an office that is open starts it again
        _wait_for_end(paths, pid)


def _wait_for_end(paths: Paths, pid: int) -> None:
    """Wait a few seconds until the engine has let go of the directory; then it is ended without asking."""
    patience = threading.Event()
    for _ in range(80):
        if not engine_runs(paths):
            return
        patience.wait(0.05)
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGKILL)
    patience.wait(0.2)


if __name__ == "__main__":
    sys.exit(main())
