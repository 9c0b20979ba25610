"""What is in the panes: the message under the list's cursor shows in the reader, and news everywhere.

It wires widgets to the store and to the engine's news. What must not live here: SQL, mail
parsing, drawing. Geometry and focus are in `panes`, the list in `listing`, keys in `main`,
the message that is read in `ui.beside.reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Static

from tuimail.engine.protocol import Request
from tuimail.model import Envelope, EnvelopeId, ReadableText, TextLine
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.attached import attachments_of
from tuimail.ui.beside.conversing import Conversation
from tuimail.ui.beside.lane import Lane
from tuimail.ui.beside.listing import ViewListing
from tuimail.ui.beside.notices import Inbox, News, NoticesArrived
from tuimail.ui.beside.pace import Pace
from tuimail.ui.beside.reading import Reading
from tuimail.ui.keys import LIST
from tuimail.ui.lines.downloads import Downloads
from tuimail.ui.lines.outbox_lines import NO_WORDS, Words
from tuimail.ui.screens.listing import REST_S, ListingPane
from tuimail.ui.widgets.bars import HeaderCard, ListTitle, StatusLine, TopBar
from tuimail.ui.widgets.message_list import MessageList
from tuimail.ui.widgets.splitter import Splitter


class MailScreen(ListingPane):
    """What is in the panes. `MainScreen` adds the keys that act on messages."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        send: Callable[[Request], None],
        inbox: Inbox,
        clock: Callable[[], float],
        *,
        mark_seen_after_s: float = 1.0,
        demo: bool = False,
    ) -> None:
        super().__init__(store, paths, send, clock)
        self.reading = Reading(store, send, self)
        self.conversation = Conversation(store, send, clock)
        self.lane = Lane(paths)
        self._inbox = inbox
        self._demo = demo
        self._mark_seen_after_s = mark_seen_after_s
        self._rest: Timer | None = None
        self._seen_timer: Timer | None = None
        self._by_person = False
        self.pace = Pace()
        self._news_timer: Timer | None = None
        self._engine_note = ""
        self._downloads = Downloads()

    def compose(self) -> ComposeResult:
        """Bars above and below, panes between."""
        yield TopBar(self.clock, demo=self._demo, id="top")
        with Horizontal(id="panes"):
            yield self.folders
            yield Splitter(id="split-tree")
            with Vertical(id="list-pane"):
                yield ListTitle(id="list-title")
                yield self.filter_field
                yield self.list_view
            yield Splitter(id="split-list")
            with Vertical(id="reader-pane"):
                yield HeaderCard(id="card")
                yield self.reader
                yield self.parts_bar
            yield Vertical(id="composer-pane")
        with Horizontal(id="bottom"):
            yield self.key_bar
            yield from self.unseen()
            yield StatusLine(self.clock, id="status")
        yield Static(text.content("tuimail needs a window of at least 40 x 8."), id="too-small")

    def unseen(self) -> ComposeResult:
        """Widgets without a place on the screen."""
        yield from ()

    def on_mount(self) -> None:
        """Show the place where a person was, from the store alone."""
        self.folders.folded = self.remembered.folded()
        self._read_tree()
        self.place_panes(self.app.size.width, self.app.size.height)
        self.list_view.focus(scroll_visible=False)
        self.show_first()
        self.key_bar.show(LIST)
        self.set_interval(60, self._minute_passed)

    # --- the first picture -----------------------------------------------------

    def settle(self) -> None:
        """The message under the cursor belongs to the first picture."""
        if self._rest is not None:
            self._rest.stop()
        self._rested()
        super().settle()

    def shown_anew(self) -> None:
        """Another list is shown."""
        self._by_person = False
        self.conversation.end()
        self.reading.close()

    # --- reading ---------------------------------------------------------------

    @on(MessageList.CursorMoved)
    def _cursor_moved(self, event: MessageList.CursorMoved) -> None:
        if event.by_person:
            self._by_person = True
        is_read = event.envelope_id == self.reading.current or event.envelope_id in self.conversation.ids
        if self._seen_timer is not None and not is_read:
            self._seen_timer.stop()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_S, self._rested)

    def _rested(self) -> None:
        if self.reader_is_seen:
            self.open_cursor()

    def open_cursor(self) -> None:
        """Show the message under the cursor in the reader."""
        envelope_id = self.list_view.cursor_id
        if envelope_id is None:
            self.conversation.end()
            self.reading.close()
            return
        row = self.list_view.row_at(self.list_view.cursor)
        if row is not None and row.thread is not None:
            envelope_id = self.conversation.begin(self.store.conversations.ids(row.id, self.shown_in), row.id)
        elif self.conversation.is_on:
            self.conversation.end()
            self.reading.close()  # the same message looks otherwise alone
        self.reading.open(envelope_id)
        self._look_ahead()

    def _look_ahead(self) -> None:
        view = self.list_view
        rows = [view.row_at(view.cursor + step) for step in (1, 2, -1)]
        self.reading.look_ahead([(row.id, row.body) for row in rows if row is not None])

    def read_message(self) -> None:
        """The list: read the message under the cursor; the keys go to the reader."""
        self._by_person = True
        self.open_cursor()
        self.focus_reader()
        if self.reading.envelope is not None and self.reading.readable is not None:
            self.text_is_on_screen(self.reading.envelope)

    def lay_out(self, envelope: Envelope | None, lines: Sequence[TextLine], *, keep_place: bool) -> None:
        """A message's card and text (`reading.Desk`)."""
        card = self.query_one(HeaderCard)
        card.set_class(envelope is None, "-empty")
        card.update(envelope, {account.address.lower() for account in self.accounts})
        readable = self.reading.readable
        if envelope is not None and self.conversation.is_on and envelope.id in self.conversation.ids:
            self.reader.show(self.conversation.around(envelope.id, lines), keep_place=keep_place)
            if not keep_place:
                self.reader.seek(self.conversation.start_of(envelope.id))
        else:
            self.reader.show(lines, keep_place=keep_place, joins=readable is not None and readable.source != "html")
        self._show_attachments(envelope)

    def attachments_changed(self) -> None:
        """More of the current message is here."""
        self._show_attachments(self.reading.envelope)

    def _show_attachments(self, envelope: Envelope | None) -> None:
        self.parts_bar.show(attachments_of(self.store, envelope) if envelope is not None else ())
        self.key_bar.leave_out(*(() if self.parts_bar.attachments else ("attachments.save",)))

    def text_is_on_screen(self, envelope: Envelope) -> None:
        """The text can be read: after a moment it was (`reading.Desk`)."""
        if self._seen_timer is not None:
            self._seen_timer.stop()
        if self._by_person and 0 <= self._mark_seen_after_s < 1_000_000:
            self._seen_timer = self.set_timer(max(0.001, self._mark_seen_after_s), lambda: self._was_read(envelope))

    def _was_read(self, envelope: Envelope) -> None:
        if self.reading.current == envelope.id and self.reader_is_seen and self.app.screen is self:
            if isinstance(self.listing, ViewListing):
                self.listing.kept |= {envelope.id, *self.conversation.open_ids}
            for envelope_id in {envelope.id, *self.conversation.open_ids}:
                self.mark_read(envelope_id)

    def mark_read(self, envelope_id: EnvelopeId) -> None:
        """It was on the screen for a while."""
        raise NotImplementedError

    def show_again(self) -> None:
        """Mail or mailboxes were changed here."""
        self._read_tree()
        if self.is_lost:
            self.mailbox_vanished()
        self.list_view.reload()
        self.making.look()
        self.tell_list()
        self.tell_status()

    def in_thread(self, work: Callable[[], ReadableText], done: Callable[[ReadableText], None]) -> None:
        """Decode beside the loop (`reading.Desk`)."""

        async def run() -> None:
            done(await aside(work))

        self.run_worker(run(), group="decode", exit_on_error=False)

    # --- news ------------------------------------------------------------------

    @on(NoticesArrived)
    def _notices_arrived(self) -> None:
        if self._news_timer is not None:
            self._news_timer.stop()
            self._news_timer = None
        if not self.is_running:
            return  # the screen goes away: a timer came late
        wait_s = self.pace.wait_s(
            is_waited_for=self.reading.is_waiting or not self.list_view.total or self._inbox.is_for_a_person
        )
        if wait_s > 0:
            self._news_timer = self.set_timer(wait_s, self._notices_arrived)
        else:
            self._take_news()

    def _take_news(self) -> None:
        self.pace.taken()
        news = self._inbox.take()
        self.fetching.update(news.headers)
        if news.tree or news.mailboxes or news.status or news.passwords or news.engine is not None:
            self._read_tree()
        if self.is_lost:
            self.mailbox_vanished()
        elif self.shown is None and self.mailboxes:  # a new account: its first mailboxes are here
            self.show_first()
        else:
            if not self._by_person and self.focused is self.list_view:
                self.guess_again()
            self.mail_came(set(news.mailboxes))
        self.tell_list()
        if news.engine is not None:
            self._engine_note = "" if news.engine[0] else text.sentence(news.engine[1]) or "mail engine is away"
        self._downloads.take(news.downloads, news.ended, self.clock())
        self.tell_status()
        self.reading.hear(news)
        if self.conversation.concerns([envelope_id for envelope_id, _ in news.arrived]):
            self.reading.lay_out_again()
        if any(envelope_id == self.reading.current for envelope_id, _ in news.arrived):
            self.attachments_changed()
        self.tell_people(news)

    def tell_people(self, news: News) -> None:
        """What a person must be told beside what panes show."""
        raise NotImplementedError

    @property
    def outbox_words(self) -> Words:
        """What the status line says of mail on its way out."""
        return NO_WORDS

    @property
    def selection_words(self) -> Words:
        """What the status line says of lines that are selected in the reader."""
        return NO_WORDS

    def tell_status(self) -> None:
        account = self.account_of(self.shown_mailbox)
        self.query_one(TopBar).update(self.accounts, account.name if account is not None else "")
        self.query_one(StatusLine).update(
            self.accounts, self._engine_note, self._downloads.words, self.outbox_words, selection=self.selection_words
        )

    def _minute_passed(self) -> None:
        self.list_view.forget_dates()
        self.day_began()
        self.tell_status()
