"""How waiting actions are put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.values import set_flags
from tuimail.actions import SetFlags
from tuimail.engine.imap import replay
from tuimail.model import Flag, PendingId

CHANGES = st.sampled_from([(Flag.SEEN, 0), (0, Flag.SEEN), (Flag.FLAGGED, 0), (0, Flag.FLAGGED)])


def due(*actions: SetFlags) -> list[tuple[PendingId, SetFlags]]:
    return [(PendingId(number), action) for number, action in enumerate(actions)]


def test_the_same_change_to_many_messages_is_one_batch() -> None:
    made = replay.batches(due(*(set_flags(number, add=Flag.SEEN) for number in range(1, 20))))
    assert len(made) == 1
    assert made[0].change.add == ("\\Seen",)


def test_a_batch_holds_no_more_uids_than_a_command_takes() -> None:
    made = replay.batches(due(*(set_flags(number, add=Flag.SEEN) for number in range(1, 1202))))
    assert [len(batch.waiting) for batch in made] == [500, 500, 201]


def test_mailboxes_and_keywords_are_kept_apart() -> None:
    made = replay.batches(
        due(set_flags(1, add=Flag.SEEN), set_flags(2, add=Flag.SEEN, mailbox_id=2), set_flags(3, keywords="$todo"))
    )
    assert [(batch.change.mailbox_id, batch.change.add) for batch in made] == [
        (1, ("\\Seen",)), (2, ("\\Seen",)), (1, ("$todo",)),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 4), CHANGES), max_size=40))
def test_changes_to_one_message_keep_their_order(wishes: list[tuple[int, tuple[int, int]]]) -> None:
    waiting = due(*(set_flags(envelope, add=add, remove=remove) for envelope, (add, remove) in wishes))
    flags: dict[int, int] = {}
    for _, action in waiting:
        envelope = action.target.envelope_id
        flags[envelope] = (flags.get(envelope, 0) | action.add) & ~action.remove
    told: dict[int, int] = {}
    for batch in replay.batches(waiting):
        for _, action in batch.waiting:
            envelope = action.target.envelope_id
            told[envelope] = (told.get(envelope, 0) | action.add) & ~action.remove
    assert told == flags
    assert sum(len(batch.waiting) for batch in replay.batches(waiting)) == len(waiting)
