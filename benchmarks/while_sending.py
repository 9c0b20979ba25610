"""Key to paint while a message with a large attachment is queued and sent: does sending delay a keypress?

    python -m benchmarks.while_sending [--megabytes 25] [--presses 60]

A message is written in the app itself, the file attached, and sent to a server of our own that
takes so many octets a second. The cursor key is pressed from the moment of `send` until
the server has all, and again at rest, by the measure of `benchmarks.keys`.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import corpus, figures, peers
from benchmarks.keys import ANSWER_S, _p99, _settle, list_pane, press, wait_for_peace
from benchmarks.terminal import Terminal

OCTETS_A_SECOND = 4_000_000
MESSAGES = 10_000
SEND = b"\x1b[15~"
ATTACH = b"\x14"

Pane = tuple[tuple[int, int], tuple[int, int]]


def serve(port: int, told: Path) -> None:
    """Take one message, slowly; the file holds its octets when all are here."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        connection, _ = listening.accept()
    with connection:
        stream = connection.makefile("rb")
        connection.sendall(b"220 here\r\n")
        while line := stream.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                connection.sendall(b"250-here\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 200000000\r\n")
            elif verb == b"AUTH":
                connection.sendall(b"235 welcome\r\n")
            elif verb == b"DATA":
                connection.sendall(b"354 go on\r\n")
                octets, tail = 0, b""
                while not tail.endswith(b"\r\n.\r\n"):
                    piece = stream.read1(1 << 16)
                    octets, tail = octets + len(piece), (tail + piece)[-5:]
                    time.sleep(len(piece) / OCTETS_A_SECOND)
                connection.sendall(b"250 taken\r\n")
                told.write_text(str(octets))
            elif verb == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 fine\r\n")


def compose(terminal: Terminal, file: Path) -> None:
    """A message in the composer, ready to be sent."""
    for keys in (b"c", b"reader@example.net", b"\r", b"twenty-five megabytes", b"\r", b"see the file attached"):
        _settle(terminal, keys)
    _settle(terminal, ATTACH)
    _settle(terminal, str(file).encode())
    _settle(terminal, b"\r")


def while_sent(terminal: Terminal, told: Path, pane: Pane, limit_s: float = 120.0) -> list[float]:
    """Seconds of each press from now until the server has all; keys that changed nothing are left out."""
    moments = []
    last = time.perf_counter() + limit_s
    while not told.exists() and time.perf_counter() < last:
        moments.append(terminal.type(b"j"))
        time.sleep(ANSWER_S + 0.01)
    terminal.wait_quiet(0.5, 5)
    found = terminal.answers(moments, ANSWER_S, *pane)
    print(f"{len(moments)} presses in the time of sending, {sum(one is not None for one in found)} answered in time")
    return [one for one in found if one is not None]


def measure(megabytes: int, presses: int, base: Path) -> None:
    """The table."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = base / "told"
    file = base / "film.bin"
    file.write_bytes(os.urandom(megabytes << 20))
    with corpus.served(MESSAGES, small=True) as (_, user):
        peer = peers.tuimail(user, base / "home")
        config = base / "home" / ".config" / "tuimail" / "config.toml"
        config.write_text(
            "[ui]\nundo_send_s = 0\n" + config.read_text()
            + f'[accounts.bench.send]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nuser = "ada"\n'
            'password_command = ["printf", "x"]\nsave_sent = "never"\n'
        )
        command = [sys.executable, "-m", "benchmarks.while_sending", "--serve", str(port), str(told)]
        with subprocess.Popen(command) as server:
            terminal = Terminal(peer.argv, peer.environ)
            try:
                terminal.wait_text(f"#{MESSAGES - 1:07d}", 120)
                wait_for_peace(terminal, base)
                pane = list_pane(terminal)
                press(terminal, b"j", 5, pane)
                rest = press(terminal, b"j", presses, pane)
                compose(terminal, file)
                terminal.type(SEND)
                sending = while_sent(terminal, told, pane)
                if not told.exists():
                    print(terminal.screen())
            finally:
                terminal.close()
                server.kill()
    figures.table(
        f"Cursor key while {int(told.read_text() or 0) if told.exists() else 0:,} octets are sent",
        ["", "presses", "p50", "p99"],
        [
            ["while it is queued and sent", str(len(sending)), *_told(sending)],
            ["at rest", str(len(rest)), *_told(rest)],
            ["ratio", "", figures.ratio(statistics.median(sending), statistics.median(rest)),
             figures.ratio(_p99(sending), _p99(rest))],
        ],
    )  # fmt: skip


def _told(seen: list[float]) -> list[str]:
    return [figures.seconds(statistics.median(seen)), figures.seconds(_p99(seen))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=25)
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(int(options.serve[0]), Path(options.serve[1]))
        return
    print(figures.machine(), figures.dovecot_version(), sep="; ")
    with tempfile.TemporaryDirectory(dir="/dev/shm", ignore_cleanup_errors=True) as base:
        measure(options.megabytes, options.presses, Path(base))


if __name__ == "__main__":
    main()
