"""For each command NO, BAD, BYE, garbage, an end and silence: the right error, and nothing is used after a desync."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.fakes.scripted import Fault, FaultProxy
from tests.net.conftest import QUICK, receive_from
from tuimail.demo.imap.capabilities import FULL
from tuimail.demo.server import DemoServer
from tuimail.errors import AuthError, Dropped, MailError, ProtocolViolation, ServerRefused, TimedOut
from tuimail.model import Section
from tuimail.net.imap.session import ImapSession, Known

MAIL = b"From: ada@example.org\r\nSubject: x\r\n\r\nhello\r\n"

COMMANDS: dict[str, Callable[[ImapSession], object]] = {
    "LIST": lambda s: s.list_mailboxes(),
    "STATUS": lambda s: s.status("INBOX"),
    "SELECT": lambda s: s.select("INBOX", known=Known(1, 1)),
    "EXAMINE": lambda s: s.select("INBOX", readonly=True),
    "UNSELECT": lambda s: s.unselect(),
    "CREATE": lambda s: s.create("New"),
    "RENAME": lambda s: s.rename("New", "Newer"),
    "DELETE": lambda s: s.delete("New"),
    "SUBSCRIBE": lambda s: s.subscribe("INBOX"),
    "UNSUBSCRIBE": lambda s: s.subscribe("INBOX", subscribed=False),
    "APPEND": lambda s: s.append("INBOX", MAIL),
    "NOOP": lambda s: s.noop(),
    "IDLE": lambda s: s.idle(None, 60),
    "NAMESPACE": lambda s: s.namespaces(),
    "UID FETCH": lambda s: list(s.fetch_headers("1:*")),
    "UID FETCH flags": lambda s: s.fetch_flags("1:*"),
    "UID FETCH slice": lambda s: s.fetch_slice(1, Section("1"), 0, 100),
    "UID FETCH structure": lambda s: s.fetch_structure(1),
    "UID FETCH whole": lambda s: list(s.fetch_whole("1:*")),
    "UID SEARCH": lambda s: s.search_uids(),
    "UID STORE": lambda s: s.store_flags("1", add=["\\Seen"]),
    "UID COPY": lambda s: s.copy("1", "INBOX"),
    "UID MOVE": lambda s: s.move("1", "INBOX"),
    "UID EXPUNGE": lambda s: s.uid_expunge("1"),
}

ERRORS: dict[Fault, type[MailError]] = {
    Fault.NO: ServerRefused,
    Fault.BAD: ServerRefused,
    Fault.BYE: Dropped,
    Fault.GARBAGE: ProtocolViolation,
    Fault.CLOSE: Dropped,
    Fault.SILENCE: TimedOut,
}


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    """One server for all; every test has its own connection."""
    with DemoServer.start(samples=False, capabilities=FULL) as started:
        started.deliver(MAIL)
        yield started


@pytest.fixture
def proxy(demo: DemoServer) -> Iterator[FaultProxy]:
    """Between us and the server."""
    with FaultProxy(demo.imap_port) as started:
        yield started


def connected(proxy: FaultProxy, fault: Fault | None = None) -> ImapSession:
    """With small limits where the peer will be silent."""
    silent = fault is Fault.SILENCE
    return ImapSession.connect(
        receive_from(proxy.port), limits=QUICK if silent else None, deadline_s=0.5 if silent else 10
    )


def ready(demo: DemoServer, proxy: FaultProxy) -> ImapSession:
    """Signed in, INBOX opened."""
    session = connected(proxy)
    session.login(demo.user, demo.password)
    session.enable_all()
    session.select("INBOX")
    return session


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_fault_is_told_apart_and_a_broken_session_is_never_used_again(
    demo: DemoServer, proxy: FaultProxy, verb: str, fault: Fault
) -> None:
    session = ready(demo, proxy)
    session._dialogue.literal_plus = False  # the proxy does not swallow the literal of a command that it refuses
    if fault is Fault.SILENCE:
        session._dialogue.limits = QUICK
    proxy.spoil(" ".join(verb.split()[:2]) if verb.startswith("UID") else verb, fault)
    with pytest.raises(ERRORS[fault]) as caught:
        COMMANDS[verb](session)
    assert type(caught.value) is ERRORS[fault]
    assert caught.value.sentence.isprintable()
    assert session.alive is (fault in (Fault.NO, Fault.BAD))
    proxy.heal()
    sent = len(proxy.commands)
    if session.alive:
        session.noop()
    else:
        with pytest.raises(MailError):
            session.noop()
        assert len(proxy.commands) == sent
    session.close()


LOGIN_ERRORS = {**ERRORS, Fault.NO: AuthError, Fault.BAD: AuthError}


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
def test_faults_while_signing_in(demo: DemoServer, proxy: FaultProxy, fault: Fault) -> None:
    session = connected(proxy, fault)
    session.capabilities -= {"AUTH=SCRAM-SHA-256"}
    for verb in ("AUTHENTICATE", "LOGIN"):
        proxy.spoil(verb, fault)
    with pytest.raises(LOGIN_ERRORS[fault]):
        session.login(demo.user, demo.password)
    tried = [line.split()[1] for line in proxy.commands if line.split()[1] in ("AUTHENTICATE", "LOGIN")]
    assert tried == (["AUTHENTICATE", "LOGIN"] if fault is Fault.BAD else ["AUTHENTICATE"])
    session.close()


@pytest.mark.parametrize("verb", ["ID", "ENABLE", "COMPRESS", "NOTIFY"])
@pytest.mark.parametrize("fault", [Fault.NO, Fault.BAD], ids=lambda fault: fault.value)
def test_what_is_only_nice_to_have_may_be_refused(
    demo: DemoServer, proxy: FaultProxy, verb: str, fault: Fault
) -> None:
    proxy.spoil(verb, fault)
    session = ready(demo, proxy)
    assert session.qresync is (verb != "ENABLE")
    assert session.notify() is (verb != "NOTIFY")
    session.noop()
    assert session.compress() is (verb != "COMPRESS")  # the last: the proxy cannot read compressed lines
    session.close()


@pytest.mark.parametrize("verb", ["CAPABILITY", "ID", "ENABLE", "COMPRESS", "NOTIFY"])
@pytest.mark.parametrize("fault", [Fault.BYE, Fault.GARBAGE, Fault.CLOSE, Fault.SILENCE], ids=lambda fault: fault.value)
def test_faults_while_setting_up(demo: DemoServer, proxy: FaultProxy, verb: str, fault: Fault) -> None:
    proxy.spoil(verb, fault)
    made: list[ImapSession] = []

    def set_up() -> None:
        made.append(connected(proxy, fault))
        made[0].login(demo.user, demo.password)
        made[0].enable_all()
        made[0].notify()
        made[0].compress()

    with pytest.raises(ERRORS[fault]) as caught:
        set_up()
    assert type(caught.value) is ERRORS[fault]
    assert not any(session.alive for session in made)


def test_goodbye_never_fails(demo: DemoServer, proxy: FaultProxy) -> None:
    for fault in Fault:
        session = ready(demo, proxy)
        session._dialogue.limits = QUICK
        proxy.spoil("LOGOUT", fault)
        session.logout()
        assert not session.alive
        proxy.heal()


def test_each_refusal_of_a_listing_falls_back(demo: DemoServer, proxy: FaultProxy) -> None:
    session = ready(demo, proxy)
    proxy.spoil("LIST", Fault.BAD, once=True)
    assert [mailbox.name for mailbox in session.list_mailboxes()][:1] == ["INBOX"]
    session.close()


def whole_session(session: ImapSession, demo: DemoServer) -> None:
    """A little of everything."""
    session.login(demo.user, demo.password)
    session.enable_all()
    session.list_mailboxes()
    session.select("INBOX")
    list(session.fetch_headers("1:*"))
    session.fetch_slice(1, Section("1"), 0, 100)
    session.search_uids()
    session.logout()


def count_octets(demo: DemoServer) -> int:
    """How long the server's side of a whole session is."""
    with FaultProxy(demo.imap_port) as proxy:
        whole_session(connected(proxy), demo)
        return proxy.to_client_octets


def cut_everywhere(demo: DemoServer, step: int) -> None:
    """After each cut: an error of ours or nothing at all, within the deadline, and the session is over."""
    total = count_octets(demo)
    assert total > 1500
    with FaultProxy(demo.imap_port) as proxy:
        for octets in range(0, total, step):
            proxy.cut_after(server_octets=octets)
            session: ImapSession | None = None
            try:
                session = connected(proxy)
                whole_session(session, demo)
            except (Dropped, ProtocolViolation, TimedOut):
                pass
            finally:
                assert session is None or not session.alive
            assert proxy.was_cut.is_set()


def test_a_session_that_is_cut_anywhere_ends_with_an_error_of_ours(demo: DemoServer) -> None:
    cut_everywhere(demo, 31)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_session_that_is_cut_at_every_octet_ends_with_an_error_of_ours(demo: DemoServer) -> None:
    cut_everywhere(demo, 1)
