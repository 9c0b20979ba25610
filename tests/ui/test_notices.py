"""Notices fold into what is dirty."""

from __future__ import annotations

import threading

from tuimail.engine.protocol import MailboxChanged, PartArrived, PartFailed, Progress, TreeChanged
from tuimail.model import EnvelopeId, MailboxId, Section
from tuimail.ui.beside.notices import Inbox, NoticesArrived

TEXT = Section("text")


def test_ten_thousand_notices_of_a_mailbox_are_one_dirty_mailbox() -> None:
    inbox = Inbox()
    for done in range(10_000):
        inbox.add(MailboxChanged(MailboxId(7)))
        inbox.add(Progress("work", MailboxId(7), "headers", done, 10_000))
    news = inbox.take()
    assert news.mailboxes == {7}
    assert news.headers == {7: (9_999, 10_000)}
    assert inbox.take().mailboxes == set()


def test_the_last_word_about_a_part_counts() -> None:
    inbox = Inbox()
    inbox.add(PartFailed(EnvelopeId(1), TEXT, "offline"))
    inbox.add(PartArrived(EnvelopeId(1), TEXT))
    inbox.add(PartArrived(EnvelopeId(2), TEXT))
    inbox.add(PartFailed(EnvelopeId(2), TEXT, "gone"))
    news = inbox.take()
    assert news.arrived == {(1, "text")}
    assert news.failed == {(2, "text"): "gone"}


def test_nothing_is_lost_between_threads() -> None:
    inbox = Inbox()
    taken = 0

    def add() -> None:
        for number in range(2_000):
            inbox.add(PartArrived(EnvelopeId(number), Section(threading.current_thread().name)))

    threads = [threading.Thread(target=add, name=f"t{n}") for n in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken += len(inbox.take().arrived)
    for thread in threads:
        thread.join()
    taken += len(inbox.take().arrived)
    assert taken == 8_000


def test_one_message_in_the_queue_is_enough() -> None:
    assert NoticesArrived().can_replace(NoticesArrived())
    inbox = Inbox()
    inbox.add(TreeChanged("work"))
    assert inbox.take().tree
