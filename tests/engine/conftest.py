"""Houses on servers of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.engine.house import House, MailServer
from tests.servers.dovecot import Dovecot
from tuimail.demo.imap import capabilities
from tuimail.demo.server import DemoServer

KINDS = {
    "outlook": capabilities.OUTLOOK,
    "condstore": capabilities.CONDSTORE_ONLY,
    "full": capabilities.FULL,
    "bare": capabilities.BARE,
}


class Demo(DemoServer):
    """A demo server under the names that a house knows."""

    @property
    def port(self) -> int:
        """Of IMAP."""
        return self.imap_port

    @property
    def capabilities(self) -> frozenset[str]:
        """What it offers."""
        return self._options.capabilities


@pytest.fixture(params=["outlook", "condstore", "full", "bare"])
def demo(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """The demo server with its samples, in each of its disguises."""
    server = Demo.start(capabilities=KINDS[request.param])
    yield server
    server.stop()


@pytest.fixture
def full() -> Iterator[Demo]:
    """The demo server with all it can do, and its samples."""
    server = Demo.start()
    yield server
    server.stop()


@pytest.fixture
def outlook() -> Iterator[Demo]:
    """The demo server with what Outlook offers, and its samples."""
    server = Demo.start(capabilities=capabilities.OUTLOOK)
    yield server
    server.stop()


@pytest.fixture
def house_of(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Makes houses; all are closed at the end."""
    made: list[House] = []

    def make(server: MailServer, *, offline: str = "none", port: int | None = None) -> House:
        made.append(House(tmp_path / f"house{len(made)}", server, offline=offline, port=port))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture(params=["dovecot", "plain_dovecot"])
def any_dovecot(request: pytest.FixtureRequest) -> MailServer:
    """A fresh user on Dovecot, with all it can do and with as little as some big providers offer."""
    server: Dovecot = request.getfixturevalue(request.param)
    user = server.new_user()
    return SimpleNamespace(
        host=server.host, port=server.imap_port, user=user.name, password=user.password, dovecot_user=user
    )
