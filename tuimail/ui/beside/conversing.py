"""The conversation in the reader: which of its messages are open, and what is here of them.

One of them is the current one, which `ui.beside.reading` shows as any message; this puts
the others around it. What must not live here: drawing, SQL, timers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tuimail.engine.protocol import TEXT, Request, Want
from tuimail.mime.reading.readable import from_json
from tuimail.model import BodyState, EnvelopeId, Flag, LineKind, TextLine
from tuimail.store import Store
from tuimail.ui.beside.snippets import snippet_of
from tuimail.ui.lines.conversation import Page, Told, conversation_page
from tuimail.ui.lines.document import document

MOST_SHOWN: Final = 300
"""Messages of a conversation, the newest: older ones are in the list."""
MOST_OPEN: Final = 12
"""So many new ones are open at first."""
LONGEST_OCTETS: Final = 256 << 10
"""A longer text is only shown as the current message."""


class Conversation:
    """What is read beside the current message; empty while that is read alone."""

    def __init__(self, store: Store, send: Callable[[Request], None], clock: Callable[[], float]) -> None:
        self._store = store
        self._send = send
        self._clock = clock
        self.ids: list[EnvelopeId] = []
        """Oldest first."""
        self._open: set[EnvelopeId] = set()
        self._wanted: set[EnvelopeId] = set()
        self._page = Page((), {})
        self._current: EnvelopeId | None = None

    @property
    def is_on(self) -> bool:
        """Whether a conversation is read."""
        return len(self.ids) > 1

    def begin(self, ids: Sequence[EnvelopeId], lead: EnvelopeId) -> EnvelopeId:
        """Read these messages, what is new open; the one to begin with: the oldest of these.

        `lead` stands for them in the list: it is the one when nothing is new.
        """
        is_same = self._current is not None and self._current in ids and not {*self.ids}.isdisjoint(ids)
        self.ids = list(ids[-MOST_SHOWN:])
        if is_same and self._current in self.ids:
            return self._current
        rows = self._store.envelopes.rows(self.ids)
        new = [row.id for row in rows if not row.flags & Flag.SEEN]
        self._open, self._wanted = set(new[-MOST_OPEN:]) or {lead}, set()
        return next((one for one in self.ids if one in self._open), lead)

    def end(self) -> None:
        """A message is read alone."""
        self.ids, self._page, self._current = [], Page((), {}), None
        self._open, self._wanted = set(), set()

    # --- what is open ----------------------------------------------------------

    @property
    def open_ids(self) -> list[EnvelopeId]:
        """The messages that can be read."""
        return [one for one in self.ids if one in self._open]

    def toggle(self, envelope_id: EnvelopeId) -> None:
        """Unfold a message, or fold it."""
        self._open ^= {envelope_id}

    def toggle_all(self, current: EnvelopeId | None) -> None:
        """Unfold all messages, or fold all but the current one."""
        self._open = {current} if current is not None and len(self._open) == len(self.ids) else set(self.ids)

    def step(self, current: EnvelopeId | None, by: int) -> EnvelopeId | None:
        """The message `by` further, which is open from now on; None beyond the ends."""
        at = self.ids.index(current) + by if current in self.ids else -1
        if not 0 <= at < len(self.ids):
            return None
        self._open.add(self.ids[at])
        return self.ids[at]

    def message_at(self, line: int) -> EnvelopeId | None:
        """The message whose heading is this line of the reader."""
        return self._page.message_at(line)

    def lines_around(self, line: int) -> tuple[EnvelopeId, range] | None:
        """The message that a line of the reader belongs to, and its lines without the heading."""
        return self._page.around(line)

    def start_of(self, envelope_id: EnvelopeId) -> int:
        """The line where a message begins."""
        return self._page.starts.get(envelope_id, 0)

    def concerns(self, arrived: Sequence[EnvelopeId]) -> bool:
        """Whether a text came that was waited for."""
        return not self._wanted.isdisjoint(arrived)

    # --- lines -----------------------------------------------------------------

    def around(self, current: EnvelopeId, lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
        """The lines of the current message, with all others around them."""
        self._open.add(current)
        self._current = current
        told = []
        for row in self._store.envelopes.rows(self.ids):
            if row.id == current:
                told.append(Told(row, lines, is_current=True))
            elif row.id in self._open:
                told.append(Told(row, self._text(row.id)))
            else:
                told.append(Told(row, None, snippet_of(self._store, row.id) if row.body != BodyState.ABSENT else ""))
        self._page = conversation_page(told, self._clock())
        return self._page.lines

    def _text(self, envelope_id: EnvelopeId) -> Sequence[TextLine]:
        found = self._store.parts.text(envelope_id, TEXT)
        if found is None:
            if envelope_id not in self._wanted:
                self._wanted.add(envelope_id)
                self._send(Want(envelope_id, TEXT))
            return (TextLine("Not downloaded yet; it is being fetched.", kind=LineKind.NOTE),)
        self._wanted.discard(envelope_id)
        if len(found) > LONGEST_OCTETS:
            return (TextLine("A long message: ) and ( go to it.", kind=LineKind.NOTE),)
        try:
            return document(from_json(found))
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return (TextLine("The stored text of this message cannot be read.", kind=LineKind.NOTE),)
