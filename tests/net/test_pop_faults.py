"""A POP3 session cut at any octet, and each command met by every fault: only whole messages, and nothing is lost."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.fakes.scripted import Fault, FaultProxy, Peer, ScriptedServer
from tests.net.pop_drop import Drop, arrived, keep_in, pop_receive, session_with
from tuimail.demo.server import DemoServer
from tuimail.errors import (
    AuthError,
    ConnectionProblem,
    Dropped,
    MailError,
    ProtocolViolation,
    ServerRefused,
    TimedOut,
    TooLarge,
)
from tuimail.net.pop.session import PopLimits, PopSession, Retrieved, Wanted

QUICK = PopLimits(command_s=0.8, silence_s=0.8, listing_s=0.8)
"""For peers that never answer."""

SMALL = [
    b"From: a@example.org\r\nSubject: plain\r\n\r\n" + b"a line of text\r\n" * 10,
    b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.a\r\n\r\n.\r\n.\r\n",
    b"Subject: 3 KB\r\n\r\n" + b"x" * 3000 + b"\r\n",
    b"Subject: bare\r\r\n\r\n.\n.\r.\r\n\n.\n\r\nno last line end",
]
BIG = [
    b"Subject: 100 KB in one line\r\n\r\n" + b"y" * 100_000,
    b"Subject: an attachment\r\n\r\n" + b"".join(b"." * (n % 3) + b"QUJD" * 18 + b"\r\n" for n in range(2700)),
]
SEQUENTIAL = ("TOP", "UIDL", "USER")


def take_and_delete(session: PopSession, keep: Callable[[int, bytes], None]) -> bool:
    """What a careful client does: fetch, keep what is whole, then delete what was kept. True when it is settled."""
    session.login("ada", "secret")
    found: dict[int, bytes] = {}
    kept = []
    listing = session.listing()
    for answer in session.retrieve_many([Wanted(*row) for row in listing.sizes.items()], keep_in(found)):
        assert answer.complete
        if answer.agrees:
            keep(answer.number, found[answer.number])
            kept.append(answer.number)
    session.delete(kept)
    return session.quit()


def stream_octets(messages: list[bytes], capabilities: tuple[str, ...]) -> int:
    """How long the server's side of a whole session is."""
    kept: dict[int, bytes] = {}
    with session_with(Drop(messages, capabilities)) as session:
        assert take_and_delete(session, kept.__setitem__)
        octets = session._pop.channel.octets_read
    assert [*kept.values()] == [arrived(raw) for raw in messages]
    return octets


def cut_at(messages: list[bytes], capabilities: tuple[str, ...], cut: int, block: int) -> None:
    """After a cut: an error of ours, whole messages only, and nothing gone that was not kept."""
    kept: dict[int, bytes] = {}
    drop = Drop(messages, capabilities)
    settled = False
    try:
        with session_with(drop, cut_after=cut, block=block) as session:
            settled = take_and_delete(session, kept.__setitem__)
    except (ConnectionProblem, ProtocolViolation):
        pass
    assert not settled
    for number, raw in kept.items():
        assert raw == arrived(messages[number - 1])
    assert drop.gone <= kept.keys()
    assert ("QUIT" in drop.heard) is (len(drop.gone) > 0)


