"""Saving what is being written, on every pause, beside the loop, and telling the truth about it.

What lives here: when to save, one save at a time, and the state that is shown. What must
not: widgets, and how a draft is stored. A save that fails is tried again by itself.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tuimail.errors import MailError
from tuimail.ui.beside.aside import aside

PAUSE_S = 1.0
"""Nothing was typed for so long."""
LONGEST_S = 5.0
"""Whoever types without a pause is saved all the same, so often."""
AGAIN_S = 5.0
"""After a save that failed."""

Value = TypeVar("Value")


class SaveState(enum.Enum):
    """How what is on the screen compares with what is on the disk."""

    SAVED = "saved"
    CHANGED = "changed"
    SAVING = "saving"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SaveWord:
    """What is told of the last save."""

    state: SaveState
    saved_at: int
    """When the disk last had all of it; 0 for never."""
    sentence: str = ""
    """Why it failed."""


class Alarm(Protocol):
    """A timer that can be stopped."""

    def stop(self) -> None: ...


class Autosave(Generic[Value]):
    """Saves a value that changes. All methods are called on the loop; only `save` runs in a thread."""

    def __init__(
        self,
        take: Callable[[], Value],
        save: Callable[[Value], None],
        later: Callable[[float, Callable[[], None]], Alarm],
        clock: Callable[[], float],
        *,
        tell: Callable[[SaveWord], None] = lambda word: None,
        saved_at: int = 0,
    ) -> None:
        """`take` reads the value off the screen, `save` makes it durable, `later` is a timer of the loop.

        `saved_at`: when the disk got what is on the screen now; 0 for what was only begun.
        """
        self._take, self._save, self._later, self._clock, self._tell = take, save, later, clock, tell
        self._alarm: Alarm | None = None
        self._unsaved_since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.word = SaveWord(SaveState.SAVED, saved_at)

    @property
    def is_saved(self) -> bool:
        """Whether the disk has everything."""
        return self.word.state is SaveState.SAVED

    def changed(self) -> None:
        """Something was typed."""
        if self._closed:
            return
        now = self._clock()
        if self._unsaved_since is None:
            self._unsaved_since = now
        left = LONGEST_S - (now - self._unsaved_since)
        self._set_alarm(max(0.0, min(PAUSE_S, left)))
        if self.word.state is not SaveState.FAILED:
            self._say(SaveState.CHANGED)

    async def flush(self) -> bool:
        """Save what is not saved yet, and wait for it; whether the disk has everything."""
        self._stop_alarm()
        if self._task is not None:
            await asyncio.shield(self._task)
        if self._unsaved_since is not None:
            self._begin()
            if self._task is not None:
                await asyncio.shield(self._task)
        return self.is_saved

    def close(self) -> None:
        """Nothing is saved from now on: the draft was sent or discarded."""
        self._closed = True
        self._unsaved_since = None
        self._stop_alarm()

    def take_unsaved(self) -> Value | None:
        """What the disk does not have, for a last save in order while the program ends; None for nothing."""
        return self._take() if self._unsaved_since is not None or self._task is not None else None

    # --- saving --------------------------------------------------------------------

    def _begin(self) -> None:
        self._alarm = None
        if self._closed or self._task is not None or self._unsaved_since is None:
            return  # one at a time: the one that runs looks again when it ends
        value = self._take()
        self._unsaved_since = None
        self._say(SaveState.SAVING)
        self._task = asyncio.get_running_loop().create_task(self._run(value))

    async def _run(self, value: Value) -> None:
        try:
            await aside(lambda: self._save(value))
        except MailError as exc:
            self._failed(f"{exc.sentence} {exc.advice}".strip())
        except Exception as exc:  # noqa: BLE001 - the top of a task: the person must see that nothing is saved
            self._failed(f"This should not happen ({type(exc).__name__}).")
        else:
            self._task = None
            if self._unsaved_since is None:
                self._say(SaveState.SAVED, saved_at=int(self._clock()))
            elif self._alarm is None:
                self._set_alarm(PAUSE_S)

    def _failed(self, sentence: str) -> None:
        self._task = None
        if self._closed:
            return
        self._unsaved_since = self._clock() if self._unsaved_since is None else self._unsaved_since
        self._say(SaveState.FAILED, sentence=sentence)
        self._set_alarm(AGAIN_S)

    def _say(self, state: SaveState, *, saved_at: int | None = None, sentence: str = "") -> None:
        self.word = SaveWord(state, self.word.saved_at if saved_at is None else saved_at, sentence)
        self._tell(self.word)

    def _set_alarm(self, seconds: float) -> None:
        self._stop_alarm()
        self._alarm = self._later(seconds, self._begin)

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
