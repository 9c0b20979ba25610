"""A private clamd with a database of two lines, on a Unix socket, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path("/usr/sbin/clamd")
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""In two pieces, so that no scanner takes this file for it."""
_BY_HASH = "44d88612fea8a8f36de82e1278abb02f:68:Eicar.Hash\n"
NAME = "Eicar.Text.UNOFFICIAL"


def available() -> str:
    """Empty when clamd can run here, else the reason why not."""
    return "" if PROGRAM.exists() else "clamd is not installed"


@dataclass
class ClamdServer:
    """A running daemon; `stop()` ends it."""

    path: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, directory: Path) -> ClamdServer:
        """Run one below `directory` (which must have a short path: it holds the socket)."""
        database = directory / "db"
        database.mkdir(parents=True)
        (database / "eicar.hdb").write_text(_BY_HASH)
        (database / "eicar.ndb").write_text(f"Eicar.Text:0:*:{EICAR.hex()}\n")
        path = directory / "clamd.ctl"
        config = directory / "clamd.conf"
        config.write_text(
            f"LocalSocket {path}\nDatabaseDirectory {database}\nForeground yes\nTemporaryDirectory {directory}\n"
            "MaxThreads 2\nStreamMaxLength 1M\n"
        )
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            for place in (directory, *directory.rglob("*")):
                os.chown(place, account.pw_uid, account.pw_gid)
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        log = (directory / "log").open("ab")
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [str(PROGRAM), "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **identity
        )
        log.close()
        server = cls(path, process)
        if server._answers():
            return server
        server.stop()
        raise RuntimeError(f"clamd did not start: {(directory / 'log').read_text()[-2000:]}")

    def _answers(self) -> bool:
        last = time.monotonic() + 60
        while time.monotonic() < last and self.process.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.settimeout(5)
                    probe.connect(str(self.path))
                    probe.sendall(b"zPING\0")
                    if probe.recv(5) == b"PONG\0":
                        return True
            except OSError:
                time.sleep(0.02)
        return False

    def stop(self) -> None:
        """End the daemon and wait for it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
