"""The child's side of `child`: reads requests on its standard input until that ends.

It has 512 MiB of address space, no network of its own making, and an alarm that ends
it should its parent die while it works.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

MAX_MEMORY_OCTETS: Final = 512 << 20
ALARM_S: Final = 10
LENGTH: Final = struct.Struct(">I")


def serve(answer: Callable[..., bytes]) -> None:
    """Give each request (its kind, then its subjects) to `answer` until the parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_OCTETS, MAX_MEMORY_OCTETS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    requests, answers = sys.stdin.buffer, sys.stdout.fileno()
    _write(answers, b"!")
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        request: tuple[Any, ...] = pickle.loads(requests.read(length))  # noqa: S301 - from our own parent
        signal.alarm(ALARM_S)
        octets = answer(*request)
        signal.alarm(0)
        _write(answers, LENGTH.pack(len(octets)) + octets)


def _write(descriptor: int, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        view = view[os.write(descriptor, view) :]
