"""What an account whose mail lies here does with what the dispatcher passes on: its lane serves, its orders wait."""

from __future__ import annotations

from collections.abc import Callable

from tuimail.config import AccountConfig
from tuimail.engine.desk import Desk, Orders
from tuimail.engine.local.lane import LocalLane
from tuimail.model import EnvelopeId, MailboxId, Section


class LocalAtWork:
    """The half that POP3 and Maildir accounts share. All methods return at once."""

    def __init__(self, desk: Desk, demand: Callable[[EnvelopeId], bool] | None = None) -> None:
        """`demand`: fetch the whole of a message; False when that cannot be tried just now."""
        self._desk = desk
        self._orders = Orders()
        self._lane = LocalLane(desk, demand)

    @property
    def config(self) -> AccountConfig:
        """As it was when the account began to work."""
        return self._desk.account

    def watch(self, watching: bool) -> None:
        """Look for mail now and then, or only when asked."""
        self._orders.watch(watching)

    def wake(self) -> None:
        """Actions wait; no server need hear of them."""
        self._lane.wake()

    def show(self, mailbox: MailboxId | None) -> None:
        """This mailbox is on the screen; None for none of this account."""
        self._orders.show(mailbox)

    def sync(self, ticket: str) -> None:
        """Do everything that is due, and end the ticket."""
        self._lane.wake()
        self._orders.ask(ticket=ticket)

    def want(self, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        """Somebody looks at this."""
        self._lane.want(envelope_id, section, urgent=urgent)

    def unwant(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Nobody does any longer."""
        self._lane.unwant(envelope_id, section)

    def try_again(self) -> None:
        """A person changed something."""
        self._orders.ask(try_again=True)

    def renew(self) -> None:
        """The machine slept: look again."""
        self._orders.ask(renew=True)
