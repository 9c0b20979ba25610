"""A hundred queued messages, sent by `tuimail sync`, against msmtp run a hundred times over the same server.

    python -m benchmarks.sending [--count 100] [--runs 3] [--octets 2000]

The server is a private Postfix (submission, STARTTLS, logins by Dovecot; root only). tuimail
keeps every message durably, says of each what became of it, and files its copy in Sent by
IMAP; msmtp sends, so tuimail is measured without the copies too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import figures
from tests.servers.dovecot import DovecotUser
from tests.servers.postfix import Postfix, available
from tuimail.model import AccountName
from tuimail.paths import Paths
from tuimail.store import Store


def letter(number: int, sender: str, octets: int) -> bytes:
    """A message of about so many octets."""
    head = f"From: <{sender}>\r\nTo: <reader@example.net>\r\nSubject: note {number}\r\n"
    head += f"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{number}.{time.time_ns()}@example.org>\r\n\r\n"
    return head.encode() + b"Some words on a line of an ordinary length, and more of them.\r\n" * (octets // 64)


class Tuimail:
    """A home with one account."""

    def __init__(self, home: Path, postfix: Postfix, user: DovecotUser, sender: str, *, save_sent: str) -> None:
        self.environ = {
            **{key: os.environ[key] for key in ("PATH",) if key in os.environ}, "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }  # fmt: skip
        (home / "run").mkdir(parents=True, mode=0o700)
        self.paths = Paths.from_environment(self.environ)
        self.sender = sender
        self.paths.config_file.parent.mkdir(parents=True)
        secret = f'user = "{user.name}"\npassword_command = ["echo", "{user.password}"]'
        self.paths.config_file.write_text(f"""
[accounts.bench]
address = "{sender}"
[accounts.bench.receive]
protocol = "imap"
host = "{user.server.host}"
port = {user.server.imap_port}
security = "none"
{secret}
[accounts.bench.send]
host = "localhost"
port = {postfix.submission_port}
security = "starttls"
ca_file = "{postfix.ca_file}"
save_sent = "{save_sent}"
""")
        self.paths.config_file.chmod(0o600)

    def sync(self) -> float:
        """Seconds of `tuimail sync`, from the start of the process to its end."""
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "tuimail", "sync"], env=self.environ, check=True, capture_output=True)
        return time.perf_counter() - start

    def queue(self, count: int, octets: int) -> None:
        """So many messages into the outbox."""
        with Store.open(self.paths) as store:
            for number in range(count):
                raw = letter(number, self.sender, octets)
                store.outbox.add(
                    None, AccountName("bench"), self.sender, ["reader@example.net"], raw, f"<{number}@bench>",
                    at=int(time.time()),
                )  # fmt: skip

    def left(self) -> int:
        """Messages that are not sent and, where that is wanted, filed."""
        with Store.open(self.paths) as store:
            return len(store.outbox.all())


def tuimail_seconds(
    home: Path, postfix: Postfix, user: DovecotUser, sender: str, count: int, octets: int, *, save_sent: str
) -> float:
    """One run; the mailboxes were synced before, and the engine is started anew."""
    ours = Tuimail(home, postfix, user, sender, save_sent=save_sent)
    ours.sync()
    time.sleep(4)  # the engine of the first sync leaves
    ours.queue(count, octets)
    seconds = ours.sync()
    if ours.left():
        raise RuntimeError(f"{ours.left()} messages were left")
    return seconds


def msmtp_seconds(
    home: Path, postfix: Postfix, user: DovecotUser, sender: str, count: int, octets: int
) -> float | None:
    """One run of so many msmtp; None where it is not installed."""
    program = shutil.which("msmtp")
    if program is None:
        return None
    home.mkdir(parents=True)
    config = home / "msmtprc"
    config.write_text(
        f"account bench\nhost localhost\nport {postfix.submission_port}\nfrom {sender}\nauth plain\n"
        f"user {user.name}\npasswordeval echo {user.password}\ntls on\ntls_starttls on\n"
        f"tls_trust_file {postfix.ca_file}\naccount default : bench\n"
    )
    config.chmod(0o600)
    letters = [letter(number, sender, octets) for number in range(count)]
    start = time.perf_counter()
    for raw in letters:
        subprocess.run(
            [program, f"--file={config}", "reader@example.net"], input=raw, check=True,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
        )  # fmt: skip
    return time.perf_counter() - start


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--octets", type=int, default=2000)
    options = parser.parse_args()
    if reason := available():
        sys.exit(reason)
    mine: list[float | None] = []
    bare: list[float | None] = []
    theirs: list[float | None] = []
    with tempfile.TemporaryDirectory(prefix="tm", dir="/tmp") as directory:
        base = Path(directory)
        base.chmod(0o755)
        postfix = Postfix.start(base / "post")
        try:
            for run in range(options.runs):
                user = postfix.new_user()
                sender = f"{user.name}@example.org"
                what = (postfix, user, sender, options.count, options.octets)
                mine.append(tuimail_seconds(base / f"a{run}", *what, save_sent="always"))
                bare.append(tuimail_seconds(base / f"b{run}", *what, save_sent="never"))
                theirs.append(msmtp_seconds(base / f"c{run}", *what))
        finally:
            postfix.stop()
    other = figures.median(theirs)
    figures.table(
        f"{options.count} queued messages of {options.octets:,} octets ({figures.machine()})",
        ["program", "median", "against msmtp"],
        [
            ["tuimail sync, with copies in Sent", figures.seconds(figures.median(mine)),
             figures.ratio(figures.median(mine), other)],
            ["tuimail sync, no copies", figures.seconds(figures.median(bare)),
             figures.ratio(figures.median(bare), other)],
            [f"msmtp, {options.count} times", figures.seconds(other), "1"],
        ],
    )


if __name__ == "__main__":
    main()
