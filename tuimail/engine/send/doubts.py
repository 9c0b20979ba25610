"""Messages of which nobody knows whether they were sent: what can be found out, and what a person is asked.

A message comes here when the line broke, or tuimail ended, after the octets without which no
server takes it. It is never sent again from here.
"""

from __future__ import annotations

from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.protocol import OutboxChanged
from tuimail.engine.send.evidence import look
from tuimail.engine.send.plan import left_out
from tuimail.model import OutboxId, OutState
from tuimail.store import Store

CRASHED: Final = "tuimail ended while the message was being handed over."
BROKEN: Final = "The line broke before the server said whether it took the message."
_QUESTION: Final = "It may have been sent, and is not sent again by itself: say that it was sent, or send it again."

_OTHERS: Final = "Others have it, so the copy in Sent says nothing about these recipients."


class Doubts:
    """The doubts of one account. Used by one thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._looked: set[OutboxId] = set()
        """Looked for in Sent since this engine began."""

    def recover(self, store: Store, outbox_id: OutboxId) -> None:
        """One that was found SENDING: without its last octets nobody has it, and it waits again."""
        if store.sending.was_ending(outbox_id):
            store.sending.unknown(outbox_id, f"{CRASHED} {_QUESTION}")
        else:
            store.sending.back(outbox_id)
        self._desk.log.write("send.recovered", account=self._desk.name, id=outbox_id)
        self._changed()

    def arise(self, store: Store, outbox_id: OutboxId, why: str) -> None:
        """A line broke: written down first, then looked into."""
        store.sending.unknown(outbox_id, f"{why} {_QUESTION}")
        self._changed()
        self._look_for(store, outbox_id, why)

    def look_again(self, store: Store, *, everything: bool) -> dict[OutboxId, str]:
        """Look into Sent for those that were not looked for yet, or for all; what is still unknown, in sentences."""
        unknown: dict[OutboxId, str] = {}
        for outbox_id in store.sending.in_state(self._desk.name, OutState.UNKNOWN):
            if everything or outbox_id not in self._looked:
                self._look_for(store, outbox_id, BROKEN)
                item = store.outbox.get(outbox_id)
                if item is not None and item.state is OutState.UNKNOWN:
                    unknown[outbox_id] = item.sentence
        return unknown

    def _look_for(self, store: Store, outbox_id: OutboxId, why: str) -> None:
        """One that is found in Sent was sent; of any other nothing more is known."""
        item = store.outbox.get(outbox_id)
        if item is None or item.state is not OutState.UNKNOWN:
            return
        if item.of_recipients:
            self._looked.add(outbox_id)
            store.sending.unknown(outbox_id, f"{why} {_OTHERS} {_QUESTION}")
            self._changed()
            return
        found = look(self._desk, store, item.message_id)
        self._looked.add(outbox_id)
        if found.is_there:
            now = int(self._desk.clock.wall())
            left = left_out(item.refused, item, now)  # as it was known before the last octets went out
            said = f"{found.sentence} {left.sentence}".strip()
            store.sending.sent(outbox_id, "", left.refused, at=now, sentence=said, rest=left.rest)
        else:
            store.sending.unknown(outbox_id, f"{why} {found.sentence} {_QUESTION}")
        self._changed()

    def _changed(self) -> None:
        self._desk.tell(OutboxChanged(self._desk.name))
