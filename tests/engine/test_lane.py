"""What comes first."""

from __future__ import annotations

from tests.engine.values import mailbox
from tuimail.engine.imap.ahead import BATCH_MESSAGES, SMALL_OCTETS, batches
from tuimail.engine.wants import MAX_NEIGHBOURS, Jobs, Rank
from tuimail.model import BodyState, Envelope, EnvelopeId, MailboxId, Section, Uid, UidValidity

TEXT = Section("text")


def picked(jobs: Jobs) -> list[int]:
    """Everything in the order in which it is worked off."""
    order = []
    while (job := jobs.pick()) is not None:
        order.append(int(job.envelope_id))
        jobs.remove(job.envelope_id, job.section)
    return order


def envelope(number: int, size_octets: int, mailbox_number: int = 1) -> Envelope:
    return Envelope(
        id=EnvelopeId(number), account=mailbox(1).account, mailbox_id=MailboxId(mailbox_number), mailbox="INBOX",
        uid=Uid(number), uid_validity=UidValidity(1), uidl=None, flags=0, keywords="", sort_at=0, sent_at=None,
        received_at=None, size_octets=size_octets, message_id="", in_reply_to="", references="", from_="", reply_to="",
        to="", cc="", subject="", list_id="", structure=b"", has_attachments=False, body=BodyState.ABSENT, thread_id=0,
    )  # fmt: skip


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
    found = list(batches([envelope(number, size) for number, size in enumerate(sizes)]))
    assert [[one.size_octets for one in batch] for batch in found] == [[1000, 2000], [SMALL_OCTETS + 1], [500, 500]]


def test_a_batch_stays_in_one_mailbox_and_within_bounds() -> None:
    mixed = [envelope(1, 10), envelope(2, 10, 2), *(envelope(number, 10, 2) for number in range(3, 50))]
    found = list(batches(mixed))
    assert all(len({one.mailbox_id for one in batch}) == 1 and len(batch) <= BATCH_MESSAGES for batch in found)
    assert [one.id for batch in found for one in batch] == [one.id for one in mixed]
