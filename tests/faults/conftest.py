"""Houses on a server that misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.pop_house import PopHouse
from tests.faults.drop_server import Drop, DropServer


@pytest.fixture
def server_of() -> Iterator[Callable[[Drop], DropServer]]:
    """Makes servers; all are stopped at the end."""
    made: list[DropServer] = []

    def make(drop: Drop) -> DropServer:
        made.append(DropServer(drop))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def pop_house_of(tmp_path: Path) -> Iterator[Callable[..., PopHouse]]:
    """Makes houses; all are closed at the end."""
    made: list[PopHouse] = []

    def make(server: DropServer, *, keep: str = "never") -> PopHouse:
        made.append(PopHouse(tmp_path / f"house{len(made)}", server, keep=keep))
        return made[-1]

    yield make
    for house in made:
        house.close()
