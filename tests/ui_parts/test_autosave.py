"""When a draft is saved, and what is told of it: a clock and timers that the tests move."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from tuimail.errors import DiskFull
from tuimail.ui.beside.autosave import AGAIN_S, LONGEST_S, PAUSE_S, Autosave, SaveState


class Alarm:
    """A timer that fires when a test says so."""

    def __init__(self, seconds: float, ring: Callable[[], None]) -> None:
        self.seconds, self._ring, self.stopped = seconds, ring, False

    def stop(self) -> None:
        self.stopped = True

    def ring(self) -> None:
        if not self.stopped:
            self.stopped = True
            self._ring()


class Desk:
    """A screen with one line on it, and a disk."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.typed = ""
        self.disk: list[str] = []
        self.full = False
        self.gate: threading.Event | None = None
        self.alarms: list[Alarm] = []
        self.autosave: Autosave[str] = Autosave(lambda: self.typed, self._save, self._later, lambda: self.now)

    def _save(self, value: str) -> None:
        if self.gate is not None:
            assert self.gate.wait(10)
        if self.full:
            raise DiskFull("No space is left.", "Make room.")
        self.disk.append(value)

    def _later(self, seconds: float, ring: Callable[[], None]) -> Alarm:
        self.alarms.append(Alarm(seconds, ring))
        return self.alarms[-1]

    def type(self, text: str, seconds: float = 0.0) -> None:
        self.now += seconds
        self.typed += text
        self.autosave.changed()

    def state(self) -> SaveState:
        return self.autosave.word.state

    async def settled(self) -> None:
        """The save that is under way has ended."""
        task = self.autosave._task
        if task is not None:
            await task


def run(steps: Callable[[Desk], Coroutine[Any, Any, None]]) -> Desk:
    async def all_steps() -> Desk:
        desk = Desk()
        await steps(desk)
        return desk

    return asyncio.run(all_steps())


def test_a_pause_saves_and_says_when() -> None:
    async def steps(desk: Desk) -> None:
        desk.type("a")
        assert desk.state() is SaveState.CHANGED
        assert desk.alarms[-1].seconds == PAUSE_S
        desk.alarms[-1].ring()
        assert desk.state() is SaveState.SAVING
        await desk.settled()
        assert desk.autosave.word.state is SaveState.SAVED
        assert desk.autosave.word.saved_at == 1000

    assert run(steps).disk == ["a"]


def test_each_key_puts_the_save_off_but_not_for_ever() -> None:
    async def steps(desk: Desk) -> None:
        for _ in range(20):
            desk.type("a", 0.5)
            assert sum(not alarm.stopped for alarm in desk.alarms) == 1
        assert desk.alarms[-1].seconds == 0.0, f"after {LONGEST_S} s without a pause"

    run(steps)


def test_what_is_typed_while_it_saves_is_saved_after_it() -> None:
    async def steps(desk: Desk) -> None:
        desk.gate = threading.Event()
        desk.type("a")
        desk.alarms[-1].ring()
        desk.type("b")
        assert desk.state() is SaveState.CHANGED
        desk.gate.set()
        await desk.settled()
        assert desk.state() is SaveState.CHANGED, "the disk lacks what was typed since"
        desk.alarms[-1].ring()
        await desk.settled()
        assert desk.state() is SaveState.SAVED

    assert run(steps).disk == ["a", "ab"]


def test_a_full_disk_is_told_and_tried_again() -> None:
    async def steps(desk: Desk) -> None:
        desk.full = True
        desk.type("a")
        desk.alarms[-1].ring()
        await desk.settled()
        assert desk.autosave.word.state is SaveState.FAILED
        assert desk.autosave.word.sentence == "No space is left. Make room."
        assert desk.alarms[-1].seconds == AGAIN_S
        desk.type("b")
        assert desk.state() is SaveState.FAILED, "typing on does not hide it"
        desk.full = False
        desk.alarms[-1].ring()
        await desk.settled()
        assert desk.state() is SaveState.SAVED

    assert run(steps).disk == ["ab"]


def test_whoever_leaves_waits_for_all_of_it() -> None:
    async def steps(desk: Desk) -> None:
        desk.gate = threading.Event()
        desk.type("a")
        desk.alarms[-1].ring()
        desk.type("b")
        desk.gate.set()
        assert await desk.autosave.flush() is True

    assert run(steps).disk == ["a", "ab"]


def test_leaving_with_a_full_disk_says_so() -> None:
    async def steps(desk: Desk) -> None:
        desk.full = True
        desk.type("a")
        assert await desk.autosave.flush() is False
        assert desk.autosave.take_unsaved() == "a"

    assert run(steps).disk == []


def test_what_was_discarded_is_not_saved_again() -> None:
    async def steps(desk: Desk) -> None:
        desk.type("a")
        desk.autosave.close()
        desk.alarms[0].ring()
        desk.type("b")
        assert desk.autosave._task is None

    assert run(steps).disk == []
