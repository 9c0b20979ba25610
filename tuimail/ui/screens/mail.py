"""What is in the panes: a mailbox chosen in the tree shows in the list, a message in the reader.

It wires widgets to the store's windows and to the engine's news. What must not live
here: SQL, mail parsing, drawing. Geometry and focus are in `panes`, keys in `main`, the
message that is read in `ui.beside.reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Static

from tuimail.engine.protocol import Request, Show
from tuimail.model import Account, Envelope, EnvelopeId, Mailbox, MailboxId, ReadableText, Role, TextLine
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.attached import attachments_of
from tuimail.ui.beside.holding import held_counts
from tuimail.ui.beside.lane import Lane
from tuimail.ui.beside.notices import Inbox, News, NoticesArrived
from tuimail.ui.beside.overlay import Overlay
from tuimail.ui.beside.reading import Reading
from tuimail.ui.beside.remembered import Place, Remembered
from tuimail.ui.keys import LIST
from tuimail.ui.lines.downloads import Downloads
from tuimail.ui.lines.mailbox_pages import mailbox_message
from tuimail.ui.lines.outbox_lines import NO_WORDS, Words
from tuimail.ui.screens.panes import Panes
from tuimail.ui.widgets.bars import HeaderCard, ListTitle, StatusLine, TopBar
from tuimail.ui.widgets.folder_tree import FolderTree
from tuimail.ui.widgets.message_list import MessageList
from tuimail.ui.widgets.splitter import Splitter

REST_S = 0.15
"""The cursor rests so long before its message is opened."""
NEWS_EVERY_S = 0.1
"""Rows are read again no oftener, however fast they come."""


class MailScreen(Panes):
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
        self.remembered = Remembered(store)
        super().__init__(self.remembered.panes(), clock)
        self.store = store
        self._paths = paths
        self.send = send
        self.reading = Reading(store, send, self)
        self.lane = Lane(paths)
        self.overlay = Overlay(store)
        self._inbox = inbox
        self._demo = demo
        self._mark_seen_after_s = mark_seen_after_s
        self.accounts: list[Account] = []
        self.mailboxes: dict[MailboxId, Mailbox] = {}
        self.shown: MailboxId | None = None
        self._fetching: dict[MailboxId, tuple[int, int]] = {}
        self._places: dict[MailboxId, tuple[EnvelopeId | None, int, int]] = {}
        self._rest: Timer | None = None
        self._show_timer: Timer | None = None
        self._seen_timer: Timer | None = None
        self._by_person = False
        self._news_at = 0.0
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
        self._show_first()
        self.key_bar.show(LIST)
        self.set_interval(60, self._minute_passed)

    # --- mailboxes -------------------------------------------------------------

    def _read_tree(self) -> None:
        self.accounts = self.store.accounts.all()
        mailboxes = self.store.mailboxes.all()
        self.mailboxes = {mailbox.id: mailbox for mailbox in mailboxes}
        self.folders.update(self.accounts, mailboxes, held_counts(self.store))

    def _show_first(self) -> None:
        place = self.remembered.place()
        mailbox = self.store.mailboxes.find(place.account, place.mailbox) if place is not None else None
        if place is not None and mailbox is not None:
            self._places[mailbox.id] = (place.envelope_id, place.cursor, place.top)
        if mailbox is None:
            mailbox = self._first_mailbox()
        if mailbox is not None:
            self.show_mailbox(mailbox.id)
        else:
            self._tell_list()
        self._tell_status()

    def _first_mailbox(self) -> Mailbox | None:
        usable = [mailbox for mailbox in self.mailboxes.values() if mailbox.selectable]
        return next((mailbox for mailbox in usable if mailbox.role is Role.INBOX), usable[0] if usable else None)

    def show_mailbox(self, mailbox_id: MailboxId) -> None:
        """Put a mailbox into the list, at the place where it was left."""
        self._keep_place()
        self.shown = mailbox_id
        envelope_id, cursor, top = self._places.get(mailbox_id, (None, 0, 0))
        if envelope_id is not None:
            found = self.store.envelopes.position(mailbox_id, envelope_id)
            if found is not None:
                top, cursor = max(0, top + found - cursor), found
        self._by_person = False
        self.reading.close()
        self.folders.set_open(mailbox_id, move_cursor=self.focused is not self.folders)
        self._tell_list()
        overlay = self.overlay
        self.list_view.show(
            lambda start, count: overlay.window(mailbox_id, start, count),
            lambda found: overlay.position(mailbox_id, found),
            cursor=cursor,
            top=top,
        )
        self._tell_status()
        if self._show_timer is not None:
            self._show_timer.stop()
        self._show_timer = self.set_timer(REST_S, lambda: self.send(Show(mailbox_id)))

    def _keep_place(self) -> None:
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        if mailbox is None:
            return
        view = self.list_view
        self._places[mailbox.id] = (view.cursor_id, view.cursor, view.top_position)

    def settle(self) -> None:
        """The message under the cursor belongs to the first picture."""
        if self._rest is not None:
            self._rest.stop()
        self._rested()
        super().settle()

    @property
    def place(self) -> Place | None:
        """Where a person is; None without a mailbox."""
        self._keep_place()
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        return Place(mailbox.account, mailbox.name, *self._places[mailbox.id]) if mailbox is not None else None

    def remember_widths(self) -> None:
        """Widths changed by a person's hand."""
        self.remembered.keep_panes(self.widths)

    def choose_mailbox(self, mailbox_id: MailboxId, enter: bool) -> None:
        """The tree: show a mailbox; `enter`: the keys go to its list."""
        if mailbox_id != self.shown:
            self.show_mailbox(mailbox_id)
        if enter:
            self.focus_list()

    @on(FolderTree.FoldsChanged)
    def _folds_changed(self, event: FolderTree.FoldsChanged) -> None:
        self.remembered.keep_folded(event.folded)

    # --- reading ---------------------------------------------------------------

    @on(MessageList.CursorMoved)
    def _cursor_moved(self, event: MessageList.CursorMoved) -> None:
        if event.by_person:
            self._by_person = True
        if self._seen_timer is not None and event.envelope_id != self.reading.current:
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
            self.reading.close()
            return
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
        self.reader.show(lines, keep_place=keep_place, joins=readable is not None and readable.source != "html")
        self._show_attachments(envelope)

    def attachments_changed(self) -> None:
        """More of the current message is here."""
        self._show_attachments(self.reading.envelope)

    def _show_attachments(self, envelope: Envelope | None) -> None:
        self.parts_bar.show(attachments_of(self.store, envelope) if envelope is not None else ())

    def text_is_on_screen(self, envelope: Envelope) -> None:
        """The text can be read: after a moment it was (`reading.Desk`)."""
        if self._seen_timer is not None:
            self._seen_timer.stop()
        if self._by_person and 0 <= self._mark_seen_after_s < 1_000_000:
            self._seen_timer = self.set_timer(max(0.001, self._mark_seen_after_s), lambda: self._was_read(envelope))

    def _was_read(self, envelope: Envelope) -> None:
        if self.reading.current == envelope.id and self.reader_is_seen and self.app.screen is self:
            self.mark_read(envelope.id)

    def mark_read(self, envelope_id: EnvelopeId) -> None:
        """It was on the screen for a while."""
        raise NotImplementedError

    def show_again(self) -> None:
        """Mail or mailboxes were changed here."""
        self._read_tree()
        if self.shown is not None and self.shown not in self.mailboxes:
            self._mailbox_vanished()
        self.list_view.reload()
        self._tell_list()
        self._tell_status()

    def in_thread(self, work: Callable[[], ReadableText], done: Callable[[ReadableText], None]) -> None:
        """Decode beside the loop (`reading.Desk`)."""

        async def run() -> None:
            done(await aside(work))

        self.run_worker(run(), group="decode", exit_on_error=False)

    # --- news ------------------------------------------------------------------

    @on(NoticesArrived)
    def _notices_arrived(self) -> None:
        wait = self._news_at + NEWS_EVERY_S - self.clock()
        if 0 < wait <= NEWS_EVERY_S:
            if self._news_timer is None:
                self._news_timer = self.set_timer(wait, self._take_news)
        else:
            self._take_news()

    def _take_news(self) -> None:
        self._news_timer = None
        self._news_at = self.clock()
        news = self._inbox.take()
        self._fetching.update(news.headers)
        if news.tree or news.mailboxes or news.status or news.passwords or news.engine is not None:
            self._read_tree()
        if self.shown is not None and self.shown not in self.mailboxes:
            self._mailbox_vanished()
        elif self.shown is None and self.mailboxes:  # a new account: its first mailboxes are here
            self._show_first()
        elif self.shown in news.mailboxes:
            self.list_view.reload()
        self._tell_list()
        if news.engine is not None:
            self._engine_note = "" if news.engine[0] else text.sentence(news.engine[1]) or "mail engine is away"
        self._downloads.take(news.downloads, news.ended, self.clock())
        self._tell_status()
        self.reading.hear(news)
        if any(envelope_id == self.reading.current for envelope_id, _ in news.arrived):
            self.attachments_changed()
        self.tell_people(news)

    def tell_people(self, news: News) -> None:
        """What a person must be told beside what panes show."""
        raise NotImplementedError

    def _mailbox_vanished(self) -> None:
        self.shown = None
        self.notify("That mailbox is no longer there.", markup=False)
        mailbox = self._first_mailbox()
        if mailbox is not None:
            self.show_mailbox(mailbox.id)
        else:
            self.reading.close()
            self.list_view.show_nothing()

    def _tell_list(self) -> None:
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        fetching = self._fetching.get(mailbox.id) if mailbox is not None else None
        if fetching is not None and mailbox is not None and (mailbox.complete or fetching[0] >= fetching[1]):
            del self._fetching[mailbox.id]
            fetching = None
        account = self.account_of(mailbox)
        self.query_one(ListTitle).update(mailbox, selected=len(self.list_view.selected), fetching=fetching)
        self.list_view.tell(mailbox_message(mailbox, account, fetching))

    def account_of(self, mailbox: Mailbox | None) -> Account | None:
        """The account of a mailbox; of none, the first one."""
        if mailbox is None:
            return self.accounts[0] if self.accounts else None
        return next((account for account in self.accounts if account.name == mailbox.account), None)

    @property
    def outbox_words(self) -> Words:
        """What the status line says of mail on its way out."""
        return NO_WORDS

    def _tell_status(self) -> None:
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        account = self.account_of(mailbox)
        self.query_one(TopBar).update(self.accounts, account.name if account is not None else "")
        self.query_one(StatusLine).update(self.accounts, self._engine_note, self._downloads.words, self.outbox_words)

    @on(MessageList.SelectionChanged)
    def _selection_changed(self) -> None:
        self._tell_list()

    def _minute_passed(self) -> None:
        self.list_view.forget_dates()
        self._tell_status()
