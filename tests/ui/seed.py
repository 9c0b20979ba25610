"""A store with mail in it, and an app over it with a fake engine: screens without a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from textual.driver import Driver

from tests.ui.values import NOW
from tuimail.config.values import Config, UiConfig
from tuimail.engine.protocol import Notice, Request
from tuimail.mime.reading.readable import to_json
from tuimail.mime.reading.text import plain_to_readable
from tuimail.model import AccountName, AccountStatus, BodyState, EnvelopeId, Flag, MailboxId, ReadableText, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import ListedMailbox
from tuimail.ui.app import TuimailApp

WORK = AccountName("work")

LISTING = [
    ListedMailbox("INBOX", "/", Role.INBOX, uid_validity=1),
    ListedMailbox("Drafts", "/", Role.DRAFTS, uid_validity=1),
    ListedMailbox("Sent", "/", Role.SENT, uid_validity=1),
    ListedMailbox("Archive", "/", Role.ARCHIVE, uid_validity=1),
    ListedMailbox("Junk", "/", Role.JUNK, uid_validity=1),
    ListedMailbox("Trash", "/", Role.TRASH, uid_validity=1),
    ListedMailbox("Lists", "/", uid_validity=1, server_total=0, server_unread=0),
    ListedMailbox("Lists/debian-security", "/", uid_validity=1, server_total=812, server_unread=12),
    ListedMailbox("Lists/python-dev", "/", uid_validity=1, server_total=4410, server_unread=0),
    ListedMailbox("Receipts", "/", uid_validity=1, server_total=64, server_unread=0),
    ListedMailbox("Reisen/Zürich 2026", "/", uid_validity=1, server_total=9, server_unread=1),
]

BODY = """Ada,

shall we look at the second pass before lunch? The listing is attached, and the notes from last
time are at https://example.org/notes/compiler-pass-2 if you want to read ahead.

> On the first pass we collect the labels, and on the second one we resolve
> what was still open. I think that the table can be built in one go.
>> That was the plan in 1951 as well.

I am not so sure about that. Three things we should decide on Thursday:

  - whether the symbol table is kept between passes,
  - who writes the loader, and what it may assume about the tape,
  - what we do with the moth.

Grace

> -----Original Message-----
> From: Ada Byron
> Sent: Tuesday
>
> Dear Grace,
>
> could you have a look at the listing? I marked the places where the second
> pass goes over the table again, and I wonder whether it has to.
>
> Ada

