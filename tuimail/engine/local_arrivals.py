"""What happens to mail once it is here, beside the download: its text is made, its attachments are examined.

All of it can be done again at any time, so a crash in the middle costs nothing: what was
not examined says so, and is examined after the next start.
"""

from __future__ import annotations

from tuimail.engine.desk import Desk
from tuimail.engine.local_bodies import LocalBodies
from tuimail.errors import MessageProblem
from tuimail.model import EnvelopeId
from tuimail.store import Store


class Arrivals:
    """Looks at one message after the other."""

    def __init__(self, store: Store, desk: Desk, bodies: LocalBodies) -> None:
        self._store = store
        self._desk = desk
        self._bodies = bodies

    def left_over(self) -> list[EnvelopeId]:
        """Messages with attachments that nobody examined yet."""
        return []

    def look_at(self, envelope_id: EnvelopeId) -> None:
        """Make its readable text and examine what is held of it."""
        try:
            self._bodies.make_text(envelope_id)
        except MessageProblem:
            return
        except Exception as exc:  # noqa: BLE001 - one message must not end the lane
            self._desk.log.fault("arrival.text", exc, account=self._desk.name, envelope=envelope_id)
