"""Signing in: by what is offered, a wrong password once, and every refusal understood."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

import pytest

from tests.fakes.scripted import Peer
from tests.net.conftest import playing, receive_from
from tests.servers.dovecot import Dovecot
from tuimail.config import AuthKind
from tuimail.demo.imap.capabilities import FULL
from tuimail.demo.server import DemoServer
from tuimail.errors import AuthError, Dropped, MailError, ProtocolViolation, Unreachable
from tuimail.net.imap import login
from tuimail.net.imap.session import ImapSession

SECRET = "sw0rdfish-Zq"


def greeting(capabilities: str, heard: list[str], *answers: str) -> Callable[[Peer], None]:
    """Offer these; then answer each line with the next answer, `{tag}` filled in with the last command's."""

    def script(peer: Peer) -> None:
        peer.lines("* OK ready")
        tag = peer.expect("CAPABILITY")
        peer.lines(f"* CAPABILITY {capabilities}", f"{tag} OK done")
        tag = ""
        for answer in answers:
            line = peer.line().decode()
            heard.append(line.partition(" ")[2] if line.startswith("t") and " " in line else line)
            tag = line.partition(" ")[0] if line.startswith("t") and " " in line else tag
            peer.send(answer.replace("{tag}", tag).replace("|", "\r\n").encode() + b"\r\n")
        peer.silence()

    return script


def plain(user: str = "ada", password: str = SECRET) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


DONE = "{tag} OK [CAPABILITY IMAP4rev1 X] welcome"


@pytest.mark.parametrize(
    ("capabilities", "answers", "said"),
    [
        ("AUTH=PLAIN SASL-IR", [DONE], [f"AUTHENTICATE PLAIN {plain()}"]),
        ("AUTH=PLAIN", ["+ ", DONE], ["AUTHENTICATE PLAIN", plain()]),
        ("AUTH=PLAIN", ["+", DONE], ["AUTHENTICATE PLAIN", plain()]),
        ("AUTH=PLAIN SASL-IR LOGINDISABLED", [DONE], [f"AUTHENTICATE PLAIN {plain()}"]),
        ("", [DONE], [f'LOGIN "ada" "{SECRET}"']),
        ("AUTH=LOGIN", [DONE], [f'LOGIN "ada" "{SECRET}"']),
        ("AUTH=CRAM-MD5 AUTH=XOAUTH2", [DONE], [f'LOGIN "ada" "{SECRET}"']),
    ],
)
def test_the_best_offered_way_is_taken(capabilities: str, answers: list[str], said: list[str]) -> None:
    heard: list[str] = []
    with playing(greeting(f"IMAP4rev1 {capabilities}", heard, *answers)) as session:
        session.login("ada", SECRET)
        assert session.has("X")
    assert heard == said


