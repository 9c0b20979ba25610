"""Signing in to POP3: by what is offered, a wrong password once, and every refusal understood."""

from __future__ import annotations

import base64
import logging
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.scripted import Fault, FaultProxy
from tests.net.pop_drop import Drop, pop_receive, session_with
from tests.net.test_login import soon
from tests.servers.dovecot import Dovecot
from tuimail.config import Security
from tuimail.demo import scram
from tuimail.demo.server import DemoServer
from tuimail.errors import AuthError, MailError, ProtocolViolation, ServerRefused, UsageError
from tuimail.net.pop import login as pop_login
from tuimail.net.pop.client import split_code
from tuimail.net.pop.session import PopLimits, PopSession

SECRET = "unique-Pa55phrase-8841"


def plain(user: str = "ada", password: str = SECRET) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


class SaslDrop(Drop):
    """Answers a challenge by script: what follows AUTH is a line of its own."""

    def __init__(self, capabilities: list[str], *answers: bytes, welcome: bytes = b"+OK ready\r\n") -> None:
        super().__init__([], capabilities)
        self._answers = list(answers)
        self.instead["greeting"] = welcome

    def answer(self, line: str) -> bytes:
        if line == "CAPA" or line.startswith(("STAT", "NOOP")):
            return super().answer(line)
        self.heard.append(line)
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("capabilities", "answers", "said"),
    [
        (["USER", "SASL PLAIN"], [b"+OK in\r\n"], [f"AUTH PLAIN {plain()}"]),
        (["SASL PLAIN"], [b"+OK in\r\n"], [f"AUTH PLAIN {plain()}"]),
        (["SASL plain"], [b"+OK in\r\n"], [f"AUTH PLAIN {plain()}"]),
        (["USER"], [b"+OK\r\n", b"+OK in\r\n"], ["USER ada", f"PASS {SECRET}"]),
        (["USER", "SASL CRAM-MD5 XOAUTH2"], [b"+OK\r\n", b"+OK in\r\n"], ["USER ada", f"PASS {SECRET}"]),
        (["TOP"], [b"+OK\r\n", b"+OK in\r\n"], ["USER ada", f"PASS {SECRET}"]),
    ],
)
def test_the_best_offered_way_is_taken(capabilities: list[str], answers: list[bytes], said: list[str]) -> None:
    drop = SaslDrop(capabilities, *answers)
    with session_with(drop) as session:
        session.login("ada", SECRET)
        assert session.alive
    assert [line for line in drop.heard if line != "CAPA"] == said


def test_the_order_of_our_liking() -> None:
    capabilities = {"SASL": ("SCRAM-SHA-1", "LOGIN", "PLAIN", "SCRAM-SHA-256"), "USER": ()}
    assert pop_login.choose(capabilities, b"<1@x>", encrypted=True) == [
        "SCRAM-SHA-256", "PLAIN", "USER", "SCRAM-SHA-1",
    ]  # fmt: skip
    assert pop_login.choose({"USER": ()}, b"hi <1@x>", encrypted=False) == ["APOP", "USER"]
    assert pop_login.choose({"USER": ()}, b"hi <1@x>", encrypted=True) == ["USER"]
    assert pop_login.choose({}, b"", encrypted=True) == ["USER"]
    assert pop_login.choose({"SASL": ("XOAUTH2",)}, b"", encrypted=True) == []


def test_no_way_at_all_sends_nothing() -> None:
    drop = SaslDrop(["SASL XOAUTH2"])
    with session_with(drop) as session, pytest.raises(AuthError, match="no way to sign in"):
        session.login("ada", SECRET)
    assert drop.heard == ["CAPA"]


def test_apop_without_tls_hides_the_password() -> None:
    """The example of RFC 1939 7."""
    stamp = b"<1896.697170952@dbc.mtview.ca.us>"
    drop = SaslDrop(["USER"], b"+OK in\r\n", welcome=b"+OK POP3 server ready " + stamp + b"\r\n")
    with session_with(drop) as session:
        session.login("mrose", "tanstaaf")
    assert drop.heard[1] == "APOP mrose c4c9334bac560ecc979e58001b3e22fb"


@pytest.mark.parametrize("welcome", [b"<>", b"<a b>", b"<" * 3000, b"<a\r>", b"a@b", b"<" + b"x" * 300 + b">"])
def test_what_is_no_timestamp(welcome: bytes) -> None:
    assert pop_login.timestamp(welcome) is None


@given(welcome=st.binary(max_size=100))
def test_any_greeting_has_a_safe_timestamp_or_none(welcome: bytes) -> None:
    found = pop_login.timestamp(welcome)
    assert found is None or (found in welcome and found.decode().isprintable())


