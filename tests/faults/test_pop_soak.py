"""A thousand mails over a connection that dies at random: all come, and none comes whole a second time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.drop_server import Drop, DropServer
from tests.faults.mails import letter, with_attachment
from tests.faults.promise import assert_promise, assert_settled
from tests.faults.runner import ACCOUNT, Sessions
from tuimail.errors import MailError


def mails_of(count: int, chance: random.Random) -> dict[bytes, bytes]:
    """Small ones, and a few with files in them."""
    return {
        b"u%04d" % n: letter(n, chance.randbytes(chance.randrange(200)).hex().encode() + b"\r\n")
        if n % 10 else with_attachment(n, chance.randrange(200, 3000))
        for n in range(count)
    }  # fmt: skip


def soak(directory: Path, count: int, most_sessions: int, longest: int) -> None:
    """Sessions that die after a random number of octets, until all is here."""
    chance = random.Random(7)
    mails = mails_of(count, chance)
    # A listing alone is longer than the shortest lives: every session gets that far at least.
    listing = 40 * count
    with DropServer(Drop(dict(mails))) as server:
        drop = server.drop
        drop.cuts = lambda: listing + chance.randrange(500, longest)
        sessions = Sessions(directory, server)
        for _ in range(most_sessions):
            if not isinstance(sessions.run(), MailError):
                break
        with sessions.store() as store:
            assert_promise(drop, mails, store, ACCOUNT)
        drop.cuts = None
        assert not isinstance(sessions.run(), MailError)
        with sessions.store() as store:
            assert_promise(drop, mails, store, ACCOUNT)
            assert_settled(drop, mails, store, ACCOUNT, sessions.maildir)
        assert drop.sessions > count // 50
        assert drop.carried == dict.fromkeys(mails, 1)


def test_a_hundred_mails_over_a_connection_that_dies_at_random(tmp_path: Path) -> None:
    soak(tmp_path, 100, 60, 6_000)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_thousand_mails_over_a_connection_that_dies_at_random(tmp_path: Path) -> None:
    soak(tmp_path, 1000, 300, 20_000)
