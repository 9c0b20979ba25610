"""The folder tree: accounts, their mailboxes, views over all of them, and what stands beside them.

What must not live here: which of them is in the list (`listing`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import on
from textual.timer import Timer

from tuimail.errors import MailError
from tuimail.model import Account, Mailbox, MailboxId, Role
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.lists.views import Counts, ViewSpec
from tuimail.ui.beside.aside import aside
from tuimail.ui.beside.holding import held_counts
from tuimail.ui.beside.remembered import Remembered
from tuimail.ui.beside.unified import midnight, spec_of
from tuimail.ui.lines.tree_rows import ViewLine, view_lines
from tuimail.ui.screens.panes import Panes
from tuimail.ui.widgets.folder_tree import FolderTree

COUNT_EVERY_S: Final = 2.0
"""Starred messages and those of today are counted no oftener."""


class TreePane(Panes):
    """The tree. `ListingPane` adds the list."""

    def __init__(self, store: Store, paths: Paths, clock: Callable[[], float]) -> None:
        self.remembered = Remembered(store)
        super().__init__(self.remembered.panes(), clock)
        self.store = store
        self._paths = paths
        self.accounts: list[Account] = []
        self.mailboxes: dict[MailboxId, Mailbox] = {}
        self.views: dict[MailboxId, ViewLine] = {}
        """By ids below 0."""
        self._view_counts = Counts(0, 0, 0)
        self._views_timer: Timer | None = None

    def _read_tree(self) -> None:
        """Read accounts and mailboxes again."""
        self.accounts = self.store.accounts.all()
        mailboxes = self.store.mailboxes.all()
        self.mailboxes = {mailbox.id: mailbox for mailbox in mailboxes}
        self.show_tree()
        if self._views_timer is None and self.is_attached:
            self._views_timer = self.set_timer(COUNT_EVERY_S, self._count_views)

    def show_tree(self) -> None:
        """Draw the tree with what is known."""
        mailboxes, counts = list(self.mailboxes.values()), self._view_counts
        lines = view_lines(self.accounts, mailboxes, starred=counts.starred, today=counts.today)
        lines += self.more_views()
        self.views = {line.id: line for line in lines}
        self.folders.update(self.accounts, mailboxes, held_counts(self.store), lines)

    def more_views(self) -> list[ViewLine]:
        """Views that people made."""
        return []

    def view_spec(self, line: ViewLine) -> ViewSpec:
        """What a view shows."""
        return spec_of(line.name)

    def _count_views(self) -> None:
        async def run() -> None:
            today_from = midnight(self.clock())

            def work() -> Counts:
                with Store.open(self._paths) as store:
                    return store.views.counts(today_from)

            try:
                counts = await aside(work)
            except MailError:
                counts = self._view_counts  # the list tells what is wrong
            self._views_timer = None
            if counts != self._view_counts:
                self._view_counts = counts
                self.show_tree()

        self.run_worker(run(), group="counts", exit_on_error=False)

    @on(FolderTree.FoldsChanged)
    def _folds_changed(self, event: FolderTree.FoldsChanged) -> None:
        self.remembered.keep_folded(event.folded)

    def remember_widths(self) -> None:
        """Widths changed by a person's hand."""
        self.remembered.keep_panes(self.widths)

    def first_mailbox(self) -> Mailbox | None:
        """The inbox, else any."""
        usable = [mailbox for mailbox in self.mailboxes.values() if mailbox.selectable]
        return next((mailbox for mailbox in usable if mailbox.role is Role.INBOX), usable[0] if usable else None)

    def account_of(self, mailbox: Mailbox | None) -> Account | None:
        """The account of a mailbox; of none, the first one."""
        if mailbox is None:
            return self.accounts[0] if self.accounts else None
        return next((account for account in self.accounts if account.name == mailbox.account), None)
