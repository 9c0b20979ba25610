"""What a screen remembers."""

from __future__ import annotations

from typing import Any

import pytest

from tuimail.paths import Paths
from tuimail.store import Store


@pytest.mark.parametrize(
    "value", [0, -1, 2**63 - 1, 2**70, "", "7", "é\n", True, None, 1.5, float("inf"), [1, "a", None], {"a": {"b": [1]}}]
)
def test_any_value_comes_back_as_it_was(store: Store, paths: Paths, value: Any) -> None:
    store.state.set("key", value, durable=True)
    with Store.open(paths) as other:
        found = other.state.get("key")
    assert found == value
    assert type(found) is type(value)


def test_what_was_never_set_is_the_default(store: Store) -> None:
    assert store.state.get("key") is None
    assert store.state.get("key", 5) == 5


def test_several_values_are_set_at_once_and_replaced(store: Store) -> None:
    store.state.set_many({"a": 1, "b": [2]})
    store.state.set_many({"b": 3})
    assert (store.state.get("a"), store.state.get("b")) == (1, 3)


def test_a_value_that_cannot_be_read_is_the_default(store: Store) -> None:
    store.state.set("a", [1])
    store._database.run("UPDATE ui_state SET value = '{'")
    assert store.state.get("a", "default") == "default"


def test_odd_text_is_mended(store: Store) -> None:
    store.state.set("a", "x\ud800")
    assert store.state.get("a") == "x\ufffd"
