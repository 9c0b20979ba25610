"""Everything that goes wrong on the way, and that one clean sync afterwards is enough."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.engine.conftest import KINDS, Demo
from tests.engine.house import ACCOUNT, PATIENCE_S, House, MailServer, server_state
from tests.fakes.scripted import Fault, FaultProxy
from tuimail.demo.imap import messages
from tuimail.demo.imap.session import Session
from tuimail.demo.imap.view import View
from tuimail.engine.office import Office
from tuimail.engine.protocol import (
    Credential,
    NewMail,
    PartArrived,
    PasswordWanted,
    Progress,
    Reload,
    Stop,
    SyncEnded,
    SyncNow,
    Want,
)
from tuimail.model import AccountStatus

Houses = Callable[..., House]
CUT_PARTS = 8
"""Into so many tests the whole sweep is cut."""


def small_mail(count: int, prefix: str = "m") -> Iterator[bytes]:
    for number in range(count):
        yield (
            f"From: Someone {number} <s{number}@example.org>\r\nSubject: number {number}\r\n"
            f"Message-ID: <{prefix}{number}@example.org>\r\nDate: Mon, 1 Jan 2024 10:{number % 60:02}:00 +0000\r\n"
            f"\r\nText of {number}.\r\n"
        ).encode()


@pytest.fixture(params=["outlook", "full"])
def tiny(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """A server with few messages, so that a session is short."""
    server = Demo.start(samples=False, capabilities=KINDS[request.param] - {"COMPRESS=DEFLATE"})
    for raw in small_mail(6):
        server.deliver(raw)
    server.store.create("Other").append(b"Subject: one\r\nMessage-ID: <one@x>\r\n\r\nx\r\n", ["\\Seen"])
    yield server
    server.stop()


def is_used(verb: str, tiny: Demo) -> bool:
    """Whether a sync says this to the server at all."""
    extended = {"ENABLE"} if "ENABLE" in tiny.capabilities else {"STATUS"}
    return verb in extended or verb not in ("ENABLE", "STATUS")


def status(house: House) -> AccountStatus | None:
    account = house.store.accounts.get(ACCOUNT)
    return account.status if account is not None else None


def sentence(house: House) -> str:
    account = house.store.accounts.get(ACCOUNT)
    return account.sentence if account is not None else ""


def session_octets(tiny: Demo, house_of: Houses) -> int:
    with FaultProxy(tiny.port) as proxy:
        house_of(tiny, port=proxy.port, offline="all").sync()
        return proxy.to_client_octets


def check_cut(tiny: Demo, house_of: Houses, at: int) -> None:
    with FaultProxy(tiny.port) as proxy:
        house = house_of(tiny, port=proxy.port, offline="all")
        proxy.cut_after(server_octets=at)
        house.sync()
        assert house.store.check() == []
        proxy.heal()
        assert house.sync() == {ACCOUNT: ""}, at
        assert house.state() == server_state(tiny), at
        assert house.store.check() == []


def test_a_session_cut_anywhere_is_completed_by_the_next(tiny: Demo, house_of: Houses) -> None:
    octets = session_octets(tiny, house_of)
    for at in sorted(random.Random(4).sample(range(octets), 6)):
        check_cut(tiny, house_of, at)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(CUT_PARTS))
def test_a_session_cut_at_any_octet_is_completed_by_the_next(tiny: Demo, house_of: Houses, part: int) -> None:
    for at in range(part, session_octets(tiny, house_of), CUT_PARTS):
        check_cut(tiny, house_of, at)


FAULTS = [
    Fault.NO,
    Fault.GARBAGE,
    Fault.CLOSE,
    pytest.param(Fault.BAD, marks=pytest.mark.long),
    pytest.param(Fault.BYE, marks=pytest.mark.long),
]
VERBS = ["ENABLE", "ID", "LIST", "SELECT", "EXAMINE", "UID SEARCH", "UID FETCH", "STATUS"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("verb", VERBS)
def test_any_fault_of_any_command_is_survived(tiny: Demo, house_of: Houses, verb: str, fault: Fault) -> None:
    if not is_used(verb, tiny):
        return
    with FaultProxy(tiny.port) as proxy:
        house = house_of(tiny, port=proxy.port, offline="all")
        proxy.spoil(verb, fault)
        house.sync()
        assert house.store.check() == []
        proxy.heal()
        assert house.sync() == {ACCOUNT: ""}
        assert house.state() == server_state(tiny)
        assert house.store.check() == []


def test_what_was_here_stays_while_the_server_talks_nonsense(tiny: Demo, house_of: Houses) -> None:
    with FaultProxy(tiny.port) as proxy:
        house = house_of(tiny, port=proxy.port)
        house.sync()
        before = house.state()
        for answer in (b"* LIST () NIL nothing\r\n{tag} OK done\r\n", b"{tag} OK nothing at all\r\n"):
            proxy.spoil("LIST", answer)
            assert "inbox" in house.sync()[ACCOUNT]
            assert house.state() == before


def test_an_empty_search_forgets_nothing_that_select_counted(outlook: Demo, house_of: Houses) -> None:
    with FaultProxy(outlook.port) as proxy:
        house = house_of(outlook, port=proxy.port)
        house.sync()
        before = house.state()
        inbox = outlook.store.mailbox("INBOX")
        inbox.expunge([inbox.messages[0].uid])
        proxy.spoil("UID SEARCH", b"* SEARCH\r\n{tag} OK done\r\n")
        assert house.sync()[ACCOUNT] != ""
        assert house.state() == before


def test_one_bad_mailbox_does_not_keep_the_others_from_being_synced(tiny: Demo, house_of: Houses) -> None:
    house = house_of(tiny)
    tiny.store.create("Closed").append(b"Subject: x\r\n\r\n")
    tiny.refusals["SELECT"] = "NO [SERVERBUG] closed for repair"
    assert "closed for repair" in house.sync()[ACCOUNT]
    assert "closed for repair" in house.mailbox("Closed").error
    del tiny.refusals["SELECT"]
    assert house.sync() == {ACCOUNT: ""}
    assert house.mailbox("Closed").error == ""
    assert house.state() == server_state(tiny)


def test_an_engine_killed_again_and_again_loses_and_doubles_nothing(house_of: Houses) -> None:
    check_kills(house_of, 5)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_an_engine_killed_fifty_times_loses_and_doubles_nothing(house_of: Houses) -> None:
    for seed in range(10):
        check_kills(house_of, 5, seed)


def check_kills(house_of: Houses, times: int, seed: int = 99) -> None:
    """Kill the engine's process at random octets of a first sync, then let one sync end."""
    chance = random.Random(seed)
    with Demo.start(samples=False, capabilities=KINDS["full"] - {"COMPRESS=DEFLATE"}) as server:
        for raw in small_mail(1000):
            server.deliver(raw)
        for raw in small_mail(300, "o"):
            server.deliver(raw, "INBOX", ["\\Seen", "$x"])
        with FaultProxy(server.port) as proxy:
            house = house_of(server, port=proxy.port, offline="all")
            for _ in range(times):
                proxy.cut_after(server_octets=chance.randrange(400_000))
                office = Office.join(house.paths, on_notice=house.ears)
                assert office.wait_ready(PATIENCE_S)
                # Late in the series so little is left to fetch that the cut may never come: then it is killed idle.
                proxy.was_cut.wait(2.0)
                os.kill(office.engine_pid, signal.SIGKILL)
                office.close()
                assert house.store.check() == []
            proxy.heal()
            office = Office.join(house.paths, on_notice=house.ears)
            try:
                assert office.wait_sync(timeout_s=2 * PATIENCE_S) == {ACCOUNT: ""}
                assert house.state() == server_state(server)
                assert house.store.check() == []
            finally:
                office.send(Stop())
                office.close()


