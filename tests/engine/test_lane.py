"""What comes first."""

from __future__ import annotations

from tuimail.engine.imap.ahead import (
    BATCH_MESSAGES,
    BATCH_OCTETS,
    LONG_S,
    MAX_BATCH_OCTETS,
    SHORT_S,
    SMALL_OCTETS,
    Pace,
    batches,
)
from tuimail.engine.wants import MAX_NEIGHBOURS, Jobs, Rank
from tuimail.model import EnvelopeId, MailboxId, Section, Uid, UidValidity
from tuimail.store.envelopes import Bodiless

TEXT = Section("text")


def picked(jobs: Jobs) -> list[int]:
    """Everything in the order in which it is worked off."""
    order = []
    while (job := jobs.pick()) is not None:
        order.append(int(job.envelope_id))
        jobs.remove(job.envelope_id, job.section)
    return order


def bodiless(number: int, size_octets: int, mailbox_number: int = 1) -> Bodiless:
    return Bodiless(EnvelopeId(number), MailboxId(mailbox_number), Uid(number), size_octets, UidValidity(1))


def test_the_newest_urgent_want_comes_first_and_neighbours_last() -> None:
    jobs = Jobs()
    jobs.add(EnvelopeId(1), TEXT, Rank.URGENT)
    jobs.add(EnvelopeId(2), TEXT, Rank.NEIGHBOUR)
    jobs.add(EnvelopeId(3), TEXT, Rank.URGENT)
    jobs.add(EnvelopeId(4), TEXT, Rank.NEIGHBOUR)
    assert picked(jobs) == [3, 1, 4, 2]


def test_wanting_again_makes_it_the_newest_and_never_less_urgent() -> None:
    jobs = Jobs()
    jobs.add(EnvelopeId(1), TEXT, Rank.URGENT)
    jobs.add(EnvelopeId(2), TEXT, Rank.URGENT)
    jobs.add(EnvelopeId(1), TEXT, Rank.URGENT)
    jobs.add(EnvelopeId(2), TEXT, Rank.NEIGHBOUR)
    assert picked(jobs) == [1, 2]


def test_what_nobody_wants_any_longer_is_dropped() -> None:
    jobs = Jobs()
    jobs.add(EnvelopeId(1), TEXT, Rank.URGENT)
    jobs.remove(EnvelopeId(1), TEXT)
    assert jobs.pick() is None


def test_neighbours_of_a_fast_scroller_do_not_pile_up() -> None:
    jobs = Jobs()
    for number in range(500):
        jobs.add(EnvelopeId(number), TEXT, Rank.NEIGHBOUR)
    assert len(picked(jobs)) == MAX_NEIGHBOURS


def test_small_messages_share_a_command_and_large_ones_do_not() -> None:
    sizes = [1000, 2000, SMALL_OCTETS + 1, 500, 500]
    found = list(batches([bodiless(number, size) for number, size in enumerate(sizes)], lambda: BATCH_OCTETS))
    assert [[one.size_octets for one in batch] for batch in found] == [[1000, 2000], [SMALL_OCTETS + 1], [500, 500]]


def test_a_batch_stays_in_one_mailbox_and_within_bounds() -> None:
    mixed = [bodiless(1, 10), bodiless(2, 10, 2), *(bodiless(number, 10, 2) for number in range(3, 250))]
    found = list(batches(mixed, lambda: BATCH_OCTETS))
    assert all(len({one.mailbox_id for one in batch}) == 1 and len(batch) <= BATCH_MESSAGES for batch in found)
    assert [one.id for batch in found for one in batch] == [one.id for one in mixed]


def test_a_batch_is_as_large_as_there_is_room_when_it_begins_to_fill() -> None:
    rooms = iter([10_000, 10_000, 2_000])
    found = list(batches([bodiless(number, 4_000) for number in range(4)], lambda: next(rooms)))
    assert [len(batch) for batch in found] == [2, 1, 1]


def test_batches_grow_on_a_fast_way_and_shrink_on_a_slow_one() -> None:
    pace = Pace()
    for _ in range(10):
        pace.took(pace.octets, SHORT_S / 2)
    assert pace.octets == MAX_BATCH_OCTETS
    pace.took(1000, SHORT_S / 2)
    assert pace.octets == MAX_BATCH_OCTETS
    for _ in range(10):
        pace.took(pace.octets, LONG_S * 2)
    assert pace.octets == SMALL_OCTETS
    pace.took(1000, SHORT_S / 2)
    assert pace.octets == SMALL_OCTETS, "a small batch says nothing of a large one"