class ScramDrop(Drop):
    """SCRAM by the demo server's half."""

    def __init__(self, password: str, *, honest: bool = True) -> None:
        """honest: proves that it knows the password too."""
        super().__init__([], ["SASL SCRAM-SHA-256 PLAIN"])
        self._password = password
        self._honest = honest
        self._challenge: scram.Challenge | None = None

    def answer(self, line: str) -> bytes:
        self.heard.append(line)
        if line.startswith("AUTH "):
            self._challenge = scram.challenge(base64.b64decode(line.split()[2]))
            return b"+ " + base64.b64encode(self._challenge.server_first.encode()) + b"\r\n"
        if line and self._challenge is not None:
            try:
                final = scram.verify(self._challenge, base64.b64decode(line), self._password)
            except scram.ScramRefused:
                return b"-ERR wrong\r\n"
            self._challenge = None
            return b"+ " + base64.b64encode(final if self._honest else b"v=" + b"A" * 44) + b"\r\n"
        return super().answer(line)


def test_scram_proves_both_sides() -> None:
    drop = ScramDrop(SECRET)
    with session_with(drop) as session:
        session.login("ada", SECRET)
        session.noop()
    assert SECRET not in "".join(drop.heard)


def test_scram_refused_after_its_challenge_is_not_tried_again() -> None:
    drop = ScramDrop("another")
    with session_with(drop) as session, pytest.raises(AuthError, match="refused the login of ada"):
        session.login("ada", SECRET)
    said = [line for line in drop.heard if line != "CAPA"]
    assert said[0].startswith("AUTH SCRAM-SHA-256 ")
    assert len(said) == 2  # and our proof


def test_a_server_that_fakes_its_proof_is_left() -> None:
    with session_with(ScramDrop(SECRET, honest=False)) as session:
        with pytest.raises(AuthError, match="prove"):
            session.login("ada", SECRET)
        assert not session.alive


def test_scram_refused_before_its_challenge_falls_back_once() -> None:
    drop = SaslDrop(["SASL SCRAM-SHA-256 PLAIN"], b"-ERR not for you\r\n", b"+OK in\r\n")
    with session_with(drop) as session:
        session.login("ada", SECRET)
    assert [line.split()[1] for line in drop.heard if line.startswith("AUTH")] == ["SCRAM-SHA-256", "PLAIN"]


def test_scram_refused_with_a_code_is_not_tried_another_way() -> None:
    drop = SaslDrop(["SASL SCRAM-SHA-256 PLAIN"], b"-ERR [AUTH] wrong\r\n")
    with session_with(drop) as session, pytest.raises(AuthError):
        session.login("ada", SECRET)
    assert len(drop.heard) == 2


@pytest.mark.parametrize(
    ("challenges", "error"),
    [
        ([b"+ !!!\r\n"], ProtocolViolation),
        ([b"+ " + base64.b64encode(b"r=x,s=QSXC,i=4096") + b"\r\n"], AuthError),
        ([b"+OK in already\r\n"], ProtocolViolation),
        ([b"* what\r\n"], ProtocolViolation),
    ],
)
def test_a_server_that_cannot_do_scram_after_all_is_left(challenges: list[bytes], error: type[MailError]) -> None:
    with session_with(SaslDrop(["SASL SCRAM-SHA-256"], *challenges)) as session:
        with pytest.raises(error):
            session.login("ada", SECRET)
        assert not session.alive


def test_a_long_first_response_waits_for_the_go_ahead() -> None:
    """RFC 2449 4: a command line has 255 octets."""
    drop = SaslDrop(["SASL PLAIN"], b"+ \r\n", b"+OK in\r\n")
    with session_with(drop) as session:
        session.login("ada", "x" * 300)
    assert drop.heard[1:3] == ["AUTH PLAIN", plain("ada", "x" * 300)]


REFUSALS: dict[str, tuple[bytes, type[MailError], str, bool]] = {
    "wrong password": (b"[AUTH] Authentication failed.", AuthError, "", False),
    "no code": (b"go away", AuthError, "", False),
    "no words": (b"", AuthError, "", False),
    "in use": (b"[IN-USE] Do you have another session?", ServerRefused, "IN-USE", True),
    "too often": (b"[LOGIN-DELAY] wait", ServerRefused, "LOGIN-DELAY", True),
    "trouble": (b"[SYS/TEMP] backend down", ServerRefused, "SYS/TEMP", True),
    "for good": (b"[SYS/PERM] account disabled", ServerRefused, "SYS/PERM", False),
    "small letters": (b"[sys/temp] x", ServerRefused, "SYS/TEMP", True),
    "locked, in words": (b"maildrop already locked", ServerRefused, "IN-USE", True),
    "busy, in words": (b"Your mailbox is in use by another client", ServerRefused, "IN-USE", True),
    "guessed too often": (b"too many failed attempts", AuthError, "", False),
    "account locked": (b"account locked, call us", AuthError, "", False),
}


