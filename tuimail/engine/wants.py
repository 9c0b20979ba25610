"""What somebody wants to see of an account's mail just now, and which of it presses most.

Any thread adds and removes, the one thread of a lane picks. What must not live here: how a
want is served, which differs between a server and a Maildir.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tuimail.model import EnvelopeId, Section

MAX_NEIGHBOURS: Final = 20
BROKEN: Final = "Messages cannot be fetched: something went wrong inside tuimail. Start it again."


class Rank(IntEnum):
    """How much a job presses."""

    URGENT = 0
    NEIGHBOUR = 1


@dataclass(slots=True, eq=False)
class Job:
    """One thing that is wanted."""

    envelope_id: EnvelopeId
    section: Section
    rank: Rank
    number: int
    """Later wants have higher numbers."""
    steps: Iterator[None] | None = None
    attempts: int = 0

    @property
    def pressing(self) -> tuple[int, int]:
        """Sorts the most pressing job first."""
        return (self.rank, -self.number)


class Jobs:
    """What is wanted just now. Any thread adds and removes, one picks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[tuple[EnvelopeId, Section], Job] = {}
        self._numbers = itertools.count(1)

    def add(self, envelope_id: EnvelopeId, section: Section, rank: Rank) -> None:
        """Want something; wanting it again makes it the newest."""
        with self._lock:
            number = next(self._numbers)
            job = self._jobs.get((envelope_id, section))
            if job is None:
                self._jobs[envelope_id, section] = Job(envelope_id, section, rank, number)
            elif rank <= job.rank:
                job.rank, job.number = rank, number
            self._drop_old_neighbours()

    def remove(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Want it no longer, or have it."""
        with self._lock:
            self._jobs.pop((envelope_id, section), None)

    def pick(self) -> Job | None:
        """The most pressing one."""
        with self._lock:
            return min(self._jobs.values(), key=lambda job: job.pressing, default=None)

    def _drop_old_neighbours(self) -> None:
        neighbours = [job for job in self._jobs.values() if job.rank is Rank.NEIGHBOUR]
        for job in sorted(neighbours, key=lambda job: job.pressing)[MAX_NEIGHBOURS:]:
            del self._jobs[job.envelope_id, job.section]
