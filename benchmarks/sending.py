"""Handing messages to a submission server: our session, smtplib and msmtp, over loopback and over a slow way.

    python -m benchmarks.sending [--count 100] [--delay-ms 20] [--runs 3]

All send the same message to the same Postfix, under TLS, signed in by the same Dovecot; it is thrown away behind the
queue. Ours and smtplib use one session for all, msmtp has one a message, as it is made. Only the net is measured here:
no outbox and no disk of ours. The big message is one of 3.6 MB.
"""

from __future__ import annotations

import argparse
import shutil
import smtplib
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import figures
from benchmarks.pop import Way, slow_way
from tests.servers.dovecot import DovecotUser
from tests.servers.postfix import Postfix, available
from tuimail.config import Security, Send
from tuimail.net.smtp import SmtpSession

RECIPIENT = "x@elsewhere.example"
HEAD = b"From: ada@example.org\r\nTo: x@elsewhere.example\r\nSubject: a message\r\n\r\n"
SMALL = HEAD + b"A line of text, as people write them.\r\n" * 50
BIG = HEAD + (b"QUJD" * 19 + b"\r\n") * 46_000

Sender = Callable[[Postfix, Way, DovecotUser, bytes, int], None]


def ours(postfix: Postfix, way: Way, user: DovecotUser, raw: bytes, count: int) -> None:
    """One session for all."""
    send = Send("127.0.0.1", way.port, Security.TLS, ca_file=postfix.ca_file)
    session = SmtpSession.connect(send)
    session.login(user.name, user.password)
    for _ in range(count):
        session.send(f"{user.name}@example.org", [RECIPIENT], raw)
    session.quit()


def standard(postfix: Postfix, way: Way, user: DovecotUser, raw: bytes, count: int) -> None:
    """smtplib: one session for all, no pipelining."""
    context = ssl.create_default_context(cafile=str(postfix.ca_file))
    with smtplib.SMTP_SSL("127.0.0.1", way.port, context=context) as session:
        session.login(user.name, user.password)
        for _ in range(count):
            session.sendmail(f"{user.name}@example.org", [RECIPIENT], raw)


def msmtp(postfix: Postfix, way: Way, user: DovecotUser, raw: bytes, count: int) -> None:
    """A process and a session for each message."""
    argv = [
        "msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={way.port}", "--tls=on", "--tls-starttls=off",
        f"--tls-trust-file={postfix.ca_file}", "--auth=plain", f"--user={user.name}",
        f"--passwordeval=printf %s {user.password}", f"--from={user.name}@example.org", RECIPIENT,
    ]  # fmt: skip
    text = raw.replace(b"\r\n", b"\n")
    for _ in range(count):
        subprocess.run(argv, input=text, check=True, capture_output=True)


def measure(sender: Sender, postfix: Postfix, way: Way, raw: bytes, count: int, runs: int) -> float:
    """The median of the seconds for all messages."""
    took: list[float] = []
    for _ in range(runs):
        user = postfix.new_user()
        start = time.perf_counter()
        sender(postfix, way, user, raw, count)
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def main() -> None:
    """Print a table for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--delay-ms", type=float, default=20)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    reason = available()
    if reason:
        raise SystemExit(reason)
    senders: dict[str, Sender] = {"tuimail's session": ours, "smtplib": standard}
    if shutil.which("msmtp"):
        senders["msmtp"] = msmtp
    directory = Path(tempfile.mkdtemp(prefix="tm", dir="/tmp"))
    directory.chmod(0o755)
    print(figures.machine())
    postfix = Postfix.start(directory)
    try:
        with slow_way(postfix.submissions_port, options.delay_ms) as slow:
            for way in (Way("loopback", postfix.submissions_port), slow):
                rows = [_row(name, sender, postfix, way, options) for name, sender in senders.items()]
                figures.table(way.name, ["", f"{options.count} small messages", "one of 3.6 MB"], rows)
    finally:
        postfix.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _row(name: str, sender: Sender, postfix: Postfix, way: Way, options: argparse.Namespace) -> list[str]:
    many_s = measure(sender, postfix, way, SMALL, options.count, options.runs)
    big_s = measure(sender, postfix, way, BIG, 1, options.runs)
    return [name, figures.seconds(many_s), figures.seconds(big_s)]


if __name__ == "__main__":
    main()
