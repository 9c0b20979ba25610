"""Several processes on one store, and processes that die."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.making import WORK, change, several, with_account
from tests.store.writing import BATCH, BATCHES
from tuimail.model import Flag
from tuimail.paths import Paths
from tuimail.store import Store

ROOT = Path(__file__).resolve().parents[2]


def writer(directory: Path, what: str, first: int) -> subprocess.Popen[str]:
    """A process of `tests.store.writing` that has opened the store."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.writing", str(directory), what, str(first)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def filled(paths: Paths) -> Paths:
    """A store with a few messages, closed."""
    with Store.open(paths) as store:
        store.envelopes.ingest(with_account(store), several(range(1, 11)))
    return paths


def test_two_that_write_at_once_lose_nothing(filled: Paths, tmp_path: Path) -> None:
    processes = [writer(tmp_path, "mail", 1000), writer(tmp_path, "mail", 100_000), writer(tmp_path, "actions", 0)]
    with Store.open(filled) as store:
        inbox = store.mailboxes.find(WORK, "INBOX")
        assert inbox is not None
        while any(process.poll() is None for process in processes):
            newest = store.envelopes.window(inbox.id, 0, 1).rows[0]
            store.pending.add([change(store, newest.id, add=Flag.FLAGGED)], at=1)
            assert len(store.envelopes.window(inbox.id, 5, 3).rows) == 3
            for process in processes:
                assert process.stdout is not None
                process.stdout.readline()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    with Store.open(filled) as store:
        assert store.check() == []
        assert store.envelopes.window(inbox.id, 0, 1).total == 10 + 2 * BATCHES * (BATCH - 10)


@pytest.mark.parametrize("batches", [1, 3, 6, 9])
def test_killed_in_the_middle_of_anything_the_store_is_whole(filled: Paths, tmp_path: Path, batches: int) -> None:
    process = writer(tmp_path, "mail", 1000)
    assert process.stdout is not None
    for _ in range(batches):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    with Store.open(filled) as store:
        assert store.check() == []
        inbox = store.mailboxes.find(WORK, "INBOX")
        assert inbox is not None
        assert inbox.total >= 10 + batches * (BATCH - 10)
        store.envelopes.ingest(inbox.id, several(range(1000, 1000 + BATCHES * BATCH)))
        assert store.envelopes.window(inbox.id, 0, 1).total == 10 + BATCHES * BATCH
        assert store.check() == []
