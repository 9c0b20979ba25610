"""Downloaded messages become durable and listed, in a thread of their own, while the next ones come.

One batch at a time: its files are synced and renamed, then one transaction makes its rows.
Only what `settled` returns is durable; whoever deletes on a server asks it first.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.local.describe import describe
from tuimail.engine.protocol import MailboxChanged, NewMail
from tuimail.errors import MailError, StoreError
from tuimail.model import EnvelopeId
from tuimail.store import Store
from tuimail.store.maildirs.local import Delivery
from tuimail.store.maildirs.maildir import Arriving

WAITING: Final = 1
"""Batches that may wait: more, and the download waits. Each message that is not filed holds a descriptor."""
PATIENCE_S: Final = 5.0


class Intake:
    """Takes batches of complete messages. One thread hands over, one works."""

    def __init__(self, desk: Desk, filed: Callable[[Sequence[EnvelopeId]], None]) -> None:
        """`filed` hears of every batch that is listed."""
        self._desk = desk
        self._filed = filed
        self._batches: queue.Queue[list[Arriving] | None] = queue.Queue(WAITING)
        self._fault: MailError | None = None
        self._durable: list[bytes] = []
        self._thread = threading.Thread(target=self._run, name=f"intake {desk.name}", daemon=True)
        self._thread.start()

    def submit(self, batch: list[Arriving], meanwhile: Callable[[], None]) -> None:
        """Hand a batch over; `meanwhile` is called every few seconds while the disk is busy.

        Raises what went wrong with an earlier batch; the batch is discarded then.
        """
        while True:
            if self._fault is not None:
                for arriving in batch:
                    arriving.discard()
                raise self._fault
            self._desk.hurry.set()
            try:
                self._batches.put(batch, timeout=PATIENCE_S)
            except queue.Full:
                meanwhile()
            else:
                return

    def settled(self, meanwhile: Callable[[], None]) -> list[bytes]:
        """The uidls of everything that is durable now, after all batches were worked off.

        Raises StoreError when a batch failed: then nothing is to be deleted, and no QUIT sent.
        """
        while self._fault is None:
            try:
                self._batches.put(None, timeout=PATIENCE_S)
            except queue.Full:
                meanwhile()
            else:
                break
        while self._thread.is_alive():
            self._thread.join(PATIENCE_S)
            if self._thread.is_alive():
                meanwhile()
            if self._fault is not None:
                self.close()
        if self._fault is not None:
            raise self._fault
        return list(self._durable)

    def close(self) -> None:
        """End after the batches that were handed over: whole messages are not thrown away."""
        if self._thread.is_alive():
            self._batches.put(None)
            self._thread.join()
        self._desk.hurry.clear()

    # --- the thread ---------------------------------------------------------------

    def _run(self) -> None:
        try:
            with Store.open(self._desk.paths) as store:
                delivery = store.local.delivery(self._desk.name)
                while (batch := self._batches.get()) is not None:
                    self._take(delivery, batch)
                    if self._batches.empty():
                        self._desk.hurry.clear()
        except MailError as exc:
            self._fail(exc)
        except Exception as exc:  # noqa: BLE001 - the top of the thread
            self._desk.log.fault("intake.fault", exc, account=self._desk.name)
            self._fail(StoreError("Something went wrong inside tuimail while mail was filed; see its log."))

    def _take(self, delivery: Delivery, batch: list[Arriving]) -> None:
        hold = self._desk.account.receive.quarantine
        try:
            described = [(arriving, describe(arriving.read(), hold=hold)) for arriving in batch]
        except BaseException:
            for arriving in batch:
                arriving.discard()
            raise
        ids = delivery.commit(described)
        self._durable += [arriving.uidl for arriving in batch if arriving.uidl is not None]
        self._desk.tell(MailboxChanged(delivery.mailbox_id))
        self._desk.tell(NewMail(self._desk.name, delivery.mailbox_id, len(ids)))
        self._filed(ids)

    def _fail(self, error: MailError) -> None:
        self._fault = error
        while (batch := self._batches.get()) is not None:
            for arriving in batch:
                arriving.discard()
