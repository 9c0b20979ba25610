"""Waiting for news: IDLE (RFC 2177), NOTIFY (RFC 5465), and NOOP where there is neither.

A closed connection raises at once, a half line waits for its end, and what was received
together with an earlier answer is not missed.
"""

from __future__ import annotations

import select
from collections.abc import Callable

from tuimail.errors import ServerRefused
from tuimail.net.imap.answers import Status
from tuimail.net.imap.dialogue import Dialogue
from tuimail.net.imap.values import News

_NOTIFY = (
    b"SET (selected-delayed (MessageNew MessageExpunge FlagChange))"
    b" (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))"
)


def idle(dialogue: Dialogue, wake: int | None, timeout_s: float, clock: Callable[[], float]) -> News:
    """News, as soon as there is some; empty when `wake` got readable or the time is over.

    The connection is ready for the next command afterwards.
    """
    if dialogue.news.any:
        return dialogue.news.take()
    end = clock() + timeout_s
    limits = dialogue.limits
    dialogue.start("IDLE", deadline_s=timeout_s + 2 * limits.idle_end_s)
    dialogue.await_go_ahead()
    ended = _listen(dialogue, wake, end, clock)
    if ended is None:
        dialogue.channel.begin(
            limits.idle_end_s, silence_s=limits.silence_s, octets=limits.octets, lines=limits.lines
        )
        dialogue.channel.send(b"DONE\r\n")
        dialogue.finish()
    else:
        dialogue.accept(ended)  # the server ended IDLE by itself
    return dialogue.news.take()


def _listen(dialogue: Dialogue, wake: int | None, end: float, clock: Callable[[], float]) -> Status | None:
    """Until news, wake or the end of time; the status when the server ended IDLE by itself."""
    channel = dialogue.channel
    while True:
        while channel.has_line():
            response = dialogue.next()
            if isinstance(response, Status):
                return response
            dialogue.hear(response)
        if dialogue.news.any:
            return None
        left_s = end - clock()
        if left_s <= 0 or not channel.wait(wake, left_s):
            return None


def wait_without_idle(dialogue: Dialogue, wake: int | None, timeout_s: float) -> News:
    """For servers without IDLE: sleep until `wake` or the end of time, then ask."""
    if dialogue.news.any:
        return dialogue.news.take()
    poll = select.poll()
    if wake is not None:
        poll.register(wake, select.POLLIN)
    poll.poll(max(0.0, timeout_s) * 1000)
    dialogue.run("NOOP")
    return dialogue.news.take()


def notify(dialogue: Dialogue) -> bool:
    """Ask for news of every mailbox of ours on this connection; False when the server will not."""
    try:
        dialogue.run("NOTIFY", _NOTIFY)
    except ServerRefused:
        return False
    return True
