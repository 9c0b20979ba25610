"""Positions from places: the stretches by themselves."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.making import incoming, several
from tuimail.model import MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists import order
from tuimail.store.lists.order import BOTTOM, TOP, Stretches, place_of


def test_a_later_second_comes_before_any_uid() -> None:
    assert place_of(11, 1) > place_of(10, 1 << 27)


def test_uids_order_the_messages_of_one_second() -> None:
    assert place_of(10, 7) > place_of(10, 6)


def test_time_before_1970_is_older_than_1970() -> None:
    assert place_of(-1, 5) < place_of(0, 0)


@pytest.mark.parametrize("sort_at", [-(1 << 62), 1 << 62, -(1 << 35), (1 << 35) - 1])
def test_any_date_makes_a_place_that_sqlite_can_hold(sort_at: int) -> None:
    assert BOTTOM < place_of(sort_at, (1 << 32) - 1) < TOP


@given(st.lists(st.integers(-5, 5), max_size=60))
def test_cutting_keeps_every_row_and_never_parts_equal_places(values: list[int]) -> None:
    patch = pytest.MonkeyPatch()
    with patch.context() as shorter:
        shorter.setattr(order, "LONGEST", 6)
        shorter.setattr(order, "_CUT", 3)
        places = sorted(values)
        stretches = Stretches.of(order._cut(BOTTOM, places))
    assert stretches.total == len(places)
    for index, lowest in enumerate(stretches.lowest):
        inside = [place for place in places if lowest <= place < stretches.above(index)]
        assert len(inside) == stretches.totals[index]


def test_every_position_has_its_spot() -> None:
    stretches = Stretches.of([(BOTTOM, 2), (10, 0), (20, 3)])
    assert [stretches.spot(position)[:3] for position in range(5)] == [
        (20, TOP, 0), (20, TOP, 1), (20, TOP, 2), (BOTTOM, 10, 0), (BOTTOM, 10, 1),
    ]


def test_a_long_mailbox_is_cut_into_stretches(store: Store, inbox: MailboxId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "LONGEST", 100)
    monkeypatch.setattr(order, "_CUT", 50)
    for first in range(1000, 0, -100):
        store.envelopes.ingest(inbox, several(range(first - 99, first + 1)))
    lengths = store._database.column("SELECT total FROM stretch WHERE mailbox_id = ?", (inbox,))
    assert sum(lengths) == 1000
    assert max(lengths) <= 100
    assert len(lengths) >= 10


def test_messages_of_one_second_are_listed_by_uid_however_they_came(store: Store, inbox: MailboxId) -> None:
    for uids in ([5, 6], [3, 4], [1, 2]):
        store.envelopes.ingest(inbox, several(uids, sent_at=1_000_000))
    rows = store.envelopes.window(inbox, 0, 10).rows
    assert [row.subject for row in rows] == [f"Compiler review {uid}" for uid in (6, 5, 4, 3, 2, 1)]


def test_what_was_remembered_in_a_transaction_that_was_given_up_is_forgotten(
    store: Store, inbox: MailboxId, paths: Paths
) -> None:
    with suppress(ZeroDivisionError), store.transaction():
        store.envelopes.ingest(inbox, several([1, 2, 3]))
        raise ZeroDivisionError
    with Store.open(paths) as other:
        other.envelopes.ingest(inbox, [incoming(7)])
    window = store.envelopes.window(inbox, 0, 10)
    assert window.total == 1
    assert [row.subject for row in window.rows] == ["Compiler review 7"]
