"""Keys on what a search found: going about, selecting, acting.

What lives here: which messages are meant. What must not: asking and showing answers
(`search`), and how mail is changed: what acts on messages is handed to the main screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from textual.screen import Screen

from tuimail.errors import MailError
from tuimail.model import EnvelopeId, Row
from tuimail.ui import text
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.beside.searching import Asked, SearchDesk
from tuimail.ui.widgets.found import FoundList
from tuimail.ui.widgets.message_list import MAX_SELECTED
from tuimail.wishes.finding import Answer


class Acts(Protocol):
    """What can be done to messages, by whoever can do it."""

    def act_on(self, verb: str, ids: list[EnvelopeId]) -> None:
        """The verb of one of the keys here, such as `archive`."""

    def laid(self, row: Row) -> Row:
        """A row with what was done to it and is not written yet."""


class FoundScreen(Candid, Punctual, Screen[None]):
    """Acting on what was found. `SearchScreen` finds it."""

    def __init__(self, desk: SearchDesk, clock: Callable[[], float], acts: Acts) -> None:
        super().__init__()
        self._desk = desk
        self._acts = acts
        self._servers: tuple[EnvelopeId, ...] = ()
        """What servers found besides."""
        self._answer: Answer | None = None
        self._list = FoundList(clock, acts.laid, id="found")
        self._is_selecting = False
        self._waiting: list[str] = []
        """Verbs of keys that were pressed while all were being selected."""

    @property
    def asked(self) -> Asked:
        """What is typed now."""
        raise NotImplementedError

    def chosen(self) -> list[EnvelopeId]:
        """The selected messages, else the one under the cursor."""
        if self._list.selected:
            return sorted(self._list.selected)
        current = self._list.current
        return [current.hit.row.id] if current is not None else []

    # --- going about ---------------------------------------------------------------

    def action_search_next(self) -> None:
        """One down."""
        self._list.move_to(self._list.cursor + 1)

    def action_search_previous(self) -> None:
        """One up."""
        self._list.move_to(self._list.cursor - 1)

    def action_search_page_down(self) -> None:
        """A page down."""
        self._list.move_to(self._list.cursor + max(1, self._list.page_lines // 2 - 1))

    def action_search_page_up(self) -> None:
        """A page up."""
        self._list.move_to(self._list.cursor - max(1, self._list.page_lines // 2 - 1))

    def action_search_top(self) -> None:
        """The first."""
        self._list.move_to(0)

    def action_search_bottom(self) -> None:
        """The last that is here."""
        self._list.move_to(self._list.total - 1)

    # --- selecting -------------------------------------------------------------------

    def action_search_select(self) -> None:
        """Select the message or take it out, and go on to the next."""
        self._list.toggle()
        self._list.move_to(self._list.cursor + 1)

    def action_search_select_range(self) -> None:
        """Select all from the last selected message to the cursor."""
        self._list.select_range()

    def action_search_select_all(self) -> None:
        """Select all that fits, also what is not shown yet; or none."""
        if self._answer is None or self._is_selecting:
            return
        if self._answer.after is None:
            self._select_or_none(self._list.ids)
            return
        self._is_selecting = True
        self.run_worker(self._select_all(), group="select", exit_on_error=False)

    async def _select_all(self) -> None:
        asked = self.asked
        try:
            ids = await self._desk.ids(asked, self._servers, MAX_SELECTED + 1)
        except MailError as exc:
            self._waiting.clear()
            self.tell(exc.sentence)
            return
        finally:
            self._is_selecting = False
        waiting, self._waiting = self._waiting, []
        if asked != self.asked:
            return  # something else is looked for now
        if len(ids) > MAX_SELECTED:
            self.tell(f"There are more than {MAX_SELECTED:,}; the newest {MAX_SELECTED:,} are selected.")
        self._select_or_none(ids[:MAX_SELECTED])
        for verb in waiting:
            self._act(verb)

    def _select_or_none(self, ids: list[EnvelopeId]) -> None:
        if self._list.selected.issuperset(ids):
            self.end_selection()
        else:
            self._list.select(ids)

    def end_selection(self) -> None:
        """Select nothing."""
        self._list.clear_selection()

    # --- acting ------------------------------------------------------------------------

    def _act(self, verb: str) -> None:
        if self._is_selecting:
            self._waiting.append(verb)
            return
        ids = self.chosen()
        if ids or verb == "undo":
            self._acts.act_on(verb, ids)
            self._list.refresh()
        else:
            self.tell("There is no message here.")

    def action_search_archive(self) -> None:
        """Move to the archive."""
        self._act("archive")

    def action_search_delete(self) -> None:
        """Move to the trash; from there for good."""
        self._act("delete")

    def action_search_delete_for_good(self) -> None:
        """Without the trash."""
        self._act("delete_for_good")

    def action_search_junk(self) -> None:
        """Move to junk mail, or back from it."""
        self._act("junk")

    def action_search_move(self) -> None:
        """To a mailbox that is chosen."""
        self._act("move")

    def action_search_copy(self) -> None:
        """A copy of it."""
        self._act("copy")

    def action_search_keywords(self) -> None:
        """Give keywords, or take them off."""
        self._act("keywords")

    def action_search_star(self) -> None:
        """Star, or take stars off."""
        self._act("star")

    def action_search_seen(self) -> None:
        """Mark as read, or as unread."""
        self._act("seen")

    def action_search_mute(self) -> None:
        """New messages of these conversations come in read, or no longer."""
        self._act("mute")

    def action_search_undo(self) -> None:
        """Take the last change back."""
        self._act("undo")

    def tell(self, sentence: str) -> None:
        """Say it in a toast."""
        self.notify(text.sentence(sentence), markup=False, timeout=4)
