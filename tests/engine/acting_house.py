"""Mail to act on, everything that can be asked of it, and what must be true afterwards, whatever went wrong.

The oracle is the server itself: the sha256 of every message in every mailbox. A message is
only where it was, or where it was to go; never in both, never nowhere; and nobody's mail
but the one acted on is touched.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

from tests.engine.conftest import Demo
from tests.engine.house import ACCOUNT, House, State, server_state
from tuimail.actions import (
    Action,
    Append,
    Copy,
    CreateMailbox,
    Expunge,
    Move,
    RenameMailbox,
    SetFlags,
    Subscribe,
    Target,
)
from tuimail.demo.mailstore import MailStore
from tuimail.model import EnvelopeId, Flag, MailboxId

Contents = dict[str, Counter[str]]
"""Mailbox to the sha256 of its messages, those left out that are marked as deleted."""

NAMES = ("flagged", "moved", "copied", "gone", "chained", "doomed", "bystander")


def letter(name: str, *, message_id: bool = True) -> bytes:
    """A small message with that subject."""
    known = f"Message-ID: <{name}@example.org>\r\n" if message_id else ""
    return (
        f"From: Ada <ada@example.org>\r\nTo: b@example.org\r\nSubject: {name}\r\n{known}"
        f"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n\r\nText of {name}.\r\n"
    ).encode()


def sha(raw: bytes) -> str:
    """Of a message."""
    return hashlib.sha256(raw).hexdigest()


def fill(demo: Demo) -> None:
    """The mail: one message for each wish, and one that another program has marked as deleted."""
    for name in NAMES:
        demo.deliver(letter(name, message_id=name != "copied"))
    inbox = demo.store.mailbox("INBOX")
    inbox.set_flags(inbox.messages[-1], ["\\Deleted"])
    other = demo.store.create("Other")
    other.append(letter("resident"), ["\\Seen"])
    demo.store.create("Old").append(letter("old"))
    for name, use in (("Trash", "\\Trash"), ("Sent", "\\Sent")):
        if name not in demo.store.names():
            demo.store.create(name, special_use=use)


def target(house: House, envelope_id: EnvelopeId) -> Target:
    """A message as it is now."""
    envelope = house.store.envelopes.envelope(envelope_id)
    assert envelope is not None
    return Target(envelope.id, envelope.mailbox_id, envelope.uid, envelope.uid_validity, envelope.message_id)


def do(house: House, *actions: Action) -> None:
    """What a key press does: the actions are durable, and shown."""
    assert house.store.deeds.do(list(actions), "Did something", at=1) is not None


def move(house: House, subject: str, to: str, source: str = "INBOX") -> Move:
    """A wish to move a message."""
    return Move(ACCOUNT, target(house, house.with_subject(subject, source)), house.mailbox(to).id)


def flag(house: House, subject: str, source: str = "INBOX", flags: int = Flag.FLAGGED) -> SetFlags:
    """A wish to flag a message."""
    return SetFlags(ACCOUNT, target(house, house.with_subject(subject, source)), add=int(flags))


def copy(house: House, subject: str, to: str) -> Copy:
    """A wish to copy a message."""
    return Copy(ACCOUNT, target(house, house.with_subject(subject)), house.mailbox(to).id)


def expunge(house: House, subject: str, source: str = "INBOX") -> Expunge:
    """A wish to remove a message for good."""
    return Expunge(ACCOUNT, target(house, house.with_subject(subject, source)))


def append(house: House, raw: bytes, to: str, message_id: str) -> Append:
    """A wish to file a message whose octets are here."""
    at = Target(EnvelopeId(0), house.mailbox(to).id, None, None, message_id)
    return Append(ACCOUNT, at, house.store.raws.keep(raw), flags=int(Flag.SEEN))


def make_wishes(house: House) -> None:
    """Everything at once: flag, move, copy, expunge, file, a chain of them, and mailboxes."""
    do(house, flag(house, "flagged"))
    do(house, move(house, "moved", "Other"))
    do(house, copy(house, "copied", "Other"))
    do(house, expunge(house, "gone"))
    do(house, move(house, "chained", "Other"))
    do(house, flag(house, "chained", "Other"))
    do(house, move(house, "chained", "Trash", "Other"))
    do(house, append(house, letter("sent"), "Sent", "<sent@example.org>"))
    old = house.mailbox("Old")
    do(house, RenameMailbox(ACCOUNT, old.id, "Old", "Older"))
    do(house, CreateMailbox(ACCOUNT, MailboxId(0), "New"))
    do(house, move(house, "doomed", "New"))
    do(house, Subscribe(ACCOUNT, house.mailbox("Other").id, "Other", subscribed=False))


def contents(store: MailStore) -> Contents:
    """What the server has."""
    return {
        name: Counter(sha(one.raw) for one in store.mailbox(name).messages if "\\Deleted" not in one.flags)
        for name in store.names() if store.mailbox(name).selectable
    }  # fmt: skip


def check_done(demo: Demo) -> None:
    """Everything was done, once."""
    check_contents(contents(demo.store))
    assert "\\Flagged" in flags_of(demo, "flagged", "INBOX")
    assert "\\Flagged" in flags_of(demo, "chained", "Trash")
    assert "Other" not in demo.store.subscriptions()


def check_contents(found: Contents) -> None:
    """Every message is where it was wished, once."""
    names = {sha(letter(name, message_id=name != "copied")): name for name in (*NAMES, "resident", "old", "sent")}
    told = {
        mailbox: sorted(names[one] for one in counted.elements()) for mailbox, counted in found.items() if counted
    }
    assert told == {
        "INBOX": ["copied", "flagged"],
        "Other": ["copied", "moved", "resident"],
        "Trash": ["chained"],
        "New": ["doomed"],
        "Older": ["old"],
        "Sent": ["sent"],
    }


def check_harmless(demo: Demo, *, midway: bool = False) -> None:
    """Each wish was carried out once or not at all, and nothing else happened.

    `midway`: a move by copy may have been cut between the copy and the removal.
    """
    found = contents(demo.store)
    total = sum(found.values(), Counter())

    in_two_places = 2 if midway else 1

    def at(name: str, *mailboxes: str, least: int = 1, most: int = 1) -> None:
        wanted = sha(letter(name, message_id=name != "copied"))
        places = {mailbox: counted[wanted] for mailbox, counted in found.items() if counted[wanted]}
        assert least <= total[wanted] <= most, f"{name}: {places}"
        assert set(places) <= set(mailboxes), f"{name}: {places}"

    at("flagged", "INBOX")
    at("moved", "INBOX", "Other", most=in_two_places)
    at("copied", "INBOX", "Other", most=2)
    at("gone", "INBOX", least=0)
    at("chained", "INBOX", "Other", "Trash", most=in_two_places)
    at("doomed", "INBOX", "New", most=in_two_places)
    at("resident", "Other")
    at("old", "Old", "Older")
    at("sent", "Sent", least=0)
    assert flags_of(demo, "bystander", "INBOX") == {"\\Deleted"}, "somebody else's mark was used or taken"
    assert flags_of(demo, "resident", "Other") == {"\\Seen"}


def flags_of(demo: Demo, name: str, mailbox: str) -> frozenset[str]:
    """Of the one message with that content."""
    wanted = sha(letter(name, message_id=name != "copied"))
    (found,) = [one for one in demo.store.mailbox(mailbox).messages if sha(one.raw) == wanted]
    return found.flags


def check_agreed(house: House, server: Demo, *, hides_deleted: bool = False) -> None:
    """Store and server have the same, message by message. `hides_deleted`: what it could not remove is not shown."""
    here, there = house.state(), server_state(server)
    if hides_deleted:
        here, there = _shown(here), _shown(there)
    assert here == there
    assert house.store.check() == []


def _shown(state: State) -> State:
    return {
        mailbox: {uid: told for uid, told in messages.items() if "\\deleted" not in told[0]}
        for mailbox, messages in state.items()
    }


def waiting(house: House) -> Sequence[object]:
    """What still waits."""
    return house.store.pending.all()


Wish = Callable[[House], Action]
