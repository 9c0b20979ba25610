"""A ClamAV daemon: the real one, and fakes for what it does on a bad day."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.pop_house import ACCOUNT, PopHouse
from tests.faults.drop_server import Drop, DropServer
from tests.faults.mails import with_attachment
from tests.servers import clamd as clamd_server
from tuimail.engine.children.clamd import OFF, QUIET_S, Clamd, Scan, find_socket
from tuimail.engine.children.examine import Examiner
from tuimail.engine.log import Log
from tuimail.engine.protocol import Reload
from tuimail.mime.examining.verdicts import Context, Verdict


@pytest.fixture(scope="module")
def real(short_directory: Path) -> Iterator[clamd_server.ClamdServer]:
    reason = clamd_server.available()
    if reason:
        pytest.skip(reason)
    server = clamd_server.ClamdServer.start(short_directory / "clamd")
    yield server
    server.stop()


class Fake:
    """Serves connections one after the other with one behaviour."""

    def __init__(self, path: Path, behave: Callable[[socket.socket], None]) -> None:
        self.path = path
        self.connections = 0
        self._behave = behave
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._ended.is_set():
                    return
                self.connections += 1
                connection.settimeout(20)
                self._behave(connection)

    def stop(self) -> None:
        self._ended.set()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self.path))
        self._thread.join(20)
        self._listener.close()


def stream_of(connection: socket.socket) -> bytes:
    """What a client streams, as the protocol has it."""
    reader = connection.makefile("rb")
    assert reader.read(10) == b"zINSTREAM\0"
    octets = b""
    while length := struct.unpack(">I", reader.read(4))[0]:
        octets += reader.read(length)
    return octets


def saying(words: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        stream_of(connection)
        connection.sendall(words)

    return behave


@pytest.fixture
def fake(short_directory: Path) -> Iterator[Callable[[Callable[[socket.socket], None]], Fake]]:
    made: list[Fake] = []
    names = iter(range(100))

    def make(behave: Callable[[socket.socket], None]) -> Fake:
        path = short_directory / f"fake{next(names)}"
        path.unlink(missing_ok=True)
        made.append(Fake(path, behave))
        return made[-1]

    yield make
    for one in made:
        one.stop()


Fakes = Callable[[Callable[[socket.socket], None]], Fake]


def test_the_real_daemon_finds_its_test_file_and_lets_others_be(real: clamd_server.ClamdServer) -> None:
    clamd = Clamd(real.path, Log(None))
    assert clamd.scan(clamd_server.EICAR).found.startswith("Eicar.")
    assert clamd.scan(b"Hello.") == Scan()
    assert clamd.scan(b"") == Scan()
    assert clamd.scan(b"x" * 300_000 + clamd_server.EICAR).found == clamd_server.NAME


def test_what_the_real_daemon_finds_is_the_first_reason(real: clamd_server.ClamdServer) -> None:
    examiner = Examiner(Log(None), clamd=Clamd(real.path, Log(None)))
    try:
        examined = examiner.examine_attachment(
            b"x" + clamd_server.EICAR, filename="a.txt", declared_type="text/plain", context=Context()
        )
        honest = examiner.examine_attachment(b"Hi", filename="a.txt", declared_type="text/plain", context=Context())
    finally:
        examiner.close()
    assert examined.findings.verdict is Verdict.DANGEROUS
    assert examined.findings.reasons == (f"ClamAV found {clamd_server.NAME} in it.",)
    assert honest.findings.verdict is Verdict.NO_FINDING
    assert honest.findings.reasons == ()


def test_what_is_too_large_for_the_real_daemon_is_no_verdict(real: clamd_server.ClamdServer, tmp_path: Path) -> None:
    clamd = Clamd(real.path, Log(tmp_path / "log"))
    assert clamd.scan(b"x" * 3_000_000) == Scan(failed="too large")
    assert clamd.scan(clamd_server.EICAR).found, "the next one is asked about at once"
    assert "clamd.failed why=too large octets=3000000" in (tmp_path / "log").read_text()


def test_every_octet_arrives(fake: Fakes) -> None:
    got: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        got.append(stream_of(connection))
        connection.sendall(b"stream: OK\0")

    octets = bytes(range(256)) * 1_000
    assert Clamd(fake(behave).path, Log(None)).scan(octets) == Scan()
    assert got == [octets]


def test_the_name_of_a_find_is_cleaned(fake: Fakes) -> None:
    found = Clamd(fake(saying(b"stream: \x1b[2JEvil\xe2\x80\xae FOUND\0")).path, Log(None)).scan(b"x").found
    assert found.isprintable()
    assert "Evil" in found


@pytest.mark.parametrize(
    "behave",
    [
        saying(b"INSTREAM: Can't write to temporary file. ERROR\0"),
        saying(b"UNKNOWN COMMAND\0"),
        saying(b"stream: Evil FO"),
        saying(b"x" * 100_000),
        saying(b""),
        lambda connection: None,
        lambda connection: connection.recv(1) and None,
        lambda connection: connection.sendall(b"\0"),
    ],
    ids=["error", "unknown command", "cut", "flood", "no answer", "closes", "closes in the middle", "empty"],
)
def test_a_daemon_that_fails_is_no_verdict_and_a_note_in_the_log(
    fake: Fakes, tmp_path: Path, behave: Callable[[socket.socket], None]
) -> None:
    scan = Clamd(fake(behave).path, Log(tmp_path / "log")).scan(b"secret" * 100_000)
    assert scan.found == ""
    assert scan.failed
    log = (tmp_path / "log").read_text()
    assert "clamd.failed" in log
    assert "secret" not in log


def test_a_daemon_that_is_silent_is_given_up(fake: Fakes) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(1 << 16):
            pass

    assert Clamd(fake(silent).path, Log(None), timeout_s=0.05).scan(b"x") == Scan(failed="too slow")


def test_a_daemon_that_failed_is_left_alone_for_a_while(fake: Fakes) -> None:
    now = [0.0]
    server = fake(saying(b"nonsense\0"))
    clamd = Clamd(server.path, Log(None), clock=lambda: now[0])
    clamd.scan(b"x")
    now[0] = QUIET_S - 1
    assert clamd.scan(b"x").failed
    assert server.connections == 1
    now[0] = QUIET_S
    clamd.scan(b"x")
    assert server.connections == 2


def test_no_daemon_is_no_verdict(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, tmp_path / ("x" * 300)):
        assert Clamd(path, Log(None)).scan(b"x").failed


def test_a_socket_is_found_or_named_or_switched_off(fake: Fakes, tmp_path: Path) -> None:
    usual = fake(saying(b"stream: OK\0")).path
    (tmp_path / "file").write_text("")
    assert find_socket("", (tmp_path / "none", tmp_path / "file", usual)) == usual
    assert find_socket("", (tmp_path / "file",)) is None
    assert find_socket("/x/y", (usual,)) == Path("/x/y")
    assert find_socket(OFF, (usual,)) is None


def test_a_daemon_that_is_named_while_the_engine_runs_is_asked_after_a_reload(fake: Fakes, tmp_path: Path) -> None:
    scanner = fake(saying(b"stream: Evil.Thing FOUND\0"))
    drop = Drop({b"a": with_attachment(1, 300)})
    with DropServer(drop) as server:
        house = PopHouse(tmp_path / "house", server)
        off = house.paths.config_file.read_text()
        house.paths.config_file.write_text(f'{off}[security]\nclamd = "off"\n')
        with house.office(watch=False) as office:
            assert office.wait_sync(timeout_s=60) == {ACCOUNT: ""}
            house.ears.wait_until(lambda: house.store.quarantine.unexamined() == [])
            server.drained()
            drop.messages[b"b"] = with_attachment(2, 300)
            house.paths.config_file.write_text(f'{off}[security]\nclamd = "{scanner.path}"\n')
            office.send(Reload())
            assert office.wait_sync(timeout_s=60) == {ACCOUNT: ""}
            house.ears.wait_until(lambda: house.store.quarantine.unexamined() == [])
        found = {
            subject: house.store.quarantine.of_message(house.with_subject(subject))[0].reasons
            for subject in ("Letter 1", "Letter 2")
        }
        house.close()
    assert "ClamAV found Evil.Thing in it." in found["Letter 2"]
    assert not any("ClamAV" in reason for reason in found["Letter 1"])
    assert scanner.connections == 1
