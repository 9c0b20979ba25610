"""Short blocking work beside the loop: a folder listed, a file written.

Textual's thread workers run on the loop's own executor, which holds the program open
until each has ended; a folder on a dead network disk would never let it go. So here
each piece of work gets a daemon thread of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """What `work` returns or raises, with the loop free meanwhile. Cancelling does not stop the thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def tell(result: Result | None, error: BaseException | None) -> None:
        if future.done():  # cancelled: nobody waits any longer
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only when Result allows it

    def run() -> None:
        result: Result | None = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as exc:  # noqa: BLE001 - handed to whoever awaits it
            error = exc
        try:
            loop.call_soon_threadsafe(tell, result, error)
        except RuntimeError:
            return  # the loop has ended

    threading.Thread(target=run, name="aside", daemon=True).start()
    return await future
