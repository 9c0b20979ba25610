"""A fault that nobody thought of is told and written down, and the screen lives on."""

from __future__ import annotations

import pytest

from tests.ui.seed import seed
from tests.ui.test_main_screen import bench
from tuimail.errors import DiskFull
from tuimail.paths import Paths
from tuimail.ui.beside.candid import SENTENCE
from tuimail.ui.screens.dialogs import Dialog


async def _fail() -> None:
    raise LookupError("words out of a mail")


async def _fail_on_a_full_disk() -> None:
    raise DiskFull("The disk is full.")


@pytest.fixture
def seeded(paths: Paths) -> Paths:
    """A store with mail."""
    seed(paths)
    return paths


async def test_a_worker_that_fails_is_told_and_its_place_is_written_without_its_words(seeded: Paths) -> None:
    async with bench(seeded) as found:
        app = found.app
        for node in (app, app.main, Dialog[None]()):
            if isinstance(node, Dialog):
                app.push_screen(node)
                await found.pilot.pause()
            app.clear_notifications()
            node.run_worker(_fail(), exit_on_error=False)
            await found.until(lambda: SENTENCE in [each.message for each in app._notifications])
        app.main.run_worker(_fail_on_a_full_disk(), exit_on_error=False)
        await found.until(lambda: "The disk is full." in [each.message for each in app._notifications])
        log = seeded.log_file.read_text(encoding="utf-8")
        assert log.count("screen.fault error=LookupError at=") == 3
        assert "test_candid" in log
        assert "words out of a mail" not in log
        await found.press("escape", "j")
        assert app.is_running
