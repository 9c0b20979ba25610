"""The mail that the embedded server serves: mailboxes, messages, flags and their history, in memory.

No protocol lives here. Every public method takes the store's lock, so a test may change a mailbox from its own thread
while the server answers a client; whoever needs several steps to be one holds `MailStore.lock` around them (it is
re-entrant). After a change the listeners are called, in the thread that made it, with the mailbox that changed.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")

Listener = Callable[["Mailbox"], None]


class NoSuchMailbox(LookupError):
    """The mailbox does not exist."""


class MailboxExists(ValueError):
    """The name is taken."""


@dataclass(slots=True, eq=False)
class Message:
    """One message. `flags` and `modseq` change, and only through its `Mailbox`."""

    uid: int
    raw: bytes
    """RFC 5322 octets with CRLF line ends."""
    internal_date: datetime
    flags: frozenset[str]
    modseq: int
    email_id: int
    """The same in every copy of this message (what OBJECTID and Gmail call its id)."""


@dataclass(slots=True, eq=False)
class Mailbox:
    """One mailbox; make it through `MailStore.create`."""

    name: str
    uid_validity: int
    lock: threading.RLock
    announce: Listener
    special_use: str | None = None
    """The attribute of RFC 6154, for example `\\Sent`."""
    selectable: bool = True
    uid_next: int = 1
    highest_modseq: int = 1
    messages: list[Message] = field(default_factory=list)
    """In ascending order of uid."""
    vanished: list[tuple[int, int]] = field(default_factory=list)
    """(modseq, uid) of every message that was expunged, oldest first."""
    next_email_id: int = 1

    def append(
        self,
        raw: bytes,
        flags: Iterable[str] = (),
        internal_date: datetime | None = None,
        email_id: int | None = None,
    ) -> Message:
        """Add a message at the end and give it the next uid. Bare LF becomes CRLF."""
        with self.lock:
            self.highest_modseq += 1
            if email_id is None:
                email_id = self.uid_validity * 1_000_000 + self.next_email_id
                self.next_email_id += 1
            message = Message(
                uid=self.uid_next,
                raw=with_crlf(raw),
                internal_date=internal_date or datetime.now(UTC).replace(microsecond=0),
                flags=frozenset(canonical_flag(flag) for flag in flags),
                modseq=self.highest_modseq,
                email_id=email_id,
            )
            self.uid_next += 1
            self.messages.append(message)
        self.announce(self)
        return message

    def set_flags(self, message: Message, flags: Iterable[str]) -> bool:
        """Replace the flags of a message; False when they already were so."""
        wanted = frozenset(canonical_flag(flag) for flag in flags)
        with self.lock:
            if wanted == message.flags:
                return False
            self.highest_modseq += 1
            message.flags = wanted
            message.modseq = self.highest_modseq
        self.announce(self)
        return True

    def expunge(self, uids: Iterable[int]) -> list[int]:
        """Remove messages for ever; the uids that were really there, ascending."""
        wanted = set(uids)
        with self.lock:
            gone = [message.uid for message in self.messages if message.uid in wanted]
            if not gone:
                return []
            self.highest_modseq += 1
            self.messages = [message for message in self.messages if message.uid not in wanted]
            self.vanished.extend((self.highest_modseq, uid) for uid in gone)
        self.announce(self)
        return gone

    def find(self, uid: int) -> Message | None:
        """The message with this uid, or None."""
        with self.lock:
            index = bisect_left(self.messages, uid, key=_uid)
            if index < len(self.messages) and self.messages[index].uid == uid:
                return self.messages[index]
            return None

    def copy_to(self, target: Mailbox, uids: Sequence[int]) -> list[tuple[int, int]]:
        """Copy messages in ascending order; (uid here, uid there) for each that exists."""
        with self.lock:
            pairs = []
            for uid in sorted(set(uids)):
                message = self.find(uid)
                if message is not None:
                    copied = target.append(message.raw, message.flags, message.internal_date, message.email_id)
                    pairs.append((uid, copied.uid))
            return pairs

    def vanished_since(self, modseq: int) -> list[int]:
        """The uids that were expunged after `modseq`, ascending."""
        with self.lock:
            return sorted(uid for when, uid in self.vanished if when > modseq)

    def renew_uid_validity(self, *, reverse: bool = False) -> None:
        """Give every message a new uid under a new UIDVALIDITY, as a server does that lost its index.

        reverse: number them the other way round, so that an old uid now means another message.
        """
        with self.lock:
            self.uid_validity += 1
            if reverse:
                self.messages.reverse()
            self.highest_modseq = 1
            self.vanished.clear()
            for uid, message in enumerate(self.messages, start=1):
                message.uid = uid
                message.modseq = 1
            self.uid_next = len(self.messages) + 1
        self.announce(self)

    def unseen(self) -> int:
        """How many messages lack `\\Seen`."""
        with self.lock:
            return sum("\\Seen" not in message.flags for message in self.messages)

    def size_octets(self) -> int:
        """All messages together."""
        with self.lock:
            return sum(len(message.raw) for message in self.messages)


class MailStore:
    """The mailboxes of one user."""

    def __init__(self, *, delimiter: str = "/", uid_validity: int = 1_700_000_000) -> None:
        """`delimiter` stands between levels of a name; `uid_validity` is the first mailbox's, later ones get higher
        ones."""
        self.lock = threading.RLock()
        self.delimiter = delimiter
        self._next_uid_validity = uid_validity
        self._mailboxes: dict[str, Mailbox] = {}
        self._listeners: list[Listener] = []
        self._subscribed: list[str] = []
        self.create("INBOX")

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; the answer is a function that ends it."""
        with self.lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self.lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def names(self) -> list[str]:
        """Every mailbox name, INBOX first, then by name."""
        with self.lock:
            return sorted(self._mailboxes, key=lambda name: (name != "INBOX", name))

    def mailbox(self, name: str) -> Mailbox:
        """The mailbox of this name (INBOX in any case); NoSuchMailbox when there is none."""
        with self.lock:
            found = self._mailboxes.get(self.canonical(name))
            if found is None:
                raise NoSuchMailbox(name)
            return found

    def canonical(self, name: str) -> str:
        """The stored spelling: RFC 3501 5.1 makes INBOX, and only it, case-insensitive."""
        first, delimiter, rest = name.partition(self.delimiter)
        return "INBOX" + delimiter + rest if first.upper() == "INBOX" else name

    def create(self, name: str, *, special_use: str | None = None, selectable: bool = True) -> Mailbox:
        """Make a mailbox, and its superiors where they are missing; MailboxExists when it is there."""
        name = self.canonical(name)
        with self.lock:
            existing = self._mailboxes.get(name)
            if existing is not None:
                if existing.selectable:
                    raise MailboxExists(name)
                existing.selectable = True
                self._announce(existing)
                return existing
            superior, delimiter, _ = name.rpartition(self.delimiter)
            if delimiter and superior not in self._mailboxes:
                self.create(superior, selectable=False)
            mailbox = Mailbox(name, self._fresh_uid_validity(), self.lock, self._announce, special_use)
            mailbox.selectable = selectable
            self._mailboxes[name] = mailbox
            self.subscribe(name)
        self._announce(mailbox)
        return mailbox

    def delete(self, name: str) -> None:
        """Remove a mailbox; one with children stays as a name that cannot be selected."""
        with self.lock:
            mailbox = self.mailbox(name)
            mailbox.expunge([message.uid for message in mailbox.messages])
            if self.children(mailbox.name):
                mailbox.selectable = False
            else:
                del self._mailboxes[mailbox.name]
        self._announce(mailbox)

    def rename(self, old: str, new: str) -> None:
        """Rename a mailbox with all its inferiors; renaming INBOX moves its messages (RFC 3501 6.3.5)."""
        with self.lock:
            source = self.mailbox(old)
            new = self.canonical(new)
            if new in self._mailboxes:
                raise MailboxExists(new)
            if source.name == "INBOX":
                target = self.create(new)
                uids = [message.uid for message in source.messages]
                source.copy_to(target, uids)
                source.expunge(uids)
                return
            old = source.name
            for name in [old, *self.children(old)]:
                mailbox = self._mailboxes.pop(name)
                mailbox.name = new + name[len(old) :]
                self._mailboxes[mailbox.name] = mailbox
            superior, delimiter, _ = new.rpartition(self.delimiter)
            if delimiter and superior not in self._mailboxes:
                self.create(superior, selectable=False)
        self._announce(source)

    def children(self, name: str) -> list[str]:
        """The names below `name`, at any depth."""
        prefix = name + self.delimiter
        with self.lock:
            return [other for other in self._mailboxes if other.startswith(prefix)]

    def subscribe(self, name: str) -> None:
        """Put the name on the list of LSUB, whether it exists or not."""
        with self.lock:
            if name not in self._subscribed:
                insort(self._subscribed, self.canonical(name))

    def unsubscribe(self, name: str) -> None:
        """Take the name off the list of LSUB."""
        with self.lock:
            if self.canonical(name) in self._subscribed:
                self._subscribed.remove(self.canonical(name))

    def subscriptions(self) -> list[str]:
        """The subscribed names, also those of mailboxes that are gone."""
        with self.lock:
            return list(self._subscribed)

    def _fresh_uid_validity(self) -> int:
        self._next_uid_validity += 1
        return self._next_uid_validity

    def _announce(self, mailbox: Mailbox) -> None:
        with self.lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(mailbox)


def canonical_flag(flag: str) -> str:
    """System flags in their usual spelling; keywords as they are."""
    for known in SYSTEM_FLAGS:
        if known.lower() == flag.lower():
            return known
    return flag


def with_crlf(raw: bytes) -> bytes:
    """The same octets with every line end as CRLF."""
    if b"\n" not in raw.replace(b"\r\n", b""):
        return raw
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _uid(message: Message) -> int:
    return message.uid
