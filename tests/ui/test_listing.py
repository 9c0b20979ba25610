"""What the list shows of a view: positions, open conversations, rows that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.ui.seed import inbox_of, incoming, seed
from tests.ui.values import NOW, row
from tuimail.model import EnvelopeId, Thread
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Opened, ViewSpec
from tuimail.ui.beside.listing import MailboxListing, ViewListing, listing_of, opening
from tuimail.ui.beside.remembered import Look
from tuimail.ui.lines.list_choices import DateSource, SortSource
from tuimail.ui.lines.rows import Shape, list_columns, list_row, people_names, row_lines, runs_width

COUNT = 40


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An inbox with forty messages of up to five conversations each, newest first."""
    directory = tmp_path_factory.mktemp("listing")
    paths = Paths.from_environment({"HOME": str(directory)}, data_dir=str(directory / "data"))
    seed(paths, mail=(), bodies=False)
    with Store.open(paths) as store:
        store.envelopes.ingest(inbox_of(store), [
            incoming(1000 - n, f"Person {n % 7} <p@b.example>", f"Subject {n}", n, n % 2, 100, False)._replace(
                thread_id=n * n % 11, message_id=f"<{n}@x>", in_reply_to=f"<{n + 3}@x>"
            )
            for n in range(COUNT)
        ])  # fmt: skip
        yield store


def view(store: Store, *, threaded: bool = True, made: bool = True) -> ViewListing:
    """The inbox as a view."""
    listing = ViewListing(store, ViewSpec(mailbox_id=inbox_of(store), is_threaded=threaded), 0)
    if made:
        listing.take(Opened(store.views.make(listing.spec, 0)))
    return listing


def ids(listing: ViewListing) -> list[EnvelopeId]:
    """Everything in it."""
    return [one.id for one in listing.window(0, 1000).rows]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picks=some.lists(some.integers(0, COUNT), max_size=6), start=some.integers(0, 50), count=some.integers(0, 50),
       made=some.booleans())  # fmt: skip
def test_open_conversations_keep_every_window_and_position_right(
    store: Store, picks: list[int], start: int, count: int, made: bool
) -> None:
    listing = view(store, made=made)
    expected = [[one] for one in ids(listing)]
    for pick in picks:
        place = pick % len(expected)
        lead = expected[place]
        if len(lead) > 1:
            folded = listing.fold(lead[pick % len(lead)])
            assert folded is not None
            expected[place] = [folded]
        elif listing.unfold(lead[0]):
            branches = store.conversations.open(lead[0], listing.mailbox_ids)
            expected[place] = [branch.id for branch in branches]
    flat = [one for group in expected for one in group]
    assert ids(listing) == flat
    assert [one.id for one in listing.window(start, count).rows] == flat[start : start + count]
    assert listing.window(0, 1).total == len(flat)
    assert [listing.position(one) for one in flat] == list(range(len(flat)))
    listing.close()


def test_rows_that_left_the_mailbox_are_left_out_as_soon_as_they_are_met(paths: Paths) -> None:
    seed(paths, bodies=False)
    with Store.open(paths) as store:
        listing = view(store, threaded=False)
        before = ids(listing)
        store.envelopes.vanish(inbox_of(store), [1000, 997])
        window = listing.window(0, 5)
        assert [one.id for one in window.rows] == [*before[1:3], *before[4:7]]
        assert window.total == len(before) - 2
        assert listing.position(before[4]) == 2
        assert listing.is_stale
        listing.close()


def test_a_closed_line_means_its_messages_here_and_an_open_one_itself(store: Store) -> None:
    listing = view(store)
    line = next(one for one in listing.window(0, 50).rows if one.thread is not None)
    assert line.thread is not None
    assert len(listing.all_of([line.id])) == line.thread.messages
    listing.unfold(line.id)
    assert listing.all_of([line.id]) == [line.id]
    listing.close()


