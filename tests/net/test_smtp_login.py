"""Signing in to an SMTP server: one mechanism, one attempt, and nothing secret where it could be read."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable, Iterator

import pytest

from tests.fakes.scripted import Peer, ScriptedServer
from tests.net.smtp_peer import QUICK, Post, posting, smtp_send
from tuimail.config import AuthKind
from tuimail.demo.server import DemoServer
from tuimail.demo.smtp import MECHANISMS
from tuimail.errors import AuthError, MailError, ProtocolViolation, ServerRefused, UsageError
from tuimail.net.smtp.login import choose
from tuimail.net.smtp.session import SmtpSession

SECRET = "unique-Pa55phrase-8841"
KIND = {name: AuthKind.OAUTH2 if "OAUTH" in name else AuthKind.PASSWORD for name in MECHANISMS}


@pytest.fixture
def demo() -> Iterator[DemoServer]:
    with DemoServer.start(samples=False, password=SECRET) as started:
        yield started


def connect(demo: DemoServer, *mechanisms: str) -> SmtpSession:
    if mechanisms:
        demo.sink.mechanisms = mechanisms
    return SmtpSession.connect(smtp_send(demo.smtp_port))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_lets_in_with_the_right_secret_and_tries_a_wrong_one_once(
    demo: DemoServer, mechanism: str
) -> None:
    session = connect(demo, mechanism)
    with pytest.raises(AuthError, match=f"refused the login of {demo.user}: 5.7.8") as caught:
        session.login(demo.user, "wrong", auth=KIND[mechanism])
    assert demo.log.count("AUTH") == 1
    assert ("token_command" in caught.value.advice) is (KIND[mechanism] is AuthKind.OAUTH2)
    session.login(demo.user, SECRET, auth=KIND[mechanism])
    session.send(demo.address, [demo.address], b"Subject: x\r\n\r\n")
    assert demo.sink.sent[0].user == demo.user
    session.close()


def test_the_mechanism_that_never_sends_the_password_comes_first() -> None:
    offered = {"AUTH": ("LOGIN", "CRAM-MD5", "plain", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER")}
    assert choose(offered, AuthKind.PASSWORD) == ["SCRAM-SHA-256", "PLAIN", "LOGIN", "SCRAM-SHA-1"]
    assert choose(offered, AuthKind.OAUTH2) == ["XOAUTH2", "OAUTHBEARER"]
    assert choose({"AUTH": ("CRAM-MD5", "GSSAPI", "ANONYMOUS")}, AuthKind.PASSWORD) == []


def test_offers_in_the_form_of_old_servers_are_understood() -> None:
    post = Post(offers=("AUTH=LOGIN PLAIN", "AUTH LOGIN"))
    with posting(post) as session:
        assert session.capabilities["AUTH"] == ("LOGIN", "PLAIN", "LOGIN")
        session.login("ada", "x")
    assert post.heard[1] == "AUTH PLAIN " + base64.b64encode(b"\0ada\0x").decode()


@pytest.mark.parametrize("auth", AuthKind)
def test_a_server_without_a_way_to_sign_in_is_told_and_gets_nothing(demo: DemoServer, auth: AuthKind) -> None:
    for mechanisms in ((), ("CRAM-MD5",)):
        demo.sink.mechanisms = mechanisms
        session = SmtpSession.connect(smtp_send(demo.smtp_port))
        with pytest.raises(AuthError, match="offers no way to sign in with a"):
            session.login(demo.user, SECRET, auth=auth)
        session.close()
    assert "AUTH" not in demo.log


def test_no_secret_goes_over_an_unencrypted_connection_to_another_machine(demo: DemoServer) -> None:
    session = connect(demo)
    session._client.channel.host = "smtp.example.org"  # as if the way here had been let through
    for auth in AuthKind:
        with pytest.raises(AuthError, match="without encryption"):
            session.login(demo.user, SECRET, auth=auth)
    assert "AUTH" not in demo.log
    session.close()


def dialogue(*answers: str, offers: tuple[str, ...] = ("AUTH SCRAM-SHA-256 PLAIN",)) -> Post:
    """Answers to AUTH and the lines after it, in order."""

    def play(peer: Peer) -> None:
        for number, answer in enumerate(answers):
            if number:
                post.heard.append(peer.line().decode())
            peer.lines(answer)

    post = Post(offers=offers, instead={"AUTH": play})
    return post


def test_scram_that_is_refused_before_its_challenge_is_followed_by_one_other_way() -> None:
    post = dialogue("535 5.7.8 no such secret", "235 in")
    with posting(post) as session:
        session.login("ada", "x")
    assert [line.split(" ")[1] for line in post.heard[1:]] == ["SCRAM-SHA-256", "PLAIN"]


@pytest.mark.parametrize("code", [500, 504, 534, 538])
def test_a_mechanism_that_is_not_there_after_all_is_followed_by_one_other(code: int) -> None:
    post = dialogue(f"{code} no", "535 wrong", offers=("AUTH PLAIN LOGIN",))
    with posting(post) as session, pytest.raises(AuthError):
        session.login("ada", "x")
    assert [line.split(" ")[1] for line in post.heard[1:]] == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize("code", [421, 432, 450, 454])
def test_a_refusal_for_now_says_nothing_about_the_password(code: int) -> None:
    for offers in (("AUTH PLAIN",), ("AUTH SCRAM-SHA-256",)):
        with posting(dialogue(f"{code} 4.7.0 try later", offers=offers)) as session:
            with pytest.raises(ServerRefused, match="try later") as caught:
                session.login("ada", "x")
            assert caught.value.retry


def test_a_server_that_cannot_prove_itself_is_left() -> None:
    nonce = base64.b64encode(b"r=elsewhere,s=QUJD,i=4096").decode()
    for answer in (f"334 {nonce}", "334 ", "334 AAAA"):
        with posting(dialogue(answer)) as session:
            with pytest.raises(AuthError, match="makes no sense"):
                session.login("ada", "x")
            assert not session.alive


@pytest.mark.parametrize("answer", ["235 in", "334 !!!", "250 ok", "354 go", "2", "334-\r\n335 x"])
def test_an_exchange_that_takes_another_course_is_given_up(answer: str) -> None:
    with posting(dialogue(answer, offers=("AUTH SCRAM-SHA-256",))) as session:
        with pytest.raises((ProtocolViolation, AuthError)):
            session.login("ada", "x")
        assert not session.alive


def test_the_reason_for_refusing_a_token_is_answered() -> None:
    reason = base64.b64encode(b'{"status":"401"}').decode()
    for mechanism, reply in (("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")):
        post = dialogue(f"334 {reason}", "535 5.7.8 expired", offers=(f"AUTH {mechanism}",))
        with posting(post) as session, pytest.raises(AuthError, match="expired"):
            session.login("ada", "token", auth=AuthKind.OAUTH2)
        assert post.heard[-1] == reply


def test_a_long_token_goes_on_a_line_of_its_own() -> None:
    token = "t" * 2000
    post = dialogue("334 ", "235 in", offers=("AUTH XOAUTH2",))
    with posting(post) as session:
        session.login("ada", token, auth=AuthKind.OAUTH2)
    assert post.heard[1] == "AUTH XOAUTH2"
    assert base64.b64decode(post.heard[2]) == f"user=ada\1auth=Bearer {token}\1\1".encode()


@pytest.mark.parametrize("token", ["", "a b", "a\1b", "ü", "x" * 17000, "a\x7fb"])
def test_what_cannot_be_a_token_is_not_sent(token: str) -> None:
    post = dialogue("235 in", offers=("AUTH XOAUTH2",))
    with posting(post) as session, pytest.raises(AuthError, match="no token"):
        session.login("ada", token, auth=AuthKind.OAUTH2)
    assert len(post.heard) == 1


@pytest.mark.parametrize(("user", "secret"), [("a\r\nb", "x"), ("a", "x\r\nQUIT"), ("a\0b", "x"), ("a", "x\0y")])
def test_a_line_break_in_name_or_password_is_refused(demo: DemoServer, user: str, secret: str) -> None:
    session = connect(demo)
    for auth in AuthKind:
        with pytest.raises(UsageError):
            session.login(user, secret, auth=auth)
    assert "AUTH" not in demo.log
    session.close()


FAULTS: dict[str, Callable[[Peer], None] | bytes] = {
    "good": b"235 in\r\n",
    "refused": f"535 5.7.8 {SECRET} is wrong\r\n".encode(),
    "echoed": b"535 wrong: AUTH PLAIN " + base64.b64encode(f"\0ada\0{SECRET}".encode()) + b"\r\n",
    "echoed late": b"535 " + b"x" * 188 + SECRET.encode() + b"\r\n",
    "later": f"454 4.7.0 {SECRET} is wrong\r\n".encode(),
    "garbage": b"\xff\x00" + SECRET.encode() + b"\r\n",
    "close": lambda peer: peer.close(),
    "silence": lambda peer: peer.silence(),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_login_leaves_no_trace_of_the_secret(
    mechanism: str, fault: Callable[[Peer], None] | bytes, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    post = Post(offers=(f"AUTH {mechanism}",), instead={"AUTH": fault})
    with ScriptedServer(post.script) as server:
        session = SmtpSession.connect(smtp_send(server.port), limits=QUICK, log=told.append)
        try:
            session.login("ada", SECRET, auth=KIND[mechanism])
        except MailError as exc:
            told += [str(exc), repr(exc), exc.advice, repr(exc.__dict__), "".join(traceback.format_exception(exc))]
        # Not the channel's buffer: it may hold what the server echoed.
        told += [repr(session), repr(session.__dict__), repr(session._client.__dict__), repr(session._client.channel)]
        session.close()
    captured = capfd.readouterr()
    everything = "\n".join([*told, caplog.text, captured.out, captured.err])
    coded = [base64.b64encode(text.encode()).decode() for text in (SECRET, f"\0ada\0{SECRET}")]
    assert not [text for text in (SECRET, SECRET[:8], *coded) if text in everything]
