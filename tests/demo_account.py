"""The account that a test has on a demo server, and the end of the engine that served it."""

from __future__ import annotations

from tuimail.demo.server import DemoServer
from tuimail.engine.office import Office, engine_runs
from tuimail.engine.protocol import Stop
from tuimail.paths import Paths

PASSWORD = "correct-horse-battery-staple"


def configured(server: DemoServer, *, offline: str = "none") -> str:
    """A config.toml with one account, `demo`, by IMAP."""
    return f"""\
[accounts.demo]
address = "ada@example.org"
[accounts.demo.receive]
protocol = "imap"
host = "{server.host}"
port = {server.imap_port}
security = "none"
user = "{server.user}"
password_command = ["echo", "{server.password}"]
offline = "{offline}"
"""


def stop_engine(paths: Paths) -> None:
    """Ask the engine, if there is one, to end."""
    office = Office.join(paths, on_notice=lambda notice: None, watch=False, start=False)
    if engine_runs(paths) and office.wait_ready(5.0):
        office.send(Stop())
    office.close()
