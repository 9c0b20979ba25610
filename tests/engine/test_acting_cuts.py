"""A session that flags, moves, copies, files and expunges is cut at any octet: one clean sync afterwards is enough.

One server, one proxy and one set-up house serve all cuts of a kind: before each of them the
server's mail and the house's directory are put back to the moment when everything was
asked for and nothing was told yet.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import acting_house as acting
from tests.engine.conftest import KINDS, Demo
from tests.engine.house import ACCOUNT, House
from tests.fakes.scripted import FaultProxy
from tuimail.demo.mailstore import Mailbox, MailStore

CUT_KINDS = {
    "full": KINDS["full"] - {"COMPRESS=DEFLATE"},
    "by_copy": KINDS["full"] - {"COMPRESS=DEFLATE", "MOVE"},
    "outlook": KINDS["outlook"],
    "bare": KINDS["bare"],
}
PARTS = 8
"""Of a whole sweep, so that several workers can share it."""


class Scene:
    """A server, and a house whose wishes wait, as often as they are needed."""

    def __init__(self, directory: Path, server: Demo, proxy: FaultProxy) -> None:
        self.server = server
        self.proxy = proxy
        self._began = directory / "began"
        self._running = directory / "running"
        acting.fill(server)
        house = House(self._began, server, port=proxy.port)
        house.sync()
        acting.make_wishes(house)
        house.close()
        self._rewind = remember(server.store)

    @contextmanager
    def house(self) -> Iterator[House]:
        """The house with everything as it was before anything was told."""
        self._rewind()
        shutil.rmtree(self._running, ignore_errors=True)
        shutil.copytree(self._began, self._running)
        house = House(self._running, self.server, port=self.proxy.port)
        try:
            yield house
        finally:
            house.close()

    def octets(self) -> tuple[int, int]:
        """Octets to the client and to the server of the session that tells everything."""
        with self.house() as house:
            before = self.proxy.to_client_octets, self.proxy.to_server_octets
            house.sync()
            acting.check_done(self.server)
            return self.proxy.to_client_octets - before[0], self.proxy.to_server_octets - before[1]

    def check_cut(self, *, to_client: int | None = None, to_server: int | None = None) -> bool:
        """Cut once, then let two syncs end, the second of which has nothing to do; whether it was cut."""
        with self.house() as house:
            self.proxy.cut_after(server_octets=to_client, client_octets=to_server)
            house.sync()
            was_cut = self.proxy.was_cut.is_set()
            self.proxy.heal()
            self.proxy.transcript.clear()
            acting.check_harmless(self.server, midway="MOVE" not in self.server.capabilities)
            assert house.sync() == {ACCOUNT: ""}
            assert acting.waiting(house) == []
            acting.check_done(self.server)
            acting.check_agreed(house, self.server, hides_deleted="UIDPLUS" not in self.server.capabilities)
            before = acting.contents(self.server.store)
            house.sync()
            assert acting.contents(self.server.store) == before
            return was_cut


def remember(store: MailStore) -> Callable[[], None]:
    """What turns a server's time back to now. Only a test does that, so it looks inside."""
    next_uid_validity, subscribed = store._next_uid_validity, store.subscriptions()
    mailboxes = [copied(store.mailbox(name)) for name in store.names()]

    def rewind() -> None:
        store._next_uid_validity = next_uid_validity
        store._subscribed[:] = subscribed
        store._mailboxes = {mailbox.name: copied(mailbox) for mailbox in mailboxes}

    return rewind


def copied(mailbox: Mailbox) -> Mailbox:
    """A mailbox with messages of its own, which are the same."""
    return replace(
        mailbox, messages=[replace(message) for message in mailbox.messages], vanished=list(mailbox.vanished)
    )


@pytest.fixture
def scene_of(tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    """Makes scenes on servers of a kind; all are ended."""
    ends: list[Callable[[], None]] = []

    def make(kind: str) -> Scene:
        server = Demo.start(samples=False, capabilities=CUT_KINDS[kind])
        ends.append(server.stop)
        proxy = FaultProxy(server.port)
        ends.append(proxy.stop)
        return Scene(tmp_path, server, proxy)

    yield make
    for end in reversed(ends):
        end()


def check_cuts(scene: Scene, to_client: Iterable[int], to_server: Iterable[int]) -> int:
    """How many of these cuts came to nothing, because the session was a little shorter."""
    missed = 0
    for at in to_client:
        missed += not scene.check_cut(to_client=at)
    for at in to_server:
        missed += not scene.check_cut(to_server=at)
    return missed


@pytest.mark.parametrize("kind", ["full", "by_copy", "bare"])
def test_a_session_that_acts_is_cut_somewhere_and_completed_by_the_next(
    kind: str, scene_of: Callable[[str], Scene]
) -> None:
    scene = scene_of(kind)
    to_client, to_server = scene.octets()
    chance = random.Random(kind)
    some_to_client = chance.sample(range(to_client // 4, to_client * 9 // 10), 4)
    some_to_server = chance.sample(range(to_server // 4, to_server * 9 // 10), 4)
    assert check_cuts(scene, some_to_client, some_to_server) == 0


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", list(CUT_KINDS))
def test_a_session_that_acts_is_cut_at_any_octet(kind: str, part: int, scene_of: Callable[[str], Scene]) -> None:
    scene = scene_of(kind)
    to_client, to_server = scene.octets()
    assert check_cuts(scene, range(part, to_client, PARTS), range(part, to_server, PARTS)) <= 4
