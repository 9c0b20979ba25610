"""The demo's child process: server, throw-away directory, password, engine.

It says where everything lies in one line of JSON on stdout, and serves until its stdin
closes, which happens however the parent ends. Then it stops the engine and removes the
directory. The password lives in memory only: here and in the engine.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

from tuimail.config import AccountConfig, ConfigEditor, Protocol, Receive, Security, Send
from tuimail.demo.server import DemoServer
from tuimail.engine.office import Office, engine_runs
from tuimail.engine.protocol import Credential, Stop
from tuimail.model import AccountName
from tuimail.paths import Paths

ACCOUNT = AccountName("demo")
SECONDS_BETWEEN_MAIL = 45.0


def main() -> int:
    """Serve until stdin closes."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="tuimail-demo-", ignore_cleanup_errors=True) as name:
        paths = places(Path(name))
        paths.make()
        with DemoServer.start(drip_s=SECONDS_BETWEEN_MAIL) as server:
            ConfigEditor(paths.config_file).add_account(account_of(server))
            _hold_engine(paths, server.password)
    return 0


def places(directory: Path) -> Paths:
    """Everything in one directory. The socket, too: unix sockets allow 107 bytes, and /tmp is short."""
    return Paths(
        config_file=directory / "config" / "config.toml",
        data=directory / "data",
        state=directory / "state",
        runtime=directory / "run",
    )


def account_of(server: DemoServer) -> AccountConfig:
    """The account that the server serves, by IMAP and SMTP on loopback."""
    receive = Receive(
        Protocol.IMAP, server.host, server.imap_port, Security.NONE, server.user, offline_days=None
    )
    send = Send(server.host, server.smtp_port, Security.NONE, user=server.user)
    return AccountConfig(ACCOUNT, server.address, "Ada Byron", receive, send)


def _hold_engine(paths: Paths, password: str) -> None:
    """Start the engine and hand it the password; stop it when stdin closes."""
    office = Office.join(paths, on_notice=lambda notice: None)
    try:
        office.send(Credential(ACCOUNT, password))
        words = {field.name: str(getattr(paths, field.name)) for field in fields(paths)}
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()
    finally:
        office.send(Stop())
        office.close()  # before the engine is gone: an office that is open starts it again
        _wait_for_end(paths)


def _wait_for_end(paths: Paths) -> None:
    """Wait, a few seconds at most, until the engine has let go of the directory."""
    import threading  # beside its one use

    patience = threading.Event()
    for _ in range(100):
        if not engine_runs(paths):
            return
        patience.wait(0.05)


if __name__ == "__main__":
    sys.exit(main())
