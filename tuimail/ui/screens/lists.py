"""Keys for the list as a whole: threads, sorting, filtering, dates, density, unread ones elsewhere.

Every `action_*` here is named by a row of `ui.keys` with `where = "main"`. What must not
live here: which rows there are (`listing`), acting on messages (`acting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual import events, on
from textual.timer import Timer
from textual.widgets import Input

from tuimail.errors import MailError
from tuimail.model import EnvelopeId, Flag, Mailbox, Role
from tuimail.store.lists.views import Sort
from tuimail.ui import text
from tuimail.ui.beside.listing import ViewListing
from tuimail.ui.beside.snippets import snippet_of
from tuimail.ui.commands import Hit
from tuimail.ui.lines.list_choices import DateSource, SortSource
from tuimail.ui.screens.listing import MOST_LOOKED_AT
from tuimail.ui.screens.mail import MailScreen
from tuimail.ui.screens.palette import PaletteScreen
from tuimail.ui.widgets.reader import Reader

TYPING_S: Final = 0.12
"""A filter is put to work when nothing was typed for so long."""
_PASSED_OVER: Final = (Role.JUNK, Role.TRASH, Role.DRAFTS, Role.SENT, Role.ALL, Role.FLAGGED)


class ListsScreen(MailScreen):
    """Keys for the list. `LocalMailScreen` adds the quarantine."""

    _typing: Timer | None = None

    def on_mount(self) -> None:
        """Rows as they looked when they were left."""
        self.list_view.snippet = self.snippet_of
        self.list_view.shape = self.remembered.shape()
        self.list_view.unfold = self.unfold_at_cursor
        self._read_mutes()

    # --- conversations ---------------------------------------------------------

    def action_list_threads(self) -> None:
        """One line for each conversation, or for each message."""
        if self.shown is None:
            return
        self.change_look(self.look._replace(is_threaded=not self.look.is_threaded))
        said = "One line for each conversation; Z opens one." if self.look.is_threaded else "One line for each message."
        self.notify(said, markup=False, timeout=3)

    def action_list_fold(self) -> None:
        """Show every message of the conversation under the cursor, or one line again."""
        view, listing = self.list_view, self.listing
        if self.focused is self.reader and self.conversation.is_on:
            self.conversation.toggle_all(self.reading.current)
            self.reading.lay_out_again()
            return
        if view.cursor_id is None:
            return
        if not isinstance(listing, ViewListing) or not listing.spec.is_threaded:
            self.notify("Conversations are not gathered here. T gathers them.", markup=False, timeout=3)
            return
        if listing.is_unfolded(view.cursor_id):
            lead = listing.fold(view.cursor_id)
            view.cursor_id = lead if lead is not None else view.cursor_id
            view.reload()
        elif not self.unfold_at_cursor():
            self.notify("This conversation has one message.", markup=False, timeout=2)

    def unfold_at_cursor(self) -> bool:
        """Show every message of the conversation under the cursor; False when it has one, or is open."""
        cursor_id, listing = self.list_view.cursor_id, self.listing
        if cursor_id is None or not isinstance(listing, ViewListing) or not listing.unfold(cursor_id):
            return False
        self.list_view.reload()
        return True

    def fold_back(self) -> bool:
        """Close the conversation that the cursor is in; False when it is in none that is open."""
        listing, cursor_id = self.listing, self.list_view.cursor_id
        if cursor_id is None or not isinstance(listing, ViewListing) or not listing.is_unfolded(cursor_id):
            return False
        self.action_list_fold()
        return True

    def leave_list(self) -> None:
        """Left: close an open conversation, else go to the folder tree."""
        if not self.fold_back():
            super().leave_list()

    def action_reader_later(self) -> None:
        """The next message of the conversation in the reader."""
        self._step(1)

    def action_reader_earlier(self) -> None:
        """The message before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if not self.conversation.is_on:
            self.notify("This is not a conversation: open one where T gathers them.", markup=False, timeout=3)
            return
        found = self.conversation.step(self.reading.current, by)
        if found is not None:
            self.reading.open(found)
            self.focus_reader()

    @on(Reader.LineClicked)
    def _line_clicked(self, event: Reader.LineClicked) -> None:
        found = self.conversation.message_at(event.line)
        if found is not None and found != self.reading.current:
            self.conversation.toggle(found)
            self.reading.lay_out_again()

    def action_message_mute(self) -> None:
        """New messages of these conversations come in read, or no longer."""
        self.mute(self.chosen())

    def mute(self, ids: Sequence[EnvelopeId]) -> None:
        """Mute the conversations of these, or no longer when all are muted."""
        if not ids:
            return

        async def run() -> None:
            try:
                is_muted = await self.lane.run(lambda store: store.mutes.toggle(ids))
            except MailError as exc:
                self.notify(text.sentence(exc.sentence), markup=False, severity="error")
                return
            self._read_mutes()
            said = "Muted: new messages of it come in read." if is_muted else "No longer muted."
            self.notify(said, markup=False, timeout=3)

        self.run_worker(run(), group="acts", exit_on_error=False)

    def chosen(self) -> list[EnvelopeId]:
        """The messages that a key is about (`ActingScreen`)."""
        raise NotImplementedError

    def _read_mutes(self) -> None:
        muted = self.store.conversations.muted()
        if muted != self.list_view.muted:
            self.list_view.muted = muted
            self.list_view.forget_dates()

    # --- order -----------------------------------------------------------------

    def action_list_sort(self) -> None:
        """In another order."""
        self._choose_one(SortSource(self.look, self.change_look), "Sort by", "A few letters")

    def action_list_density(self) -> None:
        """One line a message, or two."""
        shape = self.list_view.shape
        self._reshape(is_roomy=not shape.is_roomy, by_day=shape.by_day)

    def action_list_days(self) -> None:
        """A heading for each day, or none."""
        shape = self.list_view.shape
        self._reshape(is_roomy=shape.is_roomy, by_day=not shape.by_day)
        if self.list_view.shape.by_day and self.look.sort != Sort.DATE:
            self.notify("Days have headings in lists that are sorted by date; this one is not.", markup=False)

    def _reshape(self, *, is_roomy: bool, by_day: bool) -> None:
        shape = self.list_view.shape._replace(is_roomy=is_roomy, by_day=by_day)
        self.list_view.reshape(shape)
        self.remembered.keep_shape(shape)

    def snippet_of(self, envelope_id: EnvelopeId) -> str:
        """The beginning of a message's text, where it is here."""
        return snippet_of(self.store, envelope_id)

    # --- dates -----------------------------------------------------------------

    def action_list_date(self) -> None:
        """To a date."""
        if self.look.sort != Sort.DATE:
            self.notify("This list is not sorted by date. Press , to sort it.", markup=False, timeout=4)
            return
        self._choose_one(DateSource(self.clock(), self._go_to_date), "Go to date", "2026-03, monday, yesterday, 3w")

    def _go_to_date(self, end: int) -> None:
        """The newest message before `end`, in seconds since 1970 UTC: some 20 looks at any depth."""
        view = self.list_view
        low, high = 0, view.total
        while low < high:
            middle = (low + high) // 2
            row = view.row_at(middle)
            if row is not None and (row.sort_at >= end) != self.look.is_reversed:
                low = middle + 1
            else:
                high = middle
        if self.look.is_reversed:
            low -= 1
        view.move_to(low)
        self.focus_list()

    def _choose_one(self, source: SortSource | DateSource, title: str, hint: str) -> None:
        def chosen(hit: Hit | None) -> None:
            if hit is not None:
                hit.act()

        self.app.push_screen(PaletteScreen([source], hint=hint, title=title), chosen)

    # --- the filter ------------------------------------------------------------

    def action_list_filter(self) -> None:
        """Only what has the words that are typed."""
        if self.shown is None:
            return
        self.focus_list()
        self.filter_field.add_class("-on")
        self.filter_field.focus()

    @on(Input.Changed, "#list-filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPING_S, self._filter)

    def _filter(self) -> None:
        words = " ".join(self.filter_field.value.split()) if self.filter_field.has_class("-on") else ""
        if words != self.filter_words:
            was_filtered = bool(self.filter_words)
            self.keep_place()
            self.filter_words = words
            view = self.list_view
            self.show_listing(view.cursor_id, view.cursor if was_filtered else 0, 0, is_typed=bool(words))

    @on(Input.Submitted, "#list-filter")
    def _filter_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._filter()
        self.list_view.focus(scroll_visible=False)

    def on_key(self, event: events.Key) -> None:
        """Down leaves the filter for what it found."""
        if self.focused is self.filter_field and event.key in ("down", "tab"):
            event.stop()
            event.prevent_default()
            self._filter()
            self.list_view.focus(scroll_visible=False)

    def end_filter(self) -> bool:
        """Show all rows again; False when all are shown."""
        if not self.filter_field.has_class("-on"):
            return False
        self.filter_field.remove_class("-on")
        with self.filter_field.prevent(Input.Changed):
            self.filter_field.value = ""
        self._filter()
        self.list_view.focus(scroll_visible=False)
        return True

    # --- unread ones anywhere ----------------------------------------------------

    def action_mailbox_next_unread(self) -> None:
        """The next unread message, here or in the next mailbox that has one."""
        listing = self.listing
        if listing is not None and listing.spec.is_plain and self.shown is not None:
            found = self.store.envelopes.next_unread(self.shown, self.list_view.cursor)
        else:
            found = self._unread_row(1)
        if found is not None:
            self._read_at(found)
        else:
            self._go_to_unread(1)

    def action_mailbox_previous_unread(self) -> None:
        """The unread message before, here or in the mailbox before."""
        found = self._unread_row(-1)
        if found is not None:
            self._read_at(found)
        else:
            self._go_to_unread(-1)

    def _unread_row(self, step: int) -> int | None:
        """The nearest unread row below or above the cursor, among a couple of thousand."""
        view = self.list_view
        for distance in range(1, MOST_LOOKED_AT):
            row = view.row_at(view.cursor + step * distance)
            if row is None:
                return None
            if not row.flags & Flag.SEEN:
                return view.cursor + step * distance
        return None

    def _go_to_unread(self, step: int) -> None:
        """To the next mailbox of the tree with unread messages, round in a circle."""
        known = [each for each in self.mailboxes.values() if each.role not in _PASSED_OVER and each.selectable]
        at = next((number for number, each in enumerate(known) if each.id == self.shown), -1 if step > 0 else 0)
        order: list[Mailbox] = [known[(at + step * number) % len(known)] for number in range(1, len(known) + 1)]
        for mailbox in order:
            found = self.store.envelopes.next_unread(mailbox.id, -1) if mailbox.unread else None
            if found is None or (mailbox.id == self.shown and found == self.list_view.cursor):
                continue
            if mailbox.id != self.shown:
                self.show_mailbox(mailbox.id)
            newest = self.store.envelopes.unread_ids(mailbox.id, 1)
            if newest and self.go_to(newest[0]):
                self.focus_list()
                self._read_at(self.list_view.cursor)
            return
        self.notify("No more unread messages anywhere.", markup=False, timeout=3)

    def _read_at(self, position: int) -> None:
        self.list_view.move_to(position)
        if self.reader_is_seen:
            self.open_cursor()
