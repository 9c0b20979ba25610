"""Timers that fire once do so, whatever happens while they are being started."""

from __future__ import annotations

import asyncio

import pytest
from textual import _time
from textual.app import App

from tuimail.ui.beside.punctual import Punctual


class Waiting(Punctual, App[None]):
    """An app that waits for one timer."""

    def __init__(self) -> None:
        super().__init__()
        self.fired = asyncio.Event()


async def test_a_timer_fires_although_its_process_stood_still_while_it_was_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Waiting()
    async with app.run_test():
        clock = _time.get_time
        leaps = iter([0.0, 0.5])
        monkeypatch.setattr(_time, "get_time", lambda: clock() + next(leaps, 0.5))
        app.set_timer(0.01, app.fired.set)
        await asyncio.wait_for(app.fired.wait(), 5)
