"""The lane: one thread that writes what a person asked for, in the order in which it was asked.

Writing waits for a disk, and now and then for the engine; the loop must not. One thread
with a store of its own keeps "star, then archive" in that order, and opens the store
once. What must not live here: what is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from tuimail.paths import Paths
from tuimail.store import Store

Result = TypeVar("Result")


class _Job(NamedTuple):
    work: Callable[[Store], Any]  # Any: only the future knows
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Lane:
    """Runs pieces of work one after another. Used by one loop."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, work: Callable[[Store], Result]) -> asyncio.Future[Result]:
        """What `work` will return or raise, after everything that was asked for before.

        It is queued at once. Cancelling does not take it back: what a person asked for is done.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._jobs.put(_Job(work, future, loop))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="lane", daemon=True)
            self._thread.start()
        return future

    def close(self, within_s: float = 10.0) -> bool:
        """Let it finish what was asked for; False when that takes longer."""
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self._jobs.put(None)
        thread.join(within_s)
        return not thread.is_alive()

    def _work(self) -> None:
        store: Store | None = None
        while (job := self._jobs.get()) is not None:
            result: object = None
            error: BaseException | None = None
            try:
                store = store or Store.open(self._paths)
                result = job.work(store)
            except BaseException as exc:  # noqa: BLE001 - handed to whoever awaits it
                error = exc
            with contextlib.suppress(RuntimeError):  # the loop has ended
                job.loop.call_soon_threadsafe(_tell, job.future, result, error)
        if store is not None:
            store.close()


def _tell(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():  # cancelled: nobody waits any longer
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