@pytest.mark.parametrize("capabilities", [["USER"], ["SASL PLAIN"]])
@pytest.mark.parametrize(("answer", "error", "code", "retry"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_tried_again_only_when_that_can_help(
    capabilities: list[str], answer: bytes, error: type[MailError], code: str, retry: bool
) -> None:
    answers = [b"+OK\r\n"] if capabilities == ["USER"] else []
    drop = SaslDrop(capabilities, *answers, b"-ERR " + answer + b"\r\n")
    with session_with(drop) as session, pytest.raises(error) as caught:
        session.login("ada", SECRET)
    assert type(caught.value) is error
    assert caught.value.retry is retry
    assert getattr(caught.value, "code", "") == code
    assert caught.value.sentence.isprintable()
    assert caught.value.advice or not code
    assert len(drop.heard) == 2 + len(answers)


@given(words=st.binary(max_size=100))
def test_any_words_of_a_refusal_have_a_code_or_none(words: bytes) -> None:
    code, rest = split_code(words)
    assert code == code.upper()
    assert words.endswith(rest)


def test_a_server_that_repeats_the_password_is_not_quoted() -> None:
    drop = SaslDrop(["USER"], b"+OK\r\n", b"-ERR bad password " + SECRET.encode() + b"\r\n")
    with session_with(drop) as session, pytest.raises(AuthError) as caught:
        session.login("ada", SECRET)
    assert SECRET not in caught.value.sentence + caught.value.advice


@pytest.mark.parametrize(("user", "password"), [
    ("a\r\nDELE 1", "x"), ("a\n", "x"), ("a\0", "x"), ("ada", "x\r\nDELE 1"), ("ada", "x\r"), ("ada", "\0"),
])  # fmt: skip
@pytest.mark.parametrize("capabilities", [["USER"], ["SASL PLAIN"], ["SASL SCRAM-SHA-256"]])
@pytest.mark.parametrize("welcome", [b"+OK hi\r\n", b"+OK hi <1@x>\r\n"])
def test_line_breaks_in_name_or_password_are_never_sent(
    user: str, password: str, capabilities: list[str], welcome: bytes
) -> None:
    drop = SaslDrop(capabilities, welcome=welcome)
    with session_with(drop) as session:
        with pytest.raises(UsageError):
            session.login(user, password)
        assert session.alive
    assert drop.heard == ["CAPA"]


@pytest.mark.parametrize("fault", [None, *Fault], ids=lambda fault: fault.value if fault else "none")
@pytest.mark.parametrize("mechanism", ["USER", "PLAIN", "SCRAM-SHA-256"])
def test_a_login_leaves_no_trace_of_the_password(
    mechanism: str, fault: Fault | None, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    quick = PopLimits(command_s=0.3, silence_s=0.3)
    with DemoServer.start(samples=False, password=SECRET) as server, FaultProxy(server.pop3_port, verb_at=0) as proxy:
        session = PopSession.connect(pop_receive(proxy.port), log=told.append, limits=quick)
        session.capabilities = {"USER": ()} if mechanism == "USER" else {"SASL": (mechanism,)}
        for verb in ("AUTH", "PASS"):
            if fault is not None:
                proxy.spoil(verb, fault)
        try:
            session.login(server.user, SECRET)
            assert fault is None
        except MailError as exc:
            told += [str(exc), repr(exc), exc.advice, repr(exc.__dict__), "".join(traceback.format_exception(exc))]
        for thing in (session, session._pop, session._pop.channel):
            told += [repr(thing), repr(thing.__dict__)]
        session.close()
    captured = capfd.readouterr()
    everything = "\n".join([*told, caplog.text, captured.out, captured.err])
    assert SECRET not in everything
    assert plain(server.user) not in everything


@pytest.mark.dovecot
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN", "USER"])
def test_each_way_works_with_a_real_server(dovecot: Dovecot, mechanism: str) -> None:
    user = dovecot.new_user()
    session = PopSession.connect(
        pop_receive(dovecot.pop3s_port, security=Security.TLS, ca_file=dovecot.ca_file, user=user.name)
    )
    assert {"PLAIN", "SCRAM-SHA-256"} <= set(session.capabilities["SASL"])
    session.capabilities = {"USER": ()} if mechanism == "USER" else {"SASL": (mechanism,)}
    session.login(user.name, user.password)
    assert session.stat() == (0, 0)
    assert session.quit()


@pytest.mark.dovecot
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN", "USER"])
def test_a_wrong_password_is_one_failed_login_on_a_real_server(dovecot: Dovecot, mechanism: str) -> None:
    user = dovecot.new_user("popwrong")
    session = PopSession.connect(pop_receive(dovecot.pop3_port))
    session.capabilities = {"USER": ()} if mechanism == "USER" else {"SASL": (mechanism,)}
    with pytest.raises(AuthError, match="refused the login"):
        session.login(user.name, "not the password")
    session.close()
    log = dovecot.directory / "dovecot.log"
    seen = soon(lambda: [line for line in log.read_text().splitlines() if f"<{user.name}>" in line])
    assert len(seen) == 1
    assert "1 attempts" in seen[0]
