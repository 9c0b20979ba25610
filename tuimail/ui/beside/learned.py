"""Where mail was put before: the picker shows likely mailboxes first.

Pure. The memory is a JSON value that `store.state` keeps under `KEY`: for each mailbox
that mail came from, how often and how lately it went where. Mailboxes are named, not
numbered: rows may be numbered anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from tuimail.model import Mailbox

KEY = "picker"
HALF_LIFE_S = 30 * 86400
"""A choice counts half after so long."""
MOST_SOURCES = 100
MOST_DESTINATIONS = 30
_ELSEWHERE = 0.1
"""What a choice counts for mail of another mailbox."""

Memory: TypeAlias = dict[str, dict[str, tuple[float, int]]]
"""Source to destination to weight and the time for which it holds."""


def name_of(mailbox: Mailbox) -> str:
    """What stays the same of a mailbox."""
    return f"{mailbox.account}\n{mailbox.name}"


def memory_of(stored: Any) -> Memory:
    """The memory from what was stored; whatever makes no sense is left out. `Any`: JSON."""
    memory: Memory = {}
    if not isinstance(stored, dict):
        return memory
    for source, found in stored.items():
        if isinstance(source, str) and isinstance(found, dict):
            kept = {key: (float(value[0]), int(value[1])) for key, value in found.items() if _makes_sense(value)}
            if kept:
                memory[source] = kept
    return memory


def _makes_sense(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(each, int | float) and 0 <= each < 1e12 for each in value)
    )


def learn(memory: Memory, source: str, destination: str, at: int) -> Memory:
    """The memory after another choice; what counts least is forgotten when there is too much."""
    here = dict(memory.get(source, {}))
    here[destination] = (_now(here.get(destination, (0.0, at)), at) + 1.0, at)
    strongest = sorted(here, key=lambda key: -_now(here[key], at))[:MOST_DESTINATIONS]
    latest = [key for key in memory if key != source][-(MOST_SOURCES - 1) :]
    return {**{key: memory[key] for key in latest}, source: {key: here[key] for key in strongest}}


def weights(memory: Memory, source: str, at: int) -> Mapping[str, float]:
    """How likely each destination is for mail of `source`; more is better, absent is 0."""
    found: dict[str, float] = {}
    for each, destinations in memory.items():
        factor = 1.0 if each == source else _ELSEWHERE
        for destination, value in destinations.items():
            found[destination] = found.get(destination, 0.0) + factor * _now(value, at)
    return found


def _now(value: tuple[float, int], at: int) -> float:
    weight, then = value
    return float(weight * 0.5 ** (max(0, at - then) / HALF_LIFE_S))
