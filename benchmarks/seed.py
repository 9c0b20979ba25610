"""A store filled without a server: one account whose mailboxes hold as many messages as wanted."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from benchmarks import corpus, peers
from tuimail.model import AccountName, AccountStatus, Flag, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import ListedMailbox, SyncPoint

BATCH = 2000


def incoming(number: int) -> Incoming:
    """What a first sync would have delivered for message `number`."""
    rng = random.Random(number)
    person = rng.choice(["Ada Byron", "Grace Hopper", "Alan Turing", "Émile Lefèvre", "山田 太郎", "Debian Security"])
    moment = int((corpus.FIRST + timedelta(minutes=number * 2)).timestamp())
    return Incoming(
        uid=number + 1, flags=int(Flag.SEEN) if number % 50 else 0, keywords="", modseq=None, received_at=moment,
        size_octets=rng.randint(800, 60_000), structure=b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 2000 40)',
        has_attachments=number % 9 == 0, from_=f"{person} <x@example.org>", sender=person, reply_to="",
        to="Ada Byron <ada@example.org>", cc="", subject=corpus.subject(number), sent_at=moment,
        message_id=f"<{number}@bench.example>", in_reply_to="", references="", list_id="", thread_id=number,
    )


def fill(paths: Paths, count: int, beside: int = 0) -> None:
    """Make the store of one account `bench` with `count` messages in INBOX, and `beside` in each of the others."""
    paths.make()
    account = AccountName("bench")
    with Store.open(paths) as store:
        store.accounts.sync_names([(account, "ada@example.org", "imap")])
        listed = [
            ListedMailbox(name, "/", role, True, True, None, None, 1, count + 1, None)
            for name, role in (("INBOX", Role.INBOX), ("Sent", Role.SENT), ("Archive", Role.ARCHIVE))
        ]
        store.mailboxes.apply_listing(account, listed)
        for role in (Role.INBOX, Role.SENT, Role.ARCHIVE):
            mailbox = store.mailboxes.with_role(account, role)
            assert mailbox is not None
            wanted = count if role is Role.INBOX else beside
            for start in range(0, wanted, BATCH):
                batch = [incoming(number) for number in range(start, min(start + BATCH, wanted))]
                store.envelopes.ingest(mailbox.id, batch)
            if wanted:
                store.mailboxes.set_sync_point(mailbox.id, SyncPoint(1, wanted + 1, None, 1))
                store.mailboxes.set_synced(mailbox.id, 1_790_000_000)
        store.accounts.set_status(account, AccountStatus.OFFLINE, "", at=1_790_000_000)


def seed_store(home: Path, count: int, beside: int = 0) -> peers.Peer:
    """tuimail with such a store, made unless it is there, and a server that nobody can reach."""
    peer = peers.tuimail_at(home, "127.0.0.1", 9, "nobody", "nothing", offline="none")
    paths = Paths.from_environment(peer.environ)
    if not paths.mail_db.exists():
        fill(paths, count, beside)
    return peer
