"""Texts of mail that lies here are made in the child; what is too large for it is read beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.mails import letter
from tuimail.config import AccountConfig, Protocol, Receive
from tuimail.engine.children.apart import Apart
from tuimail.engine.children.convert import Converter
from tuimail.engine.children.examine import MAX_MESSAGE_OCTETS, Examiner
from tuimail.engine.clock import SystemClock
from tuimail.engine.desk import Desk
from tuimail.engine.local.arrivals import Arrivals
from tuimail.engine.local.bodies import LocalBodies
from tuimail.engine.local.describe import describe
from tuimail.engine.log import Log
from tuimail.model import AccountName, EnvelopeId
from tuimail.paths import Paths
from tuimail.store import Store

ACCOUNT = AccountName("pop")


class Counting(Examiner):
    """Tells how large what it was given was."""

    def __init__(self) -> None:
        super().__init__(Log(None))
        self.given: list[list[int]] = []

    def texts(self, raws: Sequence[bytes]) -> list[Apart] | None:
        """As ever, and noted."""
        self.given.append([len(raw) for raw in raws])
        return super().texts(raws)


@pytest.fixture
def examiner() -> Iterator[Counting]:
    """One that counts."""
    made = Counting()
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path, examiner: Counting) -> Iterator[Desk]:
    """Of one POP3 account."""
    paths = Paths(tmp_path / "c.toml", tmp_path / "data", tmp_path / "state", tmp_path / "run")
    paths.make()
    account = AccountConfig(ACCOUNT, "a@example.org", "", Receive(Protocol.POP3, host="localhost", port=1))
    made = Desk(paths, account, SystemClock(), Log(None), lambda _: None, Converter(Log(None)), examiner)
    yield made
    made.converter.close()


def _filed(store: Store, *raws: bytes) -> list[EnvelopeId]:
    store.accounts.sync_names([(ACCOUNT, "a@example.org", "pop3")])
    store.local.open_account(ACCOUNT)
    batch = []
    with store.local.delivery(ACCOUNT) as delivery:
        for number, raw in enumerate(raws):
            arriving = delivery.begin(b"u%d" % number)
            arriving.write(raw)
            batch.append((arriving, describe(raw, hold=True)))
        return delivery.commit(batch)


def test_a_message_of_the_largest_size_goes_to_the_child_and_a_larger_one_does_not(
    desk: Desk, examiner: Counting
) -> None:
    at_limit = letter(1)
    at_limit += b"a line of the body of it\r\n" * ((MAX_MESSAGE_OCTETS - len(at_limit)) // 26)
    at_limit += b"x" * (MAX_MESSAGE_OCTETS - len(at_limit))
    over = at_limit + b"y"
    with Store.open(desk.paths) as store:
        ids = _filed(store, at_limit, over)
        LocalBodies(store, desk).make_texts(ids)
        assert examiner.given == [[MAX_MESSAGE_OCTETS]]
        for envelope_id in ids:
            text = store.parts.text(envelope_id, "text")
            assert text is not None
            assert b"a line of the body of it" in text


def test_what_came_gives_way_to_a_download_and_goes_on_after_it(desk: Desk) -> None:
    with Store.open(desk.paths) as store:
        (envelope_id,) = _filed(store, letter(1))
    waited = threading.Event()

    class Told(threading.Event):
        """Says that somebody looked at it."""

        def is_set(self) -> bool:
            waited.set()
            return super().is_set()

    desk.hurry = Told()
    desk.hurry.set()
    arrivals = Arrivals(desk, makes_text=True)
    arrivals.start()
    try:
        arrivals.add([envelope_id])
        assert waited.wait(20)
        assert arrivals.busy
        desk.hurry.clear()
        until = time.monotonic() + 20
        while arrivals.busy and time.monotonic() < until:
            time.sleep(0.01)
        with Store.open(desk.paths) as store:
            assert store.parts.text(envelope_id, "text") is not None
    finally:
        arrivals.stop()
        arrivals.join(20)
