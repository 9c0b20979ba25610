"""What other threads want of a sender, and the bell that says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tuimail.engine.link.bell import Bell


@dataclass(slots=True)
class SendAsked:
    """What was asked since the sender last looked."""

    wake: bool = False
    """Look into the outbox."""
    knock: bool = False
    """There may be a network again."""
    password: bool = False
    """A person typed one, or changed the configuration."""
    tickets: list[str] = field(default_factory=list)
    """Of `SyncNow`."""

    @property
    def is_asked_by_a_person(self) -> bool:
        """Whether it is more than a change of the account's state."""
        return self.wake or self.may_have_network

    @property
    def may_have_network(self) -> bool:
        """Whether somebody waits, so that what waits for a network is tried whatever the chances."""
        return bool(self.tickets) or self.password


class SendOrders:
    """Asked from any thread, taken by one."""

    def __init__(self, filed: Callable[[], None]) -> None:
        """`filed`: actions wait that put copies into Sent."""
        self.bell = Bell()
        self.filed = filed
        self.stopping = False
        self._lock = threading.Lock()
        self._asked = SendAsked(wake=True)

    def ask(
        self, *, wake: bool = False, knock: bool = False, password: bool = False, ticket: str | None = None
    ) -> None:
        """Add to what is asked, and ring."""
        with self._lock:
            self._asked.wake |= wake
            self._asked.knock |= knock
            self._asked.password |= password
            if ticket is not None:
                self._asked.tickets.append(ticket)
        self.bell.ring()

    @property
    def waiting(self) -> bool:
        """Whether anything was asked that the sender has not taken."""
        asked = self._asked
        return asked.wake or asked.password or bool(asked.tickets)

    def take(self) -> SendAsked:
        """What was asked; from now on it is the caller's to do."""
        self.bell.hush()
        with self._lock:
            asked, self._asked = self._asked, SendAsked()
        return asked

    def stop(self) -> None:
        """End for good."""
        self.stopping = True
        self.bell.ring()
