"""The life of a `maildir` account: a directory that other programs deliver into, looked at again and again.

One thread an account, beside the lane that serves what is here. A look costs two `stat`
a folder while nothing changed, so it is done every few seconds while somebody looks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tuimail.engine.at_store import keep_at_it
from tuimail.engine.desk import Desk
from tuimail.engine.local.at_work import LocalAtWork
from tuimail.engine.local.describe import describe
from tuimail.engine.protocol import MailboxChanged, StatusChanged, TreeChanged
from tuimail.engine.standing import STORE_TROUBLE_S
from tuimail.errors import MailError, StoreError
from tuimail.model import AccountStatus, MailboxId
from tuimail.store import Store

SHOWN_S: Final = 3.0
"""How often a mailbox on the screen is looked at."""
WATCHED_S: Final = 15.0
"""How often the others are."""


class MaildirAtWork(LocalAtWork):
    """Everything that happens for one Maildir account. All methods return at once."""

    def __init__(self, desk: Desk, ended: Callable[[str, list[str], str], None]) -> None:
        """`ended` takes the account's name, tickets of `SyncNow`, and a sentence."""
        super().__init__(desk)
        self._ended = ended
        self._tickets: list[str] = []
        self._active = True
        self._revisions: dict[MailboxId, int] = {}
        self._thread = threading.Thread(target=self._run, name=f"account {desk.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._lane.start()
        self._thread.start()

    def stop(self) -> None:
        """Begin to end."""
        self._orders.stop()
        self._lane.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of both threads."""
        self._thread.join(timeout_s)
        self._lane.join(timeout_s)

    @property
    def busy(self) -> bool:
        """Whether it works on something that was asked for."""
        return self._active or bool(self._tickets) or self._orders.waiting or self._lane.busy

    @property
    def pressing(self) -> bool:
        """Whether somebody waits for what it does."""
        return self.busy

    @property
    def looking_at(self) -> None:
        """Nothing is looked at by itself here."""

    def credential(self, secret: str) -> None:
        """There is nothing to sign in to."""

    # --- the thread -------------------------------------------------------------------

    def _run(self) -> None:
        keep_at_it(
            self._desk, "maildir", self._once, stopping=lambda: self._orders.stopping,
            trouble=self._untold_trouble, broken=self._serve_broken,
        )
        self._active = False

    def _once(self, store: Store) -> None:
        """One look, and a pause."""
        self._active = True
        self._look(store)
        self._active = False
        self._rest(self._pause_s())

    def _rest(self, seconds: float | None) -> None:
        """Wait until the bell rings. `take` may have hushed the ring that said: end."""
        if not self._orders.stopping:
            self._orders.bell.wait(seconds)

    def _untold_trouble(self, error: StoreError) -> None:
        """The store cannot be used just now: say so to whoever waits, and look again later."""
        waiting, self._tickets = [*self._tickets, *self._orders.take().tickets], []
        if waiting:
            self._ended(self._desk.name, waiting, f"{error.sentence} {error.advice}".strip())
        self._active = False
        self._rest(STORE_TROUBLE_S)

    def _pause_s(self) -> float | None:
        if self._orders.waiting:
            return 0.0
        if not self._orders.watching:
            return None
        return SHOWN_S if self._orders.shown is not None else WATCHED_S

    def _look(self, store: Store) -> None:
        """Take in what changed on the disk, and end the tickets that were there before."""
        tickets = self._orders.take().tickets
        self._tickets = tickets
        receive = self._desk.account.receive
        sentence = ""
        try:
            findings = store.local.open_account(self._desk.name, receive.path)
            store.local.scan(self._desk.name, lambda raw: describe(raw, hold=receive.quarantine))
        except MailError as exc:
            sentence = f"{exc.sentence} {exc.advice}".strip()
            self._set_status(store, AccountStatus.FAILED, sentence)
        else:
            at = int(self._desk.clock.wall())
            store.accounts.set_synced(self._desk.name, at)
            self._set_status(store, AccountStatus.ONLINE, findings[0] if findings else "")
        self._tell_changes(store)
        self._tickets = []
        if tickets:
            self._ended(self._desk.name, tickets, sentence)

    def _tell_changes(self, store: Store) -> None:
        """Notices for every mailbox whose rows changed since the last look."""
        mailboxes = store.mailboxes.all(self._desk.name)
        revisions = {mailbox.id: mailbox.revision for mailbox in mailboxes}
        if revisions.keys() != self._revisions.keys():
            self._desk.tell(TreeChanged(self._desk.name))
        for mailbox in mailboxes:
            if self._revisions.get(mailbox.id) != mailbox.revision:
                self._desk.tell(MailboxChanged(mailbox.id))
        self._revisions = revisions

    def _set_status(self, store: Store, status: AccountStatus, sentence: str) -> None:
        known = store.accounts.get(self._desk.name)
        if known is not None and (known.status, known.sentence) == (status, sentence):
            return
        store.accounts.set_status(self._desk.name, status, sentence, at=int(self._desk.clock.wall()))
        self._desk.tell(StatusChanged(self._desk.name))

    def _serve_broken(self, sentence: str) -> None:
        """The store cannot be opened: say so to everybody who asks."""
        self._active = False
        while not self._orders.stopping:
            tickets, self._tickets = [*self._tickets, *self._orders.take().tickets], []
            if tickets:
                self._ended(self._desk.name, tickets, sentence)
            self._rest(None)
