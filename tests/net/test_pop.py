"""A session from greeting to QUIT, with a drop in memory, our demo server and a real Dovecot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.net.pop_drop import Clock, Drop, arrived, keep_in, pop_receive, session_with
from tests.net.test_pop_channel import any_message
from tests.servers.dovecot import Dovecot, DovecotUser
from tuimail.config import Security
from tuimail.demo.server import DemoServer
from tuimail.errors import (
    Dropped,
    MailError,
    PipelineBroken,
    ProtocolViolation,
    ServerRefused,
    TimedOut,
    TooLarge,
    UsageError,
)
from tuimail.net.pop.session import PopLimits, PopSession, Retrieved, Wanted

MAILS = [
    b"Subject: one\r\n\r\nhello\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\n",
    b"Subject: long\r\n\r\n" + b"x" * 3000 + b"\r\n",
    b"Subject: no end\r\n\r\nlast line",
    b"Subject: bare\n.\nlf\r\rcr\r\n\r\n\n.\r\n",
]
SEQUENTIAL = ("TOP", "UIDL", "USER")


def wanted(session: PopSession) -> list[Wanted]:
    return [Wanted(number, size) for number, size in session.listing().sizes.items()]


# --- messages


@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING", *SEQUENTIAL)])
@pytest.mark.parametrize("block", [1, 7, 65536])
def test_every_message_comes_as_it_lies_there(capabilities: tuple[str, ...], block: int) -> None:
    found: dict[int, bytes] = {}
    with session_with(Drop(MAILS, capabilities), block=block) as session:
        answers = list(session.retrieve_many(wanted(session), keep_in(found)))
        assert session.alive
    assert list(found.values()) == [arrived(raw) for raw in MAILS]
    assert answers == [
        Retrieved(number, len(arrived(raw)), len(raw)) for number, raw in enumerate(MAILS, start=1)
    ]
    assert all(answer.agrees for answer in answers)


@given(messages=st.lists(any_message, max_size=6), block=st.integers(1, 200), window=st.integers(1, 4))
def test_any_messages_come_as_they_lie_there(messages: list[bytes], block: int, window: int) -> None:
    found: dict[int, bytes] = {}
    drop = Drop(messages)
    with session_with(drop, block=block, limits=PopLimits(window=window)) as session:
        numbers = [answer.number for answer in session.retrieve_many(wanted(session), keep_in(found))]
        session.noop()
    assert numbers == list(range(1, len(messages) + 1))
    assert list(found.values()) == [arrived(raw) for raw in messages]


def test_commands_are_sent_ahead_by_count() -> None:
    drop = Drop([b"x\r\n"] * 25)
    with session_with(drop, limits=PopLimits(window=10)) as session:
        answers = session.retrieve_many(wanted(session), keep_in({}))
        ahead = [sum(line.startswith("RETR") for line in drop.heard) for _ in answers]
    assert ahead[0] == 10
    assert max(sent - read for read, sent in enumerate(ahead)) <= 10
    assert ahead[-1] == 25


def test_commands_are_sent_ahead_by_octets() -> None:
    drop = Drop([b"x" * 998 + b"\r\n"] * 30)
    with session_with(drop, limits=PopLimits(window_octets=5000)) as session:
        answers = session.retrieve_many(wanted(session), keep_in({}))
        next(answers)
        assert sum(line.startswith("RETR") for line in drop.heard) == 5
        assert len(list(answers)) == 29


def test_a_message_larger_than_the_window_is_asked_for_alone() -> None:
    drop = Drop([b"x" * 9000 + b"\r\n", b"y\r\n"])
    with session_with(drop, limits=PopLimits(window_octets=5000)) as session:
        answers = session.retrieve_many(wanted(session), keep_in({}))
        next(answers)
        assert drop.heard[-1] == "RETR 1"
        assert len(list(answers)) == 1


def test_nothing_is_sent_ahead_to_a_server_that_does_not_offer_it_or_broke_it() -> None:
    for capabilities, pipelining in ((SEQUENTIAL, True), (("PIPELINING",), False)):
        drop = Drop(MAILS, capabilities)
        with session_with(drop) as session:
            next(session.retrieve_many(wanted(session), keep_in({}), pipelining=pipelining))
        assert drop.heard[-1] == "RETR 1"


@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING",)])
def test_a_refusal_of_one_message_is_told_and_the_others_come(capabilities: tuple[str, ...]) -> None:
    found: dict[int, bytes] = {}
    drop = Drop(MAILS, capabilities)
    drop.instead["RETR 2"] = b"-ERR [SYS/TEMP] disk trouble\r\n"
    with session_with(drop) as session:
        answers = list(session.retrieve_many(wanted(session), keep_in(found)))
        assert session.alive
    assert [answer.complete for answer in answers] == [True, False, True, True, True]
    assert answers[1].refused is not None
    assert answers[1].refused.code == "SYS/TEMP"
    assert not answers[1].agrees
    assert 2 not in found


LIES = {
    "shorter than promised": b"+OK\r\nSubject: x\r\n\r\n.\r\n",
    "longer than promised": b"+OK\r\n" + b"x" * 5000 + b"\r\n.\r\n",
    "a dot that was not stuffed": b"+OK\r\nSubject: dots\r\n\r\n.\r\n+OK forged\r\nSubject: forged\r\n\r\n.\r\n",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_size_that_is_not_the_promised_one_breaks_the_pipeline_without_quit(lie: bytes) -> None:
    drop = Drop(MAILS)
    drop.instead["RETR 2"] = lie
    whole: list[int] = []
    with session_with(drop) as session:
        with pytest.raises(PipelineBroken):
            whole.extend(answer.number for answer in session.retrieve_many(wanted(session), keep_in({})))
        assert not session.alive
    assert whole == [1]
    assert "QUIT" not in drop.heard


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n", b"\r\n", b"+OK\n"])
def test_an_answer_that_does_not_follow_its_command_breaks_the_pipeline(answer: bytes) -> None:
    drop = Drop(MAILS)
    drop.instead["RETR 3"] = answer  # none at all: the next message comes in its place, too long or too short
    with session_with(drop) as session:
        with pytest.raises(PipelineBroken):
            list(session.retrieve_many(wanted(session), keep_in({})))
        assert not session.alive


def test_a_server_that_throws_commands_away_breaks_the_pipeline() -> None:
    drop = Drop(MAILS)
    for number in range(2, 6):
        drop.instead[f"RETR {number}"] = b""
    with session_with(drop) as session, pytest.raises(PipelineBroken, match="without an answer"):
        list(session.retrieve_many(wanted(session), keep_in({})))


def test_silence_at_the_first_message_is_only_silence() -> None:
    drop = Drop(MAILS)
    drop.instead["RETR"] = b""
    with session_with(drop) as session, pytest.raises(TimedOut):
        list(session.retrieve_many(wanted(session), keep_in({})))


def test_one_by_one_a_wrong_size_is_told_and_the_session_goes_on() -> None:
    drop = Drop(MAILS, SEQUENTIAL)
    drop.instead["RETR 2"] = LIES["shorter than promised"]
    with session_with(drop) as session:
        answers = list(session.retrieve_many(wanted(session), keep_in({})))
        assert session.alive
    assert [answer.agrees for answer in answers] == [True, False, True, True, True]


def test_a_forged_answer_inside_an_unstuffed_message_ends_the_session_one_by_one_too() -> None:
    """The rest of the mail is there before anything was asked."""
    drop = Drop(MAILS, SEQUENTIAL)
    drop.instead["RETR 2"] = LIES["a dot that was not stuffed"]
    with session_with(drop) as session:
        with pytest.raises(ProtocolViolation, match="not asked for"):
            list(session.retrieve_many(wanted(session), keep_in({})))
        assert not session.alive
    assert "QUIT" not in drop.heard


def test_one_message() -> None:
    pieces: list[bytes] = []
    with session_with(Drop(MAILS)) as session:
        assert session.retrieve(2, pieces.append, limit_octets=1000, expected_octets=len(MAILS[1])).agrees
        with pytest.raises(ServerRefused):
            session.retrieve(99, pieces.append)
        assert session.alive
    assert b"".join(pieces) == MAILS[1]


def test_a_message_over_the_limit_ends_the_session() -> None:
    pieces: list[bytes] = []
    with session_with(Drop(MAILS), block=100) as session:
        with pytest.raises(TooLarge):
            session.retrieve(3, pieces.append, limit_octets=500)
        assert not session.alive
    assert sum(map(len, pieces)) <= 500


def test_leaving_early_closes_the_session_only_when_answers_are_due() -> None:
    with session_with(Drop(MAILS)) as session:
        answers = session.retrieve_many([Wanted(1, None), Wanted(2, None)], keep_in({}))
        next(answers)
        answers.close()
        assert not session.alive
    with session_with(Drop(MAILS)) as session:
        answers = session.retrieve_many([Wanted(1, None)], keep_in({}))
        next(answers)
        answers.close()
        session.noop()


def test_nothing_else_can_be_asked_while_messages_are_on_their_way() -> None:
    drop = Drop(MAILS)
    with session_with(drop) as session:
        answers = session.retrieve_many(wanted(session), keep_in({}))
        next(answers)
        sent = len(drop.heard)
        for ask in (session.noop, session.listing, lambda: session.delete([1]), lambda: session.top(1, 0)):
            with pytest.raises(UsageError):
                ask()
        assert len(drop.heard) == sent
        assert len(list(answers)) == len(MAILS) - 1
        session.noop()


class Full(Exception):
    """The disk's own words."""


