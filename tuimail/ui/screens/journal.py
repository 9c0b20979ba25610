"""The journal: which changes failed, which wait, and what was done lately.

What lives here: the list, the question before a change is given up, and undoing. What
must not: reading and writing the store but in a thread or in the lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen

from tuimail.errors import MailError
from tuimail.model import AccountName
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.ui import text
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.lane import Lane
from tuimail.ui.beside.notices import News
from tuimail.ui.keys import JOURNAL, bindings
from tuimail.ui.lines.journal_lines import Entry, Part, about, entries
from tuimail.ui.screens.dialogs import Confirm
from tuimail.ui.widgets.journal import JournalList, JournalTitle
from tuimail.ui.widgets.key_bar import KeyBar
from tuimail.ui.widgets.words import Words
from tuimail.wishes import acting

MOST = 20_000
"""Actions that are read; more are not counted."""
UNDOABLE = 20


class JournalScreen(Candid, Screen[None]):
    """What waits, what failed and why, and what can be undone."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["journal.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(JOURNAL)]
    AUTO_FOCUS = "JournalList"

    def __init__(
        self,
        paths: Paths,
        lane: Lane,
        clock: Callable[[], float],
        *,
        keymap: dict[str, str] | None = None,
        changed: Callable[[Sequence[AccountName]], None] = lambda accounts: None,
    ) -> None:
        """`changed` is told the accounts of whatever was tried again, given up or undone."""
        super().__init__()
        self._paths = paths
        self._lane = lane
        self._clock = clock
        self._changed = changed
        self._title = JournalTitle(id="title")
        self._list = JournalList(id="entries")
        self._about = Words(id="about")
        self._key_bar = KeyBar(keymap, pane=JOURNAL)

    def compose(self) -> ComposeResult:
        """Title, entries, what is known of one, keys."""
        yield self._title
        yield self._list
        yield self._about
        yield self._key_bar

    def on_mount(self) -> None:
        """Read it."""
        self._read()

    def take_news(self, news: News) -> None:
        """Something was done, refused or put off."""
        if news.status or news.mailboxes or news.tree or news.refused:
            self._read()

    def _read(self) -> None:
        paths = self._paths

        def read() -> list[Entry]:
            with Store.open(paths, write=False) as store:
                return entries(store.pending.journal(MOST), store.deeds.recent(UNDOABLE))

        async def run() -> None:
            try:
                found = await aside(read)
            except MailError as exc:
                self._tell_error(exc)
                return
            self._title.show(found)
            self._list.show(found, self._clock())

        self.run_worker(run(), group="read", exclusive=True, exit_on_error=False)

    @on(JournalList.Moved)
    def _moved(self, event: JournalList.Moved) -> None:
        lines = [text.content(line, 400) for line in about(event.entry)]
        self._about.update(Content("\n").join(lines))

    # --- going about ------------------------------------------------------------------

    def action_journal_next(self) -> None:
        """One down."""
        self._list.move_to(self._list.cursor + 1)

    def action_journal_previous(self) -> None:
        """One up."""
        self._list.move_to(self._list.cursor - 1)

    def action_journal_top(self) -> None:
        """The first."""
        self._list.move_to(0)

    def action_journal_bottom(self) -> None:
        """The last."""
        self._list.move_to(self._list.count)

    def action_journal_back(self) -> None:
        """Back to the mail."""
        self.dismiss(None)

    # --- deciding ---------------------------------------------------------------------

    def action_journal_retry(self) -> None:
        """Try again."""
        entry = self._list.current
        if entry is None or entry.part is Part.DONE:
            self._tell("There is nothing to try again.")
            return
        ids = entry.ids
        self._decide(lambda store: store.pending.retry(ids), "It is tried again.")

    def action_journal_drop(self) -> None:
        """Give it up; asked."""
        entry = self._list.current
        if entry is None or entry.part is Part.DONE:
            self._tell("It is done already; u undoes the last one.")
            return
        self.run_worker(self._drop(entry), group="decide", exclusive=True, exit_on_error=False)

    async def _drop(self, entry: Entry) -> None:
        words = text.content(entry.words, 200).stylize("bold")
        question = Content("Give up: ").append(words).append(Content("?\n\nIt will not be done on the server."))
        confirm = Confirm(question, title="Give up", yes="Give up", no="Back", is_dangerous=True)
        if await self.app.push_screen_wait(confirm) is True:
            ids = entry.ids
            self._decide(lambda store: store.pending.drop(ids), "It was given up.")

    def _decide(self, work: Callable[[Store], object], sentence: str) -> None:
        def in_lane(store: Store) -> list[AccountName]:
            work(store)
            return [account.name for account in store.accounts.all()]

        asked = self._lane.run(in_lane)

        async def run() -> None:
            try:
                accounts = await asked
            except MailError as exc:
                self._tell_error(exc)
                return
            self._tell(sentence)
            self._after(accounts)

        self.run_worker(run(), group="decide", exit_on_error=False)

    def action_journal_undo(self) -> None:
        """Take the last change back."""
        at = int(self._clock())
        asked = self._lane.run(lambda store: acting.undo(store, at=at))

        async def run() -> None:
            try:
                undone = await asked
            except MailError as exc:
                self._tell_error(exc)
                return
            self._tell(undone.sentence if undone is not None else "There is nothing to undo.")
            self._after(undone.accounts if undone is not None else ())

        self.run_worker(run(), group="decide", exit_on_error=False)

    def _after(self, accounts: Sequence[AccountName]) -> None:
        self._changed(accounts)
        if self.is_attached:
            self._read()

    # --- telling ----------------------------------------------------------------------

    def _tell(self, sentence: str) -> None:
        self.notify(text.sentence(sentence), markup=False, timeout=4)

    def _tell_error(self, error: MailError) -> None:
        self.notify(text.sentence(f"{error.sentence} {error.advice}"), markup=False, severity="error")
