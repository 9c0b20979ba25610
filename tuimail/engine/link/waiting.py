"""Waiting for the end of a sync that was asked for, for the command line and tests."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable

from tuimail.engine.protocol import Notice, Request, SyncEnded, SyncNow
from tuimail.errors import EngineGone


class SyncWaiter:
    """Collects the answers to `SyncNow` by their tickets."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: dict[str, dict[str, str]] = {}
        self._ended: set[str] = set()
        self._numbers = itertools.count(1)

    def hear(self, notice: Notice | Request) -> None:
        """A notice came; all but `SyncEnded` are ignored."""
        if not isinstance(notice, SyncEnded):
            return
        with self._changed:
            answers = self._answers.get(notice.ticket)
            if answers is None:
                return
            if notice.account:
                answers[notice.account] = notice.sentence
            else:
                if notice.sentence:
                    answers[""] = notice.sentence
                self._ended.add(notice.ticket)
            self._changed.notify_all()

    def wait(self, send: Callable[[Request], None], account: str, timeout_s: float | None) -> dict[str, str]:
        """Ask for a sync and wait for it; raises EngineGone when the time passed."""
        ticket = f"{os.getpid()}.{next(self._numbers)}"
        with self._changed:
            self._answers[ticket] = {}
        send(SyncNow(account, ticket))
        with self._changed:
            ended = self._changed.wait_for(lambda: ticket in self._ended, timeout_s)
            answers = self._answers.pop(ticket)
            self._ended.discard(ticket)
        if not ended:
            raise EngineGone("The sync did not end in time.", "It goes on when tuimail is opened.")
        return answers