@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING",)])
def test_a_sink_that_raises_ends_the_session_and_its_error_passes(capabilities: tuple[str, ...]) -> None:
    def open_sink(number: int) -> Callable[[bytes], None]:
        def take(octets: bytes) -> None:
            if number == 2:
                raise Full

        return take

    drop = Drop(MAILS, capabilities)
    with session_with(drop) as session:
        with pytest.raises(Full):
            list(session.retrieve_many(wanted(session), open_sink))
        assert not session.alive
        with pytest.raises(Dropped):
            session.quit()
    assert "QUIT" not in drop.heard


def test_the_top_of_a_message() -> None:
    drop = Drop(MAILS)
    with session_with(drop) as session:
        assert session.top(1, 0) == MAILS[0]
    assert drop.heard[-1] == "TOP 1 0"


def test_a_server_without_top_refuses_and_goes_on() -> None:
    drop = Drop(MAILS)
    drop.instead["TOP"] = b"-ERR unknown command\r\n"
    with session_with(drop) as session:
        with pytest.raises(ServerRefused):
            session.top(1, 0)
        session.noop()


def test_a_top_that_never_ends_is_given_up() -> None:
    drop = Drop(MAILS)
    drop.instead["TOP"] = b"+OK\r\n" + b"x" * 100_000
    with session_with(drop, limits=PopLimits(top_octets=20_000)) as session, pytest.raises(TooLarge):
        session.top(1, 0)


