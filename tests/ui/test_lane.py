"""Writing beside the loop, in the order in which it was asked for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.ui.seed import seed
from tuimail.errors import UsageError
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.lane import Lane


async def test_work_is_done_in_order_in_one_thread_that_is_not_the_loops(paths: Paths) -> None:
    seed(paths, bodies=False)
    lane = Lane(paths)
    done: list[int] = []

    def work(number: int) -> int:
        done.append(number)
        return threading.get_ident()

    threads = await asyncio.gather(*(lane.run(lambda _, number=number: work(number)) for number in range(20)))  # type: ignore[misc]
    assert done == list(range(20))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    assert lane.close()


async def test_work_that_fails_says_so_and_the_next_one_is_done(paths: Paths) -> None:
    seed(paths, bodies=False)
    lane = Lane(paths)

    def fail(_: Store) -> None:
        raise UsageError("No.")

    failing, following = lane.run(fail), lane.run(lambda store: store.accounts.all()[0].address)
    with pytest.raises(UsageError):
        await failing
    assert await following == "ada@example.org"
    assert lane.close()


async def test_closing_waits_for_what_was_asked_for(paths: Paths) -> None:
    seed(paths, bodies=False)
    lane = Lane(paths)
    may_go = threading.Event()
    lane.run(lambda _: may_go.wait(10))
    lane.run(lambda store: store.state.set("written", 1))
    assert not lane.close(within_s=0.01)
    may_go.set()
    lane = Lane(paths)
    lane.run(lambda store: store.state.set("written too", 1))
    assert lane.close()
    with Store.open(paths) as store:
        assert store.state.get("written too") == 1


async def test_what_was_asked_for_is_done_although_nobody_waits_any_longer(paths: Paths) -> None:
    seed(paths, bodies=False)
    lane = Lane(paths)
    lane.run(lambda store: store.state.set("written", 1)).cancel()
    assert await lane.run(lambda store: store.state.get("written")) == 1
    assert lane.close()
