"""An account at work, as the dispatcher sees it, whatever its protocol."""

from __future__ import annotations

from typing import Protocol

from tuimail.config import AccountConfig
from tuimail.model import EnvelopeId, MailboxId, Section


class AtWork(Protocol):
    """What the dispatcher needs of an account, whatever its protocol. All methods return at once."""

    @property
    def config(self) -> AccountConfig:
        """As it was when the account began to work."""

    @property
    def busy(self) -> bool:
        """Whether it works on something that was asked for."""

    @property
    def pressing(self) -> bool:
        """Whether somebody waits for what it does: mail that came is also looked at while nobody does."""

    @property
    def looking_at(self) -> EnvelopeId | None:
        """The oldest message that came and is still to be looked at; None when all were."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Begin to end."""

    def join(self, timeout_s: float) -> None:
        """Wait for the end of its threads."""

    def watch(self, watching: bool) -> None:
        """Keep everything fresh, or only work when asked."""

    def wake(self) -> None:
        """Actions wait."""

    def show(self, mailbox: MailboxId | None) -> None:
        """This mailbox is on the screen; None for none of this account."""

    def sync(self, ticket: str) -> None:
        """Do everything that is due, and end the ticket."""

    def credential(self, secret: str) -> None:
        """A person typed the password."""

    def want(self, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        """Somebody looks at this."""

    def unwant(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Nobody does any longer."""

    def try_again(self) -> None:
        """A person changed something."""

    def renew(self) -> None:
        """The machine slept."""
