"""What the message list shows: a mailbox by date, or a view, as windows of rows.

What lives here: positions, where conversations are open and where rows are gone. What must
not: drawing, timers, threads, SQL (`store.lists.views` has it).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from tuimail.model import EnvelopeId, MailboxId, Row, Window
from tuimail.store import Store
from tuimail.store.finding.conversations import Branch
from tuimail.store.lists.views import Opened, ViewSpec

_GENERATION = 1 << 64
_MOST_LOOKS = 4
_MOST_LEADS = 5000


class Listing(Protocol):
    """A list of rows."""

    spec: ViewSpec

    @property
    def revision(self) -> int:
        """Changes whenever a row, or its position, may be another."""

    def window(self, start: int, count: int) -> Window:
        """Rows from a position on; fewer, or none, beyond the end."""

    def position(self, envelope_id: EnvelopeId) -> int | None:
        """Where a message stands; None when it is not in the list."""


class MailboxListing:
    """A mailbox by date."""

    def __init__(self, store: Store, mailbox_id: MailboxId) -> None:
        self._store = store
        self._mailbox_id = mailbox_id
        self.spec = ViewSpec(mailbox_id=mailbox_id)

    @property
    def revision(self) -> int:
        """The mailbox's."""
        return self._store.mailboxes.revision(self._mailbox_id)

    def window(self, start: int, count: int) -> Window:
        """Newest first."""
        return self._store.envelopes.window(self._mailbox_id, start, count)

    def position(self, envelope_id: EnvelopeId) -> int | None:
        """Where a message stands."""
        return self._store.envelopes.position(self._mailbox_id, envelope_id)


def listing_of(store: Store, spec: ViewSpec, today_from: int) -> Listing:
    """What a spec shows."""
    return MailboxListing(store, spec.mailbox_id) if spec.is_plain else ViewListing(store, spec, today_from)


def opening(
    listing: Listing, envelope_id: EnvelopeId | None, cursor: int, top: int
) -> tuple[int, int]:
    """Where cursor and page begin: on a message, else at the position where it was.

    Of a view that is not made yet only the first rows are known: there it is the top.
    """
    found = listing.position(envelope_id) if envelope_id is not None else None
    if found is not None:
        return found, max(0, top + found - cursor)
    if isinstance(listing, ViewListing) and not listing.is_made:
        return 0, 0
    return cursor, top


class _Place(NamedTuple):
    """A row of the view that is shown as several lines, or as none."""

    position: int
    """In the view."""
    lead: EnvelopeId
    lines: tuple[Branch, ...]
    at: int | None = None
    """The date of the lead, which is that of all its lines."""


