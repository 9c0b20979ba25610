"""The engine learns who writes while nobody asks it for anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import House
from tuimail.engine import dispatch


def test_people_are_known_a_moment_after_their_mail_came(
    full: Demo, house_of: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "TICK_S", 0.01)
    house = house_of(full)
    with house.office():
        house.ears.wait_until(lambda: bool(house.store.people.complete("grace")))
    assert "grace@navy.example" in [person.address for person in house.store.people.complete("grace hop")]
