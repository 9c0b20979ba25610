"""Waiting on the loop for parts that the engine fetches."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from tuimail.errors import NotDownloaded
from tuimail.mime.clean import clean_line
from tuimail.model import EnvelopeId, Section
from tuimail.ui.beside.notices import News

PartKey = tuple[EnvelopeId, Section]


class Step(NamedTuple):
    """How far a job is, in octets; a total of 0 is not known."""

    done: int
    total: int


class Arrivals:
    """Parts that somebody waits for. Everything here happens on the loop."""

    def __init__(self) -> None:
        self._waiting: dict[PartKey, asyncio.Future[None]] = {}
        self.step = Step(0, 0)
        """Of the part that was heard of last."""

    def __bool__(self) -> bool:
        """Whether anything is waited for."""
        return bool(self._waiting)

    def expect(self, key: PartKey) -> asyncio.Future[None]:
        """To be called before the wish is sent. The future ends when the part came, or raises NotDownloaded."""
        return self._waiting.setdefault(key, asyncio.get_running_loop().create_future())

    def forget(self, key: PartKey) -> None:
        """Nobody waits any longer."""
        future = self._waiting.pop(key, None)
        if future is not None and future.done() and not future.cancelled():
            future.exception()  # looked at, so that nobody complains that it was not

    def take(self, news: News) -> None:
        """What the engine said since the last time."""
        for key, future in self._waiting.items():
            if key in news.part_progress:
                self.step = Step(*news.part_progress[key])
            if future.done():
                continue
            if key in news.arrived:
                future.set_result(None)
            elif key in news.failed:
                future.set_exception(NotDownloaded(clean_line(news.failed[key])))
