"""What happens to mail once it is here, beside the download: its text is made, what is held of it is examined.

A thread of its own, because an examination may take seconds. All of it can be done again
at any time, so a crash in the middle costs nothing: what was not examined says so, and is
examined after the next start. Examined octets leave the message for nobody but the
examination's child process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from tuimail.engine.desk import Desk
from tuimail.engine.link.bell import Bell
from tuimail.engine.local.bodies import LocalBodies
from tuimail.engine.protocol import MailboxChanged
from tuimail.errors import MailError, MessageProblem
from tuimail.mime.decoding.headers import parse_addresses
from tuimail.mime.decoding.transfer import decode_transfer
from tuimail.mime.examining.verdicts import Context
from tuimail.model import Envelope, EnvelopeId
from tuimail.store import Store
from tuimail.store.holding.quarantine import HeldPart

REMEMBERED: Final = 5000
"""Messages whose senders are known ones."""
LEFT_OVER: Final = 1000
BATCH: Final = 16
"""Messages whose texts are made in one go."""
GLANCE_S: Final = 0.02
GIVES_WAY_S: Final = 0.3
"""So long at most for each message while a download has more to do than it can: that is what somebody waits for."""


class Arrivals:
    """Looks at a few messages after the other, in a thread that begins with the first."""

    def __init__(self, desk: Desk, *, makes_text: bool) -> None:
        """`makes_text`: before anybody opens a message, so that it can be searched."""
        self._desk = desk
        self._makes_text = makes_text
        self._bell = Bell()
        self._waiting: deque[EnvelopeId] = deque()
        self._at_work = False
        self._looks_at: EnvelopeId | None = None
        self._stopping = threading.Event()
        self._senders: dict[str, set[EnvelopeId]] | None = None
        self._thread = threading.Thread(target=self._run, name=f"arrivals {desk.name}", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier run left over."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to end."""
        self._stopping.set()
        self._bell.ring()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def add(self, envelope_ids: Iterable[EnvelopeId]) -> None:
        """These came."""
        self._waiting.extend(envelope_ids)
        self._bell.ring()

    @property
    def busy(self) -> bool:
        """Whether there is something to look at."""
        return self._thread.is_alive() and (self._at_work or bool(self._waiting))

    @property
    def oldest(self) -> EnvelopeId | None:
        """The one that is looked at, else the next; None when all were."""
        if not self.busy:
            return None
        at = self._looks_at
        try:
            return self._waiting[0] if at is None else at
        except IndexError:
            return self._looks_at

    # --- the thread ---------------------------------------------------------------

    def _run(self) -> None:
        try:
            with Store.open(self._desk.paths) as store:
                bodies = LocalBodies(store, self._desk)
                held = store.quarantine.unexamined(LEFT_OVER, self._desk.name)
                self._waiting.extend(dict.fromkeys(part.envelope_id for part in held))
                while not self._stopping.is_set():
                    if self._waiting:
                        self._at_work = True
                        many = min(BATCH, len(self._waiting))
                        self._give_way(GIVES_WAY_S * many)
                        self._looks_at = self._waiting[0]
                        self._look_at(store, bodies, [self._waiting.popleft() for _ in range(many)])
                    else:
                        self._looks_at = None
                        self._at_work = False
                        self._bell.wait(None)
        except Exception as exc:  # noqa: BLE001 - the top of the thread
            self._desk.log.fault("arrivals.fault", exc, account=self._desk.name)

    def _give_way(self, longest_s: float) -> None:
        """Let a download go first, but not for ever: on a slow disk it always has something to do."""
        until = time.monotonic() + longest_s
        while self._desk.hurry.is_set() and time.monotonic() < until and not self._stopping.is_set():
            self._stopping.wait(GLANCE_S)

    def _look_at(self, store: Store, bodies: LocalBodies, batch: Sequence[EnvelopeId]) -> None:
        for envelope_id in batch:
            with self._minded(envelope_id):
                self._examine_all(store, envelope_id)
        if self._makes_text:
            with self._minded(batch[0]):
                bodies.make_texts(batch)

    @contextmanager
    def _minded(self, envelope_id: EnvelopeId) -> Iterator[None]:
        """No message may end the thread."""
        try:
            yield
        except MessageProblem:
            return  # it moved or went meanwhile
        except MailError as exc:
            self._desk.log.fault("arrivals.store", exc, account=self._desk.name)
        except Exception as exc:  # noqa: BLE001 - as it says
            self._desk.log.fault("arrivals.message", exc, account=self._desk.name, envelope=envelope_id)

    def _examine_all(self, store: Store, envelope_id: EnvelopeId) -> None:
        envelope = store.envelopes.envelope(envelope_id)
        if envelope is None:
            return
        held = [part for part in store.quarantine.of_message(envelope_id) if part.examined_at is None]
        for part in held:
            self._examine(store, part, self._context(store, envelope))
        if held:
            self._desk.tell(MailboxChanged(envelope.mailbox_id))

    def _examine(self, store: Store, part: HeldPart, context: Context) -> None:
        encoded = store.quarantine.octets(part.envelope_id, part.section)
        examined = self._desk.examiner.examine_attachment(
            decode_transfer(encoded.octets, encoded.encoding),
            filename=part.filename, declared_type=part.declared_type, context=context,
        )  # fmt: skip
        store.quarantine.set_findings(
            part.envelope_id, part.section,
            verdict=examined.findings.verdict.words, reasons=examined.findings.reasons,
            real_type=examined.real_type, sha256=bytes.fromhex(examined.sha256), size_octets=examined.size_octets,
            at=int(self._desk.clock.wall()),
        )  # fmt: skip

    def _context(self, store: Store, envelope: Envelope) -> Context:
        if self._senders is None:
            self._senders = {}
            for known in store.envelopes.recent(None, REMEMBERED):
                self._senders.setdefault(_author(known), set()).add(known.id)
        wrote = self._senders.setdefault(_author(envelope), set())
        is_first = not wrote - {envelope.id}
        wrote.add(envelope.id)
        return Context(first_time_sender=is_first, from_list=bool(envelope.list_id))


def _author(envelope: Envelope) -> str:
    addresses = parse_addresses(envelope.from_)
    return addresses[0].address.lower() if addresses else ""
