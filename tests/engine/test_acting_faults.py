"""Everything that can go wrong while actions are told, and that one clean sync afterwards is enough.

Whatever happened, no action lands on another message, nothing is lost and nothing doubled;
afterwards store and server agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.engine import acting_house as acting
from tests.engine.conftest import KINDS, Demo
from tests.engine.house import ACCOUNT, House
from tests.fakes.scripted import Fault, FaultProxy
from tuimail.engine.protocol import ActionRefused
from tuimail.net.imap import session as imap
from tuimail.net.imap.limits import Limits

Houses = Callable[..., House]
VERBS = (
    "SELECT", "EXAMINE", "STATUS", "UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE", "UID SEARCH", "APPEND", "CREATE",
    "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "UNSELECT",
)
OFTEN = ("UID MOVE", "UID COPY", "UID EXPUNGE", "APPEND")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent server is given up soon."""
    monkeypatch.setattr(imap, "Limits", lambda: Limits(silence_s=0.4, command_s=3.0))


@pytest.fixture(params=["full", "bare", pytest.param("outlook", marks=pytest.mark.long), "by_copy"])
def server(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """The mail that is acted on, on servers of several kinds; `by_copy` has UIDPLUS and no MOVE."""
    kinds = {**KINDS, "by_copy": KINDS["full"] - {"MOVE"}}
    demo = Demo.start(samples=False, capabilities=kinds[request.param] - {"COMPRESS=DEFLATE"})
    acting.fill(demo)
    yield demo
    demo.stop()


def has_uidplus(server: Demo) -> bool:
    return "UIDPLUS" in server.capabilities


def heals(house: House, server: Demo, *, all_done: bool, hides_deleted: bool = False) -> None:
    """A clean sync, and another that changes nothing."""
    acting.check_harmless(server, midway="MOVE" not in server.capabilities)
    with house.store.transaction():
        house.store._database.run("UPDATE pending SET not_before = 0")  # what was put off is due
    assert house.sync() == {ACCOUNT: ""}
    acting.check_harmless(server)
    if all_done:
        assert acting.waiting(house) == []
        acting.check_done(server)
    acting.check_agreed(house, server, hides_deleted=hides_deleted or not has_uidplus(server))
    before = acting.contents(server.store)
    house.sync()
    assert acting.contents(server.store) == before


def check_fault(server: Demo, house_of: Houses, verb: str, fault: Fault, *, once: bool) -> None:
    with FaultProxy(server.port) as proxy:
        house = house_of(server, port=proxy.port)
        house.sync()
        acting.make_wishes(house)
        proxy.spoil(verb, fault, once=once)
        house.sync()
        proxy.heal()
        failed = [one for one in house.store.pending.journal() if one.state == "failed"]
        assert fault in (Fault.NO, Fault.BAD) or not failed
        assert bool(failed) <= bool(house.ears.all(ActionRefused))
        # A server that refuses to expunge what was moved by a copy is left with a marked one.
        heals(house, server, all_done=not failed, hides_deleted=verb == "UID EXPUNGE")


SOME = [(verb, fault) for verb in OFTEN for fault in (Fault.NO, Fault.CLOSE)]
REST = [(verb, fault) for verb in VERBS for fault in Fault if (verb, fault) not in SOME]


@pytest.mark.parametrize(
    ("verb", "fault"), [*SOME, *(pytest.param(*case, marks=pytest.mark.long) for case in REST)]
)
def test_any_fault_of_any_command_is_survived(server: Demo, house_of: Houses, verb: str, fault: Fault) -> None:
    check_fault(server, house_of, verb, fault, once=False)


@pytest.mark.long
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("verb", VERBS)
def test_a_single_fault_of_any_command_is_survived(
    server: Demo, house_of: Houses, verb: str, fault: Fault
) -> None:
    check_fault(server, house_of, verb, fault, once=True)
