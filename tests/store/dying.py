"""A process that dies at a chosen step: before the n-th call that writes, syncs, names or commits anything.

A real process (a fork) that really ends, so that locks, descriptors and process ids are
what they are after a `kill -9`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tuimail.store.database import Database

STEPS: Final = ("open", "write", "fsync", "rename", "replace", "unlink", "mkdir", "rmdir", "utime", "link")
"""Of `os`; statements of SQLite besides."""
KILLED: Final = 9
FAILED: Final = 3


def die_at(step: int, act: Callable[[], object]) -> bool:
    """Carry out `act` in a process that dies at a step; whether it came to its end first."""
    child = os.fork()
    if child == 0:
        try:
            _hook(lambda: os._exit(KILLED), step)
            act()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on in pytest
            traceback.print_exc()
            os._exit(FAILED)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, KILLED}, "the process failed by itself"
    return code == 0


def every_death(act: Callable[[int], Callable[[], object]], most: int = 2000) -> Iterator[int]:
    """Let a process die at each step of `act(step)` in turn, until it comes to its end; the steps."""
    for step in range(1, most):
        ended = die_at(step, act(step))
        yield step
        if ended:
            return
    raise AssertionError("it never came to its end")


@contextmanager
def failing_at(step: int, error: OSError) -> Iterator[list[int]]:
    """The n-th step of this process fails; yields a list that is not empty once it did."""
    failed: list[int] = []

    def fail() -> None:
        failed.append(step)
        raise error

    undo = _hook(fail, step)
    try:
        yield failed
    finally:
        undo()


def _hook(strike: Callable[[], None], step: int) -> Callable[[], None]:
    left = step
    before: list[tuple[Any, str, Any]] = []

    def counting(original: Callable[..., Any], *, counts: Callable[..., bool]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if counts(*arguments):
                left -= 1
                if left == 0:
                    strike()
            return original(*arguments, **named)

        return call

    def put(owner: Any, name: str, counts: Callable[..., bool]) -> None:
        before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, counting(getattr(owner, name), counts=counts))

    for name in STEPS:
        if name == "open":
            put(os, name, lambda *arguments: bool(arguments[1] & os.O_CREAT))
        else:
            put(os, name, lambda *_: True)
    put(Database, "_execute", lambda _, sql, *__: sql.split()[0] in {"COMMIT", "BEGIN"})

    def undo() -> None:
        for owner, name, original in before:
            setattr(owner, name, original)

    return undo


def disk_error(code: int) -> OSError:
    """An error of the disk."""
    return OSError(code, os.strerror(code))


__all__ = ["die_at", "disk_error", "every_death", "failing_at"]
