"""Generated mail, the same for every program, and a Dovecot that serves it from memory-backed files."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from tests.servers.dovecot import Dovecot, DovecotUser, _runner

ARCHIVED = 5_000_000
FIRST = datetime(2021, 1, 1, tzinfo=UTC)
PEOPLE = [
    "Ada Byron <ada@example.org>", "Grace Hopper <grace@navy.example>", "Alan Turing <alan@example.net>",
    "=?utf-8?q?=C3=89mile_Lef=C3=A8vre?= <emile@example.fr>", '"Hamilton, Margaret" <margaret@example.com>',
    "=?utf-8?b?5bGx55Sw5aSq6YOO?= <yamada@example.jp>", "Debian Security <security@lists.example>",
]
WORDS = [
    "compiler", "loader", "register", "tape", "drum", "engine", "patch", "review", "meeting", "lunch", "release",
    "branch", "merge", "table", "index", "query", "thread", "window", "letter", "parcel", "ticket", "invoice",
    "report", "slides", "agenda", "minutes", "budget", "travel", "hotel", "train", "paper", "draft",
]


def subject(number: int) -> str:
    """The subject of message `number`, which names it in front, where no column is too narrow for it."""
    rng = random.Random(number)
    return f"#{number:07d} {' '.join(rng.choices(WORDS, k=rng.randint(2, 6)))}"


def mark(number: int) -> str:
    """What stands in the body of message `number`, and nowhere else."""
    return f"body-of-{number:07d}"


def message(number: int, *, small: bool = False) -> bytes:
    """Message `number`: a median of about 8 KB and a mean of 28 KB, or 1 to 3 KB when `small`."""
    rng = random.Random(number)
    sent = FIRST + timedelta(minutes=number * 2)
    references = f"References: <{max(0, number - rng.randint(1, 50))}@bench.example>\r\n" if rng.random() < 0.5 else ""
    size = rng.randint(300, 2500) if small else min(int(rng.lognormvariate(9.0, 1.5)), 2_000_000)
    line = " ".join(rng.choices(WORDS, k=10)) + "\r\n"
    body = f"{mark(number)}\r\n{line * (size // len(line) + 1)}".encode()
    head = (
        f"Return-Path: <bounce@example.org>\r\nReceived: from a.example by b.example; {format_datetime(sent)}\r\n"
        f"From: {rng.choice(PEOPLE)}\r\nTo: {rng.choice(PEOPLE)}\r\n"
        f"Subject: {subject(number)}\r\nDate: {format_datetime(sent)}\r\n"
        f"Message-ID: <{number}@bench.example>\r\n{references}MIME-Version: 1.0\r\n"
    ).encode()
    if rng.random() < 0.2 and not small:
        edge = b"=_edge"
        return (
            head + b'Content-Type: multipart/mixed; boundary="=_edge"\r\n\r\n--' + edge
            + b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body[:400] + b"\r\n--" + edge
            + b'\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment; filename="a.pdf"'
            + b"\r\n\r\n%PDF-1.4\r\n" + body + b"\r\n--" + edge + b"--\r\n"
        )
    return head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body


@contextmanager
def served(count: int, *, small: bool = False, archived: int = 0) -> Iterator[tuple[Dovecot, DovecotUser]]:
    """A warm Dovecot whose one user has `count` messages in INBOX, all seen but the newest three.

    `archived`: so many in Archive, numbered from ARCHIVED.
    """
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="tmb", dir=base))
    directory.chmod(0o755)
    settings = {"mail_location": "maildir:~/Maildir", "mail_fsync": "never", "default_vsz_limit": "0"}
    server = Dovecot.start(directory / "d", settings=settings)
    user = server.new_user("bench")
    try:
        maildir = directory / "d" / "home" / user.name / "Maildir"
        fill_maildir(maildir, range(count), small=small)
        if archived:
            fill_maildir(maildir / ".Archive", range(ARCHIVED, ARCHIVED + archived), small=small)
        connection = user.imap()
        connection.select("INBOX")
        connection.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
        connection.logout()
        yield server, user
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def fill_maildir(maildir: Path, numbers: range, *, small: bool) -> None:
    """Write the messages as files, owned by the user the server runs as."""
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    for number in numbers:
        moment = int((FIRST + timedelta(minutes=number * 2)).timestamp())
        raw = message(number, small=small)
        flags = "" if number >= numbers.stop - 3 else "S"
        file = maildir / "cur" / f"{moment}.M{number}P1.bench,S={len(raw)},W={len(raw)}:2,{flags}"
        file.write_bytes(raw)
        os.utime(file, (moment, moment))
    if os.geteuid() == 0:
        account = _runner()
        os.chown(maildir.parent, account.pw_uid, account.pw_gid)
        for place in (maildir, *maildir.rglob("*")):
            os.chown(place, account.pw_uid, account.pw_gid)