def test_renumbering_keeps_bodies_and_doubles_nothing(demo: Demo, house_of: Houses) -> None:
    house = house_of(demo, offline="all")
    house.sync()
    inbox = house.mailbox()
    rows = house.store.envelopes.window(inbox.id, 0, 1000).rows
    bodies = {row.id: house.store.parts.text(row.id, "text") for row in rows}
    assert all(bodies.values())
    demo.store.mailbox("INBOX").renew_uid_validity(reverse=True)
    demo.go_offline()
    demo.go_online()
    fetched_before = len(demo.log)
    assert house.sync() == {ACCOUNT: ""}
    assert house.state() == server_state(demo)
    assert {row.id for row in house.store.envelopes.window(inbox.id, 0, 1000).rows} == set(bodies)
    assert {row.id: house.store.parts.text(row.id, "text") for row in rows} == bodies
    assert not [line for line in demo.log[fetched_before:] if "BODY.PEEK[]" in line]
    assert house.store.check() == []


class MovedClock:
    """A clock whose wall a test can move ahead, as a suspend does."""

    def __init__(self) -> None:
        self.slept_s = 0.0
        self.passed_s = 0.0

    def wall(self) -> float:
        return 1_700_000_000.0 + self.slept_s + self.passed_s

    def monotonic(self) -> float:
        return 1000.0 + self.passed_s


