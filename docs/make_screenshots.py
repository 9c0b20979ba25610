"""Makes the screenshots of README and guide from the demo mailbox: `python -m docs.make_screenshots`.

The sample mailbox on a fixed day, synced by a real engine over a real socket into a
throw-away store; then the app, driven by keys, exports its own screen as SVG.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tuimail import config
from tuimail.cli.demo_server import account_of, places
from tuimail.demo.server import DemoServer
from tuimail.engine.clock import SystemClock
from tuimail.engine.inprocess import InProcessOffice
from tuimail.engine.protocol import Notice
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.app import TuimailApp

NOW = datetime(2026, 3, 12, 16, 20, tzinfo=UTC)
IMAGES = Path(__file__).resolve().parent / "images"

SHOTS: tuple[tuple[str, tuple[int, int], str, Sequence[str]], ...] = (
    ("three-panes", (150, 42), "tuimail-dark", ("g", "j", "j", "j", "j", "enter")),
    ("light", (150, 42), "tuimail-light", ("g", "j", "enter")),
    ("help", (130, 42), "tuimail-dark", ("?",)),
    ("palette", (130, 36), "tuimail-dark", ("ctrl+p", *"comp")),
    ("save-prompt", (130, 36), "tuimail-dark", ("g", "j", "j", "j", "j", "enter", "S")),
    ("composer", (150, 42), "tuimail-dark", ("g", "j", "j", "j", "j", "r")),
    ("search", (130, 36), "tuimail-dark", ("/", *"from:grace review")),
    ("conversations", (130, 36), "tuimail-light", ("g", "T")),
    ("narrow", (78, 30), "nord", ()),
)
"""File name, columns and rows, theme, keys."""


class DayClock(SystemClock):
    """The machine's clock, moved to the day of the pictures."""

    def wall(self) -> float:
        """Seconds since 1970 UTC, on that day."""
        return NOW.timestamp()


def _joined(paths: Paths) -> Callable[[Callable[[Notice], None]], InProcessOffice]:
    return lambda hear: InProcessOffice.join(paths, on_notice=hear, clock=DayClock())


async def shoot(paths: Paths, store: Store, shot: tuple[str, tuple[int, int], str, Sequence[str]]) -> None:
    """Take one picture."""
    name, size, theme, keys = shot
    app = TuimailApp(
        store, paths, config.load(paths.config_file), _joined(paths),
        clock=NOW.timestamp, demo=True,
    )
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        await pilot.pause(0.5)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(1.5)
        svg = app.export_screenshot(title="tuimail", simplify=False)
    app.close()
    (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"docs/images/{name}.svg", len(svg))


def main() -> None:
    os.environ.update(TZ="UTC", TEXTUAL_ANIMATIONS="none", COLORTERM="truecolor")
    time.tzset()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, DemoServer.start(now=NOW) as server:
        paths = places(Path(name))
        paths.make()
        account = account_of(server, Path("unused"))
        receive = replace(account.receive, password_command=("printf", "%s", server.password))
        config.ConfigEditor(paths.config_file).add_account(replace(account, receive=receive))
        office = InProcessOffice.join(paths, on_notice=lambda notice: None, clock=DayClock())
        office.wait_sync(timeout_s=60)
        office.close()
        for shot in SHOTS:
            with Store.open(paths) as store:
                asyncio.run(shoot(paths, store, shot))


if __name__ == "__main__":
    main()