def test_the_order_of_our_liking() -> None:
    offered = ["AUTH=SCRAM-SHA-1", "AUTH=LOGIN", "AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "AUTH=GSSAPI"]
    assert login.choose(offered) == ["SCRAM-SHA-256", "PLAIN", "LOGIN", "SCRAM-SHA-1"]
    assert login.choose(["LOGINDISABLED"]) == []


def test_no_way_at_all_sends_nothing() -> None:
    heard: list[str] = []
    with (
        playing(greeting("IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2", heard, DONE)) as session,
        pytest.raises(AuthError, match="no way to sign in"),
    ):
        session.login("ada", SECRET)
    assert heard == []


def test_letters_beyond_ascii_travel_as_literals() -> None:
    heard: list[str] = []
    script = greeting("IMAP4rev1", heard, "+ go", "+ go", DONE)
    with playing(script) as session:
        session.login("adä", "pässword")
    assert heard == ["LOGIN {4}", "adä {9}", "pässword"]


def test_capabilities_are_asked_for_when_the_login_does_not_tell_them() -> None:
    heard: list[str] = []
    with playing(greeting("IMAP4rev1", heard, "{tag} OK in", "* CAPABILITY IMAP4rev1 IDLE|{tag} OK")) as session:
        session.login("ada", SECRET)
        assert session.capabilities == {"IMAP4REV1", "IDLE"}


def test_a_mechanism_that_the_server_does_not_know_after_all_falls_back_to_login_once() -> None:
    heard: list[str] = []
    script = greeting("IMAP4rev1 AUTH=PLAIN SASL-IR", heard, "{tag} BAD unknown command", DONE)
    with playing(script) as session:
        session.login("ada", SECRET)
    assert heard == [f"AUTHENTICATE PLAIN {plain()}", f'LOGIN "ada" "{SECRET}"']


def test_scram_refused_before_its_challenge_falls_back_to_plain() -> None:
    """The user has no SCRAM secret on the server: no password was tested yet."""
    heard: list[str] = []
    script = greeting("IMAP4rev1 AUTH=PLAIN AUTH=SCRAM-SHA-256 SASL-IR", heard, "{tag} NO failed", DONE)
    with playing(script) as session:
        session.login("ada", SECRET)
    assert [line.split()[1] for line in heard] == ["SCRAM-SHA-256", "PLAIN"]


def test_scram_refused_after_its_challenge_is_not_tried_again() -> None:
    heard: list[str] = []

    def script(peer: Peer) -> None:
        peer.lines("* OK ready")
        tag = peer.expect("CAPABILITY")
        peer.lines("* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=SCRAM-SHA-256 SASL-IR", f"{tag} OK done")
        tag, command = peer.command()
        nonce = base64.b64decode(command.split()[2]).decode().rpartition("r=")[2]
        peer.lines("+ " + base64.b64encode(f"r={nonce}x,s=QSXC,i=4096".encode()).decode())
        peer.line()
        peer.lines(f"{tag} NO [AUTHENTICATIONFAILED] wrong")
        tag, command = peer.command()
        heard.append(command)
        peer.lines(f"{tag} OK")

    with playing(script) as session:
        with pytest.raises(AuthError, match="refused the login of ada"):
            session.login("ada", SECRET)
        session.logout()
    assert heard == ["LOGOUT"]


def test_a_server_that_fakes_its_proof_is_left() -> None:
    def script(peer: Peer) -> None:
        peer.lines("* OK ready")
        tag = peer.expect("CAPABILITY")
        peer.lines("* CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256", f"{tag} OK done")
        peer.expect("AUTHENTICATE")
        peer.lines("+ ")
        nonce = base64.b64decode(peer.line()).decode().rpartition("r=")[2]
        peer.lines("+ " + base64.b64encode(f"r={nonce}x,s=QSXC,i=4096".encode()).decode())
        peer.line()
        peer.lines("+ " + base64.b64encode(b"v=" + b"A" * 44).decode())
        peer.silence()

    with playing(script) as session:
        with pytest.raises(AuthError, match="prove"):
            session.login("ada", SECRET)
        assert not session.alive


REFUSALS: dict[str, tuple[str, type[MailError], str]] = {
    "wrong password": ("NO [AUTHENTICATIONFAILED] Authentication failed.", AuthError, "refused the login of ada"),
    "no code": ("NO go away", AuthError, "go away"),
    "expired": ("NO [EXPIRED] x", AuthError, "expired"),
    "needs the administrator": ("NO [CONTACTADMIN] x", AuthError, "administrator"),
    "website first": ("NO [WEBALERT https://x.example] x", AuthError, "website"),
    "not now": ("NO [UNAVAILABLE] backend down", Unreachable, "just now"),
    "too many connections": ("NO [LIMIT] x", Unreachable, "too many connections"),
    "too many in words": ("NO [ALERT] Too many simultaneous connections.", Unreachable, "Too many simultaneous"),
    "in use": ("NO [INUSE] x", Unreachable, "in use"),
}


@pytest.mark.parametrize(("answer", "error", "words"), REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 AUTH=PLAIN SASL-IR", "IMAP4rev1 AUTH=SCRAM-SHA-256"])
def test_a_refusal_is_tried_again_only_when_that_can_help(
    answer: str, error: type[MailError], words: str, capabilities: str
) -> None:
    heard: list[str] = []
    # SCRAM without SASL-IR is refused before any challenge, so LOGIN follows.
    answers = [f"{{tag}} {answer}"] * 2
    with playing(greeting(capabilities, heard, *answers)) as session, pytest.raises(error) as caught:
        session.login("ada", SECRET)
    assert type(caught.value) is error
    assert caught.value.retry is (error is Unreachable)
    assert words in caught.value.sentence
    if "SCRAM" not in capabilities:
        assert len(heard) == 1


@pytest.mark.parametrize(
    ("answer", "error"), [("* BYE too late", Dropped), ("nonsense", ProtocolViolation), ("t9 OK", ProtocolViolation)]
)
def test_a_broken_login_is_not_a_wrong_password(answer: str, error: type[MailError]) -> None:
    with playing(greeting("IMAP4rev1", [], answer)) as session:
        with pytest.raises(error):
            session.login("ada", SECRET)
        assert not session.alive


def test_a_server_that_repeats_the_password_is_not_quoted() -> None:
    with (
        playing(greeting("IMAP4rev1", [], "{tag} NO bad password " + SECRET)) as session,
        pytest.raises(AuthError) as caught,
    ):
        session.login("ada", SECRET)
    assert SECRET not in caught.value.sentence + caught.value.advice


@pytest.mark.parametrize("words", ["", " "])
def test_an_ok_without_words_is_an_ok(words: str) -> None:
    script = greeting("IMAP4rev1", [], "{tag} OK" + words, "* CAPABILITY IMAP4rev1|{tag} OK" + words)
    with playing(script) as session:
        session.login("ada", SECRET)


def test_a_bare_ok_to_imapclients_own_commands_is_an_ok() -> None:
    def script(peer: Peer) -> None:
        peer.lines("* OK")
        for answer in ("* CAPABILITY IMAP4rev1 ID ENABLE QRESYNC NAMESPACE",) * 3:
            tag, _ = peer.command()
            peer.lines(answer, f"{tag} OK")
        for answer in ('* ID ("name" "x")', "* ENABLED QRESYNC", '* NAMESPACE (("" "/")) NIL NIL'):
            tag, _ = peer.command()
            peer.lines("* 4 EXISTS", answer, f"{tag} OK")

    with playing(script) as session:
        session.login("ada", SECRET)
        session.enable_all()
        assert session.namespaces() == [("", "/")]
        assert session.server_id == {"name": "x"}
        assert session.qresync
        assert session.take_news().exists == 4


@pytest.mark.dovecot
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN", "LOGIN"])
def test_a_wrong_password_is_one_failed_login_on_a_real_server(dovecot: Dovecot, mechanism: str) -> None:
    user = dovecot.new_user("wrong")
    log = dovecot.directory / "dovecot.log"
    session = ImapSession.connect(receive_from(dovecot.imap_port))
    session.capabilities = frozenset({"SASL-IR", f"AUTH={mechanism}"} if mechanism != "LOGIN" else set())
    with pytest.raises(AuthError, match="refused the login"):
        session.login(user.name, "not the password")
    session.close()
    # Dovecot sums up a connection's attempts in one line when it ends.
    seen = soon(lambda: [line for line in log.read_text().splitlines() if f"<{user.name}>" in line])
    assert len(seen) == 1
    assert "1 attempts" in seen[0]


@pytest.mark.dovecot
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [True, False])
def test_each_way_works_with_a_real_server(dovecot: Dovecot, mechanism: str, initial: bool) -> None:
    user = dovecot.new_user()
    session = ImapSession.connect(receive_from(dovecot.imap_port))
    offered = {f"AUTH={mechanism}"} if mechanism != "LOGIN" else set()
    session.capabilities = frozenset(offered | ({"SASL-IR"} if initial else set()))
    session.login(user.name, user.password)
    assert session.has("IDLE")
    session.logout()


def soon(look: Callable[[], list[str]]) -> list[str]:
    """Until a log line of another process is there, at most ten seconds."""
    tick = threading.Event()
    for _ in range(500):
        if seen := look():
            return seen
        tick.wait(0.02)
    return []


@pytest.mark.parametrize("with_first", [True, False], ids=["SASL-IR", "asked first"])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_lets_in_and_an_expired_one_is_told_once(mechanism: str, with_first: bool) -> None:
    offered = (FULL | {f"AUTH={mechanism}"}) - (set() if with_first else {"SASL-IR"})
    with DemoServer.start(samples=False, capabilities=offered) as server:
        session = ImapSession.connect(receive_from(server.imap_port))
        with pytest.raises(AuthError, match="refused the login") as caught:
            session.login(server.user, "expired", auth=AuthKind.OAUTH2)
        assert "token_command" in caught.value.advice
        assert sum(line.startswith("AUTHENTICATE") for line in server.log) == 1
        session.login(server.user, server.password, auth=AuthKind.OAUTH2)
        assert session.status("INBOX")
        session.close()


def test_a_server_that_takes_no_token_is_told_so() -> None:
    heard: list[str] = []
    with playing(greeting("IMAP4rev1 AUTH=PLAIN", heard)) as session, pytest.raises(AuthError, match="with a token"):
        session.login("ada", "token", auth=AuthKind.OAUTH2)
    assert heard == []
