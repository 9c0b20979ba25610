"""What the threads of one account share: places, configuration, clocks, secrets, and whom to tell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tuimail.config import AccountConfig, AuthKind
from tuimail.engine.children.convert import Converter
from tuimail.engine.children.examine import Examiner
from tuimail.engine.clock import Clock
from tuimail.engine.link.bell import Bell
from tuimail.engine.log import Log
from tuimail.engine.protocol import Notice
from tuimail.model import AccountName, MailboxId
from tuimail.net.credentials import auth
from tuimail.paths import Paths


@dataclass(slots=True)
class Desk:
    """One account's shared things. The configuration is replaced whole, never changed."""

    paths: Paths
    account: AccountConfig
    clock: Clock
    log: Log
    tell: Callable[[Notice], None]
    converter: Converter
    examiner: Examiner = field(default_factory=lambda: Examiner(Log(None)))
    """Of attachments that are held."""
    secrets: Secrets = field(init=False)
    offline: str = ""
    """Why the account cannot be reached just now, in a sentence; empty when it can be tried."""
    hurry: threading.Event = field(default_factory=threading.Event)
    """Set while mail that was downloaded waits to be filed: what nobody waits for gives way."""

    def __post_init__(self) -> None:
        self.secrets = Secrets()

    @property
    def name(self) -> AccountName:
        """The account."""
        return self.account.name


class Secrets:
    """A password of one account, for receiving or for sending: typed for this run, or found once and kept in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._typed: str | None = None
        self._found: str | None = None

    def type(self, secret: str) -> None:
        """A person typed it."""
        with self._lock:
            self._typed = secret
            self._found = None

    def forget(self) -> None:
        """It was refused, or the configuration changed: ask the keyring or the command again."""
        with self._lock:
            self._typed = self._found = None

    def password(self, account: AccountConfig) -> str:
        """The password or access token for receiving; raises AuthError, with `password_missing` when there is none."""
        if account.receive.auth is AuthKind.OAUTH2:
            return auth.find_password(account, "receive", session={})  # a token is good for an hour at most
        return self.kept(lambda: auth.find_password(account, "receive", session={}))

    def kept(self, find: Callable[[], str]) -> str:
        """What was typed, else what `find` gave the first time."""
        with self._lock:
            if self._typed is not None:
                return self._typed
            if self._found is None:
                self._found = find()
            return self._found


@dataclass(slots=True)
class Asked:
    """What an account's loop was asked since it last looked."""

    renew: bool = False
    """Every connection is suspect: make new ones."""
    wake: bool = False
    """Actions wait."""
    try_again: bool = False
    """A person changed or asked for something: no back-off, no sulking."""
    knock: bool = False
    """Somebody wants something: a back-off is over, but nothing that waits for a person."""
    tickets: list[str] = field(default_factory=list)
    """Of `SyncNow`."""


class Orders:
    """What other threads want of an account's loop, and the bell that says so."""

    def __init__(self) -> None:
        self.bell = Bell()
        self._lock = threading.Lock()
        self._asked = Asked()
        self._looks: set[MailboxId] = set()
        self.stopping = False
        self.watching = False
        self.shown: MailboxId | None = None

    def stop(self) -> None:
        """End the loop for good."""
        self.stopping = True
        self.bell.ring()

    def watch(self, watching: bool) -> None:
        """Somebody looks, or nobody does any longer."""
        if self.watching != watching:
            self.watching = watching
            self.bell.ring()

    def show(self, mailbox: MailboxId | None) -> None:
        """This mailbox of the account is on the screen; None for none of it."""
        if self.shown != mailbox:
            self.shown = mailbox
            self.bell.ring()

    def ask(
        self,
        *,
        renew: bool = False,
        wake: bool = False,
        try_again: bool = False,
        knock: bool = False,
        ticket: str | None = None,
    ) -> None:
        """Add to what is asked, and ring."""
        with self._lock:
            self._asked.knock |= knock
            self._asked.renew |= renew
            self._asked.wake |= wake
            self._asked.try_again |= try_again or ticket is not None
            if ticket is not None:
                self._asked.tickets.append(ticket)
        self.bell.ring()

    @property
    def waiting(self) -> bool:
        """Whether anything at all was asked."""
        asked = self._asked
        return asked.renew or asked.wake or asked.try_again or bool(asked.tickets)

    def peek(self) -> Asked:
        """What was asked, left where it is."""
        return self._asked

    def look(self, mailbox: MailboxId) -> None:
        """Something came or changed in this mailbox."""
        with self._lock:
            self._looks.add(mailbox)
        self.bell.ring()

    def take_looks(self) -> set[MailboxId]:
        """The mailboxes in which something happened."""
        with self._lock:
            looks, self._looks = self._looks, set()
        return looks

    def take_wake(self) -> bool:
        """Whether actions wait; only this wish is taken."""
        with self._lock:
            wake, self._asked.wake = self._asked.wake, False
        return wake

    def take(self) -> Asked:
        """What was asked; from now on it is the caller's to do."""
        self.bell.hush()
        with self._lock:
            asked, self._asked = self._asked, Asked()
        return asked

