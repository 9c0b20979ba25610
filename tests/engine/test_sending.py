"""What is in the outbox is sent once, its copy filed, and whatever goes wrong is told and loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, server_state
from tests.engine.sending_house import OTHER, SENDER, SendingHouse, letter
from tests.fakes.scripted import FaultProxy, Peer, ScriptedServer
from tests.net.smtp_peer import Post
from tuimail.engine.patience import MOST_TRIES
from tuimail.engine.protocol import Credential, OutboxChanged, PasswordWanted, Reload, Wake
from tuimail.errors import UsageError
from tuimail.model import OutboxItem, OutState, Role

Houses = Callable[..., SendingHouse]
DONE = (OutState.FILED,)


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Houses]:
    """Makes houses that can send; all are closed at the end."""
    made: list[SendingHouse] = []

    def make(server: Demo, *, smtp_port: int | None = None, keys: str = "") -> SendingHouse:
        port = server.smtp_port if smtp_port is None else smtp_port
        made.append(SendingHouse(tmp_path / f"house{len(made)}", server, smtp_port=port, keys=keys))
        return made[-1]

    yield make
    for house in made:
        house.close()


class MovedClock:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.now = time.time()

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def in_sent(demo: Demo) -> list[bytes]:
    return [message.raw for message in demo.store.mailbox("Sent").messages]


def test_a_message_is_sent_once_and_its_copy_is_in_sent(full: Demo, sending: Houses) -> None:
    house = sending(full)
    house.sync()
    before = len(in_sent(full))
    outbox_id = house.queue("m1")
    assert house.sync() == {ACCOUNT: ""}
    (submitted,) = full.sink.sent
    assert (submitted.sender, submitted.recipients, submitted.raw) == (SENDER, (OTHER,), letter("m1"))
    assert house.is_in(outbox_id, OutState.FILED)
    assert in_sent(full)[before:] == [letter("m1")]
    assert house.store.mailboxes.with_role(ACCOUNT, Role.SENT) is not None
    assert any("\\seen" in flags for flags, subject in server_state(full)["Sent"].values() if "<m1@" in subject)
    assert house.sync() == {ACCOUNT: ""}
    assert len(full.sink.sent) == 1


def test_an_engine_that_runs_sends_what_comes_into_the_outbox(full: Demo, sending: Houses) -> None:
    house = sending(full)
    with house.office() as office:
        ids = [house.queue(f"m{number}") for number in range(3)]
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: all(house.is_in(one, *DONE) for one in ids))
    assert [one.raw for one in full.sink.sent] == [letter(f"m{number}") for number in range(3)]
    logins = sum(line == "AUTH" for line in full.log)
    assert logins == 1, "one session carries them all"
    assert house.ears.all(OutboxChanged)


def test_what_is_not_due_waits_and_can_be_taken_back(full: Demo, sending: Houses) -> None:
    house = sending(full)
    clock = MovedClock()
    with house.office(clock=clock) as office:
        taken_back = house.queue("m1", not_before=int(clock.now) + 10)
        kept = house.queue("m2", not_before=int(clock.now) + 10)
        house.ask(office, Wake(ACCOUNT))
        assert house.store.outbox.cancel(taken_back)
        house.ask(office, Wake(ACCOUNT))
        assert full.sink.sent == []
        clock.now += 11
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.is_in(kept, *DONE))
    assert [one.raw for one in full.sink.sent] == [letter("m2")]


def test_the_message_that_was_answered_is_marked(full: Demo, sending: Houses) -> None:
    house = sending(full)
    full.deliver(b"Subject: mine\r\nMessage-ID: <mine@x>\r\n\r\n")
    house.sync()
    mine = house.with_subject("mine")
    house.queue("m1", answers=mine, answer_flag="\\Answered")
    house.queue("m2", answers=mine, answer_flag="$Forwarded")
    house.sync()
    flags = next(flags for flags, message_id in server_state(full)["INBOX"].values() if message_id == "<mine@x>")
    assert {"\\answered", "$forwarded"} <= flags


@pytest.mark.parametrize("keys", ['save_sent = "never"', 'save_sent = "auto"', 'save_sent = "always"'])
def test_a_copy_is_filed_as_the_configuration_says(full: Demo, sending: Houses, keys: str) -> None:
    house = sending(full, keys=keys)
    before = len(in_sent(full))
    outbox_id = house.queue("m1")
    house.sync()
    house.sync()
    assert house.is_in(outbox_id, OutState.FILED)
    assert len(in_sent(full)) - before == (0 if "never" in keys else 1)


def test_a_copy_that_is_refused_is_tried_again_and_never_sends_the_message_again(full: Demo, sending: Houses) -> None:
    house = sending(full)
    house.sync()
    full.refusals["APPEND"] = "NO [OVERQUOTA] the mailbox is full"
    outbox_id = house.queue("m1")
    house.sync()
    house.sync()
    assert house.is_in(outbox_id, OutState.SENT)
    (waiting,) = house.store.pending.journal()
    assert waiting.state == "waiting"
    said = house.item(outbox_id).sentence
    assert "Its copy is not in Sent yet, and is tried again. Later: the server says: the mailbox is full" in said
    for tries, state in ((MOST_TRIES - 1, "waiting"), (MOST_TRIES, "failed")):
        with house.store.transaction():
            house.store._database.run("UPDATE pending SET tries = ?, not_before = 0", (tries,))
        house.sync()
        assert [each.state for each in house.store.pending.journal()] == [state]
    assert "could not be put into Sent; the journal can try it again" in house.item(outbox_id).sentence
    del full.refusals["APPEND"]
    house.store.pending.retry([waiting.id])
    house.sync()
    assert house.is_in(outbox_id, OutState.FILED)
    assert len(full.sink.sent) == 1


# --- what the server refuses ---------------------------------------------------------


def test_a_recipient_that_is_refused_is_told_and_the_others_get_it(full: Demo, sending: Houses) -> None:
    full.sink.refused_recipients["nobody@example.net"] = "550 5.1.1 nobody of this name"
    house = sending(full)
    outbox_id = house.queue("m1", recipients=(OTHER, "nobody@example.net"))
    assert "nobody of this name" in house.sync()[ACCOUNT]
    item = house.item(outbox_id)
    assert item.state in {OutState.SENT, OutState.FILED}
    assert item.refused == (("nobody@example.net", "550 5.1.1 nobody of this name"),)
    assert "nobody@example.net" in item.sentence
    assert full.sink.sent[0].recipients == (OTHER,)


BUSY = "450 4.2.0 come back later"


def rest_of(house: SendingHouse) -> OutboxItem:
    """The one item that waits for some recipients."""
    (item,) = [one for one in house.store.outbox.all() if one.of_recipients]
    return item


def test_recipients_who_are_put_off_wait_on_alone_and_nobody_gets_it_twice(full: Demo, sending: Houses) -> None:
    full.sink.refused_recipients |= {"b@x.example": BUSY, "c@x.example": BUSY, "d@x.example": "550 5.1.1 nobody"}
    house = sending(full)
    clock = MovedClock()
    with house.office(watch=False, clock=clock) as office:
        outbox_id = house.queue("m1", recipients=(OTHER, "b@x.example", "c@x.example", "d@x.example"))
        told = office.wait_sync(timeout_s=60)[ACCOUNT]
        assert "not to d@x.example" in told
        assert "2 of 4 recipients still wait" in told
        first = rest_of(house)
        assert first.state is OutState.QUEUED
        assert (first.recipients, first.of_recipients) == (("b@x.example", "c@x.example"), 4)
        assert first.not_before - int(clock.now) == 60
        assert first.sentence == (
            "Not sent to 2 of 4 recipients, b@x.example among them, yet; the others have it. The server says: 450 4.2.0"
            " come back later. Trying again in a minute."
        )
        office.wait_sync(timeout_s=60)
        assert len(full.sink.sent) == 1, "not before its time"
        del full.sink.refused_recipients["b@x.example"]
        clock.now += 61
        office.wait_sync(timeout_s=60)
        second = rest_of(house)
        assert (second.recipients, second.of_recipients, second.tries) == (("c@x.example",), 4, 2)
        assert second.not_before - int(clock.now) == 300
        full.sink.refused_recipients.clear()
        clock.now += 301
        office.wait_sync(timeout_s=60)
        office.wait_sync(timeout_s=60)
    assert [one.recipients for one in full.sink.sent] == [(OTHER,), ("b@x.example",), ("c@x.example",)]
    assert {one.raw for one in full.sink.sent} == {letter("m1")}
    assert house.store.outbox.all() == []
    assert house.is_in(outbox_id, OutState.FILED)
    assert sum(b"<m1@" in raw for raw in in_sent(full)) == 1, "one copy, however often it was sent"


def test_recipients_who_are_put_off_for_days_are_given_up_and_told(full: Demo, sending: Houses) -> None:
    full.sink.refused_recipients["b@x.example"] = BUSY
    house = sending(full)
    clock = MovedClock()
    with house.office(watch=False, clock=clock) as office:
        house.queue("m1", recipients=(OTHER, "b@x.example"))
        for _ in range(MOST_TRIES + 1):
            office.wait_sync(timeout_s=60)
            clock.now += 3601
        item = rest_of(house)
        assert item.state is OutState.FAILED
        assert "come back later" in item.sentence
        assert len(full.sink.sent) == 1
        assert house.store.outbox.cancel(item.id)
    assert house.store.outbox.all() == []


def test_the_rest_of_a_message_is_not_taken_for_sent_because_its_copy_is_in_sent(full: Demo, sending: Houses) -> None:
    full.sink.refused_recipients["b@x.example"] = BUSY
    house = sending(full)
    house.queue("m1", recipients=(OTHER, "b@x.example"))
    house.sync()
    item = rest_of(house)
    assert house.store.sending.begin(item.id) is not None
    assert house.store.sending.ending(item.id)  # as a crash leaves it
    house.sync()
    assert house.is_in(item.id, OutState.UNKNOWN)
    assert "Sent says nothing" in house.item(item.id).sentence
    with pytest.raises(UsageError, match="Others have this message"):
        house.store.outbox.edit(item.id, message_id="<new@x>", at=0)


def test_a_message_that_is_refused_stops_with_the_words_of_the_server(full: Demo, sending: Houses) -> None:
    full.sink.answers["MAIL"] = "550 5.7.1 not from here"
    house = sending(full)
    refused = house.queue("m1")
    house.sync()
    assert house.is_in(refused, OutState.FAILED)
    assert "not from here" in house.item(refused).sentence
    del full.sink.answers["MAIL"]
    house.sync()
    assert full.sink.sent == [], "a person decides when it is tried again"
    house.store.outbox.send_now(refused, at=int(time.time()))
    house.sync()
    assert house.is_in(refused, OutState.FILED)


def test_a_message_that_is_refused_does_not_keep_the_next_one_back(full: Demo, sending: Houses) -> None:
    full.sink.refused_recipients["nobody@example.net"] = "550 5.1.1 nobody of this name"
    house = sending(full)
    refused, fine = house.queue("m1", recipients=("nobody@example.net",)), house.queue("m2")
    house.sync()
    assert house.is_in(refused, OutState.FAILED)
    assert house.is_in(fine, OutState.FILED)


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "BDAT", "."])
def test_a_message_that_is_put_off_is_tried_again_with_longer_pauses(
    full: Demo, sending: Houses, verb: str
) -> None:
    full.sink.offers = tuple(offer for offer in full.sink.offers if (offer == "CHUNKING") <= (verb == "BDAT"))
    full.sink.answers[verb] = "451 4.3.0 come back later"
    house = sending(full)
    clock = MovedClock()
    pauses = []
    with house.office(watch=False, clock=clock) as office:
        outbox_id = house.queue("m1")
        for _ in range(5):
            office.wait_sync(timeout_s=60)
            item = house.item(outbox_id)
            assert item.state is OutState.QUEUED
            assert "come back later" in item.sentence
            pauses.append(item.not_before - int(clock.now))
            clock.now = item.not_before + 1
        full.sink.answers.clear()
        office.wait_sync(timeout_s=60)
    assert pauses == [60, 300, 900, 3600, 3600]
    assert house.is_in(outbox_id, OutState.FILED)
    assert len(full.sink.sent) == 1


def test_a_refused_login_is_tried_once_and_again_with_another_password(full: Demo, sending: Houses) -> None:
    house = sending(full, keys='password_command = ["echo", "wrong"]')
    with house.office() as office:
        ids = [house.queue("m1"), house.queue("m2")]
        since = house.ask(office, Wake(ACCOUNT))
        wanted = house.ears.wait_for(PasswordWanted, since=since)
        assert (wanted.account, wanted.part) == (ACCOUNT, "send")
        house.ears.wait_until(lambda: all(house.is_in(one, OutState.FAILED) for one in ids))
        assert sum(line == "AUTH" for line in full.log) == 1
        house.ask(office, Credential(ACCOUNT, full.password, "send"))
        house.ears.wait_until(lambda: all(house.is_in(one, *DONE) for one in ids))
    assert len(full.sink.sent) == 2


def test_a_wrong_server_is_told_in_words(full: Demo, sending: Houses) -> None:
    house = sending(full, smtp_port=full.imap_port)
    outbox_id = house.queue("m1")
    house.sync()
    item = house.item(outbox_id)
    assert item.state in {OutState.QUEUED, OutState.FAILED}
    assert item.sentence
    assert full.sink.sent == []


# --- no way, and ways that end ----------------------------------------------------------


def test_what_finds_no_network_is_sent_once_there_is_one(full: Demo, sending: Houses) -> None:
    house = sending(full)
    house.sync()
    clock = MovedClock()
    with house.office(clock=clock) as office:
        full.go_offline()
        outbox_id = house.queue("m1")
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.item(outbox_id).tries == 1)
        assert house.is_in(outbox_id, OutState.QUEUED)
        assert "as soon as there is a network" in house.item(outbox_id).sentence
        full.go_online()
        clock.now += 6
        house.ask(office, Wake(ACCOUNT))
        house.ears.wait_until(lambda: house.is_in(outbox_id, OutState.SENT, *DONE))
    assert len(full.sink.sent) == 1


def silent_yes(peer: Peer) -> None:
    peer.close()


def test_a_line_that_breaks_after_the_last_octet_asks_a_person(full: Demo, sending: Houses) -> None:
    post = Post(instead={".": silent_yes, "BDAT": silent_yes})
    with ScriptedServer(*[post.script] * 9) as smtp:
        house = sending(full, smtp_port=smtp.port)
        house.sync()
        outbox_id = house.queue("m1")
        assert "not in Sent" in house.sync()[ACCOUNT]
        assert house.is_in(outbox_id, OutState.UNKNOWN)
        house.sync()
        house.sync()
        ends = [line for line in post.heard if line == "DATA" or line.startswith("BDAT")]
        assert len(ends) == 1, "not sent again without a yes"
        post.instead.clear()
        assert house.store.outbox.resolve(outbox_id, sent=False, at=int(time.time()))
        house.sync()
        assert house.is_in(outbox_id, OutState.FILED)


def test_one_that_is_found_in_sent_was_sent(full: Demo, sending: Houses) -> None:
    post = Post(instead={".": silent_yes, "BDAT": silent_yes})
    with ScriptedServer(*[post.script] * 9) as smtp:
        house = sending(full, smtp_port=smtp.port)
        house.sync()
        full.store.mailbox("Sent").append(letter("m1"))  # as Gmail does by itself
        before = len(in_sent(full))
        outbox_id = house.queue("m1")
        house.sync()
        house.sync()
        assert house.is_in(outbox_id, OutState.FILED)
        assert len(in_sent(full)) == before, "no second copy"


def test_a_session_that_the_server_left_while_it_waited_is_made_anew(full: Demo, sending: Houses) -> None:
    house = sending(full)
    with FaultProxy(full.smtp_port, verb_at=0) as proxy:
        house = sending(full, smtp_port=proxy.port)
        with house.office() as office:
            first = house.queue("m1")
            house.ask(office, Wake(ACCOUNT))
            house.ears.wait_until(lambda: house.is_in(first, *DONE))
            proxy.drop_all()
            second = house.queue("m2")
            house.ask(office, Wake(ACCOUNT))
            house.ears.wait_until(lambda: house.is_in(second, *DONE))
    assert house.item(second).tries == 0
    assert len(full.sink.sent) == 2


def test_a_changed_configuration_neither_loses_nor_doubles_what_is_being_sent(full: Demo, sending: Houses) -> None:
    house = sending(full)
    with house.office() as office:
        ids = [house.queue(f"m{number}") for number in range(20)]
        house.ask(office, Wake(ACCOUNT))
        text = house.paths.config_file.read_text()
        for number in range(3):
            named = text.replace("[accounts.work]", f'[accounts.work]\nname = "Ada {number}"')
            house.paths.config_file.write_text(named)
            house.ask(office, Reload())
        house.ears.wait_until(lambda: all(house.is_in(one, *DONE, OutState.UNKNOWN) for one in ids))
    names = [one.raw for one in full.sink.sent]
    assert len(names) == len(set(names))
    unknown = sum(house.is_in(one, OutState.UNKNOWN) for one in ids)
    assert 20 - unknown <= len(names) <= 20


def test_an_account_without_a_server_to_send_through_sends_nothing(full: Demo, sending: Houses) -> None:
    house = sending(full)
    text = house.paths.config_file.read_text()
    house.paths.config_file.write_text(text.partition(f"[accounts.{ACCOUNT}.send]")[0])
    outbox_id = house.queue("m1")
    assert house.sync() == {ACCOUNT: ""}
    assert house.is_in(outbox_id, OutState.QUEUED)


@pytest.mark.parametrize("protocol", ["pop3", "maildir"])
def test_accounts_whose_mail_lies_here_send_too_and_keep_the_copy_here(
    full: Demo, tmp_path: Path, protocol: str
) -> None:
    house = SendingHouse(tmp_path / "house", full, smtp_port=full.smtp_port)
    try:
        mail = f'protocol = "maildir"\npath = "{tmp_path / "Mail"}"'
        if protocol == "pop3":
            mail = f'protocol = "pop3"\nhost = "{full.host}"\nport = {full.pop3_port}\nsecurity = "none"\n'
            mail += f'user = "{full.pop3_user}"\npassword_command = ["echo", "{full.password}"]'
        for name in ("cur", "new", "tmp"):
            (tmp_path / "Mail" / name).mkdir(parents=True, exist_ok=True)
        house.paths.config_file.write_text(f"""
[accounts.{ACCOUNT}]
address = "ada@example.org"
[accounts.{ACCOUNT}.receive]
{mail}
[accounts.{ACCOUNT}.send]
host = "127.0.0.1"
port = {full.smtp_port}
security = "none"
user = "{full.user}"
password_command = ["echo", "{full.password}"]
""")
        outbox_id = house.queue("m1")
        with house.office(watch=False) as office:
            assert office.wait_sync(timeout_s=60) == {ACCOUNT: ""}
            house.ears.wait_until(lambda: house.is_in(outbox_id, *DONE))
        sent = house.store.mailboxes.with_role(ACCOUNT, Role.SENT)
        assert sent is not None
        (row,) = house.store.envelopes.window(sent.id, 0, 9).rows
        assert house.store.local.raw(row.id) == letter("m1")
        assert len(full.sink.sent) == 1
    finally:
        house.close()