def test_a_view_that_is_not_made_yet_begins_at_its_top(store: Store) -> None:
    unmade = view(store, made=False)
    assert opening(unmade, EnvelopeId(999_999), 30, 20) == (0, 0)
    made = view(store)
    assert opening(made, EnvelopeId(999_999), 3, 2) == (3, 2)
    made.close()
    assert isinstance(listing_of(store, ViewSpec(mailbox_id=inbox_of(store)), 0), MailboxListing)


# --- lines ---------------------------------------------------------------------


@pytest.mark.parametrize("width", [30, 44, 60, 100, 140])
@pytest.mark.parametrize("shape", [Shape(), Shape(is_roomy=True), Shape(by_day=True)])
@pytest.mark.parametrize(
    "change",
    [
        {"thread": Thread(1234, 3, ("Ada Byron", "", "山田 太郎"))},
        {"branch": 0},
        {"branch": 8},
        {"sender": "x" * 300, "subject": "会議" * 100},
    ],
)  # fmt: skip
def test_any_row_has_exactly_its_width(width: int, shape: Shape, change: dict[str, Any]) -> None:
    one = row()._replace(**change)
    for where in ("", "work·Sent"):
        lines = row_lines(one, width, NOW, shape=shape, where=where, snippet="words " * 50, muted=True)
        for runs in lines:
            assert runs_width(runs) == width


def test_people_are_named_by_first_names_and_a_person_alone_in_full() -> None:
    assert people_names(["Ada Byron", "", "山田 太郎"]) == "Ada, me, 山田"
    assert people_names(["Ada Byron"]) == "Ada Byron"
    assert people_names([""]) == "me"


def test_a_conversation_says_how_many_and_how_many_are_new() -> None:
    line = row(flags=0)._replace(thread=Thread(4, 2, ("Ada Byron", "")))
    text = "".join(run.text for run in list_row(line, list_columns(60), NOW))
    assert "Ada, me" in text
    assert "2/4" in text


def test_below_the_heading_of_a_day_rows_say_the_time_and_those_of_another_day_their_date() -> None:
    old = row(sort_at=NOW - 40 * 86_400)
    below, gathered = (
        "".join(run.text for run in row_lines(one, 60, NOW, shape=Shape(by_day=True))[0])
        for one in (old, old._replace(branch=0, gathered_at=NOW))
    )
    assert "09:12" in below
    assert "31 Jan" in gathered


def test_an_open_conversation_stands_below_the_day_of_its_newest_message(store: Store) -> None:
    listing = view(store)
    line = next(one for one in listing.window(0, 40).rows if one.thread is not None and one.thread.messages > 3)
    listing.unfold(line.id)
    lines = [one for one in listing.window(0, 100).rows if one.branch >= 0]
    assert {one.stands_at for one in lines} == {line.sort_at}
    assert len({one.sort_at for one in lines}) > 1
    listing.close()


# --- choices -------------------------------------------------------------------


def test_sorting_offers_every_order_and_marks_the_one_in_force() -> None:
    chosen: list[Look] = []
    hits = SortSource(Look("size", True), chosen.append).hits("")
    assert [hit.label for hit in hits if hit.is_current] == ["Smallest first"]
    SortSource(Look(is_threaded=True), chosen.append).hits("sender")[0].act()
    assert chosen == [Look("sender", False, True)]


@pytest.mark.parametrize(
    ("typed", "before"),
    [
        ("2026-02", 1_772_323_200), ("yesterday", 1_773_273_600), ("today", 1_773_360_000), ("1w", NOW - 7 * 86_400),
        ("thursday", 1_773_360_000), ("last thursday", 1_773_360_000 - 7 * 86_400),
    ],
)  # fmt: skip
def test_a_date_goes_to_the_newest_message_of_it(typed: str, before: int) -> None:
    chosen: list[int] = []
    DateSource(NOW, chosen.append).hits(typed)[0].act()
    assert chosen == [before]


def test_what_is_no_date_says_why() -> None:
    (hit,) = DateSource(NOW, lambda _: None).hits("2026-13")
    assert hit.label == "There is no month 13."
