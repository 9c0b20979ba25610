"""The folder tree: accounts and their mailboxes with counts.

Draws `ui.lines.tree_rows`; holds the cursor and which rows are folded. What must not live
here: the store, and anything that opens a mailbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuimail.model import Account, AccountName, Mailbox, MailboxId
from tuimail.ui.keys import TREE, bindings
from tuimail.ui.layout import clamp
from tuimail.ui.lines.tree_rows import NOTHING_HELD, TreeRow, ViewLine, tree_line, tree_rows
from tuimail.ui.widgets.lines import LineView


class FolderTree(LineView, can_focus=True):
    """Views over all accounts, then accounts: special mailboxes first, then the others, nested."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TREE)]

    @dataclass
    class FoldsChanged(Message):
        """Rows were folded or unfolded; remembered by the screen."""

        folded: frozenset[str]

    @dataclass
    class QuarantineChosen(Message):
        """The line of held attachments was opened."""

        account: AccountName

    @dataclass
    class NewWanted(Message):
        """A person wants another mailbox in this account."""

        account: AccountName

    @dataclass
    class RenameWanted(Message):
        """A person wants to rename this mailbox."""

        mailbox_id: MailboxId

    @dataclass
    class DeleteWanted(Message):
        """A person wants to delete this mailbox."""

        mailbox_id: MailboxId

    @dataclass
    class SubscribeWanted(Message):
        """A person wants to subscribe to this mailbox, or no longer."""

        mailbox_id: MailboxId

    def __init__(
        self,
        *,
        choose: Callable[[MailboxId, bool], None],
        leave: Callable[[], None],
        id: str | None = None,
    ) -> None:
        """`choose` shows a mailbox; with true it moves the keys to its list too, as `leave` does."""
        super().__init__(id=id)
        self._choose = choose
        self._leave = leave
        self._accounts: Sequence[Account] = ()
        self._mailboxes: Sequence[Mailbox] = ()
        self._held = NOTHING_HELD
        self._views: Sequence[ViewLine] = ()
        self._rows: list[TreeRow] = []
        self.folded: set[str] = set()
        self.cursor = 0
        self._open: MailboxId | None = None
        self._drawn: tuple[object, ...] = ()

    def update(
        self,
        accounts: Sequence[Account],
        mailboxes: Sequence[Mailbox],
        held: Mapping[AccountName, int] = NOTHING_HELD,
        views: Sequence[ViewLine] = (),
    ) -> None:
        """Show these, with the numbers of held attachments; the cursor stays on its mailbox."""
        self._accounts, self._mailboxes, self._held, self._views = accounts, mailboxes, held, views
        self._rebuild()

    def set_open(self, mailbox_id: MailboxId | None, *, move_cursor: bool = True) -> None:
        """Which mailbox is in the list."""
        self._open = mailbox_id
        if move_cursor:
            self._cursor_to_open()
        self.refresh()

    def _rebuild(self) -> None:
        key = self._rows[self.cursor].key if 0 <= self.cursor < len(self._rows) else ""
        self._rows = tree_rows(self._accounts, self._mailboxes, self.folded, self._held, self._views)
        found = next((index for index, row in enumerate(self._rows) if key and row.key == key), None)
        if found is None:
            self._cursor_to_open()
        else:
            self.cursor = found
        self.set_size(self.scrollable_content_region.width, len(self._rows))
        drawn = (*self._rows, self.cursor)
        if drawn != self._drawn:  # most news is about something else
            self._drawn = drawn
            self.refresh()

    def _cursor_to_open(self) -> None:
        found = next((index for index, row in enumerate(self._rows) if row.mailbox_id == self._open), None)
        if found is not None and self._open is not None:
            self.cursor = found
            self.keep_visible(found)
        else:
            self.cursor = clamp(self.cursor, 0, len(self._rows) - 1)

    # --- drawing ---------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line by the line API."""
        width = self.scrollable_content_region.width
        index = y + self.top_line
        if index >= len(self._rows):
            return self.palette.strip([], width)
        row = self._rows[index]
        is_open = row.mailbox_id is not None and row.mailbox_id == self._open
        at_cursor = index == self.cursor and self.has_focus
        ground = "cursor" if at_cursor else "cursor-blurred" if is_open and not self.has_focus else ""
        return self.palette.strip(tree_line(row, width, is_open=is_open, cursor=at_cursor), width, ground)

    def on_resize(self) -> None:
        """Another width or height."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))
        self.refresh()

    def watch_has_focus(self, value: bool) -> None:
        """The cursor is only seen while the keys go here."""
        super().watch_has_focus(value)
        self.refresh()

    # --- the cursor ------------------------------------------------------------

    def _move(self, step: int) -> None:
        """Go `step` rows, past gaps, and show the mailbox that is met."""
        target = clamp(self.cursor + step, 0, len(self._rows) - 1)
        direction = 1 if step > 0 else -1
        while 0 <= target < len(self._rows) and not self._rows[target].can_stop:
            target += direction
        if 0 <= target < len(self._rows):
            self._put(target)

    def _put(self, index: int, *, enter: bool = False) -> None:
        before, self.cursor = self.cursor, index
        self.refresh_line(before)
        self.refresh_line(index)
        self.keep_visible(index, margin=1)
        row = self._rows[index]
        mailbox_id = row.mailbox_id
        if row.is_quarantine and enter:
            self.post_message(self.QuarantineChosen(row.account))
        if mailbox_id is not None and (enter or mailbox_id != self._open):
            self._choose(mailbox_id, enter)

    def action_tree_next(self) -> None:
        """One mailbox down."""
        self._move(1)

    def action_tree_previous(self) -> None:
        """One mailbox up."""
        self._move(-1)

    def action_tree_page_down(self) -> None:
        """A page down."""
        self._move(self.page_lines - 1 or 1)

    def action_tree_page_up(self) -> None:
        """A page up."""
        self._move(1 - self.page_lines or -1)

    def action_tree_top(self) -> None:
        """The first mailbox."""
        self._move(-len(self._rows))

    def action_tree_bottom(self) -> None:
        """The last mailbox."""
        self._move(len(self._rows))

    def action_tree_open(self) -> None:
        """Open the mailbox, or fold what only holds others."""
        row = self._current()
        if row is None:
            return
        if row.mailbox_id is not None or row.is_quarantine:
            self._put(self.cursor, enter=True)
        else:
            self._toggle(row)

    def action_tree_expand(self) -> None:
        """Unfold, or go to the list."""
        row = self._current()
        if row is not None and row.folded:
            self._toggle(row)
        elif row is not None and row.is_quarantine:
            self._put(self.cursor, enter=True)
        else:
            self._leave()

    def action_tree_collapse(self) -> None:
        """Fold, or go one level up."""
        row = self._current()
        if row is None:
            return
        if row.folded is False:
            self._toggle(row)
            return
        for index in range(self.cursor - 1, -1, -1):
            above = self._rows[index]
            if above.can_stop and (above.depth < row.depth or above.is_account):
                self._put(index)
                return

    def action_mailbox_new(self) -> None:
        """Another mailbox in this account."""
        row = self._current()
        if row is not None and row.account:
            self.post_message(self.NewWanted(row.account))

    def action_mailbox_rename(self) -> None:
        """Another name for this mailbox."""
        row = self._current()
        if row is not None and row.mailbox_id is not None and not row.is_view:
            self.post_message(self.RenameWanted(row.mailbox_id))

    def action_mailbox_delete(self) -> None:
        """Delete this mailbox."""
        row = self._current()
        if row is not None and row.mailbox_id is not None:
            self.post_message(self.DeleteWanted(row.mailbox_id))

    def action_mailbox_subscribe(self) -> None:
        """Subscribe to this mailbox, or no longer."""
        row = self._current()
        if row is not None and row.mailbox_id is not None and not row.is_view:
            self.post_message(self.SubscribeWanted(row.mailbox_id))

    def _current(self) -> TreeRow | None:
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def _toggle(self, row: TreeRow) -> None:
        if row.folded is None:
            return
        self.folded ^= {row.key}
        self._rebuild()
        self.post_message(self.FoldsChanged(frozenset(self.folded)))

    # --- the mouse -------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Click: show the mailbox; on its triangle: fold."""
        index = int(event.y) + self.top_line
        if not 0 <= index < len(self._rows) or not self._rows[index].can_stop:
            return
        row = self._rows[index]
        on_fold = row.folded is not None and int(event.x) <= 2 * row.depth + 2
        if on_fold or (row.mailbox_id is None and row.folded is not None):
            self.cursor = index
            self._toggle(row)
        else:
            self._put(index, enter=event.chain == 2 or row.is_quarantine)
