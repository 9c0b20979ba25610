"""The session against a real Postfix, which asks Dovecot who may log in and hands it the mail by LMTP."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.fakes.scripted import FaultProxy
from tests.net.smtp_peer import smtp_send
from tests.servers.dovecot import DovecotUser
from tests.servers.postfix import SIZE_LIMIT_OCTETS, Postfix
from tests.servers.tokens import GOOD
from tuimail.config import AuthKind, Protocol, Receive, Security
from tuimail.errors import AuthError, ConnectionProblem, Reached, RecipientsRefused, ServerRefused
from tuimail.net.imap.session import ImapSession
from tuimail.net.pop.session import PopSession
from tuimail.net.smtp.session import SmtpLimits, SmtpSession, reach

HEAD = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMessage-ID: <%d@example.org>\r\n\r\n"
DOTTED = HEAD % 1 + b".\r\n..\r\n...\r\n.end\r\n\r\n.\r\n"


def port_of(postfix: Postfix, security: Security) -> int:
    ports = {
        Security.STARTTLS: postfix.submission_port,
        Security.TLS: postfix.submissions_port,
        Security.NONE: postfix.plain_port,
    }
    return ports[security]


@contextmanager
def signed_in(
    postfix: Postfix, user: DovecotUser, *, security: Security = Security.NONE, without: tuple[str, ...] = (),
    limits: SmtpLimits | None = None,
) -> Iterator[SmtpSession]:
    """A session that may be told not to see some of what the server offers."""
    send = smtp_send(port_of(postfix, security), security=security, ca_file=postfix.ca_file)
    session = SmtpSession.connect(send, limits=limits)
    session.login(user.name, user.password)
    session.capabilities = {name: words for name, words in session.capabilities.items() if name not in without}
    try:
        yield session
    finally:
        session.quit()


def address(user: DovecotUser) -> str:
    return f"{user.name}@example.org"


def digest(raw: bytes) -> str:
    """Of a message without what the servers put above it."""
    return hashlib.sha256(raw[raw.index(b"From: a@example.org\r\n") :]).hexdigest()


def wait_for_line(postfix: Postfix, pattern: str) -> list[str]:
    """What a pattern found in Postfix's log, which is written behind its answers."""
    for _ in range(600):
        found = re.findall(pattern, postfix.log())
        if found:
            return found
        time.sleep(0.02)  # Postfix tells nobody when it has written
    raise AssertionError(f"not in the log: {pattern}")


