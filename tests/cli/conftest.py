"""A home of its own for the real command line, and a store with mail in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tuimail.model import AccountName, Flag, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import ListedMailbox

CHECKOUT = Path(__file__).parents[2]
ACCOUNT = AccountName("work")
CONFIG = """\
[accounts.work]
address = "ada@example.org"
name = "Ada Byron"
[accounts.work.receive]
protocol = "imap"
host = "127.0.0.1"
port = 1
security = "none"
password_command = ["false"]
"""
PDF = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 120 4 NIL NIL NIL NIL)'
WITH_PDF = (
    b"(" + PDF + b'("APPLICATION" "PDF" ("NAME" "../../listing.pdf") NIL NIL "BASE64" 400 NIL '
    b'("ATTACHMENT" ("FILENAME" "../../listing.pdf")) NIL NIL) "MIXED" ("BOUNDARY" "x") NIL NIL NIL)'
)
HOSTILE = "red \x1b[31m\x1b]0;owned\x07 \u202egpj.exe\u202c \u009b1m [/] caf\udce9"


@dataclass
class Done:
    """What a run of the command line did."""

    code: int
    octets: bytes
    err: str

    @property
    def out(self) -> str:
        return self.octets.decode()

    def json(self) -> Any:
        """The output as JSON; Any: its shape is what tests look at."""
        return json.loads(self.octets)


class Home:
    """One person's directories, and the command line in them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.environ = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")},
            "HOME": str(directory),
            "XDG_CONFIG_HOME": str(directory / "config"),
            "XDG_DATA_HOME": str(directory / "data"),
            "XDG_STATE_HOME": str(directory / "state"),
            "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": str(CHECKOUT),
            "TERM": "xterm-256color",
            "TZ": "UTC",
        }
        self.paths = Paths.from_environment(self.environ)

    def run(self, *argv: object, stdin: bytes = b"", timeout: float = 60) -> Done:
        """Run the real program without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "tuimail", *map(str, argv)],
            env=self.environ, cwd=self.directory, input=stdin, capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip
        err = done.stderr.decode()
        assert "Traceback" not in err
        return Done(done.returncode, done.stdout, err)

    def configure(self, text: str = CONFIG) -> None:
        """Write the configuration."""
        self.paths.config_file.parent.mkdir(parents=True, exist_ok=True)
        self.paths.config_file.write_text(text)
        self.paths.config_file.chmod(0o600)

    def store(self) -> Store:
        """The store, for writing."""
        self.paths.make()
        return Store.open(self.paths)


def message(uid: int, subject: str, **more: Any) -> Incoming:
    """A message with likely values; Any: those of its fields."""
    values = Incoming(
        uid=uid, flags=0, keywords="", modseq=None, received_at=1_700_000_000 + uid * 3600, size_octets=1000 + uid,
        structure=PDF, has_attachments=False, from_="Grace Hopper <grace@navy.example>", sender="Grace Hopper",
        reply_to="", to="Ada Byron <ada@example.org>", cc="", subject=subject, sent_at=1_700_000_000 + uid * 3600,
        message_id=f"<{uid}@navy.example>", in_reply_to="", references="", list_id="", thread_id=uid,
    )  # fmt: skip
    return values._replace(**more)


def listed(name: str, role: Role = Role.NONE) -> ListedMailbox:
    """A mailbox as a server lists it."""
    return ListedMailbox(name, "/", role, True, True, None, None, 7, None, None)


def seed(store: Store) -> MailboxId:
    """Four mailboxes of `work`, and four messages in its inbox; the inbox."""
    store.accounts.sync_names([(ACCOUNT, "ada@example.org", "imap")])
    mailboxes = [listed("INBOX", Role.INBOX), listed("Sent", Role.SENT), listed("Lists/Café"), listed("Lists/Empty")]
    store.mailboxes.apply_listing(ACCOUNT, mailboxes)
    by_name = {mailbox.name: mailbox.id for mailbox in store.mailboxes.all()}
    inbox = by_name["INBOX"]
    batch = [
        message(1, "First things"),
        message(2, "会議の予定について", sender="山田 太郎", flags=int(Flag.SEEN)),
        message(3, HOSTILE, sender="\x1b]0;x\x07Mallory", flags=int(Flag.FLAGGED)),
        message(4, "A listing", structure=WITH_PDF, has_attachments=True, keywords="$Later"),
    ]
    store.envelopes.ingest(inbox, batch)
    store.envelopes.ingest(by_name["Sent"], [message(1, "Re: First things", sender="Ada Byron")])
    for mailbox_id in by_name.values():
        store.mailboxes.set_synced(mailbox_id, 1_700_100_000)
    return inbox


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "ada")


@pytest.fixture
def seeded(home: Home) -> Home:
    """A home with an account and mail; its server cannot be reached."""
    home.configure()
    with home.store() as store:
        seed(store)
    return home


@pytest.fixture
def ids(seeded: Home) -> Callable[[str], int]:
    """The ID of a message by a part of its subject."""

    def find(words: str) -> int:
        with seeded.store() as store:
            for mailbox in store.mailboxes.all():
                for row in store.envelopes.window(mailbox.id, 0, 100).rows:
                    if words in row.subject and "Re:" not in row.subject:
                        return row.id
        raise KeyError(words)

    return find