def cuts(messages: list[bytes], capabilities: tuple[str, ...], wanted: Iterable[int] | None = None) -> None:
    total = stream_octets(messages, capabilities)
    for cut in range(total) if wanted is None else wanted:
        if cut < total:
            cut_at(messages, capabilities, cut, (len(messages[-1]) // 30 + 7, 977, 65536)[cut % 3])


@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING", *SEQUENTIAL)], ids=["sequential", "pipelined"])
def test_a_session_that_is_cut_at_every_octet_keeps_whole_messages_only(capabilities: tuple[str, ...]) -> None:
    cuts(SMALL, capabilities)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING", *SEQUENTIAL)], ids=["sequential", "pipelined"])
def test_each_cut_with_each_size_of_block(capabilities: tuple[str, ...]) -> None:
    for cut in range(stream_octets(SMALL, capabilities)):
        for block in (1, 5, 64, 1460):
            cut_at(SMALL, capabilities, cut, block)


def around_line_ends(messages: list[bytes], capabilities: tuple[str, ...]) -> list[int]:
    """Three octets on each side of every CRLF, and every 997th octet."""
    drop = Drop(messages, capabilities)
    answers = [drop.greeting()]
    numbers = range(1, len(messages) + 1)
    with_retr = ["CAPA", "USER ada", "PASS secret", "CAPA", "STAT", "LIST", "UIDL", *(f"RETR {n}" for n in numbers)]
    answers += [drop.answer(line) for line in [*with_retr, *(f"DELE {n}" for n in numbers), "QUIT"]]
    stream = b"".join(answers)
    near = {match.start() + step for match in re.finditer(rb"\r\n", stream) for step in range(-3, 5)}
    return sorted(near | set(range(0, len(stream), 997)))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("capabilities", [SEQUENTIAL, ("PIPELINING", *SEQUENTIAL)], ids=["sequential", "pipelined"])
def test_a_session_of_big_messages_that_is_cut_around_every_line_end(capabilities: tuple[str, ...]) -> None:
    cuts(BIG, capabilities, around_line_ends(BIG, capabilities))


def test_big_messages_cut_here_and_there() -> None:
    wanted = around_line_ends(BIG, SEQUENTIAL)
    cuts(BIG, SEQUENTIAL, [*wanted[:60], *wanted[60:-60:499], *wanted[-60:]])


# --- faults at each command

THREE = [Wanted(1, None), Wanted(2, None), Wanted(3, None)]


def _agreed(done: bool) -> None:
    if not done:
        raise ServerRefused("not done")


def _all_of(answers: list[Retrieved]) -> None:
    for answer in answers:
        if answer.refused is not None:
            raise answer.refused


COMMANDS: dict[str, Callable[[PopSession], object]] = {
    "STAT": lambda s: s.stat(),
    "LIST": lambda s: s.listing(),
    "UIDL": lambda s: s.listing(),
    "TOP": lambda s: s.top(1, 0),
    "RETR": lambda s: s.retrieve(1, lambda octets: None),
    "RETR many": lambda s: _all_of(list(s.retrieve_many(THREE, keep_in({})))),
    "NOOP": lambda s: s.noop(),
    "QUIT": lambda s: _agreed(s.quit()),
    "DELE": lambda s: _agreed(bool(s.delete([1]))),
}

ERRORS: dict[Fault, type[MailError]] = {
    Fault.NO: ServerRefused,
    Fault.BAD: ProtocolViolation,  # "500 ..." is no word of POP3
    Fault.BYE: ProtocolViolation,
    Fault.GARBAGE: ProtocolViolation,
    Fault.CLOSE: Dropped,
    Fault.SILENCE: TimedOut,
}


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    """One server for all; every test has its own connection."""
    with DemoServer.start(samples=False) as started:
        for number in range(3):
            started.deliver(b"Subject: %d\r\n\r\nhello\r\n" % number)
        yield started


@pytest.fixture
def proxy(demo: DemoServer) -> Iterator[FaultProxy]:
    """Between us and the server."""
    with FaultProxy(demo.pop3_port, verb_at=0) as started:
        yield started


# The proxy answers a command at once, before the server's answers to those in front of it: a refusal in a
# pipelined listing would come at the wrong place. That one is proved with the drop in memory.
CASES = [
    pytest.param(verb, fault, pipelining, id=f"{verb}-{fault.value}-{'pipelined' if pipelining else 'sequential'}")
    for verb in COMMANDS
    for fault in Fault
    for pipelining in (True, False)
    if not (pipelining and verb in ("LIST", "UIDL"))
]


@pytest.mark.parametrize(("verb", "fault", "pipelining"), CASES)
def test_a_fault_is_told_apart_and_a_broken_session_is_never_used_again(
    demo: DemoServer, proxy: FaultProxy, verb: str, fault: Fault, pipelining: bool
) -> None:
    limits = QUICK if fault is Fault.SILENCE else None
    session = PopSession.connect(pop_receive(proxy.port), limits=limits)
    session.login(demo.user, demo.password)
    if not pipelining:
        session.capabilities = {"UIDL": (), "TOP": ()}
    proxy.spoil(verb.split()[0], fault)
    with pytest.raises(ERRORS[fault]) as caught:
        COMMANDS[verb](session)
    assert caught.value.sentence.isprintable()
    assert session.alive is (fault is Fault.NO and verb != "QUIT")
    assert caught.value.retry is (fault is not Fault.NO)
    proxy.heal()
    sent = len(proxy.commands)
    if session.alive:
        session.noop()
    else:
        with pytest.raises(MailError):
            session.noop()
        assert len(proxy.commands) == sent
    session.close()
    assert demo_count(demo) == 3


def demo_count(demo: DemoServer) -> int:
    """What lies there still."""
    session = PopSession.connect(pop_receive(demo.pop3_port))
    session.login(demo.user, demo.password)
    try:
        return session.stat().messages
    finally:
        session.close()


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
@pytest.mark.parametrize("verb", ["CAPA", "AUTH", "USER", "PASS"])
def test_faults_while_connecting_and_signing_in(
    demo: DemoServer, proxy: FaultProxy, verb: str, fault: Fault
) -> None:
    silent = fault is Fault.SILENCE
    proxy.spoil(verb, fault)
    session: PopSession | None = None
    try:
        session = PopSession.connect(
            pop_receive(proxy.port), limits=QUICK if silent else None, deadline_s=1.5 if silent else 10
        )
        if verb in ("USER", "PASS"):
            session.capabilities = {"USER": ()}
        elif verb == "AUTH":
            session.capabilities = {"SASL": ("PLAIN",)}
        session.login(demo.user, demo.password)
        assert verb == "CAPA"
        assert fault is Fault.NO
        assert session.capabilities == {}
        assert session.listing().whole
    except MailError as exc:
        assert type(exc) is (AuthError if fault is Fault.NO else ERRORS[fault])  # noqa: PT017 - CAPA may be refused
    finally:
        if session is not None:
            session.close()
    tried = [line.split()[0] for line in proxy.commands if line.split()[0] in ("AUTH", "PASS")]
    assert len(tried) <= 1


# --- nonsense, floods, drips

NONSENSE = [
    b"", b" ", b"+", b"+ ", b"+OKAY", b"-", b"-ERROR", b"OK", b"* OK", b"t1 OK", b"+OK\n", b"\xff\xfe", b"\0", b".",
    b"..", b"-ERR" + b"[" * 500, b"+OK " + b"9" * 400, b"+OK -1 -1", b"\x1b]0;x\x07", b"x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("line", NONSENSE)
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "sequential"])
def test_nonsense_in_place_of_any_line_ends_in_an_error_of_ours_and_no_loss(line: bytes, pipelining: bool) -> None:
    for verb in ("greeting", "CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "RETR 1", "RETR 2", "DELE 2", "QUIT"):
        drop = Drop(SMALL, ("PIPELINING", *SEQUENTIAL) if pipelining else SEQUENTIAL)
        drop.instead[verb] = line + b"\r\n"
        kept: dict[int, bytes] = {}
        try:
            with session_with(drop) as session:
                take_and_delete(session, kept.__setitem__)
        except MailError as exc:
            assert exc.sentence.isprintable()  # noqa: PT017 - not every nonsense at every place is an error
        for number, raw in kept.items():
            assert raw == arrived(SMALL[number - 1])
        assert drop.gone <= kept.keys()


@pytest.mark.parametrize("verb", ["CAPA", "LIST", "UIDL", "TOP", "RETR"])
@pytest.mark.parametrize("flood", [b"1 1\r\n" * 200_000, b"x" * 1_000_000, b"\r\n" * 500_000, b"1 x\n" * 250_000])
def test_a_flood_is_given_up_after_the_budget(verb: str, flood: bytes) -> None:
    limits = PopLimits(listing_octets=50_000, top_octets=50_000, message_octets=50_000)
    drop = Drop(SMALL)
    drop.instead[verb] = b"+OK\r\n" + flood
    delivered = 0

    def count() -> None:
        nonlocal delivered
        delivered += 8192

    with (  # noqa: PT012 - each verb floods at its own place
        pytest.raises((ProtocolViolation, TooLarge)),
        session_with(drop, limits=limits, block=8192, on_receive=count) as session,
    ):
        session.listing()
        session.top(1, 0)
        session.retrieve(1, lambda octets: None)
    assert delivered < 200_000


def test_a_drip_ends_at_the_deadline_on_a_real_socket() -> None:
    """One octet whenever the last one was waited for: silence never lasts, the command does."""
    gate = threading.Semaphore(0)
    session: PopSession | None = None

    def drip(peer: Peer) -> None:
        peer.lines("+OK ready")
        peer.line()
        peer.lines("+OK", ".")
        peer.line()
        peer.trickle(b"+OK " + b"x" * 3000, gate)

    class Ticking:
        """Every look at the clock is a tenth of a second, and lets an octet through."""

        now = 0.0

        def __call__(self) -> float:
            self.now += 0.1
            gate.release()
            return self.now

    with ScriptedServer(drip) as server:
        session = PopSession.connect(pop_receive(server.port), clock=Ticking(), limits=PopLimits(command_s=10))
        with pytest.raises(TimedOut, match="did not finish"):
            session.noop()
        assert not session.alive
        gate.release(3000)


def test_silence_ends_the_wait_on_a_real_socket() -> None:
    def script(peer: Peer) -> None:
        peer.lines("+OK ready")
        peer.line()
        peer.lines("+OK", ".")
        peer.silence()

    with ScriptedServer(script) as server:
        session = PopSession.connect(pop_receive(server.port), limits=QUICK)
        with pytest.raises(TimedOut, match="did not answer"):
            session.noop()


def test_a_close_from_another_thread_ends_a_wait() -> None:
    reached = threading.Event()

    def script(peer: Peer) -> None:
        peer.lines("+OK ready")
        peer.line()
        peer.lines("+OK", ".")
        peer.line()
        peer.lines("+OK", "half a message")
        reached.set()
        peer.silence()

    with ScriptedServer(script) as server:
        session = PopSession.connect(pop_receive(server.port))

        def close() -> None:
            reached.wait(10)
            session.close()

        closing = threading.Thread(target=close)
        closing.start()
        with pytest.raises(Dropped):
            session.retrieve(1, lambda octets: None)
        closing.join()
        assert b"QUIT\r\n" not in server.peers[0].received
