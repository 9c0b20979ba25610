"""What a person just did is in the rows before the store has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.ui.seed import MAIL, WORK, inbox_of, seed
from tuimail.model import EnvelopeId, Flag
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui.beside.listing import MailboxListing
from tuimail.ui.beside.overlay import MOST_HIDDEN, Overlay
from tuimail.ui.beside.pages import Pages


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    """A mailbox with a dozen messages."""
    seed(paths, bodies=False)
    with Store.open(paths) as store:
        yield store


def listed(store: Store) -> MailboxListing:
    """The inbox as the list shows it."""
    return MailboxListing(store, inbox_of(store))


def ids(overlay: Overlay, listing: MailboxListing, start: int = 0, count: int = 50) -> list[EnvelopeId]:
    """The messages of a window."""
    return [row.id for row in overlay.window(listing, start, count).rows]


def test_without_wishes_a_window_is_the_stores(store: Store) -> None:
    inbox = listed(store)
    assert Overlay(store).window(inbox, 2, 5) == inbox.window(2, 5)


def test_a_starred_row_bears_its_star_until_the_wish_is_lifted(store: Store) -> None:
    overlay, inbox = Overlay(store), listed(store)
    first = overlay.window(inbox, 0, 1)
    wish = overlay.set_flags([first.rows[0].id], add=Flag.FLAGGED, remove=Flag.SEEN)
    starred = overlay.window(inbox, 0, 1)
    assert starred.rows[0].flags == Flag.FLAGGED
    assert [row.flags for row in overlay.rows([first.rows[0].id])] == [Flag.FLAGGED]
    assert starred.revision != first.revision
    overlay.lift(wish)
    assert overlay.window(inbox, 0, 1).rows == first.rows
    assert overlay.window(inbox, 0, 1).revision != starred.revision


def test_a_list_reads_again_when_a_wish_comes_and_when_it_goes(store: Store) -> None:
    overlay, inbox = Overlay(store), listed(store)
    pages = Pages(lambda start, count: overlay.window(inbox, start, count))
    assert pages.refresh()
    wish = overlay.hide(ids(overlay, inbox, 0, 1))
    assert pages.refresh()
    assert pages.total == len(MAIL) - 1
    overlay.lift(wish)
    assert pages.refresh()
    assert pages.total == len(MAIL)
    assert not pages.refresh()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hidden=some.sets(some.integers(0, len(MAIL) - 1)),
    start=some.integers(0, len(MAIL) + 2),
    count=some.integers(0, len(MAIL)),
)
def test_any_window_is_that_of_a_list_without_the_hidden_rows(
    store: Store, hidden: set[int], start: int, count: int
) -> None:
    overlay, inbox = Overlay(store), listed(store)
    everything = ids(overlay, inbox)
    overlay.hide([everything[place] for place in hidden])
    left = [envelope_id for place, envelope_id in enumerate(everything) if place not in hidden]
    window = overlay.window(inbox, start, count)
    assert [row.id for row in window.rows] == left[start : start + count]
    assert (window.start, window.total) == (start, len(left))
    for place, envelope_id in enumerate(left):
        assert overlay.position(inbox, envelope_id) == place
    for place in hidden:  # the cursor goes to the row that took its place
        assert overlay.position(inbox, everything[place]) == sum(other < place for other in range(len(everything))
                                                                 if other not in hidden)  # fmt: skip


def test_hidden_rows_stay_hidden_while_the_mailbox_changes(store: Store) -> None:
    overlay, inbox = Overlay(store), listed(store)
    everything = ids(overlay, inbox)
    overlay.hide(everything[3:5])
    assert len(ids(overlay, inbox)) == len(MAIL) - 2
    store.envelopes.vanish(inbox.spec.mailbox_id, [1000, 1003])  # the newest, and one of the hidden ones
    assert ids(overlay, inbox) == [*everything[1:3], *everything[5:]]
    assert overlay.window(inbox, 0, 50).total == len(MAIL) - 3


def test_other_mailboxes_are_as_they_are(store: Store) -> None:
    overlay, inbox = Overlay(store), listed(store)
    overlay.hide(ids(overlay, inbox, 0, 3))
    trash = store.mailboxes.find(WORK, "Trash")
    assert trash is not None
    assert overlay.window(MailboxListing(store, trash.id), 0, 50).total == 0


def test_too_many_are_not_hidden_but_wait_to_be_written(store: Store) -> None:
    overlay, inbox = Overlay(store), listed(store)
    overlay.hide([*ids(overlay, inbox), *map(EnvelopeId, range(10_000, 10_000 + MOST_HIDDEN))])
    assert overlay.window(inbox, 0, 50).total == len(MAIL)
