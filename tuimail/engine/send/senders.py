"""The senders of all accounts, and tickets that end once an account's mail and its outbox are done.

What lives here: who sends for which account, through changes of the configuration. One
account never has two senders at work: a new one waits for the end of the old one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tuimail.config import Protocol
from tuimail.engine.at_work import AtWork
from tuimail.engine.desk import Desk, Secrets
from tuimail.engine.protocol import Notice, StatusChanged
from tuimail.engine.send.orders import SendOrders
from tuimail.engine.send.sender import Pass, Sender

FINAL_S = 5.0
"""How long the answer to a whole message is waited for at the end."""

Ended = Callable[[str, list[str], str], None]
"""Takes an account's name, tickets of `SyncNow`, and a sentence."""


class Senders:
    """One sender for each account that can send. All methods return at once, but for `close`."""

    def __init__(self, accounts: Callable[[str], AtWork | None], ended: Ended) -> None:
        """`accounts` finds who receives for an account; `ended` takes tickets of which both halves are done."""
        self._accounts = accounts
        self._at_work: dict[str, _Employed] = {}
        self._leaving: dict[str, list[Sender]] = {}
        self.tickets = _Tickets(self._again, self._later, ended)

    def employ(self, desk: Desk) -> None:
        """An account is set up, or was changed."""
        name = desk.name
        if desk.account.send is None:
            return
        self._leaving[name] = [sender for sender in self._leaving.get(name, []) if not sender.join(0)]
        orders = SendOrders(lambda: self._filed(name))
        secrets = Secrets()

        def ended(tickets: list[str], came_to: Pass) -> None:
            self.tickets.sent(name, tickets, came_to)

        sender = Sender(desk, orders, secrets, ended, after=self._leaving[name][-1:])
        self._at_work[name] = _Employed(sender, orders, secrets)
        sender.start()

    def dismiss(self, name: str) -> None:
        """An account is no longer set up as it was."""
        employed = self._at_work.pop(name, None)
        if employed is not None:
            employed.sender.stop()
            self._leaving.setdefault(name, []).append(employed.sender)
        self.tickets.drop(name)

    def wake(self, name: str) -> None:
        """Something waits in the outbox, or came out of it. "" for all accounts."""
        for employed in self._named(name):
            employed.orders.ask(wake=True, knock=True)

    def sync(self, name: str, ticket: str) -> None:
        """Send everything that is due; to be called before the mail of the same ticket is asked for."""
        employed = self._at_work.get(name)
        if employed is not None:
            self.tickets.begin(name, ticket)
            employed.orders.ask(ticket=ticket)

    def credential(self, name: str, secret: str) -> None:
        """A person typed the password for sending."""
        for employed in self._named(name):
            employed.secrets.type(secret)
            employed.orders.ask(password=True)

    def renew(self) -> None:
        """The machine slept."""
        for employed in self._named(""):
            employed.sender.renew()

    def hear(self, notice: Notice) -> None:
        """An account changed its state: where it is online, what waits for a network is tried."""
        if isinstance(notice, StatusChanged):
            employed = self._at_work.get(notice.account)
            account = self._accounts(notice.account)
            if employed is not None and account is not None and not employed.desk_offline():
                employed.orders.ask(knock=True)

    @property
    def busy(self) -> bool:
        """Whether anything is being sent, or is due soon."""
        return any(employed.sender.busy for employed in self._named(""))

    def close(self) -> None:
        """End them all; the answer to a message that is out is waited for a moment."""
        senders = [employed.sender for employed in self._named("")]
        for sender in senders:
            sender.stop()
        for sender in senders:
            sender.join(FINAL_S)

    def _named(self, name: str) -> list[_Employed]:
        if not name:
            return list(self._at_work.values())
        employed = self._at_work.get(name)
        return [employed] if employed is not None else []

    def _filed(self, name: str) -> None:
        account = self._accounts(name)
        if account is not None:
            account.wake()

    def _again(self, name: str, ticket: str) -> bool:
        """Have the account take its waiting actions along once more; whether its end is to be waited for."""
        account = self._accounts(name)
        if account is None or account.config.receive.protocol is not Protocol.IMAP:
            return False  # what waits for no server is done at once
        account.sync(ticket)
        return True


    def _later(self, name: str, ticket: str) -> bool:
        """Have the outbox looked into once more; whether its end is to be waited for."""
        employed = self._at_work.get(name)
        if employed is not None:
            employed.orders.ask(ticket=ticket)
        return employed is not None


@dataclass(frozen=True, slots=True)
class _Employed:
    sender: Sender
    orders: SendOrders
    secrets: Secrets

    def desk_offline(self) -> bool:
        return self.sender.is_offline


@dataclass(slots=True)
class _Halves:
    mail: bool = True
    """Still awaited; so is `send`."""
    send: bool = True
    again: bool = False
    """Actions came while the mail was being synced: once more."""
    later: bool = False
    """The outbox could not be finished before the mail was there: once more."""
    sentences: list[str] = field(default_factory=list)


class _Tickets:
    """Ends a ticket of an account when nothing of it is left to do."""

    def __init__(
        self, again: Callable[[str, str], bool], later: Callable[[str, str], bool], ended: Ended
    ) -> None:
        """`again` asks for the mail once more, `later` for the outbox."""
        self._again = again
        self._later = later
        self._ended = ended
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], _Halves] = {}

    def begin(self, name: str, ticket: str) -> None:
        with self._lock:
            self._open[name, ticket] = _Halves()

    def mail(self, name: str, tickets: list[str], sentence: str) -> None:
        """The mail half of these is done."""
        for ticket in tickets:
            with self._lock:
                halves = self._open.get((name, ticket))
                if halves is not None:
                    halves.mail = False
                    halves.again &= not sentence
                    halves.sentences.append(sentence)
            if halves is None:
                self._ended(name, [ticket], sentence)
            else:
                self._go_on(name, ticket, halves)

    def sent(self, name: str, tickets: list[str], came_to: Pass) -> None:
        """The other half is done."""
        for ticket in tickets:
            with self._lock:
                halves = self._open.get((name, ticket))
                if halves is None:
                    continue
                halves.send = False
                halves.again |= came_to.added
                halves.later = came_to.unfiled and halves.mail
                halves.sentences.append(came_to.sentence)
            self._go_on(name, ticket, halves)

    def drop(self, name: str) -> None:
        """Nobody works on these any longer; whoever dropped them ends them."""
        with self._lock:
            for key in [key for key in self._open if key[0] == name]:
                del self._open[key]

    def _go_on(self, name: str, ticket: str, halves: _Halves) -> None:
        """Once the mail half is done: what is left of both, or the end."""
        with self._lock:
            if halves.mail:
                return
            halves.mail, halves.again = halves.again, False
            later, halves.later = halves.later and not halves.mail, False
            halves.send |= later
        if halves.mail and self._again(name, ticket):
            return
        if later and self._later(name, ticket):
            return
        with self._lock:
            halves.mail = False
            halves.send &= not later
            if halves.send or self._open.pop((name, ticket), None) is None:
                return
        self._ended(name, [ticket], " ".join(dict.fromkeys(filter(None, halves.sentences))))
