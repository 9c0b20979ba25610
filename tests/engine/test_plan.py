"""Pure decisions of a sync."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.values import mailbox
from tuimail.engine.imap import plan
from tuimail.engine.standing import back_off_s
from tuimail.model import Role

UIDS = st.sets(st.integers(1, 200))
SERVER = plan.Numbers(7, 12, 90, 4, 1)
KNOWN = plan.Known(7, 12, 90, 4, 1, complete=True)


@given(UIDS, UIDS)
def test_a_difference_applied_to_the_local_uids_gives_the_servers(here: set[int], there: set[int]) -> None:
    difference = plan.diff(here, there)
    assert (here - set(difference.gone)) | set(difference.missing) == there
    assert difference.missing == sorted(difference.missing, reverse=True)


@given(st.lists(st.integers(1, 10**6), max_size=60), st.integers(1, 9), st.integers(1, 9))
def test_chunks_hold_everything_once_and_in_order(uids: list[int], first: int, size: int) -> None:
    pieces = list(plan.chunks(uids, first, size))
    assert [uid for piece in pieces for uid in piece] == uids
    assert all(0 < len(piece) <= max(first, size) for piece in pieces)


def test_the_first_chunk_is_small_so_that_a_first_look_waits_for_little() -> None:
    pieces = list(plan.chunks(range(5000)))
    assert len(pieces[0]) == plan.FIRST_CHUNK < len(pieces[1])


@given(UIDS, st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200)), max_size=5))
def test_ranges_are_laid_over_the_uids_that_are_here(here: set[int], ranges: list[tuple[int, int]]) -> None:
    named = {uid for low, high in ranges for uid in range(min(low, high), max(low, high) + 1)}
    assert plan.inside(sorted(here), ranges) == sorted(here & named)


def test_a_range_over_all_uids_costs_no_more_than_the_uids_that_are_here() -> None:
    assert plan.inside([3, 9], [(1, 2**32 - 1)]) == [3, 9]


def test_a_few_vanished_messages_are_believed_and_many_are_not() -> None:
    assert not plan.needs_proof(5, 6)
    assert not plan.needs_proof(200, 10_000)
    assert plan.needs_proof(30, 100)
    assert plan.needs_proof(1001, 1_000_000)


def test_an_untouched_mailbox_is_current() -> None:
    assert plan.is_current(SERVER, KNOWN, trust_counts=False)


def test_any_other_number_calls_for_a_look() -> None:
    for other in (
        SERVER._replace(uid_validity=8),
        SERVER._replace(uid_next=13),
        SERVER._replace(highest_modseq=91),
        SERVER._replace(total=5),
        SERVER._replace(uid_validity=None),
    ):
        assert not plan.is_current(other, KNOWN, trust_counts=True)
    assert not plan.is_current(SERVER, KNOWN._replace(complete=False), trust_counts=True)


def test_counts_without_mod_sequences_are_only_trusted_for_a_while() -> None:
    plain = SERVER._replace(highest_modseq=None)
    assert plan.is_current(plain, KNOWN, trust_counts=True)
    assert not plan.is_current(plain, KNOWN, trust_counts=False)
    assert not plan.is_current(plain._replace(unread=2), KNOWN, trust_counts=True)


def test_the_shown_mailbox_comes_first_then_the_inbox_and_the_large_ones_last() -> None:
    boxes = [
        mailbox(1, Role.TRASH), mailbox(2, Role.NONE), mailbox(3, Role.INBOX), mailbox(4, Role.NONE),
        mailbox(5, Role.DRAFTS), mailbox(6, Role.NONE, selectable=False),
    ]  # fmt: skip
    assert [box.id for box in plan.order(boxes, boxes[3].id)] == [4, 3, 5, 2, 1]


def test_back_off_grows_from_a_second_to_five_minutes() -> None:
    longest = [back_off_s(failures, 1.0) for failures in range(1, 12)]
    assert longest[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert longest[-1] == 300
    assert back_off_s(3, 0.0) == 2.0
