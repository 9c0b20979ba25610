"""Messages over an SMTP session: as the embedded server got them, over all three ways in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.fakes.scripted import ScriptedServer
from tests.net.conftest import Certificates
from tests.net.smtp_peer import DATA_ONLY, FULL, ONE_BY_ONE, Post, posting, smtp_send
from tuimail.config import Security, Send
from tuimail.demo.server import DemoServer
from tuimail.errors import (
    CertificateError,
    Dropped,
    MailError,
    ProtocolViolation,
    Reached,
    RecipientsRefused,
    Refused,
    ServerRefused,
    TimedOut,
    Unreachable,
    UsageError,
)
from tuimail.net.smtp.session import SmtpLimits, SmtpSession, ports_of, reach

DOTTED = b"Subject: dots\r\n\r\n.\r\n..\r\n...two\r\n.end\r\n\r\n.\r\n"
SMALL_BLOCKS = SmtpLimits(block_octets=1000, chunk_octets=5000)


@pytest.fixture
def demo() -> Iterator[DemoServer]:
    with DemoServer.start(samples=False) as started:
        yield started


@pytest.fixture
def session(demo: DemoServer) -> Iterator[SmtpSession]:
    """Signed in, in small blocks."""
    made = SmtpSession.connect(smtp_send(demo.smtp_port), limits=SMALL_BLOCKS)
    made.login(demo.user, demo.password)
    yield made
    made.close()


# --- ways in


@pytest.mark.parametrize("security", Security)
def test_a_message_arrives_octet_for_octet_over_every_way_in(certificates: Certificates, security: Security) -> None:
    context = None if security is Security.NONE else certificates.contexts["good"]
    with DemoServer.start(samples=False, starttls=context) as demo:
        port = demo.smtps_port if security is Security.TLS else demo.smtp_port
        made = SmtpSession.connect(smtp_send(port, security=security, ca_file=certificates.ca_file))
        assert made.encrypted is (security is not Security.NONE)
        made.login(demo.user, demo.password)
        assert made.send(demo.address, [demo.address], DOTTED).reply == "250 2.0.0 queued as 1"
        made.quit()
        assert [message.raw for message in demo.store.mailbox("INBOX").messages] == [DOTTED]
        assert demo.sink.sent[0].user == demo.user
        assert [line.split()[0] for line in demo.log].count("EHLO") == (2 if security is Security.STARTTLS else 1)
        assert not made.alive


def test_the_name_of_this_machine_is_not_told(demo: DemoServer, session: SmtpSession) -> None:
    assert demo.log[0] == "EHLO [127.0.0.1]"


def test_a_server_that_knows_no_ehlo_is_greeted_as_of_old() -> None:
    post = Post(instead={"EHLO": b"500 what\r\n"})
    with posting(post) as session:
        assert session.capabilities == {}
        session.send("a@b.c", ["d@e.f"], DOTTED)
    assert [line.split(" ")[0] for line in post.heard] == ["EHLO", "HELO", "MAIL", "RCPT", "DATA"]
    assert post.taken == [DOTTED]


# --- messages

OFFERS = {"bdat": FULL, "data": DATA_ONLY, "one by one": ONE_BY_ONE, "bdat one by one": (*ONE_BY_ONE, "CHUNKING")}


@pytest.mark.parametrize("offers", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.parametrize("octets", [1, 2, 999, 1000, 1001, 4998, 5000, 5001, 5002, 5003, 9999, 10002, 23456])
def test_every_size_arrives_whole_and_its_progress_is_told(offers: tuple[str, ...], octets: int) -> None:
    raw = (b".\r\n" * octets)[: max(octets - 2, 0)].rstrip(b"\r\n") + b"\r\n"
    told: list[tuple[int, int]] = []
    ends: list[int] = []
    post = Post(offers=offers)
    with posting(post, limits=SMALL_BLOCKS) as session:
        session.send(
            "a@b.c", ["d@e.f"], raw, progress=lambda *both: told.append(both),
            before_end=lambda _: ends.append(len(told)),
        )
    assert post.taken == [raw]
    assert told == sorted(told)
    assert told[-1] == (len(raw), len(raw))
    assert len(told) >= len(raw) // 1000
    assert ends == [len(told)]


def test_a_hundred_messages_go_over_one_session(demo: DemoServer, session: SmtpSession) -> None:
    for number in range(100):
        session.send(demo.address, [demo.address], b"Subject: %d\r\n\r\n" % number)
    assert len({message.raw for message in demo.store.mailbox("INBOX").messages}) == 100
    assert demo.log.count("RSET") == 0


def test_commands_are_sent_ahead_in_windows_where_the_server_allows_it() -> None:
    recipients = [f"r{number}@example.org" for number in range(250)]
    post = Post(offers=DATA_ONLY)
    with ScriptedServer(post.script) as server:
        session = SmtpSession.connect(smtp_send(server.port))
        channel = session._client.channel
        sent: list[bytes] = []
        send = channel.send
        channel.send = lambda octets: (sent.append(octets), send(octets))[1]  # type: ignore[method-assign,func-returns-value]
        session.send("a@b.c", recipients, DOTTED)
        session.close()
    assert [octets.count(b"\r\n") for octets in sent[:3]] == [100, 100, 51]
    assert sum(line.startswith("RCPT") for line in post.heard) == 250


def test_reports_are_asked_for(demo: DemoServer, session: SmtpSession) -> None:
    assert session.send(demo.address, ["x@example.org"], DOTTED, dsn=True).notifies
    submission = demo.sink.sent[0]
    assert "RET=HDRS" in submission.options
    assert submission.recipient_options == (("NOTIFY=SUCCESS,FAILURE,DELAY", "ORCPT=rfc822;x@example.org"),)
    demo.sink.offers = ("SIZE",)
    other = SmtpSession.connect(smtp_send(demo.smtp_port))
    other.login(demo.user, demo.password)
    assert not other.send(demo.address, ["x@example.org"], DOTTED, dsn=True).notifies
    other.close()


def test_letters_beyond_ascii_travel_in_text_and_address(demo: DemoServer, session: SmtpSession) -> None:
    raw = "Subject: x\r\n\r\nGrüße\r\n".encode()
    session.send(demo.address, ["émile@exämple.example"], raw)
    assert demo.sink.sent[0].recipients == ("émile@exämple.example",)
    assert {"BODY=8BITMIME", "SMTPUTF8"} <= set(demo.sink.sent[0].options)
    assert demo.sink.sent[0].raw == raw


# --- refusals


def test_a_refused_recipient_is_told_and_the_others_get_it(demo: DemoServer, session: SmtpSession) -> None:
    demo.sink.refused_recipients["nobody@example.org"] = "550-5.1.1 nobody\r\n550 5.1.1 of this name"
    demo.sink.refused_recipients["full@example.org"] = "452 4.2.2 the mailbox is full"
    people = ["nobody@example.org", demo.address, "full@example.org"]
    assert session.send(demo.address, people, DOTTED).refused == (
        Refused("nobody@example.org", "550", "5.1.1 nobody 5.1.1 of this name"),
        Refused("full@example.org", "452", "4.2.2 the mailbox is full"),
    )
    assert demo.sink.sent[0].recipients == (demo.address,)


@pytest.mark.parametrize(("answers", "retry"), [(("550 no", "452 full"), False), (("450 busy", "452 full"), True)])
def test_when_everybody_is_refused_one_error_names_them_all(
    demo: DemoServer, session: SmtpSession, answers: tuple[str, str], retry: bool
) -> None:
    demo.sink.refused_recipients.update(zip(("x@example.org", "y@example.org"), answers, strict=True))
    with pytest.raises(RecipientsRefused, match="refused all 2 recipients") as caught:
        session.send(demo.address, ["x@example.org", "y@example.org"], DOTTED)
    assert [each.recipient for each in caught.value.refused] == ["x@example.org", "y@example.org"]
    assert (caught.value.retry, caught.value.reached) == (retry, Reached.ANSWERED)
    assert demo.log[-1] == "RSET"
    assert not [line for line in demo.log if line.startswith(("BDAT", "DATA"))]
    session.send(demo.address, [demo.address], DOTTED)  # it can go on
    assert len(demo.sink.sent) == 1


@pytest.mark.parametrize("verb", ["MAIL", "BDAT", "DATA", "."])
@pytest.mark.parametrize(("answer", "retry"), [("451 4.3.0 not now", True), ("554 5.7.1 spam", False)])
def test_a_refusal_has_code_and_words_and_leaves_the_session_usable(
    demo: DemoServer, session: SmtpSession, verb: str, answer: str, retry: bool
) -> None:
    if verb == "DATA":
        session.capabilities = {name: words for name, words in session.capabilities.items() if name != "CHUNKING"}
    demo.sink.answers[verb] = answer
    with pytest.raises(ServerRefused, match=answer[:3]) as caught:
        session.send(demo.address, [demo.address], DOTTED)
    refused = caught.value
    assert (refused.code, refused.words, refused.retry) == (answer[:3], answer[4:], retry)
    assert refused.reached is Reached.ANSWERED
    demo.sink.answers.clear()
    session.send(demo.address, [demo.address], DOTTED)
    assert len(demo.sink.sent) == 1


def test_a_size_that_is_refused_after_all_is_told_as_such(demo: DemoServer, session: SmtpSession) -> None:
    demo.sink.answers["MAIL"] = "552 5.3.4 too big"
    with pytest.raises(ServerRefused, match="552") as caught:
        session.send(demo.address, [demo.address], DOTTED)
    assert "smaller attachments" in caught.value.advice


def test_what_the_server_cannot_take_is_refused_before_an_octet_goes_out(
    demo: DemoServer, session: SmtpSession
) -> None:
    session.capabilities = {"SIZE": ("100",)}
    heard = len(demo.log)
    for people, raw, code in (
        (["x@example.org"], b"x" * 200 + b"\r\n", "SIZE"),
        (["x@example.org"], b"\xff\r\n", "8BITMIME"),
        (["é@example.org"], b"x\r\n", "SMTPUTF8"),
    ):
        with pytest.raises(ServerRefused) as caught:
            session.send(demo.address, people, raw)
        assert (caught.value.code, caught.value.reached, caught.value.retry) == (code, Reached.NOTHING, False)
    for people, raw in (([], b"x\r\n"), (["x"], b"x\r\n"), (["x@y.z"], b"x\n"), (["x@y.z\r\nDATA"], b"x\r\n")):
        with pytest.raises(UsageError):
            session.send(demo.address, people, raw)
    session.noop()
    assert demo.log[heard:] == ["NOOP"]


@pytest.mark.parametrize("code", [500, 502, 503])
def test_a_server_that_offers_bdat_and_does_not_know_it_gets_the_message_by_data(code: int) -> None:
    post = Post(instead={"BDAT": b"%d 5.5.1 what\r\n" % code})
    ends: list[int] = []
    with posting(post) as session:
        for _ in range(2):
            session.send("a@b.c", ["d@e.f"], DOTTED, before_end=lambda _: ends.append(1))
    assert post.taken == [DOTTED, DOTTED]
    verbs = [line.split(" ")[0] for line in post.heard]
    assert verbs == ["EHLO", "MAIL", "RCPT", "BDAT", "RSET", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]
    assert len(ends) == 2


def test_a_server_that_wants_a_login_says_so(demo: DemoServer) -> None:
    session = SmtpSession.connect(smtp_send(demo.smtp_port))
    with pytest.raises(ServerRefused, match="530") as caught:
        session.send(demo.address, [demo.address], DOTTED)
    assert not caught.value.retry
    session.close()


# --- stopping


class Stop(Exception):
    """A person changed their mind."""


def _stop(*ignored: int) -> None:
    raise Stop


@pytest.mark.parametrize("offers", [FULL, DATA_ONLY], ids=["bdat", "data"])
@pytest.mark.parametrize("which", ["progress", "before_end"])
def test_a_message_that_is_stopped_before_its_end_is_not_taken(offers: tuple[str, ...], which: str) -> None:
    post = Post(offers=offers)
    with ScriptedServer(post.script) as server:
        session = SmtpSession.connect(smtp_send(server.port))
        callbacks: dict[str, Callable[..., None]] = {which: _stop}
        with pytest.raises(Stop):
            session.send("a@b.c", ["d@e.f"], DOTTED, **callbacks)  # type: ignore[arg-type]
        assert not session.alive
        assert post.done.wait(10)
    assert post.taken == []


def test_closing_from_another_thread_ends_a_wait_for_the_answer() -> None:
    waiting = threading.Event()
    post = Post(instead={".": lambda peer: (waiting.set(), peer.silence())[1]})  # type: ignore[func-returns-value]
    with posting(post) as session:

        def close_then() -> None:
            waiting.wait(10)
            session.close()

        closing = threading.Thread(target=close_then)
        closing.start()
        with pytest.raises(Dropped) as caught:
            session.send("a@b.c", ["d@e.f"], DOTTED)
        closing.join()
    assert caught.value.reached is Reached.UNKNOWN


def test_a_session_that_the_server_ended_between_messages_is_found_out_before_the_next() -> None:
    post = Post(instead={"NOOP": lambda peer: peer.send(b"250 ok\r\n421 4.4.2 idle for too long\r\n")})
    with posting(post) as session:
        session.noop()
        with pytest.raises(ServerRefused, match="421") as caught:
            session.send("a@b.c", ["d@e.f"], DOTTED)
        assert not session.alive
    assert caught.value.retry
    assert caught.value.reached is not Reached.UNKNOWN
    assert post.taken == []


@pytest.mark.parametrize("stage", ["NOOP", "RCPT"])
def test_an_answer_too_many_is_never_taken_for_that_of_the_next_command(stage: str) -> None:
    post = Post(offers=ONE_BY_ONE, instead={stage: b"250 ok\r\n250 and once more\r\n"})
    with posting(post) as session:
        if stage == "NOOP":
            session.noop()
        with pytest.raises(ProtocolViolation, match="not asked for") as caught:
            session.send("a@b.c", ["d@e.f"], DOTTED)
        assert not session.alive
    assert caught.value.reached is Reached.NOTHING
    assert post.taken == []


# --- ports


@pytest.fixture
def closed() -> int:
    """A port that refuses connections."""
    with ScriptedServer() as server:
        return server.port


def test_the_next_port_is_tried_when_one_refuses_connections(demo: DemoServer, closed: int) -> None:
    session, port = reach(smtp_send(closed, fallback_ports=(demo.smtp_port,)))
    session.close()
    assert port == demo.smtp_port


def test_the_next_port_is_tried_when_one_is_silent_or_hangs_up_without_a_word(demo: DemoServer) -> None:
    for script in (lambda peer: peer.silence(), lambda peer: peer.close(), lambda peer: peer.reset()):
        with ScriptedServer(script) as server:
            session, port = reach(smtp_send(server.port, fallback_ports=(demo.smtp_port,)), deadline_s=1.0)
            session.close()
            assert port == demo.smtp_port


def test_the_remembered_port_comes_first_while_the_configuration_names_it() -> None:
    send = smtp_send(587, fallback_ports=(2525, 587))
    assert ports_of(send) == (587, 2525)
    assert ports_of(send, 2525) == (2525, 587)
    assert ports_of(send, 25) == (587, 2525)


def test_the_remembered_port_answers_without_asking_the_first(demo: DemoServer) -> None:
    with ScriptedServer(lambda peer: peer.silence()) as server:
        session, port = reach(smtp_send(server.port, fallback_ports=(demo.smtp_port,)), demo.smtp_port)
        session.close()
        assert server.connections == 0
        assert port == demo.smtp_port


ANSWERS: dict[str, tuple[bytes, type[MailError]]] = {
    "421": (b"421 busy\r\n", ServerRefused),
    "554": (b"554 go away\r\n", ServerRefused),
    "garbage": (b"SSH-2.0-OpenSSH\r\n", MailError),
    "half a line": (b"22", MailError),
}


@pytest.mark.parametrize(("octets", "error"), ANSWERS.values(), ids=ANSWERS.keys())
def test_after_any_answer_no_other_port_is_tried(octets: bytes, error: type[MailError]) -> None:
    post = Post()
    with ScriptedServer(lambda peer: peer.send(octets)) as first, ScriptedServer(post.script) as second:
        with pytest.raises(error):
            reach(smtp_send(first.port, fallback_ports=(second.port,)), deadline_s=2)
        assert second.connections == 0


def test_a_bad_certificate_is_an_answer(certificates: Certificates) -> None:
    post = Post()
    with ScriptedServer(post.script, context=certificates.contexts["expired"]) as first, ScriptedServer() as second:
        send = smtp_send(
            first.port, security=Security.TLS, ca_file=certificates.ca_file, fallback_ports=(second.port,)
        )
        with pytest.raises(CertificateError):
            reach(send)
        assert second.connections == 0


def test_when_no_port_is_reached_the_first_one_is_told_and_the_others_named(closed: int) -> None:
    with ScriptedServer(lambda peer: peer.silence()) as silent:
        with pytest.raises(Unreachable, match=f"port {closed}") as caught:
            reach(smtp_send(closed, fallback_ports=(silent.port,)), silent.port, deadline_s=0.2)
        assert f"Port {silent.port} did not answer either" in caught.value.advice
        with pytest.raises(TimedOut):
            SmtpSession.connect(smtp_send(silent.port), deadline_s=0.2)


@pytest.mark.parametrize("host", ["smtp.example.org", "10.0.0.1", "127.0.0.1.example.org"])
def test_no_octet_goes_to_another_machine_in_the_clear(host: str) -> None:
    for port in (587, 25):
        with pytest.raises(UsageError, match="without encryption"):
            reach(Send(host, port, Security.NONE))
