"""A store in a directory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.making import places, with_account
from tuimail.model import MailboxId
from tuimail.paths import Paths
from tuimail.store import Store


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return places(tmp_path)


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    with Store.open(paths) as opened:
        yield opened
        assert opened.check() == []


@pytest.fixture
def inbox(store: Store) -> MailboxId:
    return with_account(store)
