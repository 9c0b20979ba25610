"""The panes of the main screen: how wide, which are seen, where the keys go.

What lives here: layout by width, splitters, the folder tree as an overlay, focus and
the `pane.*` actions. What must not: mail.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events, on
from textual.screen import Screen
from textual.widget import Widget

from tuimail.model import MailboxId
from tuimail.ui.beside.candid import Candid
from tuimail.ui.beside.punctual import Punctual
from tuimail.ui.keys import ATTACHMENTS, COMPOSER, LIST, READER, TREE
from tuimail.ui.layout import (
    TWO_PANES,
    Layout,
    PaneWidths,
    beside_composer,
    divide,
    drag_list,
    drag_tree,
    too_small,
)
from tuimail.ui.widgets.folder_tree import FolderTree
from tuimail.ui.widgets.key_bar import KeyBar
from tuimail.ui.widgets.message_list import MessageList
from tuimail.ui.widgets.parts_bar import PartsBar
from tuimail.ui.widgets.reader import Reader
from tuimail.ui.widgets.splitter import Splitter

LOW = 16
"""Screens of fewer lines get a shorter header card."""


class Panes(Candid, Punctual, Screen[None]):
    """The main screen's geometry. `MainScreen` adds the mail."""

    AUTO_FOCUS = ""
    """Or Textual gives the keys to the folder tree, which stands first."""
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (90, "-two"), (140, "-three")]

    def __init__(self, widths: PaneWidths, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.widths = widths
        self.pane_layout: Layout = divide(0, widths)
        self._reader_in_front = False
        """With one pane: the reader is seen instead of the list."""
        self.composer_in_front = False
        """A message is being written in the reader's place, or in everybody's where it is narrow."""
        self._overlay = False
        self._is_settling = True
        self.folders = FolderTree(choose=self.choose_mailbox, leave=self.focus_list, id="tree")
        self.list_view = MessageList(clock, open_message=self.read_message, leave=self.leave_list, id="list")
        self.reader = Reader(leave=self.focus_list, id="reader")
        self.parts_bar = PartsBar(id="parts")
        self.key_bar = KeyBar()

    @property
    def reader_is_seen(self) -> bool:
        """Whether a message that is opened can be read without another key."""
        return not self.composer_in_front and (self.pane_layout.panes > 1 or self._reader_in_front)

    def writing_stops(self) -> list[Widget]:
        """The fields of the composer that is in front."""
        return []

    def remember_widths(self) -> None:
        """Widths changed by a person's hand."""
        raise NotImplementedError

    def choose_mailbox(self, mailbox_id: MailboxId, enter: bool) -> None:
        """Show a mailbox; `enter`: the keys go to its list."""
        raise NotImplementedError

    def read_message(self) -> None:
        """Read the message under the cursor; the keys go to the reader."""
        raise NotImplementedError

    # --- geometry --------------------------------------------------------------

    def settle(self) -> None:
        """Everything has its place: paint."""
        if self._is_settling:
            self._is_settling = False
            self.refresh()

    def _compositor_refresh(self) -> None:
        """Paint nothing until everything has its place: Textual paints the first screens of an app five times.

        Not public in Textual; should the name change, there are only more paints.
        """
        if not self._is_settling:
            super()._compositor_refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Another terminal."""
        self.place_panes(event.size.width, event.size.height)

    def place_panes(self, width: int, height: int) -> None:
        """Give every pane its place."""
        self.set_class(too_small(width, height), "-small")
        self.set_class(height < LOW, "-low")
        writes = self.composer_in_front
        layout = self.pane_layout = beside_composer(width, self.widths) if writes else divide(width, self.widths)
        one = layout.panes == 1
        self.set_class(layout.panes < 3, "-overlay")
        self.folders.display = layout.panes == 3 or self._overlay
        self.query_one("#split-tree").display = layout.panes == 3
        if layout.panes == 3:
            self.folders.styles.width = layout.tree
        else:
            self.folders.styles.width = min(34, max(20, width * 6 // 10))
        self.query_one("#split-list").display = not one
        list_pane, reader_pane = self.query_one("#list-pane"), self.query_one("#reader-pane")
        list_pane.display = not one or not (self._reader_in_front or writes)
        reader_pane.display = not writes and (not one or self._reader_in_front)
        self.query_one("#composer-pane").display = writes
        list_pane.styles.width = layout.list
        reader_pane.styles.width = "1fr"

    def rearrange(self) -> None:
        """Something came to the front."""
        self.place_panes(self.size.width, self.size.height)

    @on(Splitter.Dragged)
    def _drag(self, event: Splitter.Dragged) -> None:
        width = self.size.width
        if event.splitter.id == "split-tree":
            self.widths = drag_tree(width, self.widths, event.column)
        else:
            left = self.pane_layout.tree + 1 if self.pane_layout.panes == 3 else 0
            self.widths = drag_list(width, self.widths, event.column - left)
        self.rearrange()

    @on(Splitter.Dropped)
    def _drop(self) -> None:
        self.remember_widths()

    # --- focus -----------------------------------------------------------------

    def focus_list(self) -> None:
        """The keys go to the list, which comes to the front."""
        self._reader_in_front = False
        if self.pane_layout.panes == 1:
            self.composer_in_front = False
        self._close_overlay()
        self.rearrange()
        self.list_view.focus(scroll_visible=False)

    def focus_reader(self) -> None:
        """The keys go to the reader, which comes to the front."""
        self._reader_in_front = True
        self.composer_in_front = False
        self._close_overlay()
        self.rearrange()
        self.reader.focus(scroll_visible=False)

    def leave_list(self) -> None:
        """Left in the list."""
        self.focus_tree()

    def focus_tree(self) -> None:
        """The keys go to the folder tree, which lies over the rest where it has no pane."""
        self._overlay = self.pane_layout.panes < 3
        self.rearrange()
        self.folders.focus(scroll_visible=False)

    def _close_overlay(self) -> None:
        self._overlay = False

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The key bar shows the keys of the pane that has them."""
        pane = self._pane_of(event.widget)
        if pane:
            self.key_bar.show(pane)
        if self._overlay and pane not in ("", TREE):
            self._close_overlay()
            self.rearrange()

    def _pane_of(self, widget: Widget) -> str:
        if widget.id == "list-filter":
            return LIST
        for kind, pane in ((MessageList, LIST), (Reader, READER), (FolderTree, TREE), (PartsBar, ATTACHMENTS)):
            if isinstance(widget, kind):
                return pane
        return COMPOSER if self.query_one("#composer-pane") in widget.ancestors else ""

    def _stops(self) -> list[Widget]:
        """Panes that tab visits, in order."""
        stops: list[Widget] = [self.folders] if self.folders.display else []
        if self.composer_in_front:
            return [*self.writing_stops(), *([self.list_view] if self.pane_layout.panes > 1 else []), *stops]
        if self.pane_layout.panes > 1 or not self._reader_in_front:
            stops.append(self.list_view)
        if self.pane_layout.panes > 1 or self._reader_in_front:
            stops.append(self.reader)
            if self.parts_bar.display and self.parts_bar.can_focus:
                stops.append(self.parts_bar)
        return stops

    def _step_focus(self, step: int) -> None:
        stops = self._stops()
        index = stops.index(self.focused) if self.focused in stops else 0
        stops[(index + step) % len(stops)].focus(scroll_visible=False)

    def action_pane_next(self) -> None:
        """The next pane."""
        self._step_focus(1)

    def action_pane_previous(self) -> None:
        """The pane before."""
        self._step_focus(-1)

    def action_pane_sidebar(self) -> None:
        """Show or hide the folder tree."""
        if self.size.width >= TWO_PANES + 50:
            self.widths = PaneWidths(self.widths.tree_cells, self.widths.list_share, not self.widths.tree_hidden)
            self.remember_widths()
            if self.widths.tree_hidden and self.focused is self.folders:
                self.focus_list()
            self._overlay = False
            self.rearrange()
        elif self._overlay:
            self.focus_list()
        else:
            self.focus_tree()
