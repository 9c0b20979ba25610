"""The ways from the main screen to searching and back, and saved searches in the folder tree.

What must not live here: what is found (`ui.screens.search`, `wishes.finding`).
"""

from __future__ import annotations

from collections.abc import Callable

from tuimail.model import EnvelopeId, Flag, MailboxId
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.searching import Asked, Left, SearchDesk
from tuimail.ui.screens.acting import Deed
from tuimail.ui.screens.mailboxes import MailboxesScreen
from tuimail.ui.screens.search import SearchScreen
from tuimail.wishes import acting


class SearchingScreen(MailboxesScreen):
    """Searching. `MainScreen` adds the other keys."""

    _searching: SearchDesk | None = None
    _left = Left()
    _opened_from_search: EnvelopeId | None = None

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
        mailbox = self.mailboxes.get(self.shown) if self.shown is not None else None
        if mailbox is None:
            self.open_search()
            return
        name = f"{mailbox.account}/{mailbox.name}"
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

    def act_on(self, verb: str, ids: list[EnvelopeId], then: Callable[[], None]) -> None:
        """Do to these messages what a key of the search screen says."""
        at = self.now()
        match verb:
            case "archive":
                self.act(ids, Deed(lambda store, ids, _: acting.archive(store, ids, at=at), "Archiving"))
            case "delete":
                self.act(ids, Deed(lambda store, ids, sure: acting.delete(store, ids, at=at, sure=sure), "Deleting"))
            case "junk":
                self.act(ids, Deed(lambda store, ids, _: acting.junk(store, ids, at=at), "Moving"))
            case "star" | "seen":
                flag = Flag.FLAGGED if verb == "star" else Flag.SEEN
                self.act(ids, Deed(
                    lambda store, ids, _: acting.set_flag(store, ids, flag, at=at), "Marking", quiet=True
                ))  # fmt: skip
            case "undo":
                self.action_message_undo()

        async def told() -> None:
            await self.lane.run(lambda store: None)  # behind what was just asked for
            then()

        self.run_worker(told(), group="search-acts", exit_on_error=False)

    def hear_of_searches(self, news: News) -> None:
        """Counts may be others now."""
