"""Downloading a POP3 drop: tuimail, mpop, getmail6 and raw octets, over loopback and over a slow way.

    [GETMAIL=/path/to/getmail] python -m benchmarks.pop [--count 10000] [--delayed 2000] [--delay-ms 20] [--runs 3]
        [--base DIR]

Every program fetches the same mail from the same Dovecot into a Maildir on the same file
system, and leaves it on the server. mpop and getmail6 sync each file; tuimail syncs each file, the
directory and its rows. `All examined` is the time until tuimail's engine had nothing left to do
(attachments examined, texts made and indexed) and ended, its three seconds of grace left out.
`Nothing new` is a check after that. The slow way is a proxy of our own that holds
every octet back for half the delay in each direction, however many are on the way. Memory is
the peak of all processes of a program together. The reader alone is our session without the disk.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import corpus, figures, peers
from tests.servers.dovecot import DovecotUser, _as_runner, _runner
from tuimail.config import Protocol, Receive, Security
from tuimail.net.pop.session import PopSession, Wanted

BLOCK_OCTETS = 256 * 1024
ON_THE_WAY = 256
"""Blocks that the proxy holds in one direction at most."""
TICK_S = 0.02
LAST_S = 300.0
"""So long at most an engine is waited for."""
GRACE_S = 3.0
"""So long an engine stays when it has nothing left to do."""

_Pieces = queue.Queue[tuple[float, bytes]]


@dataclass
class Way:
    """A port to reach the server by, and what a round trip costs."""

    name: str
    port: int


@contextmanager
def slow_way(port: int, delay_ms: float) -> Iterator[Way]:
    """A port on which every octet is held back for half of `delay_ms` in each direction."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def run(work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        threads.append(thread)
        thread.start()

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", port))
            for source, drain in ((client, server), (server, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pieces: _Pieces = queue.Queue(ON_THE_WAY)
                run(_take, source, pieces, delay_ms / 2000)
                run(_give, drain, pieces)

    run(accept)
    try:
        yield Way(f"{delay_ms:g} ms a round trip", listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _take(source: socket.socket, pieces: _Pieces, delay_s: float) -> None:
    while True:
        try:
            octets = source.recv(BLOCK_OCTETS)
        except OSError:
            octets = b""
        pieces.put((time.monotonic() + delay_s, octets))
        if not octets:
            return


def _give(drain: socket.socket, pieces: _Pieces) -> None:
    while True:
        due, octets = pieces.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not octets:
                drain.shutdown(socket.SHUT_WR)
                return
            drain.sendall(octets)
        except OSError:
            continue  # keep emptying the queue until its end


# --- programs


def mpop(user: DovecotUser, way: Way, home: Path) -> peers.Peer | None:
    """mpop into a Maildir, everything kept on the server; it pipelines by itself."""
    program = shutil.which("mpop")
    if program is None:
        return None
    environ = peers._environ(home)
    _maildir(home / "mail")
    config = home / "mpoprc"
    config.write_text(
        f"account default\nhost 127.0.0.1\nport {way.port}\nuser {user.name}\npassword {user.password}\n"
        f"auth user\ntls off\nkeep on\nuidls_file {home}/uidls\ndelivery maildir {home}/mail\n"
    )
    config.chmod(0o600)
    return peers.Peer("mpop", peers._version([program, "--version"]), [program, "-q", "-C", str(config)], environ)


def getmail(user: DovecotUser, way: Way, home: Path) -> peers.Peer | None:
    """getmail6 into a Maildir, everything kept on the server."""
    program = os.environ.get("GETMAIL") or shutil.which("getmail")
    if program is None:
        return None
    environ = peers._environ(home)
    _maildir(home / "mail")
    (home / "getmail").mkdir()
    (home / "getmail" / "getmailrc").write_text(
        f"[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = {way.port}\nusername = {user.name}\n"
        f"password = {user.password}\n[destination]\ntype = Maildir\npath = {home}/mail/\n"
        "[options]\nread_all = false\ndelete = false\nverbose = 0\nreceived = false\ndelivered_to = false\n"
    )
    argv = [program, "--getmaildir", str(home / "getmail"), "--quiet"]
    if os.geteuid() == 0:  # it refuses to deliver for root
        account = _runner()
        for place in (home, *home.rglob("*")):
            os.chown(place, account.pw_uid, account.pw_gid)
    return peers.Peer("getmail6", peers._version([program, "--version"]), argv, environ)


def tuimail(user: DovecotUser, way: Way, home: Path) -> peers.Peer:
    """tuimail itself, from this checkout, with one POP3 account."""
    environ = peers._environ(home)
    config = home / ".config" / "tuimail"
    config.mkdir(parents=True, exist_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    (config / "config.toml").write_text(
        f'[accounts.bench]\naddress = "ada@example.org"\n[accounts.bench.receive]\nprotocol = "pop3"\n'
        f'host = "127.0.0.1"\nport = {way.port}\nsecurity = "none"\nuser = "{user.name}"\n'
        f'password_command = ["printf", "%s", "{user.password}"]\nkeep_on_server = "always"\n'
    )
    (config / "config.toml").chmod(0o600)
    environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    argv = [sys.executable, "-m", "tuimail"]
    return peers.Peer("tuimail", peers._version([*argv, "--version"]), [*argv, "sync"], environ)


def _maildir(directory: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)


# --- measuring


@dataclass
class Figures:
    """What one program did, a value a run."""

    first_s: list[float | None] = field(default_factory=list)
    all_s: list[float | None] = field(default_factory=list)
    again_s: list[float | None] = field(default_factory=list)
    memory_octets: list[float | None] = field(default_factory=list)
    loads: list[float | None] = field(default_factory=list)
    version: str = ""


def run_command(peer: peers.Peer) -> tuple[float | None, float]:
    """Wall seconds of a program that ends by itself (None when it failed), and the peak memory of all its processes."""
    start = time.perf_counter()
    process = subprocess.Popen(
        peer.argv, env=peer.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        **(_as_runner() if peer.name == "getmail6" else {}),
    )
    peak = [0]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(TICK_S):
            peak.append(sum(_high_water_octets(pid) for pid in _processes_of(peer.environ["HOME"])))

    looking = threading.Thread(target=look)
    looking.start()
    _, errors = process.communicate()
    took_s = time.perf_counter() - start
    ended.set()
    looking.join()
    if process.returncode:
        print(f"{peer.name} failed: {errors.decode()[-300:]}", flush=True)
        return None, float(max(peak))
    return took_s, float(max(peak))


def wait_until_alone(peer: peers.Peer) -> tuple[float, float]:
    """Until every process of a program has left, a few minutes at most; seconds, and the peak memory meanwhile.

    What stays behind would help the next run.
    """
    began = time.monotonic()
    peak = 0
    while (left := _processes_of(peer.environ["HOME"])) and time.monotonic() < began + LAST_S:
        peak = max(peak, sum(map(_high_water_octets, left)))
        time.sleep(TICK_S)
    return time.monotonic() - began, float(peak)


def _processes_of(home: str) -> list[int]:
    """Whose environment says so: an engine outlives the command that started it."""
    mark = f"HOME={home}\0".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def _high_water_octets(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def raw(user: DovecotUser, way: Way, count: int, *, pipelined: bool) -> float:
    """Seconds for a bare socket to take all messages and drop them."""
    commands = [b"RETR %d\r\n" % number for number in range(1, count + 1)]
    start = time.perf_counter()
    with socket.create_connection(("127.0.0.1", way.port), 60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(f"USER {user.name}\r\nPASS {user.password}\r\n".encode())
        buffer = b""
        while buffer.count(b"\r\n") < 3:
            buffer += sock.recv(BLOCK_OCTETS)
        window = 100 if pipelined else 1
        sock.sendall(b"".join(commands[:window]))
        tail = b""
        for number in range(count):
            while True:
                end = tail.find(b"\r\n.\r\n")
                if end >= 0:
                    tail = tail[end + 5 :]
                    break
                octets = sock.recv(BLOCK_OCTETS)
                if not octets:
                    raise RuntimeError("the server closed the connection")
                tail = tail[-4:] + octets
            if number + window < count:
                sock.sendall(commands[number + window])
    return time.perf_counter() - start


def reader(user: DovecotUser, way: Way) -> float:
    """Seconds for our session to take all messages whole and checked, and drop them."""
    start = time.perf_counter()
    session = PopSession.connect(
        Receive(Protocol.POP3, "127.0.0.1", way.port, Security.NONE, user.name), deadline_s=60
    )
    session.login(user.name, user.password)
    wanted = [Wanted(*row) for row in session.listing().sizes.items()]
    for answer in session.retrieve_many(wanted, lambda number: len):
        assert answer.agrees
    session.quit()
    return time.perf_counter() - start


def measure(user: DovecotUser, way: Way, count: int, runs: int, base: Path) -> None:
    """One table for one way."""
    found: dict[str, Figures] = {}
    raws: dict[str, list[float | None]] = {"pipelined": [], "one by one": [], "reader": []}
    for run in range(runs):
        home = base / f"{way.port}-{run}"
        # getmail6 takes minutes for ten thousand: once is enough to know.
        for make in (tuimail, mpop, getmail)[: None if run == 0 else 2]:
            peer = make(user, way, home / make.__name__)
            if peer is None:
                print(f"{make.__name__} is not installed", flush=True)
                continue
            row = found.setdefault(peer.name, Figures(version=peer.version))
            first_s, memory = run_command(peer)
            if first_s is not None and _count_files(home / make.__name__) < count:
                print(f"{peer.name} did not store every message", flush=True)
                first_s = None
            row.first_s.append(first_s)
            more_s, more = wait_until_alone(peer)
            row.all_s.append(None if first_s is None else first_s + max(0.0, more_s - GRACE_S))
            row.memory_octets.append(max(memory, more))
            row.loads.append(float(figures.load()))
            told = f"{way.name}, run {run}: {peer.name} {figures.seconds(first_s)}, load {figures.load()}"
            print(told, file=sys.stderr, flush=True)
            row.again_s.append(run_command(peer)[0])
            wait_until_alone(peer)
        raws["pipelined"].append(raw(user, way, count, pipelined=True))
        raws["one by one"].append(raw(user, way, count, pipelined=False))
        raws["reader"].append(reader(user, way))
        shutil.rmtree(home, ignore_errors=True)
    report(way, count, base, found, raws)


def _count_files(home: Path) -> int:
    return sum(len(files) for place, _, files in os.walk(home) if Path(place).name in ("new", "cur"))


def report(
    way: Way, count: int, base: Path, found: dict[str, Figures], raws: dict[str, list[float | None]]
) -> None:
    """The table of one way."""
    mine = figures.median(found["tuimail"].first_s)
    mine_all = figures.median(found["tuimail"].all_s)
    rows = []
    for name, row in found.items():
        first, memory = figures.median(row.first_s), figures.median(row.memory_octets)
        rows.append([
            f"{name} ({row.version})", figures.seconds(first), figures.ratio(mine, first),
            figures.seconds(figures.median(row.all_s)), figures.ratio(mine_all, figures.median(row.all_s)),
            figures.seconds(figures.median(row.again_s)), f"{(memory or 0) / 2**20:.0f} MiB",
            f"{figures.median(row.loads) or 0:.1f}",
        ])  # fmt: skip
    for name, label in (
        ("reader", "our reader alone, nothing written"), ("pipelined", "bare socket, pipelined"),
        ("one by one", "bare socket, one by one"),
    ):  # fmt: skip
        took = figures.median(raws[name])
        rows.append([label, figures.seconds(took), figures.ratio(mine, took), "", "", "", "", ""])
    heads = [
        "program", "durable and listed", "tuimail is", "all examined", "tuimail is", "nothing new", "peak memory",
        "load",
    ]  # fmt: skip
    figures.table(f"POP3, {count:,} messages, {way.name}, in {base}", heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="messages over loopback; 0 for none")
    parser.add_argument("--delayed", type=int, default=2000, help="messages over the slow way; 0 for none")
    parser.add_argument("--delay-ms", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base", type=Path, default=None, help="where mail is written")
    options = parser.parse_args()
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    with tempfile.TemporaryDirectory(dir=options.base, ignore_cleanup_errors=True) as base:
        Path(base).chmod(0o755)
        if options.count:
            with corpus.served(options.count) as (server, user):
                measure(user, Way("loopback", server.pop3_port), options.count, options.runs, Path(base))
        if options.delayed:
            with corpus.served(options.delayed) as (server, user), slow_way(server.pop3_port, options.delay_ms) as way:
                measure(user, way, options.delayed, options.runs, Path(base))


if __name__ == "__main__":
    main()
