"""The ways from the main screen to searching and back, and saved searches in the folder tree.

What must not live here: what is found (`ui.screens.search`, `wishes.finding`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from textual import on
from textual.timer import Timer

from tuimail.errors import MailError
from tuimail.mime.clean import clean_line
from tuimail.model import AccountName, EnvelopeId, MailboxId, Row
from tuimail.store import Store
from tuimail.store.lists.views import ViewSpec
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.searching import Asked, Left, SearchDesk
from tuimail.ui.lines.tree_rows import ViewLine
from tuimail.ui.screens.acting import Deed, Ids
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.screens.mailboxes import MailboxesScreen
from tuimail.ui.screens.search import SearchScreen
from tuimail.ui.widgets.folder_tree import FolderTree
from tuimail.wishes import finding
from tuimail.wishes.finding import Count, Saved

FIRST_ID: Final = -100
"""Stands for the first saved search where a mailbox is expected; the next one is below."""
GLYPH: Final = "⌕"
LOOK_S: Final = 2.0
"""Saved searches are looked at again so long after news, in a thread,"""
REST: Final = 20.0
"""and not before so many times as long as that took."""
_NOT_COUNTED: Final = Count(0, 0, False)


class SearchingScreen(MailboxesScreen):
    """Searching. `MainScreen` adds the other keys."""

    _searching: SearchDesk | None = None
    _left = Left()
    _opened_from_search: EnvelopeId | None = None
    _look_timer: Timer | None = None
    _looked_s = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As the screen below: its values are only passed on."""
        super().__init__(*arguments, **options)
        self._saved: dict[MailboxId, Saved] = {}
        self._counted: dict[str, Count] = {}
        self._ids: dict[str, tuple[EnvelopeId, ...]] = {}
        """What a saved query found when it was last looked at."""

    # --- there and back -----------------------------------------------------------------

    def open_search(self, query: str | None = None, *, in_list: bool = False) -> None:
        """The search screen: as it was left, or with this query."""
        if isinstance(self.app.screen, SearchScreen):
            return
        if self._searching is None:
            self._searching = SearchDesk(self._paths, self.clock)
        if query is not None:
            self._left = Left(Asked(query, self._left.asked.best))
        self._opened_from_search = None
        self.app.push_screen(SearchScreen(
            self._searching, self.send, self.clock, self, left=self._left, open_message=self._open_found,
            leave=self._leave_search, saved=self._read_tree, keymap=self.key_bar.keymap, in_list=in_list,
        ))  # fmt: skip

    def action_mailbox_search(self) -> None:
        """Search in the mailbox that is shown."""
        shown = self.shown or MailboxId(0)
        mailbox = self.mailboxes.get(shown)
        if mailbox is None:
            self.open_search(self._saved[shown].query if shown in self._saved else None)
            return
        name = f"{mailbox.account}/{mailbox.name}"
        if not name.isprintable():
            self.notify("The name of this mailbox cannot be typed.", markup=False, timeout=3)
            self.open_search("")
            return
        quoted = name if name.replace("/", "").replace(".", "").isalnum() else '"' + name.replace('"', "") + '"'
        self.open_search(f"in:{quoted} ")

    def _open_found(self, mailbox_id: MailboxId, envelope_id: EnvelopeId, left: Left) -> None:
        self._left = left
        self._close_search()
        self.open_message(mailbox_id, envelope_id)
        self._opened_from_search = envelope_id

    def _leave_search(self, left: Left) -> None:
        self._left = left
        self._close_search()

    def _close_search(self) -> None:
        if isinstance(self.app.screen, SearchScreen):
            self.app.pop_screen()

    def return_to_search(self) -> bool:
        """Back to what was found, when the message that is read was opened from there."""
        if self._opened_from_search is None or self.reading.current != self._opened_from_search:
            self._opened_from_search = None
            return False
        self.open_search(in_list=True)
        return True

    def open_message(self, mailbox_id: MailboxId, envelope_id: EnvelopeId) -> None:
        """Show a message that was found, in its mailbox."""
        raise NotImplementedError

    # --- acting on what was found -------------------------------------------------------

    @property
    def _search_screen(self) -> SearchScreen | None:
        """The search that is open, maybe with a question over it."""
        return next((screen for screen in self.app.screen_stack if isinstance(screen, SearchScreen)), None)

    def act_on(self, verb: str, ids: list[EnvelopeId]) -> None:
        """Do to these messages what a key of the search screen says."""
        verbs: dict[str, Callable[[Ids], None]] = {
            "archive": self.archive,
            "delete": self.delete_messages,
            "delete_for_good": self.delete_for_good,
            "junk": self.junk,
            "move": self.move,
            "copy": self.copy,
            "keywords": self.choose_keywords,
            "star": self.star,
            "seen": self.mark_seen,
            "mute": self.mute,
            "undo": lambda _: self.action_message_undo(),
        }
        verbs[verb](ids)

    def laid(self, row: Row) -> Row:
        """A row with what was done to it and is not written yet."""
        return self.overlay.laid(row)

    def act(self, ids: Ids, deed: Deed) -> None:
        """Do it to these messages; what is selected in the list behind a search is not meant."""
        super().act(ids, deed)
        if self._search_screen is not None:
            self.list_view.deselect(ids)

    def end_selection(self) -> None:
        """What was selected was acted on."""
        search = self._search_screen
        if search is not None:
            search.end_selection()
        else:
            super().end_selection()

    def mail_changed(self, accounts: Sequence[AccountName]) -> None:
        """Mail was changed here: show it, also in the search that is open, and tell the engine."""
        super().mail_changed(accounts)
        search = self._search_screen if self.is_attached else None
        if search is not None:
            search.look_again()

    # --- saved searches -----------------------------------------------------------------

    def more_views(self) -> list[ViewLine]:
        """Saved searches, as the tree names them."""
        self._saved = {MailboxId(FIRST_ID - at): each for at, each in enumerate(finding.saved(self.store))}
        if any(each.name not in self._counted for each in self._saved.values()):
            self._look_soon(0.05)
        return [
            ViewLine(identity, f"search:{each.name}", clean_line(each.name, 60), GLYPH, count.unread, count.total)
            for identity, each in self._saved.items() for count in (self._counted.get(each.name, _NOT_COUNTED),)
        ]

    def view_spec(self, line: ViewLine) -> ViewSpec:
        """What a view shows; of a search what it found when it was last looked at."""
        each = self._saved.get(line.id)
        if each is None:
            return super().view_spec(line)
        if each.query not in self._ids:
            self._look_soon(0.05)
        return ViewSpec(ids=self._ids.get(each.query, ()))  # every mailbox, as the count beside it and as the search

    def hear_of_searches(self, news: News) -> None:
        """They may find something else now."""
        if self._saved and (news.mailboxes or (news.index is not None and news.index.is_resting)):
            self._look_soon(max(LOOK_S, REST * self._looked_s))

    def _look_soon(self, after_s: float) -> None:
        if self._look_timer is None:
            self._look_timer = self.set_timer(after_s, self._look_again)

    def _look_again(self) -> None:
        paths, now, shown = self._paths, self.clock(), self._saved.get(self.shown or MailboxId(0))

        def work() -> tuple[dict[str, Count], tuple[EnvelopeId, ...]]:
            with Store.open(paths) as store:
                ids = finding.ids_of(store, shown.query, now=now) if shown is not None else []
                return finding.counts(store, now=now), tuple(ids)

        async def run() -> None:
            began_at = time.monotonic()
            try:
                counted, ids = await aside(work)
            except MailError:
                return  # names without numbers do no harm
            finally:
                self._look_timer = None
                self._looked_s = time.monotonic() - began_at
            if counted != self._counted:
                self._counted = counted
                self.show_tree()
            if shown is not None:
                self._show_ids(shown, ids)

        self.run_worker(run(), group="saved-searches", exit_on_error=False)

    def _show_ids(self, each: Saved, ids: tuple[EnvelopeId, ...]) -> None:
        """What a search finds now goes into the list, when it is still the one that is shown."""
        before, self._ids[each.query] = self._ids.get(each.query), ids
        if before != ids and self._saved.get(self.shown or MailboxId(0)) == each:
            view = self.list_view
            self.show_listing(view.cursor_id, view.cursor, view.top_position)

    @on(FolderTree.DeleteWanted)
    def _forget_wanted(self, event: FolderTree.DeleteWanted) -> None:
        each = self._saved.get(event.mailbox_id)
        if each is not None:
            self._ask_to_forget(each)

    def _ask_to_forget(self, each: Saved) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._forget(each), group="saved-searches", exit_on_error=False)

        question = text.content(f"Remove the saved search {each.name}? The mail stays.", 300)
        self.app.push_screen(Confirm(question, title="Saved search", yes="Remove", no="Back"), answered)

    async def _forget(self, each: Saved) -> None:
        await self.lane.run(lambda store: finding.forget(store, each.name))
        is_shown = self._saved.get(self.shown or MailboxId(0)) == each
        self._read_tree()
        inbox = self.first_mailbox()
        if is_shown and inbox is not None:
            self.show_mailbox(inbox.id)
