"""The engine in threads of this process, behind the same interface as `office.Office`. For tests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from tuimail.engine.children.convert import Converter
from tuimail.engine.clock import Clock
from tuimail.engine.dispatch import Engine
from tuimail.engine.link.waiting import SyncWaiter
from tuimail.engine.log import Log
from tuimail.engine.protocol import Notice, Request
from tuimail.paths import Paths


class InProcessOffice:
    """An office whose engine lives and dies with it."""

    def __init__(
        self,
        paths: Paths,
        on_notice: Callable[[Notice], None],
        *,
        watch: bool,
        clock: Clock | None,
        converter: Converter | None,
    ) -> None:
        self._on_notice = on_notice
        self._waiter = SyncWaiter()
        self._notices: queue.SimpleQueue[Notice | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="office", daemon=True)
        paths.make()
        self.engine = Engine(paths, tell=self._notices.put, clock=clock, log=Log(paths.log_file), converter=converter)
        self._alive = True
        self._thread.start()
        self.engine.start()
        self.engine.watch(watch)

    @classmethod
    def join(
        cls,
        paths: Paths,
        *,
        on_notice: Callable[[Notice], None],
        watch: bool = True,
        start: bool = True,
        clock: Clock | None = None,
        converter: Converter | None = None,
    ) -> InProcessOffice:
        """As `Office.join`; `start` makes no difference here."""
        return cls(paths, on_notice, watch=watch, clock=clock, converter=converter)

    @property
    def alive(self) -> bool:
        """Until it is closed."""
        return self._alive

    def wait_ready(self, timeout_s: float | None = None) -> bool:
        """It always is, until it is closed."""
        return self._alive

    def send(self, request: Request) -> None:
        """Tell the engine."""
        if self._alive:
            self.engine.handle(request)

    def wait_sync(self, account: str = "", timeout_s: float | None = None) -> dict[str, str]:
        """As `Office.wait_sync`."""
        return self._waiter.wait(self.send, account, timeout_s)

    def close(self) -> None:
        """End the engine."""
        self._alive = False
        self.engine.close()
        self._notices.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join(2.0)

    def _deliver(self) -> None:
        while (notice := self._notices.get()) is not None:
            self._waiter.hear(notice)
            self._on_notice(notice)
