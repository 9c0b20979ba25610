"""Which list is shown: a mailbox or a view, how it is ordered, and the place where it was left.

It wires folder tree and message list to the store. What must not live here: keys
(`lists`), what is read and what the engine says (`mail`), making views (`ui.beside.making`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from textual import on
from textual.timer import Timer
from textual.widgets import Input

from tuimail.engine.protocol import Request, Show
from tuimail.errors import MailError, StoreError
from tuimail.model import EnvelopeId, Flag, Mailbox, MailboxId
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Sort, ViewSpec
from tuimail.ui import text
from tuimail.ui.beside.listing import Listing, MailboxListing, ViewListing, listing_of, opening
from tuimail.ui.beside.making import Making
from tuimail.ui.beside.overlay import Overlay
from tuimail.ui.beside.remembered import Look, Place
from tuimail.ui.beside.unified import look_of, mailbox_of_view, midnight, name_of
from tuimail.ui.lines.mailbox_pages import mailbox_message, view_message
from tuimail.ui.lines.rows import Order, where_label
from tuimail.ui.screens.tree import TreePane
from tuimail.ui.widgets.bars import ListTitle
from tuimail.ui.widgets.fields import CleanInput
from tuimail.ui.widgets.message_list import MessageList

REST_S = 0.15
"""The cursor rests so long before its message is opened."""
MOST_LOOKED_AT: Final = 2000
"""In a view so many rows are looked through for an unread one."""


class ListingPane(TreePane):
    """The list. `MailScreen` adds the mail."""

    def __init__(self, store: Store, paths: Paths, send: Callable[[Request], None], clock: Callable[[], float]) -> None:
        super().__init__(store, paths, clock)
        self.send = send
        self.overlay = Overlay(store)
        self.shown: MailboxId | None = None
        """The mailbox in the list; below 0 for a view over all accounts."""
        self.is_guess = False
        """Nobody chose it, now or in an earlier run."""
        self.listing: Listing | None = None
        """Its rows."""
        self._drawn_listing: Listing | None = None
        """What the list draws: the one before until a filter has its rows."""
        self.look = Look()
        """How it is ordered."""
        self.filter_words = ""
        """Only rows with these words are shown."""
        self.making = Making(
            paths,
            lambda work: self.run_worker(work, group="views", exit_on_error=False),
            self.set_timer,
            self._view_made,
            self._view_failed,
        )
        self.filter_field = CleanInput(placeholder="Words in sender or subject", id="list-filter")
        self.fetching: dict[MailboxId, tuple[int, int]] = {}
        self._places: dict[MailboxId, tuple[EnvelopeId | None, int, int]] = {}
        self._wanted_place: tuple[EnvelopeId | None, int, int] | None = None
        """Where the cursor goes as soon as all rows of the view are known."""
        self._show_timer: Timer | None = None

    # --- which list ------------------------------------------------------------

    @property
    def shown_mailbox(self) -> Mailbox | None:
        """The mailbox in the list; for a view one that stands for it, with an id below 0 and no account."""
        if self.shown is None:
            return None
        if self.shown in self.views:
            total = self.listing.total if isinstance(self.listing, ViewListing) else None
            return mailbox_of_view(self.views[self.shown], total)
        return self.mailboxes.get(self.shown)

    @property
    def shown_in(self) -> tuple[MailboxId, ...]:
        """The mailboxes whose messages are in the list."""
        if isinstance(self.listing, ViewListing):
            return self.listing.mailbox_ids
        return (self.shown,) if self.shown is not None else ()

    def show_first(self) -> None:
        """Show the place where a person was."""
        place = self.remembered.place()
        found = self._found(place) if place is not None else None
        if place is not None and found is not None:
            self._places[found] = (place.envelope_id, place.cursor, place.top)
        is_guess = found is None
        if found is None:
            mailbox = self.first_mailbox()
            found = mailbox.id if mailbox is not None else None
        if found is not None:
            self.show_mailbox(found)
            self.is_guess = is_guess
        else:
            self.tell_list()
        self.tell_status()

    def guess_again(self) -> None:
        """The inbox of an earlier account is here now, and nobody chose the one that is shown."""
        mailbox = self.first_mailbox()
        if self.is_guess and mailbox is not None and mailbox.id != self.shown:
            self.show_mailbox(mailbox.id)
            self.is_guess = True

    def _found(self, place: Place) -> MailboxId | None:
        if not place.account:
            return next((line.id for line in self.views.values() if name_of(line) == place.mailbox), None)
        mailbox = self.store.mailboxes.find(place.account, place.mailbox)
        return mailbox.id if mailbox is not None else None

    def choose_mailbox(self, mailbox_id: MailboxId, enter: bool) -> None:
        """The tree: show a mailbox; `enter`: the keys go to its list."""
        if mailbox_id != self.shown:
            self.show_mailbox(mailbox_id)
        if enter:
            self.focus_list()

    def show_mailbox(self, mailbox_id: MailboxId) -> None:
        """Put a mailbox or a view into the list, at the place where it was left."""
        self.is_guess = False
        self.keep_place()
        self.shown = mailbox_id
        self.filter_words = ""
        self.filter_field.remove_class("-on")
        with self.filter_field.prevent(Input.Changed):
            self.filter_field.value = ""
        mailbox = self.shown_mailbox
        self.look = self.remembered.look(mailbox.account, mailbox.name) if mailbox is not None else Look()
        self.shown_anew()
        self.folders.set_open(mailbox_id, move_cursor=self.focused is not self.folders)
        self.show_listing(*self._places.get(mailbox_id, (None, 0, 0)))
        self.tell_status()
        if self._show_timer is not None:
            self._show_timer.stop()
        if mailbox_id > 0:
            self._show_timer = self.set_timer(REST_S, lambda: self.send(Show(mailbox_id)))

    def show_listing(
        self, envelope_id: EnvelopeId | None = None, cursor: int = 0, top: int = 0, *, is_typed: bool = False
    ) -> None:
        """Show the list as it is to be ordered now, with the cursor on a message, or else at a position."""
        spec = self.spec
        self._wanted_place = None
        self.listing = listing_of(self.store, spec, midnight(self.clock())) if spec is not None else None
        if isinstance(self.listing, ViewListing):
            self._wanted_place = (envelope_id, cursor, top)
        self.making.show(self.listing if isinstance(self.listing, ViewListing) else None)
        if is_typed and isinstance(self.listing, ViewListing):
            self.tell_list()  # what was shown stays until this is made, or every letter would empty the list
        else:
            self._put_listing(envelope_id, cursor, top)

    def _put_listing(self, envelope_id: EnvelopeId | None, cursor: int, top: int) -> None:
        listing, overlay = self.listing, self.overlay
        if isinstance(self._drawn_listing, ViewListing) and self._drawn_listing is not listing:
            self._drawn_listing.close()
        self._drawn_listing = listing
        if listing is None:
            self.list_view.show_nothing()
            return
        cursor, top = opening(listing, envelope_id, cursor, top)
        self.list_view.where = self._where if listing.spec.is_threaded or not listing.spec.mailbox_id else None
        self.tell_list()
        self.list_view.show(
            lambda start, count: overlay.window(listing, start, count),
            lambda found: overlay.position(listing, found),
            cursor=cursor,
            top=top,
            by_date=listing.spec.sort is Sort.DATE,
        )

    @property
    def spec(self) -> ViewSpec | None:
        """What the list shows, and in which order."""
        if self.shown is None:
            return None
        line = self.views.get(self.shown)
        spec = self.view_spec(line) if line is not None else ViewSpec(mailbox_id=self.shown)
        return look_of(spec, self.look)._replace(words=self.filter_words)

    def change_look(self, look: Look) -> None:
        """Order the list otherwise, the cursor staying on its message, and remember it."""
        mailbox = self.shown_mailbox
        if mailbox is None:
            return
        self.look = look
        self.remembered.keep_look(mailbox.account, mailbox.name, look)
        view = self.list_view
        self.show_listing(view.cursor_id, view.cursor, view.top_position)

    def _where(self, mailbox_id: MailboxId) -> str:
        """What a row says of the mailbox that it is of; nothing for the one that is shown."""
        mailbox = self.mailboxes.get(mailbox_id)
        if mailbox is None or mailbox_id == self.shown:
            return ""
        return where_label(mailbox, with_account=len(self.accounts) > 1 and (self.shown or 0) < 0)

    def _view_made(self, listing: ViewListing) -> None:
        if listing is not self.listing or not self.is_attached:
            return
        wanted, self._wanted_place = self._wanted_place, None
        view = self.list_view
        if self._drawn_listing is not listing:
            self._put_listing(*(wanted or (None, 0, 0)))
        elif wanted is not None and (wanted[0] is not None or wanted[1]) and view.cursor == 0:
            self._put_listing(*wanted)
        else:
            view.reload()
        self.tell_list()

    def _view_failed(self, error: MailError) -> None:
        if isinstance(error, StoreError):
            self.notify(text.sentence(f"This list cannot be made. {error.sentence}"), markup=False, severity="error")

    def go_to(self, envelope_id: EnvelopeId) -> bool:
        """Put the cursor on a message; False when it is not in this list."""
        listing = self.listing
        position = self.overlay.position(listing, envelope_id) if listing is not None else None
        if position is not None:
            self.list_view.move_to(position)
        elif isinstance(listing, ViewListing) and not listing.is_made:
            self._wanted_place = (envelope_id, 0, 0)
        else:
            return False
        return True

    def whole(self, ids: Sequence[EnvelopeId]) -> list[EnvelopeId]:
        """These messages; for a line that stands for a conversation all of it that is in this list."""
        return self.listing.all_of(ids) if isinstance(self.listing, ViewListing) else list(ids)

    def next_unread_position(self) -> int | None:
        """The next unread row below the cursor, else the first one; None when there is none."""
        listing, cursor = self.listing, self.list_view.cursor
        if isinstance(listing, MailboxListing) and self.shown is not None:
            envelopes = self.store.envelopes
            found = envelopes.next_unread(self.shown, cursor)
            return found if found is not None else envelopes.next_unread(self.shown, -1)
        if listing is None:
            return None
        below = range(cursor + 1, min(self.list_view.total, cursor + MOST_LOOKED_AT))
        above = range(min(cursor, MOST_LOOKED_AT))
        for position in chain(below, above):
            row = self.list_view.row_at(position)
            if row is not None and not row.flags & Flag.SEEN:
                return position
        return None

    # --- the place in it -------------------------------------------------------

    def keep_place(self) -> None:
        """Remember where the cursor is."""
        if self.shown_mailbox is not None and self.shown is not None and not self.filter_words:
            view = self.list_view
            self._places[self.shown] = (view.cursor_id, view.cursor, view.top_position)

    @property
    def place(self) -> Place | None:
        """Where a person is; None without a mailbox."""
        self.keep_place()
        mailbox = self.shown_mailbox
        if mailbox is None or self.shown not in self._places:
            return None
        return Place(mailbox.account, mailbox.name, *self._places[self.shown])

    def day_began(self) -> None:
        """What is of today may be of yesterday now."""
        listing = self.listing
        if isinstance(listing, ViewListing) and listing.today_from != midnight(self.clock()):
            view = self.list_view
            self.show_listing(view.cursor_id, view.cursor, view.top_position)

    def mail_came(self, mailbox_ids: set[MailboxId]) -> None:
        """Something changed in these mailboxes: read rows again that may be others."""
        if not mailbox_ids.isdisjoint(self.shown_in):
            self.list_view.reload()
            self.making.look()

    def mailbox_vanished(self) -> None:
        """The mailbox in the list is gone: show another one."""
        self.shown, self.listing = None, None
        self.making.show(None)
        self.notify("That mailbox is no longer there.", markup=False)
        mailbox = self.first_mailbox()
        if mailbox is not None:
            self.show_mailbox(mailbox.id)
        else:
            self.shown_anew()
            self.list_view.show_nothing()

    @property
    def is_lost(self) -> bool:
        """Whether what the list shows is no longer there."""
        return self.shown is not None and self.shown not in self.mailboxes and self.shown not in self.views

    # --- telling ---------------------------------------------------------------

    def tell_list(self) -> None:
        """The list's title, and what stands in it while it is empty."""
        mailbox = self.shown_mailbox
        fetching = self.fetching.get(mailbox.id) if mailbox is not None else None
        if fetching is not None and mailbox is not None and (mailbox.complete or fetching[0] >= fetching[1]):
            del self.fetching[mailbox.id]
            fetching = None
        order = Order(self.look.sort, self.look.is_reversed, self.look.is_threaded, self.filter_words)
        selected = len(self.list_view.selected)
        self.query_one(ListTitle).update(mailbox, selected=selected, fetching=fetching, order=order)
        listing = self.listing
        if isinstance(listing, ViewListing) and mailbox is not None:
            of = sum(one.total for one in self.mailboxes.values() if one.id in listing.mailbox_ids)
            self.list_view.tell(view_message(listing.spec.which, listing.spec.words, is_made=listing.is_made, of=of))
        else:
            self.list_view.tell(mailbox_message(mailbox, self.account_of(mailbox), fetching))

    @on(MessageList.SelectionChanged)
    def _selection_changed(self) -> None:
        self.tell_list()

    def shown_anew(self) -> None:
        """Another list is shown: the reader lets go of its message."""
        raise NotImplementedError

    def tell_status(self) -> None:
        """The bars above and below."""
        raise NotImplementedError