--\x20
Rear Admiral Grace Hopper
"The wonderful thing about standards is that there are so many of them."
"""

STRUCTURE = (
    b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 1200 30 NIL NIL NIL NIL)'
    b'("APPLICATION" "PDF" ("NAME" "listing.pdf") NIL NIL "BASE64" 114000 NIL'
    b' ("ATTACHMENT" ("FILENAME" "listing.pdf")) NIL NIL)'
    b'("IMAGE" "PNG" ("NAME" "moth.png") NIL NIL "BASE64" 1640000 NIL'
    b' ("ATTACHMENT" ("FILENAME" "moth.png")) NIL NIL) "MIXED" ("BOUNDARY" "x") NIL NIL NIL)'
)

MAIL: Sequence[tuple[str, str, int, int, int, bool]] = (
    # sender, subject, minutes ago, flags, size, attachments
    ("Grace Hopper <grace@navy.example>", "Compiler review, Thursday", 12, 0, 1_760_000, True),
    ("Debian Security <security@debian.example>", "[SECURITY] [DSA 5821-1] linux security update", 71, 0, 9_100, False),
    ("Émile Lefèvre <emile@exemple.example>", "Réunion décalée à jeudi", 100, 0, 4_000, False),
    ("山田 太郎 <taro@example.jp>", "会議の予定について", 24 * 60, Flag.SEEN, 6_200, False),
    ("Katherine Johnson <kj@nasa.example>", "Re: Trajectory for the second burn", 26 * 60,
     Flag.SEEN | Flag.ANSWERED, 18_000, False),
    ("The Weekly Loom <news@loom.example>", "Twelve patterns for a quiet winter", 2 * 24 * 60, Flag.SEEN,
     84_000, False),
    ("Alan Turing <alan@bletchley.example>", "Re: On computable numbers, some corrections to the proof", 3 * 24 * 60,
     Flag.SEEN | Flag.FLAGGED, 22_000, True),
    ("Мария Иванова <maria@example.ru>", "Билеты на поезд", 4 * 24 * 60, Flag.SEEN, 210_000, True),
    ("noreply@bank.example", "[/] Your statement [@click=app.quit]is ready[/]", 5 * 24 * 60, Flag.SEEN, 12_000, False),
    ("Barbara Liskov <barbara@mit.example>", "Substitution, and lunch 🥪", 8 * 24 * 60, Flag.SEEN, 3_100, False),
    ("Radia Perlman <radia@example.net>", "Spanning tree poem", 12 * 24 * 60, Flag.SEEN | Flag.FLAGGED, 2_000, False),
    ("", "", 40 * 24 * 60, Flag.SEEN, 900, False),
    ("Edsger W. Dijkstra <ewd@example.nl>", "EWD 1305", 400 * 24 * 60, Flag.SEEN, 30_000, True),
)


def incoming(uid: int, sender: str, subject: str, minutes: int, flags: int, size: int, attached: bool) -> Incoming:
    """One message as an engine stores it."""
    name = sender.split(" <")[0]
    at = NOW - minutes * 60
    return Incoming(
        uid=uid, flags=int(flags), keywords="", modseq=None, received_at=at, size_octets=size,
        structure=STRUCTURE if attached else b"", has_attachments=attached, from_=sender, sender=name, reply_to="",
        to="Ada Byron <ada@example.org>, Alan Turing <alan@bletchley.example>", cc="", subject=subject, sent_at=at,
        message_id=f"<{uid}@example.org>", in_reply_to="", references="", list_id="", thread_id=uid,
    )  # fmt: skip


def seed(paths: Paths, mail: Sequence[tuple[str, str, int, int, int, bool]] = MAIL, *, bodies: bool = True) -> None:
    """An account with mailboxes, and mail in the inbox."""
    with Store.open(paths) as store:
        store.accounts.sync_names([(WORK, "ada@example.org", "imap")])
        store.accounts.set_synced(WORK, NOW - 480)
        store.accounts.set_status(WORK, AccountStatus.ONLINE, "", at=NOW - 480)
        store.mailboxes.apply_listing(WORK, LISTING)
        inbox = inbox_of(store)
        batch = [incoming(1000 - number, *each) for number, each in enumerate(mail)]
        store.envelopes.ingest(inbox, batch)
        store.mailboxes.set_synced(inbox, NOW - 480)
        for name in ("Drafts", "Sent", "Archive", "Junk", "Trash"):
            found = store.mailboxes.find(WORK, name)
            assert found is not None
            store.mailboxes.set_synced(found.id, NOW - 480)
        if bodies:
            for position in range(min(len(mail), 20)):
                put_text(store, store.envelopes.window(inbox, position, 1).rows[0].id, plain_to_readable(BODY))


def put_text(store: Store, envelope_id: EnvelopeId, readable: ReadableText, kind: str = "text") -> None:
    """Store a readable text as an engine does."""
    store.parts.put_text(envelope_id, kind, to_json(readable))
    store.envelopes.set_body_state(envelope_id, BodyState.TEXT)


def inbox_of(store: Store) -> MailboxId:
    """The inbox."""
    found = store.mailboxes.with_role(WORK, Role.INBOX)
    assert found is not None
    return found.id


class FakeEngine:
    """Keeps what it was told; says what a test says through it."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self.say: Callable[[Notice], None] = lambda _: None

    def join(self, hear: Callable[[Notice], None]) -> FakeEngine:
        """As `Office.join`."""
        self.say = hear
        return self

    def send(self, request: Request) -> None:
        """Keep it."""
        self.heard.append(request)

    def close(self) -> None:
        """Nothing to leave."""


def make_app(
    paths: Paths,
    *,
    engine: FakeEngine | None = None,
    theme: str = "tuimail-dark",
    mark_seen_after_s: float = 1_000_000_000.0,
    now: Callable[[], float] = lambda: NOW,
    driver: type[Driver] | None = None,
    config: Config | None = None,
    mailto: str = "",
) -> TuimailApp:
    """The app over a store, with a clock that stands; without `config`, no account can write."""
    wishes = UiConfig(theme=theme, mark_seen_after_s=mark_seen_after_s)
    told = replace(config, ui=wishes) if config else Config(ui=wishes, accounts={}, file=Path("config.toml"))
    fake = engine or FakeEngine()
    return TuimailApp(Store.open(paths), paths, told, fake.join, clock=now, mailto=mailto, driver=driver)