def test_after_a_suspend_every_connection_is_renewed(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    clock = MovedClock()
    with house.office(clock=clock) as office:
        house.ears.wait_until(lambda: bool(full.log) and full.log[-1] == "IDLE")
        house.ask(office, Want(house.newest()))
        house.ears.wait_for(PartArrived)
        logins = len([line for line in full.log if line.startswith("AUTHENTICATE")])
        clock.slept_s = 3600
        office.engine.tick()
        house.ears.wait_until(
            lambda: len([line for line in full.log if line.startswith("AUTHENTICATE")]) > logins
            and full.log[-1] == "IDLE"
        )
        full.deliver(b"Subject: morning\r\nMessage-ID: <morning@x>\r\n\r\n")
        house.ears.wait_for(NewMail)
        since = house.ask(office, Want(house.newest()))
        house.ears.wait_for(PartArrived, since=since)


def test_the_account_comes_back_by_itself_when_the_server_does(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    with house.office():
        house.ears.wait_until(lambda: status(house) is AccountStatus.ONLINE)
        full.go_offline()
        house.ears.wait_until(lambda: status(house) is AccountStatus.OFFLINE)
        house.ears.wait_until(lambda: "Trying again in" in sentence(house))
        full.deliver(b"Subject: meanwhile\r\nMessage-ID: <meanwhile@x>\r\n\r\n")
        full.go_online()
        house.ears.wait_for(NewMail)
        assert status(house) in (AccountStatus.SYNCING, AccountStatus.ONLINE)


def test_a_wrong_password_is_tried_once_and_then_asked_for(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.write_config(password="wrong")
    with house.office() as office:
        house.ears.wait_for(PasswordWanted)
        assert status(house) is AccountStatus.NEEDS_PASSWORD
        tried = len([line for line in full.log if line.startswith(("AUTHENTICATE", "LOGIN"))])
        assert tried == 1
        since = house.ask(office, SyncNow())
        assert house.ears.wait_for(SyncEnded, since=since).sentence != ""
        house.ask(office, Credential(ACCOUNT, full.password))
        house.ears.wait_until(lambda: status(house) is AccountStatus.ONLINE)


def test_no_password_at_all_is_asked_for(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    text = house.paths.config_file.read_text()
    house.paths.config_file.write_text(
        "\n".join(line for line in text.splitlines() if "password_command" not in line)
    )
    with house.office() as office:
        house.ears.wait_for(PasswordWanted)
        house.ask(office, Credential(ACCOUNT, full.password))
        house.ears.wait_until(lambda: status(house) is AccountStatus.ONLINE)
    assert full.password not in house.paths.log_file.read_text()


def test_a_changed_configuration_is_taken_without_a_restart(full: Demo, house_of: Houses) -> None:
    house = house_of(full, port=1)
    with house.office() as office:
        house.ears.wait_until(lambda: status(house) is AccountStatus.OFFLINE)
        house.write_config()
        house.ask(office, Reload())
        house.ears.wait_until(lambda: status(house) is AccountStatus.ONLINE)
        house.paths.config_file.write_text("[accounts.work]\nnonsense = 1\n")
        house.ask(office, Reload())
        assert office.wait_sync(timeout_s=PATIENCE_S) == {ACCOUNT: ""}


def test_a_sync_of_an_account_that_is_not_there_says_so(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    with house.office(watch=False) as office:
        assert office.wait_sync("nobody", timeout_s=PATIENCE_S) == {"nobody": "There is no account called nobody."}


def test_a_broken_configuration_is_told_by_a_sync(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.paths.config_file.write_text("[accounts.work\n")
    with house.office(watch=False) as office:
        assert office.wait_sync(timeout_s=PATIENCE_S)[""] != ""


def test_somebody_who_opens_a_message_does_not_wait_for_what_is_fetched_ahead(
    full: Demo, house_of: Houses
) -> None:
    for number in range(150):
        full.deliver(
            f"Subject: large {number}\r\nMessage-ID: <l{number}@x>\r\n\r\n".encode() + b"word " * 15 * 1024 + b"\r\n"
        )
    house = house_of(full, offline="all")
    with house.office() as office:
        house.ears.wait_for(Progress, lambda told: told.job == "bodies")
        oldest = house.newest(position=house.mailbox().total - 1)
        house.ask(office, Want(oldest))
        house.ears.wait_for(PartArrived)
        here = sum(row.body > 0 for row in house.store.envelopes.window(house.mailbox().id, 0, 1000).rows)
        assert here < house.mailbox().total


def test_log_lines_hold_no_mail(full: Demo, house_of: Houses) -> None:
    house = house_of(full, offline="all")
    house.sync()
    log = house.paths.log_file.read_text()
    assert log
    for row in house.store.envelopes.window(house.mailbox().id, 0, 1000).rows:
        assert not row.subject or row.subject not in log
        assert not row.sender or row.sender not in log


def test_a_sync_with_dovecot_is_exact(any_dovecot: MailServer, house_of: Houses) -> None:
    user = any_dovecot.dovecot_user  # type: ignore[attr-defined] # only this fixture's servers have one
    user.append_many(small_mail(30))
    user.append_many(small_mail(5, "a"), "Archiv/Entw&APw-rfe", ["\\Seen", "\\Flagged", "$work"])
    house = house_of(any_dovecot, offline="all")
    assert house.sync() == {ACCOUNT: ""}
    assert house.state() == server_state(any_dovecot)
    user.doveadm("expunge", "mailbox", "INBOX", "uid", "3:7")
    with_hands = user.imap()
    with_hands.select()
    with_hands.uid("STORE", "10:12", "+FLAGS", "(\\Flagged)")
    with_hands.logout()
    user.append_many(small_mail(4, "n"))
    assert house.sync() == {ACCOUNT: ""}
    assert house.state() == server_state(any_dovecot)
    assert house.store.check() == []


@pytest.mark.parametrize("fault", [Fault.BAD, Fault.BYE, Fault.CLOSE])
@pytest.mark.parametrize("verb", ["IDLE", "NOTIFY"])
def test_a_fault_while_watching_is_survived(house_of: Houses, verb: str, fault: Fault) -> None:
    with Demo.start(capabilities=KINDS["full"] - {"COMPRESS=DEFLATE"}) as server, FaultProxy(server.port) as proxy:
        house = house_of(server, port=proxy.port)
        house.sync()
        proxy.spoil(verb, fault)
        with house.office():
            assert proxy.was_spoiled.wait(PATIENCE_S)
            proxy.heal()
            server.deliver(b"Subject: after\r\nMessage-ID: <after@x>\r\n\r\nx\r\n")
            house.ears.wait_for(NewMail)


def test_mail_that_comes_while_its_mailbox_is_being_opened_is_new_mail(
    full: Demo, house_of: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_of(full)
    house.sync()
    answers = messages._select_answers
    letters = iter([b"Subject: just now\r\nMessage-ID: <now@x>\r\n\r\nx\r\n"])

    def answered(session: Session, view: View) -> list[bytes]:
        lines = answers(session, view)
        for raw in letters if view.mailbox.name == "INBOX" else ():
            full.deliver(raw)  # EXISTS goes out with the OK, UIDNEXT went out before
        return lines

    monkeypatch.setattr(messages, "_select_answers", answered)
    with house.office():
        house.ears.wait_for(NewMail)


def test_a_connection_that_fell_silent_is_found_out_before_anybody_waits_on_it(
    house_of: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuimail.engine.imap.ondemand.PROBE_S", 0.2)
    clock = MovedClock()
    with Demo.start(capabilities=KINDS["full"] - {"COMPRESS=DEFLATE"}) as server, FaultProxy(server.port) as proxy:
        house = house_of(server, port=proxy.port)
        house.sync()
        with house.office(watch=False, clock=clock) as office:
            house.ask(office, Want(house.newest()))
            house.ears.wait_for(PartArrived)
            proxy.spoil("NOOP", Fault.SILENCE)
            clock.passed_s = 100
            since = house.ask(office, Want(house.newest(position=1)))
            house.ears.wait_for(PartArrived, since=since)
            assert proxy.was_spoiled.wait(30)


def test_somebody_who_wants_something_ends_a_back_off(full: Demo, house_of: Houses) -> None:
    house = house_of(full)
    house.sync()
    full.go_offline()
    with house.office(clock=MovedClock()) as office:  # for which no back-off ever ends by itself
        house.ears.wait_until(lambda: status(house) is AccountStatus.OFFLINE)
        full.go_online()
        house.ask(office, Want(house.newest()))
        house.ears.wait_until(lambda: status(house) is AccountStatus.ONLINE)
