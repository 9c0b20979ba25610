"""What is being read: from a row under the cursor to lines in the reader.

Decides what to show of a message, asks the engine for what is not here, and answers
what the engine says about it. It owns no widget: it is given a `Desk`, which the main
screen is, and tests can be too. What must not live here: drawing, SQL, timers.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from tuimail.engine.protocol import TEXT, Request, Unwant, Want
from tuimail.mime.decoding.headers import header_lines
from tuimail.mime.reading.readable import from_json
from tuimail.model import (
    AccountStatus,
    BodyState,
    Envelope,
    EnvelopeId,
    LineKind,
    Link,
    ReadableText,
    Section,
    TextLine,
)
from tuimail.store import Store
from tuimail.ui.beside.notices import News
from tuimail.ui.lines.document import document, page
from tuimail.ui.lines.when import long_size

HEADER = Section("HEADER")
_BIG_JSON = 64 * 1024
"""More is decoded in a thread: 64 KiB take about a millisecond."""


class State(enum.Enum):
    """What the reader shows of the current message."""

    NOTHING = "nothing"
    WAITING = "waiting"
    STOPPED = "stopped"
    FAILED = "failed"
    TEXT = "text"


class Desk(Protocol):
    """Where a message is laid out."""

    def lay_out(self, envelope: Envelope | None, lines: Sequence[TextLine], *, keep_place: bool) -> None:
        """Show a message's card and lines."""

    def text_is_on_screen(self, envelope: Envelope) -> None:
        """The text of the current message can be read from now on."""

    def in_thread(self, work: Callable[[], ReadableText], done: Callable[[ReadableText], None]) -> None:
        """Run `work` beside the loop and `done` on it."""