# --- deleting


@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING",)])
def test_messages_are_deleted_only_by_quit(capabilities: tuple[str, ...]) -> None:
    drop = Drop([b"x\r\n"] * 1000, capabilities)
    with session_with(drop) as session:
        assert session.delete(range(1, 1000)) == frozenset(range(1, 1000))
        assert session.delete([1, 1000]) == {1000}
        assert not drop.gone
        assert session.quit()
        assert not session.alive
    assert drop.gone == set(range(1, 1001))


def test_a_close_deletes_nothing() -> None:
    drop = Drop(MAILS)
    with session_with(drop) as session:
        session.delete([1, 2])
        session.close()
    assert not drop.gone
    assert "QUIT" not in drop.heard


def test_a_quit_that_is_refused_is_not_done() -> None:
    drop = Drop(MAILS)
    drop.instead["QUIT"] = b"-ERR some deleted messages not removed\r\n"
    with session_with(drop) as session:
        assert not session.quit()
        assert not session.alive


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n"])
def test_a_quit_without_an_answer_is_an_error(answer: bytes) -> None:
    drop = Drop(MAILS)
    drop.instead["QUIT"] = answer
    with session_with(drop) as session:
        with pytest.raises((TimedOut, ProtocolViolation)):
            session.quit()
        assert not session.alive


