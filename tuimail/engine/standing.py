"""How an account stands: its status as people see it, the tickets that wait for it, and its pauses after trouble.

One of these is held by the loop of each account that has a server; only the loop's thread
uses it. What must not live here: what the loop does with a connection.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from tuimail.engine.desk import Asked, Desk, Orders
from tuimail.engine.protocol import PasswordWanted, StatusChanged, SyncEnded
from tuimail.errors import AuthError, MailError, ServerRefused, StoreError
from tuimail.mime.clean import clean_line
from tuimail.model import AccountStatus
from tuimail.store import Store

STORE_TROUBLE_S: Final = 30.0
"""A full disk is looked at again so often."""
FAULT_S: Final = 300.0
"""After a fault of ours."""


class Standing:
    """Status, tickets and pauses of one account."""

    def __init__(
        self,
        desk: Desk,
        orders: Orders,
        ended: Callable[[list[str], str], None],
        gave_up: Callable[[str], None] | None = None,
    ) -> None:
        """`ended` takes tickets of `SyncNow` that came to nothing, and why; `gave_up` why nothing comes now."""
        self._desk = desk
        self._orders = orders
        self._ended = ended
        self._gave_up = gave_up
        self._failures = 0
        self._told = ""
        """Trouble that was only said, because it could not be written down."""
        self.status = AccountStatus.NEVER
        self.tickets: list[str] = []
        self.active = False
        """Whether the loop works on something."""

    @property
    def busy(self) -> bool:
        """Whether somebody's request is being worked on."""
        return self.active or bool(self.tickets) or self._orders.waiting

    def set(self, store: Store, status: AccountStatus, sentence: str) -> None:
        """Write the status down, and tell it."""
        self.status = status
        store.accounts.set_status(self._desk.name, status, sentence, at=int(self._desk.clock.wall()))
        self._told = ""
        self._desk.tell(StatusChanged(self._desk.name))

    def receive(self, asked: Asked) -> None:
        """Take the tickets of what was asked."""
        self.tickets += asked.tickets

    def went_well(self) -> None:
        """The next failure is the first one again."""
        self._failures = 0

    def settle(self, count: int) -> None:
        """The oldest `count` tickets are somebody else's now, or ended."""
        self.tickets = self.tickets[count:]

    def give_up_tickets(self, sentence: str) -> None:
        """End all tickets that wait."""
        tickets, self.tickets = self.tickets, []
        if tickets:
            self._ended(tickets, sentence)

    # --- trouble ----------------------------------------------------------------------

    def back_off(self, store: Store, error: MailError, *, at_least_s: float = 0.0) -> None:
        """The way to the server failed: say so, and pause; longer each time."""
        self._failures += 1
        chance = random.random()  # noqa: S311 - it spreads clients and hides nothing
        pause_s = max(at_least_s, back_off_s(self._failures, chance))
        self._desk.log.write(
            "account.trouble", account=self._desk.name, error=type(error).__name__, again_in=round(pause_s)
        )
        self._troubled(store, AccountStatus.OFFLINE, f"{in_words(error)} Trying again in {spoken_time(pause_s)}.")
        self.sleep(pause_s)

    def stop_for_a_person(self, store: Store, error: MailError) -> None:
        """Nothing that mends itself, a login or a certificate: wait until a person changed or asked something."""
        self._desk.log.write("account.stopped", account=self._desk.name, error=type(error).__name__)
        needs_password = isinstance(error, AuthError)
        status = AccountStatus.NEEDS_PASSWORD if needs_password else AccountStatus.FAILED
        self._troubled(store, status, error.sentence)
        if needs_password:
            self._desk.tell(PasswordWanted(self._desk.name, error.sentence))
        self.active = False
        while not (self._orders.stopping or self._orders.peek().try_again):
            self._orders.bell.wait(None)

    def store_trouble(self, store: Store, error: StoreError) -> None:
        """The store could not take something, a full disk for instance: say so there if it can, and pause."""
        self._desk.log.fault("account.store", error, account=self._desk.name)
        self._troubled(store, AccountStatus.OFFLINE, f"{error.sentence} {error.advice}".strip())
        self.sleep(STORE_TROUBLE_S)

    def untold_trouble(self, error: StoreError) -> None:
        """The status cannot be kept in the store, so whoever listens is told, once."""
        self._desk.offline = error.sentence
        self.receive(self._orders.take())
        if self._told != error.sentence:
            self._told = error.sentence
            self._desk.tell(SyncEnded(self._desk.name, f"{error.sentence} {error.advice}".strip()))
        self._give_up(error.sentence)
        self.sleep(STORE_TROUBLE_S)

    def fault(self, store: Store, exc: Exception) -> None:
        """A fault of ours must not end the account."""
        self._desk.log.fault("account.fault", exc, account=self._desk.name)
        self._troubled(store, AccountStatus.OFFLINE, "Something went wrong inside tuimail. It is tried again.")
        self.sleep(FAULT_S)

    def serve_broken(self, sentence: str) -> None:
        """The store cannot be opened: say so to everybody who asks, until the end."""
        self._desk.offline = sentence
        while not self._orders.stopping:
            self.receive(self._orders.take())
            self.give_up_tickets(sentence)
            self.rest(None)

    # --- pauses -----------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """A pause that a person or a woken machine ends."""
        until = self._desk.clock.monotonic() + seconds
        while (left := until - self._desk.clock.monotonic()) > 0 and not self._orders.stopping:
            asked = self._orders.peek()
            if asked.try_again or asked.renew or asked.knock:
                return
            self.active = False
            self._orders.bell.wait(left)

    def rest(self, seconds: float | None) -> None:
        """Sleep until the bell rings. `take` may have hushed the ring that said: end."""
        if not self._orders.stopping:
            self._orders.bell.wait(seconds)

    def _troubled(self, store: Store, status: AccountStatus, sentence: str) -> None:
        self._desk.offline = sentence
        self.set(store, status, sentence)
        self._give_up(sentence)

    def _give_up(self, sentence: str) -> None:
        if self._gave_up is not None:
            self._gave_up(sentence)
        self.give_up_tickets(sentence)


def in_words(error: MailError) -> str:
    """The sentence of an error, with the server's words where it refused."""
    if isinstance(error, ServerRefused) and error.words:
        return f"{error.sentence} The server says: {clean_line(error.words, 200)}."
    return error.sentence


def spoken_time(seconds: float) -> str:
    """`30 s` or `5 min`."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def back_off_s(failures: int, chance: float) -> float:
    """Seconds to wait after the nth failure in a row (from 1): 1 to 60, then five minutes, half of it by chance.

    `chance` is 0 to 1; it keeps many clients from coming back in the same moment.
    """
    whole = 300.0 if failures > 8 else min(60.0, 2.0 ** (failures - 1))
    return whole * (0.5 + chance / 2)
