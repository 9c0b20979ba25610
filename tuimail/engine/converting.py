"""The child of `convert`: reads requests on its standard input until that ends.

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
from typing import Final

from tuimail.mime import html, readable, risk  # noqa: F401 - html is loaded while nobody waits

MAX_MEMORY_OCTETS: Final = 512 << 20
ALARM_S: Final = 10
LENGTH: Final = struct.Struct(">I")


def main() -> None:
    """Serve until the parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_OCTETS, MAX_MEMORY_OCTETS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    requests, answers = sys.stdin.buffer, sys.stdout.fileno()
    _write(answers, b"!")
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        kind, subject, prefer = pickle.loads(requests.read(length))  # noqa: S301 - from our own parent
        signal.alarm(ALARM_S)
        if kind == "readable":
            parts, root = subject
            answer = readable.to_json(readable.readable_of(parts, prefer, root=root))
        else:
            answer = risk.real_type(subject).encode("ascii", "replace") or b"-"
        signal.alarm(0)
        _write(answers, LENGTH.pack(len(answer)) + answer)


def _write(descriptor: int, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        view = view[os.write(descriptor, view) :]