def test_nonsense_in_place_of_an_answer_to_dele_ends_the_session_without_quit() -> None:
    drop = Drop(MAILS)
    drop.instead["DELE 2"] = b"what\r\n"
    with session_with(drop) as session:
        with pytest.raises(ProtocolViolation):
            session.delete([1, 2, 3])
        with pytest.raises(MailError):
            session.quit()
    assert "QUIT" not in drop.heard


@pytest.mark.parametrize("number", [0, -1, 10**10])
def test_numbers_that_no_message_has_are_not_sent(number: int) -> None:
    drop = Drop(MAILS)
    with session_with(drop) as session:
        for call in (
            lambda: session.delete([number]),
            lambda: session.retrieve(number, lambda octets: None),
            lambda: session.top(number, 0),
            lambda: list(session.retrieve_many([Wanted(number, 1)], keep_in({}))),
        ):
            with pytest.raises(UsageError):
                call()
    assert drop.heard == ["CAPA"]


# --- the session


def test_what_capa_says() -> None:
    told = ["top", "UIDL", "SASL PLAIN SCRAM-SHA-256", "EXPIRE 60", "LOGIN-DELAY 300", "", "PIPELINING"]
    with session_with(Drop([], told)) as session:
        assert session.has("TOP")
        assert session.capabilities["SASL"] == ("PLAIN", "SCRAM-SHA-256")
        assert session.pipelining
        assert session.expire_days == 60
        assert session.login_delay_s == 300


@pytest.mark.parametrize(
    ("told", "expire_days"), [([], None), (["EXPIRE NEVER"], None), (["EXPIRE 0"], 0), (["EXPIRE 30 USER"], 30)]
)
def test_how_long_mail_may_stay(told: list[str], expire_days: int | None) -> None:
    with session_with(Drop([], told)) as session:
        assert session.expire_days == expire_days
        assert session.login_delay_s == 0


def test_a_server_without_capa_offers_nothing_and_works() -> None:
    drop = Drop(MAILS)
    drop.instead["CAPA"] = b"-ERR unknown command\r\n"
    with session_with(drop) as session:
        assert session.capabilities == {}
        session.login("ada", "secret")
        assert list(session.listing().sizes) == [1, 2, 3, 4, 5]
        assert "PASS secret" in drop.heard


def test_what_is_offered_is_asked_again_after_login() -> None:
    drop = Drop([], ["USER"])
    with session_with(drop) as session:
        drop.capabilities = ["USER", "PIPELINING"]
        session.login("ada", "secret")
        assert session.pipelining


def test_how_long_nothing_was_said() -> None:
    clock = Clock()
    with session_with(Drop(MAILS), clock=clock) as session:
        clock.now += 12
        assert session.quiet_s == 12
        session.noop()
        assert session.quiet_s == 0


@pytest.mark.parametrize(
    "stat", [b"+OK\r\n", b"+OK x y\r\n", b"+OK 5\r\n", b"+OK -1 5\r\n", b"+OK 1 99999999999999999999\r\n"]
)
def test_a_count_that_cannot_be_read_ends_the_session(stat: bytes) -> None:
    drop = Drop()
    drop.instead["STAT"] = stat
    with session_with(drop) as session:
        with pytest.raises(ProtocolViolation):
            session.stat()
        assert not session.alive


def test_what_a_server_adds_behind_the_count_is_passed_over() -> None:
    drop = Drop()
    drop.instead["STAT"] = b"+OK 3 120 octets\r\n"
    with session_with(drop) as session:
        assert session.stat() == (3, 120)


@pytest.mark.parametrize(
    ("greeting", "error", "code"),
    [
        (b"-ERR [IN-USE] later\r\n", ServerRefused, "IN-USE"),
        (b"-ERR [SYS/TEMP] later\r\n", ServerRefused, "SYS/TEMP"),
        (b"-ERR go away\r\n", ServerRefused, ""),
        (b"* OK IMAP4rev1\r\n", ProtocolViolation, ""),
        (b"220 smtp\r\n", ProtocolViolation, ""),
        (b"\r\n", ProtocolViolation, ""),
        (b"+OKAY\r\n", ProtocolViolation, ""),
        (b"", TimedOut, ""),
    ],
)
def test_a_greeting_that_is_none(greeting: bytes, error: type[MailError], code: str) -> None:
    drop = Drop()
    drop.instead["greeting"] = greeting
    with pytest.raises(error) as caught, session_with(drop):
        pass
    assert getattr(caught.value, "code", "") == code
    assert caught.value.retry is (code != "" or error is not ServerRefused)
    assert drop.heard == []


