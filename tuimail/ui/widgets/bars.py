"""One-line widgets around the panes: top bar, pane title, header card, status line.

Each is handed values and draws runs; none reads the store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from tuimail.model import Account, Envelope, Mailbox
from tuimail.ui.lines.document import card
from tuimail.ui.lines.outbox_lines import NO_WORDS, Words
from tuimail.ui.lines.rows import Order, Run, Runs, list_title, runs_width, top_bar
from tuimail.ui.lines.status import (
    AWAY,
    HAND,
    PROGRESS,
    QUEUED,
    TROUBLE,
    Part,
    account_parts,
    most_cells,
    status_runs,
)  # fmt: skip
from tuimail.ui.widgets.lines import LineWidget


class TopBar(LineWidget):
    """The program's name, and whose mail this is as of when."""

    def __init__(self, clock: Callable[[], float], *, demo: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._demo = demo
        self._accounts: Sequence[Account] = ()
        self._current = ""
        self._drawn: Runs = []

    def update(self, accounts: Sequence[Account], current: str) -> None:
        """Show these."""
        self._accounts, self._current = accounts, current
        runs = self.line_runs(0, self.size.width)
        if runs != self._drawn:  # most news is about something else
            self._drawn = runs
            self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """The bar."""
        return top_bar(self._accounts, self._current, width, self._clock(), demo=self._demo)


class ListTitle(LineWidget):
    """Which mailbox is in the list, how much is in it, what is going on."""

    mailbox: Mailbox | None = None
    selected = 0
    fetching: tuple[int, int] | None = None
    order = Order()

    def update(
        self, mailbox: Mailbox | None, *, selected: int, fetching: tuple[int, int] | None, order: Order
    ) -> None:
        """Show these."""
        new = (mailbox, selected, fetching, order)
        if new != (self.mailbox, self.selected, self.fetching, self.order):
            self.mailbox, self.selected, self.fetching, self.order = new
            self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """The title."""
        return list_title(self.mailbox, width, selected=self.selected, fetching=self.fetching, order=self.order)


class HeaderCard(LineWidget):
    """Subject, who with the real address, when, to whom; and a rule below."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="-empty")
        self._envelope: Envelope | None = None
        self._own: Collection[str] = ()

    def update(self, envelope: Envelope | None, own: Collection[str]) -> None:
        """Show this message; None for no message."""
        self._envelope, self._own = envelope, own
        self.refresh()

    def line_runs(self, y: int, width: int) -> Runs:
        """Line `y` of the card."""
        if self._envelope is None:
            return []
        lines = card(self._envelope, self._own, width, tall=self.size.height > 3)
        if y < len(lines):
            return lines[y]
        return [Run(" ", "text"), Run("─" * max(0, width - 2), "rule")] if y == self.size.height - 1 else []


class StatusLine(LineWidget):
    """What a person must know now, at the right end of the last line."""

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._parts: list[Part] = []
        self._drawn: Runs = []

    def update(
        self, accounts: Sequence[Account], note: str = "", downloads: Words = NO_WORDS, outbox: Words = NO_WORDS,
        *, selection: Words = NO_WORDS,
    ) -> None:  # fmt: skip
        """Show these; the widget is as wide as what it says, at most 60 % of the line."""
        told = [
            Part(*selection[:2], HAND, selection.short),
            Part(*downloads[:2], PROGRESS, downloads.short),
            Part(note, "offline", AWAY),
            Part(*outbox[:2], TROUBLE if outbox.role == "error" else QUEUED, outbox.short),
        ]
        self._parts = [*(part for part in told if part.words), *account_parts(accounts, self._clock())]
        runs = self._runs(self.app.size.width)
        self.styles.width = runs_width(runs) + 2 if runs else 0
        if runs != self._drawn:  # most news is about something else
            self._drawn = runs
            self.refresh()

    def _runs(self, width: int) -> Runs:
        return status_runs(self._parts, max(0, most_cells(width) - 2))

    def line_runs(self, y: int, width: int) -> Runs:
        """The line."""
        return [*self._runs(self.app.size.width), Run(" ", "text")]
