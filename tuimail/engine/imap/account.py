"""One account at work: its loop, its lane and its uploads, behind one handle for the dispatcher."""

from __future__ import annotations

from collections.abc import Callable

from tuimail.config import AccountConfig
from tuimail.engine.desk import Desk, Orders
from tuimail.engine.imap.lane import FetchLane
from tuimail.engine.imap.loop import AccountLoop
from tuimail.engine.imap.uploads import Uploads
from tuimail.model import EnvelopeId, MailboxId, Section


class AccountAtWork:
    """Everything that happens for one IMAP account. All methods return at once."""

    def __init__(self, desk: Desk, ended: Callable[[str, list[str], str], None]) -> None:
        """`ended` takes the account's name, tickets of `SyncNow`, and a sentence."""
        self._desk = desk
        self._orders = Orders()

        def tickets_ended(tickets: list[str], sentence: str) -> None:
            ended(desk.name, tickets, sentence)

        self._lane = FetchLane(desk, tickets_ended)
        self._uploads = Uploads(desk, self._orders, self._lane.fetch_ahead)
        self._loop = AccountLoop(
            desk, self._orders, synced=self._uploads.pass_on, ended=tickets_ended, upload=self._uploads.ask,
            online=self._lane.try_again,
        )

    def start(self) -> None:
        """Begin; it connects once somebody needs it."""
        self._lane.start()
        self._loop.start()

    def stop(self) -> None:
        """Begin to end."""
        self._orders.stop()
        self._lane.stop()
        self._uploads.stop()
        self._loop.hang_up()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of all threads."""
        self._loop.join(timeout_s)
        self._lane.join(timeout_s)
        self._uploads.join(timeout_s)

    @property
    def config(self) -> AccountConfig:
        """As it was when the account began to work."""
        return self._desk.account

    @property
    def busy(self) -> bool:
        """Whether it works on something that was asked for."""
        return self._loop.busy or self._lane.busy or self._uploads.busy

    @property
    def pressing(self) -> bool:
        """Whether somebody waits for what it does."""
        return self.busy

    @property
    def looking_at(self) -> None:
        """Nothing is looked at by itself here."""

    def watch(self, watching: bool) -> None:
        """Stay connected, or only connect when asked."""
        self._orders.watch(watching)

    def wake(self) -> None:
        """Actions wait."""
        self._orders.ask(wake=True)

    def show(self, mailbox: MailboxId | None) -> None:
        """This mailbox is on the screen; None for none of this account."""
        self._orders.show(mailbox)

    def sync(self, ticket: str) -> None:
        """Do everything that is due, and end the ticket."""
        self._orders.ask(ticket=ticket)

    def credential(self, secret: str) -> None:
        """A person typed the password."""
        self._desk.secrets.type(secret)
        self._orders.ask(try_again=True)

    def want(self, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        """Somebody looks at this; an account that is just waiting out a failure tries again for it."""
        if urgent and self._desk.offline:
            self._orders.ask(knock=True)
        self._lane.want(envelope_id, section, urgent=urgent)

    def unwant(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Nobody does any longer."""
        self._lane.unwant(envelope_id, section)

    def search(self, query: str, ticket: str) -> None:
        """Look for it on the server; an account that is just waiting out a failure tries again for it."""
        if self._desk.offline:
            self._orders.ask(knock=True)
        self._lane.search(query, ticket)

    def try_again(self) -> None:
        """A person changed something."""
        self._orders.ask(try_again=True)

    def renew(self) -> None:
        """The machine slept: give up every connection and make new ones."""
        self._loop.renew()
        self._lane.renew()
        self._uploads.renew()
