"""Searching: a field, and what it finds from the first letters on.

What lives here: typing, asking beside the loop, showing the newest answer only. What must
not: how anything is found (`ui.beside.searching`), and what is done with it (`found`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import PurePath
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Input

from tuimail.engine.protocol import Request, SearchServer
from tuimail.errors import MailError
from tuimail.model import EnvelopeId, MailboxId
from tuimail.query.completion import Suggestion
from tuimail.ui.beside.notices import News
from tuimail.ui.beside.searching import Asked, Left, SearchDesk
from tuimail.ui.keys import SEARCH, bindings
from tuimail.ui.screens.found import Acts, FoundScreen
from tuimail.ui.screens.mailbox_name import MailboxName
from tuimail.ui.widgets.found import FoundList, MistakeMarks, SearchHint, SearchTitle
from tuimail.ui.widgets.key_bar import KeyBar
from tuimail.wishes.finding import Answer

PAUSE_S: Final = 0.08
"""Nothing is asked before nothing was typed for so long."""
NEWS_S: Final = 1.0
"""News makes it look again, no oftener than this."""
THREAD: Final = "thread:"
"""Asks for one conversation."""
_TICKETS: Final = itertools.count(1)


class SearchScreen(FoundScreen):
    """A field and what it finds."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["search.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SEARCH)]
    AUTO_FOCUS = "Input"

    def __init__(
        self,
        desk: SearchDesk,
        send: Callable[[Request], None],
        clock: Callable[[], float],
        acts: Acts,
        *,
        left: Left,
        open_message: Callable[[MailboxId, EnvelopeId, Left], None],
        leave: Callable[[Left], None],
        saved: Callable[[], None] = lambda: None,
        keymap: dict[str, str] | None = None,
        in_list: bool = False,
    ) -> None:
        """`left`: begin as it was left; `in_list`: the keys go to what was found."""
        super().__init__(desk, clock, acts)
        self._send = send
        self._left = left
        self._open_message = open_message
        self._leave = leave
        self._saved = saved
        self._in_list = in_list
        self._best = left.asked.best
        self._servers = left.from_servers
        self._ticket = ""
        self._typed_before = left.asked.text
        self._index = ""
        self._suggestions: list[Suggestion] = []
        self._chosen = 0
        self._pause: Timer | None = None
        self._news_timer: Timer | None = None
        self._asking_more = False
        self._before_thread: Left | None = None
        """How it was before a conversation was shown."""
        self._marks = MistakeMarks()
        self._title = SearchTitle()
        self._input = Input(
            placeholder="What you look for", max_length=2000, highlighter=self._marks, select_on_focus=False
        )
        self._hint = SearchHint()
        self._key_bar = KeyBar(keymap, pane=SEARCH)

    def compose(self) -> ComposeResult:
        """Title, field, hint, results, keys."""
        yield self._title
        yield self._input
        yield self._hint
        yield self._list
        yield self._key_bar

    def on_mount(self) -> None:
        """Show what was asked before."""
        self._input.value = self._left.asked.text
        self._show()
        if self._left.asked.text:
            self._ask(keep=False, first=True)
        if self._in_list:
            self._list.focus()

    # --- asking ------------------------------------------------------------------

    @property
    def asked(self) -> Asked:
        """What is typed now."""
        return Asked(self._input.value, self._best)

    @property
    def left(self) -> Left:
        """How it is left."""
        return Left(self.asked, self._list.cursor, self._list.top_line, self._servers, frozenset(self._list.selected))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value == self._typed_before:
            return  # what it begins with
        self._typed_before = event.value
        self._servers, self._ticket = (), ""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_S, lambda: self._ask(keep=False))
        self.run_worker(self._suggest(event.value), group="suggest", exclusive=True, exit_on_error=False)

    def _ask(self, *, keep: bool, first: bool = False) -> None:
        if self.is_attached:  # or what was asked for ended after the screen was left
            self.run_worker(self._ask_now(keep=keep, first=first), group="ask", exclusive=True, exit_on_error=False)

    async def _ask_now(self, *, keep: bool, first: bool = False) -> None:
        try:
            at_least = self._left.cursor + 1 if first else self._list.total if keep else 0
            answer = await self._desk.ask(self.asked, self._servers, at_least)
        except MailError as exc:
            self.tell(exc.sentence)
            return
        if answer is None:
            return
        self._answer, self._index = answer, answer.sentence
        self._list.show(answer, keep=keep)
        if first:
            self._list.select(self._left.selected)
            self._list.move_to(self._left.cursor)
            self._list.scroll_line_to(self._left.top)
        self._mark_mistakes(answer)
        self._show()

    def _mark_mistakes(self, answer: Answer) -> None:
        self._marks.mistakes, self._marks.of = answer.query.mistakes, answer.query.text
        self._input.refresh()

    def _show(self) -> None:
        self._title.show(self._answer, best=self._best, asking=bool(self._ticket), index=self._index,
                         selected=len(self._list.selected))  # fmt: skip
        self._hint.show(self._answer, self._suggestions, self._chosen)

    @on(FoundList.SelectionChanged)
    def _selection_changed(self) -> None:
        self._show()

    @on(FoundList.MoreWanted)
    def _more(self) -> None:
        if self._answer is not None and self._answer.after is not None and not self._asking_more:
            self._asking_more = True
            self.run_worker(self._more_now(self._answer), group="more", exit_on_error=False)

    async def _more_now(self, before: Answer) -> None:
        try:
            answer = await self._desk.more(self.asked, before)
        except MailError as exc:
            self.tell(exc.sentence)
            return
        finally:
            self._asking_more = False
        if answer is not None and self._answer is before:
            self._answer = answer
            self._list.show(answer, keep=True)
            self._show()

    # --- completion --------------------------------------------------------------

    async def _suggest(self, value: str) -> None:
        try:
            found = await self._desk.suggest(value, self._input.cursor_position)
        except MailError:
            return  # completion is a courtesy
        if self._input.value == value:
            self._suggestions, self._chosen = found, 0
            self._show()

    def action_search_order(self) -> None:
        """Tab: write what is proposed; without a proposal, the other order."""
        if self._input.has_focus and self._suggestions:
            each = self._suggestions[self._chosen]
            value = self._input.value
            self._input.value = value[: each.start] + each.text + value[each.end :].lstrip()
            self._input.cursor_position = each.start + len(each.text)
            return
        self._best = not self._best
        self._ask(keep=False)

    def action_search_other(self) -> None:
        """The next proposal."""
        if self._suggestions:
            self._chosen = (self._chosen + 1) % len(self._suggestions)
            self._show()

    # --- news ----------------------------------------------------------------------

    def take_news(self, news: News) -> None:
        """Mail came or changed, the index grew, a server answered."""
        for ended in news.searched:
            if ended.ticket == self._ticket and self._ticket:
                self._heard(ended.account, ended.found, ended.sentence)
        if news.index is not None and (news.index.sentence or news.index.is_resting):
            self._index = news.index.sentence
        if (news.mailboxes or news.index is not None) and self._news_timer is None and self._input.value.strip():
            self._news_timer = self.set_timer(NEWS_S, self._look_again)

    def _look_again(self) -> None:
        self._news_timer = None
        self.look_again()

    def look_again(self) -> None:
        """Something was changed here: ask again, the cursor staying on its message."""
        if self._input.value.strip():
            self._ask(keep=True)

    def _heard(self, account: str, found: tuple[EnvelopeId, ...], sentence: str) -> None:
        if sentence:
            self.tell(f"{account}: {sentence}" if account else sentence)
        self._servers = (*self._servers, *found)
        if not account:
            self._ticket = ""
        self._show()
        if found:
            self._ask(keep=True)

    # --- going about ---------------------------------------------------------------

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        """Go to what was found."""
        event.stop()
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        if self._answer is None or self._answer.query.text != event.value:
            await self._ask_now(keep=False)
        if self._list.total:
            self._suggestions = []
            self._list.focus()
            self._show()

    @on(FoundList.Opened)
    def _open_clicked(self) -> None:
        self.action_search_open()

    def action_search_open(self) -> None:
        """Read the message under the cursor."""
        current = self._list.current
        if current is not None:
            self._open_message(current.hit.mailbox_id, current.hit.row.id, self.left)

    def action_search_field(self) -> None:
        """Back to the field."""
        self._input.focus()

    def action_search_back(self) -> None:
        """Back to the mail; with messages selected, select none first."""
        if self._list.selected:
            self.end_selection()
        else:
            self._leave(self.left)

    def action_search_thread(self) -> None:
        """All messages of the conversation under the cursor, or what was shown before."""
        current, before = self._list.current, self._before_thread
        if before is not None and self._input.value.startswith(THREAD):
            self._left, self._before_thread = before, None
            self._servers, self._typed_before = before.from_servers, before.asked.text
            self._input.value = before.asked.text
            self._ask(keep=False, first=True)
        elif current is not None:
            self._before_thread = self.left
            self._input.value = f"{THREAD}{current.hit.row.thread_id}"

    # --- more ----------------------------------------------------------------------

    def action_search_server(self) -> None:
        """Ask the servers for what is not here."""
        if not self._input.value.strip():
            self.tell("Type what you look for first.")
            return
        self._ticket = f"{os.getpid()}.{next(_TICKETS)}"
        self._send(SearchServer("", self._input.value, self._ticket))
        self._show()

    def action_search_save(self) -> None:
        """Keep it in the folder tree."""
        query = self._input.value.strip()
        if not query:
            self.tell("Type what you look for first.")
            return

        def named(name: str | None) -> None:
            if name:
                self.run_worker(self._save(name, query), group="save", exit_on_error=False)

        self.app.push_screen(MailboxName("Save this search", query, name=query[:40], yes="Save"), named)

    async def _save(self, name: str, query: str) -> None:
        try:
            await self._desk.save(name, query)
        except MailError as exc:
            self.tell(f"{exc.sentence} {exc.advice}".strip())
            return
        self.tell(f"{name} is in the folder tree now.")
        self._saved()
