"""Actions in odd moments: renumbered mailboxes, mail that is gone, huge messages, first syncs, servers with moods."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from tests.engine import acting_house as acting
from tests.engine.conftest import KINDS, Demo
from tests.engine.house import ACCOUNT, PATIENCE_S, House
from tests.fakes.scripted import Fault, FaultProxy
from tuimail.engine.imap import doubt
from tuimail.engine.imap.setbacks import HOPELESS, WARY, Setbacks
from tuimail.engine.protocol import ActionRefused, PartArrived, PartFailed, Progress, Wake, Want
from tuimail.errors import DiskFull, ServerRefused
from tuimail.model import AccountStatus, PendingId
from tuimail.net.imap import session as imap
from tuimail.net.imap.limits import Limits
from tuimail.store import Store

Houses = Callable[..., House]


@pytest.fixture(params=["full", "outlook", "bare"])
def small(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """The mail that is acted on, on servers of several kinds."""
    server = Demo.start(samples=False, capabilities=KINDS[request.param] - {"COMPRESS=DEFLATE"})
    acting.fill(server)
    yield server
    server.stop()


@pytest.fixture
def plain() -> Iterator[Demo]:
    """The same with all a server can do, in the clear."""
    server = Demo.start(samples=False, capabilities=KINDS["full"] - {"COMPRESS=DEFLATE"})
    acting.fill(server)
    yield server
    server.stop()


def settled(house: House) -> bool:
    return not acting.waiting(house)


def agrees(house: House, server: Demo) -> None:
    acting.check_agreed(house, server, hides_deleted="UIDPLUS" not in server.capabilities)


@pytest.mark.parametrize("mailbox", ["INBOX", "Other"])
def test_actions_that_wait_find_their_messages_in_a_renumbered_mailbox(
    small: Demo, house_of: Houses, mailbox: str
) -> None:
    house = house_of(small)
    house.sync()
    acting.make_wishes(house)
    small.store.mailbox(mailbox).renew_uid_validity(reverse=True)
    house.sync()
    assert house.sync() == {ACCOUNT: ""}
    assert settled(house)
    acting.check_done(small)
    agrees(house, small)


@pytest.mark.parametrize("mailbox", ["INBOX", "Other"])
def test_a_mailbox_renumbered_after_a_cut_loses_and_doubles_nothing(
    small: Demo, house_of: Houses, mailbox: str
) -> None:
    with FaultProxy(small.port) as proxy:
        house = house_of(small, port=proxy.port)
        house.sync()
        acting.make_wishes(house)
        # The connection ends in the middle of it.
        proxy.spoil("UID STORE" if "MOVE" not in small.capabilities else "UID EXPUNGE", Fault.CLOSE)
        house.sync()
        small.store.mailbox(mailbox).renew_uid_validity(reverse=True)
        proxy.heal()
        house.sync()
        assert house.sync() == {ACCOUNT: ""}
    acting.check_done(small)
    agrees(house, small)


def test_what_is_asked_of_mail_that_somebody_else_removed_hurts_nobody(small: Demo, house_of: Houses) -> None:
    house = house_of(small)
    house.sync()
    acting.do(house, acting.flag(house, "flagged"), acting.move(house, "moved", "Other"))
    acting.do(house, acting.copy(house, "copied", "Other"), acting.copy(house, "chained", "Other"))
    acting.do(house, acting.expunge(house, "gone"))
    inbox = small.store.mailbox("INBOX")
    others = {acting.sha(one.raw) for one in inbox.messages[4:]}
    inbox.expunge([one.uid for one in inbox.messages[:4]])
    assert house.sync() == {ACCOUNT: ""}
    assert settled(house)
    assert {acting.sha(one.raw) for one in inbox.messages} == others
    assert [acting.sha(one.raw) for one in small.store.mailbox("Other").messages] == [
        acting.sha(acting.letter(name)) for name in ("resident", "chained")
    ]
    agrees(house, small)


def test_a_mailbox_that_the_server_wants_to_be_made_first_is_made_once(small: Demo, house_of: Houses) -> None:
    house = house_of(small)
    house.sync()
    acting.do(house, acting.move(house, "moved", "Other"), acting.copy(house, "copied", "Other"))
    small.store.delete("Other")
    with house.office():
        house.ears.wait_until(lambda: settled(house))
    assert len(small.store.mailbox("Other").messages) == 2
    assert len([line for line in small.log if line.startswith("CREATE")]) == 1
    house.sync()
    agrees(house, small)


def test_a_copy_of_sent_mail_that_the_server_filed_itself_is_not_filed_again(
    small: Demo, house_of: Houses
) -> None:
    house = house_of(small)
    house.sync()
    small.store.mailbox("Sent").append(b"Received: by the server\r\n" + acting.letter("sent"), ["\\Seen"])
    acting.do(house, acting.append(house, acting.letter("sent"), "Sent", "<sent@example.org>"))
    assert house.sync() == {ACCOUNT: ""}
    assert settled(house)
    assert len(small.store.mailbox("Sent").messages) == 1
    agrees(house, small)


def test_a_message_larger_than_the_server_takes_is_refused_before_it_is_sent(house_of: Houses) -> None:
    kind = KINDS["full"] | {"APPENDLIMIT=1000"}
    with Demo.start(samples=False, capabilities=kind) as server:
        acting.fill(server)
        house = house_of(server)
        house.sync()
        acting.do(house, acting.append(house, acting.letter("big") + b"x" * 2000, "Other", "<big@example.org>"))
        house.sync()
        assert "1,000 at most" in house.ears.all(ActionRefused)[0].sentence
        assert not [line for line in server.log if line.startswith("APPEND")]


def test_a_server_that_asks_for_patience_has_refused_nothing(plain: Demo, house_of: Houses) -> None:
    house = house_of(plain)
    house.sync()
    acting.do(house, acting.move(house, "moved", "Other"))
    plain.refusals["MOVE"] = "NO [UNAVAILABLE] the other half is asleep"
    house.sync()
    assert house.ears.all(ActionRefused) == []
    assert [(one.state, "asleep" in one.sentence) for one in house.store.pending.journal()] == [("waiting", True)]


@pytest.mark.parametrize("verb", ["UID MOVE", "UID COPY"])
def test_what_a_server_passes_over_without_a_word_is_not_taken_for_moved(house_of: Houses, verb: str) -> None:
    kind = KINDS["full"] - {"COMPRESS=DEFLATE"} - ({"MOVE"} if verb == "UID COPY" else set())
    with Demo.start(samples=False, capabilities=kind) as server, FaultProxy(server.port) as proxy:
        acting.fill(server)
        house = house_of(server, port=proxy.port)
        house.sync()
        acting.do(house, acting.move(house, "moved", "Other"), acting.copy(house, "copied", "Other"))
        proxy.spoil(verb, b"{tag} OK nothing done\r\n", once=True)
        assert house.sync() == {ACCOUNT: ""}
        assert settled(house)
        assert server.store.mailbox("INBOX").find(2) is None
        assert len(server.store.mailbox("Other").messages) == 3
        agrees(house, server)


# --- nothing else waits ----------------------------------------------------------------


def test_a_large_message_on_its_way_up_delays_nothing(
    plain: Demo, house_of: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "Limits", lambda: Limits(silence_s=20.0, command_s=60.0))
    large = acting.letter("large") + b"0123456789abcdef" * 200_000 + b"\r\n"
    with FaultProxy(plain.port) as proxy:
        house = house_of(plain, port=proxy.port)
        house.sync()
        with house.office() as office:
            house.ears.wait_until(lambda: plain.log[-1] == "IDLE")
            proxy.spoil("APPEND", Fault.SILENCE)
            acting.do(house, acting.append(house, large, "Other", "<large@example.org>"))
            house.ask(office, Wake())
            assert proxy.was_spoiled.wait(PATIENCE_S)
            acting.do(house, acting.flag(house, "flagged"), acting.move(house, "moved", "Other"))
            house.ask(office, Wake())
            house.ears.wait_until(lambda: len(acting.waiting(house)) == 1)
        proxy.heal()
        assert house.sync() == {ACCOUNT: ""}
    assert settled(house)
    assert [len(one.raw) for one in plain.store.mailbox("Other").messages[1:]].count(len(large)) == 1
    assert any(told.job == "upload" and told.done == told.total for told in house.ears.all(Progress))
    agrees(house, plain)


def test_an_action_made_during_a_first_sync_is_told_before_its_end(plain: Demo, house_of: Houses) -> None:
    for number in range(6000):
        plain.store.mailbox("INBOX").append(acting.letter(f"n{number}"))
    house = house_of(plain)
    with house.office() as office:
        house.ears.wait_for(Progress, lambda told: told.done > 0)
        row = house.store.envelopes.window(house.mailbox().id, 0, 1).rows[0]
        acting.do(house, acting.flag(house, row.subject))
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: settled(house))
        told_at = next(number for number, line in enumerate(plain.log) if line.startswith("UID STORE"))
        house.ears.wait_until(lambda: house.mailbox().complete)
    assert any(line.startswith("UID FETCH") for line in plain.log[told_at:])


# --- setbacks --------------------------------------------------------------------------


def test_an_action_that_ends_every_connection_does_not_keep_mail_away(plain: Demo, house_of: Houses) -> None:
    with FaultProxy(plain.port) as proxy:
        house = house_of(plain, port=proxy.port)
        house.sync()
        acting.do(house, acting.move(house, "moved", "Other"))
        proxy.spoil("UID MOVE", Fault.CLOSE)
        plain.deliver(acting.letter("news"))
        with house.office(watch=False) as office:
            for _ in range(WARY + 1):
                office.wait_sync(timeout_s=PATIENCE_S)
            assert house.with_subject("news")
            for _ in range(HOPELESS):
                office.wait_sync(timeout_s=PATIENCE_S)
        assert "each time" in house.ears.all(ActionRefused)[0].sentence
        assert house.with_subject("moved")
        proxy.heal()
        assert house.sync() == {ACCOUNT: ""}
        agrees(house, plain)


def test_setbacks_are_forgotten_once_the_server_answered() -> None:
    setbacks, number = Setbacks(), PendingId(7)
    for _ in range(WARY):
        setbacks.begins([number])
        setbacks.came_back()
    assert setbacks.avoids(number, stubborn=False)
    assert not setbacks.avoids(number, stubborn=True)
    setbacks.begins([number])
    setbacks.ended([number])
    assert not setbacks.avoids(number, stubborn=False)


# --- wants -----------------------------------------------------------------------------


def test_a_part_that_was_wanted_while_offline_comes_once_there_is_a_connection(
    plain: Demo, house_of: Houses
) -> None:
    house = house_of(plain)
    house.sync()
    plain.go_offline()
    with house.office() as office:
        house.ears.wait_until(lambda: status(house) is AccountStatus.OFFLINE)
        since = house.ask(office, Want(house.newest()))
        house.ears.wait_for(PartFailed, since=since)
        plain.go_online()
        house.ears.wait_for(PartArrived, since=since)


def status(house: House) -> AccountStatus | None:
    account = house.store.accounts.get(ACCOUNT)
    return account.status if account is not None else None


def test_a_lane_whose_store_could_not_be_opened_once_works_again(
    plain: Demo, house_of: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_of(plain)
    house.sync()
    failed = threading.Event()
    really = Store.open

    def opened(*args: Any, **kwargs: Any) -> Store:
        if threading.current_thread().name.startswith("bodies") and not failed.is_set():
            failed.set()
            raise DiskFull("No space is left.")
        return really(*args, **kwargs)

    monkeypatch.setattr(Store, "open", opened)
    with house.office() as office:
        assert failed.wait(PATIENCE_S)
        since = house.ask(office, Want(house.newest()))
        house.ears.wait_until(
            lambda: any(isinstance(told, PartArrived | PartFailed) for told in house.ears.heard[since:])
        )  # it may have been asked for before the trouble was over, and then is told so
        since = house.ask(office, Want(house.newest()))
        house.ears.wait_for(PartArrived, since=since)


def test_a_message_that_waits_to_be_moved_is_read_from_where_it_still_is(plain: Demo, house_of: Houses) -> None:
    house = house_of(plain)
    house.sync()
    acting.do(house, acting.move(house, "moved", "Other"))
    plain.refusals["MOVE"] = "NO [INUSE] not now"
    with house.office() as office:
        moved = house.with_subject("moved", "Other")
        since = house.ask(office, Want(moved))
        house.ears.wait_for(PartArrived, since=since)
        text = house.store.parts.text(moved, "text")
        assert text is not None
        assert "Text of moved" in str(text)


def test_a_move_into_a_mailbox_that_nobody_may_open_keeps_the_message_and_says_so(
    house_of: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Demo.start(samples=False, capabilities=KINDS["bare"])
    acting.fill(server)
    house = house_of(server)
    house.sync()
    acting.do(house, acting.move(house, "moved", "Other"))
    with monkeypatch.context() as patch:
        patch.setattr(doubt, "find_arrived", _refused)
        house.sync()
    (failed,) = house.store.pending.journal()
    assert failed.state == "failed"
    assert failed.sentence.endswith("the server says: not yours; there may be a copy in Other, which cannot be opened.")
    acting.check_harmless(server, midway=True)
    assert acting.contents(server.store)["INBOX"][acting.sha(acting.letter("moved"))] == 1, "the original stays"
    house.sync()
    agrees(house, server)
    server.stop()


def _refused(*_: object) -> NoReturn:
    raise ServerRefused("The server refused SELECT.", words="not yours")
