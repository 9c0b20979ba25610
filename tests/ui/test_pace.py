"""When news is taken: the clock is moved by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tuimail.ui.beside.pace import AFTER_KEY_S, AT_MOST_S, NEWS_EVERY_S, SOON_S, Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(seconds: float, *, step: float, key_every: float = 0.0, is_waited_for: bool = False) -> list[float]:
    """When news is taken that comes at every step, in seconds from the start."""
    clock = Clock()
    pace = Pace(clock)
    start, found, key_at = clock.now, list[float](), clock.now
    while clock.now - start < seconds:
        if key_every and clock.now >= key_at:
            pace.key()
            key_at += key_every
        if not pace.wait_s(is_waited_for=is_waited_for):
            pace.taken()
            found.append(clock.now - start)
        clock.now += step
    return found


def test_news_that_comes_alone_is_taken_at_once() -> None:
    assert Pace(Clock()).wait_s() == 0


def test_a_flood_is_taken_four_times_a_second() -> None:
    assert len(taken(10, step=0.01)) <= 10 / NEWS_EVERY_S + 1


def test_while_keys_come_news_waits_for_a_rest() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.key()
    assert pace.wait_s() == pytest.approx(AFTER_KEY_S)
    clock.now += AFTER_KEY_S / 2
    assert 0 < pace.wait_s() < AFTER_KEY_S
    clock.now += AFTER_KEY_S
    assert pace.wait_s() == 0


def test_a_key_that_is_held_does_not_keep_news_away_for_ever() -> None:
    times = taken(10, step=0.005, key_every=1 / 60)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) >= 10 / AT_MOST_S / 2
    assert max(gaps) <= AT_MOST_S + 0.02


def test_what_somebody_waits_for_does_not_wait_for_keys() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.key()
    assert pace.wait_s(is_waited_for=True) == 0
    assert len(taken(1, step=0.005, key_every=0.05, is_waited_for=True)) >= 1 / (SOON_S + 0.01)
