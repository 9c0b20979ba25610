"""Dates and sizes as a person reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tuimail.ui.lines.when import full_date, long_size, short_date, short_size

THURSDAY = 1_773_306_720  # Thu 12 Mar 2026, 09:12 UTC


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_date_is_as_short_as_it_can_be_told_apart() -> None:
    now = THURSDAY + 3600
    day = 86400
    assert short_date(THURSDAY, now) == "09:12"
    assert short_date(THURSDAY - day, now) == "Wed"
    assert short_date(THURSDAY - 6 * day, now) == "Fri"
    assert short_date(THURSDAY - 7 * day, now) == "5 Mar"
    assert short_date(THURSDAY - 400 * day, now) == "2025"


def test_a_date_in_the_future_never_passes_for_a_weekday() -> None:
    assert short_date(THURSDAY + 3 * 86400, THURSDAY) == "15 Mar"


def test_impossible_dates_are_shown_as_something() -> None:
    for at in (-(2**62), 2**62, 0):
        assert len(short_date(at, THURSDAY)) <= 6
        assert full_date(at)


def test_full_dates_are_in_words() -> None:
    assert full_date(THURSDAY) == "Thu 12 Mar 2026, 09:12"


def test_sizes_take_at_most_four_cells() -> None:
    sizes = (0, 812, 1_000, 1_234, 9_949, 9_950, 84_000, 999_499, 999_500, 1_200_000, 25_000_000, 10**18)
    shown = [short_size(size) for size in sizes]
    assert shown == ["0", "812", "1.0k", "1.2k", "9.9k", "10k", "84k", "999k", "1.0M", "1.2M", "25M", "huge"]
    assert long_size(84_000) == "84 kB"
    assert long_size(12) == "12 bytes"