@pytest.mark.parametrize("security", Security)
def test_a_message_arrives_octet_for_octet_over_every_way_in(postfix: Postfix, security: Security) -> None:
    user = postfix.new_user()
    with signed_in(postfix, user, security=security) as session:
        assert session.encrypted is (security is not Security.NONE)
        assert {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING"} <= set(session.capabilities)
        reply = session.send(address(user), [address(user)], DOTTED).reply
        assert re.fullmatch(r"250 2\.0\.0 Ok.* queued as \w+", reply)
    [arrived] = postfix.wait_for_mail(user)
    assert arrived.endswith(b"\r\n" + DOTTED)
    assert b"Received: from [127.0.0.1] (unknown [127.0.0.1])" in arrived


WITHOUT: dict[str, tuple[str, ...]] = {
    "bdat": (), "data": ("CHUNKING",), "one by one": ("CHUNKING", "PIPELINING"), "nothing": ("CHUNKING", "SIZE", "DSN"),
}


@pytest.mark.parametrize("without", WITHOUT.values(), ids=WITHOUT.keys())
def test_many_messages_of_all_sizes_over_one_session_arrive_each_once(
    postfix: Postfix, without: tuple[str, ...]
) -> None:
    user = postfix.new_user()
    lines = [b".\r\n", b"..\r\n", b"\r\n", b"a line of text\r\n"]
    sizes = (0, 1, 1999, 2000, 2001, 3998, 4000, 4002, 30_000)
    bodies = [b"".join(lines[(number + index) % 4] for index in range(size)) for number, size in enumerate(sizes)]
    wanted = [HEAD % number + body for number, body in enumerate(bodies)]
    told: list[tuple[int, int]] = []
    with signed_in(
        postfix, user, without=without, limits=SmtpLimits(block_octets=4000, chunk_octets=100_000)
    ) as session:
        for raw in wanted:
            session.send(address(user), [address(user)], raw, progress=lambda *both: told.append(both))
    arrived = postfix.wait_for_mail(user, len(wanted))
    assert sorted(map(digest, arrived)) == sorted(map(digest, wanted))
    assert told[-1] == (len(wanted[-1]), len(wanted[-1]))


def test_eight_bit_text_and_an_address_beyond_ascii_are_taken(postfix: Postfix) -> None:
    user = postfix.new_user()
    raw = HEAD % 8 + "Grüße, 你好\r\n".encode()
    with signed_in(postfix, user) as session:
        session.send(address(user), [address(user)], raw)
        assert session.send(address(user), ["émile@example.org"], raw).refused == ()
        session.capabilities = {name: words for name, words in session.capabilities.items() if name != "SMTPUTF8"}
        with pytest.raises(ServerRefused) as caught:
            session.send(address(user), ["émile@example.org"], raw)
        assert caught.value.code == "SMTPUTF8"
    assert postfix.wait_for_mail(user)[0].endswith(raw)


def test_a_refused_recipient_is_told_and_the_others_get_it(postfix: Postfix) -> None:
    user = postfix.new_user()
    with signed_in(postfix, user) as session:
        people = ["nobody@example.org", address(user), "later@example.org"]
        refused = session.send(address(user), people, DOTTED).refused
        assert [(each.recipient, each.code, each.temporary) for each in refused] == [
            ("nobody@example.org", "550", False), ("later@example.org", "450", True),
        ]  # fmt: skip
        with pytest.raises(RecipientsRefused) as caught:
            session.send(address(user), ["nobody@example.org", "later@example.org"], DOTTED)
        assert (caught.value.reached, caught.value.retry) == (Reached.ANSWERED, False)
        session.send(address(user), [address(user)], DOTTED)
    assert len(postfix.wait_for_mail(user, 2)) == 2


def test_the_servers_size_is_known_before_the_upload_and_enforced_after_it(postfix: Postfix) -> None:
    user = postfix.new_user()
    raw = HEAD % 9 + (b"x" * 70 + b"\r\n") * 60_000
    assert len(raw) > SIZE_LIMIT_OCTETS
    with signed_in(postfix, user) as session:
        assert session.size_limit_octets == SIZE_LIMIT_OCTETS
        with pytest.raises(ServerRefused, match=r"4\.3 MB, and 127\.0\.0\.1 takes 4\.0 MB at most") as caught:
            session.send(address(user), [address(user)], raw)
        assert (caught.value.code, caught.value.reached) == ("SIZE", Reached.NOTHING)
        offered = session.capabilities
        for lacking in (("SIZE",), ("SIZE", "CHUNKING")):  # as if it had not been told: the server says it itself
            session.capabilities = {name: words for name, words in offered.items() if name not in lacking}
            with pytest.raises(ServerRefused, match=r"552 5\.3\.4") as caught:
                session.send(address(user), [address(user)], raw)
            assert (caught.value.code, caught.value.reached) == ("552", Reached.ANSWERED)
            assert not caught.value.retry
            if not session.alive:
                break
    with signed_in(postfix, user) as session:
        session.send(address(user), [address(user)], DOTTED)
    assert len(postfix.wait_for_mail(user)) == 1


def test_a_report_of_the_delivery_comes_back_when_it_was_asked_for(postfix: Postfix) -> None:
    writer, reader = postfix.new_user(), postfix.new_user()
    with signed_in(postfix, writer) as session:
        assert session.send(address(writer), [address(reader)], DOTTED, dsn=True).notifies
    report = postfix.wait_for_mail(writer)[0]
    assert b"Original-Recipient: rfc822;" + address(reader).encode() in report
    assert b"Action: relayed" in report or b"Action: delivered" in report
    assert b".end" not in report  # RET=HDRS


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN", "LOGIN"])
def test_every_mechanism_lets_in_and_a_wrong_password_is_one_failure(postfix: Postfix, mechanism: str) -> None:
    user = postfix.new_user("login")
    send = smtp_send(postfix.submissions_port, security=Security.TLS, ca_file=postfix.ca_file)
    session, _ = reach(send)
    session.capabilities = {"AUTH": (mechanism,)}
    with pytest.raises(AuthError, match=f"refused the login of {user.name}"):
        session.login(user.name, "wrong")
    session.login(user.name, user.password)
    session.send(address(user), [address(user)], DOTTED)
    session.quit()
    wait_for_line(postfix, rf"sasl_method={mechanism}, sasl_username={user.name}\b")  # it is logged after the failure
    assert len(re.findall(rf"SASL {mechanism} authentication failed", postfix.log())) == 1


def smtp_by(postfix: Postfix, mechanism: str) -> SmtpSession:
    session, _ = reach(smtp_send(postfix.submissions_port, security=Security.TLS, ca_file=postfix.ca_file))
    assert mechanism in session.capabilities["AUTH"]
    session.capabilities = {"AUTH": (mechanism,)}
    return session


def imap_by(postfix: Postfix, mechanism: str) -> ImapSession:
    dovecot = postfix.dovecot
    receive = Receive(Protocol.IMAP, dovecot.host, dovecot.imaps_port, ca_file=dovecot.ca_file)
    session = ImapSession.connect(receive)
    assert f"AUTH={mechanism}" in session.capabilities
    session.capabilities = frozenset({f"AUTH={mechanism}", "SASL-IR"})
    return session


def pop_by(postfix: Postfix, mechanism: str) -> PopSession:
    dovecot = postfix.dovecot
    receive = Receive(Protocol.POP3, dovecot.host, dovecot.pop3s_port, ca_file=dovecot.ca_file)
    session = PopSession.connect(receive)
    assert mechanism in session.capabilities["SASL"]
    session.capabilities = {"SASL": (mechanism,)}
    return session


BY: dict[str, Callable[[Postfix, str], SmtpSession | ImapSession | PopSession]] = {
    "smtp": smtp_by, "imap": imap_by, "pop3": pop_by,
}  # fmt: skip


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("protocol", BY)
def test_an_access_token_lets_in_everywhere_and_an_expired_one_is_told(
    postfix: Postfix, protocol: str, mechanism: str
) -> None:
    user = postfix.new_user("token")
    for token in ("expired", f"{GOOD}somebody-else", GOOD + user.name):
        session = BY[protocol](postfix, mechanism)
        try:
            if token == GOOD + user.name:
                session.login(user.name, token, auth=AuthKind.OAUTH2)
            else:
                with pytest.raises(AuthError, match="refused the login") as caught:
                    session.login(user.name, token, auth=AuthKind.OAUTH2)
                assert "token_command" in caught.value.advice
        finally:
            session.close()


def test_a_server_that_wants_a_login_says_so(postfix: Postfix) -> None:
    session, port = reach(smtp_send(1, fallback_ports=(postfix.plain_port,)))
    assert port == postfix.plain_port
    with pytest.raises(ServerRefused, match=r"5\d\d 5\.7\.1") as caught:
        session.send("a@example.org", ["x@example.org"], DOTTED)
    assert not caught.value.retry
    session.quit()


# --- cut


def hand_over(session: SmtpSession, user: DovecotUser, raw: bytes) -> str:
    """`delivered`, or how far it came."""
    try:
        session.capabilities = {**session.capabilities, "AUTH": ("PLAIN",)}
        session.login(user.name, user.password)
        session.send(address(user), [address(user)], raw)
    except ConnectionProblem as exc:
        return exc.reached.value
    finally:
        session.close()
    return "delivered"


def cut_and_count(postfix: Postfix, direction: str, step: int) -> set[str]:
    """Cut one session after another; compare what was said of each message with what arrived."""
    user = postfix.new_user("cut")
    letter = HEAD + b".\r\nsome text\r\n"
    with FaultProxy(postfix.plain_port, verb_at=0, opaque=True) as proxy:
        assert hand_over(SmtpSession.connect(smtp_send(proxy.port)), user, letter % 1) == "delivered"
        total = proxy.to_client_octets if direction == "server_octets" else proxy.to_server_octets
        greeting = 250 if direction == "server_octets" else 30  # what is before the login has nothing to do with it
        said = {1: "delivered"}
        for cut in range(greeting, total + 1, step):
            if cut == 1:
                continue
            proxy.cut_after(**{direction: cut})
            try:
                session = SmtpSession.connect(smtp_send(proxy.port))
            except ConnectionProblem as exc:
                said[cut] = exc.reached.value
                continue
            said[cut] = hand_over(session, user, letter % cut)
        proxy.heal()
        assert hand_over(SmtpSession.connect(smtp_send(proxy.port)), user, letter % 99_999) == "delivered"
    certain = {number for number, verdict in said.items() if verdict == "delivered"} | {99_999}
    arrived = numbers(postfix, user, len(certain))
    while not certain <= set(arrived):  # some that are in doubt came before these
        arrived = numbers(postfix, user, len(arrived) + 1)
    assert len(arrived) == len(set(arrived))
    assert {said[number] for number in arrived if number in said} <= {"delivered", "unknown"}
    return set(said.values())


def numbers(postfix: Postfix, user: DovecotUser, count: int) -> list[int]:
    """Of the messages, once there are so many."""
    found = (re.search(rb"Message-ID: <(\d+)@", raw) for raw in postfix.wait_for_mail(user, count))
    return [int(match[1]) for match in found if match is not None]


DIRECTIONS = pytest.mark.parametrize("direction", ["server_octets", "client_octets"])


@DIRECTIONS
def test_what_is_said_after_a_cut_agrees_with_what_arrived(postfix: Postfix, direction: str) -> None:
    assert "nothing" in cut_and_count(postfix, direction, 19)


@pytest.mark.long
@pytest.mark.timeout(1800)
@DIRECTIONS
def test_what_is_said_after_each_cut_agrees_with_what_arrived(postfix: Postfix, direction: str) -> None:
    assert cut_and_count(postfix, direction, 1) >= {"nothing", "unknown"}