class Reading:
    """The message in the reader."""

    def __init__(self, store: Store, send: Callable[[Request], None], desk: Desk) -> None:
        self._store = store
        self._send = send
        self._desk = desk
        self.envelope: Envelope | None = None
        self.state = State.NOTHING
        self.readable: ReadableText | None = None
        self._kind = TEXT
        self._with_headers = False
        self._ahead: set[EnvelopeId] = set()

    @property
    def current(self) -> EnvelopeId | None:
        """The message in the reader."""
        return self.envelope.id if self.envelope is not None else None

    @property
    def kind(self) -> Section:
        """Which form of it: `text`, `plain` or `html`."""
        return self._kind

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the text that is shown."""
        return self.readable.links if self.readable is not None else ()

    @property
    def is_waiting(self) -> bool:
        """Whether Esc can stop something."""
        return self.state is State.WAITING

    def open(self, envelope_id: EnvelopeId) -> None:
        """Show this message, or ask for what is missing of it."""
        if self.current == envelope_id and self.state in (State.TEXT, State.WAITING):
            return
        self._leave()
        self._kind, self._with_headers = TEXT, False
        self.envelope = self._store.envelopes.envelope(envelope_id)
        if self.envelope is None:
            self._show_page("This message is gone", "It was moved or deleted elsewhere.")
            self.state = State.FAILED
            return
        self._read(keep_place=False)

    def lay_out_again(self) -> None:
        """The same text, because what stands around it is other now."""
        if self.readable is not None:
            self._take(self.readable, keep_place=True)

    def close(self) -> None:
        """Show no message."""
        self._leave()
        self.envelope, self.readable, self.state = None, None, State.NOTHING
        self._desk.lay_out(None, (), keep_place=False)

    def _leave(self) -> None:
        """Nobody waits for the current message any longer."""
        if self.envelope is not None and self.state is State.WAITING:
            self._send(Unwant(self.envelope.id, self._kind))
        self.readable = None

    def look_ahead(self, neighbours: Sequence[tuple[EnvelopeId, int]]) -> None:
        """Ask for messages that will probably be read next, with what is here of them, at low priority."""
        for envelope_id, body in neighbours:
            if body == BodyState.ABSENT and envelope_id not in self._ahead:
                self._ahead.add(envelope_id)
                self._send(Want(envelope_id, TEXT, urgent=False))
        if len(self._ahead) > 500:
            self._ahead.clear()

    # --- reading the store -----------------------------------------------------

    def _read(self, *, keep_place: bool) -> None:
        assert self.envelope is not None  # noqa: S101 - callers have one
        found = self._store.parts.text(self.envelope.id, self._kind)
        if found is None:
            self._wait()
        elif len(found) < _BIG_JSON:
            self._take(_decoded(found), keep_place=keep_place)
        else:
            wanted = (self.envelope.id, self._kind)
            self._show_page("Opening…", long_size(len(found)))
            self._desk.in_thread(
                partial(_decoded, found),
                lambda readable: self._take_late(wanted, readable),
            )

    def _take_late(self, wanted: tuple[EnvelopeId, Section], readable: ReadableText) -> None:
        if (self.current, self._kind) == wanted:
            self._take(readable, keep_place=False)

    def _take(self, readable: ReadableText, *, keep_place: bool) -> None:
        if self.envelope is None:
            return
        first_time = self.state is not State.TEXT
        self.readable, self.state = readable, State.TEXT
        headers: Sequence[tuple[str, str]] = ()
        if self._with_headers:
            block = self._store.parts.get(self.envelope.id, HEADER)
            headers = header_lines(block) if block else _known_headers(self.envelope)
        self._desk.lay_out(self.envelope, document(readable, headers), keep_place=keep_place)
        if first_time:
            self._desk.text_is_on_screen(self.envelope)

    def _wait(self) -> None:
        assert self.envelope is not None  # noqa: S101 - callers have one
        account = self._store.accounts.get(self.envelope.account)
        self.state = State.WAITING
        self._send(Want(self.envelope.id, self._kind))
        if account is not None and account.status in _AWAY:
            self._show_page(
                "Not downloaded",
                account.sentence or "The server cannot be reached just now.",
                "Its text is fetched by itself as soon as the account is online again.",
            )
        else:
            self._show_page("Fetching…", "Esc stops waiting.")

    def _show_page(self, title: str, *sentences: str) -> None:
        self._desk.lay_out(self.envelope, page(title, *sentences), keep_place=False)

    # --- what a person does ----------------------------------------------------

    def stop_waiting(self) -> None:
        """Esc: let the message be."""
        if self.envelope is None or not self.is_waiting:
            return
        self._send(Unwant(self.envelope.id, self._kind))
        if self._kind != TEXT:
            self._kind = TEXT
            self._read(keep_place=False)
            return
        self.state = State.STOPPED
        self._show_page("Not downloaded", "Enter fetches the text.")

    def toggle_html(self) -> bool:
        """Switch between plain and HTML; False when there is only one of them."""
        if self.readable is None or self.envelope is None:
            return False
        others = [name for name in self.readable.alternatives if name != self.readable.source]
        if not others:
            return False
        self._kind = Section(others[0])
        self._read(keep_place=False)
        return True

    def toggle_headers(self) -> None:
        """Show every header above the text, or only the card."""
        if self.envelope is None or self.readable is None:
            return
        self._with_headers = not self._with_headers
        if self._with_headers and self._store.parts.info(self.envelope.id, HEADER) is None:
            self._send(Want(self.envelope.id, HEADER))
        self._take(self.readable, keep_place=False)

    # --- what the engine says --------------------------------------------------

    def hear(self, news: News) -> None:
        """News, of which some may be about the message in the reader."""
        self._ahead -= {envelope_id for envelope_id, _ in news.arrived}
        if self.envelope is None:
            return
        if news.status and self.state is State.FAILED:
            account = self._store.accounts.get(self.envelope.account)
            if account is not None and account.status is AccountStatus.ONLINE:
                self._read(keep_place=False)
                return
        key = (self.envelope.id, self._kind)
        if key in news.arrived and self.state is not State.TEXT:
            self._read(keep_place=False)
        elif key in news.failed and self.state is State.WAITING:
            self.state = State.FAILED
            reason = news.failed[key].removeprefix("Not downloaded. ")
            self._show_page("Not downloaded", reason, "Enter tries again.")
        elif key in news.part_progress and self.state is State.WAITING:
            done, total = news.part_progress[key]
            of_all = f" of {long_size(total)}" if total else ""
            self._show_page("Fetching…", f"{long_size(done)}{of_all} · Esc stops waiting.")
        if (self.envelope.id, HEADER) in news.arrived and self._with_headers and self.readable is not None:
            self._take(self.readable, keep_place=False)

    def refresh_envelope(self) -> Envelope | None:
        """The current message with its flags as they are now; None when it is gone."""
        if self.envelope is not None:
            self.envelope = self._store.envelopes.envelope(self.envelope.id) or self.envelope
        return self.envelope


def _decoded(data: bytes) -> ReadableText:
    """The text as the engine stored it; a note when it cannot be read, as after a change of its form."""
    try:
        return from_json(data)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return ReadableText("note", (TextLine("The stored text of this message cannot be read.", kind=LineKind.NOTE),))


_AWAY = (AccountStatus.OFFLINE, AccountStatus.NEEDS_PASSWORD, AccountStatus.FAILED)


def _known_headers(envelope: Envelope) -> list[tuple[str, str]]:
    """The headers that the list keeps, until all are here."""
    known = [
        ("From", envelope.from_), ("Reply-To", envelope.reply_to), ("To", envelope.to), ("Cc", envelope.cc),
        ("Subject", envelope.subject), ("Message-ID", envelope.message_id), ("In-Reply-To", envelope.in_reply_to),
        ("References", envelope.references), ("List-Id", envelope.list_id),
    ]  # fmt: skip
    return [(name, value) for name, value in known if value]
