"""The second thread of an account: what somebody wants to see, ahead of everything else.

Jobs are made of steps of one command each. After every step the most pressing job goes
on: the newest urgent want, then neighbours, then what `offline` asks for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tuimail.engine.at_store import OUR_FAULT, keep_at_it
from tuimail.engine.desk import Desk
from tuimail.engine.imap.ahead import Ahead
from tuimail.engine.imap.bodies import Bodies, Steps
from tuimail.engine.imap.ondemand import OnDemand
from tuimail.engine.imap.searching import Searches
from tuimail.engine.link.bell import Bell
from tuimail.engine.protocol import PartFailed
from tuimail.engine.standing import STORE_TROUBLE_S
from tuimail.engine.wants import BROKEN, Job, Jobs, Rank
from tuimail.errors import (
    ConnectionProblem,
    MailError,
    MessageProblem,
    ProtocolViolation,
    ServerRefused,
    StoreError,
)
from tuimail.mime.clean import clean_line
from tuimail.model import EnvelopeId, Section
from tuimail.store import Store

ATTEMPTS: Final = 2
HOUSEKEEPING_S: Final = 60.0
MAX_MISSED: Final = 20


class FetchLane:
    """Works off wants over a connection of its own."""

    def __init__(self, desk: Desk, ended: Callable[[list[str], str], None]) -> None:
        self._desk = desk
        self._ended = ended
        self._bell = Bell()
        self._jobs = Jobs()
        self._searches = Searches(desk)
        self._lock = threading.Lock()
        self._ahead_asked = False
        self._tickets: list[tuple[str, str]] = []
        self._missed: dict[tuple[EnvelopeId, Section], None] = {}
        """Wants that came to nothing because there was no connection, oldest first."""
        self._stopping = False
        self._broken = ""
        self._renewing = False
        self._connection: OnDemand | None = None
        self._thread = threading.Thread(target=self._run, name=f"bodies {desk.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for an answer that is on its way."""
        self._stopping = True
        self._hang_up()
        self._bell.ring()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def want(self, envelope_id: EnvelopeId, section: Section, *, urgent: bool) -> None:
        """Fetch it, soon."""
        if self._broken:
            self._desk.tell(PartFailed(envelope_id, section, self._broken))
            return
        self._jobs.add(envelope_id, section, Rank.URGENT if urgent else Rank.NEIGHBOUR)
        self._bell.ring()

    def search(self, query: str, ticket: str) -> None:
        """Look for it on the server, after what somebody opens."""
        self._searches.ask(query, ticket)
        if self._broken:
            self._searches.refuse_all(self._broken)
        self._bell.ring()

    def unwant(self, envelope_id: EnvelopeId, section: Section) -> None:
        """Nobody waits for it any longer; what is here of it stays."""
        self._jobs.remove(envelope_id, section)
        with self._lock:
            self._missed.pop((envelope_id, section), None)

    def try_again(self) -> None:
        """There is a connection again: want once more what could not be had without one."""
        with self._lock:
            missed, self._missed = self._missed, {}
        for envelope_id, section in missed:
            self._jobs.add(envelope_id, section, Rank.URGENT)
        self._bell.ring()

    def fetch_ahead(self, tickets: list[str], fault: str) -> None:
        """Headers are up to date: fetch what `offline` asks for, then end the tickets with `fault`."""
        with self._lock:
            self._tickets += [(ticket, fault) for ticket in tickets]
            self._ahead_asked = True
        self._bell.ring()
        if self._broken:
            self._end_tickets(self._broken)

    def renew(self) -> None:
        """The connection is suspect."""
        self._renewing = True
        self._hang_up()
        self._bell.ring()

    @property
    def busy(self) -> bool:
        """Whether somebody waits."""
        return bool(self._tickets) or self._searches.waiting or self._jobs.pick() is not None

    # --- the lane's thread ------------------------------------------------------

    def _run(self) -> None:
        keep_at_it(
            self._desk, "bodies", self._with_store, stopping=lambda: self._stopping,
            trouble=self._store_trouble, broken=self._break,
        )

    def _with_store(self, store: Store) -> None:
        try:
            self._connection = OnDemand(self._desk, store)
            bodies = Bodies(self._connection, store, self._desk)
            connection = self._connection
            self._work(
                bodies, Ahead(bodies, connection, store, self._desk),
                search=lambda: self._searches.step(connection, store),
            )
        finally:
            self._hang_up()

    def _store_trouble(self, error: StoreError) -> None:
        """The store cannot be used just now: say so to whoever waits, and try again when somebody asks, or later."""
        self._give_up(error.sentence)
        self._bell.wait(STORE_TROUBLE_S)

    def _break(self, sentence: str) -> None:
        self._broken = BROKEN if sentence == OUR_FAULT else sentence
        self._give_up(self._broken)
        while not self._stopping:
            self._bell.wait(None)

    def _give_up(self, sentence: str) -> None:
        self._ahead_asked = False
        self._searches.refuse_all(sentence)
        self._end_tickets(sentence)
        while (job := self._jobs.pick()) is not None:
            self._fail(job, sentence, missed=True)

    def _work(self, bodies: Bodies, ahead: Ahead, search: Callable[[], bool]) -> None:
        ahead_steps: Steps | None = None
        while not self._stopping:
            self._renewing = False
            job = self._jobs.pick()
            if job is not None:
                self._step(job, bodies)
                continue
            if search():
                continue
            if ahead_steps is None and self._take_ahead():
                ahead_steps = ahead.steps()
            if ahead_steps is not None:
                ahead_steps = self._step_ahead(ahead_steps)
                continue
            if self._connection is not None:
                self._connection.close_unused()
            self._bell.wait(HOUSEKEEPING_S)

    def _step(self, job: Job, bodies: Bodies) -> None:
        """One step of a job; a job that ended, well or not, is removed."""
        try:
            if job.steps is None:
                job.steps = bodies.want(job.envelope_id, job.section)
            next(job.steps)
        except StopIteration:
            self._jobs.remove(job.envelope_id, job.section)
        except (ConnectionProblem, ProtocolViolation) as exc:
            self._hang_up()
            job.steps = None
            job.attempts += 1
            if job.attempts >= ATTEMPTS and not self._renewing:
                self._fail(job, f"Not downloaded. {exc.sentence}", missed=True)
        except ServerRefused as exc:
            self._fail(job, f"The server does not give this message out: {clean_line(exc.words or exc.sentence, 200)}")
        except MessageProblem as exc:
            self._fail(job, f"{exc.sentence} {exc.advice}".strip(), missed=bool(self._desk.offline))
        except MailError as exc:
            self._hang_up()
            self._fail(job, f"Not downloaded. {exc.sentence}")
        except Exception as exc:  # noqa: BLE001 - one message must not end the lane
            self._desk.log.fault("body.fault", exc, account=self._desk.name, envelope=job.envelope_id)
            self._hang_up()
            self._fail(job, "This message cannot be shown; save it whole to look into it.")

    def _fail(self, job: Job, sentence: str, *, missed: bool = False) -> None:
        """Want it no longer; `missed`: until there is a connection again."""
        self._jobs.remove(job.envelope_id, job.section)
        if missed and job.rank is Rank.URGENT:
            with self._lock:
                self._missed[job.envelope_id, job.section] = None
                for oldest in list(self._missed)[:-MAX_MISSED]:
                    del self._missed[oldest]
        self._desk.tell(PartFailed(job.envelope_id, job.section, sentence))

    def _take_ahead(self) -> bool:
        with self._lock:
            asked, self._ahead_asked = self._ahead_asked, False
        return asked

    def _step_ahead(self, steps: Steps) -> Steps | None:
        """One step of fetching ahead; None once it ended."""
        try:
            next(steps)
        except StopIteration:
            self._end_tickets("")
        except MailError as exc:
            self._hang_up()
            self._desk.log.write("ahead.trouble", account=self._desk.name, error=type(exc).__name__)
            self._end_tickets(exc.sentence)
        except Exception as exc:  # noqa: BLE001 - the lane goes on with what is wanted
            self._desk.log.fault("ahead.fault", exc, account=self._desk.name)
            self._hang_up()
            self._end_tickets("Not all bodies could be fetched ahead.")
        else:
            return steps
        return None

    def _end_tickets(self, sentence: str) -> None:
        with self._lock:
            if self._ahead_asked and not sentence:
                return  # Asked again meanwhile: they end with the next round.
            tickets, self._tickets = self._tickets, []
        for ticket, fault in tickets:
            self._ended([ticket], fault or sentence)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