def test_a_word_said_unasked_ends_the_session() -> None:
    drop = Drop(MAILS)
    drop.instead["NOOP"] = b"+OK\r\n+OK and more\r\n"
    with session_with(drop) as session:
        session.noop()
        with pytest.raises(ProtocolViolation, match="not asked for"):
            session.delete([1])
    assert drop.heard[-1] == "NOOP"


def test_what_a_server_says_is_shown_short_and_printable() -> None:
    drop = Drop()
    drop.instead["STAT"] = b"-ERR \x1b]0;evil\x07" + b"y" * 3000 + b"\r\n"
    with session_with(drop) as session, pytest.raises(ServerRefused) as caught:
        session.stat()
    assert caught.value.sentence.isprintable()
    assert len(caught.value.sentence) < 300


# --- real servers


@contextmanager
def dovecot_pop(user: DovecotUser, security: Security = Security.TLS) -> Iterator[PopSession]:
    """Signed in."""
    server = user.server
    port = server.pop3s_port if security is Security.TLS else server.pop3_port
    session = PopSession.connect(pop_receive(port, security=security, ca_file=server.ca_file, user=user.name))
    try:
        session.login(user.name, user.password)
        yield session
    finally:
        session.close()


@pytest.mark.dovecot
@pytest.mark.parametrize("security", Security, ids=lambda security: security.value)
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_whole_session_with_a_real_server(dovecot: Dovecot, security: Security, pipelining: bool) -> None:
    user = dovecot.new_user()
    big = b"Subject: big\r\n\r\n" + b"." * 100_000 + b"\r\n" + b"..\r\n" * 50_000
    user.append_many([MAILS[0], MAILS[1], MAILS[2], big])
    found: dict[int, bytes] = {}
    with dovecot_pop(user, security) as session:
        assert session.encrypted is (security is not Security.NONE)
        assert session.pipelining
        listed = session.listing()
        assert listed.whole
        assert session.stat() == (4, sum(listed.sizes.values()))
        asked = [Wanted(*row) for row in listed.sizes.items()]
        answers = list(session.retrieve_many(asked, keep_in(found), pipelining=pipelining))
        assert all(answer.agrees for answer in answers)
        assert session.top(1, 0).startswith(b"Subject: one\r\n")
        session.noop()
        assert session.delete([1, 3]) == {1, 3}
        assert session.quit()
    assert list(found.values()) == [MAILS[0], MAILS[1], MAILS[2], big]
    with dovecot_pop(user, security) as session:
        again = session.listing()
    assert listed.uidls is not None
    assert again.uidls == {1: listed.uidls[2], 2: listed.uidls[4]}


@pytest.mark.dovecot
def test_a_closed_session_deletes_nothing_on_a_real_server(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    user.append_many(MAILS[:3])
    with dovecot_pop(user) as session:
        assert session.delete([1, 2, 3]) == {1, 2, 3}
    with dovecot_pop(user) as session:
        assert session.stat().messages == 3


def test_a_whole_session_with_the_demo_server() -> None:
    found: dict[int, bytes] = {}
    with DemoServer.start(samples=False) as server:
        for raw in MAILS:
            server.deliver(raw)
        session = PopSession.connect(pop_receive(server.pop3_port, user=server.user))
        session.login(server.user, server.password)
        listed = session.listing()
        asked = [Wanted(*row) for row in listed.sizes.items()]
        assert all(answer.agrees for answer in session.retrieve_many(asked, keep_in(found)))
        assert session.delete([2]) == {2}
        assert session.quit()
        again = PopSession.connect(pop_receive(server.pop3_port, user=server.user))
        again.login(server.user, server.password)
        assert again.stat().messages == len(MAILS) - 1
        again.close()
    assert len(found) == len(MAILS)