class ViewListing:
    """A view: its first rows at once, all of them when they are made."""

    def __init__(self, store: Store, spec: ViewSpec, today_from: int) -> None:
        self._store = store
        self.spec = spec
        self.today_from = today_from
        self.mailbox_ids = store.views.mailboxes(spec)
        self._head = store.views.head(spec, today_from) if spec.has_head else []
        self._opened: Opened | None = None
        self._generation = 0
        self._places: list[_Place] = []
        """Ascending."""
        self._starts: list[int] = []
        """Where each of them begins in the list."""
        self._leads: dict[EnvelopeId, tuple[EnvelopeId, int]] = {}
        """What was found of messages that another one stands for; right until the view is made again."""
        self.kept: set[EnvelopeId] = set()
        """Messages that stay although they no longer fit: those that were read here."""

    @property
    def is_made(self) -> bool:
        """Whether all of its rows are known."""
        return self._opened is not None

    @property
    def is_stale(self) -> bool:
        """Whether it should be made again."""
        views = self._store.views
        return self._opened is None or self._opened.revision != views.order_revision(self.spec, self.mailbox_ids)

    @property
    def revision(self) -> int:
        """Of its mailboxes, and of what is open."""
        return self._store.views.revision(self.mailbox_ids) + self._generation * _GENERATION

    def take(self, opened: Opened) -> None:
        """All rows, as they are now; conversations that were open stay so."""
        self.close()
        open_ones = [place.lines for place in self._places if place.lines]
        self._opened, self._head = opened, []
        self.mailbox_ids = self._store.views.mailboxes(self.spec)
        self._places, self._starts = [], []
        self._leads.clear()
        self._generation += 1
        for lines in open_ones:
            self.unfold(lines[0].id)

    def close(self) -> None:
        """Give the file up."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # --- positions --------------------------------------------------------------

    @property
    def total(self) -> int:
        """Lines of the list."""
        return self._total + sum(len(place.lines) - 1 for place in self._places)

    @property
    def _total(self) -> int:
        return self._opened.total if self._opened is not None else len(self._head)

    def _ids(self, start: int, count: int) -> list[EnvelopeId]:
        return self._opened.ids(start, count) if self._opened is not None else self._head[start : start + count]

    def _base_position(self, envelope_id: EnvelopeId) -> int | None:
        if self._opened is not None:
            return self._opened.position(envelope_id)
        return self._head.index(envelope_id) if envelope_id in self._head else None

    def _lead_of(self, envelope_id: EnvelopeId) -> tuple[EnvelopeId | None, int | None]:
        """The message that stands for its conversation, and where."""
        known = self._leads.get(envelope_id)
        if known is not None:
            return known
        members = self._store.conversations.leads(envelope_id, self.mailbox_ids)
        for lead in members:
            base = self._base_position(lead)
            if base is not None:
                if len(self._leads) > _MOST_LEADS:
                    self._leads.clear()
                self._leads.update((one, (lead, base)) for one in members)
                return lead, base
        return None, None

    def position(self, envelope_id: EnvelopeId) -> int | None:
        """Where a message stands, or the line of its conversation."""
        for start, place in zip(self._starts, self._places, strict=True):
            for offset, line in enumerate(place.lines):
                if line.id == envelope_id:
                    return start + offset
        base = self._base_position(envelope_id)
        if base is None and self.spec.is_threaded:
            _, base = self._lead_of(envelope_id)
        if base is None:
            return None
        before = self._places[: bisect.bisect_left([place.position for place in self._places], base)]
        return base + sum(len(place.lines) - 1 for place in before)

    def _lines(self, start: int, count: int) -> list[tuple[EnvelopeId, int, int]]:
        """Messages of a window, how deep each lies in an open conversation (else -1), and its position in the view."""
        found: list[tuple[EnvelopeId, int, int]] = []
        at = start
        while len(found) < count and at < self.total:
            index = bisect.bisect_right(self._starts, at) - 1
            skipped = sum(len(place.lines) - 1 for place in self._places[: index + 1])
            if index >= 0 and at < self._starts[index] + len(self._places[index].lines):
                place = self._places[index]
                rest = place.lines[at - self._starts[index] :][: count - len(found)]
                found += [(line.id, line.depth, place.position) for line in rest]
                at += len(rest)
                continue
            base = at - skipped
            end = self._places[index + 1].position if index + 1 < len(self._places) else self._total
            ids = self._ids(base, min(end - base, count - len(found)))
            if not ids:
                break
            found += [(one, -1, base + offset) for offset, one in enumerate(ids)]
            at += len(ids)
        return found

    # --- rows --------------------------------------------------------------------

    def window(self, start: int, count: int) -> Window:
        """Lines from a position on. Rows that are gone are left out for good as soon as they are met."""
        shown: list[Row] = []
        for _ in range(_MOST_LOOKS):
            lines = self._lines(max(0, start), count)
            rows = {row.id: row for row in self._store.envelopes.rows([line[0] for line in lines])}
            gone = [line for line in lines if line[1] < 0 and not self._is_here(rows.get(line[0]))]
            shown = self._rows(lines, rows)
            if not gone:
                break
            for one, _, base in gone:
                self._put(_Place(base, one, ()))
        return Window(max(0, start), tuple(shown), self.total, self.revision)

    def _is_here(self, row: Row | None) -> bool:
        return row is not None and row.mailbox_id in self.mailbox_ids

    def _rows(self, lines: Sequence[tuple[EnvelopeId, int, int]], rows: dict[EnvelopeId, Row]) -> list[Row]:
        if not self.spec.is_threaded:
            return [rows[one] for one, _, _ in lines if one in rows]
        leads = [rows[one] for one, depth, _ in lines if depth < 0 and one in rows]
        closed = {row.id: row for row in self._store.conversations.closed(leads, self.mailbox_ids)}
        dates = {place.position: place.at for place in self._places}
        return [
            closed[one] if depth < 0 else rows[one]._replace(branch=depth, gathered_at=dates.get(base))
            for one, depth, base in lines if one in rows
        ]

    # --- conversations ------------------------------------------------------------

    def is_unfolded(self, envelope_id: EnvelopeId) -> bool:
        """Whether the message stands in a conversation that is open."""
        return any(line.id == envelope_id for place in self._places for line in place.lines)

    def unfold(self, envelope_id: EnvelopeId) -> bool:
        """Show every message of a conversation in place of its line; False when there is only one."""
        if not self.spec.is_threaded or self.is_unfolded(envelope_id):
            return False
        lead, base = self._lead_of(envelope_id)
        lines = tuple(self._store.conversations.open(envelope_id, self.mailbox_ids))
        if lead is None or base is None or len(lines) < 2:
            return False
        rows = self._store.envelopes.rows([lead])
        self._put(_Place(base, lead, lines, rows[0].sort_at if rows else None))
        return True

    def fold(self, envelope_id: EnvelopeId) -> EnvelopeId | None:
        """Show one line for a conversation again; the message that stands for it. None when it was not open."""
        for place in self._places:
            if any(line.id == envelope_id for line in place.lines):
                self._places.remove(place)
                self._changed()
                return place.lead
        return None

    def all_of(self, ids: Iterable[EnvelopeId]) -> list[EnvelopeId]:
        """These messages, and for a line that stands for a conversation all that it shows of these mailboxes."""
        given = list(ids)
        if not self.spec.is_threaded:
            return given
        single = {one for one in given if self.is_unfolded(one)}
        closed = [one for one in given if one not in single]
        return sorted({*given, *self._store.conversations.within(closed, self.mailbox_ids)})

    def _put(self, place: _Place) -> None:
        self._places = sorted({**{each.position: each for each in self._places}, place.position: place}.values())
        self._changed()

    def _changed(self) -> None:
        self._generation += 1
        self._starts = []
        extra = 0
        for place in self._places:
            self._starts.append(place.position + extra)
            extra += len(place.lines) - 1


