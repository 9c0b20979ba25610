"""How waiting actions are put together."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.values import ACCOUNT, set_flags
from tuimail.actions import Append, Copy, CreateMailbox, Expunge, MessageAction, Move, SetFlags, Target
from tuimail.engine.imap.batches import Batch, Verb, Waiting, batches, stretches
from tuimail.model import EnvelopeId, Flag, MailboxId, PendingId, RawId, Uid, UidValidity
from tuimail.net.imap.uids import compress_uids

CHANGES = st.sampled_from([(Flag.SEEN, 0), (0, Flag.SEEN), (Flag.FLAGGED, 0), (0, Flag.FLAGGED)])


def due(*actions: MessageAction) -> list[tuple[PendingId, MessageAction]]:
    return [(PendingId(number), action) for number, action in enumerate(actions)]


def target(envelope: int, mailbox: int = 1, uid: int | None = 7) -> Target:
    return Target(
        EnvelopeId(envelope), MailboxId(mailbox), None if uid is None else Uid(uid), UidValidity(9), f"<{envelope}@x>"
    )


def move(envelope: int, to: int = 2) -> Move:
    return Move(ACCOUNT, target(envelope), MailboxId(to))


def uids_of(batch: Batch) -> list[int]:
    return [int(action.target.uid or 0) for _, action in batch.waiting]


def verbs(made: Sequence[Batch]) -> list[Verb]:
    return [batch.change.verb for batch in made]


def test_the_same_change_to_many_messages_is_one_batch() -> None:
    made = batches(due(*(set_flags(number, add=Flag.SEEN) for number in range(1, 20))))
    assert len(made) == 1
    assert made[0].change.add == ("\\Seen",)


def test_a_batch_holds_no_more_uids_than_a_command_takes() -> None:
    made = batches(due(*(set_flags(number, add=Flag.SEEN) for number in range(1, 2402, 2))))
    assert [len(batch.waiting) for batch in made] == [500, 500, 201]
    assert all(len(compress_uids(uids_of(batch))) < 7000 for batch in made)


def test_a_batch_of_neighbours_may_be_larger() -> None:
    made = batches(due(*(set_flags(number, add=Flag.SEEN) for number in range(4501, 0, -1))))
    assert [len(batch.waiting) for batch in made] == [2000, 2000, 501]
    assert compress_uids(uids_of(made[0])) == "1:2000"


def test_mailboxes_and_keywords_are_kept_apart() -> None:
    made = batches(
        due(set_flags(1, add=Flag.SEEN), set_flags(2, add=Flag.SEEN, mailbox_id=2), set_flags(3, keywords="$todo"))
    )
    assert [(batch.change.mailbox_id, batch.change.add) for batch in made] == [
        (1, ("\\Seen",)), (2, ("\\Seen",)), (1, ("$todo",)),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 4), CHANGES), max_size=40))
def test_changes_to_one_message_keep_their_order(wishes: list[tuple[int, tuple[int, int]]]) -> None:
    asked = due(*(set_flags(envelope, add=add, remove=remove) for envelope, (add, remove) in wishes))
    made = [waiting for batch in batches(asked) for waiting in batch.waiting]
    assert flags_after(made) == flags_after(asked)
    assert len(made) == len(asked)


def flags_after(waiting: Sequence[tuple[PendingId, MessageAction]]) -> dict[int, int]:
    flags: dict[int, int] = {}
    for _, action in waiting:
        assert isinstance(action, SetFlags)
        envelope = action.target.envelope_id
        flags[envelope] = (flags.get(envelope, 0) | action.add) & ~action.remove
    return flags


def test_nothing_follows_a_move_before_it_was_confirmed() -> None:
    made = batches(due(set_flags(1, add=Flag.SEEN), move(1), set_flags(1, add=Flag.FLAGGED), move(2)))
    assert verbs(made) == [Verb.FLAG, Verb.MOVE]
    assert len(made[1].waiting) == 2


def test_a_message_whose_uid_nobody_knows_waits_and_all_that_is_asked_of_it() -> None:
    lost = SetFlags(ACCOUNT, target(1, uid=None), add=1)
    assert batches(due(lost, Expunge(ACCOUNT, target(1)))) == []


def test_copying_a_message_twice_takes_two_commands() -> None:
    made = batches(due(*(Copy(ACCOUNT, target(1), MailboxId(2)) for _ in range(2))))
    assert verbs(made) == [Verb.COPY, Verb.COPY]


def test_every_message_that_is_filed_has_a_command_of_its_own() -> None:
    at = Target(EnvelopeId(0), MailboxId(3), None, None, "")
    made = batches(due(Append(ACCOUNT, at, RawId(1)), Append(ACCOUNT, at, RawId(2))))
    assert verbs(made) == [Verb.APPEND, Verb.APPEND]


def test_a_removal_does_not_overtake_a_copy_of_the_same_message() -> None:
    copy = Copy(ACCOUNT, target(1), MailboxId(2))
    made = batches(due(Expunge(ACCOUNT, target(2)), copy, Expunge(ACCOUNT, target(1))))
    assert verbs(made) == [Verb.EXPUNGE, Verb.COPY, Verb.EXPUNGE]


def test_an_action_on_a_mailbox_stands_between_what_was_asked_before_and_after() -> None:
    make = CreateMailbox(ACCOUNT, MailboxId(5), "New")
    waiting: list[Waiting] = [(PendingId(1), move(1)), (PendingId(2), make), (PendingId(3), move(2, 5))]
    assert list(stretches(waiting)) == [[(1, move(1))], (2, make), [(3, move(2, 5))]]
