"""An SMTP session that fails at any stage and is cut at any octet: the verdict on the message is never too cheerful.

`NOTHING` and `ANSWERED` promise that sending again cannot send twice. So neither may be said of a message that the
server took, and nobody may hear that a message was delivered which it did not take.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from tests.fakes.scripted import Peer, ScriptedServer
from tests.net.conftest import Certificates
from tests.net.smtp_peer import DATA_ONLY, FULL, ONE_BY_ONE, QUICK, Act, CutPeer, Post, smtp_send
from tuimail.config import Security
from tuimail.errors import (
    AuthError,
    ConnectionProblem,
    MailError,
    ProtocolViolation,
    Reached,
    ServerRefused,
    TimedOut,
)
from tuimail.net.smtp.session import Delivered, SmtpLimits, SmtpSession

RAW = b"From: a@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\nsome text\r\n.\r\n"
PEOPLE = ("x@example.org", "y@example.org")
KINDS = {"bdat": FULL, "data": DATA_ONLY, "one by one": ONE_BY_ONE}


def talk(session: SmtpSession) -> list[Delivered]:
    """A whole session: two messages over one connection."""
    session.login("ada", "secret")
    sent = [session.send("a@example.org", PEOPLE, RAW), session.send("a@example.org", PEOPLE, RAW)]
    session.quit()
    return sent


# --- each stage met by each fault


def _close(peer: Peer) -> None:
    peer.close()


def _reset(peer: Peer) -> None:
    peer.reset()


def _silence(peer: Peer) -> None:
    peer.silence()


def _endless(peer: Peer) -> None:
    while True:
        peer.send(b"250-and so on\r\n" * 100)


def _one_line_without_end(peer: Peer) -> None:
    while True:
        peer.send(b"250 " + b"x" * 10_000)


FAULTS: dict[str, tuple[Act, tuple[type[MailError], ...]]] = {
    "4xx": (b"451 4.3.0 not now\r\n", (ServerRefused,)),
    "5xx": (b"550 5.7.1 never\r\n", (ServerRefused, AuthError)),
    "421": (b"421 4.4.2 leaving\r\n", (ServerRefused,)),
    "close": (_close, (ConnectionProblem,)),
    "reset": (_reset, (ConnectionProblem,)),
    "silence": (_silence, (ConnectionProblem,)),
    "garbage": (b"\x00\xff\x1b]0;x\x07 no such thing\r\n", (ProtocolViolation,)),
    "3xx": (b"399 what\r\n", (ProtocolViolation,)),
    "no code": (b"ok\r\n", (ProtocolViolation,)),
    "two codes": (b"250-one\r\n550 other\r\n", (ProtocolViolation,)),
    "half a line": (lambda peer: (peer.send(b"250 2.0.0 o"), peer.close())[1], (ConnectionProblem,)),  # type: ignore[func-returns-value]
    "half an answer": (lambda peer: (peer.send(b"250-more\r\n"), peer.close())[1], (ConnectionProblem,)),  # type: ignore[func-returns-value]
    "overlong line": (b"250 " + b"x" * 5000 + b"\r\n", (ProtocolViolation,)),
    "line without end": (_one_line_without_end, (ProtocolViolation,)),
    "endless lines": (_endless, (ProtocolViolation,)),
}
STAGES = [
    *(("one by one", stage) for stage in ("greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", ".", "RSET")),
    *(("bdat", stage) for stage in ("MAIL", "RCPT", "BDAT", ".")),
]
"""BDAT is the first of two chunks, and `.` the end of a message in either form."""


def _failed(port: int, deadline_s: float) -> tuple[SmtpSession | None, MailError]:
    """The session, if there was one, and its error."""
    session: SmtpSession | None = None
    limits = replace(QUICK, chunk_octets=len(RAW) - 10)
    try:
        session = SmtpSession.connect(smtp_send(port), limits=limits, deadline_s=deadline_s)
        talk(session)
    except MailError as exc:
        return session, exc
    raise AssertionError("nothing went wrong")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("kind", "stage"), STAGES)
def test_each_fault_at_each_stage_is_an_error_of_ours_with_the_right_verdict(
    stage: str, fault: str, kind: str
) -> None:
    act, errors = FAULTS[fault]
    post = Post(offers=KINDS[kind], instead={stage: act})
    if stage == "RSET":
        post.instead["RCPT"] = b"550 no\r\n"
    with ScriptedServer(post.script) as server:
        session, error = _failed(server.port, deadline_s=0.3 if fault == "silence" else 10)
        assert isinstance(error, (ServerRefused,) if stage == "RSET" else errors)
        assert error.sentence.isprintable()
        answered = fault in ("4xx", "5xx", "421") or stage == "RSET"
        if stage in ("greeting", "EHLO", "AUTH"):
            assert error.reached is Reached.NOTHING
        elif answered:
            assert error.reached is Reached.ANSWERED
            assert error.retry is (fault != "5xx" and stage != "RSET")
        else:
            assert error.reached is (Reached.UNKNOWN if stage in (".",) else Reached.NOTHING)
        if session is not None:
            usable = fault in ("4xx", "5xx") and stage != "RSET"
            assert session.alive is usable
            session.close()
    assert server.failures == []
    assert post.taken == [] or error.reached is Reached.UNKNOWN
    assert sum(line.startswith("AUTH") for line in post.heard) <= 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stage", ["QUIT", "NOOP"])
def test_what_is_said_to_a_goodbye_changes_nothing(stage: str, fault: str) -> None:
    post = Post(instead={stage: FAULTS[fault][0]})
    with ScriptedServer(post.script) as server:
        session = SmtpSession.connect(smtp_send(server.port), limits=QUICK)
        session.send("a@example.org", PEOPLE, RAW)
        if stage == "NOOP":
            with pytest.raises(MailError):
                session.noop()
        session.quit()
        assert not session.alive
    assert post.taken == [RAW]


EARLY: list[Act] = [b"550 no more\r\n", b"421 leaving\r\n", b"250 got it already\r\n", b"what\r\n", _close]


@pytest.mark.parametrize("act", EARLY)
@pytest.mark.parametrize("offers", [DATA_ONLY, FULL], ids=["data", "bdat"])
def test_an_upload_that_the_server_ends_early_is_stopped(offers: tuple[str, ...], act: Act) -> None:
    """A message that is not whole is not taken, but a server that claims it was is not believed either way."""

    known = [word for word in offers if not word.startswith("SIZE")]

    def early(peer: Peer) -> None:
        if "CHUNKING" not in offers:
            peer.lines("354 go")
        peer.octets(500_000)
        act(peer) if callable(act) else peer.send(act)
        peer.silence()

    def script(peer: Peer) -> None:
        peer.lines("220 ready")
        while True:
            line = peer.line()
            if line.startswith((b"DATA", b"BDAT")):
                early(peer)
            verb = line.split(b" ")[0]
            peer.lines(*(["250-here", *(f"250-{word}" for word in known)] if verb == b"EHLO" else []), "250 ok")

    ended: list[int] = []
    with ScriptedServer(script) as server:
        session = SmtpSession.connect(smtp_send(server.port))
        with pytest.raises(MailError) as caught:
            session.send(
                "a@example.org", PEOPLE, b"x" * 60_000_000 + b"\r\n", before_end=lambda _: ended.append(1)
            )
        assert not session.alive
    assert ended == []
    claimed = isinstance(act, bytes) and act.startswith(b"250")
    assert (caught.value.reached is Reached.UNKNOWN) is claimed
    if isinstance(act, bytes) and act[:1] in b"45":
        assert isinstance(caught.value, ServerRefused)


@pytest.mark.parametrize("stage", ["DATA", "BDAT"])
def test_a_server_that_stops_reading_is_given_up(stage: str) -> None:
    stopped = threading.Event()

    def script(peer: Peer) -> None:
        peer.lines("220 ready")
        while not (line := peer.line()).startswith(stage.encode()):
            more = ["250-CHUNKING"] if line.startswith(b"EHLO") and stage == "BDAT" else []
            peer.lines(*(["250-here", *more] if line.startswith(b"EHLO") else []), "250 ok")
        if stage == "DATA":
            peer.lines("354 go")
        peer.hold(stopped)

    ended: list[int] = []
    with ScriptedServer(script) as server:
        session = SmtpSession.connect(smtp_send(server.port), limits=QUICK)
        with pytest.raises(TimedOut) as caught:
            session.send("a@example.org", PEOPLE, b"x" * 60_000_000 + b"\r\n", before_end=lambda _: ended.append(1))
        stopped.set()
    assert ended == []
    assert caught.value.reached is Reached.NOTHING


def test_an_answer_that_drips_in_is_over_at_its_deadline() -> None:
    """The deadline is absolute: octets that come do not move it."""
    now = [0.0]

    def drip(peer: Peer) -> None:
        for octet in b"250 " + b"x" * 100:
            peer.send(bytes([octet]))
            peer.hold(step)
            step.clear()

    step = threading.Event()

    def clock() -> float:
        step.set()
        now[0] += 0.01
        return now[0]

    post = Post(instead={".": drip})
    with ScriptedServer(post.script) as server:
        limits = SmtpLimits(final_s=0.3)
        session = SmtpSession.connect(smtp_send(server.port), limits=limits, clock=clock)
        with pytest.raises(ConnectionProblem, match="in time") as caught:
            session.send("a@example.org", PEOPLE, RAW)
    assert caught.value.reached is Reached.UNKNOWN


# --- cut at every octet


class Sweep:
    """One server for many sessions; each is cut where it is told."""

    def __init__(self, offers: tuple[str, ...], context: ssl.SSLContext | None = None) -> None:
        self.offers = offers
        self.post = Post(offers=offers)
        self.cut: dict[str, int] = {}
        self.server = ScriptedServer(self._serve, context=context)

    def _serve(self, peer: Peer) -> None:
        self.post.script(CutPeer(peer, **self.cut))

    def run(self, cut: dict[str, int], ca: Certificates | None = None) -> tuple[list[Delivered], MailError | None]:
        """What was delivered, and the error that ended it."""
        self.post = Post(offers=self.offers)
        self.cut = cut
        sent: list[Delivered] = []
        security = Security.NONE if ca is None else Security.TLS
        session: SmtpSession | None = None
        error: MailError | None = None
        try:
            session = SmtpSession.connect(
                smtp_send(self.server.port, security=security, ca_file=ca.ca_file if ca else None)
            )
            session.login("ada", "secret")
            for _ in range(2):
                sent += [session.send("a@example.org", PEOPLE, RAW)]
            session.quit()
        except MailError as exc:
            error = exc
        finally:
            if session is not None:
                session.close()
        assert self.post.done.wait(10)
        return sent, error


def _judge(sweep: Sweep, sent: list[Delivered], error: MailError | None) -> None:
    taken = len(sweep.post.taken)
    assert all(raw == RAW for raw in sweep.post.taken)
    if error is None:
        assert len(sent) == taken == 2
        return
    assert isinstance(error, ConnectionProblem)
    assert taken in (len(sent), len(sent) + 1)
    if taken > len(sent):
        assert error.reached is Reached.UNKNOWN
    assert error.reached is not Reached.ANSWERED


def _lengths(sweep: Sweep) -> tuple[int, int]:
    """Octets of a whole session, to the client and to the server."""
    counted = 1_000_000
    peers: list[CutPeer] = []
    serve = sweep._serve

    def counting(peer: Peer) -> None:
        peers.append(CutPeer(peer, to_client=counted, to_server=counted))
        sweep.post.script(peers[-1])

    sweep.server._scripts = (counting,)
    sent, error = sweep.run({})
    sweep.server._scripts = (serve,)
    assert error is None
    assert len(sent) == 2
    assert peers[0]._to_client is not None
    assert peers[0]._to_server is not None
    return counted - peers[0]._to_client, counted - peers[0]._to_server


def _sweep(offers: tuple[str, ...], direction: str, wanted: Callable[[int], Iterable[int]]) -> set[Reached | None]:
    sweep = Sweep(offers)
    verdicts: set[Reached | None] = set()
    with sweep.server:
        total = _lengths(sweep)[direction == "to_server"]
        for cut in wanted(total):
            sent, error = sweep.run({direction: cut})
            _judge(sweep, sent, error)
            verdicts.add(error.reached if error else None)
    assert sweep.server.failures == []
    return verdicts


BOTH = pytest.mark.parametrize("direction", ["to_client", "to_server"])
EACH = pytest.mark.parametrize("offers", KINDS.values(), ids=KINDS.keys())


@BOTH
@EACH
def test_a_session_cut_here_and_there_is_never_called_unsent_when_it_was_sent(
    offers: tuple[str, ...], direction: str
) -> None:
    # Only the last two octets of a message are sure to leave doubt: those of the second are just before QUIT.
    verdicts = _sweep(offers, direction, lambda total: {*range(1, total, 17), *range(total - 10, total)})
    assert {Reached.NOTHING, Reached.UNKNOWN} <= verdicts


@pytest.mark.long
@pytest.mark.timeout(1800)
@BOTH
@EACH
def test_a_session_cut_at_every_octet(offers: tuple[str, ...], direction: str) -> None:
    assert _sweep(offers, direction, lambda total: range(1, total)) >= {Reached.NOTHING, Reached.UNKNOWN}


@BOTH
def test_a_session_under_tls_is_cut_the_same(certificates: Certificates, direction: str) -> None:
    sweep = Sweep(FULL)
    with sweep.server:
        total = _lengths(sweep)[direction == "to_server"]
    secure = Sweep(FULL, certificates.contexts["good"])
    with secure.server:
        for cut in range(1, total, 67):
            _judge(secure, *secure.run({direction: cut}, certificates))
