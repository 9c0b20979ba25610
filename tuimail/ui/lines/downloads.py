"""How far downloads are, in a few words: `312 of 1,204 · 48 MB · 2 min left`.

Pure: moments come in. What must not live here: who draws it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tuimail.ui.lines.outbox_lines import NO_WORDS, Words
from tuimail.ui.lines.when import counted, long_size

WINDOW_S = 20.0
"""Speed is what happened in the last seconds: an old pace says nothing of a line that got worse."""
SURE_AFTER_S = 2.0
"""Before that a guess would only jump about."""


@dataclass(slots=True)
class Download:
    """One account's download."""

    messages: tuple[int, int] = (0, 0)
    """Done and total."""
    octets: tuple[int, int] = (0, 0)
    """Done and total; a total of 0 is not known."""
    _samples: list[tuple[float, int]] = field(default_factory=list)
    """Moment and octets, oldest first."""

    def take(self, progress: Mapping[str, tuple[int, int]], now: float) -> None:
        """News of it: `messages` and `octets`."""
        self.messages = progress.get("messages", self.messages)
        self.octets = progress.get("octets", self.octets)
        done = self.octets[0]
        if self._samples and (done < self._samples[-1][1] or now < self._samples[-1][0]):
            self._samples.clear()  # another download, or the clock was set back
        self._samples.append((now, done))
        while len(self._samples) > 2 and self._samples[1][0] < now - WINDOW_S:
            del self._samples[0]

    @property
    def is_done(self) -> bool:
        """Nothing is left to fetch."""
        return self.messages[0] >= self.messages[1]

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None while nobody can know."""
        done, total = self.octets
        if not self._samples or total <= done:
            return None
        (since, before), (now, _) = self._samples[0], self._samples[-1]
        if now - since < SURE_AFTER_S or done <= before:
            return None
        return (total - done) * (now - since) / (done - before)

    @property
    def words(self) -> str:
        """For a person; empty when nothing is to be fetched."""
        done, total = self.messages
        if not total:
            return ""
        parts = [f"{counted(done)} of {counted(total)}"]
        if self.octets[0]:
            parts.append(long_size(self.octets[0]))
        left = self.seconds_left
        if left is not None:
            parts.append(time_left(left))
        return " · ".join(parts)


def time_left(seconds: float) -> str:
    """`a few seconds left`, `40 s left`, `2 min left`, `1 h 10 min left`.

    >>> time_left(119), time_left(4200)
    ('2 min left', '1 h 10 min left')
    """
    if seconds < 5:
        return "a few seconds left"
    if seconds < 55:
        return f"{round(seconds / 5) * 5} s left"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min left"
    if minutes >= 48 * 60:
        return "days left"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min left" if rest else f"{hours} h left"


class Downloads:
    """The downloads of all accounts."""

    def __init__(self) -> None:
        self._running: dict[str, Download] = {}

    def take(self, progress: Mapping[str, Mapping[str, tuple[int, int]]], ended: set[str], now: float) -> bool:
        """News of them; whether any runs, or one has just ended."""
        had = bool(self._running)
        for account in ended:
            self._running.pop(account, None)
        for account, each in progress.items():
            download = self._running.setdefault(account, Download())
            download.take(each, now)
            if download.is_done:
                del self._running[account]
        return had or bool(self._running)

    @property
    def words(self) -> Words:
        """All of them; empty when none runs."""
        told = [(account, download) for account, download in self._running.items() if download.words]
        if not told:
            return NO_WORDS
        long = " · ".join(each.words if len(told) == 1 else f"{account} {each.words}" for account, each in told)
        done, total = (sum(each.messages[of] for _, each in told) for of in (0, 1))
        return Words(long, "busy", f"{counted(done)} of {counted(total)}")
